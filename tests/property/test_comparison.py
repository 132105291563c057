"""comparison: every arm gets the same examples in the same order, and the paired difference is the textbook's."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from torch import nn

from warmstart.comparison import compare, paired
from warmstart.models import MLP
from warmstart.training import accuracy, fit
from warmstart.transfer import freeze


def generator(seed):
    return torch.Generator().manual_seed(seed)


def problem(n=60):
    x = torch.randn(n, 3, generator=generator(0))
    return x, (x[:, 0] > 0).long() + (x[:, 1] > 0).long()


def scratch(width):
    return lambda seed, rows: MLP((3, width, 3), generator=generator(seed))


def frozen(seed, rows):
    model = MLP((3, 8, 3), generator=generator(seed))
    freeze(model)
    return model


def test_each_arm_ends_where_training_it_alone_leads():
    (x, y), rows = problem(), np.stack([np.arange(0, 30), np.arange(20, 50)])
    arms = {"narrow": scratch(4), "wide": scratch(8), "frozen": frozen, "again": scratch(8)}
    found = compare(arms, x[:50], y[:50], x, y, rows=rows, steps=7, learning_rate=0.01, batch_size=10)
    assert list(found) == list(arms)
    for name, start in arms.items():
        for seed, own in enumerate(rows):
            model = start(seed, own)
            if name != "frozen":  # three steps a pass: seven steps are three passes
                options = {"epochs": 3, "learning_rate": 0.01, "batch_size": 10, "optimizer": "adam"}
                fit(model, x[own], y[own], generator=generator(seed), **options)
            assert found[name][seed] == pytest.approx(accuracy(model, x, y), abs=1.5 / 60)
    np.testing.assert_array_equal(found["wide"], found["again"])


def test_an_arm_is_told_its_seed_and_rows():
    (x, y), seen = problem(), []

    def arm(seed, rows):
        seen.append((seed, rows.tolist()))
        return frozen(seed, rows)

    compare({"arm": arm}, x, y, x, y, rows=[[1, 2], [3, 4], [5, 6]], steps=1, learning_rate=0.1)
    assert seen == [(0, [1, 2]), (1, [3, 4]), (2, [5, 6])]


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=2, max_size=9))
def test_the_paired_difference_is_that_of_the_t_test(results):
    one, other = np.array(results).T
    found = paired(one, other)
    assert found.mean == pytest.approx((one - other).mean())
    assert found.standard_error == pytest.approx(stats.sem(one - other), abs=1e-12)
    assert (found.wins, found.pairs) == ((one > other).sum(), len(one))


@pytest.mark.parametrize(
    ("one", "other"), [([1.0], [1.0]), ([1, 2], [1, 2, 3]), ([1, np.nan], [0, 0]), ([[1, 2]], [[1, 2]])]
)
def test_results_that_cannot_be_paired_are_named(one, other):
    with pytest.raises(ValueError, match="one and other received"):
        paired(one, other)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"arms": {}}, "arms received {}; allowed: at least one arm"),
        ({"rows": [1, 2]}, r"rows received 'shape \(2,\)'; allowed: shape \(seeds, examples\)"),
        ({"rows": [[1, 99]]}, "rows received .* whole numbers from 0 to 59"),
        ({"steps": 0}, "steps received 0"),
        ({"learning_rate": -1}, "learning_rate received -1"),
    ],
)
def test_comparisons_that_cannot_be_run_are_named(change, message):
    x, y = problem()
    options = {"arms": {"a": scratch(4)}, "rows": [[1, 2]], "steps": 1, "learning_rate": 0.1} | change
    with pytest.raises(ValueError, match=message):
        compare(options.pop("arms"), x, y, x, y, **options)


def test_an_arm_that_gives_one_model_to_two_seeds_is_refused():
    (x, y), model = problem(), nn.Linear(3, 3)
    with pytest.raises(ValueError, match=r"models received .a parameter or buffer that two"):
        compare({"a": lambda seed, rows: model}, x, y, x, y, rows=[[1, 2], [3, 4]], steps=1, learning_rate=0.1)
