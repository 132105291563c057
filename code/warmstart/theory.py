"""What the mathematics predicts before anything is run: variances through depth, and where gradient descent ends.

The second moment of a layer is the mean of its squared values, :math:`q = \\frac1n \\sum_i h_i^2`, for one input. All
statements about it are over the random draw of zero-mean weights.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from .activations import HOMOGENEOUS, Activation, Nonlinearity, activation
from .errors import check_count, check_finite, refuse
from .quadrature import NODES, WEIGHTS, gaussian_mean
from .scale import gain


def product_variance(mean_w: ArrayLike, var_w: ArrayLike, mean_x: ArrayLike, var_x: ArrayLike) -> np.ndarray:
    r"""Return the variance of the product of two independent random variables.

    .. math:: \operatorname{Var}(WX) = E[X]^2 \operatorname{Var}(W) + E[W]^2 \operatorname{Var}(X)
              + \operatorname{Var}(W) \operatorname{Var}(X)

    Args:
        mean_w: Mean of W; like all arguments a number or an array, and arrays broadcast.
        var_w: Variance of W, at least 0.
        mean_x: Mean of X.
        var_x: Variance of X, at least 0.

    Returns:
        ndarray: The variance, in the squared unit of the product.

    Raises:
        ValueError: If a variance is negative or a value is not finite.

    Source: Goodman (1960).

    Example:
        >>> float(product_variance(0.0, 4.0, 1.0, 9.0))
        40.0
    """
    mean_w, mean_x = _finite("mean_w", mean_w), _finite("mean_x", mean_x)
    var_w, var_x = _finite("var_w", var_w, minimum=0.0), _finite("var_x", var_x, minimum=0.0)
    return mean_x**2 * var_w + mean_w**2 * var_x + var_w * var_x


def pre_activation_variance(
    fan_in: ArrayLike, var_w: ArrayLike, second_moment: ArrayLike, bias_var: ArrayLike = 0.0
) -> np.ndarray:
    r"""Return the variance of a pre-activation over random zero-mean weights, for inputs of given second moment.

    .. math:: \operatorname{Var}(z) = N \operatorname{Var}(W)\, E[x^2] + \operatorname{Var}(b)

    For zero-mean inputs :math:`E[x^2]` is their variance, and this is the lecture's N Var(W) Var(X).

    Args:
        fan_in: Number N of inputs, a positive integer (or an array of them).
        var_w: Variance of one weight, at least 0.
        second_moment: Mean of the squared inputs, at least 0.
        bias_var: Variance of the bias, at least 0.

    Returns:
        ndarray: The variance of z.

    Raises:
        ValueError: If ``fan_in`` is not a positive integer, or another value is negative or not finite.

    Source: Glorot & Bengio (2010), section 4.2.1; in this form He et al. (2015), equation 7.

    Example:
        >>> float(pre_activation_variance(100, 0.01, 3.0))
        3.0
    """
    second_moment = _finite("second_moment", second_moment, minimum=0.0)
    var_w, bias_var = _finite("var_w", var_w, minimum=0.0), _finite("bias_var", bias_var, minimum=0.0)
    return _count("fan_in", fan_in) * var_w * second_moment + bias_var


def second_moment_through_depth(
    second_moment: float,
    fan_ins: ArrayLike,
    var_ws: ArrayLike,
    *,
    nonlinearity: str = "linear",
    bias_var: ArrayLike = 0.0,
) -> np.ndarray:
    r"""Return the expected second moment of the activations, from the input through every layer.

    .. math:: E[q_l] = \frac{N_l \operatorname{Var}(W_l)\, E[q_{l-1}] + \operatorname{Var}(b)}{g^2}

    with the gain :math:`g` of the non-linearity (1 for linear, :math:`g^2 = 2` for ReLU). It is exact at any width
    for weights that are independent and symmetric about zero; for leaky ReLU and ReLU the symmetry is what counts.

    Args:
        second_moment: Second moment of the input, at least 0.
        fan_ins: Fan-in of each of the L layers.
        var_ws: Weight variance of each layer, or one number for all.
        nonlinearity: "linear", "relu" or "leaky_relu".
        bias_var: Variance of the (zero-mean, symmetric) biases, one number or one a layer.

    Returns:
        ndarray: L + 1 values, the input's first; infinite from where they exceed the largest double.

    Raises:
        ValueError: If a fan is not a positive integer, a value is negative or not finite, the lengths differ or the
            non-linearity is unknown.

    Source: He et al. (2015), equations 7 to 9.

    Example:
        >>> second_moment_through_depth(1.0, [100, 100], 0.02).tolist()
        [1.0, 2.0, 4.0]
    """
    fan_ins = np.atleast_1d(_count("fan_ins", fan_ins))
    var_ws = _per_layer("var_ws", var_ws, len(fan_ins))
    bias_vars = _per_layer("bias_var", bias_var, len(fan_ins))
    moments, kept = [check_finite("second_moment", second_moment, minimum=0.0)], 1 / _exact_gain(nonlinearity) ** 2
    with np.errstate(over="ignore"):
        for fan_in, var_w, var_b in zip(fan_ins, var_ws, bias_vars, strict=True):
            moments.append(kept * (fan_in * var_w * moments[-1] + var_b))
    return np.array(moments)


def variance_map(
    variance: ArrayLike,
    nonlinearity: Nonlinearity,
    param: float | None = None,
    *,
    weight_scale: float = 1.0,
    bias_var: float = 0.0,
) -> np.ndarray:
    r"""Return the variance of the next layer's pre-activations in a wide random network, from that of a layer's own.

    .. math:: V(q) = N \operatorname{Var}(W)\, E\big[\phi(\sqrt q\, z)^2\big] + \operatorname{Var}(b), \quad
              z \sim N(0, 1)

    It is a limit of infinite width. With the scale :math:`g^2`, see :func:`~warmstart.scale.gain`, it has the fixed
    point 1; :func:`variance_map_slope` says whether the signal is drawn to it.

    Args:
        variance: Variance q of the pre-activations, above 0; a number or an array.
        nonlinearity: A name of :data:`warmstart.activations.ACTIVATIONS`, or a function of a NumPy array.
        param: Its parameter, as in :func:`~warmstart.scale.gain`.
        weight_scale: N Var(W), at least 0.
        bias_var: Variance of the biases, at least 0.

    Returns:
        ndarray: As many variances.

    Raises:
        ValueError: If a number is out of range, or the nonlinearity or its parameter is not allowed.

    Source: Poole et al. (2016), equation 3.

    Example:
        >>> float(variance_map(3.0, "relu", weight_scale=2.0).round(12))
        3.0
    """
    phi, scale, bias = _map_arguments(nonlinearity, param, weight_scale, bias_var)
    return _each(lambda q: scale * gaussian_mean(lambda x: phi(x) ** 2, q) + bias, variance)


def variance_map_slope(
    variance: ArrayLike,
    nonlinearity: Nonlinearity,
    param: float | None = None,
    *,
    weight_scale: float = 1.0,
) -> np.ndarray:
    r"""Return the derivative of :func:`variance_map`: a fixed point attracts if it is below 1, and repels if above.

    .. math:: V'(q) = \frac{N \operatorname{Var}(W)}{2q}\, E\big[(z^2 - 1)\, \phi(\sqrt q\, z)^2\big]

    It follows by differentiating the density of :math:`\sqrt q\, z` by :math:`q`, so that :math:`\phi` needs no
    derivative.

    Args:
        variance: As in :func:`variance_map`, like the other arguments.
        nonlinearity: A name or a function.
        param: Its parameter.
        weight_scale: N Var(W).

    Returns:
        ndarray: As many slopes, without unit.

    Source: derived from Poole et al. (2016), equation 3.

    Example:
        >>> float(variance_map_slope(3.0, "relu", weight_scale=2.0).round(9))
        1.0
    """
    phi, scale, _ = _map_arguments(nonlinearity, param, weight_scale, 0.0)
    return _each(lambda q: scale / (2 * q) * gaussian_mean(lambda x: (x**2 / q - 1) * phi(x) ** 2, q), variance)


def correlation_map(
    correlation: ArrayLike,
    nonlinearity: Nonlinearity,
    param: float | None = None,
    *,
    variance: float = 1.0,
    weight_scale: float = 1.0,
    bias_var: float = 0.0,
) -> np.ndarray:
    r"""Return how alike two inputs are in the next layer of a wide random network, from how alike they are in one.

    .. math:: C(c) = \frac{N \operatorname{Var}(W)\, E[\phi(u)\, \phi(v)] + \operatorname{Var}(b)}{V(q)}

    Here u and v are normal with variance q and correlation c, the pre-activations of the two inputs, and V is
    :func:`variance_map`. Its slope at c = 1 is :func:`gradient_factor` times q / V(q): if it is above 1, inputs that
    are nearly the same come apart.

    Args:
        correlation: In [-1, 1]; a number or an array.
        nonlinearity: As in :func:`variance_map`, like its parameter. A kink of a function of the reader's is integrated
            to the last digits where it lies at a multiple of one half.
        param: Its parameter.
        variance: Variance q of the pre-activations of both inputs, above 0.
        weight_scale: N Var(W), above 0.
        bias_var: Variance of the biases, at least 0.

    Returns:
        ndarray: As many correlations.

    Raises:
        ValueError: If a number is out of range, or the nonlinearity or its parameter is not allowed.

    Source: Poole et al. (2016), equation 5; for ReLU it is the kernel of Cho & Saul (2009), equation 6.

    Example:
        >>> correlation_map([-1.0, 0.0, 1.0], "relu").round(6).tolist()
        [0.0, 0.31831, 1.0]
    """
    phi, scale, bias = _map_arguments(nonlinearity, param, weight_scale, bias_var)
    values, std = (
        _finite("correlation", correlation, minimum=-1.0),
        math.sqrt(check_finite("variance", variance, above=0.0)),
    )
    if np.any(values > 1.0):
        raise refuse("correlation", correlation, "numbers from -1 to 1")
    own = variance_map(variance, nonlinearity, param, weight_scale=weight_scale, bias_var=bias_var)

    def product(
        c: float,
    ) -> float:  # near 1 and -1 the density of one given the other is narrow, and known to fewer digits
        tolerance = 1e-14 / max(math.sqrt(1 - c**2), 1e-8)
        return gaussian_mean(lambda x: phi(std * x) * _mean_given(phi, std, c, x), tolerance=tolerance)

    return (scale * np.reshape([product(c) for c in values.flat], values.shape) + bias) / own


def gradient_factor(
    variance: ArrayLike,
    nonlinearity: Nonlinearity,
    param: float | None = None,
    *,
    weight_scale: float = 1.0,
    derivative: Callable[[np.ndarray], np.ndarray] | None = None,
) -> np.ndarray:
    r"""Return by how much a layer of a wide random network multiplies the second moment of the gradient.

    .. math:: \chi(q) = N \operatorname{Var}(W)\, E\big[\phi'(\sqrt q\, z)^2\big]

    The layers are equally wide, and the weights that lead back are taken as independent of those that led forward. A
    gradient through L layers changes by :math:`\chi^L`: a gain that keeps the signal need not keep the gradient.

    Args:
        variance: Variance q of the pre-activations, above 0; a number or an array.
        nonlinearity: As in :func:`variance_map`, like its parameter.
        param: Its parameter.
        weight_scale: N Var(W), at least 0.
        derivative: Derivative of a nonlinearity that is given as a function; not allowed for a name.

    Returns:
        ndarray: As many factors, without unit.

    Raises:
        ValueError: If a number is out of range, or the derivative is missing or not wanted.

    Source: Schoenholz et al. (2017), equation 5.

    Example:
        >>> float(gradient_factor(3.0, "relu", weight_scale=2.0).round(12))
        1.0
    """
    phi, scale, _ = _map_arguments(nonlinearity, param, weight_scale, 0.0)
    slope = phi.derivative or derivative
    if slope is None or (phi.derivative and derivative):
        allowed = "None, for its derivative is known" if derivative is not None else "its derivative, as a function"
        raise refuse("derivative", derivative, f"for {phi.name}: {allowed}")
    return _each(lambda q: scale * gaussian_mean(lambda x: slope(x) ** 2, q), variance)


def _map_arguments(
    nonlinearity: Nonlinearity, param: float | None, weight_scale: float, bias_var: float
) -> tuple[Activation, float, float]:
    scale = check_finite("weight_scale", weight_scale, minimum=0.0)
    return activation(nonlinearity, param), scale, check_finite("bias_var", bias_var, minimum=0.0)


def _each(function: Callable[[float], float], variance: ArrayLike) -> np.ndarray:
    values = _finite("variance", variance)
    results = [function(check_finite("variance", float(value), above=0.0)) for value in values.flat]
    return np.array(results).reshape(values.shape)


def _mean_given(phi: Callable[[np.ndarray], np.ndarray], std: float, c: float, x: np.ndarray) -> np.ndarray:
    """E[phi(std v) | u = x] for standard normal u and v of correlation c, in panels with edges where phi may bend."""
    width = math.sqrt(1 - c**2)
    if width < 1e-8:
        return phi(std * math.copysign(1.0, c) * x)
    panel = 0.5 / std / math.ceil(0.5 / std / width)
    first = np.floor((c * x - 9 * width) / panel)[..., None, None]
    edges = panel * (first + np.arange(math.ceil(18 * width / panel) + 1)[:, None])
    v = edges + panel * (NODES + 1) / 2
    density = np.exp(-(((v - c * x[..., None, None]) / width) ** 2) / 2) / width / math.sqrt(2 * math.pi)
    return (phi(std * v) * density * WEIGHTS * panel / 2).sum(axis=(-2, -1))


def second_moment_spread(widths: ArrayLike) -> np.ndarray:
    r"""Return how far the second moment of a random Gaussian linear network scatters about its mean, layer by layer.

    .. math:: \frac{\operatorname{SD}(q_l)}{E[q_l]} = \sqrt{\prod_{k \le l} \Bigl(1 + \frac{2}{n_k}\Bigr) - 1}

    It follows because :math:`q_l / E[q_l]` is a product of independent :math:`\chi^2_{n_k} / n_k`, whatever the
    variance of the weights.

    Args:
        widths: Number of output units of each of the L layers.

    Returns:
        ndarray: L relative standard deviations over random networks, without unit.

    Raises:
        ValueError: If a width is not a positive integer.

    Source: derived in the chapter; compare Hanin & Nica (2020) for ReLU.

    Example:
        >>> second_moment_spread([2, 1]).tolist()
        [1.0, 2.23606797749979]
    """
    widths = np.atleast_1d(_count("widths", widths))
    return np.sqrt(np.expm1(np.cumsum(np.log1p(2.0 / widths))))


def log_moment_law(widths: ArrayLike, nonlinearity: str = "relu") -> tuple[np.ndarray, np.ndarray]:
    r"""Return mean and variance of :math:`\ln(q_l / E[q_l])` over random Gaussian networks without biases, exactly.

    .. math:: \frac{q_l}{q_{l-1}} = \frac{E[q_l]}{E[q_{l-1}]} \cdot \frac{\chi^2_K}{m}, \qquad
              \text{ReLU: } K \sim \text{Bin}\big(n_l, \tfrac12\big),\ m = \tfrac{n_l}{2}; \quad
              \text{linear: } K = m = n_l

    The layers are independent, so that both moments add up. E[ln chi2_K] is :math:`\psi(K/2) + \ln 2`, its variance
    :math:`\psi'(K/2)`. A ReLU layer with K = 0 passes nothing on; the moments are those of the networks in which this
    does not happen, see :func:`dead_probability`. For ReLU they are close to -5L / 2n and 5L / n in wide layers.

    Args:
        widths: Number of output units of each of the L layers.
        nonlinearity: "relu" or "linear".

    Returns:
        tuple: Two arrays of L values: mean and variance up to each layer.

    Raises:
        ValueError: If a width is not a positive integer or the nonlinearity is another.

    Source: derived in the chapter; Hanin & Nica (2020) prove the limit of wide layers.

    Example:
        >>> mean, variance = log_moment_law([100] * 30)
        >>> float(mean[-1].round(2)), float(variance[-1].round(2))
        (-0.76, 1.56)
    """
    if nonlinearity not in ("relu", "linear"):
        raise refuse("nonlinearity", nonlinearity, "relu, linear")
    layers = np.array([_log_chi_square(int(n), nonlinearity) for n in np.atleast_1d(_count("widths", widths))])
    return tuple(np.cumsum(layers, axis=0).T)


def dead_probability(widths: ArrayLike) -> np.ndarray:
    r"""Return the chance that a random ReLU network without biases passes nothing of one given input, layer by layer.

    .. math:: P_l = 1 - \prod_{k \le l} \big(1 - 2^{-n_k}\big)

    A layer is silent if all its pre-activations are negative; for weights that are symmetric about zero each is so with
    chance one half, independently for one input. For all inputs of a set the chance is smaller.

    Args:
        widths: Number of units of each of the L layers.

    Returns:
        ndarray: L probabilities, growing.

    Raises:
        ValueError: If a width is not a positive integer.

    Source: derived in the chapter; Lu et al. (2020), theorem 2, bound it.

    Example:
        >>> dead_probability([1, 1]).tolist()
        [0.5, 0.75]
    """
    return -np.expm1(np.cumsum(np.log1p(-(0.5 ** np.atleast_1d(_count("widths", widths))))))


def _log_chi_square(n: int, nonlinearity: str) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of ln(chi2_K / m) for one layer of n units."""
    k = np.arange(1, n + 1)
    # The digamma and trigamma functions at k / 2: two ladders, from 1/2 and from 1, each step adding 1 to the argument.
    digamma, trigamma = np.empty((2, n))
    for start, psi, psi1 in (
        (0, -np.euler_gamma - 2 * math.log(2), math.pi**2 / 2),
        (1, -np.euler_gamma, math.pi**2 / 6),
    ):
        steps = 2 / k[start:-2:2] if n > start + 2 else np.empty(0)
        digamma[start::2] = psi + np.append(0, np.cumsum(steps))[: len(digamma[start::2])]
        trigamma[start::2] = psi1 - np.append(0, np.cumsum(steps**2))[: len(trigamma[start::2])]
    if nonlinearity == "linear":
        return digamma[-1] + math.log(2 / n), trigamma[-1]
    log_chance = (
        math.lgamma(n + 1) - np.array([math.lgamma(i + 1) + math.lgamma(n - i + 1) for i in k]) - n * math.log(2)
    )
    chance = np.exp(log_chance) / -math.expm1(-n * math.log(2))  # given that a unit is alive
    mean = chance @ digamma
    return mean + math.log(4 / n), chance @ (trigamma + (digamma - mean) ** 2)


def critical_weight_variance(fan_in: ArrayLike, nonlinearity: str = "linear") -> np.ndarray:
    r"""Return the weight variance at which the expected second moment neither grows nor shrinks.

    .. math:: \operatorname{Var}(W) = g^2 / N

    Args:
        fan_in: Number N of inputs, a positive integer.
        nonlinearity: "linear", "relu" or "leaky_relu".

    Returns:
        ndarray: The variance (not the standard deviation) of one weight.

    Raises:
        ValueError: If ``fan_in`` is not a positive integer or the non-linearity is unknown.

    Source: He et al. (2015), equation 10.

    Example:
        >>> float(critical_weight_variance(100))
        0.01
    """
    return _exact_gain(nonlinearity) ** 2 / _count("fan_in", fan_in)


def depth_scale(fan_in: int, var_w: float, nonlinearity: str = "linear") -> float:
    r"""Return the number of layers over which the second moment changes by the factor e, infinite at criticality.

    .. math:: \xi = \left| \ln \frac{N \operatorname{Var}(W)}{g^2} \right|^{-1}

    Args:
        fan_in: Number N of inputs, a positive integer.
        var_w: Variance of one weight, above 0.
        nonlinearity: "linear", "relu" or "leaky_relu".

    Returns:
        float: The depth scale, in layers.

    Raises:
        ValueError: If ``fan_in`` is not a positive integer, ``var_w`` is not positive, or the name is unknown.

    Source: derived in the chapter; the name follows Schoenholz et al. (2017).

    Example:
        >>> round(depth_scale(100, 0.02), 3)
        1.443
    """
    var_w = check_finite("var_w", var_w, above=0.0)
    rate = abs(math.log(var_w / critical_weight_variance(check_count("fan_in", fan_in), nonlinearity)))
    return math.inf if rate < 1e-12 else 1.0 / rate


def gradient_descent_limit(A: ArrayLike, b: ArrayLike, start: ArrayLike) -> np.ndarray:
    r"""Return where gradient descent on :math:`\frac12 \lVert Ax - b \rVert^2` ends, for a stable learning rate.

    .. math:: x_\infty = x_0 + A^+ (b - A x_0)

    It is the least-squares solution that is nearest to the start; from a zero start it is the one of minimum norm.

    Args:
        A: Matrix of shape (equations, unknowns).
        b: Vector of shape (equations,).
        start: Vector :math:`x_0` of shape (unknowns,).

    Returns:
        ndarray: The limit, shape (unknowns,).

    Raises:
        ValueError: If the shapes do not fit or a value is not finite.

    Source: derived in the chapter.

    Example:
        >>> gradient_descent_limit([[1.0, 1.0]], [2.0], [0.0, 0.0]).round(6).tolist()
        [1.0, 1.0]
    """
    A, b, start = (_finite(name, value) for name, value in (("A", A), ("b", b), ("start", start)))
    if A.ndim != 2 or b.shape != A.shape[:1] or start.shape != A.shape[1:]:
        raise refuse("A, b, start", (A.shape, b.shape, start.shape), "the shapes (m, n), (m,) and (n,)")
    return start + np.linalg.pinv(A) @ (b - A @ start)


def largest_stable_learning_rate(hessian: ArrayLike) -> float:
    r"""Return the learning rate below which gradient descent on a convex quadratic converges from every start.

    .. math:: \eta_{\max} = 2 / \lambda_{\max}

    Args:
        hessian: Symmetric matrix of shape (n, n) without negative eigenvalues.

    Returns:
        float: The bound; infinite for the zero matrix.

    Raises:
        ValueError: If the matrix is not square and symmetric, not finite, or has a negative eigenvalue.

    Source: LeCun et al. (1998), section 5.

    Example:
        >>> largest_stable_learning_rate([[2.0, 0.0], [0.0, 1.0]])
        1.0
    """
    hessian = _finite("hessian", hessian)
    if hessian.ndim != 2 or hessian.shape[0] != hessian.shape[1] or not np.allclose(hessian, hessian.T):
        raise refuse("hessian", hessian, "symmetric matrices (n, n)")
    smallest, largest = np.linalg.eigvalsh(hessian)[[0, -1]]
    if smallest < -1e-10 * max(abs(smallest), abs(largest)):
        raise refuse("hessian", hessian, f"no negative eigenvalue; its smallest is {smallest:g}")
    return 2.0 / float(largest) if largest > 0.0 else math.inf


def _exact_gain(nonlinearity: str) -> float:
    """The gain of a nonlinearity for which it does not depend on the size of the signal."""
    if nonlinearity not in HOMOGENEOUS:
        raise refuse("nonlinearity", nonlinearity, f"{', '.join(HOMOGENEOUS)}; for others see variance_map")
    return gain(nonlinearity)


def _finite(name: str, value: ArrayLike, *, minimum: float = -math.inf) -> np.ndarray:
    """``value`` as a float array of finite entries from ``minimum``."""
    try:
        array = np.asarray(value, dtype=float)
    except (TypeError, ValueError, OverflowError):
        array = np.array(math.nan)
    if not np.all(np.isfinite(array) & (array >= minimum)):
        raise refuse(name, value, "finite numbers" + ("" if minimum == -math.inf else f" from {minimum:g}"))
    return array


def _count(name: str, value: ArrayLike) -> np.ndarray:
    """``value`` as an array of positive whole numbers; as floats, which do not wrap around."""
    array = _finite(name, value)
    if array.size == 0 or not np.all((array >= 1) & (array == np.round(array))):
        raise refuse(name, value, "positive whole numbers")
    return array


def _per_layer(name: str, value: ArrayLike, layers: int) -> np.ndarray:
    """One non-negative value a layer, from a number or a sequence of ``layers`` numbers."""
    array = _finite(name, value, minimum=0.0)
    if array.shape not in ((), (layers,)):
        raise refuse(name, value, f"one number or {layers} of them, one a layer")
    return np.broadcast_to(array, layers)
