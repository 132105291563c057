"""Answers to the exercises of *Calibrating the variance*: right ones, and wrong ones."""

import math

import numpy as np


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
    ("ten-percent", 1.1**60),
    ("ten-percent", 300),
    ("ten-percent", np.float32(1.21) ** 30),
    ("product-variance", product_variance),
    ("product-variance", one_factor_after_the_other),
    ("uniform-limit", lambda shape: math.sqrt(3 / shape[1])),
    ("uniform-limit", lambda shape: 3**0.5 * shape[-1] ** -0.5),
    ("sparse", sparse(lambda out, inn, p: 1 / math.sqrt(p * inn))),
    ("sparse", sparse_uniform),
    ("fan", scaled(lambda n_in, n_out: math.sqrt(n_in))),
    ("fan", fan_uniform),
    ("underflow", lambda f, s: int(np.log10(s) / np.log10(f) * 2) + 1),
    ("underflow", count_layers),
    ("ten-percent", "304"),
]
WRONG = [
    ("ten-percent", 1.1**30, "values, not of their squares", "The weights are 1.1 times too"),
    ("ten-percent", 1.21, "growth in a single layer", "That is one layer, and there"),
    ("ten-percent", 1.1, "values in a single layer", "What does one layer do to"),
    ("ten-percent", 30 * 1.21, "factors that are added", "The second layer acts on what"),
    ("ten-percent", 4, "errors of 10%", "The second layer acts on what"),
    ("ten-percent", 7.3, "errors of 21%", "1.21 is the right factor of"),
    ("ten-percent", 1, "no change", "Only N Var(W) = 1 keeps"),
    (
        "product-variance",
        lambda m, v: product_variance(m, v) ** 0.5,
        "standard deviation",
        "You took a root too many",
    ),
    ("product-variance", lambda m, v: np.prod(v), "means taken for zero", "This is the variance only if"),
    ("product-variance", lambda m, v: np.prod(v + m**2), "mean square in place", "You have E[Y^2]. What is missing"),
    ("product-variance", lambda m, v: np.prod(v + m**2) - np.prod(m), "not squared", "Check the units of what you"),
    ("product-variance", lambda m, v: sum(v), "variance of a sum", "Variances add for a sum. Here"),
    (
        "product-variance",
        lambda m, v: one_varies(v, m**2) + sum(v),
        "variances added",
        "Double the unit of one factor",
    ),
    (
        "product-variance",
        lambda m, v: one_varies(v, m**2 + v) + np.prod(v),
        "mean squares where",
        "You counted some terms twice: E[X^2]",
    ),
    (
        "product-variance",
        lambda m, v: one_varies(v, m**2) + np.prod(v),
        "mixed terms",
        "With two factors this is right",
    ),
    ("product-variance", lambda m, v: one_varies(v, m**2), "several factors vary", "Each of your terms lets one"),
    (
        "product-variance",
        lambda m, v: product_variance(v, m),
        "exchanged",
        "Call variance(mean=..., var=...) on an example",
    ),
    ("uniform-limit", lambda shape: math.sqrt(3 / shape[0]), "fans swapped", "How many products does one unit"),
    (
        "uniform-limit",
        lambda shape: 1 / math.sqrt(shape[1]),
        "standard deviation used as the limit",
        "A uniform distribution on (-a, a)",
    ),
    (
        "uniform-limit",
        lambda shape: math.sqrt(3) / shape[1],
        "variance used as the standard",
        "The fan belongs under the root",
    ),
    ("uniform-limit", lambda shape: 3 / shape[1], "root left out", "This is a^2"),
    (
        "uniform-limit",
        lambda shape: 1 / math.sqrt(3 * shape[1]),
        "division by sqrt(3)",
        "This is the standard deviation of",
    ),
    ("uniform-limit", lambda shape: 1 / shape[1], "variance in place of the limit", "This is the variance that the"),
    ("uniform-limit", lambda shape: math.sqrt(12 / shape[1]), "on (0, a)", "The interval is (-a, a), and"),
    ("uniform-limit", lambda shape: math.sqrt(6 / shape[1]), "ReLU", "Twice the variance is needed behind"),
    ("uniform-limit", lambda shape: math.sqrt(6 / sum(shape)), "average", "That is a compromise with the"),
    (
        "sparse",
        sparse(lambda out, inn, p: 1 / math.sqrt(p * inn), share=lambda p: 1),
        "none is zero",
        "Each connection is missing with probability",
    ),
    (
        "sparse",
        sparse(lambda out, inn, p: 1 / math.sqrt(p * inn), share=lambda p: 1 - p),
        "missing with probability p",
        "p is the probability that a",
    ),
    ("sparse", whole_rows, "whole rows or columns", "Print the mask: which entries are"),
    (
        "sparse",
        sparse(lambda out, inn, p: 1 / math.sqrt(p * inn), shape=lambda out, inn: (inn, out)),
        "swapped",
        "A unit is a row: the",
    ),
    (
        "sparse",
        sparse(lambda out, inn, p: 1, draw=np.random.Generator.random),
        "not zero",
        "Was it rand where randn was",
    ),
    ("sparse", sparse(lambda out, inn, p: 1 / math.sqrt(inn)), "forgets the missing", "Your signal shrinks by p in"),
    (
        "sparse",
        sparse(lambda out, inn, p: math.sqrt(p / inn)),
        "wrong side",
        "Fewer connections: should those that are",
    ),
    (
        "sparse",
        sparse(lambda out, inn, p: 1 / (p * math.sqrt(inn))),
        "its root is meant",
        "The variance has the factor 1",
    ),
    ("sparse", sparse(lambda out, inn, p: 1 / (p * inn)), "variance used as the standard", "1 / (p N) is the"),
    (
        "sparse",
        sparse(lambda out, inn, p: 1 / math.sqrt(p * out)),
        "fan_out in place",
        "How many products does one unit",
    ),
    ("sparse", sparse(lambda out, inn, p: math.sqrt(2 / (p * inn))), "ReLU", "These layers are linear"),
    ("fan", scaled(lambda n_in, n_out: math.sqrt(n_out)), "fan_out in place", "This is the colleague's bug"),
    (
        "fan",
        scaled(lambda n_in, n_out: math.sqrt((n_in + n_out) / 2)),
        "average",
        "A compromise, and the first layer",
    ),
    ("fan", scaled(lambda n_in, n_out: (n_in * n_out) ** 0.25), "geometric", "A compromise, and the first layer"),
    ("fan", scaled(lambda n_in, n_out: n_in), "root left out", "1 / n_in is the variance"),
    (
        "fan",
        lambda n_in, n_out, rng: rng.uniform(-1, 1, (n_in, n_out)) / math.sqrt(n_in),
        "limit of a uniform",
        "A uniform distribution on (-a, a)",
    ),
    (
        "fan",
        scaled(lambda n_in, n_out: math.sqrt(n_in * n_out)),
        "root of all weights",
        "W.size counts the weights of all",
    ),
    ("fan", scaled(lambda n_in, n_out: 1), "no calibration", "The numbers are standard normal"),
    ("fan", scaled(lambda n_in, n_out: math.sqrt(n_in / 2)), "ReLU", "Behind a ReLU it would be"),
    (
        "fan",
        lambda n_in, n_out, rng: rng.standard_normal((n_out, n_in)) / math.sqrt(n_in),
        "transposed",
        "The colleague computes h @ W",
    ),
    (
        "fan",
        scaled(lambda n_in, n_out: math.sqrt(n_in), np.random.Generator.random),
        "not zero",
        "Was it rand where randn was",
    ),
    ("underflow", lambda f, s: math.ceil(layers(f, s) / 2), "second moment taken", "The units have the size of"),
    ("underflow", lambda f, s: math.ceil(2 * layers(f, s)), "root taken twice", "The root of factor^l is factor^(l"),
    ("underflow", lambda f, s: math.ceil(layers(f, s) / 4), "square in place", "Is the root of factor^l larger"),
    ("underflow", lambda f, s: math.ceil(layers(f, s)), "only reaches", "The root has to fall below"),
    ("underflow", lambda f, s: math.floor(layers(f, s)), "last layer above", "One layer too early"),
    ("underflow", lambda f, s: math.ceil(layers(f, s)) + 1, "too many", "One layer too late: the input"),
    ("underflow", layers, "not a whole layer", "Layers are whole numbers"),
    ("ten-percent", 1.21**29, "one layer too few", "Thirty layers, so thirty factors"),
    ("ten-percent", 1.21**31, "one layer too many", "Thirty layers, so thirty factors"),
    ("ten-percent", 33, "factors of the values", "The second layer acts"),
    ("ten-percent", 1.1**15, "root of the growth", "The mean square grows faster"),
    (
        "product-variance",
        lambda m, v: product_variance(m[:2], v[:2]),
        "two factors",
        "Your function looks at two",
    ),
    ("uniform-limit", lambda shape: math.sqrt(3 / max(shape)), "larger of both", "A layer may have more"),
    ("uniform-limit", lambda shape: math.sqrt(3 / min(shape)), "smaller of both", "A layer may have fewer"),
    ("uniform-limit", lambda shape: math.sqrt(2 / shape[1]), "behind a ReLU", "These layers are linear"),
    ("uniform-limit", lambda shape: 1 / math.sqrt(shape[0]), "for fan_out", "How many products"),
    ("sparse", sparse(lambda out, inn, p: 1 / math.sqrt(p * min(out, inn))), "smaller of both", "Try a layer with"),
    ("sparse", sparse(lambda out, inn, p: 1 / math.sqrt(p * max(out, inn))), "larger of both", "Try a layer with"),
    (
        "sparse",
        lambda out, inn, p, rng: sparse_uniform(out, inn, p, np.random.default_rng(0)),
        "ignore the generator",
        "Two generators",
    ),
    ("fan", scaled(lambda n_in, n_out: math.sqrt(max(n_in, n_out))), "larger of both", "Try a layer with"),
    ("fan", scaled(lambda n_in, n_out: math.sqrt(min(n_in, n_out))), "smaller of both", "Try a layer with"),
    (
        "fan",
        lambda n_in, n_out, rng: fan_uniform(n_in, n_out, rng) + 0.1 / math.sqrt(n_in),
        "not zero",
        "Was it rand",
    ),
    ("fan", lambda n_in, n_out, rng: fan_uniform(n_in, n_out, np.random.default_rng(5)), "ignore", "Two generators"),
]
UNKNOWN = [
    ("ten-percent", 100.0),
    ("product-variance", lambda m, v: np.prod(v + m**2) + 1),
    ("uniform-limit", lambda shape: 0.05),
    ("sparse", sparse(lambda out, inn, p: 1.5 / math.sqrt(p * inn))),
    ("sparse", sparse(lambda out, inn, p: 1 / math.sqrt(p * inn), share=lambda p: p / 2)),
    ("fan", scaled(lambda n_in, n_out: 1.2 * math.sqrt(n_in))),
    ("fan", scaled(lambda n_in, n_out: 1.02 * math.sqrt(n_in))),
    ("fan", scaled(lambda n_in, n_out: 0.98 * math.sqrt(n_in))),
    ("underflow", lambda f, s: 1000),
]
UNUSABLE = [
    ("ten-percent", "three"),
    ("uniform-limit", lambda shape: 1 / 0),
    ("underflow", lambda f, s: None),
    ("underflow", lambda f, s: 2 + 1j),
    ("fan", lambda n_in, n_out, rng: np.zeros((2, 2))),
    ("sparse", lambda out, inn, p: np.zeros((out, inn))),
]
