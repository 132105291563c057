"""Initialize a whole network by one call, layer by layer according to what follows each, and say what was done."""

import html
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import torch
from torch import Generator, Tensor, nn
from torch.nn.utils import parametrize
from torch.overrides import TorchFunctionMode

from ._stacking import mode
from ._tensors import as_arguments, as_it_was, check_generator, is_blank
from ._tracing import LINEAR, Trace, by_order
from .errors import refuse
from .initializers import TRUNCATED_STD, normal_, orthogonal_, trunc_normal_, uniform_

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
LAYERS = (nn.Linear, *CONVOLUTIONS, *TRANSPOSED)
NORMALIZATIONS = (nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm)
RECURRENT = {nn.RNN: 1, nn.LSTM: 4, nn.GRU: 3, nn.RNNCell: 1, nn.LSTMCell: 4, nn.GRUCell: 3}  # gates
#: Which fan a scheme takes, whether it makes up for the nonlinearity, and how it draws.
SCHEMES = {
    "he": ("fan_in", True),
    "lecun": ("fan_in", False),
    "xavier": ("fan_avg", False),
    "orthogonal": ("fan_in", True),
}
LAWS = ("normal", "uniform", "truncated_normal")
DRAWS = ("uniform_", "normal_", "trunc_normal_", "kaiming_uniform_", "kaiming_normal_")
DRAWS += ("xavier_uniform_", "xavier_normal_", "orthogonal_", "sparse_")


@dataclass(frozen=True)
class Entry:
    """What was done with one parameter, or why it was left alone.

    Attributes:
        parameter: Its name in the model.
        shape: Its shape.
        rule: What was done, in a few words.
        nonlinearity: What gets the output of the layer; ``None`` where that does not matter.
        fan: How many products a unit sums, or what the scheme takes in its place; ``None`` if no fan was used.
        gain: Factor for the nonlinearity, ``None`` if there is none.
        std: Standard deviation of what was drawn; 0 for constants, ``None`` if nothing was done.

    Example:
        >>> Entry("head.bias", (10,), "zeros", std=0.0).rule
        'zeros'
    """

    parameter: str
    shape: tuple[int, ...]
    rule: str
    nonlinearity: str | None = None
    fan: float | None = None
    gain: float | None = None
    std: float | None = None


