from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.line.signature import is_genuine, signature

# The published example: https://developers.line.biz/en/docs/messaging-api/verify-webhook-signature/
SECRET = "8c570fa6dd201bb328f1c1eac23a96d8"
BODY = b'{"destination":"U8e742f61d673b39c7fff3cecb7536ef0","events":[]}'
SIGNATURE = "GhRKmvmHys4Pi8DxkF4+EayaH0OqtJtaZxgTD9fMDLs="


def test_lines_published_example_is_genuine():
    assert signature(SECRET, BODY).decode() == SIGNATURE
    assert is_genuine([SECRET], BODY, SIGNATURE)


def test_either_secret_is_good_while_one_is_rotated_in():
    assert is_genuine(["new", SECRET], BODY, SIGNATURE)
    assert not is_genuine(["new", "newer"], BODY, SIGNATURE)


def test_a_missing_or_strange_header_is_not_genuine():
    for header in (None, "", "署名", "\udcff", SIGNATURE + "=", SIGNATURE.lower()):
        assert not is_genuine([SECRET], BODY, header)


@given(st.binary(), st.text(min_size=1))
def test_only_the_same_bytes_under_the_same_secret_are_genuine(body, secret):
    header = signature(secret.encode("utf-8", "replace").decode(), body).decode()
    assert is_genuine([secret.encode("utf-8", "replace").decode()], body, header)
    assert not is_genuine([secret.encode("utf-8", "replace").decode()], body + b" ", header)
