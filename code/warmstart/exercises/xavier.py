"""Checks of the chapter *Xavier: forward and backward*."""

from itertools import pairwise

import numpy as np

from .asks import Function, Number
from .core import Mistake, Unusable, Wrong, as_array, call, check_mean, compare, draw, exercise


@exercise(
    "xavier-std",
    asks=Number(),
    right="The mean of the fans is 200, its inverse the variance, and the root of that the standard deviation.",
    hints=(
        "Xavier's rule gives a variance: 1 over the mean of the two fans.",
        "The variance is 2 / (300 + 100). And the standard deviation?",
    ),
)
def std(answer, rng):
    """The standard deviation for a layer from 300 to 100 units."""
    one_fan = "Xavier's rule looks at both fans.", "Take the mean of 300 and 100."
    compare(
        answer,
        np.sqrt(2 / 400),
        rtol=0.01,
        mistakes=[
            Mistake(
                "the variance, not the standard deviation",
                2 / 400,
                "This is what the weights have in square.",
                "Take the root.",
            ),
            Mistake(
                "the limit of the uniform form",
                np.sqrt(6 / 400),
                "This is where a uniform distribution ends, not how much it scatters.",
                "Between -l and l the standard deviation is l / sqrt(3).",
            ),
            Mistake(
                "the mean of the two variances",
                np.sqrt((1 / 300 + 1 / 100) / 2),
                "What is averaged: the variances 1/300 and 1/100, or the fans 300 and 100?",
                "Average the fans first, and then divide.",
            ),
            Mistake(
                "the mean of the two standard deviations",
                (300**-0.5 + 100**-0.5) / 2,
                "What is averaged: standard deviations, or the fans 300 and 100?",
                "Average the fans first, and then divide.",
            ),
            Mistake(
                "the geometric mean of the fans",
                30_000**-0.25,
                "Another good rule, and not Xavier's.",
                "The mean of 300 and 100 is 200.",
            ),
            Mistake(
                "the sum of the fans in place of their mean",
                np.sqrt(1 / 400),
                "300 + 100 is the sum of the fans.",
                "Their mean is half of it.",
            ),
            Mistake("fan_in alone", np.sqrt(1 / 300), *one_fan),
            Mistake("fan_out alone", np.sqrt(1 / 100), *one_fan),
        ],
    )


@exercise(
    "xavier-backward",
    asks=Function("gradients(weights, delta)"),
    right="The gradient sums along the columns: the transpose, from the last matrix to the first.",
    hints=(
        "Start with delta, and go through the matrices from the last to the first. What does each do to the gradient?",
        "delta becomes W.T @ delta. Collect np.mean(delta**2), the output's at the end of the list.",
    ),
)
def backward(answer, rng):
    """Mean squares of W^T delta, from the input to the output."""
    for widths in ([6, 6, 6, 6], [5, 8, 3], [4, 7]):
        weights = [rng.standard_normal((n_out, n_in)) for n_in, n_out in pairwise(widths)]
        delta = rng.standard_normal(widths[-1])
        vectors = [delta]
        for weight in reversed(weights):
            vectors.append(weight.T @ vectors[-1])
        right = np.array([np.mean(vector**2) for vector in reversed(vectors)])
        got = call(answer, [weight.copy() for weight in weights], delta)
        _check_length(got, len(right))
        compare(as_array(got, right.shape), right, mistakes=_backward_mistakes(weights, delta, vectors, right))


def _check_length(got, length):
    try:
        found = len(got)
    except TypeError:
        raise Unusable(f"This exercise asks for {length} numbers, r_0 to r_L, and you gave one thing.") from None
    if found == length - 1:
        raise Wrong(
            "one second moment too few",
            "L matrices lie between L + 1 layers, the input and the output among them.",
            "r_L belongs to delta itself, r_0 to what comes out below the first matrix.",
        )


