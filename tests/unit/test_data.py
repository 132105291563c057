"""data: the bundled subset is what its notes say, a damaged file is refused, and standardize does what it promises."""

import hashlib
import io
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from warmstart import data
from warmstart.data import (
    Dataset,
    Emoji,
    choose_rows,
    emoji,
    fashion_mnist,
    medmnist,
    mnist,
    photographs,
    standardize,
)

IMAGES = arrays(np.float64, array_shapes(max_dims=3, max_side=5), elements=st.floats(-100, 100)).filter(
    lambda images: images.std() > 1e-3
)


SETS = {"fashion_mnist": fashion_mnist, "mnist": mnist}


@pytest.fixture(scope="module", params=SETS)
def load(request):
    return SETS[request.param]


@pytest.fixture(scope="module")
def full(load):
    return load()


def test_subset_is_balanced_and_in_range(full):
    assert (full.train_images.shape, full.test_images.shape) == ((6000, 28, 28), (2000, 28, 28))
    for images, labels in ((full.train_images, full.train_labels), (full.test_images, full.test_labels)):
        assert (images.dtype, labels.dtype) == (np.float32, np.int64)
        assert (images.min(), images.max()) == (0.0, 1.0)
        assert labels.tolist() == list(range(10)) * (len(labels) // 10)
    assert len(full.class_names) == 10


def test_no_image_comes_twice(full):
    images = [image.tobytes() for image in (*full.train_images, *full.test_images)]
    assert len(set(images)) == len(images) == 8000


def test_classes_look_as_they_are_called():
    """Trousers are dark, narrow and tall; bags are wide at the bottom; a sandal has little in it."""
    full = fashion_mnist()
    ink = {
        name: full.train_images[full.train_labels == label].mean(axis=0) for label, name in enumerate(full.class_names)
    }
    columns = {name: (image.mean(axis=0) > 0.1).sum() for name, image in ink.items()}
    assert min(columns, key=columns.get) == "Trouser"
    assert min(ink, key=lambda name: ink[name].mean()) == "Sandal"
    assert ink["Ankle boot"].mean() > ink["Sneaker"].mean()


def test_digits_look_as_they_are_called():
    """A one has the least ink and a zero the most; a zero is empty in the middle, where an eight is not."""
    full = mnist()
    mean = [full.train_images[full.train_labels == digit].mean(axis=0) for digit in range(10)]
    assert np.argmin([image.mean() for image in mean]) == 1
    assert np.argmax([image.mean() for image in mean]) == 0
    assert mean[0][13:15, 13:15].mean() < 0.1 < 0.4 < mean[8][13:15, 13:15].mean()


@pytest.mark.parametrize(("train", "test"), [(1, 1), (7, 200), (600, 3)])
def test_fewer_images_are_a_prefix(load, full, train, test):
    part = load(train_per_class=train, test_per_class=test)
    assert (len(part.train_images), len(part.test_labels)) == (10 * train, 10 * test)
    np.testing.assert_array_equal(part.train_images, full.train_images[: 10 * train])
    np.testing.assert_array_equal(part.test_labels, full.test_labels[: 10 * test])


def test_arrays_are_read_only_and_loads_independent(full):
    for array in (full.train_images, full.train_labels, full.test_images, full.test_labels):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    with pytest.raises(AttributeError):
        full.train_images = None


def test_a_dataset_shows_itself():
    assert repr(fashion_mnist()).startswith(
        "Dataset: 6000 training and 2000 test images of 28 x 28, 10 classes (T-shirt/top, "
    )


@pytest.mark.parametrize("name", [*SETS, "emoji", "photographs"])
def test_notes_beside_the_file_are_true(name):
    raw = (data.FOLDER / f"{name}.npz").read_bytes()
    notes = (data.FOLDER / f"{name}.md").read_text(encoding="utf-8")
    assert hashlib.sha256(raw).hexdigest() == data.SHA256[f"{name}.npz"]
    assert data.SHA256[f"{name}.npz"] in notes
    assert f"{len(raw):,} bytes" in notes
    assert "## Licence" in notes
    owners = {"fashion_mnist": "Zalando SE", "mnist": "Corinna Cortes", "emoji": "Twitter, Inc and other"}
    assert owners.get(name, "NASA") in notes
    scripts = {"emoji": "build_emoji.py emoji-", "photographs": "build_photographs.py scikit_image-"}
    assert scripts.get(name, f"build_idx_sets.py {name} ") in notes
    with np.load(io.BytesIO(raw)) as archive:
        for array_name, array in archive.items():
            assert f"`{array_name}`" in notes
            assert str(array.shape) in notes
            assert array.dtype.name.rstrip("0123456789") in notes


def test_emoji_are_the_same_in_two_styles():
    """A picture is nearer to the same emoji in the other style than to another, far more often than by chance."""
    pictures = emoji()
    assert pictures.noto.shape == pictures.twemoji.shape == (690, 3, 64, 64)
    assert (pictures.noto.dtype, pictures.labels.dtype) == (np.float32, np.int64)
    assert (pictures.noto.min(), pictures.noto.max()) == (0.0, 1.0)
    assert np.bincount(pictures.labels).tolist() == [130, 124, 72, 59, 118, 47, 51, 89]
    assert len(set(pictures.names)) == 690
    assert {"rat", "hotdog", "hammer"} <= set(pictures.names)
    small = [
        style.reshape(690, 3, 16, 4, 16, 4).mean(axis=(3, 5)).reshape(690, -1)
        for style in (pictures.noto, pictures.twemoji)
    ]
    centred = [style - style.mean(axis=0) for style in small]
    unit = [style / np.linalg.norm(style, axis=1, keepdims=True) for style in centred]
    assert ((unit[1] @ unit[0].T).argmax(axis=1) == np.arange(690)).mean() > 0.25
    with pytest.raises(ValueError, match="read-only"):
        pictures.noto[0] = 0
    assert repr(pictures).startswith("Emoji: 690 in two styles, 64 x 64 pixels, 8 classes (animal, food, ")
    assert isinstance(pictures, Emoji)


def test_every_bundled_file_has_notes_and_a_digest():
    assert {path.name for path in data.FOLDER.glob("*.npz")} == set(data.SHA256)


@pytest.mark.parametrize("name", ["train_per_class", "test_per_class"])
@pytest.mark.parametrize("wrong", [0, -1, 601, 10**9, 1.5, "10", None])
def test_wrong_numbers_of_images_are_named(load, name, wrong):
    most = {"train_per_class": 600, "test_per_class": 200}[name]
    message = f"{name} received {wrong!r}; allowed: whole numbers from 1 to {most}"
    with pytest.raises(ValueError, match=re.escape(message)):
        load(**{name: wrong})


def test_a_missing_file_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(data, "FOLDER", tmp_path)
    with pytest.raises(FileNotFoundError, match=r"fashion_mnist.npz is missing: install warmstart again") as caught:
        fashion_mnist()
    assert str(tmp_path) in str(caught.value)


@pytest.mark.parametrize("damage", [lambda raw: raw[:-1], lambda raw: b"", lambda raw: raw + b"\0", "flip"])
def test_a_damaged_file_is_refused_before_it_is_read(monkeypatch, tmp_path, damage):
    raw = bytearray((data.FOLDER / "fashion_mnist.npz").read_bytes())
    if damage == "flip":
        raw[len(raw) // 2] ^= 1
    else:
        raw = damage(bytes(raw))
    (tmp_path / "fashion_mnist.npz").write_bytes(raw)
    monkeypatch.setattr(data, "FOLDER", tmp_path)
    monkeypatch.setattr(np, "load", lambda *args, **kwargs: pytest.fail("a damaged file was parsed"))
    with pytest.raises(ValueError, match=r"received .sha256 .* it is damaged") as caught:
        fashion_mnist()
    assert hashlib.sha256(raw).hexdigest() in str(caught.value)
    assert data.SHA256["fashion_mnist.npz"] in str(caught.value)


def test_pickles_are_never_loaded(monkeypatch, tmp_path):
    content = io.BytesIO()
    np.savez(content, train_labels=np.array([print], dtype=object))
    (tmp_path / "fashion_mnist.npz").write_bytes(content.getvalue())
    monkeypatch.setattr(data, "FOLDER", tmp_path)
    monkeypatch.setitem(data.SHA256, "fashion_mnist.npz", hashlib.sha256(content.getvalue()).hexdigest())
    with pytest.raises(ValueError, match="allow_pickle=False"):
        fashion_mnist()


@given(IMAGES)
def test_standardized_images_have_mean_0_and_variance_1(images):
    before = images.copy()
    result = standardize(images)
    assert result.mean() == pytest.approx(0, abs=1e-9)
    assert result.std() == pytest.approx(1)
    np.testing.assert_array_equal(images, before)


@given(IMAGES, st.floats(0.1, 10), st.floats(-10, 10))
def test_scale_and_offset_of_the_images_do_not_matter(images, scale, offset):
    np.testing.assert_allclose(standardize(scale * images + offset), standardize(images), atol=1e-6)


@given(IMAGES, IMAGES)
def test_mean_and_deviation_are_those_of_the_reference(images, reference):
    result = standardize(images, reference=reference)
    np.testing.assert_allclose(result * reference.std() + reference.mean(), images, atol=1e-9)


def test_type_of_the_images_is_kept_if_it_is_a_floating_point_one(full):
    assert standardize(full.train_images).dtype == np.float32
    assert standardize(np.array([0, 255], np.uint8)).tolist() == [-1.0, 1.0]


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        (np.full((2, 3), 0.7), "reference received 'values from 0.7 to 0.7 with standard deviation"),
        (np.array([1.0, np.nan]), "from nan to nan with standard deviation nan'; allowed: finite values that"),
        (np.array([1.0, np.inf]), "received 'values from 1.0 to inf with standard deviation nan'; allowed: finite"),
        (np.array([0, 1e-320]), "with standard deviation 0.0"),
        (np.zeros((0, 28, 28)), "reference received (0, 28, 28); allowed: shapes with at least one value"),
    ],
)
def test_a_reference_without_variance_is_refused(reference, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        standardize(np.ones((2, 2)), reference=reference)
    with pytest.raises(ValueError, match=re.escape(message)):
        standardize(reference)


def test_a_dataset_is_read_only_and_leaves_the_arrays_it_is_given_alone():
    images, labels = np.zeros((1, 2, 2)), np.zeros(1, int)
    dataset = Dataset(images, labels, images, labels, ("one",))
    assert images.flags.writeable
    assert not dataset.train_images.flags.writeable
    assert not dataset.test_labels.flags.writeable


@given(st.lists(st.integers(0, 3), min_size=1, max_size=60), st.integers(0, 99))
def test_chosen_rows_are_balanced_and_different(labels, seed):
    labels = np.array(labels)
    least = np.unique(labels, return_counts=True)[1].min()
    rows = choose_rows(labels, int(least), rng=np.random.default_rng(seed))
    assert len(set(rows.tolist())) == len(rows)
    assert set(np.unique(labels[rows], return_counts=True)[1].tolist()) == {least}


def test_each_example_is_chosen_equally_often():
    """Of 2000 draws of one of four: 500 each, with a standard deviation of 19."""
    rng = np.random.default_rng(0)
    chosen = [int(choose_rows(np.zeros(4, int), 1, rng=rng)[0]) for _ in range(2000)]
    assert np.bincount(chosen) == pytest.approx(500, abs=5 * 19.4)


@pytest.mark.parametrize(
    ("labels", "per_class", "message"),
    [
        ([0, 0, 1], 2, "per_class received 2; allowed: whole numbers from 1 to 1"),
        ([0, 0], 0, "per_class received 0"),
        ([], 1, "labels received (0,); allowed: shape (n,) with n > 0"),
        ([[0, 1]], 1, "labels received (1, 2)"),
    ],
)
def test_rows_that_cannot_be_chosen_are_named(labels, per_class, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        choose_rows(np.array(labels), per_class, rng=np.random.default_rng(0))


def test_photographs_are_small_read_only_pictures():
    pictures = photographs()
    assert {name: picture.shape for name, picture in pictures.items()} == {
        **{name: (80, 80) for name in ("brick", "brick_elsewhere", "gravel", "gravel_elsewhere")},
        **{name: (3, 64, 64) for name in ("cat", "person")},
    }
    for picture in pictures.values():
        assert picture.dtype == np.float32
        assert 0 <= picture.min() < 0.35
        assert 0.6 < picture.max() <= 1
        with pytest.raises(ValueError, match="read-only"):
            picture[0] = 0
    assert pictures["cat"][0].mean() > pictures["cat"][2].mean() + 0.1  # red before blue


@pytest.fixture
def x_rays(tmp_path, monkeypatch):
    """A small file of the form of PneumoniaMNIST under its official name, declared official."""
    rng, path = np.random.default_rng(0), tmp_path / "pneumoniamnist.npz"
    sizes = {"train": 12, "val": 2, "test": 4}
    arrays = {f"{part}_images": rng.integers(0, 256, (n, 28, 28), dtype=np.uint8) for part, n in sizes.items()}
    arrays |= {f"{part}_labels": rng.integers(0, 2, (n, 1), dtype=np.uint8) for part, n in sizes.items()}
    np.savez_compressed(path, **arrays)
    monkeypatch.setitem(data.MEDMNIST_MD5, "pneumoniamnist", hashlib.md5(path.read_bytes()).hexdigest())
    return path, arrays


def test_a_medmnist_file_is_read_without_its_validation_part(x_rays):
    path, arrays = x_rays
    found = medmnist(path)
    assert found.class_names == ("normal", "pneumonia")
    for split, images, labels in (
        ("train", found.train_images, found.train_labels),
        ("test", found.test_images, found.test_labels),
    ):
        np.testing.assert_allclose(images * 255, arrays[f"{split}_images"], atol=1e-4)
        np.testing.assert_array_equal(labels, arrays[f"{split}_labels"][:, 0])
        assert (images.dtype, labels.dtype) == (np.float32, np.int64)


def test_an_altered_unknown_or_missing_medmnist_file_is_named(x_rays, tmp_path):
    path, arrays = x_rays
    np.savez_compressed(path, **arrays | {"test_labels": 1 - arrays["test_labels"]})
    with pytest.raises(
        ValueError, match=r"pneumoniamnist.npz received .MD5 .*; allowed: .*damaged, or an altered copy"
    ):
        medmnist(path)
    with pytest.raises(ValueError, match=r"path received 'chestmnist.npz'; allowed: breastmnist.npz, "):
        medmnist(tmp_path / "chestmnist.npz")
    with pytest.raises(FileNotFoundError, match=r"octmnist.npz: download it from the address in the MedMNIST paper"):
        medmnist(tmp_path / "octmnist.npz")


def test_the_official_digests_are_complete():
    assert {name.partition("_")[0] for name in data.MEDMNIST_MD5} == set(data.MEDMNIST_CLASSES)
    assert all(len(digest) == 32 and int(digest, 16) for digest in data.MEDMNIST_MD5.values())
    assert len(set(data.MEDMNIST_MD5.values())) == len(data.MEDMNIST_MD5)
