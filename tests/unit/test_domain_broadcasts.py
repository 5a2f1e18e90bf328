from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.broadcasts import ENDED, BatchState, Event, State, advance, transitions, word
from bot.domain.errors import RefusedError

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "state-machine.md").read_text(encoding="utf-8")
BROADCASTS, BATCHES = re.findall(r"```mermaid\nstateDiagram-v2\n(.*?)```", TEXT, re.DOTALL)


def arrows(drawing: str) -> list[tuple[str, str, str]]:
    """(from, label, to) of every line of a drawing; [*] is the outside."""
    lines = [re.fullmatch(r"(\S+) --> (\S+?)(?:: (.+))?", line.strip()) for line in drawing.splitlines()]
    assert all(lines), drawing
    return [(line[1], line[3] or "", line[2]) for line in lines if line]


def inner(drawing: str) -> list[tuple[str, str, str]]:
    return [arrow for arrow in arrows(drawing) if "[*]" not in arrow]


def left_for_good(drawing: str) -> set[str]:
    return {start for start, _, end in arrows(drawing) if end == "[*]"}


def test_the_drawing_of_broadcasts_is_the_programs_table() -> None:
    allowed = sorted((start.value, event.value, end.value) for (start, event), end in transitions().items())
    assert sorted(inner(BROADCASTS)) == allowed
    assert left_for_good(BROADCASTS) == {state.value for state in ENDED}


def test_the_drawing_of_batches_is_what_the_statements_do() -> None:
    assert sorted(inner(BATCHES)) == sorted(_changes_of_batches())
    by_itself = [
        arrow for arrow in inner(BATCHES) if arrow[:2] != ("unknown", "renew_key")
    ]  # staff decide that
    open_states = {start for start, _, _ in by_itself}
    assert left_for_good(BATCHES) == {state.value for state in BatchState} - open_states


def _changes_of_batches() -> set[tuple[str, str, str]]:
    """Read from the SQL itself; a state that is given is any that the sender ends a batch with."""
    answers = (ROOT / "bot" / "delivery" / "answers.py").read_text(encoding="utf-8")
    endings = [BatchState[name].value for name in re.findall(r"_end\(batch, BatchState\.(\w+)", answers)]
    assert len(set(endings)) == 3
    changes = set()
    for file in (ROOT / "bot" / "store" / "sql").glob("*.sql"):
        for statement in re.split(r"^-- name: ", file.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
            update = re.search(
                r"UPDATE batches\s+SET state = (?:'(\w+)'|:state|e\.state)(.*?)\bWHERE\b(.*)",
                statement,
                re.DOTALL,
            )
            if not update:
                continue
            alternatives = re.search(r"\bstate (?:= '(\w+)'|IN \(([^)]*)\))", update[3])
            assert alternatives, f"{file.name}: a change of state from any state: {statement}"
            starts = [alternatives[1]] if alternatives[1] else re.findall(r"'(\w+)'", alternatives[2])
            ends = [update[1]] if update[1] else endings
            changes |= {(start, statement.split()[0], end) for start in starts for end in ends}
    return changes


@pytest.mark.parametrize("state", [*State, *BatchState])
def test_every_state_is_explained_beside_the_drawing(state: State | BatchState) -> None:
    section = TEXT.split("## Batches")[isinstance(state, BatchState)]
    assert f"\n| `{state.value}` | " in section
    if isinstance(state, State):
        assert f"\n| `{state.value}` | {word(state)} | " in section


def test_what_has_ended_stays_ended_unless_staff_reopen_it_and_nothing_else_does() -> None:
    leaving = [(start, event) for start, event in transitions() if start in ENDED]
    assert leaving == [(State.DONE, Event.REOPEN)]
    assert {start for start, event in transitions() if event is not Event.REOPEN} == set(State) - ENDED


@given(st.lists(st.sampled_from(Event)))
def test_nothing_is_sent_that_was_not_approved(events: list[Event]) -> None:
    state, approved = State.DRAFT, False
    for event in events:
        try:
            state = advance(state, event)
        except RefusedError:
            continue
        approved |= event is Event.APPROVE
        assert approved or state in {State.DRAFT, State.CANCELLED}


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("event", list(Event))
def test_an_event_out_of_place_is_refused_in_words(state: State, event: Event) -> None:
    if (state, event) in transitions():
        assert advance(state, event) is transitions()[state, event]
        return
    with pytest.raises(RefusedError) as refusal:
        advance(state, event)
    assert str(refusal.value).startswith(f"この配信は{word(state)}です。")


def test_a_draft_that_is_to_go_out_is_told_who_must_approve_it() -> None:
    with pytest.raises(RefusedError, match="machi broadcast approve"):
        advance(State.DRAFT, Event.SCHEDULE)


def test_the_table_of_transitions_cannot_be_changed_from_outside() -> None:
    transitions().clear()
    assert advance(State.DRAFT, Event.APPROVE) is State.APPROVED
