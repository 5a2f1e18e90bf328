"""Which variables a template needs, found in its source before it is rendered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from jinja2 import TemplateSyntaxError, nodes
from jinja2.meta import find_referenced_templates, find_undeclared_variables

from bot.domain.residents import Fact
from bot.rendering import residents
from bot.rendering.sources import Sources

GIVEN = frozenset({"town", "language", residents.NAME})
"""Variables that every template has without being told."""


@dataclass(frozen=True, slots=True, order=True)
class Use:
    """Where a variable is first used."""

    shown: str
    line: int


@dataclass(frozen=True, slots=True)
class Variables:
    """What a file and its includes use.

    `required` must be given, `optional` are asked for with `is defined` or `default`; `facts` are those of the
    resident; `files` are the keys of the file and of all it includes.
    """

    required: Mapping[str, Use]
    optional: frozenset[str]
    facts: frozenset[Fact]
    files: frozenset[str]


class MisuseError(TemplateSyntaxError):
    """`resident` is used as it must not be; the message is a Japanese sentence."""


def variables(sources: Sources, key: str) -> Variables:
    """What a file and everything it includes use.

    Raises:
        TemplateSyntaxError: one of them cannot be read, or includes itself or a file not named outright.
        MisuseError: one of them uses `resident` otherwise than by a known attribute.
    """
    collector = _Collector(sources)
    collector.visit(key, GIVEN, ())
    needed = sorted(collector.required.keys() - collector.optional, key=lambda n: (collector.required[n], n))
    required = {name: collector.required[name] for name in needed}
    visited = frozenset(collector.visited)
    return Variables(required, frozenset(collector.optional), frozenset(collector.facts), visited)


class _Collector:
    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self.visited: set[str] = set()
        self.required: dict[str, Use] = {}
        self.optional: set[str] = set()
        self.facts: set[Fact] = set()

    def visit(self, key: str, known: frozenset[str], trail: tuple[str, ...]) -> None:
        """Add what one file uses; `known` are the names set by `trail`, the files that led to it."""
        self.visited.add(key)
        trail = (*trail, key)
        file, tree = self._sources.files[key], self._sources.tree(key)
        if misuse := min(residents.misuses(tree), default=None):
            line, reason = misuse
            raise MisuseError(reason, line, key, file.shown)
        self.facts |= residents.facts_used(tree)
        self.optional |= _asked_for(tree)
        unknown = find_undeclared_variables(tree) - known
        for node in tree.find_all(nodes.Name):
            if node.name in unknown and node.ctx == "load":
                use = Use(file.shown, node.lineno)
                first = self.required.setdefault(node.name, use)
                if first.shown == use.shown and use.line < first.line:
                    self.required[node.name] = use
        known |= {n.name for n in tree.find_all(nodes.Name) if n.ctx == "store"}
        for line, included in _included(tree):
            if included is None:
                reason = "組み込むファイルの名前は、変数を使わずに書いてください"
                raise TemplateSyntaxError(reason, line, key, file.shown)
            if included in trail:
                raise TemplateSyntaxError("自分自身を組み込んでいます", line, key, file.shown)
            if included in self._sources.files and included not in self.visited:
                self.visit(included, known, trail)


def _included(tree: nodes.Template) -> Iterator[tuple[int, str | None]]:
    """Each file that a template includes, imports or extends, with its line; None for a computed name."""
    for node in tree.find_all((nodes.Extends, nodes.FromImport, nodes.Import, nodes.Include)):
        for name in find_referenced_templates(nodes.Template([node], lineno=1)):
            yield node.lineno, name


def _asked_for(tree: nodes.Template) -> set[str]:
    """Names that stand in `X is defined`, `X is undefined` or `X | default(…)`."""
    asked = [test.node for test in tree.find_all(nodes.Test) if test.name in {"defined", "undefined"}]
    asked += [f.node for f in tree.find_all(nodes.Filter) if f.name in {"default", "d"} and f.node]
    return {node.name for node in asked if isinstance(node, nodes.Name)}
