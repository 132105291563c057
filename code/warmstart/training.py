"""Training and evaluation, nothing clever: minibatches, cross entropy, a torch optimizer."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

OPTIMIZERS = ("sgd", "adam")


@dataclass(frozen=True, eq=False)
class History:
    """What happened while a network was trained.

    Attributes:
        losses: Mean cross entropy in nats of each minibatch, measured before its update, shape (steps,).
        steps_per_epoch: Minibatches per pass over the data.
        diverged: Whether training stopped early because the last loss is not finite.

    Example:
        >>> history = History(np.array([2.0, 1.0, 0.8, 0.6]), steps_per_epoch=2)
        >>> history.steps, history.epoch_losses.round(2)
        (4, array([1.5, 0.7]))
        >>> history
        History: 4 steps, loss 2 -> 0.6

    Chapter: 02
    """

    losses: np.ndarray
    steps_per_epoch: int
    diverged: bool = False

    @property
    def steps(self) -> int:
        """Number of minibatches seen; if training diverged, the last of them made no update."""
        return len(self.losses)

    @property
    def epoch_losses(self) -> np.ndarray:
        """Mean loss of each epoch; the last one may be incomplete if training diverged."""
        starts = np.arange(0, self.steps, self.steps_per_epoch)
        return np.array([self.losses[start : start + self.steps_per_epoch].mean() for start in starts])

    def __repr__(self) -> str:
        """Return one line: steps, first and last loss."""
        ending = ", diverged" if self.diverged else ""
        return f"History: {self.steps} steps, loss {self.losses[0]:.3g} -> {self.losses[-1]:.3g}{ending}"


def fit(
    model: nn.Module,
    inputs: np.ndarray | Tensor,
    targets: np.ndarray | Tensor,
    *,
    epochs: int,
    learning_rate: float,
    batch_size: int = 64,
    momentum: float = 0.0,
    weight_decay: float = 0.0,
    optimizer: str = "sgd",
    generator: torch.Generator | None = None,
) -> History:
    r"""Train ``model`` in place by minibatch gradient descent on the cross entropy.

    .. math:: \theta_{t+1} = \theta_t - \eta\, \nabla_\theta \frac{1}{|B_t|} \sum_{i \in B_t} -\log p_\theta(y_i | x_i)

    Training stops at the first loss that is not finite; that loss is kept and ``History.diverged`` is set. Parameters
    that require no gradient stay as they are. The training mode of every module is as before afterwards.

    Args:
        model: Gives logits, shape (batch, classes).
        inputs: Shape (n, ...), converted to the dtype of the model's parameters.
        targets: Class numbers, shape (n,).
        epochs: Passes over the data, at least 1.
        learning_rate: Step size, finite and not negative.
        batch_size: Examples per update; the last minibatch of an epoch may be smaller.
        momentum: In [0, 1), for ``"sgd"`` only.
        weight_decay: Factor of the L2 penalty's gradient, not negative.
        optimizer: ``"sgd"`` or ``"adam"``.
        generator: Source of the order of the examples; ``None`` means torch's global one.

    Returns:
        The loss of each minibatch.

    Raises:
        ValueError: If a number is out of range, the optimizer unknown, or inputs and targets do not match.

    Example:
        >>> from warmstart.models import MLP
        >>> rng = torch.Generator().manual_seed(0)
        >>> x = torch.randn(200, 2, generator=rng)
        >>> y = x[:, 0] > 0
        >>> model = MLP((2, 8, 2), generator=rng)
        >>> history = fit(model, x, y, epochs=20, learning_rate=0.5, generator=rng)
        >>> history.steps, accuracy(model, x, y) > 0.95
        (80, True)

    Source: Robbins and Monro (1951) for stochastic gradient descent; Kingma and Ba (2015), Algorithm 1, for Adam.

    Chapter: 02
    """
    _check_numbers(epochs, batch_size, learning_rate, momentum, weight_decay)
    x, y = _as_tensors(model, inputs, targets)
    updater = _build_optimizer(model, optimizer, learning_rate, momentum, weight_decay)
    losses = []
    with _mode(model, training=True):
        for _ in range(epochs):
            order = torch.randperm(len(x), generator=generator)
            for batch_x, batch_y in zip(x[order].split(batch_size), y[order].split(batch_size), strict=True):
                loss_value = cross_entropy(model(batch_x), batch_y)
                losses.append(loss_value.item())
                if not math.isfinite(losses[-1]):
                    return History(np.array(losses), math.ceil(len(x) / batch_size), diverged=True)
                updater.zero_grad()
                loss_value.backward()
                updater.step()
    return History(np.array(losses), math.ceil(len(x) / batch_size))


@torch.no_grad()
def accuracy(model: nn.Module, inputs: np.ndarray | Tensor, targets: np.ndarray | Tensor) -> float:
    """Return the share of examples, in [0, 1], whose largest logit is that of the right class.

    The model is in evaluation mode meanwhile (no dropout); no gradients are computed.

    Args:
        model: Gives logits, shape (batch, classes).
        inputs: Shape (n, ...).
        targets: Class numbers, shape (n,).

    Raises:
        ValueError: If inputs and targets do not match.

    Example:
        >>> accuracy(nn.Identity(), torch.tensor([[2.0, 1.0], [0.0, 3.0]]), torch.tensor([0, 0]))
        0.5

    Chapter: 02
    """
    x, y = _as_tensors(model, inputs, targets)
    with _mode(model, training=False):
        return (model(x).argmax(dim=1) == y).double().mean().item()


@torch.no_grad()
def loss(model: nn.Module, inputs: np.ndarray | Tensor, targets: np.ndarray | Tensor) -> float:
    r"""Return the mean cross entropy in nats; a network that prefers no class has :math:`\ln(\text{classes})`.

    The model is in evaluation mode meanwhile (no dropout); no gradients are computed.

    Args:
        model: Gives logits, shape (batch, classes).
        inputs: Shape (n, ...).
        targets: Class numbers, shape (n,).

    Raises:
        ValueError: If inputs and targets do not match.

    Example:
        >>> round(loss(nn.Identity(), torch.zeros(4, 10), torch.tensor([0, 1, 2, 3])), 4)
        2.3026

    Chapter: 02
    """
    x, y = _as_tensors(model, inputs, targets)
    with _mode(model, training=False):
        return cross_entropy(model(x), y).item()


def _as_tensors(model, inputs, targets):
    dtype = next((parameter.dtype for parameter in model.parameters()), torch.get_default_dtype())
    x, y = (value if isinstance(value, Tensor) else torch.tensor(np.asarray(value)) for value in (inputs, targets))
    if y.ndim != 1 or x.ndim < 2 or len(x) != len(y) or len(y) == 0:
        raise ValueError(
            f"inputs received shape {tuple(x.shape)} and targets {tuple(y.shape)}; allowed are (n, ...) and (n,), n > 0"
        )
    if y.is_floating_point():
        raise ValueError(f"targets received {y.dtype}; allowed are whole numbers, the classes")
    return x.detach().to(dtype), y.long()


@contextmanager
def _mode(model: nn.Module, *, training: bool) -> Iterator[None]:
    before = {module: module.training for module in model.modules()}
    model.train(training)
    try:
        yield
    finally:
        for module, mode in before.items():
            module.training = mode


def _build_optimizer(model, name, learning_rate, momentum, weight_decay):
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    if not parameters:
        raise ValueError("model received has no parameter that requires a gradient; allowed is at least one")
    if name == "sgd":
        return torch.optim.SGD(parameters, lr=learning_rate, momentum=momentum, weight_decay=weight_decay)
    if name != "adam":
        raise ValueError(f"optimizer received {name!r}; allowed are {', '.join(OPTIMIZERS)}")
    if momentum:
        raise ValueError(f"momentum received {momentum!r}; allowed with 'adam' is 0 (it has its own)")
    return torch.optim.Adam(parameters, lr=learning_rate, weight_decay=weight_decay)


def _check_numbers(epochs, batch_size, learning_rate, momentum, weight_decay):
    for name, value in (("epochs", epochs), ("batch_size", batch_size)):
        if not isinstance(value, Integral) or value < 1:
            raise ValueError(f"{name} received {value!r}; allowed are whole numbers from 1")
    for name, value in (("learning_rate", learning_rate), ("weight_decay", weight_decay)):
        if not (isinstance(value, Real) and math.isfinite(value) and value >= 0):
            raise ValueError(f"{name} received {value!r}; allowed are finite numbers from 0")
    if not (isinstance(momentum, Real) and 0 <= momentum < 1):
        raise ValueError(f"momentum received {momentum!r}; allowed are numbers in [0, 1)")
