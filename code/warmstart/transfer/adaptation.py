"""Adapt a network that knows something to other inputs: other channels, other statistics."""

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm as BatchNorm

from .._calls import as_inputs, mode
from ..errors import check_count, refuse
from .heads import find_module

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)


@torch.no_grad()
def collapse_input(
    model: nn.Module,
    *,
    mean: np.ndarray | Tensor | None = None,
    std: np.ndarray | Tensor | None = None,
    name: str | None = None,
) -> nn.Module:
    r"""Let ``model`` take one channel in place of several, with the answers that it gave to copies of that channel.

    .. math:: w' = \sum_c \frac{w_c}{s_c}, \qquad b' = b - \sum_c \sum_\text{taps} \frac{w_c\, m_c}{s_c}

    With a mean m and a standard deviation s for each channel, these constants become part of the layer: it takes the
    grey picture g itself and answers as it did to :math:`(g - m_c) / s_c`. Where the layer pads with zeros, that holds
    in the interior alone: zero stands for the mean of a channel before, and for black after.

    Args:
        model: Its first layer with parameters is a convolution; changed in place.
        mean: Of each channel, shape (channels,), or ``None`` if normalization stays where it is.
        std: Likewise, positive; given together with ``mean``.
        name: Name of the convolution; ``None`` means the first layer that has parameters.

    Returns:
        The convolution, with one input channel.

    Raises:
        ValueError: If the layer is no ungrouped convolution of two channels or more, or the constants do not fit it.

    Example:
        >>> model, grey = nn.Conv2d(3, 8, 3, padding=1), torch.rand(2, 1, 5, 5)
        >>> before = model(grey.expand(-1, 3, -1, -1))
        >>> collapse_input(model)
        Conv2d(1, 8, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))
        >>> torch.allclose(model(grey), before, atol=1e-6)
        True
    """
    layer = _first_convolution(model, name)
    if layer.in_channels < 2:
        raise refuse("model", f"a first layer for {layer.in_channels} channel", "two channels or more")
    weight = layer.weight.double()
    if (mean is None) != (std is None):
        raise refuse("mean and std", "one of them", "both or none")
    if mean is not None:
        mean, std = (_constants(key, value, layer) for key, value in (("mean", mean), ("std", std)))
        if not (std > 0).all():
            raise refuse("std", std.tolist(), "positive numbers")
        weight = weight / std.view(1, -1, *[1] * (weight.ndim - 2))
        shift = -(weight * mean.view(1, -1, *[1] * (weight.ndim - 2))).flatten(1).sum(dim=1)
        if layer.bias is None:
            layer.bias = nn.Parameter(shift.to(layer.weight), requires_grad=layer.weight.requires_grad)
        else:
            layer.bias += shift.to(layer.bias)
    return _with_kernel(layer, weight.sum(dim=1, keepdim=True))


@torch.no_grad()
def inflate_input(model: nn.Module, channels: int, *, name: str | None = None) -> nn.Module:
    r"""Let ``model`` take several channels in place of one, with the same answer to copies of what it took before.

    .. math:: w_c = \frac{w}{\text{channels}}

    So :func:`collapse_input` takes it back, and pictures whose channels differ are seen through their mean.

    Args:
        model: Its first layer with parameters is a convolution of one channel; changed in place.
        channels: At least 2, such as 3 for colour.
        name: As in :func:`collapse_input`.

    Returns:
        The convolution, with the new number of input channels.

    Raises:
        ValueError: If the layer is no convolution of one channel.

    Example:
        >>> model, grey = nn.Conv2d(1, 8, 3), torch.rand(2, 1, 5, 5)
        >>> before = model(grey)
        >>> inflate_input(model, 3)
        Conv2d(3, 8, kernel_size=(3, 3), stride=(1, 1))
        >>> torch.allclose(model(grey.expand(-1, 3, -1, -1)), before, atol=1e-6)
        True

    Source: Carreira and Zisserman (2017), Quo vadis, action recognition?, section 2.4 (there along time).
    """
    layer, channels = _first_convolution(model, name), check_count("channels", channels)
    if channels < 2:
        raise refuse("channels", channels, "at least 2")
    if layer.in_channels != 1:
        raise refuse("model", f"a first layer for {layer.in_channels} channels", "one channel")
    spread = [1, channels] + [1] * (layer.weight.ndim - 2)
    return _with_kernel(layer, layer.weight.double().repeat(spread) / channels)


