"""Observe a network from outside: what its layers put out, which gradients come back, and what units that makes."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from .errors import check_finite, refuse

#: The modules that :func:`record` takes for the nonlinearity behind a layer, subclasses included.
NONLINEARITIES = (
    *(nn.ReLU, nn.LeakyReLU, nn.PReLU, nn.RReLU, nn.ELU, nn.CELU, nn.SELU, nn.GELU, nn.SiLU, nn.Mish),
    *(nn.Tanh, nn.Sigmoid, nn.LogSigmoid, nn.Softplus, nn.Softsign, nn.Hardtanh, nn.Hardsigmoid, nn.Hardswish),
    *(nn.Softshrink, nn.Hardshrink, nn.Tanhshrink, nn.Threshold),
)
SOFTMAXES = (nn.Softmax, nn.Softmax2d, nn.Softmin, nn.LogSoftmax)


@dataclass(frozen=True, eq=False)
class Recording:
    """What :func:`record` saw: tensors by layer name, in the order in which the layers ran.

    Each holds the layer's last call. Shapes are (batch, units), or (batch, channels, ...) for convolutions.

    Attributes:
        layers: Names of all layers that were watched.
        pre_activations: What the layer put out; the first tensor if it puts out several.
        activations: What the nonlinearity made of it; a layer behind which none was seen has no entry.
        gradients: Gradient of the loss with respect to the pre-activations; filled by ``backward``.
        nonlinearities: Name of the module that made the activations.
        calls: How often the layer was called.

    Example:
        >>> Recording(("hidden", "head"), pre_activations={"head": torch.zeros(2, 10)}, calls={"head": 1})
        Recording of 1 layers
          head (2, 10): pre-activations; no nonlinearity seen
          never called: hidden
    """

    layers: tuple[str, ...]
    pre_activations: dict[str, Tensor] = field(default_factory=dict)
    activations: dict[str, Tensor] = field(default_factory=dict)
    gradients: dict[str, Tensor] = field(default_factory=dict)
    nonlinearities: dict[str, str] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)

    @property
    def never_called(self) -> tuple[str, ...]:
        """Names of the layers that did not run as modules, such as those inside ``nn.MultiheadAttention``."""
        return tuple(name for name in self.layers if name not in self.pre_activations)

    def __repr__(self) -> str:
        """Return one line per layer: its shape, what is known of it and what is not."""
        lines = [f"Recording of {len(self.pre_activations)} layers"]
        for name, values in self.pre_activations.items():
            known = ["pre-activations", *(kind for kind in ("activations", "gradients") if name in getattr(self, kind))]
            seen = f"by {self.nonlinearities[name]}" if name in self.activations else "no nonlinearity seen"
            again = f"; the last of {self.calls[name]} calls" if self.calls[name] > 1 else ""
            lines.append(f"  {name} {tuple(values.shape)}: {', '.join(known)}; {seen}{again}")
        return "\n".join(lines + [f"  never called: {', '.join(self.never_called)}"] * bool(self.never_called))


@contextmanager
def record(
    model: nn.Module,
    *,
    modules: type | tuple[type, ...] = nn.Linear,
    nonlinearities: type | tuple[type, ...] = NONLINEARITIES,
) -> Iterator[Recording]:
    r"""Record the layers of ``model`` while it runs, and remove every hook at the end, also after an error.

    .. math:: z^{(l)} = W^{(l)} h^{(l-1)} + b^{(l)}, \qquad h^{(l)} = \varphi(z^{(l)}), \qquad
              \frac{\partial \mathcal L}{\partial z^{(l)}}

    Call the model, and ``backward`` if gradients are wanted, inside the ``with`` block; the recording stays valid after
    it. The recorded tensors are detached copies.

    A nonlinearity is seen if it is a module (``nn.ReLU``, not ``torch.relu``) that gets what the layer put out,
    directly or after modules that keep its shape and mix nothing, such as normalization, dropout or ``nn.Identity``. A
    sum in between, as in a residual block, ends the search, in place or not. The recording says where none was seen.

    Args:
        model: Any network.
        modules: The types of layer to record, such as ``nn.Conv2d``, ``(nn.Linear, nn.LSTM)``; tested by isinstance.
        nonlinearities: The types that count as nonlinearity; name your own, or ``nn.Identity`` for a linear network.

    Yields:
        A :class:`Recording`, filled as the model runs.

    Raises:
        TypeError: If ``modules`` or ``nonlinearities`` is not a type or a tuple of types.
        ValueError: If the model has no such layer, or none of them was called in the block.

    Example:
        >>> model = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
        >>> with record(model) as seen:
        ...     loss = model(torch.ones(3, 2)).sum()
        ...     loss.backward()
        >>> seen
        Recording of 1 layers
          0 (3, 2): pre-activations, activations, gradients; by 1
    """
    names = {module: name for name, module in model.named_modules()}
    layers = _of_type(names, "modules", modules)
    if not layers:
        has = ", ".join(sorted({type(module).__name__ for module in names}))
        raise refuse("modules", modules, f"types that this model has, {has}")
    watcher = _Watcher(layers, _of_type(names, "nonlinearities", nonlinearities))
    for module in names:
        if module in layers or module in watcher.nonlinearities or not list(module.children()):
            watcher.watch(module)
    try:
        yield watcher.recording
    finally:
        for handle in watcher.handles:
            handle.remove()
    if not watcher.recording.calls:
        unseen = ", ".join(watcher.recording.layers)
        raise refuse("block", f"no call of a layer, of {unseen}", "blocks that call the model")


class _Watcher:
    """The hooks of one recording.

    ``carriers`` has, by layer, the tensor that still waits for a nonlinearity, with its version: torch counts in it
    what is done in place. ``entered`` has the layers whose carrier a module is just being called with.
    """

    def __init__(self, layers, nonlinearities):
        self.layers, self.nonlinearities = layers, nonlinearities
        self.recording, self.handles = Recording(tuple(layers.values())), []
        self.carriers, self.entered = {}, {}

    def watch(self, module):
        self.handles.append(module.register_forward_pre_hook(self.before, with_kwargs=True))
        self.handles.append(module.register_forward_hook(self.after, always_call=True))

    def before(self, module, inputs, keywords):
        given = [value for value in (*inputs, *keywords.values()) if isinstance(value, Tensor)]
        carried = [name for name, known in self.carriers.items() if any(_is_same(known, value) for value in given)]
        self.entered.setdefault(module, []).append(carried)

    def after(self, module, inputs, output):
        carried = self.entered[module].pop()
        if output is None:  # the module raised
            return
        if module in self.layers:
            self.keep_layer(self.layers[module], _first_tensor(output, self.layers[module]))
        elif module in self.nonlinearities:
            for name in carried:
                self.recording.activations[name] = _first_tensor(output, self.nonlinearities[module]).detach().clone()
                self.recording.nonlinearities[name] = self.nonlinearities[module]
                self.carriers.pop(name, None)
        elif isinstance(output, Tensor) and _mixes_nothing(module):
            for name in carried:
                if output.shape == self.carriers[name][0].shape:
                    self.carriers[name] = output, _version(output)

    def keep_layer(self, name, output):
        seen = self.recording
        for kind in (seen.activations, seen.gradients, seen.nonlinearities):
            kind.pop(name, None)
        values = seen.pre_activations[name] = output.detach().clone()
        seen.calls[name] = seen.calls.get(name, 0) + 1
        self.carriers[name] = output, _version(output)

        def keep(gradient):
            if seen.pre_activations[name] is values:  # else it belongs to an earlier call
                seen.gradients[name] = gradient.detach().clone()
                for layer in filter(seen.gradients.__contains__, seen.pre_activations):  # backward has them reversed
                    seen.gradients[layer] = seen.gradients.pop(layer)

        if output.requires_grad:
            self.handles.append(output.register_hook(keep))


def _of_type(names, argument, kinds):
    kinds = kinds if isinstance(kinds, tuple) else (kinds,)
    if not kinds or not all(isinstance(kind, type) for kind in kinds):
        raise refuse(argument, kinds, "a type of module, such as nn.ReLU, or a tuple of types", kind=TypeError)
    return {module: name for module, name in names.items() if isinstance(module, kinds)}


def _version(tensor):
    """What changes with every change in place: torch's counter, or the values where it does not count."""
    return tensor.clone() if tensor.is_inference() else tensor._version


