"""initialization: each layer gets what its fans and its nonlinearity ask for, and the report says so."""

import math
from contextlib import nullcontext

import pytest
import torch
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional
from torch.nn.utils import parametrizations, parametrize, weight_norm

from warmstart.initialization import SCHEMES, Entry, Report, initialize_, no_default_init, true_fans
from warmstart.models import MLP
from warmstart.scale import gain

seeds = st.integers(0, 2**32 - 1)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def noise(*shape, seed=1):
    return torch.randn(shape, generator=generator(seed))


class Block(nn.Module):
    """A residual block with functions in place of modules, added in place, and a projection where the width changes."""

    def __init__(self, channels, out):
        super().__init__()
        self.first, self.second = nn.Conv2d(channels, out, 3, padding=1), nn.Conv2d(out, out, 3, padding=1)
        self.norm, self.last = nn.BatchNorm2d(out), nn.BatchNorm2d(out)
        self.short = nn.Conv2d(channels, out, 1) if out != channels else None

    def forward(self, x):
        h = self.last(self.second(functional.relu(self.norm(self.first(x)))))
        h += x if self.short is None else self.short(x)
        return functional.leaky_relu(h, 0.2)


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem, self.one, self.two = nn.Conv2d(3, 8, 3), Block(8, 8), Block(8, 16)
        self.head = nn.Linear(16, 10)

    def forward(self, x):
        return self.head(self.two(self.one(torch.tanh(self.stem(x)))).mean((2, 3)))


class Sentences(nn.Module):
    def __init__(self):
        super().__init__()
        self.words, self.memory = nn.Embedding(30, 16, padding_idx=0), nn.LSTM(16, 12, 2)
        self.cell, self.gated = nn.GRUCell(12, 12), nn.RNN(12, 8, nonlinearity="relu")
        self.head = nn.Linear(8, 30)

    def forward(self, x):
        states, _ = self.memory(self.words(x))
        return self.head(self.gated(self.cell(states.flatten(0, 1))[None])[0])


def transformer(**options):
    options = {"d_model": 16, "nhead": 4, "dim_feedforward": 32, "batch_first": True, "activation": "gelu"} | options
    return nn.Sequential(*(nn.TransformerEncoderLayer(**options) for _ in range(3)))


def test_a_call_tells_which_nonlinearity_follows_each_layer():
    report = initialize_(Residual(), inputs=noise(2, 3, 8, 8))
    slope = gain("leaky_relu", 0.2)
    expected = {"stem": ("tanh", gain("tanh")), "one.first": ("relu", math.sqrt(2)), "two.short": ("leaky_relu", slope)}
    expected |= {"one.second": ("leaky_relu", slope), "head": ("linear", 1.0)}
    for name, (nonlinearity, factor) in expected.items():
        entry = report[f"{name}.weight"]
        assert entry.nonlinearity == nonlinearity
        assert entry.gain == pytest.approx(factor, rel=1e-8)
        assert entry.std == pytest.approx(factor / math.sqrt(entry.fan))


def test_layers_are_followed_through_concatenation_slices_and_upsampling():
    class Dense(nn.Module):
        def __init__(self):
            super().__init__()
            self.down, self.middle = nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.Conv2d(8, 8, 3, padding=1)
            self.up, self.gate = nn.ConvTranspose2d(8, 8, 2, stride=2), nn.Conv2d(11, 4, 1)
            self.norm, self.head = nn.BatchNorm2d(11), nn.Linear(2, 5)

        def forward(self, x):
            h = functional.interpolate(functional.max_pool2d(self.down(x), 2), scale_factor=2).relu()
            h = self.up(functional.elu(self.middle(h), alpha=0.5))
            h = self.norm(torch.cat([h, x], dim=1)).sigmoid()
            values, gates = self.gate(h).mean((2, 3)).chunk(2, dim=1)
            return self.head(values * gates.tanh())

    report = initialize_(Dense(), inputs=noise(2, 3, 8, 8))
    found = {name: report[f"{name}.weight"].nonlinearity for name in ("down", "middle", "up", "gate", "head")}
    assert found == {"down": "relu", "middle": "elu", "up": "sigmoid", "gate": "tanh", "head": "linear"}
    assert report["middle.weight"].gain == pytest.approx(gain("elu", 0.5), rel=1e-8)
    assert report["up.weight"].fan == 8


