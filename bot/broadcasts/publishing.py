"""Which broadcasts of staff are also given to other systems (`/feeds`): the rule, in one place.

- Urgent ones and emergencies to all or to topics are, unless their author says no; others only if the author says so.
- None that is about single residents is: not one whose text changes with who reads it, nor one to facts that say who
  somebody is (children, taxes), nor one to staff or to who got something else before.
- Nothing that the program writes by itself is: notices, digests, news, and what JMA issues, which is JMA's to publish.
  Those never come here. Orders are published as orders.
"""

from __future__ import annotations

from bot.domain.audiences import Audience
from bot.domain.broadcasts import Priority
from bot.domain.errors import InvalidInputError
from bot.domain.residents import Fact
from segments.expression import And, Child, Everybody, Expression, Named, Not, Or

_OPEN = frozenset(
    {str(Fact.TOPIC), str(Fact.DISTRICT), str(Fact.BUS_STOP), str(Fact.GARBAGE_AREA), "language"}
)
"""What a public text may be limited to: where people live and what they read, not who they are."""


def is_published(
    priority: Priority,
    segment: Expression | None,
    audience: Audience | None,
    *,
    personal: bool,
    wish: bool | None,
) -> bool:
    """Whether a broadcast is published; `wish` is its author's, None if they leave it to the rule.

    Raises:
        InvalidInputError: its author wishes it, and it cannot be.
    """
    fault = _fault(segment, audience, personal=personal)
    if wish and fault:
        raise InvalidInputError(fault)
    if wish is not None:
        return wish
    return fault is None and priority >= Priority.URGENT and segment is not None and _is_for_topics(segment)


def _fault(segment: Expression | None, audience: Audience | None, *, personal: bool) -> str | None:
    if audience is not None or segment is None:
        return "職員や、前の配信を受け取った人だけに送るものは、--publish できません。"
    if personal:
        return "受け取る人に合わせて文が変わるひな型は、--publish できません。"
    if _names_people(segment):
        return "子どもや税など、個人の登録内容で対象を選んだ配信は、--publish できません。"
    return None


def _is_for_topics(segment: Expression) -> bool:
    match segment:
        case Everybody():
            return True
        case Named(field=field):
            return field == Fact.TOPIC
        case Or(parts=parts):
            return all(map(_is_for_topics, parts))
        case _:
            return False


def _names_people(segment: Expression) -> bool:
    match segment:
        case Everybody():
            return False
        case Named(field=field):
            return field not in _OPEN
        case Child():
            return True
        case Not(inner=inner):
            return _names_people(inner)
        case And(parts=parts) | Or(parts=parts):
            return any(map(_names_people, parts))
