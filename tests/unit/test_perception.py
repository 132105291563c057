"""Gram matrices forget places, an image is found again, random phases keep the spectrum, patterns are counted."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from warmstart.perception import (
    gram,
    local_binary_patterns,
    optimize_image,
    phase_randomized,
    relative_distance,
)

SEEDS = st.integers(0, 10_000)


def drawn(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 3), st.integers(1, 5), st.integers(1, 6), st.integers(1, 6), SEEDS)
def test_gram_is_the_mean_of_products_and_forgets_places(batch, channels, height, width, seed):
    maps = drawn(batch, channels, height, width, seed=seed).double()
    found = gram(maps)
    torch.testing.assert_close(found, torch.einsum("nahw,nbhw->nab", maps, maps) / (height * width))
    order = torch.randperm(height * width, generator=torch.Generator().manual_seed(seed))
    torch.testing.assert_close(gram(maps.flatten(2)[:, :, order].view_as(maps)), found)
    assert (torch.linalg.eigvalsh(found) > -1e-10).all()


def test_relative_distance_is_quadratic_and_refuses_other_shapes():
    target = drawn(4, 4)
    assert relative_distance(target, target) == 0
    torch.testing.assert_close(relative_distance(3 * target, target), torch.tensor(4.0))
    with pytest.raises(ValueError, match=r"tensor received \(2,\); allowed: the shape of the target, \(4, 4\)"):
        relative_distance(torch.zeros(2), target)


def search(seed=0, evaluations=40, like=None):
    target = (0.5 + 0.2 * drawn(1, 2, 9, 12)).clamp(0, 1) if like is None else like
    return target, *optimize_image(
        lambda pixels: relative_distance(pixels, target),
        target,
        evaluations=evaluations,
        generator=torch.Generator().manual_seed(seed),
    )


def test_a_picture_is_found_again_and_the_seed_decides():
    target, image, losses = search(evaluations=100)
    assert (image - target).abs().max() < 0.02
    assert 0 <= image.min() <= image.max() <= 1
    assert losses[-1] < 1e-3 * losses[0]
    again, other = search(evaluations=3)[1], search(evaluations=3, seed=1)[1]
    assert torch.equal(again, search(evaluations=3)[1])
    assert not torch.equal(again, other)


def test_it_starts_with_half_the_contrast_and_stops_in_time():
    seen = []

    def loss(pixels):
        seen.append(pixels.detach().clone())
        return pixels.square().mean()

    like = 0.5 + 0.1 * drawn(1, 1, 16, 16)
    _, losses = optimize_image(loss, like, evaluations=5, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(seen[0].std(), 0.5 * like.std())
    torch.testing.assert_close(seen[0].mean(), like.mean(), rtol=0.05, atol=0)
    assert len(losses) == len(seen) <= 6  # L-BFGS may end its last line search one evaluation late


def test_pixels_outside_are_pulled_back():
    like = 0.5 + 0.1 * drawn(1, 1, 8, 8)
    image, losses = optimize_image(
        lambda pixels: -pixels.mean(), like, evaluations=60, generator=torch.Generator().manual_seed(0)
    )
    assert image.mean() > 0.9
    assert losses[-1] > -1.2


def test_what_cannot_be_optimized_is_named():
    with pytest.raises(ValueError, match="like received"):
        search(like=torch.zeros(1, 1, 4, 4))
    with pytest.raises(ValueError, match="like received"):
        search(like=drawn(4, 4))
    with pytest.raises(ValueError, match="loss received nan; allowed: functions with finite values"):
        optimize_image(lambda pixels: pixels.mean() * float("nan"), drawn(1, 1, 4, 4))
    with pytest.raises(ValueError, match=r"maps received \(2, 2\)"):
        gram(torch.zeros(2, 2))


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 12), st.integers(2, 12), SEEDS)
def test_random_phases_keep_every_amplitude_and_the_mean(height, width, seed):
    rng = np.random.default_rng(seed)
    image = rng.random((height, width))
    other = phase_randomized(image, rng=rng)
    np.testing.assert_allclose(np.abs(np.fft.fft2(other)), np.abs(np.fft.fft2(image)), atol=1e-9)
    np.testing.assert_allclose((other.mean(), other.std()), (image.mean(), image.std()))


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 3), st.integers(0, 5), st.integers(0, 5), SEEDS)
def test_patterns_are_those_of_a_plain_loop_and_need_only_the_order(radius, more, wider, seed):
    image = np.random.default_rng(seed).random((2 * radius + 1 + more, 2 * radius + 1 + wider))
    found = local_binary_patterns(image, radius)
    counts = np.zeros(256)
    around = [(-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1)]
    for row in range(radius, image.shape[0] - radius):
        for column in range(radius, image.shape[1] - radius):
            brighter = [image[row + radius * a, column + radius * b] > image[row, column] for a, b in around]
            counts[sum(2**bit for bit, yes in enumerate(brighter) if yes)] += 1
    np.testing.assert_allclose(found, counts / counts.sum())
    np.testing.assert_array_equal(local_binary_patterns(np.exp(image), radius), found)


def test_pictures_of_another_shape_are_named():
    with pytest.raises(ValueError, match=r"image received \(4, 9\); allowed: shape \(height, width\) from 5 on"):
        local_binary_patterns(np.zeros((4, 9)), 2)
    with pytest.raises(ValueError, match=r"image received \(2, 2, 3\)"):
        phase_randomized(np.zeros((2, 2, 3)), rng=np.random.default_rng(0))
