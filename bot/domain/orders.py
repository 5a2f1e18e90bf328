"""The town's own evacuation orders (避難情報): their legal names, hazards and life.

災害対策基本法 56条2項 (level 3) and 60条1項・3項 (levels 4, 5), in force since 2021-05-20.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.domain.errors import InvalidInputError, RefusedError
from bot.domain.nearest import did_you_mean
from bot.domain.spelling import folded

LEVELS: Mapping[int, str] = {3: "高齢者等避難", 4: "避難指示", 5: "緊急安全確保"}
"""The legal name of each level that the mayor issues."""

ABOLISHED: Mapping[str, str] = {
    "避難勧告": "避難指示(警戒レベル4)",
    "避難準備": "高齢者等避難(警戒レベル3)",
    "避難指示（緊急）": "避難指示(警戒レベル4)",
    "避難指示(緊急)": "避難指示(警戒レベル4)",
    "災害発生情報": "緊急安全確保(警戒レベル5)",
}
"""Names abolished on 2021-05-20 (災害対策基本法 2021 revision, 避難情報に関するガイドライン), and today's."""

SHELTER_COLUMNS: Mapping[str, str] = {
    "洪水": "洪水",
    "土砂災害": "崖崩れ、土石流及び地滑り",
    "内水氾濫": "内水氾濫",
    "高潮": "高潮",
    "地震": "地震",
    "津波": "津波",
    "大規模な火事": "大規模な火事",
    "火山現象": "火山現象",
}
"""The hazards of an order, and the open-data column that says which shelters are fit for each."""

LEVELLED = frozenset({"洪水", "土砂災害", "内水氾濫", "高潮"})
"""The hazards whose orders carry a 警戒レベル; of the others only the name is said (避難情報に関するガイドライン)."""


def title_of(level: int, hazard: str) -> str:
    """What an order of that level for that hazard is called before residents and staff."""
    return f"警戒レベル{level} {LEVELS[level]}" if hazard in LEVELLED else LEVELS[level]


class OrderState(StrEnum):
    """The states of an order."""

    DRAFT = "draft"
    IN_FORCE = "in_force"
    NARROWED = "narrowed"  # in force for fewer districts than at first
    SUPERSEDED = "superseded"  # a higher level has taken its place everywhere
    LIFTED = "lifted"
    CANCELLED = "cancelled"  # it never came into force


ACTIVE = frozenset({OrderState.IN_FORCE, OrderState.NARROWED})

STATE_WORDS: Mapping[OrderState, str] = {
    OrderState.DRAFT: "承認待ち",
    OrderState.IN_FORCE: "発令中",
    OrderState.NARROWED: "発令中(縮小)",
    OrderState.SUPERSEDED: "上の警戒レベルに切り替え",
    OrderState.LIFTED: "解除",
    OrderState.CANCELLED: "取り消し",
}


class Deed(StrEnum):
    """What a broadcast of an order does once it is approved."""

    ISSUE = "issue"
    NARROW = "narrow"
    LIFT = "lift"


DEED_WORDS: Mapping[Deed, str] = {Deed.ISSUE: "発令", Deed.NARROW: "対象の縮小", Deed.LIFT: "解除"}


class Reach(StrEnum):
    """Who hears an order, of those the town can reach."""

    TOPIC = "topic"  # the disaster topic, in the districts or without a district
    DISTRICT = "district"  # everybody in the districts or without a district
    ALL = "all"  # everybody who follows
    EVERYONE = "everyone"  # every friend of the account, by LINE's broadcast endpoint
    STAFF = "staff"  # a drill among staff


@dataclass(frozen=True, slots=True)
class Order:
    """One order. Times are milliseconds since the epoch; `districts` are those it holds for now.

    `reasons` are texts by language. `alone`: its author also approved it, there being nobody else.
    """

    level: int
    hazard: str
    districts: tuple[str, ...]
    author: str
    reasons: Mapping[str, str]
    reach: Reach = Reach.DISTRICT
    drill: bool = False
    scenario: str | None = None
    state: OrderState = OrderState.DRAFT
    approver: str | None = None
    alone: bool = False
    created_ms: int = 0
    issued_ms: int | None = None
    ended_ms: int | None = None
    superseded_by: int | None = None
    id: int = 0

    @property
    def title(self) -> str:
        """「警戒レベル4 避難指示」, or the name alone where the hazard has no levels."""
        return title_of(self.level, self.hazard)

    @property
    def is_active(self) -> bool:
        """Whether it is in force, wholly or for some of its districts."""
        return self.state in ACTIVE


