"""Low-rank adaptation: leave the weights as they are, and train a product of two thin matrices beside each."""

from collections.abc import Callable, Sequence

import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import linear
from torch.nn.parameter import is_lazy

from .._calls import check_generator
from ..errors import check_count, check_finite, refuse
from ..initializers import lecun_normal_, zeros_
from .heads import swap_module


class LoRALinear(nn.Module):
    r"""A linear layer whose weight is a frozen one plus a trained product of rank r.

    .. math:: h = (W + s B A)\, x + b, \qquad A \in \mathbb R^{r \times \text{fan\_in}}, \;
        B \in \mathbb R^{\text{fan\_out} \times r}

    With B = 0 the layer answers as before, and only B has a gradient in the first step; A has one as soon as B is no
    longer 0. With A = 0 as well no gradient is left: the start is an initialization question.

    Where a layer is read and not called, as in attention, ``weight`` is W + s B A, with its gradient.

    Args:
        layer: The layer to adapt; its weight and bias are frozen, and shared with this one.
        rank: r, from 1 to the smaller side of the weight.
        scale: s.
        A_init: Fills A in place and returns it; ``None`` means a Gaussian of variance 1 / fan_in.
        B_init: The same for B; ``None`` means zero.
        generator: Source of the default A.

    Raises:
        ValueError: If the rank or the scale is not allowed, or the layer is no linear one.

    Example:
        >>> layer, x = nn.Linear(4, 3), torch.ones(1, 4)
        >>> adapted = LoRALinear(layer, 2)
        >>> bool((adapted(x) == layer(x)).all()), sum(p.numel() for p in adapted.parameters() if p.requires_grad)
        (True, 14)

    Source: Hu et al. (2022), LoRA: low-rank adaptation of large language models, section 4.1 (there s is alpha / r).
    """

    def __init__(
        self,
        layer: nn.Linear,
        rank: int,
        *,
        scale: float = 1.0,
        A_init: Callable[[Tensor], Tensor] | None = None,
        B_init: Callable[[Tensor], Tensor] | None = None,
        generator: Generator | None = None,
    ):
        """Freeze the layer and add the two matrices."""
        super().__init__()
        if not isinstance(layer, nn.Linear):
            raise refuse("layer", type(layer).__name__, "linear layers")
        check_generator(generator)
        self.scale = check_finite("scale", scale)
        rank = check_count("rank", rank, maximum=min(layer.weight.shape))
        self.layer = layer.requires_grad_(False)
        self.A = nn.Parameter(layer.weight.new_empty(rank, layer.in_features))
        self.B = nn.Parameter(layer.weight.new_empty(layer.out_features, rank))
        with torch.no_grad():
            lecun_normal_(self.A, generator=generator) if A_init is None else A_init(self.A)
            (B_init or zeros_)(self.B)

    @property
    def weight(self) -> Tensor:
        """W + s B A, for code that reads the weight of a layer instead of calling the layer."""
        return self.layer.weight + self.scale * self.B @ self.A

    @property
    def bias(self) -> Tensor | None:
        """The bias of the layer."""
        return self.layer.bias

    @property
    def in_features(self) -> int:
        """Columns of the weight."""
        return self.layer.in_features

    @property
    def out_features(self) -> int:
        """Rows of the weight."""
        return self.layer.out_features

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the answer of the frozen layer plus that of the product, without forming the product."""
        return self.layer(inputs) + self.scale * linear(linear(inputs, self.A), self.B)

    @torch.no_grad()
    def merged(self) -> nn.Linear:
        """Return an ordinary layer with the weight W + s B A, which answers the same to rounding."""
        like = {"bias": self.bias is not None, "device": self.A.device, "dtype": self.A.dtype}
        plain = nn.utils.skip_init(nn.Linear, self.in_features, self.out_features, **like)
        plain.weight.copy_(self.weight)
        if self.bias is not None:
            plain.bias.copy_(self.bias)
        return plain.train(self.training)


def add_lora(
    model: nn.Module,
    rank: int,
    *,
    names: Sequence[str] | None = None,
    scale: float = 1.0,
    generator: Generator | None = None,
) -> int:
    """Put a :class:`LoRALinear` in place of linear layers, and freeze everything else but the head.

    Args:
        model: Changed in place.
        rank: Of every adapted layer.
        names: The linear layers to adapt, by name; ``None`` means all but the last, which is taken for the head and
            stays as it is, trained as a whole.
        scale: As in :class:`LoRALinear`.
        generator: Likewise.

    Returns:
        How many numbers are trained now.

    Raises:
        ValueError: If a name is none of a linear layer, none is left, or the rank is too large for one. The model is
            then as it was.

    Example:
        >>> model = nn.Sequential(nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 2))
        >>> add_lora(model, 1)
        28
        >>> [name for name, p in model.named_parameters() if p.requires_grad]
        ['0.A', '0.B', '2.weight', '2.bias']

    Source: as for :class:`LoRALinear`.
    """
    linears = {name: part for name, part in model.named_modules() if isinstance(part, nn.Linear)}
    chosen = list(linears)[:-1] if names is None else list(names)
    if wrong := [name for name in chosen if name not in linears] or not chosen:
        raise refuse("names", wrong if chosen else chosen, ", ".join(linears) or "models with linear layers")
    for name in chosen:
        if is_lazy(linears[name].weight):
            raise refuse("model", f"{name}, whose size is not known", "linear layers with a size: call the model once")
    check_count("rank", rank, maximum=min(min(linears[name].weight.shape) for name in chosen))
    check_finite("scale", scale)
    check_generator(generator)
    model.requires_grad_(False)
    if names is None:
        list(linears.values())[-1].requires_grad_(True)
    for name in chosen:
        swap_module(model, linears[name], LoRALinear(linears[name], rank, scale=scale, generator=generator))
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


def merge_lora(model: nn.Module) -> int:
    """Put an ordinary linear layer with the merged weight in place of each :class:`LoRALinear`.

    Args:
        model: Changed in place; its answers change by rounding only. The parameters of the merged layers are trained
            from then on; whether others are stays as it was.

    Returns:
        The number of layers that were merged.

    Raises:
        ValueError: If there is none.

    Example:
        >>> model = nn.Sequential(nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 2))
        >>> _ = add_lora(model, 1)
        >>> merge_lora(model), model[0]
        (1, Linear(in_features=8, out_features=6, bias=True))
    """
    adapted = {name: part for name, part in model.named_modules() if isinstance(part, LoRALinear)}
    if not adapted or "" in adapted:
        raise refuse("model", type(model).__name__, "models that hold a LoRALinear")
    for part in reversed(adapted.values()):  # an adapter inside of another one first
        swap_module(model, part, part.merged())
    return len(adapted)
