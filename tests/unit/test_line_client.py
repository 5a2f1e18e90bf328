from __future__ import annotations

import pytest

from bot.line.client import Accepted, QuotaExceeded, Refused, Rejected, Throttled, Unanswered, classify


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b"{}", Accepted),
        (202, b"{}", Accepted),
        (409, b'{"message":"The retry key is already accepted"}', Accepted),
        (400, b'{"message":"The request body has 1 error(s)"}', Rejected),
        (401, b'{"message":"Authentication failed"}', Refused),
        (403, b"", Refused),
        (404, b"<html>no such page", Refused),
        (415, b"", Refused),
        (413, b"<html>", Rejected),
        (429, b'{"message":"You have reached your monthly limit."}', QuotaExceeded),
        (429, b'{"message":"The API rate limit has been exceeded. Try again later."}', Throttled),
        (429, b"\xff", Throttled),
        (408, b"", Unanswered),
        (302, b"<html>log in first", Unanswered),
        (500, b"{}", Unanswered),
        (502, b"<html>Bad gateway</html>", Unanswered),
    ],
)
def test_answers_are_told_apart_by_status(status, body, kind):
    assert isinstance(classify(status, body, {}), kind)


def test_a_conflict_names_the_request_that_was_accepted():
    headers = {"x-line-request-id": "second", "x-line-accepted-request-id": "first"}
    assert classify(409, b"{}", headers) == Accepted("first")


def test_the_reason_tells_lines_own_words_and_where():
    body = b'{"message":"The request body has 1 error(s)","details":[{"message":"May not be empty","property":"messages[0].text"}]}'
    answer = classify(400, body, {})
    reason = "400 The request body has 1 error(s) messages[0].text: May not be empty"
    assert answer == Rejected(400, reason, blames_messages=True)


@pytest.mark.parametrize(
    ("details", "blames"),
    [
        ('[{"property": "messages[0].text"}]', True),
        ('[{"property": "/body/contents/0"}]', True),
        ('[{"property": "to[3]"}]', False),
        ('[{"property": "messages[0].text"}, {"property": "to"}]', False),
        ('[{"message": "no property"}]', False),
        ("[]", False),
        ('[{"property": 3}]', False),
        ('{"property": "messages"}', False),
    ],
)
def test_a_fault_in_the_messages_is_told_from_one_in_the_recipients(details, blames):
    answer = classify(400, f'{{"message": "error", "details": {details}}}'.encode(), {})
    assert isinstance(answer, Rejected)
    assert answer.blames_messages is blames


@pytest.mark.parametrize(
    "body", [b"null", b"[]", b'{"message":1,"details":3}', b'{"details":[1]}', b"\x00" * 5000]
)
def test_a_strange_body_is_still_a_short_reason(body):
    answer = classify(400, body, {})
    assert isinstance(answer, Rejected)
    assert len(answer.reason) < 400
