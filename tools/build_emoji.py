"""Rebuild the bundled emoji, each drawn in two styles, from the packages that collect them.

    npm pack emoji-datasource-google@16.0.0 emoji-datasource-twitter@16.0.0
    python tools/build_emoji.py emoji-datasource-google-16.0.0.tgz emoji-datasource-twitter-16.0.0.tgz

Both archives are checked against their sha256. Taken are the emoji of eight classes that exist in both styles, in the
order of the classes and within a class in that of the data file; skin tones are left out. A picture of 64 x 64 pixels
is laid over white. The result is the same, byte for byte, wherever zlib compresses alike (1.2.13 made it).
"""

import argparse
import hashlib
import io
import json
import tarfile
from pathlib import Path

import numpy as np
from PIL import Image

from build_idx_sets import FOLDER, write_npz

SHA256 = {
    "google": "fb5fd131b362aab7a55542d2a147a79708cce0a8b1c1bbacd470172708b5c438",
    "twitter": "f64a530c63bca463bd8317fdc4615ce63a53a0c65018e4ce2d848aaba7a28877",
}
STYLES = {"google": "noto", "twitter": "twemoji"}
# The classes by the subcategories of the data file; a trailing dash stands for all that begin so.
CLASSES = {
    "animal": ("animal-",),
    "food": ("food-", "drink"),
    "vehicle": ("transport-ground", "transport-air", "transport-water"),
    "building": ("place-building", "place-religious", "place-geographic", "place-other"),
    "face": ("face-",),
    "clothing": ("clothing",),
    "sport or game": ("sport", "game"),
    "tool": ("tool", "household", "office", "science", "medical"),
}


def class_of(subcategory):
    """Return the number of the class, or None."""
    for number, prefixes in enumerate(CLASSES.values()):
        if any(subcategory.startswith(one) if one.endswith("-") else subcategory == one for one in prefixes):
            return number
    return None


def choose(entries):
    """Return (class, file, name) of the emoji that are taken, sorted by class."""
    rows = [
        (class_of(entry["subcategory"]), entry["image"], entry["short_name"])
        for entry in entries
        if entry["has_img_google"] and entry["has_img_twitter"] and class_of(entry["subcategory"]) is not None
    ]
    return sorted(rows, key=lambda row: row[0])


def over_white(raw):
    """Return the picture in a PNG file over white: uint8, shape (64, 64, 3)."""
    picture = Image.open(io.BytesIO(raw)).convert("RGBA")
    white = Image.new("RGBA", picture.size, "white")
    return np.asarray(Image.alpha_composite(white, picture).convert("RGB"))


def read(path, source, expected):
    """Return the data file's entries and a function from a file's name to its picture, of a checked archive."""
    raw = path.read_bytes()
    if (received := hashlib.sha256(raw).hexdigest()) != expected:
        raise SystemExit(f"{path}: received sha256 {received}; expected {expected}")
    with tarfile.open(fileobj=io.BytesIO(raw)) as archive:
        wanted = (f"package/img/{source}/64/", "package/emoji.json")
        files = {
            member.name: archive.extractfile(member).read() for member in archive if member.name.startswith(wanted)
        }
    return json.loads(files["package/emoji.json"]), lambda name: over_white(files[f"package/img/{source}/64/{name}"])


def build(paths, digests=SHA256):
    """Return the arrays of the bundled file."""
    arrays = {}
    for (source, path), expected in zip(paths.items(), digests.values(), strict=True):
        entries, picture = read(path, source, expected)
        rows = choose(entries)
        arrays[STYLES[source]] = np.stack([picture(file) for _, file, _ in rows])
    arrays["labels"] = np.array([number for number, *_ in rows], np.uint8)
    arrays["names"] = np.array([name for *_, name in rows])
    return arrays


def main():
    """Read the arguments, build, and print the digest that code/warmstart/data.py must name."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("google", type=Path, help="emoji-datasource-google-16.0.0.tgz")
    parser.add_argument("twitter", type=Path, help="emoji-datasource-twitter-16.0.0.tgz")
    parser.add_argument("--output", type=Path, default=FOLDER / "emoji.npz", help="default: into the package")
    arguments = parser.parse_args()
    for path in (arguments.google, arguments.twitter):
        if not path.is_file():
            parser.error(f"there is no {path}")
    write_npz(arguments.output, build({"google": arguments.google, "twitter": arguments.twitter}))
    raw = arguments.output.read_bytes()
    print(f"{arguments.output}: {len(raw):,} bytes, sha256 {hashlib.sha256(raw).hexdigest()}")


if __name__ == "__main__":
    main()
