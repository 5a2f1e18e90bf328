"""Every kind of fault in a town's folder is told with the file and the line a clerk has to mend."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.domain.errors import TownFaultsError
from bot.town import check, load
from tests.unit.town_folders import copied, replaced, write_templates

TOWN, NOTICES, TAXES = "town.toml", "notices.toml", "tax_calendar.csv"
STOPS, SHELTERS, AREAS = "bus_stops.csv", "shelters.csv", "garbage/area_days.csv"
PLANTS, REMARKS, CHANGES = "garbage/center.csv", "garbage/remarks.csv", "garbage/changes.csv"
KINDS, ITEMS = "garbage/description.csv", "garbage/target.csv"

ONE_LINE = [
    # town.toml
    (TOWN, 'name = "河北町"', 'name = "河北町', "TOMLの書き方"),
    (TOWN, 'name = "河北町"', 'name = ""', "「name」が空です"),
    (TOWN, 'name = "河北町"', "name = 5", "文字で書いて"),
    (TOWN, 'reading = "かほくちょう"', 'reading = "カホクチョウ"', "ひらがな"),
    (TOWN, 'romaji = "Kahoku Town"', 'romaji = "Kahoku Town"\nromanji = "x"', "「romanji」という項目"),
    (TOWN, '"ja-easy", "en"]', '"jp-easy", "en"]', "「ja-easy」ではありませんか"),
    (TOWN, '["ja", "ja-easy", "en"]', '["ja-easy", "en"]', "ja を入れて"),
    (TOWN, 'jis = "06321"', 'jis = "6321"', "5桁の数字"),
    (TOWN, 'local_government = "063215"', 'local_government = "063214"', "063215 です"),
    (TOWN, 'jma_class20 = "0632100"', 'jma_class20 = "0632200"', "06321 で始まります"),
    (TOWN, 'phone = "0237-73-2111"', 'phone = "73-2111"', "市外局番から"),
    (TOWN, 'website = "https://', 'website = "htp://', "https:// で始まる"),
    (TOWN, 'name = "谷地南部"', 'name = "谷地中部"', "「谷地中部」が2つ"),
    (TOWN, 'name = "谷地南部"', "name = '谷地\"南部'", "引用符や改行"),
    (TOWN, 'key = "events"', 'key = "Events"', "半角の英小文字"),
    (TOWN, 'asks = "bus_stop"', 'asks = "bus_stops"', "「bus_stop」ではありませんか"),
    (TOWN, 'labels = { ja = "バス",', 'labels = { jp = "バス",', "言語「jp」"),
    (TOWN, 'aliases = ["国保", "国保税"]', 'aliases = "国保"', "並び [ ] で書いて"),
    (TOWN, 'aliases = ["国保", "国保税"]', 'aliases = ["国保", 3]', "の中は文字で"),
    # notices.toml
    (NOTICES, 'name = "tax-due"', 'name = "Tax due"', "半角の英小文字・数字・-"),
    (NOTICES, 'name = "health-check-9-months"', 'name = "health-check-4-months"', "お知らせが2つ"),
    (NOTICES, 'title = "{tax} {period_name}の納期限"', 'title = "{taxx}"', "{taxx} に入る値"),
    (NOTICES, 'template = "tax_due"', 'template = "tax_dew"', "「tax_due」ではありませんか"),
    (NOTICES, 'segment = "topic = tax and tax = {tax}"', 'segment = "tax = {taxs}"', "対象「tax = {taxs}」"),
    (NOTICES, 'segment = "topic = bus"', 'segment = "topic = buss"', "「bus」ではありませんか"),
    (NOTICES, 'segment = "topic = bus"', 'segment = "topic = bus and"', "対象「topic = bus and」"),
    (NOTICES, 'calendar = "tax_calendar.csv"', 'calendar = "taxcalendar.csv"', "「tax_calendar.csv」では"),
    (NOTICES, 'calendar = "tax_calendar.csv"', 'calendar = "../kahoku/tax_calendar.csv"', "直下にありません"),
    (NOTICES, "days = [7, 1, 0]", "days = [7, 1, 1]", "1回ずつ"),
    (NOTICES, "days = [7, 1, 0]", "days = []", "「days」が空"),
    (NOTICES, 'days = [7, 1, 0], time = "09:00"', 'days = [7, 1, 0], time = "9:00"', "時刻を"),
    (NOTICES, 'grace = "7d"', 'grace = "9時間"', "30m・6h・2d"),
    (NOTICES, 'grace = "7d"', 'grace = "7d"\npriority = "urgnt"', "「urgent」ではありませんか"),
    (NOTICES, "months = [9], day = 1", "months = [9], day = 31", "1〜28"),
    (NOTICES, "months = [9]", "months = [9, 999]", "0〜240"),
    (NOTICES, 'nth = ["1wed"]', 'nth = ["1we"]', "2tue(第2火曜)"),
    (NOTICES, 'nth = ["1wed"]', "days = [32]", "1〜31"),
    (NOTICES, 'nth = ["1wed"], ', "", "days・nth・open_days"),
    (
        NOTICES,
        'cron = "0 12 * * fri"',
        'weekly = { days = ["sunday"], time = "12:00" }',
        "「sun」ではありませんか",
    ),
    (NOTICES, 'cron = "0 12 * * fri"', 'cron = "0 25 * * fri"', "25"),
    (NOTICES, 'dates = ["2026-12-25"]', 'dates = ["2026-02-30"]', "日付ではありません"),
    (NOTICES, 'dates = ["2026-12-25"]', 'dates = ["20226-12-25"]', "日付ではありません"),
    (NOTICES, 'dates = ["2026-12-25"]', "dates = []", "「dates」が空"),
    (NOTICES, 'heading = "総合防災訓練"', "heading = 3", "「context.heading」は文字で"),
    # tax_calendar.csv
    (TAXES, "tax,fiscal_year", "taxes,fiscal_year", "列「key」がありません"),
    (TAXES, ",period,", ",peirod,", "「peirod」ではありませんか"),
    (TAXES, ",due_date,note", ",due_date,備考", "半角の英小文字"),
    (TAXES, "固定資産税,2026,2", "固定資産,2026,2", "「固定資産税」ではありませんか"),
    (TAXES, "固定資産税,2026,2", "固定資産税,R8,2", "西暦で"),
    (TAXES, "固定資産税,2026,2", "固定資産税,0000,2", "西暦で"),
    (TAXES, "固定資産税,2026,2", "固定資産税,2026,第2期", "1〜12"),
    (TAXES, "固定資産税,2026,2", "固定資産税,2026,1", "2行目と同じ"),
    (TAXES, "固定資産税,2026,2,2026-07-31", "固定資産税,2026,2,7月31日", "日付ではありません"),
    (TAXES, "固定資産税,2026,2,2026-07-31", "固定資産税,2026,2,2027-07-31", "2026年度"),
    (TAXES, "固定資産税,2026,2,2026-07-31,", "固定資産税,2026,2,2026-07-31,2026-07-01", "より前"),
    # lists
    (STOPS, "谷地中央,", "河北町役場前,", "2行目と同じ"),
    (STOPS, "谷地中央,", ",", "「name」が空"),
    (STOPS, "谷地中央,やちちゅうおう,Yachi Chuo,", "谷地中央,やちちゅうおう,Yachi Chuo,,x", "列が多すぎます"),
    (STOPS, "name,reading", "名前,reading", "列「name」がありません"),
    (STOPS, "label_en,aliases", "label_en,reading", "列「reading」が2つ"),
    (AREAS, "月 木,水2", "月 木,第5水金曜", "読めません"),
    (AREAS, "地名,センター", "地名,燃やす", "地名,センター,"),
    (AREAS, "谷地A,例の処理センター", "谷地A,例の処理場", "「例の処理センター」ではありませんか"),
    (AREAS, "水4 *1:3", "水4 *2:3", "*2 という備考"),
    (AREAS, "水4 *1:3", "水4 *1:13", "「13」"),
    (PLANTS, "2026/12/31,2027/01/03", "2026/12/31,2026/01/03", "より前"),
    (PLANTS, "2026/12/31,2027/01/03", "12/31,2027/01/03", "日付ではありません"),
    (PLANTS, "2026/12/31,2027/01/03", "2026/12/31,", "日付ではありません"),
    (REMARKS, "1,電池と", "一,電池と", "数で書いて"),
    (REMARKS, "1,電池と蛍光管は、別々の透明な袋に入れてください。", "1,", "「注意事項」が空"),
    (CHANGES, "谷地A,もやせるごみ,振替,2026-12-30", "谷地C,もやせるごみ,振替,2026-12-30", "「谷地C」は"),
    (
        CHANGES,
        "谷地A,もやせるごみ,振替,2026-12-30",
        "谷地A,燃やせるごみ,振替,2026-12-30",
        "「もやせるごみ」では",
    ),
    (CHANGES, "谷地A,もやせるごみ,振替,2026-12-30", "谷地A,もやせるごみ,振り替え,2026-12-30", "休止 か 振替"),
    (CHANGES, "谷地A,もやせるごみ,振替,2026-12-30", "谷地A,もやせるごみ,振替,2026-12-31", "違う日"),
    (CHANGES, "谷地A,もやせるごみ,振替,2026-12-30", "谷地A,もやせるごみ,振替,", "違う日"),
    (CHANGES, "2026-12-31,谷地A", "2026-12-29,谷地A", "振り替える収集はありません"),
    (CHANGES, "2027-08-11,,", "2027-08-10,,", "2027-08-10 に休む収集はありません"),
    (CHANGES, "2027-08-11,,もやせないごみ", "2027-08-11,溝延,もやせないごみ", "休む収集はありません"),
    (CHANGES, "もやせないごみ,休止,,", "もやせないごみ,休止,2027-05-06,", "別の日に集めるなら"),
    (CHANGES, "溝延,もやせるごみ,振替", "谷地B,もやせるごみ,振替", "4行目にもあります"),
    (KINDS, "粗大ごみ,,", "もやせるごみ,,", "2行目と同じ"),
    (ITEMS, "粗大ごみ,布団", "粗大こみ,布団", "「粗大ごみ」ではありませんか"),
    (ITEMS, "粗大ごみ,布団", "粗大ごみ,", "「name」が空"),
    (ITEMS, "label,name", "lable,name", "列「label」がありません"),
    (NOTICES, 'evening = "19:00", morning = "06:30"', 'evening = "7時"', "時刻を"),
    (NOTICES, 'evening = "19:00", morning = "06:30"', "", "evening = "),
    (NOTICES, 'evening = "19:00", morning = "06:30"', 'evning = "19:00"', "「evening」ではありませんか"),
    (
        NOTICES,
        'useful_until = "08:30"',
        'useful_until = "08:30"\non_closed = "skip"',
        "garbage のお知らせには",
    ),
    (AREAS, "木1,金2 金4", "木1,金2 管路", "「管路」"),
    (SHELTERS, "38.413344,140.27862", "140.27862,38.413344", "緯度と経度が逆"),
    (SHELTERS, "E0632100002201", "E0632100001201", "2行目と同じ"),
    (SHELTERS, "140.27862,,1,0", "140.27862,,○,0", "1 か 0"),
    (SHELTERS, "天満農村公園", "", "「名称」が空"),
]


@pytest.mark.parametrize(("file", "old", "new", "words"), ONE_LINE, ids=[f"{c[0]}-{c[2]}" for c in ONE_LINE])
def test_a_fault_names_its_file_and_line(tmp_path: Path, file: str, old: str, new: str, words: str) -> None:
    folder = copied(tmp_path)
    line = replaced(folder, file, old, new) + new.count("\n")
    with pytest.raises(TownFaultsError) as caught:
        load(folder)
    found = [(fault.file, fault.line) for fault in caught.value.faults if words in fault.message]
    assert (file, line) in found, caught.value


@pytest.mark.parametrize(
    ("file", "old", "words", "header"),
    [
        (TOWN, 'jma_prefecture = "060000"', "「jma_prefecture」がありません", "[codes]"),
        (TOWN, 'asks = "child.birth_month"\n', "", ""),
        (NOTICES, 'template = "tax_due"', "「template」がありません", "[[notices]]"),
        (NOTICES, 'cron = "0 12 * * fri"', "どれもありません", "今週の催しとお知らせ"),
    ],
)
def test_what_is_missing_is_told_at_its_table(
    tmp_path: Path, file: str, old: str, words: str, header: str
) -> None:
    folder = copied(tmp_path)
    replaced(folder, file, old, "")
    found = [fault for fault in check(folder) if words and words in fault.message]
    lines = (folder / file).read_text("utf-8").splitlines()
    if not words:
        assert check(folder) == []  # a topic need not ask anything
    elif header.startswith("["):
        assert [(fault.file, lines[fault.line - 1]) for fault in found] == [(file, header)]
    else:
        (fault,) = found
        assert header in lines[fault.line + 1]


def test_check_lists_what_keeps_the_service_from_starting(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    replaced(folder, NOTICES, 'segment = "topic = bus"', 'segment = "topic = buss"')
    with pytest.raises(TownFaultsError) as caught:
        load(folder)
    assert check(folder) == caught.value.faults


def test_two_rules_in_one_notice_are_told(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    replaced(
        folder,
        NOTICES,
        'cron = "0 12 * * fri"',
        'cron = "0 12 * * fri"\nweekly = { days = ["fri"], time = "12:00" }',
    )
    (fault,) = [fault for fault in check(folder) if "どれか1つ" in fault.message]
    assert "weeklyとcronがあります" in fault.message


@pytest.mark.parametrize("file", [TOWN, NOTICES, SHELTERS, STOPS, AREAS])
def test_a_file_that_is_needed_and_missing_is_told(tmp_path: Path, file: str) -> None:
    folder = copied(tmp_path)
    (folder / file).unlink()
    assert (file, 0, "このファイルがありません。") in [(f.file, f.line, f.message) for f in check(folder)]


def test_lists_that_no_topic_asks_for_may_be_missing(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    replaced(folder, TOWN, 'asks = "bus_stop"\n', "")
    (folder / STOPS).unlink()
    assert check(folder) == []


def test_a_topic_that_asks_for_a_tax_needs_taxes(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    text = (folder / TOWN).read_text("utf-8")
    (folder / TOWN).write_text(text[: text.index("# ---- 税と保険料")], "utf-8")
    assert "分野が尋ねる [[taxes]] が1つもありません。" in [fault.message for fault in check(folder)]


def test_the_faults_of_all_files_are_told_at_once_even_if_the_town_cannot_be_read(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    expected = {(TOWN, replaced(folder, TOWN, "[codes]", "[codes"))}
    expected |= {
        (NOTICES, replaced(folder, NOTICES, 'grace = "7d"', 'grace = "9"')),
        (TAXES, replaced(folder, TAXES, "固定資産税,2026,2", "固定資産税,2026,x")),
        (STOPS, replaced(folder, STOPS, "谷地中央,", ",")),
        (AREAS, replaced(folder, AREAS, "月 木,水2", "月 木,水9")),
        (SHELTERS, replaced(folder, SHELTERS, "天満農村公園", "")),
    }
    found = check(folder)
    assert {(fault.file, fault.line) for fault in found} == expected
    assert found == sorted(found)


def test_a_topic_of_every_town_must_be_there(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    replaced(folder, TOWN, 'key = "bus"', 'key = "buses"')
    assert any("分野「bus」がありません" in fault.message for fault in check(folder))


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(TownFaultsError, match="MACHI_TOWN"):
        load(tmp_path / "nowhere")
    (fault,) = check(tmp_path / "nowhere")
    assert fault.line == 0


def test_every_row_of_a_calendar_is_tried_with_segment_and_template(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    (folder / "days.csv").write_text(
        "key,date,district\na,2027-01-01,谷地中部\nb,2027-01-02,谷地東部\n", encoding="utf-8"
    )
    with (folder / NOTICES).open("a", encoding="utf-8") as notices:
        notices.write(
            '\n[[notices]]\nname = "walk"\ntitle = "{key}"\ntemplate = "walk"\n'
            'segment = "district = {district}"\n'
            'days_before = { calendar = "days.csv", days = [0], time = "09:00" }\n'
        )
    text = "{% if key == 'b' %}{{ nothing }}{% endif %}x"
    write_templates(folder, {"walk/ja.txt.j2": text, "walk/sample.toml": 'key = "a"\nnothing = "x"\n'})
    length = len((folder / NOTICES).read_text("utf-8").splitlines())
    found = {(fault.line, fault.message) for fault in check(folder) if fault.file == NOTICES}
    assert {line for line, _ in found} == {length - 2, length - 1}
    assert any("谷地東部" in message for _, message in found)
    assert any(
        message.startswith("templates/walk/ja.txt.j2:1: ") and "nothing" in message for _, message in found
    )


def test_a_calendar_without_dates_is_told(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    (folder / TAXES).write_text("tax,fiscal_year,period,base_date,due_date\n", "utf-8")
    assert [(fault.file, fault.line) for fault in check(folder)] == [(TAXES, 0)]


def test_faults_of_templates_are_told_by_check_and_do_not_stop_the_service(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    write_templates(folder, {"mine/ja.txt.j2": "a\n{{ b", "mine/sample.toml": ""})
    (fault,) = check(folder)
    assert (fault.file, fault.line) == ("templates/mine/ja.txt.j2", 2)
    assert load(folder).name == "河北町"


def test_a_town_can_override_one_file_of_a_shared_template(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    write_templates(folder, {"tax_due/en.txt.j2": "Pay {{ amount }}"})
    found = {(fault.file, fault.line) for fault in check(folder)}
    assert ("templates/tax_due/en.txt.j2", 1) in found


def test_mornings_alone_that_would_wait_for_the_quiet_hours_are_a_fault(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    line = replaced(folder, NOTICES, 'evening = "19:00", morning = "06:30"', 'morning = "06:30"')
    load(folder)  # urgent, it does not wait
    replaced(folder, NOTICES, 'priority = "urgent"', 'priority = "normal"')
    with pytest.raises(TownFaultsError) as caught:
        load(folder)
    (fault,) = caught.value.faults
    assert (fault.file, fault.line) == (NOTICES, line)
    assert "まで届きません" in fault.message
