"""What a network does with the output of each layer, seen in one call: nonlinearities and residual branches."""

from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from .._calls import mode
from ..probes import NONLINEARITIES
from ..scale import gain

#: Functions that act on each number alone and take something from the signal; in place or not.
ELEMENTWISE = (
    *("relu", "leaky_relu", "prelu", "rrelu", "relu6", "elu", "celu", "selu", "gelu", "silu", "mish", "tanh"),
    *("sigmoid", "logsigmoid", "softplus", "softsign", "hardtanh", "hardsigmoid", "hardswish", "softshrink"),
    *("hardshrink", "tanhshrink", "threshold", "erf", "clamp"),
)
#: Functions behind which the output of a layer still is that of this layer, as far as its size goes.
KEEPS = (
    *("batch_norm", "layer_norm", "group_norm", "instance_norm", "rms_norm", "dropout", "dropout1d", "dropout2d"),
    *("dropout3d", "alpha_dropout", "flatten", "unflatten", "reshape", "view", "permute", "transpose", "contiguous"),
    *("squeeze", "unsqueeze", "expand", "repeat", "to", "float", "__getitem__", "chunk", "split", "unbind", "pad"),
    *("cat", "concat", "concatenate", "stack", "interpolate", "pixel_shuffle", "add", "sub", "mean", "sum", "amax"),
    *(f"{kind}_pool{d}d" for kind in ("max", "avg", "adaptive_max", "adaptive_avg") for d in (1, 2, 3)),
)
ADDS = ("add", "__add__", "__radd__", "__iadd__")


@dataclass(frozen=True)
class Nonlinearity:
    """A nonlinearity that was seen, with its exact gain."""

    name: str
    gain: float


LINEAR = Nonlinearity("linear", 1.0)


@dataclass(frozen=True)
class _Seen:
    """Where a tensor comes from: what it is the output of, the last module that scales it, and all on its way."""

    layers: frozenset[nn.Module] = frozenset()
    tail: nn.Module | None = None
    passed: frozenset[nn.Module] = frozenset()
    ancestors: frozenset[int] = frozenset()
    token: int = 0


