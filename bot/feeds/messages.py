"""What is published, as values: one message is one CAP alert, one entry of Atom and one item of RSS."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from urllib.parse import urlsplit

from bot.domain.residents import LANGUAGES, Fact
from bot.town.model import Choice, Town

LANGUAGE_TAGS: Mapping[str, str] = {"ja-easy": "ja-x-easy"}
"""Our names of languages that are no tags of BCP 47, and the tags that stand for them."""


def language_tag(language: str) -> str:
    """The BCP 47 tag of a language."""
    return LANGUAGE_TAGS.get(language, language)


def in_order(languages: Iterable[str]) -> list[str]:
    """Languages in the order in which they are shown, Japanese first."""
    return sorted(languages, key=LANGUAGES.index)


@dataclass(frozen=True, slots=True)
class Words:
    """What a message says in one language; what is empty is not said. `event` names the kind of event."""

    event: str
    headline: str
    description: str
    instruction: str = ""


@dataclass(frozen=True, slots=True)
class Grade:
    """How grave, how soon and how sure, and what to do, in CAP's words."""

    urgency: str
    severity: str
    certainty: str
    responses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `identifier` is never used for another; `references` are the messages it takes the place of.

    `words` are by language, `ja` first; `districts` are the names of those it is about, none for the whole town.
    `subject` says what it is about in the town's own books, such as `order 3`.
    """

    identifier: str
    sent: datetime
    kind: Literal["Alert", "Update", "Cancel"]
    drill: bool
    subject: tuple[Literal["order", "broadcast"], int]
    references: tuple[str, ...]
    categories: tuple[str, ...]
    grade: Grade
    words: Mapping[str, Words]
    expires: datetime
    onset: datetime | None = None
    districts: tuple[str, ...] = ()
    parameters: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Publisher:
    """Who publishes, and where: `address` is the public base address, empty for a service that was given none."""

    town: Town
    address: str

    @property
    def host(self) -> str:
        """The town's own name in the net: it makes identifiers unique in the world."""
        return urlsplit(self.town.office.website).hostname or "machi-push.invalid"

    def tag(self, name: str) -> str:
        """A URI for a name within the town, by the tag scheme (RFC 4151)."""
        return f"tag:{self.host},2026:machi-push/{name}"

    def link(self, path: str) -> str:
        """The address of a path below `/feeds`; without a public base it is relative to the server."""
        return f"{self.address}/feeds/{path}"

    def document(self, message: Message) -> str:
        """Where a message lies as CAP."""
        return self.link(f"cap/{message.identifier}.xml")

    def reference(self, identifier: str, sent: datetime) -> str:
        """A message as others refer to it: CAP 1.2, 3.2.1 `references`."""
        return f"{self.host},{identifier},{sent.isoformat(timespec='seconds')}"

    def place(self, language: str, districts: tuple[str, ...]) -> str:
        """The town, or these of its districts, in a language."""
        town = self.town.romaji if language in {"en", "vi"} else self.town.name
        known: dict[str, Choice] = {
            choice.name: choice for choice in self.town.choices.get(Fact.DISTRICT, ())
        }
        named = [known[name].label(language) if name in known else name for name in districts]
        between = ", " if language in {"en", "vi", "ko"} else "、"
        return f"{town} {between.join(named)}".strip()
