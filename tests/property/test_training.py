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

from warmstart.models import MLP, Dropout
from warmstart.training import History, accuracy, fit, fit_many, logits, loss

seeds = st.integers(0, 2**32 - 1)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def problem(seed=0, n=12, inputs=3, classes=4):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, inputs)), rng.integers(classes, size=n)


def linear(seed=0):
    source = generator(seed)
    return MLP((3, 4), weight_init=lambda w: w.normal_(generator=source)).double()


def one_as_stack(model, *arguments, **options):
    return fit_many([model], *arguments, **options)[0]


def gradients(W, b, x, y):
    """Of the mean cross entropy of a linear model, written out."""
    delta = (softmax(x @ W.T + b, axis=1) - np.eye(len(b))[y]) / len(x)
    return delta.T @ x, delta.sum(axis=0)


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
    "epochs": ("allowed: whole numbers from 1", [0, -1, 1.0, "3", None, True]),
    "batch_size": ("allowed: whole numbers from 1", [0, -64, 0.5, None]),
    "learning_rate": ("allowed: finite numbers from 0", [-0.1, math.nan, math.inf, "1", None]),
    "weight_decay": ("allowed: finite numbers from 0", [-0.1, math.nan, math.inf, None]),
    "momentum": (r"allowed: numbers in \[0, 1\)", [1, -0.1, math.nan, None]),
    "optimizer": ("allowed: sgd, adam", ["SGD", "", None]),
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, (_, values) in WRONG.items() for value in values])
@pytest.mark.parametrize("train", [fit, one_as_stack])
def test_wrong_options_are_named_and_nothing_is_trained(name, value, train):
    model = linear()
    before = model.head.weight.clone()
    with pytest.raises(ValueError, match=f"{name} received {value!r}; {WRONG[name][0]}"):
        train(model, *problem(), **({"epochs": 1, "learning_rate": 0.1} | {name: value}))
    assert torch.equal(model.head.weight, before)


@pytest.mark.parametrize("train", [fit, one_as_stack])
def test_adam_takes_no_momentum(train):
    with pytest.raises(ValueError, match=r"momentum received 0.9; allowed: 0 with 'adam'"):
        train(linear(), *problem(), epochs=1, learning_rate=0.1, optimizer="adam", momentum=0.9)


@pytest.mark.parametrize(
    "function",
    [
        accuracy,
        loss,
        lambda *arguments: fit(*arguments, epochs=1, learning_rate=0.1),
        lambda *arguments: one_as_stack(*arguments, epochs=1, learning_rate=0.1),
    ],
)
@pytest.mark.parametrize(("x", "y"), [((4, 3), (5,)), ((4, 3), (4, 1)), ((0, 3), (0,)), ((4,), (4,))])
def test_inputs_and_targets_that_do_not_match_are_named(function, x, y):
    with pytest.raises(ValueError, match=r"allowed: \(n, ...\) and \(n,\)") as caught:
        function(linear(), np.zeros(x), np.zeros(y, int))
    assert f"inputs received 'shape {x} and targets {y}" in str(caught.value)


def test_targets_that_are_no_classes_are_refused():
    with pytest.raises(ValueError, match=r"targets received torch.float64; allowed: whole numbers"):
        fit(linear(), np.zeros((2, 3)), np.array([0.5, 1.0]), epochs=1, learning_rate=0.1)


@pytest.mark.parametrize("train", [fit, one_as_stack])
def test_a_model_that_cannot_be_trained_is_refused(train):
    with pytest.raises(ValueError, match=r"no parameter that requires a gradient.; allowed: at least one"):
        train(linear().requires_grad_(False), *problem(), epochs=1, learning_rate=0.1)


def test_the_last_epoch_of_a_history_may_be_incomplete():
    history = History(np.array([1.0, 2.0, 3.0]), steps_per_epoch=2, diverged=True)
    assert history.epoch_losses.tolist() == [1.5, 3.0]
    with pytest.raises(AttributeError):
        history.losses = None


# fit_many: each model ends where fit alone would have led it.


def network(seed, *, dropout=0.0, dtype=torch.float64, **options):
    source = generator(seed)
    return MLP((3, 6, 5, 4), dropout=dropout, generator=source, **options).to(dtype)


