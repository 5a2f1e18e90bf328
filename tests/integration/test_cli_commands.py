"""Commands as staff type them: what they print, what they refuse, and with which status."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import click
import pytest

from bot.cli import main
from simulator import Simulator
from tests.command_tree import contexts
from tests.integration.running import SECRET, TOKEN, line_simulator, user

ROOT = Path(__file__).parents[2]
A, B, C = user(0xA), user(0xB), user(0xC)


class Said(NamedTuple):
    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert (self.status, self.err) == (0, ""), self
        return json.loads(self.out)


Machi = Callable[..., Said]


@pytest.fixture
def machi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Machi:
    """Runs a command on an empty database of its own."""
    for name in ("LINE_CHANNEL_SECRET", "LINE_CHANNEL_ACCESS_TOKEN", "LINE_API_BASE", "MACHI_STAFF"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MACHI_DATABASE_URL", f"sqlite:///{tmp_path / 'machi.db'}")
    monkeypatch.setenv("MACHI_TOWN", str(ROOT / "towns" / "kahoku"))
    monkeypatch.setenv("MACHI_CLOCK", "2026-11-24T08:00:00+09:00")

    def run(*arguments: str) -> Said:
        status = main(arguments)
        return Said(status, *capsys.readouterr())

    return run


@pytest.fixture
def people(machi: Machi, tmp_path: Path) -> list[dict[str, Any]]:
    found = [
        {
            "user_id": A,
            "language": "ja",
            "district": "谷地中部",
            "topics": ["childcare", "disaster"],
            "children": ["2026-08", "2023-11"],
        },
        {
            "user_id": B,
            "language": "en",
            "topics": ["tax", "bus"],
            "bus_stops": ["河北町役場前"],
            "taxes": ["固定資産税"],
        },
        {"user_id": C, "language": "ja", "topics": ["garbage"], "garbage_area": "谷地A", "state": "stopped"},
    ]
    file = tmp_path / "people.jsonl"
    file.write_text("".join(json.dumps(each, ensure_ascii=False) + "\n" for each in found), "utf-8")
    assert machi("resident", "import", str(file), "--json").json == {"imported": 3, "updated": 0}
    return found


def test_without_a_command_the_commands_are_listed(machi: Machi) -> None:
    said = machi()
    assert said.status == 0
    for command in (
        "serve",
        "web",
        "worker",
        "db",
        "town",
        "resident",
        "segment",
        "template",
        "broadcast",
        "schedule",
        "rehearse",
        "audit",
    ):
        assert re.search(rf"^  {command} ", said.out, re.MULTILINE)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["foo"], "foo"),
        (["brodcast"], "broadcast"),
        (["broadcast", "sned", "1"], "send"),
        (["segment", "count"], "EXPR"),
        (["segment", "count", "all", "--jsn"], "--json"),
        (["broadcast", "show", "x"], "ID"),
        (["broadcast", "new", "--title", "x", "--segment", "all", "--as", "clerk"], "--text"),
        (
            [
                "broadcast",
                "new",
                "--title",
                "x",
                "--text",
                "y",
                "--template",
                "event",
                "--segment",
                "all",
                "--as",
                "clerk",
            ],
            "--text",
        ),
        (["broadcast", "new", "--title", "x", "--text", "y", "--segment", "all"], "--as"),
        (
            ["broadcast", "new", "--title", "x", "--text", "y", "--segment", "topic = buss", "--as", "clerk"],
            "「bus」ではありませんか",
        ),
        (
            ["broadcast", "new", "--title", "x", "--text", "y", "--segment", "", "--as", "clerk"],
            "対象が空です",
        ),
        (["broadcast", "new", "--title", "x", "--text", "", "--segment", "all", "--as", "clerk"], ""),
        (
            ["broadcast", "new", "--title", "x", "--text", "あ" * 5001, "--segment", "all", "--as", "clerk"],
            "5,000",
        ),
        (["broadcast", "new", "--title", "", "--text", "y", "--segment", "all", "--as", "clerk"], "題名"),
        (
            [
                "broadcast",
                "new",
                "--title",
                "x",
                "--text",
                "y",
                "--segment",
                "all",
                "--at",
                "あした",
                "--as",
                "clerk",
            ],
            "あした",
        ),
        (
            [
                "broadcast",
                "new",
                "--title",
                "x",
                "--text",
                "y",
                "--segment",
                "all",
                "--at",
                "2026-11-23 09:00",
                "--as",
                "clerk",
            ],
            "過ぎて",
        ),
        (
            [
                "broadcast",
                "new",
                "--title",
                "x",
                "--template",
                "tax_due",
                "--segment",
                "all",
                "--as",
                "clerk",
            ],
            "due_date",
        ),
        (
            [
                "broadcast",
                "new",
                "--title",
                "x",
                "--template",
                "event",
                "--set",
                "title",
                "--segment",
                "all",
                "--as",
                "clerk",
            ],
            "変数=値",
        ),
        (
            [
                "broadcast",
                "new",
                "--title",
                "x",
                "--text",
                "y",
                "--segment",
                "all",
                "--priority",
                "loud",
                "--as",
                "clerk",
            ],
            "priority",
        ),
        (["rehearse", "--from", "2026-12-01", "--to", "2026-11-01"], "2026-12-01"),
        (["rehearse", "--from", "2026-13-01", "--to", "2026-11-01"], "2026-13-01"),
        (["template", "show", "tax-due"], "tax_due"),
        (["template", "preview", "event", "--language", "fr"], "fr"),
        (["resident", "import", "/nowhere.jsonl"], "/nowhere.jsonl"),
        (["audit", "--since", "yesterday"], "yesterday"),
        (["schedule", "next", "--count", "0"], "--count"),
    ],
)
def test_what_cannot_be_is_said_in_a_few_lines_with_status_2(
    machi: Machi, arguments: list[str], words: str
) -> None:
    said = machi(*arguments)
    assert (said.status, said.out) == (2, ""), said
    assert words in said.err
    assert 1 <= len(said.err.strip().splitlines()) <= 5
    assert "Traceback" not in said.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("broadcast show abc", "'ID' の値が正しくありません。数字で指定してください。"),
        (
            "schedule next --count x",
            "'--count' の値が正しくありません。1 から 1000 までの数で指定してください。",
        ),
        ("serve --port 99999", "'--port' の値が正しくありません。0 から 65535 までの数で指定してください。"),
        (
            "broadcast new --segment all --title x --priority loud",
            "'--priority' の値が正しくありません。normal・urgent・emergency のどれかを指定してください。",
        ),
        ("broadcast show", "'ID' が必要です。"),
        ("broadcast show 1 2", "余分な引数があります: 2"),
        ("broadcast new --title", "オプション --title の書き方が正しくありません。"),
        ("broadcast show 1 --json=3", "オプション --json の書き方が正しくありません。"),
        ("broadcast show 1 --jsn", "オプション --jsn はありません。--json ではありませんか。"),
    ],
)
def test_wrong_usage_is_explained_in_japanese(machi: Machi, arguments: str, words: str) -> None:
    said = machi(*arguments.split())
    assert (said.status, said.out, said.err.splitlines()[0]) == (2, "", words)


@pytest.mark.parametrize(
    "arguments",
    [
        ["broadcast", "show", "99"],
        ["broadcast", "report", "99"],
        ["broadcast", "approve", "99", "--as", "chief"],
        ["resident", "show", A],
        ["resident", "erase", A],
        ["serve"],
        ["channel"],
    ],
)
def test_what_is_not_there_is_said_with_status_1(machi: Machi, arguments: list[str]) -> None:
    said = machi(*arguments)
    assert (said.status, said.out) == (1, "")
    assert len(said.err.strip().splitlines()) == 1


# ---- residents ----


def test_what_is_exported_is_what_was_imported(
    machi: Machi, people: list[dict[str, Any]], tmp_path: Path
) -> None:
    said = machi("resident", "export")
    assert [json.loads(line) for line in said.out.splitlines()] == people
    file = tmp_path / "again.jsonl"
    assert machi("resident", "export", "-o", str(file)).status == 0
    assert machi("resident", "import", str(file), "--json").json == {"imported": 0, "updated": 3}
    assert machi("resident", "export").out == said.out


def test_keys_that_are_given_replace_and_the_others_stay(
    machi: Machi, people: list[dict[str, Any]], tmp_path: Path
) -> None:
    file = tmp_path / "more.jsonl"
    file.write_text(
        f'\ufeff{{"user_id": "{A}", "topics": ["bus"], "children": ["令和８年９月"], "district": null}}\n\n'
    )
    assert machi("resident", "import", str(file), "--json").json == {"imported": 0, "updated": 1}
    found = machi("resident", "show", A, "--json").json
    assert found == {
        "user_id": A,
        "language": "ja",
        "topics": ["bus"],
        "children": ["2026-09"],
        "state": "following",
    }


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "JSON"),
        ("[]", "user_id"),
        ('{"language": "ja"}', "user_id"),
        ('{"user_id": "me"}', "user_id"),
        (f'{{"user_id": "{A}", "topics": ["childcar"]}}', "「childcare」ではありませんか"),
        (f'{{"user_id": "{A}", "topics": "bus"}}', "並び"),
        (f'{{"user_id": "{A}", "district": "谷地中央"}}', "谷地中部"),
        (f'{{"user_id": "{A}", "district": 5}}', "文字"),
        (f'{{"user_id": "{A}", "language": "fr"}}', "fr"),
        (f'{{"user_id": "{A}", "children": ["2026-13"]}}', "2026-13"),
        (f'{{"user_id": "{A}", "name": "x"}}', "name"),
        (f'{{"user_id": "{A}", "state": "gone"}}', "gone"),
        (f'{{"user_id": "{B}"}}', "前の行"),
    ],
)
def test_one_bad_line_is_named_and_nothing_is_imported(
    machi: Machi, tmp_path: Path, line: str, words: str
) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_text(f'{{"user_id": "{B}"}}\n{line}\n{{"user_id": "{C}"}}\n')
    said = machi("resident", "import", str(file))
    assert said.status == 2
    assert "2行目" in said.err
    assert words in said.err
    assert machi("segment", "count", "all", "--json").json == {"count": 0}


def test_an_erased_resident_is_gone_and_the_audit_does_not_name_them(
    machi: Machi, people: list[dict[str, Any]]
) -> None:
    assert machi("resident", "erase", A, "--as", "clerk").status == 0
    assert machi("resident", "show", A).status == 1
    audit = machi("audit", "--json").json["deeds"]
    assert [(deed["actor"], deed["action"]) for deed in audit] == [
        ("machi", "resident.import"),
        ("clerk", "resident.erase"),
    ]
    assert A not in json.dumps(audit)


# ---- segments ----


def test_segments_are_counted_listed_and_explained(machi: Machi, people: list[dict[str, Any]]) -> None:
    assert machi("segment", "count", "all", "--json").json == {"count": 2}
    expression = "topic = childcare and child.age_months between 3 and 5"
    assert machi("segment", "list", expression, "--json").json == {"user_ids": [A]}
    explained = machi("segment", "explain", expression, "--json").json
    assert "「子育て」" in explained["explanation"]
    assert "2026年6月〜8月生まれ" in explained["explanation"]
    assert machi("segment", "explain", "language != ja").out.splitlines()[-1] == "いまの人数: 1 人"
    assert machi("segment", "list", "all").out.split() == [A, B]


# ---- templates and the town ----


def test_templates_are_listed_shown_and_previewed(machi: Machi) -> None:
    listed = machi("template", "list", "--json").json["templates"]
    assert {"name": "tax_due", "languages": ["ja", "ja-easy", "en"]} in listed
    assert "due_date" in machi("template", "show", "tax_due").out
    preview = machi(
        "template", "preview", "tax_due", "--language", "en", "--set", "due_date=2027-01-04", "--json"
    ).json
    assert "Jan 4" in preview["messages"]["en"][0]["text"]
    assert "やさしい日本語 (ja-easy)" in machi("template", "preview", "tax_due").out


def test_a_town_without_faults_and_one_with_each_named(
    machi: Machi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert machi("town", "check", "--json").json == {"faults": [], "warnings": []}
    (tmp_path / "town").mkdir()
    monkeypatch.setenv("MACHI_TOWN", str(tmp_path / "town"))
    said = machi("town", "check")
    assert said.status == 1
    assert "town.toml" in said.out
    said = machi("segment", "count", "all")
    assert said.status == 1
    assert "town.toml" in said.err


# ---- schedule ----


def test_coming_notices_tell_when_what_to_whom_and_to_how_many(
    machi: Machi, people: list[dict[str, Any]]
) -> None:
    coming = machi("schedule", "next", "--count", "40", "--json").json["occurrences"]
    assert [item["at"] for item in coming] == sorted(item["at"] for item in coming)
    taxes = [item for item in coming if item["notice"] == "tax-due"]
    assert {"at", "notice", "title", "segment", "template", "recipients", "context"} <= set(taxes[0])
    fixed = next(item for item in taxes if item["context"]["tax"] == "固定資産税")
    assert fixed["at"] == "2026-11-29T09:00:00+09:00"
    assert (fixed["context"]["base_date"], fixed["context"]["due_date"]) == ("2026-11-30", "2026-11-30")
    assert fixed["recipients"] == 1
    assert len(machi("schedule", "list", "--json").json["notices"]) >= 8


def test_a_year_is_rehearsed_and_nothing_is_sent(machi: Machi, people: list[dict[str, Any]]) -> None:
    year = machi("rehearse", "--from", "2026-12-01", "--to", "２０２７-11-30", "--json").json["occurrences"]
    assert year[0]["at"] >= "2026-12-01"
    assert year[-1]["at"] < "2027-12-01"
    checkup = next(item for item in year if item["context"].get("birth_month") == "2026-08")
    assert checkup["recipients"] == 1
    december = [i for i in year if i["notice"] == "tax-due" and i["context"]["base_date"] == "2027-01-31"]
    assert {item["context"]["due_date"] for item in december} == {"2027-02-01"}
    assert machi("broadcast", "list", "--json").json == {"broadcasts": []}
    assert "ありません" in machi("rehearse", "--from", "2026-11-28", "--to", "2026-11-28").out


def test_a_rehearsal_tells_what_is_said_in_every_language_and_in_short(
    machi: Machi, people: list[dict[str, Any]]
) -> None:
    span = ("--from", "2026-12-25", "--to", "2026-12-25")
    found = machi("rehearse", *span, "--json").json
    bus = next(item for item in found["occurrences"] if item["notice"] == "bus-new-year")
    assert set(bus["messages"]) == {"ja", "ja-easy", "en"}
    assert "12月31日" in bus["messages"]["ja"][0]["text"]
    assert (bus["recipients"], bus["held_until"], bus["fault"]) == (1, None, None)
    assert found["residents"] == 2
    row = next(line for line in machi("rehearse", *span).out.splitlines() if "bus-new-year" in line)
    assert "【バスのお知らせ】" in row
    assert row.endswith("…")


def test_a_rehearsal_is_written_as_page_and_calendar(machi: Machi, tmp_path: Path) -> None:
    html, ics = tmp_path / "年.html", tmp_path / "年.ics"
    span = ("--from", "2026-12-01", "--to", "2026-12-31")
    said = machi("rehearse", *span, "--html", str(html), "--ics", str(ics))
    assert (said.status, said.err) == (0, "")
    assert [line.removesuffix(" に書きました。") for line in said.out.splitlines()] == [str(ics), str(html)]
    assert "2026年12月1日(火)から2026年12月31日(木)まで" in html.read_text("utf-8")
    assert ics.read_bytes().startswith(b"BEGIN:VCALENDAR")
    nowhere = machi("rehearse", *span, "--html", str(tmp_path))
    assert (nowhere.status, nowhere.out) == (2, "")
    assert "に書けません" in nowhere.err


def test_why_a_resident_does_or_does_not_get_a_notice(machi: Machi, people: list[dict[str, Any]]) -> None:
    gets = machi("schedule", "why", B, "tax-due", "--json").json
    assert gets["gets_it"]
    assert gets["next_for_resident"]["at"] == "2026-11-29T09:00:00+09:00"
    assert [each["holds"] for each in gets["next_for_resident"]["conditions"]] == [True, True]
    assert gets["last"] is None
    said = machi("schedule", "why", B, "tax-due").out
    assert "届きます。次は 2026-11-29 09:00「固定資産税 第4期の納期限」です。" in said
    assert "○ 分野に「税」がある(登録: 税、バス)" in said
    assert "前回: まだ一度も送っていません。" in said

    barred = machi("schedule", "why", A, "tax-due", "--json").json
    assert (barred["gets_it"], barred["next_for_resident"]) == (False, None)
    said = machi("schedule", "why", A, "tax-due").out
    assert said.startswith("届きません。")
    assert "× 分野に「税」がある(登録: 子育て、防災)" in said
    assert "(登録: なし)" in said

    stopped = machi("schedule", "why", C, "garbage-day")
    assert stopped.out.startswith("配信停止中なので、何も届きません。")
    assert not machi("schedule", "why", C, "garbage-day", "--json").json["gets_it"]


def test_why_of_a_child_waits_for_the_month_in_which_it_is_old_enough(
    machi: Machi, people: list[dict[str, Any]]
) -> None:
    found = machi("schedule", "why", A, "health-check-9-months", "--json").json
    assert found["next_for_resident"]["at"] == "2027-05-01T10:00:00+09:00"
    assert not found["next"]["reaches"]


@pytest.mark.parametrize(
    ("resident", "notice", "near"),
    [(A, "tax-deu", "「tax-due」ではありませんか。"), (A[:-1], "tax-due", f"「{A}」ではありませんか。")],
)
def test_why_offers_the_nearest_name(
    machi: Machi, people: list[dict[str, Any]], resident: str, notice: str, near: str
) -> None:
    said = machi("schedule", "why", resident, notice)
    assert (said.status, said.out) == (1, "")
    assert near in said.err
    assert len(said.err.splitlines()) == 1


# ---- broadcasts ----


def new(machi: Machi, *options: str) -> str:
    said = machi(
        "broadcast",
        "new",
        "--title",
        "断水",
        "--text",
        "断水します",
        "--segment",
        "all",
        "--as",
        "clerk",
        "--json",
        *options,
    )
    return str(said.json["id"])


def test_the_life_of_a_broadcast(machi: Machi, people: list[dict[str, Any]]) -> None:
    number = new(machi)
    shown = machi("broadcast", "show", number, "--json").json
    assert {
        k: shown[k]
        for k in ("id", "title", "state", "segment", "priority", "author", "approver", "recipients")
    } == {
        "id": int(number),
        "title": "断水",
        "state": "draft",
        "segment": "all",
        "priority": "normal",
        "author": "clerk",
        "approver": None,
        "recipients": 2,
    }
    assert "断水します" in machi("broadcast", "preview", number).out
    refused = machi("broadcast", "send", number, "--as", "clerk")
    assert (refused.status, "承認" in refused.err) == (1, True)
    refused = machi("broadcast", "approve", number, "--as", "clerk")
    assert (refused.status, "自分の配信" in refused.err) == (1, True)
    assert machi("--as", "chief", "broadcast", "approve", number, "--json").json["state"] == "approved"
    assert machi("broadcast", "approve", number, "--as", "chief").status == 1
    assert machi("broadcast", "send", number, "--as", "clerk", "--json").json["state"] == "scheduled"
    assert machi("broadcast", "send", number, "--as", "clerk").status == 1
    report = machi("broadcast", "report", number, "--json").json
    assert {
        k: report[k]
        for k in ("recipients", "accepted", "failed", "unknown", "pending", "requests", "reasons")
    } == {
        "recipients": 0,
        "accepted": 0,
        "failed": 0,
        "unknown": 0,
        "pending": 0,
        "requests": 0,
        "reasons": [],
    }
    assert machi("broadcast", "cancel", number, "--as", "clerk", "--json").json["state"] == "cancelled"
    assert machi("broadcast", "cancel", number, "--as", "clerk").status == 1
    actions = [
        deed["action"] for deed in machi("audit", "--since", "2026-11-24 00:00", "--json").json["deeds"]
    ]
    assert actions[-4:] == ["broadcast.new", "broadcast.approve", "broadcast.schedule", "broadcast.cancel"]


def test_a_broadcast_with_a_time_is_scheduled_by_its_approval(machi: Machi) -> None:
    number = new(machi, "--at", "２０２６-11-25 ９:00", "--priority", "urgent", "--drill")
    approved = machi("broadcast", "approve", number, "--as", "chief", "--json").json
    assert (approved["state"], approved["scheduled_at"], approved["priority"]) == (
        "scheduled",
        "2026-11-25T09:00:00+09:00",
        "urgent",
    )
    text = machi("broadcast", "preview", number, "--json").json["messages"]["ja"][0]["text"]
    assert text.startswith("【訓練】")
    assert text.endswith("【訓練】")


def test_a_template_becomes_a_message_in_every_language_it_is_written_in(machi: Machi) -> None:
    arguments = [
        "--title",
        "断水",
        "--template",
        "water_outage",
        "--segment",
        "district = 谷地中部",
        "--as",
        "clerk",
    ]
    variables = ["area=谷地中部", "date=2026-12-02", "from=10:00", "until=15:00", "reason=工事"]
    options = [part for variable in variables for part in ("--set", variable)]
    number = str(machi("broadcast", "new", *arguments, *options, "--json").json["id"])
    messages = machi("broadcast", "preview", number, "--json").json["messages"]
    assert {"ja", "ja-easy", "en"} <= set(messages)
    assert "Yachi Chubu" in messages["en"][0]["text"]


def test_staff_comes_from_the_environment_unless_named(machi: Machi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MACHI_STAFF", "desk")
    number = str(
        machi("broadcast", "new", "--title", "x", "--text", "y", "--segment", "all", "--json").json["id"]
    )
    assert machi("broadcast", "show", number, "--json").json["author"] == "desk"
    assert machi("broadcast", "approve", number).status == 1
    assert machi("broadcast", "approve", number, "--as", "chief").status == 0


async def test_a_trial_goes_to_one_person_whatever_the_state(
    machi: Machi, people: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with line_simulator() as line:
        await trial(line, machi, monkeypatch)


async def trial(line: Simulator, machi: Machi, monkeypatch: pytest.MonkeyPatch) -> None:
    line.add_user(B)
    monkeypatch.setenv("LINE_API_BASE", line.base_url)
    monkeypatch.setenv("LINE_CHANNEL_SECRET", SECRET)
    monkeypatch.setenv("LINE_CHANNEL_ACCESS_TOKEN", TOKEN)
    number = await asyncio.to_thread(new, machi)
    said = await asyncio.to_thread(machi, "broadcast", "test", number, "--to", B, "--as", "clerk", "--json")
    assert said.json["to"] == B
    assert [entry.text for entry in line.heard(B)] == ["断水します"]
    assert (
        await asyncio.to_thread(machi, "broadcast", "test", number, "--to", "me", "--as", "clerk")
    ).status == 2
    channel = await asyncio.to_thread(machi, "channel", "--json")
    assert channel.json["quota"] is None


def test_the_help_loads_neither_the_web_server_nor_the_sdk() -> None:
    code = "import sys, bot.cli; bot.cli.main(['--help']); print(sorted({'aiohttp', 'linebot', 'apscheduler', 'jinja2', 'rich'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_reference_names_every_command_and_no_other() -> None:
    described = set(
        re.findall(
            r"^### `machi ([a-z -]+?)(?: [A-Z\[<-].*)?`",
            (ROOT / "docs/cli.md").read_text("utf-8"),
            re.MULTILINE,
        )
    )
    commands = {
        path.removeprefix("machi ")
        for path, context in contexts().items()
        if not isinstance(context.command, click.Group)
    }
    assert described == commands


def test_a_town_without_a_news_feed_is_told_so(machi: Machi) -> None:
    assert machi("news", "status", "--json").json == {"address": None}
    assert "news.toml がありません" in machi("news", "status").out
    assert machi("news", "list", "--json").json == {"articles": []}
    assert machi("news", "list").out == "まだ記事はありません。\n"


def test_a_public_address_that_is_none_is_one_clear_fault(
    machi: Machi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MACHI_PUBLIC_URL", "push.example.jp")
    said = machi("news", "list")
    assert said.status == 1
    assert said.err.startswith("MACHI_PUBLIC_URL は https://push.example.jp のように")
