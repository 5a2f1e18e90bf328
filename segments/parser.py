"""Tokens to an expression, checked against what the town knows."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from bot.domain.months import parse_month
from segments.errors import SegmentError
from segments.expression import And, Child, Everybody, Expression, Named, Not, Or, Span
from segments.tokens import Token, tokens
from segments.vocabulary import AGE_YEARS, BIRTH_MONTH, FIELDS, NAMES, WORDS, Hint, Vocabulary, nearest_field

T = TypeVar("T")

LENGTH, DEPTH = 2000, 50
"""The longest text in characters, and how deeply parentheses and `not` may be nested."""

_ANY = "= != < <= > >= in between"
_OLDEST = {AGE_YEARS: 130}
_EXAMPLE = "topic = childcare and child.age_months between 3 and 5"
_ORDERED: dict[str, Callable[[int], Span]] = {
    "<": lambda value: (None, value - 1),
    "<=": lambda value: (None, value),
    ">": lambda value: (value + 1, None),
    ">=": lambda value: (value, None),
}


def parse(text: str, vocabulary: Vocabulary) -> Expression:
    """Read an expression.

    Raises:
        SegmentError: it is empty, too long, or not valid in this town; the message shows the place.
    """
    if not text.strip():
        reason = f"対象が空です。全員なら all、ほかは {_EXAMPLE} のように書いてください。"
        raise SegmentError(reason, text, 0, expected="all か条件")
    if len(text) > LENGTH:
        raise _too_long(f"対象が長すぎます({len(text)}文字)。", text)
    found = _Parser(text, vocabulary).expression()
    if (length := len(str(found))) > LENGTH:  # the canonical text is stored, and must be readable again
        raise _too_long(f"対象が、間を空けて書き整えると{length}文字になり、長すぎます。", text)
    return found


def _too_long(reason: str, text: str) -> SegmentError:
    place = min(len(text), LENGTH)
    return SegmentError(f"{reason}{LENGTH}文字までです。", text, place, expected=f"{LENGTH}文字まで")


@dataclass(frozen=True, slots=True)
class _Value:
    """A value of an ordered field, as a number and as it is written."""

    number: int
    text: str


class _Parser:
    def __init__(self, text: str, vocabulary: Vocabulary) -> None:
        self._text = text
        self._vocabulary = vocabulary
        self._tokens = list(tokens(text))
        self._place = 0
        self._depth = 0

    def expression(self) -> Expression:
        """The whole text."""
        found = self._either()
        if self._now.kind != "end":
            raise self._fault("ここで終わるか、and か or が続くはずです。", "終わりか and か or")
        return found

    @property
    def _now(self) -> Token:
        return self._tokens[self._place]

    def _take(self, *wanted: str) -> Token | None:
        """The present token if its kind or sign is wanted, and go on."""
        token = self._now
        if token.kind in wanted or (token.kind == "sign" and token.value in wanted):
            self._place += 1
            return token
        return None

    def _fault(
        self, reason: str, expected: str, token: Token | None = None, suggestion: str | None = None
    ) -> SegmentError:
        token = token or self._now
        what = "ここで終わっています。" if token.kind == "end" else ""
        return SegmentError(
            what + reason, self._text, token.position, expected=expected, suggestion=suggestion
        )

    def _unknown(self, what: str, hint: Hint, expected: str, token: Token) -> SegmentError:
        return self._fault(f"{what}はありません。{hint.sentence}", expected, token, hint.suggestion)

    def _either(self) -> Expression:
        parts = [self._both()]
        while self._take("or"):
            parts.append(self._both())
        return _joined(Or, parts)

    def _both(self) -> Expression:
        parts = [self._single()]
        while self._take("and"):
            parts.append(self._single())
        return _joined(And, parts)

    def _single(self) -> Expression:
        if self._take("all"):
            return Everybody()
        if not (opening := self._take("not", "(")):
            return self._condition()
        self._depth += 1
        if self._depth > DEPTH:
            raise self._fault(f"かっこや not の重なりは{DEPTH}段までです。", f"{DEPTH}段まで", opening)
        inner = Not(self._single()) if opening.kind == "not" else self._either()
        if opening.kind != "not" and not self._take(")"):
            raise self._fault("「)」が必要です。", ")")
        self._depth -= 1
        return inner

    def _condition(self) -> Expression:
        token = self._take("word")
        if token is None:
            raise self._fault(f"条件が必要です。例: {_EXAMPLE}", "条件")
        field = token.value.casefold()
        if field not in FIELDS:
            raise self._unknown(f"「{token.value}」という項目", nearest_field(token.value), "項目", token)
        return self._named(field) if field in NAMES else self._child(field)

    def _named(self, field: str) -> Expression:
        token = self._take("operator", "in", "between")
        if token is None:
            raise self._fault(f"「{field}」の次には = != in のどれかが必要です。", "= != in")
        if token.kind == "in":
            return Named(field, tuple(dict.fromkeys(self._list(lambda: self._name(field)))))
        if token.value not in ("=", "!="):
            wrong = f"{WORDS[field]}({field})には大小がありません。使えるのは = != in です。"
            raise self._fault(wrong, "= != in", token)
        named = Named(field, (self._name(field),))
        return named if token.value == "=" else Not(named)

    def _list(self, read: Callable[[], T]) -> list[T]:
        if not self._take("("):
            raise self._fault("in の次には、かっこの中に値を並べてください。例: in (谷地中部, 西里)", "(")
        values = [read()]
        while self._take(","):
            values.append(read())
        if not self._take(")"):
            raise self._fault("値の間には「,」、最後には「)」が必要です。", ", か )")
        return values

    def _word(self, field: str) -> Token:
        token = self._take("word", "string")
        if token is None:
            said = self._now.value
            quoted = (
                f'言葉「{said}」を値にするときは "{said}" のように囲んでください。' if said.isalpha() else ""
            )
            raise self._fault(f"{WORDS[field]}が必要です。{quoted}", WORDS[field])
        return token

    def _name(self, field: str) -> str:
        token = self._word(field)
        name = self._vocabulary.find(field, token.value)
        if name is None:
            hint = self._vocabulary.hint(field, token.value)
            raise self._unknown(f"{WORDS[field]}「{token.value}」", hint, WORDS[field], token)
        return name

    def _child(self, field: str) -> Expression:
        token = self._take("operator", "in", "between")
        if token is None:
            raise self._fault(f"「{field}」の次には {_ANY} のどれかが必要です。", _ANY)
        if token.kind == "in":
            values = list(dict.fromkeys(self._list(lambda: self._value(field))))
            listed = ", ".join(value.text for value in values)
            return Child(field, tuple((v.number, v.number) for v in values), f"{field} in ({listed})")
        if token.kind == "between":
            return self._between(field)
        value = self._value(field)
        text = f"{field} {token.value} {value.text}"
        if token.value == "=":
            return Child(field, ((value.number, value.number),), text)
        if token.value == "!=":
            return Child(field, (_ORDERED["<"](value.number), _ORDERED[">"](value.number)), text)
        return Child(field, (_ORDERED[token.value](value.number),), text)

    def _between(self, field: str) -> Expression:
        low = self._value(field)
        if not self._take("and"):
            raise self._fault("between は between 3 and 5 のように書いてください。", "and")
        place = self._now
        high = self._value(field)
        if high.number < low.number:
            raise self._fault(
                f"between の後ろの値({high.text})が前の値({low.text})より小さくなっています。",
                f"{low.text} 以上の値",
                place,
            )
        return Child(field, ((low.number, high.number),), f"{field} between {low.text} and {high.text}")

    def _value(self, field: str) -> _Value:
        token = self._word(field)
        if field == BIRTH_MONTH:
            month = parse_month(token.value)
            if month is None:
                raise self._fault(
                    f"「{token.value}」は年月ではありません。2026-03 のように書いてください。",
                    "年月",
                    token,
                )
            return _Value(int(month[:4]) * 12 + int(month[5:]) - 1, month)
        oldest = _OLDEST.get(field, 1300)
        if not re.fullmatch(r"[0-9]{1,4}", token.value) or int(token.value) > oldest:
            raise self._fault(
                f"{WORDS[field]}は 0 から {oldest} までの数で書いてください。", f"0〜{oldest}", token
            )
        return _Value(int(token.value), str(int(token.value)))


def _joined(kind: type[And | Or], parts: list[Expression]) -> Expression:
    """The parts under one `and` or `or`, those in parentheses of the same kind taken out of them."""
    if len(parts) == 1:
        return parts[0]
    flat: list[Expression] = []
    for part in parts:
        flat += part.parts if isinstance(part, kind) else (part,)
    return kind(tuple(flat))
