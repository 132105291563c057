"""scale: fans and standard deviations against torch, gains against simulation-free integrals."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from torch import nn

from warmstart import scale
from warmstart.activations import HOMOGENEOUS

sizes = st.integers(1, 12)
shapes = st.lists(sizes, min_size=2, max_size=5).map(tuple)
bad_numbers = st.sampled_from([math.nan, math.inf, -math.inf, "x", None])


@given(shapes)
def test_fans_are_those_of_torch(shape):
    assert scale.compute_fans(shape) == torch.nn.init._calculate_fan_in_and_fan_out(torch.empty(shape))


@given(sizes, sizes, st.integers(1, 5))
def test_fans_count_connections(channels_in, channels_out, kernel):
    """A convolution on an input of its kernel's size is a dense layer: each output sums fan_in products."""
    layer = nn.Conv2d(channels_in, channels_out, kernel, bias=False)
    with torch.no_grad():
        layer.weight.fill_(1.0)
        output = layer(torch.ones(1, channels_in, kernel, kernel))
    assert output.flatten()[0].item() == scale.compute_fans(layer.weight.shape).fan_in


@pytest.mark.parametrize("shape", [(), (3,), (0, 3), (3, 0), (2, 3, 0), (-1, 2), (2.5, 2), (math.nan, 2), (True, 2)])
def test_shapes_without_fans_are_refused(shape):
    with pytest.raises(ValueError, match="shape") as error:
        scale.compute_fans(shape)
    assert str(tuple(shape)) in str(error.value)


@pytest.mark.parametrize("shape", [None, 3, "ab", ("a", "b"), {2, 3}, {2: 3, 4: 5}])
def test_what_is_no_shape_is_refused(shape):
    with pytest.raises(ValueError, match=r"shape received .*allowed: sequences of at least two"):
        scale.compute_fans(shape)


@given(st.floats(-3, 3))
def test_gain_keeps_the_second_moment_of_a_standard_normal(slope):
    def density_times_square(z):
        return (z if z > 0 else slope * z) ** 2 * math.exp(-z * z / 2) / math.sqrt(2 * math.pi)

    moment = quad(density_times_square, -12, 0)[0] + quad(density_times_square, 0, 12)[0]
    assert scale.gain("leaky_relu", slope) ** 2 * moment == pytest.approx(1, rel=1e-8)


def test_gains_are_those_of_torch():
    for name in HOMOGENEOUS:
        assert scale.gain(name) == pytest.approx(torch.nn.init.calculate_gain(name), rel=1e-12)


@pytest.mark.parametrize("name", ["ReLU", "tan", "", None, 3])
def test_an_unknown_nonlinearity_names_the_known(name):
    with pytest.raises(ValueError, match=r"nonlinearity received .*linear, relu, leaky_relu, elu") as error:
        scale.gain(name)
    assert repr(name) in str(error.value)


@given(bad_numbers.filter(lambda value: value is not None))
def test_a_bad_slope_is_named(slope):
    with pytest.raises(ValueError, match=r"param received .*; allowed: finite numbers"):
        scale.gain("leaky_relu", slope)


def test_a_parameter_where_there_is_none_is_refused():
    with pytest.raises(ValueError, match=r"param received 0\.2; allowed: None, for relu has no parameter"):
        scale.gain("relu", 0.2)


@given(shapes, st.floats(0, 10), st.sampled_from(scale.MODES))
def test_weight_std_keeps_its_definition(shape, gain, mode):
    fans = scale.compute_fans(shape)
    means = {"fan_avg": (fans.fan_in + fans.fan_out) / 2, "fan_geo_avg": math.sqrt(fans.fan_in * fans.fan_out)}
    fan = means.get(mode) or getattr(fans, mode)
    assert scale.weight_std(shape, gain=gain, mode=mode) ** 2 * fan == pytest.approx(gain**2, rel=1e-12)


@pytest.mark.parametrize("mode", ["fanin", "in", "", None])
def test_an_unknown_mode_names_the_known(mode):
    with pytest.raises(ValueError, match="fan_in, fan_out, fan_avg") as error:
        scale.weight_std((2, 2), mode=mode)
    assert repr(mode) in str(error.value)


@given(bad_numbers | st.floats(-5, -0.01))
def test_a_bad_gain_is_named(gain):
    with pytest.raises(ValueError, match=r"gain received .*; allowed: finite numbers from 0") as error:
        scale.weight_std((2, 2), gain=gain)
    assert repr(gain) in str(error.value)


def test_numbers_of_numpy_are_numbers():
    assert scale.weight_std(np.array([2, 4]), gain=np.float32(2)) == 1.0
