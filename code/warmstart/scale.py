"""How large weights should be: fans, gains and standard deviations, without torch."""

import math
from collections.abc import Mapping, Sequence, Set
from functools import lru_cache
from typing import Literal, NamedTuple, get_args

from .activations import HOMOGENEOUS, Activation, Nonlinearity, activation
from .errors import check_finite, refuse
from .quadrature import gaussian_mean

Mode = Literal["fan_in", "fan_out", "fan_avg", "fan_geo_avg"]
MODES = get_args(Mode)


class Fans(NamedTuple):
    """How many inputs one output unit sums (``fan_in``) and how many outputs one input unit feeds (``fan_out``).

    Example:
        >>> Fans(fan_in=784, fan_out=10).fan_in
        784
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
    """
    sizes: tuple[int, ...] = ()
    try:
        sizes = () if isinstance(shape, Set | Mapping) else tuple(shape)  # these have no order
        whole = all(not isinstance(size, bool) and size == int(size) and size > 0 for size in sizes)
    except (TypeError, ValueError, OverflowError):
        whole = False
    if len(sizes) < 2 or not whole:
        raise refuse("shape", shape, "sequences of at least two positive integers, (out, in, *kernel)")
    out_units, in_units, *kernel = (int(size) for size in sizes)
    field = math.prod(kernel)
    return Fans(in_units * field, out_units * field)


def gain(nonlinearity: Nonlinearity, param: float | None = None) -> float:
    r"""Return the factor on the standard deviation that makes up for what ``nonlinearity`` takes from the signal.

    .. math:: g = 1 / \sqrt{E[\phi(z)^2]}, \quad z \sim N(0, 1)

    It is 1 for "linear", :math:`\sqrt 2` for "relu", :math:`\sqrt{2 / (1 + a^2)}` for "leaky_relu" of negative slope
    :math:`a`, and an integral for the others. For those three it keeps the second moment of a signal of any size, for
    the others only of one whose pre-activations have variance 1. ``torch.nn.init.calculate_gain`` has conventions in
    their place: 5/3 for tanh, 1 for sigmoid, 3/4 for SELU.

    Args:
        nonlinearity: A name of :data:`warmstart.activations.ACTIVATIONS`, or a function of a NumPy array.
        param: The negative slope of "leaky_relu" (default 0.01) or the alpha of "elu" (default 1).

    Returns:
        float: The gain, without unit, to a relative error of 1e-10.

    Raises:
        ValueError: If the name is unknown, the parameter is not finite or given to one that has none, or the second
            moment is 0 or infinite.

    Source: He et al. (2015), equations 10 and 15; Klambauer et al. (2017) chose SELU so that its gain is 1.

    Example:
        >>> round(gain("relu") ** 2, 6), round(gain("tanh"), 4), round(gain("selu"), 4)
        (2.0, 1.5925, 1.0)
        >>> round(gain(abs), 12)
        1.0
    """
    phi = activation(nonlinearity, param)
    if phi.name in HOMOGENEOUS:
        slope = phi.param if phi.param is not None else {"linear": 1.0, "relu": 0.0}[phi.name]
        return math.sqrt(2.0 / (1.0 + slope**2))
    return 1.0 / math.sqrt(_second_moment(phi))


@lru_cache
def _second_moment(phi: Activation) -> float:
    moment = gaussian_mean(lambda z: phi(z) ** 2)
    if not 0.0 < moment < math.inf:
        raise refuse("nonlinearity", phi.name, f"functions with 0 < E[phi(z)^2] < infinity; it is {moment:g}")
    return moment


def weight_std(shape: Sequence[int], *, gain: float = 1.0, mode: Mode = "fan_in") -> float:
    r"""Return the standard deviation for zero-mean weights of ``shape`` that keeps the second moment of the signal.

    .. math:: \sigma_w = g / \sqrt{\text{fan}}

    Args:
        shape: Shape of the weight, ``(out, in, *kernel)``.
        gain: Factor for the non-linearity, at least 0; see :func:`gain`.
        mode: Which fan: "fan_in" keeps the forward signal, "fan_out" the gradient; "fan_avg" is their mean, and
            "fan_geo_avg" their geometric mean, which shares the unavoidable loss between the two.

    Returns:
        float: The standard deviation (its square is the variance) of one weight.

    Raises:
        ValueError: If the shape has no fans, the mode is unknown, or the gain is negative or not finite.

    Source: LeCun et al. (1998), section 4.6 (fan_in, gain 1); Glorot & Bengio (2010), equations 10 to 12; He et al.
    (2015), equations 10 and 14.

    Example:
        >>> weight_std((64, 100))
        0.1
    """
    fans = compute_fans(shape)
    if mode not in MODES:
        raise refuse("mode", mode, ", ".join(MODES))
    means = {"fan_avg": sum(fans) / 2, "fan_geo_avg": math.sqrt(math.prod(fans))}
    return check_finite("gain", gain, minimum=0.0) / math.sqrt({**fans._asdict(), **means}[mode])
