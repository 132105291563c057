"""Fill weights in place, with the names and signatures of ``torch.nn.init``; every scheme is one line on one core.

All functions change the tensor without recording gradients and return the same tensor. Randomness comes from
``generator`` alone; ``None`` means torch's global one. A number or a name that is not allowed is a ValueError.
"""

import math

import torch
from torch import Generator, Tensor

from .errors import check_finite, refuse
from .scale import gain, weight_std

DISTRIBUTIONS = ("normal", "uniform", "truncated_normal")
#: Standard deviation of a standard normal variable that is redrawn until it lies between -2 and 2.
TRUNCATED_STD = math.sqrt(1 - 4 * math.exp(-2) / math.sqrt(2 * math.pi) / math.erf(math.sqrt(2)))


def zeros_(tensor: Tensor) -> Tensor:
    """Fill with 0: fit for biases, and for weights the start from which no unit differs; see :func:`constant_`.

    Example:
        >>> zeros_(torch.empty(2))
        tensor([0., 0.])
    """
    return constant_(tensor, 0.0)


def ones_(tensor: Tensor) -> Tensor:
    """Fill with 1; see :func:`constant_`.

    Example:
        >>> ones_(torch.empty(2))
        tensor([1., 1.])
    """
    return constant_(tensor, 1.0)


@torch.no_grad()
def constant_(tensor: Tensor, val: float) -> Tensor:
    """Fill with ``val``.

    Args:
        tensor: Any shape.
        val: A finite number.

    Example:
        >>> constant_(torch.empty(2), 0.5)
        tensor([0.5000, 0.5000])
    """
    return tensor.fill_(check_finite("val", val))


@torch.no_grad()
def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None) -> Tensor:
    r"""Fill from U(a, b), whose variance is :math:`(b - a)^2 / 12`.

    Args:
        tensor: Any shape, real floating point.
        a: Lower bound, finite.
        b: Upper bound, finite, at least ``a``.
        generator: Source of randomness.

    Example:
        >>> w = uniform_(torch.empty(100), -1, 1, generator=torch.Generator().manual_seed(0))
        >>> bool((w.abs() <= 1).all())
        True
    """
    a, b = check_finite("a", a), check_finite("b", b)
    if b < a:
        raise refuse("b", b, f"numbers from a = {a:g}")
    return _real(tensor).uniform_(a, b, generator=generator)


@torch.no_grad()
def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None) -> Tensor:
    r"""Fill from the normal distribution :math:`N(\text{mean}, \text{std}^2)`.

    Args:
        tensor: Any shape, real floating point.
        mean: Mean, finite.
        std: Standard deviation (not the variance), finite and at least 0.
        generator: Source of randomness.

    Example:
        >>> w = normal_(torch.empty(10_000), std=0.1, generator=torch.Generator().manual_seed(0))
        >>> round(w.std().item(), 2)
        0.1
    """
    mean, std = check_finite("mean", mean), check_finite("std", std, minimum=0.0)
    return _real(tensor).normal_(mean, std, generator=generator)


def variance_scaling_(
    tensor: Tensor,
    scale: float = 1.0,
    mode: str = "fan_in",
    distribution: str = "normal",
    generator: Generator | None = None,
) -> Tensor:
    r"""Fill with zero-mean random weights of variance ``scale / fan``: the one core of all schemes.

    .. math:: \operatorname{Var}(W) = \frac{\text{scale}}{\text{fan}}, \qquad
              W \sim N(0, \operatorname{Var}(W)) \;\text{ or }\;
              U(-\ell, \ell), \; \ell = \sqrt{3 \operatorname{Var}(W)}

    Args:
        tensor: Weight of shape ``(out, in, *kernel)``, real floating point.
        scale: Squared gain, finite and at least 0: 1 for linear units, 2 for ReLU.
        mode: Which fan: "fan_in", "fan_out", "fan_avg" (the mean of the two) or "fan_geo_avg" (the geometric mean).
        distribution: "normal" (not truncated), "uniform", or "truncated_normal", which is cut at two standard
            deviations of the normal distribution and widened to make up for it; the variance is the same for all.
        generator: Source of randomness.

    Source: the form follows JAX's ``variance_scaling``; LeCun et al. (1998), section 4.6, is scale 1 with fan_in.

    Example:
        >>> w = variance_scaling_(torch.empty(200, 100), generator=torch.Generator().manual_seed(0))
        >>> round(w.std().item(), 2)
        0.1
    """
    if distribution not in DISTRIBUTIONS:
        raise refuse("distribution", distribution, ", ".join(DISTRIBUTIONS))
    std = weight_std(tensor.shape, gain=math.sqrt(check_finite("scale", scale, minimum=0.0)), mode=mode)
    if distribution == "normal":
        return normal_(tensor, 0.0, std, generator)
    if distribution == "truncated_normal":
        wide = std / TRUNCATED_STD
        return torch.nn.init.trunc_normal_(_real(tensor), 0.0, wide, -2 * wide, 2 * wide, generator=generator)
    limit = math.sqrt(3.0) * std
    return uniform_(tensor, -limit, limit, generator)


