"""Checks of the chapter *Does the starting point matter?*."""

from math import factorial, prod

import numpy as np

from .asks import Function, Number, Numbers
from .core import Mistake, Unusable, Wrong, as_array, call, compare, describe, exercise

BEST = np.array([2.0, 0.5])
REACH = 1.5
INPUTS = np.linspace(-2, 2, 9)
TARGETS = np.sin(BEST[0] * INPUTS + BEST[1])


def neuron_loss(point):
    """Return the loss of the chapter's sine neuron at ``point`` = (w, c)."""
    return np.mean((np.sin(point[0] * INPUTS + point[1]) - TARGETS) ** 2) / 2


def end_of_descent(point, rate=0.5, steps=2000):
    """Return where gradient descent on the sine neuron's loss is after ``steps`` steps from ``point``."""
    w, c = point
    for _ in range(steps):
        z = w * INPUTS + c
        slope = (np.sin(z) - TARGETS) * np.cos(z)
        w, c = w - rate * np.mean(slope * INPUTS), c - rate * np.mean(slope)
    return np.array([w, c])


@exercise(
    "starting-point-extra-steps",
    asks=Number(),
    right="Steps grow with the logarithm of the distance: a start a thousand times as far costs ten steps more.",
    hints=(
        "After one step half of the distance is left.",
        "How often must 1024 be halved until 1 is left? From there on both runs do the same.",
    ),
)
def extra_steps(answer, rng):
    """Ten halvings bring the far start to the distance of the near one."""
    factor, steps = 1024, 20
    compare(
        answer,
        np.log2(factor),
        rtol=1e-3,
        mistakes=[
            Mistake(
                "a number of steps proportional to the distance",
                factor,
                "A step does not cover a fixed distance, it removes a fixed share of it.",
                "One step: 1024 becomes 512.",
            ),
            Mistake(
                "a number of steps proportional to the distance, taken times 20",
                steps * (factor - 1),
                "A step does not cover a fixed distance, it removes a fixed share of it.",
                "One step: 1024 becomes 512.",
            ),
            Mistake(
                "a start that does not matter at all",
                0,
                "Both runs end at the same point, but do they arrive at the same time?",
                "Where is the far run after 1 step?",
            ),
            Mistake(
                "the natural logarithm of 1024",
                np.log(factor),
                "Divide by log(1/rho): a logarithm alone has no unit of steps.",
                "Here rho = 1/2, so 1/rho = 2.",
            ),
            Mistake(
                "the logarithm to base 10",
                np.log10(factor),
                "Divide by log(1/rho), whatever the base: a logarithm alone has no unit of steps.",
                "Here rho = 1/2, so 1/rho = 2.",
            ),
            Mistake(
                "one halving too few",
                np.log2(factor) - 1,
                "Count the halvings from 1024 down to 1, the last one included.",
                "2^9 is 512.",
            ),
            Mistake(
                "one halving too many",
                np.log2(factor) + 1,
                "Count the halvings from 1024 down to 1, the first one is 1024 to 512.",
                "2^11 is 2048.",
            ),
            Mistake(
                "all steps of the far start",
                steps + np.log2(factor),
                "We ask for the steps it needs in addition.",
                "Take away the 20 steps of the near start.",
            ),
            Mistake(
                "the factor of the loss, which is the square of the error's factor",
                np.log2(factor) / 2,
                "The distance is halved, the loss is quartered; the question is about the distance.",
                "Count halvings: 1024, 512, 256, ...",
            ),
        ],
    )


