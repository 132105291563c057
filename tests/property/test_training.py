"""training: updates against written-out arithmetic and torch.optim, and what must stay as it was."""

import math
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax, softmax
from torch import nn

from warmstart.models import MLP
from warmstart.training import History, accuracy, fit, loss

seeds = st.integers(0, 2**32 - 1)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def problem(seed=0, n=12, inputs=3, classes=4):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, inputs)), rng.integers(classes, size=n)


def linear(seed=0):
    source = generator(seed)
    return MLP((3, 4), weight_init=lambda w: w.normal_(generator=source)).double()


def gradients(W, b, x, y):
    """Of the mean cross entropy of a linear model, written out."""
    delta = (softmax(x @ W.T + b, axis=1) - np.eye(len(b))[y]) / len(x)
    return delta.T @ x, delta.sum(axis=0)


@settings(deadline=None)
@given(seeds, st.floats(0, 2), st.floats(0, 0.99), st.floats(0, 1))
def test_sgd_is_the_written_out_recursion(seed, learning_rate, momentum, weight_decay):
    (x, y), model = problem(seed), linear(seed)
    W, b = (parameter.detach().numpy().copy() for parameter in model.parameters())
    velocities = [0, 0]
    for _ in range(4):
        decayed = [g + weight_decay * p for g, p in zip(gradients(W, b, x, y), (W, b), strict=True)]
        velocities = [momentum * v + g for v, g in zip(velocities, decayed, strict=True)]
        W, b = W - learning_rate * velocities[0], b - learning_rate * velocities[1]
    options = {"learning_rate": learning_rate, "momentum": momentum, "weight_decay": weight_decay}
    fit(model, x, y, epochs=4, batch_size=len(x), **options)
    np.testing.assert_allclose(model.head.weight.detach().numpy(), W, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(model.head.bias.detach().numpy(), b, rtol=1e-8, atol=1e-10)


@settings(deadline=None)
@given(seeds, st.floats(1e-4, 1))
def test_adam_is_its_published_recursion(seed, learning_rate):
    (x, y), model = problem(seed), linear(seed)
    W, b = (parameter.detach().numpy().copy() for parameter in model.parameters())
    m, v = np.zeros_like(W), np.zeros_like(W)
    mb, vb = np.zeros_like(b), np.zeros_like(b)
    for t in range(1, 4):
        gW, gb = gradients(W, b, x, y)
        m, v, mb, vb = (0.9 * m + 0.1 * gW, 0.999 * v + 0.001 * gW**2, 0.9 * mb + 0.1 * gb, 0.999 * vb + 0.001 * gb**2)
        W = W - learning_rate * m / (1 - 0.9**t) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        b = b - learning_rate * mb / (1 - 0.9**t) / (np.sqrt(vb / (1 - 0.999**t)) + 1e-8)
    fit(model, x, y, epochs=3, batch_size=len(x), learning_rate=learning_rate, optimizer="adam")
    np.testing.assert_allclose(model.head.weight.detach().numpy(), W, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(model.head.bias.detach().numpy(), b, rtol=1e-6, atol=1e-8)


@settings(deadline=None)
@given(seeds, st.integers(1, 15), st.integers(1, 3))
def test_every_epoch_shows_each_example_once_with_its_own_target(seed, batch_size, epochs):
    n, seen = 12, []

    class Spy(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(()))

        def forward(self, x):
            seen.append(x[:, 0].tolist())
            return self.weight + nn.functional.one_hot(x[:, 0].long(), n) * 50.0

    history = fit(
        Spy(),
        np.arange(n)[:, None],
        np.arange(n),
        epochs=epochs,
        learning_rate=0.1,
        batch_size=batch_size,
        generator=generator(seed),
    )
    per_epoch = math.ceil(n / batch_size)
    assert history.steps_per_epoch == per_epoch
    assert history.steps == len(seen) == epochs * per_epoch
    for epoch in range(epochs):
        batches = seen[epoch * per_epoch : (epoch + 1) * per_epoch]
        assert all(len(batch) == batch_size for batch in batches[:-1])
        assert sorted(example for batch in batches for example in batch) == list(range(n))
    assert (history.losses < 1e-6).all(), "an example came with the target of another"


def test_the_order_differs_between_epochs_and_follows_the_generator():
    x, y = problem(n=50)
    same, again, other = (
        fit(linear(), x, y, epochs=2, learning_rate=0.0, batch_size=1, generator=generator(seed)) for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(same.losses, again.losses)
    assert (same.losses != other.losses).any()
    assert (same.losses[:50] != same.losses[50:]).any()


def test_a_loss_is_that_before_the_update_and_zero_learning_rate_changes_nothing():
    (x, y), model = problem(), linear()
    before = loss(model, x, y)
    history = fit(model, x, y, epochs=2, learning_rate=0.0, batch_size=99)
    assert history.losses == pytest.approx([before, before])


@settings(deadline=None)
@given(seeds)
def test_accuracy_and_loss_are_those_of_numpy(seed):
    (x, y), model = problem(seed), linear(seed)
    logits = x @ model.head.weight.detach().numpy().T
    assert accuracy(model, x, y) == pytest.approx((logits.argmax(axis=1) == y).mean())
    assert loss(model, x, y) == pytest.approx(-log_softmax(logits, axis=1)[range(len(y)), y].mean())


def test_training_lowers_the_loss_of_a_network():
    x, _ = problem(n=60, inputs=4)
    y = x.argmax(axis=1)
    model = MLP((4, 16, 4), generator=generator())
    history = fit(model, x, y, epochs=60, learning_rate=0.5, batch_size=20, generator=generator())
    assert history.epoch_losses[-1] < 0.5 * history.epoch_losses[0]
    assert not history.diverged


def test_a_loss_that_is_not_finite_ends_training_without_a_further_update():
    class Meter(nn.Module):
        """Logits whose loss becomes infinite at the third call."""

        def __init__(self):
            super().__init__()
            self.weight, self.calls = nn.Parameter(torch.zeros(2)), 0

        def forward(self, x):
            self.calls += 1
            return self.weight + torch.tensor([[0.0, math.inf if self.calls == 3 else 0.0]]).expand(len(x), 2)

    model = Meter()
    history = fit(model, np.zeros((4, 1)), np.zeros(4, int), epochs=5, learning_rate=0.1, batch_size=2)
    assert history.diverged
    assert model.calls == history.steps == 3
    assert np.isfinite(history.losses).tolist() == [True, True, False]
    assert torch.isfinite(model.weight).all()
    assert repr(history).endswith("diverged")


def test_frozen_parameters_and_the_modes_of_all_modules_stay():
    model = nn.Sequential(nn.Linear(3, 5), nn.BatchNorm1d(5), nn.Linear(5, 4))
    model[0].requires_grad_(False)
    model[1].eval()
    frozen, free = model[0].weight.clone(), model[2].weight.clone()
    modes = [module.training for module in model.modules()]
    x, y = problem()
    fit(model, x, y, epochs=1, learning_rate=0.5)
    accuracy(model, x, y)
    loss(model, x, y)
    assert torch.equal(model[0].weight, frozen)
    assert not torch.equal(model[2].weight, free)
    assert [module.training for module in model.modules()] == modes


def test_dropout_acts_in_training_and_not_in_evaluation():
    modes = []

    class Watch(nn.Linear):
        def forward(self, x):
            modes.append(self.training)
            return super().forward(x)

    model, (x, y) = Watch(3, 4).eval(), problem()
    fit(model, x, y, epochs=1, learning_rate=0.1)
    model.train()
    accuracy(model, x, y)
    loss(model, x, y)
    assert modes == [True, False, False]
    assert model.training


def test_modes_return_after_an_error_too():
    class Failing(nn.Linear):
        def forward(self, x):
            raise ZeroDivisionError

    model = Failing(3, 4).eval()
    with pytest.raises(ZeroDivisionError):
        fit(model, *problem(), epochs=1, learning_rate=0.1)
    assert not model.training


def test_global_random_state_is_untouched_and_arrays_are_only_read():
    x, y = problem()
    x.flags.writeable = y.flags.writeable = False
    before = torch.get_rng_state()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = MLP((3, 5, 4), dropout=0.5, generator=generator())
        by_array = fit(model, x, y, epochs=2, learning_rate=0.1, batch_size=5, generator=generator(1))
    assert torch.equal(torch.get_rng_state(), before)
    model = MLP((3, 5, 4), dropout=0.5, generator=generator())
    tensors = torch.tensor(x), torch.tensor(y)
    by_tensor = fit(model, *tensors, epochs=2, learning_rate=0.1, batch_size=5, generator=generator(1))
    np.testing.assert_array_equal(by_array.losses, by_tensor.losses)


def test_labels_of_any_whole_type_will_do():
    (x, y), model = problem(), linear()
    assert loss(model, x, y.astype(np.uint8)) == loss(model, x, y) == loss(model, x, torch.tensor(y.astype(np.int32)))


WRONG = {
    "epochs": ("allowed are whole numbers from 1", [0, -1, 1.0, "3", None]),
    "batch_size": ("allowed are whole numbers from 1", [0, -64, 0.5, None]),
    "learning_rate": ("allowed are finite numbers from 0", [-0.1, math.nan, math.inf, "1", None]),
    "weight_decay": ("allowed are finite numbers from 0", [-0.1, math.nan, math.inf, None]),
    "momentum": (r"allowed are numbers in \[0, 1\)", [1, -0.1, math.nan, None]),
    "optimizer": ("allowed are sgd, adam", ["SGD", "", None]),
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, (_, values) in WRONG.items() for value in values])
def test_wrong_options_are_named_and_nothing_is_trained(name, value):
    model = linear()
    before = model.head.weight.clone()
    with pytest.raises(ValueError, match=f"{name} received {value!r}; {WRONG[name][0]}"):
        fit(model, *problem(), **({"epochs": 1, "learning_rate": 0.1} | {name: value}))
    assert torch.equal(model.head.weight, before)


def test_adam_takes_no_momentum():
    with pytest.raises(ValueError, match=r"momentum received 0.9; allowed with 'adam' is 0"):
        fit(linear(), *problem(), epochs=1, learning_rate=0.1, optimizer="adam", momentum=0.9)


@pytest.mark.parametrize("function", [accuracy, loss, lambda *arguments: fit(*arguments, epochs=1, learning_rate=0.1)])
@pytest.mark.parametrize(("x", "y"), [((4, 3), (5,)), ((4, 3), (4, 1)), ((0, 3), (0,)), ((4,), (4,))])
def test_inputs_and_targets_that_do_not_match_are_named(function, x, y):
    with pytest.raises(ValueError, match=r"allowed are \(n, ...\) and \(n,\)") as caught:
        function(linear(), np.zeros(x), np.zeros(y, int))
    assert f"inputs received shape {x} and targets {y}" in str(caught.value)


def test_targets_that_are_no_classes_are_refused():
    with pytest.raises(ValueError, match=r"targets received torch.float64; allowed are whole numbers"):
        fit(linear(), np.zeros((2, 3)), np.array([0.5, 1.0]), epochs=1, learning_rate=0.1)


def test_a_model_that_cannot_be_trained_is_refused():
    with pytest.raises(ValueError, match="no parameter that requires a gradient; allowed is at least one"):
        fit(linear().requires_grad_(False), *problem(), epochs=1, learning_rate=0.1)


def test_the_last_epoch_of_a_history_may_be_incomplete():
    history = History(np.array([1.0, 2.0, 3.0]), steps_per_epoch=2, diverged=True)
    assert history.epoch_losses.tolist() == [1.5, 3.0]
    with pytest.raises(AttributeError):
        history.losses = None