def lecun_normal_(tensor: Tensor, generator: Generator | None = None) -> Tensor:
    """Variance 1 / fan_in, normal; see :func:`variance_scaling_`. (JAX and Keras truncate theirs at two deviations.)

    Source: LeCun et al. (1998), section 4.6.

    Example:
        >>> w = lecun_normal_(torch.empty(200, 100), generator=torch.Generator().manual_seed(0))
        >>> round(w.std().item(), 2)
        0.1
    """
    return variance_scaling_(tensor, 1.0, "fan_in", "normal", generator)


def lecun_uniform_(tensor: Tensor, generator: Generator | None = None) -> Tensor:
    """Variance 1 / fan_in, uniform; see :func:`variance_scaling_`.

    Source: LeCun et al. (1998), section 4.6.

    Example:
        >>> w = lecun_uniform_(torch.empty(200, 300), generator=torch.Generator().manual_seed(0))
        >>> bool(w.abs().max() <= 0.1)
        True
    """
    return variance_scaling_(tensor, 1.0, "fan_in", "uniform", generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    r"""Variance 2 gain^2 / (fan_in + fan_out), normal; see :func:`variance_scaling_`.

    Source: Glorot & Bengio (2010), equation 12, for linear units (there uniform).

    Example:
        >>> w = xavier_normal_(torch.empty(300, 100), generator=torch.Generator().manual_seed(0))
        >>> round(200 * w.var().item(), 1)
        1.0
    """
    return variance_scaling_(tensor, _squared(gain), "fan_avg", "normal", generator)


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    r"""Variance 2 gain^2 / (fan_in + fan_out), uniform; see :func:`variance_scaling_`.

    Source: Glorot & Bengio (2010), equation 16.

    Example:
        >>> w = xavier_uniform_(torch.empty(300, 100), generator=torch.Generator().manual_seed(0))
        >>> bool(w.abs().max() <= (6 / 400) ** 0.5)
        True
    """
    return variance_scaling_(tensor, _squared(gain), "fan_avg", "uniform", generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    r"""Fill with normal weights of variance gain^2 / fan for the nonlinearity behind them, 2 / fan_in for ReLU.

    Args:
        tensor: Weight of shape ``(out, in, *kernel)``, real floating point.
        a: Negative slope of "leaky_relu"; the others take no notice of it, as in torch.
        mode: "fan_in" keeps the forward signal, "fan_out" the gradient; the means of the two are allowed, too.
        nonlinearity: A name of :data:`warmstart.activations.ACTIVATIONS`. For "linear", "relu" and "leaky_relu" the
            weights are torch's; for the others :func:`~warmstart.scale.gain` is exact where torch has conventions.
        generator: Source of randomness.

    Source: He et al. (2015), equations 10, 14 and 15.

    Example:
        >>> w = kaiming_normal_(torch.empty(300, 100), generator=torch.Generator().manual_seed(0))
        >>> round(100 * w.var().item(), 1)
        2.0
    """
    return variance_scaling_(tensor, _gain_for(nonlinearity, a), mode, "normal", generator)


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    r"""The uniform form of :func:`kaiming_normal_`, with the same variance.

    Source: He et al. (2015), equations 10, 14 and 15.

    Example:
        >>> w = kaiming_uniform_(torch.empty(300, 100), generator=torch.Generator().manual_seed(0))
        >>> bool(w.abs().max() <= (6 / 100) ** 0.5)
        True
    """
    return variance_scaling_(tensor, _gain_for(nonlinearity, a), mode, "uniform", generator)


def _squared(gain):
    return check_finite("gain", gain, minimum=0.0) ** 2


def _gain_for(nonlinearity, a):
    return gain(nonlinearity, a if nonlinearity == "leaky_relu" else None) ** 2


def _real(tensor):
    if not tensor.is_floating_point():
        raise refuse("tensor", tensor.dtype, "real floating-point types")
    return tensor
