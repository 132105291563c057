"""How each kind of module starts: one function a kind, in one table.

A rule yields for each parameter that it knows the entry of the report and what fills the tensor; it draws nothing
itself. So the same rule tells what will be filled, with what, and fills it.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

from torch import Generator, Tensor, nn

from ..errors import refuse
from ..initializers import TRUNCATED_STD, Distribution, normal_, orthogonal_, trunc_normal_, uniform_
from .report import Entry
from .trace import LINEAR, Nonlinearity

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
LAYERS = (nn.Linear, *CONVOLUTIONS, *TRANSPOSED)
NORMALIZATIONS = (nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm)
EMBEDDINGS = (nn.Embedding, nn.EmbeddingBag)
GATES = {nn.RNN: 1, nn.LSTM: 4, nn.GRU: 3, nn.RNNCell: 1, nn.LSTMCell: 4, nn.GRUCell: 3}
#: Which fan a scheme takes, and whether it makes up for the nonlinearity.
Scheme = Literal["he", "lecun", "xavier", "orthogonal"]
SCHEMES: dict[Scheme, tuple[str, bool]] = {
    "he": ("fan_in", True),
    "lecun": ("fan_in", False),
    "xavier": ("fan_avg", False),
    "orthogonal": ("fan_in", True),
}
Part = tuple[str, Entry, Callable[[Tensor], object]]


@dataclass(frozen=True)
class Start:
    """The choices of one call: which scheme, which law, which source of randomness."""

    scheme: Scheme = "he"
    distribution: Distribution = "normal"
    generator: Generator | None = None

    def entry(self, fans: tuple[float, float], nonlinearity: Nonlinearity) -> Entry:
        """Deviation and description for the scheme, from the true fans."""
        kind, makes_up = SCHEMES[self.scheme]
        fan = sum(fans) / 2 if kind == "fan_avg" else fans[0]
        gain = nonlinearity.gain if makes_up else 1.0
        law = "" if self.scheme == "orthogonal" else f", {self.distribution}"
        return Entry("", (), self.scheme + law, nonlinearity.name, fan, gain, gain / math.sqrt(fan))

    def draw(self, tensor: Tensor, std: float) -> Tensor:
        """One matrix of the scheme, with rows that are units."""
        if self.scheme == "orthogonal":
            return orthogonal_(tensor, std * math.sqrt(max(tensor.flatten(1).shape)), self.generator)
        if self.distribution == "uniform":
            return uniform_(tensor, -math.sqrt(3) * std, math.sqrt(3) * std, self.generator)
        if self.distribution == "truncated_normal":
            wide = std / TRUNCATED_STD
            return trunc_normal_(tensor, 0.0, wide, -2 * wide, 2 * wide, self.generator)
        return normal_(tensor, 0.0, std, self.generator)

    def drawn(self, key: str, entry: Entry) -> Part:
        """A weight that is one matrix of the scheme."""
        return key, entry, lambda tensor: self.draw(tensor, _std(entry))


def zeros(key: str) -> Part:
    """A bias."""
    return key, Entry("", (), "zeros", std=0.0), lambda tensor: tensor.fill_(0.0)


def layer(module: nn.Module, start: Start, nonlinearity: Nonlinearity) -> Iterator[Part]:
    """A dense or convolutional layer: the scheme, and a bias of 0."""
    yield start.drawn("weight", start.entry(true_fans(module), nonlinearity))
    yield zeros("bias")


def normalization(module: nn.Module, start: Start, nonlinearity: Nonlinearity) -> Iterator[Part]:
    """Scale 1, shift 0; the running statistics are reset by the module's own method."""
    yield "weight", Entry("", (), "ones", std=0.0), lambda tensor: tensor.fill_(1.0)
    yield zeros("bias")


def embedding(module: nn.Embedding | nn.EmbeddingBag, start: Start, nonlinearity: Nonlinearity) -> Iterator[Part]:
    """Entries of variance 1; the row of the padding stays 0."""

    def fill(tensor: Tensor) -> None:
        normal_(tensor, 0.0, 1.0, start.generator)
        if module.padding_idx is not None:
            tensor[module.padding_idx] = 0.0

    yield "weight", Entry("", (), "standard normal", std=1.0), fill


