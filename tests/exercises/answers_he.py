"""Answers to the exercises of *He: when the neuron is not linear*: right ones, and wrong ones."""

import math

import numpy as np


def fill(xavier, he, *, constant=0.1, uniform=np.random.Generator.random, normal=np.random.Generator.standard_normal):
    """The four initializers, with standard deviations ``xavier(fan_in, fan_out, shape)`` and ``he(...)``."""

    def start(kind, shape, fan_in, fan_out, rng):
        if kind == "constant":
            return constant * np.ones(shape)
        if kind == "uniform":
            return uniform(rng, shape)
        return {"xavier": xavier, "he": he}[kind](fan_in, fan_out, shape) * normal(rng, shape)

    return start


def right_xavier(n, m, shape):
    return math.sqrt(2 / (n + m))


def right_he(n, m, shape):
    return math.sqrt(2 / n)


def narrowest(depth, p):
    n = 1
    while 1 - (1 - 2.0**-n) ** depth >= p:
        n += 1
    return n


def bound(depth, p):
    return -math.log2(1 - (1 - p) ** (1 / depth))


RIGHT = [
    ("halves", 0.75**20),
    ("halves", "0.00317"),
    ("two-slopes", lambda a, b: math.sqrt(2 / (a**2 + b**2))),
    ("two-slopes", lambda a, b: 1 / np.sqrt(np.mean([a * a, b * b]))),
    ("four", fill(right_xavier, right_he)),
    ("dead", narrowest),
    ("dead", lambda depth, p: math.floor(bound(depth, p)) + 1),
    ("transposed", lambda shape, stride: shape[0] * shape[2] * shape[3] / stride**2),
    ("transposed", lambda shape, stride: shape[0] * (shape[2] // stride) * (shape[3] // stride)),
]
WRONG = [
    ("halves", 1.5**20, "linear network", "This is what twenty"),
    ("halves", (1.5 * 0.34085) ** 20, "variance in place", "What does the next layer"),
    ("halves", 0.75**10, "growth of the values", "The second moment is asked"),
    ("halves", 2**-20, "halves alone", "This is the case"),
    ("halves", 0.75, "one layer", "That is one layer"),
    ("halves", 1, "He's", "He's weights would keep"),
    ("halves", 15, "added", "The second layer acts"),
    ("two-slopes", lambda a, b: (a**2 + b**2) / 2, "not the gain", "This is E[phi"),
    ("two-slopes", lambda a, b: 2 / (a**2 + b**2), "square of the gain", "The gain is a factor"),
    ("two-slopes", lambda a, b: math.sqrt(2 / (1 + a**2)), "taken for 1", "This is leaky ReLU"),
    ("two-slopes", lambda a, b: 2 / (a + b), "mean of the slopes", "Slopes act on values"),
    ("two-slopes", lambda a, b: (a**2 + b**2) ** -0.5, "without the halves", "Try a = b = 1"),
    ("two-slopes", lambda a, b: 2**0.5, "ReLU's factor", "This is the case a = 0"),
    (
        "two-slopes",
        lambda a, b: ((a**2 + b**2) / 2 - ((b - a) / math.sqrt(2 * math.pi)) ** 2) ** -0.5,
        "variance in place",
        "You subtracted the squared",
    ),
    ("four", fill(right_xavier, lambda n, m, shape: math.sqrt(2) / n), "covers the 2", 'kind == "he": sqrt(2)'),
    ("four", fill(right_xavier, lambda n, m, shape: 2 / n), "He's variance used", 'kind == "he": 2 / fan_in'),
    ("four", fill(right_xavier, lambda n, m, shape: math.sqrt(2 / m)), "fan_out where", 'kind == "he": which fan'),
    ("four", fill(right_xavier, lambda n, m, shape: n**-0.5), "2 left out", 'kind == "he": the ReLU'),
    ("four", fill(right_xavier, right_xavier), "Xavier's variance where", 'kind == "he": He looks'),
    ("four", fill(right_he, right_he), "He's variance where", 'kind == "xavier": Xavier looks'),
    ("four", fill(lambda n, m, shape: 2 / (n + m), right_he), "Xavier's variance used", 'kind == "xavier": 2 /'),
    ("four", fill(lambda n, m, shape: (n + m) ** -0.5, right_he), "summed", 'kind == "xavier": the variance'),
    ("four", fill(lambda n, m, shape: n**-0.5, right_he), "fan_in alone", 'kind == "xavier": Xavier looks'),
    (
        "four",
        fill(lambda n, m, shape: math.sqrt((1 / n + 1 / m) / 2), right_he),
        "mean of the two variances",
        'kind == "xavier": average',
    ),
    (
        "four",
        fill(lambda n, m, shape: math.sqrt(2 / (shape[0] + shape[1])), right_he),
        "two sizes",
        "A kernel makes the fans",
    ),
    ("four", fill(right_xavier, lambda n, m, shape: math.sqrt(2 / shape[1])), "two sizes", "A kernel makes"),
    (
        "four",
        fill(right_xavier, right_he, uniform=lambda rng, shape: rng.uniform(-1, 1, shape)),
        "both sides of zero",
        'With kind == "uniform"',
    ),
    (
        "four",
        fill(right_xavier, right_he, normal=lambda rng, shape: rng.uniform(-(3**0.5), 3**0.5, shape)),
        "not normal",
        "Normal numbers are asked",
    ),
    ("four", fill(right_xavier, right_he, normal=np.random.Generator.random), "not zero", "Was it rand where"),
    (
        "four",
        fill(right_xavier, right_he, normal=lambda rng, shape: np.random.default_rng(0).standard_normal(shape)),
        "ignore the generator",
        "Two generators",
    ),
    ("dead", lambda depth, p: math.floor(-math.log2(p)) + 1, "one layer in place", "You asked for one layer"),
    ("dead", lambda depth, p: math.floor(math.log2(depth / p)) + 1, "sum of the chances", "L 2^-n counts"),
    ("dead", lambda depth, p: math.floor(-math.log2(p) / depth) + 1, "silent at once", "How many silent layers"),
    ("dead", lambda depth, p: math.floor(bound(depth, p) * math.log(2)) + 1, "natural logarithm", "2^-n < x means"),
    ("dead", lambda depth, p: narrowest(depth, p) - 1, "too few", "With your n the chance"),
    ("dead", lambda depth, p: narrowest(depth, p) + 1, "too many", "One unit less"),
    ("dead", bound, "not whole", "Units are whole"),
    ("dead", lambda depth, p: math.ceil(bound(depth, p)), "exactly p", "Try one layer and p"),
    ("transposed", lambda shape, stride: shape[1] * shape[2] * shape[3], "colleague's", "This is the colleague's"),
    ("transposed", lambda shape, stride: shape[0] * shape[2] ** 2, "stride left out", "The channels are right"),
    ("transposed", lambda shape, stride: shape[1] * shape[2] ** 2 / stride**2, "output channels", "The stride is"),
    ("transposed", lambda shape, stride: shape[0] * shape[2] ** 2 / stride, "one direction", "An image has two"),
    ("transposed", lambda shape, stride: shape[0] * shape[2] ** 2 * stride**2, "multiplies", "Does a larger stride"),
    ("transposed", lambda shape, stride: shape[0] * shape[2] / stride, "one side", "A kernel has two"),
]
UNKNOWN = [
    ("halves", 0.5),
    ("two-slopes", lambda a, b: 7.0),
    ("four", fill(right_xavier, right_he, constant=0.2)),
    ("four", fill(right_xavier, lambda n, m, shape: 1.0)),
    ("four", fill(right_xavier, right_he, uniform=lambda rng, shape: rng.uniform(0.2, 0.8, shape))),
    ("dead", lambda depth, p: 100),
    ("transposed", lambda shape, stride: 1.0),
]
UNUSABLE = [
    ("four", lambda kind, shape, fan_in, fan_out, rng: rng.random(3)),
    ("transposed", lambda shape, stride: shape),
]
