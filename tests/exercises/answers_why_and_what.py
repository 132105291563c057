"""Answers to the exercises of *Why and what to transfer*: right ones, and wrong ones."""

import numpy as np


def hit(y, classes):
    return np.eye(classes)[y]


def one_step(h, y, classes, eta):
    W = np.zeros((classes, len(h)))
    p = np.exp(W @ h) / np.exp(W @ h).sum()
    W -= eta * np.outer(p - hit(y, classes), h)
    return W @ h


def by_projection(n, d):
    rng = np.random.default_rng(0)
    h = rng.normal(size=(n, d))
    return np.trace(np.eye(d) - np.linalg.pinv(h) @ h) / d


def refit(W, b, scale, offset):
    """The new layer from its answers on new inputs, by least squares."""
    x = np.random.default_rng(0).normal(size=(50, W.shape[1]))
    new = np.c_[scale * x + offset, np.ones(50)]
    solution = np.linalg.lstsq(new, x @ W.T + b, rcond=None)[0]
    return solution[:-1].T, solution[-1]


def drawn(labels, per_class, rng):
    return np.concatenate([rng.permutation(np.flatnonzero(labels == c))[:per_class] for c in np.unique(labels)])


def split(labels, per_class, rng):
    train = drawn(labels, per_class, rng)
    return train, np.setdiff1d(np.arange(len(labels)), train)


def by_list(labels, per_class, rng):
    order, train, test, count = rng.permutation(len(labels)), [], [], {}
    for row in order:
        count[labels[row]] = count.get(labels[row], 0) + 1
        (train if count[labels[row]] <= per_class else test).append(row)
    return train, test


def changed(train=None, test=None):
    """A split of which one part is made in another way."""

    def answer(labels, per_class, rng):
        first, second = split(labels, per_class, rng)
        return (
            train(labels, first, rng) if train else first,
            test(labels, first, second) if test else second,
        )

    return answer


def unbalanced(labels, per_class, rng):
    order = np.argsort(labels)
    return order[: 3 * per_class], order[3 * per_class :]


RIGHT = [
    ("control", 2),
    ("control", "2.0"),
    ("first-step", lambda h, y, K, eta: eta * (hit(y, K) - 1 / K) * (h @ h)),
    ("first-step", one_step),
    ("forget", lambda n, d: max(0, 1 - n / d)),
    ("forget", by_projection),
    ("units", lambda W, b, s, o: (W / s, b - (W / s).sum(axis=1) * o)),
    ("units", refit),
    ("general", lambda A, B, R, t: (t >= B - A) & (t < A - R)),
    ("general", lambda A, B, R, t: [int(b - a <= t and a - r > t) for a, b, r in zip(A, B, R, strict=True)]),
    ("leak", split),
    ("leak", by_list),
]
WRONG = [
    ("control", 9, "to scratch", "Scratch differs in more"),
    ("control", -3, "to the pixels", "That says whether"),
    ("control", 71, "the accuracy", "An accuracy alone"),
    ("control", 0.02, "a fraction", "The question asks for points"),
    ("control", -2, "a sign", "Which of the two"),
    ("first-step", lambda h, y, K, eta: -eta * (hit(y, K) - 1 / K) * (h @ h), "uphill", "The logit of the right"),
    (
        "first-step",
        lambda h, y, K, eta: eta * (hit(y, K) - 1 / K) * np.linalg.norm(h),
        "length",
        "The features enter",
    ),
    ("first-step", lambda h, y, K, eta: eta * (hit(y, K) - 1 / K), "without the features", "This is the step of"),
    ("first-step", lambda h, y, K, eta: eta * hit(y, K) * (h @ h), "no probabilities", "The other classes move"),
    ("first-step", lambda h, y, K, eta: (hit(y, K) - 1 / K) * (h @ h), "no learning rate", "How long is"),
    ("first-step", lambda h, y, K, eta: np.zeros(K), "no step", "The head does move"),
    ("forget", lambda n, d: min(1, n / d), "is learned", "This share the training"),
    ("forget", lambda n, d: n / d, "is learned", "This share the training"),
    ("forget", lambda n, d: 1 - n / d, "negative", "Try more examples"),
    ("forget", lambda n, d: max(0, 1 - n / d) ** 0.5, "a length", "The share of the length"),
    ("forget", lambda n, d: max(0, d - n), "a number of directions", "This counts"),
    ("units", lambda W, b, s, o: (W, b), "as it was", "The layer has to change"),
    ("units", lambda W, b, s, o: (W * s, b - W.sum(axis=1) * o), "times the scale", "The new numbers"),
    ("units", lambda W, b, s, o: (W * s, b), "times the scale, and no", "The new numbers"),
    ("units", lambda W, b, s, o: (W / s, b), "no offset", "What does the layer give"),
    ("units", lambda W, b, s, o: (W / s, b + W.sum(axis=1) * o / s), "wrong sign", "The offset has to be"),
    ("units", lambda W, b, s, o: (W / s, b - o / s), "not weighted", "The offset of every"),
    ("units", lambda W, b, s, o: (W / s, b - W.sum(axis=1) * o), "old units", "The new weights"),
    ("general", lambda A, B, R, t: t >= B - A, "need not matter", "Some of these are as good"),
    ("general", lambda A, B, R, t: t < A - R, "better than random", "Some of these are worse"),
    ("general", lambda A, B, R, t: (t >= B - A) | (t < A - R), "or the other", "Each of the conditions"),
    ("general", lambda A, B, R, t: ~((t >= B - A) & (t < A - R)), "other way round", "These are the layers that"),
    ("general", lambda A, B, R, t: (t >= B - A) & (t < B - R), "of B with R", "The copied layer"),
    ("leak", changed(test=lambda labels, train, test: np.arange(len(labels))), "in both", "Some rows are trained"),
    (
        "leak",
        changed(train=lambda labels, train, rng: np.append(train, train[0])),
        "drawn twice",
        "The same picture",
    ),
    ("leak", unbalanced, "different sizes", "Count the labels"),
    ("leak", changed(test=lambda labels, train, test: test[1:]), "are lost", "Some rows are in neither"),
    (
        "leak",
        lambda labels, k, rng: split(labels, k, np.random.default_rng(0)),
        "the same rows",
        "Another generator",
    ),
]
UNKNOWN = [
    ("control", 5),
    ("first-step", lambda h, y, K, eta: np.ones(K)),
    ("forget", lambda n, d: 0.123),
    ("units", lambda W, b, s, o: (W / s, b + 1)),
    ("general", lambda A, B, R, t: np.zeros(6)),
]
UNUSABLE = [
    ("units", lambda W, b, s, o: W / s),
    ("units", lambda W, b, s, o: (W.T, b)),
    ("leak", lambda labels, k, rng: labels),
    ("leak", lambda labels, k, rng: ([0.5], [1])),
    ("leak", lambda labels, k, rng: ([], [1])),
    ("general", lambda A, B, R, t: [1, 2]),
]
