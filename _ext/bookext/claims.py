"""The lecture's claims as data: what the catalogue lists, and what the chapters say about each. No Sphinx here.

A chapter settles a claim in two adjacent cells of its notebook: a markdown cell ``claim-Lnn`` that holds the label
``(claim-lnn)=`` and a sentence ``**Verdict: holds.**``, and a code cell ``assert-Lnn`` with at least one ``assert``.
"""

import ast
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml

from . import memory
from .naming import name_of

VERDICTS = ("holds", "holds under conditions", "garbled in the transcript", "not supported")
NUMBER = re.compile(r"L\d\d")
VERDICT = re.compile(r"\*\*Verdict: ([^*]*?)\.?\*\*[ ]*(.*?)(?=\n:::|\n\n|\Z)", re.DOTALL)


class ClaimError(Exception):
    """One or more claims are malformed; the message names each."""


@dataclass(frozen=True)
class Entry:
    """A claim of the lecture as the catalogue lists it."""

    id: str
    statement: str
    chapter: str
    part: str


@dataclass(frozen=True)
class Finding:
    """What a chapter finds about a claim: the verdict, and in Markdown what follows it."""

    id: str
    verdict: str
    remark: str
    notebook: str

    @property
    def label(self) -> str:
        """The reference label of the claim's box."""
        return f"claim-{self.id.lower()}"

    @property
    def anchor(self) -> str:
        """The HTML id of the cell that asserts the claim."""
        return f"cell-assert-{self.id}"


def read_catalogue(path: Path) -> list[Entry]:
    """Return the catalogue in the lecture's order; raise ClaimError unless the ids are L01, L02, ... once each."""
    parts = yaml.safe_load(path.read_text(encoding="utf-8"))
    entries = [
        Entry(number, statement, chapter["chapter"], part["part"])
        for part in parts
        for chapter in part["chapters"]
        for number, statement in chapter["claims"].items()
    ]
    expected = [f"L{number:02}" for number in range(1, len(entries) + 1)]
    received = [entry.id for entry in entries]
    if received != expected:
        raise ClaimError(f"{path.name}: the ids must be L01, L02, ... in order; received {', '.join(received)}")
    return entries


def read_findings(notebooks: Iterable[Path], known: Iterable[str]) -> dict[str, Finding]:
    """Return the findings of all ``notebooks`` by claim id; raise ClaimError that lists everything malformed."""
    known, findings, problems = set(known), {}, []
    for notebook in notebooks:
        for place, found in _scan(notebook):
            if isinstance(found, str):
                problems.append(f"{place}: {found}")
            elif found.id not in known:
                problems.append(f"{place}: {found.id} is not in the catalogue")
            elif found.id in findings:
                problems.append(f"{place}: {found.id} has a verdict already, in {findings[found.id].notebook}")
            else:
                findings[found.id] = found
    if problems:
        raise ClaimError("malformed claims:\n" + "\n".join(f"  {problem}" for problem in problems))
    return findings


def _scan(notebook: Path) -> Iterable[tuple[str, Finding | str]]:
    """Yield for each claim or assertion cell of ``notebook`` its place and the finding, or what is wrong with it."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    ids = [cell.get("id", "") for cell in cells]
    for index, name in enumerate(ids):
        place = f"{notebook.name}, cell {name}"
        kind, _, number = name.partition("-")
        if kind == "claim" and not NUMBER.fullmatch(number):
            yield place, "a cell of a claim is called claim-L01 or the like"
        elif kind == "claim":
            following = cells[index + 1] if index + 1 < len(cells) else {}
            yield place, _finding(number, source(cells[index]), following, notebook.stem)
        elif kind == "assert" and NUMBER.fullmatch(number) and ids[index - 1] != f"claim-{number}":
            yield place, f"it does not follow a cell claim-{number}"


def _finding(number: str, text: str, following: dict, notebook: str) -> Finding | str:
    """Return the finding of one claim cell, or what is wrong with it."""
    verdicts = VERDICT.findall(text)
    if len(verdicts) != 1:
        return f"it needs one sentence '**Verdict: ...**'; received {len(verdicts)}"
    verdict, remark = verdicts[0]
    if verdict not in VERDICTS:
        return f"unknown verdict {verdict!r}; allowed are {', '.join(VERDICTS)}"
    if f"(claim-{number.lower()})=" not in text:
        return f"it lacks the label (claim-{number.lower()})="
    if following.get("id") != f"assert-{number}" or following.get("cell_type") != "code":
        return f"the next cell must be the code cell assert-{number}"
    if not _asserts(source(following)):
        return f"the cell assert-{number} asserts nothing"
    return Finding(number, verdict, " ".join(remark.split()), notebook)


def _asserts(code: str) -> bool:
    """Whether ``code`` holds an assert statement; lines of IPython magic do not count."""
    try:
        return any(isinstance(node, ast.Assert) for node in ast.walk(ast.parse(memory.without_magic(code))))
    except SyntaxError:
        return False


def stressed_cells(cells: Iterable[dict]) -> list[dict]:
    """The code cells whose assertions ``make stress`` tries: all but the one that installs the package."""
    return [cell for cell in cells if cell["cell_type"] == "code" and cell.get("id") != "bootstrap"]


def stress_memory(cells: Iterable[dict]) -> dict:
    """What a stress run depends on: all of that code but the exercises', and what it reaches of the package."""
    return memory.of_cells(source(cell) for cell in stressed_cells(cells) if not cell["id"].startswith("ex-"))


def stress_report(finding: Finding, results: dict, cells: Iterable[dict]) -> str:
    """Say on which seeds and knobs the assertion of a claim was tried, from the results file of ``make stress``."""
    result = results.get(name_of(Path(finding.notebook)))
    if result is None:
        return "not stressed yet"
    tried = {"seed" if name == "SEED" else name.lower().replace("_", " "): v for name, v in result["tried"].items()}
    text = "stressed: " + ", ".join(f"{name} {values[0]:g} to {values[-1]:g}" for name, values in tried.items())
    failed = result["failed"].get(f"assert-{finding.id}")
    text += f"; it fails at {', '.join(failed)}" if failed else ""
    changed = memory.differences(result["made"], stress_memory(cells))
    return text + (f"; with an earlier version of {memory.several(changed)}" if changed else "")


def source(cell: dict) -> str:
    """The text of a notebook cell, which the format stores as a string or as a list of lines."""
    text = cell.get("source", "")
    return text if isinstance(text, str) else "".join(text)
