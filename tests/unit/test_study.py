"""make study: the declared table is run once, whatever happens in between, and what is in the file can be trusted."""

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
import yaml

import study
from warmstart import studies

TOOLS = Path(study.__file__).parent
PATHS = os.environ | {"PYTHONPATH": str(TOOLS.parent / "_ext")}
NAME = "try"
DECLARED = {
    "cells": ["parameters", "work"],
    "parameters": {"WIDTH": 5},
    "call": "work",
    "grid": [{"rate": [0.1, 0.2], "seeds": [3]}, {"rate": [0.2, 0.4], "seeds": [3]}],
}
PARAMETERS = "SEED = 0\nWIDTH = 2\nCALLS = {calls!r}"
WORK = """\
def work(rate, seeds):
    with open(CALLS, "a") as file:
        file.write(f"{rate}\\n")
    return {"products": [rate * WIDTH * seed for seed in range(seeds)], "width": WIDTH}"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with one chapter, where the studies of the test are."""
    monkeypatch.setattr(study, "CHAPTERS", tmp_path)
    write(tmp_path, WORK)
    return tmp_path


def write(folder, work):
    parameters = PARAMETERS.format(calls=str(folder / "calls"))
    cells = [nbformat.v4.new_code_cell(text, id=name) for name, text in (("parameters", parameters), ("work", work))]
    text = nbformat.v4.new_markdown_cell("prose", id="text")
    nbformat.write(nbformat.v4.new_notebook(cells=[text, *cells]), folder / f"99_{NAME}.ipynb")


def calls(folder):
    return (folder / "calls").read_text().split()


@pytest.mark.parametrize("workers", [1, 2])
def test_every_run_is_done_once_and_in_the_declared_order(place, workers):
    assert study.complete(NAME, DECLARED, folder=place, workers=workers) == []
    assert sorted(calls(place)) == ["0.1", "0.2", "0.4"]
    results = studies.load(NAME, folder=place)
    assert [settings["rate"] for settings, _ in results.runs] == [0.1, 0.2, 0.4]
    assert results.parameters == {"WIDTH": 5}
    assert set(results.versions) == {"python", "torch", "numpy"}
    np.testing.assert_allclose(results.get("products", rate=0.4), [0, 2, 4])


def test_complete_results_are_left_alone_and_a_longer_table_is_only_added_to(place):
    study.complete(NAME, DECLARED, folder=place)
    before = (place / f"{NAME}.jsonl").read_bytes()
    study.complete(NAME, DECLARED, folder=place)
    assert (place / f"{NAME}.jsonl").read_bytes() == before
    longer = DECLARED | {"grid": [{"rate": [0.05, 0.1, 0.4], "seeds": [3]}]}
    study.complete(NAME, longer, folder=place)
    assert calls(place)[3:] == ["0.05"]
    assert [settings["rate"] for settings, _ in studies.load(NAME, folder=place).runs] == [0.05, 0.1, 0.4]


def test_a_kill_loses_nothing_and_runs_nothing_twice(place):
    """The process dies in the second run, without a chance to tidy up; the next one does that run and the third."""
    mark = place / "died"
    write(place, f"from pathlib import Path\nimport os\nmark = Path({str(mark)!r})\n{WORK}".replace(
        "    return", "    if rate == 0.2 and not mark.exists():\n        mark.touch()\n        os._exit(9)\n    return"
    ))  # fmt: skip
    code = "import json, pathlib, sys, study; place = pathlib.Path(sys.argv[1]); study.CHAPTERS = place; "
    code += "study.complete(sys.argv[2], json.loads(sys.argv[3]), folder=place)"
    command = [sys.executable, "-c", code, str(place), NAME, json.dumps(DECLARED)]
    assert subprocess.run(command, cwd=TOOLS, env=PATHS, capture_output=True, timeout=120).returncode == 9
    assert [settings["rate"] for settings, _ in studies.load(NAME, folder=place).runs] == [0.1]
    with (place / f"{NAME}.jsonl").open("a") as file:
        file.write('{"settings": {"rate": 0.2')  # torn in the middle of a line
    assert study.complete(NAME, DECLARED, folder=place) == []
    assert calls(place) == ["0.1", "0.2", "0.2", "0.4"]
    assert len(studies.load(NAME, folder=place).runs) == 3


