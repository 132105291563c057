"""Find a module of a model and put another one in its place: a head, an input, a layer beside an adapter."""

from torch import nn

from ..errors import check_count, refuse


def replace_head(model: nn.Module, head: int | nn.Module, *, name: str | None = None) -> nn.Module:
    r"""Put a new head in place of the old one, and return it.

    A linear head starts at zero: then the first answers prefer no class, and the first update of everything below it
    is zero as well,

    .. math:: \frac{\partial L}{\partial h} = W^\top \frac{\partial L}{\partial z} = 0 \quad \text{for } W = 0,

    and no noise of the head remains in the answers: training does not forget all of a random start.

    Args:
        model: Changed in place.
        head: The number of classes, for a linear head with zero weights and biases on the device and in the dtype of
            the old one; or a module that takes what the old head took, such as a small ``MLP``.
        name: Name of the old head among ``model.named_modules()``; ``None`` means the last layer that has parameters.

    Returns:
        The new head, which is in the model now.

    Raises:
        ValueError: If there is no such module, its inputs cannot be counted, or the new head expects another number.

    Example:
        >>> import torch
        >>> model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 10))
        >>> replace_head(model, 3)
        Linear(in_features=8, out_features=3, bias=True)
        >>> model(torch.ones(1, 4))
        tensor([[0., 0., 0.]], grad_fn=<AddmmBackward0>)

    Source: the published code of Kolesnikov et al. (2020), Big Transfer, starts new heads at zero.
    """
    name, old = find_module(model, name)
    if not name:
        raise refuse("name", "'', the model itself", "a part of the model")
    width = _width(old)
    if width is None:
        raise refuse("name", f"{name!r}, a {type(old).__name__}", "a head that begins with a linear layer")
    if isinstance(head, nn.Module):
        if _width(head) != width:
            raise refuse("head", f"{head!r} for {_width(head)} features", f"modules for the {width} of the old head")
    else:
        like = next(old.parameters())
        head = nn.utils.skip_init(nn.Linear, width, check_count("head", head), device=like.device, dtype=like.dtype)
        nn.init.zeros_(head.weight), nn.init.zeros_(head.bias)
    swap_module(model, old, head)
    return head


def find_module(model: nn.Module, name: str | None, *, last: bool = True) -> tuple[str, nn.Module]:
    """The module of a name; without one the last with parameters of its own, which is the head, or the first."""
    modules = dict(model.named_modules())
    if name is None:
        own = [key for key, module in modules.items() if next(module.parameters(recurse=False), None) is not None]
        if not own:
            raise refuse("model", type(model).__name__, "models with parameters")
        name = own[-1 if last else 0]
    if name not in modules:
        raise refuse("name", name, ", ".join(filter(None, modules)))
    return name, modules[name]


def swap_module(model: nn.Module, old: nn.Module, new: nn.Module) -> None:
    """Put a module in place of another one, wherever the model holds that, and into its mode."""
    new.train(old.training)
    places = [(parent, key) for parent in model.modules() for key, child in parent._modules.items() if child is old]
    for parent, key in places:
        setattr(parent, key, new)


def _width(module: nn.Module) -> int | None:
    """How many features a head takes: what its first linear layer takes."""
    return next((part.in_features for part in module.modules() if isinstance(part, nn.Linear)), None)
