"""Numbers as they are read aloud: every irregular reading by hand, the rest by rules that must hold for any number."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rendering.counting_aloud import COUNTERS, LIMIT, number
from bot.rendering.read_aloud import named, numbers_read
from bot.rendering.script import BREATH, DRILL, Reading, script

READ = """
0 ぜろ|7 なな|10 じゅう|11 じゅういち|20 にじゅう|100 ひゃく|300 さんびゃく|600 ろっぴゃく|800 はっぴゃく
1000 せん|3000 さんぜん|8000 はっせん|10000 いちまん|12,345 いちまんにせんさんびゃくよんじゅうご|10000000 いっせんまん
11000000 いっせんひゃくまん|100000000 いちおく|99,999,999 きゅうせんきゅうひゃくきゅうじゅうきゅうまんきゅうせんきゅうひゃくきゅうじゅうきゅう
1人 ひとり|2人 ふたり|3人 さんにん|4人 よにん|7人 ななにん|14人 じゅうよにん|22人 にじゅうににん|100人 ひゃくにん
1階 いっかい|2階 にかい|3階 さんがい|4階 よんかい|6階 ろっかい|8階 はっかい|10階 じゅっかい
1本 いっぽん|2本 にほん|3本 さんぼん|4本 よんほん|6本 ろっぽん|7本 ななほん|8本 はっぽん|10本 じゅっぽん|100本 ひゃっぽん
1000本 せんぼん|1匹 いっぴき|3匹 さんびき|6杯 ろっぱい|3杯 さんばい|1泊 いっぱく|3泊 さんぱく|1班 いっぱん|3班 さんぱん
1回 いっかい|3回 さんかい|6回 ろっかい|8回 はっかい|10回 じゅっかい|300回 さんびゃっかい|20回 にじゅっかい
1日間 いちにちかん|2日間 ふつかかん|10日間 とおかかん|14日間 じゅうよっかかん|20日間 はつかかん|17日間 じゅうしちにちかん
1日 ついたち|2日 ふつか|3日 みっか|4日 よっか|5日 いつか|6日 むいか|7日 なのか|8日 ようか|9日 ここのか|10日 とおか
11日 じゅういちにち|14日 じゅうよっか|17日 じゅうしちにち|19日 じゅうくにち|20日 はつか|24日 にじゅうよっか
27日 にじゅうしちにち|29日 にじゅうくにち|31日 さんじゅういちにち|1日中 いちにち中|1日目 いちにち目|2日目 ふつか目
1月1日 いちがつ ついたち|4月4日 しがつ よっか|7月7日 しちがつ なのか|9月9日 くがつ ここのか|11月20日 じゅういちがつ はつか
2026-11-20 にせんにじゅうろくねん じゅういちがつ はつか|2026/4/1 にせんにじゅうろくねん しがつ ついたち|11/20 じゅういちがつ はつか
0時 れいじ|4時 よじ|7時 しちじ|9時 くじ|13時 ごご いちじ|14時 ごご にじ|17時 ごご ごじ|19時 ごご しちじ|21時 ごご くじ
15:10 ごご さんじ じゅっぷん|08:30 ごぜん はちじ さんじゅっぷん|0:00 ごぜん れいじ|12:00 しょうご|12:30 ごご れいじ さんじゅっぷん
24:00 よる じゅうにじ|午後3時半 ごご さんじはん|午前9時5分 ごぜん くじ ごふん|15時10分 ごご さんじ じゅっぷん|9時30分 くじ さんじゅっぷん
4時間 よじかん|7時間 しちじかん|9時間 くじかん|14時間 じゅうよじかん|24時間 にじゅうよじかん
1分 いっぷん|2分 にふん|3分 さんぷん|4分 よんぷん|5分 ごふん|6分 ろっぷん|7分 ななふん|8分 はっぷん|9分 きゅうふん|10分 じゅっぷん
10分間 じゅっぷんかん|3分の2 さんぶんのに|½ にぶんのいち|4年 よねん|7年 ななねん|9年 きゅうねん|令和8年度 令和 はちねんど|4年生 よねんせい
1か月 いっかげつ|3ヶ月 さんかげつ|6カ月 ろっかげつ|1か所 いっかしょ|8箇所 はっかしょ|1つ ひとつ|5つ いつつ|9つ ここのつ
1件 いっけん|3軒 さんげん|6個 ろっこ|1歳 いっさい|8歳 はっさい|20歳 はたち|21歳 にじゅういっさい|1世帯 いっせたい|10世帯 じゅっせたい
4円 よえん|1,000円 せんえん|14円 じゅうよえん|1丁目 いっちょうめ|2丁目 にちょうめ|3番地 さんばんち|5号 ごごう|1組 ひとくみ|3組 さんくみ
1台 いちだい|3枚 さんまい|3倍 さんばい|7割 しちわり|9割 きゅうわり|1週間 いっしゅうかん|1冊 いっさつ|2箱 ふたはこ|1通 いっつう
第1回 だいいっかい|第4期 だいよんき|第3 だいさん|1番 いちばん|2通り ふたとおり
50mm ごじゅうミリ|5mm ごミリ|3.5m さんてんごメートル|10m じゅうメートル|6km ろっキロ|10km じゅっキロ|1cm いっセンチ|20㎡ にじゅうへいほうメートル
38℃ さんじゅうはちど|-5℃ マイナスごど|▲3℃ マイナスさんど|10% じゅっパーセント|80％ はちじゅっパーセント|1トン いっトン|2kg にキログラム
0.5 れいてんご|1.5倍 いってんごばい|10.25 じゅってんにご|980hPa きゅうひゃくはちじゅうヘクトパスカル
50mm/h いちじかんに ごじゅうミリ|20m/s びょうそく にじゅうメートル|60km/h じそく ろくじゅっキロ
震度5弱 しんど ごじゃく|震度5強 しんど ごきょう|震度６弱 しんど ろくじゃく|震度7 しんど なな|震度4 しんど よん
警戒レベル3 けいかいレベル、さん|警戒レベル４ けいかいレベル、よん
0237-73-2111 ぜろにーさんなな の ななさん の にーいちいちいち|090-1234-5678 ぜろきゅうぜろ の いちにーさんよん の ごーろくななはち
0237732111 ぜろにーさんななななさんにーいちいちいち|119番 ひゃくじゅうきゅうばん|110番 ひゃくとおばん|171 いちなないち
〒999-3511 郵便番号 きゅうきゅうきゅう の さんごーいちいち|1-7-1 いち の なな の いち|12-3 じゅうに の さん|007 ぜろぜろなな
8時-10時 はちじから、じゅうじ|10:00-11:30 ごぜん じゅうじから、ごぜん じゅういちじ さんじゅっぷん|99:99 きゅうじゅうきゅう たい きゅうじゅうきゅう
13/45 じゅうさん の よんじゅうご|あす10時から あす じゅうじから|２階以上 にかい以上|٣人 さんにん|② に
"""
VECTORS = [pair.split(" ", 1) for line in READ.strip().splitlines() for pair in line.split("|")]


@pytest.mark.parametrize(("written", "read"), VECTORS, ids=[written for written, _ in VECTORS])
def test_as_an_announcer_reads_it(written: str, read: str) -> None:
    assert numbers_read(written) == read


_PARTS = {
    "いち": 1, "に": 2, "さん": 3, "よん": 4, "ご": 5, "ろく": 6, "なな": 7, "はち": 8, "きゅう": 9, "ろっ": 6, "はっ": 8, "いっ": 1,
    "じゅう": 10, "ひゃく": 100, "びゃく": 100, "ぴゃく": 100, "せん": 1000, "ぜん": 1000, "まん": 10**4, "おく": 10**8,
}  # fmt: skip
_PART = re.compile("|".join(sorted(_PARTS, key=len, reverse=True)))


def understood(reading: str) -> int:
    """What somebody who hears the reading writes down."""
    if reading == "ぜろ":
        return 0
    total = group = digit = 0
    assert "".join(_PART.findall(reading)) == reading
    for part in _PART.findall(reading):
        value = _PARTS[part]
        if value < 10:
            digit = value
        elif value < 10**4:
            group, digit = group + (digit or 1) * value, 0
        else:
            total, group, digit = total + (group + digit) * value, 0, 0
    return total + group + digit


@given(st.integers(0, 99_999_999) | st.integers(0, LIMIT - 1))
def test_every_number_is_read_so_that_it_is_understood(value: int) -> None:
    assert understood(number(value)) == value  # so no two numbers share a reading


def test_every_small_number_and_the_thousands_are_understood() -> None:
    for value in (*range(20_000), *range(0, 99_999_999, 9_973)):
        assert understood(number(value)) == value


def has_number(text: str) -> bool:
    return any(unicodedata.category(sign) == "Nd" for sign in text)


@given(st.sampled_from(sorted(COUNTERS)), st.integers(0, 10**13))
def test_everything_is_counted(unit: str, value: int) -> None:
    read = numbers_read(f"{value}{unit}")
    assert read
    assert not has_number(read)


SIGNS = "0123456789０１２３.,:/-〜~ー年月日時分人本回℃%mkhs震度弱強警戒レベル第午前午後半番()（）【】「」・ \n。、あ河😀③½²⁴٣४"
LINES = st.text(st.sampled_from(SIGNS), max_size=60) | st.text(max_size=60)


@given(LINES)
def test_no_digit_is_left_whatever_is_written(text: str) -> None:
    assert not has_number(numbers_read(text))


@given(LINES, st.booleans(), st.booleans())
def test_a_script_has_no_digits_no_emoji_and_no_brackets(text, drill, urgent) -> None:
    lines = script(Reading(text, "こちらは、かほくちょうです。", drill=drill, urgent=urgent))
    said = "".join(line.text for line in lines)
    assert not has_number(said)
    assert not set(said) & set("()（）【】「」[]［］😀#*")
    assert not any(unicodedata.category(sign) in {"So", "Co", "Cs", "Cf"} for sign in said)
    texts = [line.text for line in lines]
    assert (texts[0] == texts[-1] == DRILL) is drill


@given(
    st.lists(st.text(st.sampled_from("あいう漢字"), min_size=1, max_size=BREATH - 2), min_size=1, max_size=8)
)
def test_a_line_is_as_short_as_its_pauses_allow(parts: list[str]) -> None:
    lines = [line.text for line in script(Reading("、".join(parts), "始め。"))][1:-1]
    assert all(len(line) <= BREATH for line in lines)
    assert "".join(lines) == "、".join(parts) + "。"


def said(text: str, **options: object) -> list[str]:
    return [str(line) for line in script(Reading(text, "始め。", **options))][1:-1]  # type: ignore[arg-type]


def test_fields_headings_lists_and_links_become_sentences() -> None:
    text = "【断水のお知らせ】\n日時: 11月20日(金) 10:00〜15:00\n場所：溝延（一部）\n持ち物:\n・ポリタンク\n★給水袋\nTEL 0237-73-2111\nメール: a@example.jp\nhttps://town.example.jp/x?a=1\n詳しくは https://other.example/ へ。"
    assert said(text, website="https://town.example.jp/") == [
        "断水のお知らせ。",
        "日時は、じゅういちがつ はつか、金曜日、ごぜん じゅうじから、ごご さんじです。",
        "場所は、溝延、一部です。",
        "持ち物は、次のとおりです。",
        "ポリタンク。",
        "給水袋。",
        "電話、ぜろにーさんなな の ななさん の にーいちいちいち。",
        "くわしくは、町のホームページをごらんください。",
        "詳しくはホームページへ。",
    ]


def test_what_is_urgent_is_read_twice_and_a_drill_says_so_each_time() -> None:
    lines = [
        str(line)
        for line in script(
            Reading("避難してください。", "始め。", drill=True, urgent=True, directions=["見本"])
        )
    ]
    body = "避難してください。"
    assert lines == ["［見本］", DRILL, "始め。", body, "くりかえします。", DRILL, body, "始め。", DRILL]


def test_names_are_read_longest_first_and_one_character_is_no_name() -> None:
    readings = {"溝延": "みぞのべ", "溝延小学校": "みぞのべしょうがっこう", "東": "ひがし", "西里": ""}
    assert (
        named("溝延小学校と溝延、東日本、西里", readings) == "みぞのべしょうがっこうとみぞのべ、東日本、西里"
    )
