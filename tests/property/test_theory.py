"""theory: predictions against exact enumeration, simulation with derived tolerances, and gradient descent itself."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import digamma, polygamma
from scipy.stats import binom, chi2

from warmstart import theory

values = st.floats(-5, 5)
positive = st.floats(0.01, 5)
discrete = st.lists(st.tuples(values, st.integers(1, 9)), min_size=1, max_size=5)


def moments(distribution):
    x, weight = np.array(distribution, dtype=float).T
    mean = np.average(x, weights=weight)
    return mean, np.average((x - mean) ** 2, weights=weight)


@given(discrete, discrete)
def test_product_variance_is_exact_for_discrete_variables(w, x):
    """Enumerate all pairs of two independent discrete variables: no simulation, no tolerance but rounding."""
    pairs = [(a * b, m * n) for (a, m), (b, n) in itertools.product(w, x)]
    assert theory.product_variance(*moments(w), *moments(x)) == pytest.approx(moments(pairs)[1], rel=1e-9, abs=1e-9)


@given(st.integers(1, 6), st.floats(0.1, 2), arrays(float, 6, elements=values), st.floats(0, 2))
def test_pre_activation_variance_is_exact_over_all_signs(n, size, x, bias_std):
    """Weights of +-size with equal chance: the mean of z^2 over all 2^(n+1) sign choices, biases included."""
    x = x[:n]
    z = [np.dot(signs[:-1], x) * size + signs[-1] * bias_std for signs in itertools.product((-1, 1), repeat=n + 1)]
    predicted = theory.pre_activation_variance(n, size**2, np.mean(x**2), bias_std**2)
    assert predicted == pytest.approx(np.mean(np.square(z)), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("nonlinearity", ["linear", "relu", "leaky_relu"])
@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0])
def test_depth_prediction_holds_in_simulation(nonlinearity, factor):
    """400 random networks of 5 layers; the mean second moment must lie within 5 standard errors of the prediction."""
    rng = np.random.default_rng(7)
    widths, networks = [30, 40, 20, 40, 30, 25], 400
    slope = {"linear": 1.0, "relu": 0.0, "leaky_relu": 0.01}[nonlinearity]
    var_ws = [factor / n for n in widths[:-1]]
    x = rng.uniform(0, 1, widths[0])  # neither zero mean nor independent of the rest: the formula does not ask
    measured = []
    for _ in range(networks):
        h, row = x, []
        for n_in, n_out, var_w in zip(widths[:-1], widths[1:], var_ws, strict=True):
            z = rng.normal(0, math.sqrt(var_w), (n_out, n_in)) @ h + rng.normal(0, 0.3, n_out)
            h = np.where(z > 0, z, slope * z)
            row.append(np.mean(h**2))
        measured.append(row)
    predicted = theory.second_moment_through_depth(
        np.mean(x**2), widths[:-1], var_ws, nonlinearity=nonlinearity, bias_var=0.09
    )
    standard_error = np.std(measured, axis=0, ddof=1) / math.sqrt(networks)
    assert np.all(np.abs(np.mean(measured, axis=0) - predicted[1:]) < 5 * standard_error)


@given(st.lists(st.integers(1, 200), min_size=1, max_size=30))
def test_spread_is_the_product_of_chi_square_moments(widths):
    """E[(chi2_n / n)^2] = 1 + 2/n, from the chi-square law itself, and layers are independent."""
    second = np.cumprod([chi2(n).moment(2) / n**2 for n in widths])
    assert theory.second_moment_spread(widths) == pytest.approx(np.sqrt(second - 1), rel=1e-6)


@given(st.lists(st.integers(1, 300), min_size=1, max_size=5))
def test_log_moments_are_those_of_the_digamma_functions(widths):
    for name in ("relu", "linear"):
        mean, variance = theory.log_moment_law(widths, name)
        want_mean, want_variance = [], []
        for n in widths:
            k = np.arange(1, n + 1) if name == "relu" else np.array([n])
            chance = binom.pmf(k, n, 0.5) / binom.sf(0, n, 0.5) if name == "relu" else np.ones(1)
            log = digamma(k / 2) + math.log((4 if name == "relu" else 2) / n)
            want_mean.append(chance @ log)
            want_variance.append(chance @ (polygamma(1, k / 2) + (log - chance @ log) ** 2))
        assert mean == pytest.approx(np.cumsum(want_mean), rel=1e-9, abs=1e-9)
        assert variance == pytest.approx(np.cumsum(want_variance), rel=1e-9)


@pytest.mark.parametrize("nonlinearity", ["relu", "linear"])
def test_log_moments_hold_in_simulation(nonlinearity):
    """2000 networks of unequal layers: a mean scatters by sd / sqrt(M), a variance by less than var sqrt(6 / M)."""
    rng, widths, networks = np.random.default_rng(3), [20, 8, 30, 12, 25], 2000
    h, factor = np.ones((networks, 10)), 2 if nonlinearity == "relu" else 1
    for n in widths:
        W = math.sqrt(factor / h.shape[1]) * rng.standard_normal((networks, n, h.shape[1]))
        h = np.einsum("kij,kj->ki", W, h)
        h = np.maximum(h, 0) if nonlinearity == "relu" else h
    q = np.mean(h**2, axis=1)
    assert np.mean(q == 0) == pytest.approx(
        theory.dead_probability(widths)[-1] if factor == 2 else 0, abs=4.5 * math.sqrt(0.005 / networks)
    )
    log = np.log(q[q > 0])
    mean, variance = (law[-1] for law in theory.log_moment_law(widths, nonlinearity))
    assert log.mean() == pytest.approx(mean, abs=4.5 * math.sqrt(variance / networks))
    assert log.var() == pytest.approx(variance, rel=4.5 * math.sqrt(6 / networks))


@given(st.lists(st.integers(1, 3), min_size=1, max_size=4))
def test_dead_probability_counts_the_signs(widths):
    """Enumerate which units of which layers are positive; a layer without one is silent."""
    units = [list(itertools.product((0, 1), repeat=n)) for n in widths]
    for depth in range(1, len(widths) + 1):
        patterns = list(itertools.product(*units[:depth]))
        dead = np.mean([not all(map(any, pattern)) for pattern in patterns])
        assert theory.dead_probability(widths)[depth - 1] == pytest.approx(dead)


@given(st.integers(1, 1000), st.sampled_from(["linear", "relu", "leaky_relu"]), st.floats(0, 10))
def test_critical_variance_is_the_fixed_point(fan_in, nonlinearity, moment):
    var_w = theory.critical_weight_variance(fan_in, nonlinearity)
    through = theory.second_moment_through_depth(moment, [fan_in] * 7, var_w, nonlinearity=nonlinearity)
    assert through == pytest.approx(np.full(8, moment))
    assert theory.depth_scale(fan_in, float(var_w), nonlinearity) == math.inf


@given(st.integers(1, 1000), st.floats(0.2, 5).filter(lambda c: abs(c - 1) > 0.01))
def test_depth_scale_is_where_the_moment_changed_by_e(fan_in, factor):
    """Between the whole layers around the depth scale the second moment crosses the factor e."""
    scale = theory.depth_scale(fan_in, factor / fan_in)
    logs = np.log(theory.second_moment_through_depth(1.0, [fan_in] * (math.ceil(scale) + 1), factor / fan_in))
    assert abs(logs[math.floor(scale)]) <= 1 + 1e-9 <= abs(logs[math.ceil(scale)]) + 2e-9


@given(st.integers(1, 4), st.integers(1, 6), st.integers(0, 10_000))
def test_limit_is_where_gradient_descent_ends(equations, unknowns, seed):
    """Run gradient descent on matrices whose singular values lie in [1, 2]: its error shrinks by 3/4 a step."""
    rng = np.random.default_rng(seed)
    u, _, vt = np.linalg.svd(rng.normal(size=(equations, unknowns)), full_matrices=False)
    A = u * rng.uniform(1, 2, min(equations, unknowns)) @ vt
    b, start = rng.normal(size=equations), rng.normal(size=unknowns)
    x, rate = start, 0.5 * theory.largest_stable_learning_rate(A.T @ A)
    for _ in range(200):
        x = x - rate * A.T @ (A @ x - b)
    assert theory.gradient_descent_limit(A, b, start) == pytest.approx(x, abs=1e-9)
    assert np.linalg.norm(theory.gradient_descent_limit(A, b, 0 * start)) <= np.linalg.norm(x) + 1e-9


@given(st.integers(1, 5), st.integers(0, 10_000), st.floats(0.5, 1.5).filter(lambda c: abs(c - 1) > 0.05))
def test_learning_rate_bound_separates_convergence_from_divergence(n, seed, factor):
    rng = np.random.default_rng(seed)
    q, _ = np.linalg.qr(rng.normal(size=(n, n)))
    hessian = q * rng.uniform(0.5, 2, n) @ q.T
    hessian = (hessian + hessian.T) / 2
    rate = factor * theory.largest_stable_learning_rate(hessian)
    shrink = np.abs(np.linalg.eigvals(np.eye(n) - rate * hessian)).max()
    assert (shrink < 1) == (factor < 1)


BAD = [
    (lambda: theory.product_variance(0, -1, 0, 1), "var_w received -1; allowed: finite numbers from 0"),
    (lambda: theory.product_variance(0, 1, math.nan, 1), "mean_x received nan; allowed: finite numbers"),
    (lambda: theory.product_variance("a", 1, 0, 1), "mean_w received 'a'; allowed: finite numbers"),
    (lambda: theory.pre_activation_variance(0, 1, 1), "fan_in received 0; allowed: positive whole numbers"),
    (lambda: theory.pre_activation_variance(2.5, 1, 1), "fan_in received 2.5; allowed: positive whole numbers"),
    (
        lambda: theory.second_moment_through_depth(1, [3, 3], [1, 1, 1]),
        r"var_ws received \[1, 1, 1\]; allowed: one number or 2",
    ),
    (lambda: theory.second_moment_through_depth(1, [], 1), r"fan_ins received \[\]; allowed: positive whole numbers"),
    (lambda: theory.second_moment_through_depth(-1, [3], 1), "second_moment received -1; allowed: finite"),
    (
        lambda: theory.second_moment_through_depth(1, [3], 1, nonlinearity="swish"),
        "received 'swish'; allowed: linear, relu, leaky_relu",
    ),
    (lambda: theory.second_moment_spread([3, 0]), r"widths received \[3, 0\]; allowed: positive whole numbers"),
    (lambda: theory.log_moment_law([3, 0]), r"widths received \[3, 0\]; allowed: positive whole numbers"),
    (lambda: theory.log_moment_law([3], "tanh"), "nonlinearity received 'tanh'; allowed: relu, linear"),
    (lambda: theory.dead_probability(0), "widths received 0; allowed: positive whole numbers"),
    (lambda: theory.depth_scale(3, 0.0), "var_w received 0.0; allowed: finite numbers above 0"),
    (lambda: theory.depth_scale(3, math.inf), "var_w received inf; allowed: finite numbers above 0"),
    (lambda: theory.depth_scale([100], 0.1), r"fan_in received \[100\]; allowed: whole numbers from 1"),
    (lambda: theory.second_moment_through_depth(10**400, [3], 1), "second_moment received 1000.*; allowed: finite"),
    (
        lambda: theory.gradient_descent_limit([[1.0]], [1.0, 2.0], [0.0]),
        r"received \(\(1, 1\), \(2,\), \(1,\)\); allowed",
    ),
    (lambda: theory.gradient_descent_limit([[math.inf]], [1.0], [0.0]), "A received .*; allowed: finite numbers"),
    (lambda: theory.largest_stable_learning_rate([[1.0, 2.0]]), r"hessian received .*; allowed: symmetric matrices"),
    (lambda: theory.largest_stable_learning_rate([[1.0, 0], [0, -1.0]]), "no negative eigenvalue; its smallest is -1"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input_names_what_came_and_what_is_allowed(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_flat_loss_allows_any_learning_rate():
    assert theory.largest_stable_learning_rate(np.zeros((2, 2))) == math.inf


def test_an_exploding_signal_becomes_infinite_and_is_no_error():
    moments = theory.second_moment_through_depth(1.0, [100] * 400, 0.1)
    assert moments[:3] == pytest.approx([1, 10, 100])
    assert moments[-1] == math.inf


def test_large_fans_do_not_wrap_around():
    assert theory.pre_activation_variance(2**63, 1, 1) == 2.0**63


@pytest.mark.parametrize(("excess", "infinite"), [(1e-13, True), (1e-11, False), (-1e-11, False)])
def test_only_rounding_counts_as_critical(excess, infinite):
    assert (theory.depth_scale(100, 0.01 * (1 + excess)) == math.inf) == infinite
