"""What every chapter keeps: the template, executed outputs, light figures, claims with their assertion."""

import ast
import base64
import json
import re

import pytest
import yaml

from bookext.naming import name_of, path_of
from bookext.predict import predictions_of
from bookext.reading import minutes
from chapters import CHAPTERS, attempt_for, canonical, chapter_paths, counts_as_open, open_code, read
from stress import RESULTS, knobs
from study import changed, declared, differing, runs
from warmstart import studies
from warmstart.exercises.asks import Function
from warmstart.exercises.core import exercises, registered

VERDICTS = ("holds", "holds under conditions", "garbled in the transcript", "not supported")
#: Chapters with more open code than 250 lines, since cells `setup-...` count; these numbers may only fall.
LONGER = {"how_to_transfer": 294, "across_modalities": 319, "few_numbers": 343, "several_tasks": 295}
UNCHECKED = {"nbval-skip", "nbval-ignore-output", "raises-exception"}
OPENING = ["title", "question", "objectives", "bootstrap", "imports", "parameters"]
CLOSING = ["limits", "summary", "sources"]


@pytest.fixture(params=chapter_paths(), ids=lambda path: path.stem)
def path(request):
    return request.param


@pytest.fixture
def cells(path):
    return read(path).cells


@pytest.fixture
def finished(path):
    """What is asked of a chapter only when it is no draft any more."""
    if read(path).metadata.get("draft"):
        pytest.skip("a draft")


def code(cells):
    return [cell for cell in cells if cell.cell_type == "code"]


def outputs(cell, key):
    return [output["data"][key] for output in cell.outputs if key in output.get("data", {})]


def printed(cell):
    return "".join(output["text"] for output in cell.outputs if output.get("name") == "stdout")


def figures(cells):
    return [cell for cell in code(cells) if outputs(cell, "image/png")]


def test_there_are_chapters():
    assert len(chapter_paths()) >= 3


def test_canonical(path):
    assert path.read_text(encoding="utf-8") == canonical(read(path)), "run: python tools/run_chapters.py --format"


def test_executed_in_order_and_clean(cells):
    """A cell that was never executed passes nbval, so it is counted here."""
    ran = [cell for cell in code(cells) if cell.source.strip()]
    assert [cell.execution_count for cell in ran] == list(range(1, len(ran) + 1))
    for cell in ran:
        for output in cell.outputs:
            assert output.output_type != "error", cell.id
            assert output.get("name") != "stderr", cell.id
        assert not set(cell.metadata.get("tags", [])) & UNCHECKED, cell.id


def test_no_path_of_a_machine(path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"(?<![\w.:/])/(root|home|Users|tmp|opt|var|mnt)/|[A-Z]:\\\\Users", text)


def test_template(cells):
    ids = [cell.id for cell in cells]
    assert ids[: len(OPENING)] == OPENING
    assert [name for name in ids if name in CLOSING] == CLOSING
    assert len(set(ids)) == len(ids)
    for needed in ("from-scratch", "same-as-package", "fig-", "derivation-", "reading-"):
        assert any(name.startswith(needed) for name in ids), f"no cell {needed}"
    title = cells[0].source
    assert re.match(r"\(ch-[a-z-]+\)=\n# ", title)
    assert "Andreas Maier" in title
    assert "CC BY 4.0" in title
    assert "rewritten" in title


def test_the_knobs_are_named_and_stressed(path, cells, finished):
    """The cell of papermill's convention holds the seed and the knobs, and make stress has tried this chapter."""
    parameters = next(cell for cell in cells if cell.id == "parameters")
    assert "parameters" in parameters.metadata.tags
    known = knobs(read(path))
    assert known["SEED"][0] == 0
    assert len(known) >= 3
    tried = yaml.safe_load(RESULTS.read_text(encoding="utf-8"))[name_of(path)]["tried"]
    assert set(tried) == set(known)
    names = {node.id for cell in code(cells) if cell.id not in ("bootstrap", "parameters") for node in names_of(cell)}
    assert set(known) <= names, "each knob is used"


def names_of(cell):
    return [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Name)]


def test_plumbing_is_folded_on_the_page_and_little_code_stands_open(path, cells):
    for cell in code(cells):
        plumbing = cell.id.startswith(("fig-", "assert-", "numbers-"))
        assert "hide-input" in cell.metadata.get("tags", []) or not plumbing, cell.id
    assert len(open_code(read(path))) <= LONGER.get(name_of(path), 250)
    assert minutes(cells) <= 60


def test_cells_that_stand_open_are_short(cells):
    for cell in code(cells):
        limit = 10 if cell.id.startswith("from-scratch") else 15
        lines = [line for line in cell.source.splitlines() if line.strip() and not line.lstrip().startswith("#")]
        assert len(lines) <= limit or not counts_as_open(cell), f"{cell.id}: {len(lines)} lines"


def test_no_two_statements_share_a_line(cells):
    """Ruff sees semicolons and colons; a tuple of calls is another way to meet a limit of lines."""
    for cell in code(cells):
        if cell.id != "bootstrap":
            for node in ast.walk(ast.parse(cell.source)):
                if isinstance(node, ast.Expr):
                    assert not isinstance(node.value, ast.Tuple | ast.ListComp), f"{cell.id}: {ast.unparse(node)}"


def test_light(path, cells):
    assert path.stat().st_size <= 500_000
    sizes = [len(base64.b64decode(png)) for cell in figures(cells) for png in outputs(cell, "image/png")]
    assert sum(sizes) / len(sizes) <= 60_000


