"""initializers: the whole surface of torch.nn.init, bit for bit where nothing is drawn otherwise, and the laws."""

import inspect
import math
import warnings

import numpy as np
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
FILLS += [(init.variance_scaling_, (1.0, "fan_geo_avg", "truncated_normal")), (init.trunc_normal_, ())]
FILLS += [(init.orthogonal_, ()), (init.sparse_, (0.5,)), (init.eye_, ())]


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


@pytest.mark.parametrize("nonlinearity", ["gelu", "silu", "elu"])
def test_kaiming_takes_the_exact_gain_where_torch_has_none(nonlinearity):
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
    (lambda: init.kaiming_normal_(torch.empty(2, 2), nonlinearity="conv4d"), "nonlinearity received 'conv4d'; allowed"),
    (lambda: init.kaiming_normal_(torch.empty(2, 2), mode="fan"), "mode received 'fan'; allowed: fan_in"),
    (lambda: init.kaiming_uniform_(torch.empty(2, 2), math.nan), "param received nan; allowed: finite numbers"),
    (lambda: init.lecun_normal_(torch.empty(3)), r"shape received torch.Size\(\[3\]\); allowed: sequences"),
    (lambda: init.calculate_gain("leaky_relu", True), "param received True; allowed: finite numbers"),
    (lambda: init.calculate_gain("gelu"), "nonlinearity received 'gelu'; allowed: sigmoid"),
    (lambda: init.trunc_normal_(torch.empty(2), std=0.0), "std received 0.0; allowed: finite numbers above 0"),
    (lambda: init.trunc_normal_(torch.empty(2), a=2.0, b=1.0), "b received 1.0; allowed: numbers from a = 2.0"),
    (lambda: init.trunc_normal_(torch.empty(2), a=1.0, b=math.inf), "a and b received .*; allowed: finite bounds"),
    (lambda: init.eye_(torch.empty(2)), r"tensor received \(2,\); allowed: 2 dimensions"),
    (lambda: init.dirac_(torch.empty(2, 2)), r"tensor received \(2, 2\); allowed: 3, 4, 5 dimensions"),
    (lambda: init.dirac_(torch.empty(3, 2, 1), groups=2), "groups received 2; allowed: divisors of dim 0, which is 3"),
    (lambda: init.orthogonal_(torch.empty(2)), r"tensor received \(2,\); allowed: 2 or more dimensions"),
    (lambda: init.sparse_(torch.empty(2, 2), 1.5), r"sparsity received 1.5; allowed: shares in \[0, 1\]"),
    (lambda: init.delta_orthogonal_(torch.empty(2, 3, 3)), "tensor received .*; allowed: shapes .* out >= in"),
    (lambda: init.variance_scaling_(torch.empty(2, 2), in_axis=0), r"in_axis and out_axis received \(0, 0\); allowed"),
    (lambda: init.variance_scaling_(torch.empty(2, 2), in_axis=2), r"in_axis and out_axis received \(2, 0\); allowed"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input_names_what_came_and_what_is_allowed(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("dtype", [torch.complex64, torch.int64])
@pytest.mark.parametrize("function", [init.normal_, init.trunc_normal_, init.lecun_uniform_, init.orthogonal_])
def test_what_has_no_real_variance_is_refused(function, dtype):
    with pytest.raises(ValueError, match=f"tensor received {dtype}; allowed: real floating-point types"):
        function(torch.empty(2, 2, dtype=dtype))


# A drop-in: what torch.nn.init has, read off the installed one; names without an underscore are deprecated there.

THEIRS = [name for name in vars(torch.nn.init) if name.endswith("_") and not name.startswith("_")]


@pytest.mark.parametrize("name", [*THEIRS, "calculate_gain"])
def test_each_public_name_of_torch_has_its_signature(name):
    theirs, ours = (inspect.signature(getattr(module, name)).parameters for module in (torch.nn.init, init))
    expected = [(one.name, one.default, one.kind) for one in theirs.values()]
    assert [(one.name, one.default, one.kind) for one in ours.values()][: len(expected)] == expected
    assert all(one.kind is one.KEYWORD_ONLY for one in list(ours.values())[len(expected) :])


SAME = [
    ("eye_", (3, 5), {}),
    ("eye_", (5, 3), {}),
    ("dirac_", (6, 2, 3), {"groups": 3}),
    ("dirac_", (4, 7, 3, 2), {"groups": 2}),
    ("dirac_", (4, 2, 3, 2, 5), {}),
    ("sparse_", (20, 7), {"sparsity": 0.33}),
    ("sparse_", (4, 0), {"sparsity": 0.33}),
    ("kaiming_normal_", (4, 3), {"nonlinearity": "tanh", "mode": "FAN_OUT"}),
    ("kaiming_uniform_", (4, 3, 2), {"nonlinearity": "selu"}),
    ("kaiming_normal_", (4, 3), {"nonlinearity": "conv_transpose3d", "a": 3}),
    ("constant_", (2, 2), {"val": -math.inf}),
    ("uniform_", (3,), {"a": 1.0, "b": 1.0}),
    ("xavier_normal_", (0, 3), {}),
    ("xavier_uniform_", (3, 0), {}),
    ("orthogonal_", (0, 3), {}),
    ("trunc_normal_", (0,), {}),
]


@pytest.mark.parametrize(("name", "shape", "options"), SAME)
def test_same_numbers_from_the_same_seed(name, shape, options):
    found = []
    for module in (torch.nn.init, init):
        torch.manual_seed(5)
        found.append(getattr(module, name)(torch.empty(shape), **options))
    assert torch.equal(*found)


@pytest.mark.parametrize("name", [*init.TORCH_GAINS, "leaky_relu"])
@pytest.mark.parametrize("param", [None, 0, 0.2, -3])
def test_calculate_gain_is_that_of_torch(name, param):
    assert init.calculate_gain(name, param) == torch.nn.init.calculate_gain(name, param)


REFUSED = [
    ("uniform_", (3,), {"a": 1.0, "b": 0.0}),
    ("normal_", (3,), {"std": -1.0}),
    ("trunc_normal_", (3,), {"a": 2.0, "b": 1.0}),
    ("eye_", (3,), {}),
    ("eye_", (3, 2, 1), {}),
    ("dirac_", (3, 2), {}),
    ("dirac_", (3, 2, 1, 1, 1, 1), {}),
    ("dirac_", (3, 2, 1), {"groups": 2}),
    ("xavier_normal_", (3,), {}),
    ("xavier_uniform_", (), {}),
    ("kaiming_normal_", (3,), {}),
    ("kaiming_uniform_", (), {}),
    ("kaiming_uniform_", (3, 2), {"mode": "fan_avg_in"}),
    ("kaiming_normal_", (3, 2), {"nonlinearity": "nothing"}),
    ("kaiming_normal_", (3, 2), {"a": True}),
    ("orthogonal_", (3,), {}),
    ("sparse_", (3,), {"sparsity": 0.1}),
]


@pytest.mark.parametrize(("name", "shape", "options"), REFUSED)
def test_what_torch_refuses_is_refused_with_an_error_of_its_kind(name, shape, options):
    with pytest.raises((ValueError, RuntimeError)) as theirs:
        getattr(torch.nn.init, name)(torch.empty(shape), **options)
    with pytest.raises(ValueError, match="received") as ours:
        getattr(init, name)(torch.empty(shape), **options)
    assert isinstance(ours.value, theirs.type)


@pytest.mark.parametrize("name", ["kaiming_normal_", "kaiming_uniform_", "trunc_normal_"])
def test_warnings_are_those_of_torch(name):
    shape, arguments = ((3,), (5.0,)) if name == "trunc_normal_" else ((0, 3), ())
    messages = []
    for module in (torch.nn.init, init):
        with pytest.warns(UserWarning, match="no-op|more than 2 std") as caught:
            getattr(module, name)(torch.empty(shape), *arguments)
        messages.append([str(one.message) for one in caught])
    assert messages[0] == messages[1]
    assert caught[0].filename == __file__


def test_nothing_else_warns():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in THEIRS:
            if name.endswith("_"):
                arguments = {"constant_": (1.0,), "sparse_": (0.5,)}.get(name, ())
                getattr(init, name)(torch.empty(4, 2, 3) if name == "dirac_" else torch.empty(4, 2), *arguments)


@pytest.mark.parametrize("name", [name for name in THEIRS if name.endswith("_")])
@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
def test_types_layouts_and_tensors_without_storage(name, dtype):
    shape, arguments = (4, 6, 3), {"constant_": (1.0,), "sparse_": (0.5,)}.get(name, ())
    shape = shape[:2] if name in ("eye_", "sparse_") else shape
    otherwise = name in ("trunc_normal_", "orthogonal_")  # drawn otherwise than in torch, at the same places
    found = []
    for module in (init if otherwise else torch.nn.init, init):
        tensor = torch.empty(shape[::-1], dtype=dtype).permute(*reversed(range(len(shape))))
        tensor = torch.empty(shape, dtype=dtype) if otherwise and not found else tensor
        torch.manual_seed(3)
        found.append(getattr(module, name)(tensor, *arguments))
    assert not found[1].is_contiguous()
    assert found[1].dtype == dtype
    assert found[1].isfinite().all()
    assert torch.equal(*found)
    assert getattr(init, name)(torch.empty(shape, device="meta"), *arguments).is_meta


def test_a_subclass_takes_over_kaiming_uniform_as_in_torch():
    class Takes(torch.Tensor):
        @classmethod
        def __torch_function__(cls, function, types, args=(), kwargs=None):
            return (
                "taken"
                if function.__name__ == "kaiming_uniform_"
                else super().__torch_function__(function, types, args, kwargs or {})
            )

    for module in (torch.nn.init, init):
        assert module.kaiming_uniform_(torch.empty(3, 3).as_subclass(Takes)) == "taken"


# Laws.

CUTS = [
    (0, 1, -2, 2),
    (0, 1, -1, 3),
    (0.5, 2, -math.inf, 1),
    (0, 1, 0.2, 0.5),
    (0, 1, 2, 6),
    (1, 2, -5, -3),
    (0, 1, 2, 2),
]


@pytest.mark.filterwarnings("ignore:mean is more than 2 std")
@pytest.mark.parametrize(("mean", "std", "a", "b"), CUTS)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_truncated_normal_has_its_law(mean, std, a, b, dtype):
    drawn = init.trunc_normal_(torch.empty(300, 1000, dtype=dtype), mean, std, a, b, generator(1)).flatten()
    low, high = (torch.tensor(bound, dtype=dtype) for bound in (a, b))
    assert low <= drawn.min() <= drawn.max() <= high
    if a == b:
        return
    law = stats.truncnorm((a - mean) / std, (b - mean) / std, mean, std)
    assert stats.kstest(drawn.double().numpy(), law.cdf).pvalue > 1e-3
    # Neighbours are independent: the mean product of 300,000 pairs has the standard error of 1 / sqrt(300000).
    z = (drawn.double().numpy() - law.mean()) / law.std()
    assert abs(np.mean(z[1:] * z[:-1])) < 4.5 / math.sqrt(len(z))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_truncated_normal_in_half_precision(dtype):
    drawn = init.trunc_normal_(torch.empty(10_000, dtype=dtype), 0.1, 1.0, -1.9, 2.1, generator(1))
    low, high = (torch.tensor(bound, dtype=dtype) for bound in (-1.9, 2.1))
    assert low <= drawn.min() <= drawn.max() <= high
    law = stats.truncnorm(-2, 2, 0.1)
    # Eight or more binary digits round a number by less than 2^-8; the mean of 10,000 has the error std / 100.
    assert drawn.double().mean().item() == pytest.approx(0.1, abs=4.5 * law.std() / 100 + 2**-8)
    assert drawn.double().std().item() == pytest.approx(law.std(), abs=4.5 * law.std() / math.sqrt(20_000) + 2**-8)


@given(st.lists(st.integers(1, 9), min_size=2, max_size=4).map(tuple), st.floats(0.1, 3), seeds)
def test_orthogonal_rows_or_columns(shape, gain, seed):
    w = init.orthogonal_(torch.empty(shape, dtype=torch.float64), gain, generator(seed)).flatten(1)
    gram = w @ w.T if len(w) <= w.shape[1] else w.T @ w
    assert torch.allclose(gram, gain**2 * torch.eye(len(gram), dtype=torch.float64), atol=1e-12)


@pytest.mark.parametrize("n", [1, 2, 3, 6])
def test_orthogonal_is_haar(n):
    """The trace of a Haar matrix has the moments of a standard normal number up to the order 2n + 1."""
    drawn = [init.orthogonal_(torch.empty(n, n, dtype=torch.float64), 1, generator(seed)) for seed in range(4000)]
    trace = torch.stack(drawn).diagonal(dim1=1, dim2=2).sum(dim=1).numpy()
    moments = {1: (0, 1), 2: (1, 2)} | ({3: (0, 15), 4: (3, 96)} if n > 1 else {})
    for order, (mean, variance) in moments.items():  # of a standard normal number; a smaller n scatters less
        assert abs(np.mean(trace**order) - mean) < 4.5 * math.sqrt(variance / 4000)
    torch.manual_seed(0)
    theirs = [torch.nn.init.orthogonal_(torch.empty(n, n, dtype=torch.float64))[0, -1].item() for _ in range(2000)]
    ours = [w[0, -1].item() for w in drawn[:2000]]
    assert stats.ks_2samp(ours, theirs).pvalue > 1e-3


def test_orthogonal_columns_of_a_tall_matrix_lie_evenly():
    """An entry of a Haar column of n numbers has the law 2 Beta((n - 1) / 2, (n - 1) / 2) - 1."""
    for shape, place in (((5, 2), (4, 1)), ((2, 5), (1, 4))):
        drawn = [init.orthogonal_(torch.empty(shape), 1, generator(seed))[place].item() for seed in range(4000)]
        assert stats.kstest(drawn, stats.beta(2, 2, -1, 2).cdf).pvalue > 1e-3


@pytest.mark.parametrize("kernel", [(3,), (3, 5), (1, 3, 3)])
def test_delta_orthogonal_keeps_the_length_of_any_input(kernel):
    weight = init.delta_orthogonal_(torch.empty(7, 4, *kernel, dtype=torch.float64), 2.0, generator(1))
    x = torch.randn(2, 4, *([6] * len(kernel)), dtype=torch.float64)
    convolve = (torch.nn.functional.conv1d, torch.nn.functional.conv2d, torch.nn.functional.conv3d)[len(kernel) - 1]
    assert convolve(x, weight, padding="same").norm() == pytest.approx(2 * x.norm().item())


def test_sparse_places_come_from_the_generator_and_are_even():
    first, again = (init.sparse_(torch.empty(10, 4000), 0.25, generator=generator(1)) for _ in range(2))
    assert torch.equal(first, again)
    zeros = (first == 0).float()
    assert (zeros.sum(dim=0) == 3).all()
    # Each row is zero in a column with probability 0.3.
    assert (zeros.mean(dim=1) - 0.3).abs().max() < 4.5 * math.sqrt(0.21 / 4000)
    assert first[first != 0].std().item() == pytest.approx(0.01, rel=4.5 / math.sqrt(2 * 28_000))


@given(st.permutations(range(4)), st.sampled_from(scale.MODES), seeds)
def test_named_axes_are_jax_layouts(order, mode, seed):
    """With the axes named, any layout draws with the deviation of the layout (out, in, *kernel)."""
    shape = (7, 5, 3, 2)  # out, in, kernel
    moved = tuple(shape[axis] for axis in order)
    options = {"in_axis": order.index(1) - 4, "out_axis": order.index(0)}
    ours = init.variance_scaling_(
        torch.empty(moved, dtype=torch.float64), 2.0, mode, "normal", generator(seed), **options
    )
    std = scale.weight_std(shape, gain=math.sqrt(2.0), mode=mode)
    standard = torch.empty(moved, dtype=torch.float64).normal_(generator=generator(seed))
    assert torch.allclose(ours, std * standard, rtol=1e-12)


def test_several_axes_count_as_one():
    """Attention in JAX: (inputs, heads, size of a head), where the last two are the outputs."""
    w = init.variance_scaling_(
        torch.empty(64, 4, 16, dtype=torch.float64), in_axis=0, out_axis=(1, 2), generator=generator(0)
    )
    # 4096 numbers of variance 1 / 64.
    assert 64 * w.var().item() == pytest.approx(1, abs=4.5 * math.sqrt(2 / 4096))