@dataclass(frozen=True)
class Report:
    """What :func:`initialize_` or :func:`~warmstart.lsuv.lsuv_` did, one entry a parameter; a table when it is printed.

    Attributes:
        entries: In the order of the model.

    Example:
        >>> Report((Entry("weight", (2, 3), "he, normal", "relu", 3, 1.4142, 0.8165),))
        parameter  shape  rule        behind it  fan  gain   std
        weight     2 x 3  he, normal  relu       3    1.414  0.8165
    """

    entries: tuple[Entry, ...]

    def __getitem__(self, parameter: str) -> Entry:
        """Return the entry of a parameter."""
        found = {entry.parameter: entry for entry in self.entries}
        if parameter not in found:
            raise refuse("parameter", parameter, ", ".join(found))
        return found[parameter]

    def _rows(self):
        yield "parameter", "shape", "rule", "behind it", "fan", "gain", "std"
        for one in self.entries:
            numbers = ("" if value is None else f"{value:.4g}" for value in (one.fan, one.gain, one.std))
            yield one.parameter, " x ".join(map(str, one.shape)), one.rule, one.nonlinearity or "", *numbers

    def __repr__(self) -> str:
        """Return the entries as a table of text."""
        rows = list(self._rows())
        widths = [max(len(row[column]) for row in rows) for column in range(7)]
        lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
        return "\n".join(line.rstrip() for line in lines)

    def _repr_html_(self) -> str:
        head, *body = (
            "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in row)
            for tag, row in zip(["th"] + ["td"] * len(self.entries), self._rows(), strict=True)
        )
        rows = "".join(f"<tr>{row}</tr>" for row in body)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def initialize_(
    model: nn.Module,
    scheme: str = "he",
    *,
    inputs: Tensor | Sequence[Tensor] | None = None,
    residual: str | None = None,
    distribution: str = "normal",
    generator: Generator | None = None,
) -> Report:
    r"""Initialize all layers of a model in place, each for the nonlinearity behind it and with its true fans.

    .. math:: \operatorname{Var}(W) = \frac{g^2}{\text{fan}}

    Weights of dense, convolutional and transposed layers and the projections of attention follow the scheme; the
    recurrent weights of RNN, LSTM and GRU are orthogonal gate by gate and those of their inputs have variance
    1 / fan_in; embeddings are standard normal, the row of the padding 0; normalizations start at 1 and 0, with their
    running statistics reset; biases are 0, that of the forget gate of an LSTM 1. What has no rule is left alone.

    Args:
        model: Any module. Parameters on the meta device are given storage on the CPU first.
        scheme: "he" (fan_in, exact gain of the nonlinearity), "lecun" (fan_in, gain 1), "xavier" (mean of the fans,
            gain 1) or "orthogonal" (He's size, orthonormal rows or columns).
        inputs: One batch, or the arguments of a call. With it one call of the model tells which nonlinearity follows
            each layer, functions included, and which layers end residual branches; without it the order of the modules
            has to do.
        residual: "zero" sets the last layer or normalization of each residual branch to 0, so that the block begins as
            its skip connection; "scale" divides it by the root of the number of branches; ``None`` does nothing.
        distribution: "normal", "uniform" or "truncated_normal" (at two deviations, widened to the same variance).
        generator: Source of randomness.

    Returns:
        What was done with each parameter, fans, gains and deviations included.

    Raises:
        ValueError: If a name is unknown, ``residual`` is asked for without a batch, a layer has no inputs or outputs,
            or a parameter or buffer without content has no rule. The model is then as it was, and so it is when its
            own code raises an error.

    Source: He et al. (2015); Glorot & Bengio (2010); LeCun et al. (1998); Saxe et al. (2014); Jozefowicz et al. (2015)
    for the forget gate; Goyal et al. (2017), section 5.1, for branches that start at zero; Radford et al. (2019),
    section 2.3, for the root of their number.

    Example:
        >>> model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
        >>> initialize_(model, generator=torch.Generator().manual_seed(0))
        parameter  shape  rule        behind it  fan  gain   std
        0.weight   8 x 4  he, normal  relu       4    1.414  0.7071
        0.bias     8      zeros                              0
        2.weight   2 x 8  he, normal  linear     8    1      0.3536
        2.bias     2      zeros                              0
    """
    for name, value, allowed in (
        ("scheme", scheme, tuple(SCHEMES)),
        ("residual", residual, (None, "zero", "scale")),
        ("distribution", distribution, LAWS),
    ):
        if value not in allowed:
            raise refuse(name, value, ", ".join(map(str, allowed)))
    if not isinstance(model, nn.Module):
        raise refuse("model", type(model).__name__, "torch.nn.Module")
    if residual and inputs is None:
        raise refuse("inputs", None, f"a batch: residual={residual!r} needs a call of the model")
    check_generator(generator)
    work = _Work(model, scheme, distribution, generator)
    work.check()
    with as_it_was(model, values=work.runs_other_code()), torch.no_grad():
        work.give_storage()
        trace = work.look(inputs)
        work.fill()
        if residual:
            work.end_branches(trace.branches, residual)
    return Report(tuple(work.entries.values()))