def test_without_a_batch_the_order_of_the_modules_has_to_do():
    layers = (
        nn.Linear(4, 8),
        nn.BatchNorm1d(8),
        nn.ELU(0.5),
        nn.Linear(8, 8),
        nn.Dropout(),
        nn.Linear(8, 2),
        nn.Softmax(1),
    )
    report = initialize_(nn.Sequential(*layers))
    assert [report[f"{place}.weight"].nonlinearity for place in (0, 3, 5)] == ["elu", "linear", "linear"]
    assert report["0.weight"].gain == pytest.approx(gain("elu", 0.5), rel=1e-8)


class Rectifier(nn.ReLU):
    """A nonlinearity of the reader's own name."""


ALONE = [
    nn.LeakyReLU(0.3),
    nn.PReLU(init=0.1),
    nn.RReLU(),
    nn.GELU("tanh"),
    nn.ReLU6(),
    nn.ELU(0.5, inplace=True),
    Rectifier(),
]


@pytest.mark.parametrize("nonlinearity", ALONE, ids=lambda module: type(module).__name__)
def test_the_order_finds_the_nonlinearity_that_a_batch_finds(nonlinearity):
    model = nn.Sequential(nn.Linear(3, 3), nonlinearity, nn.Linear(3, 2)).train()
    by_order, by_batch = (initialize_(model, inputs=inputs)["0.weight"] for inputs in (None, noise(4, 3)))
    assert by_order == by_batch
    assert by_order.gain > 1
    assert nonlinearity.training


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("distribution", ["normal", "uniform", "truncated_normal"])
def test_the_weights_have_the_deviation_of_the_report(scheme, distribution):
    model = nn.Sequential(nn.Linear(300, 200), nn.ReLU(), nn.Conv1d(4, 300, 5, groups=2), nn.Linear(200, 300))
    report = initialize_(model, scheme, distribution=distribution, generator=generator())
    for place in (0, 2, 3):
        weight, entry = model[place].weight, report[f"{place}.weight"]
        assert entry.std == pytest.approx(entry.gain / math.sqrt(entry.fan))
        # The mean square of n normal numbers has a relative error of sqrt(2 / n); the other laws scatter less.
        rms = weight.double().square().mean().sqrt().item()
        assert rms == pytest.approx(entry.std, rel=4.5 / math.sqrt(2 * weight.numel()))
    assert report["2.weight"].fan == (10 if scheme != "xavier" else (10 + 750) / 2)


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(4, 6, 3, stride=2, groups=2),
        nn.Conv1d(4, 8, 5, groups=4),
        nn.ConvTranspose2d(6, 4, 4, stride=2),
        nn.ConvTranspose1d(4, 8, 6, stride=3, groups=2),
        nn.Linear(5, 7),
    ],
)
def test_true_fans_are_counted(layer):
    """All weights and inputs 1: the output counts its summands, the gradient of the sum the uses of an input."""
    nn.init.ones_(layer.weight)
    nn.init.zeros_(layer.bias)
    size = () if isinstance(layer, nn.Linear) else (36,) * (layer.weight.ndim - 2)
    channels = layer.in_features if isinstance(layer, nn.Linear) else layer.in_channels
    x = torch.ones(1, channels, *size, requires_grad=True)
    z = layer(x)
    z.sum().backward()
    middle = (0, slice(None), *(slice(12, 24),) * len(size))  # far from the borders, whole strides
    assert true_fans(layer) == (z[middle].mean().item(), x.grad[middle].mean().item())


