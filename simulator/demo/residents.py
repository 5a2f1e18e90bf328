"""The demo's residents: on the platform by name, and in the service by import."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulator.demo.errors import DemoError
from simulator.demo.machi import Machi
from simulator.page import NEW_USER_PREFIX
from simulator.phones import Phones

_FILE = Path(__file__).with_name("residents.toml")


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample resident: how LINE shows them, and what is registered, in the form of `machi resident import`."""

    name: str
    note: str
    registered: dict[str, Any]
    language: str = "ja"

    @property
    def user_id(self) -> str:
        """Their LINE user id."""
        return str(self.registered["user_id"])


def samples() -> list[Sample]:
    """The residents of `residents.toml`."""
    return [Sample(**each) for each in tomllib.loads(_FILE.read_text("utf-8"))["residents"]]


async def settle(machi: Machi, phones: Phones) -> None:
    """Put the residents of the service's database on the platform; an empty database gets the samples first.

    Raises:
        DemoError: the database holds somebody who is no resident of the demo, so it is not for playing.
    """
    registered = await _registered(machi)
    strangers = [each["user_id"] for each in registered if not each["user_id"].startswith(NEW_USER_PREFIX)]
    if strangers:
        raise DemoError(
            f"このデータベースには、見本ではない住民が{len(strangers)}人登録されているので、お試しには使いません。"
            "MACHI_DATABASE_URL=sqlite:///var/demo.db make run のように、別のデータベースを指定してください。"
        )
    if not registered:
        lines = "".join(json.dumps(each.registered, ensure_ascii=False) + "\n" for each in samples())
        await machi.run("resident", "import", "-", "--as", "demo", text=lines)
        registered = await _registered(machi)
    _introduce(phones, {each["user_id"]: each.get("state") != "blocked" for each in registered})


async def _registered(machi: Machi) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (await machi.run("resident", "export")).splitlines()]


def _introduce(phones: Phones, following: dict[str, bool]) -> None:
    """Everybody with their name; who was added on the page in an earlier run has lost theirs with that run."""
    known = samples()
    for each in known:
        follows = following.get(each.user_id, True)
        phones.add_user(each.user_id, each.name, note=each.note, language=each.language, following=follows)
        if not follows:
            phones.chats.stand(each.user_id, "blocked")
    for user_id in following.keys() - {each.user_id for each in known}:
        phones.add_user(user_id, note="前に友だち追加した人", following=following[user_id])
        if not following[user_id]:
            phones.chats.stand(user_id, "blocked")
