"""Answers to the exercises of *The very typical setup*: right ones, and wrong ones."""

import math

import numpy as np


def by_eigenvalues(d, mean, std):
    u = np.append(np.full(d, mean), 1.0)
    return np.linalg.eigvalsh(np.diag(np.append(np.full(d, std**2), 0.0)) + np.outer(u, u))[-1]


def formula(d, mean, std, sign=1):
    trace = std**2 + d * mean**2 + 1
    return (trace + sign * math.sqrt(trace**2 - 4 * std**2)) / 2


def by_moments(mean, variance, p):
    values = np.array([mean - math.sqrt(variance), mean + math.sqrt(variance)]) / (1 - p)  # each half the time
    return (1 - p) * (values**2).mean() - ((1 - p) * values.mean()) ** 2


def step_by_step(eta, alpha, k):
    before = 1.0
    for _ in range(k):
        before *= 1 - eta * alpha
    return eta / before / (before * (1 - eta * alpha))


def of_pairs(a, b):
    change = [x - y for x, y in zip(a, b, strict=True)]
    mean = sum(change) / len(change)
    return math.sqrt(sum((x - mean) ** 2 for x in change) / (len(change) - 1) / len(change))


RIGHT = [
    ("first", math.log(100)),
    ("first", "4.6"),
    ("mean", lambda train, test: test - train.mean(axis=0)),
    ("mean", lambda train, test: [list(row - sum(train) / len(train)) for row in test]),
    ("offset", formula),
    ("offset", by_eigenvalues),
    ("variance", lambda mean, variance, p: (variance + mean**2) / (1 - p) - mean**2),
    ("variance", by_moments),
    ("schedule", lambda eta, alpha, k: eta / (1 - eta * alpha) ** (2 * k + 1)),
    ("schedule", step_by_step),
    ("bug", lambda a, b: np.std(a - b, ddof=1) / len(a) ** 0.5),
    ("bug", of_pairs),
]
WRONG = [
    ("first", 2, "decimal", "Cross entropy is measured"),
    ("first", math.log2(100), "binary", "That would be in bits"),
    ("first", 0.01, "a probability", "This is the probability"),
    ("first", 0.99, "share of wrong", "This is how often"),
    ("first", math.log(10), "ten classes", "That is for 10"),
    ("first", -math.log(100), "a sign", "A cross entropy is not"),
    ("mean", lambda train, test: test - test.mean(axis=0), "of the test", "The network was trained with"),
    ("mean", lambda train, test: test - train.mean(), "one mean for all", "This is one number"),
    ("mean", lambda train, test: test - test.mean(axis=1)[:, None], "of each picture", "This subtracts from each"),
    ("mean", lambda train, test: test - np.vstack([train, test]).mean(axis=0), "both together", "When you train"),
    ("mean", lambda train, test: (test - train.mean(axis=0)) / train.std(axis=0), "standardized", "Only the mean"),
    ("mean", lambda train, test: test, "unchanged", "Nothing was subtracted"),
    ("offset", lambda d, mean, std: d * mean**2 + 1, "offset alone", "This is the bound"),
    ("offset", lambda d, mean, std: std**2 + d * mean**2, "bias left out", "This is the largest eigenvalue without"),
    ("offset", lambda d, mean, std: std**2 + d * mean**2 + 1, "sum of both", "This is the trace"),
    ("offset", lambda d, mean, std: formula(d, mean, std, -1), "smaller", "This is the smaller"),
    ("offset", lambda d, mean, std: formula(1, mean, std), "one input", "This does not grow"),
    ("variance", lambda mean, variance, p: variance / (1 - p), "only the variance", "This would be right for"),
    ("variance", lambda mean, variance, p: (variance + mean**2) / (1 - p), "second moment", "This is the second"),
    (
        "variance",
        lambda mean, variance, p: (1 - p) * (variance + p * mean**2),
        "without the division",
        "Dropout divides",
    ),
    ("variance", lambda mean, variance, p: variance, "nothing", "Is half of the values"),
    ("variance", lambda mean, variance, p: (variance + (1 - p) * mean**2) / p, "swapped", "p is the probability"),
    ("variance", lambda mean, variance, p: variance / (1 - p) ** 2, "square of 1 - p", "This divides all"),
    ("schedule", lambda eta, alpha, k: eta * (1 - eta * alpha) ** (2 * k + 1), "falling", "Smaller weights turn"),
    ("schedule", lambda eta, alpha, k: eta / (1 - eta * alpha) ** (2 * k), "forgotten", "In step 0"),
    ("schedule", lambda eta, alpha, k: eta / (1 - eta * alpha) ** (2 * k + 2), "too many", "The gradient is taken"),
    ("schedule", lambda eta, alpha, k: eta / (1 - eta * alpha) ** (k + 1), "not its square", "The gradient changes"),
    ("schedule", lambda eta, alpha, k: eta / (1 - eta * alpha) ** k, "before the step", "Two things change"),
    ("schedule", lambda eta, alpha, k: eta, "constant", "The weights are smaller"),
    (
        "bug",
        lambda a, b: np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / len(a)),
        "without pairs",
        "This is the colleague",
    ),
    ("bug", lambda a, b: (a - b).std() / len(a) ** 0.5, "n - 1", "The mean was estimated"),
    ("bug", lambda a, b: (a - b).std(ddof=1), "the spread", "This says how much"),
    ("bug", lambda a, b: (a - b).std(ddof=1) / len(a), "its root", "The variance of a mean"),
    ("bug", lambda a, b: (a - b).var(ddof=1) / len(a), "the square", "This is the squared"),
    ("bug", lambda a, b: (a - b).mean(), "mean difference", "This is the difference"),
]
UNKNOWN = [
    ("first", 17.0),
    ("mean", lambda train, test: test - 17.0),
    ("offset", lambda d, mean, std: 17.0e3),
    ("variance", lambda mean, variance, p: 17.0e3),
    ("schedule", lambda eta, alpha, k: 17.0e3),
    ("bug", lambda a, b: 17.0e3),
]
UNUSABLE = [("mean", lambda train, test: test[0]), ("bug", lambda a, b: a - b)]
