"""Answers to the exercises of *Xavier: forward and backward*: right ones, and wrong ones."""

import math
from itertools import pairwise

import numpy as np


def gradients(weights, delta):
    moments = [np.mean(delta**2)]
    for weight in weights[::-1]:
        delta = delta @ weight
        moments.insert(0, np.mean(delta**2))
    return moments


def signal(weights, h):
    moments = [np.mean(h**2)]
    for weight in weights:
        h = weight @ h
        moments.append(np.mean(h**2))
    return moments


def without_transpose(weights, delta):
    return signal(weights[::-1], delta)[::-1]


def in_forward_order(weights, delta):
    return signal([weight.T for weight in weights], delta)[::-1]


def sums(weights, delta):
    sizes = [weights[0].shape[1], *(weight.shape[0] for weight in weights)]
    return np.array(gradients(weights, delta)) * sizes


def layer_by_layer(widths, alpha):
    factor = 1.0
    for fan_in, fan_out in pairwise(widths):
        factor *= fan_in * fan_in ** -(1 - alpha) * fan_out**-alpha
    return factor


def variances_alone(widths, alpha):
    return np.prod(widths[:-1] ** (alpha - 1) * widths[1:] ** -alpha)


def end(power):
    return lambda widths, alpha: (widths[0] / widths[-1]) ** power(alpha)


def uniform(limit):
    return lambda fan_in, fan_out, rng: rng.uniform(-1, 1, (fan_out, fan_in)) * limit(fan_in, fan_out)


def normal(fan_in, fan_out, rng):
    return rng.standard_normal((fan_out, fan_in)) * math.sqrt(2 / (fan_in + fan_out))


def from_random(fan_in, fan_out, rng):
    return (2 * rng.random((fan_out, fan_in)) - 1) * math.sqrt(3) * ((fan_in + fan_out) / 2) ** -0.5


RIGHT = [
    ("std", math.sqrt(2 / 400)),
    ("std", "0.0707"),
    ("backward", gradients),
    ("share", end(lambda alpha: alpha)),
    ("share", layer_by_layer),
    ("decay", lambda c: 1 / (6 * c)),
    ("decay", lambda c: np.float64(1 / 2) / (3 * c)),
    ("bug", uniform(lambda fan_in, fan_out: math.sqrt(6 / (fan_in + fan_out)))),
    ("bug", from_random),
]
WRONG = [
    ("std", 0.005, "variance, not", "This is what the weights have"),
    ("std", 0.1225, "limit of the uniform", "This is where a uniform"),
    ("std", 0.0816, "mean of the two variances", "What is averaged: the variances"),
    ("std", 0.0789, "mean of the two standard", "What is averaged: standard"),
    ("std", 0.076, "geometric", "Another good rule"),
    ("std", 0.05, "sum of the fans", "300 + 100 is"),
    ("std", 0.0577, "fan_in alone", "Xavier's rule looks at both"),
    ("std", 0.1, "fan_out alone", "Xavier's rule looks at both"),
    ("backward", lambda weights, delta: gradients(weights, delta)[::-1], "from the output to", "Which layer does"),
    ("backward", lambda weights, delta: gradients(weights, delta)[1:], "too few", "L matrices lie between"),
    ("backward", lambda weights, delta: np.sqrt(gradients(weights, delta)), "without its square", "A second moment"),
    ("backward", sums, "sums of squares", "A second moment does not grow"),
    ("backward", without_transpose, "not transposed", "Your gradient sums along rows"),
    ("backward", in_forward_order, "order of the forward", "Which matrix does the gradient"),
    ("backward", signal, "forward pass", "This is what a signal"),
    ("share", end(lambda alpha: alpha - 1), "factor of the gradient", "For alpha = 0 the signal"),
    ("share", end(lambda alpha: 1 - alpha), "exchanged", "For alpha = 0 the signal"),
    ("share", end(lambda alpha: -alpha), "upside down", "From many units to few"),
    ("share", end(lambda alpha: 1), "without alpha", "This is the case alpha = 1"),
    ("share", end(lambda alpha: alpha / 2), "growth of the values", "The second moment is asked"),
    ("share", variances_alone, "without the number of inputs", "A unit sums fan_in"),
    ("share", lambda widths, alpha: 1, "no change", "Only alpha = 0 keeps"),
    ("decay", lambda c: 1 / (2 * c), "E[z^4] taken", "What is the mean of z^4"),
    ("decay", lambda c: 1 / (3 * c), "factor 2 of the square", "Square z - c z^3"),
    ("decay", lambda c: 1 / c, "cubic term taken", "What does the square"),
    ("decay", lambda c: 6 * c, "growth of 1 / q", "If 1 / q grows by this"),
    ("decay", lambda c: 0.5, "limit for tanh", "For tanh c is 1/3"),
    ("bug", uniform(lambda n, m: math.sqrt(2 / (n + m))), "used as the limit", "This is the library's bug"),
    ("bug", uniform(lambda n, m: math.sqrt(2 / (n + m) / 3)), "wrong side", "Should the interval"),
    ("bug", uniform(lambda n, m: 3 * math.sqrt(2 / (n + m))), "without its root", "The limit is a length"),
    ("bug", uniform(lambda n, m: math.sqrt(3 / (n + m))), "not averaged", "The variance is 1 over"),
    ("bug", uniform(lambda n, m: math.sqrt(3 / n)), "fan_in alone", "This keeps the signal"),
    ("bug", uniform(lambda n, m: math.sqrt(6 / n + m)), "brackets", "Python divides before"),
    ("bug", uniform(lambda n, m: math.sqrt(3) * math.sqrt(2 / n + m)), "brackets", "Python divides before"),
    ("bug", uniform(lambda n, m: 6 / (n + m)), "root left out", "This is the square"),
    ("bug", uniform(lambda n, m: math.sqrt(24 / (n + m))), "wrong length", "The variance of an interval"),
    ("bug", normal, "not uniform", "The uniform form is asked"),
    ("bug", lambda n, m, rng: rng.random((m, n)) * math.sqrt(6 / (n + m)), "not zero", "Was it rand where"),
    ("bug", lambda n, m, rng: from_random(m, n, rng), "transposed", "The shape is (fan_out, fan_in)"),
]
UNKNOWN = [
    ("std", 0.2),
    ("backward", lambda weights, delta: np.ones(len(weights) + 1)),
    ("share", lambda widths, alpha: 2.0),
    ("decay", lambda c: 17.0),
    ("bug", uniform(lambda n, m: 1.0)),
]
UNUSABLE = [
    ("backward", lambda weights, delta: 1.0),
    ("bug", lambda n, m, rng: rng.random(3)),
]