class Trace(TorchFunctionMode):
    """Follow the outputs of layers through one call of a model.

    Attributes:
        followed: For each layer the nonlinearity that gets its output, if one does.
        branches: The last layer or normalization of each residual branch, in the order in which they are added.
    """

    def __init__(self, layers: Iterable[nn.Module], tails: Iterable[nn.Module]) -> None:
        """Watch these modules; the second ones can end a branch."""
        super().__init__()
        self.followed: dict[nn.Module, Nonlinearity] = {}
        self.branches: list[nn.Module] = []
        self._layers, self._tails, self._tokens = set(layers), set(tails), count(1)
        self._tensors: dict[int, tuple[Tensor, _Seen]] = {}

    def run(self, model: nn.Module, inputs: tuple[Tensor, ...]) -> "Trace":
        """Call the model once, and forget all tensors."""
        attention = {module for module in model.modules() if isinstance(module, nn.MultiheadAttention)}
        hooks = [module.register_forward_hook(self._left) for module in self._layers | self._tails | attention]
        try:
            for tensor in inputs:
                self._note(tensor, _Seen())
            with self:
                model(*inputs)
        finally:
            self._tensors.clear()
            for hook in hooks:
                hook.remove()
        return self

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Call the function, and note what its result is."""
        kwargs = kwargs or {}
        name = getattr(function, "__name__", "")
        plain = name if name.startswith("__") else name.rstrip("_")
        sources = [self._tensors[id(t)][1] for t in _tensors((args, kwargs)) if id(t) in self._tensors]
        result = function(*args, **kwargs)
        if not sources:
            return result
        kept = frozenset[nn.Module]().union(*(one.layers for one in sources))
        if plain in ELEMENTWISE:
            found = _nonlinearity(function, plain, args[1:], kwargs)
            for layer in kept:
                self.followed.setdefault(layer, found)
        if plain in ADDS and len(sources) == 2:
            self._add(*sources)
        scaled = plain in ("mul", "__mul__", "__rmul__", "div", "__truediv__") and len(sources) == 1
        stays = plain in KEEPS or plain in ADDS or scaled
        made = _Seen(
            layers=kept if stays else frozenset(),
            tail=sources[0].tail if stays or plain in ELEMENTWISE else None,
            passed=frozenset[nn.Module]().union(*(one.passed for one in sources)),
            ancestors=frozenset[int]().union(*(one.ancestors for one in sources)),
        )
        for tensor in _tensors(result):
            self._note(tensor, made)
        return result

    def _note(self, tensor: Tensor, seen: _Seen) -> None:
        token = next(self._tokens)
        self._tensors[id(tensor)] = tensor, replace(seen, token=token, ancestors=seen.ancestors | {token})

    def _left(self, module: nn.Module, _: object, result: object) -> None:
        """A module has put out its result."""
        if isinstance(module, nn.MultiheadAttention):
            module = module.out_proj  # which it reads without calling it
        for tensor in _tensors(result)[:1]:
            seen = self._tensors.get(id(tensor), (tensor, _Seen()))[1]
            layers = frozenset([module]) if module in self._layers else seen.layers
            tail = module if module in self._tails else seen.tail
            passed = seen.passed | layers
            self._tensors[id(tensor)] = tensor, replace(seen, layers=layers, tail=tail, passed=passed)

    def _add(self, one: _Seen, other: _Seen) -> None:
        """Two tensors are added: which of them is a residual branch beside the other?"""
        if one.token in other.ancestors:
            skip, branch = one, other
        elif other.token in one.ancestors:
            skip, branch = other, one
        elif one.ancestors & other.ancestors:  # both have layers, such as a projection on the shorter way
            skip, branch = sorted((one, other), key=lambda seen: len(seen.passed))
            if len(skip.passed) == len(branch.passed):
                return
        else:
            return
        if branch.passed - skip.passed and branch.tail is not None and branch.tail not in self.branches:
            self.branches.append(branch.tail)


def by_order(model: nn.Module, layers: Set[nn.Module]) -> dict[nn.Module, Nonlinearity]:
    """Guess from the order of the modules alone: the nonlinearity between a layer and the next one follows it."""
    followed: dict[nn.Module, Nonlinearity] = {}
    last = None
    for module in model.modules():
        if module in layers:
            last = module
        elif isinstance(module, NONLINEARITIES) and last is not None and last not in followed:
            start = nn.Identity()  # stands for the layer, so that one number sent through the module tells what it is
            with mode(module, training=False):
                example = torch.ones(1, dtype=next((one.dtype for one in module.parameters()), None))
                seen = Trace([start], []).run(nn.Sequential(start, module), (example,)).followed
            if start in seen:
                followed[last] = seen[start]
    return followed


def _tensors(values: object) -> list[Tensor]:
    """The tensors in arguments or results, also inside of lists and dicts."""
    if isinstance(values, Tensor):
        return [values]
    if isinstance(values, Mapping):
        values = values.values()
    elif not isinstance(values, tuple | list):
        return []
    return [tensor for value in values for tensor in _tensors(value)]


def _nonlinearity(
    function: Callable[..., Any], name: str, rest: tuple[Any, ...], options: dict[str, Any]
) -> Nonlinearity:
    options = {key: value for key, value in options.items() if key not in ("inplace", "input", "out", "training")}
    fixed = [value.mean().double() if isinstance(value, Tensor) else value for value in rest]
    return Nonlinearity(name, gain(_on_arrays(lambda x: function(x, *fixed, **options))))


def _on_arrays(function: Callable[[Tensor], Tensor]) -> Callable[[np.ndarray], np.ndarray]:
    """A function of tensors as one of arrays, so that its gain can be computed."""

    def of_arrays(x: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return function(torch.tensor(x, dtype=torch.float64)).numpy()

    return of_arrays
