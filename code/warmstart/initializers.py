"""A drop-in for ``torch.nn.init``: all its names and signatures, faster in two places, and the schemes that it lacks.

All functions change the tensor without recording gradients and return the same tensor. Randomness comes from
``generator`` alone; ``None`` means torch's global one. A number or a name that is not allowed is a ValueError; where
torch raises a RuntimeError it is one, too. Fans are read off the shape, as torch does, also for the weights of grouped
and transposed convolutions, for which they are wrong: :func:`~warmstart.initialization.initialize_` counts the true
ones.
"""

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any, Literal, cast, get_args

import torch
from torch import Generator, Tensor
from torch.overrides import handle_torch_function, has_torch_function_variadic

from .errors import check_count, check_finite, refuse
from .scale import Mode, weight_std
from .scale import gain as exact_gain

Distribution = Literal["normal", "uniform", "truncated_normal"]
DISTRIBUTIONS = get_args(Distribution)
#: Standard deviation of a standard normal variable that is redrawn until it lies between -2 and 2.
TRUNCATED_STD = math.sqrt(1 - 4 * math.exp(-2) / math.sqrt(2 * math.pi) / math.erf(math.sqrt(2)))
#: What ``torch.nn.init.calculate_gain`` returns; for tanh, sigmoid and SELU these are conventions.
TORCH_GAINS = {"sigmoid": 1, "tanh": 5.0 / 3, "relu": math.sqrt(2.0), "selu": 3.0 / 4, "linear": 1}
TORCH_GAINS |= {f"conv{kind}{d}d": 1 for kind in ("", "_transpose") for d in (1, 2, 3)}
CHUNK = 2**18  # numbers that are drawn at a time and stay in the cache


