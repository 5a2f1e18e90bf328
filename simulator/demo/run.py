"""The demo from start to end."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path

from simulator.demo import channel, residents, town
from simulator.demo.errors import DemoError
from simulator.demo.machi import Machi
from simulator.harness import Simulator
from simulator.platform import Bot

SECRET, TOKEN = "demo-secret", "demo-token"
_TOWN, _TOWN_COPY = Path("towns/kahoku"), Path("var/demo-town")
_LOG = Path("var/demo.log")
_NOT_FOR_THE_SERVICE = ("MACHI_CLOCK", "MACHI_CLOCK_SPEED")
"""The demo runs in real time: the commands of a second terminal do, too."""
_SAMPLE = (
    '--as 担当 --title 断水 --priority urgent --text "あす10時から断水します。"'
    ' --segment "topic = disaster and district = 谷地中部"'
)


async def run(environment: Mapping[str, str]) -> None:
    """Start everything in the folder of the project, say what can be done, and go on until cancelled.

    Args:
        environment: `SIMULATOR_HOST` and `SIMULATOR_PORT` say where the page is; the rest goes to the service,
            except what would lead it to a real channel or away from the real time.

    Raises:
        DemoError: something is in the way, or the service ended.
    """
    _stop_on_signals()
    async with AsyncExitStack() as stack:
        line = _simulator(environment)
        await _listen(line, stack)
        settings = _for_the_service(environment, line.base_url)
        await residents.settle(Machi(settings), line)
        at = town.next_minute(line.platform.clock())
        town.settle(_TOWN, _TOWN_COPY, at)
        machi = Machi({**settings, "MACHI_TOWN": str(_TOWN_COPY)})
        service = await stack.enter_async_context(machi.serving(_LOG))
        await channel.set_up(line.base_url, TOKEN, f"{service.address}/line/webhook")
        print(_welcome(line.base_url, at, environment.get("MACHI_DATABASE_URL", "")), flush=True)
        raise await service.ended()


def _stop_on_signals() -> None:
    """Cancel the demo, which closes everything, also when it is ended or its terminal is closed."""
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)


def _simulator(environment: Mapping[str, str]) -> Simulator:
    """The simulator where the environment wants it, not yet listening."""
    return Simulator(
        channel_secret=SECRET,
        channel_access_token=TOKEN,
        host=environment.get("SIMULATOR_HOST") or "127.0.0.1",
        port=_port(environment.get("SIMULATOR_PORT") or "8081"),
        bot=Bot(name="河北町"),
    )


async def _listen(simulator: Simulator, stack: AsyncExitStack) -> None:
    """Start the simulator; a port that cannot be had is told in one sentence."""
    try:
        await stack.enter_async_context(simulator)
    except OSError as error:
        raise DemoError(
            f"シミュレータのアドレスで待ち受けられません({os.strerror(error.errno or 0)})。"
            "ほかの make run が動いていないか確かめるか、SIMULATOR_PORT=8091 make run のように変えてください。"
        ) from None


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 <= int(text) <= 65535:
        raise DemoError(f"SIMULATOR_PORT は 0 から 65535 の数で書いてください: {text}")
    return int(text)


def _for_the_service(environment: Mapping[str, str], api_base: str) -> dict[str, str]:
    kept = {name: value for name, value in environment.items() if name not in _NOT_FOR_THE_SERVICE}
    line = {"LINE_CHANNEL_SECRET": SECRET, "LINE_CHANNEL_ACCESS_TOKEN": TOKEN, "LINE_API_BASE": api_base}
    here = {
        "MACHI_PUBLIC_URL": f"http://127.0.0.1:{environment.get('PORT') or 8080}",
        "MACHI_JMA_BASE": "",  # nothing leaves the machine
    }
    return {**here, **kept, **line, "MACHI_TOWN": str(_TOWN)}


def _welcome(page: str, at: datetime, database: str) -> str:
    lines = [
        "",
        "まちプッシュが、LINEシミュレータと見本の住民といっしょに動いています。",
        f"  住民のスマートフォン: {page}/",
        f"  {at:%H:%M} に、定期のお知らせ(断水)が、防災と谷地中部を登録した住民にひとりでに届きます。",
        "",
        "配信を送るには、別の端末を開き、このフォルダーで次を順に実行します。承認は、作成した人とは別の人が行います。",
        *([f"  export MACHI_DATABASE_URL={database}"] if database else []),
        f"  .venv/bin/machi broadcast new {_SAMPLE}",
        "  .venv/bin/machi broadcast approve 番号 --as 係長",
        "  .venv/bin/machi broadcast send 番号 --as 担当 --wait",
        "",
        "止めるには Ctrl+C を押します。",
    ]
    return "\n".join(lines)
