"""The script that builds the bundled data, on made-up files of the same form and, where at hand, on the real ones.

Set WARMSTART_FASHION_MNIST and WARMSTART_MNIST to an archive or a folder with the files to rebuild the bundled ones.
"""

import gzip
import hashlib
import importlib.util
import io
import os
import sys
import tarfile
import time
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest

from warmstart import data

ROOT = Path(__file__).resolve().parents[2]
spec = importlib.util.spec_from_file_location("build_idx_sets", ROOT / "tools" / "build_idx_sets.py")
build = importlib.util.module_from_spec(spec)
spec.loader.exec_module(build)


each_set = pytest.mark.parametrize("name", build.SOURCES)


def idx(array):
    return b"\0\0\x08" + bytes([array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes()


@pytest.fixture
def contents():
    """Four idx files in which each image's pixels name its part and its index."""
    rng = np.random.default_rng(0)
    made = {}
    for number, (prefix, count) in enumerate((("train", 80), ("t10k", 40))):
        labels = rng.permutation(np.arange(count, dtype=np.uint8) % 10)
        images = np.zeros((count, 2, 3), np.uint8)
        images[:, 0, 0], images[:, 1, 2] = np.arange(count), number
        made |= {f"{prefix}-images-idx3-ubyte": idx(images), f"{prefix}-labels-idx1-ubyte": idx(labels)}
    return made


def digests(contents):
    return {name: hashlib.sha256(raw).hexdigest() for name, raw in contents.items()}


def folder(contents, path):
    inside = path / "usr" / "share"
    inside.mkdir(parents=True)
    for name, raw in contents.items():
        (inside / f"{name}.gz").write_bytes(gzip.compress(raw))
    return path


def package(contents, path):
    """A Debian package: an ar archive whose members are padded to even length."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:xz") as tar:
        for name, raw in contents.items():
            member = tarfile.TarInfo(f"./usr/share/{name}.gz")
            member.size = len(packed := gzip.compress(raw))
            tar.addfile(member, io.BytesIO(packed))
    written = b"!<arch>\n"
    for name, raw in (("debian-binary", b"2.0\n"), ("control.tar.xz", b"odd"), ("data.tar.xz", archive.getvalue())):
        header = f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(raw):<10}`\n"
        written += header.encode() + raw + b"\n" * (len(raw) % 2)
    path.write_bytes(written)
    return path


def tarball(contents, path):
    """What npm packs: a gzipped tar archive of plain files."""
    with tarfile.open(path, mode="w:gz") as tar:
        for name, raw in contents.items():
            member = tarfile.TarInfo(f"package/data/{name}")
            member.size = len(raw)
            tar.addfile(member, io.BytesIO(raw))
    return path


def test_package_tarball_and_folder_give_the_same(contents, tmp_path):
    from_folder = build.read_sources(folder(contents, tmp_path / "folder"), digests(contents))
    from_package = build.read_sources(package(contents, tmp_path / "x.deb"), digests(contents))
    from_tarball = build.read_sources(tarball(contents, tmp_path / "x.tgz"), digests(contents))
    assert from_folder == from_package == from_tarball == contents


def test_subset_is_balanced_and_its_indices_lead_back(contents):
    arrays = build.select(contents, train_per_class=5, test_per_class=2)
    for number, (part, prefix, per_class) in enumerate((("train", "train", 5), ("test", "t10k", 2))):
        images, labels, indices = (arrays[f"{part}_{what}"] for what in ("images", "labels", "indices"))
        assert labels.tolist() == list(range(10)) * per_class
        assert images[:, 0, 0].tolist() == indices.tolist()
        assert (images[:, 1, 2] == number).all()
        original = np.frombuffer(contents[f"{prefix}-labels-idx1-ubyte"], np.uint8)[8:]
        assert (original[indices] == labels).all()
        assert len(set(indices.tolist())) == len(indices)


def test_choice_depends_on_the_seed_alone_and_a_smaller_one_is_a_prefix():
    labels = np.arange(300) % 10
    chosen = build.choose(labels, 10)
    np.testing.assert_array_equal(chosen, build.choose(labels, 10))
    np.testing.assert_array_equal(chosen[:30], build.choose(labels, 3))
    assert (chosen != build.choose(labels, 10, seed=1)).any()
    assert chosen.tolist() != sorted(chosen.tolist())


def test_equal_arrays_give_equal_bytes_at_any_time(contents, tmp_path, monkeypatch):
    arrays = build.select(contents, train_per_class=5, test_per_class=2)
    build.write_npz(tmp_path / "a.npz", arrays)
    monkeypatch.setattr(time, "time", lambda: 2e9)
    monkeypatch.setattr(time, "localtime", lambda *_: time.gmtime(2e9))
    build.write_npz(tmp_path / "b.npz", dict(reversed(arrays.items())))
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    with np.load(tmp_path / "a.npz", allow_pickle=False) as read:
        assert sorted(read) == sorted(arrays)
        assert all((read[name] == array).all() and read[name].dtype == array.dtype for name, array in arrays.items())
    with zipfile.ZipFile(tmp_path / "a.npz") as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_the_whole_run(contents, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(build.SOURCES, "mnist", digests(contents))
    monkeypatch.setattr(build.select, "__defaults__", (5, 2))
    source, target = package(contents, tmp_path / "x.deb"), tmp_path / "out.npz"
    monkeypatch.setattr(sys, "argv", ["build", "mnist", str(source), "--output", str(target)])
    build.main()
    assert hashlib.sha256(target.read_bytes()).hexdigest() in capsys.readouterr().out


def test_wrong_sources_are_named(contents, tmp_path):
    expected = digests(contents)
    with pytest.raises(SystemExit, match=r"train-images-idx3-ubyte: received sha256 .*; expected c59f468a"):
        build.read_sources(folder(contents, tmp_path / "altered"), build.SOURCES["fashion_mnist"])
    del contents["t10k-labels-idx1-ubyte"]
    with pytest.raises(SystemExit, match=r"has no t10k-labels-idx1-ubyte; it has: t10k-images"):
        build.read_sources(folder(contents, tmp_path / "partial"), expected)
    (tmp_path / "empty").mkdir()
    with pytest.raises(SystemExit, match=r"has no train-images-idx3-ubyte; it has: no such file"):
        build.read_sources(tmp_path / "empty", expected)
    (tmp_path / "text.deb").write_text("not a package")
    with pytest.raises(SystemExit, match="is no archive; allowed are"):
        build.read_sources(tmp_path / "text.deb", expected)
    (tmp_path / "bare.deb").write_bytes(b"!<arch>\n")
    with pytest.raises(SystemExit, match=r"has no member data.tar"):
        build.read_sources(tmp_path / "bare.deb", expected)


def test_wrong_contents_are_named():
    with pytest.raises(SystemExit, match="class 3 has 1 examples; 2 are needed"):
        build.choose(np.array([*range(10), *range(10)])[[*range(13), *range(14, 20)]], 2)
    with pytest.raises(SystemExit, match="not an idx file of unsigned bytes: it starts with 0000080"):
        build.read_idx(idx(np.zeros((2, 2), np.uint8))[:-1])
    with pytest.raises(SystemExit, match="not an idx file of unsigned bytes: it starts with 00000d01"):
        build.read_idx(b"\0\0\x0d\x01" + bytes(4))


@each_set
def test_bundled_file_is_what_the_script_writes_of_its_arrays(name, tmp_path):
    """And its choice is the script's: within each class the indices have the smallest digests, in their order."""
    with np.load(bundled := data.FOLDER / f"{name}.npz") as archive:
        arrays = dict(archive)
    for part, per_class in (("train", build.TRAIN_PER_CLASS), ("test", build.TEST_PER_CLASS)):
        digest = [hashlib.sha256(f"0:{index}".encode()).hexdigest() for index in arrays[f"{part}_indices"].tolist()]
        assert len(digest) == 10 * per_class
        assert all(digest[label::10] == sorted(digest[label::10]) for label in range(10))
    build.write_npz(tmp_path / "again.npz", arrays)
    if "ng" in zlib.ZLIB_RUNTIME_VERSION:
        pytest.skip(f"zlib {zlib.ZLIB_RUNTIME_VERSION} compresses in another way")
    assert (tmp_path / "again.npz").read_bytes() == bundled.read_bytes()


@each_set
def test_bundled_file_is_rebuilt_from_its_source_bit_for_bit(name, tmp_path):
    if (source := os.environ.get(f"WARMSTART_{name.upper()}")) is None:
        pytest.skip(f"WARMSTART_{name.upper()} names no source (see the head of this file)")
    build.write_npz(tmp_path / "again.npz", build.select(build.read_sources(Path(source), build.SOURCES[name])))
    assert (tmp_path / "again.npz").read_bytes() == (data.FOLDER / f"{name}.npz").read_bytes()
