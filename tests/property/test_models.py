"""models: outputs against plain matrix products, starts against what was asked for, and no hidden randomness."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from warmstart.models import ACTIVATIONS, CNN, MLP, Dropout, ResidualNet

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


def test_the_mask_of_dropout_does_not_depend_on_the_order_in_memory():
    x = torch.ones(30, 20)
    masks = [Dropout(0.5, generator=generator())(values) for values in (x, torch.ones(20, 30).T)]
    assert torch.equal(*masks)


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


# Convolutional and residual networks.


def convolve(x, weight, stride, circular):
    """A convolution in NumPy: shift, multiply, add."""
    reach = weight.shape[-1] // 2
    padded = np.pad(x, ((0, 0), (0, 0), (reach, reach), (reach, reach)), mode="wrap" if circular else "constant")
    side, total = x.shape[-1], 0
    for row in range(weight.shape[2]):
        for column in range(weight.shape[3]):
            window = padded[:, :, row : row + side, column : column + side]
            total = total + np.einsum("oi,bihw->bohw", weight[:, :, row, column], window)
    return total[:, :, ::stride, ::stride]


@given(st.lists(st.integers(1, 3), min_size=2, max_size=4), st.sampled_from([1, 3]), st.booleans(), st.data())
def test_a_cnn_is_a_chain_of_convolutions(channels, kernel, circular, data):
    strides = [data.draw(st.integers(1, 2)) for _ in channels[1:]]
    how = {"kernel": kernel, "strides": strides, "padding_mode": "circular" if circular else "zeros"}
    model = CNN(channels, 4, bias_init=normal(1), dtype=torch.float64, generator=generator(), **how)
    h = x = np.random.default_rng(0).normal(size=(2, channels[0], 8, 8))
    for layer, stride in zip(model.layers[:-1], strides, strict=True):
        z = convolve(h, layer.weight.detach().numpy(), stride, circular)
        h = np.maximum(z + layer.bias.detach().numpy()[:, None, None], 0)
    expected = h.mean(axis=(2, 3)) @ model.head.weight.detach().numpy().T + model.head.bias.detach().numpy()
    np.testing.assert_allclose(model(torch.tensor(x)).detach().numpy(), expected, rtol=1e-9, atol=1e-12)


def test_a_residual_block_adds_its_branch_and_strides_where_a_stage_begins():
    model = ResidualNet((1, 4, 6), 3, blocks=2, bias=False, dtype=torch.float64, generator=generator())
    x = torch.randn(2, 1, 8, 8, dtype=torch.float64, generator=generator(1))
    h, stages = model.backbone[0](x), list(model.backbone)[1:5]
    assert [type(block.shortcut).__name__ for block in stages] == ["Identity", "Identity", "Conv2d", "Identity"]
    for block in stages:
        first, second = (layer for layer in block.branch if isinstance(layer, nn.Conv2d))
        h = block.shortcut(h) + second(first(h.relu()).relu())
    assert h.shape == (2, 6, 4, 4)
    torch.testing.assert_close(model(x), model.head(h.relu().mean(dim=(2, 3))))


def test_the_head_reads_means_over_the_cells_of_a_grid():
    model = CNN((1, 3), 4, strides=2, grid=2, dtype=torch.float64, generator=generator())
    x = torch.randn(2, 1, 8, 8, dtype=torch.float64, generator=generator(1))
    cells = model.backbone(x).unflatten(2, (2, 2)).unflatten(4, (2, 2)).mean(dim=(3, 5))  # of 2 x 2 positions each
    torch.testing.assert_close(model(x), model.head(cells.flatten(1)))


def test_a_residual_network_whose_branches_end_in_zeros_is_its_shortcut():
    model = ResidualNet((1, 4), 3, blocks=3, generator=generator())
    for block in list(model.backbone)[1:4]:
        nn.init.zeros_(block.branch[-1].weight)
    x = torch.randn(2, 1, 6, 6, generator=generator(1))
    torch.testing.assert_close(model.backbone(x), model.backbone[0](x).relu())


@pytest.mark.parametrize("build", [lambda **o: CNN((1, 4, 6), 3, **o), lambda **o: ResidualNet((1, 4, 6), 3, **o)])
def test_the_networks_of_images_keep_the_promises_of_all(build):
    model = build(norm=nn.BatchNorm2d, generator=generator(), dtype=torch.float64)
    assert {p.dtype for p in model.parameters()} == {torch.float64}
    assert model.layers[-1] is model.head
    before = torch.get_rng_state()
    again = build(generator=generator(3)), build(generator=generator(3))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(a, b) for a, b in zip(again[0].parameters(), again[1].parameters(), strict=True))
    for layer in again[0].layers[:-1]:  # He: variance 2 / fan_in, here over a few hundred weights
        fan_in = layer.weight[0].numel()
        assert fan_in * layer.weight.var().item() == pytest.approx(2, rel=4.5 * math.sqrt(2 / layer.weight.numel()))
    with torch.device("meta"):
        assert {p.device.type for p in build(norm=nn.BatchNorm2d).parameters()} == {"meta"}
    with pytest.raises(ValueError, match=r"inputs received \(2, 28, 28\); allowed: shapes \(batch, 1, height, width\)"):
        again[0](torch.zeros(2, 28, 28))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: CNN((1,), 10), r"channels received \(1,\); allowed: at least two"),
        (lambda: CNN((1, 4), 0), "classes received 0; allowed: whole numbers from 1"),
        (lambda: CNN((1, 4), 10, kernel=2), "kernel received 2; allowed: odd numbers"),
        (lambda: CNN((1, 4), 10, strides=(1, 2)), r"strides received \(1, 2\); allowed: one number, or 1, one a"),
        (lambda: CNN((1, 4), 10, grid=0), "grid received 0; allowed: whole numbers from 1"),
        (lambda: CNN((1, 4), 10, strides=0), "strides received 0; allowed: whole numbers from 1"),
        (lambda: CNN((1, 4), 10, padding_mode="reflect"), "padding_mode received 'reflect'; allowed: zeros, circular"),
        (lambda: CNN((1, 4), 10, nonlinearity="ReLU"), "nonlinearity received 'ReLU'; allowed: linear, relu"),
        (lambda: ResidualNet((1, 4), 10, blocks=0), "blocks received 0; allowed: whole numbers from 1"),
    ],
)
def test_wrong_sizes_of_networks_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
