"""The site, built once into a temporary folder that all test processes share, and its pages."""

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
import yaml
from bs4 import BeautifulSoup
from filelock import FileLock

ROOT = Path(__file__).resolve().parents[2]
CONTENTS = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
READING_ORDER = (CONTENTS["root"], *(entry["file"] for part in CONTENTS["parts"] for entry in part["chapters"]))
BUILD = "import sys; from jupyter_book.cli.main import main; sys.exit(main())"


class Site:
    """A built site: its folder, and its pages as trees."""

    reading_order = READING_ORDER
    pages = (*READING_ORDER, "search")
    chapters = tuple(page for page in READING_ORDER if page[9:11].isdigit())

    def __init__(self, folder):
        self.folder = folder
        self.tree = cache(self._tree)

    def _tree(self, page):
        return BeautifulSoup((self.folder / f"{page}.html").read_text(encoding="utf-8"), "html.parser")

    def name(self, path):
        return path.relative_to(self.folder).with_suffix("").as_posix()


@pytest.fixture(scope="session")
def build():
    """Build the site of a folder into another: warnings are errors, what a reader has in ``_build`` is left alone."""

    def built(root, folder):
        options = ["--warningiserror", "--keep-going", "--quiet", "--path-output", str(folder), str(root)]
        environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
        result = subprocess.run(
            [sys.executable, "-c", BUILD, "build", *options], env=environment, capture_output=True, encoding="utf-8"
        )
        if result.returncode:
            pytest.fail(f"the site does not build:\n{result.stderr}", pytrace=False)
        return Site(folder / "_build" / "html")

    return built


@pytest.fixture(scope="session")
def site(build, tmp_path_factory):
    """The site of this repository."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "site"
    with FileLock(f"{folder}.lock"):
        if not (done := folder / "done").exists():
            build(ROOT, folder)
            done.touch()
    return Site(folder / "_build" / "html")


@pytest.fixture(scope="module", params=Site.pages)
def page(request):
    return request.param


@pytest.fixture(params=Site.chapters)
def chapter(request):
    return request.param