def test_recurrent_layers_embeddings_and_attention():
    model = Sentences()
    report = initialize_(model, inputs=torch.randint(0, 30, (5, 3), generator=generator()), generator=generator())
    assert (model.words.weight[0] == 0).all()
    assert model.words.weight[1:].std().item() == pytest.approx(1, rel=4.5 / math.sqrt(2 * 29 * 16))
    for part, gates in ((model.memory, 4), (model.gated, 1), (model.cell, 3)):
        for name, parameter in part.named_parameters():
            if name.startswith("weight_hh"):
                for gate in parameter.chunk(gates):
                    assert torch.allclose(gate @ gate.T, torch.eye(len(gate)), atol=1e-5)
            if name.startswith("bias"):
                opened = gates == 4 and name.startswith("bias_ih")
                assert parameter.sum() == (12 if opened else 0)
    assert (model.memory.bias_ih_l1[12:24] == 1).all()
    assert report["memory.weight_hh_l0"].rule == "orthogonal, each gate"
    attention = nn.MultiheadAttention(64, 4, kdim=32, vdim=16, add_bias_kv=True)
    report = initialize_(attention, "lecun", generator=generator())
    for key, fan in (("q_proj_weight", 64), ("k_proj_weight", 32), ("v_proj_weight", 16), ("out_proj.weight", 64)):
        weight = attention.get_parameter(key)
        assert report[key].fan == fan
        assert fan * weight.var().item() == pytest.approx(1, rel=4.5 * math.sqrt(2 / weight.numel()))
    assert (attention.bias_k == 0).all()


@pytest.mark.parametrize("norm_first", [True, False])
def test_in_attention_each_projection_is_a_layer(norm_first):
    model = transformer(norm_first=norm_first)
    report = initialize_(model, "orthogonal", inputs=noise(2, 5, 16), residual="scale", generator=generator())
    for part in model[0].self_attn.in_proj_weight.chunk(3):
        assert torch.allclose(part @ part.T, torch.eye(16), atol=1e-5)
    ends = [name for name, entry in zip(_names(report), report.entries, strict=True) if "branches" in entry.rule]
    assert ends == [f"{i}.{end}.weight" for i in range(3) for end in ("self_attn.out_proj", "linear2")]
    assert report["1.linear1.weight"].nonlinearity == "gelu"
    last = model[2].linear2.weight
    assert torch.allclose(last @ last.T, torch.eye(16) / 6, atol=1e-5)  # rows of length 1, six branches


def _names(report):
    return [entry.parameter for entry in report.entries]


def test_residual_branches_start_at_zero_or_are_made_smaller():
    x = noise(4, 3, 8, 8)
    for residual, factor in (("zero", 0.0), ("scale", 1 / math.sqrt(2))):
        model = Residual()
        report = initialize_(model, inputs=x, residual=residual, generator=generator())
        assert (model.one.last.weight == factor).all()
        assert (model.two.last.weight == factor).all()
        assert (model.one.norm.weight == 1).all()
        assert [name for name in _names(report) if "branch" in report[name].rule] == [
            "one.last.weight",
            "two.last.weight",
        ]
    model = Residual()
    initialize_(model, inputs=x, residual="zero", generator=generator())
    h = torch.tanh(model.stem(x))
    assert torch.equal(model.eval().one(h), functional.leaky_relu(h, 0.2))


@pytest.mark.filterwarnings("ignore:`torch.nn.utils.weight_norm` is deprecated")
def test_shared_computed_and_unknown_parameters_are_told():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.words, self.head = nn.Embedding(20, 8), nn.Linear(8, 20)
            self.head.weight = self.words.weight
            self.place = nn.Parameter(torch.full((3,), 7.0))
            self.normed = parametrizations.weight_norm(nn.Linear(8, 8))
            self.slope = nn.PReLU()

        def forward(self, x):
            return self.head(self.slope(self.normed(self.words(x))))

    model = Tied()
    report = initialize_(model, inputs=torch.tensor([1, 2]), generator=generator())
    assert report["head.weight"].rule == "shared with words.weight"
    assert report["place"].rule == "left alone: no rule for Tied"
    assert (model.place == 7).all()
    assert report["slope.weight"].rule == "left alone: no rule for PReLU"
    again = Tied()
    initialize_(again, inputs=torch.tensor([1, 2]), generator=generator())
    assert torch.equal(model.normed.weight, again.normed.weight)
    entry = report["normed.weight"]
    assert model.normed.weight.std().item() == pytest.approx(entry.std, rel=4.5 / math.sqrt(2 * 64))
    assert sorted(name for name in _names(report) if "parametrizations" in name) == []
    old = nn.Sequential(weight_norm(nn.Linear(3, 3)))
    assert initialize_(old)["0.weight"].rule == "left alone: computed by a hook from others"


