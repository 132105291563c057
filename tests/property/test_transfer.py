"""transfer: what is loaded, what is frozen, who gets which rate, and the probe against brute force."""

import copy
import io
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from warmstart.models import CNN, MLP, ResidualNet
from warmstart.training import accuracy, fit, fit_many, fit_with, logits
from warmstart.transfer import (
    extract_features,
    fine_tune,
    freeze,
    freeze_to,
    layer_groups,
    leave_one_out_accuracy,
    linear_probe,
    load_matching,
    param_groups,
    replace_head,
    resample_weights,
    unfreeze,
)

seeds = st.integers(0, 2**32 - 1)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def networks():
    """Networks of different kinds, each with batch normalization or dropout somewhere."""
    return {
        "mlp": MLP((6, 8, 8, 3), dropout=0.5, generator=generator()),
        "cnn": CNN((1, 4, 8), 3, norm=nn.BatchNorm2d, generator=generator()),
        "residual": ResidualNet((1, 4, 8), 3, norm=nn.BatchNorm2d, generator=generator()),
        "plain": plain(),
    }


def plain():
    """A sequence of torch's own modules, with statistics that belong to no parameter."""
    model = nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8, affine=False), nn.Dropout(), nn.Linear(8, 3))
    source = generator()
    for parameter in model.parameters():
        nn.init.normal_(parameter, generator=source)
    return model


def inputs_of(name, n=12):
    return (
        torch.randn(n, 6, generator=generator(1))
        if name in ("mlp", "plain")
        else torch.randn(n, 1, 8, 8, generator=generator(1))
    )


kinds = pytest.mark.parametrize("name", list(networks()))


def state(model):
    return {key: value.clone() for key, value in model.state_dict().items()}


def changed(before, model):
    return [key for key, value in model.state_dict().items() if not torch.equal(value, before[key])]


# Loading


def test_all_that_matches_is_loaded_and_the_rest_named():
    source, target = CNN((1, 4, 8), 10, norm=nn.BatchNorm2d), CNN((1, 4, 8), 3)
    before = state(target)
    report = load_matching(target, source)
    # With normalization the second convolution has another number: nothing of that name fits but the first.
    assert report.loaded == ("backbone.0.weight", "backbone.0.bias")
    assert set(report.missing) == {"backbone.2.weight", "backbone.2.bias"}
    assert set(report.mismatched) == {"head.weight", "head.bias"}
    assert "(10, 8) torch.float32; the model has (3, 8) torch.float32" in report.mismatched["head.weight"]
    assert "backbone.1.running_mean" in report.unexpected
    assert "unexpected: backbone.1.weight" in repr(report)
    assert changed(before, target) == ["backbone.0.weight"]  # both biases are zero
    assert torch.equal(target.backbone[0].weight, source.backbone[0].weight)


@kinds
def test_a_whole_state_is_loaded_buffers_included(name):
    source, target = networks()[name], networks()[name]
    fit(source, inputs_of(name), torch.arange(12) % 3, epochs=2, learning_rate=0.1)
    report = load_matching(target, source.state_dict())
    assert not changed(state(source), target)
    assert report.loaded == tuple(source.state_dict())
    assert not [*report.missing, *report.unexpected, *report.mismatched]


@pytest.mark.parametrize(
    ("given_state", "error", "message"),
    [
        ({}, ValueError, r"state received \[\]; allowed: at least one entry of the model, such as \['backbone.0.bias'"),
        ({"weight": torch.ones(2)}, ValueError, r"state received \['weight'\]; allowed: at least one entry"),
        (
            {"head.bias": torch.ones(7)},
            ValueError,
            r"head.bias.*\(7,\) torch.float32; the model has \(3,\) torch.float32",
        ),
        (
            {"head.bias": torch.ones(3).double()},
            ValueError,
            r"\(3,\) torch.float64; the model has \(3,\) torch.float32",
        ),
        (
            {"head.bias": torch.zeros(3), "head.weight": torch.full((3, 8), torch.nan)},
            ValueError,
            r"state received .*not finite in \['head.weight'\]",
        ),
        (
            {"state_dict": {"head.bias": torch.ones(3)}},
            TypeError,
            r"state received {'state_dict': 'dict'}; allowed: tens",
        ),
    ],
)
def test_a_state_that_cannot_be_loaded_leaves_the_model_as_it_was(given_state, error, message):
    model = networks()["mlp"]
    before = state(model)
    with pytest.raises(error, match=message):
        load_matching(model, given_state)
    assert not changed(before, model)


