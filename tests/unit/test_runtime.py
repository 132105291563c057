"""Python for the page: what is fetched is checked, what is missing is named, and what is written can be verified."""

import base64
import gzip
import hashlib
import io
import zipfile

import pytest

from bookext import runtime


def digest(content):
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def carrier(monkeypatch):
    """A wheel with one file, in place of the one on the package index; counts how often it is opened."""
    opened = []

    def archive():
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as made:
            made.writestr(runtime.FOLDER + "a.mjs", b"content")
        opened.append(1)
        return zipfile.ZipFile(buffer)

    monkeypatch.setattr(runtime, "_carrier", archive)
    return opened


def test_a_file_is_fetched_once(carrier, tmp_path):
    for _ in range(2):
        assert runtime.fetch({"a.mjs": digest(b"content")}, tmp_path) == {"a.mjs": b"content"}
    assert len(carrier) == 1


def test_a_damaged_file_of_the_cache_is_fetched_anew(carrier, tmp_path):
    (tmp_path / "a.mjs").write_bytes(b"contend")
    assert runtime.fetch({"a.mjs": digest(b"content")}, tmp_path) == {"a.mjs": b"content"}


def test_a_file_that_is_not_what_it_should_be_is_refused_and_not_kept(carrier, tmp_path):
    with pytest.raises(runtime.Unavailable, match=r"a\.mjs received sha256 .*; expected 000"):
        runtime.fetch({"a.mjs": "000"}, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_without_a_network_it_is_said(monkeypatch, tmp_path):
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    with pytest.raises(runtime.Unavailable, match="does not give open-webui"):
        runtime.fetch({"a.mjs": "000"}, tmp_path)


def test_the_cache_is_where_caches_are(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert runtime.cache_folder().is_relative_to(tmp_path)


def test_what_is_written_is_what_the_page_is_told(tmp_path):
    groups = {"files": {"pyodide.mjs": b"module", "numpy-2.4.whl": b"wheel"}, "data": {"studies/a.jsonl": b"{}"}}
    listed = runtime.write(groups, tmp_path)
    assert listed["folder"] == runtime.write(groups, tmp_path)["folder"], "the same files, the same address"
    for group, files in groups.items():
        for name, content in files.items():
            entry = listed[group][name]
            sent = (tmp_path / listed["folder"] / entry["address"]).read_bytes()
            assert len(sent) == entry["bytes"]
            assert base64.b64decode(entry["integrity"].removeprefix("sha256-")) == hashlib.sha256(sent).digest()
            assert (sent if name in runtime.MODULES else gzip.decompress(sent)) == content
            assert not entry["address"].endswith((".whl", ".zip", ".wasm"))
    groups["files"]["pyodide.mjs"] = b"other"
    assert runtime.write(groups, tmp_path)["folder"] != listed["folder"]


def test_the_packed_package_is_the_same_each_time_and_holds_no_torch():
    packed = runtime.packed()
    assert packed == runtime.packed()
    names = zipfile.ZipFile(io.BytesIO(packed)).namelist()
    assert {"warmstart/__init__.py", "warmstart/theory.py", "warmstart/exercises/core.py"} <= set(names)
    assert not {"warmstart/training.py", "warmstart/models.py", "warmstart/initialization/__init__.py"} & set(names)
    assert len(packed) < 400_000
