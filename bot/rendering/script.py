"""What is read over the town's loudspeakers (防災行政無線), line by line: short sentences, numbers as they are said."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from bot.rendering.read_aloud import named, numbers_read

BREATH = 40
"""Characters of a line, but for words that cannot be parted."""

AGAIN = "くりかえします。"
DRILL = "これは、訓練です。"
_URL = re.compile(r"\s*https?://[^\s<>\"'()、。「」ぁ-んァ-ヶ一-鿿]+[^\S\n]*")
_MAIL = re.compile(r"[A-Za-z0-9._+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_WEEKDAY = re.compile(r"\(([月火水木金土日])(?:曜日?)?(?:・(祝)日?)?\)(?=([ぁ-ん]?))")
_FIELD = re.compile(r"^([^:。、]{1,30}):\s*(.*)$")
_TIME = re.compile(r"^[^:]*\d:\d\d")
_BULLET = re.compile(r"^[・\-*●■◆○□◇★☆※▶►>•]+\s*")
_SPOKEN_END = re.compile(r"(?:です|ます|ません|ました|でした|ください|こと|ない|する|した|へ)$")
_WORDS = {"TEL": "電話", "Tel": "電話", "FAX": "ファックス", "LINE": "ライン", "&": "と", "+": "プラス"}
_ENDS = re.compile(r"(?<=[。！？!?])")
_SPACE = re.compile(r"(?<![A-Za-z\d])\s+(?=\S)|(?<=[A-Za-z\d])\s+(?=[^\sA-Za-z\d])")
_CLOSING = re.compile(r"\)(?=[ぁ-ん])")
_COUNTED = re.compile(r"(?<=\d)\s(?=[人名年月日時分秒回階本件か箇歳世台枚円])")
_RANGE = re.compile(r"\s*[〜~]\s*")
_PAUSE = re.compile(r"\s*[、,;:・/()【】‐–—―−→⇒-]+\s*")
_MARKS = frozenset("「」『』＜＞<>《》〈〉[]{}\"'“”‘’`^_|\\#*=…※@~。!?！？.")
_SILENT = frozenset({"So", "Sk", "Sm", "Cs", "Co", "Cn", "Cf", "Cc", "Mn", "Me"})


@dataclass(frozen=True, slots=True)
class Line:
    """One line; a direction (`spoken` false) tells the announcer what to do and is not read."""

    text: str
    spoken: bool = True

    def __str__(self) -> str:
        return self.text if self.spoken else f"［{self.text}］"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a script is made of: the message's Japanese, and how the town's names are read.

    `opening` is the station's own first sentence, `directions` what the announcer does before it. What is urgent is
    read twice. `website` is the town's own address.
    """

    text: str
    opening: str
    readings: Mapping[str, str] = field(default_factory=dict)
    drill: bool = False
    urgent: bool = False
    directions: Sequence[str] = ()
    website: str = ""


def script(reading: Reading) -> list[Line]:
    """The lines from the opening to the end."""
    said = list(spoken_lines(reading.text, reading.readings, reading.website))
    (opening, *_) = list(spoken_lines(reading.opening, reading.readings)) or [""]
    drill = [DRILL] if reading.drill else []
    body = [*said, AGAIN, *drill, *said] if reading.urgent else said
    lines = [*drill, opening, *body, opening, *drill]
    return [
        *(Line(text, spoken=False) for text in reading.directions),
        *(Line(text) for text in lines if text),
    ]


def spoken_lines(text: str, readings: Mapping[str, str], website: str = "") -> Iterator[str]:
    """The sentences of a text as they are read, each in lines of about BREATH characters."""
    plain = unicodedata.normalize("NFKC", text)
    for line in plain.splitlines():
        named_pages = _URL.sub(lambda found: _page(found[0], website), line)
        if _URL.fullmatch(line):
            named_pages = f"くわしくは、{named_pages}をごらんください"
        for sentence in _sentences(named_pages):
            if _MAIL.search(sentence):
                continue
            words = _plain(numbers_read(_SPACE.sub("、", named(_COUNTED.sub("", sentence), readings))))
            if words:
                yield from _breaths(words + "。")


def _page(address: str, website: str) -> str:
    own = urlsplit(website).hostname
    return "町のホームページ" if own and urlsplit(address.strip()).hostname == own else "ホームページ"


def _sentences(line: str) -> Iterator[str]:
    """The sentences of a line; `name: value` and a heading in 【】 become sentences, too."""
    line = _BULLET.sub("", line.strip())
    line = _WEEKDAY.sub(_weekday, line)
    line = line.replace("】", "。").replace("【", "")
    for word, read in _WORDS.items():
        line = line.replace(word, read)
    for part in filter(None, (each.strip(" 。!?！？") for each in _ENDS.split(line))):
        found = _FIELD.match(part)
        if found is None or _TIME.search(part):
            yield part
        elif not found[2]:
            yield f"{found[1].rstrip(')')}は、次のとおりです"
        else:
            end = "" if _SPOKEN_END.search(found[2]) else "です"
            yield f"{found[1]}は、{found[2]}{end}"


def _weekday(found: re.Match[str]) -> str:
    """(金) → 、金曜日、 but for a pause before から and the like."""
    return f"、{found[1]}曜日{'、祝日' if found[2] else ''}{'' if found[3] else '、'}"


def _plain(sentence: str) -> str:
    """Without signs and brackets; where they parted words, a pause."""
    sentence = _PAUSE.sub("、", _RANGE.sub("から、", _CLOSING.sub("", sentence)))
    kept = (sign for sign in sentence if sign not in _MARKS and unicodedata.category(sign) not in _SILENT)
    return re.sub("、[、 ]*", "、", "".join(kept)).strip("、 ")


def _breaths(sentence: str) -> Iterator[str]:
    """A sentence in lines that end where it pauses."""
    line = ""
    for part in re.split(r"(?<=、)", sentence):
        if line and len(line) + len(part) > BREATH:
            yield line
            line = ""
        line += part
    yield line
