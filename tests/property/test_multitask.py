"""Joint training against a loop of torch's own, the arms with weight 0, the penalty, and bad input."""

import copy

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.functional import cross_entropy

from warmstart.models import MLP
from warmstart.multitask import HardSharing, SoftSharing, Task, fit_tasks
from warmstart.training import fit


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def drawn(*shape, seed=0):
    return torch.randn(shape, generator=seeded(seed))


def hard(seed=0):
    backbone = MLP((3, 6, 2), generator=seeded(seed)).backbone
    heads = {"sort": nn.Linear(6, 3), "size": nn.Linear(6, 2)}
    for number, head in enumerate(heads.values()):
        nn.init.normal_(head.weight, generator=seeded(10 * seed + number)), nn.init.zeros_(head.bias)
    return HardSharing(backbone, heads)


def soft(seed=0):
    return SoftSharing({task: MLP((3, 6, k), generator=seeded(seed)) for task, k in (("sort", 3), ("size", 2))})


def data(n=12, seed=0):
    x = drawn(n, 3, seed=seed)
    return x, torch.arange(n) % 3, drawn(n, 2, seed=seed + 1)


def tasks(weight_of_size=1.0, rows=None):
    x, labels, numbers = data()
    return {
        "sort": Task(x, labels, rows=rows),
        "size": Task(x, numbers, weight_of_size, loss="squared_error"),
    }


@given(st.sampled_from(["sgd", "adam"]), st.floats(0, 2), st.integers(0, 99))
@settings(max_examples=15, deadline=None)
def test_whole_batches_are_torchs_own_steps(optimizer, weight, seed):
    model, reference = hard(seed), hard(seed)
    x, labels, numbers = data()
    losses = fit_tasks(
        [model], tasks(weight), steps=5, learning_rate=0.05, batch_size=12, optimizer=optimizer, generator=seeded()
    )
    kind = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[optimizer]
    stepper = kind(reference.parameters(), lr=0.05)
    for step in range(5):
        answers = reference(x)
        one, two = cross_entropy(answers["sort"], labels), (answers["size"] - numbers).square().mean()
        assert losses["sort"][0, step] == pytest.approx(one.item(), rel=1e-4)
        assert losses["size"][0, step] == pytest.approx(two.item(), rel=1e-4)
        stepper.zero_grad()
        (one + weight * two).backward()
        stepper.step()
    for own, other in zip(model.parameters(), reference.parameters(), strict=True):
        torch.testing.assert_close(own, other, rtol=1e-3, atol=1e-4)


def test_models_of_a_stack_do_not_see_each_other():
    rows = [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]]
    together = [hard(1), hard(2)]
    options = {"steps": 7, "batch_size": 4, "optimizer": "adam"}
    both = [seeded(5), seeded(6)]
    fit_tasks(together, tasks([1.0, 0.3], rows), learning_rate=[0.01, 0.03], generator=both, **options)
    for place, (model, weight, rate) in enumerate(zip([hard(1), hard(2)], (1.0, 0.3), (0.01, 0.03), strict=True)):
        own = tasks(weight, [rows[place]])
        fit_tasks([model], own, learning_rate=rate, generator=[seeded(5 + place)], **options)
        for one, other in zip(model.parameters(), together[place].parameters(), strict=True):
            torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def test_a_task_of_weight_0_moves_nothing():
    model, x, labels = hard(), data()[0], data()[1]
    alone, before = model.only("sort"), copy.deepcopy(model.heads["size"].weight)
    reference = copy.deepcopy(alone)
    fit_tasks([model], tasks(0.0), steps=6, learning_rate=0.1, batch_size=12)
    fit(reference, x, labels, epochs=6, learning_rate=0.1, batch_size=12)
    assert torch.equal(model.heads["size"].weight, before)
    for one, other in zip(alone.parameters(), reference.parameters(), strict=True):
        torch.testing.assert_close(one, other)


def distance(model):
    one, other = (list(network.backbone.parameters()) for network in model.networks.values())
    return sum((a - b).square().sum().item() for a, b in zip(one, other, strict=True))


def test_a_tie_keeps_backbones_together():
    models = [soft(3) for _ in range(3)]
    fit_tasks(models, tasks(), steps=200, learning_rate=0.02, tie=[0.0, 0.1, 10.0], generator=seeded())
    apart = [distance(model) for model in models]
    assert apart[0] > 2 * apart[1] > 4 * apart[2] > 0


