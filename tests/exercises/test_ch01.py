"""The checks of chapter 01 accept right answers in several forms and name the typical wrong ones."""

from math import factorial, log, log2, prod

import numpy as np
import pytest

from warmstart.exercises import core
from warmstart.exercises.core import examine

SEEDS = range(8)


def plain_end(A, y, start):
    return start + np.linalg.pinv(A) @ (y - A @ start)


def scaled_by_substitution(A, y, start, rates):
    root = np.sqrt(rates)
    return start + root * (np.linalg.pinv(A * root) @ (y - A @ start))


def scaled_solution(A, y, start, rates):
    return start + rates * (A.T @ np.linalg.solve(A @ np.diag(rates) @ A.T, y - A @ start))


def scaled_by_running(A, y, start, rates):
    w, step = start, 1.0 / np.linalg.eigvalsh((A * rates) @ A.T)[-1]
    for _ in range(20000):
        w = w - step * rates * (A.T @ (A @ w - y))
    return w


def ridge(A, y, start, decay):
    return np.linalg.solve(A.T @ A + decay * np.eye(A.shape[1]), A.T @ y)


def ridge_small(A, y, start, decay):
    return list(A.T @ np.linalg.solve(A @ A.T + decay * np.eye(len(A)), y))


def ridge_stacked(A, y, start, decay):
    d = A.shape[1]
    stacked = np.vstack([A, np.sqrt(decay) * np.eye(d)])
    return np.linalg.lstsq(stacked, np.concatenate([y, np.zeros(d)]), rcond=None)[0]


def shuffle_by_matrix(W1, b1, W2, order):
    permutation = np.eye(len(b1))[order]
    return permutation @ W1, permutation @ b1, W2 @ permutation.T