@exercise(
    "starting-point-scaled-limit",
    asks=Function("scaled_limit(A, y, start, rates)"),
    right="The method picks the solution, too: other rates per weight, another end, at the same zero loss.",
    hints=(
        "Each step moves w by D A^T times something, so write the end as w0 + D A^T v with an unknown v.",
        "The end has zero loss: put w0 + D A^T v into A w = y and solve for v.",
        "v = (A D A^T)^(-1) (y - A w0).",
    ),
)
def scaled_limit(answer, rng):
    """The end of gradient descent with one learning rate per weight is w0 + D A^T (A D A^T)^-1 (y - A w0)."""
    n = int(rng.integers(3, 6))
    d = n + int(rng.integers(3, 6))
    A, y, start = rng.standard_normal((n, d)), rng.standard_normal(n), rng.standard_normal(d)
    rates = rng.uniform(0.3, 2.0, d)
    residual = y - A @ start
    root = np.sqrt(rates)
    pinv_root = np.linalg.pinv(A * root)
    pinv_rates = np.linalg.pinv(A * rates)
    compare(
        call(answer, A, y, start, rates),
        start + rates * (A.T @ np.linalg.solve((A * rates) @ A.T, residual)),
        mistakes=[
            Mistake(
                "the end with one common rate for all weights",
                start + np.linalg.pinv(A) @ residual,
                "The rates change the direction of every step.",
                "The weights move within the span of D A^T, no longer of A^T.",
            ),
            Mistake(
                "an end that forgets the start",
                rates * (A.T @ np.linalg.solve((A * rates) @ A.T, y)),
                "What happens to the part of the start that A does not see?",
                "Replace y by y - A w0 and add w0.",
            ),
            Mistake(
                "the start added without taking A w0 from y",
                start + rates * (A.T @ np.linalg.solve((A * rates) @ A.T, y)),
                "Is the loss zero at your end? Multiply it by A.",
                "The start already explains A w0 of y.",
            ),
            Mistake(
                "rates that are missing in the matrix A D A^T",
                start + rates * (A.T @ np.linalg.solve(A @ A.T, residual)),
                "Is the loss zero at your end? Multiply it by A.",
                "Put w0 + D A^T v into A w = y: which matrix has v?",
            ),
            Mistake(
                "rates that are missing in the step",
                start + A.T @ np.linalg.solve((A * rates) @ A.T, residual),
                "Is the loss zero at your end? Multiply it by A.",
                "A step adds D A^T times something, not A^T.",
            ),
            Mistake(
                "the rates divided by instead of multiplied",
                start + (A / rates).T @ np.linalg.solve((A / rates) @ A.T, residual),
                "A weight with a larger rate moves more, not less.",
                "The weights move within the span of D A^T.",
            ),
            Mistake(
                "the root of the rates used once instead of twice",
                start + pinv_root @ residual,
                "With u = D^(-1/2) w the problem is the plain one; at the end go back from u to w.",
                "w = D^(1/2) u: multiply by the root once more.",
            ),
            Mistake(
                "the pseudo-inverse of A D taken for the whole step",
                start + pinv_rates @ residual,
                "With u = D^(-1) (w - w0) you solve A D u = y - A w0; at the end go back from u to w.",
                "And the substitution that makes all rates equal is w = D^(1/2) u, not w = D u.",
            ),
            Mistake(
                "rates that are applied twice, as if in place of their roots",
                start + rates * (pinv_rates @ residual),
                "With w = w0 + D A^T v the matrix of v is A D A^T: how often does it contain the rates?",
                "If you substitute u = D^(-1/2) w, each of the two places gets the root of the rates.",
            ),
        ],
        rtol=1e-5,
        atol=1e-8,
    )


@exercise(
    "starting-point-weight-decay",
    asks=Function("ridge(A, y, start, decay)"),
    right="Any weight decay makes the loss strictly convex: one end for all starts, and the start is forgotten.",
    hints=(
        "Set the gradient of the loss with decay to zero.",
        "The gradient is A^T (A w - y) + decay * w.",
        "Solve (A^T A + decay I) w = A^T y.",
    ),
)
def weight_decay(answer, rng):
    """With weight decay gradient descent ends at the ridge solution, whatever the start."""
    n = int(rng.integers(3, 6))
    for rows, columns in ((n, n + 1), (n, n + 3), (n + 2, n)):
        A, y, start = rng.standard_normal((rows, columns)), rng.standard_normal(rows), rng.standard_normal(columns)
        decay = rng.uniform(0.2, 0.8)
        right = np.linalg.solve(A.T @ A + decay * np.eye(columns), A.T @ y)
        got = call(answer, A, y, start, decay)
        compare(got, right, mistakes=_decay_mistakes(A, y, start, decay), rtol=1e-5, atol=1e-8)


