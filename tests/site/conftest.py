"""The site, built once into a temporary folder that all test processes share, and its pages."""

import functools
import os
import shutil
import subprocess
import sys
import threading
from functools import cache
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml
from bs4 import BeautifulSoup
from filelock import FileLock
from playwright.sync_api import expect, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
DESKTOP = {"width": 1280, "height": 800}
BUILD = "import sys; from jupyter_book.cli.main import main; sys.exit(main())"

expect.set_options(timeout=60_000)


class Site:
    """A built site: its folder, its pages in the order of the contents, and as trees."""

    def __init__(self, folder, root=ROOT):
        contents = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
        listed = [entry["file"] for part in contents["parts"] for entry in part["chapters"]]
        self.folder, self.reading_order = folder, (contents["root"], *listed)
        self.pages = (*self.reading_order, "search")
        self.chapters = tuple(page for page in listed if page[9:11].isdigit())
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
        return Site(folder / "_build" / "html", root)

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


@pytest.fixture(scope="module", params=Site(None).pages)
def page(request):
    return request.param


@pytest.fixture(params=Site(None).chapters)
def chapter(request):
    return request.param


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def address(site):
    """The site, served on a free port of this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(QuietHandler, directory=site.folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def browser():
    """The system's Chromium; without one the tests are skipped, in CI they fail."""
    executable = next(filter(None, map(shutil.which, BROWSERS)), None)
    if executable is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"no browser found; looked for {', '.join(BROWSERS)}")
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=executable) as chromium:
        yield chromium


@pytest.fixture(scope="module")
def context(browser):
    with browser.new_context(viewport=DESKTOP, reduced_motion="reduce") as context:
        context.set_default_timeout(60_000)  # a machine under load is no fault of the page
        yield context


@pytest.fixture
def tab(context):
    """A tab for one test."""
    tab = context.new_page()
    yield tab
    tab.close()
