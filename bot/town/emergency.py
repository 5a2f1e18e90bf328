"""Reads what a town prepares for an emergency: its staff, how long 安否 are kept, and `scenarios.toml`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bot.domain.errors import InvalidInputError
from bot.domain.nearest import did_you_mean
from bot.domain.orders import parse_level, refuse_abolished, require_hazard
from bot.domain.residents import LANGUAGES, USER_ID
from bot.domain.spelling import folded
from bot.town.faults import Faults
from bot.town.model import SAFETY_DAYS, Choice, Scenario, StaffMember
from bot.town.toml_tables import Table, read_toml

SCENARIOS = "scenarios.toml"


def read_staff(document: Table) -> tuple[StaffMember, ...]:
    """`[[staff]]` of `town.toml`; none for a town that names nobody."""
    tables = document.tables("staff") if "staff" in document else []
    staff: list[StaffMember] = []
    for table in tables:
        member = StaffMember(table.text("name"), table.text("user_id"))
        if member.user_id and not USER_ID.fullmatch(member.user_id):
            table.fault("user_id", f"「{member.user_id}」は LINE の user_id(U と32桁)ではありません。")
        if member.name in {other.name for other in staff}:
            table.fault("name", f"職員「{member.name}」が2人います。名前を変えてください。")
        if member.user_id in {other.user_id for other in staff}:
            table.fault("user_id", f"職員「{member.name}」の user_id は、ほかの職員と同じです。")
        table.finish()
        staff.append(member)
    return tuple(staff)


def read_safety_days(document: Table) -> int:
    """`[safety] keep_days` of `town.toml`."""
    if "safety" not in document:
        return SAFETY_DAYS
    table = document.table("safety")
    days = table.whole("keep_days", SAFETY_DAYS)
    if not 1 <= days <= 365:
        table.fault("keep_days", "keep_days は、安否を何日残すかを 1〜365 の数で書いてください。")
        days = SAFETY_DAYS
    table.finish()
    return days


def read_scenarios(file: Path, faults: Faults, districts: Sequence[Choice]) -> tuple[Scenario, ...]:
    """The orders made ready beforehand; none for a town that has no such file."""
    document = read_toml(file, faults) if file.exists() else None
    if document is None:
        return ()
    known = [choice.name for choice in districts]
    tables = document.tables("scenarios")
    document.finish()
    scenarios: list[Scenario] = []
    for table in tables:
        scenario = _scenario(table, known)
        if scenario.name in {other.name for other in scenarios}:
            table.fault("name", f"シナリオ「{scenario.name}」が2つあります。")
        scenarios.append(scenario)
    return tuple(scenarios)


def _scenario(table: Table, known: Sequence[str]) -> Scenario:
    """One scenario; where a fault was noted, a harmless value stands in."""
    name, hazard, level = table.text("name"), table.text("hazard"), table.whole("level", 0)
    if level not in {3, 4, 5}:
        try:
            parse_level(str(level))
        except InvalidInputError as error:
            table.fault("level", str(error))
        level = 4
    if hazard:
        try:
            require_hazard(level, hazard)
        except InvalidInputError as error:
            table.fault("hazard", str(error))
    districts = table.items("districts", str, required=True)
    for district in districts:
        if district not in known:
            table.fault(
                "districts", f"地区「{district}」は town.toml にありません。{did_you_mean(district, known)}"
            )
    reasons, lines = table.texts("reasons"), table.table("reasons", required=False)
    for language, text in reasons.items():
        if language not in LANGUAGES:
            lines.fault(language, f"言語「{language}」はありません。{did_you_mean(language, LANGUAGES)}")
        try:
            refuse_abolished(text)
        except InvalidInputError as error:
            lines.fault(language, str(error))
    table.finish()
    return Scenario(name, level, hazard, tuple(dict.fromkeys(districts)), reasons)


def scenario_named(scenarios: Sequence[Scenario], name: str) -> Scenario:
    """The scenario of a name, as staff type it.

    Raises:
        InvalidInputError: there is none; the nearest is offered.
    """
    for scenario in scenarios:
        if folded(scenario.name) == folded(name):
            return scenario
    if not scenarios:
        raise InvalidInputError(f"町のフォルダーに {SCENARIOS} がないか、シナリオが1つもありません。")
    near = did_you_mean(name, [scenario.name for scenario in scenarios])
    raise InvalidInputError(f"シナリオ「{name}」はありません。{near}")