def _decay_mistakes(A, y, start, decay):
    n, d = A.shape
    gram, eye = A.T @ A, np.eye(d)
    mistakes = [
        Mistake(
            "the end without weight decay",
            start + np.linalg.pinv(A) @ (y - A @ start),
            "Your end does not depend on the decay.",
            "Does the part of w that A does not see still stay put?",
        ),
        Mistake(
            "the minimum-norm solution, which is the end of ever smaller decay",
            np.linalg.pinv(A) @ y,
            "Your end does not depend on the decay.",
            "The decay also shrinks the part that fits the data.",
        ),
        Mistake(
            "decay towards the start instead of towards zero",
            start + np.linalg.solve(gram + decay * eye, A.T @ (y - A @ start)),
            "The decay pulls towards w = 0.",
            "The gradient of (decay/2) ||w||^2 is decay * w, not decay * (w - w0).",
        ),
        Mistake(
            "twice the decay",
            np.linalg.solve(gram + 2 * decay * eye, A.T @ y),
            "The loss has a factor 1/2 before both terms.",
            "The gradient of (decay/2) ||w||^2 is decay * w.",
        ),
        Mistake(
            "the mean over the examples in place of the sum",
            np.linalg.solve(gram + n * decay * eye, A.T @ y),
            "Compare the two losses: this one has no 1/n.",
            "Its gradient is A^T (A w - y) + decay * w.",
        ),
        Mistake(
            "the decay divided by the number of examples",
            np.linalg.solve(gram + decay / n * eye, A.T @ y),
            "Compare the two terms of the loss: neither has 1/n.",
            "Its gradient is A^T (A w - y) + decay * w.",
        ),
        Mistake(
            "the start added to the solution",
            start + np.linalg.solve(gram + decay * eye, A.T @ y),
            "At your end, is the gradient of the loss zero?",
            "The loss with decay has one minimum, and it does not know the start.",
        ),
        Mistake(
            "the part of the start that A does not see kept for ever",
            np.linalg.solve(gram + decay * eye, A.T @ y) + start - np.linalg.pinv(A) @ (A @ start),
            "Along a direction u with A u = 0 the gradient is decay * u^T w.",
            "This part shrinks by the same factor in each step: what is its limit?",
        ),
        Mistake(
            "the decay with the wrong sign",
            np.linalg.solve(gram - decay * eye, A.T @ y),
            "A larger decay must give shorter weights.",
            "Bring decay * w to the side of A^T A w.",
        ),
        Mistake(
            "the decay squared",
            np.linalg.solve(gram + decay**2 * eye, A.T @ y),
            "The decay enters the gradient linearly.",
            "The gradient of (decay/2) ||w||^2 is decay * w.",
        ),
    ]
    if d == n + 1:  # else the matrix is singular, or the mistake cannot be told from chance
        mistakes.append(
            Mistake(
                "the decay added to every entry of A^T A",
                np.linalg.solve(gram + decay, A.T @ y),
                "The gradient of (decay/2) ||w||^2 is decay * w: which matrix takes w to decay * w?",
                "decay * I has the decay on its diagonal and zeros elsewhere: np.eye.",
            )
        )
    return mistakes


@exercise(
    "starting-point-count",
    asks=Function("twins(widths)"),
    right="Every solution comes with that many exact copies, so the loss surface is full of equal minima.",
    hints=(
        "Count the orders of the units of one layer, then the signs they can have.",
        "Each layer can be rearranged whatever the others do: multiply.",
    ),
)
def count(answer, rng):
    """A tanh network has the product over hidden layers of m! 2^m equal settings."""
    for layers in (2, 1, 3):
        widths = tuple(int(m) for m in rng.choice(np.arange(3, 7), size=layers, replace=False))
        right = prod(factorial(m) * 2**m for m in widths)
        # The largest answer is below 4e11, so that one copy too few is seen.
        compare(call(answer, widths), right, rtol=1e-12, atol=0, mistakes=_count_mistakes(widths, right))


def _count_mistakes(widths, right):
    return [
        Mistake(
            "all copies but the setting itself",
            right - 1,
            "The exercise counts the setting itself as well.",
            "Keeping the order and all signs is one of the choices.",
        ),
        Mistake(
            "the orders alone, without the signs",
            prod(factorial(m) for m in widths),
            "tanh is odd: tanh(-z) = -tanh(z).",
            "Each unit may also change the sign of all its weights: factor 2.",
        ),
        Mistake(
            "the signs alone, without the orders",
            prod(2**m for m in widths),
            "Units can also change places.",
            "m units can be put in m! orders.",
        ),
        Mistake(
            "all hidden units in one pot",
            factorial(sum(widths)) * 2 ** sum(widths),
            "Can a unit of the first layer change places with one of the second?",
            "Count each layer, then multiply.",
        ),
        Mistake(
            "the sum over the layers",
            sum(factorial(m) * 2**m for m in widths),
            "The layers are rearranged independently.",
            "Independent choices multiply.",
        ),
        Mistake(
            "one sign for a whole layer",
            prod(factorial(m) * 2 for m in widths),
            "Each unit chooses its sign on its own.",
            "m units have 2^m patterns of signs.",
        ),
        Mistake(
            "2 m in place of 2^m",
            prod(factorial(m) * 2 * m for m in widths),
            "Each unit chooses its sign on its own.",
            "m units have 2^m patterns of signs.",
        ),
    ]


