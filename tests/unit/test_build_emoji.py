"""The script that builds the emoji, on made-up archives of the same form and, where at hand, on the real ones.

Set WARMSTART_EMOJI to a folder with both archives to rebuild the bundled file in a test.
"""

import hashlib
import io
import json
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import build_emoji as build
from build_idx_sets import write_npz
from warmstart import data


def entry(name, subcategory, google=True, twitter=True):
    names = {"image": f"{name}.png", "short_name": name, "subcategory": subcategory}
    return names | {"has_img_google": google, "has_img_twitter": twitter}


ENTRIES = [
    entry("hammer", "tool"),
    entry("cat", "animal-mammal"),
    entry("zodiac", "zodiac"),
    entry("tea", "drink"),
    entry("rare", "animal-bird", twitter=False),
    entry("dog", "animal-mammal"),
]


def png(color):
    written = io.BytesIO()
    Image.new("RGBA", (64, 64), color).save(written, format="PNG")
    return written.getvalue()


def archive(path, source, color):
    files = {"package/emoji.json": json.dumps(ENTRIES).encode()}
    files |= {f"package/img/{source}/64/{one['image']}": png(color) for one in ENTRIES}
    with tarfile.open(path, "w:gz") as tar:
        for name, raw in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(raw)
            tar.addfile(member, io.BytesIO(raw))
    return path


@pytest.fixture
def paths(tmp_path):
    return {
        "google": archive(tmp_path / "g.tgz", "google", (255, 0, 0, 128)),
        "twitter": archive(tmp_path / "t.tgz", "twitter", (0, 0, 0, 0)),
    }


def digests(paths):
    return {source: hashlib.sha256(path.read_bytes()).hexdigest() for source, path in paths.items()}


def test_the_emoji_of_the_classes_in_both_styles_sorted_and_over_white(paths):
    arrays = build.build(paths, digests(paths))
    assert arrays["names"].tolist() == ["cat", "dog", "tea", "hammer"]
    assert arrays["labels"].tolist() == [0, 0, 1, 7]
    assert arrays["noto"].shape == arrays["twemoji"].shape == (4, 64, 64, 3)
    assert (arrays["twemoji"] == 255).all()  # transparent all over
    assert arrays["noto"][0, 0, 0].tolist() == [255, 127, 127]


def test_the_classes_are_those_of_the_package():
    assert tuple(build.CLASSES) == data.EMOJI_CLASSES
    assert [build.class_of(one) for one in ("animal-bug", "food-fruit", "drinks", "sports", "sport")] == [
        0,
        1,
        None,
        None,
        6,
    ]


def test_an_altered_archive_is_refused(paths):
    with pytest.raises(SystemExit, match=r"g.tgz: received sha256 .*; expected fb5fd131"):
        build.build(paths)


def test_bundled_file_is_rebuilt_from_its_sources_bit_for_bit(tmp_path):
    if (folder := os.environ.get("WARMSTART_EMOJI")) is None:
        pytest.skip("WARMSTART_EMOJI names no folder (see the head of this file)")
    sources = {name: Path(folder) / f"emoji-datasource-{name}-16.0.0.tgz" for name in ("google", "twitter")}
    write_npz(tmp_path / "again.npz", build.build(sources))
    assert (tmp_path / "again.npz").read_bytes() == (data.FOLDER / "emoji.npz").read_bytes()


def test_bundled_labels_and_names_belong_together():
    with np.load(data.FOLDER / "emoji.npz", allow_pickle=False) as arrays:
        label = dict(zip(arrays["names"].tolist(), arrays["labels"].tolist(), strict=True))
    assert [label[name] for name in ("rat", "hotdog", "hammer", "necktie")] == [0, 1, 7, 5]