def test_a_weight_that_cannot_be_set_is_refused():
    class Squared(nn.Module):
        def forward(self, x):
            return x**2

    layer = nn.Linear(3, 3)
    parametrize.register_parametrization(layer, "weight", Squared())
    with pytest.raises(ValueError, match="weight'; allowed: weights that can be set"):
        initialize_(nn.Sequential(layer))


@pytest.mark.parametrize(
    "build", [Residual, Sentences, transformer, lambda: MLP((6, 5, 4)), lambda: nn.Bilinear(2, 3, 4)]
)
def test_without_default_initialization_the_result_is_the_same(build):
    plain = build()
    initialize_(plain, generator=generator(3))
    with no_default_init():
        left_out = build()
    with torch.device("meta"):
        meta = build()
    for model in (left_out, meta):
        torch.manual_seed(5)
        initialize_(model, generator=generator(3))
        torch.manual_seed(5)
        expected = build() if isinstance(model, nn.Bilinear) else plain
        for (name, one), other in zip(expected.state_dict().items(), model.state_dict().values(), strict=True):
            assert torch.equal(one, other), name
        assert not any(getattr(parameter, "undrawn", False) for parameter in model.parameters())


def test_only_random_fills_of_parameters_are_left_out():
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm = nn.BatchNorm1d(3)
            self.pair = nn.Parameter(torch.zeros(4, 2))
            nn.init.normal_(self.pair[:2])
            self.drawn = nn.Parameter(torch.zeros(2).uniform_(1, 2))

    with no_default_init():
        model, tensor = Own(), torch.zeros(3).normal_()
    assert (model.norm.weight == 1).all()
    assert (model.norm.running_var == 1).all()
    assert (model.pair[:2] != 0).all()
    assert (model.drawn >= 1).all()
    assert (tensor != 0).all()
    assert nn.Linear(3, 3).weight.abs().sum() > 0


def test_what_is_shared_on_the_meta_device_stays_shared():
    with torch.device("meta"):
        model = nn.ModuleDict({"words": nn.Embedding(5, 3), "head": nn.Linear(3, 5)})
        model["head"].weight = model["words"].weight
    initialize_(model)
    assert model["head"].weight is model["words"].weight
    assert model["head"].weight.isfinite().all()


def test_what_has_no_size_or_no_real_numbers_is_refused():
    for layer, message in (
        (nn.LazyLinear(3), "1.weight without a shape, of a LazyLinear'; allowed: modules whose sizes are known"),
        (nn.Linear(3, 3, dtype=torch.complex64), "1.weight of type torch.complex64, of a Linear'; allowed: real"),
    ):
        model = nn.Sequential(nn.Linear(2, 2), layer)
        before = model[0].weight.clone()
        with pytest.raises(ValueError, match=message):
            initialize_(model)
        assert torch.equal(model[0].weight, before)


def test_a_parameter_that_a_subclass_adds_is_left_alone_and_told():
    class Scaled(nn.Linear):
        def __init__(self):
            super().__init__(3, 3)
            self.scale = nn.Parameter(torch.full((1,), 5.0))

    model = Scaled()
    assert initialize_(model)["scale"].rule == "left alone: no rule for Scaled"
    assert model.scale == 5
    with torch.device("meta"):
        model = Scaled()
    with pytest.raises(ValueError, match="scale without content, of a Scaled"):
        initialize_(model)


