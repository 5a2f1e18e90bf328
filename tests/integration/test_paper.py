"""The sheet of paper and the loudspeakers' script through the command line, on a real database."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from bot.cli import main
from bot.rendering.script import DRILL

ROOT = Path(__file__).parents[2]
ISSUE = [
    "order",
    "issue",
    "--as",
    "clerk",
    "--level",
    "4",
    "--hazard",
    "洪水",
    "--district",
    "溝延",
    "--district",
    "谷地中部",
]
REASON = "最上川の水位が、5.2mに達しました。"


class Said(NamedTuple):
    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert (self.status, self.err) == (0, ""), self
        return json.loads(self.out)

    @property
    def lines(self) -> list[str]:
        assert self.status == 0, self
        return self.out.splitlines()


Machi = Callable[..., Said]


@pytest.fixture
def town(tmp_path: Path) -> Path:
    """Kahoku, whose list of shelters also says how one is read and for whom it is."""
    folder = tmp_path / "town"
    shutil.copytree(ROOT / "towns" / "kahoku", folder)
    shelters = folder / "shelters.csv"
    text = shelters.read_text("utf-8-sig")
    named = text.replace(",谷地中部小学校,,", ",谷地中部小学校,ヤチチュウブショウガッコウ,")
    lines = [
        line.removesuffix(",,") + ",所岡町内会," if ",谷地中部小学校," in line else line
        for line in named.splitlines()
    ]
    shelters.write_text("\n".join(lines) + "\n", "utf-8")
    return folder


@pytest.fixture
def machi(
    tmp_path: Path, town: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Machi:
    for name in ("LINE_CHANNEL_SECRET", "LINE_CHANNEL_ACCESS_TOKEN", "LINE_API_BASE", "MACHI_STAFF"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MACHI_DATABASE_URL", f"sqlite:///{tmp_path / 'machi.db'}")
    monkeypatch.setenv("MACHI_TOWN", str(town))
    monkeypatch.setenv("MACHI_CLOCK", "2026-07-29T15:10:00+09:00")

    def run(*arguments: str) -> Said:
        status = main(arguments)
        return Said(status, *capsys.readouterr())

    return run


class _Words(HTMLParser):
    """The words of a page, its readings apart."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.readings: list[str] = []
        self.tags: list[str] = []
        self._in: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)
        if tag != "meta":
            self._in.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self._in.pop()

    def handle_data(self, data: str) -> None:
        if "rt" in self._in:
            self.readings.append(data)
        elif "style" not in self._in:
            self.text += data


def page(document: str) -> _Words:
    words = _Words()
    words.feed(document)
    return words


def issued(machi: Machi, *options: str) -> int:
    number: int = machi(*ISSUE, "--reason", REASON, *options, "--json").json["id"]
    assert machi("order", "approve", str(number), "--as", "chief").status == 0
    return number


def test_an_order_on_paper_says_what_line_said(machi: Machi, tmp_path: Path) -> None:
    machi("shelter", "open", "谷地中部小学校", "河北中学校", "天満農村公園", "--as", "clerk")
    machi("shelter", "open", "元泉農村公園", "--as", "clerk")  # not fit for floods
    made = machi(*ISSUE, "--reason", REASON, "--json").json
    approved = machi("order", "approve", "1", "--as", "chief")
    assert "machi order sheet 1" in approved.out
    assert "machi order script 1" in approved.out
    file = tmp_path / "紙.html"
    done = machi("order", "sheet", "1", "--output", str(file))
    assert (done.status, done.err) == (0, "")
    document = file.read_text("utf-8")
    words = page(document)
    sent = machi("broadcast", "preview", str(made["broadcast"]), "--json").json["messages"]
    chat = ("https://", "このトーク", "「避難所」", "「安否」", '"Shelters"')
    for language in ("ja", "ja-easy", "en"):
        for message in (each for each in sent[language] if each["type"] == "text"):
            for line in message["text"].splitlines()[1:]:
                told = re.sub(r"^【.*】|^(対象|災害): |^・|:$|\([ぁ-ん]+\)", "", line)
                if any(word in line for word in chat):
                    assert line not in words.text
                else:
                    assert all(part in words.text for part in re.split("[、 ]", told)), line
    for site in ("谷地中部小学校", "河北中学校", "天満農村公園", "谷地字所岡73", "所岡町内会"):
        assert site in words.text
    assert "元泉農村公園" not in words.text
    assert {"ひなんしじ", "かほくちょう", "みぞのべ", "やちちゅうぶしょうがっこう"} <= set(words.readings)
    assert "2026年7月29日(水) 午後3時10分 発表" in words.text
    assert "見本" not in words.text
    assert not {"script", "link", "img", "iframe"} & set(words.tags)
    assert "url(" not in document
    assert "http" not in document


