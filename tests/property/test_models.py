"""models: outputs against plain matrix products, starts against what was asked for, and no hidden randomness."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from warmstart.models import ACTIVATIONS, MLP, Dropout
from warmstart.probes import record

NUMPY = {
    "linear": lambda z: z,
    "relu": lambda z: np.maximum(z, 0),
    "leaky_relu": lambda z: np.where(z > 0, z, 0.01 * z),
    "tanh": np.tanh,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
}
widths = st.lists(st.integers(1, 6), min_size=2, max_size=5)
seeds = st.integers(0, 2**32 - 1)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def normal(seed):
    source = generator(seed)
    return lambda tensor: tensor.normal_(generator=source)


@given(widths, st.sampled_from(sorted(NUMPY)), st.booleans(), seeds)
def test_forward_is_a_chain_of_matrix_products(widths, nonlinearity, bias, seed):
    fill = normal(seed)
    model = MLP(widths, nonlinearity=nonlinearity, bias=bias, weight_init=fill, bias_init=fill).double()
    h = x = np.random.default_rng(seed).normal(size=(3, widths[0]))
    for number, layer in enumerate(model.layers):
        z = h @ layer.weight.detach().numpy().T + (layer.bias.detach().numpy() if bias else 0)
        h = z if number == len(model.layers) - 1 else NUMPY[nonlinearity](z)
    np.testing.assert_allclose(model(torch.tensor(x)).detach().numpy(), h, rtol=1e-10, atol=1e-12)


@given(widths)
def test_layers_have_the_widths_and_the_head_is_the_last(widths):
    model = MLP(widths)
    assert [(layer.in_features, layer.out_features) for layer in model.layers] == list(pairwise(widths))
    assert model.layers[-1] is model.head
    assert len(model.backbone) == 2 * (len(widths) - 2)


@given(widths, st.booleans())
def test_layer_groups_hold_every_parameter_once_in_order_and_are_named_as_in_a_recording(widths, bias):
    model = MLP(widths, bias=bias, dropout=0.5)
    groups = model.layer_groups()
    assert [id(p) for group in groups.values() for p in group] == [id(p) for p in model.parameters()]
    with record(model) as seen:
        model(torch.zeros(1, widths[0]))
    assert list(groups) == list(seen.pre_activations)


@pytest.mark.parametrize(
    ("nonlinearity", "expected"),
    [("linear", 1.0), ("relu", 2.0), ("leaky_relu", 2 / (1 + 0.01**2)), ("tanh", 1.0), ("sigmoid", 1.0)],
)
def test_default_start_has_the_documented_variance(nonlinearity, expected):
    model = MLP((400, 400, 100), nonlinearity=nonlinearity, generator=generator())
    for layer in model.layers:
        weight = layer.weight.detach().double()
        n = weight.numel()
        error = expected * math.sqrt(2 / n)  # of the mean of n squares of such a Gaussian
        assert 400 * weight.square().mean().item() == pytest.approx(expected, abs=5 * error)
        assert abs(weight.mean().item()) < 5 * math.sqrt(expected / 400 / n)
        assert not layer.bias.any()


def test_start_is_what_the_initializers_say():
    model = MLP((3, 4, 2), weight_init=lambda w: w.fill_(0.5), bias_init=lambda b: b.fill_(0.1))
    assert all((layer.weight == 0.5).all() and (layer.bias == 0.1).all() for layer in model.layers)
    assert all(layer.bias is None for layer in MLP((3, 4, 2), bias=False).layers)
    assert all(parameter.requires_grad and parameter.is_leaf for parameter in model.parameters())


def test_torchs_own_start_is_never_drawn():
    before = torch.get_rng_state()
    MLP((5, 4, 3), weight_init=lambda w: w.fill_(1.0))
    assert torch.equal(torch.get_rng_state(), before)
    nn.Linear(5, 4)
    assert not torch.equal(torch.get_rng_state(), before), "this test would not notice"


@given(seeds)
def test_a_generator_is_the_only_source_of_randomness(seed):
    before = torch.get_rng_state()
    models = [MLP((5, 4, 3), dropout=0.5, generator=generator(seed)) for _ in range(2)]
    outputs = [model(torch.ones(8, 5)) for model in models]
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(*outputs)
    assert all(torch.equal(a, b) for a, b in zip(*(model.parameters() for model in models), strict=True))
    assert not torch.equal(models[0].head.weight, MLP((5, 4, 3), generator=generator(seed + 1)).head.weight)


def test_without_a_generator_torchs_global_one_is_used():
    with torch.random.fork_rng():
        torch.manual_seed(7)
        first, second = MLP((5, 4, 3)), MLP((5, 4, 3))
        torch.manual_seed(7)
        again = MLP((5, 4, 3))
    assert torch.equal(first.head.weight, again.head.weight)
    assert not torch.equal(first.head.weight, second.head.weight)


def test_images_are_flattened():
    model = MLP((6, 4, 2), generator=generator())
    images = torch.arange(24.0).reshape(4, 2, 3)
    assert torch.equal(model(images), model(images.reshape(4, 6)))


@given(st.floats(0, 0.95), seeds)
def test_dropout_drops_a_share_p_and_keeps_the_mean(p, seed):
    n = 20_000
    x = torch.full((n,), 3.0, requires_grad=True)
    y = Dropout(p, generator=generator(seed))(x)
    kept = (y != 0).sum().item()
    assert torch.allclose(y[y != 0], torch.tensor(3.0 / (1 - p)))
    assert abs(kept - n * (1 - p)) <= 6 * math.sqrt(n * p * (1 - p)) + 1e-9
    y.sum().backward()  # the gradient passes where the value did
    assert torch.equal(x.grad != 0, y != 0)


def test_dropout_is_fresh_at_each_call_and_absent_in_evaluation():
    drop, x = Dropout(0.5, generator=generator()), torch.ones(100)
    assert not torch.equal(drop(x), drop(x))
    assert drop.eval()(x) is x
    model = MLP((3, 50, 50, 2), dropout=0.5, generator=generator())
    assert sum(isinstance(module, Dropout) for module in model.modules()) == 2
    assert not any(isinstance(module, Dropout) for module in MLP((3, 5, 2)).modules())


@pytest.mark.parametrize("wrong", [(5,), (), (5, 0), (5, -1, 2), (5, 2.0), ("5", 2)])
def test_wrong_widths_are_named(wrong):
    with pytest.raises(ValueError, match=r"widths received .*allowed: at least two positive whole numbers"):
        MLP(wrong)


@pytest.mark.parametrize("wrong", ["ReLU", "gelu", "", None])
def test_wrong_nonlinearity_is_named_with_those_allowed(wrong):
    with pytest.raises(ValueError, match="nonlinearity received") as caught:
        MLP((2, 2), nonlinearity=wrong)
    assert repr(wrong) in str(caught.value)
    assert all(name in str(caught.value) for name in ACTIVATIONS)


@pytest.mark.parametrize("wrong", [1, 1.0, -0.1, math.nan, math.inf, "0.5", None])
def test_wrong_dropout_is_named(wrong):
    with pytest.raises(ValueError, match=r"dropout received .*allowed: numbers in \[0, 1\)"):
        MLP((2, 2), dropout=wrong)


@pytest.mark.parametrize("wrong", [lambda w: None, lambda w: w.clone(), lambda w: torch.zeros(2, 2)])
@pytest.mark.parametrize("which", ["weight_init", "bias_init"])
def test_an_initializer_that_is_not_in_place_is_refused(wrong, which):
    with pytest.raises(TypeError, match=f"{which} received .*; allowed: functions that fill the tensor"):
        MLP((2, 2), **{which: wrong})


@pytest.mark.parametrize("shape", [(3, 5), (6,), (2, 3, 3)])
def test_wrong_input_shape_is_named(shape):
    with pytest.raises(ValueError, match=r"inputs received .*with 6 values each") as caught:
        MLP((6, 2))(torch.zeros(shape))
    assert str(tuple(shape)) in str(caught.value)


def test_device_and_type_follow_the_context_and_the_arguments():
    with torch.device("meta"):
        assert {parameter.device.type for parameter in MLP((3, 4, 2)).parameters()} == {"meta"}
    model = MLP((3, 4, 2), device="cpu", dtype=torch.float64, generator=generator())
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float64}
    assert model(torch.zeros(5, 3, dtype=torch.float64)).dtype == torch.float64


def test_an_empty_batch_gives_no_logits():
    assert MLP((6, 2))(torch.zeros(0, 2, 3)).shape == (0, 2)
