"""Activations against torch's own; Gaussian means, gains and maps against mpmath, closed forms and simulation."""

import math
from functools import cache

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from torch.nn import functional as F

from warmstart.activations import ACTIVATIONS, PARAMETERS, activation
from warmstart.quadrature import gaussian_mean
from warmstart.scale import gain
from warmstart.theory import correlation_map, gradient_factor, variance_map, variance_map_slope

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


def test_noise_does_not_fill_the_memory():
    """A function that is rough everywhere is not halved for ever; the mean of its noise is 0."""
    rng, most = np.random.default_rng(0), []

    def noise(x):
        most.append(np.size(x))
        return rng.standard_normal(np.shape(x))

    assert abs(gaussian_mean(noise)) < 0.05
    assert max(most) < 1e6


@pytest.mark.parametrize("gap", [1e-3, 1e-6, 1e-9, 1e-11, 1e-13, 1e-15])
def test_correlations_near_one_cost_no_more_than_others(gap):
    """1 - C = gap near 1 for ReLU, up to gap^1.5; the digits that the gap takes from the density are not looked for."""
    got = [correlation_map(sign * (1 - gap), name).item() for sign in (1, -1) for name in ("relu", "tanh")]
    assert got[0] == pytest.approx(1 - gap, abs=gap**1.5 + 1e-9)
    assert got[3] == pytest.approx(-got[1], abs=1e-9)
    assert got[2] == pytest.approx(0, abs=gap**1.5 + 1e-9)


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


