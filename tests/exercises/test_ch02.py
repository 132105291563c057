"""The checks of chapter 02 accept right answers in several forms and name the typical wrong ones."""

import numpy as np
import pytest

from warmstart.exercises import core
from warmstart.exercises.core import examine

SEEDS = range(8)


def rows(weight, squared_length=2.0):
    return weight * np.sqrt(squared_length / np.sum(weight**2, axis=1, keepdims=True))


def waves(n_out, n_in):
    return np.cos(np.outer(1 + np.arange(n_out), 1 + np.arange(n_in)))


def cosine_start(n_out, n_in):
    """The start of the chapter: its row 0 has twice the squared length of the others."""
    return 2 / np.sqrt(n_in) * np.cos(np.pi / n_in * np.outer(np.arange(n_out), np.arange(n_in) + 0.5))


def slow_waves(n_out, n_in):
    return rows(np.cos(np.pi / (n_out + n_in) * np.outer(1 + np.arange(n_out), np.arange(n_in) + 0.5)))


def powers(n_out, n_in):
    return rows(np.array([[(1 + 0.1 * row) ** -column for column in range(n_in)] for row in range(n_out)]))


def fixed_seed(n_out, n_in):
    return rows(np.random.default_rng(7).standard_normal((n_out, n_in)))


def dropout(h, p, rng):
    return h * (rng.random(h.shape) >= p) / (1 - p)


def dropout_where(h, p, rng):
    return np.where(np.random.default_rng(rng.integers(99)).uniform(size=h.shape) < p, 0, h / (1 - p))


def masked(shape, factor=lambda p: 1 / (1 - p)):
    return lambda h, p, rng: h * (rng.random(shape(h)) >= p) * factor(p)


RIGHT = [
    ("02-breakers", "DFG"),
    ("02-breakers", "g, f, d"),
    ("02-breakers", "D, F and G."),
    ("02-breakers", ["D", "F", "G"]),
    ("02-breakers", {"F", "G", "D"}),
    ("02-waking", lambda layer, hidden: hidden + 2 - layer),
    ("02-waking", lambda layer, hidden: len(range(layer, hidden + 2))),
    ("02-twin", lambda n, eta: (eta / n, n * eta)),
    ("02-twin", lambda n, eta: np.array([1 / n, n]) * eta),
    ("02-no-dice", lambda n_out, n_in: rows(waves(n_out, n_in))),
    ("02-no-dice", powers),
    ("02-no-dice", lambda n_out, n_in: slow_waves(n_out, n_in).tolist()),
    ("02-no-dice", fixed_seed),
    ("02-one-mask", dropout),
    ("02-one-mask", dropout_where),
    ("02-survive", np.sqrt(2 / 64)),
    ("02-survive", 0.18),
    ("02-survive", 0.17),
    ("02-survive", 0.1877),  # the notebook shows 9.4 for it
]
WRONG = [
    ("02-breakers", "ADFG", "minibatches"),
    ("02-breakers", "BDFG", "optimizer"),
    ("02-breakers", "DEFG", "noise that all units share"),
    ("02-breakers", "FG", "dropout on hidden units"),
    ("02-breakers", "DF", "outgoing weights"),
    ("02-breakers", "DG", "biases"),
    ("02-waking", lambda layer, hidden: layer, "from the input"),
    ("02-waking", lambda layer, hidden: 1, "all wake in step 1"),
    ("02-waking", lambda layer, hidden: hidden + 1 - layer, "starts at 0"),
    ("02-waking", lambda layer, hidden: hidden + 3 - layer, "starts at 2"),
    ("02-waking", lambda layer, hidden: 1 if layer == hidden + 1 else 2, "all wake in step 2"),
    ("02-waking", lambda layer, hidden: hidden - layer, "leaves out"),
    ("02-waking", lambda layer, hidden: layer + 2 - hidden, "arguments swapped"),
    ("02-twin", lambda n, eta: (eta, eta), "wide network for both"),
    ("02-twin", lambda n, eta: (eta / n, eta / n), "share of the rate"),
    ("02-twin", lambda eta, n: (eta / n, n * eta), "arguments swapped"),
    ("02-twin", lambda n, eta: (eta / n**2, eta * n**2), "n squared"),
    ("02-twin", lambda n, eta: (n * eta, eta / n), "swapped"),
    ("02-twin", lambda n, eta: (eta, n * eta), "incoming weight that moves"),
    ("02-twin", lambda n, eta: (eta / n, eta), "outgoing weight that moves"),
    ("02-twin", lambda n, eta: (n * eta, n * eta), "n times the rate"),
    ("02-twin", lambda n, eta: (eta / n**0.5, eta * n**0.5), "root of n"),
    ("02-no-dice", lambda n_out, n_in: np.full((n_out, n_in), np.sqrt(2 / n_in)), "copies"),
    ("02-no-dice", lambda n_out, n_in: np.sqrt(2) * np.eye(n_out, n_in), "all zero"),
    ("02-no-dice", lambda n_out, n_in: rows(np.random.standard_normal((n_out, n_in))), "dice"),
    ("02-no-dice", lambda n_out, n_in: rows(waves(n_out, n_in)).T, "swapped"),
    ("02-no-dice", lambda n_out, n_in: rows(waves(n_out, n_in), 1), "squared length 1"),
    ("02-no-dice", cosine_start, "first row"),
    ("02-no-dice", lambda n_out, n_in: 2 * waves(n_out, n_in) / np.sqrt(n_in), "wrong length"),
    ("02-no-dice", lambda n_out, n_in: rows(waves(n_out, n_in), 4), "length 2"),
    ("02-no-dice", lambda n_out, n_in: rows(waves(n_out, n_in), 2 * n_in), "mean square"),
    (
        "02-no-dice",
        lambda n_out, n_in: waves(n_out, n_in) * np.sqrt(2 * n_out / np.sum(waves(n_out, n_in) ** 2)),
        "on average",
    ),
    ("02-one-mask", masked(lambda h: (len(h), 1)), "all units of an example"),
    ("02-one-mask", masked(lambda h: (1, h.shape[1])), "all examples of a batch"),
    ("02-one-mask", lambda h, p, rng: h / (1 - p), "whole array"),
    ("02-one-mask", masked(lambda h: h.shape, lambda p: 1), "not rescaled"),
    ("02-one-mask", masked(lambda h: h.shape, lambda p: 1 - p), "multiplied"),
    ("02-one-mask", masked(lambda h: h.shape, lambda p: 1 / p), "divided by p"),
    ("02-one-mask", lambda h, p, rng: h * (rng.random(h.shape) < p) / p, "kept with probability p"),
    ("02-survive", 1 / 8, "linear network"),
    ("02-survive", 2 / 64, "variance given"),
    ("02-survive", np.sqrt(2) / 64, "in place of"),
    ("02-survive", 0.01, "classical"),
    ("02-survive", 0.1, "dies out"),
    ("02-survive", 1.0, "explodes"),
    ("02-survive", -0.2, "not positive"),
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


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (lambda h, p, rng: h * (rng.random(h.shape) >= p) * 3, "wrong"),  # another factor
        (lambda h, p, rng: h * (rng.random(h.shape) >= 0.9) / (1 - p), "wrong"),  # another share
    ],
)
def test_unrecognized_dropout(answer, status):
    verdict = examine("02-one-mask", answer, rng=np.random.default_rng(0))
    assert verdict.status == status
    assert verdict.mistake == ""


