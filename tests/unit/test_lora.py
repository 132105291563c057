"""The start changes nothing, zero twice is a dead end, merging changes rounding alone, and nothing is half done."""

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from warmstart.initializers import zeros_
from warmstart.models import MLP
from warmstart.training import fit
from warmstart.transfer import LoRALinear, add_lora, layer_groups, merge_lora, param_groups


def drawn(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


SIZES = st.tuples(st.integers(1, 9), st.integers(1, 9), st.booleans())


@settings(max_examples=30, deadline=None)
@given(SIZES, st.data(), st.floats(-2, 2), st.integers(0, 999))
def test_answers_and_merged_layer_are_those_of_the_formula(size, data, scale, seed):
    fan_in, fan_out, bias = size
    rank = data.draw(st.integers(1, min(fan_in, fan_out)))
    torch.manual_seed(seed)
    layer = nn.Linear(fan_in, fan_out, bias=bias).double()
    before, x = copy.deepcopy(layer), drawn(5, fan_in, seed=seed).double()
    adapted = LoRALinear(layer, rank, scale=scale)
    assert torch.equal(adapted(x), before(x))  # B = 0
    with torch.no_grad():
        adapted.B.copy_(drawn(fan_out, rank, seed=seed + 1))
    weight = before.weight + scale * adapted.B @ adapted.A
    expected = torch.nn.functional.linear(x, weight, before.bias)
    torch.testing.assert_close(adapted(x), expected)
    merged = adapted.merged()
    torch.testing.assert_close(merged(x), expected)
    assert (merged.bias is None) == (not bias)
    assert torch.equal(layer.weight, before.weight)


def gradients(**starts):
    adapted = LoRALinear(nn.Linear(4, 3), 2, generator=seeded(), **starts)
    adapted(drawn(6, 4)).square().sum().backward()
    return adapted.A.grad.abs().sum() > 0, adapted.B.grad.abs().sum() > 0


def test_what_has_a_gradient_in_the_first_step():
    assert gradients() == (False, True)
    assert gradients(B_init=lambda tensor: tensor.fill_(0.1)) == (True, True)
    assert gradients(A_init=zeros_, B_init=lambda tensor: tensor.fill_(0.1)) == (True, False)
    assert gradients(A_init=zeros_) == (False, False)  # nothing will ever move


def test_the_default_start_has_the_variance_of_lecun():
    adapted = LoRALinear(nn.Linear(400, 300), 200, generator=seeded())
    n = adapted.A.numel()
    assert abs(adapted.A.var().item() * 400 - 1) < 5 * (2 / n) ** 0.5
    again = LoRALinear(nn.Linear(400, 300), 200, generator=seeded())
    assert torch.equal(adapted.A, again.A)


def test_a_model_is_adapted_trained_and_merged():
    model, x = MLP((6, 8, 7, 3), generator=seeded()), drawn(40, 6)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    answers = model(x)
    assert add_lora(model, 2, generator=seeded(1)) == 2 * (6 + 8) + 2 * (8 + 7) + 8 * 0 + (7 + 1) * 3
    assert torch.equal(model(x), answers)
    fit(model, x, torch.arange(40) % 3, epochs=3, learning_rate=0.1, optimizer="adam", generator=seeded(2))
    assert torch.equal(model.backbone[0].layer.weight, before["backbone.0.weight"])
    assert not torch.equal(model.head.weight, before["head.weight"])
    assert not torch.equal(model.backbone[0].A, torch.zeros(2, 6))
    trained = model(x)
    assert merge_lora(model) == 2
    torch.testing.assert_close(model(x), trained)
    assert set(model.state_dict()) == set(before)


class Reads(nn.Module):
    """Layers that are read and not called, as in T5, Mamba and fused attention."""

    def __init__(self):
        super().__init__()
        self.inner, self.outer, self.head = nn.Linear(6, 6), nn.Linear(6, 6, bias=False), nn.Linear(6, 3)

    def forward(self, x):
        x = x.to(self.inner.weight.dtype).reshape(-1, self.inner.in_features)
        h = torch.relu(nn.functional.linear(x, self.inner.weight, self.inner.bias))
        return self.head(h @ self.outer.weight.T[:, : self.outer.out_features])


class Attends(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention, self.head = nn.MultiheadAttention(6, 2, batch_first=True), nn.Linear(6, 3)

    def forward(self, x):
        return self.head(self.attention(x, x, x)[0])


def encoder(**options):
    layer = nn.TransformerEncoderLayer(6, 2, 8, dropout=0.0, batch_first=True, **options)
    return nn.Sequential(nn.TransformerEncoder(layer, 2, enable_nested_tensor=False), nn.Linear(6, 3))


READERS = {"reads": Reads, "attends": Attends, "encoder": encoder, "pre-norm": lambda: encoder(norm_first=True)}


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", READERS)
def test_layers_that_are_read_and_not_called_are_adapted_too(name, training):
    """The adapter counts on every way, also on the fast one of attention in evaluation: as in the merged model."""
    model, x = READERS[name]().train(training), drawn(2, 4, 6)
    answers = model(x)
    add_lora(model, 2, generator=seeded())
    torch.testing.assert_close(model(x), answers)
    adapted = [part for part in model.modules() if isinstance(part, LoRALinear)]
    with torch.no_grad():
        for part in adapted:
            part.B.copy_(drawn(*part.B.shape, seed=3))
    model(x).square().sum().backward()
    assert all(part.A.grad is not None and part.B.grad.any() for part in adapted)
    changed = model(x)
    assert (changed - answers).abs().max() > 0.01
    with torch.no_grad():
        torch.testing.assert_close(model(x), changed)
    merge_lora(model)
    with torch.no_grad():
        torch.testing.assert_close(model(x), changed, rtol=1e-4, atol=1e-5)


def test_a_second_adapter_is_put_beside_the_first_and_both_are_merged():
    model, x = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2)), drawn(5, 4)
    for seed in (1, 2):
        add_lora(model, 1, names=["0"] if seed == 1 else ["0.layer"])
        with torch.no_grad():
            [part.B.copy_(drawn(4, 1, seed=seed)) for part in model.modules() if isinstance(part, LoRALinear)]
    answers = model(x)
    assert merge_lora(model) == 2
    torch.testing.assert_close(model(x), answers)
    assert type(model[0]) is nn.Linear


