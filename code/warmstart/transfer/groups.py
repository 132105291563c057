"""The layers of a model in their order, and a learning rate for each."""

from itertools import chain
from typing import Any

from torch import nn

from ..errors import check_finite, refuse


def layer_groups(model: nn.Module) -> dict[str, list[nn.Parameter]]:
    """Return the parameters of each layer by its name, from input to output, every parameter once.

    Args:
        model: If it has a method ``layer_groups()``, that decides; else a layer is a module with parameters of its own,
            together with the modules right after it whose parameters are all vectors, which are normalizations.

    Raises:
        ValueError: If the model's own groups leave a parameter out, or name one twice.

    Example:
        >>> model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(4, 2))
        >>> {name: len(parameters) for name, parameters in layer_groups(model).items()}
        {'0': 4, '4': 2}
    """
    groups: dict[str, list[nn.Parameter]]
    if callable(own_groups := getattr(model, "layer_groups", None)):
        groups = {name: list(parameters) for name, parameters in own_groups().items()}
        named, own = (sorted(map(id, some)) for some in (chain(*groups.values()), model.parameters()))
        if named != own:
            raise refuse("layer_groups()", f"{len(named)} parameters", f"each of the model's {len(own)} once")
        return groups
    groups, seen = {}, set()
    for name, module in model.named_modules():
        fresh = [parameter for parameter in module.parameters(recurse=False) if id(parameter) not in seen]
        seen |= {id(parameter) for parameter in fresh}
        if fresh and groups and all(parameter.ndim < 2 for parameter in fresh):
            groups[next(reversed(groups))] += fresh
        elif fresh:
            groups[name] = fresh
    return groups


def param_groups(
    model: nn.Module, learning_rate: float, *, layer_decay: float = 1.0, weight_decay: float = 0.0
) -> list[dict[str, Any]]:
    r"""Return the trainable parameters as groups for a ``torch.optim`` optimizer, each exactly once.

    .. math:: \eta_l = \eta\, \xi^{L - l}

    for layer :math:`l` of :math:`L`, which is the head. Weight decay is for matrices and kernels: vectors and numbers,
    that is biases and the parameters of normalizations, get none.

    Args:
        model: Its layers are those of :func:`layer_groups`; frozen parameters are left out.
        learning_rate: :math:`\eta`, of the head.
        layer_decay: :math:`\xi` in (0, 1]; at 1 all layers learn at the same rate.
        weight_decay: For tensors of two axes or more, not negative.

    Returns:
        Dictionaries with ``name``, ``params``, ``lr`` and ``weight_decay``, from the input to the head.

    Raises:
        ValueError: If a number is out of range, or no parameter requires a gradient.

    Example:
        >>> model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
        >>> for group in param_groups(model, 0.1, layer_decay=0.5, weight_decay=0.01):
        ...     print(group["name"], len(group["params"]), group["lr"], group["weight_decay"])
        0 1 0.05 0.01
        0 1 0.05 0.0
        2 1 0.1 0.01
        2 1 0.1 0.0

    Source: Howard and Ruder (2018), ULMFiT, section 3.2, discriminative fine-tuning (there 1 / 2.6 a layer).
    """
    learning_rate = check_finite("learning_rate", learning_rate, minimum=0.0)
    weight_decay = check_finite("weight_decay", weight_decay, minimum=0.0)
    if not 0 < check_finite("layer_decay", layer_decay) <= 1:
        raise refuse("layer_decay", layer_decay, "numbers in (0, 1]")
    groups, result = layer_groups(model), []
    for height, (name, parameters) in enumerate(reversed(groups.items())):
        trainable = [parameter for parameter in parameters if parameter.requires_grad]
        rate = learning_rate * layer_decay**height
        for decay, some in (
            (0.0, [p for p in trainable if p.ndim < 2]),
            (weight_decay, [p for p in trainable if p.ndim > 1]),
        ):
            if some:
                result.append({"name": name, "params": some, "lr": rate, "weight_decay": decay})
    if not result:
        raise refuse("model", "only frozen parameters", "models with at least one that requires a gradient")
    return result[::-1]