class BoundsError(ValueError, RuntimeError):
    """Bounds or deviations from which nothing can be drawn: a RuntimeError in torch, a ValueError in this package.

    Example:
        >>> issubclass(BoundsError, ValueError), issubclass(BoundsError, RuntimeError)
        (True, True)
    """


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    r"""Return torch's recommended gain, conventions included; :func:`warmstart.scale.gain` is exact.

    Args:
        nonlinearity: "linear", "conv1d" to "conv3d", "conv_transpose1d" to "conv_transpose3d", "sigmoid", "tanh",
            "relu", "leaky_relu" or "selu".
        param: Negative slope of "leaky_relu", 0.01 if nothing is said; the others take no notice of it.

    Raises:
        ValueError: If torch knows no such name, or the slope is no finite number.

    Example:
        >>> calculate_gain("tanh"), calculate_gain("leaky_relu", 1.0)
        (1.6666666666666667, 1.0)
    """
    if nonlinearity == "leaky_relu":
        if isinstance(param, bool):
            raise refuse("param", param, "finite numbers")
        return math.sqrt(2.0 / (1 + check_finite("param", 0.01 if param is None else param) ** 2))
    if nonlinearity not in TORCH_GAINS:
        raise refuse("nonlinearity", nonlinearity, ", ".join([*TORCH_GAINS, "leaky_relu"]))
    return TORCH_GAINS[nonlinearity]


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
        tensor: Any shape and type.
        val: A number; infinities are allowed, as in a mask.

    Example:
        >>> constant_(torch.empty(2), 0.5)
        tensor([0.5000, 0.5000])
    """
    return tensor.fill_(val)


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
        raise refuse("b", b, f"numbers from a = {a:g}", kind=BoundsError)
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
    mean, std = check_finite("mean", mean), _deviation(std)
    return _real(tensor).normal_(mean, std, generator=generator)


@torch.no_grad()
def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Generator | None = None,
) -> Tensor:
    r"""Fill from :math:`N(\text{mean}, \text{std}^2)` given that the number lies in [a, b].

    What falls outside is drawn again, and nothing else: torch draws the whole tensor again until nothing is outside.
    Where less than 0.3 of the normal law lies in [a, b], numbers are proposed uniformly there and kept with the
    probability of their density over its maximum.

    Args:
        tensor: Any shape, real floating point.
        mean: Of the normal law, before the cut; finite.
        std: Of the normal law, before the cut; finite and above 0.
        a: Lower bound.
        b: Upper bound, at least ``a``. Infinite bounds are allowed if they cut less than 0.7 of the law away.
        generator: Source of randomness. For one seed the numbers are not torch's; their law is.

    Warns:
        UserWarning: As in torch, if the mean is more than 2 std outside of the bounds.

    Example:
        >>> w = trunc_normal_(torch.empty(10_000), generator=torch.Generator().manual_seed(0))
        >>> bool(w.abs().max() <= 2), round(w.std().item(), 2)
        (True, 0.87)
    """
    mean, std = check_finite("mean", mean), check_finite("std", std, above=0.0)
    if not a <= b:
        raise refuse("b", b, f"numbers from a = {a}", kind=BoundsError)
    if _real(tensor).is_meta or not tensor.numel():
        return tensor
    if mean < a - 2 * std or mean > b + 2 * std:
        message = "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. "
        warnings.warn(message + "The distribution of values may be incorrect.", stacklevel=3)
    inside = (math.erf((b - mean) / std / math.sqrt(2)) - math.erf((a - mean) / std / math.sqrt(2))) / 2
    low, high = (tensor.new_tensor(bound, device="cpu").item() for bound in (a, b))  # as the type can hold them
    peak = ((min(max(mean, a), b) - mean) / std) ** 2

    def normal(x: Tensor) -> Tensor:
        x.normal_(mean, std, generator=generator)
        return (x < low) | (x > high)

    def uniform(x: Tensor) -> Tensor:
        x.uniform_(a, b, generator=generator)
        chance = torch.rand(x.shape, dtype=x.dtype, device=x.device, generator=generator).log_()
        return chance * 2 > peak - ((x - mean) / std) ** 2

    if inside <= 0.3 and not math.isfinite(b - a):
        raise refuse("a and b", (a, b), f"finite bounds, since only {inside:.2g} of the law lies between them")
    drawn = tensor if tensor.is_contiguous() else torch.empty_like(tensor, memory_format=torch.contiguous_format)
    for part in drawn.view(-1).split(CHUNK):
        _refill(part, normal if inside > 0.3 else uniform)
    return tensor if drawn is tensor else tensor.copy_(drawn)


def _refill(x: Tensor, draw: Callable[[Tensor], Tensor]) -> None:
    """Draw all numbers of x, then those again that ``draw`` reports as refused, until there are none."""
    refused = draw(x).nonzero().squeeze(1)
    while len(refused):
        again = x.new_empty(len(refused))
        still = draw(again)
        x[refused] = again
        refused = refused[still]


@torch.no_grad()
def eye_(tensor: Tensor) -> Tensor:
    """Fill a matrix with the identity: a linear layer that hands on as many of its inputs as it has units for.

    Args:
        tensor: Shape (out, in), any type.

    Raises:
        ValueError: If the tensor has not two dimensions.

    Example:
        >>> eye_(torch.empty(2, 3))
        tensor([[1., 0., 0.],
                [0., 1., 0.]])
    """
    _check_dimensions(tensor, (2,))
    tensor.zero_().diagonal().fill_(1)
    return tensor


@torch.no_grad()
def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """Fill the weight of a convolution so that each group hands on as many of its channels as it can.

    Args:
        tensor: Shape ``(out, in, *kernel)`` with one, two or three kernel sizes.
        groups: Divides ``out``.

    Raises:
        ValueError: If the dimensions or the groups do not fit.

    Example:
        >>> dirac_(torch.empty(2, 2, 3))[:, :, 1]
        tensor([[1., 0.],
                [0., 1.]])
    """
    _check_dimensions(tensor, (3, 4, 5))
    if len(tensor) % check_count("groups", groups):
        raise refuse("groups", groups, f"divisors of dim 0, which is {len(tensor)}")
    if tensor.numel():
        middle = _middle(tensor)
        tensor.zero_()
        for group in middle.chunk(groups):
            group.diagonal().fill_(1)
    return tensor


def variance_scaling_(
    tensor: Tensor,
    scale: float = 1.0,
    mode: Mode = "fan_in",
    distribution: Distribution = "normal",
    generator: Generator | None = None,
    *,
    in_axis: int | tuple[int, ...] = 1,
    out_axis: int | tuple[int, ...] = 0,
) -> Tensor:
    r"""Fill with zero-mean random weights of variance ``scale / fan``: the one core of all schemes.

    .. math:: \operatorname{Var}(W) = \frac{\text{scale}}{\text{fan}}, \qquad
              W \sim N(0, \operatorname{Var}(W)) \;\text{ or }\;
              U(-\ell, \ell), \; \ell = \sqrt{3 \operatorname{Var}(W)}

    Args:
        tensor: Weight of shape ``(out, in, *kernel)``, or another with its axes named; real floating point.
        scale: Squared gain, finite and at least 0: 1 for linear units, 2 for ReLU.
        mode: Which fan: "fan_in", "fan_out", "fan_avg" (the mean of the two) or "fan_geo_avg" (the geometric mean).
        distribution: "normal" (not truncated), "uniform", or "truncated_normal", which is cut at two standard
            deviations of the normal distribution and widened to make up for it; the variance is the same for all.
        generator: Source of randomness.
        in_axis: Where the inputs of a unit lie, one axis or several; JAX's layout has -2, and -1 for the outputs. All
            axes but these and the next are the kernel.
        out_axis: Where the units lie.

    Warns:
        UserWarning: If the tensor has no elements; it is left alone.

    Source: the form follows JAX's ``variance_scaling``; LeCun et al. (1998), section 4.6, is scale 1 with fan_in.

    Example:
        >>> w = variance_scaling_(torch.empty(200, 100), generator=torch.Generator().manual_seed(0))
        >>> round(w.std().item(), 2)
        0.1
    """
    if distribution not in DISTRIBUTIONS:
        raise refuse("distribution", distribution, ", ".join(DISTRIBUTIONS))
    if _is_empty(tensor, stacklevel=3):
        return tensor
    shape = _as_out_in_kernel(tensor.shape, out_axis, in_axis)
    std = weight_std(shape, gain=math.sqrt(check_finite("scale", scale, minimum=0.0)), mode=mode)
    if distribution == "normal":
        return normal_(tensor, 0.0, std, generator)
    if distribution == "truncated_normal" and std:
        wide = std / TRUNCATED_STD
        return trunc_normal_(tensor, 0.0, wide, -2 * wide, 2 * wide, generator)
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
    return normal_(tensor, 0.0, _xavier_std(tensor, gain), generator)


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    r"""Variance 2 gain^2 / (fan_in + fan_out), uniform; see :func:`variance_scaling_`.

    Source: Glorot & Bengio (2010), equation 16.

    Example:
        >>> w = xavier_uniform_(torch.empty(300, 100), generator=torch.Generator().manual_seed(0))
        >>> bool(w.abs().max() <= (6 / 400) ** 0.5)
        True
    """
    limit = math.sqrt(3.0) * _xavier_std(tensor, gain)
    return uniform_(tensor, -limit, limit, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: Mode = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    r"""Fill with normal weights of variance gain^2 / fan for the nonlinearity behind them, 2 / fan_in for ReLU.

    Args:
        tensor: Weight of shape ``(out, in, *kernel)``, real floating point.
        a: Negative slope of "leaky_relu"; the others take no notice of it, as in torch.
        mode: "fan_in" keeps the forward signal, "fan_out" the gradient; the means of the two are allowed, too.
        nonlinearity: A name that :func:`calculate_gain` knows, with torch's gain, which for tanh, sigmoid and SELU is a
            convention; or another of :data:`warmstart.activations.ACTIVATIONS`, such as "gelu", with the exact one.
            ``variance_scaling_(w, scale.gain("tanh") ** 2)`` takes the exact gain for all of them.
        generator: Source of randomness.

    Warns:
        UserWarning: If the tensor has no elements; it is left alone.

    Source: He et al. (2015), equations 10, 14 and 15.

    Example:
        >>> w = kaiming_normal_(torch.empty(300, 100), generator=torch.Generator().manual_seed(0))
        >>> round(100 * w.var().item(), 1)
        2.0
    """
    return _kaiming(tensor, a, mode, nonlinearity, "normal", generator)


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: Mode = "fan_in",
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
    if has_torch_function_variadic(tensor):  # as torch's own, which lets subclasses take over here
        options: dict[str, Any] = {"tensor": tensor, "a": a, "mode": mode, "nonlinearity": nonlinearity}
        options["generator"] = generator
        return handle_torch_function(kaiming_uniform_, (tensor,), **options)
    return _kaiming(tensor, a, mode, nonlinearity, "uniform", generator)


@torch.no_grad()
def orthogonal_(tensor: Tensor, gain: float = 1, generator: Generator | None = None) -> Tensor:
    r"""Fill with a matrix of orthonormal rows or columns, whichever are fewer, times ``gain``; exactly Haar.

    .. math:: Q = H_1 H_2 \cdots H_m \operatorname{diag}(s), \qquad H_k = I - \tau_k v_k v_k^\top

    The vector of reflection k has zeros above place k and independent standard normal numbers from there on, as it
    would have if a Gaussian matrix were decomposed; so it is drawn, and no matrix is decomposed.

    Args:
        tensor: At least two dimensions, real floating point; all behind the first count as one.
        gain: Factor, finite.
        generator: Source of randomness. For one seed the numbers are not torch's; their law is.

    Raises:
        ValueError: If the tensor has fewer than two dimensions.

    Source: Stewart (1980), The efficient generation of random orthogonal matrices; Mezzadri (2007) for the signs; for
    networks Saxe et al. (2014).

    Example:
        >>> w = orthogonal_(torch.empty(2, 3), generator=torch.Generator().manual_seed(0))
        >>> torch.allclose(w @ w.T, torch.eye(2), atol=1e-6)
        True
    """
    if tensor.ndim < 2:
        raise refuse("tensor", tuple(tensor.shape), "2 or more dimensions")
    if not _real(tensor).numel() or tensor.is_meta:
        return tensor
    rows, columns = tensor.flatten(1).shape
    fine = torch.promote_types(tensor.dtype, torch.float32)
    x = torch.empty(min(rows, columns), max(rows, columns), dtype=fine, device=tensor.device)
    x = x.normal_(generator=generator).T.tril_()  # LAPACK wants columns that lie together
    first = x.diagonal()
    first[first == 0] = 1.0  # once in millions: without a sign there is no reflection
    sign = first.sign()
    after = first + sign * x.norm(dim=0)  # the first place of x minus what the reflection makes of it
    tau = sign * after / (after - first).abs()
    q = torch.linalg.householder_product(x.div_(after), tau).mul_(-sign * check_finite("gain", gain))
    return tensor.copy_((q if rows >= columns else q.T).reshape(tensor.shape))


@torch.no_grad()
def delta_orthogonal_(tensor: Tensor, gain: float = 1, generator: Generator | None = None) -> Tensor:
    r"""Fill the weight of a convolution with an orthogonal matrix at the middle of its kernel and zeros around it.

    With a stride of 1 and enough padding such a layer keeps the length of its input exactly.

    Args:
        tensor: Shape ``(out, in, *kernel)`` with one, two or three kernel sizes and out >= in.
        gain: Factor, finite.
        generator: Source of randomness.

    Raises:
        ValueError: If the shape is another one.

    Source: Xiao et al. (2018), Dynamical isometry and a mean field theory of CNNs, algorithm 1.

    Example:
        >>> delta_orthogonal_(torch.empty(4, 4, 3, 3)).square().sum((0, 1)).round()
        tensor([[0., 0., 0.],
                [0., 4., 0.],
                [0., 0., 0.]])
    """
    _check_dimensions(tensor, (3, 4, 5))
    if tensor.shape[0] < tensor.shape[1]:
        raise refuse("tensor", tuple(tensor.shape), "shapes (out, in, *kernel) with out >= in: fewer lose length")
    middle = _middle(tensor)
    tensor.zero_()
    orthogonal_(middle, gain, generator)
    return tensor


@torch.no_grad()
def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Generator | None = None) -> Tensor:
    """Fill a matrix with normal numbers, of which the same share is set to 0 in each column, at random places.

    Args:
        tensor: Shape (out, in), real floating point.
        sparsity: The share that is 0, in [0, 1]; rounded up to whole numbers.
        std: Standard deviation of the others, finite and at least 0.
        generator: Source of randomness, of the places as well (in torch these come from the global one).

    Raises:
        ValueError: If the tensor has not two dimensions, or a number is not allowed.

    Source: Martens (2010), Deep learning via Hessian-free optimization, section 5.

    Example:
        >>> (sparse_(torch.empty(10, 3), 0.4) == 0).sum(dim=0)
        tensor([4, 4, 4])
    """
    _check_dimensions(tensor, (2,))
    if not 0 <= check_finite("sparsity", sparsity) <= 1:
        raise refuse("sparsity", sparsity, "shares in [0, 1]")
    normal_(tensor, 0.0, std, generator)
    if tensor.is_meta:
        return tensor
    count = math.ceil(sparsity * len(tensor))
    for column in tensor.unbind(1):
        places = torch.randperm(len(tensor), generator=generator, device=getattr(generator, "device", None))
        column[places[:count]] = 0.0
    return tensor


def _kaiming(
    tensor: Tensor, a: float, mode: Mode, nonlinearity: str, distribution: Distribution, generator: Generator | None
) -> Tensor:
    if _is_empty(tensor, stacklevel=4):
        return tensor
    known = nonlinearity == "leaky_relu" or nonlinearity in TORCH_GAINS
    factor = calculate_gain(nonlinearity, a) if known else exact_gain(nonlinearity)
    mode = cast(Mode, mode.lower()) if isinstance(mode, str) else mode
    return variance_scaling_(tensor, factor**2, mode, distribution, generator)


def _xavier_std(tensor: Tensor, gain: float) -> float:
    """The deviation of Xavier's rule, 0 for a tensor without elements, which torch accepts in silence."""
    gain = check_finite("gain", gain, minimum=0.0)
    if tensor.ndim < 2 or tensor.numel():
        return weight_std(tensor.shape, gain=gain, mode="fan_avg")
    return 0.0


