"""What every experiment of the book needs: sources of randomness, small images, many networks at once, their errors.

The functions that draw, load and count need no torch; those that train import it when they are called.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .data import Dataset, choose_rows, standardize
from .errors import check_count, refuse

if TYPE_CHECKING:
    from torch import Generator, Tensor, nn

    from .training import History


@dataclass(frozen=True)
class Streams:
    """Sources of random numbers for one experiment: each number, and each repeat, has one that no other shares.

    Attributes:
        seed: Of the experiment; another one changes all sources.

    Example:
        >>> streams = Streams(0)
        >>> int(streams.numpy(1).integers(1000)), streams.torch(3, repeat=2).initial_seed()
        (522, 302)
    """

    seed: int = 0

    def numpy(self, *numbers: int) -> np.random.Generator:
        """Return the source of a number, or of a number and a repeat, for NumPy."""
        return np.random.default_rng([self.seed, *numbers])

    def torch(self, number: int, repeat: int = 0) -> Generator:
        """Return the same for torch; up to a hundred numbers and a hundred repeats share nothing."""
        from torch import Generator

        return Generator().manual_seed(10_000 * self.seed + 100 * number + repeat)


@contextmanager
def global_seed(seed: int) -> Iterator[None]:
    """Seed torch's global state inside of the block, for code that draws from it, and put it back at the end.

    Args:
        seed: As in ``torch.manual_seed``.

    Example:
        >>> import torch
        >>> with global_seed(3):
        ...     one = torch.rand(1)
        >>> with global_seed(3):
        ...     bool(torch.rand(1) == one)
        True
    """
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def at_half_size(images: np.ndarray) -> np.ndarray:
    """Return the mean of each 2 x 2 pixels.

    Args:
        images: Shape (n, height, width), both even.

    Returns:
        Shape (n, height / 2, width / 2).

    Raises:
        ValueError: If a side is odd, or there is another number of axes.

    Example:
        >>> at_half_size(np.arange(16.0).reshape(1, 4, 4))
        array([[[ 2.5,  4.5],
                [10.5, 12.5]]])
    """
    if images.ndim != 3 or images.shape[1] % 2 or images.shape[2] % 2:
        raise refuse("images", f"shape {images.shape}", "shape (n, height, width) with even sides")
    n, height, width = images.shape
    return images.reshape(n, height // 2, 2, width // 2, 2).mean(axis=(2, 4))


def small_images(dataset: Dataset, *, flat: bool = False) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the images of a data set at half size, standardized by those of training, and their labels.

    Args:
        dataset: As :mod:`warmstart.data` loads it, with images of 28 x 28 pixels.
        flat: Whether each image is given as a vector.

    Returns:
        Training images (n, 14, 14), or (n, 196), with mean 0 and variance 1, their labels (n,), and the same for the
        test.

    Example:
        >>> from warmstart.data import mnist
        >>> x, y, x_test, y_test = small_images(mnist(train_per_class=10, test_per_class=2))
        >>> x.shape, x_test.shape, bool(abs(x.mean()) < 1e-6)
        ((100, 14, 14), (20, 14, 14), True)
    """
    train, test = at_half_size(dataset.train_images), at_half_size(dataset.test_images)
    train, test = (x.reshape(len(x), -1) if flat else x for x in (train, test))
    return standardize(train), dataset.train_labels, standardize(test, reference=train), dataset.test_labels


def noisy(images: np.ndarray, generator: Generator, std: float = 1.0) -> np.ndarray:
    """Return the images plus Gaussian noise.

    Args:
        images: Of any shape; in units of their standard deviation if they are standardized.
        generator: Source of the noise.
        std: Its standard deviation.

    Example:
        >>> noisy(np.zeros((2, 3), np.float32), Streams(0).torch(1)).shape
        (2, 3)
    """
    import torch

    return images + np.float32(std) * torch.randn(images.shape, generator=generator).numpy()


def turned(images: np.ndarray, quarters: int = 1) -> np.ndarray:
    """Return each image turned by some quarters of a circle, counterclockwise.

    Args:
        images: Square ones, shape (..., side, side).
        quarters: How many.

    Example:
        >>> turned(np.array([[[1, 2], [3, 4]]]))
        array([[[2, 4],
                [1, 3]]])
    """
    return np.rot90(images, quarters, axes=(-2, -1)).copy()


