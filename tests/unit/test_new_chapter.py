"""make chapter: what it writes, and where numbers stand. That a draft passes the gates is seen in test_fork.py."""

import re

import pytest

import new_chapter
from chapters import CHAPTERS, ROOT, canonical, chapter_paths, read

ENTRIES = ("  - chapters:", "      - file: chapters/01_a", "      - file: chapters/03_b", "      - file: chapters/api")
TOC = "\n".join(("parts:", *ENTRIES, ""))


@pytest.mark.parametrize(
    ("page", "before"), [("chapters/02_new", "01_a"), ("chapters/04_new", "03_b"), ("chapters/12_new", "03_b")]
)
def test_a_chapter_comes_behind_those_before_it(page, before):
    lines = new_chapter.with_chapter(TOC, page).splitlines()
    assert lines[lines.index(f"      - file: {page}") - 1].endswith(before)
    assert len(lines) == len(TOC.splitlines()) + 1


def test_the_notebook_is_a_draft_in_canonical_form():
    made = new_chapter.notebook("some_name", "Some title")
    assert made.metadata.draft
    assert made.cells[0].source.startswith("(ch-some-name)=\n# Some title\n")
    text = canonical(made)
    assert '"fig-some-name-first"' in text
    assert "{{" not in text


def texts():
    """The prose of the book, by its file."""
    pages = {path: path.read_text(encoding="utf-8") for path in (ROOT / "index.md", *sorted(CHAPTERS.glob("*.md")))}
    return pages | {path: "\n".join(cell.source for cell in read(path).cells) for path in chapter_paths()}


def test_a_reference_shows_the_number_of_its_chapter():
    numbers = {label: int(path.stem[:2]) for path in chapter_paths() for label in new_chapter.labels(path)}
    found = [match for text in texts().values() for match in new_chapter.NUMBERED.findall(text)]
    assert len(found) > 50
    assert [(shown, label) for _, shown, label in found if int(shown) != numbers[label]] == []


def test_a_number_of_a_chapter_stands_in_references_and_names_of_files_alone():
    for path, text in texts().items():
        text = re.sub(r"^- \{cite:t\}.*", "", text, flags=re.MULTILINE)  # chapters of other books
        assert not re.search(r"[Cc]hapters? \d", new_chapter.NUMBERED.sub("", text)), path.name
        labels = re.findall(r"^\(([\w-]+)\)=$|^:(?:label|name): (\S+)$|check\(\"([\w-]+)\"", text, flags=re.MULTILINE)
        for label in map("".join, labels):
            assert not re.search(r"\b(0\d|1[0-3])\b", label), label
