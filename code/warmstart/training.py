"""Training and evaluation, nothing clever: minibatches, cross entropy, SGD or Adam, one model or a stack of them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import cross_entropy

from ._calls import as_inputs, as_targets, as_tensors, mean_cross_entropy, mode, with_classes
from ._stacking import Optimizer, StackedOptimizer, batches, check_optimizer, checked_rows, stacked
from .errors import check_count, check_finite

Models = nn.Module | Sequence[nn.Module]


@dataclass(frozen=True, eq=False)
class History:
    """What happened while a network was trained.

    Attributes:
        losses: Mean cross entropy in nats of each minibatch, measured before its update, shape (steps,).
        steps_per_epoch: Minibatches per pass over the data.
        diverged: Whether the last loss, or a parameter after the last update, is not finite.

    Example:
        >>> history = History(np.array([2.0, 1.0, 0.8, 0.6]), steps_per_epoch=2)
        >>> history.steps, history.epoch_losses.round(2)
        (4, array([1.5, 0.7]))
        >>> history
        History: 4 steps, loss 2 -> 0.6
    """

    losses: np.ndarray
    steps_per_epoch: int
    diverged: bool = False

    @property
    def steps(self) -> int:
        """Number of minibatches seen; if the last loss is not finite, it made no update."""
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
    optimizer: Optimizer = "sgd",
    generator: Generator | None = None,
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
    """
    updater = _build_optimizer(model, optimizer, learning_rate, momentum, weight_decay)
    return fit_with(model, updater, inputs, targets, epochs=epochs, batch_size=batch_size, generator=generator)


def fit_with(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    inputs: np.ndarray | Tensor,
    targets: np.ndarray | Tensor,
    *,
    epochs: int,
    batch_size: int = 64,
    generator: Generator | None = None,
) -> History:
    """Train ``model`` as :func:`fit` does, with an optimizer of the caller's, such as one with a rate for each layer.

    Args:
        model: Gives logits, shape (batch, classes).
        optimizer: Of the model's parameters, or of some of them.
        inputs: Shape (n, ...), converted to the dtype of the model's parameters.
        targets: Class numbers, shape (n,).
        epochs: Passes over the data, at least 1.
        batch_size: Examples per update; the last minibatch of an epoch may be smaller.
        generator: Source of the order of the examples; ``None`` means torch's global one.

    Returns:
        The loss of each minibatch.

    Raises:
        ValueError: If a number is out of range, or inputs and targets do not match.

    Example:
        >>> model = nn.Linear(2, 2)
        >>> optimizer = torch.optim.AdamW(model.parameters())
        >>> fit_with(model, optimizer, torch.ones(6, 2), torch.ones(6).long(), epochs=2).steps
        2
    """
    epochs, batch_size = check_count("epochs", epochs), check_count("batch_size", batch_size)
    x, y = as_tensors(model, inputs, targets)
    losses, highest = [], int(y.max())
    with mode(model, training=True):
        for _ in range(epochs):
            for batch in torch.randperm(len(x), generator=generator).split(batch_size):
                value = cross_entropy(with_classes(model(x[batch]), highest), y[batch])
                losses.append(value.item())
                if not math.isfinite(losses[-1]):
                    return History(np.array(losses), math.ceil(len(x) / batch_size), diverged=True)
                optimizer.zero_grad()
                value.backward()
                optimizer.step()
    finite = all(parameter.isfinite().all() for parameter in model.parameters())
    return History(np.array(losses), math.ceil(len(x) / batch_size), diverged=not finite)


def fit_many(
    models: Sequence[nn.Module],
    inputs: np.ndarray | Tensor,
    targets: np.ndarray | Tensor,
    *,
    epochs: int,
    learning_rate: float | Sequence[float],
    batch_size: int = 64,
    momentum: float = 0.0,
    weight_decay: float | Sequence[float] = 0.0,
    optimizer: Optimizer = "sgd",
    generator: Generator | Sequence[Generator] | None = None,
    rows: Sequence[Sequence[int]] | np.ndarray | None = None,
) -> list[History]:
    r"""Train several models of one architecture side by side, which is faster than :func:`fit` one after the other.

    Every parameter of the M models is stacked into one tensor with M as its first axis, and one batched operation does
    the work of M small ones. The models do not see each other: each ends where :func:`fit` alone would have led it, up
    to rounding, and one that diverges stops while the others go on.

    Args:
        models: At least one model; all of the same layers and sizes, with no parameter in common.
        inputs: As in :func:`fit`, like all arguments that are not named here.
        targets: Class numbers, shape (n,).
        epochs: Passes over the data.
        learning_rate: One number, or one a model.
        batch_size: Examples per update.
        momentum: In [0, 1), for ``"sgd"`` only.
        weight_decay: One number, or one a model.
        optimizer: ``"sgd"`` or ``"adam"``.
        generator: Source of the order of the examples: one for all models, which then see the same minibatches, or a
            list with one a model. Dropout masks come from each model's own :class:`~warmstart.models.Dropout`;
            ``torch.nn.Dropout`` draws different ones for each from the global state.
        rows: Which of the inputs each model trains on, shape (models, examples); ``None`` means all on all.

    Returns:
        The history of each model.

    Raises:
        ValueError: As in :func:`fit`, and if the models differ in their architecture, share a parameter, or their
            number is not that of a list of settings.

    Example:
        >>> from warmstart.models import MLP
        >>> rng = torch.Generator().manual_seed(0)
        >>> x = torch.randn(200, 2, generator=rng)
        >>> y = x[:, 0] > 0
        >>> models = [MLP((2, 8, 2), generator=rng) for _ in range(3)]
        >>> histories = fit_many(models, x, y, epochs=20, learning_rate=[0.0, 0.05, 0.5], generator=rng)
        >>> accuracy(models, x, y) > 0.95
        array([False, False,  True])

    Source: the technique is that of torch's tutorial on model ensembling with ``torch.func``.
    """
    epochs, batch_size = check_count("epochs", epochs), check_count("batch_size", batch_size)
    losses = []
    with stacked(models, training=True) as stack:
        x, y = as_tensors(stack.base, inputs, targets)
        update = StackedOptimizer(stack, optimizer, learning_rate, momentum, weight_decay)
        alive, highest = torch.ones(len(stack.models), dtype=torch.bool, device=x.device), int(y.max())
        subsets = checked_rows("rows", rows, len(stack.models), len(x))
        for batch in batches(subsets, range(epochs), batch_size, generator, len(stack.models)):
            values = mean_cross_entropy(with_classes(stack(x[batch]), highest), y[batch])
            losses.append(values.detach())
            alive = alive & values.isfinite()
            if not alive.any():
                break
            update(torch.autograd.grad(values.sum(), stack.trainable, allow_unused=True), alive)
        finite = [all(tensor[i].isfinite().all() for tensor in stack.parameters.values()) for i in range(len(alive))]
    curves = torch.stack(losses).cpu().double().numpy().T
    steps_per_epoch = math.ceil(subsets.shape[1] / batch_size)
    return [_history(curve, steps_per_epoch, ok) for curve, ok in zip(curves, finite, strict=True)]


