"""`machi notice new` and `machi schedule history`, as a clerk meets them."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bot.cli import main
from bot.domain.clock import SystemClock
from bot.schedule.wording import in_words
from bot.store.store import Store, open_database
from bot.town import load
from tests.unit.town_folders import copied

ANSWERS = (
    "おはなし会",
    "次の土曜の10時から、図書館で開きます。",
    "子育で",
    "子育て",
    "9",
    "3",
    "第2日",
    "10日、第2日曜",
    "23:00",
    "9時",
    "4",
    "おはなし",
    "story-time",
)
"""At a terminal, five of them wrong."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    town = copied(tmp_path)
    monkeypatch.setenv("MACHI_TOWN", str(town))
    monkeypatch.setenv("MACHI_DATABASE_URL", f"sqlite:///{tmp_path / 'machi.db'}")
    monkeypatch.setenv("MACHI_CLOCK", "2026-11-24T08:00:00+09:00")
    return town


def options(**changes: str) -> list[str]:
    said = {
        "name": "story-time",
        "title": "おはなし会",
        "segment": "topic = childcare",
        "kind": "monthly",
        "on": "2火",
        "time": "10:00",
        "body": '図書館で"開きます"\\。',
        **changes,
    }
    return ["notice", "new", *(part for key, value in said.items() for part in (f"--{key}", value))]


@pytest.mark.parametrize(
    ("changes", "when"),
    [
        ({}, "毎月第2火曜 10:00"),
        ({"on": "第2火、−1".replace("−", "-")}, "毎月末日・第2火曜 10:00"),
        ({"kind": "weekly", "on": "火曜日,金", "time": "1０:00"}, "毎週火・金曜 10:00"),
        ({"kind": "dates", "on": "2027-08-25,2027/08/28"}, "2027-08-25・2027-08-28 10:00"),
        (
            {"kind": "days_before", "calendar": "tax_calendar.csv", "on": "７日前,当日"},
            "期日の7日前・当日 10:00",
        ),
        ({"kind": "days_after", "calendar": "nursery.csv", "on": "1日後"}, "期日の1日後 10:00"),
        ({"on": "2日,第2日曜日,末日", "time": "9:00"}, "毎月2日・末日・第2日曜 09:00"),
        ({"on": "最後の開庁日", "time": "9時半"}, "毎月最後の開庁日 09:30"),
        ({"kind": "dates", "on": "令和8年12月5日"}, "2026-12-05 10:00"),
        ({"kind": "child_age", "on": "4か月,3歳"}, "4・36か月になる月の1日 10:00"),
        ({"kind": "cron", "on": "0 9 1 4 *"}, "cron 0 9 1 4 *"),
        ({"on": "1", "on-closed": "after"}, "毎月1日 10:00(閉庁日なら次の開庁日)"),
    ],
)
def test_a_notice_of_each_kind_is_written_and_works(
    folder: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, str], when: str
) -> None:
    assert main(options(**changes)) == 0, capsys.readouterr().err
    capsys.readouterr()
    assert main(["schedule", "list", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["notices"][-1]
    assert (found["notice"], found["when"]) == ("story-time", when)
    assert load(folder).notices[-1].context["body"] == '図書館で"開きます"\\。'


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "tax-due"}, "「tax-due」という名前のお知らせは、もうあります"),
        ({"segment": "topic = childcara"}, "childcare"),
        ({"on": "2よ"}, "2tue"),
        ({"on": "第2日"}, "「第2日」は毎月の日ではありません"),
        ({"on": "令和8年12月5日"}, "毎月の日ではありません"),
        ({"kind": "cron", "on": "0 9 31 2 *"}, "31"),
        ({"time": "25:00"}, "「25:00」は時刻ではありません"),
        ({"time": "23:00"}, "配信を控える時間"),
        ({"name": "おはなし"}, "半角の英小文字"),
        ({"kind": "days_before", "calendar": "tax.csv", "on": "1"}, "tax_calendar.csv"),
        (
            {"kind": "days_before", "calendar": "tax_calendar.csv", "on": "あした"},
            "「あした」は数ではありません",
        ),
        ({"body": " "}, "本文が空です"),
    ],
)
def test_a_fault_leaves_the_file_as_it_was(
    folder: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, str], words: str
) -> None:
    before = (folder / "notices.toml").read_bytes()
    assert main(options(**changes)) == 2
    assert words in capsys.readouterr().err
    assert (folder / "notices.toml").read_bytes() == before
    assert not list(folder.glob("*.new"))


def test_without_a_terminal_what_is_missing_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bot", "notice", "new", "--title", "おはなし会"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("--body が必要です")


def at_a_terminal(answers: Sequence[str]) -> tuple[int, str]:
    """The status, and what is written on standard error."""
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "bot", "notice", "new"]
    with subprocess.Popen(
        command, stdin=follower, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        os.close(follower)
        os.write(leader, "".join(f"{answer}\n" for answer in answers).encode())
        _, errors = process.communicate(timeout=60)
    os.close(leader)
    return process.returncode, errors.decode()


def test_at_a_terminal_it_asks_for_everything(folder: Path) -> None:
    done, errors = at_a_terminal(ANSWERS)
    assert done == 0, errors
    made = load(folder).notices[-1]
    assert (made.name, made.segment) == ("story-time", "topic = childcare")
    assert in_words(made.rule) == "毎月10日・第2日曜 09:00(閉庁日なら次の開庁日)"


def test_what_does_not_fit_together_is_asked_again_with_the_answers_ready(folder: Path) -> None:
    first = ["保険料", "本文です。", "tax = {tax}", "1", "2027-08-25", "9:00", "", "premium"]
    done, errors = at_a_terminal([*first, "", "", "税", *[""] * 5])
    assert done == 0, errors
    made = load(folder).notices[-1]
    assert (made.name, made.title, made.segment) == ("premium", "保険料", "topic = tax")


def test_what_was_missed_is_shown_with_the_reason(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schedule", "history"]) == 0
    assert capsys.readouterr().out == "まだ1つもありません。\n"
    asyncio.run(_missed(os.environ["MACHI_DATABASE_URL"]))
    assert main(["schedule", "history", "--missed", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["occurrences"]
    assert (found["notice"], found["key"], found["state"], found["reason"]) == (
        "tax-due",
        "k",
        "missed",
        "遅すぎた",
    )
    assert main(["schedule", "history"]) == 0
    assert "送れなかった" in capsys.readouterr().out


async def _missed(url: str) -> Any:
    database = await open_database(url, SystemClock())
    await Store.over(database, SystemClock()).notices.miss("tax-due", "k", 1_790_000_000_000, "遅すぎた")
    await database.close()


def test_the_check_warns_of_notices_that_reach_nobody_and_of_doubles(
    folder: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(options(name="again")) == 0
    assert main(options(name="once-more")) == 0
    people = tmp_path / "people.jsonl"
    people.write_text(json.dumps({"user_id": "U" + "0" * 32, "topics": ["childcare"]}) + "\n", "utf-8")
    capsys.readouterr()
    assert main(["town", "check", "--json"]) == 0
    before = json.loads(capsys.readouterr().out)["warnings"]
    assert any("「again」と「once-more」は、同じ人に同じこと" in warning for warning in before)
    assert not any("だれにも届きません" in warning for warning in before)  # nobody is registered at all
    assert main(["resident", "import", str(people)]) == 0
    capsys.readouterr()
    assert main(["town", "check"]) == 0
    said = capsys.readouterr().out
    assert "注意: お知らせ「tax-due」は、いまの登録では、これから1年だれにも届きません。" in said
    assert "「again」は、いまの登録では" not in said