@pytest.mark.parametrize("name", sorted({name for name, _ in RIGHT}))
@pytest.mark.parametrize(
    "nonsense", ["text", None, [], {}, float("nan"), lambda *arguments: None, lambda *arguments: 1 / 0, lambda: 1]
)
def test_nonsense_gets_a_message(name, nonsense):
    assert examine(name, nonsense).status == "unusable"


def test_unattempted():
    assert examine("02-breakers").status == "unattempted"


def test_waking_is_what_a_network_does():
    """A zero start with three hidden sigmoid layers: the layers move in the steps that the exercise asks for."""
    rng = np.random.default_rng(0)
    x, target = rng.standard_normal((6, 8)), np.eye(3)[[0, 0, 1, 0, 2, 0, 1, 0]].T
    weights = [np.zeros((4, 6)), np.zeros((4, 4)), np.zeros((4, 4)), np.zeros((3, 4))]
    first = {}
    for step in range(1, 6):
        activations = [x]
        for weight in weights[:-1]:
            activations.append(1 / (1 + np.exp(-weight @ activations[-1])))
        logits = np.exp(weights[-1] @ activations[-1])
        delta = logits / logits.sum(axis=0) - target
        gradients = []
        for layer in reversed(range(4)):
            gradients.insert(0, delta @ activations[layer].T)
            delta = (weights[layer].T @ delta) * activations[layer] * (1 - activations[layer])
        for layer, gradient in enumerate(gradients, start=1):
            if np.any(gradient != 0):
                first.setdefault(layer, step)
        weights = [weight - 0.1 * gradient for weight, gradient in zip(weights, gradients, strict=True)]
    assert first == {layer: 3 + 2 - layer for layer in range(1, 5)}
