"""What a town prepares for an emergency: staff, how long 安否 are kept, and scenarios; every fault at its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.domain.errors import InvalidInputError
from bot.domain.orders import ABOLISHED
from bot.town import check, load
from bot.town.emergency import scenario_named
from bot.town.model import SAFETY_DAYS, StaffMember
from bot.town.shelters import fit, named
from tests.unit.town_folders import copied

ONE, TWO = f"U{1:032x}", f"U{2:032x}"
STAFF = f"""[safety]
keep_days = 30
[[staff]]
name = "防災係"
user_id = "{ONE}"
[[staff]]
name = "町長"
user_id = "{TWO}"
"""
SCENARIOS = """[[scenarios]]
name = "増水"
level = 3
hazard = "洪水"
districts = ["溝延", "溝延"]
reasons.ja = "最上川が増水しています。"
[[scenarios]]
name = "地震"
level = 4
hazard = "地震"
districts = ["西里"]
"""


def folder_with(tmp_path: Path, staff: str = "", scenarios: str | None = None) -> tuple[Path, int]:
    """A copy of Kahoku's folder, and how many lines stand before what is added to `town.toml`."""
    folder = copied(tmp_path)
    before = (folder / "town.toml").read_text("utf-8")
    (folder / "town.toml").write_text(before + staff, "utf-8")
    if scenarios is not None:
        (folder / "scenarios.toml").write_text(scenarios, "utf-8")
    return folder, before.count("\n")


def test_staff_and_scenarios_are_read(tmp_path: Path) -> None:
    town = load(folder_with(tmp_path, STAFF, SCENARIOS)[0])
    assert town.staff == (StaffMember("防災係", ONE), StaffMember("町長", TWO))
    assert town.safety_days == 30
    first, second = town.scenarios
    assert (first.name, first.level, first.hazard, first.districts) == ("増水", 3, "洪水", ("溝延",))
    assert (first.reasons, second.reasons) == ({"ja": "最上川が増水しています。"}, {})
    assert scenario_named(town.scenarios, " 増水 ") is first
    with pytest.raises(InvalidInputError, match="「増水」ではありませんか"):
        scenario_named(town.scenarios, "増水中")


def test_a_town_needs_none_of_it(tmp_path: Path) -> None:
    folder, _ = folder_with(tmp_path)
    (folder / "scenarios.toml").unlink()
    town = load(folder)
    assert (town.staff, town.safety_days, town.scenarios) == ((), SAFETY_DAYS, ())
    with pytest.raises(InvalidInputError, match=r"scenarios\.toml"):
        scenario_named((), "増水")


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        ("keep_days = 30", "keep_days = 0", 2, "1〜365"),
        ("keep_days = 30", "keepdays = 30", 2, "「keep_days」ではありませんか"),
        (ONE, "U123", 5, "U と32桁"),
        (TWO, ONE, 8, "ほかの職員と同じ"),
        ('name = "町長"', 'name = "防災係"', 7, "2人います"),
        ('name = "町長"', "", 6, "「name」がありません"),
    ],
)
def test_a_fault_of_the_staff_is_told_at_its_line(
    tmp_path: Path, old: str, new: str, line: int, told: str
) -> None:
    folder, before = folder_with(tmp_path, STAFF.replace(old, new, 1))
    (fault,) = [each for each in check(folder) if told in each.message]
    assert (fault.file, fault.line) == ("town.toml", before + line)


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        ("level = 3", "level = 2", 3, "気象庁"),
        ("level = 3", 'level = "3"', 3, "整数"),
        ('hazard = "洪水"', 'hazard = "川"', 4, "災害「川」はありません"),
        ('hazard = "洪水"', 'hazard = "津波"', 4, "避難指示"),
        ('"溝延", "溝延"', '"溝野部"', 5, "地区「溝野部」は town.toml にありません"),
        ('["溝延", "溝延"]', "[]", 5, "空です"),
        ("最上川が増水しています。", "避難勧告を出します。", 6, "「避難指示(警戒レベル4)」"),
        ("reasons.ja", "reasons.jp", 6, "言語「jp」はありません"),
        ('name = "地震"', 'name = "増水"', 8, "2つあります"),
        ('name = "地震"', 'nam = "地震"', 8, "「name」ではありませんか"),
    ],
)
def test_a_fault_of_a_scenario_is_told_at_its_line(
    tmp_path: Path, old: str, new: str, line: int, told: str
) -> None:
    folder, _ = folder_with(tmp_path, scenarios=SCENARIOS.replace(old, new, 1))
    found = [(each.file, each.line) for each in check(folder) if told in each.message]
    assert found == [("scenarios.toml", line)]


def test_what_is_no_toml_is_one_fault(tmp_path: Path) -> None:
    for text in ("[[scenarios]", "scenarios = 3", '[[scenarios]]\nname = "x"', "x = 1"):
        folder = tmp_path / str(len(text))
        folder.mkdir()
        assert check(folder_with(folder, scenarios=text)[0])


def test_the_scenarios_of_kahoku_use_no_abolished_word_and_have_fit_shelters() -> None:
    town = load(Path(__file__).parents[2] / "towns" / "kahoku")
    assert town.scenarios
    for scenario in town.scenarios:
        assert fit(town.shelters, [scenario.hazard])
        assert {"ja", "ja-easy", "en"} <= scenario.reasons.keys()
        assert not any(term in text for text in scenario.reasons.values() for term in ABOLISHED)


def test_a_shelter_is_found_by_name_or_id_and_the_nearest_is_offered() -> None:
    shelters = load(Path(__file__).parents[2] / "towns" / "kahoku").shelters
    assert named(shelters, "溝延小学校").id == named(shelters, " 溝延小学校 ").id
    assert named(shelters, shelters[3].id) is shelters[3]
    assert named(shelters, "両所活性化センター 駐車場").name == "両所活性化センター　駐車場"
    for typed, told in (
        ("溝延小", "「溝延小学校"),
        ("河北中学", "「河北中学校"),
        ("どこか", "はありません"),
        ("", "はありません"),
    ):
        with pytest.raises(InvalidInputError, match=told):
            named(shelters, typed)
    twice = (*shelters, shelters[0].__class__("E9", shelters[0].name, "別の所", 38.0, 140.0, frozenset()))
    with pytest.raises(InvalidInputError, match="E9"):
        named(twice, shelters[0].name)
