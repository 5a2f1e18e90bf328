"""The sandbox in which templates run: strict about variables, mean with time and memory."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from jinja2 import BaseLoader, StrictUndefined, Undefined, pass_context
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bot.rendering.filters import FILTERS, FilterError

BREAK = "\x1e"
"""Stands between two messages of one text file: what a line `---` of the template becomes."""

OUTPUT = 60_000
"""The longest output of one file, in characters: far above every limit of LINE."""

_LOOP = 100
_GROWING_METHODS = {"center", "expandtabs", "format", "format_map", "ljust", "rjust", "zfill"}
_BREAK_LINE = re.compile(r"^---[ \t]*$", re.MULTILINE)


class _Breaks(Extension):
    """Turns the template's own `---` lines into BREAK; a `---` inside a variable stays text."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:  # noqa: ARG002  jinja2's signature
        """See `jinja2.ext.Extension.preprocess`."""
        return _BREAK_LINE.sub(BREAK, source) if name and name.endswith(".txt.j2") else source


class _Missing(StrictUndefined):
    """A variable that is not set: an error wherever it is used, in words for staff."""

    @property
    def _undefined_message(self) -> str:
        if self._undefined_hint:
            return self._undefined_hint
        name = self._undefined_name
        if isinstance(self._undefined_obj, dict):
            return f"「{name}」は、ここで使える値({'・'.join(map(str, self._undefined_obj))})ではありません。"
        what = f"変数「{name}」" if isinstance(name, str) else f"{name}番目の値"
        return f"{what}が決まっていません。"


@pass_context  # keeps Jinja2 from calling it while it compiles, where lines are not known
def _written(_context: Context, value: Any) -> Any:
    """What `{{ … }}` writes: text and numbers; no resident shall read None or [<…>]."""
    if isinstance(value, str | int | float | Undefined) and not isinstance(value, bool):
        return value
    raise FilterError("{{ }} に書けるのは文字と数だけです。並びは {{ … | join('、') }} と書いてください。")


def _range(*arguments: int) -> range:
    numbers = range(*arguments)
    if len(numbers) > _LOOP:
        raise FilterError(f"くり返しは{_LOOP}回までです。")
    return numbers


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja2's sandbox without what makes a short template run or grow for ever."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Arithmetic on plain numbers only: text times a billion would fill the memory."""
        if operator == "**" or not all(isinstance(value, int | float) for value in (left, right)):
            raise SecurityError(f"「{operator}」は数どうしの計算にだけ使えます(** は使えません)")
        return super().call_binop(context, operator, left, right)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """See `SandboxedEnvironment.is_safe_attribute`; methods that pad text to any width are out too."""
        return attr not in _GROWING_METHODS and super().is_safe_attribute(obj, attr, value)


def environment(loader: BaseLoader) -> ImmutableSandboxedEnvironment:
    """The environment for message templates: plain text, no auto-escaping (`| tojson` in Flex files)."""
    sandbox = _Sandbox(
        loader=loader,
        undefined=_Missing,
        finalize=_written,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
        extensions=[_Breaks],
    )
    sandbox.globals = {"range": _range}
    for name in ("center", "format", "indent", "pprint", "random", "xmlattr"):
        del sandbox.filters[name]
    sandbox.filters.update(FILTERS)
    return sandbox


def run(sandbox: ImmutableSandboxedEnvironment, name: str, variables: Mapping[str, Any]) -> str:
    """Render one file, at most OUTPUT characters.

    Raises:
        FilterError: the output grew too long.
        Exception: whatever else the template raises.
    """
    return "".join(_measured(sandbox.get_template(name).generate(variables)))


def _measured(pieces: Iterator[str]) -> Iterator[str]:
    length = 0
    for piece in pieces:
        length += len(piece)
        if length > OUTPUT:
            _too_long()
        yield piece


def _too_long() -> NoReturn:
    raise FilterError(f"出力が{OUTPUT:,}文字を超えました。くり返しを見直してください。")
