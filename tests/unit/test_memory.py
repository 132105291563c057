"""What stored results depend on: a changed optimizer is seen; moving, renaming and explaining code costs nothing."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import study
from bookext import long, memory
from bookext.naming import path_of

NAME = "several_tasks"
DECLARED = study.declared()[NAME]
SOURCES = study.sources(NAME, DECLARED)
HALVED = ("_stacking.py", "value=-1)", "value=-0.5)")


@pytest.fixture
def package(tmp_path):
    """A copy of the package, and a function that edits it and says what differs from the original."""
    folder = tmp_path / "warmstart"
    shutil.copytree(memory.PACKAGE, folder, ignore=shutil.ignore_patterns("*.npz", "__pycache__"))

    def edit(*changes):
        for file, old, new in changes:
            text = (folder / file).read_text(encoding="utf-8")
            assert old in text, f"{old} is not in {file}"
            (folder / file).write_text(text.replace(old, new), encoding="utf-8")
        return memory.differences(
            memory.of_study(DECLARED, SOURCES), memory.of_study(DECLARED, SOURCES, package=folder)
        )

    edit.folder = folder
    return edit


def test_an_update_that_is_halved_is_seen(package):
    assert package(HALVED) == ["_stacking.StackedOptimizer"]


@pytest.mark.parametrize(
    "changes",
    [
        [("_stacking.py", '"""SGD and Adam for a stack, ', '"""Two optimizers, ')],
        [("_stacking.py", "        self.steps += 1\n", "        # one more\n        self.steps  +=  1\n")],
        [("_stacking.py", "gradients: Sequence[Tensor | None], alive: Tensor) -> None:", "gradients, alive):")],
        [("_stacking.py", "  models = len(self", "  models: int = len(self")],
        [("_stacking.py", "import torch\n", "import torch as t\nimport torch\n"),
         ("_stacking.py", "torch.where", "t.where")],
        [("multitask.py", "from ._stacking import", "from . import _stacking as stacks\nfrom ._stacking import"),
         ("multitask.py", " StackedOptimizer(", " stacks.StackedOptimizer(")],
    ],
    ids=["docstring", "comment", "annotation", "annotated variable", "renamed import", "another way to import"],
)  # fmt: skip
def test_what_computes_the_same_is_no_change(package, changes):
    assert package(*changes) == []


def test_a_function_that_moves_is_no_change(package):
    """`refuse` moves into a package of its own, which hands it on; the old module is gone."""
    folder = package.folder
    (folder / "refusing").mkdir()
    shutil.move(folder / "errors.py", folder / "refusing" / "texts.py")
    (folder / "refusing" / "__init__.py").write_text("from .texts import *\nfrom .texts import refuse\n")
    for path in folder.rglob("*.py"):
        text = path.read_text(encoding="utf-8").replace("from .errors import", "from .refusing.texts import")
        path.write_text(text.replace("from ..errors import", "from ..refusing import"), encoding="utf-8")
    assert package() == []


def test_cells_count_without_their_imports():
    one = ["from warmstart import training\nimport numpy as np", "a = np.mean(training.fit([1]))  # fit it"]
    other = ["from numpy import mean\nfrom warmstart.training import fit as trained", "a = mean(trained([1]))"]
    assert memory.of_cells(one) == memory.of_cells(other)
    assert "training.fit" in memory.of_cells(one)["package"]
    for changed in (["a = 1"], [*other, "b = 2"], [other[0], "a = mean(trained([2]))"]):
        assert "the cells" in memory.differences(memory.of_cells(one), memory.of_cells(changed))


def test_a_name_that_a_function_binds_is_not_that_of_the_package():
    source = "from warmstart import training\ndef f(training):\n    return training.fit"
    assert memory.of_cells([source])["package"] == {}


def test_a_rerun_with_halved_updates_fails_and_one_with_moved_code_does_not(package):
    """The whole way: the package of the copy computes the shortest setting of a study anew."""
    data = package.folder / "datasets"
    for file in (memory.PACKAGE / "datasets").glob("*.npz"):
        os.symlink(file, data / file.name)
    code = "import study; print(study.differing(study_name, study.declared()[study_name]))"
    path = os.pathsep.join([str(package.folder.parent), *(str(Path(memory.__file__).parents[1]), str(study.TOOLS))])

    def rerun():
        command = [sys.executable, "-c", f"study_name = {NAME!r}; {code}"]
        done = subprocess.run(command, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    package(
        (
            "_stacking.py",
            "torch.where(",
            "torch.where (",
        )
    )
    assert rerun() == "[]\n"
    package(HALVED)
    assert "other numbers than those that are stored" in rerun()


@pytest.fixture
def chapter(tmp_path):
    """A chapter with one declared study, whose results were made with its present code."""
    notebook = shutil.copy(path_of(NAME, study.CHAPTERS), tmp_path)
    shutil.copy(study.CHAPTERS / "studies.yml", tmp_path)
    first = {"made": memory.of_study(DECLARED, SOURCES)}
    return Path(notebook), first


def test_the_page_says_what_changed_and_whether_it_was_run_again(chapter):
    notebook, first = chapter

    def said(**changes):
        (notebook.parent / f"{NAME}.jsonl").write_text(json.dumps(first | changes) + "\n")
        return long.report(notebook, notebook.parent)

    assert said() == ""
    made = {**first["made"], "package": {**first["made"]["package"], "training.accuracy": "0"}}
    text = "The long version was made with an earlier version of training.accuracy; "
    assert said(made=made) == text + "it was not run again since."
    assert said(made=made, checked=made) == text + "it was not run again since."
    checked = text + "one setting, run again with the present code, gives the same numbers."
    assert said(made=made, checked=first["made"]) == checked
    moved = {f"elsewhere.{name}": code for name, code in first["made"]["package"].items()}
    assert said(made=made, checked={**first["made"], "package": moved}) == checked
    assert long.report(notebook.with_name("01_starting_point.ipynb"), notebook.parent) == ""
