"""CAP alerts of others: the samples, every fault by name, and bytes that are meant to do harm."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cap.drafting import draft, refusal
from bot.cap.feed import NotAFeedError, read_feed
from bot.cap.reading import LARGEST, Alert, NotCapError, Reference, read_alert
from bot.domain.broadcasts import Priority, State
from bot.feeds.cap import NAMESPACE
from bot.line.limits import faults
from bot.store.cap_alerts import CapRecord
from bot.town.model import CapSource
from tests import cap_schema
from tests.clock import HandClock

NOW = HandClock().now()
SOURCE = CapSource("river", "river.example.jp", "河川事務所", "topic = disaster", priority=Priority.URGENT)
GOOD = f"""<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="{NAMESPACE}">
  <identifier>river-1</identifier>
  <sender>river.example.jp</sender>
  <sent>2026-11-24T08:50:00+09:00</sent>
  <status>Actual</status>
  <msgType>Alert</msgType>
  <scope>Public</scope>
  <info>
    <language>ja</language>
    <category>Met</category>
    <event>ダム放流</event>
    <urgency>Expected</urgency>
    <severity>Moderate</severity>
    <certainty>Likely</certainty>
    <expires>2026-11-24T18:00:00+09:00</expires>
    <senderName>最上川ダム管理所</senderName>
    <headline>ダムの放流を始めます</headline>
    <description>10時から放流を始めます。</description>
    <instruction>川原から離れてください。</instruction>
    <web>https://river.example.jp/1</web>
    <area><areaDesc>寒河江川</areaDesc></area>
  </info>
