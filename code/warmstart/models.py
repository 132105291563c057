"""The small networks that the chapters train: how they are built, and where their starting point is set.

A network here never draws torch's default initialization first. Its weights come from ``weight_init`` alone, so the
starting point is what the code says, and a given ``generator`` is the only source of randomness.
"""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from numbers import Integral

import torch
from torch import Tensor, nn
from torch.nn.utils import skip_init

from .activations import HOMOGENEOUS
from .errors import check_share, refuse
from .initializers import variance_scaling_, zeros_
from .scale import gain

ACTIVATIONS = {
    "linear": nn.Identity,
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
}


class Dropout(nn.Module):
    r"""Set each value to zero with probability ``p`` while training, and rescale the rest to keep the mean.

    .. math:: y_i = \frac{m_i}{1 - p} x_i, \qquad m_i \sim \mathrm{Bernoulli}(1 - p)

    ``torch.nn.Dropout`` draws its mask from the global random state; this one takes a generator.

    Args:
        p: Probability that a value is dropped, in [0, 1).
        generator: Source of the masks; ``None`` means torch's global one.

    Raises:
        ValueError: If ``p`` is not in [0, 1).

    Example:
        >>> drop = Dropout(0.5, generator=torch.Generator().manual_seed(0))
        >>> sorted(set(drop(torch.ones(100)).tolist()))
        [0.0, 2.0]
        >>> drop.eval()(torch.ones(3))
        tensor([1., 1., 1.])

    Source: Srivastava et al. (2014), section 4 (there the weights are rescaled at test time instead).
    """

    def __init__(self, p: float, *, generator: torch.Generator | None = None):
        """Keep ``p`` and the generator of the masks."""
        super().__init__()
        self.p = check_share("p", p)
        self.generator = generator

    def forward(self, inputs: Tensor) -> Tensor:
        """Return ``inputs`` with a fresh mask applied in training mode, unchanged in evaluation mode."""
        if not self.training or self.p == 0:
            return inputs
        return inputs * _Mask.apply(inputs.detach(), self.p, self.generator) / (1 - self.p)

    def extra_repr(self) -> str:
        """Return what stands between the brackets of the repr."""
        return f"p={self.p}"


class _Mask(torch.autograd.Function):
    """A dropout mask of ones and zeros; in a stack of models (``training.fit_many``) each draws from its generator."""

    @staticmethod
    def forward(like, p, generator):
        return torch.empty_like(like).bernoulli_(1 - p, generator=generator)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.mark_non_differentiable(output)

    @staticmethod
    def vmap(info, in_dims, like, p, generators):
        rows = like.movedim(in_dims[0], 0)
        return torch.stack([_Mask.forward(row, p, one) for row, one in zip(rows, generators, strict=True)]), 0