def _as_out_in_kernel(
    shape: Sequence[int], out_axis: int | tuple[int, ...], in_axis: int | tuple[int, ...]
) -> Sequence[int]:
    """The shape with the sizes of the named axes multiplied and put first."""
    if (out_axis, in_axis) == (0, 1):
        return shape
    axes: list[tuple[int, ...]] = [tuple(a) if isinstance(a, tuple | list) else (a,) for a in (out_axis, in_axis)]
    named = [axis % len(shape) for axis in sum(axes, ()) if -len(shape) <= axis < len(shape)]
    if len(set(named)) < len(sum(axes, ())):
        raise refuse("in_axis and out_axis", (in_axis, out_axis), f"different axes of {tuple(shape)}")
    out_units, in_units = (math.prod(shape[axis] for axis in some) for some in axes)
    return out_units, in_units, *(size for axis, size in enumerate(shape) if axis not in named)


def _is_empty(tensor: Tensor, *, stacklevel: int) -> bool:
    if empty := 0 in tensor.shape:
        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=stacklevel)
    return empty


def _middle(tensor: Tensor) -> Tensor:
    """The matrix in the middle of a kernel, a view."""
    place: Any = (..., *(size // 2 for size in tensor.shape[2:]))
    return tensor[place]


def _check_dimensions(tensor: Tensor, allowed: Sequence[int]) -> None:
    if tensor.ndim not in allowed:
        raise refuse("tensor", tuple(tensor.shape), f"{', '.join(map(str, allowed))} dimensions")


def _deviation(std: float) -> float:
    try:
        return check_finite("std", std, minimum=0.0)
    except ValueError as error:
        raise BoundsError(*error.args) from None


def _real(tensor: Tensor) -> Tensor:
    if not tensor.is_floating_point():
        raise refuse("tensor", tensor.dtype, "real floating-point types")
    return tensor
