"""Real data: bundled with the package or downloaded by the reader, and a checksum that is verified at every load."""

import hashlib
import io
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from .errors import check_count, refuse

FOLDER = Path(__file__).parent / "datasets"
SHA256 = {
    "emoji.npz": "d784f9db8389d67012e7aae2f90db3d6898ac125fcd71e1172a281f3bdc9cbbc",
    "fashion_mnist.npz": "9e4631da85efe1567921aa35db75d54e4879575710a1cff52b1a06aa968d21be",
    "mnist.npz": "afb142389887bc2e008e3e52a79c8a8b2a25e1508d9733ed07f45ab943c0671a",
    "photographs.npz": "dc68567d1967658d28a7e68b8efe81b238dfa77b0f341917af366c08349a5619",
}
FASHION_MNIST_CLASSES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
MEDMNIST_CLASSES = {
    "breastmnist": ("malignant", "normal or benign"),
    "octmnist": ("choroidal neovascularization", "diabetic macular edema", "drusen", "normal"),
    "pneumoniamnist": ("normal", "pneumonia"),
}
# Name of the file and its MD5 as the package medmnist 3.0.2 gives them; the number is that of pixels, 28 without one.
MEDMNIST_MD5 = {
    "breastmnist": "750601b1f35ba3300ea97c75c52ff8f6",
    "breastmnist_64": "742edef2a1fd1524b2efff4bd7ba9364",
    "breastmnist_128": "363e4b3f8d712e9b5de15470a2aaadf1",
    "octmnist": "c68d92d5b585d8d81f7112f81e2d0842",
    "octmnist_64": "e229e9440236b774d9f0dfef9d07bdaf",
    "octmnist_128": "0a97e76651ace45c5d943ee3f65b63ae",
    "pneumoniamnist": "28209eda62fecd6e6a2d98b1501bb15f",
    "pneumoniamnist_64": "8f4eceb4ccffa70c672198ea285246c6",
    "pneumoniamnist_128": "05b46931834c231683c68f40c47b2971",
}
EMOJI_CLASSES = ("animal", "food", "vehicle", "building", "face", "clothing", "sport or game", "tool")


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images and their classes, split into training and test; the arrays are read-only.

    Attributes:
        train_images: float32 in [0, 1], shape (n, height, width).
        train_labels: Class numbers, int64, shape (n,).
        test_images: As ``train_images``.
        test_labels: As ``train_labels``.
        class_names: Name of each class, by its number.

    Example:
        >>> images, labels = np.zeros((2, 28, 28), np.float32), np.array([0, 1])
        >>> Dataset(images, labels, images, labels, ("cat", "dog"))
        Dataset: 2 training and 2 test images of 28 x 28, 2 classes (cat, dog)
    """

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    class_names: tuple[str, ...]

    def __post_init__(self):
        """Keep read-only views of the arrays, so that no chapter can change them for the next cell."""
        _make_read_only(self)

    def __repr__(self) -> str:
        """Return one line: how many images of which size, and the classes."""
        size = " x ".join(map(str, self.train_images.shape[1:]))
        return (
            f"Dataset: {len(self.train_images)} training and {len(self.test_images)} test images of {size}, "
            f"{len(self.class_names)} classes ({', '.join(self.class_names)})"
        )


@dataclass(frozen=True, eq=False)
class Emoji:
    """The same emoji drawn in two styles: row i of both is the same emoji; the arrays are read-only.

    Attributes:
        noto: Colour pictures over white in the style of Noto, float32 in [0, 1], shape (n, 3, height, width).
        twemoji: The same in the style of Twemoji.
        labels: Class numbers, int64, shape (n,).
        names: Name of each emoji, such as "rat".
        class_names: Name of each class, by its number.

    Example:
        >>> pictures = np.ones((1, 3, 64, 64), np.float32)
        >>> Emoji(pictures, pictures, np.array([0]), ("rat",), ("animal",))
        Emoji: 1 in two styles, 64 x 64 pixels, 1 classes (animal)
    """

    noto: np.ndarray
    twemoji: np.ndarray
    labels: np.ndarray
    names: tuple[str, ...]
    class_names: tuple[str, ...]

    def __post_init__(self):
        """Keep read-only views of the arrays."""
        _make_read_only(self)

    def __repr__(self) -> str:
        """Return one line: how many, which size, and the classes."""
        size = " x ".join(map(str, self.noto.shape[2:]))
        classes = f"{len(self.class_names)} classes ({', '.join(self.class_names)})"
        return f"Emoji: {len(self.noto)} in two styles, {size} pixels, {classes}"


def fashion_mnist(*, train_per_class: int = 600, test_per_class: int = 200) -> Dataset:
    """Return a balanced subset of Fashion-MNIST: grey images of 28 x 28 pixels of ten kinds of clothing.

    The classes alternate (0, 1, ..., 9, 0, 1, ...), so every prefix of whole tens is balanced, too. Asking for fewer
    images gives a prefix of the same images.

    Args:
        train_per_class: Training images of each class, 1 to 600.
        test_per_class: Test images of each class, 1 to 200.

    Returns:
        Images as float32 in [0, 1], shape (n, 28, 28), and labels as int64, shape (n,).

    Raises:
        ValueError: If a number is not allowed, or the file is not the bundled one.
        FileNotFoundError: If the file is missing.

    Example:
        >>> data = fashion_mnist(train_per_class=10)
        >>> data.train_images.shape, data.test_images.shape
        ((100, 28, 28), (2000, 28, 28))
        >>> [data.class_names[label] for label in data.train_labels[:3]]
        ['T-shirt/top', 'Trouser', 'Pullover']

    Source: Xiao, Rasul and Vollgraf (2017), Fashion-MNIST, arXiv:1708.07747; MIT licence, Zalando SE.
    """
    return _balanced("fashion_mnist.npz", FASHION_MNIST_CLASSES, train_per_class, test_per_class)


def mnist(*, train_per_class: int = 600, test_per_class: int = 200) -> Dataset:
    """Return a balanced subset of MNIST: grey images of 28 x 28 pixels of the ten handwritten digits.

    Order and prefixes are as in :func:`fashion_mnist`.

    Args:
        train_per_class: Training images of each class, 1 to 600.
        test_per_class: Test images of each class, 1 to 200.

    Returns:
        Images as float32 in [0, 1], shape (n, 28, 28), and labels as int64, shape (n,).

    Raises:
        ValueError: If a number is not allowed, or the file is not the bundled one.
        FileNotFoundError: If the file is missing.

    Example:
        >>> mnist(train_per_class=10, test_per_class=5)
        Dataset: 100 training and 50 test images of 28 x 28, 10 classes (0, 1, 2, 3, 4, 5, 6, 7, 8, 9)

    Source: LeCun, Cortes and Burges, The MNIST database of handwritten digits, after LeCun et al. (1998);
    CC BY-SA 3.0.
    """
    return _balanced("mnist.npz", tuple("0123456789"), train_per_class, test_per_class)


def emoji() -> Emoji:
    """Return 690 emoji of eight classes in colour, 64 x 64 pixels, each drawn in two styles.

    They are sorted by class, and the classes have between 47 and 130 members: draw rows with :func:`choose_rows`, and
    report the mean over the classes.

    Returns:
        The pictures in both styles, their labels and names.

    Raises:
        ValueError: If the file is not the bundled one.
        FileNotFoundError: If the file is missing.

    Example:
        >>> pictures = emoji()
        >>> pictures.noto.shape, pictures.names[0], pictures.class_names[pictures.labels[0]]
        ((690, 3, 64, 64), 'rat', 'animal')

    Source: Noto Emoji, Google, Apache-2.0; Twemoji, Twitter and other contributors, CC BY 4.0; collected by
    Henderson, emoji-datasource 16.0.0, MIT licence. The notes beside the file name them.
    """
    arrays = _load("emoji.npz")
    styles = [_as_pictures(arrays[style]).transpose(0, 3, 1, 2) for style in ("noto", "twemoji")]
    return Emoji(*styles, arrays["labels"].astype(np.int64), tuple(arrays["names"].tolist()), EMOJI_CLASSES)


def photographs() -> dict[str, np.ndarray]:
    """Return two grey textures, each from two places of its photograph, and two small colour pictures.

    Returns:
        Read-only arrays of float32 in [0, 1] by their names: ``brick``, ``brick_elsewhere``, ``gravel`` and
        ``gravel_elsewhere`` of shape (80, 80), ``cat`` and ``person`` of shape (3, 64, 64).

    Raises:
        ValueError: If the file is not the bundled one.
        FileNotFoundError: If the file is missing.

    Example:
        >>> {name: picture.shape for name, picture in photographs().items()}["person"]
        (3, 64, 64)

    Source: CC0Textures (CC0), Stéfan van der Walt (CC0) and NASA (public domain), as scikit-image 0.26.0 brings them.
    """
    arrays = _load("photographs.npz")
    pictures = {}
    for name, picture in arrays.items():
        pictures[name] = _as_pictures(picture if picture.ndim == 2 else picture.transpose(2, 0, 1))
        pictures[name].flags.writeable = False
    return pictures


def medmnist(path: str | Path) -> Dataset:
    """Return a set of grey medical pictures from a MedMNIST file that was downloaded before: X-ray, ultrasound or OCT.

    The name of the file says which set it is, such as ``pneumoniamnist.npz`` (chest X-rays of 28 x 28 pixels) or
    ``pneumoniamnist_128.npz``; the address is in the paper. Its MD5 must be the official one, since altered copies are
    about. The validation pictures are left out.

    Args:
        path: The file, with the name that MedMNIST gave it.

    Returns:
        Training and test pictures, shape (n, height, width), with their labels and the names of the classes.

    Raises:
        ValueError: If the name is none of a set that is known here, or the MD5 is another.
        FileNotFoundError: If there is no such file.

    Example:
        >>> medmnist("pneumoniamnist.npz")
        Traceback (most recent call last):
        FileNotFoundError: there is no file pneumoniamnist.npz: download it from the address in the MedMNIST paper

    Source: Yang et al. (2023), MedMNIST v2, Scientific Data 10, 41; the sets that are read here are CC BY 4.0.
    """
    path = Path(path)
    if path.stem not in MEDMNIST_MD5:
        raise refuse("path", path.name, ", ".join(f"{name}.npz" for name in MEDMNIST_MD5))
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}: download it from the address in the MedMNIST paper")
    raw, expected = path.read_bytes(), MEDMNIST_MD5[path.stem]
    if (received := hashlib.md5(raw, usedforsecurity=False).hexdigest()) != expected:
        raise refuse(path.name, f"MD5 {received}", f"{expected}: it is damaged, or an altered copy")
    with np.load(io.BytesIO(raw), allow_pickle=False) as archive:
        arrays = [
            part
            for split in ("train", "test")
            for part in (_as_pictures(archive[f"{split}_images"]), archive[f"{split}_labels"][:, 0].astype(np.int64))
        ]
    return Dataset(*arrays, MEDMNIST_CLASSES[path.stem.partition("_")[0]])


def choose_rows(labels: np.ndarray, per_class: int, *, rng: np.random.Generator) -> np.ndarray:
    """Draw the same number of examples of each class at random, without replacement.

    Args:
        labels: Class numbers, shape (n,).
        per_class: Examples of each class that occurs.
        rng: Source of the choice.

    Returns:
        Indices into ``labels``, shape (classes * per_class,), in the order of the classes.

    Raises:
        ValueError: If there are no labels, or a class has fewer examples.

    Example:
        >>> choose_rows(np.array([0, 0, 1, 1, 1]), 2, rng=np.random.default_rng(0))
        array([0, 1, 4, 2])
    """
    labels = np.asarray(labels)
    if labels.ndim != 1 or not labels.size:
        raise refuse("labels", labels.shape, "shape (n,) with n > 0")
    classes, counts = np.unique(labels, return_counts=True)
    check_count("per_class", per_class, maximum=int(counts.min()))
    return np.concatenate([rng.permutation(np.flatnonzero(labels == one))[:per_class] for one in classes])


def standardize(images: np.ndarray, *, reference: np.ndarray | None = None) -> np.ndarray:
    r"""Shift and scale ``images`` to mean 0 and variance 1, over all pixels of all images of the reference.

    .. math:: x' = \frac{x - \mu}{\sigma}, \qquad \mu, \sigma \text{ over all values of the reference}

    Args:
        images: Any shape.
        reference: Where mean and standard deviation (two numbers) are taken from, such as the training images when test
            images are to be standardized; ``None`` means ``images``.

    Returns:
        A new array of the same shape, in the floating-point type of ``images`` (float64 for integers).

    Raises:
        ValueError: If the reference is empty, constant or not finite.

    Example:
        >>> standardize(np.array([1.0, 3.0]))
        array([-1.,  1.])
        >>> standardize(np.array([5.0]), reference=np.array([1.0, 3.0]))
        array([3.])

    Source: LeCun et al. (1998), Efficient BackProp, section 4.3 (there for each input variable).
    """
    images = np.asarray(images)
    reference = images if reference is None else np.asarray(reference)
    if reference.size == 0:
        raise refuse("reference", reference.shape, "shapes with at least one value")
    with np.errstate(invalid="ignore", over="ignore"):
        mean, std = reference.mean(dtype=np.float64), reference.std(dtype=np.float64)
    if not (np.isfinite(std) and std > 0 and reference.min() < reference.max()):
        received = f"values from {reference.min()} to {reference.max()} with standard deviation {std}"
        raise refuse("reference", received, "finite values that differ")
    dtype = images.dtype if np.issubdtype(images.dtype, np.floating) else np.float64
    return ((images - mean) / std).astype(dtype)


def _make_read_only(dataset):
    for field in fields(dataset):
        if isinstance(value := getattr(dataset, field.name), np.ndarray):
            view = value.view()
            view.flags.writeable = False
            object.__setattr__(dataset, field.name, view)


def _balanced(name, class_names, train_per_class, test_per_class):
    """The first images of each class of a bundled file in which the classes alternate."""
    arrays = _load(name)
    parts = []
    for part, per_class in (("train", train_per_class), ("test", test_per_class)):
        labels = arrays[f"{part}_labels"].astype(np.int64)
        available = int(np.bincount(labels).min())
        stop = len(class_names) * check_count(f"{part}_per_class", per_class, maximum=available)
        parts += [_as_pictures(arrays[f"{part}_images"][:stop]), labels[:stop].copy()]
    return Dataset(*parts, class_names)


def _as_pictures(levels):
    """Bytes from 0 to 255 as float32 in [0, 1]."""
    return levels.astype(np.float32) / np.float32(255)


def _load(name):
    """Return the arrays of a bundled file, having checked that it is the file we bundled."""
    path = FOLDER / name
    remedy = "install warmstart again, or rebuild it as the notes beside it say"
    if not path.is_file():
        raise FileNotFoundError(f"the data file {path} is missing: {remedy}")
    raw = path.read_bytes()
    received = hashlib.sha256(raw).hexdigest()
    if received != SHA256[name]:
        raise refuse(f"the data file {path}", f"sha256 {received}", f"{SHA256[name]}: it is damaged, {remedy}")
    with np.load(io.BytesIO(raw), allow_pickle=False) as archive:
        return dict(archive)