@exercise(
    "starting-point-shuffle",
    asks=Function("shuffle(W1, b1, W2, order)"),
    right="All that belongs to a unit moves with it: a row of W1, an entry of b1, a column of W2.",
    hints=(
        "Follow one unit: which numbers belong to it?",
        "A unit owns a row of W1, an entry of b1 and a column of W2; all three must follow the same order.",
    ),
)
def shuffle(answer, rng):
    """A permutation of hidden units moves the rows of W1, the entries of b1 and the columns of W2."""
    n = int(rng.integers(5, 8))
    W1, b1, W2 = rng.standard_normal((n, n)), rng.standard_normal(n), rng.standard_normal((n, n))
    order = rng.permutation(n)
    while np.array_equal(order, np.argsort(order)):  # an order that is its own inverse would hide a mistake
        order = rng.permutation(n)
    back = np.argsort(order)

    def flat(*parts):
        return np.concatenate([np.ravel(part) for part in parts])

    got = call(answer, W1, b1, W2, order)
    if not isinstance(got, tuple | list) or len(got) != 3:
        raise Unusable(f"Your function should return the three arrays W1, b1, W2, and it returned {describe(got)}.")
    got = flat(*(as_array(part, shape) for part, shape in zip(got, (W1.shape, b1.shape, W2.shape), strict=True)))
    compare(
        got,
        flat(W1[order], b1[order], W2[:, order]),
        mistakes=[
            Mistake(
                "a bias that stays behind",
                flat(W1[order], b1, W2[:, order]),
                "On a fresh network every bias is zero, so the test there cannot see this.",
                "Which of the three arrays does the function return as it got it?",
            ),
            Mistake(
                "rows of W2 moved instead of its columns",
                flat(W1[order], b1[order], W2[order]),
                "W2 has one row per output and one column per hidden unit.",
                "The hidden units are the columns of W2.",
            ),
            Mistake(
                "output weights that stay behind",
                flat(W1[order], b1[order], W2),
                "The output layer still listens to the old places.",
                "The columns of W2 must follow the units.",
            ),
            Mistake(
                "output weights moved by the inverse permutation",
                flat(W1[order], b1[order], W2[:, back]),
                "Try an order of three units that is no plain swap.",
                "Unit order[i] moves to place i in all three arrays.",
            ),
            Mistake(
                "a bias moved by the inverse permutation",
                flat(W1[order], b1[back], W2[:, order]),
                "Try an order of three units that is no plain swap.",
                "Unit order[i] moves to place i in all three arrays.",
            ),
            Mistake(
                "the inverse permutation",
                flat(W1[back], b1[back], W2[:, back]),
                "The function is kept, but the units are in another order than asked.",
                "Unit order[i] moves to place i: index with order itself.",
            ),
        ],
    )


@exercise(
    "starting-point-near-miss",
    asks=Numbers("answer", ("w", "c")),
    right="Near is not inside: where a start lies among the ridges counts, not how far it is from the best end.",
    hints=(
        "Draw a circle of radius 1.5 around (2, 1/2) on the map of basins: which other colours does it meet?",
        "The border of the basin comes nearest on its left side.",
    ),
)
def near_miss(answer, rng):
    """The start must lie within 1.5 of the best minimum, and gradient descent must end in a bad one."""
    point = answer
    if np.linalg.norm(point - BEST) < 0.05:
        raise Wrong(
            "the minimum itself",
            "There the gradient is zero, so gradient descent stays.",
            "Go as far from it as the circle allows.",
        )
    if np.linalg.norm(point - BEST) > REACH:
        if np.linalg.norm(point[::-1] - BEST) <= REACH and _ends_badly(point[::-1]):
            raise Wrong(
                "a right point with its coordinates swapped",
                "The answer is (w, c): w is the horizontal axis.",
                "Swap the two numbers.",
            )
        if not _ends_badly(point):
            raise Wrong(
                "a start that is too far away, and that still ends at zero loss",
                "The distance to (2, 1/2) must be at most 1.5.",
                "Look at the borders of the basin nearest to (2, 1/2).",
            )
        raise Wrong(
            "a start that is too far away",
            "The distance to (2, 1/2) must be at most 1.5.",
            "np.hypot(w - 2, c - 0.5) gives the distance.",
        )
    if not _ends_badly(point):
        raise Wrong(
            "a start that ends at zero loss",
            "Its end is no bad minimum: you are inside the basin.",
            "The border comes nearest on the left: lower w.",
        )


def _ends_badly(point):
    return neuron_loss(end_of_descent(point)) > 0.1
