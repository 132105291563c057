"""Answers to the exercises of chapter 09: right ones, and wrong ones with mistake and first hint."""

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
    ("09-stops", [True, True, False, False]),
    ("09-stops", np.array([1, 1, 0, 0])),
    ("09-running", lambda old, new, m, k: new + (1 - m) ** k * (old - new)),
    ("09-running", by_steps),
    ("09-step", step),
    ("09-step", by_differences),
    ("09-speedup", lambda epochs, features, head: epochs * (features + head) / (features + epochs * head)),
    ("09-speedup", lambda epochs, f, h: sum(f + h for _ in range(epochs)) / (f + sum(h for _ in range(epochs)))),
    ("09-pull", lambda h, a, source, strength: (h * a + strength * source) / (h + strength)),
    ("09-pull", lambda h, a, source, strength: source + h / (h + strength) * (a - source)),
]
WRONG = [
    ("09-stops", [0, 0, 1, 0], "the parameters in place", "These are the ways"),
    ("09-stops", [0, 0, 1, 1], "that stop them", "The question is"),
    ("09-stops", [0, 0, 0, 0], "taken for parameters", "The statistics are no"),
    ("09-stops", [1, 0, 0, 0], "the learning rate alone", "requires_grad concerns"),
    ("09-stops", [1, 1, 1, 1], "all of them", "In evaluation mode"),
    ("09-running", lambda old, new, m, k: m**k * old + (1 - m**k) * new, "other convention", "In torch the"),
    ("09-running", lambda old, new, m, k: old + (1 - m) ** k * (new - old), "swapped", "For large k"),
    ("09-running", lambda old, new, m, k: (1 - m) * old + m * new, "one step", "This is the mean"),
    ("09-running", lambda old, new, m, k: old + k * m * (new - old), "equal steps", "The step shrinks"),
    ("09-running", lambda old, new, m, k: (1 - m) ** k * old, "old part alone", "Where is"),
    ("09-running", lambda old, new, m, k: new, "the new mean", "After finitely many"),
    ("09-step", lambda B, v, X, y, rate: (B, v), "no step", "Nothing has moved"),
    ("09-step", after_features, "a head that sees", "The gradient is taken"),
    ("09-step", after_head, "features that see", "The gradient is taken"),
    ("09-step", lambda B, v, X, y, rate: (B, step(B, v, X, y, rate)[1]), "frozen features", "Only the head"),
    ("09-step", lambda B, v, X, y, rate: (step(B, v, X, y, rate)[0], v), "a frozen head", "Only the features"),
    ("09-step", lambda B, v, X, y, rate: step(B, v, X, y, -rate), "uphill", "The loss grows"),
    ("09-step", lambda B, v, X, y, rate: step(B, v, X, y, rate * len(y)), "a sum", "The loss is a mean"),
    ("09-speedup", lambda epochs, f, h: epochs, "without cost", "This is the limit"),
    ("09-speedup", lambda epochs, f, h: epochs * (f + h) / (epochs * f + h), "features in each", "Which of the two"),
    ("09-speedup", lambda epochs, f, h: (f + epochs * h) / (epochs * (f + h)), "the inverse", "How often"),
    ("09-speedup", lambda epochs, f, h: epochs * f / (f + epochs * h), "a loop without", "The loop trains"),
    ("09-speedup", lambda epochs, f, h: epochs * (f + h) - (f + epochs * h), "the time saved", "This is a difference"),
    ("09-pull", lambda h, a, source, strength: h * a / (h + strength), "towards zero", "This is ordinary"),
    ("09-pull", lambda h, a, source, strength: (strength * a + h * source) / (h + strength), "swapped", "What should"),
    ("09-pull", lambda h, a, s, k: (h * a + 2 * k * s) / (h + 2 * k), "the half", "The penalty is"),
    ("09-pull", lambda h, a, s, strength: (h * a - strength * s) / (h - strength), "pushes", "The penalty is added"),
    ("09-pull", lambda h, a, source, strength: (a + source) / 2, "the middle", "Both count"),
    ("09-pull", lambda h, a, source, strength: a, "no pull", "This is the minimum of the loss"),
    ("09-pull", lambda h, a, source, strength: source, "no loss", "This is the minimum of the penalty"),
]
UNKNOWN = [
    ("09-stops", [0, 1, 0, 1]),
    ("09-running", lambda old, new, m, k: 0.5),
    ("09-step", lambda B, v, X, y, rate: (B + 1, v)),
    ("09-speedup", lambda epochs, f, h: 0.1),
    ("09-pull", lambda h, a, source, strength: 17.0),
]
UNUSABLE = [
    ("09-stops", [1, 1]),
    ("09-step", lambda B, v, X, y, rate: B),
    ("09-step", lambda B, v, X, y, rate: (B.T, v)),
]
