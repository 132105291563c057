"""A fork works: clone, one script, one build, and every link, badge, button and bootstrap cell is the fork's."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from set_repository import current_repository

ROOT = Path(__file__).resolve().parents[2]
OWNER, NAME = current_repository(ROOT)


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
    return root, build(root, tmp_path_factory.mktemp("site-of-a-fork"))


def test_no_page_of_a_fork_leads_to_us(fork):
    _, site = fork
    ours = re.compile(rf"{OWNER}/{NAME}|{OWNER}\.github\.io", re.IGNORECASE)
    for page in site.pages:
        assert not ours.search((site.folder / f"{page}.html").read_text(encoding="utf-8")), page


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