class MLP(nn.Module):
    r"""A multi-layer perceptron whose starting point is chosen by the caller.

    .. math:: z^{(l)} = W^{(l)} h^{(l-1)} + b^{(l)}, \qquad h^{(l)} = \varphi(z^{(l)}), \qquad h^{(0)} = x

    The last layer, the head, has no nonlinearity: its outputs are the logits.

    Args:
        widths: Units per layer from input to output, such as ``(784, 64, 64, 10)``.
        nonlinearity: One of linear, relu, leaky_relu, tanh, sigmoid.
        dropout: Probability of dropping a hidden unit, in [0, 1); 0 adds no dropout modules.
        bias: Whether the layers have biases.
        weight_init: Fills a weight of shape (units out, units in) in place and returns it. The default is a zero-mean
            Gaussian of variance gain^2 / fan_in (gain 1 for tanh and sigmoid), drawn from ``generator``.
        bias_init: The same for the biases.
        generator: Source of the default weights and of the dropout masks; ``None`` means torch's global one.
        device: Where the parameters are; ``None`` means torch's default device, such as that of ``with torch.device``.
        dtype: Their type; ``None`` means torch's default type.

    Attributes:
        backbone: ``nn.Sequential`` of linear layers, nonlinearities and, if asked for, dropout.
        head: The last ``nn.Linear``.

    Raises:
        ValueError: If a width, the nonlinearity or ``dropout`` is not allowed.
        TypeError: If an initializer does not return the tensor it was given.

    Example:
        >>> model = MLP((784, 64, 64, 10), generator=torch.Generator().manual_seed(0))
        >>> model(torch.zeros(5, 28, 28)).shape
        torch.Size([5, 10])
        >>> [tuple(layer.weight.shape) for layer in model.layers]
        [(64, 784), (64, 64), (10, 64)]
        >>> constant = MLP((4, 3, 2), weight_init=lambda weight: weight.fill_(0.5))
        >>> constant.layers[0].weight[0].tolist()
        [0.5, 0.5, 0.5, 0.5]

    Source: For the default with ReLU, He et al. (2015), equation 10.
    """

    def __init__(
        self,
        widths: Sequence[int],
        *,
        nonlinearity: str = "relu",
        dropout: float = 0.0,
        bias: bool = True,
        weight_init: Callable[[Tensor], Tensor] | None = None,
        bias_init: Callable[[Tensor], Tensor] = zeros_,
        generator: torch.Generator | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ):
        """Build the layers, then fill them from the first to the last."""
        super().__init__()
        widths = _checked_widths(widths)
        if nonlinearity not in ACTIVATIONS:
            raise refuse("nonlinearity", nonlinearity, ", ".join(ACTIVATIONS))
        check_share("dropout", dropout)
        place = {"device": torch.get_default_device() if device is None else device, "dtype": dtype}
        modules = []
        for fan_in, fan_out in pairwise(widths[:-1]):
            modules += [skip_init(nn.Linear, fan_in, fan_out, bias=bias, **place), ACTIVATIONS[nonlinearity]()]
            modules += [Dropout(dropout, generator=generator)] if dropout else []
        self.backbone = nn.Sequential(*modules)
        self.head = skip_init(nn.Linear, widths[-2], widths[-1], bias=bias, **place)
        self._initialize(weight_init or _default_weight_init(nonlinearity, generator), bias_init)

    @torch.no_grad()
    def _initialize(self, weight_init, bias_init):
        for layer in self.layers:
            for name, initializer in (("weight", weight_init), ("bias", bias_init)):
                tensor = getattr(layer, name)
                if tensor is not None and initializer(tensor) is not tensor:
                    allowed = "functions that fill the tensor they get and return it"
                    raise refuse(f"{name}_init", initializer, allowed, kind=TypeError)

    @property
    def layers(self) -> list[nn.Linear]:
        """The linear layers from input to output, the head included."""
        return [module for module in self.modules() if isinstance(module, nn.Linear)]

    def layer_groups(self) -> dict[str, list[nn.Parameter]]:
        """Return the parameters of each layer by the layer's name, from input to output."""
        named = self.named_modules()
        return {name: list(module.parameters()) for name, module in named if isinstance(module, nn.Linear)}

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the logits, shape (batch, widths[-1]), of inputs (batch, ...) flattened to (batch, widths[0])."""
        expected = self.layers[0].in_features
        if inputs.ndim < 2 or inputs.shape[1:].numel() != expected:
            raise refuse("inputs", tuple(inputs.shape), f"shapes (batch, ...) with {expected} values each")
        return self.head(self.backbone(inputs.flatten(1)))


def _checked_widths(widths):
    widths = tuple(widths)
    whole = all(isinstance(width, Integral) and width > 0 for width in widths)
    if len(widths) < 2 or not whole:
        raise refuse("widths", widths, "at least two positive whole numbers")
    return widths


def _default_weight_init(nonlinearity, generator):
    scale = gain(nonlinearity) ** 2 if nonlinearity in HOMOGENEOUS else 1.0
    return partial(variance_scaling_, scale=scale, generator=generator)
