"""The segment language: who is meant, as text → checked expression → one SQL condition. No I/O."""

from segments.bitsets import Bits, members, needs, term
from segments.errors import SegmentError
from segments.explanation import Answer, answers, explain
from segments.expression import Expression
from segments.lookups import Term
from segments.matching import matches
from segments.parser import parse
from segments.quoting import fill, quote
from segments.sql import Condition, compile  # noqa: A004  the word of the trade, always used as segments.compile
from segments.vocabulary import Vocabulary

__all__ = [
    "Answer",
    "Bits",
    "Condition",
    "Expression",
    "SegmentError",
    "Term",
    "Vocabulary",
    "answers",
    "compile",
    "explain",
    "fill",
    "matches",
    "members",
    "needs",
    "parse",
    "quote",
    "term",
]
