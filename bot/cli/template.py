"""`machi template`: messages before they are sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from bot.cli.options import Group, as_json, assigned, settings_of
from bot.cli.output import emit, messages, table
from bot.cli.session import settings

if TYPE_CHECKING:
    from bot.rendering import Templates


@click.group(cls=Group, help="ひな型")
def template() -> None:
    """Commands about templates."""


def _templates() -> Templates:
    from bot.town import load, templates_for

    return templates_for(load(settings().town))


@template.command("list", help="ひな型の一覧")
@as_json
def list_(*, json_: bool) -> None:
    """List every template and its languages."""
    templates = _templates()
    found = [{"name": name, "languages": list(templates.languages(name))} for name in templates.names()]
    rows = [(each["name"], " ".join(each["languages"])) for each in found]
    emit({"templates": found}, json_=json_, text=lambda: table(("名前", "言語"), rows))


@template.command(help="ひな型の変数と原文")
@click.argument("name", metavar="NAME")
@as_json
def show(name: str, *, json_: bool) -> None:
    """Show a template's variables, sample and sources."""
    templates = _templates()
    required, sample = list(templates.required(name)), templates.sample(name)
    facts = [fact.value for fact in templates.resident_facts(name)]
    sources = {file.shown: file.text for file in templates.files.values() if file.template == name}
    data = {
        "name": name,
        "languages": list(templates.languages(name)),
        "variables": required,
        "resident_facts": facts,
        "sample": sample,
        "files": sources,
    }

    def text() -> Iterator[str]:
        yield f"変数: {'、'.join(required) or 'なし'}"
        yield f"住民ごとに変わる項目: {'、'.join(facts) or 'なし'}"
        for shown, source in sources.items():
            yield ""
            yield f"── {shown} ──"
            yield source.rstrip()

    emit(data, json_=json_, text=text)


@template.command(help="見本の値(--set で変えられる)で作ったメッセージ")
@click.argument("name", metavar="NAME")
@click.option("--language", metavar="L", help="ja, ja-easy, en など(省略するとすべて)")
@settings_of
@as_json
def preview(name: str, language: str | None, assignments: tuple[str, ...], *, json_: bool) -> None:
    """Render with the sample's values, replaced by those given."""
    templates = _templates()
    context = {**templates.sample(name), **assigned(assignments)}
    found: dict[str, Any]
    if language is None:
        found = templates.render_all(name, context)
    else:
        found = {_known(language): templates.render(name, language, context)}
    emit({"name": name, "messages": found}, json_=json_, text=lambda: messages(found))


def _known(language: str) -> str:
    from bot.domain.errors import InvalidInputError
    from bot.domain.nearest import did_you_mean
    from bot.domain.residents import LANGUAGES

    if language not in LANGUAGES:
        raise InvalidInputError(f"言語「{language}」はありません。{did_you_mean(language, LANGUAGES)}")
    return language