@pytest.mark.parametrize(("empty", "message"), [("model", "model received"), ("state", "state received")])
def test_what_has_no_storage_is_refused(empty, message):
    """Copying from or to the meta device moves nothing; "2 loaded" was reported."""
    model, given_state = nn.Linear(3, 2), nn.Linear(3, 2)
    before = state(model)
    model, given_state = (
        one.to("meta") if empty == name else one
        for name, one in zip(("model", "state"), (model, given_state), strict=True)
    )
    with pytest.raises(ValueError, match=message + ".*no content in .*weight.*allowed: tensors with content"):
        load_matching(model, given_state)
    assert model.weight.is_meta if empty == "model" else not changed(before, model)


# The head


@kinds
def test_a_new_head_answers_zero_and_its_gradient_stops_above_the_features(name):
    model, x = networks()[name], inputs_of(name)
    head = replace_head(model, 5)
    answers = model(x)
    assert answers.shape == (12, 5)
    assert not answers.any()
    nn.functional.cross_entropy(answers, torch.arange(12) % 5).backward()
    touched = [key for key, p in model.named_parameters() if p.grad is not None and p.grad.any()]
    assert {model.get_parameter(key) is p for key, p in zip(touched, head.parameters(), strict=True)} == {True}


def test_a_head_keeps_place_and_type_and_may_be_a_module():
    model = MLP((6, 8, 3), dtype=torch.float64)
    assert replace_head(model, 4) is model.head
    assert model.head.weight.dtype == torch.float64
    head = MLP((8, 16, 5))
    assert replace_head(model.float(), head, name="head") is head
    assert model(torch.zeros(2, 6)).shape == (2, 5)
    replace_head(model, 7)  # the last layer with parameters is now inside the head
    assert model(torch.zeros(2, 6)).shape == (2, 7)


@pytest.mark.parametrize(
    ("model", "head", "name", "message"),
    [
        (MLP((6, 8, 3)), 0, None, "head received 0; allowed: whole numbers from 1"),
        (MLP((6, 8, 3)), nn.Linear(9, 2), None, "for 9 features.; allowed: modules for the 8 of the old head"),
        (MLP((6, 8, 3)), nn.ReLU(), None, "for None features.; allowed: modules for the 8"),
        (
            MLP((6, 8, 3)),
            2,
            "classifier",
            "name received 'classifier'; allowed: backbone, backbone.0, backbone.1, head",
        ),
        (nn.Sequential(nn.Conv2d(1, 4, 1)), 2, None, "'0', a Conv2d.; allowed: a head that begins with a linear layer"),
        (nn.Linear(6, 3), 2, None, "name received .*the model itself.; allowed: a part of the model"),
        (nn.ReLU(), 2, None, "model received 'ReLU'; allowed: models with parameters"),
    ],
)
def test_a_wrong_head_leaves_the_model_as_it_was(model, head, name, message):
    before = state(model)
    with pytest.raises(ValueError, match=message):
        replace_head(model, head, name=name)
    assert not changed(before, model)


# Freezing


