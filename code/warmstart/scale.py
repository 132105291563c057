"""How large weights should be: fans, gains and standard deviations, as pure arithmetic."""

import math
from collections.abc import Sequence
from typing import NamedTuple

MODES = ("fan_in", "fan_out", "fan_avg")
NONLINEARITIES = ("linear", "relu", "leaky_relu")
LEAKY_RELU_SLOPE = 0.01


class Fans(NamedTuple):
    """How many inputs one output unit sums (``fan_in``) and how many outputs one input unit feeds (``fan_out``).

    Example:
        >>> Fans(fan_in=784, fan_out=10).fan_in
        784

    Chapter: 03
    """

    fan_in: int
    fan_out: int


def compute_fans(shape: Sequence[int]) -> Fans:
    r"""Return the fans of a weight of ``shape`` in torch's layout ``(out, in, *kernel)``.

    .. math:: \text{fan\_in} = \text{in} \cdot \prod \text{kernel}, \quad
              \text{fan\_out} = \text{out} \cdot \prod \text{kernel}

    Args:
        shape: At least two positive integers: output units, input units and, for a convolution, its kernel sizes.

    Returns:
        Fans: ``(fan_in, fan_out)``, counted in connections.

    Raises:
        ValueError: If ``shape`` has fewer than two dimensions or a size that is not a positive integer.

    Source: He et al. (2015), section 2.2, where fan_in is :math:`n_l = k_l^2 c_l`.

    Example:
        >>> compute_fans((10, 784))
        Fans(fan_in=784, fan_out=10)
        >>> compute_fans((16, 3, 5, 5))
        Fans(fan_in=75, fan_out=400)

    Chapter: 03
    """
    try:
        sizes = tuple(shape)
        whole = all(not isinstance(size, bool) and size == int(size) and size > 0 for size in sizes)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"shape must be a sequence of positive integers; received {shape!r}") from None
    if len(sizes) < 2:
        raise ValueError(f"a fan needs a shape of at least two dimensions (out, in, *kernel); received {sizes}")
    if not whole:
        raise ValueError(f"every size in shape must be a positive integer; received {sizes}")
    out_units, in_units, *kernel = (int(size) for size in sizes)
    field = math.prod(kernel)
    return Fans(in_units * field, out_units * field)


def gain(nonlinearity: str, param: float | None = None) -> float:
    r"""Return the factor on the standard deviation that makes up for what ``nonlinearity`` takes from the signal.

    .. math:: g = 1 / \sqrt{E[\phi(z)^2]}, \quad z \sim N(0, 1)

    It is 1 for "linear", :math:`\sqrt 2` for "relu" and :math:`\sqrt{2 / (1 + a^2)}` for "leaky_relu" of negative
    slope :math:`a`, all exact.

    Args:
        nonlinearity: One of "linear", "relu", "leaky_relu".
        param: The negative slope of "leaky_relu" (default 0.01); the others have no parameter.

    Returns:
        float: The gain, without unit.

    Raises:
        ValueError: If the name is unknown, the slope is not finite, or a parameter is given to one that has none.

    Source: He et al. (2015), equations 10 and 15.

    Example:
        >>> round(gain("relu") ** 2, 6)
        2.0

    Chapter: 03
    """
    if nonlinearity not in NONLINEARITIES:
        raise ValueError(f"unknown nonlinearity {nonlinearity!r}; allowed are {', '.join(NONLINEARITIES)}")
    if nonlinearity != "leaky_relu" and param is not None:
        raise ValueError(f"{nonlinearity} has no parameter; received param={param!r}")
    if nonlinearity == "linear":
        return 1.0
    slope = 0.0 if nonlinearity == "relu" else check_finite("param", LEAKY_RELU_SLOPE if param is None else param)
    return math.sqrt(2.0 / (1.0 + slope**2))


def weight_std(shape: Sequence[int], *, gain: float = 1.0, mode: str = "fan_in") -> float:
    r"""Return the standard deviation for zero-mean weights of ``shape`` that keeps the second moment of the signal.

    .. math:: \sigma_w = g / \sqrt{\text{fan}}

    Args:
        shape: Shape of the weight, ``(out, in, *kernel)``.
        gain: Factor for the non-linearity, at least 0; see :func:`gain`.
        mode: Which fan: "fan_in" keeps the forward signal, "fan_out" the gradient, "fan_avg" is their mean.

    Returns:
        float: The standard deviation (its square is the variance) of one weight.

    Raises:
        ValueError: If the shape has no fans, the mode is unknown, or the gain is negative or not finite.

    Source: LeCun et al. (1998), section 4.6 (fan_in, gain 1); He et al. (2015), equations 10 and 14.

    Example:
        >>> weight_std((64, 100))
        0.1

    Chapter: 03
    """
    fans = compute_fans(shape)
    if mode not in MODES:
        raise ValueError(f"unknown mode {mode!r}; allowed are {', '.join(MODES)}")
    fan = sum(fans) / 2 if mode == "fan_avg" else getattr(fans, mode)
    return check_finite("gain", gain, minimum=0.0) / math.sqrt(fan)


def check_finite(name: str, value: float, *, minimum: float = -math.inf) -> float:
    """Return ``value`` as a float if it is finite and not below ``minimum``: the check that all modules share.

    Args:
        name: What the error calls the value.
        value: Anything that ``float`` may accept.
        minimum: Smallest allowed value.

    Raises:
        ValueError: If ``value`` is no number, not finite or too small; it names what was received and is allowed.

    Example:
        >>> check_finite("std", 1)
        1.0

    Chapter: 03
    """
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not (math.isfinite(number) and number >= minimum):
        allowed = "a finite number" if minimum == -math.inf else f"a finite number of at least {minimum:g}"
        raise ValueError(f"{name} must be {allowed}; received {value!r}")
    return number