@pytest.fixture(scope="module")
def cluster():
    """A Dask cluster of two worker processes on this machine."""
    distributed = pytest.importorskip("distributed")
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with distributed.LocalCluster(**options) as local:
        yield local


def test_a_cluster_that_loses_a_worker_loses_no_run_and_writes_none_twice(place, cluster):
    """A worker process dies in the run at 0.2; that run is given to another."""
    mark = place / "died"
    write(place, f"from pathlib import Path\nimport os\nmark = Path({str(mark)!r})\n{WORK}".replace(
        "    return", "    if rate == 0.2 and not mark.exists():\n        mark.touch()\n        os._exit(9)\n    return"
    ))  # fmt: skip
    assert study.complete(NAME, DECLARED, folder=place, scheduler=cluster.scheduler_address) == []
    assert mark.exists()
    assert sorted(calls(place)) == ["0.1", "0.2", "0.2", "0.4"]
    found = studies.load(NAME, folder=place)
    assert [settings["rate"] for settings, _ in found.runs] == [0.1, 0.2, 0.4]
    study.complete(NAME, DECLARED, folder=place)
    assert len(calls(place)) == 4


def test_a_cluster_gives_the_results_of_this_machine(place, cluster):
    study.complete(NAME, DECLARED, folder=place)
    here = (place / f"{NAME}.jsonl").read_bytes()
    study.complete(NAME, DECLARED, folder=place, fresh=True, scheduler=cluster.scheduler_address)
    assert (place / f"{NAME}.jsonl").read_bytes() == here
    assert len(calls(place)) == 6


def test_a_torn_first_line_begins_anew(place):
    (place / f"{NAME}.jsonl").write_text('{"study": "99_')
    assert study.complete(NAME, DECLARED, folder=place) == []
    assert len(calls(place)) == 3


def test_a_run_that_raises_is_named_and_the_others_are_kept(place):
    write(place, WORK.replace("    return", "    assert rate != 0.2, 'too fast'\n    return"))
    errors = study.complete(NAME, DECLARED, folder=place)
    assert errors == [f"{NAME} {{'rate': 0.2, 'seeds': 3}}: AssertionError: too fast"]
    assert [settings["rate"] for settings, _ in studies.load(NAME, folder=place).runs] == [0.1, 0.4]


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        ("{'loss': float('nan')}", "ValueError"),
        ("{'loss': object()}", "TypeError"),
        ("{'rate': 3}", "the result received ['rate'], which are settings"),
        ("WIDTH / 0", "ZeroDivisionError"),
    ],
)
def test_what_the_file_cannot_hold_is_an_error(place, returned, message):
    write(place, f"def work(rate, seeds):\n    return {returned}")
    errors = study.complete(NAME, DECLARED, folder=place)
    assert len(errors) == 3
    assert all(message in error for error in errors)


