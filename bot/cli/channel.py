"""`machi channel`: what LINE knows about the account."""

from __future__ import annotations

import asyncio
from dataclasses import asdict

import click

from bot.cli.options import as_json
from bot.cli.output import emit, pairs
from bot.cli.session import settings


@click.command(help="LINEにアカウントの設定と今月の通数を問い合わせる")
@as_json
def channel(*, json_: bool) -> None:
    """Ask LINE; a wrong token or address shows here first."""
    from bot.line import control

    configured = settings()
    configured.require_line()
    found = asyncio.run(control.channel(configured.api_base, configured.access_token))
    state = "オン" if found.webhook_active else "オフ(LINE Official Account Manager で「Webhook」をオンに)"
    words = {
        "アカウント": f"{found.name} ({found.basic_id})",
        "Webhook URL": found.webhook or "未設定(https://ホスト名/line/webhook を設定してください)",
        "Webhook の利用": state,
        "今月の通数": f"{found.used:,} / {'上限なし' if found.quota is None else f'{found.quota:,}'}",
    }
    emit(asdict(found), json_=json_, text=lambda: pairs(words))
