"""The cell on chest X-rays, which does nothing without a file that the reader downloads, on a small one of its form."""

import hashlib

import numpy as np

from bookext.naming import path_of
from chapters import CHAPTERS, read
from warmstart import data

CELLS = ("imports", "parameters", "setup", "grey-kinds", "cells-setup", "grey-features", "xray")


def run(monkeypatch, folder):
    monkeypatch.chdir(folder)
    monkeypatch.setenv("MPLBACKEND", "agg")
    code = {cell.id: cell.source for cell in read(path_of("across_modalities", CHAPTERS)).cells}
    namespace = {}
    for cell in CELLS:
        exec(compile(code[cell], cell, "exec"), namespace)
    return namespace


def test_x_rays_are_probed_to_the_end(monkeypatch, tmp_path, capsys):
    """Bright and dark pictures, which all kinds of features tell apart nearly always."""
    rng, path = np.random.default_rng(0), tmp_path / "pneumoniamnist.npz"
    arrays = {}
    for part, n in (("train", 24), ("val", 2), ("test", 10)):
        labels = np.arange(n) % 2
        arrays[f"{part}_labels"] = labels[:, None].astype(np.uint8)
        levels = 60 + 100 * labels[:, None, None] + rng.integers(0, 60, (n, 28, 28))
        arrays[f"{part}_images"] = levels.astype(np.uint8)
    np.savez_compressed(path, **arrays)
    monkeypatch.setitem(data.MEDMNIST_MD5, "pneumoniamnist", hashlib.md5(path.read_bytes()).hexdigest())
    run(monkeypatch, tmp_path)
    found = dict(line.split() for line in capsys.readouterr().out.splitlines())
    assert list(found) == ["last", "middle", "random", "pixels"]
    assert all(float(value) >= 0.8 for value in found.values()), found


def test_without_the_file_nothing_is_printed(monkeypatch, tmp_path, capsys):
    run(monkeypatch, tmp_path)
    assert capsys.readouterr().out == ""
