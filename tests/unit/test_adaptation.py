"""Other channels give the same answers, other statistics are those of the new pictures, and nothing is half done."""

import copy

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from warmstart.models import CNN
from warmstart.transfer import collapse_input, freeze, inflate_input, recalibrate_batchnorm


def drawn(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def copies(grey, channels):
    return grey.expand(-1, channels, *[-1] * (grey.ndim - 2))


CASES = st.tuples(
    st.sampled_from([nn.Conv1d, nn.Conv2d, nn.Conv3d]), st.integers(2, 5), st.booleans(), st.integers(0, 2)
)


@settings(max_examples=40, deadline=None)
@given(CASES, st.integers(0, 1000))
def test_collapse_answers_as_copies_did_whatever_the_convolution(case, seed):
    kind, channels, bias, padding = case
    torch.manual_seed(seed)
    layer = kind(channels, 4, 3, padding=padding, stride=2, bias=bias).double()
    grey = drawn(2, 1, *[6] * (layer.weight.ndim - 2), seed=seed).double()
    before = layer(copies(grey, channels))
    assert collapse_input(layer) is layer
    assert layer.in_channels == 1
    torch.testing.assert_close(layer(grey), before)


@settings(max_examples=40, deadline=None)
@given(CASES, st.integers(0, 1000))
def test_normalization_goes_into_the_layer_exactly_in_the_interior(case, seed):
    kind, channels, bias, padding = case
    torch.manual_seed(seed)
    layer = kind(channels, 4, 3, padding=padding, bias=bias).double()
    axes = layer.weight.ndim - 2
    mean, std = drawn(channels, seed=seed).double(), drawn(channels, seed=seed + 1).double().abs() + 0.1
    grey = drawn(2, 1, *[7] * axes, seed=seed).double()
    spread = [1, -1] + [1] * axes
    before = layer((grey - mean.view(spread)) / std.view(spread))
    collapse_input(layer, mean=mean, std=std)
    after = layer(grey)
    inside = (..., *[slice(padding, before.shape[2] - padding)] * axes)
    torch.testing.assert_close(after[inside], before[inside])
    if padding:  # zero is the mean of a channel before, and black after
        assert not torch.allclose(after, before)


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 6), st.integers(0, 1000))
def test_inflate_and_collapse_take_each_other_back(channels, seed):
    torch.manual_seed(seed)
    layer = nn.Conv2d(1, 4, 3)
    before = layer.weight.detach().clone()
    grey = drawn(2, 1, 5, 5, seed=seed)
    answer = layer(grey)
    inflate_input(layer, channels)
    torch.testing.assert_close(layer(copies(grey, channels)), answer)
    collapse_input(layer)
    torch.testing.assert_close(layer.weight, before)


def test_the_first_layer_is_found_in_any_model_and_keeps_its_settings():
    model = nn.Sequential(nn.Identity(), nn.Sequential(nn.ReLU(), nn.Conv2d(3, 2, 3).to(torch.bfloat16)), nn.Flatten())
    model.requires_grad_(False)
    layer = collapse_input(model)
    assert layer is model[1][1]
    assert layer.weight.dtype == torch.bfloat16
    assert not layer.weight.requires_grad
    network = CNN((3, 4), 2)
    collapse_input(network)
    assert network(torch.zeros(1, 1, 8, 8)).shape == (1, 2)


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        (nn.Linear(3, 2), {}, "model received .*Linear"),
        (nn.ReLU(), {}, "model received 'ReLU'; allowed: models with parameters"),
        (nn.Conv2d(1, 2, 3), {}, "model received 'a first layer for 1 channel'; allowed: two channels or more"),
        (nn.Conv2d(4, 4, 3, groups=2), {}, "allowed: a convolution with groups=1"),
        (nn.Sequential(nn.Conv2d(3, 2, 3)), {"name": "1"}, "name received '1'; allowed: 0"),
        (nn.Conv2d(3, 2, 3), {"mean": [0, 0, 0]}, "mean and std received 'one of them'"),
        (nn.Conv2d(3, 2, 3), {"mean": [0, 0], "std": [1, 1, 1]}, "mean received .*; allowed: 3 finite numbers"),
        (nn.Conv2d(3, 2, 3), {"mean": [0, 0, 0], "std": [1, 0, 1]}, "std received .*; allowed: positive"),
        (nn.Conv2d(3, 2, 3), {"mean": [0, 0, float("nan")], "std": [1, 1, 1]}, "mean received"),
    ],
)
def test_what_cannot_be_collapsed_is_named_and_left_as_it_was(model, options, message):
    before = copy.deepcopy(model.state_dict())
    with pytest.raises(ValueError, match=message.replace("'a first", "'?a first").replace("'one", "'?one")):
        collapse_input(model, **options)
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


