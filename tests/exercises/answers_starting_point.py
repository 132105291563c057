"""Answers to the exercises of *Does the starting point matter?*: right ones, and wrong ones."""

from math import factorial, log, log2, prod

import numpy as np


def plain_end(A, y, start):
    return start + np.linalg.pinv(A) @ (y - A @ start)


def scaled_by_substitution(A, y, start, rates):
    root = np.sqrt(rates)
    return start + root * (np.linalg.pinv(A * root) @ (y - A @ start))


def scaled_solution(A, y, start, rates):
    return start + rates * (A.T @ np.linalg.solve(A @ np.diag(rates) @ A.T, y - A @ start))


def scaled_by_running(A, y, start, rates):
    w, step = start, 1.0 / np.linalg.eigvalsh((A * rates) @ A.T)[-1]
    for _ in range(20000):
        w = w - step * rates * (A.T @ (A @ w - y))
    return w


def ridge(A, y, start, decay):
    return np.linalg.solve(A.T @ A + decay * np.eye(A.shape[1]), A.T @ y)


def ridge_small(A, y, start, decay):
    return list(A.T @ np.linalg.solve(A @ A.T + decay * np.eye(len(A)), y))


def ridge_stacked(A, y, start, decay):
    d = A.shape[1]
    stacked = np.vstack([A, np.sqrt(decay) * np.eye(d)])
    return np.linalg.lstsq(stacked, np.concatenate([y, np.zeros(d)]), rcond=None)[0]


def shuffle_by_matrix(W1, b1, W2, order):
    permutation = np.eye(len(b1))[order]
    return permutation @ W1, permutation @ b1, W2 @ permutation.T


