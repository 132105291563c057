"""Answers to the exercises of *Breaking the symmetry*: right ones, and wrong ones."""

import numpy as np


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


def sign_code(n_out, n_in):
    """Rows of plus and minus one, as many as there are patterns of n_in signs."""
    bits = (np.arange(n_out)[:, None] >> np.arange(n_in)) & 1
    return rows(2.0 * bits - 1)


def one_hot_pairs(n_out, n_in):
    weight, pairs = np.zeros((n_out, n_in)), [(a, b) for a in range(n_in) for b in range(a)]
    for row in range(n_out):
        weight[row, pairs[row % len(pairs)]] = 1
    return weight


def paired_mask(h, p, rng):
    mask = np.repeat(rng.random((len(h), (h.shape[1] + 1) // 2)) >= p, 2, axis=1)
    return h * mask[:, : h.shape[1]] / (1 - p)


RIGHT = [
    ("breakers", "DFG"),
    ("breakers", "g, f, d"),
    ("breakers", "D, F and G."),
    ("breakers", ["D", "F", "G"]),
    ("breakers", {"F", "G", "D"}),
    ("waking", lambda layer, hidden: hidden + 2 - layer),
    ("waking", lambda layer, hidden: len(range(layer, hidden + 2))),
    ("twin", lambda n, eta: (eta / n, n * eta)),
    ("twin", lambda n, eta: np.array([1 / n, n]) * eta),
    ("no-dice", lambda n_out, n_in: rows(waves(n_out, n_in))),
    ("no-dice", powers),
    ("no-dice", lambda n_out, n_in: slow_waves(n_out, n_in).tolist()),
    ("no-dice", fixed_seed),
    ("one-mask", dropout),
    ("one-mask", dropout_where),
    ("survive", np.sqrt(2 / 64)),
    ("survive", 0.18),
    ("survive", 0.17),
    ("survive", 0.1877),  # the notebook shows 9.4 for it
    ("breakers", "D-F-G"),
    ("breakers", "{D, F, G}"),
    ("breakers", np.array(["D", "F", "G"])),
    ("breakers", ("d", "f", "g")),
    ("survive", "0.18"),
    ("survive", np.sqrt(2 / 64 * 10 ** (-0.95 / 20))),  # just inside, below
    ("survive", np.sqrt(2 / 64 * 10 ** (1.03 / 20))),  # and above
]
WRONG = [
    ("breakers", "ADFG", "minibatches", "Both units see the same minibatch"),
    ("breakers", "BDFG", "optimizer", "Momentum and weight decay apply one"),
    ("breakers", "DEFG", "noise that all units share", "The noise is random, but does"),
    ("breakers", "FG", "dropout on hidden units", "Look at the gradient with dropout"),
    ("breakers", "DF", "outgoing weights", "The theorem asks for three equal"),
    ("breakers", "DG", "biases", "Two units with other biases do"),
    ("waking", lambda layer, hidden: layer, "from the input", "What does the gradient of the"),
    ("waking", lambda layer, hidden: 1, "all wake in step 1", "In step 1 the gradient of"),
    ("waking", lambda layer, hidden: hidden + 1 - layer, "starts at 0", "Your answer for the output layer"),
    ("waking", lambda layer, hidden: hidden + 3 - layer, "starts at 2", "What is the gradient of the"),
    (
        "waking",
        lambda layer, hidden: 1 if layer == hidden + 1 else 2,
        "all wake in step 2",
        "After step 1 only the output",
    ),
    ("waking", lambda layer, hidden: hidden - layer, "leaves out", "There are L + 1 matrices"),
    ("waking", lambda layer, hidden: layer + 2 - hidden, "arguments swapped", "Which argument comes first"),
    ("twin", lambda n, eta: (eta, eta), "wide network for both", "u is the sum of n"),
    ("twin", lambda n, eta: (eta / n, eta / n), "share of the rate", "The incoming rate is right. Does"),
    ("twin", lambda eta, n: (eta / n, n * eta), "arguments swapped", "Which argument comes first"),
    ("twin", lambda n, eta: (eta / n**2, eta * n**2), "n squared", "How large is the change of"),
    ("twin", lambda n, eta: (n * eta, eta / n), "swapped", "Which of the two is a"),
    ("twin", lambda n, eta: (eta, n * eta), "incoming weight that moves", "The outgoing rate is right. Now"),
    ("twin", lambda n, eta: (eta / n, eta), "outgoing weight that moves", "The incoming rate is right. Now"),
    ("twin", lambda n, eta: (n * eta, n * eta), "n times the rate", "The outgoing rate is right. Does"),
    ("twin", lambda n, eta: (eta / n**0.5, eta * n**0.5), "root of n", "Nothing here is a standard deviation"),
    (
        "no-dice",
        lambda n_out, n_in: np.full((n_out, n_in), np.sqrt(2 / n_in)),
        "copies",
        "At least two of your rows",
    ),
    (
        "no-dice",
        lambda n_out, n_in: np.sqrt(2) * np.eye(n_out, n_in),
        "all zero",
        "Try more units than inputs: what",
    ),
    (
        "no-dice",
        lambda n_out, n_in: rows(np.random.standard_normal((n_out, n_in))),
        "dice",
        "Two calls gave two results",
    ),
    ("no-dice", lambda n_out, n_in: rows(waves(n_out, n_in)).T, "swapped", "A unit is a row: the"),
    ("no-dice", lambda n_out, n_in: rows(waves(n_out, n_in), 1), "squared length 1", "Multiply by a number"),
    ("no-dice", cosine_start, "first row", "What is a wave of frequency"),
    (
        "no-dice",
        lambda n_out, n_in: 2 * waves(n_out, n_in) / np.sqrt(n_in),
        "wrong length",
        "Your rows differ, that is right",
    ),
    ("no-dice", lambda n_out, n_in: rows(waves(n_out, n_in), 4), "length 2", "The squared length should be 2"),
    ("no-dice", lambda n_out, n_in: rows(waves(n_out, n_in), 2 * n_in), "mean square", "Sum the squares of a row"),
    (
        "no-dice",
        lambda n_out, n_in: waves(n_out, n_in) * np.sqrt(2 * n_out / np.sum(waves(n_out, n_in) ** 2)),
        "on average",
        "Some rows are longer than others",
    ),
    ("one-mask", masked(lambda h: (len(h), 1)), "all units of an example", "Within an example all units are"),
    ("one-mask", masked(lambda h: (1, h.shape[1])), "all examples of a batch", "This does break the symmetry, but"),
    ("one-mask", lambda h, p, rng: h / (1 - p), "whole array", "Either all values are dropped or"),
    ("one-mask", masked(lambda h: h.shape, lambda p: 1), "not rescaled", "What is the mean of your"),
    ("one-mask", masked(lambda h: h.shape, lambda p: 1 - p), "multiplied", "The kept values must grow, not"),
    ("one-mask", masked(lambda h: h.shape, lambda p: 1 / p), "divided by p", "A share 1 - p is"),
    (
        "one-mask",
        lambda h, p, rng: h * (rng.random(h.shape) < p) / p,
        "kept with probability p",
        "p is the probability of being",
    ),
    ("survive", 1 / 8, "linear network", "Without ReLU it would be right"),
    ("survive", 2 / 64, "variance given", "That is the right variance"),
    ("survive", np.sqrt(2) / 64, "in place of", "The width belongs under the root"),
    ("survive", 0.01, "classical", "Run it: how much is left"),
    ("survive", 0.1, "dies out", "Go up"),
    ("survive", 1.0, "explodes", "Go down"),
    ("survive", -0.2, "not positive", "It measures a spread"),
    ("twin", lambda n, eta: (n * eta, eta), "outgoing rate in the place", "The first rate is that of"),
    ("twin", lambda n, eta: (eta, eta / n), "incoming rate in the place", "The second rate is that of"),
    ("no-dice", sign_code, "copies of each other", "At least two of your rows"),
    ("no-dice", one_hot_pairs, "copies of each other", "At least two of your rows"),
    (
        "no-dice",
        lambda n_out, n_in: rows(waves(20, n_in)[np.arange(n_out) % 20]),
        "copies",
        "At least two of your rows",
    ),
    ("no-dice", lambda n_out, n_in: rows(cosine_start(n_out, n_in)), "copies", "At least two of your"),
    (
        "one-mask",
        masked(lambda h: h.shape, lambda p: 1 / np.sqrt(1 - p)),
        "root of 1 - p",
        "That keeps the mean square",
    ),
    (
        "one-mask",
        lambda h, p, rng: dropout(h, p, np.random.default_rng(3)),
        "ignore the generator",
        "Two generators with",
    ),
    (
        "one-mask",
        lambda h, p, rng: np.where(h < 1 + p, 0, h / (1 - p)),
        "ignore the generator",
        "Two generators with",
    ),
    ("one-mask", lambda h, p, rng: dropout(h, p, np.random), "another source", "The same seed gave two"),
    ("one-mask", paired_mask, "several units", "Some units are dropped together"),
    (
        "one-mask",
        lambda h, p, rng: h * np.repeat(rng.random((len(h) // 2, h.shape[1])) >= p, 2, axis=0) / (1 - p),
        "several examples",
        "Some examples have the same",
    ),
    ("survive", 0.999 * np.sqrt(2 / 64 * 10 ** (-1 / 20)), "dies out", "Go up"),
    ("survive", 1.001 * np.sqrt(2 / 64 * 10 ** (1.07 / 20)), "explodes", "Go down"),
]
UNKNOWN = [
    ("one-mask", lambda h, p, rng: h * (rng.random(h.shape) >= p) * 3),
    ("one-mask", lambda h, p, rng: h * (rng.random(h.shape) >= 0.9) / (1 - p)),
    ("waking", lambda layer, hidden: 7 * layer),
    ("twin", lambda n, eta: (eta, 3 * eta)),
]
UNUSABLE = [
    ("breakers", "XYZ"),
    ("breakers", []),
    ("breakers", 3),
    ("twin", lambda n, eta: eta / n),
]
