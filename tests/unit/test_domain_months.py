from __future__ import annotations

import unicodedata
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.months import age_in_months, month_of, months_before, parse_month

months = st.builds("{:04d}-{:02d}".format, st.integers(1900, 2100), st.integers(1, 12))


@pytest.mark.parametrize(
    ("typed", "month"),
    [
        ("2026-03", "2026-03"),
        ("2026/3", "2026-03"),
        ("2026.3", "2026-03"),
        ("2026年3月", "2026-03"),
        ("２０２６年３月", "2026-03"),
        (" 2026年 3月生まれ ", "2026-03"),
        ("R8.3", "2026-03"),
        ("r8.3", "2026-03"),
        ("令和8年3月", "2026-03"),
        ("令和８年３月生", "2026-03"),
        ("令和元年5月", "2019-05"),
        ("平成31年4月", "2019-04"),
        ("H5/12", "1993-12"),
        ("昭和64年1月", "1989-01"),
    ],
)
def test_a_month_is_read_as_people_type_it(typed: str, month: str) -> None:
    assert parse_month(typed) == month


@pytest.mark.parametrize(
    "typed",
    ["", "3月", "2026", "2026-13", "2026-00", "1899-12", "2101-01", "2026-03-04", "明治9年1月", "こんにちは"],
)
def test_what_is_no_month_is_none(typed: str) -> None:
    assert parse_month(typed) is None


@given(
    month=months,
    form=st.sampled_from(["{y}-{m}", "{y}年{m}月", "{y}/{m}", "{y}.{m}生まれ"]),
    wide=st.booleans(),
)
def test_every_way_of_writing_means_the_same_month(*, month: str, form: str, wide: bool) -> None:
    typed = form.format(y=int(month[:4]), m=int(month[5:]))
    if wide:
        typed = "".join(chr(ord(c) + 0xFEE0) if c.isdecimal() else c for c in typed)
        assert unicodedata.normalize("NFKC", typed) != typed
    assert parse_month(typed) == month


@given(st.text(max_size=20))
def test_whatever_is_typed_is_a_month_or_none(typed: str) -> None:
    month = parse_month(typed)
    assert month is None or parse_month(month) == month


@given(months, st.integers(-600, 600), st.integers(-600, 600))
def test_going_back_adds_up_and_can_be_undone(month: str, first: int, second: int) -> None:
    assert months_before(months_before(month, first), -first) == month
    assert months_before(months_before(month, first), second) == months_before(month, first + second)


@given(st.dates(date(1900, 1, 1), date(2100, 12, 31)), st.integers(0, 240))
def test_the_age_counts_the_months_gone_back(day: date, age: int) -> None:
    assert age_in_months(months_before(month_of(day), age), day) == age


def test_the_age_is_the_same_on_every_day_of_a_month_and_negative_before_birth() -> None:
    assert age_in_months("2026-03", date(2026, 3, 1)) == age_in_months("2026-03", date(2026, 3, 31)) == 0
    assert age_in_months("2026-03", date(2027, 9, 1)) == 18
    assert age_in_months("2026-03", date(2026, 2, 28)) == -1
    assert months_before("2026-01", 1) == "2025-12"
