"""XML as a small tree, without anything that makes XML dangerous: no DTD, no entities, limits on size and depth."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NoReturn
from xml.parsers import expat

LARGEST = 4 * 1024 * 1024
"""Bytes of a telegram; the largest sample has 250,000."""

DEEPEST = 40
"""Elements within elements; JMA's samples go down to 14."""


class NotXmlError(Exception):
    """The bytes are no XML that is read here; the message says why, in Japanese."""


class Node:
    """An element by its local name; JMA uses no local name in two namespaces."""

    __slots__ = ("attributes", "children", "data", "name")

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.name = name
        self.attributes = attributes
        self.data = ""
        self.children: list[Node] = []

    @property
    def text(self) -> str:
        """Its own text, without the blanks around it."""
        return self.data.strip()

    def all(self, *path: str) -> Iterator[Node]:
        """The elements at the end of a path of names."""
        name, *rest = path
        for child in self.children:
            if child.name == name:
                if rest:
                    yield from child.all(*rest)
                else:
                    yield child

    def first(self, *path: str) -> Node | None:
        """The first element at the end of a path."""
        return next(self.all(*path), None)

    def say(self, *path: str) -> str:
        """The text of the first element at the end of a path; empty without one."""
        found = self.first(*path)
        return found.text if found is not None else ""

    def below(self, name: str) -> Iterator[Node]:
        """Every element of a name, at any depth, in the order of the document."""
        for child in self.children:
            if child.name == name:
                yield child
            yield from child.below(name)


class _Builder:
    """Kept lean: a telegram of 400 KB has 20,000 elements."""

    def __init__(self) -> None:
        self.root: Node | None = None
        self._open: list[Node] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        node = Node(name.rpartition(":")[2], attributes)
        if self._open:
            self._open[-1].children.append(node)
            if len(self._open) >= DEEPEST:
                raise NotXmlError(f"要素の重なりが深すぎます({DEEPEST}段まで)。")
        else:
            self.root = node
        self._open.append(node)

    def end(self, _name: str) -> None:
        self._open.pop()

    def characters(self, data: str) -> None:
        if not data.isspace():
            self._open[-1].data += data


def _refuse(*_: object) -> NoReturn:
    raise NotXmlError("DTD や実体の宣言があります。気象庁の電文にはないものです。")


def read_tree(body: bytes, largest: int = LARGEST) -> Node:
    """The root element of a document.

    Raises:
        NotXmlError: it is not well-formed, too large, too deep, not in UTF-8, or it declares a DTD or entities.
    """
    if len(body) > largest:
        raise NotXmlError(f"大きすぎます({largest // 1024 // 1024}MBまで)。")
    builder = _Builder()
    parser = expat.ParserCreate("UTF-8")  # whatever encoding the document claims
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.characters
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    parser.ExternalEntityRefHandler = _refuse
    try:
        body.decode("utf-8")  # a mark at its beginning would make expat read UTF-16 all the same
        parser.Parse(body, True)
    except UnicodeDecodeError:
        raise NotXmlError("文字コードが UTF-8 ではありません。") from None
    except expat.ExpatError as error:
        raise NotXmlError(f"XML として読めません({error})。") from None
    if builder.root is None:
        raise NotXmlError("XML として読めません(要素がありません)。")
    return builder.root
