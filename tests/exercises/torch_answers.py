"""Right answers in torch, which a browser does not have, by the full name of their exercise."""

import math

import torch
from answers_breaking_symmetry import dropout, rows, waves
from answers_calibrating_variance import fan_uniform, product_variance
from answers_starting_point import scaled_solution
from answers_xavier import from_random


def in_torch(kind, shape, fan_in, fan_out, rng):
    generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
    if kind == "constant":
        return torch.full(shape, 0.1)
    if kind == "uniform":
        return torch.rand(shape, generator=generator)
    fan = fan_in if kind == "he" else (fan_in + fan_out) / 2
    return torch.empty(shape).normal_(0, math.sqrt((1 + (kind == "he")) / fan), generator=generator)


def by_autograd(weights, delta):
    values = [torch.zeros(weights[0].shape[1], dtype=torch.double, requires_grad=True)]
    for weight in weights:
        values.append(torch.tensor(weight) @ values[-1])
    values[-1].backward(torch.tensor(delta), inputs=values)
    return torch.stack([value.grad.square().mean() for value in values])


RIGHT = [
    ("breaking-symmetry-twin", lambda n, eta: torch.tensor([eta / n, n * eta], dtype=torch.double)),
    ("breaking-symmetry-twin", lambda n, eta: [torch.tensor(eta / n, dtype=torch.double), n * eta]),
    ("breaking-symmetry-no-dice", lambda n_out, n_in: torch.tensor(rows(waves(n_out, n_in)))),
    ("breaking-symmetry-one-mask", lambda h, p, rng: torch.tensor(dropout(h, p, rng))),
    ("calibrating-variance-ten-percent", torch.tensor(304.5)),
    ("calibrating-variance-product-variance", lambda m, v: torch.tensor(product_variance(m, v))),
    ("calibrating-variance-uniform-limit", lambda shape: torch.tensor(3 / shape[1], dtype=torch.double).sqrt()),
    ("calibrating-variance-fan", lambda n_in, n_out, rng: torch.tensor(fan_uniform(n_in, n_out, rng))),
    ("default-slope", lambda r: torch.tensor((2 - r) / r, dtype=torch.double).sqrt()),
    ("he-halves", torch.tensor(0.75) ** 20),
    ("he-four", in_torch),
    ("starting-point-scaled-limit", lambda A, y, s, rates: torch.tensor(scaled_solution(A, y, s, rates))),
    ("starting-point-shuffle", lambda W1, b1, W2, order: [W1[order].tolist(), torch.tensor(b1[order]), W2.T[order].T]),
    ("starting-point-near-miss", torch.tensor([0.7, 0.2])),
    ("xavier-std", torch.tensor(200.0).rsqrt()),
    ("xavier-backward", by_autograd),
    ("xavier-bug", lambda fan_in, fan_out, rng: torch.tensor(from_random(fan_in, fan_out, rng))),
]