def test_every_open_shelter_is_on_paper_though_line_names_eight(machi: Machi) -> None:
    listed = machi("shelter", "list", "--hazard", "洪水", "--json").json["shelters"][:12]
    machi("shelter", "open", *[each["id"] for each in listed], "--as", "clerk")
    issued(machi)
    text = page(machi("order", "sheet", "1").out).text
    first = text.partition("English")[0]
    assert all(each["name"] in first for each in listed)
    assert "ほかに" not in first


def test_before_approval_both_are_samples(machi: Machi) -> None:
    machi(*ISSUE)
    assert "承認前の見本" in page(machi("order", "sheet", "1").out).text
    assert machi("order", "script", "1").lines[0].startswith("［承認前の見本")
    assert machi("order", "sheet", "1", "--json").json["approved"] is False
    machi("order", "cancel", "1", "--as", "clerk")
    refused = machi("order", "sheet", "1")
    assert (refused.status, refused.err) == (1, "避難情報 1 は取り消されています。\n")


def test_the_script_is_read_as_it_is_said(machi: Machi) -> None:
    machi("shelter", "open", "谷地中部小学校", "河北中学校", "--as", "clerk")
    issued(machi)
    lines = machi("order", "script", "1").lines
    assert lines[:9] == [
        "こちらは、かほくちょうです。",
        "かほくちょうの避難情報。",
        "緊急のお知らせ。",
        "けいかいレベル、よん、避難指示。",
        "対象は、みぞのべ、やちちゅうぶです。",
        "災害は、洪水です。",
        "最上川の水位が、ごてんにメートルに達しました。",
        "危険な場所にいる方は、全員避難してください。",
        "外へ出るほうが危険なときは、建物の にかい以上の、",
    ]
    assert "やちちゅうぶしょうがっこう。" in lines
    assert "ぜろにーさんなな の ななさん の にーいちいちいちです。" in lines
    again = lines.index("くりかえします。")
    assert lines[1:again] == lines[again + 1 : -1]
    assert max(map(len, lines)) <= 40
    data = machi("order", "script", "1", "--json").json
    assert [line["text"] for line in data["lines"]] == lines
    assert (data["order"], data["deed"], data["approved"], data["warnings"]) == (1, "issue", True, [])


def test_narrowing_and_lifting_have_sheets_and_scripts_of_their_own(machi: Machi) -> None:
    issued(machi)
    machi("order", "narrow", "1", "--district", "溝延", "--as", "clerk")
    assert "対象が変わりました" not in machi("order", "sheet", "1").out  # nobody has approved that yet
    machi("order", "approve", "1", "--as", "chief")
    narrowed = page(machi("order", "sheet", "1").out).text
    assert "対象が変わりました" in narrowed
    assert "解除した地区: 谷地中部" in narrowed
    assert "解除した地区は、やちちゅうぶです。" in machi("order", "script", "1").lines
    machi("order", "lift", "1", "--as", "clerk")
    machi("order", "approve", "1", "--as", "chief")
    assert "解除しました" in page(machi("order", "sheet", "1").out).text
    assert (
        "みぞのべに出していた、洪水のけいかいレベル、よん、避難指示を解除しました。"
        in machi("order", "script", "1").lines
    )


def test_the_script_of_what_no_longer_holds_says_so(machi: Machi, tmp_path: Path) -> None:
    issued(machi)
    with closing(sqlite3.connect(tmp_path / "machi.db")) as database, database:
        database.execute("UPDATE broadcasts SET state = 'done'")  # it has reached everyone
    machi("order", "lift", "1", "--as", "clerk")
    machi("order", "approve", "1", "--as", "chief")
    first = machi("broadcast", "script", "1")
    assert "対象は、みぞのべ、やちちゅうぶです。" in first.lines
    assert first.err == "注意: 避難情報 1 は、いまは発令中ではありません。\n"


def test_what_the_lifting_overtook_is_not_read_out(machi: Machi) -> None:
    issued(machi)
    machi("order", "lift", "1", "--as", "clerk")
    machi("order", "approve", "1", "--as", "chief")
    assert machi("broadcast", "script", "1") == (1, "", "配信 1 は取り消されています。\n")


def test_a_shelter_that_is_full_by_now_is_told_to_the_clerk(machi: Machi) -> None:
    machi("shelter", "open", "谷地中部小学校", "--as", "clerk")
    issued(machi)
    machi("shelter", "full", "谷地中部小学校", "--as", "clerk")
    said = machi("order", "sheet", "1")
    assert said.err == "注意: 「谷地中部小学校」は、いまは満員です。\n"
    assert machi("order", "sheet", "1", "--json").json["warnings"] == [
        "「谷地中部小学校」は、いまは満員です。"
    ]


def test_a_drill_says_so_at_the_beginning_and_the_end(machi: Machi) -> None:
    issued(machi, "--drill")
    text = page(machi("order", "sheet", "1").out).text
    assert text.split("\n", 1)[1].strip().startswith("【訓練】")
    assert text.partition("DRILL")[0].count("【訓練】") >= 3  # the title, above and below the first page
    lines = machi("order", "script", "1").lines
    assert lines[0] == lines[-1] == DRILL
    assert lines[lines.index("くりかえします。") + 1] == DRILL


