"""The script that builds the photographs, on a made-up wheel and, where at hand, on the real one.

Set WARMSTART_PHOTOGRAPHS to the wheel of scikit-image 0.26.0 to rebuild the bundled file in a test.
"""

import hashlib
import io
import os
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import build_photographs as build
from warmstart import data


def png(picture):
    written = io.BytesIO()
    Image.fromarray(picture).save(written, format="PNG")
    return written.getvalue()


@pytest.fixture
def wheel(tmp_path):
    pictures = {"brick": np.full((4, 4), 7, np.uint8), "chelsea": np.zeros((4, 6, 3), np.uint8)}
    files = {name: png(picture) for name, picture in pictures.items()}
    with zipfile.ZipFile(tmp_path / "scikit_image.whl", "w") as archive:
        for name, raw in files.items():
            archive.writestr(f"skimage/data/{name}.png", raw)
    return tmp_path / "scikit_image.whl", {name: hashlib.sha256(raw).hexdigest() for name, raw in files.items()}


def test_pictures_are_read_from_the_wheel_and_checked(wheel):
    path, digests = wheel
    pictures = build.read(path, digests)
    assert (pictures["brick"].shape, pictures["chelsea"].shape) == ((4, 4), (4, 6, 3))
    with pytest.raises(SystemExit, match=r"brick.png received sha256 .*; expected 000"):
        build.read(path, digests | {"brick": "000"})


def test_a_cut_is_the_rounded_mean_of_its_cells():
    picture = np.random.default_rng(0).integers(0, 256, (20, 24, 3), dtype=np.uint8)
    small = build.cut(picture, 2, 4, 12, 3)
    expected = picture[2:14, 4:16].astype(float).reshape(4, 3, 4, 3, 3).mean(axis=(1, 3))
    assert small.dtype == np.uint8
    assert np.abs(small - expected).max() <= 0.5


def test_the_two_places_of_a_texture_do_not_overlap():
    for name in ("brick", "gravel"):
        _, row, column, side, _ = build.CUTS[name]
        _, other_row, other_column, *_ = build.CUTS[f"{name}_elsewhere"]
        assert other_row >= row + side
        assert other_column >= column + side


def test_bundled_file_is_rebuilt_from_its_source_bit_for_bit(tmp_path, monkeypatch):
    if (path := os.environ.get("WARMSTART_PHOTOGRAPHS")) is None:
        pytest.skip("WARMSTART_PHOTOGRAPHS names no wheel (see the head of this file)")
    again = tmp_path / "again.npz"
    monkeypatch.setattr(sys, "argv", ["build_photographs.py", path, "--output", str(again)])
    build.main()
    assert again.read_bytes() == (Path(data.FOLDER) / "photographs.npz").read_bytes()
