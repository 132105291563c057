"""lsuv: one pass, and each layer has unit variance on the batch."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from test_initialization import Residual, generator, noise, transformer
from torch import nn
from torch.nn.utils import parametrizations

from warmstart.initialization import lsuv_
from warmstart.initializers import orthogonal_
from warmstart.models import CNN, MLP

seeds = st.integers(0, 2**32 - 1)


def deviations(model, inputs):
    """Standard deviation of the output of each layer that runs."""
    found = {}

    def watch(layer, _, output):
        found[layer] = output.std().item()

    layers = [module for module in model.modules() if type(module) in (nn.Linear, nn.Conv2d)]
    hooks = [layer.register_forward_hook(watch) for layer in layers]
    model.eval()(inputs)  # with gradients: without them older versions of torch take a way around the layers
    for hook in hooks:
        hook.remove()
    return list(found.values())


@pytest.mark.parametrize(
    ("build", "shape"),
    [
        (lambda: MLP((20, *[30] * 10, 5)), (100, 20)),
        (lambda: CNN((1, 4, 8, 8), 10), (50, 1, 28, 28)),
        (Residual, (20, 3, 8, 8)),
        (transformer, (10, 5, 16)),
    ],
)
def test_after_one_pass_each_layer_has_unit_variance(build, shape):
    model, inputs = build(), 3 * noise(*shape) + 1
    report = lsuv_(model, inputs, generator=generator())
    found = deviations(model, inputs)
    assert len(found) >= 3
    assert max(abs(one - 1) for one in found) < 1e-3
    ran = [entry for entry in report.entries if entry.rule == "orthogonal, unit variance"]
    assert len(ran) == len(found)
    weight = model.get_parameter(ran[0].parameter)
    rows = weight.flatten(1)
    gram = rows @ rows.T if rows.shape[0] <= rows.shape[1] else rows.T @ rows
    assert torch.allclose(gram, ran[0].gain ** 2 * torch.eye(len(gram)), rtol=1e-4, atol=1e-4 * ran[0].gain ** 2)


@given(seeds)
def test_one_pass_gives_what_a_pass_for_each_layer_gives(seed):
    """The plain method: for each layer in turn a forward pass, and the weight over the deviation that it shows."""
    plain, fast = (nn.Sequential(nn.Linear(6, 9), nn.Tanh(), nn.Linear(9, 4), nn.Tanh()).double() for _ in range(2))
    inputs, source = noise(40, 6, seed=seed).double(), generator(seed)
    with torch.no_grad():
        for place in (0, 2):
            orthogonal_(plain[place].weight, generator=source)
            plain[place].bias.zero_()
            plain[place].weight /= plain[: place + 1](inputs).std()
    lsuv_(fast, inputs, generator=generator(seed))
    for one, other in zip(plain.parameters(), fast.parameters(), strict=True):
        assert torch.allclose(one, other, rtol=1e-10, atol=0)


def test_lsuv_refuses_and_leaves_the_model_as_it_was():
    layer = nn.Linear(3, 3)
    twice = nn.Sequential(nn.Linear(3, 3), layer, nn.ReLU(), layer)
    silent = nn.Sequential(nn.Linear(3, 3), nn.Threshold(1e9, 0.0), nn.Linear(3, 3))
    computed = nn.Sequential(parametrizations.weight_norm(nn.Linear(3, 3)))
    cases = [(twice, "1, which runs twice'; allowed"), (silent, "2, whose output has std 0.0'; allowed")]
    cases += [
        (computed, "0, whose weight is computed from others'; allowed"),
        (nn.ReLU(), "ReLU, of which no layer ran"),
    ]
    for model, message in cases:
        before = [parameter.clone() for parameter in model.parameters()]
        with pytest.raises(ValueError, match=message):
            lsuv_(model, noise(10, 3))
        assert all(torch.equal(one, other) for one, other in zip(before, model.parameters(), strict=True))
        assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


def test_a_batch_is_a_tensor_or_an_array():
    model = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 2)).double()
    lsuv_(model, noise(100, 3).numpy(), generator=generator())
    assert model(noise(100, 3).double()).std().item() == pytest.approx(1, rel=1e-6)
    with pytest.raises(ValueError, match="inputs received 'int'; allowed: tensors or arrays"):
        lsuv_(model, [1, 2])
    with pytest.raises(ValueError, match="model received 'function'; allowed"):
        lsuv_(lambda x: x, noise(3))


def test_layers_that_do_not_run_are_left_alone():
    model = nn.ModuleDict({"used": nn.Linear(3, 3), "spare": nn.Linear(3, 3)})
    model.forward = lambda x: model["used"](x)
    before = model["spare"].weight.clone()
    report = lsuv_(model, noise(10, 3))
    assert report["spare.weight"].rule == "left alone: did not run"
    assert torch.equal(model["spare"].weight, before)