def batch_normalized(seed):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(3, 6), nn.BatchNorm1d(6), Dropout(0.3, generator=generator(seed)), nn.Linear(6, 4))


def assert_same_state(one, other):
    for (name, a), b in zip(one.state_dict().items(), other.state_dict().values(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-6, atol=1e-9, msg=lambda text, name=name: f"{name}: {text}")


@given(
    seeds,
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 0.1)), min_size=1, max_size=4),
    st.sampled_from([("sgd", 0.0), ("sgd", 0.9), ("adam", 0.0)]),
    st.sampled_from([0.0, 0.4]),
    st.integers(1, 13),
    st.booleans(),
)
def test_a_stack_trains_each_model_as_fit_does(seed, settings_of_each, method, dropout, batch_size, own_batches):
    x, y = problem(seed)
    rates, decays = map(list, zip(*settings_of_each, strict=True))
    options = {"epochs": 2, "batch_size": batch_size, "optimizer": method[0], "momentum": method[1]}
    sources = [generator(seed + 1 + index * own_batches) for index in range(len(rates))]
    alone = [network(seed + index, dropout=dropout) for index in range(len(rates))]
    histories = [
        fit(model, x, y, learning_rate=rate, weight_decay=decay, generator=source, **options)
        for model, rate, decay, source in zip(alone, rates, decays, sources, strict=True)
    ]
    together = [network(seed + index, dropout=dropout) for index in range(len(rates))]
    fresh = [generator(seed + 1 + index * own_batches) for index in range(len(rates))]
    source = fresh if own_batches else fresh[0]
    many = fit_many(together, x, y, learning_rate=rates, weight_decay=decays, generator=source, **options)
    for one, other, model, twin in zip(histories, many, alone, together, strict=True):
        np.testing.assert_allclose(one.losses, other.losses, rtol=1e-6)
        assert (one.steps_per_epoch, one.diverged) == (other.steps_per_epoch, other.diverged)
        assert_same_state(model, twin)


def test_a_stack_keeps_running_statistics_frozen_layers_and_modes():
    x, y = problem()
    pairs = [[batch_normalized(seed).double() for seed in range(3)] for _ in range(2)]
    for model in pairs[0] + pairs[1]:
        model[0].requires_grad_(False)
        model[1].eval()
    for model in pairs[0]:
        fit(model, x, y, epochs=2, learning_rate=0.1, batch_size=5, generator=generator())
    before = pairs[1][1][0].weight.clone()
    fit_many(pairs[1], x, y, epochs=2, learning_rate=0.1, batch_size=5, generator=generator())
    assert torch.equal(pairs[1][1][0].weight, before)
    for one, other in zip(*pairs, strict=True):
        assert_same_state(one, other)
        assert [module.training for module in other] == [True, False, True, True]
        assert isinstance(other[2].generator, torch.Generator), "the generators came back"


def test_models_that_diverge_do_not_disturb_the_others_and_stop():
    x, y = problem(n=40)
    rates = [0.1, 1e200, 0.1, 1e308]
    alone, together = ([network(seed) for seed in range(4)] for _ in range(2))
    options = {"epochs": 4, "batch_size": 8, "momentum": 0.5}
    one_by_one = [
        fit(model, x, y, learning_rate=rate, generator=generator(), **options)
        for model, rate in zip(alone, rates, strict=True)
    ]
    many = fit_many(together, x, y, learning_rate=rates, generator=generator(), **options)
    assert [history.diverged for history in many] == [False, True, False, True]
    for one, other, model, twin in zip(one_by_one, many, alone, together, strict=True):
        assert one.steps == other.steps
        np.testing.assert_allclose(one.losses, other.losses, rtol=1e-6)
        if not one.diverged:
            assert_same_state(model, twin)
    assert fit_many([network(0)], x * 1e200, y, epochs=3, learning_rate=1e200)[0].steps < 15


def test_a_weight_that_overflows_in_the_last_update_is_reported():
    for train in (fit, one_as_stack):
        history = train(linear(), *problem(), epochs=1, batch_size=99, learning_rate=1e308, weight_decay=1e308)
        assert history.steps == 1
        assert np.isfinite(history.losses).all()
        assert history.diverged