def test_a_failed_call_leaves_the_model_as_it_was():
    class Lost(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(3, 3)
            self.register_buffer("angles", torch.arange(3.0))

    with torch.device("meta"):
        model = Lost()
    with pytest.raises(ValueError, match="angles without content, of a Lost'; allowed: what a rule fills"):
        initialize_(model)
    assert model.layer.weight.is_meta


class Fails(nn.Module):
    """Has no rule, and cannot be started by its own means."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.empty(3))
        nn.init.normal_(self.scale)

    def reset_parameters(self):
        raise RuntimeError("not today")

    def forward(self, x):
        return x * self.scale


REFUSED = {
    "without inputs": (lambda: nn.Linear(0, 3), {}, ValueError, "2.weight of shape .3, 0., of a Linear"),
    "without outputs": (lambda: nn.Conv1d(3, 0, 1), {}, ValueError, "2.weight of shape .0, 3, 1., of a Conv1d"),
    "no generator": (lambda: nn.Linear(3, 3), {"generator": 0}, ValueError, "generator received 0; allowed: torch.Gen"),
    "a call that fails": (lambda: nn.Linear(4, 4), {"inputs": noise(2, 3)}, RuntimeError, "shapes"),
    "a map that cannot be undone": (lambda: parametrizations.orthogonal(nn.Linear(3, 3), use_trivialization=False), {},
                                    NotImplementedError, "assign"),
    "a start of its own that fails": (Fails, {}, RuntimeError, "not today"),
}  # fmt: skip


@pytest.mark.parametrize("device", ["cpu", "meta"])
@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_is_as_it_was(case, device):
    """Storage, values, tensors and statistics; a recurrent layer keeps a list of its own tensors."""
    build, options, error, message = REFUSED[case]
    if case == "a map that cannot be undone":
        device = "cpu"  # torch cannot build it elsewhere
    with torch.device(device), no_default_init() if "its own" in case else nullcontext():
        model = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), build(), nn.LSTM(3, 3))
    tensors = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    before = {name: tensor.clone() for name, tensor in tensors.items()}
    with pytest.raises(error, match=message):
        initialize_(model, **options)
    after = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    assert all(after[name] is tensor for name, tensor in tensors.items())
    blank = ("its own" in case, device == "meta")
    assert any(blank) or all(torch.equal(after[name], value) for name, value in before.items())
    assert all(
        one is getattr(model[3], name)
        for one, name in zip(model[3]._flat_weights, model[3]._flat_weights_names, strict=True)
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scheme": "kaiming"}, "scheme received 'kaiming'; allowed: he, lecun, xavier, orthogonal"),
        ({"residual": "one", "inputs": torch.ones(1, 3)}, "residual received 'one'; allowed: None, zero, scale"),
        ({"residual": "zero"}, "inputs received None; allowed: a batch"),
        ({"distribution": "gauss"}, "distribution received 'gauss'; allowed: normal, uniform"),
        ({"inputs": [1.0, 2.0]}, "inputs received 'float'; allowed: tensors or arrays"),
        ({"model": "net"}, "model received 'str'; allowed: torch.nn.Module"),
    ],
)
def test_bad_input_names_what_came_and_what_is_allowed(options, message):
    with pytest.raises(ValueError, match=message):
        initialize_(**{"model": nn.Linear(3, 3)} | options)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_other_types_and_arrays(dtype, scheme):
    """The batch may be an array of another type, and the weights have the deviation of the report in each type."""
    model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 64)).to(dtype)
    report = initialize_(model, scheme, inputs=noise(8, 20).numpy(), generator=generator())
    # 4096 numbers, and eight binary digits or more each.
    tolerance = 4.5 / math.sqrt(2 * 4096) + 2**-8
    assert model[2].weight.double().square().mean().sqrt().item() == pytest.approx(
        report["2.weight"].std, rel=tolerance
    )
    assert model[2].weight.dtype == dtype


def test_a_call_leaves_modes_gradients_and_hooks_alone():
    model = Residual().train()
    model.one.eval()
    initialize_(model, inputs=noise(2, 3, 8, 8))
    assert model.training
    assert not model.one.training
    assert model.two.last.running_mean.abs().sum() == 0
    assert all(parameter.requires_grad and parameter.grad is None for parameter in model.parameters())
    assert not any(module._forward_hooks for module in model.modules())


def test_a_report_is_a_table_in_text_and_in_a_notebook():
    report = Report(
        (Entry("a<b", (2, 3), "he, normal", "relu", 3.0, 1.4142, 0.8165), Entry("bias", (2,), "zeros", std=0.0))
    )
    assert [line.split()[0] for line in repr(report).splitlines()] == ["parameter", "a<b", "bias"]
    assert report._repr_html_().count("<tr>") == 3
    assert "a&lt;b" in report._repr_html_()
    with pytest.raises(ValueError, match="parameter received 'c'; allowed: a<b, bias"):
        report["c"]
