"""Parameters that hold nothing yet: built without being drawn, or on the meta device."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

DRAWS = ("uniform_", "normal_", "trunc_normal_", "kaiming_uniform_", "kaiming_normal_")
DRAWS += ("xavier_uniform_", "xavier_normal_", "orthogonal_", "sparse_")


@contextmanager
def no_default_init() -> Iterator[None]:
    """Build models without drawing the weights that :func:`~warmstart.initialization.initialize_` will draw anyway.

    Inside of the block random fills are left out, and the tensors keep whatever the memory held; constants, such as
    those of normalizations, are set as always. Nothing else is changed, in this thread or in others.

    Example:
        >>> from warmstart.initialization import initialize_
        >>> with no_default_init():
        ...     model = nn.Linear(1000, 1000)
        >>> initialize_(model)["weight"].rule
        'he, normal'
    """
    with _Undrawn():
        yield


class _Undrawn(TorchFunctionMode):
    """Leaves out what only draws random numbers into a tensor, and marks the tensor."""

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Call all other functions, and these too where the mark would be lost: on views and on plain tensors."""
        kwargs = kwargs or {}
        tensor = args[0] if args else kwargs.get("tensor")
        if getattr(function, "__name__", "") not in DRAWS or not isinstance(tensor, nn.Parameter):
            return function(*args, **kwargs)
        vars(tensor)["undrawn"] = True
        return tensor


def give_storage(model: nn.Module) -> None:
    """Give storage on the CPU to what is on the meta device; what is shared stays shared."""
    made: dict[int, tuple[Tensor, Tensor]] = {}
    module: Any
    for module in model.modules():
        for key, old in (*module._parameters.items(), *module._buffers.items()):
            if old is not None and old.is_meta:
                made.setdefault(id(old), (old, _with_storage(old)))
                setattr(module, key, made[id(old)][1])
                if key == "running_var":
                    module.reset_running_stats()  # a batch may be sent through before the rules are applied


def _with_storage(tensor: Tensor) -> Tensor:
    made = torch.empty_like(tensor, device="cpu")
    if isinstance(tensor, nn.Parameter):
        made = nn.Parameter(made, requires_grad=tensor.requires_grad)
        vars(made)["undrawn"] = True
    return made
