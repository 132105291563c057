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
from torch.nn.functional import adaptive_avg_pool2d
from torch.nn.utils import skip_init

from .activations import HOMOGENEOUS
from .errors import check_count, check_fraction, refuse
from .initializers import variance_scaling_, zeros_
from .scale import gain

ACTIVATIONS = {
    "linear": nn.Identity,
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
}
LAYERS = (nn.Linear, nn.Conv2d)
PADDINGS = ("zeros", "circular")


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
        self.p = check_fraction("p", p)
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
        mask = torch.empty(like.shape, dtype=like.dtype, device=like.device)  # whatever the order in memory
        return mask.bernoulli_(1 - p, generator=generator)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.mark_non_differentiable(output)

    @staticmethod
    def vmap(info, in_dims, like, p, generators):
        rows = like.movedim(in_dims[0], 0)
        return torch.stack([_Mask.forward(row, p, one) for row, one in zip(rows, generators, strict=True)]), 0


class Network(nn.Module):
    """What the networks below share: ``backbone`` and ``head``, their layers, and the start that fills them.

    Example:
        >>> [len(list(network.children())) for network in (MLP((3, 4, 2)), CNN((1, 4), 2))]
        [2, 2]
    """

    backbone: nn.Module
    head: nn.Linear

    @torch.no_grad()
    def _initialize(self, nonlinearity, weight_init, bias_init, generator):
        scale = gain(nonlinearity) ** 2 if nonlinearity in HOMOGENEOUS else 1.0
        weight_init = weight_init or partial(variance_scaling_, scale=scale, generator=generator)
        for layer in self.layers:
            for name, initializer in (("weight", weight_init), ("bias", bias_init)):
                tensor = getattr(layer, name)
                if tensor is not None and initializer(tensor) is not tensor:
                    allowed = "functions that fill the tensor they get and return it"
                    raise refuse(f"{name}_init", initializer, allowed, kind=TypeError)

    @property
    def layers(self) -> list[nn.Linear | nn.Conv2d]:
        """The linear and convolutional layers in the order of the model, the head included and last."""
        return [module for module in self.modules() if isinstance(module, LAYERS)]


class MLP(Network):
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
        widths = _checked_sizes("widths", widths)
        check_fraction("dropout", dropout)
        activation, place = _checked_activation(nonlinearity), _place(device, dtype)
        modules = []
        for fan_in, fan_out in pairwise(widths[:-1]):
            modules += [skip_init(nn.Linear, fan_in, fan_out, bias=bias, **place), activation()]
            modules += [Dropout(dropout, generator=generator)] if dropout else []
        self.backbone = nn.Sequential(*modules)
        self.head = skip_init(nn.Linear, widths[-2], widths[-1], bias=bias, **place)
        self._initialize(nonlinearity, weight_init, bias_init, generator)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the logits, shape (batch, widths[-1]), of inputs (batch, ...) flattened to (batch, widths[0])."""
        expected = self.layers[0].in_features
        if inputs.ndim < 2 or inputs.shape[1:].numel() != expected:
            raise refuse("inputs", tuple(inputs.shape), f"shapes (batch, ...) with {expected} values each")
        return self.head(self.backbone(inputs.flatten(1)))


class _OfImages(Network):
    """A network whose head reads means of the backbone over the cells of a grid, by default over all positions."""

    grid = 1

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the logits, shape (batch, classes), of images (batch, channels[0], height, width)."""
        expected = self.layers[0].in_channels
        if inputs.ndim != 4 or inputs.shape[1] != expected:
            raise refuse("inputs", tuple(inputs.shape), f"shapes (batch, {expected}, height, width)")
        maps = self.backbone(inputs)
        return self.head(maps.mean(dim=(2, 3)) if self.grid == 1 else adaptive_avg_pool2d(maps, self.grid).flatten(1))