def test_figures_have_name_caption_alt_and_a_reading(cells):
    assert figures(cells)
    for cell in figures(cells):
        meta = cell.metadata["mystnb"]
        assert cell.id.startswith("fig-"), cell.id
        assert meta["figure"]["name"].startswith("fig-"), cell.id
        assert len(meta["figure"]["caption"]) > 20, cell.id
        assert len(meta["image"]["alt"]) > 40, cell.id
        following = next(other for other in cells[cells.index(cell) + 1 :] if other.cell_type == "markdown")
        assert following.id.startswith("reading-"), f"after {cell.id} comes {following.id}"


def test_each_claim_has_a_verdict_and_a_cell_that_asserts_it(cells, finished):
    """A chapter settles the claims that the catalogue lists under its title; one that goes beyond the lecture none."""
    claims = [cell for cell in cells if cell.id.startswith("claim-L")]
    title = re.search(r"^# (.+)$", cells[0].source, flags=re.MULTILINE).group(1)
    catalogue = yaml.safe_load((CHAPTERS / "claims.yml").read_text(encoding="utf-8"))
    listed = {chapter["chapter"]: chapter["claims"] for part in catalogue for chapter in part["chapters"]}
    assert sorted(cell.id.removeprefix("claim-") for cell in claims) == sorted(listed.get(title, {}))
    for cell in claims:
        number = cell.id.removeprefix("claim-L")
        verdict = re.search(r"\*\*Verdict: ([a-z ]+)\.\*\*", cell.source)
        assert verdict, cell.id
        assert verdict.group(1) in VERDICTS, cell.id
        after = cells[cells.index(cell) + 1]
        assert after.id == f"assert-L{number}"
        assert asserts_something(after.source), after.id


def asserts_something(source):
    """Whether the code has an assertion that depends on a computed value."""
    plain = "\n".join(line for line in source.splitlines() if not line.startswith("%"))
    tests = [node.test for node in ast.walk(ast.parse(plain)) if isinstance(node, ast.Assert)]
    return any(isinstance(node, ast.Name) for test in tests for node in ast.walk(test))


def test_exercises_are_the_registered_ones_and_their_solutions_are_right(path, cells, finished):
    chapter = name_of(path).replace("_", "-")
    ids = [cell.id for cell in cells]
    labels = [match for cell in cells for match in re.findall(r":label: ex-(\S+)", cell.source)]
    assert labels == [name for cell in ids if (name := cell.removeprefix("ex-")) in labels]
    assert 4 <= len(labels) <= 6
    assert sorted(labels) == [name for name in exercises() if name.startswith(f"{chapter}-")]
    for name in labels:
        attempt = cells[ids.index(f"ex-{name}-try")]
        solution = cells[ids.index(f"ex-{name}-solution")]
        assert attempt.source == attempt_for(attempt.id)
        told = cells[ids.index(f"ex-{name}")].source
        assert all(re.search(rf"\b{word}\b", told) for word in arguments(registered(name).asks)), name
        assert printed(attempt).startswith("… Not attempted"), name
        assert printed(solution).startswith("✓ Right."), name


def arguments(kind):
    """The names of the arguments of a function that is asked for."""
    return re.findall(r"\w+", kind.signature.partition("(")[2]) if isinstance(kind, Function) else []


def test_a_chapter_asks_for_predictions_and_answers_each_option(path, cells, finished):
    """The puzzle and two more questions; each option has a sentence, and the result is a code cell further down."""
    asked, ids = predictions_of(path), [cell.id for cell in cells]
    assert len(asked) >= 3
    assert next(cell for cell in cells if cell.id == "question").metadata.get("predict")
    for cell in cells:
        for name, entry in cell.metadata.get("predict", {}).items():
            assert name.startswith(name_of(path).replace("_", "-"))
            assert f":::{{predict}} {name}\n" in cell.source
            assert set(entry) == {"right", "why", "beside"}
            assert entry["right"]
            assert set(entry["right"]) < set(range(len(entry["why"])))
            assert all(sentence.endswith(".") for sentence in entry["why"])
            assert ids.index(entry["beside"]) > ids.index(cell.id)


def test_no_training_curve_is_printed(cells):
    """A cell that ends with ``fit`` or ``fit_many`` shows losses, which differ from machine to machine."""
    for cell in code(cells):
        shown = "".join("".join(output.get("data", {}).get("text/plain", "")) for output in cell.outputs)
        assert "History:" not in shown, cell.id


def test_one_sentence_per_line(cells):
    """Prose changes line by line in a diff; a second sentence on a line hides in it."""
    for cell in cells:
        if cell.cell_type == "markdown" and cell.id not in ("sources", "title"):
            for line in re.sub(r"```.*?```|\$\$.*?\$\$", "", cell.source, flags=re.DOTALL).splitlines():
                plain = re.sub(r"`[^`]*`|\$[^$]*\$|\*\*[^*]*\*\*|\([^)]*\)", "x", line)
                assert not re.search(r"[a-z]{3,}[.?!] [A-Z][a-z]", plain), f"{cell.id}: {line}"


def test_notebook_metadata_is_minimal(path):
    metadata = json.loads(path.read_text(encoding="utf-8"))["metadata"]
    assert {"description"} <= set(metadata) <= {"description", "draft", "kernelspec", "language_info"}


@pytest.mark.parametrize("name", declared())
def test_long_versions_are_complete_and_come_out_as_they_did(name):
    """Where code changed since, one setting is run again; `make study` does so too, and notes it in the file."""
    study, results = declared()[name], studies.load(name)
    assert [settings for settings, _ in results.runs] == runs(study)
    long = next(cell for cell in read(path_of(name, CHAPTERS)).cells if cell.id == "long")
    assert outputs(long, "text/plain") == [repr(results)], "the page says when, how often and with what it was run"
    if old := changed(name, study):
        wrong = differing(name, study, workers=2)  # in a process of its own
        assert wrong == [], f"made with an earlier version of {old}; run: make study, with --fresh"
