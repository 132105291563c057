"""Answers to the exercises of chapter 08: right ones, and wrong ones with mistake and first hint."""

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
    ("08-control", 2),
    ("08-control", "2.0"),
    ("08-first-step", lambda h, y, K, eta: eta * (hit(y, K) - 1 / K) * (h @ h)),
    ("08-first-step", one_step),
    ("08-forget", lambda n, d: max(0, 1 - n / d)),
    ("08-forget", by_projection),
    ("08-units", lambda W, b, s, o: (W / s, b - (W / s).sum(axis=1) * o)),
    ("08-units", refit),
    ("08-general", lambda A, B, R, t: (t >= B - A) & (t < A - R)),
    ("08-general", lambda A, B, R, t: [int(b - a <= t and a - r > t) for a, b, r in zip(A, B, R, strict=True)]),
    ("08-leak", split),
    ("08-leak", by_list),
]
WRONG = [
    ("08-control", 9, "to scratch", "Scratch differs in more"),
    ("08-control", -3, "to the pixels", "That says whether"),
    ("08-control", 71, "the accuracy", "An accuracy alone"),
    ("08-control", 0.02, "a fraction", "The question asks for points"),
    ("08-control", -2, "a sign", "Which of the two"),
    ("08-first-step", lambda h, y, K, eta: -eta * (hit(y, K) - 1 / K) * (h @ h), "uphill", "The logit of the right"),
    (
        "08-first-step",
        lambda h, y, K, eta: eta * (hit(y, K) - 1 / K) * np.linalg.norm(h),
        "length",
        "The features enter",
    ),
    ("08-first-step", lambda h, y, K, eta: eta * (hit(y, K) - 1 / K), "without the features", "This is the step of"),
    ("08-first-step", lambda h, y, K, eta: eta * hit(y, K) * (h @ h), "no probabilities", "The other classes move"),
    ("08-first-step", lambda h, y, K, eta: (hit(y, K) - 1 / K) * (h @ h), "no learning rate", "How long is"),
    ("08-first-step", lambda h, y, K, eta: np.zeros(K), "no step", "The head does move"),
    ("08-forget", lambda n, d: min(1, n / d), "is learned", "This share the training"),
    ("08-forget", lambda n, d: n / d, "is learned", "This share the training"),
    ("08-forget", lambda n, d: 1 - n / d, "negative", "Try more examples"),
    ("08-forget", lambda n, d: max(0, 1 - n / d) ** 0.5, "a length", "The share of the length"),
    ("08-forget", lambda n, d: max(0, d - n), "a number of directions", "This counts"),
    ("08-units", lambda W, b, s, o: (W, b), "as it was", "The layer has to change"),
    ("08-units", lambda W, b, s, o: (W * s, b - W.sum(axis=1) * o), "times the scale", "The new numbers"),
    ("08-units", lambda W, b, s, o: (W * s, b), "times the scale, and no", "The new numbers"),
    ("08-units", lambda W, b, s, o: (W / s, b), "no offset", "What does the layer give"),
    ("08-units", lambda W, b, s, o: (W / s, b + W.sum(axis=1) * o / s), "wrong sign", "The offset has to be"),
    ("08-units", lambda W, b, s, o: (W / s, b - o / s), "not weighted", "The offset of every"),
    ("08-units", lambda W, b, s, o: (W / s, b - W.sum(axis=1) * o), "old units", "The new weights"),
    ("08-general", lambda A, B, R, t: t >= B - A, "need not matter", "Some of these are as good"),
    ("08-general", lambda A, B, R, t: t < A - R, "better than random", "Some of these are worse"),
    ("08-general", lambda A, B, R, t: (t >= B - A) | (t < A - R), "or the other", "Each of the conditions"),
    ("08-general", lambda A, B, R, t: ~((t >= B - A) & (t < A - R)), "other way round", "These are the layers that"),
    ("08-general", lambda A, B, R, t: (t >= B - A) & (t < B - R), "of B with R", "The copied layer"),
    ("08-leak", changed(test=lambda labels, train, test: np.arange(len(labels))), "in both", "Some rows are trained"),
    (
        "08-leak",
        changed(train=lambda labels, train, rng: np.append(train, train[0])),
        "drawn twice",
        "The same picture",
    ),
    ("08-leak", unbalanced, "different sizes", "Count the labels"),
    ("08-leak", changed(test=lambda labels, train, test: test[1:]), "are lost", "Some rows are in neither"),
    (
        "08-leak",
        lambda labels, k, rng: split(labels, k, np.random.default_rng(0)),
        "the same rows",
        "Another generator",
    ),
]
UNKNOWN = [
    ("08-control", 5),
    ("08-first-step", lambda h, y, K, eta: np.ones(K)),
    ("08-forget", lambda n, d: 0.123),
    ("08-units", lambda W, b, s, o: (W / s, b + 1)),
    ("08-general", lambda A, B, R, t: np.zeros(6)),
]
UNUSABLE = [
    ("08-units", lambda W, b, s, o: W / s),
    ("08-units", lambda W, b, s, o: (W.T, b)),
    ("08-leak", lambda labels, k, rng: labels),
    ("08-leak", lambda labels, k, rng: ([0.5], [1])),
    ("08-leak", lambda labels, k, rng: ([], [1])),
    ("08-general", lambda A, B, R, t: [1, 2]),
]
