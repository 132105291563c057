"""make chapter: what it writes; that the draft passes the gates is seen in a fork (tests/site/test_fork.py)."""

import pytest

import new_chapter
from chapters import canonical

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
    made = new_chapter.notebook("04", "some_name", "Some title")
    assert made.metadata.draft
    assert made.cells[0].source.startswith("(ch-some-name)=\n# Some title\n")
    text = canonical(made)
    assert '"fig-04-first"' in text
    assert "{{" not in text