def test_the_modules_of_torch_draw_different_masks_for_each_model():
    def model():
        made = nn.Sequential(nn.Dropout(0.5), nn.Linear(3, 4)).double()
        nn.init.constant_(made[1].weight, 0.1)
        return made

    models = [model() for _ in range(2)]
    models[1].load_state_dict(models[0].state_dict())
    fit_many(models, *problem(n=50), epochs=1, learning_rate=0.5)
    assert not torch.equal(models[0][1].weight, models[1][1].weight)


def test_linear_layers_on_sequences_and_on_single_vectors_and_their_forward_is_given_back():
    class Sequence(nn.Module):
        def __init__(self):
            super().__init__()
            self.token, self.gate, self.head = nn.Linear(1, 5), nn.Linear(2, 5, bias=False), nn.Linear(5, 4)

        def forward(self, x):
            gate = self.gate(torch.ones(2, dtype=x.dtype))  # a vector without batch
            return self.head((self.token(x[:, :, None]).tanh() * gate).mean(dim=1))

    x, y = problem()
    torch.manual_seed(0)
    alone = [Sequence().double() for _ in range(3)]
    together = [Sequence().double() for _ in range(3)]
    for one, other in zip(alone, together, strict=True):
        other.load_state_dict(one.state_dict())
        fit(one, x, y, epochs=3, learning_rate=0.3, batch_size=5, generator=generator())
    fit_many(together, x, y, epochs=3, learning_rate=0.3, batch_size=5, generator=generator())
    for one, other in zip(alone, together, strict=True):
        assert_same_state(one, other)
    assert not any("forward" in vars(module) for module in together[0].modules())


def test_evaluation_takes_a_stack():
    x, y = problem(n=30)
    models = [network(seed, dropout=0.5) for seed in range(3)]
    np.testing.assert_allclose(accuracy(models, x, y), [accuracy(model, x, y) for model in models])
    np.testing.assert_allclose(loss(models, x, y), [loss(model, x, y) for model in models])
    torch.testing.assert_close(logits(models, x), torch.stack([logits(model, x) for model in models]))
    assert not logits(models, x).requires_grad
    assert all(model.training for model in models)


class Scaled(nn.Module):
    def __init__(self, factor):
        super().__init__()
        self.factor, self.layer = factor, nn.Linear(3, 4)

    def forward(self, x):
        return self.factor * self.layer(x)


def shared_pair():
    layer = nn.Linear(3, 4)
    return [nn.Sequential(layer), nn.Sequential(layer)]


@pytest.mark.parametrize(
    ("models", "message"),
    [
        ([], "models received .*allowed: a list of at least one"),
        (nn.Linear(3, 4), "allowed: a list of at least one"),
        (["model"], "allowed: a list of at least one"),
        ([nn.Linear(3, 4), nn.Linear(3, 5)], r"models\[1\] received .*allowed: what models\[0\] has"),
        ([nn.Linear(3, 4), nn.Linear(3, 4).double()], r"models\[1\] received"),
        ([nn.Linear(3, 4), nn.Linear(3, 4, bias=False)], r"models\[1\] received"),
        ([MLP((3, 4)), MLP((3, 4, 4))], r"models\[1\] received"),
        ([MLP((3, 4, 4)), MLP((3, 4, 4), nonlinearity="tanh")], r"models\[1\] received .*Tanh.*allowed"),
        ([MLP((3, 9, 4), dropout=0.1), MLP((3, 9, 4), dropout=0.2)], r"models\[1\] received .*0.2.*allowed.*0.1"),
        ([Scaled(1.0), Scaled(2.0)], r"models\[1\] received .*2.0.*allowed"),
        ([nn.Linear(3, 4), nn.Linear(3, 4).requires_grad_(False)], r"models\[1\] received"),
        (shared_pair(), "a parameter or buffer that two of them share"),
    ],
)
def test_models_that_are_no_stack_are_refused(models, message):
    with pytest.raises(ValueError, match=message):
        fit_many(models, *problem(), epochs=1, learning_rate=0.1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"learning_rate": [0.1, 0.2, 0.3]}, r"learning_rate received \[0.1, 0.2, 0.3\]; allowed: one number, or 2"),
        ({"weight_decay": [0.1, -0.2]}, "weight_decay received -0.2; allowed: finite numbers from 0"),
        ({"generator": [generator()] * 3}, "generator received '3 generators'; allowed: one, or 2"),
    ],
)
def test_settings_that_do_not_fit_the_stack_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        fit_many([linear(), linear()], *problem(), **({"epochs": 1, "learning_rate": 0.1} | options))


