"""initializers: bit for bit torch's where torch has the same, and the laws they promise where it has not."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from warmstart import initializers as init
from warmstart import scale

seeds = st.integers(0, 2**32 - 1)
shapes = st.lists(st.integers(1, 8), min_size=2, max_size=4).map(tuple)
BASIC = [("zeros_", ()), ("ones_", ()), ("constant_", (0.3,)), ("uniform_", (-0.5, 2.0)), ("normal_", (0.5, 2.0))]


def generator(seed):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize(("name", "arguments"), BASIC)
def test_same_values_as_torch(name, arguments, dtype):
    extra = {"generator": generator(3)} if name in ("uniform_", "normal_") else {}
    expected = getattr(torch.nn.init, name)(torch.empty(5, 7, dtype=dtype), *arguments, **extra)
    extra = {"generator": generator(3)} if extra else {}
    assert torch.equal(getattr(init, name)(torch.empty(5, 7, dtype=dtype), *arguments, **extra), expected)


FILLS = [(getattr(init, name), arguments) for name, arguments in BASIC]
FILLS += [(init.variance_scaling_, ()), (init.lecun_normal_, ()), (init.lecun_uniform_, ())]
FILLS += [(getattr(init, f"{name}_{law}_"), ()) for name in ("xavier", "kaiming") for law in ("normal", "uniform")]
FILLS += [(init.variance_scaling_, (1.0, "fan_geo_avg", "truncated_normal"))]


@pytest.mark.parametrize(("fill", "arguments"), FILLS)
def test_in_place_same_tensor_and_no_gradient(fill, arguments):
    tensor = torch.nn.Parameter(torch.empty(4, 3))
    assert fill(tensor, *arguments) is tensor
    assert tensor.grad_fn is None
    assert tensor.requires_grad
    assert torch.isfinite(tensor).all()


@given(seeds)
def test_generator_decides_everything(seed):
    before = torch.get_rng_state()
    first = init.variance_scaling_(torch.empty(6, 5), generator=generator(seed))
    second = init.variance_scaling_(torch.empty(6, 5), generator=generator(seed))
    assert torch.equal(first, second)
    assert torch.equal(before, torch.get_rng_state())


@given(shapes, st.floats(0, 4), st.sampled_from(scale.MODES), seeds)
def test_variance_scaling_is_a_scaled_standard_draw(shape, factor, mode, seed):
    """Normal weights are std times the standard normal draw of the same generator: the law at every size, exactly."""
    std = scale.weight_std(shape, gain=math.sqrt(factor), mode=mode)
    drawn = init.variance_scaling_(torch.empty(shape, dtype=torch.float64), factor, mode, generator=generator(seed))
    standard = torch.empty(shape, dtype=torch.float64).normal_(0, 1, generator=generator(seed))
    assert torch.allclose(drawn, std * standard, rtol=1e-12, atol=0)
    flat = init.variance_scaling_(torch.empty(shape), factor, mode, "uniform", generator(seed))
    assert flat.abs().max() <= math.sqrt(3) * std * (1 + 1e-6)


@pytest.mark.parametrize("distribution", init.DISTRIBUTIONS)
@pytest.mark.parametrize("mode", scale.MODES)
def test_law_by_kolmogorov_smirnov(distribution, mode):
    """200 x 300 weights against the promised law; a fixed seed, so the p-value is one number and not a lottery."""
    std = scale.weight_std((200, 300), gain=math.sqrt(2), mode=mode)
    drawn = init.variance_scaling_(torch.empty(200, 300, dtype=torch.float64), 2.0, mode, distribution, generator(1))
    limit = math.sqrt(3) * std
    laws = {"normal": stats.norm(0, std), "uniform": stats.uniform(-limit, 2 * limit)}
    laws["truncated_normal"] = stats.truncnorm(-2, 2, scale=std / stats.truncnorm(-2, 2).std())
    law = laws[distribution]
    assert stats.kstest(drawn.flatten().numpy(), law.cdf).pvalue > 1e-3
    assert law.std() == pytest.approx(std)


def test_lecun_is_torch_kaiming_with_linear_gain():
    """torch has no LeCun scheme by name; kaiming with the gain of a linear unit is the same."""
    for ours, theirs in ((init.lecun_normal_, "kaiming_normal_"), (init.lecun_uniform_, "kaiming_uniform_")):
        expected = getattr(torch.nn.init, theirs)(torch.empty(6, 5), nonlinearity="linear", generator=generator(2))
        assert torch.allclose(ours(torch.empty(6, 5), generator(2)), expected)


@given(shapes, st.floats(0.1, 3), st.sampled_from(["normal", "uniform"]), seeds)
def test_xavier_is_that_of_torch(shape, gain, law, seed):
    name = f"xavier_{law}_"
    expected = getattr(torch.nn.init, name)(torch.empty(shape), gain, generator=generator(seed))
    torch.testing.assert_close(
        getattr(init, name)(torch.empty(shape), gain, generator(seed)), expected, rtol=3e-7, atol=0
    )


@given(
    shapes,
    st.floats(0, 2),
    st.sampled_from(["fan_in", "fan_out"]),
    st.sampled_from(["linear", "relu", "leaky_relu"]),
    st.sampled_from(["normal", "uniform"]),
    seeds,
)
def test_kaiming_is_that_of_torch(shape, slope, mode, nonlinearity, law, seed):
    name, arguments = f"kaiming_{law}_", (slope, mode, nonlinearity)
    expected = getattr(torch.nn.init, name)(torch.empty(shape), *arguments, generator=generator(seed))
    ours = getattr(init, name)(torch.empty(shape), *arguments, generator(seed))
    torch.testing.assert_close(ours, expected, rtol=3e-7, atol=0)


@pytest.mark.parametrize("nonlinearity", ["tanh", "gelu", "selu"])
def test_kaiming_takes_the_exact_gain(nonlinearity):
    drawn = init.kaiming_normal_(torch.empty(400, 400), nonlinearity=nonlinearity, generator=generator(0))
    # The variance of 160,000 draws has a relative standard error of sqrt(2 / 160000) = 0.35%.
    assert 400 * drawn.double().var().item() == pytest.approx(scale.gain(nonlinearity) ** 2, rel=4.5 * 0.0035)


@given(shapes)
def test_xavier_averages_the_fans_and_the_geometric_mean_lies_between(shape):
    """2 / (fan_in + fan_out) is the harmonic mean of the variances that both passes ask for, the smallest of three."""
    forward, backward, both, shared = (scale.weight_std(shape, mode=mode) ** 2 for mode in scale.MODES)
    assert both == pytest.approx(2 / (1 / forward + 1 / backward))
    assert shared == pytest.approx(math.sqrt(forward * backward))
    assert both <= shared * (1 + 1e-12) <= (forward + backward) / 2 * (1 + 1e-11)


BAD = [
    (lambda: init.constant_(torch.empty(2), math.nan), "val received nan; allowed: finite numbers"),
    (lambda: init.uniform_(torch.empty(2), 1.0, 0.0), "b received 0.0; allowed: numbers from a = 1"),
    (lambda: init.uniform_(torch.empty(2), -math.inf, 0.0), "a received -inf; allowed: finite numbers"),
    (lambda: init.normal_(torch.empty(2), 0.0, -1.0), "std received -1.0; allowed: finite numbers from 0"),
    (lambda: init.normal_(torch.empty(2), math.inf), "mean received inf; allowed: finite numbers"),
    (lambda: init.variance_scaling_(torch.empty(2, 2), -1.0), "scale received -1.0; allowed: finite numbers from 0"),
    (lambda: init.variance_scaling_(torch.empty(2, 2), mode="fan"), "mode received 'fan'; allowed: fan_in"),
    (
        lambda: init.variance_scaling_(torch.empty(2, 2), distribution="gauss"),
        "distribution received 'gauss'; allowed: normal, uniform",
    ),
    (lambda: init.xavier_normal_(torch.empty(2, 2), -1.0), "gain received -1.0; allowed: finite numbers from 0"),
    (lambda: init.kaiming_normal_(torch.empty(2, 2), nonlinearity="conv2d"), "nonlinearity received 'conv2d'; allowed"),
    (lambda: init.kaiming_uniform_(torch.empty(2, 2), math.nan), "param received nan; allowed: finite numbers"),
    (lambda: init.lecun_normal_(torch.empty(3)), r"shape received torch.Size\(\[3\]\); allowed: sequences"),
    (lambda: init.lecun_uniform_(torch.empty(0, 3)), r"shape received torch.Size\(\[0, 3\]\); allowed"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input_names_what_came_and_what_is_allowed(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("dtype", [torch.complex64, torch.int64])
@pytest.mark.parametrize("function", [init.normal_, init.uniform_, init.lecun_normal_, init.lecun_uniform_])
def test_what_has_no_real_variance_is_refused(function, dtype):
    with pytest.raises(ValueError, match=f"tensor received {dtype}; allowed: real floating-point types"):
        function(torch.empty(2, 2, dtype=dtype))
