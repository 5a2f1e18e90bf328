"""Numbers and what they count, in kana as an announcer reads them; irregular readings stand in one table.

Readings follow what NHK's 日本語発音アクセント新辞典 puts first, and where several are right, the one that is
understood best over loudspeakers (なな, not しち, but for hours and months).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

_ONES = ("", "いち", "に", "さん", "よん", "ご", "ろく", "なな", "はち", "きゅう")
_HUNDREDS = (
    "", "ひゃく", "にひゃく", "さんびゃく", "よんひゃく", "ごひゃく", "ろっぴゃく", "ななひゃく", "はっぴゃく",
    "きゅうひゃく",
)  # fmt: skip
_THOUSANDS = (
    "", "せん", "にせん", "さんぜん", "よんせん", "ごせん", "ろくせん", "ななせん", "はっせん", "きゅうせん",
)  # fmt: skip
_MYRIADS = ("", "まん", "おく")
_SINGLY = ("ぜろ", "いち", "にー", "さん", "よん", "ごー", "ろく", "なな", "はち", "きゅう")
"""As digits of a telephone number are read: short ones drawn out."""

LIMIT = 10**12
"""From here on a number is read digit by digit."""


def number(value: int) -> str:
    """A whole number from 0: 21 → にじゅういち."""
    if value == 0:
        return "ぜろ"
    if value >= LIMIT:
        return digits(str(value))
    groups = ((power, value // 10_000**power % 10_000) for power in (2, 1, 0))
    return "".join(_group(group, power) + _MYRIADS[power] for power, group in groups if group)


def _group(value: int, power: int) -> str:
    """Four digits; 千万 is いっせんまん."""
    thousands = "いっせん" if power and value // 1000 == 1 else _THOUSANDS[value // 1000]
    tens = value // 10 % 10
    ten = ("" if tens == 1 else _ONES[tens]) + "じゅう" if tens else ""
    return thousands + _HUNDREDS[value // 100 % 10] + ten + _ONES[value % 10]


def digits(text: str) -> str:
    """Digit by digit: 023 → ぜろにーさん."""
    return "".join(_SINGLY[int(digit)] for digit in text)


def decimal(whole: str, fraction: str) -> str:
    """3.5 → さんてんご, 0.5 → れいてんご, 10.5 → じゅってんご."""
    value = int(whole)
    first = "れい" if value == 0 else number(value)
    if _tail(value) in {1, 8, 10} and value:
        first = _doubled(first)
    return f"{first}てん{''.join('ぜろ' if digit == '0' else _ONES[int(digit)] for digit in fraction)}"


def _doubled(reading: str) -> str:
    """With its last kana as っ: いち → いっ, じゅう → じゅっ, さんびゃく → さんびゃっ."""
    return reading[:-1] + "っ"


def _tail(value: int) -> int:
    """What the reading ends in: 1 to 9, 10, 100, 1000 or 10000."""
    for power in (10, 100, 1000, 10_000):
        if value % power:
            return value % power if power == 10 else power // 10
    return 10_000


@dataclass(frozen=True, slots=True)
class Counter:
    """How something is counted.

    After the tails in `doubled` the number ends in っ. `forms` are what the counter itself sounds like after a tail,
    `stems` what the last digit does, `exact` whole readings.
    """

    kana: str
    doubled: frozenset[int] = frozenset()
    forms: Mapping[int, str] = field(default_factory=dict)
    stems: Mapping[int, str] = field(default_factory=dict)
    exact: Mapping[int, str] = field(default_factory=dict)

    def read(self, value: int) -> str:
        """That many."""
        if value in self.exact:
            return self.exact[value]
        tail, reading = _tail(value), number(value)
        if value == 0:
            return reading + self.kana
        if tail in self.stems:
            reading = reading.removesuffix(_ONES[tail]) + self.stems[tail]
        elif tail in self.doubled:
            reading = _doubled(reading)
        return reading + self.forms.get(tail, self.kana)


_K, _S = frozenset({1, 6, 8, 10, 100}), frozenset({1, 8, 10})


def _k(kana: str, third: str = "") -> Counter:
    """Of か行: いっかい, ろっかい, はっかい, じゅっかい, ひゃっかい; `third` after さん."""
    return Counter(kana, _K, {3: third} if third else {})


def _s(kana: str, exact: Mapping[int, str] | None = None) -> Counter:
    """Of さ行 and た行: いっさい, はっさい, じゅっさい."""
    return Counter(kana, _S, exact=exact or {})


def _h(kana: str, third: str, doubled: str, fourth: str = "") -> Counter:
    """Of は行: ほん, さんぼん, いっぽん; of ふん also よんぷん."""
    forms = {**dict.fromkeys(_K, doubled), **dict.fromkeys((3, 1000, 10_000), third)}
    return Counter(kana, _K, forms | ({4: fourth} if fourth else {}))


def _native(kana: str) -> Counter:
    """Counted ひと, ふた, then as usual."""
    return Counter(kana, exact={1: f"ひと{kana}", 2: f"ふた{kana}"})


_DAYS = {
    1: "ついたち", 2: "ふつか", 3: "みっか", 4: "よっか", 5: "いつか", 6: "むいか", 7: "なのか", 8: "ようか",
    9: "ここのか", 10: "とおか", 14: "じゅうよっか", 20: "はつか", 24: "にじゅうよっか",
}  # fmt: skip
_THINGS = ["ひとつ", "ふたつ", "みっつ", "よっつ", "いつつ", "むっつ", "ななつ", "やっつ", "ここのつ"]
_HOUR = {4: "よ", 7: "しち", 9: "く"}
_SPELT = {7: "しち", 9: "く"}

DATE = Counter("にち", stems=_SPELT, exact=_DAYS)
"""A day of the month."""
MONTH = Counter("がつ", stems={4: "し", 7: "しち", 9: "く"})
HOUR = Counter("じ", stems=_HOUR, exact={0: "れいじ"})
MINUTE = _h("ふん", "ぷん", "ぷん", "ぷん")
_PERIODS = {value: f"{day}かん" for value, day in _DAYS.items() if value > 1}

COUNTERS: Mapping[str, Counter] = {
    "人": Counter("にん", stems={4: "よ"}, exact={1: "ひとり", 2: "ふたり"}),
    "名": Counter("めい"), "年": Counter("ねん", stems={4: "よ"}), "年度": Counter("ねんど", stems={4: "よ"}),
    "年生": Counter("ねんせい", stems={4: "よ"}), "年間": Counter("ねんかん", stems={4: "よ"}),
    "月": MONTH, "日": DATE, "日間": Counter("にちかん", stems=_SPELT, exact=_PERIODS),
    "時": HOUR, "時間": Counter("じかん", stems=_HOUR), "分": MINUTE,
    "分間": _h("ふんかん", "ぷんかん", "ぷんかん", "ぷんかん"),
    "秒": Counter("びょう"), "週": _s("しゅう"), "週間": _s("しゅうかん"), "泊": _h("はく", "ぱく", "ぱく", "ぱく"),
    "か月": _k("かげつ"), "カ月": _k("かげつ"), "ヶ月": _k("かげつ"), "ケ月": _k("かげつ"), "箇月": _k("かげつ"),
    "か所": _k("かしょ"), "カ所": _k("かしょ"), "ヶ所": _k("かしょ"), "ケ所": _k("かしょ"), "箇所": _k("かしょ"),
    "階": _k("かい", "がい"), "階建て": _k("かいだて", "がいだて"), "回": _k("かい"), "回目": _k("かいめ"),
    "個": _k("こ"), "戸": _k("こ"), "校": _k("こう"), "件": _k("けん"), "軒": _k("けん", "げん"), "級": _k("きゅう"),
    "期": _k("き"), "機": _k("き"), "基": _k("き"), "区": _k("く"), "口": _native("くち"), "組": _native("くみ"),
    "本": _h("ほん", "ぼん", "ぽん"), "匹": _h("ひき", "びき", "ぴき"), "杯": _h("はい", "ばい", "ぱい"),
    "票": _h("ひょう", "びょう", "ぴょう"), "班": _h("はん", "ぱん", "ぱん"), "通り": _native("とおり"),
    "袋": _native("ふくろ"), "箱": _native("はこ"),
    "歳": _s("さい", {20: "はたち"}), "才": _s("さい", {20: "はたち"}), "世帯": _s("せたい"), "隻": _s("せき"), "席": _s("せき"),
    "冊": _s("さつ"), "通": _s("つう"), "点": _s("てん"), "頭": _s("とう"), "棟": _s("とう"), "地区": _s("ちく"),
    "丁目": _s("ちょうめ"), "着": _s("ちゃく"), "食": _s("しょく"), "種類": _s("しゅるい"),
    "つ": Counter("つ", exact=dict(enumerate(_THINGS, 1))),
    "番": Counter("ばん"), "番地": Counter("ばんち"), "番線": Counter("ばんせん"),
    "号": Counter("ごう"), "号線": Counter("ごうせん"),
    "号車": Counter("ごうしゃ"), "円": Counter("えん", stems={4: "よ"}), "台": Counter("だい"), "枚": Counter("まい"),
    "倍": Counter("ばい"), "割": Counter("わり", stems=_SPELT | {9: "きゅう"}), "度": Counter("ど"), "次": Counter("じ"),
    "便": Counter("びん"), "羽": Counter("わ"), "位": Counter("い"), "名様": Counter("めいさま"),
    "℃": Counter("ど"), "%": Counter("パーセント", _S), "パーセント": Counter("パーセント", _S),
    "mm": Counter("ミリ"), "ミリ": Counter("ミリ"), "cm": _s("センチ"), "センチ": _s("センチ"),
    "m": Counter("メートル"), "メートル": Counter("メートル"), "km": Counter("キロ", frozenset({6, 10, 100})),
    "キロ": Counter("キロ", frozenset({6, 10, 100})), "m2": Counter("へいほうメートル"), "km2": Counter("へいほうキロ"),
    "m3": Counter("りっぽうメートル"), "ha": Counter("ヘクタール"), "kg": Counter("キログラム", frozenset({6, 10, 100})),
    "g": Counter("グラム"), "t": _s("トン"), "トン": _s("トン"), "L": Counter("リットル"), "リットル": Counter("リットル"),
    "hPa": Counter("ヘクトパスカル"), "kW": Counter("キロワット", frozenset({6, 10, 100})), "ページ": Counter("ページ", _S),
}  # fmt: skip
"""The counters and units of the town's messages, after NFKC but for ℃."""


def clock(hour: int, minute: int) -> str:
    """A time of day from 0:00 to 24:00: 15:10 → ごご さんじ じゅっぷん, 12:00 → しょうご."""
    if (hour, minute) == (12, 0):
        return "しょうご"
    if hour == 24:
        return "よる じゅうにじ" if minute == 0 else f"ごぜん れいじ {MINUTE.read(minute)}"
    half, hour = ("ごぜん" if hour < 12 else "ごご"), hour % 12
    return f"{half} {HOUR.read(hour)}" + (f" {MINUTE.read(minute)}" if minute else "")
