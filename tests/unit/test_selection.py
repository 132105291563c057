"""Each score against a written-out oracle, with the invariances it has and those it has not."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.stats import multivariate_normal, ortho_group

from warmstart.transfer import cka, h_score, leep, logme

SEEDS = st.integers(0, 10_000)


def features(seed, n=12, d=4):
    return np.random.default_rng(seed).normal(size=(n, d))


def unbiased_hsic(K, L):
    """The unbiased estimate of Song et al. (2012), written out."""
    n = len(K)
    K, L = K - np.diag(np.diag(K)), L - np.diag(np.diag(L))
    one = np.ones(n)
    return (
        np.trace(K @ L) + (one @ K @ one) * (one @ L @ one) / ((n - 1) * (n - 2)) - 2 * one @ K @ L @ one / (n - 2)
    ) / (n * (n - 3))


@settings(max_examples=25, deadline=None)
@given(st.integers(4, 15), st.integers(1, 6), st.integers(1, 6), SEEDS)
def test_debiased_cka_is_the_ratio_of_unbiased_estimates(n, d, other_d, seed):
    x, y = features(seed, n, d), features(seed + 1, n, other_d)
    K, L = x @ x.T, y @ y.T
    own = unbiased_hsic(K, K), unbiased_hsic(L, L)
    if min(own) > 1e-9:
        np.testing.assert_allclose(cka(x, y), unbiased_hsic(K, L) / np.sqrt(own[0] * own[1]), rtol=1e-8, atol=1e-10)


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 15), st.integers(1, 6), st.integers(1, 6), SEEDS)
def test_plain_cka_is_the_normalized_cross_covariance(n, d, other_d, seed):
    x, y = features(seed, n, d), features(seed + 1, n, other_d)
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    expected = np.sum((x.T @ y) ** 2) / np.sqrt(np.sum((x.T @ x) ** 2) * np.sum((y.T @ y) ** 2))
    np.testing.assert_allclose(cka(x, y, debiased=False), expected, rtol=1e-9)


@pytest.mark.parametrize("debiased", [True, False])
def test_cka_ignores_rotation_scale_shift_and_order_but_not_the_scale_of_a_unit(debiased):
    x = features(0, 300, 40)
    for same in (x @ ortho_group.rvs(40, random_state=0), 7 * x, x + 3, x[:, ::-1]):
        assert abs(cka(x, same, debiased=debiased) - 1) < 1e-10
    uneven = x * np.geomspace(0.1, 10, 40)
    assert cka(x, uneven, debiased=debiased) < 0.9


def test_few_inputs_with_many_features_look_alike_until_the_bias_is_gone():
    x, y = features(0, 50, 1000), features(1, 50, 1000)
    assert cka(x, y, debiased=False) > 0.9
    assert abs(cka(x, y)) < 0.1


@settings(max_examples=25, deadline=None)
@given(st.integers(4, 30), st.integers(2, 5), st.integers(2, 4), SEEDS)
def test_leep_is_the_double_sum_of_the_paper(n, source_classes, classes, seed):
    rng = np.random.default_rng(seed)
    theta, y = rng.dirichlet(np.ones(source_classes), n), np.r_[np.arange(classes), rng.integers(0, classes, n)][:n]
    joint = np.array([[theta[y == c, z].sum() / n for z in range(source_classes)] for c in range(classes)])
    expected = np.mean(
        [np.log(sum(joint[y[i], z] / joint[:, z].sum() * theta[i, z] for z in range(source_classes))) for i in range(n)]
    )
    np.testing.assert_allclose(leep(theta, y), expected, rtol=1e-9)
    assert leep(theta, y) <= 1e-12


def test_leep_knows_a_twin_from_a_stranger():
    y = np.arange(60) % 3
    twin = np.eye(3)[(y + 1) % 3] * 0.9 + 0.1 / 3
    assert leep(twin, y) > leep(np.full((60, 3), 1 / 3), y) + 0.5
    assert leep(np.full((60, 3), 1 / 3), y) == pytest.approx(-np.log(3))


@settings(max_examples=25, deadline=None)
@given(st.integers(8, 30), st.integers(1, 5), st.integers(2, 4), SEEDS)
def test_h_score_is_the_trace_of_the_definition(n, d, classes, seed):
    f, y = features(seed, n, d), np.arange(n) % classes
    centred = f - f.mean(axis=0)
    means = np.array([centred[y == c].mean(axis=0) for c in range(classes)])[y]
    sigma, between = centred.T @ centred / n, means.T @ means / n
    np.testing.assert_allclose(h_score(f, y, shrinkage=0), np.trace(np.linalg.inv(sigma) @ between), rtol=1e-6)
    shrunk = 0.7 * sigma + 0.3 * np.trace(sigma) / d * np.eye(d)
    expected = 0.7 * np.trace(np.linalg.inv(shrunk) @ between)
    np.testing.assert_allclose(h_score(f, y, shrinkage=0.3), expected, rtol=1e-8)
    distance = np.sum((sigma - np.trace(sigma) / d * np.eye(d)) ** 2)
    spread = sum(np.sum((np.outer(row, row) - sigma) ** 2) for row in centred) / n**2
    if distance > 1e-9:
        ledoit_wolf = min(spread, distance) / distance
        np.testing.assert_allclose(h_score(f, y), h_score(f, y, shrinkage=ledoit_wolf), rtol=1e-7, atol=1e-10)


def test_the_textbook_h_score_cannot_choose_with_more_features_than_pictures():
    y = np.arange(30) % 5
    told = np.eye(5)[y] @ features(1, 5, 60) + 0.1 * features(2, 30, 60)
    for f in (features(0, 30, 60), told):
        assert h_score(f, y, shrinkage=0) == pytest.approx(4)
    assert h_score(told, y) > h_score(features(0, 30, 60), y) + 0.5


def log_evidence(f, target, log_alpha, log_beta):
    covariance = np.exp(-log_beta) * np.eye(len(f)) + np.exp(-log_alpha) * f @ f.T
    return multivariate_normal(np.zeros(len(f)), covariance).logpdf(target) / len(f)


@pytest.mark.parametrize(("n", "d", "seed"), [(20, 3, 0), (20, 3, 1), (15, 25, 2), (40, 8, 3), (12, 12, 4)])
def test_logme_is_the_maximum_of_the_written_out_evidence(n, d, seed):
    y = np.arange(n) % 3
    f = features(seed, n, d) + 1.5 * np.eye(3)[y] @ features(seed + 9, 3, d)
    best = []
    for c in range(3):
        target = (y == c).astype(float)
        runs = [
            minimize(lambda p, t=target: -log_evidence(f, t, *p), start, method="Nelder-Mead", options={"xatol": 1e-7})
            for start in ((0, 0), (2, 2), (-2, 3))
        ]
        best.append(max(-run.fun for run in runs))
    assert logme(f, y) == pytest.approx(np.mean(best), abs=1e-5)


def test_logme_of_features_that_say_nothing_or_everything_is_finite():
    y = np.arange(20) % 2
    assert np.isfinite(logme(np.zeros((20, 3)), y))
    assert np.isfinite(logme(np.eye(2)[y], y))
    assert logme(np.eye(2)[y], y) > logme(features(0, 20, 2), y)


def test_torch_tensors_and_any_class_numbers_will_do():
    f, y = features(0, 30, 4), np.arange(30) % 3
    for score in (logme, h_score):
        assert score(torch.tensor(f), torch.tensor(y)) == pytest.approx(score(f, 10 * y + 5))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cka(np.zeros((5, 2)), np.ones((4, 2))), r"as many inputs in both, at least 4"),
        (lambda: cka(np.zeros((3, 2)), np.ones((3, 2))), r"as many inputs in both, at least 4"),
        (lambda: cka(np.ones((5, 2)), features(0, 5)), "features that differ between the inputs"),
        (lambda: cka(np.full((5, 2), np.nan), features(0, 5)), "one received .*; allowed: finite numbers"),
        (lambda: leep(features(0), np.arange(12) % 2), "rows that sum to 1"),
        (lambda: leep(np.full((4, 2), 0.5), [0, 0, 0, 0]), "labels received .*; allowed: at least two classes"),
        (lambda: h_score(features(0), np.arange(12) % 2, shrinkage=2), "shrinkage received 2"),
        (lambda: h_score(np.ones((6, 2)), np.arange(6) % 2), "features that differ"),
        (lambda: logme(features(0), np.arange(5)), "inputs received"),
        (lambda: logme(features(0)[0], np.arange(4)), "received"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