def _is_same(carrier, value):
    tensor, version = carrier
    if tensor is not value:
        return False
    if isinstance(version, Tensor):
        return torch.allclose(version, value, rtol=0, atol=0, equal_nan=True)
    return version == value._version


def _mixes_nothing(module):
    """Whether each output comes from one input alone, as in normalization, dropout or a scaling."""
    matrices = any(parameter.ndim > 1 for parameter in module.parameters())
    return isinstance(module, nn.LayerNorm) or not (matrices or isinstance(module, SOFTMAXES))


def _first_tensor(output, name):
    """The output itself, or the first tensor in a tuple, list or dictionary of outputs, as of an LSTM."""
    while not isinstance(output, Tensor):
        parts = list(output.values()) if isinstance(output, Mapping) else output
        if not isinstance(parts, (tuple, list)) or not parts:
            raise refuse(f"the output of {name}", output, "tensors, or tuples that begin with one", kind=TypeError)
        output = parts[0]
    return output


def second_moment(values: Tensor) -> float:
    r"""Return the mean of the squared values, the quantity that propagates from layer to layer.

    .. math:: \frac{1}{n} \sum_{i=1}^{n} x_i^2

    Args:
        values: Any shape; the sum is taken in double precision.

    Raises:
        ValueError: If there are no values.

    Example:
        >>> second_moment(torch.tensor([[3.0, -4.0]]))
        12.5

    Source: He et al. (2015), equation 7: the variance of a layer depends on the second moment of its input.
    """
    if values.numel() == 0:
        raise refuse("values", tuple(values.shape), "shapes with at least one value")
    return values.detach().double().square().mean().item()


