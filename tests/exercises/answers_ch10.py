"""Answers to the exercises of chapter 10: right ones, and wrong ones with mistake and first hint."""

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
    ("10-collapse", collapse),
    ("10-collapse", by_pictures),
    ("10-repair", [True, True, False, False]),
    ("10-repair", np.array([1, 1, 0, 0])),
    ("10-statistics", lambda mean, var, total, a, b: (a * mean + b * total, a**2 * var)),
    ("10-statistics", lambda mean, var, total, a, b: np.array([b * total + mean * a, (a * var**0.5) ** 2])),
    ("10-count", lambda channels: sum(c * (c + 1) // 2 for c in channels)),
    ("10-count", lambda channels: sum(len(np.triu_indices(c)[0]) for c in channels)),
]
WRONG = [
    ("10-collapse", lambda w, m, s: [part / w.shape[1] for part in collapse(w, m, s)], "means over the", "What does a"),
    ("10-collapse", lambda w, m, s: (kernel(w, s) / w.shape[1], collapse(w, m, s)[1]), "kernel alone", "What does a"),
    ("10-collapse", lambda w, m, s: collapse(w, m, np.ones_like(s)), "no division", "Where is"),
    ("10-collapse", lambda w, m, s: (kernel(w, s), np.zeros(len(w))), "no bias", "What does the layer"),
    ("10-collapse", lambda w, m, s: (kernel(w, s), -collapse(w, m, s)[1]), "other sign", "The mean is subtracted"),
    ("10-collapse", lambda w, m, s: (kernel(w, s), collapse(w, m, s)[1] / 9), "over the taps", "Each tap"),
    ("10-collapse", lambda w, m, s: (kernel(w, s), collapse(w, m, 1 + 0 * s)[1]), "without the", "The mean is"),
    ("10-repair", [1, 1, 1, 1], "all of them", "Two of them"),
    ("10-repair", [0, 0, 0, 0], "none of them", "Half the contrast"),
    ("10-repair", [1, 0, 0, 0], "contrast alone", "The mean is"),
    ("10-repair", [0, 1, 0, 0], "brightness alone", "The variance is"),
    ("10-repair", [1, 1, 1, 0], "inversion as well", "For 1 - x"),
    ("10-repair", [1, 1, 0, 1], "a turn as well", "A turn moves"),
    ("10-repair", [0, 0, 1, 1], "those that stay", "The question is"),
    ("10-statistics", lambda m, v, t, a, b: (a * m + b, a**2 * v), "without the taps", "Each tap"),
    ("10-statistics", lambda m, v, t, a, b: (a * m + b * t, a * v), "variance times a", "The standard deviation"),
    ("10-statistics", lambda m, v, t, a, b: (a * m + b * t, a**2 * v + b**2), "in the variance", "A constant"),
    ("10-statistics", lambda m, v, t, a, b: (m, v), "the old statistics", "The pictures have"),
    ("10-statistics", lambda m, v, t, a, b: (m + b * t, v), "the shift alone", "And a"),
    ("10-statistics", lambda m, v, t, a, b: (a * m, a**2 * v), "the factor alone", "And b"),
    ("10-statistics", lambda m, v, t, a, b: (a * (m + b * t), a**2 * v), "a factor on", "The picture is"),
    ("10-count", lambda channels: sum(c**2 for c in channels), "all entries", "A Gram matrix"),
    ("10-count", lambda channels: sum(c * (c - 1) // 2 for c in channels), "no diagonal", "A channel is"),
    ("10-count", sum, "the channels", "Each pair"),
    ("10-count", lambda channels: sum(c**2 / 2 for c in channels), "half of all", "The diagonal"),
    ("10-count", lambda channels: sum(channels) * (sum(channels) + 1) // 2, "one large", "Pairs are"),
    ("10-count", lambda channels: channels[0] * (channels[0] + 1) // 2, "the first layer", "There are several"),
]
UNKNOWN = [
    ("10-collapse", lambda w, m, s: (w[:, 0], m.sum() + np.zeros(len(w)))),
    ("10-repair", [1, 0, 1, 0]),
    ("10-statistics", lambda m, v, t, a, b: (0.0, 1.0)),
    ("10-count", lambda channels: 7),
]
UNUSABLE = [
    ("10-collapse", lambda w, m, s: w),
    ("10-collapse", lambda w, m, s: (w, m)),
    ("10-repair", [1, 1]),
    ("10-statistics", lambda m, v, t, a, b: 1.0),
]
