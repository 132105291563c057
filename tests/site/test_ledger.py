"""The claims ledger is generated: a malformed claim ends the build, and the ledger says what the chapters say."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from bookext import claims
from bookext.lab import runnable

ROOT = Path(__file__).resolve().parents[2]
PARTS = yaml.safe_load((ROOT / "chapters" / "claims.yml").read_text(encoding="utf-8"))
CLAIMS = {number: text for part in PARTS for chapter in part["chapters"] for number, text in chapter["claims"].items()}


def claim(number="L01", verdict="holds", label="claim-l01"):
    return {
        "id": f"claim-{number}",
        "cell_type": "markdown",
        "source": f"({label})=\n**Verdict: {verdict}.** Indeed.\n",
    }


def asserting(number="L01", source="assert total == 3", kind="code"):
    return {"id": f"assert-{number}", "cell_type": kind, "source": source.splitlines(keepends=True)}


@pytest.fixture
def notebook(tmp_path):
    """Write a notebook of the given cells."""

    def write(*cells, name="01_start"):
        path = tmp_path / f"{name}.ipynb"
        path.write_text(json.dumps({"cells": cells}), encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize("page", ["README.md", "index.md"])
def test_how_many_claims_are_settled_is_said_rightly(page):
    settled = claims.read_findings(sorted((ROOT / "chapters").glob("*.ipynb")), CLAIMS)
    text = (ROOT / page).read_text(encoding="utf-8")
    assert re.findall(r"(\d+) of its (\d+) claims", text) == [(str(len(settled)), str(len(CLAIMS)))]


def test_finding_is_read(notebook):
    found = claims.read_findings([notebook(claim(verdict="holds under conditions"), asserting())], ["L01"])
    assert found == {"L01": claims.Finding("L01", "holds under conditions", "Indeed.", "01_start")}
    assert found["L01"].anchor == "cell-assert-L01"


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([claim(verdict="true"), asserting()], "claim-L01: unknown verdict 'true'; allowed are holds, holds under"),
        ([{**claim(), "source": "(claim-l01)="}, asserting()], r"claim-L01: it needs one sentence '\*\*Verdict"),
        ([claim(label="claim-l02"), asserting()], r"claim-L01: it lacks the label \(claim-l01\)="),
        ([claim()], "claim-L01: the next cell must be the code cell assert-L01"),
        ([claim(), asserting("L02")], "claim-L01: the next cell must be the code cell assert-L01"),
        ([claim(), asserting(kind="markdown")], "claim-L01: the next cell must be the code cell assert-L01"),
        ([claim(), asserting(source="print('assert')")], "claim-L01: the cell assert-L01 asserts nothing"),
        ([claim(), asserting(source="assert (")], "claim-L01: the cell assert-L01 asserts nothing"),
        ([claim("L1"), asserting("L1")], "claim-L1: a cell of a claim is called claim-L01 or the like"),
        ([claim("L02", label="claim-l02"), asserting("L02")], "claim-L02: L02 is not in the catalogue"),
        ([claim(), asserting(), claim(), asserting()], "claim-L01: L01 has a verdict already, in 01_start"),
        ([claim(), asserting(), asserting("L03")], "assert-L03: it does not follow a cell claim-L03"),
    ],
)
def test_malformed_claim_is_named(notebook, cells, message):
    with pytest.raises(claims.ClaimError, match=f"01_start.ipynb, cell {message}"):
        claims.read_findings([notebook(*cells)], ["L01"])


def test_claim_of_two_chapters_is_named(notebook):
    chapters = [notebook(claim(), asserting()), notebook(claim(), asserting(), name="02_next")]
    with pytest.raises(claims.ClaimError, match=r"02_next.ipynb, cell claim-L01: .* in 01_start"):
        claims.read_findings(chapters, ["L01"])


def test_all_malformed_claims_are_named_at_once(notebook):
    with pytest.raises(claims.ClaimError, match=r"(?s)claim-L01: unknown.*claim-L02: unknown"):
        claims.read_findings([notebook(claim(verdict="yes"), claim("L02", verdict="no"))], ["L01", "L02"])


@pytest.mark.parametrize("numbers", [["L02"], ["L01", "L03"], ["L02", "L01"]])
def test_catalogue_out_of_order_is_refused(tmp_path, numbers):
    path = tmp_path / "claims.yml"
    chapter = {"chapter": "One", "claims": dict.fromkeys(numbers, "Something")}
    path.write_text(yaml.safe_dump([{"part": "All", "chapters": [chapter]}], sort_keys=False), encoding="utf-8")
    with pytest.raises(claims.ClaimError, match=f"claims.yml: .* received {', '.join(numbers)}"):
        claims.read_catalogue(path)


def test_malformed_claim_ends_the_build(tmp_path, notebook):
    """Also without warnings as errors."""
    (tmp_path / "chapters").mkdir()
    notebook(claim(verdict="perhaps"), asserting(), name="chapters/01_start")
    (tmp_path / "chapters" / "claims.yml").write_text("- {part: All, chapters: [{chapter: One, claims: {L01: It is}}]}")
    (tmp_path / "index.rst").write_text("Title\n=====\n")
    (tmp_path / "conf.py").write_text("from bookext import ledger\n\ndef setup(app):\n    ledger.setup(app)\n")
    command = [sys.executable, "-m", "sphinx", "-q", str(tmp_path), str(tmp_path / "html")]
    result = subprocess.run(command, cwd=ROOT / "_ext", capture_output=True, text=True)
    assert result.returncode != 0
    assert "01_start.ipynb, cell claim-L01: unknown verdict 'perhaps'" in result.stderr
    assert not (tmp_path / "html" / "index.html").exists()


@pytest.mark.parametrize(
    "target", ["start#prose", "start#missing", "other#assert-L01", "start", "01_start#assert-L01", "*#assert-L01"]
)
def test_a_link_to_a_cell_that_is_not_there_ends_the_build(notebook, tmp_path, target):
    (tmp_path / "chapters").mkdir()
    notebook(asserting(), {"id": "prose", "cell_type": "markdown", "source": ""}, name="chapters/01_start")
    (tmp_path / "chapters" / "index.rst").write_text(
        f"Title\n=====\n\n:cell:`is <start#assert-L01>` :cell:`not <{target}>`\n"
    )
    (tmp_path / "conf.py").write_text(
        "from bookext import cells\n\nroot_doc = 'chapters/index'\n\ndef setup(app):\n    cells.setup(app)\n"
    )
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", str(tmp_path), str(tmp_path / "html")]
    result = subprocess.run(command, cwd=ROOT / "_ext", capture_output=True, text=True)
    assert result.returncode != 0
    received = [line for line in result.stderr.splitlines() if "received" in line]
    assert len(received) == 1
    assert f"cell received '{target}'; allowed: <chapter>#<id of a code cell> of chapters/" in received[0]


@pytest.fixture(scope="module")
def rows(site):
    """The rows of the ledger by claim."""
    table_rows = site.tree("chapters/ledger").select("table.ledger tbody tr")
    return {row.strong.text: row.select("td") for row in table_rows}


def test_ledger_lists_every_claim_once_and_in_order(site, rows):
    assert list(rows) == list(CLAIMS) == [f"L{number:02}" for number in range(1, 29)]
    assert len(site.tree("chapters/ledger").select("table.ledger tbody tr")) == len(CLAIMS)


@pytest.fixture(scope="module")
def settled():
    """The verdicts as the chapters spell them, each with its page."""
    found = {}
    for path in sorted((ROOT / "chapters").glob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["id"].startswith("claim-"):
                verdict = re.search(r"\*\*Verdict: (.*?)\.\*\*", "".join(cell["source"])).group(1)
                found[cell["id"].removeprefix("claim-")] = verdict, path.stem
    return found


@pytest.mark.parametrize("number", CLAIMS)
def test_ledger_says_what_the_chapters_say(site, rows, settled, number):
    statement, verdict, where = rows[number]
    links = [a["href"] for a in where.select("a")]
    assert statement.p.text == f"{number} {CLAIMS[number]}.".replace("'", "’")
    if number in settled:
        said, page = settled[number]
        assert verdict.text.strip() == said
        lives = f"assert-{number}" in runnable(ROOT / "chapters" / f"{page}.ipynb")
        assert links == [f"{page}.html", *[f"{page}.html#cell-assert-{number}"] * (1 + lives)]
        assert f"make claim L={number}" in where.text or lives
        cell = site.tree(f"chapters/{page}").find(id=f"cell-assert-{number}")
        assert re.search(r"^assert |^    assert ", cell.select_one(".cell_input").text, re.MULTILINE)
        assert statement.a["href"] == f"{page}.html#claim-{number.lower()}"
    else:
        assert verdict.text.strip() == "not written yet"
        assert links == []


def test_ledger_counts(site, settled):
    summary = site.tree("chapters/ledger").select_one(".claims-summary").text
    done = "" if len(settled) == len(CLAIMS) else " so far"
    assert summary.startswith(f"{len(settled)} of the {len(CLAIMS)} claims are settled{done}:")
    verdicts = [verdict for verdict, _ in settled.values()]
    for verdict in set(verdicts):
        assert f"{verdicts.count(verdict)} × {verdict}" in summary


def test_every_code_cell_can_be_linked(site, chapter):
    cells = json.loads((ROOT / f"{chapter}.ipynb").read_text(encoding="utf-8"))["cells"]
    shown = [c["id"] for c in cells if c["cell_type"] == "code" and "remove-cell" not in c["metadata"].get("tags", [])]
    ids = [element["id"] for element in site.tree(chapter).select("div.cell[id]")]
    assert ids == [f"cell-{name}" for name in shown]


def test_the_page_for_those_who_saw_the_video_goes_through_all_claims_in_order():
    text = (ROOT / "chapters" / "lecture.md").read_text(encoding="utf-8")
    assert re.findall(r"\{ref\}`(L\d\d) <claim-(l\d\d)>`", text) == [(number, number.lower()) for number in CLAIMS]
