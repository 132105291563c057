"""Answers to the exercises of chapter 03: right ones, and wrong ones with the mistake and the first hint to give."""

import math

import numpy as np
import torch


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
    ("03-ten-percent", "304"),
    ("03-ten-percent", torch.tensor(304.5)),
    ("03-product-variance", lambda m, v: torch.tensor(product_variance(m, v))),
    ("03-uniform-limit", lambda shape: torch.tensor(3 / shape[1], dtype=torch.double).sqrt()),
    ("03-fan", lambda n_in, n_out, rng: torch.tensor(fan_uniform(n_in, n_out, rng))),
]
WRONG = [
    ("03-ten-percent", 1.1**30, "values, not of their squares", "The weights are 1.1 times too"),
    ("03-ten-percent", 1.21, "growth in a single layer", "That is one layer, and there"),
    ("03-ten-percent", 1.1, "values in a single layer", "What does one layer do to"),
    ("03-ten-percent", 30 * 1.21, "factors that are added", "The second layer acts on what"),
    ("03-ten-percent", 4, "errors of 10%", "The second layer acts on what"),
    ("03-ten-percent", 7.3, "errors of 21%", "1.21 is the right factor of"),
    ("03-ten-percent", 1, "no change", "Only N Var(W) = 1 keeps"),
    (
        "03-product-variance",
        lambda m, v: product_variance(m, v) ** 0.5,
        "standard deviation",
        "You took a root too many",
    ),
    ("03-product-variance", lambda m, v: np.prod(v), "means taken for zero", "This is the variance only if"),
    ("03-product-variance", lambda m, v: np.prod(v + m**2), "mean square in place", "You have E[Y^2]. What is missing"),
    ("03-product-variance", lambda m, v: np.prod(v + m**2) - np.prod(m), "not squared", "Check the units of what you"),
    ("03-product-variance", lambda m, v: sum(v), "variance of a sum", "Variances add for a sum. Here"),
    (
        "03-product-variance",
        lambda m, v: one_varies(v, m**2) + sum(v),
        "variances added",
        "Double the unit of one factor",
    ),
    (
        "03-product-variance",
        lambda m, v: one_varies(v, m**2 + v) + np.prod(v),
        "mean squares where",
        "You counted some terms twice: E[X^2]",
    ),
    (
        "03-product-variance",
        lambda m, v: one_varies(v, m**2) + np.prod(v),
        "mixed terms",
        "With two factors this is right",
    ),
    ("03-product-variance", lambda m, v: one_varies(v, m**2), "several factors vary", "Each of your terms lets one"),
    (
        "03-product-variance",
        lambda m, v: product_variance(v, m),
        "exchanged",
        "Call variance(mean=..., var=...) on an example",
    ),
    ("03-uniform-limit", lambda shape: math.sqrt(3 / shape[0]), "fans swapped", "How many products does one unit"),
    (
        "03-uniform-limit",
        lambda shape: 1 / math.sqrt(shape[1]),
        "standard deviation used as the limit",
        "A uniform distribution on (-a, a)",
    ),
    (
        "03-uniform-limit",
        lambda shape: math.sqrt(3) / shape[1],
        "variance used as the standard",
        "The fan belongs under the root",
    ),
    ("03-uniform-limit", lambda shape: 3 / shape[1], "root left out", "This is a^2"),
    (
        "03-uniform-limit",
        lambda shape: 1 / math.sqrt(3 * shape[1]),
        "division by sqrt(3)",
        "This is the standard deviation of",
    ),
    ("03-uniform-limit", lambda shape: 1 / shape[1], "variance in place of the limit", "This is the variance that the"),
    ("03-uniform-limit", lambda shape: math.sqrt(12 / shape[1]), "on (0, a)", "The interval is (-a, a), and"),
    ("03-uniform-limit", lambda shape: math.sqrt(6 / shape[1]), "ReLU", "Twice the variance is needed behind"),
    ("03-uniform-limit", lambda shape: math.sqrt(6 / sum(shape)), "average", "That is a compromise with the"),
    (
        "03-sparse",
        sparse(lambda out, inn, p: 1 / math.sqrt(p * inn), share=lambda p: 1),
        "none is zero",
        "Each connection is missing with probability",
    ),
    (
        "03-sparse",
        sparse(lambda out, inn, p: 1 / math.sqrt(p * inn), share=lambda p: 1 - p),
        "missing with probability p",
        "p is the probability that a",
    ),
    ("03-sparse", whole_rows, "whole rows or columns", "Print the mask: which entries are"),
    (
        "03-sparse",
        sparse(lambda out, inn, p: 1 / math.sqrt(p * inn), shape=lambda out, inn: (inn, out)),
        "swapped",
        "A unit is a row: the",
    ),
    (
        "03-sparse",
        sparse(lambda out, inn, p: 1, draw=np.random.Generator.random),
        "not zero",
        "Was it rand where randn was",
    ),
    ("03-sparse", sparse(lambda out, inn, p: 1 / math.sqrt(inn)), "forgets the missing", "Your signal shrinks by p in"),
    (
        "03-sparse",
        sparse(lambda out, inn, p: math.sqrt(p / inn)),
        "wrong side",
        "Fewer connections: should those that are",
    ),
    (
        "03-sparse",
        sparse(lambda out, inn, p: 1 / (p * math.sqrt(inn))),
        "its root is meant",
        "The variance has the factor 1",
    ),
    ("03-sparse", sparse(lambda out, inn, p: 1 / (p * inn)), "variance used as the standard", "1 / (p N) is the"),
    (
        "03-sparse",
        sparse(lambda out, inn, p: 1 / math.sqrt(p * out)),
        "fan_out in place",
        "How many products does one unit",
    ),
    ("03-sparse", sparse(lambda out, inn, p: math.sqrt(2 / (p * inn))), "ReLU", "These layers are linear"),
    ("03-fan", scaled(lambda n_in, n_out: math.sqrt(n_out)), "fan_out in place", "This is the colleague's bug"),
    (
        "03-fan",
        scaled(lambda n_in, n_out: math.sqrt((n_in + n_out) / 2)),
        "average",
        "A compromise, and the first layer",
    ),
    ("03-fan", scaled(lambda n_in, n_out: (n_in * n_out) ** 0.25), "geometric", "A compromise, and the first layer"),
    ("03-fan", scaled(lambda n_in, n_out: n_in), "root left out", "1 / n_in is the variance"),
    (
        "03-fan",
        lambda n_in, n_out, rng: rng.uniform(-1, 1, (n_in, n_out)) / math.sqrt(n_in),
        "limit of a uniform",
        "A uniform distribution on (-a, a)",
    ),
    (
        "03-fan",
        scaled(lambda n_in, n_out: math.sqrt(n_in * n_out)),
        "root of all weights",
        "W.size counts the weights of all",
    ),
    ("03-fan", scaled(lambda n_in, n_out: 1), "no calibration", "The numbers are standard normal"),
    ("03-fan", scaled(lambda n_in, n_out: math.sqrt(n_in / 2)), "ReLU", "Behind a ReLU it would be"),
    (
        "03-fan",
        lambda n_in, n_out, rng: rng.standard_normal((n_out, n_in)) / math.sqrt(n_in),
        "transposed",
        "The colleague computes h @ W",
    ),
    (
        "03-fan",
        scaled(lambda n_in, n_out: math.sqrt(n_in), np.random.Generator.random),
        "not zero",
        "Was it rand where randn was",
    ),
    ("03-underflow", lambda f, s: math.ceil(layers(f, s) / 2), "second moment taken", "The units have the size of"),
    ("03-underflow", lambda f, s: math.ceil(2 * layers(f, s)), "root taken twice", "The root of factor^l is factor^(l"),
    ("03-underflow", lambda f, s: math.ceil(layers(f, s) / 4), "square in place", "Is the root of factor^l larger"),
    ("03-underflow", lambda f, s: math.ceil(layers(f, s)), "only reaches", "The root has to fall below"),
    ("03-underflow", lambda f, s: math.floor(layers(f, s)), "last layer above", "One layer too early"),
    ("03-underflow", lambda f, s: math.ceil(layers(f, s)) + 1, "too many", "One layer too late: the input"),
    ("03-underflow", layers, "not a whole layer", "Layers are whole numbers"),
    ("03-ten-percent", 1.21**29, "one layer too few", "Thirty layers, so thirty factors"),
    ("03-ten-percent", 1.21**31, "one layer too many", "Thirty layers, so thirty factors"),
    ("03-ten-percent", 33, "factors of the values", "The second layer acts"),
    ("03-ten-percent", 1.1**15, "root of the growth", "The mean square grows faster"),
    (
        "03-product-variance",
        lambda m, v: product_variance(m[:2], v[:2]),
        "two factors",
        "Your function looks at two",
    ),
    ("03-uniform-limit", lambda shape: math.sqrt(3 / max(shape)), "larger of both", "A layer may have more"),
    ("03-uniform-limit", lambda shape: math.sqrt(3 / min(shape)), "smaller of both", "A layer may have fewer"),
    ("03-uniform-limit", lambda shape: math.sqrt(2 / shape[1]), "behind a ReLU", "These layers are linear"),
    ("03-uniform-limit", lambda shape: 1 / math.sqrt(shape[0]), "for fan_out", "How many products"),
    ("03-sparse", sparse(lambda out, inn, p: 1 / math.sqrt(p * min(out, inn))), "smaller of both", "Try a layer with"),
    ("03-sparse", sparse(lambda out, inn, p: 1 / math.sqrt(p * max(out, inn))), "larger of both", "Try a layer with"),
    (
        "03-sparse",
        lambda out, inn, p, rng: sparse_uniform(out, inn, p, np.random.default_rng(0)),
        "ignore the generator",
        "Two generators",
    ),
    ("03-fan", scaled(lambda n_in, n_out: math.sqrt(max(n_in, n_out))), "larger of both", "Try a layer with"),
    ("03-fan", scaled(lambda n_in, n_out: math.sqrt(min(n_in, n_out))), "smaller of both", "Try a layer with"),
    (
        "03-fan",
        lambda n_in, n_out, rng: fan_uniform(n_in, n_out, rng) + 0.1 / math.sqrt(n_in),
        "not zero",
        "Was it rand",
    ),
    ("03-fan", lambda n_in, n_out, rng: fan_uniform(n_in, n_out, np.random.default_rng(5)), "ignore", "Two generators"),
]
UNKNOWN = [
    ("03-ten-percent", 100.0),
    ("03-product-variance", lambda m, v: np.prod(v + m**2) + 1),
    ("03-uniform-limit", lambda shape: 0.05),
    ("03-sparse", sparse(lambda out, inn, p: 1.5 / math.sqrt(p * inn))),
    ("03-sparse", sparse(lambda out, inn, p: 1 / math.sqrt(p * inn), share=lambda p: p / 2)),
    ("03-fan", scaled(lambda n_in, n_out: 1.2 * math.sqrt(n_in))),
    ("03-fan", scaled(lambda n_in, n_out: 1.02 * math.sqrt(n_in))),
    ("03-fan", scaled(lambda n_in, n_out: 0.98 * math.sqrt(n_in))),
    ("03-underflow", lambda f, s: 1000),
]
UNUSABLE = [
    ("03-ten-percent", "three"),
    ("03-uniform-limit", lambda shape: 1 / 0),
    ("03-underflow", lambda f, s: None),
    ("03-underflow", lambda f, s: 2 + 1j),
    ("03-fan", lambda n_in, n_out, rng: np.zeros((2, 2))),
    ("03-sparse", lambda out, inn, p: np.zeros((out, inn))),
]
