"""Begin a chapter: ``make chapter N=04 NAME=xavier TITLE="Xavier: forward and backward"``.

Writes the notebook with the cells of the template and runs it, writes the two files of its exercises, adds it to
``_toc.yml``. Where a chapter has this number, the new one is inserted before it: the files from there on get the
next number, and each text that names a file or shows a number follows. It passes the gates as a draft: as long as
``draft`` stands in the notebook's metadata, claims, exercises and stress are not asked for. Delete the entry when they
are there.
"""

import argparse
import itertools
import re
import subprocess

import nbformat

from bookext.naming import name_of
from chapters import CHAPTERS, ROOT, canonical, chapter_paths, read
from run_chapters import execute

CELLS = {
    "title": """\
(ch-{name})=
# {title}

One sentence that asks what this chapter answers.

This chapter retells, in our own words, a part of the lecture *Deep Learning* by Andreas Maier (FAU Erlangen-Nürnberg, \
[CC BY 4.0](https://creativecommons.org/licenses/by/4.0/)); the text was rewritten.""",
    "question": """\
## A puzzle

This chapter is a draft.
State a puzzle, and let the reader predict before it is answered.""",
    "objectives": """\
:::{{admonition}} After this chapter you can
:class: note
- derive something, measure something, and say where it fails.

**You need:** {{ref}}`ch-calibrating-variance`.
:::""",
    "bootstrap": None,
    "imports": """\
import matplotlib.pyplot as plt
import numpy as np

from warmstart import plots, scale

plots.use_style()""",
    "parameters": """\
SEED = 0
WIDTH = 100  # units a layer
DEPTH = 10  # layers""",
    "fig-first": """\
rng, h, squares = np.random.default_rng(SEED), np.ones(WIDTH), [1.0]
for _ in range(DEPTH):
    h = 0.5 * rng.standard_normal((WIDTH, WIDTH)) @ h / np.sqrt(WIDTH)
    squares.append(np.mean(h**2))
fig, ax = plt.subplots()
ax.semilogy(squares, color=plots.ROLES["vanishing"])
_ = ax.set(xlabel="layer", ylabel="second moment")""",
    "reading-first": "Say what to see in the figure, and what surprises.",
    "derivation-first": "## A derivation\n\nEvery step with its reason.",
    "from-scratch": "def gain(second_moment_of_activation):\n    return 1 / np.sqrt(second_moment_of_activation)",
    "same-as-package": 'assert np.isclose(gain(1 / 2), scale.gain("relu"))',
    "limits": "## Limits\n\n- Where the rule fails.",
    "exercises": "## Exercises\n\nFrom predicting to exploring.",
    "summary": "## Summary\n\n- What to keep, in a handful of lines linked to equations and figures.",
    "sources": "## Sources\n\n- What to read next, and why.",
}
FIGURE = {
    "figure": {"name": "fig-{name}-first", "caption": "What is drawn, in which units, from how many runs."},
    "image": {"alt": "What the curves do, for those who cannot see them: one curve falls on a logarithmic axis."},
}
TEXTS = {".ipynb", ".md", ".py", ".yml", ".js", ".html", ".toml", ".txt", ".cff"}
NUMBERED = re.compile(r"(\{ref\}`(?:[^`<]*\bchapter )?)(\d+) <([a-z0-9-]+)>")
CHECKS = '"""Checks of the chapter *{title}*. The first lines of ``core.py`` show how one is written."""\n'
ANSWERS = """\
\"\"\"Answers to the exercises of *{title}*: right ones, and wrong ones.\"\"\"

RIGHT = []
WRONG = []
UNKNOWN = []
UNUSABLE = []
"""


def notebook(name, title):
    """The notebook of a new chapter, not yet executed."""
    cells, label = [], name.replace("_", "-")
    for cell, text in CELLS.items():
        is_code = cell in ("bootstrap", "imports", "parameters", "fig-first", "from-scratch", "same-as-package")
        make = nbformat.v4.new_code_cell if is_code else nbformat.v4.new_markdown_cell
        source = text if text is None or is_code else text.format(name=label, title=title)
        cells.append(make(source or "", id=cell))
    figure = {key: value.format(name=label) for key, value in FIGURE["figure"].items()}
    next(cell for cell in cells if cell.id == "fig-first").metadata.mystnb = {**FIGURE, "figure": figure}
    next(cell for cell in cells if cell.id == "parameters").metadata.tags = ["parameters"]
    metadata = {"description": f"{title}: a draft.", "draft": True}
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata)