# Labels and logits that would count silently.


@pytest.mark.parametrize("label", [-100, -1, 4, 99])
@pytest.mark.parametrize("function", [accuracy, loss, lambda *arguments: fit(*arguments, epochs=1, learning_rate=0.1)])
@pytest.mark.parametrize("stacked", [False, True])
def test_labels_out_of_range_are_refused(label, function, stacked):
    x, y = problem()
    y[3] = label
    if stacked and function not in (accuracy, loss):
        function = lambda *arguments: fit_many(*arguments, epochs=1, learning_rate=0.1)  # noqa: E731
    with pytest.raises(ValueError, match=f"targets received {label}; allowed: classes"):
        function([linear()] if stacked else linear(), x, y)


def test_logits_that_are_not_numbers_count_as_wrong():
    answers = torch.tensor([[math.nan, math.nan], [math.nan, 1.0], [2.0, 1.0], [math.inf, 1.0]])
    assert accuracy(nn.Identity(), answers, torch.tensor([0, 1, 0, 0])) == 0.5


def test_numbers_of_numpy_will_do():
    x, y = problem()
    history = fit(linear(), x, y, epochs=np.int64(2), batch_size=np.int64(4), learning_rate=np.float64(0.1))
    assert history.steps == 6


def test_evaluation_computes_no_gradients_and_adam_decays_its_weights_as_torch_does():
    x, y = problem()
    seen = []

    class Watch(nn.Linear):
        def forward(self, inputs):
            seen.append(torch.is_grad_enabled())
            return super().forward(inputs)

    model = Watch(3, 4)
    accuracy(model, x, y), loss(model, x, y), logits(model, x)
    assert seen == [False] * 3
    twins = [linear(), linear()]
    fit(twins[0], x, y, epochs=5, learning_rate=0.1, weight_decay=0.3, batch_size=99, optimizer="adam")
    updater = torch.optim.Adam(twins[1].parameters(), lr=0.1, weight_decay=0.3)
    for _ in range(5):
        updater.zero_grad()
        nn.functional.cross_entropy(twins[1](torch.tensor(x)), torch.tensor(y)).backward()
        updater.step()
    assert_same_state(*twins)


def test_a_diverged_history_knows_its_epochs():
    history = fit(linear(), *problem(n=12), epochs=4, learning_rate=1e308, batch_size=5)
    assert history.diverged
    assert history.steps_per_epoch == 3


@given(seeds)
@settings(max_examples=10, deadline=None)
def test_models_on_rows_of_their_own_end_where_each_alone_would(seed):
    (x, y), rows = (
        problem(seed, n=20),
        np.stack([np.random.default_rng(seed + i).permutation(20)[:7] for i in range(3)]),
    )
    options = {"epochs": 3, "learning_rate": 0.1, "batch_size": 3}
    stack, alone = ([linear(seed) for seed in range(3)] for _ in range(2))
    histories = fit_many(stack, x, y, rows=rows, generator=[generator(i) for i in range(3)], **options)
    for index, (one, other) in enumerate(zip(stack, alone, strict=True)):
        history = fit(other, x[rows[index]], y[rows[index]], generator=generator(index), **options)
        np.testing.assert_allclose(histories[index].losses, history.losses, rtol=1e-9)
        assert histories[index].steps_per_epoch == history.steps_per_epoch == 3
        torch.testing.assert_close(one.head.weight, other.head.weight)


def test_rows_with_one_order_for_all():
    (x, y), models = problem(n=20), [linear(), linear()]
    fit_many(models, x, y, rows=[range(10), range(10)], epochs=2, learning_rate=0.1, generator=generator())
    torch.testing.assert_close(*(model.head.weight for model in models))


@pytest.mark.parametrize("rows", [[[0, 1]], [[0, 1], [2, 12]], [[0, -1], [2, 3]], [[], []], [[0.5], [1.0]], [0, 1]])
def test_bad_rows_are_named(rows):
    with pytest.raises(
        ValueError, match=r"rows received .*; allowed: shape \(2, examples\) with whole numbers from 0 to 11"
    ):
        fit_many([linear(), linear()], *problem(), rows=rows, epochs=1, learning_rate=0.1)