class _Work:
    """One call of :func:`initialize_`: the rules for each kind of module."""

    def __init__(self, model, scheme, distribution, generator):
        self.model, self.scheme, self.distribution, self.generator = model, scheme, distribution, generator
        self.names = {module: name for name, module in model.named_modules()}
        self.layers = {module for module in self.names if isinstance(module, LAYERS)}
        self.norms = {module for module in self.names if isinstance(module, NORMALIZATIONS)}
        self.entries, self.done, self.followed = {}, {}, {}

    def rule(self, module):
        """The method that knows a kind of module, or None."""
        kinds = ((LAYERS, self.layer), (NORMALIZATIONS, self.normalization), (tuple(RECURRENT), self.recurrent))
        kinds += ((nn.MultiheadAttention, self.attention), ((nn.Embedding, nn.EmbeddingBag), self.embedding))
        return next((method for kind, method in kinds if isinstance(module, kind)), None)

    def knows(self, module, key):
        """Whether a rule fills this parameter or buffer."""
        rule = self.rule(module)
        if rule in (self.layer, self.normalization, self.embedding):
            return key in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
        return rule is not None or _is_parametrization(self.names[module])

    def check(self):
        """Refuse, before anything is changed, what could not be filled in the end."""
        for module, name in self.names.items():
            own = {key: one for key, one in {**module._parameters, **module._buffers}.items() if one is not None}
            of = f"of a {type(module).__name__}"
            for key, tensor in own.items():
                full, known = f"{name}.{key}".lstrip("."), self.knows(module, key)
                if nn.parameter.is_lazy(tensor):
                    raise refuse(
                        "model", f"{full} without a shape, {of}", "modules whose sizes are known: call it once"
                    )
                resets = hasattr(module, "reset_parameters") and key in module._parameters and self.rule(module) is None
                if is_blank(tensor) and not known and not resets:
                    allowed = "what a rule fills; build this one outside of no_default_init and of the meta device"
                    raise refuse("model", f"{full} without content, {of}", allowed)
                if known and key in module._parameters and not tensor.is_floating_point():
                    raise refuse("model", f"{full} of type {tensor.dtype}, {of}", "real floating-point types")
                if known and key in module._parameters and not tensor.numel():
                    raise refuse("model", f"{full} of shape {tuple(tensor.shape)}, {of}", "tensors that hold a number")
            for key, steps in getattr(module, "parametrizations", {}).items():
                if not all(hasattr(step, "right_inverse") for step in steps):
                    allowed = "weights that can be set: its parametrization has no right_inverse"
                    raise refuse("model", f"{name}.{key}".lstrip("."), allowed)

    def runs_other_code(self):
        """Whether filling calls what is not ours and may raise: the inverse of a parametrization, an own start."""
        own = (module for module in self.names if self.rule(module) is None and hasattr(module, "reset_parameters"))
        return any(is_blank(one) for module in own for one in module._parameters.values() if one is not None) or any(
            _is_parametrization(name) for name in self.names.values()
        )

    def give_storage(self):
        """Give storage to what is on the meta device; what is shared stays shared."""
        made = {}
        for module in self.names:
            for key, old in (*module._parameters.items(), *module._buffers.items()):
                if old is not None and old.is_meta:
                    made.setdefault(id(old), (old, _with_storage(old)))
                    setattr(module, key, made[id(old)][1])
                    if key == "running_var":
                        module.reset_running_stats()  # a batch may be sent through before the rules are applied

    def look(self, inputs):
        """Which nonlinearity follows each layer; with a batch by one call."""
        if inputs is None:
            self.followed = by_order(self.model, self.layers)
            return None
        inputs = as_arguments(self.model, inputs)
        for parameter in filter(is_blank, self.model.parameters()):
            parameter.zero_()
        with mode(self.model, training=False):
            trace = Trace(self.layers, self.layers | {norm for norm in self.norms if norm.weight is not None})
            trace.run(self.model, inputs)
        self.followed = trace.followed
        return trace

    def fill(self):
        """All modules in their order."""
        for module, name in self.names.items():
            own = [key for key, parameter in module._parameters.items() if parameter is not None]
            rule, words = self.rule(module), f"left alone: no rule for {type(module).__name__}"
            if rule:
                rule(module)
            elif any(is_blank(module._parameters[key]) for key in own) and not _is_parametrization(name):
                module.reset_parameters()
                words = "its own reset_parameters"
            for key in own:
                if not self.knows(module, key):
                    self.note(module, key, Entry("", (), words))
        for parameter in self.model.parameters():
            parameter.__dict__.pop("undrawn", None)

    def note(self, module, key, entry):
        """Write an entry under the full name of the parameter."""
        name = f"{self.names[module]}.{key}".lstrip(".")
        self.entries[name] = replace(entry, parameter=name, shape=tuple(getattr(module, key).shape))

    def put(self, module, key, entry, fill):
        """Fill a parameter once, also one that is shared or computed from others."""
        parameter = module._parameters.get(key)
        if parametrize.is_parametrized(module, key):
            value = torch.empty_like(getattr(module, key))
            fill(value)
            setattr(module, key, value)
        elif parameter is None and getattr(module, key, None) is None:
            return
        elif parameter is None:
            entry = Entry("", (), "left alone: computed by a hook from others")
        elif id(parameter) in self.done:
            entry = Entry("", (), f"shared with {self.done[id(parameter)]}")
        else:
            self.done[id(parameter)] = f"{self.names[module]}.{key}".lstrip(".")
            fill(parameter)
        self.note(module, key, entry)

    def constant(self, module, key, value):
        """A bias or a scale."""
        rule = {0.0: "zeros", 1.0: "ones"}[value]
        self.put(module, key, Entry("", (), rule, std=0.0), lambda tensor: tensor.fill_(value))

    def scheme_entry(self, fans, nonlinearity):
        """Deviation and description for the scheme, from the true fans."""
        kind, makes_up = SCHEMES[self.scheme]
        fan = sum(fans) / 2 if kind == "fan_avg" else fans[0]
        gain = nonlinearity.gain if makes_up else 1.0
        law = "" if self.scheme == "orthogonal" else f", {self.distribution}"
        return Entry("", (), self.scheme + law, nonlinearity.name, fan, gain, gain / math.sqrt(fan))

    def draw(self, tensor, std):
        """One matrix of the scheme, with rows that are units."""
        if self.scheme == "orthogonal":
            units, products = tensor.flatten(1).shape
            return orthogonal_(tensor, std * math.sqrt(max(units, products)), self.generator)
        if self.distribution == "uniform":
            return uniform_(tensor, -math.sqrt(3) * std, math.sqrt(3) * std, self.generator)
        if self.distribution == "truncated_normal":
            wide = std / TRUNCATED_STD
            return trunc_normal_(tensor, 0.0, wide, -2 * wide, 2 * wide, self.generator)
        return normal_(tensor, 0.0, std, self.generator)

    def layer(self, module):
        """A dense or convolutional layer: the scheme, and a bias of 0."""
        nonlinearity = self.followed.get(module, LINEAR)
        entry = self.scheme_entry(true_fans(module), nonlinearity)
        self.put(module, "weight", entry, lambda tensor: self.draw(tensor, entry.std))
        self.constant(module, "bias", 0.0)

    def normalization(self, module):
        """Scale 1, shift 0, running statistics as at the start."""
        if hasattr(module, "reset_running_stats"):
            module.reset_running_stats()
        self.constant(module, "weight", 1.0)
        self.constant(module, "bias", 0.0)

    def embedding(self, module):
        """Entries of variance 1; the row of the padding stays 0."""

        def fill(tensor):
            normal_(tensor, 0.0, 1.0, self.generator)
            if module.padding_idx is not None:
                tensor[module.padding_idx] = 0.0

        self.put(module, "weight", Entry("", (), "standard normal", std=1.0), fill)

    def attention(self, module):
        """Each projection for itself; nothing nonlinear follows them."""

        def projections(tensor):
            for part in tensor.chunk(3):
                self.draw(part, self.scheme_entry(part.shape[::-1], LINEAR).std)

        for key in ("in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight"):
            weight = module._parameters.get(key)
            if weight is not None:
                units = len(weight) // 3 if key == "in_proj_weight" else len(weight)
                entry = self.scheme_entry((weight.shape[1], units), LINEAR)
                fill = projections if key == "in_proj_weight" else lambda tensor, std=entry.std: self.draw(tensor, std)
                self.put(module, key, entry, fill)
        for key in ("in_proj_bias", "bias_k", "bias_v"):
            self.constant(module, key, 0.0)

    def recurrent(self, module):
        """Inputs with variance 1 / fan_in, orthogonal recurrent matrices, biases 0, the forget gate open."""
        gates = next(count for kind, count in RECURRENT.items() if isinstance(module, kind))
        for key in list(module._parameters):
            if key.startswith("weight_ih") or key.startswith("weight_hr"):
                fan = module._parameters[key].shape[1]
                entry = Entry("", (), "lecun, normal", fan=fan, gain=1.0, std=1 / math.sqrt(fan))
                self.put(module, key, entry, lambda tensor, std=entry.std: normal_(tensor, 0.0, std, self.generator))
            elif key.startswith("weight_hh"):
                units, products = len(module._parameters[key]) // gates, module._parameters[key].shape[1]
                std = 1 / math.sqrt(max(units, products))
                entry = Entry("", (), "orthogonal, each gate", fan=products, gain=1.0, std=std)
                self.put(module, key, entry, lambda tensor: [self._orthogonal(part) for part in tensor.chunk(gates)])
            elif gates == 4 and key.startswith("bias_ih"):
                entry = Entry("", (), "zeros, forget gate 1", std=0.0)
                self.put(module, key, entry, lambda tensor: tensor.zero_().chunk(4)[1].fill_(1.0))
            else:
                self.constant(module, key, 0.0)

    def _orthogonal(self, part):
        orthogonal_(part, 1.0, self.generator)

    def times(self, module, factor):
        """Multiply a weight, also one that is computed from others."""
        if parametrize.is_parametrized(module, "weight"):
            module.weight = module.weight * factor
        else:
            module.weight.mul_(factor)

    def end_branches(self, tails, residual):
        """Set the ends of the residual branches to 0, or make them smaller."""
        factor = 0.0 if residual == "zero" else 1 / math.sqrt(max(1, len(tails)))
        words = "zero, ends a branch" if residual == "zero" else f", over the root of {len(tails)} branches"
        for tail in tails:
            old = self.entries[f"{self.names[tail]}.weight".lstrip(".")]
            rule = words if residual == "zero" else old.rule + words
            self.times(tail, factor)
            self.note(tail, "weight", replace(old, rule=rule, std=None if old.std is None else old.std * factor))


