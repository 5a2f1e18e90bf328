"""`machi notice`: standing notices, written by answering questions."""

from __future__ import annotations

import unicodedata
from functools import partial
from typing import TYPE_CHECKING

import click

from bot.cli.interview import Interview, one_of
from bot.cli.options import Group, as_json
from bot.cli.output import emit
from bot.cli.session import settings
from bot.domain.errors import InvalidInputError

if TYPE_CHECKING:
    from bot.town.authoring import NewNotice
    from bot.town.model import Town

_KINDS = {
    "dates": ("決まった日", "日付(例: 2027-08-25,2027-08-28)"),
    "weekly": ("毎週", "曜日(月〜日。例: 火,金)"),
    "monthly": ("毎月", "毎月の日(例: 1日,15日 / 第2火曜 / 末日 / 最後の開庁日)"),
    "days_before": ("カレンダーの日の前", "何日前か(当日は 0。例: 7,1,0)"),
    "days_after": ("カレンダーの日の後", "何日後か(例: 1,7)"),
    "child_age": ("子どもの月齢", "月齢(例: 4か月,3歳)。その月の1日に送ります"),
    "cron": ("cron の式", "cron の式(分 時 日 月 曜日。例: 0 9 1 4 *)"),
}
_CLOSED = {
    "send": "その日に送る",
    "skip": "送らない",
    "before": "前の開庁日に送る",
    "after": "次の開庁日に送る",
}


@click.group(cls=Group, help="定期のお知らせを作る")
def notice() -> None:
    """Commands that write standing notices."""


@notice.command(help="お知らせを作って notices.toml に書き足す。書かなかったことは順に尋ねます")
@click.option("--name", metavar="NAME", help="名前(半角の英小文字・数字・-)")
@click.option("--title", metavar="TITLE", help="題名(職員の一覧に出る)")
@click.option("--segment", metavar="EXPR", help="対象(分野の名前か、式。例: 子育て、all、district = 西里)")
@click.option("--kind", type=click.Choice(list(_KINDS)), help="いつ送るかの決め方")
@click.option("--calendar", metavar="FILE", help="カレンダー(町のフォルダーの CSV)")
@click.option("--on", metavar="VALUES", help="日付・曜日・日・何日前・月齢(コンマ区切り)か cron の式")
@click.option("--time", metavar="HH:MM", help="時刻")
@click.option("--on-closed", type=click.Choice(list(_CLOSED)), help="役場が休みの日に当たったとき")
@click.option("--body", metavar="TEXT", help="本文")
@click.option("--body-easy", metavar="TEXT", help="やさしい日本語の本文")
@click.option("--body-en", metavar="TEXT", help="英語の本文")
@as_json
def new(*, json_: bool, **said: str | None) -> None:
    """Ask for what is missing, write the notice, and prove the folder; a fault leaves the file as it was."""
    from bot.town import load
    from bot.town.authoring import add_notice

    folder = settings().town
    town = load(folder)
    interview = Interview({option.replace("_", "-"): value for option, value in said.items()})
    while True:
        made = _notice(interview, town)
        try:
            add_notice(folder, made)
            break
        except InvalidInputError as error:
            interview.begin_again(error)
    file = folder / "notices.toml"
    told = (
        f"{file} に「{made.name}」を書き足しました。サービスを始め直すと使われます。",
        "",
        made.toml().rstrip(),
    )
    emit({"notice": made.name, "file": str(file), "toml": made.toml()}, json_=json_, text=lambda: told)


def _notice(interview: Interview, town: Town) -> NewNotice:
    """The notice that the answers make."""
    from bot.town.authoring import NewNotice, name_for
    from bot.town.typed_rules import of_the_child

    title = interview.ask("title", "題名", str)
    body = interview.ask("body", "本文", str)
    segment = interview.ask("segment", "対象(番号か、対象の式)", partial(_audience, town=town), _topics(town))
    kinds = {kind: words for kind, (words, _) in _KINDS.items()}
    kind = interview.ask("kind", "いつ送りますか(番号)", one_of(list(kinds)), list(kinds.values()))
    when = _when(interview, town, kind)
    name = interview.ask(
        "name",
        "名前(半角の英小文字・数字・-。例: library-story-time)",
        partial(name_for, town=town),
    )
    texts = {
        "heading": title,
        "body": body,
        "body_easy": interview.given("body-easy"),
        "body_en": interview.given("body-en"),
    }
    return NewNotice(name, title, of_the_child(segment) if kind == "child_age" else segment, when, texts)


def _when(interview: Interview, town: Town, kind: str) -> list[str]:
    """The lines of the notice's rule."""
    from bot.town import typed_rules
    from bot.town.authoring import calendars, rule_lines

    calendar = at = ""
    if kind in {"days_before", "days_after"}:
        files = calendars(town.folder)
        calendar = interview.ask("calendar", "カレンダー(番号かファイル名)", one_of(files), files)
    # What is written of the rule does not depend on the time, so that it can be looked at before that is known.
    values = interview.ask("on", _KINDS[kind][1], lambda text: (rule_lines(kind, text, "00:00"), text)[1])
    if kind != "cron":
        at = interview.ask("time", "時刻(例: 9:00)", partial(typed_rules.clock, town=town))
    closed = list(_CLOSED)
    on_closed = interview.ask(
        "on-closed",
        "役場が休みの日に当たったら(番号)",
        one_of(closed),
        list(_CLOSED.values()),
        default=closed[0],
    )
    moved = [f'on_closed = "{on_closed}"'] if on_closed != closed[0] else []
    return [*rule_lines(kind, values, at, calendar), *moved]


def _topics(town: Town) -> list[str]:
    return [f"{topic.choice.label('ja')}の人" for topic in town.topics] + ["すべての人"]


def _audience(text: str, *, town: Town) -> str:
    """A number of those offered, a topic, or an expression."""
    from bot.town.typed_rules import EVERYONE, audience

    offered = [*(topic.key for topic in town.topics), EVERYONE]
    plain = unicodedata.normalize("NFKC", text).strip()
    return audience(one_of(offered)(plain) if plain.isdecimal() else text, town)
