"""A fork's links point to the fork: the address has one source, and one script replaces all its spellings."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("set_repository", ROOT / "tools" / "set_repository.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def fork(tool, tmp_path):
    """A copy of what git tracks (or would track)."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    files = [name for name in listing.split("\0") if name and (ROOT / name).is_file()]
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path, [tmp_path / name for name in files]


def test_no_spelling_of_the_old_address_is_left(tool, fork):
    root, files = fork
    owner, name = tool.current_repository(root)
    changed = tool.set_repository("Someone/my-course", files, root)
    assert {root / "_config.yml", root / "README.md", root / "CITATION.cff"} <= set(changed)
    assert any(path.suffix == ".ipynb" for path in changed), "the bootstrap cells"
    assert tool.current_repository(root) == ("Someone", "my-course")
    for path in files:
        content = path.read_bytes().lower()
        assert f"{owner}/{name}".lower().encode() not in content, path
        assert f"{owner}.github.io".lower().encode() not in content, path
    assert b"https://someone.github.io/my-course" in (root / "README.md").read_bytes()


def test_the_same_address_changes_nothing(tool, fork):
    root, files = fork
    assert tool.set_repository("/".join(tool.current_repository(root)), files, root) == []


@pytest.mark.parametrize("repository", ["", "name", "https://github.com/a/b", "a/b/c", "a b/c"])
def test_a_bad_name_is_named(tool, repository):
    with pytest.raises(ValueError, match="OWNER/NAME; received"):
        tool.set_repository(repository, [])


def test_it_needs_the_standard_library_alone():
    code = f"import runpy; runpy.run_path({str(ROOT / 'tools' / 'set_repository.py')!r})"
    assert subprocess.run([sys.executable, "-I", "-S", "-c", code]).returncode == 0
