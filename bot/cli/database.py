"""`machi db`: the schema."""

from __future__ import annotations

import asyncio

import click

from bot.cli.options import Group, as_json
from bot.cli.output import emit
from bot.cli.session import settings


@click.group(cls=Group, help="データベース")
def db() -> None:
    """Commands about the database."""


@db.command(help="スキーマを最新にする")
@as_json
def upgrade(*, json_: bool) -> None:
    """Apply the migrations that are missing."""
    from bot.store.store import open_database

    async def run() -> list[str]:
        configured = settings()
        database = await open_database(configured.database_url, configured.clock())
        try:
            return await database.upgrade()
        finally:
            await database.close()

    applied = asyncio.run(run())
    done = [f"適用しました: {name}" for name in applied] or ["データベースは最新です。"]
    emit({"applied": applied}, json_=json_, text=lambda: done)
