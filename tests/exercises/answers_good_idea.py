"""Answers to the exercises of *Is it typically a very good idea?*: right ones, and wrong ones."""

import numpy as np


def centred(X):
    return X - X.mean(axis=0)


def cka(X, Y):
    X, Y = centred(X), centred(Y)
    return np.sum((X.T @ Y) ** 2) / np.sqrt(np.sum((X.T @ X) ** 2) * np.sum((Y.T @ Y) ** 2))


def by_kernels(X, Y):
    H = np.eye(len(X)) - 1 / len(X)
    K, L = H @ X @ X.T @ H, H @ Y @ Y.T @ H
    return np.trace(K @ L) / np.sqrt(np.trace(K @ K) * np.trace(L @ L))


def uncentred(X, Y):
    return np.linalg.norm(X.T @ Y) ** 2 / np.linalg.norm(X.T @ X) / np.linalg.norm(Y.T @ Y)


def by_rows(X, Y):
    return uncentred(X - X.mean(axis=1, keepdims=True), Y - Y.mean(axis=1, keepdims=True))


def norms(X, Y):
    X, Y = centred(X), centred(Y)
    return np.linalg.norm(X.T @ Y), np.linalg.norm(X.T @ X) * np.linalg.norm(Y.T @ Y)


def gain(one, other):
    d = np.asarray(one) - other
    return d.mean(), d.std(ddof=1) / len(d) ** 0.5


RIGHT = [
    ("invariant", [True, True, True, True, False, False]),
    ("invariant", np.array([1, 1, 1, 1, 0, 0])),
    ("cka", cka),
    ("cka", by_kernels),
    ("paired", gain),
    ("paired", lambda a, b: [np.mean(a) - np.mean(b), (np.var(a - b) / (len(a) - 1)) ** 0.5]),
    ("through", lambda std, fan_in, layers: (fan_in * std**2 / 2) ** layers),
    ("through", lambda std, fan_in, layers: np.prod([0.5 * fan_in * std * std] * layers)),
]
WRONG = [
    ("invariant", [1] * 6, "all of them", "One unit"),
    ("invariant", [0] * 6, "none of them", "What does a rotation"),
    ("invariant", [1, 1, 1, 1, 0, 1], "any invertible", "An invertible map"),
    ("invariant", [1, 1, 1, 1, 1, 0], "any scale", "One unit"),
    ("invariant", [1, 1, 0, 1, 0, 0], "no shift", "The features are"),
    ("invariant", [1, 1, 1, 0, 0, 0], "no permutation", "A sum over"),
    ("invariant", [1, 0, 1, 1, 0, 0], "no scale", "The norms divide"),
    ("invariant", [0, 0, 0, 0, 1, 1], "those that change", "The question is"),
    ("cka", uncentred, "not centred", "Where is"),
    ("cka", by_rows, "means of the inputs", "The mean is"),
    ("cka", lambda X, Y: norms(X, Y)[0] ** 2, "numerator alone", "This grows"),
    ("cka", lambda X, Y: norms(X, Y)[0] / norms(X, Y)[1], "without its square", "Numerator and"),
    ("cka", lambda X, Y: norms(X, Y)[0] ** 2 / norms(X, Y)[1] ** 2, "squared norms below", "Numerator and"),
    ("cka", lambda X, Y: cka(X, Y) ** 0.5, "the square root", "The numerator is"),
    (
        "paired",
        lambda a, b: (np.mean(a - b), ((np.var(a, ddof=1) + np.var(b, ddof=1)) / len(a)) ** 0.5),
        "an unpaired",
        "The two share",
    ),
    ("paired", lambda a, b: (np.mean(a - b), np.std(a - b, ddof=1)), "a standard deviation", "This is the spread"),
    ("paired", lambda a, b: (np.mean(a - b), np.std(a - b) / len(a) ** 0.5), "in the variance", "The mean was"),
    ("paired", lambda a, b: (np.mean(a - b), np.std(a - b, ddof=1) / len(a)), "a division by n", "Variances of"),
    ("paired", lambda a, b: (-gain(a, b)[0], gain(a, b)[1]), "the other sign", "A gain of"),
    ("paired", lambda a, b: (gain(a, b)[0], gain(a, b)[1] ** 2), "a variance", "The error has"),
    ("through", lambda std, fan_in, layers: (fan_in * std**2) ** layers, "no half", "These are"),
    ("through", lambda std, fan_in, layers: fan_in * std**2 / 2, "one layer", "There are"),
    ("through", lambda std, fan_in, layers: layers * fan_in * std**2 / 2, "a sum over", "Each layer"),
    ("through", lambda std, fan_in, layers: (fan_in * std / 2) ** layers, "a standard deviation", "Variances add"),
    ("through", lambda std, fan_in, layers: (std**2 / 2) ** layers, "no fan_in", "Each unit"),
    ("through", lambda std, fan_in, layers: (fan_in * std**2 / 2) ** (layers / 2), "an amplitude", "The second"),
]
UNKNOWN = [
    ("invariant", [1, 0, 1, 0, 1, 0]),
    ("cka", lambda X, Y: 0.123),
    ("paired", lambda a, b: (0.0, 1.0)),
    ("through", lambda std, fan_in, layers: 0.5),
]
UNUSABLE = [
    ("invariant", [1, 1]),
    ("cka", lambda X, Y: X),
    ("paired", lambda a, b: 1.0),
    ("through", lambda std: std),
]
