"""Observe a network from outside: what its layers put out, which gradients come back, and what units that makes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from numbers import Real

import torch
from torch import Tensor, nn


@dataclass(frozen=True, eq=False)
class Recording:
    """What :func:`record` saw: tensors by layer name, in the order in which the layers ran.

    Each holds the layer's last call. Shapes are (batch, units), or (batch, channels, ...) for convolutions.

    Attributes:
        pre_activations: What the layer put out.
        activations: What the nonlinearity made of it; a layer that none follows has no entry.
        gradients: Gradient of the loss with respect to the pre-activations; filled by ``backward``.

    Example:
        >>> Recording(pre_activations={"head": torch.zeros(2, 10)})
        Recording of 1 layers
          head: pre-activations (2, 10)
    """

    pre_activations: dict[str, Tensor] = field(default_factory=dict)
    activations: dict[str, Tensor] = field(default_factory=dict)
    gradients: dict[str, Tensor] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Return one line per layer: its shape, and what is known of it."""
        lines = [f"Recording of {len(self.pre_activations)} layers"]
        for name, values in self.pre_activations.items():
            known = [kind for kind in ("activations", "gradients") if name in getattr(self, kind)]
            lines.append(f"  {name}: {', '.join(['pre-activations', *known])} {tuple(values.shape)}")
        return "\n".join(lines)


@contextmanager
def record(model: nn.Module, *, modules: type | tuple[type, ...] = nn.Linear) -> Iterator[Recording]:
    r"""Record the layers of ``model`` while it runs, and remove every hook at the end, also after an error.

    .. math:: z^{(l)} = W^{(l)} h^{(l-1)} + b^{(l)}, \qquad h^{(l)} = \varphi(z^{(l)}), \qquad
              \frac{\partial \mathcal L}{\partial z^{(l)}}

    Call the model, and ``backward`` if gradients are wanted, inside the ``with`` block; the recording stays valid after
    it. A nonlinearity is seen if it is a module (``nn.ReLU``, not ``torch.relu``) that follows its layer directly or
    after normalization or dropout. The recorded tensors are detached copies.

    Args:
        model: Any network.
        modules: The types of layer to record.

    Yields:
        A :class:`Recording`, filled as the model runs.

    Raises:
        TypeError: If ``modules`` is not a type or a tuple of types.
        ValueError: If the model has no such layer.

    Example:
        >>> model = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
        >>> with record(model) as seen:
        ...     loss = model(torch.ones(3, 2)).sum()
        ...     loss.backward()
        >>> seen
        Recording of 1 layers
          0: pre-activations, activations, gradients (3, 2)
    """
    layers = _layers(model, modules)
    watcher = _Watcher(layers)
    for module in model.modules():
        if module in layers:
            watcher.handles.append(module.register_forward_hook(watcher.after_layer))
        elif not list(module.children()):
            watcher.handles.append(module.register_forward_hook(watcher.after_other))
    try:
        yield watcher.recording
    finally:
        for handle in watcher.handles:
            handle.remove()


class _Watcher:
    """The hooks of one recording; ``carriers`` has, by layer name, the tensor that still waits for a nonlinearity."""

    def __init__(self, layers):
        self.layers, self.recording, self.handles, self.carriers = layers, Recording(), [], {}

    def after_layer(self, module, inputs, output):
        name = self.layers[module]
        self.recording.activations.pop(name, None)
        self.recording.gradients.pop(name, None)
        values = self.recording.pre_activations[name] = output.detach().clone()
        self.carriers[name] = output

        def keep(gradient):
            if self.recording.pre_activations[name] is values:  # else it belongs to an earlier call
                self.recording.gradients[name] = gradient.detach().clone()

        if output.requires_grad:
            self.handles.append(output.register_hook(keep))

    def after_other(self, module, inputs, output):
        name = next((name for name, carrier in self.carriers.items() if inputs and carrier is inputs[0]), None)
        if name is None or not isinstance(output, Tensor):
            return
        self.carriers[name] = output
        if _is_nonlinearity(module):
            self.recording.activations[name] = output.detach().clone()
            del self.carriers[name]


def _layers(model, modules):
    kinds = modules if isinstance(modules, tuple) else (modules,)
    if not kinds or not all(isinstance(kind, type) for kind in kinds):
        raise TypeError(f"modules received {modules!r}; allowed are a type of module, such as nn.Linear, or a tuple")
    layers = {module: name for name, module in model.named_modules() if isinstance(module, kinds)}
    if not layers:
        has = sorted({type(module).__name__ for module in model.modules()})
        wanted = ", ".join(kind.__name__ for kind in kinds)
        raise ValueError(f"modules received {wanted}, of which this model has none; allowed are {', '.join(has)}")
    return layers


def _is_nonlinearity(module):
    return isinstance(module, nn.Identity) or type(module).__module__ == "torch.nn.modules.activation"


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
        raise ValueError(f"values received shape {tuple(values.shape)}; allowed is any shape with at least one value")
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
    if not (isinstance(limit, Real) and limit > 0):
        raise ValueError(f"limit received {limit!r}; allowed are positive numbers")
    return (_per_unit(activations).abs() >= limit).all(dim=0)


def _per_unit(activations):
    if activations.ndim < 2 or activations.numel() == 0:
        raise ValueError(
            f"activations received shape {tuple(activations.shape)}; "
            "allowed are (batch, units) and (batch, channels, ...), not empty"
        )
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
    if not (isinstance(tolerance, Real) and tolerance >= 0):
        raise ValueError(f"tolerance received {tolerance!r}; allowed are numbers from 0")
    near = torch.cdist(rows, rows, p=torch.inf) <= tolerance
    label = torch.arange(len(rows))
    while True:  # every unit takes the smallest label among its neighbours, until chains share one label
        smallest = torch.where(near, label, len(rows)).amin(dim=1)
        if torch.equal(smallest, label):
            return len(label.unique())
        label = smallest


def _unit_rows(weight, bias):
    if weight.ndim < 2 or weight.numel() == 0:
        raise ValueError(f"weight received shape {tuple(weight.shape)}; allowed is (units, inputs), not empty")
    rows = weight.detach().flatten(1).double()
    if bias is not None:
        if bias.shape != weight.shape[:1]:
            raise ValueError(f"bias received shape {tuple(bias.shape)}; allowed is {tuple(weight.shape[:1])}")
        rows = torch.cat([rows, bias.detach().double()[:, None]], dim=1)
    if not rows.isfinite().all():
        raise ValueError("weight or bias received values that are not finite; allowed are finite numbers")
    return rows
