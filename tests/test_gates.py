"""The gates themselves: a gate that is not called, or skips what it cannot do, keeps nothing out."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import pytest
import yaml

from chapters import chapter_paths

ROOT = Path(__file__).resolve().parent.parent
CI = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def commands(target):
    """What a target of the Makefile would run, without its environment."""
    done = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=True)
    return [line.strip() for line in done.stdout.splitlines() if line.strip()]


def test_make_test_runs_every_gate():
    lines = commands("test")
    assert any(re.search(r"ruff check \.$", line) for line in lines)
    assert any(re.search(r"ruff format --check \.$", line) for line in lines)
    assert any(line.endswith("bin/mypy") for line in lines)
    assert any("zizmor" in line for line in lines)
    (tests,) = (line for line in lines if "-m pytest" in line)
    words = tests.split()
    assert {"--nbval", "tests", "code", "_ext", "chapters"} <= set(words)
    assert words[words.index("--dist") + 1] == "loadfile", "cells of one notebook run in one process"
    assert not {"-k", "-m", "--deselect", "--ignore", "--nbval-lax", "-x"} & set(words[3:])
    assert not any(re.search(r"\|\| *true|^-", line) for line in lines), "a gate that fails must fail"


def test_doctests_are_run_and_types_are_strict():
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    assert "--doctest-modules" in tools["pytest"]["ini_options"]["addopts"]
    assert tools["mypy"]["strict"] is True
    loose = [name for one in tools["mypy"]["overrides"] if one.get("ignore_errors") for name in one["module"]]
    strict = ("scale", "theory", "initializers", "initialization", "transfer", "training", "bench")
    assert not [name for name in loose for part in strict if name.startswith(f"warmstart.{part}")]
    assert len(loose) <= 7, "the list of what is not checked may only become shorter"
    assert "chapters" not in str(tools["ruff"].get("extend-exclude", ""))


def test_the_notebooks_are_linted(tmp_path):
    """The chapters are among the files, and in one a name that does not exist is found."""
    ruff = [sys.executable, "-m", "ruff", "check", "--config", ROOT / "pyproject.toml"]
    shown = subprocess.run([*ruff, "--show-files", ROOT], capture_output=True, text=True, check=True).stdout
    assert set(map(str, chapter_paths())) <= set(shown.splitlines())
    wrong = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("print(nowhere)")])
    nbformat.write(wrong, tmp_path / "wrong.ipynb")
    found = subprocess.run([*ruff, tmp_path / "wrong.ipynb"], capture_output=True, text=True)
    assert found.returncode == 1
    assert "F821" in found.stdout


def test_ci_calls_the_test_command_and_tolerates_nothing():
    assert re.search(r"^set -euo pipefail$", CI, re.MULTILINE)
    assert re.search(r"^export CI=true$", CI, re.MULTILINE), "or the browser tests skip without a browser"
    assert re.search(r"^make test$", CI, re.MULTILINE)
    assert "|| true" not in CI
    assert "make test" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_browser_tests_fail_where_ci_is_set():
    for file, times in (("conftest.py", 1), ("test_lab.py", 2)):  # no browser; no Python for the page, no node
        text = (ROOT / "tests" / "site" / file).read_text(encoding="utf-8")
        assert len(re.findall(r"fail if os.environ.get\(\"CI\"\)", text)) == times


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_have_few_rights_and_an_end(path):
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert set(workflow.get("permissions", {"write-all": ""})) <= {"contents"}, "a right of one job"
    assert workflow["permissions"]["contents"] == "read"
    for job in workflow["jobs"].values():
        assert "uses" in job or job["timeout-minutes"] <= 120


def test_publishing_waits_for_the_tests():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "publish.yml").read_text(encoding="utf-8"))
    (publish,) = (job for job in workflow["jobs"].values() if "environment" in job)
    needed = [workflow["jobs"][name] for name in publish["needs"]]
    assert [job["uses"] for job in needed] == ["./.github/workflows/test.yml"]
    test = yaml.safe_load((ROOT / ".github" / "workflows" / "test.yml").read_text(encoding="utf-8"))
    assert "workflow_call" in test[True], "yaml reads the key `on` as true"
    assert any("bash .ci/run" in step.get("run", "") for step in test["jobs"]["test"]["steps"])
