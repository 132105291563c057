"""Try the package alone, in an environment of its own: ``python tools/try_package.py [--lowest]``.

Its tests of properties run with the newest versions that its metadata allow, or with the lowest that they promise.
Standard library alone, so that it runs on a bare clone, on every system.
"""

import argparse
import os
import re
import subprocess
import tempfile
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TESTS = ("pytest", "pytest-xdist", "hypothesis", "scipy", "mpmath")
#: Not ours to promise: what the tests need beside NumPy's lowest version.
LOWEST = ("scipy==1.13.1",)


def requirements(*, lowest):
    """What the package needs with torch, as pip reads it; with ``lowest`` each bound is the version.

    >>> requirements(lowest=False)[0][:7], requirements(lowest=True)[0][:7]
    ('numpy>=', 'numpy==')
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found = [*project["dependencies"], *project["optional-dependencies"]["torch"]]
    if not lowest:
        return found
    return [re.sub(r">=(\d+\.\d+)$", r"==\1.0", one) for one in found]


def main():
    """Make the environment, install, and run the tests; the exit code is theirs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lowest", action="store_true", help="with the lowest versions that the metadata promise")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder, "Scripts" if os.name == "nt" else "bin", "python")
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        extra = LOWEST if options.lowest else ()
        subprocess.run([*pip, *requirements(lowest=options.lowest), *TESTS, *extra, "-e", ROOT], check=True)
        tests = [python, "-m", "pytest", "-q", "-n", "auto", "tests/property"]
        raise SystemExit(subprocess.run(tests, cwd=ROOT).returncode)


if __name__ == "__main__":
    main()
