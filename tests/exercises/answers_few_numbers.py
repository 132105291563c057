"""Answers to the exercises of *Adapting with few numbers, and choosing the source*: right ones, and wrong ones."""

from itertools import pairwise

import numpy as np


def shift(c, d, mean, std):
    return (c * mean + d - mean) / std


def undo(c, d, mean, std):
    return 1 / c, -shift(c, d, mean, std) / c


def undo_by_solving(c, d, mean, std):
    """Through two points: what 0 and 1 become must come back."""
    seen = [(c * (std * x + mean) + d - mean) / std for x in (0, 1)]
    factor = 1 / (seen[1] - seen[0])
    return [factor, -factor * seen[0]]


def thin(sizes, rank):
    return sum(rank * (m + n) for m, n in pairwise(sizes[:-1]))


def head(sizes):
    return (sizes[-2] + 1) * sizes[-1]


def count(sizes, rank):
    return thin(sizes, rank) + head(sizes)


def count_by_arrays(sizes, rank):
    total = 0
    for n, m in pairwise(sizes[:-1]):
        total += np.zeros((rank, n)).size + np.zeros((m, rank)).size
    return total + np.zeros((sizes[-1], sizes[-2])).size + np.zeros(sizes[-1]).size


def table(theta, labels):
    return np.eye(labels.max() + 1)[labels].T @ theta / len(labels)


def leep(theta, labels):
    joint = table(theta, labels)
    return np.log((theta * (joint / joint.sum(axis=0))[labels]).sum(axis=1)).mean()


def leep_in_a_loop(theta, labels):
    total = 0.0
    for i, y in enumerate(labels):
        total += np.log(sum(theta[i, z] * theta[labels == y, z].sum() / theta[:, z].sum() for z in range(4)))
    return total / len(labels)


def by_rows(theta, labels):
    joint = table(theta, labels)
    return np.log((theta * (joint / joint.sum(axis=1, keepdims=True))[labels]).sum(axis=1)).mean()


def probabilities(theta, labels):
    joint = table(theta, labels)
    return (theta * (joint / joint.sum(axis=0))[labels]).sum(axis=1)


RIGHT = [
    ("undo", undo),
    ("undo", undo_by_solving),
    ("count", count),
    ("count", count_by_arrays),
    ("moves", [False, True, True, False, True, True, False, False]),
    ("moves", np.array([0, 1, 1, 0, 1, 1, 0, 0])),
    ("constant", [True, True, True, False, False]),
    ("constant", np.array([50, 64, 65, 66, 200]) - 1 <= 64),
    ("leep", leep),
    ("leep", leep_in_a_loop),
]
WRONG = [
    ("undo", lambda c, d, mean, std: (1 / c, -d / c), "raw pixels", "The network sees"),
    ("undo", lambda c, d, mean, std: (c, shift(c, d, mean, std)), "change itself", "This does it"),
    ("undo", lambda c, d, mean, std: (1 / c, -shift(c, d, mean, std)), "not divided", "x = "),
    ("undo", lambda c, d, mean, std: (1 / c, shift(c, d, mean, std) / c), "other sign", "What was added"),
    ("undo", lambda c, d, mean, std: (1 / c, -d / (c * std)), "no mean", "The mean is"),
    ("undo", lambda c, d, mean, std: (1 / c, -(c * mean + d - mean) / c), "no standard", "The constant is"),
    ("count", lambda sizes, rank: thin(sizes, rank) + sizes[-2] * sizes[-1], "without biases", "Each class"),
    ("count", thin, "no head", "The head is"),
    ("count", lambda sizes, rank: thin(sizes, rank) + rank * (sizes[-2] + sizes[-1]), "thin head", "The head gets"),
    (
        "count",
        lambda sizes, rank: rank * sum(m * n for m, n in pairwise(sizes[:-1])) + (sizes[-2] + 1) * sizes[-1],
        "products",
        "A is r",
    ),
    ("count", lambda sizes, rank: count(sizes, rank) + sum(sizes[1:-1]), "hidden biases", "The hidden"),
    ("count", lambda sizes, rank: rank * (sizes[0] + sizes[1]) + head(sizes), "one matrix", "Each hidden"),
    ("count", lambda sizes, rank: thin(sizes, 1) + head(sizes), "no rank", "Each side"),
    ("moves", [1, 0, 0, 1, 1, 1, 0, 0], "each its own", "The gradient of A"),
    ("moves", [1, 1, 1, 1, 1, 1, 0, 0], "all but both", "A factor"),
    ("moves", [0, 0, 0, 0, 1, 1, 0, 0], "none if", "With A random"),
    ("moves", [1] * 8, "everything", "Zero times"),
    ("moves", [0] * 8, "nothing", "The third"),
    ("moves", [0, 1, 1, 0, 1, 1, 0, 1], "both zero moves", "The gradient of B"),
    ("moves", [0, 1, 1, 0, 0, 0, 0, 0], "both random is", "No factor"),
    ("moves", [1, 0, 0, 1, 0, 0, 1, 1], "those that stay", "The question is"),
    ("constant", [1, 1, 0, 0, 0], "too early", "The mean is"),
    ("constant", [1, 0, 0, 0, 0], "fewer pictures", "Equal numbers"),
    ("constant", [1, 1, 1, 1, 0], "too late", "66 pictures"),
    ("constant", [1] * 5, "always", "With many"),
    ("constant", [0] * 5, "never", "With few"),
    ("constant", [0, 0, 0, 1, 1], "the other side", "Many features"),
    ("leep", by_rows, "still in", "The table gives"),
    (
        "leep",
        lambda theta, labels: np.log((theta * table(theta, labels)[labels]).sum(axis=1)).mean(),
        "joint",
        "The table has",
    ),
    ("leep", lambda theta, labels: np.log(probabilities(theta, labels).mean()), "of the mean", "Each picture"),
    ("leep", lambda theta, labels: probabilities(theta, labels).mean(), "no logarithm", "It is a log"),
    ("leep", lambda theta, labels: np.log(probabilities(theta, labels)).sum(), "a sum", "It is a mean"),
    ("leep", lambda theta, labels: -leep(theta, labels), "other sign", "LEEP is"),
    (
        "leep",
        lambda theta, labels: np.log(
            (table(theta, labels) / table(theta, labels).sum(axis=0))[labels, theta.argmax(axis=1)]
        ).mean(),
        "most probable",
        "All opinions",
    ),
]
UNKNOWN = [
    ("undo", lambda c, d, mean, std: (9.0, 9.0)),
    ("count", lambda sizes, rank: 3),
    ("moves", [1, 0, 1, 0, 1, 0, 1, 0]),
    ("constant", [0, 1, 0, 1, 0]),
    ("leep", lambda theta, labels: -99.0),
]
UNUSABLE = [
    ("undo", lambda c, d, mean, std: 1.0),
    ("count", lambda sizes: 1),
    ("moves", [1, 0]),
    ("constant", [1, 0]),
    ("leep", lambda theta, labels: theta),
]
