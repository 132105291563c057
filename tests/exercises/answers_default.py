"""Answers to the exercises of *What your framework does*: right ones, and wrong ones."""

import math

import numpy as np


def settle(s, beta):
    v = 1.0
    for _ in range(300):
        v = s * v / 2 + beta
    return v


RIGHT = [
    ("kept", 6.0**-12),
    ("kept", "4.6e-10"),
    ("slope", lambda r: math.sqrt(2 / r - 1)),
    ("fixed", lambda s, beta: beta / (1 - s / 2)),
    ("fixed", settle),
    ("merge", lambda s: s / 2),
    ("merge", lambda s: 1 - (1 - 0.5 * s)),
    ("bug", lambda fan_in: math.sqrt(6 / fan_in)),
    ("bug", lambda fan_in: np.sqrt(3) * np.sqrt(2) * fan_in**-0.5),
]
WRONG = [
    ("kept", 3.0**-12, "linear network", "This is what the weights"),
    ("kept", 2.0**-12, "halves", "This would be right"),
    ("kept", 6.0**-6, "size of the values", "The second moment is asked"),
    ("kept", 1 / 6, "one layer", "That is one layer"),
    ("kept", 1, "He's weights", "kaiming_uniform_ with"),
    ("slope", lambda r: 2 / r - 1, "square of a", "This is a squared"),
    ("slope", lambda r: math.sqrt(2 / r), "taken for a^2", "Put your a into"),
    ("slope", lambda r: math.sqrt(1 / r - 1), "gain of 1", "Leaky ReLU of slope 0"),
    ("slope", lambda r: math.sqrt(2 / r**2 - 1), "gain in place", "The variance has the square"),
    ("slope", lambda r: math.sqrt(6 / r - 1), "limit in place", "r belongs to the variance"),
    ("fixed", lambda s, beta: beta / (1 - s), "linear network", "Where is the ReLU"),
    ("fixed", lambda s, beta: beta / (2 - s), "behind the ReLU", "This is what the ReLU leaves"),
    ("fixed", lambda s, beta: beta, "biases alone", "Something comes from"),
    ("fixed", lambda s, beta: s / 2 + beta, "sum of one layer", "This is the next layer"),
    ("fixed", lambda s, beta: beta / (1 + s / 2), "a sign", "Does more weight"),
    ("merge", lambda s: 1 - s / 2, "share of the biases", "This is what the inputs have"),
    ("merge", lambda s: s, "linear network", "Where is the ReLU"),
    ("merge", lambda s: math.sqrt(s / 2), "not its square", "1 - c is a squared"),
    ("merge", lambda s: 1 / 6, "factor of the default", "This is the case"),
    ("merge", lambda s: 1.0, "no merging", "This would be so without"),
    ("bug", lambda fan_in: fan_in**-0.5, "framework's default", "This is the colleague's"),
    ("bug", lambda fan_in: math.sqrt(2 / fan_in), "used as the limit", "A uniform distribution between"),
    ("bug", lambda fan_in: math.sqrt(3 / fan_in), "linear layers", "Behind a ReLU half"),
    ("bug", lambda fan_in: math.sqrt(6) / fan_in, "6 alone", "The fan belongs"),
    ("bug", lambda fan_in: 2 / fan_in, "variance in place", "This is He's variance"),
]
UNKNOWN = [
    ("kept", 0.5),
    ("slope", lambda r: 17.0),
    ("fixed", lambda s, beta: 17.0),
    ("merge", lambda s: 17.0),
    ("bug", lambda fan_in: 17.0),
]
UNUSABLE = [("slope", 2.0)]
