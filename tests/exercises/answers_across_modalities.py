"""Answers to the exercises of *Across modalities, and features as a loss*: right ones, and wrong ones."""

import numpy as np


def collapse(w, mean, std):
    divided = w / std[:, None, None]
    return divided.sum(axis=1), -(divided * mean[:, None, None]).sum(axis=(1, 2, 3))


def by_pictures(w, mean, std):
    """The bias is the answer to black, the kernel that to one white pixel without it."""
    black = -mean / std
    bias = np.einsum("ockl,c->o", w, black)
    return np.einsum("ockl,c->okl", w, 1 / std), bias


def kernel(w, std):
    return (w / std[:, None, None]).sum(axis=1)


RIGHT = [
    ("collapse", collapse),
    ("collapse", by_pictures),
    ("repair", [True, True, False, False]),
    ("repair", np.array([1, 1, 0, 0])),
    ("statistics", lambda mean, var, total, a, b: (a * mean + b * total, a**2 * var)),
    ("statistics", lambda mean, var, total, a, b: np.array([b * total + mean * a, (a * var**0.5) ** 2])),
    ("count", lambda channels: sum(c * (c + 1) // 2 for c in channels)),
    ("count", lambda channels: sum(len(np.triu_indices(c)[0]) for c in channels)),
]
WRONG = [
    ("collapse", lambda w, m, s: [part / w.shape[1] for part in collapse(w, m, s)], "means over the", "What does a"),
    ("collapse", lambda w, m, s: (kernel(w, s) / w.shape[1], collapse(w, m, s)[1]), "kernel alone", "What does a"),
    ("collapse", lambda w, m, s: collapse(w, m, np.ones_like(s)), "no division", "Where is"),
    ("collapse", lambda w, m, s: (kernel(w, s), np.zeros(len(w))), "no bias", "What does the layer"),
    ("collapse", lambda w, m, s: (kernel(w, s), -collapse(w, m, s)[1]), "other sign", "The mean is subtracted"),
    ("collapse", lambda w, m, s: (kernel(w, s), collapse(w, m, s)[1] / 9), "over the taps", "Each tap"),
    ("collapse", lambda w, m, s: (kernel(w, s), collapse(w, m, 1 + 0 * s)[1]), "without the", "The mean is"),
    ("repair", [1, 1, 1, 1], "all of them", "Two of them"),
    ("repair", [0, 0, 0, 0], "none of them", "Half the contrast"),
    ("repair", [1, 0, 0, 0], "contrast alone", "The mean is"),
    ("repair", [0, 1, 0, 0], "brightness alone", "The variance is"),
    ("repair", [1, 1, 1, 0], "inversion as well", "For 1 - x"),
    ("repair", [1, 1, 0, 1], "a turn as well", "A turn moves"),
    ("repair", [0, 0, 1, 1], "those that stay", "The question is"),
    ("statistics", lambda m, v, t, a, b: (a * m + b, a**2 * v), "without the taps", "Each tap"),
    ("statistics", lambda m, v, t, a, b: (a * m + b * t, a * v), "variance times a", "The standard deviation"),
    ("statistics", lambda m, v, t, a, b: (a * m + b * t, a**2 * v + b**2), "in the variance", "A constant"),
    ("statistics", lambda m, v, t, a, b: (m, v), "the old statistics", "The pictures have"),
    ("statistics", lambda m, v, t, a, b: (m + b * t, v), "the shift alone", "And a"),
    ("statistics", lambda m, v, t, a, b: (a * m, a**2 * v), "the factor alone", "And b"),
    ("statistics", lambda m, v, t, a, b: (a * (m + b * t), a**2 * v), "a factor on", "The picture is"),
    ("count", lambda channels: sum(c**2 for c in channels), "all entries", "A Gram matrix"),
    ("count", lambda channels: sum(c * (c - 1) // 2 for c in channels), "no diagonal", "A channel is"),
    ("count", sum, "the channels", "Each pair"),
    ("count", lambda channels: sum(c**2 / 2 for c in channels), "half of all", "The diagonal"),
    ("count", lambda channels: sum(channels) * (sum(channels) + 1) // 2, "one large", "Pairs are"),
    ("count", lambda channels: channels[0] * (channels[0] + 1) // 2, "the first layer", "There are several"),
]
UNKNOWN = [
    ("collapse", lambda w, m, s: (w[:, 0], m.sum() + np.zeros(len(w)))),
    ("repair", [1, 0, 1, 0]),
    ("statistics", lambda m, v, t, a, b: (0.0, 1.0)),
    ("count", lambda channels: 7),
]
UNUSABLE = [
    ("collapse", lambda w, m, s: w),
    ("collapse", lambda w, m, s: (w, m)),
    ("repair", [1, 1]),
    ("statistics", lambda m, v, t, a, b: 1.0),
]