def test_what_clerks_write_is_no_html(machi: Machi) -> None:
    wicked = "<script>alert(1)</script>&amp;\"'<b>水位"
    issued(machi, "--reason", wicked, "--reason-easy", wicked, "--reason-en", wicked)
    words = page(machi("order", "sheet", "1").out)
    assert words.text.count(wicked) == 3
    assert not {"script", "b"} & set(words.tags)


def test_everyones_broadcast_is_parted_into_its_languages(machi: Machi) -> None:
    machi("shelter", "open", "谷地中部小学校", "--as", "clerk")
    issued(machi, "--everyone")
    text = page(machi("order", "sheet", "1").out).text
    first, english = text.split("English")
    assert "危ない 場所に いる人は、みんな いま にげてください。" in first
    assert "Everyone in a dangerous place" in english
    assert "────" not in text
    assert "中文" not in text
    assert "Everyone" not in machi("order", "script", "1").out


def test_languages_are_those_asked_for(machi: Machi) -> None:
    issued(machi)
    text = page(machi("order", "sheet", "1", "--language", "ja,zh,ko").out).text
    assert "避难指示" in text
    assert "피난 지시" in text
    assert "English" not in text
    assert "やさしい日本語" not in text
    refused = machi("order", "sheet", "1", "--language", "vi")
    assert refused.status == 1
    assert "「vi」の文はありません" in refused.err
    assert refused.err.count("\n") == 1


def test_the_siren_is_the_towns_and_only_for_the_highest_levels(machi: Machi, town: Path) -> None:
    issued(machi)
    assert machi("order", "script", "1", "--siren").lines[0] == "［サイレンを鳴らす(町の決まりのとおりに)］"
    with (town / "town.toml").open("a", encoding="utf-8") as file:
        file.write(
            '\n[loudspeakers]\nopening = "こちらは、ぼうさい、かほくちょうです。"\nsiren = "1分鳴らして5秒休む"\n'
        )
    lines = machi("order", "script", "1", "--siren").lines
    assert lines[:2] == ["［サイレン: 1分鳴らして5秒休む］", "こちらは、ぼうさい、かほくちょうです。"]
    low = ["order", "issue", "--as", "clerk", "--level", "3", "--hazard", "土砂災害", "--district", "西里"]
    machi(*low)
    refused = machi("order", "script", "2", "--siren")
    assert (refused.status, refused.err) == (1, "--siren は、警戒レベル4と5の発令だけに使えます。\n")


def test_a_water_outage_on_paper_and_aloud(machi: Machi) -> None:
    values = ["date=2026-11-20", "from=13:00", "until=15:30", "area=谷地中部", "reason=水道管の工事"]
    options = [part for value in values for part in ("--set", value)]
    machi(
        "broadcast",
        "new",
        "--as",
        "clerk",
        "--title",
        "断水",
        "--template",
        "water_outage",
        *options,
        "--segment",
        "all",
    )
    words = page(machi("broadcast", "sheet", "1").out)
    assert "断水のお知らせ" in words.text
    assert "11月20日(金) 13時から15時30分まで、谷地中部で水道が止まります。" in words.text
    assert "すいどう" in words.readings
    lines = machi("broadcast", "script", "1").lines
    assert lines[1:6] == [
        "こちらは、かほくちょうです。",
        "断水のお知らせ。",
        "じゅういちがつ はつか、金曜日、",
        "ごご いちじから ごご さんじ さんじゅっぷんまで、",
        "やちちゅうぶで水道が止まります。",
    ]
    assert "くりかえします。" not in lines


def test_what_differs_from_one_to_the_next_is_not_for_paper(machi: Machi, town: Path) -> None:
    template = town / "templates" / "outage"
    template.mkdir(parents=True)
    (template / "ja.txt.j2").write_text("{{ resident.district or '町内' }}は断水します。", "utf-8")
    draft = ["broadcast", "new", "--as", "clerk", "--title", "断水", "--segment", "all"]
    assert machi(*draft, "--template", "outage").status == 0
    for command in ("sheet", "script"):
        refused = machi("broadcast", command, "1")
        assert refused.status == 1
        assert "受け取る人ごとに" in refused.err


@pytest.mark.parametrize("what", ["order", "broadcast"])
def test_faults_are_one_line(machi: Machi, what: str, tmp_path: Path) -> None:
    for command in ("sheet", "script"):
        missing = machi(what, command, "7")
        assert (missing.status, missing.out) == (1, "")
        assert "7 はありません" in missing.err
    issued(machi)
    unwritable = machi(what, "sheet", "1", "--output", str(tmp_path / "no" / "such.html"))
    assert unwritable.status == 2
    assert "に書けません" in unwritable.err
