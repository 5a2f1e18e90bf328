"""XML that is well-formed whatever words go into it."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, SubElement, indent, tostring

_FORBIDDEN = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What is no Char of XML 1.0 (2.2), nor may be written as a reference: most control characters, halves of others."""


def clean(words: str) -> str:
    """Words without the characters that XML forbids."""
    return _FORBIDDEN.sub("", words.replace("\r\n", "\n").replace("\r", "\n"))


def root(name: str, **attributes: str) -> Element:
    """A first element; its namespaces stand among the attributes, as they are written (`xmlns_atom`: `xmlns:atom`)."""
    return Element(name, {key.replace("_", ":"): value for key, value in attributes.items()})


def add(parent: Element, name: str, words: str = "", **attributes: str) -> Element:
    """A new last element within another; other attributes than text are given as they are."""
    child = SubElement(parent, name, {key: clean(value) for key, value in attributes.items()})
    if words:
        child.text = clean(words)
    return child


def document(element: Element) -> bytes:
    """The whole document, in UTF-8."""
    indent(element)
    body: bytes = tostring(element, encoding="utf-8", xml_declaration=True)
    return body + b"\n"
