"""The variable `resident`: what a template may say of the person it is rendered for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from jinja2 import nodes

from bot.domain.months import age_in_months, month_of, months_before
from bot.domain.nearest import did_you_mean
from bot.domain.residents import SINGLE_FACTS, Fact

NAME = "resident"

ATTRIBUTES: Mapping[str, Fact] = {
    "topics": Fact.TOPIC,
    "district": Fact.DISTRICT,
    "children": Fact.BIRTH_MONTH,
    "expected": Fact.BIRTH_MONTH,
    "bus_stops": Fact.BUS_STOP,
    "taxes": Fact.TAX,
    "garbage_area": Fact.GARBAGE_AREA,
}
"""What may stand behind `resident.`, and the fact it tells."""


@dataclass(frozen=True, slots=True)
class Personal:
    """The resident whom a template is rendered for.

    `facts` are theirs (absent or empty: nothing registered); `today` is the day the message is for, on which
    children's ages are counted.
    """

    facts: Mapping[Fact, tuple[str, ...]]
    today: date

    def values(self, fact: Fact) -> tuple[str, ...]:
        """The values of one fact, possibly none."""
        return self.facts.get(fact, ())


_EXAMPLE_DAY = date(2026, 12, 1)  # fixed, so that a preview reads the same on any day


def example(facts: Mapping[Fact, tuple[str, ...]]) -> Personal:
    """The resident of previews and checks: these facts and one child of 18 months, on a fixed day."""
    child = months_before(month_of(_EXAMPLE_DAY), 18)
    return Personal({**facts, Fact.BIRTH_MONTH: (child,)}, _EXAMPLE_DAY)


EXAMPLE = example({})
"""The example where no town's choices are known."""


def variable(personal: Personal, facts: frozenset[Fact]) -> dict[str, Any]:
    """`resident` with the attributes of these facts alone: what a template does not name cannot change it.

    `district` and `garbage_area` are text, '' if not registered; the others are lists of text, of `children`
    lists of `birth_month` (YYYY-MM), `age_months` and `age_years` (digits) of those who are born, of `expected` lists
    of the `birth_month` of those who are not.
    """
    return {name: _value(personal, name, fact) for name, fact in ATTRIBUTES.items() if fact in facts}


def _value(personal: Personal, name: str, fact: Fact) -> Any:
    values = personal.values(fact)
    if fact in SINGLE_FACTS:
        return values[0] if values else ""
    if name == "expected":
        return [{"birth_month": month} for month in values if age_in_months(month, personal.today) < 0]
    if fact is Fact.BIRTH_MONTH:
        return [_child(month, age) for month in values if (age := age_in_months(month, personal.today)) >= 0]
    return list(values)


def _child(birth_month: str, months: int) -> dict[str, str]:
    return {"birth_month": birth_month, "age_months": str(months), "age_years": str(months // 12)}


def facts_used(tree: nodes.Template) -> frozenset[Fact]:
    """The facts that one file names; exact only where it has no `misuses`."""
    return frozenset(ATTRIBUTES[use.attr] for use in _attributes(tree) if use.attr in ATTRIBUTES)


def misuses(tree: nodes.Template) -> Iterator[tuple[int, str]]:
    """(line, reason) of every use of `resident` but `resident.ATTRIBUTE`.

    Passed on or renamed, it would be used where no one can see which facts are.
    """
    uses = list(_attributes(tree))
    for use in uses:
        if use.attr not in ATTRIBUTES:
            near = did_you_mean(use.attr, ATTRIBUTES)
            yield use.lineno, f"「{NAME}.{use.attr}」という値はありません。{near}"
    proper = {id(use.node) for use in uses}
    for name in tree.find_all(nodes.Name):
        if name.name == NAME and name.ctx == "load" and id(name) not in proper:
            yield name.lineno, f"「{NAME}」は「{NAME}.district」のように、値の名前を続けて書きます。"
    for line, bound in _bound(tree):
        if bound == NAME:
            yield line, f"「{NAME}」は決まった値の名前なので、ほかのものには付けられません。"


def _attributes(tree: nodes.Template) -> Iterator[nodes.Getattr]:
    for node in tree.find_all(nodes.Getattr):
        if isinstance(node.node, nodes.Name) and node.node.name == NAME:
            yield node


def _bound(tree: nodes.Template) -> Iterator[tuple[int, str]]:
    """Every name that the file itself gives to something."""
    for node in tree.find_all((nodes.Name, nodes.NSRef, nodes.Macro, nodes.Import, nodes.FromImport)):
        match node:
            case nodes.Name(ctx="load"):
                continue
            case nodes.Name() | nodes.NSRef() | nodes.Macro():
                yield node.lineno, node.name
            case nodes.Import():
                yield node.lineno, node.target
            case nodes.FromImport():
                yield from ((node.lineno, name if isinstance(name, str) else name[1]) for name in node.names)