def logits(model: Models, inputs: np.ndarray | Tensor) -> Tensor:
    """Return what the model answers in evaluation mode (no dropout), without gradients.

    Args:
        model: One model, or a list of models of one architecture, as in :func:`fit_many`.
        inputs: Shape (n, ...).

    Returns:
        Shape (n, classes), or (models, n, classes) for a list.

    Example:
        >>> logits(nn.Identity(), torch.tensor([[2.0, 1.0]]))
        tensor([[2., 1.]])
    """
    if isinstance(model, nn.Module):
        with mode(model, training=False), torch.no_grad():
            return model(as_inputs(model, inputs))
    with stacked(model, training=False) as stack, torch.no_grad():
        return stack(as_inputs(stack.base, inputs)[None])


def accuracy(model: Models, inputs: np.ndarray | Tensor, targets: np.ndarray | Tensor) -> float | np.ndarray:
    """Return the share of examples, in [0, 1], whose largest logit is that of the right class.

    An example with a logit that is not a number counts as wrong. Evaluation mode, as in :func:`logits`.

    Args:
        model: Gives logits, shape (batch, classes); or a list of models of one architecture.
        inputs: Shape (n, ...).
        targets: Class numbers, shape (n,).

    Returns:
        One share, or for a list of models an array with one each.

    Raises:
        ValueError: If inputs and targets do not match.

    Example:
        >>> accuracy(nn.Identity(), torch.tensor([[2.0, 1.0], [0.0, 3.0]]), torch.tensor([0, 0]))
        0.5
    """
    outputs, y = _outputs(model, inputs, targets)
    right = (outputs.argmax(dim=-1) == y) & ~outputs.isnan().any(dim=-1)
    return _as_numbers(right.double().mean(dim=-1))


def loss(model: Models, inputs: np.ndarray | Tensor, targets: np.ndarray | Tensor) -> float | np.ndarray:
    r"""Return the mean cross entropy in nats; a network that prefers no class has :math:`\ln(\text{classes})`.

    Evaluation mode, as in :func:`logits`.

    Args:
        model: Gives logits, shape (batch, classes); or a list of models of one architecture.
        inputs: Shape (n, ...).
        targets: Class numbers, shape (n,).

    Returns:
        One loss, or for a list of models an array with one each.

    Raises:
        ValueError: If inputs and targets do not match.

    Example:
        >>> round(loss(nn.Identity(), torch.zeros(4, 10), torch.tensor([0, 1, 2, 3])), 4)
        2.3026
    """
    outputs, y = _outputs(model, inputs, targets)
    return _as_numbers(mean_cross_entropy(outputs, y))


def _history(losses: np.ndarray, steps_per_epoch: int, finite_weights: bool) -> History:
    """The history of one model from its losses of all steps: it ends with the first that is not finite."""
    bad = np.flatnonzero(~np.isfinite(losses))
    kept = losses[: bad[0] + 1] if len(bad) else losses
    return History(kept.copy(), steps_per_epoch, diverged=bool(len(bad)) or not finite_weights)


def _outputs(model: Models, inputs: np.ndarray | Tensor, targets: np.ndarray | Tensor) -> tuple[Tensor, Tensor]:
    y = as_targets(targets, np.shape(inputs))
    outputs = logits(model, inputs)
    return with_classes(outputs, int(y.max())), y.to(outputs.device)


def _as_numbers(values: Tensor) -> Any:
    return values.item() if values.ndim == 0 else values.cpu().double().numpy()


def _build_optimizer(
    model: nn.Module, optimizer: Optimizer, learning_rate: float, momentum: float, weight_decay: float
) -> torch.optim.Optimizer:
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    check_optimizer(optimizer, momentum, parameters)
    rate = check_finite("learning_rate", learning_rate, minimum=0.0)
    decay = check_finite("weight_decay", weight_decay, minimum=0.0)
    if optimizer == "adam":
        return torch.optim.Adam(parameters, lr=rate, weight_decay=decay)
    return torch.optim.SGD(parameters, lr=rate, momentum=momentum, weight_decay=decay)
