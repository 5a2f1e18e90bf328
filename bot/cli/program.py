"""The command tree, and what becomes of errors: one or a few Japanese lines and an exit status.

0 done, 1 failed, 2 wrong usage or invalid input, 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from bot.cli import (
    audit,
    broadcast,
    broadcast_control,
    bus,
    cap,
    channel,
    database,
    drill,
    jma,
    news,
    notice,
    order,
    paper,
    rehearsal,
    resident,
    safety,
    schedule,
    segment,
    serve,
    shelter,
    template,
    town,
)
from bot.cli.options import Group
from bot.domain.errors import InvalidInputError, MachiError


@click.group(
    cls=Group,
    invoke_without_command=True,
    help="まちプッシュ: 町のLINEアカウントの管理。「machi コマンド --help」で詳しい使い方が出ます。",
)
@click.option("--as", "actor", metavar="NAME", help="操作する人(省略すると環境変数 MACHI_STAFF)")
@click.pass_context
def machi(context: click.Context, actor: str | None) -> None:  # noqa: ARG001  read by options.who
    """Print the commands where none is given."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


for command in (
    serve.serve,
    serve.web,
    serve.worker,
    database.db,
    town.town,
    channel.channel,
    resident.resident,
    segment.segment,
    template.template,
    broadcast.broadcast,
    notice.notice,
    order.order,
    shelter.shelter,
    safety.safety,
    bus.bus,
    schedule.schedule,
    rehearsal.rehearse,
    news.news,
    jma.jma,
    drill.drill,
    cap.cap,
    audit.audit,
):
    machi.add_command(command)
for command in broadcast_control.COMMANDS:
    broadcast.broadcast.add_command(command)

paper.commands(broadcast.broadcast, order=False)
paper.commands(order.order, order=True)

_EXTRA = "Got unexpected extra argument"  # click has no type of its own for this


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command; every error becomes lines on standard error and a status."""
    try:
        status = machi.main(args=arguments, prog_name="machi", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except (click.Abort, KeyboardInterrupt):
        return 130
    except click.UsageError as error:
        return _fail(_explained(error), 2)
    except InvalidInputError as error:
        return _fail(str(error), 2)
    except MachiError as error:
        return _fail(str(error), 1)
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        return _fail(
            f"思いがけないエラーです({type(error).__name__}: {error})。開発者に知らせてください。", 1
        )
    return status if isinstance(status, int) else 0


def _fail(message: str, status: int) -> int:
    click.echo(message, err=True)
    return status


def _explained(error: click.UsageError) -> str:
    """A usage error in Japanese, with where to read on."""
    match error:
        case click.NoSuchOption():
            near = f"{' か '.join(error.possibilities)} ではありませんか。" if error.possibilities else ""
            what = f"オプション {error.option_name} はありません。{near}"
        case click.BadOptionUsage():
            what = f"オプション {error.option_name} の書き方が正しくありません。"
        case click.MissingParameter(param=click.Parameter() as param):
            what = f"{_name(param, error.ctx)} が必要です。"
        case click.BadParameter(param=click.Parameter() as param):
            what = f"{_name(param, error.ctx)} の値が正しくありません。{_wanted(param.type, error.message)}"
        case _ if error.message.startswith(_EXTRA):
            what = f"余分な引数があります: {error.message.partition('(')[2].removesuffix(')')}"
        case _:
            what = error.format_message()
    path = error.ctx.command_path if error.ctx else "machi"
    return f"{what}\n使い方: {path} --help"


def _name(param: click.Parameter, context: click.Context | None) -> str:
    return param.get_error_hint(context) if context else param.name or ""


def _wanted(kind: click.ParamType[Any], message: str) -> str:
    match kind:
        case click.IntRange():
            return f"{kind.min} から {kind.max} までの数で指定してください。"
        case click.types.IntParamType():
            return "数字で指定してください。"
        case click.Choice():
            return f"{'・'.join(kind.choices)} のどれかを指定してください。"
        case _:
            return message