def parse_level(text: str) -> int:
    """A level as staff type it: `4`, `４`, `レベル4` or 避難指示.

    Raises:
        InvalidInputError: it is none, or an abolished name, for which today's is offered.
    """
    typed = unicodedata.normalize("NFKC", text).strip()
    refuse_abolished(text)
    plain = typed.removeprefix("警戒").removeprefix("レベル")
    for level, name in LEVELS.items():
        if plain == str(level) or typed == name:
            return level
    if plain in {"1", "2"}:
        raise InvalidInputError("警戒レベル1と2は気象庁が出します。町が出すのは 3・4・5 です。")
    named = "、".join(f"{level}({name})" for level, name in LEVELS.items())
    raise InvalidInputError(f"警戒レベル「{text}」はありません。町が出すのは {named} です。")


def refuse_abolished(text: str) -> None:
    """Refuse words that name an order which no longer exists.

    Raises:
        InvalidInputError: the text has one; today's name is offered.
    """
    for term, today in ABOLISHED.items():
        if term in text:
            raise InvalidInputError(f"「{term}」は廃止された言葉です。いまは「{today}」です。")


def require_hazard(level: int, hazard: str) -> None:
    """Check that an order of this level can be issued for a hazard.

    Raises:
        InvalidInputError: it cannot.
    """
    if hazard not in SHELTER_COLUMNS:
        raise InvalidInputError(f"災害「{hazard}」はありません。{did_you_mean(hazard, SHELTER_COLUMNS)}")
    if hazard == "津波" and level != 4:
        raise InvalidInputError("津波で町が出すのは、避難指示(--level 4)だけです。")


def phrase(order: Order, deed: Deed) -> str:
    """What somebody who is alone types to approve their own order."""
    return f"{order.hazard}の{LEVELS[order.level]}の{DEED_WORDS[deed]}を1人で承認します"


def is_phrase(typed: str, order: Order, deed: Deed) -> bool:
    """Whether somebody typed the phrase; width and spaces do not matter."""
    return folded(typed) == folded(phrase(order, deed))


def remaining(order: Order, keep: Sequence[str]) -> tuple[str, ...]:
    """The districts an order holds for once it is narrowed to these.

    Raises:
        InvalidInputError: the order does not hold for one of them, or nothing would change.
    """
    for district in keep:
        if district not in order.districts:
            held = "・".join(order.districts)
            raise InvalidInputError(
                f"避難情報 {order.id} の対象は {held} です。「{district}」は入っていません。"
            )
    kept = tuple(district for district in order.districts if district in keep)
    if kept == order.districts:
        raise InvalidInputError("--district には、発令したまま残す地区だけを書いてください(いまと同じです)。")
    return kept


def refuse_conflicts(new: Order, active: Iterable[Order]) -> None:
    """Refuse an order where the same or a higher one is in force; a lower one will be superseded.

    Raises:
        RefusedError: a district has such an order for the same hazard.
    """
    for other in active:
        shared = [d for d in new.districts if d in other.districts]
        if other.drill == new.drill and other.hazard == new.hazard and shared and other.level >= new.level:
            raise RefusedError(
                f"{'・'.join(shared)}には、{other.hazard}の{other.title}(避難情報 {other.id})をもう発令しています。"
                f"先に解除するか(machi order lift {other.id})、対象を縮小してください"
                f"(machi order narrow {other.id} --district 残す地区)。"
            )


def superseded_parts(new: Order, active: Iterable[Order]) -> list[tuple[Order, tuple[str, ...]]]:
    """The lower orders that a new one takes the place of, each with the districts it still holds for."""
    found = []
    for other in active:
        same = other.drill == new.drill and other.hazard == new.hazard and other.id != new.id
        rest = tuple(district for district in other.districts if district not in new.districts)
        if same and other.level < new.level and rest != other.districts:
            found.append((other, rest))
    return found


def still_in_force(order: Order, active: Iterable[Order]) -> list[dict[str, str]]:
    """The other orders in force, as the end of one names them: who reads of it must not take it for theirs."""
    return [
        {"level": str(each.level), "hazard": each.hazard, "areas": "、".join(each.districts)}
        for each in active
        if each.id != order.id and each.drill == order.drill and each.reach is not Reach.STAFF
    ]
