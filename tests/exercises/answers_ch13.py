"""Answers to the exercises of chapter 13: right ones, and wrong ones with mistake and first hint."""

from itertools import pairwise

import numpy as np


def weights(sizes):
    return sum(m * n for m, n in pairwise(sizes))


def trunk_numbers(sizes):
    return weights(sizes) + sum(sizes[1:])


def heads(sizes, classes):
    return sum((sizes[-1] + 1) * number for number in classes)


def saved(sizes, classes):
    return (len(classes) - 1) * trunk_numbers(sizes)


def saved_by_difference(sizes, classes):
    separate = sum(trunk_numbers(sizes) + (sizes[-1] + 1) * number for number in classes)
    return separate - trunk_numbers(sizes) - heads(sizes, classes)


def trunk(V1, V2, d1, d2, one, two):
    return one * d1 @ V1 + two * d2 @ V2


def trunk_in_a_loop(V1, V2, d1, d2, one, two):
    return np.array([one * V1.T @ a + two * V2.T @ b for a, b in zip(d1, d2, strict=True)])


def tie(one, other, gamma, rate):
    step = 2 * rate * gamma * (one - other)
    return one - step, other + step


def tie_by_mean(one, other, gamma, rate):
    middle, half = (one + other) / 2, (one - other) / 2 * (1 - 4 * rate * gamma)
    return np.array([middle + half, middle - half])


def in_turn(one, other, gamma, rate):
    new = one - 2 * rate * gamma * (one - other)
    return new, other + 2 * rate * gamma * (new - other)


def loss(one, two, weight):
    return one.mean() + weight * two.mean()


RIGHT = [
    ("13-moves", [True, True, False, True, True, True, True, False, True]),
    ("13-moves", np.array([1, 1, 0, 1, 1, 1, 1, 0, 1])),
    ("13-saved", saved),
    ("13-saved", saved_by_difference),
    ("13-trunk", trunk),
    ("13-trunk", trunk_in_a_loop),
    ("13-tie", tie),
    ("13-tie", tie_by_mean),
    ("13-bug", loss),
    ("13-bug", lambda one, two, weight: sum(one) / len(one) + weight * sum(two) / len(two)),
]
WRONG = [
    ("13-moves", [1] * 9, "everything", "A head whose"),
    ("13-moves", [0, 1, 0, 0, 1, 1, 0, 0, 1], "frozen trunk", "The trunk is"),
    ("13-moves", [1, 0, 1, 1, 1, 1, 1, 1, 0], "heads exchanged", "Single has"),
    ("13-moves", [0, 1, 0, 1, 1, 1, 0, 0, 1], "needs both", "One task"),
    ("13-moves", [1, 1, 0, 1, 1, 1, 0, 0, 1], "belongs to the first", "The second task"),
    ("13-moves", [1, 1, 0, 0, 0, 0, 1, 0, 1], "nothing in joint", "In joint"),
    ("13-saved", lambda sizes, classes: len(classes) * trunk_numbers(sizes), "all trunks", "The shared"),
    ("13-saved", lambda sizes, classes: (len(classes) - 1) * weights(sizes), "no biases", "Each unit"),
    ("13-saved", lambda sizes, classes: saved(sizes, classes) + heads(sizes, classes), "heads as well", "The heads"),
    ("13-saved", lambda sizes, classes: trunk_numbers(sizes), "one trunk", "With more"),
    ("13-saved", lambda sizes, classes: trunk_numbers(sizes) + heads(sizes, classes), "what is left", "This is"),
    (
        "13-saved",
        lambda sizes, classes: (len(classes) - 1) * (trunk_numbers(sizes) + sizes[0]),
        "of the inputs",
        "The inputs",
    ),
    ("13-trunk", lambda V1, V2, d1, d2, one, two: d1 @ V1 + d2 @ V2, "no weights", "Each task"),
    ("13-trunk", lambda *given: trunk(*given) / 2, "a mean", "The loss is"),
    ("13-trunk", lambda *given: trunk(*given) / sum(given[4:]), "a weighted mean", "The weights"),
    ("13-trunk", lambda V1, V2, d1, d2, one, two: trunk(V1, V2, d1, d2, two, one), "weights exchanged", "Which weight"),
    ("13-trunk", lambda V1, V2, d1, d2, one, two: one * d1 @ V1, "one task", "Both tasks"),
    ("13-trunk", lambda V1, V2, d1, d2, one, two: trunk(V2, V1, d1, d2, one, two), "heads exchanged", "Each gradient"),
    ("13-trunk", lambda V1, V2, d1, d2, one, two: trunk(V1.T, V2.T, d1, d2, one, two), "transposed", "z = V h"),
    ("13-tie", lambda one, other, gamma, rate: tie(one, other, gamma / 2, rate), "no factor 2", "The derivative"),
    ("13-tie", lambda one, other, gamma, rate: tie(one, other, -gamma, rate), "apart", "The penalty"),
    ("13-tie", lambda one, other, gamma, rate: (tie(one, other, gamma, rate)[0], other), "one that waits", "Both are"),
    (
        "13-tie",
        lambda one, other, gamma, rate: (
            one - 2 * rate * gamma * (one - other),
            other - 2 * rate * gamma * (one - other),
        ),
        "the same direction",
        "The two gradients",
    ),
    ("13-tie", in_turn, "one after", "Both gradients"),
    ("13-tie", lambda one, other, gamma, rate: tie(one, other, 1.0, rate), "no strength", "Where is gamma"),
    ("13-tie", lambda one, other, gamma, rate: tie(one, other, gamma, 1.0), "no rate", "Where is the learning"),
    ("13-bug", lambda one, two, w: (one.sum() + w * two.sum()) / (len(one) + len(two)), "still in", "The examples"),
    ("13-bug", lambda one, two, w: one.mean() + two.mean(), "no weight", "Where is"),
    ("13-bug", lambda one, two, w: one.sum() + w * two.sum(), "sums", "A loss"),
    ("13-bug", lambda one, two, w: w * one.mean() + two.mean(), "on the first", "Whose weight"),
    ("13-bug", lambda one, two, w: loss(one, two, w) / 2, "a mean of the tasks", "The loss is"),
    ("13-bug", lambda one, two, w: loss(one, two, w) / (1 + w), "a weighted mean", "The loss is"),
    ("13-bug", lambda one, two, w: (one.sum() + w * two.sum()) / len(one), "one number", "Each has"),
]
UNKNOWN = [
    ("13-moves", [0, 0, 1, 0, 0, 1, 0, 0, 1]),
    ("13-saved", lambda sizes, classes: 5),
    ("13-trunk", lambda V1, V2, d1, d2, one, two: np.zeros((5, 4))),
    ("13-tie", lambda one, other, gamma, rate: np.zeros((2, 3))),
    ("13-bug", lambda one, two, weight: 99.0),
]
UNUSABLE = [
    ("13-moves", [1, 0]),
    ("13-saved", lambda sizes: 1),
    ("13-trunk", lambda V1, V2, d1, d2, one, two: 1.0),
    ("13-tie", lambda one, other, gamma, rate: one),
    ("13-bug", lambda one, two: 1.0),
]