def test_a_layer_under_two_names_is_adapted_under_both():
    shared, x = nn.Linear(4, 4), drawn(5, 4)
    model = nn.Sequential(shared, nn.ReLU(), shared, nn.Linear(4, 2))
    add_lora(model, 1)
    assert model[0] is model[2]
    with torch.no_grad():
        model[0].B.fill_(0.5)
    answers = model(x)
    assert merge_lora(model) == 1
    assert model[0] is model[2]
    torch.testing.assert_close(model(x), answers)


def test_only_named_layers_are_adapted_and_modes_are_kept():
    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 2))).eval()
    assert add_lora(model, 1, names=["2.0", "2.1"]) == (4 + 4) + (4 + 2)
    assert not any(module.training for module in model.modules())
    assert isinstance(model[0], nn.Linear)
    merge_lora(model)
    assert not any(module.training for module in model.modules())


def test_the_other_functions_of_transfer_know_it():
    model = MLP((6, 8, 3), generator=seeded())
    add_lora(model, 1)
    assert sum(len(parameters) for parameters in layer_groups(model).values()) == len(list(model.parameters()))
    assert sum(len(group["params"]) for group in param_groups(model, 0.1)) == 4


def test_it_keeps_the_dtype_of_the_layer():
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 2)).to(torch.bfloat16)
    add_lora(model, 1)
    assert {parameter.dtype for parameter in model.parameters()} == {torch.bfloat16}


@pytest.mark.parametrize(
    ("rank", "options", "message"),
    [
        (0, {}, "rank received 0; allowed: whole numbers from 1 to 4"),
        (5, {}, "rank received 5; allowed: whole numbers from 1 to 4"),
        (1, {"names": ["9"]}, r"names received \['9'\]; allowed: 0, 2"),
        (1, {"names": ["1"]}, r"names received \['1'\]; allowed: 0, 2"),
        (1, {"names": []}, r"names received \[\]; allowed: 0, 2"),
        (1, {"scale": float("inf")}, "scale received inf"),
        (1, {"generator": 0}, "generator received 0; allowed: torch.Generator or None"),
    ],
)
def test_bad_input_leaves_the_model_as_it_was(rank, options, message):
    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2))
    with pytest.raises(ValueError, match=message):
        add_lora(model, rank, **options)
    assert all(parameter.requires_grad for parameter in model.parameters())
    assert isinstance(model[0], nn.Linear)


def test_models_without_the_layers_are_named():
    with pytest.raises(ValueError, match="0, whose size is not known'; allowed: linear layers with a size"):
        add_lora(nn.Sequential(nn.LazyLinear(3), nn.Linear(3, 2)), 1)
    with pytest.raises(ValueError, match="allowed: models with linear layers"):
        add_lora(nn.Conv2d(1, 1, 1), 1)
    with pytest.raises(ValueError, match=r"names received \[\]"):
        add_lora(nn.Linear(2, 2), 1)  # the only layer is the head
    with pytest.raises(ValueError, match="allowed: models that hold a LoRALinear"):
        merge_lora(nn.Linear(2, 2))
    with pytest.raises(ValueError, match="layer received 'Conv2d'; allowed: linear layers"):
        LoRALinear(nn.Conv2d(1, 1, 1), 1)
