"""How LINE counts characters."""

from __future__ import annotations

import pytest

from simulator.counting import graphemes, utf16


@pytest.mark.parametrize(
    ("text", "units", "clusters"),
    [
        ("", 0, 0),
        ("河北町", 3, 3),
        ("🍎", 2, 1),
        ("𠮷野家", 4, 3),
        ("か\u3099んば", 4, 3),
        ("ﾊﾞｽ", 3, 2),
        ("👨\u200d👩\u200d👧\u200d👦", 11, 1),
        ("👍🏽", 4, 1),
        ("🇯🇵🇯🇵", 8, 2),
        ("葛\U000e0100", 3, 1),
        ("a\r\nb", 4, 3),
    ],
)
def test_units_and_clusters_are_counted_as_line_does(text: str, units: int, clusters: int) -> None:
    assert (utf16(text), graphemes(text)) == (units, clusters)
