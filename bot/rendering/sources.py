"""Hands the template files to Jinja2, each parsed once: for finding its variables and for running it."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any

from jinja2 import BaseLoader, Environment, Template, TemplateNotFound, nodes

from bot.rendering.environment import environment
from bot.rendering.library import TemplateFile


class Sources(BaseLoader):
    """The files by key, and the sandbox they run in."""

    def __init__(self, files: Mapping[str, TemplateFile]) -> None:
        self.files = files
        self.sandbox = environment(self)
        self._trees: dict[str, nodes.Template] = {}

    def tree(self, key: str) -> nodes.Template:
        """A file's syntax tree.

        Raises:
            TemplateSyntaxError: it has none.
        """
        if key not in self._trees:
            file = self.files[key]
            self._trees[key] = self.sandbox.parse(file.text, key, file.shown)
        return self._trees[key]

    def load(
        self,
        environment: Environment,
        name: str,
        globals: MutableMapping[str, Any] | None = None,  # noqa: A002  jinja2's signature
    ) -> Template:
        """See `jinja2.BaseLoader.load`."""
        if name not in self.files:
            raise TemplateNotFound(name)
        code = environment.compile(self.tree(name), name, self.files[name].shown)
        return environment.template_class.from_code(environment, code, {} if globals is None else globals)
