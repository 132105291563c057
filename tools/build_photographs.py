"""Rebuild the bundled photographs from those that come with scikit-image.

    pip download --no-deps scikit-image==0.26.0
    python tools/build_photographs.py scikit_image-0.26.0-*.whl

The pictures inside the wheel are checked against their sha256, cut out and made smaller by the mean over squares of
pixels, rounded half up, in integers: the result is the same, byte for byte, wherever zlib compresses alike (1.2.13 made
it).
"""

import argparse
import hashlib
import io
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from build_idx_sets import FOLDER, write_npz

SHA256 = {
    "astronaut": "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
    "brick": "7966caf324f6ba843118d98f7a07746d22f6a343430add0233eca5f6eaaa8fcf",
    "chelsea": "596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb",
    "gravel": "c48615b451bf1e606fbd72c0aa9f8cc0f068ab7111ef7d93bb9b0f2586440c12",
}
# What is cut out: source, first row, first column, pixels a side, and how many of them become one.
CUTS = {
    "brick": ("brick", 0, 0, 240, 3),
    "brick_elsewhere": ("brick", 272, 272, 240, 3),
    "cat": ("chelsea", 20, 100, 256, 4),
    "gravel": ("gravel", 0, 0, 240, 3),
    "gravel_elsewhere": ("gravel", 272, 272, 240, 3),
    "person": ("astronaut", 0, 96, 256, 4),
}


def read(path, digests=SHA256):
    """Return the pictures of the wheel by their name, checked: uint8, (height, width) or (height, width, 3)."""
    pictures = {}
    with zipfile.ZipFile(path) as wheel:
        for name, expected in digests.items():
            raw = wheel.read(f"skimage/data/{name}.png")
            if (received := hashlib.sha256(raw).hexdigest()) != expected:
                raise SystemExit(f"{path}: {name}.png received sha256 {received}; expected {expected}")
            pictures[name] = np.asarray(Image.open(io.BytesIO(raw)))
    return pictures


def cut(picture, row, column, side, factor):
    """Return the square at (row, column), each factor x factor pixels as one.

    >>> cut(np.arange(16, dtype=np.uint8).reshape(4, 4), 0, 0, 4, 2)
    array([[ 3,  5],
           [11, 13]], dtype=uint8)
    """
    square = picture[row : row + side, column : column + side].astype(np.int64)
    cells = square.reshape(side // factor, factor, side // factor, factor, *square.shape[2:]).sum(axis=(1, 3))
    return ((2 * cells + factor**2) // (2 * factor**2)).astype(np.uint8)


def main():
    """Read the arguments, build, and print the digest that code/warmstart/data.py must name."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("wheel", type=Path, help="a wheel of scikit-image")
    parser.add_argument("--output", type=Path, default=FOLDER / "photographs.npz", help="default: into the package")
    arguments = parser.parse_args()
    if not arguments.wheel.is_file():
        parser.error(f"there is no {arguments.wheel}")
    pictures = read(arguments.wheel)
    write_npz(arguments.output, {name: cut(pictures[source], *where) for name, (source, *where) in CUTS.items()})
    raw = arguments.output.read_bytes()
    print(f"{arguments.output}: {len(raw):,} bytes, sha256 {hashlib.sha256(raw).hexdigest()}")


if __name__ == "__main__":
    main()
