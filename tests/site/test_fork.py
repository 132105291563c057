"""A fork works: clone, one script, one build, and every link, badge, button and bootstrap cell is the fork's.

A chapter is begun in it, as its teacher would; the draft passes the gates.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from set_repository import current_repository

ROOT = Path(__file__).resolve().parents[2]
OWNER, NAME = current_repository(ROOT)
DRAFT = "05_mine"  # inserted: the fifth becomes the sixth


@pytest.fixture(scope="module")
def fork(build, tmp_path_factory):
    """The files of a fork, and its built site."""
    root = tmp_path_factory.mktemp("fork") / "clone"
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listing.split("\0")):
        if (ROOT / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, root / name)
    for step in (["git", "init", "--quiet"], ["git", "add", "--all"]):
        subprocess.run(step, cwd=root, check=True)
    subprocess.run([sys.executable, "tools/set_repository.py", "Someone/my-course"], cwd=root, check=True)
    chapter = [sys.executable, "tools/new_chapter.py", DRAFT[:2], DRAFT[3:], "A chapter of mine"]
    subprocess.run(chapter, cwd=root, check=True, env=os.environ | {"PYTHONPATH": f"{root / 'code'}:{root / '_ext'}"})
    return root, build(root, tmp_path_factory.mktemp("site-of-a-fork"))


def test_no_page_of_a_fork_leads_to_us(fork):
    _, site = fork
    ours = re.compile(rf"{OWNER}/{NAME}|{OWNER}\.github\.io", re.IGNORECASE)
    for page in site.pages:
        assert not ours.search((site.folder / f"{page}.html").read_text(encoding="utf-8")), page
    assert not ours.search((site.folder / "sitemap.xml").read_text(encoding="utf-8"))


def test_the_buttons_of_a_fork_lead_to_it(fork):
    _, site = fork
    for page in site.chapters:
        links = [a["href"] for a in site.tree(page).select("a[href]")]
        for place in ("mybinder.org", "colab.research.google.com", "github.com"):
            found = [link for link in links if place in link and page.rpartition("/")[2] in link]
            assert found, (page, place)
            assert all("Someone/my-course" in link for link in found), (page, place)


def test_the_bootstrap_cell_of_a_fork_installs_the_fork(fork):
    root, _ = fork
    for path in sorted((root / "chapters").glob("[0-9][0-9]_*.ipynb")):
        assert "git+https://github.com/Someone/my-course" in path.read_text(encoding="utf-8"), path.name


def test_a_chapter_that_was_begun_is_on_the_site(fork):
    _, site = fork
    page = (site.folder / "chapters" / f"{DRAFT}.html").read_text(encoding="utf-8")
    assert "A chapter of mine" in page
    assert "A chapter of mine" in (site.folder / "index.html").read_text(encoding="utf-8")


def test_a_chapter_that_was_begun_passes_the_gates(fork):
    """Its contract, its numbers, its exercises, ruff, and nbval; what a draft need not have yet is skipped."""
    root, _ = fork
    environment = os.environ | {"PYTHONPATH": f"{root / 'code'}:{root / '_ext'}"}
    environment.pop("PYTEST_XDIST_WORKER", None)
    pytest_there = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbval", "--nbval-current-env"]
    mine = (["tests/chapters", "-k", DRAFT], [f"chapters/{DRAFT}.ipynb"], ["tests/exercises", "-k", "answers"])
    for what in (*mine, ["tests/unit/test_new_chapter.py"]):
        done = subprocess.run([*pytest_there, *what], cwd=root, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[-3000:]
    ruff = [sys.executable, "-m", "ruff", "check", f"chapters/{DRAFT}.ipynb", "code/warmstart/exercises/mine.py"]
    done = subprocess.run(ruff, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_chapters_behind_one_that_is_inserted_get_the_next_number(fork):
    root, site = fork
    ours = [path.stem for path in sorted((ROOT / "chapters").glob("[0-9][0-9]_*.ipynb"))]
    theirs = [page.removeprefix("chapters/") for page in site.chapters]
    assert theirs == [*ours[:4], DRAFT, *(f"{int(name[:2]) + 1:02}{name[2:]}" for name in ours[4:])]
    before, after = ((place / "chapters" / "notation.md").read_text(encoding="utf-8") for place in (ROOT, root))
    assert "{ref}`10 <ch-across-modalities>`" in before
    assert "{ref}`11 <ch-across-modalities>`" in after