def dead_units(activations: Tensor) -> Tensor:
    """Return which units put out exactly zero for every input of the batch.

    With ReLU such a unit passes no gradient for these inputs either.

    Args:
        activations: Shape (batch, units), or (batch, channels, ...): a channel is dead if it is zero everywhere.

    Returns:
        Boolean mask, shape (units,).

    Raises:
        ValueError: If there are fewer than two dimensions or the batch is empty.

    Example:
        >>> dead_units(torch.tensor([[0.0, 1.0], [0.0, 0.0]]))
        tensor([ True, False])

    Source: Lu et al. (2020), section 1.
    """
    return (_per_unit(activations) == 0).all(dim=0)


def saturated_units(activations: Tensor, limit: float) -> Tensor:
    """Return which units lie at or beyond ``limit`` in absolute value for every input of the batch.

    For tanh a limit of 0.99 leaves a slope below 0.02. A sigmoid saturates at 0, too: pass
    ``2 * activations - 1``.

    Args:
        activations: Shape (batch, units), or (batch, channels, ...).
        limit: Positive number.

    Returns:
        Boolean mask, shape (units,).

    Raises:
        ValueError: If ``limit`` is not positive, or the shape is not allowed.

    Example:
        >>> saturated_units(torch.tensor([[0.999, -0.5], [-0.999, 0.999]]), limit=0.99)
        tensor([ True, False])

    Source: Glorot and Bengio (2010), section 3, on saturated units of deep sigmoid networks.
    """
    limit = check_finite("limit", limit, above=0.0)
    return (_per_unit(activations).abs() >= limit).all(dim=0)


def _per_unit(activations):
    if activations.ndim < 2 or activations.numel() == 0:
        raise refuse("activations", tuple(activations.shape), "(batch, units) or (batch, channels, ...), not empty")
    return activations.detach().transpose(0, 1).flatten(1).T


def count_distinct_units(weight: Tensor, bias: Tensor | None = None, *, tolerance: float = 1e-6) -> int:
    r"""Return how many different units a layer has: the number of distinct rows of its weight.

    Two units are one if a chain of rows joins them in which neighbours differ by at most ``tolerance`` in every entry:

    .. math:: \max_j |w_{aj} - w_{bj}| \le \text{tolerance}

    Args:
        weight: Shape (units, inputs), or (channels, ...) of a convolution.
        bias: Shape (units,); if given, units that differ in their bias alone are distinct.
        tolerance: Not negative, in the units of the weights.

    Raises:
        ValueError: If a shape or the tolerance is not allowed, or a value is not finite.

    Example:
        >>> weight = torch.tensor([[1.0, 2.0], [1.0, 2.0], [2.0, 1.0]])
        >>> count_distinct_units(weight)
        2
        >>> count_distinct_units(weight, bias=torch.tensor([0.0, 1.0, 0.0]))
        3

    Source: Goodfellow et al. (2016), Deep Learning, section 8.4, on breaking the symmetry between units.
    """
    rows = _unit_rows(weight, bias)
    tolerance = check_finite("tolerance", tolerance, minimum=0.0)
    near = torch.cdist(rows, rows, p=torch.inf) <= tolerance
    label = torch.arange(len(rows))
    while True:  # every unit takes the smallest label among its neighbours, until chains share one label
        smallest = torch.where(near, label, len(rows)).amin(dim=1)
        if torch.equal(smallest, label):
            return len(label.unique())
        label = smallest


def _unit_rows(weight, bias):
    if weight.ndim < 2 or weight.numel() == 0:
        raise refuse("weight", tuple(weight.shape), "(units, inputs) or (channels, ...), not empty")
    rows = weight.detach().flatten(1).double()
    if bias is not None:
        if bias.shape != weight.shape[:1]:
            raise refuse("bias", tuple(bias.shape), f"the shape {tuple(weight.shape[:1])}")
        rows = torch.cat([rows, bias.detach().double()[:, None]], dim=1)
    if not rows.isfinite().all():
        raise refuse("weight or bias", "values that are not finite", "finite numbers")
    return rows
