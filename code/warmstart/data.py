"""Real data that is bundled with the package: no download, and a checksum that is verified at every load."""

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
}
FASHION_MNIST_CLASSES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
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
    styles = [arrays[style].transpose(0, 3, 1, 2).astype(np.float32) / np.float32(255) for style in ("noto", "twemoji")]
    return Emoji(*styles, arrays["labels"].astype(np.int64), tuple(arrays["names"].tolist()), EMOJI_CLASSES)


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
        parts += [arrays[f"{part}_images"][:stop].astype(np.float32) / np.float32(255), labels[:stop].copy()]
    return Dataset(*parts, class_names)


def _load(name):
    """Return the arrays of a bundled file, having checked that it is the file we bundled."""
    path = FOLDER / name
    remedy = "install warmstart again, or rebuild it as the notes beside it say"
    if not path.is_file():
        raise FileNotFoundError(f"the data file {path} is missing: {remedy}")
    raw = path.read_bytes()
    received = hashlib.sha256(raw).hexdigest()
    if received != SHA256[name]:
        raise ValueError(f"the data file {path} is damaged: sha256 {received}, expected {SHA256[name]}: {remedy}")
    with np.load(io.BytesIO(raw), allow_pickle=False) as archive:
        return dict(archive)