def _backward_mistakes(weights, delta, vectors, right):
    def chain(matrices):
        found = [delta]
        for matrix in matrices:
            found.append(matrix @ found[-1])
        return np.array([np.mean(vector**2) for vector in found])

    mistakes = [
        Mistake(
            "the right numbers, from the output to the input",
            right[::-1],
            "Which layer does your first number belong to?",
            "Turn the list round: r_0 comes first.",
        ),
        Mistake(
            "the size of the gradient, without its square",
            np.sqrt(right),
            "A second moment is a mean of squares.",
            "Leave the root out.",
        ),
        Mistake(
            "sums of squares in place of means",
            [np.sum(vector**2) for vector in reversed(vectors)],
            "A second moment does not grow with the number of units.",
            "Divide by the number of units: np.mean.",
        ),
    ]
    if weights[0].shape[0] == weights[0].shape[1]:
        transposed = Mistake(
            "a matrix that was not transposed",
            chain(weights[::-1])[::-1],
            "Your gradient sums along rows, as the signal does.",
            "Unit j enters every unit above it with W[i, j]: sum over i, which is W.T @ delta.",
        )
        order = Mistake(
            "the matrices in the order of the forward pass",
            chain([weight.T for weight in weights])[::-1],
            "Which matrix does the gradient at the output meet first?",
            "The last one: reversed(weights).",
        )
        signal = Mistake(
            "the forward pass",
            chain(weights),
            "This is what a signal would do.",
            "The gradient starts at the output and meets the last matrix first, transposed.",
        )
        mistakes += [transposed, order, signal]
    return mistakes


@exercise(
    "xavier-share",
    asks=Function("forward(widths, alpha)"),
    right="What lies between the ends cancels: a family of rules that is safe wherever widths alternate.",
    hints=(
        "One layer multiplies the signal by fan_in times the variance. Simplify that.",
        "It is (fan_in / fan_out)^alpha. Multiply over all layers: which widths are left?",
    ),
)
def share(answer, rng):
    """The factor of the signal is (n_0 / n_L)^alpha."""
    for layers in (1, 3, 4):
        widths = rng.choice(np.arange(10, 400), layers + 1, replace=False).astype(float)
        alpha, end = rng.uniform(0.1, 0.45), widths[0] / widths[-1]
        variances = widths[:-1] ** (alpha - 1) * widths[1:] ** -alpha
        compare(
            as_array(call(answer, widths, alpha), ()),
            end**alpha,
            mistakes=[
                Mistake(
                    "the factor of the gradient",
                    end ** (alpha - 1),
                    "For alpha = 0 the signal should be kept. Is it?",
                    "The signal takes fan_in times the variance, not fan_out.",
                ),
                Mistake(
                    "alpha and 1 - alpha exchanged",
                    end ** (1 - alpha),
                    "For alpha = 0 the signal should be kept. Is it?",
                    "fan_in * fan_in^-(1 - alpha) leaves fan_in^alpha.",
                ),
                Mistake(
                    "the ratio upside down",
                    end**-alpha,
                    "From many units to few with alpha = 1: does the signal grow or shrink?",
                    "It is the first width over the last.",
                ),
                Mistake(
                    "the ratio of the ends without alpha",
                    end,
                    "This is the case alpha = 1.",
                    "Each layer contributes (fan_in / fan_out)^alpha.",
                ),
                Mistake(
                    "a variance without the number of inputs",
                    np.prod(variances),
                    "A unit sums fan_in products.",
                    "A layer multiplies by fan_in times its variance.",
                ),
                Mistake(
                    "the growth of the values, not of their squares",
                    end ** (alpha / 2),
                    "The second moment is asked for.",
                    "Leave the root out.",
                ),
                Mistake(
                    "no change at all",
                    1.0,
                    "Only alpha = 0 keeps the signal.",
                    "Each layer contributes (fan_in / fan_out)^alpha.",
                ),
            ],
        )


@exercise(
    "xavier-decay",
    asks=Function("limit(c)"),
    right="The cubic term alone decides how fast a signal fades that is kept to first order.",
    hints=(
        "Square the series up to z^4, and take the mean over z ~ N(0, q). What is E[z^4]?",
        "q' = q - 6 c q^2. How much does 1 / q grow in one layer?",
    ),
)
def decay(answer, rng):
    """l q_l tends to 1 / (6 c)."""
    for c in rng.uniform(0.05, 0.15, 2):
        compare(
            as_array(call(answer, float(c)), ()),
            1 / (6 * c),
            rtol=1e-3,
            mistakes=[
                Mistake(
                    "E[z^4] taken for q^2",
                    1 / (2 * c),
                    "What is the mean of z^4 for a normal z of variance q?",
                    "It is 3 q^2.",
                ),
                Mistake(
                    "the factor 2 of the square forgotten",
                    1 / (3 * c),
                    "Square z - c z^3: which factor has the mixed term?",
                    "(z - c z^3)^2 = z^2 - 2 c z^4 + ...",
                ),
                Mistake(
                    "the cubic term taken for the whole loss",
                    1 / c,
                    "What does the square of z - c z^3 lose on average?",
                    "It loses 2 c E[z^4].",
                ),
                Mistake(
                    "the growth of 1 / q in one layer, not the limit",
                    6 * c,
                    "If 1 / q grows by this in each layer, what is q after l layers?",
                    "l q_l is its inverse.",
                ),
                Mistake(
                    "the limit for tanh",
                    0.5,
                    "For tanh c is 1/3. Which number belongs to this c?",
                    "Follow the derivation with c in place of 1/3.",
                ),
            ],
        )


