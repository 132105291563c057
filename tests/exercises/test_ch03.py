"""The checks of chapter 03 accept right answers in several forms and name the typical wrong ones."""

import math

import numpy as np
import pytest

from warmstart.exercises import core
from warmstart.exercises.core import examine

SEEDS = range(8)


def product_variance(mean, variance):
    return np.prod(variance + mean**2) - np.prod(mean) ** 2


def one_factor_after_the_other(mean, variance):
    m, v = 1.0, 0.0
    for mean_w, var_w in zip(mean, variance, strict=True):
        m, v = m * mean_w, m**2 * var_w + mean_w**2 * v + v * var_w
    return v


def one_varies(variance, weights):
    return sum(variance[i] * np.prod(np.delete(weights, i)) for i in range(len(variance)))


def sparse(std, *, shape=lambda out, inn: (out, inn), share=lambda p: p, draw=np.random.Generator.standard_normal):
    """A masked start with the standard deviation ``std(fan_out, fan_in, p)``."""

    def start(fan_out, fan_in, p, rng):
        size = shape(fan_out, fan_in)
        return std(fan_out, fan_in, p) * draw(rng, size) * (rng.random(size) < share(p))

    return start


def sparse_uniform(fan_out, fan_in, p, rng):
    limit = math.sqrt(3 / (p * fan_in))
    weight = rng.uniform(-limit, limit, (fan_out, fan_in))
    weight[rng.random(weight.shape) >= p] = 0
    return weight


def whole_rows(fan_out, fan_in, p, rng):
    return rng.standard_normal((fan_out, fan_in)) * (rng.random((fan_out, 1)) < p) / math.sqrt(p * fan_in)


def scaled(divisor, draw=np.random.Generator.standard_normal):
    return lambda n_in, n_out, rng: draw(rng, (n_in, n_out)) / divisor(n_in, n_out)


def fan_uniform(n_in, n_out, rng):
    return rng.uniform(-1, 1, (n_in, n_out)) * math.sqrt(3 / n_in)


def layers(factor, smallest):
    return 2 * math.log(smallest) / math.log(factor)


def count_layers(factor, smallest):
    layer, q = 0, 1.0
    while math.sqrt(q) >= smallest:
        layer, q = layer + 1, q * factor
    return layer


