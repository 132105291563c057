"""Results of the long versions of experiments (``make study``), which take minutes, for chapters that take seconds."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import refuse

FOLDER = Path(__file__).parent
WIDTH = 38  # characters of a line that a telephone shows


@dataclass(frozen=True, eq=False)
class Study:
    """A table of runs: which settings were tried, and what came out.

    Attributes:
        name: The chapter whose function was run.
        date: Day on which the runs began, year first.
        made: Hashes of the code that was run: of the chapter's cells, and of what they reach of the package.
        parameters: What replaced the chapter's own values.
        versions: Of Python, torch and NumPy.
        runs: For each run its settings and results, a dict each.
        seconds: What all runs took together, each on one core.
        checked: Those of later code that gave the same numbers for one setting, run again; ``None`` if none was.

    Example:
        >>> rows = [({"rate": rate, "seeds": 2}, {"losses": [1.0, 10 * rate]}) for rate in (0.1, 0.2)]
        >>> Study("typical_setup", "2026-11-26", {}, {}, {"torch": "2.13.0"}, rows, 540.0)
        Long version of 2026-11-26
        2 runs, 9 minutes of one core
          rate: 0.1, 0.2
          seeds: 2
        torch 2.13.0
        >>> _.get("losses", rate=0.2)
        array([1., 2.])
    """

    name: str
    date: str
    made: dict[str, Any]
    parameters: dict[str, Any]
    versions: dict[str, str]
    runs: list[tuple[dict[str, Any], dict[str, Any]]]
    seconds: float
    checked: dict[str, Any] | None = None

    def get(self, result: str, **settings: object) -> np.ndarray:
        """Return one result of the run with these settings, which must name it and no other.

        Args:
            result: Name of what the run returned.
            settings: As many of the run's settings as tell it from the others.

        Returns:
            The numbers, of the shape that the run returned.

        Raises:
            ValueError: If no run or several have these settings, or the run has no such result.
        """
        found = [results for own, results in self.runs if settings.items() <= own.items()]
        if len(found) != 1:
            tried = "; ".join(str(own) for own, _ in self.runs)
            raise refuse("settings", settings, f"those of exactly one run, not of {len(found)}, out of {tried[:1000]}")
        if result not in found[0]:
            raise refuse("result", result, ", ".join(found[0]))
        return np.array(found[0][result])

    def __repr__(self) -> str:
        """Return a few short lines: when, how many runs, what was varied, and with which versions."""
        lines = [f"Long version of {self.date}", f"{len(self.runs)} runs, {self.seconds / 60:.0f} minutes of one core"]
        for name in dict.fromkeys(name for settings, _ in self.runs for name in settings):
            values = {settings[name]: None for settings, _ in self.runs if name in settings}
            if not any(isinstance(value, str) for value in values):
                values = sorted(values)
            line = f"  {name}: {', '.join(map(str, values))}"
            lines.append(line if len(line) <= WIDTH else f"  {name}: {len(values)} values")
        return "\n".join(lines + [f"{package} {version}" for package, version in self.versions.items()])


def load(name: str, *, folder: Path = FOLDER) -> Study:
    """Return the results of a study that comes with the package.

    Args:
        name: Name of a chapter, such as ``"typical_setup"``.
        folder: Where the file ``<name>.jsonl`` lies: a line that says what was run, then a line a run.

    Returns:
        All runs that the file holds.

    Raises:
        ValueError: If there is no such study, or its file is damaged.

    Example:
        >>> load("none")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ValueError: name received 'none'; allowed: ...
    """
    path = Path(folder) / f"{name}.jsonl"
    if not path.is_file():
        there = ", ".join(sorted(found.stem for found in Path(folder).glob("*.jsonl")))
        raise refuse("name", name, there or f"none, there is no study in {folder}")
    try:
        first, *rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        fields = {key: first[key] for key in ("date", "made", "parameters", "versions")}
        fields["runs"] = [(row["settings"], row["results"]) for row in rows]
        fields["checked"] = first.get("checked")
        return Study(name=name, seconds=sum(row["seconds"] for row in rows), **fields)
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"the results {path} are damaged: {error!r}; make study --fresh begins anew") from error
