"""What the chapters share: the same numbers as their copies gave, and one network is the same in every grid."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from warmstart import bench, data, training
from warmstart._stacking import alike
from warmstart.models import MLP

STREAMS = bench.Streams(3)
X = STREAMS.numpy(0).normal(size=(60, 4)).astype(np.float32)
Y = (X[:, 0] > 0).astype(int)


def test_streams_are_those_of_their_numbers():
    assert STREAMS.torch(2, 5).initial_seed() == 30_205
    assert STREAMS.numpy(2, 5).random() == np.random.default_rng([3, 2, 5]).random()
    several = [STREAMS.torch(number, repeat).initial_seed() for number in range(50) for repeat in range(100)]
    assert len(set(several)) == len(several)
    assert not set(several) & {bench.Streams(4).torch(number).initial_seed() for number in range(50)}


def test_a_global_seed_is_put_back():
    torch.manual_seed(1)
    before = torch.get_rng_state()
    drawn = []

    def draw_and_fail():
        with bench.global_seed(3):
            drawn.append(torch.rand(3))
            raise KeyError

    for _ in range(2):
        with pytest.raises(KeyError):
            draw_and_fail()
        assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(*drawn)


def test_pictures_at_half_size_are_means_of_four_pixels():
    images = STREAMS.numpy(1).random((3, 6, 4))
    half = bench.at_half_size(images)
    assert half.shape == (3, 3, 2)
    assert np.allclose(half[2, 1, 0], images[2, 2:4, 0:2].mean())
    with pytest.raises(ValueError, match=r"images received 'shape \(3, 5, 4\)'; allowed: shape \(n, height, width\)"):
        bench.at_half_size(images[:, :5])


def test_small_pictures_are_standardized_by_those_of_training():
    digits = data.mnist(train_per_class=20, test_per_class=10)
    x, y, x_test, y_test = bench.small_images(digits)
    assert abs(x.mean()) < 1e-5
    assert abs(x.std() - 1) < 1e-5
    assert abs(x_test.mean()) > 1e-3
    assert (y is digits.train_labels, y_test is digits.test_labels) == (True, True)
    flat = bench.small_images(digits, flat=True)
    assert np.array_equal(flat[0], x.reshape(-1, 196))
    assert np.array_equal(flat[2], x_test.reshape(-1, 196))


def test_changed_pictures():
    pictures = STREAMS.numpy(2).normal(size=(2000, 5, 5)).astype(np.float32)
    noise = bench.noisy(pictures, STREAMS.torch(1), 0.5) - pictures
    assert noise.dtype == np.float32
    assert abs(noise.std() - 0.5) < 4.5 * 0.5 / np.sqrt(2 * noise.size)
    assert np.array_equal(bench.turned(pictures, 4), pictures)
    assert np.array_equal(bench.turned(bench.turned(pictures), 3), pictures)
    assert bench.turned(pictures).flags.owndata


def test_rows_are_divided_in_two():
    labels = STREAMS.numpy(3).integers(4, size=100)
    rows, others = bench.divide(labels, 5, STREAMS.numpy(4))
    assert np.bincount(labels[rows]).tolist() == [5] * 4
    assert sorted([*rows, *others]) == list(range(100))


def test_mean_and_error_along_an_axis():
    values = STREAMS.numpy(5).normal(size=(3, 8))
    mean, error = bench.mean_and_error(values)
    assert np.allclose(mean, values.mean(axis=1))
    assert np.allclose(error, [np.sqrt(row.var(ddof=1) / 8) for row in values])
    assert np.allclose(bench.mean_and_error(values.T, axis=0), [mean, error])
    with pytest.raises(ValueError, match="repeats received 1; allowed: whole numbers from 2"):
        bench.mean_and_error([1.0])


def start(setting, number):
    """Networks of two architectures, so that the grid needs two stacks."""
    hidden, _ = setting
    return MLP((4, hidden, 2), generator=STREAMS.torch(6, number))


OPTIONS = {"epochs": 3, "batch_size": 7, "learning_rate": lambda setting, _: setting[1], "momentum": 0.5}
OPTIONS["generator"] = lambda _, number: STREAMS.torch(7, number)


def test_a_network_of_a_grid_is_the_one_that_is_trained_alone():
    settings = [(5, 0.1), (8, 0.1), (5, 0.3)]
    grid = bench.train_grid(start, settings, 2, X, Y, **OPTIONS)
    assert list(grid.models) == list(grid.histories) == settings
    for setting in settings:
        for number, model in enumerate(grid.models[setting]):
            alone = start(setting, number)
            options = {**OPTIONS, "learning_rate": setting[1], "generator": STREAMS.torch(7, number)}
            (history,) = training.fit_many([alone], X, Y, **options)
            torch.testing.assert_close(model.head.weight, alone.head.weight, rtol=1e-4, atol=1e-6)
            np.testing.assert_allclose(grid.histories[setting][number].losses, history.losses, rtol=1e-4)
    found = grid.accuracy(X, Y)
    assert found.shape == (3, 2)
    assert found[1, 1] == training.accuracy(grid.models[8, 0.1][1], X, Y)


@pytest.mark.parametrize(
    ("settings", "networks", "message"),
    [([], 2, r"settings received \[\]"), ([(5, 0.1)], 0, "networks received 0; allowed: whole numbers from 1")],
)
def test_a_grid_needs_settings_and_networks(settings, networks, message):
    with pytest.raises(ValueError, match=message):
        bench.train_grid(start, settings, networks, X, Y, **OPTIONS)


def test_a_part_is_called_by_its_name():
    run = bench.by_part(one=lambda x: {"a": np.arange(x)}, two=lambda: {"b": 1.5})
    assert run("one", x=3) == {"a": [0, 1, 2]}
    assert run(part="two") == {"b": 1.5}
    with pytest.raises(ValueError, match="part received 'three'; allowed: one, two"):
        run("three")


def test_what_needs_no_torch_runs_without_it():
    code = "import sys; sys.modules['torch'] = None\nfrom warmstart import bench, data\n"
    code += "bench.small_images(data.mnist(train_per_class=5, test_per_class=2)); bench.Streams(0).numpy(1).random()"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_networks_without_a_gradient_or_of_other_sizes_are_stacks_of_their_own():
    frozen = nn.Linear(4, 2).requires_grad_(False)
    assert alike([nn.Linear(4, 2), nn.Linear(4, 3), nn.Linear(4, 2), frozen]) == [[0, 2], [1], [3]]