def with_chapter(contents, page):
    """The table of contents with ``page`` behind the last chapter before it."""
    entries = list(re.finditer(r"^( *- file: )chapters/\d\d_\w+\n", contents, flags=re.MULTILINE))
    before = [entry for entry in entries if entry.group().split("file: ")[1] < page]
    place = (before or entries)[-1]
    return contents[: place.end()] + f"{place[1]}{page}\n" + contents[place.end() :]


def moved(paths, number):
    """The new names of the files that make room for a chapter: those from ``number`` on, up to the first gap.

    >>> from pathlib import Path
    >>> moved([Path("01_a.ipynb"), Path("02_b.ipynb"), Path("03_c.ipynb"), Path("05_d.ipynb")], 2)
    {'03_c': '04_c', '02_b': '03_b'}
    """
    found = {int(path.stem[:2]): path for path in paths}
    block = itertools.takewhile(found.__contains__, itertools.count(number))
    return {found[n].stem: f"{n + 1:02}_{name_of(found[n])}" for n in reversed(list(block))}


def renumbered(text, names, numbers):
    """The text with the new names of files, and references that show a chapter's number with the one it has now.

    >>> renumbered("{ref}`chapter 2 <ch-b>`, chapters/02_b", {"02_b": "03_b"}, {"ch-b": 3})
    '{ref}`chapter 3 <ch-b>`, chapters/03_b'
    """
    for old, new in names.items():
        text = re.sub(rf"\b{old}\b", new, text)
    return NUMBERED.sub(lambda match: f"{match[1]}{numbers.get(match[3], match[2])} <{match[3]}>", text)


def make_room(number):
    """Give the chapters from ``number`` on the next one, in the names of their files and wherever these are named."""
    names = moved(chapter_paths(), number)
    for old, new in names.items():
        (CHAPTERS / f"{old}.ipynb").rename(CHAPTERS / f"{new}.ipynb")
    numbers = {label: int(path.stem[:2]) for path in chapter_paths() for label in labels(path)}
    listing = subprocess.run(
        ["git", "ls-files", "-coz", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True
    )
    for name in filter(None, listing.stdout.decode().split("\0")):
        path = ROOT / name
        if path.is_file() and path.suffix in TEXTS:
            text = path.read_text(encoding="utf-8")
            if (after := renumbered(text, names, numbers)) != text:
                path.write_text(after, encoding="utf-8")
    return names


def labels(path):
    """The labels of a chapter's headings."""
    return re.findall(r"^\(([a-z0-9-]+)\)=$", "\n".join(cell.source for cell in read(path).cells), re.MULTILINE)


def main():
    """Write the files, and refuse to overwrite one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("number", help="two digits, such as 04")
    parser.add_argument("name", help="small letters and underscores, such as xavier")
    parser.add_argument("title")
    options = parser.parse_args()
    if not re.fullmatch(r"\d\d", options.number) or not re.fullmatch(r"[a-z_]+", options.name) or not options.title:
        parser.error('allowed: N=04 NAME=small_letters TITLE="Some title"')
    path = CHAPTERS / f"{options.number}_{options.name}.ipynb"
    checks = ROOT / "code" / "warmstart" / "exercises" / f"{options.name}.py"
    answers = ROOT / "tests" / "exercises" / f"answers_{options.name}.py"
    if taken := [file.name for file in (checks, answers) if file.exists()]:
        parser.error(f"a chapter {options.name} is there already: {', '.join(taken)}")
    if following := make_room(int(options.number)):
        print(f"Renumbered: {', '.join(sorted(following.values()))}.")
    made = nbformat.from_dict(notebook(options.name, options.title))
    path.write_text(canonical(made), encoding="utf-8")
    made = nbformat.read(path, as_version=4)
    execute(made, path.parent)
    path.write_text(canonical(made), encoding="utf-8")
    checks.write_text(CHECKS.format(title=options.title), encoding="utf-8")
    answers.write_text(ANSWERS.format(title=options.title), encoding="utf-8")
    contents = ROOT / "_toc.yml"
    contents.write_text(with_chapter(contents.read_text(encoding="utf-8"), f"chapters/{path.stem}"), encoding="utf-8")
    print(f"Begun: {path.name}, exercises/{checks.name}, {answers.name}, a line in _toc.yml. See CONTRIBUTING.md.")


if __name__ == "__main__":
    main()
