"""An order asked for at a terminal: two choices and a confirmation where a scenario is ready."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from bot.broadcasts.orders import OrderDraft
from bot.cli.order_views import REACHES
from bot.cli.output import messages
from bot.domain.errors import MachiError
from bot.domain.orders import SHELTER_COLUMNS, parse_level, title_of
from bot.domain.residents import Fact
from bot.wiring import order_desk

if TYPE_CHECKING:
    from bot.town.model import Scenario, Town
    from bot.wiring import Desk


async def ask(desk: Desk, author: str) -> OrderDraft | None:
    """Ask until an order is confirmed; None if it is not."""
    ready = _scenario(desk.town)
    level = ready.level if ready else _level()
    hazard = ready.hazard if ready else _one("災害", list(SHELTER_COLUMNS))
    districts = _districts(desk.town, ready.districts if ready else ())
    reasons = dict(ready.reasons) if ready else _reasons()
    draft = OrderDraft(level, hazard, districts, reasons, scenario=ready.name if ready else None)
    payloads, recipients = await order_desk(desk).preview(draft, author)
    click.echo("")
    for line in messages(payloads):
        click.echo(line)
    click.echo(f"{title_of(level, hazard)}、{hazard}、{'・'.join(districts)}")
    click.echo(f"送る相手: {REACHES[draft.reach]}。いま {recipients} 人")
    return draft if click.confirm("この内容で下書きを作りますか(まだ送りません)") else None


def _scenario(town: Town) -> Scenario | None:
    if not town.scenarios:
        return None
    own = "自分で決める"
    names = [f"{each.name}: {title_of(each.level, each.hazard)}、{each.hazard}" for each in town.scenarios]
    chosen = _one("シナリオ", [*names, own])
    return None if chosen == own else town.scenarios[names.index(chosen)]


def _level() -> int:
    while True:
        try:
            return parse_level(click.prompt("警戒レベル(3 高齢者等避難、4 避難指示、5 緊急安全確保)"))
        except MachiError as error:
            click.echo(str(error))


def _one(what: str, names: Sequence[str]) -> str:
    for number, name in enumerate(names, 1):
        click.echo(f"{number}. {name}")
    while True:
        found = _numbers(click.prompt(f"{what}の番号"), len(names))
        if len(found) == 1:
            return names[found[0] - 1]
        click.echo(f"1 から {len(names)} までの番号を1つ打ってください。")


def _districts(town: Town, ready: Sequence[str]) -> tuple[str, ...]:
    """Some of the town's districts by number; an empty line takes those of the scenario."""
    names = [choice.name for choice in town.choices.get(Fact.DISTRICT, ())]
    for number, name in enumerate(names, 1):
        click.echo(f"{number}. {name}{' *' if name in ready else ''}")
    question = "対象の地区の番号(1,3 のように。すべては 0)"
    default = ",".join(str(names.index(name) + 1) for name in ready) or None
    while True:
        typed = click.prompt(question, default=default)
        if unicodedata.normalize("NFKC", typed).strip() == "0":
            return tuple(names)
        if found := _numbers(typed, len(names)):
            return tuple(names[number - 1] for number in found)
        click.echo(f"1 から {len(names)} までの番号を、コンマで区切って打ってください。")


def _numbers(typed: str, highest: int) -> list[int]:
    """The numbers of a list somebody typed, in either width; none if one of them is not in the list."""
    parts = unicodedata.normalize("NFKC", typed).replace("、", ",").replace(" ", ",").split(",")
    found = [int(part) for part in parts if part.isdecimal()]
    whole = all(part.isdecimal() for part in parts if part)
    return sorted(set(found)) if whole and all(1 <= number <= highest for number in found) else []


def _reasons() -> dict[str, str]:
    asked = {
        "ja": "理由(なければ Enter)",
        "ja-easy": "やさしい日本語の理由(なければ Enter)",
        "en": "英語の理由(なければ Enter)",
    }
    said = {
        language: click.prompt(words, default="", show_default=False) for language, words in asked.items()
    }
    return {language: text for language, text in said.items() if text.strip()}
