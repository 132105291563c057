"""Checks of the chapter *Is it typically a very good idea?*."""

import numpy as np

from .asks import Flags, Function
from .core import Mistake, as_array, call, compare, exercise


@exercise(
    "good-idea-invariant",
    asks=Flags(
        "stays",
        (
            "a rotation",
            "all units times 10",
            "a constant added to each unit",
            "the units in another order",
            "one unit times 10",
            "an invertible linear map",
        ),
    ),
    right="CKA sees the angles and the relative lengths of the inputs, in the metric of the units as they are.",
    hints=(
        "Ask of each change: are the products x_i · x_j the same, up to one common factor?",
        "A rotation, a permutation and one common scale pass; the mean is subtracted anyway.",
    ),
)
def invariant(answer, rng):
    """Which changes of the features leave CKA at 1."""
    rows = [
        ("all of them", [1] * 6, "One unit that is ten times larger changes the products.", "Look at (5) and (6)."),
        ("none of them", [0] * 6, "What does a rotation do to x_i · x_j?", "Nothing."),
        ("any invertible map", [1, 1, 1, 1, 0, 1], "An invertible map may stretch one direction.", "Look at (6)."),
        ("any scale", [1, 1, 1, 1, 1, 0], "One unit that is ten times larger decides all products.", "Look at (5)."),
        ("no shift", [1, 1, 0, 1, 0, 0], "The features are centred before they are compared.", "A shift is lost then."),
        ("no permutation", [1, 1, 1, 0, 0, 0], "A sum over units has no order.", "A permutation is a rotation."),
        (
            "no scale",
            [1, 0, 1, 1, 0, 0],
            "The norms divide a common factor out.",
            "Numerator and denominator share it.",
        ),
        ("those that change it", [0, 0, 0, 0, 1, 1], "The question is which leave it at 1.", "Turn the answer round."),
    ]
    compare(answer, [1, 1, 1, 1, 0, 0], mistakes=[Mistake(*row) for row in rows])


@exercise(
    "good-idea-cka",
    asks=Function("my_cka(X, Y)"),
    right="A cross-covariance, measured in units of the two covariances.",
    hints=(
        "Centre both, then look at the matrix that appears in the last form of the numerator.",
        "||X^T Y||² / (||X^T X|| ||Y^T Y||), all norms of Frobenius.",
    ),
)
def linear_cka(answer, rng):
    """Plain linear CKA of two sets of features."""
    X = rng.normal(size=(9, 3)) + 2
    Y = X @ rng.normal(size=(3, 2)) + rng.normal(size=(9, 2)) - 1

    def of(X, Y, power=2):
        norms = [np.linalg.norm(a.T @ b) for a, b in ((X, Y), (X, X), (Y, Y))]
        return norms[0] ** power / (norms[1] * norms[2])

    x, y = X - X.mean(axis=0), Y - Y.mean(axis=0)
    rows = [
        ("features that are not centred", of(X, Y), "Where is the mean?", "Subtract it from each column first."),
        (
            "means of the inputs in place of the units",
            of(X - X.mean(axis=1, keepdims=True), Y - Y.mean(axis=1, keepdims=True)),
            "The mean is over the inputs.",
            "Subtract the mean of each column.",
        ),
        ("the numerator alone", np.linalg.norm(x.T @ y) ** 2, "This grows with the scale.", "Divide by the norms."),
        ("a norm without its square", of(x, y, power=1), "Numerator and denominator scale differently.", "Square it."),
        (
            "squared norms below",
            of(x, y) / (np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y)),
            "Numerator and denominator scale differently.",
            "The root of ||X^T X||² ||Y^T Y||² is wanted.",
        ),
        (
            "the square root",
            np.sqrt(of(x, y)),
            "The numerator is a squared norm already.",
            "Take no root of the whole.",
        ),
    ]
    compare(as_array(call(answer, X, Y), ()), of(x, y), mistakes=[Mistake(*row) for row in rows])


@exercise(
    "good-idea-paired",
    asks=Function("gain(one, other)"),
    right="What both share, such as an easy draw of labels, is gone from the difference.",
    hints=(
        "Take the differences first, one a network.",
        "Mean of the differences; their standard deviation with n - 1, divided by the root of n.",
    ),
)
def paired_gain(answer, rng):
    """Mean and standard error of paired differences."""
    easy = rng.normal(size=6)
    one, other = easy + 0.3 * rng.normal(size=6) + 1, easy + 0.3 * rng.normal(size=6)
    d, n = one - other, 6
    mean, error = d.mean(), d.std(ddof=1) / np.sqrt(n)
    rows = [
        (
            "an unpaired error",
            [mean, np.sqrt((one.var(ddof=1) + other.var(ddof=1)) / n)],
            "The two share their draws.",
            "Take the difference of each network first.",
        ),
        ("a standard deviation", [mean, d.std(ddof=1)], "This is the spread of one network.", "Divide by root n."),
        ("a division by n in the variance", [mean, d.std() / np.sqrt(n)], "The mean was estimated.", "n - 1."),
        ("a division by n", [mean, d.std(ddof=1) / n], "Variances of a mean go with 1 / n.", "Divide by root n."),
        ("the other sign", [-mean, error], "A gain of the first is positive.", "First minus second."),
        ("a variance", [mean, error**2], "The error has the unit of the gain.", "Take the root."),
    ]
    compare(as_array(call(answer, one, other), (2,)), [mean, error], mistakes=[Mistake(*row) for row in rows])


@exercise(
    "good-idea-through",
    asks=Function("through(std, fan_in, layers)"),
    right="Twenty layers raise a factor of six to the twentieth power: whoever borrows the scale borrows the signal.",
    hints=(
        "What does one ReLU layer do to the second moment of the signal?",
        "It multiplies it by half of fan_in times the variance of the weights.",
    ),
)
def through(answer, rng):
    """The factor by which some ReLU layers multiply the second moment of a signal."""
    for _ in range(2):
        std, fan_in, layers = rng.uniform(0.2, 0.3), int(rng.integers(20, 40)), int(rng.integers(3, 6))
        factor = fan_in * std**2 / 2
        rows = [
            ("no half", (2 * factor) ** layers, "These are ReLU layers.", "Half of the second moment gets through."),
            ("one layer", factor, "There are several layers.", "Each multiplies by the same factor."),
            ("a sum over the layers", layers * factor, "Each layer multiplies.", "Take the power."),
            ("a standard deviation", (fan_in * std / 2) ** layers, "Variances add.", "Square the standard deviation."),
            ("no fan_in", (std**2 / 2) ** layers, "Each unit sums over its inputs.", "Multiply by fan_in."),
            ("an amplitude", factor ** (layers / 2), "The second moment is asked for.", "Take no root."),
        ]
        got = as_array(call(answer, std, fan_in, layers), ())
        compare(got, factor**layers, mistakes=[Mistake(*row) for row in rows])