@exercise(
    "xavier-bug",
    asks=Function("xavier_uniform(fan_in, fan_out, rng)"),
    right="A limit is not a standard deviation: between them lies the root of 3, in every layer.",
    hints=(
        "Which variance does a uniform distribution between -scale and scale have?",
        "Between -l and l it is l^2 / 3. Solve l^2 / 3 = 2 / (fan_in + fan_out).",
    ),
)
def bug(answer, rng):
    """Uniform weights of variance 2 / (fan_in + fan_out), in the shape (fan_out, fan_in)."""
    fans = (int(rng.choice([600, 700])), 220), (220, int(rng.choice([600, 700])))  # narrower, and wider
    weights = []
    for fan_in, fan_out in fans:
        if np.shape(call(answer, fan_in, fan_out, np.random.default_rng(0))) == (fan_in, fan_out):
            raise Wrong(
                "a weight that was transposed",
                "The shape is (fan_out, fan_in): a unit is a row.",
                "Swap the two sizes in the shape.",
            )
        weights.append(draw(answer, fan_in, fan_out, shape=(fan_out, fan_in), rng=rng))
        check_mean(weights[-1])
        # Of 130,000 uniform numbers the largest misses the limit by about 1e-5 of it.
        if np.abs(weights[-1]).max() > 1.05 * np.sqrt(3) * weights[-1].std():
            raise Wrong(
                "a distribution that is not uniform",
                "The uniform form is asked for: your largest weight is too large for its scatter.",
                "Draw with rng.uniform(-limit, limit, shape).",
            )
    fan_in, fan_out = np.array(fans, dtype=float).T
    # The mean square of n uniform numbers has the relative standard error sqrt(0.8 / n) <= 0.0025.
    scale = np.array([np.mean(weight**2) for weight in weights]) * (fan_in + fan_out) / 2
    compare(scale, np.ones(2), rtol=0.02, mistakes=_bug_mistakes(fan_in, fan_out))


def _bug_mistakes(fan_in, fan_out):
    one, mean = np.ones(2), (fan_in + fan_out) / 2
    return [
        Mistake(
            "a standard deviation used as the limit",
            one / 3,
            "This is the library's bug. How much does a uniform variable between -l and l scatter?",
            "Its variance is l^2 / 3.",
        ),
        Mistake(
            "a root of 3 on the wrong side",
            one / 9,
            "Should the interval become wider or narrower?",
            "Multiply by sqrt(3).",
        ),
        Mistake("the factor 3 without its root", 3 * one, "The limit is a length: which power of 3?", "sqrt(3)."),
        Mistake(
            "the fans summed, not averaged",
            one / 2,
            "The variance is 1 over the mean of the fans.",
            "6, not 3, over their sum.",
        ),
        Mistake(
            "fan_in alone",
            mean / fan_in,
            "This keeps the signal and forgets the gradient: it is not Xavier's rule.",
            "Both fans: 6 / (fan_in + fan_out).",
        ),
        Mistake(
            "brackets left out, so that fan_out is added",
            (2 / fan_in + fan_out) * mean,
            "Python divides before it adds.",
            "Set the sum of the fans in brackets.",
        ),
        Mistake(
            "brackets left out, so that fan_out is added",
            (6 / fan_in + fan_out) / 3 * mean,
            "Python divides before it adds.",
            "Set the sum of the fans in brackets.",
        ),
        Mistake(
            "the root left out",
            mean * (6 / (fan_in + fan_out)) ** 2 / 3,
            "This is the square of the limit.",
            "Take the root.",
        ),
        Mistake(
            "an interval of the wrong length",
            4 * one,
            "The variance of an interval of length 2 l is (2 l)^2 / 12.",
            "l = sqrt(6 / (fan_in + fan_out)).",
        ),
    ]
