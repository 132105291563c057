"""Stop parts of a model, so that nothing moves them, and let them go on."""

from collections.abc import Iterable
from functools import partial

from torch import nn

from ..errors import refuse
from .groups import layer_groups


def freeze(module: nn.Module) -> None:
    """Stop everything in ``module``: gradients, weight decay, momentum, and the statistics of normalizations.

    Its parameters require no gradient any more, and it stays in evaluation mode, dropout included, also when the
    model around it is put into training mode. So its output is a fixed function of its input, at once, also in the
    middle of training, and after the model was saved and loaded.

    Args:
        module: The part of a model that is to stay as it is.

    Example:
        >>> model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2))
        >>> freeze(model[:2])
        >>> [layer.training for layer in model.train()]
        [False, False, True, True]
    """
    _set_frozen(module.modules(), module.parameters())


def unfreeze(module: nn.Module) -> None:
    """Let everything in ``module`` be trained again; the next ``train()`` reaches it, until then its mode stays.

    Args:
        module: A part of a model, frozen or not.

    Example:
        >>> layer = nn.Linear(4, 8)
        >>> freeze(layer)
        >>> unfreeze(layer)
        >>> layer.weight.requires_grad
        True
    """
    for part in module.modules():
        vars(part).pop("train", None)
    for parameter in module.parameters():
        parameter.requires_grad_(True)


def freeze_to(model: nn.Module, name: str) -> None:
    """Freeze the layers from the input up to the one called ``name``, and unfreeze all that follow.

    Called with one layer less each time, it is gradual unfreezing.

    Args:
        model: Changed in place.
        name: A layer of the model as :func:`layer_groups` names it, or the beginning of several, such as "backbone".

    Raises:
        ValueError: If there is no such layer, or nothing would be left to train.

    Example:
        >>> model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2))
        >>> freeze_to(model, "0")
        >>> [parameter.requires_grad for parameter in model.parameters()]
        [False, False, False, False, True, True]

    Source: gradual unfreezing is of Howard and Ruder (2018), ULMFiT, section 3.3.
    """
    groups = layer_groups(model)
    inside = [index for index, group in enumerate(groups) if group == name or group.startswith(f"{name}.")]
    if not inside:
        raise refuse("name", name, ", ".join(groups))
    if inside[-1] == len(groups) - 1:
        raise refuse("name", f"{name!r}, which leaves nothing to train", ", ".join(list(groups)[:-1]))
    stopped = [parameter for group in list(groups)[: inside[-1] + 1] for parameter in groups[group]]
    unfreeze(model)
    _set_frozen(_modules_of(model, {id(parameter) for parameter in stopped}), stopped)


def _set_frozen(modules: Iterable[nn.Module], parameters: Iterable[nn.Parameter]) -> None:
    for module in modules:
        vars(module)["train"] = partial(_stay, module.eval())  # unlike a bound method it survives pickling
    for parameter in parameters:
        parameter.requires_grad_(False)
        parameter.grad = None  # an optimizer would go on with it: momentum and decay do not ask for a new one


def _stay(module: nn.Module, training: bool = True) -> nn.Module:
    """What ``train`` is for a frozen module: it stays as it is, and passes the mode on to what is inside."""
    for child in module.children():
        child.train(training)
    return module


def _modules_of(model: nn.Module, stopped: set[int]) -> list[nn.Module]:
    """The modules all of whose parameters are stopped; one without any goes with the layer in front of it."""
    found, with_previous = [], True
    for module in model.modules():
        own = {id(parameter) for parameter in module.parameters()}
        if own <= stopped if own else with_previous:
            found.append(module)
        if any(True for _ in module.parameters(recurse=False)):
            with_previous = own <= stopped
    return found
