"""Fill weights in place, with the names and signatures of ``torch.nn.init``; every scheme is one line on one core.

All functions change the tensor without recording gradients and return the same tensor. Randomness comes from
``generator`` alone if one is given.
"""

import math

import torch
from torch import Generator, Tensor

from .scale import check_finite, weight_std

DISTRIBUTIONS = ("normal", "uniform")


def zeros_(tensor: Tensor) -> Tensor:
    """Fill ``tensor`` with 0: fit for biases, and for weights the start from which no unit differs from another.

    Args:
        tensor: Any shape.

    Returns:
        Tensor: The same tensor.

    Example:
        >>> zeros_(torch.empty(2))
        tensor([0., 0.])

    Chapter: 02
    """
    return constant_(tensor, 0.0)


def ones_(tensor: Tensor) -> Tensor:
    """Fill ``tensor`` with 1.

    Args:
        tensor: Any shape.

    Returns:
        Tensor: The same tensor.

    Example:
        >>> ones_(torch.empty(2))
        tensor([1., 1.])

    Chapter: 02
    """
    return constant_(tensor, 1.0)


def constant_(tensor: Tensor, val: float) -> Tensor:
    """Fill ``tensor`` with ``val``.

    Args:
        tensor: Any shape.
        val: A finite number.

    Returns:
        Tensor: The same tensor.

    Raises:
        ValueError: If ``val`` is not a finite number.

    Example:
        >>> constant_(torch.empty(2), 0.5)
        tensor([0.5000, 0.5000])

    Chapter: 02
    """
    val = check_finite("val", val)
    with torch.no_grad():
        return tensor.fill_(val)


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None) -> Tensor:
    r"""Fill ``tensor`` from U(a, b), whose variance is :math:`(b - a)^2 / 12`.

    Args:
        tensor: Any shape.
        a: Lower bound, finite.
        b: Upper bound, finite, at least ``a``.
        generator: Source of randomness; torch's global one if None.

    Returns:
        Tensor: The same tensor.

    Raises:
        ValueError: If a bound is not finite or ``b < a``.

    Example:
        >>> w = uniform_(torch.empty(100), -1, 1, generator=torch.Generator().manual_seed(0))
        >>> bool((w.abs() <= 1).all())
        True

    Chapter: 02, 03
    """
    a, b = check_finite("a", a), check_finite("b", b)
    if b < a:
        raise ValueError(f"b must be at least a; received a={a:g}, b={b:g}")
    with torch.no_grad():
        return tensor.uniform_(a, b, generator=generator)


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None) -> Tensor:
    r"""Fill ``tensor`` from the normal distribution :math:`N(\text{mean}, \text{std}^2)`.

    Args:
        tensor: Any shape.
        mean: Mean, finite.
        std: Standard deviation (not the variance), finite and at least 0.
        generator: Source of randomness; torch's global one if None.

    Returns:
        Tensor: The same tensor.

    Raises:
        ValueError: If ``mean`` is not finite, or ``std`` is negative or not finite.

    Example:
        >>> w = normal_(torch.empty(10_000), std=0.1, generator=torch.Generator().manual_seed(0))
        >>> round(w.std().item(), 2)
        0.1

    Chapter: 02, 03
    """
    mean, std = check_finite("mean", mean), check_finite("std", std, minimum=0.0)
    with torch.no_grad():
        return tensor.normal_(mean, std, generator=generator)


def variance_scaling_(
    tensor: Tensor,
    scale: float = 1.0,
    mode: str = "fan_in",
    distribution: str = "normal",
    generator: Generator | None = None,
) -> Tensor:
    r"""Fill ``tensor`` with zero-mean random weights of variance ``scale / fan``: the one core of all schemes.

    .. math:: \operatorname{Var}(W) = \frac{\text{scale}}{\text{fan}}, \qquad
              W \sim N(0, \operatorname{Var}(W)) \;\text{ or }\;
              U(-\ell, \ell), \; \ell = \sqrt{3 \operatorname{Var}(W)}

    Args:
        tensor: Weight of shape ``(out, in, *kernel)``.
        scale: Squared gain, finite and at least 0: 1 for linear units, 2 for ReLU.
        mode: Which fan: "fan_in", "fan_out" or "fan_avg", the mean of the two.
        distribution: "normal" or "uniform"; the variance is the same.
        generator: Source of randomness; torch's global one if None.

    Returns:
        Tensor: The same tensor.

    Raises:
        ValueError: If the shape has no fans, a name is unknown, or ``scale`` is negative or not finite.

    Source: the form follows JAX's ``variance_scaling``; LeCun et al. (1998), section 4.6, is scale 1 with fan_in.

    Example:
        >>> w = variance_scaling_(torch.empty(200, 100), generator=torch.Generator().manual_seed(0))
        >>> round(w.std().item(), 2)
        0.1

    Chapter: 03
    """
    if distribution not in DISTRIBUTIONS:
        raise ValueError(f"unknown distribution {distribution!r}; allowed are {', '.join(DISTRIBUTIONS)}")
    gain = math.sqrt(check_finite("scale", scale, minimum=0.0))
    std = weight_std(tensor.shape, gain=gain, mode=mode)
    if distribution == "normal":
        return normal_(tensor, 0.0, std, generator)
    limit = math.sqrt(3.0) * std
    return uniform_(tensor, -limit, limit, generator)


def lecun_normal_(tensor: Tensor, generator: Generator | None = None) -> Tensor:
    r"""Fill ``tensor`` from :math:`N(0, 1 / \text{fan\_in})`, which keeps the second moment in linear layers.

    Args:
        tensor: Weight of shape ``(out, in, *kernel)``.
        generator: Source of randomness; torch's global one if None.

    Returns:
        Tensor: The same tensor.

    Raises:
        ValueError: If the shape has no fans.

    Source: LeCun et al. (1998), section 4.6.

    Example:
        >>> w = lecun_normal_(torch.empty(200, 100), generator=torch.Generator().manual_seed(0))
        >>> round(w.std().item(), 2)
        0.1

    Chapter: 03
    """
    return variance_scaling_(tensor, 1.0, "fan_in", "normal", generator)


def lecun_uniform_(tensor: Tensor, generator: Generator | None = None) -> Tensor:
    r"""Fill ``tensor`` from :math:`U(-\ell, \ell)` with :math:`\ell = \sqrt{3 / \text{fan\_in}}`: variance 1 / fan_in.

    Args:
        tensor: Weight of shape ``(out, in, *kernel)``.
        generator: Source of randomness; torch's global one if None.

    Returns:
        Tensor: The same tensor.

    Raises:
        ValueError: If the shape has no fans.

    Source: LeCun et al. (1998), section 4.6.

    Example:
        >>> w = lecun_uniform_(torch.empty(200, 300), generator=torch.Generator().manual_seed(0))
        >>> bool(w.abs().max() <= 0.1)
        True

    Chapter: 03
    """
    return variance_scaling_(tensor, 1.0, "fan_in", "uniform", generator)
