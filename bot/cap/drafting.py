"""An alert of somebody on the town's list as a draft: in the languages it has, with its source, within LINE's limits."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from bot.cap.reading import Alert, Info
from bot.domain.broadcasts import Broadcast, State
from bot.domain.clock import TOKYO, to_ms
from bot.domain.residents import LANGUAGES
from bot.line.limits import cut
from bot.rendering import text_messages
from bot.store.broadcasts import Payloads
from bot.store.cap_alerts import CapRecord
from bot.town.model import CapSource

TITLE, HEADLINE, DESCRIPTION, INSTRUCTION, PLACES, WEB = 100, 300, 2400, 1200, 300, 500
"""The longest parts, in UTF-16 units: together below LINE's limit of a text."""

DRILLS = frozenset({"Exercise", "Test"})
_KINDS = {"Update": "【更新】", "Cancel": "【取り消し】"}
_PARTS = {
    "ja": ("【{}からの情報】", "対象: ", "発表: ", "くわしく: "),
    "ja-easy": ("【{}からの お知らせ】", "場所: ", "知らせた人: ", "くわしく: "),
    "en": ("[From {}]", "Area: ", "Issued by: ", "More: "),
}
"""The words around an alert; in other languages those of English."""
_CANCELLED = {"ja": "前の知らせは取り消されました。", "ja-easy": "前の お知らせは まちがいでした。"}
_CANCELLED_ENGLISH = "The earlier message has been cancelled."


def refusal(alert: Alert) -> str | None:
    """Why an alert cannot become a draft, in Japanese; None if it can."""
    if alert.scope != "Public":
        return f"scope が {alert.scope} です。公開してよい警報(Public)だけを取り込みます。"
    if alert.status not in {"Actual", *DRILLS}:
        return f"status が {alert.status} です。住民に知らせるための警報ではありません。"
    if alert.message_type not in {"Alert", *_KINDS}:
        return f"msgType が {alert.message_type} です。システムどうしのやりとりで、警報ではありません。"
    if not alert.infos and alert.message_type != "Cancel":
        return "info がありません。知らせることが書かれていません。"
    return None


def draft(
    alert: Alert, source: CapSource, earlier: Sequence[CapRecord], author: str, now: datetime
) -> tuple[Broadcast, Payloads]:
    """The draft, which nobody has approved; `earlier` are the alerts it refers to that became drafts before it."""
    drill = alert.status in DRILLS
    kind = _KINDS.get(alert.message_type, "")
    context = {"cap": f"{alert.sender},{alert.identifier}", "cap_type": alert.message_type}
    drafts = [str(each.broadcast_id) for each in earlier if each.broadcast_id is not None]
    if kind:
        context["cap_earlier"] = "、".join(f"配信 {number}" for number in drafts) or "なし"
    payloads = {
        language: text_messages(_text(alert, infos, source, language), drill=drill)
        for language, infos in _by_language(alert, source.language).items()
    }
    broadcast = Broadcast(
        title=cut(kind + _line(alert.headline), TITLE),
        segment=source.segment,
        author=author,
        state=State.DRAFT,
        priority=source.priority,
        drill=drill,
        context=context,
        created_ms=to_ms(now),
    )
    return broadcast, payloads


def _by_language(alert: Alert, default: str) -> Mapping[str, list[Info]]:
    """The information by our languages; where there is none in Japanese, what there is stands in."""
    found: dict[str, list[Info]] = {}
    for info in alert.infos:
        if language := _language(info.language or default):
            found.setdefault(language, []).append(info)
    if "ja" not in found:
        first = next(iter(found.values()), list(alert.infos))
        found = {"ja": first, **found}
    return found


def _language(tag: str) -> str | None:
    """Our language of a BCP 47 tag; None for one that nobody here can register."""
    whole = tag.lower()
    if whole in {"ja-easy", "ja-x-easy"}:
        return "ja-easy"
    first = whole.split("-")[0]
    return first if first in LANGUAGES else None


def _text(alert: Alert, infos: Sequence[Info], source: CapSource, language: str) -> str:
    return "\n\n".join(part for part in _said(alert, infos, source, language) if part)


def _said(alert: Alert, infos: Sequence[Info], source: CapSource, language: str) -> Iterator[str]:
    heading, area, issued, more = _PARTS.get(language, _PARTS["en"])
    kind = _KINDS.get(alert.message_type, "")
    yield heading.format(source.title) + kind
    if alert.message_type == "Cancel":
        yield _CANCELLED.get(language, _CANCELLED_ENGLISH)
    yield cut(_joined(info.headline or info.event for info in infos), HEADLINE)
    if places := "、".join(dict.fromkeys(_line(each) for info in infos for each in info.areas)):
        yield area + cut(places, PLACES)
    yield cut(_joined(info.description for info in infos), DESCRIPTION)
    yield cut(_joined(info.instruction for info in infos), INSTRUCTION)
    name = next((info.sender_name for info in infos if info.sender_name), source.title)
    yield f"{issued}{cut(_line(name), 100)} {alert.sent.astimezone(TOKYO):%Y-%m-%d %H:%M}"
    web = next((info.web for info in infos if info.web.startswith(("https://", "http://"))), "")
    if web and len(web) <= WEB and not any(character.isspace() for character in web):
        yield more + web


def _joined(texts: Iterator[str]) -> str:
    """Texts that differ, one below the other."""
    tidied = (_tidy(text) for text in texts)
    return "\n\n".join(dict.fromkeys(text for text in tidied if text))


def _tidy(text: str) -> str:
    """Lines as people see them, at most one empty one between two."""
    lines = [_line(line) for line in text.splitlines()]
    kept = [line for number, line in enumerate(lines) if line or (number and lines[number - 1])]
    return "\n".join(kept).strip()


def _line(text: str) -> str:
    """One line without characters that cannot be seen, or that turn the direction of writing."""
    shown = (
        character for character in text if unicodedata.category(character) not in {"Cf", "Cs", "Co", "Cn"}
    )
    spaced = (" " if unicodedata.category(c) in {"Cc", "Zl", "Zp"} else c for c in shown)
    return " ".join("".join(spaced).split())
