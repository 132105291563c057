"""Layer-sequential unit variance: a batch decides how large the weights of each layer start."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Generator, Tensor, nn

from .._calls import as_arguments, as_it_was, by_modules, check_generator, mode
from ..errors import refuse
from ..initializers import orthogonal_
from .report import Entry, Report
from .rules import LAYERS


@torch.no_grad()
def lsuv_(
    model: nn.Module,
    inputs: Tensor | Sequence[Tensor],
    *,
    generator: Generator | None = None,
) -> Report:
    r"""Scale each layer so that its output has variance 1 on this batch: layer-sequential unit variance.

    .. math:: W \leftarrow W / \operatorname{std}(W h)

    Weights start orthogonal and biases at 0. A layer is affine in its weights, so the corrected output is the output
    over its deviation: it is handed on at once, and one pass through the model serves all layers.

    Args:
        model: Has dense, convolutional or transposed layers, each of which runs at most once in a call.
        inputs: One batch, or the arguments of a call.
        generator: Source of randomness.

    Returns:
        What was done; ``gain`` is the factor on the orthogonal matrix. Layers that did not run are left alone.

    Raises:
        ValueError: If no layer runs, a layer runs twice, or an output does not vary or is not finite. The weights are
            then as they were.

    Source: Mishkin & Matas (2016), All you need is a good init; there one pass a layer and correction.

    Example:
        >>> model = nn.Sequential(nn.Linear(20, 50), nn.Tanh(), nn.Linear(50, 50), nn.Tanh())
        >>> batch = torch.randn(100, 20, generator=torch.Generator().manual_seed(0))
        >>> _ = lsuv_(model, batch, generator=torch.Generator().manual_seed(1))
        >>> round(model[:3](batch).std().item(), 4)
        1.0
    """
    check_generator(generator)
    inputs = as_arguments(model, inputs)
    begun: set[nn.Module] = set()
    factors: dict[nn.Module, float] = {}
    layers: dict[nn.Module, str] = {
        module: name for name, module in model.named_modules() if isinstance(module, LAYERS)
    }
    for module, name in layers.items():
        if "weight" not in module._parameters:
            raise refuse("model", f"{name}, whose weight is computed from others", "layers with a weight of their own")

    def begin(module: Any, _: object) -> None:
        if module in begun:
            raise refuse("model", f"{layers[module]}, which runs twice", "layers that run once, with one scale each")
        begun.add(module)
        orthogonal_(module.weight, 1.0, generator)
        if module.bias is not None:
            module.bias.zero_()

    def correct(module: Any, _: object, output: Tensor) -> Tensor:
        std = output.to(torch.promote_types(output.dtype, torch.float32)).std().item()
        if not 0 < std < math.inf:
            raise refuse("model and inputs", f"{layers[module]}, whose output has std {std}", "outputs that vary")
        module.weight.div_(std)
        factors[module] = 1 / std
        return output / std

    hooks = [module.register_forward_pre_hook(begin) for module in layers]
    hooks += [module.register_forward_hook(correct) for module in layers]
    try:
        with as_it_was(model), mode(model, training=False), by_modules():
            model(*inputs)
            if not factors:
                allowed = "models whose layers run as modules"
                raise refuse("model", f"{type(model).__name__}, of which no layer ran", allowed)
    finally:
        for hook in hooks:
            hook.remove()
    return Report(tuple(entry for module in layers for entry in _unit_variance(module, layers, factors)))


def _unit_variance(layer: nn.Module, layers: dict[nn.Module, str], factors: dict[nn.Module, float]) -> Iterator[Entry]:
    """The entries of a layer's parameters in the report of :func:`lsuv_`."""
    for key, parameter in layer._parameters.items():
        if parameter is not None:
            entry = Entry(f"{layers[layer]}.{key}".lstrip("."), tuple(parameter.shape), "left alone: did not run")
            if layer in factors and key == "weight":
                std = parameter.float().square().mean().sqrt().item()
                entry = replace(entry, rule="orthogonal, unit variance", gain=factors[layer], std=std)
            elif layer in factors:
                entry = replace(entry, rule="zeros", std=0.0)
            yield entry