RIGHT = [
    ("01-extra-steps", 10),
    ("01-extra-steps", log2(1024)),
    ("01-extra-steps", np.log(1024) / np.log(2)),
    ("01-scaled-limit", scaled_solution),
    ("01-scaled-limit", scaled_by_substitution),
    ("01-weight-decay", ridge),
    ("01-weight-decay", ridge_small),
    ("01-weight-decay", ridge_stacked),
    ("01-count", lambda widths: prod(factorial(n) * 2**n for n in widths)),
    ("01-count", lambda widths: float(np.prod([np.prod(2.0 * np.arange(1, n + 1)) for n in widths]))),
    ("01-shuffle", lambda W1, b1, W2, order: (W1[order], b1[order], W2[:, order])),
    ("01-shuffle", shuffle_by_matrix),
    ("01-near-miss", (0.7, 0.2)),
    ("01-near-miss", np.array([0.6, 0.5])),
]
WRONG = [
    ("01-extra-steps", 1024, "proportional to the distance"),
    ("01-extra-steps", 20 * 1023, "taken times 20"),
    ("01-extra-steps", 0, "does not matter at all"),
    ("01-extra-steps", log(1024), "natural logarithm"),
    ("01-extra-steps", 30, "all steps"),
    ("01-extra-steps", 5, "factor of the loss"),
    ("01-scaled-limit", lambda A, y, start, rates: plain_end(A, y, start), "one common rate"),
    ("01-scaled-limit", lambda A, y, start, rates: scaled_solution(A, y, 0 * start, rates), "forgets the start"),
    ("01-scaled-limit", lambda A, y, s, rates: s + scaled_solution(A, y, 0 * s, rates), "without taking A w0"),
    (
        "01-scaled-limit",
        lambda A, y, start, rates: start + np.linalg.pinv(A * np.sqrt(rates)) @ (y - A @ start),
        "used once instead of twice",
    ),
    (
        "01-scaled-limit",
        lambda A, y, start, rates: start + rates * (np.linalg.pinv(A * rates) @ (y - A @ start)),
        "applied twice",
    ),
    (
        "01-scaled-limit",
        lambda A, y, start, rates: start + rates * (np.linalg.pinv(A) @ (y - A @ start)),
        "missing in the matrix",
    ),
    (
        "01-scaled-limit",
        lambda A, y, start, rates: start + (scaled_solution(A, y, start, rates) - start) / rates,
        "missing in the step",
    ),
    ("01-scaled-limit", lambda A, y, start, rates: scaled_solution(A, y, start, 1 / rates), "divided by"),
    ("01-weight-decay", lambda A, y, start, decay: plain_end(A, y, start), "without weight decay"),
    ("01-weight-decay", lambda A, y, start, decay: ridge(A, y, start, len(A) * decay), "mean over the examples"),
    (
        "01-weight-decay",
        lambda A, y, start, decay: ridge(A, y, start, decay) + plain_end(A, 0 * y, start),
        "kept for ever",
    ),
    ("01-weight-decay", lambda A, y, start, decay: np.linalg.pinv(A) @ y, "minimum-norm"),
    ("01-weight-decay", lambda A, y, s, decay: s + ridge(A, y - A @ s, s, decay), "towards the start"),
    ("01-weight-decay", lambda A, y, start, decay: ridge(A, y, start, 2 * decay), "twice the decay"),
    ("01-weight-decay", lambda A, y, start, decay: ridge(A, y, start, -decay), "wrong sign"),
    ("01-weight-decay", lambda A, y, start, decay: ridge(A, y, start, decay**2), "decay squared"),
    ("01-count", lambda widths: prod(factorial(n) for n in widths), "orders alone"),
    ("01-count", lambda widths: prod(factorial(n) * 2**n for n in widths) - 1, "but the setting itself"),
    ("01-count", lambda widths: 2 ** sum(widths), "signs alone"),
    ("01-count", lambda widths: factorial(sum(widths)) * 2 ** sum(widths), "one pot"),
    ("01-count", lambda widths: sum(factorial(n) * 2**n for n in widths), "sum over the layers"),
    ("01-count", lambda widths: prod(factorial(n) * 2 for n in widths), "one sign for a whole layer"),
    ("01-count", lambda widths: prod(factorial(n) * 2 * n for n in widths), "2 m in place of"),
    ("01-shuffle", lambda W1, b1, W2, order: (W1[order], b1, W2[:, order]), "bias that stays behind"),
    ("01-shuffle", lambda W1, b1, W2, order: (W1[order], b1[order], W2[order]), "rows of W2"),
    ("01-shuffle", lambda W1, b1, W2, order: (W1[order], b1[order], W2), "output weights that stay"),
    (
        "01-shuffle",
        lambda W1, b1, W2, order: (W1[order], b1[order], W2[:, np.argsort(order)]),
        "output weights moved by the inverse",
    ),
    (
        "01-shuffle",
        lambda W1, b1, W2, order: (W1[order], b1[np.argsort(order)], W2[:, order]),
        "bias moved by the inverse",
    ),
    (
        "01-shuffle",
        lambda W1, b1, W2, order: [part for part in shuffle_by_matrix(W1, b1, W2, np.argsort(order))],
        "the inverse permutation",
    ),
    ("01-near-miss", (2.0, 0.5), "the minimum itself"),
    ("01-near-miss", (0.5, 0.6), "coordinates swapped"),
    ("01-near-miss", (-2.0, 2.6), "still ends at zero loss"),
    ("01-near-miss", (0.0, 0.0), "too far away"),
    ("01-near-miss", (2.5, 1.0), "ends at zero loss"),
]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("name", "answer"), RIGHT)
def test_right(name, answer, seed):
    verdict = examine(name, answer, rng=np.random.default_rng(seed))
    assert verdict.status == "right", verdict


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("name", "answer", "mistake"), WRONG)
def test_wrong_is_named(name, answer, mistake, seed):
    verdict = examine(name, answer, rng=np.random.default_rng(seed))
    assert verdict.status == "wrong", verdict
    assert mistake in verdict.mistake


def test_right_by_running_gradient_descent():
    verdict = examine("01-scaled-limit", scaled_by_running, rng=np.random.default_rng(0))
    assert verdict.status == "right", verdict


@pytest.mark.parametrize(("name", "answer", "mistake"), WRONG)
def test_hints_escalate(name, answer, mistake):
    core._tries.clear()
    first, second = (str(examine(name, answer, rng=np.random.default_rng(0))) for _ in range(2))
    assert first.count("Hint:") == 1
    assert second.count("Hint:") == 2
    assert second.startswith(first)


def test_every_mistake_has_its_own_name():
    for name in {name for name, *_ in WRONG}:
        named = {examine(n, a, rng=np.random.default_rng(0)).mistake for n, a, _ in WRONG if n == name}
        assert len(named) == sum(n == name for n, *_ in WRONG) >= 4


@pytest.mark.parametrize("name", sorted({name for name, _ in RIGHT}))
@pytest.mark.parametrize(
    "nonsense", ["text", None, [], {}, float("nan"), lambda *arguments: None, lambda *arguments: 1 / 0, lambda: 1]
)
def test_nonsense_gets_a_message(name, nonsense):
    assert examine(name, nonsense).status == "unusable"


def test_unattempted():
    assert examine("01-extra-steps").status == "unattempted"
