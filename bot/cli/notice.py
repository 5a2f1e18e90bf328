"""`machi notice`: standing notices, written by answering questions."""

from __future__ import annotations

import sys
import unicodedata

import click

from bot.cli.options import Group, as_json
from bot.cli.output import emit
from bot.cli.session import settings
from bot.domain.errors import InvalidInputError

_KINDS = {
    "dates": ("決まった日", "日付をコンマで区切って(例: 2027-08-25,2027-08-28)"),
    "weekly": ("毎週", "曜日をコンマで区切って(月〜日。例: 火,金)"),
    "monthly": ("毎月", "日か第何曜をコンマで区切って(例: 1,15 / 2火 / 末日は -1)"),
    "days_before": ("カレンダーの日の前", "何日前かをコンマで区切って(当日は 0。例: 7,1,0)"),
}
_WEEKDAYS = dict(zip("月火水木金土日", ("mon", "tue", "wed", "thu", "fri", "sat", "sun"), strict=True))


@click.group(cls=Group, help="定期のお知らせを作る")
def notice() -> None:
    """Commands that write standing notices."""


@notice.command(help="お知らせを作って notices.toml に書き足す。書かなかったことは順に尋ねます")
@click.option("--name", metavar="NAME", help="名前(半角の英小文字・数字・-)")
@click.option("--title", metavar="TITLE", help="題名(職員の一覧に出る)")
@click.option("--segment", metavar="EXPR", help="対象の式(例: all、topic = childcare)")
@click.option("--kind", type=click.Choice(list(_KINDS)), help="いつ送るかの決め方")
@click.option("--calendar", metavar="FILE", help="days_before のカレンダー(町のフォルダーの CSV)")
@click.option("--on", "values", metavar="VALUES", help="日付・曜日・日・何日前(コンマ区切り)")
@click.option("--time", metavar="HH:MM", help="時刻")
@click.option("--body", metavar="TEXT", help="本文")
@click.option("--body-easy", metavar="TEXT", default="", help="やさしい日本語の本文")
@click.option("--body-en", metavar="TEXT", default="", help="英語の本文")
@as_json
def new(*, json_: bool, kind: str | None, calendar: str | None, **said: str | None) -> None:
    """Ask for what is missing, write the notice, and prove the folder; a fault leaves the file as it was."""
    from bot.town.authoring import NewNotice, add_notice, rule_lines

    title = _asked("title", said["title"], "題名")
    body = _asked("body", said["body"], "本文")
    segment = _asked("segment", said["segment"], "対象の式(すべての人なら all)")
    kind = kind or _kind()
    if kind == "days_before":
        calendar = _asked("calendar", calendar, "カレンダーのファイル名(例: tax_calendar.csv)")
    values = _asked("on", said["values"], _KINDS[kind][1])
    time = unicodedata.normalize("NFKC", _asked("time", said["time"], "時刻(例: 09:00)"))
    name = _asked("name", said["name"], "名前(半角の英小文字・数字・-。例: library-story-time)")
    texts = {
        "heading": title,
        "body": body,
        "body_easy": said["body_easy"] or "",
        "body_en": said["body_en"] or "",
    }
    made = NewNotice(name, title, segment, rule_lines(kind, _values(values), time, calendar or ""), texts)
    add_notice(settings().town, made)
    file = settings().town / "notices.toml"
    told = f"{file} に「{name}」を書き足しました。サービスを始め直すと使われます。", "", made.toml().rstrip()
    emit({"notice": name, "file": str(file), "toml": made.toml()}, json_=json_, text=lambda: told)


def _asked(option: str, value: str | None, question: str) -> str:
    """The option's value, else what the clerk answers.

    Raises:
        InvalidInputError: there is neither.
    """
    if value is None and not sys.stdin.isatty():
        raise InvalidInputError(f"--{option} が必要です({question})。")
    answer = str(click.prompt(question)) if value is None else value
    if not answer.strip():
        raise InvalidInputError(f"{question.partition('(')[0]}が空です。")
    return answer.strip()


def _kind() -> str:
    kinds = list(_KINDS)
    if sys.stdin.isatty():
        for number, kind in enumerate(kinds, 1):
            click.echo(f"  {number} {_KINDS[kind][0]}")
    answer = unicodedata.normalize("NFKC", _asked("kind", None, "いつ送りますか(番号)"))
    if not answer.isdecimal() or not 1 <= int(answer) <= len(kinds):
        raise InvalidInputError(f"「{answer}」は 1 から {len(kinds)} の番号ではありません。")
    return kinds[int(answer) - 1]


def _values(text: str) -> list[str]:
    """What stands between commas, full width too; weekdays as the folder writes them."""
    parts = [part.strip() for part in unicodedata.normalize("NFKC", text).replace("、", ",").split(",")]
    return [
        part.replace("第", "").removesuffix("曜日").removesuffix("曜")[:-1] + _WEEKDAYS[last]
        if (last := part.removesuffix("曜日").removesuffix("曜")[-1:]) in _WEEKDAYS
        else part
        for part in parts
        if part
    ]
