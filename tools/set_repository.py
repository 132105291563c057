"""Point every link of the project to a repository: ``python tools/set_repository.py OWNER/NAME``.

The address has one source, ``repository.url`` in ``_config.yml``. Where it must be spelled out (badges, the bootstrap
cell of the notebooks, the citation) this script replaces it, so that a fork's links point to the fork.
Standard library alone: the publishing workflow runs it before anything is installed.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = re.compile(r"^repository:\n(?:[ #].*\n)*?  url: https://github\.com/([\w.-]+)/([\w.-]+)$", re.MULTILINE)
NAME = re.compile(r"[\w.-]+/[\w.-]+")


def current_repository(root=ROOT):
    """The repository ``(owner, name)`` that ``_config.yml`` names."""
    match = SOURCE.search((root / "_config.yml").read_text(encoding="utf-8"))
    if match is None:
        raise ValueError("_config.yml has no repository.url of the form https://github.com/OWNER/NAME")
    return match.groups()


def tracked_files(root=ROOT):
    """The files that git tracks below ``root``."""
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=root, check=True, capture_output=True, text=True).stdout
    return [root / name for name in listing.split("\0") if name]


def set_repository(repository, files, root=ROOT):
    """Replace the current address in ``files`` by that of ``repository`` ("OWNER/NAME"); return the changed ones."""
    if not NAME.fullmatch(repository):
        raise ValueError(f"the repository must be OWNER/NAME; received {repository!r}")
    owner, name = current_repository(root)
    new_owner, new_name = repository.split("/")
    changed = []
    for path in files:
        old = path.read_bytes()
        new = old.replace(f"{owner}/{name}".encode(), repository.encode())
        new = new.replace(f"{owner}.github.io/{name}".encode(), f"{new_owner.lower()}.github.io/{new_name}".encode())
        if new != old:
            path.write_bytes(new)
            changed.append(path)
    return changed


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for changed_path in set_repository(sys.argv[1], tracked_files()):
        print(changed_path.relative_to(ROOT))
