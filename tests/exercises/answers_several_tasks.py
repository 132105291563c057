"""Answers to the exercises of *Learning several tasks at once*: right ones, and wrong ones."""

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
    ("moves", [True, True, False, True, True, True, True, False, True]),
    ("moves", np.array([1, 1, 0, 1, 1, 1, 1, 0, 1])),
    ("saved", saved),
    ("saved", saved_by_difference),
    ("trunk", trunk),
    ("trunk", trunk_in_a_loop),
    ("tie", tie),
    ("tie", tie_by_mean),
    ("bug", loss),
    ("bug", lambda one, two, weight: sum(one) / len(one) + weight * sum(two) / len(two)),
]
WRONG = [
    ("moves", [1] * 9, "everything", "A head whose"),
    ("moves", [0, 1, 0, 0, 1, 1, 0, 0, 1], "frozen trunk", "The trunk is"),
    ("moves", [1, 0, 1, 1, 1, 1, 1, 1, 0], "heads exchanged", "Single has"),
    ("moves", [0, 1, 0, 1, 1, 1, 0, 0, 1], "needs both", "One task"),
    ("moves", [1, 1, 0, 1, 1, 1, 0, 0, 1], "belongs to the first", "The second task"),
    ("moves", [1, 1, 0, 0, 0, 0, 1, 0, 1], "nothing in joint", "In joint"),
    ("saved", lambda sizes, classes: len(classes) * trunk_numbers(sizes), "all trunks", "The shared"),
    ("saved", lambda sizes, classes: (len(classes) - 1) * weights(sizes), "no biases", "Each unit"),
    ("saved", lambda sizes, classes: saved(sizes, classes) + heads(sizes, classes), "heads as well", "The heads"),
    ("saved", lambda sizes, classes: trunk_numbers(sizes), "one trunk", "With more"),
    ("saved", lambda sizes, classes: trunk_numbers(sizes) + heads(sizes, classes), "what is left", "This is"),
    (
        "saved",
        lambda sizes, classes: (len(classes) - 1) * (trunk_numbers(sizes) + sizes[0]),
        "of the inputs",
        "The inputs",
    ),
    ("trunk", lambda V1, V2, d1, d2, one, two: d1 @ V1 + d2 @ V2, "no weights", "Each task"),
    ("trunk", lambda *given: trunk(*given) / 2, "a mean", "The loss is"),
    ("trunk", lambda *given: trunk(*given) / sum(given[4:]), "a weighted mean", "The weights"),
    ("trunk", lambda V1, V2, d1, d2, one, two: trunk(V1, V2, d1, d2, two, one), "weights exchanged", "Which weight"),
    ("trunk", lambda V1, V2, d1, d2, one, two: one * d1 @ V1, "one task", "Both tasks"),
    ("trunk", lambda V1, V2, d1, d2, one, two: trunk(V2, V1, d1, d2, one, two), "heads exchanged", "Each gradient"),
    ("trunk", lambda V1, V2, d1, d2, one, two: trunk(V1.T, V2.T, d1, d2, one, two), "transposed", "z = V h"),
    ("tie", lambda one, other, gamma, rate: tie(one, other, gamma / 2, rate), "no factor 2", "The derivative"),
    ("tie", lambda one, other, gamma, rate: tie(one, other, -gamma, rate), "apart", "The penalty"),
    ("tie", lambda one, other, gamma, rate: (tie(one, other, gamma, rate)[0], other), "one that waits", "Both are"),
    (
        "tie",
        lambda one, other, gamma, rate: (
            one - 2 * rate * gamma * (one - other),
            other - 2 * rate * gamma * (one - other),
        ),
        "the same direction",
        "The two gradients",
    ),
    ("tie", in_turn, "one after", "Both gradients"),
    ("tie", lambda one, other, gamma, rate: tie(one, other, 1.0, rate), "no strength", "Where is gamma"),
    ("tie", lambda one, other, gamma, rate: tie(one, other, gamma, 1.0), "no rate", "Where is the learning"),
    ("bug", lambda one, two, w: (one.sum() + w * two.sum()) / (len(one) + len(two)), "still in", "The examples"),
    ("bug", lambda one, two, w: one.mean() + two.mean(), "no weight", "Where is"),
    ("bug", lambda one, two, w: one.sum() + w * two.sum(), "sums", "A loss"),
    ("bug", lambda one, two, w: w * one.mean() + two.mean(), "on the first", "Whose weight"),
    ("bug", lambda one, two, w: loss(one, two, w) / 2, "a mean of the tasks", "The loss is"),
    ("bug", lambda one, two, w: loss(one, two, w) / (1 + w), "a weighted mean", "The loss is"),
    ("bug", lambda one, two, w: (one.sum() + w * two.sum()) / len(one), "one number", "Each has"),
]
UNKNOWN = [
    ("moves", [0, 0, 1, 0, 0, 1, 0, 0, 1]),
    ("saved", lambda sizes, classes: 5),
    ("trunk", lambda V1, V2, d1, d2, one, two: np.zeros((5, 4))),
    ("tie", lambda one, other, gamma, rate: np.zeros((2, 3))),
    ("bug", lambda one, two, weight: 99.0),
]
UNUSABLE = [
    ("moves", [1, 0]),
    ("saved", lambda sizes: 1),
    ("trunk", lambda V1, V2, d1, d2, one, two: 1.0),
    ("tie", lambda one, other, gamma, rate: one),
    ("bug", lambda one, two: 1.0),
]
