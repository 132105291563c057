"""The page "Use it in your code": what it prints, and the package as a wheel in an empty environment."""

import doctest
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from set_repository import tracked_files

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "chapters" / "use.md"


def blocks():
    return "\n".join(re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE))


def test_the_blocks_of_the_page_print_what_stands_there():
    test = doctest.DocTestParser().get_doctest(blocks(), {"__name__": "use"}, PAGE.name, None, 0)
    assert len(test.examples) > 10
    report = []
    failed = doctest.DocTestRunner().run(test, out=report.append).failed
    assert not failed, "".join(report)


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """The interpreter of an empty environment into which the wheel of the tracked files was installed."""
    folder = tmp_path_factory.mktemp("wheel")
    for path in tracked_files():
        if path.is_file() and path.relative_to(ROOT).parts[0] in ("code", "pyproject.toml", "README.md", "LICENSE"):
            target = folder / "clone" / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", folder, folder / "clone"], check=True)
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    (wheel,) = folder.glob("warmstart-*.whl")
    subprocess.run([python, *pip[1:], "install", wheel], check=True)
    return python


def output(python, code, **environment):
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    command = [python, "-c", code]
    return subprocess.run(command, env=clean | environment, check=True, capture_output=True, text=True).stdout.strip()


def test_the_wheel_brings_the_data_and_needs_numpy_alone(python):
    code = "import warmstart, sys; from warmstart import data, scale, studies; print(warmstart.__file__)\n"
    code += "print(data.mnist().train_images.shape, scale.gain('relu'), len(studies.load('typical_setup').runs))\n"
    code += "print(sorted({'torch', 'matplotlib', 'scipy'} & set(sys.modules)))"
    place, numbers, heavy = output(python, code).splitlines()
    assert Path(place).is_relative_to(python.parents[1])
    assert numbers.startswith("(6000, 28, 28) 1.41421356")
    assert heavy == "[]"


def test_with_torch_beside_it_the_wheel_does_what_the_page_says(python):
    """Torch is this environment's, as a wheel of it weighs two hundred megabytes."""
    code = f"import doctest\nblocks = {blocks()!r}\n"
    code += "test = doctest.DocTestParser().get_doctest(blocks, {'__name__': 'use'}, 'use.md', None, 0)\n"
    code += "print(doctest.DocTestRunner().run(test).failed)\nimport warmstart; print(warmstart.__file__)"
    failed, place = output(python, code, PYTHONPATH=sysconfig.get_path("purelib")).splitlines()[-2:]
    assert failed == "0"
    assert Path(place).is_relative_to(python.parents[1])


TYPED = """\
import numpy as np
from torch import nn

import warmstart
from warmstart import scale, theory
from warmstart.transfer import param_groups

model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
report: warmstart.initialization.Report = warmstart.initialize_(model, "he", distribution="uniform")
std: float = scale.weight_std((8, 4), gain=scale.gain("relu"), mode="fan_avg")
moments: np.ndarray = theory.second_moment_through_depth(1.0, [100] * 10, 0.02)
print(report["0.weight"].std, std, moments[-1], len(param_groups(model, 0.1)))
"""


def test_a_type_checker_reads_the_wheel(python, tmp_path):
    """A program of a reader's passes in strict mode, and two words that do not exist are found."""
    for name, text in (("right", TYPED), ("wrong", TYPED.replace('"he"', '"hee"').replace("fan_avg", "fan"))):
        (tmp_path / f"{name}.py").write_text(text)
    site = output(python, "import sysconfig; print(sysconfig.get_path('purelib'))")
    (Path(site) / "torch-of-the-tests.pth").write_text(sysconfig.get_path("purelib"))
    mypy = [sys.executable, "-m", "mypy", "--strict", "--python-executable", python, "--cache-dir", tmp_path]

    def checked(name):
        done = subprocess.run([*mypy, f"{name}.py"], cwd=tmp_path, capture_output=True, text=True)
        return done.stdout.splitlines()

    assert checked("right") == ["Success: no issues found in 1 source file"]
    *errors, last = checked("wrong")
    assert last.startswith("Found 2 errors")
    assert all("arg-type" in error for error in errors)