RIGHT = [
    ("03-ten-percent", 1.1**60),
    ("03-ten-percent", 300),
    ("03-ten-percent", np.float32(1.21) ** 30),
    ("03-product-variance", product_variance),
    ("03-product-variance", one_factor_after_the_other),
    ("03-uniform-limit", lambda shape: math.sqrt(3 / shape[1])),
    ("03-uniform-limit", lambda shape: 3**0.5 * shape[-1] ** -0.5),
    ("03-sparse", sparse(lambda out, inn, p: 1 / math.sqrt(p * inn))),
    ("03-sparse", sparse_uniform),
    ("03-fan", scaled(lambda n_in, n_out: math.sqrt(n_in))),
    ("03-fan", fan_uniform),
    ("03-underflow", lambda f, s: int(np.log10(s) / np.log10(f) * 2) + 1),
    ("03-underflow", count_layers),
]
WRONG = [
    ("03-ten-percent", 1.1**30, "values, not of their squares"),
    ("03-ten-percent", 1.21, "growth in a single layer"),
    ("03-ten-percent", 1.1, "values in a single layer"),
    ("03-ten-percent", 30 * 1.21, "factors that are added"),
    ("03-ten-percent", 4, "errors of 10%"),
    ("03-ten-percent", 7.3, "errors of 21%"),
    ("03-ten-percent", 1, "no change"),
    ("03-product-variance", lambda m, v: product_variance(m, v) ** 0.5, "standard deviation"),
    ("03-product-variance", lambda m, v: np.prod(v), "means taken for zero"),
    ("03-product-variance", lambda m, v: np.prod(v + m**2), "mean square in place"),
    ("03-product-variance", lambda m, v: np.prod(v + m**2) - np.prod(m), "not squared"),
    ("03-product-variance", lambda m, v: sum(v), "variance of a sum"),
    ("03-product-variance", lambda m, v: one_varies(v, m**2) + sum(v), "variances added"),
    ("03-product-variance", lambda m, v: one_varies(v, m**2 + v) + np.prod(v), "mean squares where"),
    ("03-product-variance", lambda m, v: one_varies(v, m**2) + np.prod(v), "mixed terms"),
    ("03-product-variance", lambda m, v: one_varies(v, m**2), "several factors vary"),
    ("03-product-variance", lambda m, v: product_variance(v, m), "exchanged"),
    ("03-uniform-limit", lambda shape: math.sqrt(3 / shape[0]), "fans swapped"),
    ("03-uniform-limit", lambda shape: 1 / math.sqrt(shape[1]), "standard deviation used as the limit"),
    ("03-uniform-limit", lambda shape: math.sqrt(3) / shape[1], "variance used as the standard"),
    ("03-uniform-limit", lambda shape: 3 / shape[1], "root left out"),
    ("03-uniform-limit", lambda shape: 1 / math.sqrt(3 * shape[1]), "division by sqrt(3)"),
    ("03-uniform-limit", lambda shape: 1 / shape[1], "variance in place of the limit"),
    ("03-uniform-limit", lambda shape: math.sqrt(12 / shape[1]), "on (0, a)"),
    ("03-uniform-limit", lambda shape: math.sqrt(6 / shape[1]), "ReLU"),
    ("03-uniform-limit", lambda shape: math.sqrt(6 / sum(shape)), "average"),
    ("03-sparse", sparse(lambda out, inn, p: 1 / math.sqrt(p * inn), share=lambda p: 1), "none is zero"),
    (
        "03-sparse",
        sparse(lambda out, inn, p: 1 / math.sqrt(p * inn), share=lambda p: 1 - p),
        "missing with probability p",
    ),
    ("03-sparse", whole_rows, "whole rows or columns"),
    ("03-sparse", sparse(lambda out, inn, p: 1 / math.sqrt(p * inn), shape=lambda out, inn: (inn, out)), "swapped"),
    ("03-sparse", sparse(lambda out, inn, p: 1, draw=np.random.Generator.random), "not zero"),
    ("03-sparse", sparse(lambda out, inn, p: 1 / math.sqrt(inn)), "forgets the missing"),
    ("03-sparse", sparse(lambda out, inn, p: math.sqrt(p / inn)), "wrong side"),
    ("03-sparse", sparse(lambda out, inn, p: 1 / (p * math.sqrt(inn))), "its root is meant"),
    ("03-sparse", sparse(lambda out, inn, p: 1 / (p * inn)), "variance used as the standard"),
    ("03-sparse", sparse(lambda out, inn, p: 1 / math.sqrt(p * out)), "fan_out in place"),
    ("03-sparse", sparse(lambda out, inn, p: math.sqrt(2 / (p * inn))), "ReLU"),
    ("03-fan", scaled(lambda n_in, n_out: math.sqrt(n_out)), "fan_out in place"),
    ("03-fan", scaled(lambda n_in, n_out: math.sqrt((n_in + n_out) / 2)), "average"),
    ("03-fan", scaled(lambda n_in, n_out: (n_in * n_out) ** 0.25), "geometric"),
    ("03-fan", scaled(lambda n_in, n_out: n_in), "root left out"),
    ("03-fan", lambda n_in, n_out, rng: rng.uniform(-1, 1, (n_in, n_out)) / math.sqrt(n_in), "limit of a uniform"),
    ("03-fan", scaled(lambda n_in, n_out: math.sqrt(n_in * n_out)), "root of all weights"),
    ("03-fan", scaled(lambda n_in, n_out: 1), "no calibration"),
    ("03-fan", scaled(lambda n_in, n_out: math.sqrt(n_in / 2)), "ReLU"),
    ("03-fan", lambda n_in, n_out, rng: rng.standard_normal((n_out, n_in)) / math.sqrt(n_in), "transposed"),
    ("03-fan", scaled(lambda n_in, n_out: math.sqrt(n_in), np.random.Generator.random), "not zero"),
    ("03-underflow", lambda f, s: math.ceil(layers(f, s) / 2), "second moment taken"),
    ("03-underflow", lambda f, s: math.ceil(2 * layers(f, s)), "root taken twice"),
    ("03-underflow", lambda f, s: math.ceil(layers(f, s) / 4), "square in place"),
    ("03-underflow", lambda f, s: math.ceil(layers(f, s)), "only reaches"),
    ("03-underflow", lambda f, s: math.floor(layers(f, s)), "last layer above"),
    ("03-underflow", lambda f, s: math.ceil(layers(f, s)) + 1, "too many"),
    ("03-underflow", layers, "not a whole layer"),
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
    ("name", "answer"),
    [
        ("03-ten-percent", 100.0),
        ("03-product-variance", lambda m, v: np.prod(v + m**2) + 1),
        ("03-uniform-limit", lambda shape: 0.05),
        ("03-sparse", sparse(lambda out, inn, p: 1.5 / math.sqrt(p * inn))),
        ("03-sparse", sparse(lambda out, inn, p: 1 / math.sqrt(p * inn), share=lambda p: p / 2)),
        ("03-fan", scaled(lambda n_in, n_out: 1.2 * math.sqrt(n_in))),
        ("03-underflow", lambda f, s: 3),
    ],
)
def test_an_unknown_mistake_is_wrong_all_the_same(name, answer):
    verdict = examine(name, answer, rng=np.random.default_rng(0))
    assert verdict.status == "wrong"
    assert verdict.mistake == ""


@pytest.mark.parametrize("name", ["03-ten-percent", *(f"03-{x}" for x in ("product-variance", "sparse", "fan"))])
@pytest.mark.parametrize("answer", [None, "three", [1, 2, 3], {}, float("nan"), lambda *inputs: "no number", print])
def test_nonsense_gets_a_message(name, answer):
    assert examine(name, answer, rng=np.random.default_rng(0)).status == "unusable"


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("03-uniform-limit", lambda shape: 1 / 0),
        ("03-underflow", lambda f, s: None),
        ("03-underflow", lambda f, s: 2 + 1j),
        ("03-fan", lambda n_in, n_out, rng: np.zeros((2, 2))),
        ("03-sparse", lambda out, inn, p: np.zeros((out, inn))),
    ],
)
def test_a_function_that_fails_gets_a_message(name, answer):
    assert examine(name, answer, rng=np.random.default_rng(0)).status == "unusable"
