"""Initialize a whole network by one call, layer by layer according to what follows each, and say what was done."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Literal

import torch
from torch import Generator, Tensor, nn
from torch.nn.utils import parametrize

from .._calls import as_arguments, as_it_was, by_modules, check_generator, is_blank, mode
from ..errors import refuse
from ..initializers import DISTRIBUTIONS, Distribution
from .blank import give_storage
from .report import Entry, Report
from .rules import LAYERS, NORMALIZATIONS, SCHEMES, Scheme, Start, rule_of
from .trace import LINEAR, Nonlinearity, Trace, by_order

Residual = Literal["zero", "scale"]


def initialize_(
    model: nn.Module,
    scheme: Scheme = "he",
    *,
    inputs: Tensor | Sequence[Tensor] | None = None,
    residual: Residual | None = None,
    distribution: Distribution = "normal",
    generator: Generator | None = None,
) -> Report:
    r"""Initialize all layers of a model in place, each for the nonlinearity that follows it and with its true fans.

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
        parameter  shape  rule        followed by  fan  gain   std
        0.weight   8 x 4  he, normal  relu         4    1.414  0.7071
        0.bias     8      zeros                                0
        2.weight   2 x 8  he, normal  linear       8    1      0.3536
        2.bias     2      zeros                                0
    """
    for name, value, allowed in (
        ("scheme", scheme, tuple(SCHEMES)),
        ("residual", residual, (None, "zero", "scale")),
        ("distribution", distribution, DISTRIBUTIONS),
    ):
        if value not in allowed:
            raise refuse(name, value, ", ".join(map(str, allowed)))
    if not isinstance(model, nn.Module):
        raise refuse("model", type(model).__name__, "torch.nn.Module")
    if residual and inputs is None:
        raise refuse("inputs", None, f"a batch: residual={residual!r} needs a call of the model")
    check_generator(generator)
    start, names = Start(scheme, distribution, generator), {module: name for name, module in model.named_modules()}
    _check(names, start)
    with as_it_was(model, values=_runs_other_code(names)), torch.no_grad():
        give_storage(model)
        followed, branches = _look(model, inputs)
        filling = _Filling(names)
        for module in names:
            filling.fill(module, start, followed.get(module, LINEAR))
        if residual:
            filling.end_branches(branches, residual)
    for parameter in model.parameters():
        parameter.__dict__.pop("undrawn", None)
    return Report(tuple(filling.entries.values()))


def _check(names: dict[nn.Module, str], start: Start) -> None:
    """Refuse, before anything is changed, what could not be filled in the end."""
    for module, name in names.items():
        rule, of = rule_of(module), f"of a {type(module).__name__}"
        for key, tensor in _own(module):
            full = f"{name}.{key}".lstrip(".")
            if nn.parameter.is_lazy(tensor):
                raise refuse("model", f"{full} without a shape, {of}", "modules whose sizes are known: call it once")
            if rule and key in module._parameters and not tensor.numel():
                raise refuse("model", f"{full} of shape {tuple(tensor.shape)}, {of}", "tensors that hold a number")
        known = {key for key, _, _ in rule(module, start, LINEAR)} if rule else set()
        for key, tensor in _own(module):
            full, is_parameter = f"{name}.{key}".lstrip("."), key in module._parameters
            filled = (
                key in known or _is_parametrization(name) or (isinstance(module, NORMALIZATIONS) and not is_parameter)
            )
            resets = rule is None and is_parameter and hasattr(module, "reset_parameters")
            if is_blank(tensor) and not filled and not resets:
                allowed = "what a rule fills; build this one outside of no_default_init and of the meta device"
                raise refuse("model", f"{full} without content, {of}", allowed)
            if key in known and is_parameter and not tensor.is_floating_point():
                raise refuse("model", f"{full} of type {tensor.dtype}, {of}", "real floating-point types")
        for key, steps in getattr(module, "parametrizations", {}).items():
            if not all(hasattr(step, "right_inverse") for step in steps):
                allowed = "weights that can be set: its parametrization has no right_inverse"
                raise refuse("model", f"{name}.{key}".lstrip("."), allowed)


def _own(module: nn.Module) -> list[tuple[str, Tensor]]:
    """The parameters and buffers that a module holds itself."""
    own = (*module._parameters.items(), *module._buffers.items())
    return [(key, tensor) for key, tensor in own if tensor is not None]


def _runs_other_code(names: dict[nn.Module, str]) -> bool:
    """Whether filling calls what is not ours and may raise: the inverse of a parametrization, a module's own start."""
    return any(
        _is_parametrization(name)
        or (rule_of(module) is None and any(is_blank(one) for one in module.parameters(recurse=False)))
        for module, name in names.items()
    )


