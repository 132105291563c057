"""Activations against torch's own; Gaussian means, gains and maps against mpmath, closed forms and simulation."""

import math
from functools import cache

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm
from torch.nn import functional as F

from warmstart.activations import ACTIVATIONS, PARAMETERS, activation
from warmstart.quadrature import gaussian_mean
from warmstart.scale import gain
from warmstart.theory import variance_map, variance_map_slope

TORCH = {
    "linear": lambda x: x,
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "erf": torch.erf,
}
MP_SELU = lambda x: x if x > 0 else mpmath.mpf("1.6732632423543772") * mpmath.expm1(x)  # noqa: E731
MP = {
    "linear": lambda x: x,
    "relu": lambda x: max(x, 0),
    "leaky_relu": lambda x: x if x > 0 else x / 100,
    "elu": lambda x: x if x > 0 else mpmath.expm1(x),
    "selu": lambda x: (
        mpmath.mpf("1.0507009873554805") * (x if x > 0 else mpmath.mpf("1.6732632423543772") * mpmath.expm1(x))
    ),
    "gelu": lambda x: x * mpmath.ncdf(x),
    "gelu_tanh": lambda x: x / 2 * (1 + mpmath.tanh(mpmath.sqrt(2 / mpmath.pi) * (x + mpmath.mpf("0.044715") * x**3))),
    "silu": lambda x: x / (1 + mpmath.exp(-x)),
    "mish": lambda x: x * mpmath.tanh(mpmath.log1p(mpmath.exp(x))),
    "tanh": mpmath.tanh,
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "softplus": lambda x: mpmath.log1p(mpmath.exp(x)),
    "softsign": lambda x: x / (1 + abs(x)),
    "hardtanh": lambda x: max(min(x, 1), -1),
    "erf": mpmath.erf,
}
VARIANCES = (1e-4, 1e-2, 1.0, 1e2)


@cache
def exact(name, variance, power=0):
    """E[z^power phi(sqrt(v) z)^2] with 25 digits, cut at the kinks and where exponentials bend."""
    with mpmath.workdps(25):
        root = mpmath.sqrt(mpmath.mpf(repr(variance)))
        cuts = sorted(
            {c / root for c in (-30, -8, -3, -1, 0, 1, 3, 8, 30) if abs(c / root) < 12} | {-12, -6, -2, 2, 6, 12}
        )
        density = lambda z: mpmath.exp(-z * z / 2) / mpmath.sqrt(2 * mpmath.pi)  # noqa: E731
        return float(mpmath.quad(lambda z: z**power * MP[name](root * z) ** 2 * density(z), cuts))


@pytest.mark.parametrize("name", ACTIVATIONS)
@given(x=st.lists(st.floats(-40, 40), min_size=1, max_size=20))
def test_activations_are_those_of_torch(name, x):
    ours = activation(name)(np.array(x))
    theirs = (TORCH.get(name) or getattr(F, name))(torch.tensor(x, dtype=torch.double)).numpy()
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("variance", VARIANCES)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_second_moments_are_those_of_mpmath(name, variance):
    """The promise is 1e-10, from variances of 1e-4 to 1e2."""
    assert variance_map(variance, name) == pytest.approx(exact(name, variance), rel=1e-11)


@pytest.mark.parametrize("variance", VARIANCES)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_slopes_are_those_of_mpmath(name, variance):
    """Both parts of (z^2 - 1) may nearly cancel, so the error is measured on their size."""
    slope = (exact(name, variance, 2) - exact(name, variance)) / (2 * variance)
    size = exact(name, variance) / (2 * variance)
    assert abs(variance_map_slope(variance, name) - slope) < 1e-11 * size


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_gains_keep_a_standard_normal(name):
    assert gain(name) ** 2 * exact(name, 1.0) == pytest.approx(1, rel=1e-10)
    assert variance_map(1.0, name, weight_scale=gain(name) ** 2) == pytest.approx(1, rel=1e-10)


@given(st.floats(1e-4, 1e2))
def test_closed_forms(v):
    assert variance_map(v, "relu") == pytest.approx(v / 2, rel=1e-12)
    assert variance_map(v, "erf") == pytest.approx(2 / math.pi * math.asin(2 * v / (1 + 2 * v)), rel=1e-11)
    inside = v * (math.erf(1 / math.sqrt(2 * v)) - math.sqrt(2 / math.pi / v) * math.exp(-1 / (2 * v)))
    assert variance_map(v, "hardtanh") == pytest.approx(inside + math.erfc(1 / math.sqrt(2 * v)), rel=1e-10)


