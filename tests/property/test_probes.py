"""probes: recordings against autograd on the written-out network, masks and counts against loops and graph search."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy.sparse.csgraph import connected_components
from torch import nn

from warmstart.models import ACTIVATIONS, MLP
from warmstart.probes import Recording, count_distinct_units, dead_units, record, saturated_units, second_moment

seeds = st.integers(0, 2**32 - 1)
small_rows = arrays(np.float64, st.tuples(st.integers(1, 7), st.integers(1, 3)), elements=st.integers(-1, 1))


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def hooks(model):
    return sum(len(module._forward_hooks) + len(module._backward_hooks) for module in model.modules())


@given(st.lists(st.integers(1, 5), min_size=2, max_size=5), st.sampled_from(sorted(ACTIVATIONS)), seeds)
def test_recording_is_what_autograd_gives(widths, nonlinearity, seed):
    source = generator(seed)
    model = MLP(widths, nonlinearity=nonlinearity, generator=source).double()
    x = torch.randn(4, widths[0], generator=source, dtype=torch.float64)
    with record(model, nonlinearities=ACTIVATIONS[nonlinearity]) as seen:
        model(x).square().sum().backward()

    phi, h, pre, post = ACTIVATIONS[nonlinearity](), x, [], []
    for layer in model.layers:
        pre.append(h @ layer.weight.T + layer.bias)
        post.append(h := phi(pre[-1]))
    gradients = torch.autograd.grad(pre[-1].square().sum(), pre)
    names = list(seen.pre_activations)
    assert names == list(seen.gradients), "backward fills them from the last layer to the first"
    assert list(seen.activations) == names[:-1]  # nothing follows the head
    for name, z, g in zip(names, pre, gradients, strict=True):
        torch.testing.assert_close(seen.pre_activations[name], z.detach())
        torch.testing.assert_close(seen.gradients[name], g)
    for a, b in zip(seen.activations.values(), post[:-1], strict=True):
        torch.testing.assert_close(a, b.detach())


def test_the_bias_gradient_is_the_sum_of_the_recorded_gradients():
    model = MLP((3, 4, 2), generator=generator())
    with record(model) as seen:
        model(torch.ones(5, 3)).exp().sum().backward()
    for name, layer in zip(seen.pre_activations, model.layers, strict=True):
        torch.testing.assert_close(seen.gradients[name].sum(0), layer.bias.grad)


def test_observing_changes_nothing():
    x = torch.randn(4, 3, generator=generator(1))
    results = []
    for observed in (False, True):
        model = MLP((3, 4, 2), generator=generator())
        if observed:
            with record(model):
                model(x).square().sum().backward()
        else:
            model(x).square().sum().backward()
        results.append([parameter.grad for parameter in model.parameters()])
    assert all(torch.equal(a, b) for a, b in zip(*results, strict=True))


def test_hooks_are_removed_after_the_block():
    model, x = MLP((3, 4, 2), generator=generator()), torch.ones(2, 3)
    with record(model) as seen:
        assert hooks(model) > 0
        output = model(x)
    assert hooks(model) == 0
    output.sum().backward()
    assert not seen.gradients, "a backward pass after the block was recorded"
    kept = dict(seen.pre_activations)
    model(2 * x)
    assert all(seen.pre_activations[name] is kept[name] for name in kept)


def test_hooks_are_removed_after_an_error():
    model = MLP((3, 2))
    with pytest.raises(ValueError, match="inputs received"), record(model):
        model(torch.ones(2, 4))
    assert hooks(model) == 0


def test_the_last_call_counts_and_no_gradient_of_an_earlier_one_remains():
    model = MLP((1, 1), weight_init=lambda w: w.fill_(1.0))
    with record(model) as seen:
        first, second = model(torch.tensor([[1.0]])), model(torch.tensor([[2.0]]))
        (3 * second).sum().backward()
        (5 * first).sum().backward()
        assert (seen.pre_activations["head"].item(), seen.gradients["head"].item()) == (2.0, 3.0)
        with torch.no_grad():
            model(torch.tensor([[4.0]]))
        assert seen.pre_activations["head"].item() == 4.0
        assert not seen.gradients


def test_recordings_can_be_nested():
    model = MLP((2, 3, 1), generator=generator())
    with record(model) as outer, record(model) as inner:
        model(torch.ones(2, 2)).sum().backward()
    assert repr(inner) == repr(outer)
    assert hooks(model) == 0


def test_a_nonlinearity_in_place_leaves_the_pre_activations_intact():
    model = nn.Sequential(nn.Linear(2, 2), nn.ReLU(inplace=True))
    with record(model) as seen:
        model(torch.tensor([[1.0, -1.0], [-1.0, 1.0]])).sum().backward()
    z = model[0](torch.tensor([[1.0, -1.0], [-1.0, 1.0]]))
    torch.testing.assert_close(seen.pre_activations["0"], z.detach())
    torch.testing.assert_close(seen.activations["0"], z.detach().relu())
    torch.testing.assert_close(seen.gradients["0"], (z > 0).float())


def test_a_nonlinearity_behind_normalization_is_found_and_one_elsewhere_is_not():
    norm = nn.BatchNorm1d(3)
    model = nn.Sequential(nn.Linear(2, 3), norm, nn.Dropout(0.0), nn.ReLU(), nn.Tanh(), nn.Linear(3, 1))
    with record(model) as seen:
        model(torch.tensor([[1.0, 2.0], [3.0, 5.0]]))
    norm.running_mean.zero_()
    assert list(seen.activations) == ["0"]
    torch.testing.assert_close(seen.activations["0"], norm(seen.pre_activations["0"]).detach().relu())


def test_convolutions_are_recorded_when_asked_for():
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Tanh(), nn.Flatten(), nn.Linear(8, 1))
    images = torch.randn(5, 1, 4, 4, generator=generator())
    with record(model, modules=(nn.Conv2d, nn.Linear)) as seen:
        model(images)
    assert {name: tuple(z.shape) for name, z in seen.pre_activations.items()} == {"0": (5, 2, 2, 2), "3": (5, 1)}
    torch.testing.assert_close(seen.activations["0"], model[0](images).detach().tanh())
    with record(model) as seen:
        model(images)
    assert list(seen.pre_activations) == ["3"]


@pytest.mark.parametrize("wrong", ["Linear", None, (), (nn.Linear, "x"), nn.Linear(1, 1)])
def test_wrong_modules_are_named(wrong):
    with pytest.raises(TypeError, match=r"modules received .*allowed: a type"), record(MLP((2, 2)), modules=wrong):
        pass


def test_a_model_without_such_layers_is_refused_and_its_own_are_named():
    with (
        pytest.raises(
            ValueError, match=r"modules received .*Conv2d.*allowed: types that this model has, Linear, MLP, "
        ),
        record(MLP((2, 2)), modules=nn.Conv2d),
    ):
        pass


def test_a_recording_shows_its_layers():
    seen = Recording(("a", "b"), {"a": torch.zeros(2, 3)}, {"a": torch.zeros(2, 3)}, {}, {"a": "relu"}, {"a": 2})
    lines = ["  a (2, 3): pre-activations, activations; by relu; the last of 2 calls", "  never called: b"]
    assert repr(seen).splitlines() == ["Recording of 1 layers", *lines]


# Networks of the reader's: what is seen is right, and what is not seen is named.


class OwnReLU(nn.ReLU):
    pass


class Swish(nn.Module):
    def forward(self, x):
        return x * x.sigmoid()


class GatedSwish(nn.Module):
    def __init__(self):
        super().__init__()
        self.gate = nn.Sigmoid()

    def forward(self, x):
        return x * self.gate(x)


def recorded(model, x, **options):
    with record(model, **options) as seen:
        model(x)
    return seen


def test_identities_between_layer_and_nonlinearity_are_passed_through():
    x = torch.randn(4, 3, generator=generator())
    model = nn.Sequential(nn.Linear(3, 3), nn.Identity(), nn.BatchNorm1d(3), nn.Identity(), nn.ReLU(inplace=True))
    seen = recorded(model, x)
    torch.testing.assert_close(seen.activations["0"], model(x).detach(), atol=1e-5, rtol=1e-5)
    assert seen.nonlinearities == {"0": "4"}
    assert recorded(nn.Sequential(nn.Linear(3, 3), nn.Identity()), x).activations == {}
    assert recorded(nn.Sequential(nn.Linear(3, 3), nn.Identity()), x, nonlinearities=nn.Identity).activations


@pytest.mark.parametrize(("activation", "seen_by_default"), [(OwnReLU(), True), (Swish(), False), (nn.ReLU6(), True)])
def test_own_activations_are_seen_by_type(activation, seen_by_default):
    model, x = nn.Sequential(nn.Linear(3, 3), activation), torch.randn(4, 3, generator=generator())
    assert bool(recorded(model, x).activations) == seen_by_default
    named = recorded(model, x, nonlinearities=type(activation))
    torch.testing.assert_close(named.activations["0"], model(x).detach())


def test_of_nested_nonlinearities_the_outer_one_counts_if_it_is_named():
    model, x = nn.Sequential(nn.Linear(3, 3), GatedSwish()), torch.randn(4, 3, generator=generator())
    seen = recorded(model, x, nonlinearities=(nn.Sigmoid, GatedSwish))
    torch.testing.assert_close(seen.activations["0"], model(x).detach())
    assert recorded(model, x).nonlinearities == {"0": "1.gate"}, "the recording says whose output it is"


@pytest.mark.parametrize("last", [nn.Softmax(dim=1), nn.LogSoftmax(dim=1)])
def test_softmax_is_no_nonlinearity_and_ends_the_search(last):
    x = torch.randn(4, 3, generator=generator())
    assert recorded(nn.Sequential(nn.Linear(3, 3), last, nn.ReLU()), x).activations == {}


@pytest.mark.parametrize("between", [nn.MaxPool1d(1), nn.Conv1d(4, 4, 1), nn.Flatten()])
def test_what_mixes_values_or_changes_the_shape_ends_the_search(between):
    x = torch.randn(4, 3, generator=generator())
    model = nn.Sequential(nn.Linear(3, 4), nn.Unflatten(1, (4, 1)), between, nn.ReLU())
    assert recorded(model, x).activations == {}


class Block(nn.Module):
    """A basic residual block, with one ReLU module for both nonlinearities, as torchvision writes it."""

    def __init__(self, in_place):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(2, 2, 3, padding=1, bias=False), nn.BatchNorm2d(2)
        self.conv2, self.bn2 = nn.Conv2d(2, 2, 3, padding=1, bias=False), nn.BatchNorm2d(2)
        self.relu, self.in_place = nn.ReLU(inplace=in_place), in_place

    def forward(self, x):
        out = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        if self.in_place:
            out += x
        else:
            out = out + x
        return self.relu(out)


@pytest.mark.parametrize("in_place", [True, False])
@pytest.mark.parametrize("context", [torch.enable_grad, torch.no_grad, torch.inference_mode])
def test_in_a_residual_block_the_sum_is_no_activation_of_a_layer(in_place, context):
    block, x = Block(in_place).eval(), torch.randn(3, 2, 5, 5, generator=generator())
    with context():
        seen = recorded(block, x, modules=nn.Conv2d)
        expected = block.relu(block.bn1(block.conv1(x)))
    assert seen.nonlinearities == {"conv1": "relu"}
    torch.testing.assert_close(seen.activations["conv1"], expected)
    assert "conv2 (3, 2, 5, 5): pre-activations; no nonlinearity seen" in repr(seen)


def test_values_that_are_not_numbers_are_recorded_in_inference_mode_too():
    with torch.inference_mode():
        seen = recorded(nn.Sequential(nn.Linear(2, 2), nn.ReLU()), torch.full((1, 2), math.nan))
    assert "0" in seen.activations


def test_keyword_calls_are_seen():
    class Named(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer, self.act = nn.Linear(2, 2), nn.Tanh()

        def forward(self, x):
            return self.act(input=self.layer(input=x))

    x = torch.randn(4, 2, generator=generator())
    model = Named()
    torch.testing.assert_close(recorded(model, x).activations["layer"], model(x).detach())


def test_a_layer_used_twice_shows_its_last_call_and_says_so():
    layer = nn.Linear(2, 2)
    seen = recorded(nn.Sequential(layer, nn.ReLU(), layer), torch.ones(1, 2))
    assert seen.calls == {"0": 2}
    assert seen.activations == {}, "the activation belonged to the first call"
    assert "the last of 2 calls" in repr(seen)


def test_recurrent_layers_and_attention_are_recorded_by_their_first_output():
    x = torch.randn(2, 5, 3, generator=generator())
    lstm = nn.LSTM(3, 4, batch_first=True)
    with record(lstm, modules=nn.LSTM) as seen:
        lstm(x)[0].sum().backward()
    torch.testing.assert_close(seen.pre_activations[""], lstm(x)[0].detach())
    assert seen.gradients[""].shape == (2, 5, 4)

    class Attend(nn.Module):
        def __init__(self):
            super().__init__()
            self.attention, self.out = nn.MultiheadAttention(3, 1, batch_first=True), nn.Linear(3, 2)

        def forward(self, x):
            return self.out(self.attention(query=x, key=x, value=x)[0])

    model = Attend()
    seen = recorded(model, x, modules=(nn.Linear, nn.MultiheadAttention))
    assert list(seen.pre_activations) == ["attention", "out"]
    assert seen.never_called == ("attention.out_proj",)
    assert "never called: attention.out_proj" in repr(seen)


def test_a_block_without_a_call_is_an_error_that_names_the_layers():
    with pytest.raises(ValueError, match=r"block received 'no call of a layer, of head'; allowed"), record(MLP((3, 2))):
        pass


def test_an_output_without_tensor_is_named_and_hooks_are_removed():
    class Odd(nn.Linear):
        def forward(self, x):
            return "text"

    model = Odd(2, 2)
    with pytest.raises(TypeError, match=r"the output of .*received 'text'; allowed: tensors"):
        recorded(model, torch.ones(1, 2))
    assert hooks(model) == 0


@pytest.mark.parametrize("wrong", ["ReLU", None, (), (nn.ReLU, "x"), nn.ReLU()])
def test_wrong_nonlinearities_are_named(wrong):
    with pytest.raises(TypeError, match=r"nonlinearities received .*allowed: a type"):
        recorded(MLP((2, 2)), torch.ones(1, 2), nonlinearities=wrong)


@given(arrays(np.float32, array_shapes(max_dims=4), elements=st.floats(-100, 100, width=32)))
def test_second_moment_is_the_mean_square(values):
    assert second_moment(torch.tensor(values)) == pytest.approx((values.astype(float) ** 2).mean())


def test_second_moment_does_not_overflow_and_names_an_empty_shape():
    assert second_moment(torch.full((10,), 1e30)) == pytest.approx(1e60)
    with pytest.raises(ValueError, match=r"values received \(0, 3\); allowed: shapes"):
        second_moment(torch.zeros(0, 3))


@given(arrays(np.float64, array_shapes(min_dims=2, max_dims=4, max_side=4), elements=st.sampled_from([0.0, 0.5, -1.0])))
def test_dead_and_saturated_units_are_those_of_a_loop(values):
    units = [values[:, unit] for unit in range(values.shape[1])]
    assert dead_units(torch.tensor(values)).tolist() == [not unit.any() for unit in units]
    expected = [all(abs(value) >= 0.5 for value in unit.ravel()) for unit in units]
    assert saturated_units(torch.tensor(values), limit=0.5).tolist() == expected


def test_units_that_are_dead_get_no_gradient():
    model = MLP((3, 20, 2), generator=generator(), bias_init=lambda b: b.fill_(-0.5))
    with record(model) as seen:
        model(torch.randn(4, 3, generator=generator(1))).sum().backward()
    dead = dead_units(seen.activations["backbone.0"])
    assert 0 < dead.sum() < 20
    assert not model.layers[0].weight.grad[dead].any()


@pytest.mark.parametrize("function", [dead_units, lambda a: saturated_units(a, 0.9)])
@pytest.mark.parametrize("shape", [(3,), (0, 3), (3, 0)])
def test_wrong_shapes_of_activations_are_named(function, shape):
    with pytest.raises(ValueError, match=r"activations received .*allowed: \(batch, units\)") as caught:
        function(torch.zeros(shape))
    assert str(shape) in str(caught.value)


@pytest.mark.parametrize("limit", [0, -1.0, math.nan, math.inf, "0.9", None])
def test_wrong_limits_are_named(limit):
    with pytest.raises(ValueError, match=r"limit received .*allowed: finite numbers"):
        saturated_units(torch.zeros(2, 2), limit)


@given(small_rows)
def test_distinct_units_are_the_distinct_rows(rows):
    assert count_distinct_units(torch.tensor(rows)) == len({tuple(row) for row in rows.tolist()})


@given(arrays(np.float64, st.tuples(st.integers(1, 9), st.integers(1, 2)), elements=st.integers(0, 12)))
def test_units_are_one_if_a_chain_of_close_rows_joins_them(rows):
    near = np.abs(rows[:, None] - rows[None]).max(axis=2) <= 1
    assert count_distinct_units(torch.tensor(rows), tolerance=1) == connected_components(near)[0]


@given(small_rows, st.randoms(use_true_random=False), st.data())
def test_order_and_duplicates_do_not_change_the_count(rows, random, data):
    count = count_distinct_units(torch.tensor(rows))
    order = list(range(len(rows)))
    random.shuffle(order)
    assert count_distinct_units(torch.tensor(rows[order])) == count
    again = data.draw(st.lists(st.sampled_from(order), max_size=5))
    assert count_distinct_units(torch.tensor(rows[order + again])) == count
    assert count_distinct_units(torch.tensor(rows[order]), bias=torch.zeros(len(rows))) == count
    assert count_distinct_units(torch.tensor(rows), bias=torch.arange(len(rows))) == len(rows)


def test_kernels_of_a_convolution_count_as_rows_and_the_model_stays_as_it_was():
    weight = torch.zeros(4, 2, 3, 3, requires_grad=True)
    assert count_distinct_units(weight) == 1
    with torch.no_grad():
        weight[2, 1, 2, 2] = 1e-3
    assert count_distinct_units(weight) == 2
    assert count_distinct_units(weight, tolerance=1e-2) == 1


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((torch.zeros(3),), {}, r"weight received \(3,\); allowed: \(units, inputs\)"),
        ((torch.zeros(0, 3),), {}, r"weight received \(0, 3\); allowed"),
        ((torch.zeros(2, 3), torch.zeros(3)), {}, r"bias received \(3,\); allowed: the shape \(2,\)"),
        ((torch.zeros(2, 3),), {"tolerance": -1e-9}, "tolerance received -1e-09; allowed: finite numbers from 0"),
        ((torch.zeros(2, 3),), {"tolerance": math.nan}, "tolerance received nan; allowed"),
        ((torch.zeros(2, 3),), {"tolerance": None}, "tolerance received None; allowed"),
        ((torch.tensor([[math.nan]]),), {}, "not finite'; allowed: finite numbers"),
    ],
)
def test_wrong_weights_are_named(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        count_distinct_units(*arguments, **options)