def divide(labels: np.ndarray, per_class: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw the same number of rows of each class; return them and all others.

    Args:
        labels: Class numbers, shape (n,).
        per_class: Rows of each class.
        rng: Source of the draw.

    Example:
        >>> rows, others = divide(np.array([0, 0, 1, 1, 1]), 1, Streams(0).numpy(1))
        >>> len(rows), len(others)
        (2, 3)
    """
    rows = choose_rows(labels, per_class, rng=rng)
    return rows, np.setdiff1d(np.arange(len(labels)), rows)


def mean_and_error(values: np.ndarray | Sequence[float], axis: int = -1) -> tuple[np.ndarray, np.ndarray]:
    r"""Return the mean of repeats and its standard error.

    .. math:: \bar x = \frac{1}{n} \sum_i x_i, \qquad \text{error}^2 = \frac{\sum_i (x_i - \bar x)^2}{n (n - 1)}

    Args:
        values: The repeats are along one axis, at least two.
        axis: That axis.

    Example:
        >>> mean, error = mean_and_error([1.0, 2.0, 3.0])
        >>> round(float(mean), 3), round(float(error), 3)
        (2.0, 0.577)
    """
    values = np.asarray(values)
    check_count("repeats", values.shape[axis], minimum=2)
    return values.mean(axis=axis), values.std(axis=axis, ddof=1) / math.sqrt(values.shape[axis])


@dataclass(frozen=True)
class Grid:
    """Networks that were trained with several settings.

    Attributes:
        models: For each setting its networks.
        histories: For each setting what happened in training, one a network.

    Example:
        >>> Grid({0.1: ["one", "two"]}, {}).models[0.1]
        ['one', 'two']
    """

    models: dict[Any, list[nn.Module]]
    histories: dict[Any, list[History]]

    def accuracy(self, inputs: np.ndarray | Tensor, targets: np.ndarray | Tensor) -> np.ndarray:
        """Return the accuracy of each network, shape (settings, networks)."""
        from .training import accuracy

        return np.array([accuracy(models, inputs, targets) for models in self.models.values()])


def train_grid(
    start: Callable[[Any, int], nn.Module],
    settings: Sequence[Hashable],
    networks: int,
    inputs: np.ndarray | Tensor,
    targets: np.ndarray | Tensor,
    **options: object,
) -> Grid:
    """Train some networks with each setting, as few stacks as their architectures allow.

    Args:
        start: A function of the setting and the number of the network that returns the network.
        settings: All that is tried, such as pairs of a learning rate and a depth.
        networks: Networks with each.
        inputs: As in :func:`~warmstart.training.fit_many`, like the next.
        targets: Class numbers.
        options: Those of ``fit_many``; a function of the setting and the number gives each network a value of its own.

    Raises:
        ValueError: If there is no setting, or as in ``fit_many``.

    Example:
        >>> from warmstart.models import MLP
        >>> streams, x = Streams(0), np.random.default_rng(0).normal(size=(60, 2)).astype(np.float32)
        >>> grid = train_grid(lambda rate, n: MLP((2, 8, 2), generator=streams.torch(1, n)), [0.01, 0.1], 3, x,
        ...     (x[:, 0] > 0).astype(int), epochs=2, learning_rate=lambda rate, n: rate, generator=streams.torch(2))
        >>> list(grid.models), grid.accuracy(x, (x[:, 0] > 0).astype(int)).shape
        ([0.01, 0.1], (2, 3))
    """
    from ._stacking import alike
    from .training import fit_many

    jobs = [(setting, number) for setting in settings for number in range(check_count("networks", networks))]
    if not jobs:
        raise refuse("settings", settings, "at least one")
    models = [start(*job) for job in jobs]
    histories: dict[int, History] = {}
    each = {key: [value(*job) for job in jobs] for key, value in options.items() if callable(value)}
    for places in alike(models):
        own: dict[str, Any] = options | {key: [values[place] for place in places] for key, values in each.items()}
        found = fit_many([models[place] for place in places], inputs, targets, **own)
        histories.update(zip(places, found, strict=True))
    parts = {setting: range(k * networks, (k + 1) * networks) for k, setting in enumerate(settings)}
    return Grid(
        {setting: [models[place] for place in part] for setting, part in parts.items()},
        {setting: [histories[place] for place in part] for setting, part in parts.items()},
    )


def by_part(**parts: Callable[..., Mapping[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Return one function for several experiments: ``run(part, ...)`` calls the one of that name.

    Args:
        parts: Functions that return a dict of arrays or numbers; the arrays become lists, as ``make study`` wants them.

    Example:
        >>> run = by_part(twice=lambda x: {"result": 2 * np.array(x)}, half=lambda x: {"result": x / 2})
        >>> run("twice", x=[1, 2]), run("half", x=3)
        ({'result': [2, 4]}, {'result': 1.5})
    """

    def run(part: str, **settings: object) -> dict[str, Any]:
        if part not in parts:
            raise refuse("part", part, ", ".join(parts))
        return {key: np.asarray(value).tolist() for key, value in parts[part](**settings).items()}

    return run
