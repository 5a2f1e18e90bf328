"""An expression asked of a whole town at once against the same question asked of each resident."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

import segments
from bot.domain.residents import Resident, ResidentState
from tests.unit.segment_strategies import VOCABULARY, expressions, residents

days = st.dates(date(2018, 1, 1), date(2028, 12, 31))


def bits(people: list[Resident], needs: dict[str, frozenset[str] | None]) -> segments.Bits:
    """The town as sets, with no fact that is not asked for."""
    languages: dict[str, int] = {}
    facts: dict[str, dict[str, int]] = {key: {} for key in needs}
    for place, person in enumerate(people):
        bit = 1 << place
        if person.state is ResidentState.FOLLOWING:
            languages[person.language] = languages.get(person.language, 0) | bit
        for key, values in person.facts.items():
            for value in values:
                if key in needs and (needs[key] is None or value in needs[key]):
                    facts[key][value] = facts[key].get(value, 0) | bit
    return segments.Bits(sum(languages.values()), languages, facts)


@given(
    st.lists(st.tuples(residents(), st.sampled_from(ResidentState)), max_size=8),
    st.lists(expressions, min_size=1, max_size=3),
    days,
)
def test_a_set_holds_exactly_the_following_residents_who_fit(drawn, texts: list[str], today: date) -> None:
    people = [Resident(r.user_id, r.language, state, r.facts) for r, state in drawn]
    parsed = [segments.parse(text, VOCABULARY) for text in texts]
    asked = [segments.term(expression, today) for expression in parsed]
    town = bits(people, segments.needs(asked))
    for expression, term in zip(parsed, asked, strict=True):
        found = segments.members(term, town)
        assert [found >> place & 1 == 1 for place in range(len(people))] == [
            person.state is ResidentState.FOLLOWING and segments.matches(expression, person, today)
            for person in people
        ]


@given(expressions, days, residents())
def test_the_answers_to_the_conditions_together_are_the_answer(
    text: str, today: date, person: Resident
) -> None:
    parsed = segments.parse(text, VOCABULARY)
    answers = segments.answers(parsed, person, today)
    assert all(answer.holds for answer in answers) == segments.matches(parsed, person, today)


def test_an_answer_shows_what_was_asked_and_what_is_registered() -> None:
    parsed = segments.parse(
        "topic = tax and (district in (西里, 溝延) or child.age_years >= 3) and not language = en", VOCABULARY
    )
    person = Resident("U", "en", facts={"topic": ("tax", "bus"), "child.birth_month": ("2020-07",)})
    topic, either, language = segments.answers(
        parsed, person, date(2026, 11, 24), {"tax": "税", "bus": "バス"}
    )
    assert (topic.words, topic.holds, topic.registered) == ("分野に「税」がある", True, ("税", "バス"))
    assert (either.words, either.holds, either.registered) == ("次のどれかに当てはまる", True, None)
    assert [(part.holds, part.registered) for part in either.parts] == [
        (False, ()),
        (True, ("2020年7月生まれ",)),
    ]
    assert (language.words, language.holds, language.registered) == (
        "言語が「en」ではない",
        False,
        ("en",),
    )
