from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from tests.architecture.sources import ROOT

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGET = re.compile(r"^([a-z][a-z-]*):(?!=)(.*)$", re.MULTILINE)
MENTION = re.compile(r"`make ([a-z-]+)`|^ {4}make ([a-z-]+)$", re.MULTILINE)


def faults(makefile: str) -> list[str]:
    targets = dict(TARGET.findall(makefile))
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    undocumented = [name for name, rest in targets.items() if not re.search(r"## \S", rest)]
    return undocumented + sorted(set(targets) ^ set(phony[1].split() if phony else ()))


def test_every_target_is_documented_and_phony() -> None:
    assert len(TARGET.findall(MAKEFILE)) > 5
    assert faults(MAKEFILE) == []


@pytest.mark.parametrize(
    "makefile",
    [
        ".PHONY: run\nrun: setup\n\ttrue\n",
        ".PHONY: run\nrun:  ## \n",
        "run:  ## start\n",
        ".PHONY: run test\nrun:  ## start\n",
    ],
)
def test_an_undocumented_target_is_found(makefile: str) -> None:
    assert faults(makefile)


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_alone_lists_every_target() -> None:
    shown = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert re.findall(r"^  make ([a-z-]+) +\S", shown, re.MULTILINE) == [
        name for name, _ in TARGET.findall(MAKEFILE)
    ]


def test_every_target_that_a_document_names_exists() -> None:
    documents = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    named = {
        (document.name, first or second)
        for document in documents
        for first, second in MENTION.findall(document.read_text(encoding="utf-8"))
    }
    targets = dict(TARGET.findall(MAKEFILE))
    assert {name for _, name in named} >= {"run", "test"}
    assert {mention for mention in named if mention[1] not in targets} == set()
