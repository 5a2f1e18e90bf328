"""Proves every template before residents see it: layout, syntax, variables, limits, words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

from jinja2 import TemplateSyntaxError, nodes

from bot.domain.errors import Fault
from bot.domain.orders import ABOLISHED
from bot.rendering import library, residents
from bot.rendering.library import TemplateFile
from bot.rendering.residents import Personal
from bot.rendering.templates import RenderError, Templates

_LACKING = "登録のない人(少ない人)にも送れるように、{% if %} で分けてください。"


def abolished_terms(shown: str, text: str) -> Iterator[Fault]:
    """A fault for each line that uses a term of evacuation which no longer exists."""
    for number, line in enumerate(text.splitlines(), 1):
        for term, today in ABOLISHED.items():
            if term in line:
                yield Fault(shown, number, f"「{term}」は廃止された言葉です。「{today}」に直してください。")


def check(templates: Templates) -> list[Fault]:
    """Every fault of the templates, each rendered with its sample in every language, also as a drill.

    A personal one is rendered for the example resident and for those who registered less, down to nothing.
    """
    faults = list(library.layout_faults(templates.files))
    for file in templates.files.values():
        if file.key.endswith(".j2"):
            faults += abolished_terms(file.shown, file.text)
            faults += _misused(templates, file)
        if file.key.endswith(".json.j2"):
            faults += _unquoted(templates, file)
    broken = {fault.file for fault in faults}
    for name in templates.names():
        faults += _rendering(templates, name, broken)
    return sorted(set(faults))


def _misused(templates: Templates, file: TemplateFile) -> Iterator[Fault]:
    """Every use of `resident` that is refused; rendering names only the first."""
    try:
        tree = templates.sources.tree(file.key)
    except TemplateSyntaxError:
        return  # told when it is rendered
    for line, reason in residents.misuses(tree):
        yield Fault(file.shown, line, reason)


def _unquoted(templates: Templates, file: TemplateFile) -> Iterator[Fault]:
    """Values that would break the JSON when they hold a quotation mark or a line break."""
    try:
        tree = templates.sources.tree(file.key)
    except TemplateSyntaxError:
        return  # told when it is rendered
    for output in tree.find_all(nodes.Output):
        for node in output.nodes:
            if not isinstance(node, nodes.TemplateData) and not _is_quoted(node):
                yield Fault(file.shown, node.lineno, "JSONの中では {{ … | tojson }} と書いてください。")


def _is_quoted(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Filter) and node.name == "tojson"


def _rendering(templates: Templates, name: str, broken: set[str]) -> Iterator[Fault]:
    try:
        sample = templates.sample(name)
    except RenderError as error:
        yield fault_of(error)
        return
    complete, *lacking = _readers(templates, name)
    for language in templates.languages(name):
        shown = templates.files[f"{name}/{language}.txt.j2"].shown
        for resident, drill in product((complete, *lacking), (False, True)):
            try:
                templates.render(name, language, sample, resident=resident, drill=drill)
            except RenderError as error:
                if error.shown not in broken or error.line:
                    fault = fault_of(error, shown)
                    yield fault if resident is complete else replace(fault, message=fault.message + _LACKING)
                break


def _readers(templates: Templates, name: str) -> Iterator[Personal]:
    """The example, then whoever has only the first or none of its values, in every mixture of the facts used."""
    try:
        facts = templates.resident_facts(name)
    except RenderError:
        facts = ()  # told when it is rendered
    whole = templates.example
    choices = [dict.fromkeys((whole.values(fact), whole.values(fact)[:1], ())) for fact in facts]
    for values in product(*choices):
        yield Personal(dict(zip(facts, values, strict=True)), whole.today)


def fault_of(error: RenderError, shown: str = "") -> Fault:
    """The error as a fault of the file it names, else of `shown`."""
    return Fault(error.shown or shown, error.line, error.reason)