def recalibrate_batchnorm(model: nn.Module, inputs: np.ndarray | Tensor, *, batch_size: int = 256) -> None:
    r"""Take the running means and variances of all batch normalizations from ``inputs``, without labels.

    One pass in which the normalizations are in training mode and everything else in evaluation mode; what they saw
    before is forgotten. With several minibatches, means and variances are averages over them. Parameters stay as they
    are, and so do the modes of all modules, of frozen ones too.

    Args:
        model: Has at least one batch normalization with running statistics; changed in place.
        inputs: Pictures of the new domain, shape (n, ...) with n > 1.
        batch_size: Inputs a minibatch, at least 2; all minibatches have this size or one less than their neighbours.

    Raises:
        ValueError: If there is no such normalization, or the inputs are less than two or not finite. The model is then
            as it was.

    Example:
        >>> model = nn.Sequential(nn.BatchNorm1d(1, affine=False))
        >>> recalibrate_batchnorm(model, torch.tensor([[1.0], [3.0]]))
        >>> model[0].running_mean, model[0].running_var
        (tensor([2.]), tensor([2.]))

    Source: Li et al. (2017), Revisiting batch normalization for practical domain adaptation (AdaBN), section 3.
    """
    norms = [part for part in model.modules() if isinstance(part, BatchNorm) and part.running_mean is not None]
    if not norms:
        raise refuse("model", type(model).__name__, "models with a batch normalization that keeps running statistics")
    x, batch_size = as_inputs(model, inputs), check_count("batch_size", batch_size)
    if len(x) < 2 or batch_size < 2:
        raise refuse("inputs and batch_size", (len(x), batch_size), "at least two inputs, two a minibatch")
    if not x.isfinite().all():
        raise refuse("inputs", "values that are not finite", "finite values")
    before = [copy.deepcopy(norm.state_dict()) for norm in norms]
    try:
        with mode(model, training=False), _learning_statistics(norms), torch.no_grad():
            for batch in x.tensor_split(max(1, -(-len(x) // batch_size))):
                model(batch)
    except Exception:
        for norm, state in zip(norms, before, strict=True):
            norm.load_state_dict(state)
        raise


@contextmanager
def _learning_statistics(norms: Sequence[BatchNorm]) -> Iterator[None]:
    """Normalizations that average what they see from now on, whether they are frozen or not."""
    before = [(norm.training, norm.momentum) for norm in norms]
    try:
        for norm in norms:
            norm.reset_running_stats()
            norm.training, norm.momentum = True, None
        yield
    finally:
        for norm, (training, momentum) in zip(norms, before, strict=True):
            norm.training, norm.momentum = training, momentum


def _first_convolution(model: nn.Module, name: str | None) -> Any:
    _, layer = find_module(model, name, last=False)
    if not isinstance(layer, CONVOLUTIONS) or layer.groups != 1:
        raise refuse("model", f"{layer!r} as the layer that gets the input", "a convolution with groups=1")
    return layer


def _constants(key: str, value: Sequence[float] | np.ndarray | Tensor | None, layer: Any) -> Tensor:
    """Mean or standard deviation of each channel, checked against the layer."""
    value = torch.as_tensor(value, dtype=torch.float64, device=layer.weight.device)
    if value.shape != (layer.in_channels,) or not value.isfinite().all():
        raise refuse(key, value.tolist(), f"{layer.in_channels} finite numbers, one a channel")
    return value


def _with_kernel(layer: Any, weight: Tensor) -> Any:
    """The same layer with another kernel, in its dtype; whether it is trained stays as it was."""
    layer.weight = nn.Parameter(weight.to(layer.weight.dtype), requires_grad=layer.weight.requires_grad)
    layer.in_channels = weight.shape[1]
    return layer
