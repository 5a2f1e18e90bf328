"""Telegrams read as a careful reader reads them: JMA's samples, each for a town that it names, and what goes wrong."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.jma.reading import READERS, read
from bot.jma.values import Hazard, NotUnderstood, Places, Telegram
from bot.telegrams.feed import Entry, is_wanted
from tests.jma_telegrams import (
    KAHOKU,
    SAMPLES,
    cancelled,
    earthquake,
    flood,
    moment,
    rain,
    report,
    shaking,
    warnings,
)

WAKKANAI = Places("0121400", "011011", "011000", "011000")
SARUFUTSU = Places("0151100", "011011", "011000", "011000")
MATSUE = Places("3220100", "320011", "320010", "320000")
SHIMONOSEKI = Places("3520100", "350011", "350010", "350000")
ODAWARA = Places("1420600", "140022", "140020", "140000")
HAKONE = Places("1438200", "140022", "140020", "140000")
YOKOHAMA_NORTH = Places("1410011", "140011", "140010", "140000")
SAPPORO = Places("0110000", "016011", "016010", "016000")
YUBARI = Places("0120900", "016021", "016020", "016000")
SAITAMA = Places("1110000", "110011", "110010", "110000")
CHICHIBU = Places("1120700", "110030", "110030", "110000")
FUNABASHI = Places("1220400", "120011", "120010", "120000")
BIHORO = Places("0154300", "013011", "013010", "013000")
TSUBETSU = Places("0154400", "013011", "013010", "013000")
KANEGASAKI = Places("0338100", "", "", "030000", "213")
OKURA = Places("0636500", "060040", "060040", "060000", "241")
ON_THE_RIVER = Places("0000000", "x", "x", "990000")
NOT_ON_IT = Places("9999999", "x", "x", "980000")

AT = moment("2026-07-28T19:20:00")

TABLE = [
    # sample, type, town, sender, what is in force there, why
    ("15_16_03_241226_VPWW55", WAKKANAI, [("大雨", 4, "レベル４大雨危険警報", False)], "発表 of a higher code than LastKind"),
    ("15_16_01_241031_VPWW56", WAKKANAI, [("土砂災害", 4, "レベル４土砂災害危険警報", False)], "09 -> 49 is a switch up"),
    ("15_16_01_241031_VPWW56", SARUFUTSU, [("土砂災害", 3, "レベル３土砂災害警報", False)], "継続 is in force"),
    ("15_16_06_241226_VPWW60", WAKKANAI, [("大雪", 3, "大雪警報", False)], "without a level, 警報 is the third"),
    ("15_16_07_250630_VPWW61", WAKKANAI, [("雷", 2, "雷注意報", False)], "one of the others"),
    ("15_17_01_250123_VPWW54", MATSUE, [("大雨", 3, "大雨警報", False), ("雷", 2, "雷注意報", False), ("風", 2, "強風注意報", False)],
     "the transitional telegram has all in one; its 洪水 is not for this town; 波浪 is at sea"),
    ("15_11_01_150916_VPWW54", SHIMONOSEKI, [("乾燥", 2, "乾燥注意報", False), ("霜", 2, "霜注意報", False)], "高潮 is at sea"),
    ("16_01_01_220728_VXKOii", ON_THE_RIVER, [("氾濫", 2, "氾濫注意情報", True)], "the town stands in CityCode of a gauge"),
    ("16_01_01_220728_VXKOii", NOT_ON_IT, [], "other towns are listed, this one is not"),
    ("17_04_01_250630_VXWW50", ODAWARA, [("土砂災害", 4, "レベル４土砂災害危険警報", False)], "警戒 (3) is level 4"),
    ("17_04_01_250630_VXWW50", HAKONE, [], "なし (0)"),
    ("17_04_02_250630_VXWW50", ODAWARA, [("土砂災害", 4, "レベル４土砂災害危険警報", False)], "継続"),
    ("17_04_02_250630_VXWW50", HAKONE, [("土砂災害", 4, "レベル４土砂災害危険警報", False)], "new in the second telegram"),
    ("17_04_01_250630_VXWW50", YOKOHAMA_NORTH, [], "a part of a town with a code of its own"),
    ("18_03_01_190412_VPOA50", SAPPORO, [("記録的短時間大雨", 2, "記録的短時間大雨情報", True)], "only 一次細分区域 have codes"),
    ("18_03_01_190412_VPOA50", YUBARI, [], "空知地方: なし"),
    ("19_10_03_250630_VPHW50", SAITAMA, [("竜巻", 4, "竜巻目撃", False)], "VPHW50, but title and text say that it was seen"),
    ("19_10_03_250630_VPHW50", CHICHIBU, [], "なし for this town"),
    ("19_10_04_250630_VPHW51", SAITAMA, [("竜巻", 4, "竜巻目撃", False)], "somebody saw it"),
    ("82_01_01_241031_VPBS50", FUNABASHI, [("線状降水帯", 4, "線状降水帯発生", True)], "by 一次細分区域: wide"),
    ("82_01_02_250630_VPBS50", BIHORO, [("記録的短時間大雨", 4, "記録的短時間大雨", False)], "the body names the town's code"),
    ("82_01_02_250630_VPBS50", TSUBETSU, [("記録的短時間大雨", 2, "記録的短時間大雨", True)], "another town of the same area"),
    ("57_03_01_240401_VPFT50", SAITAMA, [("熱中症", 3, "熱中症警戒アラート", True)], "no code within: the sender's tells the prefecture"),
    ("57_03_01_240401_VPFT50", KAHOKU, [], "another prefecture's office"),
    ("32-35_08_04_100915_VXSE51", KAHOKU, [("地震", 3, "震度3", True)], "region 242 has 3; the town's value is not in"),
    ("32-35_08_08_240613_VXSE53", KAHOKU, [("地震", 2, "震度2", False)], "the town has 2 where its region had 3"),
    ("32-35_06_03_240613_VXSE53", KAHOKU, [("地震", 4, "震度4", False)], "河北町 0632100"),
    ("32-35_06_03_240613_VXSE53", KANEGASAKI, [("地震", 5, "震度5弱以上(未入電)", False)], "no MaxInt: 未入電 counts as 5弱"),
    ("32-35_06_03_240613_VXSE53", OKURA, [("地震", 5, "震度5弱以上(未入電)", False)], "MaxInt 4, but a station is 未入電"),
    ("43_01_01_200522_VFVO52", KAHOKU, [], "information about a volcano far away"),
]  # fmt: skip


def sample(name: str) -> bytes:
    return (SAMPLES / f"{name}.xml").read_bytes()


def type_of(name: str) -> str:
    return name.rpartition("_")[2].replace("VXKOii", "VXKO52")


def told(what: Telegram | NotUnderstood) -> list[tuple[str, int, str, bool]]:
    assert isinstance(what, Telegram), what
    return [(c.hazard.value, int(c.rank), c.name, c.wide) for c in what.claims if c.rank]


@pytest.mark.parametrize(("name", "town", "claims", "why"), TABLE)
def test_each_sample_gives_what_a_careful_reader_gives(
    name: str, town: Places, claims: list[tuple[str, int, str, bool]], why: str
) -> None:
    assert told(read(sample(name), type_of(name), town, "110000")) == claims, why


NOT_READ = {
    "62_01_01_130412_VPNO50": "特別警報 again, without towns: VPWW55 to 61 say where",
    "79_01_01_210527_VFVO60": "whither the plume of a volcano drifts, every minute",
    "85(82)_02_01_250630_VPFJ51": "what forecasters expect of the coming days, for a prefecture",
}


@pytest.mark.parametrize("name", NOT_READ)
def test_samples_of_other_types_are_not_even_fetched(name: str) -> None:
    found = read(sample(name), type_of(name), KAHOKU, "060000")
    assert isinstance(found, NotUnderstood)
    entry = Entry(f"https://example.jp/data/{name}.xml", type_of(name), "060000", AT)
    assert not is_wanted(entry, KAHOKU, AT)


def test_the_tables_have_every_sample() -> None:
    cancellations = {"32-35_06_06_100915_VXSE53", "32-35_10_01_220510_VXSE51"}
    told_of = {row[0] for row in TABLE} | cancellations | NOT_READ.keys()
    assert {path.stem for path in SAMPLES.glob("*.xml")} == told_of


def test_both_telegrams_of_a_tornado_that_was_seen_say_the_same_and_one_that_was_not_says_less() -> None:
    """VPHW50 and VPHW51 of one moment are one series: whichever is read last must not change anything."""
    plain, seen = sample("19_10_03_250630_VPHW50"), sample("19_10_04_250630_VPHW51")
    assert claims(read(plain, "VPHW50", SAITAMA)) == claims(read(seen, "VPHW51", SAITAMA))
    unseen = plain.replace("竜巻目撃".encode(), "竜巻注意".encode()).replace("【目撃情報あり】".encode(), b"")
    assert told(read(unseen, "VPHW50", SAITAMA)) == [("竜巻", 3, "竜巻注意", False)]


def test_a_cancellation_has_no_area_and_takes_back_the_whole_earthquake() -> None:
    for name in ("32-35_06_06_100915_VXSE53", "32-35_10_01_220510_VXSE51"):
        found = read(sample(name), type_of(name), KAHOKU)
        assert isinstance(found, Telegram)
        assert (found.cancels, found.claims, found.concerns, found.whole_series) == (True, (), None, True)
    assert found.series == "VXSE51/20220509152315"


def test_control_is_utc_head_is_japanese_time_and_texts_stay_full_width() -> None:
    found = read(sample("15_16_01_241031_VPWW56"), "VPWW56", WAKKANAI)
    assert isinstance(found, Telegram)
    assert found.heading.sent == found.heading.reported
    assert found.heading.sent.utcoffset() == timedelta(0)
    assert found.heading.reported.utcoffset() == timedelta(hours=9)
    assert "レベル４" in found.heading.headline


def test_a_tornado_ends_when_it_says_and_a_bulletin_after_three_hours() -> None:
    tornado = read(sample("19_10_04_250630_VPHW51"), "VPHW51", SAITAMA)
    band = read(sample("82_01_01_241031_VPBS50"), "VPBS50", FUNABASHI)
    assert isinstance(tornado, Telegram)
    assert isinstance(band, Telegram)
    assert tornado.claims[0].until == datetime.fromisoformat("2015-07-17T10:30:00+09:00")
    assert band.claims[0].until == datetime.fromisoformat("2023-09-08T13:19:00+09:00")


def test_the_heat_alert_is_for_the_day_its_text_names() -> None:
    body = sample("57_03_01_240401_VPFT50")
    found = read(body, "VPFT50", SAITAMA, "110000")
    assert isinstance(found, Telegram)
    assert found.claims[0].until == datetime.fromisoformat("2024-08-12T00:00:00+09:00")
    assert found.claims[0].text.startswith("埼玉県では、今日（１１日）は")
    tomorrow = read(
        body.replace("今日（１１日）".encode(), "明日（１２日）".encode()), "VPFT50", SAITAMA, "110000"
    )
    assert isinstance(tomorrow, Telegram)
    assert tomorrow.claims[0].until == datetime.fromisoformat("2024-08-13T00:00:00+09:00")
    for wrong in (
        read(body, "VPFT50", SAITAMA, "010000"),
        read(body.replace("今日（１１日）".encode(), "今日（１日）".encode()), "VPFT50", SAITAMA, "110000"),
    ):
        assert isinstance(wrong, NotUnderstood)


@pytest.mark.parametrize("status", [
    "特別警報から危険警報", "特別警報から警報", "特別警報から注意報", "危険警報から警報", "危険警報から注意報", "警報から注意報",
])  # fmt: skip
def test_what_was_switched_down_is_still_in_force(status: str) -> None:
    assert told(read(rain(AT, 3, status), "VPWW55", KAHOKU)) == [("大雨", 3, "レベル３大雨警報", False)]


def test_lifted_and_none_are_not_in_force_but_tell_of_the_town() -> None:
    for body in (rain(AT, 0), warnings("VPWW55", AT)):
        found = read(body, "VPWW55", KAHOKU)
        assert isinstance(found, Telegram)
        assert (found.claims, found.concerns) == ((), True)
        assert Hazard.HEAVY_RAIN in found.covers


def test_without_a_block_for_towns_the_wider_area_is_marked() -> None:
    body = warnings("VPWW54", AT, ("06", "大雪警報", "発表"), town=False)
    assert told(read(body, "VPWW54", KAHOKU)) == [("大雪", 3, "大雪警報", True)]


UNFORESEEN = {
    "an unknown code": warnings("VPWW55", AT, ("53", "レベル５大雨危険警報", "発表")),
    "a code of another type": warnings("VPWW55", AT, ("09", "レベル３土砂災害警報", "発表")),
    "an unknown status": warnings("VPWW55", AT, ("03", "レベル３大雨警報", "延長")),
    "a name that does not fit its code": warnings("VPWW55", AT, ("03", "レベル４大雨危険警報", "発表")),
    "towns without ours": warnings("VPWW55", AT, ("03", "レベル３大雨警報", "発表")).replace(
        b"0632100", b"0632200"
    ),
    "another title": warnings("VPWW55", AT, ("03", "レベル３大雨警報", "発表"), title="府県天気予報"),
    "an unknown InfoType": rain(AT, 3, info="遅延"),
    "an unknown Status": rain(AT, 3).replace("<Status>通常".encode(), "<Status>通信".encode()),
    "no ReportDateTime": re.sub(rb"<ReportDateTime>.*?</ReportDateTime>", b"", rain(AT, 3)),
    "a time without zone": rain(AT, 3).replace(b"+09:00</ReportDateTime>", b"</ReportDateTime>"),
    "a time of another zone": rain(AT, 3).replace(b"+09:00</ReportDateTime>", b"+05:00</ReportDateTime>"),
    "a year that cannot be": rain(AT, 3).replace(b"2026", b"9026"),
    "no body": re.sub(rb"<Body.*</Body>", b"", rain(AT, 3), flags=re.DOTALL),
    "another document": b"<html><body>503</body></html>",
    "nothing": b"",
    "Shift_JIS": rain(AT, 3).decode().encode("cp932", "replace"),
    "UTF-16": rain(AT, 3).decode().encode("utf-16"),
    "a cut": rain(AT, 3)[:-200],
    "a DTD": rain(AT, 3).replace(b"<Report", b'<!DOCTYPE Report [<!ENTITY a "b">]><Report', 1),
    "an external entity": rain(AT, 3).replace(
        b"<Report", b'<!DOCTYPE r SYSTEM "file:///etc/passwd"><Report', 1
    ),
}


@pytest.mark.parametrize("name", UNFORESEEN)
def test_what_is_not_as_known_is_not_understood_and_says_why(name: str) -> None:
    found = read(UNFORESEEN[name], "VPWW55", KAHOKU)
    assert isinstance(found, NotUnderstood), name
    assert re.search(r"[ぁ-ん]", found.reason)


def test_a_type_that_is_not_read_says_so() -> None:
    assert isinstance(read(rain(AT, 3), "VPWW53", KAHOKU), NotUnderstood)


def test_a_billion_laughs_and_deep_nesting_are_refused_at_once() -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY l0 "lol">{laughs}]><Report>&l9;</Report>'.encode()
    deep = b"<Report>" + b"<a>" * 500_000 + b"</a>" * 500_000 + b"</Report>"
    large = b"<Report>" + b"x" * 5_000_000 + b"</Report>"
    for body in (bomb, deep, large):
        assert isinstance(read(body, "VPWW55", KAHOKU), NotUnderstood)


FLOODS = [
    ("20", "レベル２氾濫注意報", 2),
    ("30", "レベル３氾濫警報", 3),
    ("31", "レベル３氾濫警報", 3),
    ("40", "レベル４氾濫危険警報", 4),
    ("41", "レベル４氾濫危険警報", 4),
    ("51", "レベル５氾濫特別警報", 5),
    ("53", "レベル５氾濫特別警報", 5),
    ("21", "レベル２氾濫注意報", 2),  # not in the table of codes, but name and tens agree
]


@pytest.mark.parametrize(("code", "name", "rank"), FLOODS)
def test_a_river_has_the_level_of_its_code_and_name(code: str, name: str, rank: int) -> None:
    assert told(read(flood(AT, code, name), "VXKO52", KAHOKU)) == [("氾濫", rank, name, True)]


def test_the_parts_of_the_town_that_a_river_may_flood_are_named_as_such() -> None:
    found = read(flood(AT, "40", "レベル４氾濫危険警報"), "VXKO52", KAHOKU)
    assert isinstance(found, Telegram)
    assert found.claims[0].text.endswith("浸水想定地区:溝延、谷地")


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("40", "レベル３氾濫警報"),
        ("60", "レベル６"),
        ("22", "氾濫注意情報"),
        ("30", "氾濫警報解除"),
        ("1", "解除"),
        ("", ""),
    ],
)
def test_a_river_whose_code_and_name_disagree_is_not_understood(code: str, name: str) -> None:
    assert isinstance(read(flood(AT, code, name), "VXKO52", KAHOKU), NotUnderstood)


def test_a_lifting_names_no_town_and_the_towns_own_list_of_rivers_counts() -> None:
    lifted = read(flood(AT, "10", "レベル２氾濫注意報解除", towns=()), "VXKO52", KAHOKU)
    assert isinstance(lifted, Telegram)
    assert (lifted.claims, lifted.concerns) == ((), None)
    ours = Places("0632100", "060013", "060010", "060000", "242", ("820211000101",))
    assert told(read(flood(AT, "40", "レベル４氾濫危険警報", towns=("0620100",)), "VXKO52", ours))
    assert not told(read(flood(AT, "40", "レベル４氾濫危険警報", towns=("0620100",)), "VXKO52", KAHOKU))


@pytest.mark.parametrize(
    ("town", "rank"),
    [
        ("<MaxInt>7</MaxInt>", 9),
        ("<MaxInt>5-</MaxInt>", 5),
        ("<MaxInt>6+</MaxInt><Condition>震度５弱以上未入電</Condition>", 8),
        ("", 0),
    ],
)
def test_intensities(town: str, rank: int) -> None:
    found = read(earthquake("e", AT, town), "VXSE53", KAHOKU)
    assert isinstance(found, Telegram)
    assert (found.claims[0].rank, found.claims[0].settled) == (rank, True)


@pytest.mark.parametrize(
    "town", ["<MaxInt>8</MaxInt>", "<MaxInt></MaxInt>", "<MaxInt>4</MaxInt><Condition>不明</Condition>"]
)
def test_an_intensity_that_is_not_known_is_not_understood(town: str) -> None:
    assert isinstance(read(earthquake("e", AT, town), "VXSE53", KAHOKU), NotUnderstood)


def test_without_a_region_of_its_own_the_first_report_is_read_by_prefecture() -> None:
    plain = Places("0632100", "060013", "060010", "060000")
    body = shaking("e", AT, "4")
    assert told(read(body, "VXSE51", KAHOKU)) == [("地震", 4, "震度4", True)]
    assert told(read(body, "VXSE51", plain)) == [("地震", 7, "震度6弱", True)]


ALL = [(name, type_of(name), town) for name, town, _, _ in TABLE] + [
    ("32-35_06_06_100915_VXSE53", "VXSE53", KAHOKU)
]
SMALL = [(sample(name), type_, town) for name, type_, town in ALL if len(sample(name)) < 60_000]


def claims(found: Telegram | NotUnderstood) -> set[tuple[Hazard, int, str]]:
    if isinstance(found, NotUnderstood) or not found.is_real:
        return set()
    return {(c.hazard, c.rank, c.code) for c in found.claims if c.rank}


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(SMALL), st.data())
def test_bytes_cut_out_swapped_or_spoilt_never_crash(
    sample_: tuple[bytes, str, Places], data: st.DataObject
) -> None:
    body, type_, town = sample_
    start = data.draw(st.integers(0, len(body)))
    end = data.draw(st.integers(start, min(len(body), start + 400)))
    junk = data.draw(st.binary(max_size=20))
    mutated = body[:start] + junk + body[end:]
    assert isinstance(read(mutated, type_, town, "110000"), Telegram | NotUnderstood)
    assert isinstance(read(body[:start], type_, town, "110000"), Telegram | NotUnderstood)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([s for s in SMALL if s[1].startswith(("VPWW", "VPHW", "VXWW"))]),
    st.randoms(use_true_random=False),
)
def test_the_order_of_items_and_blocks_changes_nothing(
    sample_: tuple[bytes, str, Places], random: object
) -> None:
    body, type_, town = sample_
    root = ET.fromstring(body)
    for parent in root.iter():
        if parent.tag.endswith(("}Warning", "}Body", "}Information")):
            children = list(parent)
            random.shuffle(children)  # type: ignore[attr-defined]
            parent[:] = children
    assert claims(read(ET.tostring(root, "utf-8"), type_, town, "110000")) == claims(
        read(body, type_, town, "110000")
    )


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([s for s in SMALL if s[1].startswith(("VPWW", "VPHW", "VXWW", "VXKO", "VPBS", "VPOA"))]),
    st.data(),
)
def test_a_spoilt_code_or_status_never_makes_something_graver(
    sample_: tuple[bytes, str, Places], data: st.DataObject
) -> None:
    body, type_, town = sample_
    before = max((rank for _, rank, _ in claims(read(body, type_, town, "110000"))), default=0)
    places = [m for m in re.finditer(rb"<(Code|Status|Condition|InfoType)>([^<]*)<", body) if m[2]]
    place = data.draw(st.sampled_from(places))
    junk = data.draw(
        st.text(
            st.characters(codec="utf-8", exclude_characters="<&", exclude_categories=["Cc", "Cs"]), max_size=8
        )
    ).encode()
    after = claims(read(body[: place.start(2)] + junk + body[place.end(2) :], type_, town, "110000"))
    assert max((rank for _, rank, _ in after), default=0) <= before


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode), st.sampled_from(sorted(READERS)))
def test_anything_at_all_is_at_most_not_understood(body: bytes, type_: str) -> None:
    assert isinstance(read(body, type_, KAHOKU), NotUnderstood)


@pytest.mark.parametrize("status", ["訓練", "試験"])
def test_drills_are_read_and_never_real(status: str) -> None:
    found = read(
        rain(AT, 5, status="発表").replace("<Status>通常".encode(), f"<Status>{status}".encode()),
        "VPWW55",
        KAHOKU,
    )
    assert isinstance(found, Telegram)
    assert not found.is_real


def test_a_cancellation_of_a_warning_names_its_series() -> None:
    found = read(cancelled("VPWW55", AT), "VPWW55", KAHOKU)
    issued = read(rain(AT, 3), "VPWW55", KAHOKU)
    assert isinstance(found, Telegram)
    assert isinstance(issued, Telegram)
    assert (found.series, found.whole_series) == (issued.series, False)


def test_a_report_without_anything_is_not_understood() -> None:
    for type_ in READERS:
        found = read(report(type_, AT, "", event="e"), type_, KAHOKU, "060000")
        assert isinstance(found, NotUnderstood) or not found.claims
