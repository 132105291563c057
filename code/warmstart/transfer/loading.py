"""Take over what a model shares with a state, or only how large it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Generator, Tensor, nn

from ..errors import refuse


@dataclass(frozen=True)
class Loaded:
    """What :func:`load_matching` did with each entry of a state.

    Attributes:
        loaded: Names that model and state share, with the same shape and dtype: copied.
        missing: Names that the state lacks: these entries of the model keep their start.
        unexpected: Names that the model lacks.
        mismatched: For each shared name of other shape or dtype, what state and model have: not copied.

    Example:
        >>> Loaded(("0.weight",), missing=("0.bias",), unexpected=(), mismatched={"2.weight": "other shape"})
        Loaded: 1 loaded; missing: 0.bias; mismatched: 2.weight
    """

    loaded: tuple[str, ...]
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    mismatched: Mapping[str, str]

    def __repr__(self) -> str:
        """Return one line that names everything that was not loaded."""
        rest = ((kind, getattr(self, kind)) for kind in ("missing", "unexpected", "mismatched"))
        return "; ".join(
            [f"Loaded: {len(self.loaded)} loaded", *(f"{kind}: {', '.join(names)}" for kind, names in rest if names)]
        )


@torch.no_grad()
def load_matching(model: nn.Module, state: nn.Module | Mapping[str, Tensor]) -> Loaded:
    """Copy into ``model`` what it shares with ``state``: the entries of the same name, shape and dtype.

    Parameters and buffers alike. Either all that matches is copied, or the model stays as it was: ``load_state_dict``
    with ``strict=False`` raises at another shape and has copied half by then.

    Args:
        model: Gets the values in place.
        state: A model, or a dictionary of tensors as ``state_dict()`` returns it.

    Returns:
        What was loaded, and what was not.

    Raises:
        ValueError: If nothing matches, or a matching tensor has no storage or holds a value that is not finite.
        TypeError: If the state holds something that is no tensor, such as a checkpoint with the weights one level down.

    Example:
        >>> source, target = nn.Linear(3, 2), nn.Linear(3, 2, bias=False)
        >>> load_matching(target, source)
        Loaded: 1 loaded; unexpected: bias
        >>> bool((target.weight == source.weight).all())
        True

    Source: ``torch.nn.Module.load_state_dict``, from which it differs as said.
    """
    given = state.state_dict() if isinstance(state, nn.Module) else state
    others = {name: type(value).__name__ for name, value in given.items() if not isinstance(value, Tensor)}
    if others:
        raise refuse("state", others, "tensors by their names (often one level down, in 'state_dict')", kind=TypeError)
    own = model.state_dict()
    kinds = {name: (_kind(given[name]), _kind(own[name])) for name in own if name in given}
    matching = tuple(name for name, (received, expected) in kinds.items() if received == expected)
    different = {name: f"{a}; the model has {b}" for name, (a, b) in kinds.items() if a != b}
    missing, unexpected = (
        tuple(name for name in one if name not in other) for one, other in ((own, given), (given, own))
    )
    if not matching:
        raise refuse(
            "state", different or sorted(given)[:5], f"at least one entry of the model, such as {sorted(own)[:5]}"
        )
    for side, tensors in (("model", own), ("state", given)):
        if empty := [name for name in matching if tensors[name].is_meta]:
            raise refuse(side, f"no content in {empty[:5]}", "tensors with content, not on the meta device")
    if broken := [name for name in matching if not given[name].isfinite().all()]:
        raise refuse("state", f"values that are not finite in {broken}", "finite values")
    for name in matching:
        own[name].copy_(given[name])
    return Loaded(matching, missing, unexpected, different)


@torch.no_grad()
def resample_weights(
    model: nn.Module, how: Literal["normal", "shuffle"] = "normal", *, generator: Generator | None = None
) -> None:
    r"""Keep the scale of the weights and forget what they know: a control for what the features are worth.

    Each parameter gets new values by itself: ``"normal"`` draws them from a Gaussian with the mean and the standard
    deviation of its own values, ``"shuffle"`` puts its own values into a random order. Buffers, such as the running
    statistics of normalizations, stay.

    Args:
        model: Changed in place.
        how: One of ``"normal"`` and ``"shuffle"``.
        generator: Source of the values or the order, on the device of the model; ``None`` means torch's global one.

    Raises:
        ValueError: If ``how`` is another word, or a parameter is not finite.

    Example:
        >>> model = nn.Linear(3, 2)
        >>> before = model.weight.flatten().sort().values
        >>> resample_weights(model, "shuffle", generator=torch.Generator().manual_seed(0))
        >>> bool((model.weight.flatten().sort().values == before).all())
        True

    Source: Raghu et al. (2019), Transfusion: understanding transfer learning for medical imaging, for the Gaussian.
    """
    if how not in ("normal", "shuffle"):
        raise refuse("how", how, "normal, shuffle")
    if broken := [name for name, parameter in model.named_parameters() if not parameter.isfinite().all()]:
        raise refuse("model", f"values that are not finite in {broken}", "finite values")
    for parameter in model.parameters():
        values = parameter.flatten()
        if how == "shuffle":
            new = values[torch.randperm(len(values), generator=generator, device=values.device)]
        else:
            drawn = torch.empty_like(values).normal_(generator=generator)
            new = values.mean() + values.std(correction=0) * drawn
        parameter.copy_(new.view_as(parameter))


def _kind(tensor: Tensor) -> str:
    return f"{tuple(tensor.shape)} {tensor.dtype}"
