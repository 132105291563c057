"""The project's own promises: docstrings, pins, README, and that CONTRIBUTING names tests that exist."""

import ast
import importlib.util
import inspect
import re
import sys
import tomllib
from importlib.metadata import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

import warmstart
from chapters import BOOTSTRAP

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "code" / "warmstart"
MODULES = [name for name in warmstart.__all__ if name not in warmstart._HOMES]


def public_names():
    """All functions and classes that a module of the package defines and does not hide."""
    for name in MODULES:
        module = importlib.import_module(f"warmstart.{name}")
        for attribute in getattr(module, "__all__", vars(module)):
            value = getattr(module, attribute)
            own = getattr(value, "__module__", "").startswith(module.__name__)
            if own and not attribute.startswith("_") and (inspect.isfunction(value) or inspect.isclass(value)):
                yield f"{name}.{attribute}", value


PUBLIC = dict(public_names())


@pytest.mark.parametrize("name", PUBLIC)
def test_docstring_is_complete(name):
    value = PUBLIC[name]
    text = inspect.getdoc(value)
    first = text.splitlines()[0]
    assert re.search(r"[.:)]$", first), "one sentence first"
    assert ">>> " in text, "an example"
    if inspect.isfunction(value):
        described = re.findall(r"^    \*{0,2}(\w+)(?=[\w, ]*: )", text, re.MULTILINE)
        for parameter in inspect.signature(value).parameters:
            short = ":func:`" in first or len(inspect.signature(value).parameters) == 1 or "errors." in name
            assert short or parameter in described, f"{parameter} is not described"


def test_nothing_prints_but_check():
    for path in PACKAGE.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef) and function.name != "check":
                calls = [node.func for node in ast.walk(function) if isinstance(node, ast.Call)]
                assert not any(isinstance(call, ast.Name) and call.id == "print" for call in calls), path


def requirement_lines(name):
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith(("#", "-"))]


def test_every_pin_installs_on_each_python_that_we_promise():
    """soupsieve 4.1.2 asked for Python 3.11.5, and `make book` failed where the system has 3.11.2."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [Requirement(line) for line in lines if line and not line.startswith("#")]
    asks = {pin.name: SpecifierSet(metadata(pin.name).get("Requires-Python", "")) for pin in pins}
    assert len(asks) > 100
    for python in ("3.11.0", "3.12.0", "3.13.0"):
        assert [name for name, allowed in asks.items() if python not in allowed] == []


@pytest.mark.parametrize(
    "name", ["requirements.txt", "requirements-book.txt", "constraints.txt", ".binder/requirements.txt"]
)
def test_requirements_are_pinned(name):
    lines = requirement_lines(name)
    assert lines
    for line in lines:
        assert re.fullmatch(r"[A-Za-z0-9_.-]+==[\w.]+", line), line


def test_pins_agree():
    """A version that stands in two files is the same in both."""
    seen = {}
    for name in ("constraints.txt", "requirements.txt", "requirements-book.txt", ".binder/requirements.txt"):
        for line in requirement_lines(name):
            package, version = re.sub(r"[_.]", "-", line.lower()).split("==")
            assert seen.setdefault(package, version) == version, line


def test_the_site_needs_no_torch():
    names = [line.split("==")[0] for line in requirement_lines("requirements-book.txt")]
    assert not {"torch", "matplotlib"} & set(names)


def test_package_depends_on_numpy_alone():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert [re.split(r"[<>=]", name)[0] for name in project["dependencies"]] == ["numpy"]
    assert not any("==" in line for lines in project["optional-dependencies"].values() for line in lines)


def test_the_declared_torch_has_the_names_that_the_package_reads():
    """nn.RMSNorm came with 2.4, while 2.2 was promised: `initialization` could not be imported there."""
    since = {"nn.RMSNorm": Version("2.4"), "backends.mha": Version("2.3")}
    source = "\n".join(path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (declared,) = Requirement(project["optional-dependencies"]["torch"][0]).specifier
    assert all(name in source for name in since)
    assert declared.operator == ">="
    assert Version(declared.version) >= max(since.values())


def test_readme_is_short():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 60
    assert text.count("![") - text.count("[![") == 1, "one picture"
    for picture in re.findall(r"!\[[^]]*\]\((?!https)([^)]*)\)", text):
        assert (ROOT / picture).is_file(), picture
    assert "make book" in text
    assert "make test" in text


@pytest.mark.parametrize("page", ["README.md", "index.md"])
def test_commands_without_make_can_be_run(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    commands = re.findall(r"^\.venv/bin/(\S+)(?: -m (\w+))?", text, flags=re.MULTILINE)
    assert commands
    for script, module in commands:
        assert (Path(sys.executable).parent / script).exists(), script
        if module:
            package = importlib.util.find_spec(module).submodule_search_locations
            assert not package or importlib.util.find_spec(f"{module}.__main__"), f"python -m {module}"


def test_contributing_names_tests_that_exist():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    current, named = None, 0
    for file, test in re.findall(r"`(tests/[\w/.]*)?(?:::(\w+))?`", text):
        if not file and not test:
            continue
        current = ROOT / file if file else current
        named += 1
        assert current.exists(), file
        if test:
            assert re.search(rf"^def {test}\(", current.read_text(encoding="utf-8"), re.MULTILINE), test
    assert named >= 5


def test_what_colab_installs_brings_what_the_chapters_import():
    """The bootstrap cell names an extra that exists, and it has every package with pretrained weights."""
    extra = re.search(r"warmstart\[(\w+)\] @", BOOTSTRAP)[1]
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    pins = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    assert set(re.findall(r"^(efficientnet\w+)==", pins, re.MULTILINE)) <= set(extras[extra])
