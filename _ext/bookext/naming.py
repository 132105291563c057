"""What a chapter is called: ``04_xavier.ipynb`` is the chapter ``xavier``. No Sphinx here.

The number gives the order of the files, and stands nowhere else: labels, exercises and stored results keep their names
when a chapter is inserted.
"""

import re
from pathlib import Path

FILE = re.compile(r"\d\d_(\w+)")


def name_of(path: Path) -> str:
    """Return the name of the chapter that a file holds; a page that is no chapter has the name of its file.

    >>> name_of(Path("chapters/04_xavier.ipynb")), name_of(Path("chapters/ledger.md"))
    ('xavier', 'ledger')
    """
    found = FILE.fullmatch(path.stem)
    return found[1] if found else path.stem


def path_of(name: str, folder: Path) -> Path | None:
    """Return the notebook of the chapter ``name``, or None if the folder has none."""
    return next((path for path in folder.glob("[0-9][0-9]_*.ipynb") if name_of(path) == name), None)
