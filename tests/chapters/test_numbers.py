"""A number in a text is one that a cell beside it prints or asserts; that of a long version comes from its results."""

import ast
import re

import pytest

from chapters import chapter_paths, read

NAMES = ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
WORDS = dict(zip(NAMES, range(2, 13), strict=True))
NUMBER = r"(?<![\w.,^_{/-])\d[\d,]*(?:\.\d+)?"
UNIT = r"(?= ?((?:percentage )?points?\b|%|times\b|percent\b))"
CITED = re.compile(rf"({NUMBER}|\b(?:{'|'.join(WORDS)})\b){UNIT}|(?<![\w.^_{{/-])(\d+\.\d+)")
NO_NUMBER = (
    r"\$\$.*?\$\$|\$[^$]*\$|`[^`]*`|\]\([^)]*\)|^:\w+:.*?$",  # formulas, code, links and options of directives
    r"^[^\n]*\{cite:[^\n]*$",  # what a paper found
    r"\bL\d+\b|\b[Cc]hapter \d+",
)
UNPROVEN = {"title", "question", "objectives", "sources"}  # before the first cell, and other people's
WHOLE = ("claim-", "summary", "limits")  # these speak of the whole chapter


def cited(text):
    """The numbers of a text that a measurement or a calculation must stand behind, with their unit.

    >>> cited("It fell by 3.4 points, to 71%, in two of 12 runs, to two times 0.5, see L05 and $0.5$.")
    [('3.4', 'points'), ('71', '%'), ('two', 'times'), ('0.5', '')]
    """
    for pattern in NO_NUMBER:
        text = re.sub(pattern, " ", text, flags=re.DOTALL | re.MULTILINE)
    return [(number or bare, unit) for number, unit, bare in CITED.findall(text)]


def parsed(cell):
    return list(ast.walk(ast.parse(re.sub(r"%pip.*", "pass", cell.source))))


def constants(nodes):
    found = (node.value for node in nodes if isinstance(node, ast.Constant))
    return {abs(float(value)) for value in found if isinstance(value, int | float)}


def shown(cells, *, settings=False):
    """The numbers that the cells print, assert or have as a parameter; with ``settings`` all in their code."""
    numbers = set()
    for cell in cells:
        for output in cell.outputs:
            text = output.get("text") or output.get("data", {}).get("text/plain", "")
            numbers |= {float(n.replace(",", "")) for n in re.findall(r"(?<![\w.])\d[\d,]*\.?\d*(?:e-?\d+)?", text)}
        whole = settings or cell.id == "parameters"
        for node in parsed(cell):
            if whole or isinstance(node, ast.Assert):
                numbers |= constants(ast.walk(node))
    return numbers


def stands(number, numbers):
    """Whether a cited number is one of these, rounded as it is, or one of these shares in percent.

    >>> stands("3.4", {0.0342}), stands("3.5", {0.0342, 3.44}), stands("two", {2.0})
    (True, False, True)
    """
    value = float(WORDS.get(number) or number.replace(",", ""))
    digits = len(number.partition(".")[2])
    candidates = {*numbers, *(100 * n for n in numbers if n <= 1)}
    return any(abs(round(n, digits) - value) < 1e-9 for n in candidates)


def from_studies(cells):
    """The code cells that load a long version or use a name that such a cell assigns."""
    names, found = set(), []
    for cell in cells:
        nodes = parsed(cell)
        if "studies.load" in cell.source or names & {node.id for node in nodes if isinstance(node, ast.Name)}:
            found.append(cell)
            names |= {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
            names |= {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    return found


def section(cells, place):
    """The code cells of the section in which a cell stands, and the parameters."""
    prose = [(i, cell.source) for i, cell in enumerate(cells) if cell.cell_type == "markdown"]
    starts = [i for i, text in prose if re.search("^##? ", text, re.MULTILINE)]
    first = max(i for i in starts if i <= place)
    last = min((i for i in starts if i > place), default=len(cells))
    return [c for c in cells[first:last] if c.cell_type == "code"] + [c for c in cells if c.id == "parameters"]


def unfounded(cells):
    """The cited numbers of a chapter that are not where they should be, with the cell's id."""
    code, found = [cell for cell in cells if cell.cell_type == "code"], []
    for place, cell in enumerate(cells):
        if cell.cell_type == "code" or cell.id in UNPROVEN or cell.source.startswith(":::{exercise-start}"):
            continue
        beside = code if cell.id.startswith(WHOLE) else section(cells, place)
        if "long version" in cell.source.lower():
            there = from_studies(code)
            beside = [one for one in beside if one in there] or there
        answers = [why for entry in cell.metadata.get("predict", {}).values() for why in entry["why"]]
        for text, cells_beside in (
            (cell.source, beside),
            ("\n".join(answers), code),
        ):  # a prediction's result comes later
            for number, unit in cited(text):
                if not stands(number, shown(cells_beside, settings=unit == "times" or cell.id == "limits")):
                    found.append(f"{cell.id}: {number} {unit}")
    return found


@pytest.mark.parametrize("path", chapter_paths(), ids=lambda path: path.stem)
def test_numbers_of_a_text_are_printed_or_asserted(path):
    missing = unfounded(read(path).cells)
    assert not missing, f"printed or asserted by no cell of the section: {missing}"
