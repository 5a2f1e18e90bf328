"""Templates to LINE messages: the one place where a message's words are put together."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from jinja2 import TemplateNotFound, TemplateSyntaxError, UndefinedError
from jinja2.exceptions import SecurityError

from bot.domain.errors import InvalidInputError
from bot.domain.nearest import did_you_mean
from bot.domain.residents import Fact
from bot.line import limits
from bot.line.limits import Message
from bot.rendering import drill as drills
from bot.rendering import library, residents
from bot.rendering.environment import BREAK, run
from bot.rendering.filters import FilterError
from bot.rendering.freezing import Frozen, thaw
from bot.rendering.library import TemplateFile
from bot.rendering.residents import EXAMPLE, Personal
from bot.rendering.sources import Sources
from bot.rendering.variables import GIVEN, MisuseError, Use, Variables, variables

_BLANK_LINES = re.compile(r"\n{3,}")


class RenderError(InvalidInputError):
    """A template cannot be rendered with these variables, or LINE would refuse the result.

    `shown` and `line` say where in the template's files (line 0: the file as a whole; both empty: neither).
    """

    def __init__(self, reason: str, shown: str = "", line: int = 0) -> None:
        self.reason, self.shown, self.line = reason, shown, line
        place = f"{shown}:{line}: " if line else f"{shown}: " if shown else ""
        super().__init__(place + reason)


class Templates:
    """The templates of some folders, read when this is made; later folders override earlier ones by file.

    `town_variables` is what templates see as `town` (JSON-able); `base` is the folder that paths in errors
    start from; `example` is whom personal templates are rendered for where no resident is given.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        town_variables: Mapping[str, Any],
        *,
        base: Path | None = None,
        example: Personal = EXAMPLE,
    ) -> None:
        self.example = example
        self._town = dict(town_variables)
        self._hold(library.read_folders(folders, base))

    def _hold(self, files: Mapping[str, TemplateFile]) -> None:
        self.files = files
        self.sources = Sources(files)
        self._variables: dict[str, Variables] = {}
        self._names = library.names(files)

    @classmethod
    def thawed(cls, text: str) -> Templates:
        """The templates that `frozen` wrote; no folder is read.

        Raises:
            ValueError: it is not such a text.
        """
        frozen = thaw(text)
        templates = cls((), frozen.town, example=frozen.example)
        templates._hold(frozen.files)
        return templates

    def frozen(self, name: str) -> str:
        """All that rendering a template needs, as JSON: its files in every language, what they include, the town.

        Raises:
            RenderError: there is no such template, or one of its files cannot be read.
        """
        used = {file for language in self.languages(name) for file in self._files(name, language)}
        files = {key: file for key, file in self.files.items() if key in used}
        return Frozen(files, self._town, self.example).text()

    def names(self) -> tuple[str, ...]:
        """Every template's name, sorted."""
        return self._names

    def languages(self, name: str) -> tuple[str, ...]:
        """The languages a template is written in; residents of others get Japanese.

        Raises:
            RenderError: there is no such template.
        """
        if name not in self._names:
            raise RenderError(f"ひな型「{name}」はありません。{did_you_mean(name, self._names)}")
        return library.languages(self.files, name)

    def sample(self, name: str) -> dict[str, str]:
        """Sample variables for a preview; empty where the template has none.

        Raises:
            RenderError: there is no such template, or its `sample.toml` cannot be read.
        """
        self.languages(name)
        file = self.files.get(f"{name}/sample.toml")
        if file is None:
            return {}
        try:
            return library.read_sample(file)
        except ValueError as error:
            raise RenderError(f"見本の値を読めません({error})。", file.shown) from None

    def required(self, name: str, language: str | None = None) -> dict[str, Use]:
        """The variables a template needs in a language (in any, if None), and where each is first used.

        Raises:
            RenderError: there is no such template, or one of its files has a syntax error.
        """
        own = self.languages(name)
        required: dict[str, Use] = {}
        for each in own if language is None else (self._fallback(own, language),):
            for key in self._keys(name, each):
                required = {**self._uses(key).required, **required}
        return required

    def variables(self, name: str) -> frozenset[str]:
        """Every variable that may change what a template says in any language, those of `required` and optional ones.

        Raises:
            RenderError: as `required`.
        """
        uses = [self._uses(key) for each in self.languages(name) for key in self._keys(name, each)]
        return GIVEN.union(*(use.required.keys() | use.optional for use in uses))

    def resident_facts(self, name: str) -> tuple[Fact, ...]:
        """The facts of the resident that a template uses in any language, in Fact's order; none: not personal.

        Raises:
            RenderError: as `required`.
        """
        used = {fact for language in self.languages(name) for fact in self._facts(name, language)}
        return tuple(fact for fact in Fact if fact in used)

    def render(
        self,
        name: str,
        language: str,
        context: Mapping[str, Any],
        *,
        resident: Personal | None = None,
        drill: bool = False,
    ) -> tuple[Message, ...]:
        """The messages for residents of one language: the texts, then the Flex message if there is one.

        They depend on nothing but the arguments, and of `resident` (None: the example) on nothing but its day
        and the facts in `resident_facts`.

        Raises:
            RenderError: no such template, variables missing (all named), or LINE would refuse the result.
        """
        language = self._fallback(self.languages(name), language)
        self._demand(name, language, context)
        own = residents.variable(resident or self.example, self._facts(name, language))
        scope = {**context, "town": self._town, "language": language, residents.NAME: own}
        messages = list(self._messages(name, language, scope))
        if drill:
            messages = [drills.marked(message, language) for message in messages]
        if problems := limits.faults(messages):
            *_, last = self._keys(name, language)
            texts = [message for message in messages if message["type"] == "text"]
            blamed = f"{name}/{language}.txt.j2" if limits.faults(texts) else last
            raise RenderError("".join(problems), self.files[blamed].shown)
        return tuple(messages)

    def render_all(
        self,
        name: str,
        context: Mapping[str, Any],
        *,
        resident: Personal | None = None,
        drill: bool = False,
    ) -> dict[str, tuple[Message, ...]]:
        """The messages in every language the template is written in, Japanese always among them.

        Raises:
            RenderError: as `render`.
        """
        written = dict.fromkeys(("ja", *self.languages(name)))
        return {
            language: self.render(name, language, context, resident=resident, drill=drill)
            for language in written
        }

    def _fallback(self, own: Sequence[str], language: str) -> str:
        return language if language in own else "ja"

    def _keys(self, name: str, language: str) -> Iterator[str]:
        """The files that make up a message in a language, the text first."""
        yield f"{name}/{language}.txt.j2"
        if f"{name}/{language}.flex.json.j2" in self.files:
            yield f"{name}/{language}.flex.json.j2"

    def _facts(self, name: str, language: str) -> frozenset[Fact]:
        return frozenset(fact for key in self._keys(name, language) for fact in self._uses(key).facts)

    def _files(self, name: str, language: str) -> Iterator[str]:
        for key in self._keys(name, language):
            yield from self._uses(key).files

    def _uses(self, key: str) -> Variables:
        """What a file needs; worked out once."""
        if key not in self._variables:
            file = self.files.get(key)
            if file is None:
                raise RenderError("このファイルがありません。", key)
            if file.fault:
                raise RenderError(file.fault, file.shown)
            try:
                self._variables[key] = variables(self.sources, key)
            except TemplateSyntaxError as error:
                raise self._explained(error, key) from None
        return self._variables[key]

    def _demand(self, name: str, language: str, context: Mapping[str, Any]) -> None:
        if reserved := sorted(GIVEN & context.keys()):
            raise RenderError(
                f"変数「{'」「'.join(reserved)}」はどのひな型にも決まった値なので、変えられません。"
            )
        required = self.required(name, language)
        if missing := [variable for variable in required if variable not in context]:
            use = required[missing[0]]
            raise RenderError(
                f"ひな型「{name}」には変数「{'」「'.join(missing)}」の値も必要です。", use.shown, use.line
            )

    def _messages(self, name: str, language: str, scope: Mapping[str, Any]) -> Iterator[Message]:
        keys = list(self._keys(name, language))
        texts = [_tidy(part) for part in self._run(keys[0], scope).split(BREAK)]
        texts = [text for text in texts if text]
        if not texts:
            raise RenderError("本文が空になりました。", self.files[keys[0]].shown)
        yield from ({"type": "text", "text": text} for text in texts)
        for key in keys[1:]:
            yield self._flex(key, scope, texts[0])

    def _flex(self, key: str, scope: Mapping[str, Any], alternative: str) -> Message:
        """The Flex message; its `altText`, seen in notifications, is the text's beginning."""
        try:
            contents = json.loads(self._run(key, scope))
        except json.JSONDecodeError as error:
            place = f"出力の{error.lineno}行目、{error.colno}文字目: {error.msg}"
            raise RenderError(f"JSONになっていません({place})。", self.files[key].shown) from None
        return {"type": "flex", "altText": limits.cut(alternative), "contents": contents}

    def _run(self, key: str, scope: Mapping[str, Any]) -> str:
        try:
            return run(self.sources.sandbox, key, scope)
        except Exception as error:
            raise self._explained(error, key) from None

    def _explained(self, error: Exception, key: str) -> RenderError:
        """What a template raised, as one Japanese sentence with its place."""
        if isinstance(error, TemplateSyntaxError):
            named = error.filename or error.name or key  # the lexer gives a path as the name
            shown = self.files[named].shown if named in self.files else named
            told = str(error.message)
            if not isinstance(error, MisuseError):
                told = f"ひな型の書き方が正しくありません({told})。"
            return RenderError(told, shown, error.lineno)
        shown, line = self._place(error.__traceback__, key)
        if isinstance(error, TemplateNotFound):
            return RenderError(f"組み込むファイル「{error.name}」がありません。", shown, line)
        if isinstance(error, FilterError | UndefinedError):
            return RenderError(str(error), shown, line)
        if isinstance(error, SecurityError):
            return RenderError(f"ひな型では使えない書き方です: {error}。", shown, line)
        return RenderError(f"この行の式を計算できません({type(error).__name__}: {error})。", shown, line)

    def _place(self, traceback: TracebackType | None, key: str) -> tuple[str, int]:
        """The innermost template line of a traceback; Jinja2 writes template files and lines into it."""
        ours = {file.shown for file in self.files.values()}
        place = (self.files[key].shown, 0)
        while traceback is not None:
            if traceback.tb_frame.f_code.co_filename in ours:
                place = (traceback.tb_frame.f_code.co_filename, traceback.tb_lineno)
            traceback = traceback.tb_next
        return place


def _tidy(text: str) -> str:
    """Without blank edges, and with at most one empty line where `{% if %}` left several."""
    return _BLANK_LINES.sub("\n\n", "\n".join(line.rstrip() for line in text.splitlines())).strip()


def text_messages(text: str, *, drill: bool = False) -> tuple[Message, ...]:
    """One text message of plain words, as staff type them.

    Raises:
        RenderError: the text is blank or too long for LINE.
    """
    message: Message = {"type": "text", "text": text.strip()}
    if message["text"] and drill:
        message = drills.marked(message)
    if problems := limits.faults([message]):
        raise RenderError("".join(problems))
    return (message,)