</alert>
"""


def changed(old: str, new: str) -> bytes:
    assert old in GOOD
    return GOOD.replace(old, new).encode()


def text(alert: Alert, language: str = "ja", **of_source: str) -> str:
    source = CapSource(SOURCE.name, SOURCE.sender, SOURCE.title, SOURCE.segment, **of_source)
    _, payloads = draft(alert, source, [], "clerk", NOW)
    (message,) = payloads[language]
    return str(message["text"])


@pytest.mark.parametrize(
    ("name", "headline", "event"),
    [
        ("canada", None, None),
        ("earthquake", "EQ 6.3 Neiafu, Tonga - PRELIMINARY REPORT", "Earthquake"),
        ("wcatwc-warning", None, "Tsunami Warning"),
        ("weather", None, "Flash Flood Watch"),
    ],
)
def test_the_samples_are_read_and_fit_into_a_message(
    name: str, headline: str | None, event: str | None
) -> None:
    alert = read_alert((cap_schema.DATA / f"{name}.cap").read_bytes())
    assert alert.infos
    if event:
        assert alert.infos[0].event == event
    if headline:
        assert alert.headline == headline
    assert refusal(alert) is None
    _, payloads = draft(alert, SOURCE, [], "clerk", NOW)
    assert all(faults([dict(m) for m in messages]) == [] for messages in payloads.values())


def test_an_alert_without_information_says_nothing_to_residents() -> None:
    alert = read_alert((cap_schema.DATA / "no_optional_fields.cap").read_bytes())
    assert "info がありません" in str(refusal(alert))


def test_a_tsunami_warning_names_what_it_updates() -> None:
    alert = read_alert((cap_schema.DATA / "wcatwc-warning.cap").read_bytes())
    assert alert.message_type == "Update"
    assert alert.references == (Reference("PAAQ", "PAAQ-1-lqw6d6"),)
    assert alert.sent == datetime(2011, 9, 2, 11, 36, 50, tzinfo=UTC)


def test_the_invalid_sample_is_refused_with_what_it_lacks() -> None:
    with pytest.raises(NotCapError) as caught:
        read_alert((cap_schema.DATA / "invalid.cap").read_bytes())
    assert str(caught.value) == "scope がありません。"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("<identifier>river-1</identifier>", "", "identifier がありません。"),
        ("river-1", "river 1", "identifier「river 1」に空白"),
        ("<sender>river.example.jp</sender>", "<sender>a,b</sender>", "sender「a,b」に空白や , < &"),
        ("2026-11-24T08:50:00+09:00", "2026-11-24", "sent「2026-11-24」は 2026-07-29T03:00:00+09:00 の形"),
        ("2026-11-24T08:50:00+09:00", "2026-13-24T08:50:00+09:00", "sent「2026-13-24"),
        ("2026-11-24T08:50:00+09:00", "2026-11-24T08:50:00Z", "sent「2026-11-24T08:50:00Z」"),
        ("<sent>2026-11-24T08:50:00+09:00</sent>", "", "sent がありません。"),
        ("<status>Actual", "<status>Real", "status「Real」は Actual・Exercise"),
        (
            "<msgType>Alert",
            "<msgType>Update",
            "msgType が Update なのに、もとの警報を指す references がありません。",
        ),
        (
            "<scope>Public</scope>",
            "<scope>Public</scope><references>abc</references>",
            "references は「sender,identifier,sent」",
        ),
        ("<event>ダム放流</event>", "", "1番目の info: event がありません。"),
        ("<category>Met", "<category>Weather", "1番目の info: category「Weather」は Geo・Met"),
        ("<urgency>Expected</urgency>", "", "1番目の info: urgency がありません。"),
        ("2026-11-24T18:00:00+09:00", "soon", "1番目の info: expires「soon」"),
        ("<language>ja", "<language>日本語", "1番目の info: language「日本語」は言語の名前ではありません。"),
        ("<areaDesc>寒河江川</areaDesc>", "", "1番目の info: area に areaDesc がありません。"),
        (
            f'xmlns="{NAMESPACE}"',
            'xmlns="urn:oasis:names:tc:emergency:cap:1.3"',
            "CAP(1.2 か 1.1)の警報ではありません",
        ),
        ("<alert", '<!DOCTYPE x [<!ENTITY a "b">]><alert', "DTD や実体の宣言があります。"),
        ("</alert>", "", "XML として読めません"),
        (
            "<note/>" if "<note/>" in GOOD else "</info>",
            "</info>" + "<a>" * 50 + "</a>" * 50,
            "要素の重なりが深すぎます",
        ),
    ],
)
def test_each_fault_is_told_in_japanese(old: str, new: str, told: str) -> None:
    with pytest.raises(NotCapError) as caught:
        read_alert(changed(old, new))
    assert told in str(caught.value)


def test_all_faults_are_told_at_once() -> None:
    body = GOOD.replace("Actual", "Real").replace("<urgency>Expected</urgency>", "").encode()
    with pytest.raises(NotCapError) as caught:
        read_alert(body)
    assert len(str(caught.value).splitlines()) == 2


def test_what_is_too_large_is_not_read() -> None:
    with pytest.raises(NotCapError, match="大きすぎます"):
        read_alert(b" " * (LARGEST + 1))


@given(
    st.binary(max_size=300) | st.text(max_size=300).map(lambda t: changed("ダムの放流", t.replace("<", "")))
)
def test_any_bytes_are_an_alert_or_a_japanese_fault(body: bytes) -> None:
    with suppress(NotCapError):
        assert read_alert(body).identifier == "river-1"


def test_a_draft_says_who_what_where_and_whose_it_is() -> None:
    broadcast, payloads = draft(read_alert(GOOD.encode()), SOURCE, [], "cap:river", NOW)
    assert (broadcast.state, broadcast.author, broadcast.approver) == (State.DRAFT, "cap:river", None)
    assert (broadcast.title, broadcast.segment, broadcast.priority) == (
        "ダムの放流を始めます",
        "topic = disaster",
        Priority.URGENT,
    )
    assert (broadcast.drill, broadcast.published, broadcast.scheduled_ms) == (False, False, None)
    assert list(payloads) == ["ja"]
    assert payloads["ja"][0]["text"] == (
        "【河川事務所からの情報】\n\nダムの放流を始めます\n\n対象: 寒河江川\n\n10時から放流を始めます。\n\n川原から離れてください。"
        "\n\n発表: 最上川ダム管理所 2026-11-24 08:50\n\nくわしく: https://river.example.jp/1"
    )


def test_long_and_hidden_words_become_a_message_that_line_takes() -> None:
    long = "あ🍎" * 4000
    body = changed("10時から放流を始めます。", long).replace(
        "川原から".encode(), f"{long}\u202e\u200b川原から".encode()
    )
    said = text(read_alert(body.replace("寒河江川".encode(), long.encode())))
    assert faults([{"type": "text", "text": said}]) == []
    assert "…" in said
    assert "発表: 最上川ダム管理所" in said
    assert "\u202e" not in said


def test_each_language_that_residents_can_register_gets_its_own_words() -> None:
    info = GOOD[GOOD.index("<info>") : GOOD.index("</info>") + 7]
    others = "".join(
        info.replace(">ja<", f">{tag}<").replace("ダムの放流を始めます", f"headline {tag}")
        for tag in ("ja-x-easy", "en-US", "fr")
    )
    alert = read_alert(changed("</alert>", f"{others}</alert>"))
    _, payloads = draft(alert, SOURCE, [], "clerk", NOW)
    assert sorted(payloads) == ["en", "ja", "ja-easy"]
    assert "headline en-US" in text(alert, "en")
    assert text(alert, "en").startswith("[From 河川事務所]")
    assert "headline" not in text(alert)


def test_information_without_a_language_is_in_that_of_the_source() -> None:
    alert = read_alert(changed("<language>ja</language>", ""))
    assert list(draft(alert, SOURCE, [], "clerk", NOW)[1]) == ["ja"]
    english = CapSource("x", "x", "x", "all", language="en")
    assert sorted(draft(alert, english, [], "clerk", NOW)[1]) == ["en", "ja"]


@pytest.mark.parametrize("status", ["Exercise", "Test"])
def test_an_exercise_becomes_a_drill(status: str) -> None:
    alert = read_alert(changed("Actual", status))
    broadcast, payloads = draft(alert, SOURCE, [], "clerk", NOW)
    assert broadcast.drill
    assert payloads["ja"][0]["text"].startswith("【訓練】")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("Actual", "Draft", "status が Draft"),
        ("Actual", "System", "status が System"),
        ("<scope>Public", "<scope>Restricted", "scope が Restricted"),
        ("<scope>Public", "<scope>Private", "scope が Private"),
        ("<msgType>Alert", "<msgType>Ack", "msgType が Ack"),
    ],
)
def test_what_is_not_for_residents_is_refused(old: str, new: str, told: str) -> None:
    assert told in str(refusal(read_alert(changed(old, new))))


@pytest.mark.parametrize(("kind", "mark"), [("Update", "【更新】"), ("Cancel", "【取り消し】")])
def test_an_update_and_a_cancel_say_so_and_name_the_earlier_draft(kind: str, mark: str) -> None:
    reference = "<references>river.example.jp,river-0,2026-11-24T08:00:00+09:00</references>"
    body = changed("<scope>Public</scope>", f"<scope>Public</scope>{reference}").replace(
        b"<msgType>Alert", f"<msgType>{kind}".encode()
    )
    alert = read_alert(body)
    earlier = CapRecord("river.example.jp", "river-0", 0, "Actual", "Alert", "前", "draft", broadcast_id=7)
    broadcast, payloads = draft(alert, SOURCE, [earlier], "clerk", NOW)
    assert broadcast.title.startswith(mark)
    assert broadcast.context["cap_earlier"] == "配信 7"
    assert mark in payloads["ja"][0]["text"].splitlines()[0]
    assert draft(alert, SOURCE, [], "clerk", NOW)[0].context["cap_earlier"] == "なし"


def test_what_has_expired_is_known() -> None:
    alert = read_alert(GOOD.encode())
    assert not alert.has_expired(NOW)
    assert alert.has_expired(datetime(2026, 11, 24, 18, tzinfo=NOW.tzinfo))
    assert not read_alert(changed("<expires>2026-11-24T18:00:00+09:00</expires>", "")).has_expired(
        datetime(2030, 1, 1, tzinfo=UTC)
    )


ADDRESS = "https://river.example.jp/feed.xml"


def test_a_feed_holds_alerts_or_leads_to_them_on_its_own_server() -> None:
    inner = GOOD.partition("?>")[2]
    feed = f"""<feed xmlns="http://www.w3.org/2005/Atom">
      <entry><id>1</id><updated>2026-11-24T08:50:00+09:00</updated>
        <link href="https://river.example.jp/page.html"/><link type="application/cap+xml" href="a/1.cap"/></entry>
      <entry><id>2</id><link href="https://elsewhere.example.com/2.cap"/></entry>
      <entry><id>3</id><content type="text/xml">{inner}</content></entry>
      <entry><id>4</id></entry>
    </feed>"""
    first, second = read_feed(feed.encode(), ADDRESS)
    assert (first.address, first.node) == ("https://river.example.jp/a/1.cap", None)
    assert first.place.endswith("2026-11-24T08:50:00+09:00")
    assert second.node is not None
    assert second.node.say("identifier") == "river-1"


def test_rss_and_a_single_alert_are_read_too() -> None:
    rss = "<rss><channel><item><link>https://river.example.jp/1.cap</link></item></channel></rss>"
    assert [entry.address for entry in read_feed(rss.encode(), ADDRESS)] == ["https://river.example.jp/1.cap"]
    (single,) = read_feed(GOOD.encode(), ADDRESS)
    assert single.node is not None
    with pytest.raises(NotAFeedError, match="フィードでもありません"):
        read_feed(b"<html/>", ADDRESS)
