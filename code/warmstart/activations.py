"""The nonlinearities of the field as NumPy functions, without torch: what gains and variance maps are computed from."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from .errors import check_finite, refuse

SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772  # Klambauer et al. (2017), equation 14
erf, erfc = np.vectorize(math.erf, otypes=[float]), np.vectorize(math.erfc, otypes=[float])


def _leaky_relu(x: np.ndarray, slope: float = 0.01) -> np.ndarray:
    """x above 0, slope * x below."""
    return np.where(x > 0, x, slope * x)


def _elu(x: np.ndarray, alpha: float = 1.0) -> np.ndarray:
    """x above 0, alpha (e^x - 1) below: Clevert et al. (2016)."""
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def _sigmoid(x: np.ndarray) -> np.ndarray:
    """1 / (1 + e^-x), without overflow."""
    return 0.5 * (1 + np.tanh(0.5 * x))


def _softplus(x: np.ndarray) -> np.ndarray:
    """ln(1 + e^x), without overflow."""
    return np.logaddexp(0, x)


def _elu_slope(x: np.ndarray, alpha: float = 1.0) -> np.ndarray:
    """1 above 0, alpha e^x below."""
    return np.where(x > 0, 1.0, alpha * np.exp(np.minimum(x, 0)))


def _gelu_tanh_slope(x: np.ndarray) -> np.ndarray:
    """The product rule on x (1 + tanh u) / 2."""
    root = math.sqrt(2 / math.pi)
    u = np.tanh(root * (x + 0.044715 * x**3))
    return 0.5 * (1 + u) + 0.5 * x * (1 - u**2) * root * (1 + 3 * 0.044715 * x**2)


#: Name: function. The form of "gelu_tanh" is that of Hendrycks & Gimpel (2016), section 2, which networks use too.
ACTIVATIONS: dict[str, Callable[..., Any]] = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "leaky_relu": _leaky_relu,
    "elu": _elu,
    "selu": lambda x: SELU_SCALE * _elu(x, SELU_ALPHA),
    "gelu": lambda x: 0.5 * x * erfc(-x / math.sqrt(2)),
    "gelu_tanh": lambda x: 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    "silu": lambda x: x * _sigmoid(x),
    "mish": lambda x: x * np.tanh(_softplus(x)),
    "tanh": np.tanh,
    "sigmoid": _sigmoid,
    "softplus": _softplus,
    "softsign": lambda x: x / (1 + np.abs(x)),
    "hardtanh": lambda x: np.clip(x, -1, 1),
    "erf": erf,
}
#: The derivatives; at a kink, where there is none, the value on one of its sides.
DERIVATIVES: dict[str, Callable[..., Any]] = {
    "linear": np.ones_like,
    "relu": lambda x: np.where(x > 0, 1.0, 0.0),
    "leaky_relu": lambda x, slope: np.where(x > 0, 1.0, slope),
    "elu": _elu_slope,
    "selu": lambda x: SELU_SCALE * _elu_slope(x, SELU_ALPHA),
    "gelu": lambda x: 0.5 * erfc(-x / math.sqrt(2)) + x * np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi),
    "gelu_tanh": _gelu_tanh_slope,
    "silu": lambda x: _sigmoid(x) * (1 + x * _sigmoid(-x)),
    "mish": lambda x: np.tanh(_softplus(x)) + x * _sigmoid(x) / np.cosh(np.minimum(_softplus(x), 300)) ** 2,
    "tanh": lambda x: 1 / np.cosh(np.clip(x, -300, 300)) ** 2,
    "sigmoid": lambda x: _sigmoid(x) * _sigmoid(-x),
    "softplus": _sigmoid,
    "softsign": lambda x: 1 / (1 + np.abs(x)) ** 2,
    "hardtanh": lambda x: np.where(np.abs(x) < 1, 1.0, 0.0),
    "erf": lambda x: 2 / math.sqrt(math.pi) * np.exp(-(x**2)),
}
#: phi(c x) = c phi(x) for c > 0: what these do to a signal does not depend on its size.
HOMOGENEOUS = ("linear", "relu", "leaky_relu")
PARAMETERS = {"leaky_relu": 0.01, "elu": 1.0}


Nonlinearity = str | Callable[[np.ndarray], np.ndarray]  # a name of ACTIVATIONS, or a function of the reader's


@dataclass(frozen=True)
class Activation:
    """An elementwise function with the name and the parameter that made it; call it with an array.

    Example:
        >>> activation("leaky_relu", 0.5)(np.array([-2.0, 3.0])).tolist()
        [-1.0, 3.0]
    """

    name: str
    function: Callable[[np.ndarray], np.ndarray]
    param: float | None = None
    derivative: Callable[[np.ndarray], np.ndarray] | None = None

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Return the values of the function, elementwise."""
        return np.asarray(self.function(x), dtype=float)


def activation(nonlinearity: Nonlinearity, param: float | None = None) -> Activation:
    """Return the named activation, or wrap a function of the reader's.

    Args:
        nonlinearity: A name of :data:`ACTIVATIONS`, or a function of a NumPy array.
        param: Negative slope of "leaky_relu", alpha of "elu"; the others have none.

    Raises:
        ValueError: If the name is unknown, or the parameter is not finite or given to one that has none.

    Example:
        >>> activation("relu")(np.array([-1.0, 2.0])).tolist()
        [0.0, 2.0]
    """
    if callable(nonlinearity):
        name, function = getattr(nonlinearity, "__name__", type(nonlinearity).__name__), nonlinearity
    elif nonlinearity in ACTIVATIONS:
        name, function = nonlinearity, ACTIVATIONS[nonlinearity]
    else:
        raise refuse("nonlinearity", nonlinearity, f"functions of an array, and {', '.join(ACTIVATIONS)}")
    if param is not None and (callable(nonlinearity) or name not in PARAMETERS):
        raise refuse("param", param, f"None, for {name} has no parameter")
    if callable(nonlinearity) or name not in PARAMETERS:
        return Activation(name, function, derivative=None if callable(nonlinearity) else DERIVATIVES[name])
    param = check_finite("param", PARAMETERS[name] if param is None else param)
    fixed = {"slope" if name == "leaky_relu" else "alpha": param}
    return Activation(name, partial(function, **fixed), param, partial(DERIVATIVES[name], **fixed))