def true_fans(layer: nn.Module) -> tuple[float, float]:
    r"""Return how many products a unit of this layer sums, and how many units one of its inputs feeds, as a mean.

    .. math:: \text{fan\_in} = \frac{c\, k}{G}, \; \text{fan\_out} = \frac{c' k}{G s}
              \quad\text{or, transposed,}\quad
              \text{fan\_in} = \frac{c\, k}{G s}, \; \text{fan\_out} = \frac{c' k}{G}

    Args:
        layer: Dense, convolutional or transposed; with c channels in, c' out, G groups, and the products k of the
            kernel's sizes and s of the strides.

    Raises:
        ValueError: If the layer is of another kind.

    Example:
        >>> true_fans(nn.ConvTranspose2d(32, 16, 4, stride=2))
        (128.0, 256.0)
        >>> true_fans(nn.Conv2d(32, 32, 3, groups=32))
        (9.0, 9.0)
    """
    if isinstance(layer, nn.Linear):
        return float(layer.in_features), float(layer.out_features)
    if not isinstance(layer, CONVOLUTIONS + TRANSPOSED):
        raise refuse("layer", type(layer).__name__, "Linear, convolutions and transposed convolutions")
    products = math.prod(layer.kernel_size) / layer.groups
    fans, stride = [layer.in_channels * products, layer.out_channels * products], math.prod(layer.stride)
    fans[0 if isinstance(layer, TRANSPOSED) else 1] /= stride
    return fans[0], fans[1]