@given(st.integers(0, 6), st.floats(1e-4, 1e2))
def test_moments_of_the_normal_distribution(half, v):
    double_factorial = math.prod(range(1, 2 * half, 2))
    assert gaussian_mean(lambda x: x ** (2 * half), v) == pytest.approx(double_factorial * v**half, rel=1e-11)


@given(st.integers(-50, 50), st.sampled_from([0.01, 0.25, 1.0, 4.0, 100.0]))
def test_a_jump_and_a_kink_are_found(tenths, v):
    place, z = tenths / 10, tenths / 10 / math.sqrt(v)
    assert gaussian_mean(lambda x: (x > place).astype(float), v) == pytest.approx(norm.sf(z), abs=1e-12)
    excess = math.sqrt(v) * (norm.pdf(z) - z * norm.sf(z))
    assert gaussian_mean(lambda x: np.maximum(x - place, 0), v) == pytest.approx(excess, abs=1e-11 * math.sqrt(v))


@pytest.mark.parametrize("name", sorted(PARAMETERS))
@given(param=st.floats(0.01, 2))
def test_parameters_reach_the_function(name, param):
    slope_or_alpha = {"leaky_relu": F.leaky_relu, "elu": F.elu}[name]
    x = torch.linspace(-3, 3, 13, dtype=torch.double)
    np.testing.assert_allclose(activation(name, param)(x.numpy()), slope_or_alpha(x, param).numpy(), rtol=1e-12)
    own = gain(lambda x: activation(name, param)(x))
    assert gain(name, param) == pytest.approx(own, rel=1e-10)


def test_a_wide_network_follows_the_map():
    """Eight layers of 2000 tanh units: each step scatters by at most sqrt(2 / 2000) = 0.03, and they add up."""
    rng, n, q = np.random.default_rng(0), 2000, 1.5
    z = math.sqrt(q) * rng.standard_normal(n)
    for layer in range(1, 9):
        z = gain("tanh") * rng.standard_normal((n, n)) @ np.tanh(z) / math.sqrt(n)
        q = variance_map(q, "tanh", weight_scale=gain("tanh") ** 2)
        assert np.mean(z**2) == pytest.approx(q, rel=4.5 * math.sqrt(2 * layer / n))


def test_the_fixed_points_of_the_field():
    """SELU attracts, as it was made to; GELU and SiLU with their exact gain repel."""
    assert gain("selu") == pytest.approx(1, abs=1e-12)
    slopes = {name: float(variance_map_slope(1.0, name, weight_scale=gain(name) ** 2)) for name in ACTIVATIONS}
    assert slopes["selu"] < 1
    assert slopes["tanh"] < 1
    assert round(slopes["gelu"], 2) == 1.14
    assert round(slopes["silu"], 2) == 1.17
    assert slopes["relu"] == pytest.approx(1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: gain("swish"), "nonlinearity received 'swish'; allowed: functions of an array, and linear, relu"),
        (lambda: gain("tanh", 1.0), "param received 1.0; allowed: None, for tanh has no parameter"),
        (lambda: gain(np.tanh, 1.0), "param received 1.0; allowed: None"),
        (lambda: gain("elu", math.inf), "param received inf; allowed: finite numbers"),
        (lambda: gain(np.zeros_like), "nonlinearity received 'zeros_like'; allowed: functions with 0 < E"),
        (lambda: variance_map(0.0, "relu"), "variance received 0.0; allowed: finite numbers above 0"),
        (lambda: variance_map([1.0, -1.0], "relu"), "variance received -1.0; allowed: finite numbers above 0"),
        (
            lambda: variance_map(1.0, "relu", weight_scale=-1),
            "weight_scale received -1; allowed: finite numbers",
        ),
        (lambda: variance_map(1.0, "relu", bias_var=math.nan), "bias_var received nan; allowed: finite numbers from 0"),
        (lambda: gaussian_mean(np.abs, math.inf), "variance received inf; allowed: finite numbers above 0"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
