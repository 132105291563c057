"""Answers to the exercises of *How to transfer*: right ones, and wrong ones."""

import numpy as np


def by_steps(old, new, m, k):
    for _ in range(k):
        old = (1 - m) * old + m * new
    return old


def gradient(B, v, X, y):
    return X.T @ (X @ B.T @ v - y) / len(y)


def step(B, v, X, y, rate):
    g = gradient(B, v, X, y)
    return B - rate * np.outer(v, g), v - rate * B @ g


def by_differences(B, v, X, y, rate, h=1e-6):
    """The step by central differences of the loss."""
    start, size = np.append(B.ravel(), v), B.size

    def loss(parameters):
        r = X @ parameters[:size].reshape(B.shape).T @ parameters[size:] - y
        return (r**2).mean() / 2

    slope = [(loss(start + h * e) - loss(start - h * e)) / (2 * h) for e in np.eye(len(start))]
    end = start - rate * np.array(slope)
    return end[:size].reshape(B.shape), end[size:]


def after_features(B, v, X, y, rate):
    g = gradient(B, v, X, y)
    B = B - rate * np.outer(v, g)
    return B, v - rate * B @ g


def after_head(B, v, X, y, rate):
    g = gradient(B, v, X, y)
    v = v - rate * B @ g
    return B - rate * np.outer(v, g), v


RIGHT = [
    ("stops", [True, True, False, False]),
    ("stops", np.array([1, 1, 0, 0])),
    ("running", lambda old, new, m, k: new + (1 - m) ** k * (old - new)),
    ("running", by_steps),
    ("step", step),
    ("step", by_differences),
    ("speedup", lambda epochs, features, head: epochs * (features + head) / (features + epochs * head)),
    ("speedup", lambda epochs, f, h: sum(f + h for _ in range(epochs)) / (f + sum(h for _ in range(epochs)))),
    ("pull", lambda h, a, source, strength: (h * a + strength * source) / (h + strength)),
    ("pull", lambda h, a, source, strength: source + h / (h + strength) * (a - source)),
]
WRONG = [
    ("stops", [0, 0, 1, 0], "the parameters in place", "These are the ways"),
    ("stops", [0, 0, 1, 1], "that stop them", "The question is"),
    ("stops", [0, 0, 0, 0], "taken for parameters", "The statistics are no"),
    ("stops", [1, 0, 0, 0], "the learning rate alone", "requires_grad concerns"),
    ("stops", [1, 1, 1, 1], "all of them", "In evaluation mode"),
    ("running", lambda old, new, m, k: m**k * old + (1 - m**k) * new, "other convention", "In torch the"),
    ("running", lambda old, new, m, k: old + (1 - m) ** k * (new - old), "swapped", "For large k"),
    ("running", lambda old, new, m, k: (1 - m) * old + m * new, "one step", "This is the mean"),
    ("running", lambda old, new, m, k: old + k * m * (new - old), "equal steps", "The step shrinks"),
    ("running", lambda old, new, m, k: (1 - m) ** k * old, "old part alone", "Where is"),
    ("running", lambda old, new, m, k: new, "the new mean", "After finitely many"),
    ("step", lambda B, v, X, y, rate: (B, v), "no step", "Nothing has moved"),
    ("step", after_features, "a head that sees", "The gradient is taken"),
    ("step", after_head, "features that see", "The gradient is taken"),
    ("step", lambda B, v, X, y, rate: (B, step(B, v, X, y, rate)[1]), "frozen features", "Only the head"),
    ("step", lambda B, v, X, y, rate: (step(B, v, X, y, rate)[0], v), "a frozen head", "Only the features"),
    ("step", lambda B, v, X, y, rate: step(B, v, X, y, -rate), "uphill", "The loss grows"),
    ("step", lambda B, v, X, y, rate: step(B, v, X, y, rate * len(y)), "a sum", "The loss is a mean"),
    ("speedup", lambda epochs, f, h: epochs, "without cost", "This is the limit"),
    ("speedup", lambda epochs, f, h: epochs * (f + h) / (epochs * f + h), "features in each", "Which of the two"),
    ("speedup", lambda epochs, f, h: (f + epochs * h) / (epochs * (f + h)), "the inverse", "How often"),
    ("speedup", lambda epochs, f, h: epochs * f / (f + epochs * h), "a loop without", "The loop trains"),
    ("speedup", lambda epochs, f, h: epochs * (f + h) - (f + epochs * h), "the time saved", "This is a difference"),
    ("pull", lambda h, a, source, strength: h * a / (h + strength), "towards zero", "This is ordinary"),
    ("pull", lambda h, a, source, strength: (strength * a + h * source) / (h + strength), "swapped", "What should"),
    ("pull", lambda h, a, s, k: (h * a + 2 * k * s) / (h + 2 * k), "the half", "The penalty is"),
    ("pull", lambda h, a, s, strength: (h * a - strength * s) / (h - strength), "pushes", "The penalty is added"),
    ("pull", lambda h, a, source, strength: (a + source) / 2, "the middle", "Both count"),
    ("pull", lambda h, a, source, strength: a, "no pull", "This is the minimum of the loss"),
    ("pull", lambda h, a, source, strength: source, "no loss", "This is the minimum of the penalty"),
]
UNKNOWN = [
    ("stops", [0, 1, 0, 1]),
    ("running", lambda old, new, m, k: 0.5),
    ("step", lambda B, v, X, y, rate: (B + 1, v)),
    ("speedup", lambda epochs, f, h: 0.1),
    ("pull", lambda h, a, source, strength: 17.0),
]
UNUSABLE = [
    ("stops", [1, 1]),
    ("step", lambda B, v, X, y, rate: B),
    ("step", lambda B, v, X, y, rate: (B.T, v)),
]