def test_what_cannot_be_inflated_is_named():
    with pytest.raises(ValueError, match="channels received 1; allowed: at least 2"):
        inflate_input(nn.Conv2d(1, 2, 3), 1)
    with pytest.raises(ValueError, match="a first layer for 3 channels"):
        inflate_input(nn.Conv2d(3, 2, 3), 3)


def network():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.Dropout(0.5), nn.ReLU(), nn.Conv2d(3, 2, 3), nn.BatchNorm2d(2)
    )


def test_statistics_are_those_of_the_new_pictures_in_every_layer():
    model, x = network().eval(), 3 * drawn(40, 1, 8, 8) + 1
    recalibrate_batchnorm(model, x)
    with torch.no_grad():
        for index in (1, 5):
            seen = model[:index](x)
            # The layer above was normalized by the variance with n in place of n - 1, n = 40 * 6 * 6.
            for name, found in (("mean", seen.mean(dim=(0, 2, 3))), ("var", seen.var(dim=(0, 2, 3)))):
                statistic = getattr(model[index], f"running_{name}")
                torch.testing.assert_close(statistic, found, rtol=1 / 1440, atol=1e-5)
    assert (model[1].momentum, model[1].training) == (0.1, False)


def test_what_was_seen_before_is_forgotten_and_minibatches_are_averaged():
    once, twice, x = nn.BatchNorm1d(4).eval(), nn.BatchNorm1d(4).train(), drawn(101, 4)
    twice(100 + drawn(50, 4, seed=1))
    recalibrate_batchnorm(once, x)
    recalibrate_batchnorm(twice, x, batch_size=34)
    parts = x.tensor_split(3)
    torch.testing.assert_close(once.running_mean, x.mean(dim=0))
    torch.testing.assert_close(twice.running_mean, torch.stack([part.mean(dim=0) for part in parts]).mean(dim=0))
    torch.testing.assert_close(twice.running_var, torch.stack([part.var(dim=0) for part in parts]).mean(dim=0))
    assert twice.training
    assert twice.momentum == 0.1


def test_frozen_normalizations_are_reached_and_stay_frozen_and_parameters_stay():
    model = network()
    freeze(model)
    before = {key: value.detach().clone() for key, value in model.named_parameters()}
    recalibrate_batchnorm(model, 5 + drawn(10, 1, 8, 8))
    assert model[1].running_mean.abs().sum() > 0.5
    assert not model.train()[1].training
    assert all(torch.equal(value, before[key]) for key, value in model.named_parameters())


@pytest.mark.parametrize(
    ("model", "inputs", "options", "message"),
    [
        (nn.Linear(2, 2), torch.zeros(4, 2), {}, "allowed: models with a batch normalization"),
        (nn.BatchNorm1d(2, track_running_stats=False), torch.zeros(4, 2), {}, "that keeps running statistics"),
        (nn.BatchNorm1d(2), torch.zeros(1, 2), {}, "allowed: at least two inputs"),
        (nn.BatchNorm1d(2), torch.zeros(4, 2), {"batch_size": 1}, "two a minibatch"),
        (nn.BatchNorm1d(2), torch.full((4, 2), np.nan), {}, "allowed: finite values"),
        (nn.BatchNorm1d(2), torch.zeros(4, 3), {}, "running_mean"),
    ],
)
def test_bad_input_leaves_the_statistics_as_they_were(model, inputs, options, message):
    before = copy.deepcopy(model.state_dict())
    with pytest.raises((ValueError, RuntimeError), match=message):
        recalibrate_batchnorm(model, inputs, **options)
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