def test_the_first_step_of_a_tie_is_its_gradient():
    """With both losses at weight 0 only the penalty acts: theta <- theta - 2 eta gamma (theta - other)."""
    model = soft(4)
    with torch.no_grad():
        model.networks["size"].backbone[0].weight.add_(1.0)
    one, other = (model.networks[task].backbone[0].weight.clone() for task in ("sort", "size"))
    heads = [model.networks[task].head.weight.clone() for task in ("sort", "size")]
    x, labels, numbers = data()
    silent = {"sort": Task(x, labels, 0.0), "size": Task(x, numbers, 0.0, loss="squared_error")}
    fit_tasks([model], silent, steps=1, learning_rate=0.1, tie=0.5)
    torch.testing.assert_close(model.networks["sort"].backbone[0].weight, one - 0.1 * (one - other))
    torch.testing.assert_close(model.networks["size"].backbone[0].weight, other + 0.1 * (one - other))
    assert all(
        torch.equal(model.networks[task].head.weight, old) for task, old in zip(("sort", "size"), heads, strict=True)
    )


def test_a_model_that_diverges_stops_and_the_others_go_on():
    models, alone = [hard(1), hard(1)], hard(1)
    rates = {"learning_rate": [1e6, 0.05], "batch_size": 12, "steps": 30}
    losses = fit_tasks(models, tasks(), generator=seeded(), **rates)
    expected = fit_tasks([alone], tasks(), generator=seeded(), **rates | {"learning_rate": 0.05})
    for name, (diverged, fine) in losses.items():
        finite = np.isfinite(diverged)
        assert finite[0]
        assert not finite[-1]
        np.testing.assert_allclose(fine, expected[name][0], rtol=1e-5)
    stopped = np.flatnonzero(~np.isfinite(losses["sort"][0] + losses["size"][0]))[0]
    assert np.isnan(losses["sort"][0, stopped + 1 :]).all()
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(models[1].parameters(), alone.parameters(), strict=True))


def test_every_example_is_seen_once_a_pass():
    """With learning rate 0 the losses of a pass have the mean of the whole."""
    x, labels, _ = data()
    losses = fit_tasks([hard()], {"sort": Task(x, labels)}, steps=6, learning_rate=0.0, batch_size=4)["sort"][0]
    whole = fit_tasks([hard()], {"sort": Task(x, labels)}, steps=1, learning_rate=0.0, batch_size=12)["sort"][0, 0]
    assert losses[:3].mean() == pytest.approx(whole, rel=1e-5)
    assert losses[3:].mean() == pytest.approx(whole, rel=1e-5)


def test_one_network_of_a_shared_one_shares_its_parameters():
    model = hard()
    assert next(model.only("sort").parameters()) is next(model.only("size").parameters())
    assert torch.equal(model.only("size")(data()[0]), model(data()[0])["size"])
    assert soft().only("sort").head.out_features == 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps": 0}, "steps received 0"),
        ({"tasks": {}}, "tasks received"),
        ({"tasks": {"other": Task(*data()[:2])}}, "tasks received .'other'.; allowed: sort, size"),
        ({"tie": 0.1}, "tie received 0.1; allowed: 0 for a HardSharing"),
        ({"tie": [0.1, 0.1]}, "tie received .0.1, 0.1.; allowed: one number, or 1, one a model"),
        ({"tasks": {"sort": Task(*data()[:2], loss="hinge")}}, "loss of 'sort' received 'hinge'"),
        ({"tasks": {"sort": Task(*data()[:2], weight=-1.0)}}, "weight of 'sort' received -1.0"),
        ({"tasks": {"sort": Task(*data()[:2], rows=[[0, 12]])}}, "rows of 'sort' received"),
        ({"tasks": {"sort": Task(*data()[:2], rows=[[0.5, 1.5]])}}, "rows of 'sort' received"),
        ({"tasks": {"sort": Task(data()[0], data()[1] + 3)}}, "targets received 5; allowed: classes of the model"),
        ({"tasks": {"size": Task(*data()[:2], loss="squared_error")}}, "targets of 'size' received"),
        ({"tasks": {"size": Task(data()[0], data()[0], loss="squared_error")}}, "targets received 3; allowed: 2"),
        ({"generator": [seeded(), seeded()]}, "generator received '2 generators'"),
    ],
)
def test_bad_input_is_named(change, message):
    options = {"tasks": tasks(), "steps": 3, "learning_rate": 0.1} | change
    with pytest.raises(ValueError, match=message):
        fit_tasks([hard()], **options)


def test_models_that_cannot_share_are_named():
    with pytest.raises(ValueError, match="heads received"):
        HardSharing(nn.Identity(), {})
    with pytest.raises(ValueError, match="networks received"):
        SoftSharing({"one": MLP((3, 6, 2))})
    with pytest.raises(ValueError, match="networks received"):
        SoftSharing({"one": MLP((3, 6, 2)), "two": MLP((3, 7, 2))})
    with pytest.raises(ValueError, match="task received 'other'; allowed: sort, size"):
        hard().only("other")
    with pytest.raises(ValueError, match="task received 'other'; allowed: sort, size"):
        soft().only("other")


def test_losses_come_per_model_and_step():
    losses = fit_tasks([hard(), hard(1)], tasks(), steps=4, learning_rate=0.01)
    assert {name: values.shape for name, values in losses.items()} == {"sort": (2, 4), "size": (2, 4)}
    assert isinstance(losses["sort"], np.ndarray)
