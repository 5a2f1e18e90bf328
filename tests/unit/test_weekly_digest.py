"""The weekly digest: sorted, by day, within LINE's limit, and silent when there is nothing to say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.broadcasts.weekly import digest
from bot.domain.clock import TOKYO
from bot.domain.events import Event
from bot.line import limits
from bot.town import load, templates_for
from tests.unit.town_folders import KAHOKU

FIRST, LAST = date(2026, 12, 14), date(2026, 12, 20)
TEMPLATES = templates_for(load(KAHOKU))


@dataclass(frozen=True)
class Story:
    title: str
    link: str = ""


def event(name: str, start: str, hours: float = 0, days: int = 0, **changes: object) -> Event:
    begin = datetime.fromisoformat(start).replace(tzinfo=TOKYO)
    end = begin + timedelta(hours=hours, days=days)
    return Event(name, name, begin, end, all_day=bool(days), **changes)  # type: ignore[arg-type]


def test_events_stand_under_their_days_in_order_in_each_language() -> None:
    events = [
        event("夜の会", "2026-12-19T18:00", 6),
        event("朝の会", "2026-12-19T09:30", 1, name_en="Morning", place="役場"),
        event("展示", "2026-12-10T00:00", days=9),
        event("市", "2026-12-19T00:00", days=1),
        event("中止の会", "2026-12-18T09:00", 1, cancelled=True),
        event("先週", "2026-12-13T09:00", 1),
        event("来週", "2026-12-21T09:00", 1),
    ]
    context = digest(events, [], FIRST, LAST)
    assert context is not None
    assert context["events"] == (
        "■ 12月14日(月)\n・12月18日(金)まで 展示\n\n"
        "■ 12月19日(土)\n・市\n・9時30分〜10時30分 朝の会(役場)\n・18時〜24時 夜の会"
    )
    assert "・午前9時30分〜午前10時30分 朝の会(役場)" in context["events_easy"]
    assert "・9:30 a.m.–10:30 a.m. Morning (役場)" in context["events_en"]
    assert "・until Dec 18 (Fri) 展示" in context["events_en"]
    assert (context["more_events"], "news" in context) == ("0", False)


def test_there_is_nothing_when_there_is_nothing() -> None:
    assert digest([], [], FIRST, LAST) is None
    assert digest([event("来週", "2026-12-21T09:00", 1)], [], FIRST, LAST) is None
    assert digest([], [Story("記事")], FIRST, LAST) is not None


def test_what_does_not_fit_is_counted() -> None:
    events = [
        event("長い名前の催し" * 10 + str(n), f"2026-12-1{4 + n % 6}T10:00", 2, place="場所" * 20)
        for n in range(90)
    ]
    stories = [Story("長い題名の記事" * 10, f"https://x.jp/{n}" + "a" * 300) for n in range(30)]
    context = digest(events, stories, FIRST, LAST)
    assert context is not None
    assert context["events"].count("・") + int(context["more_events"]) == 90
    assert context["news"].count("・") + int(context["more_news"]) == 30
    assert int(context["more_events"]) > 0
    text = TEMPLATES.render("weekly_digest", "ja", context)[0]["text"]
    assert f"ほか{context['more_events']}件" in text
    assert f"ほか{context['more_news']}件" in text


MOMENTS = st.datetimes(datetime(2026, 12, 10), datetime(2026, 12, 25))
EVENTS = st.builds(
    lambda name, place, start, hours, all_day: Event(
        name,
        name,
        (begin := start.replace(tzinfo=TOKYO)),
        begin + timedelta(hours=hours),
        all_day,
        place=place,
    ),
    st.text(min_size=1, max_size=200),
    st.text(max_size=200),
    MOMENTS,
    st.integers(0, 200),
    st.booleans(),
)


@given(
    st.lists(EVENTS, max_size=60),
    st.lists(st.builds(Story, st.text(min_size=1, max_size=300), st.text(max_size=500)), max_size=20),
)
def test_every_week_fits_into_one_message_of_each_language(events: list[Event], stories: list[Story]) -> None:
    context = digest(events, stories, FIRST, LAST)
    if context is None:
        return
    for messages in TEMPLATES.render_all("weekly_digest", context).values():
        assert limits.faults(list(messages)) == []
