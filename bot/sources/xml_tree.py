"""XML as a small tree, without anything that makes XML dangerous: no DTD, no entities, limits on size and depth."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element, ParseError, XMLParser, fromstring

LARGEST = 4 * 1024 * 1024
"""Bytes of a telegram; the largest sample has 250,000."""

DEEPEST = 40
"""Elements within elements; JMA's samples go down to 14."""


class NotXmlError(Exception):
    """The bytes are no XML that is read here; the message says why, in Japanese."""


class Node:
    """An element by its local name; neither JMA nor CAP uses a local name in two namespaces."""

    __slots__ = ("_element",)

    def __init__(self, element: Element) -> None:
        self._element = element

    @property
    def name(self) -> str:
        """Its local name."""
        return self._element.tag.rpartition("}")[2]

    @property
    def namespace(self) -> str:
        """Its namespace; empty without one."""
        return self._element.tag.rpartition("}")[0].removeprefix("{")

    @property
    def attributes(self) -> dict[str, str]:
        """Its attributes."""
        return self._element.attrib

    @property
    def text(self) -> str:
        """Its own text, without the blanks around it."""
        return (self._element.text or "").strip()

    def all(self, *path: str) -> Iterator[Node]:
        """The elements at the end of a path of names."""
        name, *rest = path
        for child in self._element:
            if child.tag.rpartition("}")[2] == name:
                if rest:
                    yield from Node(child).all(*rest)
                else:
                    yield Node(child)

    def within(self, name: str) -> Iterator[Node]:
        """The elements of a name however deep within it; itself, if it has that name, first."""
        for element in self._element.iter():
            if isinstance(element.tag, str) and element.tag.rpartition("}")[2] == name:
                yield Node(element)

    def first(self, *path: str) -> Node | None:
        """The first element at the end of a path."""
        return next(self.all(*path), None)

    def say(self, *path: str) -> str:
        """The text of the first element at the end of a path; empty without one."""
        found = self.first(*path)
        return found.text if found is not None else ""


def read_tree(body: bytes, largest: int = LARGEST) -> Node:
    """The root element of a document.

    Raises:
        NotXmlError: it is not well-formed, too large, too deep, not in UTF-8, or it declares a DTD or entities.
    """
    if len(body) > largest:
        raise NotXmlError(f"大きすぎます({largest // 1024 // 1024}MBまで)。")
    try:
        body.decode("utf-8")  # whatever it claims: in another encoding the next line could be got round
        if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
            raise NotXmlError("DTD や実体の宣言があります。電文にはないものです。")
        root = fromstring(body, XMLParser(encoding="utf-8"))  # noqa: S314  declares nothing, see above
    except UnicodeDecodeError:
        raise NotXmlError("文字コードが UTF-8 ではありません。") from None
    except ParseError as error:
        raise NotXmlError(f"XML として読めません({error})。") from None
    _require_flat(root)
    return Node(root)


def _require_flat(root: Element) -> None:
    level, depth = [root], 1
    while level := [child for element in level for child in element]:
        depth += 1
        if depth > DEEPEST:
            raise NotXmlError(f"要素の重なりが深すぎます({DEEPEST}段まで)。")
