"""Checks of the chapter *Across modalities, and features as a loss*."""

import numpy as np

from .asks import Flags, Function
from .core import Mistake, Unusable, as_array, call, compare, describe, exercise


@exercise(
    "across-modalities-collapse",
    asks=Function("collapse(w, mean, std)"),
    right="The normalization of three colours is a kernel and a bias for one grey picture.",
    hints=(
        "Write w_c * (g - m_c) / s_c as something that is multiplied by g, plus something that is not.",
        "Kernel: the sum over the colours of w_c / s_c. Bias: minus the sum of m_c w_c / s_c over colours and taps.",
    ),
)
def collapse(answer, rng):
    """Kernels of several channels and their normalization, for one channel."""
    for out, channels in ((2, 3), (3, 2)):
        w, mean, std = rng.normal(size=(out, channels, 3, 3)), rng.uniform(1, 2, channels), rng.uniform(2, 4, channels)
        divided = w / std[:, None, None]
        shifted = divided * mean[:, None, None]
        kernel, bias = divided.sum(axis=1), -shifted.sum(axis=(1, 2, 3))

        def both(one, other):
            return np.append(one.ravel(), other)

        given = call(answer, w, mean, std)
        if not isinstance(given, tuple | list) or len(given) != 2:
            raise Unusable(f"This exercise asks for a kernel and a bias, and you gave {describe(given)}.")
        compare(
            both(as_array(given[0], kernel.shape), as_array(given[1], bias.shape)),
            both(kernel, bias),
            mistakes=[
                Mistake(
                    "means over the colours",
                    both(kernel / channels, bias / channels),
                    "What does a convolution do with its channels?",
                    "It adds them up.",
                ),
                Mistake(
                    "a mean for the kernel alone",
                    both(kernel / channels, bias),
                    "What does a convolution do with its channels?",
                    "It adds them up, so the kernels are summed.",
                ),
                Mistake(
                    "no division by the standard deviations",
                    both(w.sum(axis=1), -(w * mean[:, None, None]).sum(axis=(1, 2, 3))),
                    "Where is s_c?",
                    "Divide each kernel by the standard deviation of its colour first.",
                ),
                Mistake(
                    "no bias",
                    both(kernel, 0 * bias),
                    "What does the layer answer to a black picture?",
                    "Black is -m_c / s_c after the normalization.",
                ),
                Mistake(
                    "a bias of the other sign", both(kernel, -bias), "The mean is subtracted.", "Turn the sign round."
                ),
                Mistake(
                    "a mean over the taps",
                    both(kernel, bias / 9),
                    "Each tap sees the shift.",
                    "Sum over the taps.",
                ),
                Mistake(
                    "a bias without the standard deviations",
                    both(kernel, -(w * mean[:, None, None]).sum(axis=(1, 2, 3))),
                    "The mean is subtracted before the division.",
                    "So it is divided, too: m_c / s_c.",
                ),
            ],
        )


@exercise(
    "across-modalities-repair",
    asks=Flags("undone", ("half the contrast", "brighter", "inverted", "turned by a quarter")),
    right="Only what the first normalization sees as a shift and a positive factor is undone.",
    hints=(
        "Write each change as a x + b where you can.",
        "The derivation needs a > 0, and the same a and b for all pixels of all pictures.",
    ),
)
def repair(answer, rng):
    """Which changes of the pictures new statistics undo."""
    rows = [
        ("all of them", [1, 1, 1, 1], "Two of them are no change a x + b with a > 0.", "Look at the sign of a."),
        ("none of them", [0, 0, 0, 0], "Half the contrast is a = 1/2.", "The derivation covers a > 0 with any b."),
        ("contrast alone", [1, 0, 0, 0], "The mean is taken anew as well.", "What does b do to it?"),
        ("brightness alone", [0, 1, 0, 0], "The variance is taken anew as well.", "What does a do to it?"),
        ("inversion as well", [1, 1, 1, 0], "For 1 - x the factor is -1.", "A standard deviation is positive."),
        ("a turn as well", [1, 1, 0, 1], "A turn moves pixels.", "Means and variances see no places."),
        ("those that stay", [0, 0, 1, 1], "The question is which are undone.", "Turn the answer round."),
    ]
    compare(answer, [1, 1, 0, 0], mistakes=[Mistake(*row) for row in rows])


@exercise(
    "across-modalities-statistics",
    asks=Function("new_statistics(mean, var, total, a, b)"),
    right="The shift enters the mean through the sum of the taps, and the variance not at all.",
    hints=(
        "What does the layer answer to a x + b, in terms of its answer z to x?",
        "a z + b total: now take the mean and the variance.",
    ),
)
def statistics(answer, rng):
    """Running mean and variance of a channel after a change of brightness and contrast."""
    for _ in range(2):
        mean, var, total = rng.uniform(1, 2), rng.uniform(2, 3), rng.uniform(3, 4)
        a, b = rng.uniform(1.5, 2.5), rng.uniform(0.3, 0.7)
        rows = [
            (
                "a shift without the taps",
                [a * mean + b, a**2 * var],
                "Each tap sees b.",
                "b times the sum of the taps.",
            ),
            (
                "a variance times a",
                [a * mean + b * total, a * var],
                "The standard deviation is multiplied by a.",
                "a².",
            ),
            (
                "a shift in the variance",
                [a * mean + b * total, a**2 * var + b**2],
                "A constant has no variance.",
                "a².",
            ),
            ("the old statistics", [mean, var], "The pictures have changed.", "The answer is a z + b total."),
            ("the shift alone", [mean + b * total, var], "And a?", "It multiplies the answer."),
            ("the factor alone", [a * mean, a**2 * var], "And b?", "It adds b times the sum of the taps."),
            (
                "a factor on the shift",
                [a * (mean + b * total), a**2 * var],
                "The picture is a x + b, not a (x + b).",
                "b is not multiplied by a.",
            ),
        ]
        got = as_array(call(answer, mean, var, total, a, b), (2,))
        compare(got, [a * mean + b * total, a**2 * var], mistakes=[Mistake(*row) for row in rows])


@exercise(
    "across-modalities-count",
    asks=Function("count(channels)"),
    right="Fewer equations than pixels: many pictures share the Gram matrices of a wall.",
    hints=(
        "A Gram matrix is symmetric.",
        "c channels give c on the diagonal and c (c - 1) / 2 above it.",
    ),
)
def count(answer, rng):
    """How many different numbers some Gram matrices hold."""
    for _ in range(2):
        channels = [int(c) for c in rng.integers(3, 12, 3)]
        c = np.array(channels)
        rows = [
            ("all entries", (c**2).sum(), "A Gram matrix is symmetric.", "Count each pair once."),
            (
                "no diagonal",
                (c * (c - 1) // 2).sum(),
                "A channel is a pair with itself, too.",
                "Add the diagonal: c for c channels.",
            ),
            ("the channels", c.sum(), "Each pair of channels gives a number.", "Count the pairs."),
            ("half of all entries", (c**2 / 2).sum(), "The diagonal is there once only.", "c (c + 1) / 2."),
            (
                "one large matrix",
                c.sum() * (c.sum() + 1) // 2,
                "Pairs are taken inside of a layer only.",
                "Count for each layer, then add.",
            ),
            ("the first layer", c[0] * (c[0] + 1) // 2, "There are several layers.", "Add their numbers."),
        ]
        compare(as_array(call(answer, channels), ()), (c * (c + 1) // 2).sum(), mistakes=[Mistake(*r) for r in rows])