def train_hard(model, x):
    """Everything that could move a layer: momentum, weight decay, statistics, and gradients kept at zero."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=0.1)
    fit_with(model, optimizer, x, torch.arange(len(x)) % 3, epochs=3, batch_size=4)


@kinds
def test_what_is_frozen_does_not_move_and_what_is_not_does(name):
    model, x = networks()[name], inputs_of(name)
    part = model[:3] if name == "plain" else model.backbone
    freeze(part)
    before, answer = state(model), part(x)
    train_hard(model, x)
    assert changed(before, model) == [key for key, _ in model.named_parameters()][-2:]
    assert torch.equal(part(x), answer)
    assert not any(
        module.training for module in model.train().eval().train().modules() if module in set(part.modules())
    )
    assert model.training


@kinds
def test_freezing_and_unfreezing_leaves_no_trace(name):
    one, other, x = networks()[name], networks()[name], inputs_of(name)
    freeze(one)
    unfreeze(one)
    one.train()
    assert [vars(m).keys() for m in one.modules()] == [vars(m).keys() for m in other.modules()]
    for model in (one, other):
        torch.manual_seed(0)
        fit(model, x, torch.arange(12) % 3, epochs=2, learning_rate=0.1, generator=generator())
    assert name == "mlp" or not changed(state(one), other)  # our dropout goes on with its own generator


@kinds
def test_a_copy_of_a_frozen_model_is_frozen_itself(name):
    model = networks()[name]
    freeze(model)
    twin = copy.deepcopy(model)
    unfreeze(model)
    assert not any(module.training for module in twin.train().modules())
    assert not any(parameter.requires_grad for parameter in twin.parameters())
    unfreeze(twin)
    assert all(module.training for module in twin.train().modules())


@kinds
@pytest.mark.parametrize("store", ["pickle", "torch.save"])
def test_a_frozen_model_is_saved_and_loaded_frozen(name, store):
    model, x = networks()[name], inputs_of(name)
    freeze(model[:3] if name == "plain" else model.backbone)
    if store == "pickle":
        loaded = pickle.loads(pickle.dumps(model))
    else:
        torch.save(model, file := io.BytesIO())
        file.seek(0)
        loaded = torch.load(file, weights_only=False)
    assert torch.equal(loaded.eval()(x), model.eval()(x))
    assert [m.training for m in loaded.train().modules()] == [m.training for m in model.train().modules()]
    assert not all(module.training for module in loaded.modules())
    before = state(loaded)
    train_hard(loaded, x)
    assert changed(before, loaded) == [key for key, _ in loaded.named_parameters()][-2:]
    unfreeze(loaded)
    assert all(module.training for module in loaded.train().modules())


OPTIMIZERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.1),
    "nesterov": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, foreach=False),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.1, weight_decay=0.1),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.1, momentum=0.9, weight_decay=0.1),
    "adagrad": lambda p: torch.optim.Adagrad(p, lr=0.1, weight_decay=0.1),
}


@pytest.mark.parametrize("set_to_none", [True, False])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_freezing_in_the_middle_of_training_stops_at_once(optimizer, set_to_none):
    """A gradient that stays in place goes on moving the weights, by momentum and decay, even when it is set to zero."""
    model, x = MLP((6, 8, 3), generator=generator()), inputs_of("mlp")
    step = OPTIMIZERS[optimizer](model.parameters())
    for repeat in range(6):
        step.zero_grad(set_to_none=set_to_none)
        loss = nn.functional.cross_entropy(model(x), torch.arange(len(x)) % 3)
        if repeat == 2:  # the graph was built before, and the gradients of the last step are there
            freeze(model.backbone)
            before = state(model)
        loss.backward()
        step.step()
        if repeat == 2:
            assert changed(before, model) == ["head.weight", "head.bias"]
    assert changed(before, model) == ["head.weight", "head.bias"]


def test_what_is_released_or_replaced_inside_a_frozen_model_follows_its_mode():
    """Freeze everything, then release the head, or give it a new one: it must get into training mode again."""
    model = MLP((6, 8, 3), dropout=0.5)
    replace_head(model, nn.Sequential(nn.Dropout(), nn.Linear(8, 2)), name="head")
    freeze(model)
    unfreeze(model.head)
    model.train()
    assert all(part.training for part in model.head.modules())
    assert not any(part.training for part in model.backbone.modules())
    model.eval()
    assert not any(part.training for part in model.modules())
    freeze(model)
    new = replace_head(model, nn.Sequential(nn.BatchNorm1d(8), nn.Linear(8, 4)), name="head")
    model.train()
    assert all(part.training for part in new.modules())


@kinds
def test_freeze_to_stops_a_prefix_and_releases_the_rest(name):
    model, x = networks()[name], inputs_of(name)
    groups = list(layer_groups(model))
    for last in reversed(range(len(groups) - 1)):
        freeze_to(model, groups[last])
        model.train()
        before = state(model)
        train_hard(model, x)
        moved = {
            id(model.get_parameter(key)) for key in changed(before, model) if key in dict(model.named_parameters())
        }
        free = {id(p) for group in groups[last + 1 :] for p in layer_groups(model)[group]}
        assert moved <= free
        assert {id(p) for p in model.parameters() if p.requires_grad} == free
        # A statistic belongs to the layer in front of it, also where its normalization has no parameters.
        names = [key for key in changed(before, model) if "running" in key]
        assert not any(not model.get_submodule(key.rpartition(".")[0]).training for key in names)
    if name != "mlp":
        statistics = [module for module in model.modules() if hasattr(module, "running_mean")]
        assert statistics[0].training is False


def test_freeze_to_accepts_the_beginning_of_a_name():
    model = networks()["cnn"]
    freeze_to(model, "backbone")
    assert [name for name, p in model.named_parameters() if p.requires_grad] == ["head.weight", "head.bias"]
    assert not any(module.training for module in model.train().backbone.modules())


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("backbone.1", "name received 'backbone.1'; allowed: backbone.0, backbone.3, head"),
        ("head", r".*head.*, which leaves nothing to train.; allowed: backbone.0, backbone.3"),
    ],
)
def test_a_layer_that_cannot_be_the_last_frozen_one_is_named(name, message):
    model = networks()["cnn"]
    with pytest.raises(ValueError, match=message):
        freeze_to(model, name)
    assert all(p.requires_grad for p in model.parameters())


def test_a_frozen_backbone_trains_in_a_stack():
    models = [CNN((1, 4), 3, norm=nn.BatchNorm2d, generator=generator(seed)) for seed in range(3)]
    for model in models:
        freeze(model.backbone)
    before = [state(model) for model in models]
    fit_many(models, inputs_of("cnn"), torch.arange(12) % 3, epochs=2, learning_rate=0.1)
    for old, model in zip(before, models, strict=True):
        assert changed(old, model) == ["head.weight", "head.bias"]


# Groups


@kinds
def test_groups_hold_every_parameter_once_in_order(name):
    model = networks()[name]
    groups = layer_groups(model)
    assert [id(p) for group in groups.values() for p in group] == [id(p) for p in model.parameters()]
    assert all(any(p.ndim > 1 for p in group) for group in groups.values())


def test_the_model_may_say_its_groups_but_must_name_all():
    model = networks()["plain"]
    model.layer_groups = lambda: {"body": model[0].parameters(), "head": model[3].parameters()}
    assert list(layer_groups(model)) == ["body", "head"]
    model.layer_groups = lambda: {"head": model[3].parameters()}
    with pytest.raises(ValueError, match=r"received .2 parameters.; allowed: each of the model's 4 once"):
        layer_groups(model)


@kinds
@given(st.floats(0.1, 1), st.integers(0, 3))
@settings(max_examples=10)
def test_parameter_groups_partition_what_can_be_trained(name, decay, frozen):
    model = networks()[name]
    names = list(layer_groups(model))
    stopped = names[: min(frozen, len(names) - 1)]
    if stopped:
        freeze_to(model, stopped[-1])
    groups = param_groups(model, 0.5, layer_decay=decay, weight_decay=0.1)
    trainable = [id(p) for p in model.parameters() if p.requires_grad]
    assert sorted(id(p) for group in groups for p in group["params"]) == sorted(trainable)
    for group in groups:
        height = len(names) - 1 - names.index(group["name"])
        assert group["lr"] == pytest.approx(0.5 * decay**height)
        assert {p.ndim > 1 for p in group["params"]} == {group["weight_decay"] > 0}
    torch.optim.AdamW(groups)  # refuses a parameter that appears twice


def test_tied_weights_are_in_one_group():
    model = nn.Sequential(nn.Linear(4, 4, bias=False), nn.Linear(4, 4, bias=False), nn.Linear(4, 2))
    model[1].weight = model[0].weight
    assert [len(group["params"]) for group in param_groups(model, 0.1)] == [1, 1, 1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layer_decay": 0}, r"layer_decay received 0; allowed: numbers in \(0, 1\]"),
        ({"layer_decay": 1.5}, "layer_decay received 1.5"),
        ({"weight_decay": -1}, "weight_decay received -1"),
        ({"learning_rate": float("nan")}, "learning_rate received nan"),
    ],
)
def test_bad_rates_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        param_groups(networks()["mlp"], **{"learning_rate": 0.1, **options})


# Features and the probe


@kinds
def test_features_are_what_the_head_sees_and_the_model_is_left_alone(name):
    model, x = networks()[name], inputs_of(name)
    model.train()
    before = state(model)
    features = extract_features(model, x, batch_size=5)
    head = model[3] if name == "plain" else model.head
    torch.testing.assert_close(head(features), logits(model, x))
    assert not features.requires_grad
    assert not changed(before, model)
    assert all(module.training for module in model.modules())
    assert not any(module._forward_pre_hooks for module in model.modules())


def test_features_of_a_layer_in_the_middle():
    model, x = networks()["cnn"], inputs_of("cnn")
    features = extract_features(model, x, name="backbone.3")
    with torch.no_grad():
        torch.testing.assert_close(features, model.eval().backbone[:3](x).flatten(1))


def brute_force(features, labels, strength):
    """Ridge regression by the normal equations, and what it says of each example that was left out."""
    X, Y = np.asarray(features, float), np.eye(labels.max() + 1)[labels]
    X = (X - X.mean(0)) / np.sqrt(((X - X.mean(0)) ** 2).mean())
    n, d = X.shape
    left_out = np.empty_like(Y)
    for i in range(n):
        rows = np.arange(n) != i
        A = np.column_stack([X[rows], np.ones(n - 1)])
        penalty = n * strength * np.diag([1.0] * d + [0.0])
        left_out[i] = np.append(X[i], 1) @ np.linalg.solve(A.T @ A + penalty, A.T @ Y[rows])
    A = np.column_stack([X, np.ones(n)])
    return A @ np.linalg.solve(A.T @ A + n * strength * np.diag([1.0] * d + [0.0]), A.T @ Y), left_out


@given(seeds, st.integers(2, 12), st.sampled_from([1e-3, 0.1, 10.0]))
@settings(max_examples=25, deadline=None)
def test_the_probe_is_ridge_regression_times_one_number(seed, d, strength):
    rng = np.random.default_rng(seed)
    x, labels = 3 + 2 * rng.normal(size=(12, d)), np.arange(12) % 3
    fitted, left_out = brute_force(x, labels, strength)
    probe = linear_probe(x, labels, l2=strength)
    answers = probe(torch.tensor(x)).detach().numpy()
    factor = (answers * fitted).sum() / (fitted**2).sum()
    np.testing.assert_allclose(answers, factor * fitted, rtol=1e-6, atol=1e-6)

    def cross_entropy(t):
        return nn.functional.cross_entropy(torch.tensor(t * left_out), torch.tensor(labels)).item()

    tried = [cross_entropy(t) for t in np.linspace(1, 30, 2000)]
    assert cross_entropy(factor) <= min(tried) + 1e-6
    right = (left_out.argmax(1) == labels).mean()
    assert leave_one_out_accuracy(x, labels, l2=strength) == pytest.approx(right)


@given(seeds)
@settings(max_examples=15, deadline=None)
def test_the_strength_is_the_best_by_leaving_one_out(seed):
    rng = np.random.default_rng(seed)
    labels = np.arange(16) % 2
    x = rng.normal(size=(16, 6)) + 0.7 * labels[:, None]
    strengths = 10.0 ** np.arange(-6, 4)
    errors = [((brute_force(x, labels, one)[1] - np.eye(2)[labels]) ** 2).sum() for one in strengths]
    best = linear_probe(x, labels, l2=strengths[int(np.argmin(errors))])
    torch.testing.assert_close(linear_probe(x, labels).weight, best.weight, rtol=1e-6, atol=1e-9)


@given(seeds, st.floats(0.01, 100), st.floats(-10, 10))
@settings(max_examples=15, deadline=None)
def test_units_and_rotations_of_the_features_do_not_matter(seed, scale, shift):
    rng = np.random.default_rng(seed)
    x, labels = rng.normal(size=(30, 5)), rng.integers(3, size=30)
    labels[:3] = 0, 1, 2
    rotation = np.linalg.qr(rng.normal(size=(5, 5)))[0]
    y = scale * x @ rotation + shift
    one, other = (linear_probe(z, labels)(torch.tensor(z)) for z in (x, y))
    torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-6)


def test_the_probe_beats_a_loop_on_the_cached_features_of_a_separable_problem():
    x = torch.randn(60, 4, generator=generator())
    probe = linear_probe(x, (x[:, 0] > 0).long())
    assert accuracy(probe, x, (x[:, 0] > 0).long()) > 0.95
    assert isinstance(probe, nn.Linear)
    assert probe.weight.dtype == torch.float32


def test_labels_that_say_nothing_are_not_predicted_on_examples_left_out():
    """A probe fits its own examples if features outnumber them; left out, four classes are guessed at 1/4."""
    rng = np.random.default_rng(0)
    x, labels = rng.normal(size=(80, 100)), np.arange(80) % 4
    assert accuracy(linear_probe(x, labels, l2=1e-6), x, labels) == 1
    share = leave_one_out_accuracy(x, labels, l2=1e-6)
    assert abs(share - 1 / 4) < 3 * np.sqrt(3 / 16 / 80)  # three standard errors of a share


def test_constant_features_predict_the_prior():
    probe = linear_probe(torch.ones(10, 3), torch.tensor([0] * 7 + [1] * 3))
    answers = probe(torch.ones(1, 3))[0]
    assert answers.argmax() == 0
    assert not probe.weight.any()


@pytest.mark.parametrize(
    ("features", "labels", "message"),
    [
        (torch.ones(4, 2), torch.zeros(4).long(), "labels received 'one class only, 0'; allowed: at least two classes"),
        (torch.ones(4, 2), torch.arange(3), r"inputs received 'shape \(4, 2\) and targets \(3,\)"),
        (
            torch.full((4, 2), torch.inf),
            torch.arange(4),
            "features received '8 values that are not finite'; allowed: fin",
        ),
        (
            torch.ones(4),
            torch.arange(4),
            r"features received 'shape \(4,\)'; allowed: shape \(n, d\)",
        ),
        (torch.ones(0, 2), torch.arange(0), "features received"),
    ],
)
def test_features_that_cannot_be_probed_are_named(features, labels, message):
    with pytest.raises(ValueError, match=message):
        linear_probe(features, labels)
    with pytest.raises(ValueError, match=message):
        leave_one_out_accuracy(features, labels)
    with pytest.raises(ValueError, match="l2 received -1; allowed: finite numbers above 0"):
        linear_probe(torch.eye(4), torch.arange(4), l2=-1)


# Fine-tuning


@kinds
def test_fine_tuning_starts_from_the_probe_and_moves_everything(name):
    model, x, y = networks()[name], inputs_of(name, 40), torch.arange(40) % 2
    probe = linear_probe(extract_features(model, x), y)
    still = copy.deepcopy(model)
    history = fine_tune(still, x, y, epochs=1, learning_rate=0.0, generator=generator())
    assert history.steps == 2
    torch.testing.assert_close(list(still.parameters())[-2], probe.weight)
    before = state(model)
    fine_tune(model, x, y, epochs=2, learning_rate=1e-3, layer_decay=0.5, weight_decay=0.1, generator=generator())
    parameters = {key for key, _ in model.named_parameters() if "head" not in key and not key.startswith("3")}
    assert parameters <= set(changed({**model.state_dict(), **{k: before[k] for k in parameters}}, model))


def test_fine_tuning_keeps_what_is_frozen():
    model, x = networks()["cnn"], inputs_of("cnn")
    freeze_to(model, "backbone.0")
    before = state(model)
    fine_tune(model, x, torch.arange(12) % 2, epochs=2, learning_rate=0.01)
    assert not any(
        key.startswith(("backbone.0", "backbone.1"))
        for key in changed({**before, **{k: v for k, v in model.state_dict().items() if "head" in k}}, model)
    )


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (freeze, {}, "model received 'only frozen parameters'"),
        (lambda model: None, {"targets": torch.zeros(12).long()}, "one class only"),
        (lambda model: None, {"layer_decay": 2}, "layer_decay received 2"),
        (lambda model: None, {"epochs": 0}, "epochs received 0"),
        (lambda model: None, {"inputs": torch.full((12, 6), torch.nan)}, "not finite"),
    ],
)
def test_fine_tuning_that_is_refused_leaves_the_model_as_it_was(change, options, message):
    model = networks()["mlp"]
    change(model)
    before = state(model)
    arguments = {"inputs": inputs_of("mlp"), "targets": torch.arange(12) % 2, "epochs": 1, "learning_rate": 0.1}
    with pytest.raises(ValueError, match=message):
        fine_tune(model, **{**arguments, **options})
    assert not changed(before, model)


@pytest.mark.parametrize("how", ["normal", "shuffle"])
def test_resampled_weights_keep_their_scale_and_lose_what_they_know(how):
    model = MLP((40, 50, 10), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        model.backbone[0].weight += 0.3
        model.backbone[0].bias.copy_(torch.linspace(-1, 1, 50))
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    resample_weights(model, how, generator=torch.Generator().manual_seed(1))
    for name, parameter in model.named_parameters():
        old, new = before[name].flatten(), parameter.detach().flatten()
        if how == "shuffle":
            torch.testing.assert_close(new.sort().values, old.sort().values)
        else:  # five standard errors
            deviation = old.std(correction=0)
            assert (new.mean() - old.mean()).abs() <= 5 * deviation / len(old) ** 0.5
            assert (new.std(correction=0) - deviation).abs() <= 5 * deviation / (2 * len(old)) ** 0.5
        if old.std() > 0:
            assert torch.corrcoef(torch.stack([old, new]))[0, 1].abs() < 5 / len(old) ** 0.5
        assert parameter.requires_grad


def test_resampling_refuses_what_it_does_not_know():
    model = nn.Linear(2, 2)
    with pytest.raises(ValueError, match="how received 'he'; allowed: normal, shuffle"):
        resample_weights(model, "he")
    model.weight.data[0, 0] = float("nan")
    before = model.bias.detach().clone()
    with pytest.raises(ValueError, match=r"not finite in \['weight'\]"):
        resample_weights(model)
    assert torch.equal(model.bias, before)