class _Undrawn(TorchFunctionMode):
    """Leaves out what only draws random numbers into a tensor, and marks the tensor."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        """Call all other functions, and these too where the mark would be lost: on views and on plain tensors."""
        kwargs = kwargs or {}
        tensor = args[0] if args else kwargs.get("tensor")
        if getattr(function, "__name__", "") not in DRAWS or not isinstance(tensor, nn.Parameter):
            return function(*args, **kwargs)
        tensor.undrawn = True
        return tensor


@contextmanager
def no_default_init() -> Iterator[None]:
    """Build models without drawing the weights that :func:`initialize_` will draw anyway.

    Inside of the block random fills are left out, and the tensors keep whatever the memory held; constants, such as
    those of normalizations, are set as always. Nothing else is changed, in this thread or in others.

    Example:
        >>> with no_default_init():
        ...     model = nn.Linear(1000, 1000)
        >>> initialize_(model)["weight"].rule
        'he, normal'
    """
    with _Undrawn():
        yield


def _with_storage(tensor):
    made = torch.empty_like(tensor, device="cpu")
    if isinstance(tensor, nn.Parameter):
        made = nn.Parameter(made, requires_grad=tensor.requires_grad)
        made.undrawn = True
    return made


def _is_parametrization(name):
    return "parametrizations" in name.split(".")