def test_the_command_runs_in_processes_and_says_how_far_it_is(place):
    (place / "studies.yml").write_text(yaml.safe_dump({NAME: DECLARED}))
    code = "import runpy, pathlib, sys, chapters; from warmstart import studies; place = pathlib.Path(sys.argv.pop()); "
    code += "chapters.CHAPTERS = studies.FOLDER = place; runpy.run_path('study.py', run_name='__main__')"
    command = [sys.executable, "-c", code, "--workers", "2", str(place)]
    ended = subprocess.run(command, cwd=TOOLS, env=PATHS, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
    assert f"{NAME}: 3 of 3 runs, begun " in ended.stdout
    assert "3/3 [" in ended.stderr
    assert sorted(calls(place)) == ["0.1", "0.2", "0.4"]


def test_results_of_other_code_are_neither_added_to_nor_taken_for_its_own(place):
    study.complete(NAME, DECLARED, folder=place)
    for other in (DECLARED | {"parameters": {"WIDTH": 6}}, DECLARED | {"cells": ["parameters"]}):
        (error,) = study.complete(NAME, other, folder=place)
        assert "made with an earlier version of the cells; add --fresh" in error
    write(place, WORK.replace("* seed", "* (seed + 1)"))
    (error,) = study.complete(NAME, DECLARED | {"grid": [{"rate": [0.7], "seeds": [3]}]}, folder=place)
    assert error.startswith(f"{NAME} {{'rate': 0.1, 'seeds': 3}}: other numbers than those that are stored; made with")
    before = len(calls(place))
    assert study.complete(NAME, DECLARED, folder=place, fresh=True) == []
    assert len(calls(place)) == before + 3


def test_other_code_with_the_same_numbers_is_noted_once(place):
    study.complete(NAME, DECLARED, folder=place)
    write(place, WORK + "  # a comment changes nothing")
    assert not study.changed(NAME, DECLARED, folder=place)
    write(place, WORK + "\n\nwork = work")
    assert study.changed(NAME, DECLARED, folder=place) == ["the cells"]
    made = studies.load(NAME, folder=place).made
    longer = DECLARED | {"grid": [*DECLARED["grid"], {"rate": [0.8], "seeds": [3]}]}
    for _ in range(2):
        assert study.complete(NAME, longer, folder=place) == []
    assert sorted(calls(place)) in (sorted(["0.1", "0.2", "0.4", rate, "0.8"]) for rate in ("0.1", "0.2", "0.4"))
    results = studies.load(NAME, folder=place)
    assert (results.made, results.checked) == (made, study.memory_of(NAME, DECLARED))
    assert not study.changed(NAME, DECLARED, folder=place)
    write(place, WORK + "\n\nwork = (work)\nwork = work")
    assert study.changed(NAME, DECLARED, folder=place) == ["the cells"]


def test_one_setting_is_run_again_or_all(place):
    study.complete(NAME, DECLARED, folder=place)
    write(place, WORK.replace("* seed", "* (seed + (rate == 0.2))"))
    quick = DECLARED | {"quick": {"rate": 0.4, "seeds": 3}}
    assert study.differing(NAME, quick, folder=place) == []
    assert calls(place)[3:] == ["0.4"]
    (error,) = study.differing(NAME, quick, every=True, folder=place)
    assert error == f"{NAME} {{'rate': 0.2, 'seeds': 3}}: other numbers than those that are stored"
    assert "no stored setting" in study.differing(NAME, DECLARED | {"quick": {"rate": 9}}, folder=place)[0]


def test_results_of_other_versions_are_not_added_to(place, monkeypatch):
    study.complete(NAME, DECLARED, folder=place)
    monkeypatch.setattr(study, "version", lambda package: "0.0")
    assert study.complete(NAME, DECLARED, folder=place) == []
    (error,) = study.complete(NAME, DECLARED | {"grid": [{"rate": [0.7], "seeds": [3]}]}, folder=place)
    assert "holds results of other versions" in error


def test_what_is_declared_must_be_there(place, monkeypatch):
    with pytest.raises(SystemExit, match=r"received the cells \['missing'\]; allowed: parameters, work"):
        study.complete(NAME, DECLARED | {"cells": ["missing"]}, folder=place)
    errors = study.complete(NAME, DECLARED | {"parameters": {"WIDHT": 1}}, folder=place)
    assert "['WIDHT']; allowed: names of the cell" in errors[0]
    monkeypatch.setattr(study, "DECLARED", place / "studies.yml")
    (place / "studies.yml").write_text("99_try: {cells: [], call: work, grids: []}")
    with pytest.raises(SystemExit, match=r"received .*'grids'.*allowed: .*'grid'"):
        study.declared()


def test_one_run_is_asked_for(place):
    study.complete(NAME, DECLARED, folder=place)
    results = studies.load(NAME, folder=place)
    for settings, number in (({}, 3), ({"seeds": 3}, 3), ({"rate": 7}, 0), ({"width": 5}, 0)):
        with pytest.raises(ValueError, match=f"exactly one run, not of {number}, out of .*'rate': 0.1"):
            results.get("products", **settings)
    with pytest.raises(ValueError, match="result received 'loss'; allowed: products, width"):
        results.get("loss", rate=0.1)


def test_a_study_that_is_missing_or_damaged_is_refused(tmp_path):
    with pytest.raises(ValueError, match="name received '98_none'; allowed: none"):
        studies.load("98_none", folder=tmp_path)
    for text in ("", "{", "[]\n", '{"date": ""}\n'):
        (tmp_path / "98_none.jsonl").write_text(text)
        with pytest.raises(ValueError, match=r"are damaged.*make study --fresh"):
            studies.load("98_none", folder=tmp_path)
