"""`machi shelter`: shelters by hazard, and what staff say of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from bot.cli.options import Group, acting, as_json, who
from bot.cli.output import emit, iso, shown, table
from bot.cli.session import at_desk
from bot.domain.errors import InvalidInputError
from bot.domain.nearest import did_you_mean
from bot.domain.orders import SHELTER_COLUMNS
from bot.domain.shelters import STATE_WORDS, ShelterState

if TYPE_CHECKING:
    from bot.store.shelters import Said
    from bot.town.model import Shelter
    from bot.wiring import Desk


@click.group(cls=Group, help="避難場所")
def shelter() -> None:
    """Commands about shelters."""


@shelter.command("list", help="避難場所と、開設・満員・閉鎖の状態")
@click.option("--hazard", metavar="H", help=f"この災害のときに使える所だけ({'・'.join(SHELTER_COLUMNS)})")
@click.option("--open", "only_open", is_flag=True, help="開設している所だけ")
@as_json
def list_(hazard: str | None, *, only_open: bool, json_: bool) -> None:
    """List the shelters."""

    async def work(desk: Desk) -> list[tuple[Shelter, Said | None]]:
        from bot.town.shelters import fit

        if hazard is not None and hazard not in SHELTER_COLUMNS:
            raise InvalidInputError(f"災害「{hazard}」はありません。{did_you_mean(hazard, SHELTER_COLUMNS)}")
        said = await desk.store.shelters.all()
        found = [(each, said.get(each.id)) for each in fit(desk.town.shelters, [hazard] if hazard else [])]
        return [(each, said) for each, said in found if not only_open or _is_open(said)]

    found = at_desk(work)
    rows = [
        (
            each.name,
            STATE_WORDS[said.state if said else None],
            shown(said.at_ms) if said else "-",
            said.actor if said else "-",
            "・".join(name for name, column in SHELTER_COLUMNS.items() if column in each.hazards),
            each.address,
        )
        for each, said in found
    ]
    headings = ("名前", "状態", "時刻", "操作", "使える災害", "住所")
    emit({"shelters": [_data(*each) for each in found]}, json_=json_, text=lambda: table(headings, rows))


def _is_open(said: Said | None) -> bool:
    return said is not None and said.state is ShelterState.OPEN


def _data(shelter: Shelter, said: Said | None) -> dict[str, Any]:
    return {
        "id": shelter.id,
        "name": shelter.name,
        "address": shelter.address,
        "latitude": shelter.latitude,
        "longitude": shelter.longitude,
        "hazards": [name for name, column in SHELTER_COLUMNS.items() if column in shelter.hazards],
        "state": said.state.value if said else None,
        "state_at": iso(said.at_ms) if said else None,
        "state_by": said.actor if said else None,
    }


def _set(names: tuple[str, ...], state: ShelterState, actor: str | None, *, json_: bool) -> None:
    """Say the same of some shelters, all or none."""
    speaker = who(actor)

    async def work(desk: Desk) -> list[tuple[Shelter, Said | None]]:
        from bot.town.shelters import named

        found = list(dict.fromkeys(named(desk.town.shelters, name) for name in names))
        await desk.store.shelters.set({each.id: each.name for each in found}, state, speaker)
        said = await desk.store.shelters.all()
        return [(each, said.get(each.id)) for each in found]

    found = at_desk(work)
    words = STATE_WORDS[state]
    emit(
        {"shelters": [_data(*each) for each in found]},
        json_=json_,
        text=lambda: [f"「{each.name}」を{words}にしました。" for each, _ in found],
    )


@shelter.command("open", help="開設にする")
@click.argument("names", metavar="NAME", nargs=-1, required=True)
@acting
@as_json
def open_(names: tuple[str, ...], actor: str | None, *, json_: bool) -> None:
    """Say that shelters are open."""
    _set(names, ShelterState.OPEN, actor, json_=json_)


@shelter.command(help="満員にする")
@click.argument("names", metavar="NAME", nargs=-1, required=True)
@acting
@as_json
def full(names: tuple[str, ...], actor: str | None, *, json_: bool) -> None:
    """Say that shelters are full."""
    _set(names, ShelterState.FULL, actor, json_=json_)


@shelter.command(help="閉鎖にする")
@click.argument("names", metavar="NAME", nargs=-1, required=True)
@acting
@as_json
def close(names: tuple[str, ...], actor: str | None, *, json_: bool) -> None:
    """Say that shelters are closed."""
    _set(names, ShelterState.CLOSED, actor, json_=json_)