def _is_parametrization(name: str) -> bool:
    return "parametrizations" in name.split(".")


def _look(
    model: nn.Module, inputs: Tensor | Sequence[Tensor] | None
) -> tuple[dict[nn.Module, Nonlinearity], list[nn.Module]]:
    """Which nonlinearity follows each layer, and the ends of residual branches; with a batch by one call."""
    layers = {module for module in model.modules() if isinstance(module, LAYERS)}
    if inputs is None:
        return by_order(model, layers), []
    inputs = as_arguments(model, inputs)
    for parameter in filter(is_blank, model.parameters()):
        parameter.zero_()
    norms = {one for one in model.modules() if isinstance(one, NORMALIZATIONS) and one.weight is not None}
    with mode(model, training=False), by_modules():
        trace = Trace(layers, layers | norms).run(model, inputs)
    return trace.followed, trace.branches


class _Filling:
    """Fills one module after the other, each parameter once, and writes down what was done."""

    def __init__(self, names: dict[nn.Module, str]) -> None:
        self.names = names
        self.entries: dict[str, Entry] = {}
        self.done: dict[int, str] = {}

    def fill(self, module: Any, start: Start, nonlinearity: Nonlinearity) -> None:
        """All that a module holds: by its rule, by its own means if it is empty, or not at all."""
        own, rule = [key for key, _ in module.named_parameters(recurse=False)], rule_of(module)
        parts = list(rule(module, start, nonlinearity)) if rule else []
        words = f"left alone: no rule for {type(module).__name__}"
        if _is_parametrization(self.names[module]):
            return
        if rule is None and any(is_blank(module._parameters[key]) for key in own):
            module.reset_parameters()
            words = "its own reset_parameters"
        if isinstance(module, NORMALIZATIONS) and callable(reset := getattr(module, "reset_running_stats", None)):
            reset()
        for key, entry, put in parts:
            self.put(module, key, entry, put)
        for key in own:
            if key not in {part[0] for part in parts}:
                self.note(module, key, Entry("", (), words))

    def put(self, module: nn.Module, key: str, entry: Entry, fill: Callable[[Tensor], object]) -> None:
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
            self.done[id(parameter)] = self.name(module, key)
            fill(parameter)
        self.note(module, key, entry)

    def end_branches(self, tails: list[Any], residual: Residual) -> None:
        """Set the ends of the residual branches to 0, or make them smaller."""
        factor = 0.0 if residual == "zero" else 1 / math.sqrt(max(1, len(tails)))
        words = "zero, ends a branch" if residual == "zero" else f", over the root of {len(tails)} branches"
        for tail in tails:
            old = self.entries[self.name(tail, "weight")]
            rule = words if residual == "zero" else old.rule + words
            if parametrize.is_parametrized(tail, "weight"):
                tail.weight = tail.weight * factor
            else:
                tail.weight.mul_(factor)
            self.note(tail, "weight", replace(old, rule=rule, std=None if old.std is None else old.std * factor))

    def name(self, module: nn.Module, key: str) -> str:
        """The full name of a parameter."""
        return f"{self.names[module]}.{key}".lstrip(".")

    def note(self, module: nn.Module, key: str, entry: Entry) -> None:
        """Write an entry under the full name of its parameter."""
        name = self.name(module, key)
        self.entries[name] = replace(entry, parameter=name, shape=tuple(getattr(module, key).shape))