RIGHT = [
    ("extra-steps", 10),
    ("extra-steps", log2(1024)),
    ("extra-steps", np.log(1024) / np.log(2)),
    ("scaled-limit", scaled_solution),
    ("scaled-limit", scaled_by_substitution),
    ("weight-decay", ridge),
    ("weight-decay", ridge_small),
    ("weight-decay", ridge_stacked),
    ("count", lambda widths: prod(factorial(n) * 2**n for n in widths)),
    ("count", lambda widths: float(np.prod([np.prod(2.0 * np.arange(1, n + 1)) for n in widths]))),
    ("shuffle", lambda W1, b1, W2, order: (W1[order], b1[order], W2[:, order])),
    ("shuffle", shuffle_by_matrix),
    ("near-miss", (0.7, 0.2)),
    ("near-miss", np.array([0.6, 0.5])),
    ("extra-steps", "10"),
    ("scaled-limit", scaled_by_running),
    ("count", lambda widths: prod(2 * k for n in widths for k in range(1, n + 1))),
]
WRONG = [
    ("extra-steps", 1024, "proportional to the distance", "A step does not cover a"),
    ("extra-steps", 20 * 1023, "taken times 20", "A step does not cover a"),
    ("extra-steps", 0, "does not matter at all", "Both runs end at the same"),
    ("extra-steps", log(1024), "natural logarithm", "Divide by log(1/rho): a logarithm alone"),
    ("extra-steps", 30, "all steps", "We ask for the steps it"),
    ("extra-steps", 5, "factor of the loss", "The distance is halved, the loss"),
    (
        "scaled-limit",
        lambda A, y, start, rates: plain_end(A, y, start),
        "one common rate",
        "The rates change the direction of",
    ),
    (
        "scaled-limit",
        lambda A, y, start, rates: scaled_solution(A, y, 0 * start, rates),
        "forgets the start",
        "What happens to the part of",
    ),
    (
        "scaled-limit",
        lambda A, y, s, rates: s + scaled_solution(A, y, 0 * s, rates),
        "without taking A w0",
        "Is the loss zero at your",
    ),
    (
        "scaled-limit",
        lambda A, y, start, rates: start + np.linalg.pinv(A * np.sqrt(rates)) @ (y - A @ start),
        "used once instead of twice",
        "With u = D^(-1/2) w the",
    ),
    (
        "scaled-limit",
        lambda A, y, start, rates: start + rates * (np.linalg.pinv(A * rates) @ (y - A @ start)),
        "applied twice",
        "With w = w0 + D",
    ),
    (
        "scaled-limit",
        lambda A, y, start, rates: start + rates * (np.linalg.pinv(A) @ (y - A @ start)),
        "missing in the matrix",
        "Is the loss zero at your",
    ),
    (
        "scaled-limit",
        lambda A, y, start, rates: start + (scaled_solution(A, y, start, rates) - start) / rates,
        "missing in the step",
        "Is the loss zero at your",
    ),
    (
        "scaled-limit",
        lambda A, y, start, rates: scaled_solution(A, y, start, 1 / rates),
        "divided by",
        "A weight with a larger rate",
    ),
    (
        "weight-decay",
        lambda A, y, start, decay: plain_end(A, y, start),
        "without weight decay",
        "Your end does not depend on",
    ),
    (
        "weight-decay",
        lambda A, y, start, decay: ridge(A, y, start, len(A) * decay),
        "mean over the examples",
        "Compare the two losses: this one",
    ),
    (
        "weight-decay",
        lambda A, y, start, decay: ridge(A, y, start, decay) + plain_end(A, 0 * y, start),
        "kept for ever",
        "Along a direction u with A",
    ),
    (
        "weight-decay",
        lambda A, y, start, decay: np.linalg.pinv(A) @ y,
        "minimum-norm",
        "Your end does not depend on",
    ),
    (
        "weight-decay",
        lambda A, y, s, decay: s + ridge(A, y - A @ s, s, decay),
        "towards the start",
        "The decay pulls towards w =",
    ),
    (
        "weight-decay",
        lambda A, y, start, decay: ridge(A, y, start, 2 * decay),
        "twice the decay",
        "The loss has a factor 1/2",
    ),
    (
        "weight-decay",
        lambda A, y, start, decay: ridge(A, y, start, -decay),
        "wrong sign",
        "A larger decay must give shorter",
    ),
    (
        "weight-decay",
        lambda A, y, start, decay: ridge(A, y, start, decay**2),
        "decay squared",
        "The decay enters the gradient linearly",
    ),
    ("count", lambda widths: prod(factorial(n) for n in widths), "orders alone", "tanh is odd: tanh(-z) = -tanh(z)"),
    (
        "count",
        lambda widths: prod(factorial(n) * 2**n for n in widths) - 1,
        "but the setting itself",
        "The exercise counts the setting itself",
    ),
    ("count", lambda widths: 2 ** sum(widths), "signs alone", "Units can also change places"),
    ("count", lambda widths: factorial(sum(widths)) * 2 ** sum(widths), "one pot", "Can a unit of the first"),
    (
        "count",
        lambda widths: sum(factorial(n) * 2**n for n in widths),
        "sum over the layers",
        "The layers are rearranged independently",
    ),
    (
        "count",
        lambda widths: prod(factorial(n) * 2 for n in widths),
        "one sign for a whole layer",
        "Each unit chooses its sign on",
    ),
    (
        "count",
        lambda widths: prod(factorial(n) * 2 * n for n in widths),
        "2 m in place of",
        "Each unit chooses its sign on",
    ),
    (
        "shuffle",
        lambda W1, b1, W2, order: (W1[order], b1, W2[:, order]),
        "bias that stays behind",
        "On a fresh network every bias",
    ),
    (
        "shuffle",
        lambda W1, b1, W2, order: (W1[order], b1[order], W2[order]),
        "rows of W2",
        "W2 has one row per output",
    ),
    (
        "shuffle",
        lambda W1, b1, W2, order: (W1[order], b1[order], W2),
        "output weights that stay",
        "The output layer still listens to",
    ),
    (
        "shuffle",
        lambda W1, b1, W2, order: (W1[order], b1[order], W2[:, np.argsort(order)]),
        "output weights moved by the inverse",
        "Try an order of three units",
    ),
    (
        "shuffle",
        lambda W1, b1, W2, order: (W1[order], b1[np.argsort(order)], W2[:, order]),
        "bias moved by the inverse",
        "Try an order of three units",
    ),
    (
        "shuffle",
        lambda W1, b1, W2, order: [part for part in shuffle_by_matrix(W1, b1, W2, np.argsort(order))],
        "the inverse permutation",
        "The function is kept, but the",
    ),
    ("near-miss", (2.0, 0.5), "the minimum itself", "There the gradient is zero, so"),
    ("near-miss", (0.5, 0.6), "coordinates swapped", "The answer is (w, c): w"),
    ("near-miss", (-2.0, 2.6), "still ends at zero loss", "The distance to (2, 1/2) must"),
    ("near-miss", (0.0, 0.0), "too far away", "The distance to (2, 1/2) must"),
    ("near-miss", (2.5, 1.0), "ends at zero loss", "Its end is no bad minimum"),
    ("extra-steps", 9, "one halving too few", "Count the halvings from 1024 down"),
    ("extra-steps", "11", "one halving too many", "Count the halvings from 1024 down"),
    ("extra-steps", np.log10(1024), "base 10", "Divide by log(1/rho)"),
    (
        "scaled-limit",
        lambda A, y, start, rates: start + np.linalg.pinv(A * rates) @ (y - A @ start),
        "pseudo-inverse of A D",
        "With u = D^(-1) (w - w0)",
    ),
    (
        "weight-decay",
        lambda A, y, start, decay: np.linalg.solve(A.T @ A + decay, A.T @ y),
        "every entry",
        "which matrix takes w to",
    ),
    (
        "weight-decay",
        lambda A, y, s, decay: ridge(A, y, s, decay / len(A)),
        "divided by the number",
        "neither has 1/n",
    ),
    (
        "weight-decay",
        lambda A, y, s, decay: s + ridge(A, y, s, decay),
        "start added",
        "is the gradient of the loss zero",
    ),
]
UNKNOWN = [
    ("extra-steps", 17),
    ("count", lambda widths: factorial(widths[0]) * 2 ** widths[0] * factorial(widths[-1]) * 2 ** widths[-1]),
    ("count", lambda widths: 7),
    ("weight-decay", lambda A, y, s, decay: ridge(A, y, s, 0.7 * decay)),
    ("scaled-limit", lambda A, y, s, rates: s),
    ("shuffle", lambda W1, b1, W2, order: (W1, b1, W2)),
]
UNUSABLE = [
    ("count", lambda widths: None),
    ("shuffle", lambda W1, b1, W2, order: W1[order]),
]
