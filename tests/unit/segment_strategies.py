"""Random expressions and residents of a small town, for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

from bot.domain.residents import LANGUAGES, Fact, Resident
from segments import Vocabulary
from segments.quoting import quote

VALUES = {
    "topic": ("childcare", "disaster", "bus", "tax"),
    "district": ("谷地中部", "西里", "溝延"),
    "tax": ("固定資産税", "軽自動車税"),
    "bus_stop": ("河北町役場前", "谷地 (北口)", 'かぎ"かっこ'),
    "garbage_area": ("谷地A", "谷地B"),
    "garbage_time": ("evening", "morning"),
    "language": LANGUAGES,
}
VOCABULARY = Vocabulary(VALUES, {"子育て": "childcare"})

months = st.builds("{:04d}-{:02d}".format, st.integers(2018, 2027), st.integers(1, 12))


@st.composite
def named(draw: st.DrawFn) -> str:
    field = draw(st.sampled_from(sorted(VALUES)))
    value = st.sampled_from(VALUES[field]).map(quote)
    if draw(st.booleans()):
        return f"{field} {draw(st.sampled_from(['=', '!=']))} {draw(value)}"
    return f"{field} in ({', '.join(draw(st.lists(value, min_size=1, max_size=3)))})"


@st.composite
def child(draw: st.DrawFn) -> str:
    field = draw(st.sampled_from(["child.birth_month", "child.age_months", "child.age_years"]))
    value = months if field == "child.birth_month" else st.integers(0, 30).map(str)
    how = draw(st.sampled_from(["compare", "in", "between"]))
    if how == "compare":
        operator = draw(st.sampled_from(["=", "!=", "<", "<=", ">", ">="]))
        return f"{field} {operator} {draw(value)}"
    if how == "in":
        return f"{field} in ({', '.join(draw(st.lists(value, min_size=1, max_size=3)))})"
    low, high = sorted((draw(value), draw(value)), key=lambda text: (len(text), text))
    return f"{field} between {low} and {high}"


expressions = st.recursive(
    st.one_of(named(), child(), st.just("all")),
    lambda inner: st.one_of(
        inner.map("not ({})".format),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: " and ".join(f"({p})" for p in parts)),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: " or ".join(f"({p})" for p in parts)),
    ),
    max_leaves=6,
)


@st.composite
def residents(draw: st.DrawFn) -> Resident:
    facts: dict[Fact, tuple[str, ...]] = {}
    for fact in Fact:
        value = months if fact is Fact.BIRTH_MONTH else st.sampled_from(VALUES[fact])
        if chosen := draw(st.lists(value, unique=True, max_size=2)):
            facts[fact] = tuple(chosen)
    number = draw(st.integers(0, 16**32 - 1))
    return Resident(f"U{number:032x}", draw(st.sampled_from(LANGUAGES)), facts=facts)