class CNN(_OfImages):
    r"""A plain convolutional network: convolutions, a mean over positions, and a linear head.

    Args:
        channels: From the image to the last convolution, such as ``(1, 16, 16, 32)``.
        classes: Number of logits.
        kernel: Side of every kernel, odd, so that stride 1 keeps the size of the image.
        strides: One number, or one a convolution.
        padding_mode: "zeros" or "circular", as in ``torch.nn.Conv2d``; with the second no position lies at a border.
        grid: The head reads the mean of each channel in each of grid x grid cells; 1 means one mean over all positions.
        norm: Makes the normalization behind each convolution from its channels, such as ``nn.BatchNorm2d``.
        nonlinearity: As in :class:`MLP`, like the arguments that are not named here.
        bias: Whether convolutions and head have biases.
        weight_init: Fills a weight of shape (out, in, kernel, kernel), or (classes, in) of the head, and returns it.
        bias_init: The same for the biases.
        generator: Source of the default weights.
        device: Where the parameters are.
        dtype: Their type.

    Attributes:
        backbone: ``nn.Sequential`` of convolutions, normalizations and nonlinearities.
        head: ``nn.Linear`` from the last channels, times the cells, to the classes.

    Raises:
        ValueError: If a size, a stride or a name is not allowed.
        TypeError: If an initializer does not return the tensor it was given.

    Example:
        >>> model = CNN((1, 8, 16), 10, strides=(1, 2), generator=torch.Generator().manual_seed(0))
        >>> model(torch.zeros(5, 1, 28, 28)).shape, model.backbone(torch.zeros(5, 1, 28, 28)).shape
        (torch.Size([5, 10]), torch.Size([5, 16, 14, 14]))
    """

    def __init__(
        self,
        channels: Sequence[int],
        classes: int,
        *,
        kernel: int = 3,
        strides: int | Sequence[int] = 1,
        padding_mode: str = "zeros",
        grid: int = 1,
        norm: Callable[[int], nn.Module] | None = None,
        nonlinearity: str = "relu",
        bias: bool = True,
        weight_init: Callable[[Tensor], Tensor] | None = None,
        bias_init: Callable[[Tensor], Tensor] = zeros_,
        generator: torch.Generator | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ):
        """Build the layers, then fill them from the first to the last."""
        super().__init__()
        channels, classes = _checked_sizes("channels", channels), check_count("classes", classes)
        if padding_mode not in PADDINGS:
            raise refuse("padding_mode", padding_mode, ", ".join(PADDINGS))
        if check_count("kernel", kernel) % 2 == 0:
            raise refuse("kernel", kernel, "odd numbers")
        strides = (strides,) * (len(channels) - 1) if isinstance(strides, Integral) else tuple(strides)
        if len(strides) != len(channels) - 1:
            raise refuse("strides", strides, f"one number, or {len(channels) - 1}, one a convolution")
        activation, place = _checked_activation(nonlinearity), _place(device, dtype)
        how = {"padding": kernel // 2, "padding_mode": padding_mode, "bias": bias, **place}
        modules = []
        for (before, after), stride in zip(pairwise(channels), strides, strict=True):
            stride = check_count("strides", stride)
            modules.append(skip_init(nn.Conv2d, before, after, kernel, stride=stride, **how))
            modules += [norm(after).to(**place)] if norm else []
            modules.append(activation())
        self.backbone, self.grid = nn.Sequential(*modules), check_count("grid", grid)
        self.head = skip_init(nn.Linear, channels[-1] * self.grid**2, classes, bias=bias, **place)
        self._initialize(nonlinearity, weight_init, bias_init, generator)


class ResidualNet(_OfImages):
    r"""A residual network: each block adds to its input what two convolutions make of it.

    .. math:: h' = h + W_2 * \varphi\big(W_1 * \varphi(h)\big)

    Every stage but the first begins with a block of stride 2, whose shortcut is a convolution with kernel 1.

    Args:
        channels: Of the image, then of each stage, such as ``(1, 16, 32)``.
        classes: Number of logits.
        blocks: Residual blocks of each stage.
        norm: Makes a normalization in front of each nonlinearity from its channels, such as ``nn.BatchNorm2d``.
        nonlinearity: As in :class:`CNN`, like the arguments that are not named here.
        bias: Whether convolutions and head have biases.
        weight_init: Fills a weight in place and returns it.
        bias_init: The same for the biases.
        generator: Source of the default weights.
        device: Where the parameters are.
        dtype: Their type.

    Attributes:
        backbone: ``nn.Sequential`` of the first convolution, the blocks and the last nonlinearity.
        head: ``nn.Linear`` from the last channels to the classes.

    Raises:
        ValueError: If a size or a name is not allowed.
        TypeError: If an initializer does not return the tensor it was given.

    Source: He et al. (2016), Identity mappings in deep residual networks, figure 1 (b).

    Example:
        >>> model = ResidualNet((1, 8, 16), 10, blocks=2, generator=torch.Generator().manual_seed(0))
        >>> model(torch.zeros(5, 1, 28, 28)).shape, len(model.layers)
        (torch.Size([5, 10]), 11)
    """

    def __init__(
        self,
        channels: Sequence[int],
        classes: int,
        *,
        blocks: int = 1,
        norm: Callable[[int], nn.Module] | None = None,
        nonlinearity: str = "relu",
        bias: bool = True,
        weight_init: Callable[[Tensor], Tensor] | None = None,
        bias_init: Callable[[Tensor], Tensor] = zeros_,
        generator: torch.Generator | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ):
        """Build the blocks, then fill them from the first to the last."""
        super().__init__()
        channels, classes = _checked_sizes("channels", channels), check_count("classes", classes)
        activation, place = _checked_activation(nonlinearity), _place(device, dtype)

        def conv(before, after, kernel=3, stride=1):
            padding = {"padding": kernel // 2, "bias": bias, **place}
            return skip_init(nn.Conv2d, before, after, kernel, stride=stride, **padding)

        def activated(width):
            return [norm(width).to(**place), activation()] if norm else [activation()]

        modules = [conv(channels[0], channels[1])]
        for stage, (before, after) in enumerate(zip(channels[1:2] + channels[1:], channels[1:], strict=False)):
            for block in range(check_count("blocks", blocks)):
                width, stride = (before, 2) if stage and not block else (after, 1)
                branch = [*activated(width), conv(width, after, stride=stride), *activated(after), conv(after, after)]
                shortcut = conv(width, after, kernel=1, stride=2) if stride == 2 else nn.Identity()
                modules.append(Residual(nn.Sequential(*branch), shortcut))
        self.backbone = nn.Sequential(*modules, *activated(channels[-1]))
        self.head = skip_init(nn.Linear, channels[-1], classes, bias=bias, **place)
        self._initialize(nonlinearity, weight_init, bias_init, generator)


class Residual(nn.Module):
    """The sum of a branch and a shortcut.

    Example:
        >>> Residual(nn.ReLU(), nn.Identity())(torch.tensor([1.0, -1.0]))
        tensor([ 2., -1.])
    """

    def __init__(self, branch: nn.Module, shortcut: nn.Module):
        """Keep both."""
        super().__init__()
        self.branch, self.shortcut = branch, shortcut

    def forward(self, inputs: Tensor) -> Tensor:
        """Return ``shortcut(inputs) + branch(inputs)``."""
        return self.shortcut(inputs) + self.branch(inputs)


def _checked_sizes(name, sizes):
    sizes = tuple(sizes)
    if len(sizes) < 2 or not all(isinstance(size, Integral) and size > 0 for size in sizes):
        raise refuse(name, sizes, "at least two positive whole numbers")
    return sizes


def _checked_activation(nonlinearity):
    if nonlinearity not in ACTIVATIONS:
        raise refuse("nonlinearity", nonlinearity, ", ".join(ACTIVATIONS))
    return ACTIVATIONS[nonlinearity]


def _place(device, dtype):
    return {"device": torch.empty(0).device if device is None else device, "dtype": dtype}