def attention(module: nn.Module, start: Start, nonlinearity: Nonlinearity) -> Iterator[Part]:
    """Each projection for itself; nothing nonlinear follows them."""
    for key in ("in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight"):
        if (weight := module._parameters.get(key)) is not None:
            blocks = 3 if key == "in_proj_weight" else 1
            entry = start.entry((weight.shape[1], len(weight) // blocks), LINEAR)
            yield key, entry, _by_block(blocks, partial(start.draw, std=_std(entry)))
    for key in ("in_proj_bias", "bias_k", "bias_v"):
        yield zeros(key)


def recurrent(module: nn.Module, start: Start, nonlinearity: Nonlinearity) -> Iterator[Part]:
    """Inputs with variance 1 / fan_in, orthogonal recurrent matrices, biases 0, the forget gate open."""
    gates = next(count for kind, count in GATES.items() if isinstance(module, kind))
    inputs, orthogonal = Start("lecun", "normal", start.generator), Entry("", (), "orthogonal, each gate", gain=1.0)
    for key, weight in module.named_parameters(recurse=False):
        if key.startswith(("weight_ih", "weight_hr")):
            entry = inputs.entry((weight.shape[1], len(weight)), LINEAR)
            yield inputs.drawn(key, replace(entry, nonlinearity=None))
        elif key.startswith("weight_hh"):
            products = weight.shape[1]
            std = 1 / math.sqrt(max(len(weight) // gates, products))
            fill = _by_block(gates, lambda part: orthogonal_(part, 1.0, start.generator))
            yield key, replace(orthogonal, fan=products, std=std), fill
        elif gates == 4 and key.startswith("bias_ih"):
            entry = Entry("", (), "zeros, forget gate 1", std=0.0)
            yield key, entry, lambda tensor: tensor.zero_().chunk(4)[1].fill_(1.0)
        else:
            yield zeros(key)


def _std(entry: Entry) -> float:
    """The deviation of an entry that has one, as those of a scheme do."""
    if entry.std is None:
        raise refuse("entry", entry.rule, "rules with a deviation")
    return entry.std


def _by_block(blocks: int, fill: Callable[[Tensor], object]) -> Callable[[Tensor], object]:
    """Fill each of the blocks of rows for itself."""
    return lambda tensor: [fill(part) for part in tensor.chunk(blocks)]


Rule = Callable[[Any, Start, Nonlinearity], Iterator[Part]]
RULES: dict[tuple[type, ...], Rule] = {
    LAYERS: layer,
    NORMALIZATIONS: normalization,
    tuple(GATES): recurrent,
    (nn.MultiheadAttention,): attention,
    EMBEDDINGS: embedding,
}


def rule_of(module: nn.Module) -> Rule | None:
    """The rule for the kind of a module, subclasses included, or None."""
    return next((rule for kinds, rule in RULES.items() if isinstance(module, kinds)), None)


def true_fans(layer: nn.Module) -> tuple[float, float]:
    r"""Return how many products a unit of this layer sums, and how many units one of its inputs feeds, as a mean.

    .. math:: \text{fan\_in} = \frac{c\, k}{G}, \; \text{fan\_out} = \frac{c' k}{G s}
              \quad\text{or, transposed,}\quad
              \text{fan\_in} = \frac{c\, k}{G s}, \; \text{fan\_out} = \frac{c' k}{G}

    Args:
        layer: Dense, convolutional or transposed; with c channels in, c' out, G groups, and the products k of the
            kernel's sizes and s of the strides.

    Raises:
        ValueError: If the layer is of another kind.

    Example:
        >>> true_fans(nn.ConvTranspose2d(32, 16, 4, stride=2))
        (128.0, 256.0)
        >>> true_fans(nn.Conv2d(32, 32, 3, groups=32))
        (9.0, 9.0)
    """
    if isinstance(layer, nn.Linear):
        return float(layer.in_features), float(layer.out_features)
    if not isinstance(layer, CONVOLUTIONS + TRANSPOSED):
        raise refuse("layer", type(layer).__name__, "Linear, convolutions and transposed convolutions")
    products = math.prod(layer.kernel_size) / layer.groups
    fans, stride = [layer.in_channels * products, layer.out_channels * products], math.prod(layer.stride)
    fans[0 if isinstance(layer, TRANSPOSED) else 1] /= stride
    return fans[0], fans[1]
