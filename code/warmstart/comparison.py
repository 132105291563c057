"""Fair comparisons: several ways to start, the same examples and the same budget for each, paired by seed."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from torch import Generator, Tensor, nn

from ._stacking import alike
from .errors import check_count, refuse
from .training import accuracy, fit_many


@dataclass(frozen=True)
class Paired:
    """The differences of two arms that share their seeds.

    Attributes:
        mean: Mean difference.
        standard_error: Its standard error over the seeds.
        wins: For how many seeds the difference is positive.
        pairs: Number of seeds.

    Example:
        >>> Paired(mean=0.05, standard_error=0.01, wins=7, pairs=8)
        +0.050 ± 0.010, 7 of 8
    """

    mean: float
    standard_error: float
    wins: int
    pairs: int

    def __repr__(self) -> str:
        """Return one line: mean, standard error, wins."""
        return f"{self.mean:+.3f} ± {self.standard_error:.3f}, {self.wins} of {self.pairs}"


def paired(one: Sequence[float], other: Sequence[float]) -> Paired:
    r"""Return mean and standard error of ``one - other``, seed by seed.

    .. math:: \bar d = \frac{1}{n} \sum_i d_i, \qquad \text{error}^2 = \frac{\sum_i (d_i - \bar d)^2}{n (n - 1)}

    What both arms share, such as an easy draw of examples, cancels.

    Args:
        one: Results of an arm, one a seed, at least two.
        other: Results of the other for the same seeds.

    Raises:
        ValueError: If the numbers of seeds differ or are less than two, or a result is not finite.

    Example:
        >>> paired([0.8, 0.7, 0.9], [0.7, 0.7, 0.7])
        +0.100 ± 0.058, 2 of 3
    """
    first, second = np.asarray(one, float), np.asarray(other, float)
    if first.ndim != 1 or first.shape != second.shape or len(first) < 2:
        raise refuse("one and other", (first.shape, second.shape), "two lists of the same length, at least 2")
    if not np.isfinite(difference := first - second).all():
        raise refuse("one and other", difference, "finite results")
    error = difference.std(ddof=1) / math.sqrt(len(difference))
    return Paired(float(difference.mean()), float(error), int((difference > 0).sum()), len(difference))


def compare(
    arms: Mapping[str, Callable[[int, np.ndarray], nn.Module]],
    inputs: np.ndarray | Tensor,
    targets: np.ndarray | Tensor,
    test_inputs: np.ndarray | Tensor,
    test_targets: np.ndarray | Tensor,
    *,
    rows: Sequence[Sequence[int]],
    steps: int,
    learning_rate: float,
    batch_size: int = 25,
) -> dict[str, np.ndarray]:
    """Train what each arm starts with on the same examples by Adam for the same number of steps, and test it.

    Seed number i gives each arm the examples ``rows[i]``, and all arms see them in the same minibatches. A model all of
    whose parameters are frozen is tested as it is.

    Args:
        arms: For each name a function of the number of the seed and its rows that returns a model of its own.
        inputs: Shape (n, ...), from which the rows are taken.
        targets: Class numbers, shape (n,).
        test_inputs: Shape (m, ...).
        test_targets: Shape (m,).
        rows: The labelled examples of each seed, shape (seeds, examples).
        steps: Updates, at least 1; rounded up to whole passes over the examples.
        learning_rate: Of Adam.
        batch_size: Examples per update, or all if there are fewer.

    Returns:
        For each arm the test accuracy of each seed, shape (seeds,).

    Raises:
        ValueError: If there is no arm or a number is out of range, and as in :func:`~warmstart.training.fit_many`.

    Example:
        >>> import torch
        >>> from warmstart.models import MLP
        >>> x = torch.randn(60, 2, generator=torch.Generator().manual_seed(0))
        >>> y = (x[:, 0] > 0).long()
        >>> arms = {"scratch": lambda seed, rows: MLP((2, 8, 2), generator=torch.Generator().manual_seed(seed))}
        >>> result = compare(arms, x, y, x, y, rows=[range(20), range(20, 40)], steps=100, learning_rate=0.01)
        >>> result["scratch"] > 0.8
        array([ True,  True])
    """
    rows, steps = np.asarray(rows), check_count("steps", steps)
    if not arms:
        raise refuse("arms", dict(arms), "at least one arm")
    if rows.ndim != 2 or not rows.size:
        raise refuse("rows", f"shape {rows.shape}", "shape (seeds, examples), both positive")
    models = {(name, seed): start(seed, own) for name, start in arms.items() for seed, own in enumerate(rows)}
    trained = [job for job, model in models.items() if any(one.requires_grad for one in model.parameters())]
    for places in alike([models[job] for job in trained]):
        stack = [trained[place] for place in places]
        fit_many(
            [models[job] for job in stack],
            inputs,
            targets,
            rows=rows[[seed for _, seed in stack]],
            epochs=math.ceil(steps / math.ceil(rows.shape[1] / batch_size)),
            learning_rate=learning_rate,
            batch_size=batch_size,
            optimizer="adam",
            generator=[Generator().manual_seed(seed) for _, seed in stack],
        )
    seeds = range(len(rows))
    return {
        name: np.array([accuracy(models[name, seed], test_inputs, test_targets) for seed in seeds]) for name in arms
    }
