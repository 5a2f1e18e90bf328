"""What is in force, from telegrams that come in any order, twice, corrected, cancelled, and in two schemes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.jma.reading import read
from bot.jma.state import KEPT, State, Step, changes
from bot.jma.values import Hazard, Telegram
from bot.telegrams.encoding import decoded, encoded
from tests.jma_telegrams import KAHOKU, cancelled, earthquake, flood, moment, rain, report, shaking, warnings

T0 = moment("2026-07-28T18:00:00")


def at(minutes: float) -> object:
    return T0 + timedelta(minutes=minutes)


def known(type_: str, body: bytes, sender: str = "060000") -> Telegram:
    found = read(body, type_, KAHOKU, sender)
    assert isinstance(found, Telegram), found
    return found


def rained(minutes: float, level: int, status: str = "発表", **more: str) -> Telegram:
    return known("VPWW55", rain(at(minutes), level, status, **more))


def in_force(state: State, minutes: float = 60) -> dict[str, int]:
    return {thread: each.claim.rank for thread, each in state.present(at(minutes)).items() if each.claim.rank}


def steps(*telegrams: Telegram, minutes: float = 60) -> list[tuple[str, Step]]:
    """What each telegram changes, one after the other."""
    state, found = State(), []
    for telegram in telegrams:
        after = state.with_([telegram])
        found += [(change.thread, change.step) for change in changes(state, after, at(minutes))]
        state = after
    return found


def test_a_warning_comes_rises_goes_on_falls_and_ends() -> None:
    told = steps(
        rained(0, 3),
        rained(1, 4),
        rained(2, 4, "継続"),
        rained(3, 3, "危険警報から警報"),
        rained(4, 0),
        rained(5, 0),
    )
    assert [step for _, step in told] == [Step.NEW, Step.RAISED, Step.CONTINUED, Step.LOWERED, Step.LIFTED]


def test_one_phenomenon_does_not_end_another() -> None:
    snow = known("VPWW60", warnings("VPWW60", at(0), ("06", "大雪警報", "発表")))
    assert in_force(State().with_([snow, rained(1, 0)])) == {"大雪/": 3}


def test_a_telegram_of_another_prefecture_says_nothing() -> None:
    other = rain(at(5), 0).replace(b"0632100", b"0420200").replace(b"0600", b"0400")
    state = State().with_([rained(0, 4), known("VPWW55", other)])
    assert in_force(state) == {"大雨/": 4}
    assert len(state.telegrams) == 1


def test_a_correction_replaces_and_a_cancellation_restores_what_was_before() -> None:
    corrected = rained(1, 3, info="訂正")
    assert in_force(State().with_([rained(0, 2), rained(1, 4), corrected])) == {"大雨/": 3}
    cancel = known("VPWW55", cancelled("VPWW55", at(2)))
    assert in_force(State().with_([rained(0, 2), rained(1, 4), cancel])) == {"大雨/": 2}
    assert steps(rained(0, 2), rained(1, 4), cancel)[-1][1] is Step.RETRACTED
    assert steps(rained(0, 4), cancel)[-1][1] is Step.RETRACTED


def test_a_cancelled_lowering_is_a_raise() -> None:
    cancel = known("VPWW55", cancelled("VPWW55", at(2)))
    assert steps(rained(0, 4), rained(1, 2, "危険警報から注意報"), cancel)[-1][1] is Step.RAISED


def test_a_cancellation_by_another_office_changes_nothing() -> None:
    body = cancelled("VPWW55", at(2)).replace("山形地方気象台".encode(), "仙台管区気象台".encode())
    assert in_force(State().with_([rained(0, 4), known("VPWW55", body)])) == {"大雨/": 4}


def test_the_new_scheme_counts_where_it_speaks_and_the_old_one_elsewhere() -> None:
    old = known(
        "VPWW54",
        warnings(
            "VPWW54",
            at(9),
            ("03", "大雨警報", "発表"),
            ("06", "大雪警報", "発表"),
            ("04", "洪水警報", "発表"),
        ),
    )
    assert in_force(State().with_([old])) == {"大雨/": 3, "大雪/": 3, "洪水/": 3}
    assert in_force(State().with_([old, rained(0, 2)])) == {"大雨/": 2, "大雪/": 3}
    assert [step for _, step in steps(old, rained(10, 3))] == [Step.NEW] * 3 + [Step.CONTINUED] * 2


def test_landslides_of_both_schemes_are_told_once() -> None:
    body = (
        '<Warning type="土砂災害警戒情報"><Item><Kind><Name>警戒</Name><Code>3</Code><Status>発表</Status></Kind>'
        "<Area><Name>河北町</Name><Code>0632100</Code></Area></Item></Warning>"
    )
    old = known(
        "VXWW50", report("VXWW50", at(1), body, title="土砂災害警戒情報", event="山形県土砂災害警戒情報")
    )
    new = known("VPWW56", warnings("VPWW56", at(0), ("49", "レベル４土砂災害危険警報", "発表")))
    assert [step for _, step in steps(new, old)] == [Step.NEW, Step.CONTINUED]
    assert [step for _, step in steps(old, new)] == [Step.NEW, Step.CONTINUED]


def test_one_earthquake_is_one_thread_and_a_retraction_ends_it() -> None:
    first, second = (
        known("VXSE51", shaking("e", at(0), "5-")),
        known("VXSE53", earthquake("e", at(4), "<MaxInt>4</MaxInt>")),
    )
    again = known("VXSE53", earthquake("e", at(9), "<MaxInt>4</MaxInt>", serial="2"))
    assert [step for _, step in steps(first, second, again)] == [Step.NEW, Step.LOWERED, Step.CONTINUED]
    gone = known("VXSE51", cancelled("VXSE51", at(2), event="e"))
    assert [step for _, step in steps(first, gone)] == [Step.NEW, Step.RETRACTED]
    assert in_force(State().with_([first, gone])) == {}
    other = known("VXSE51", cancelled("VXSE51", at(2), event="f"))
    assert in_force(State().with_([first, other])) == {"地震/e": 5}
    assert in_force(State().with_([first]), minutes=25 * 60) == {}


def test_a_better_hypocentre_is_shown_and_not_told_again() -> None:
    body = "<Earthquake><Hypocenter><Area><Name>山形県沖</Name></Area></Hypocenter></Earthquake>"
    better = known("VXSE61", report("VXSE61", at(60), body, event="e"))
    quake = known("VXSE53", earthquake("e", at(4), "<MaxInt>4</MaxInt>"))
    assert [step for _, step in steps(quake, better)] == [Step.NEW, Step.CONTINUED]
    (shown,) = State().with_([quake, better]).present(at(70)).values()
    assert shown.claim.hypocentre == "山形県沖"


def test_a_river_that_no_longer_names_the_town_is_over_for_it() -> None:
    high = known("VXKO52", flood(at(0), "40", "レベル４氾濫危険警報"))
    unnamed = known("VXKO52", flood(at(1), "20", "レベル２氾濫注意報", towns=(), serial="2"))
    others = known("VXKO52", flood(at(2), "30", "レベル３氾濫警報", towns=("0620100",), serial="3"))
    over = known("VXKO52", flood(at(3), "10", "氾濫注意報解除", towns=(), serial="4"))
    assert [step for _, step in steps(high, unnamed, over)] == [Step.NEW, Step.LOWERED, Step.LIFTED]
    assert in_force(State().with_([high, others])) == {}
    assert in_force(State().with_([unnamed])) == {}


def tornado(minutes: float, status: str = "発表", code: str = "1", type_: str = "VPHW50") -> Telegram:
    body = (
        f'<Warning type="竜巻注意情報（市町村等）"><Item><Kind><Code>{code}</Code><Status>{status}</Status></Kind>'
        "<Area><Name>河北町</Name><Code>0632100</Code></Area></Item></Warning>"
    )
    until = f"<ValidDateTime>{(at(minutes) + timedelta(hours=1)).isoformat()}</ValidDateTime>"
    return known(type_, report(type_, at(minutes), body, title="竜巻注意情報", valid=until))


def test_a_tornado_passes_by_itself_and_comes_anew() -> None:
    first = tornado(0)
    assert in_force(State().with_([first]), minutes=59) == {"竜巻/": 3}
    assert in_force(State().with_([first]), minutes=61) == {}
    assert changes(State().with_([first]), State().with_([first, tornado(61)]), at(62))[0].step is Step.NEW
    assert [step for _, step in steps(first, tornado(1, type_="VPHW51"), minutes=2)] == [
        Step.NEW,
        Step.RAISED,
    ]
    assert [step for _, step in steps(first, tornado(1, "解除", "0"), minutes=2)] == [Step.NEW, Step.LIFTED]


def bulletin(minutes: float, town: str, event: str) -> Telegram:
    head = (
        '<Information type="情報タグ"><Item><Kind><Name>情報タグ</Name><Condition>記録雨</Condition></Kind>'
        "<Areas><Area><Name>村山</Name><Code>060010</Code></Area></Areas></Item></Information>"
    )
    body = (
        "<MeteorologicalInfos><MeteorologicalInfo><Item><Area><Name>x</Name>"
        f"<Code>{town}</Code></Area></Item></MeteorologicalInfo></MeteorologicalInfos>"
    )
    return known(
        "VPBS50", report("VPBS50", at(minutes), body, head=head, event=event, title="府県気象防災速報")
    )


def test_record_rain_in_another_town_does_not_lower_our_own() -> None:
    ours, theirs = bulletin(0, "0632100", "a"), bulletin(20, "0620600", "b")
    assert [step for _, step in steps(ours, theirs)] == [Step.NEW, Step.CONTINUED]
    assert [step for _, step in steps(theirs, ours)] == [Step.NEW, Step.RAISED]


def test_drills_do_not_count() -> None:
    drill = known("VPWW55", rain(at(0), 5).replace("<Status>通常".encode(), "<Status>訓練".encode()))
    assert State().with_([drill]).telegrams == ()


POOL = [
    *(rained(n, level) for n, level in enumerate((2, 3, 4, 5, 4, 3, 2, 0))),
    *(rained(n + 0.5, 3, info="訂正") for n in range(3)),
    *(known("VPWW55", cancelled("VPWW55", at(n + 0.7))) for n in range(4)),
    *(known("VPWW54", warnings("VPWW54", at(n), ("03", "大雨警報", "発表"), ("15", "強風注意報", "発表"))) for n in range(3)),
    *(known("VXSE51", shaking("e", at(n), region)) for n, region in enumerate(("4", "5-", "3"))),
    *(known("VXSE53", earthquake("e", at(n + 3), f"<MaxInt>{n + 1}</MaxInt>", serial=str(n))) for n in range(3)),
    known("VXSE53", cancelled("VXSE53", at(4.5), event="e")),
    known("VXSE51", cancelled("VXSE51", at(1.5), event="e")),
    *(known("VXKO52", flood(at(n), code, "レベル" + code[0], towns=towns, serial=str(n)))
      for n, (code, towns) in enumerate([("20", ()), ("40", ("0632100",)), ("30", ()), ("31", ("0620100",))])),
    known("VXKO52", flood(at(9), "10", "解除", towns=(), serial="9")),
    tornado(0), tornado(3, "解除", "0"), tornado(5, type_="VPHW51"), bulletin(0, "0632100", "a"), bulletin(9, "0620600", "b"),
]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(POOL), max_size=14), st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_change_what_is_in_force(
    telegrams: list[Telegram], random: object
) -> None:
    one_by_one = State()
    for telegram in telegrams:
        one_by_one = one_by_one.with_([telegram])
    shuffled = list(telegrams)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    other = State()
    for telegram in shuffled:
        other = other.with_([telegram])
    assert one_by_one == other == State().with_(telegrams)
    assert one_by_one.present(at(30)) == other.present(at(30))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(POOL), min_size=1, max_size=14), st.data())
def test_a_telegram_that_comes_again_changes_nothing(telegrams: list[Telegram], data: st.DataObject) -> None:
    state = State().with_(telegrams)
    again = state.with_(data.draw(st.lists(st.sampled_from(telegrams), max_size=5)))
    assert again == state
    assert all(change.step is Step.CONTINUED for change in changes(state, again, at(30)))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(POOL), max_size=20))
def test_the_state_comes_back_from_its_text_and_stays_small(telegrams: list[Telegram]) -> None:
    state = State().with_(telegrams)
    back = decoded(encoded(state))
    assert back == state
    assert back.present(at(30)) == state.present(at(30))
    assert len(state.telegrams) <= KEPT * len({each.series for each in telegrams})


def test_an_empty_text_is_no_state() -> None:
    assert decoded("") == State()


@pytest.mark.parametrize(("minutes", "left"), [(60, 2), (60 * 24 * 3, 1), (60 * 24 * 500, 0)])
def test_what_can_no_longer_matter_goes(minutes: float, left: int) -> None:
    state = State().with_([rained(0, 3), known("VXSE53", earthquake("e", at(0), ""))])
    assert len(state.trimmed(at(minutes)).telegrams) == left


def test_hazards_are_told_gravest_first() -> None:
    before = State()
    wind = known("VPWW61", warnings("VPWW61", at(0), ("14", "雷注意報", "発表")))
    found = changes(before, before.with_([wind, rained(0, 5)]), at(1))
    assert [change.after.claim.hazard for change in found if change.after] == [
        Hazard.HEAVY_RAIN,
        Hazard.THUNDER,
    ]


def test_a_cancelled_correction_takes_the_original_with_it() -> None:
    cancel = known("VPWW55", cancelled("VPWW55", at(2)))
    original, correction = rained(0, 4), rained(1, 4, info="訂正")
    assert steps(original, correction, cancel)[-1] == ("大雨/", Step.RETRACTED)
    assert State().with_([original, correction, cancel]).void == {original, correction}
    assert State().with_([original, correction]).corrected == {original}


def test_a_correction_that_lowers_is_a_retraction_and_one_that_raises_a_raise() -> None:
    assert [
        step for _, step in steps(rained(0, 3), rained(1, 5, info="訂正"), rained(2, 3, info="訂正"))
    ] == [
        Step.NEW,
        Step.RAISED,
        Step.RETRACTED,
    ]


def test_a_change_names_the_telegram_that_made_it() -> None:
    high, over = rained(0, 4), rained(180, 0)
    before = State().with_([high])
    (change,) = changes(before, before.with_([over]), at(181))
    assert change.before is not None
    assert (change.before.telegram, change.cause) == (high, over)
    snow = known("VPWW60", warnings("VPWW60", at(180), ("06", "大雪警報", "発表")))
    gone = known("VPWW55", cancelled("VPWW55", at(180)))
    causes = {c.thread: c.cause for c in changes(before, before.with_([snow, gone]), at(181))}
    assert causes == {"大雪/": snow, "大雨/": gone}