@pytest.mark.parametrize("name", ACTIVATIONS)
@given(x=st.lists(st.floats(-40, 40).filter(lambda x: abs(x) > 1e-9 and abs(abs(x) - 1) > 1e-9), min_size=1))
def test_derivatives_are_those_of_autograd(name, x):
    z = torch.tensor(x, dtype=torch.double, requires_grad=True)
    (TORCH.get(name) or getattr(F, name))(z).sum().backward()
    # Torch cuts softplus off at 20, where e^-20 is 2e-9.
    np.testing.assert_allclose(activation(name).derivative(np.array(x)), z.grad.numpy(), rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("variance", VARIANCES)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_gradient_factors_are_those_of_autograd(name, variance):
    """Torch's own derivative, summed over two million points; at a jump of it the sum is off by half a point."""
    z = torch.linspace(-12, 12, 2_000_001, dtype=torch.double)
    x = (math.sqrt(variance) * z).requires_grad_()
    (TORCH.get(name) or getattr(F, name))(x).sum().backward()
    wanted = (x.grad**2 * torch.exp(-(z**2) / 2)).sum() * (z[1] - z[0]) / math.sqrt(2 * math.pi)
    assert gradient_factor(variance, name) == pytest.approx(wanted.item(), rel=2e-5)


@given(st.floats(1e-4, 1e2))
def test_gradient_factors_in_closed_form(v):
    assert gradient_factor(v, "relu", weight_scale=2) == pytest.approx(1, rel=1e-12)
    assert gradient_factor(v, "erf") == pytest.approx(4 / math.pi / math.sqrt(1 + 4 * v), rel=1e-11)
    assert gradient_factor(v, "hardtanh") == pytest.approx(math.erf(1 / math.sqrt(2 * v)), rel=1e-11)
    assert gradient_factor(v, np.sin, derivative=np.cos) == pytest.approx((1 + math.exp(-2 * v)) / 2, rel=1e-11)


@settings(max_examples=10)
@given(st.floats(-1, 1), st.sampled_from([1e-4, 1.0, 4.0]))
def test_correlations_in_closed_form(c, v):
    angle = math.acos(c)
    assert correlation_map(c, "relu", variance=v) == pytest.approx(
        (math.sin(angle) + (math.pi - angle) * c) / math.pi, abs=1e-12
    )
    assert correlation_map(c, "linear", variance=v) == pytest.approx(c, abs=1e-12)
    # sin u sin v = (cos(u - v) - cos(u + v)) / 2, and the mean of a cosine is e to minus half the variance.
    sine = (math.exp(-v * (1 - c)) - math.exp(-v * (1 + c))) / (1 - math.exp(-2 * v))
    assert correlation_map(c, np.sin, variance=v) == pytest.approx(sine, abs=1e-11)


@settings(max_examples=4)
@given(st.floats(-0.99, 0.99), st.floats(0.1, 1), st.floats(0, 1))
def test_correlations_of_a_kink_off_zero_and_with_biases(c, v, bias):
    """hardtanh against the two-dimensional integral over a grid that its kinks do not lie on."""
    z, w = np.polynomial.legendre.leggauss(400)
    u, w = 8 * z, 8 * w * np.exp(-32 * z**2) / math.sqrt(2 * math.pi)

    def clip(x):
        return np.clip(math.sqrt(v) * x, -1, 1)

    both = w @ (clip(u)[:, None] * clip(c * u[:, None] + math.sqrt(1 - c**2) * u)) @ w
    wanted = (0.5 * both + bias) / (0.5 * (w @ clip(u) ** 2) + bias)
    got = correlation_map(c, "hardtanh", variance=v, weight_scale=0.5, bias_var=bias)
    assert got == pytest.approx(wanted, abs=2e-3)


@pytest.mark.parametrize("name", ["tanh", "gelu", "softplus", "relu"])
def test_near_one_the_slope_is_the_gradient_factor(name):
    """1 - C(1 - e) = chi q / V e, up to e^1.5 at a kink and e^2 without."""
    e, v = 1e-6, 2.0
    slope = float(gradient_factor(v, name) * v / variance_map(v, name))
    assert (1 - correlation_map(1 - e, name, variance=v)) / e == pytest.approx(slope, rel=2e-3)


def test_two_inputs_and_a_gradient_in_a_wide_network():
    """Six layers of 2000 tanh units: correlations scatter by less than sqrt(2 / n) a layer, gradients by 2 / sqrt(n).
    Their mean square has the relative variance (3 E[phi'^4] / E[phi'^2]^2 - 1) / n < 4 / n.
    """
    rng, n, q, c, scale = np.random.default_rng(1), 2000, 1.5, 0.4, gain("tanh") ** 2
    z = math.sqrt(q) * np.array([[1, 0], [c, math.sqrt(1 - c**2)]]) @ rng.standard_normal((2, n))
    Ws, zs = [], []
    for layer in range(1, 7):
        Ws.append(math.sqrt(scale / n) * rng.standard_normal((n, n)))
        zs.append(z[0])
        z = np.tanh(z) @ Ws[-1].T
        q, c = (
            variance_map(q, "tanh", weight_scale=scale).item(),
            correlation_map(c, "tanh", variance=q, weight_scale=scale).item(),
        )
        assert np.corrcoef(z)[0, 1] == pytest.approx(c, abs=4.5 * math.sqrt(2 * layer / n))
    delta = rng.standard_normal(n)
    start, factor = np.mean(delta**2), 1.0
    for back, (W, pre) in enumerate(zip(Ws[::-1], zs[::-1], strict=True), start=1):
        delta = (1 - np.tanh(pre) ** 2) * (W.T @ delta)
        factor *= gradient_factor(np.mean(pre**2), "tanh", weight_scale=scale).item()
        assert np.mean(delta**2) / start == pytest.approx(factor, rel=4.5 * math.sqrt(4 * back / n))


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
        (lambda: correlation_map(1.1, "relu"), "correlation received 1.1; allowed: numbers from -1 to 1"),
        (lambda: correlation_map([0.5, math.nan], "relu"), "correlation received .*; allowed: finite numbers from -1"),
        (lambda: correlation_map(0.5, "relu", variance=0), "variance received 0; allowed: finite numbers above 0"),
        (lambda: gradient_factor(1.0, np.sin), "derivative received None; allowed: for sin: its derivative"),
        (lambda: gradient_factor(1.0, "relu", derivative=abs), "derivative received .*; allowed: for relu: None"),
        (lambda: gaussian_mean(np.abs, math.inf), "variance received inf; allowed: finite numbers above 0"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
