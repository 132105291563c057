"""Several tasks at once: one backbone with a head for each task, or backbones that are held together by a penalty."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, count

import numpy as np
import torch
from torch import Generator, Tensor, nn

from ._calls import as_inputs, as_targets, mean_cross_entropy, with_classes
from ._stacking import Optimizer, StackedOptimizer, batches, checked_rows, stacked
from .errors import check_count, check_finite, refuse


class HardSharing(nn.Module):
    r"""One backbone for all tasks, and a head for each: hard parameter sharing.

    .. math:: z_t = V_t\, h(x) + c_t

    Args:
        backbone: Maps inputs (batch, ...) to features, shape (batch, d).
        heads: For each task, by its name, a module that takes the features.

    Raises:
        ValueError: If there is no head.

    Example:
        >>> from warmstart.models import MLP
        >>> model = HardSharing(MLP((4, 8, 2)).backbone, {"sort": nn.Linear(8, 3), "size": nn.Linear(8, 1)})
        >>> {task: tuple(answer.shape) for task, answer in model(torch.ones(5, 4)).items()}
        {'sort': (5, 3), 'size': (5, 1)}

    Source: Caruana (1997), Multitask learning.
    """

    def __init__(self, backbone: nn.Module, heads: Mapping[str, nn.Module]):
        """Keep the parts."""
        super().__init__()
        if not heads:
            raise refuse("heads", dict(heads), "at least one")
        self.backbone, self.heads = backbone, nn.ModuleDict(heads)

    def forward(self, inputs: Tensor) -> dict[str, Tensor]:
        """Return the answers to each task for all inputs."""
        features = self.backbone(inputs)
        return {task: head(features) for task, head in self.heads.items()}

    def only(self, task: str) -> nn.Sequential:
        """Return the network of one task, which shares its parameters with this one.

        Args:
            task: Name of a head.

        Raises:
            ValueError: If there is no such head.
        """
        return nn.Sequential(self.backbone, _of_task(self.heads, task))


class SoftSharing(nn.Module):
    r"""A network for each task; :func:`fit_tasks` holds their backbones together by a penalty on their distance.

    .. math:: \gamma \sum_{s < t} \lVert \theta_s - \theta_t \rVert^2

    Args:
        networks: For each task, by its name, a network with ``backbone`` and ``head``; the backbones are of one
            architecture.

    Raises:
        ValueError: If there are fewer than two networks, or their backbones differ in their parameters.

    Example:
        >>> from warmstart.models import MLP
        >>> model = SoftSharing({"sort": MLP((4, 8, 3)), "size": MLP((4, 8, 1))})
        >>> {task: tuple(answer.shape) for task, answer in model(torch.ones(5, 4)).items()}
        {'sort': (5, 3), 'size': (5, 1)}

    Source: Ruder (2017), An overview of multi-task learning in deep neural networks, section 3.2; the penalty is that
    of Duong et al. (2015), Low resource dependency parsing.
    """

    def __init__(self, networks: Mapping[str, nn.Module]):
        """Keep the networks."""
        super().__init__()
        shapes = {
            task: [(name, tuple(parameter.shape)) for name, parameter in network.backbone.named_parameters()]
            for task, network in networks.items()
        }
        if len(networks) < 2 or len(set(map(str, shapes.values()))) > 1:
            raise refuse("networks", shapes, "at least two with backbones of one architecture")
        self.networks = nn.ModuleDict(networks)

    def forward(self, inputs: Tensor) -> dict[str, Tensor]:
        """Return the answers to each task for all inputs."""
        return {task: network(inputs) for task, network in self.networks.items()}

    def only(self, task: str) -> nn.Module:
        """Return the network of one task.

        Args:
            task: Name of a network.

        Raises:
            ValueError: If there is no such network.
        """
        return _of_task(self.networks, task)


@dataclass(frozen=True, eq=False)
class Task:
    """What one task learns from.

    Attributes:
        inputs: Shape (n, ...).
        targets: Class numbers, shape (n,); or for squared errors numbers, shape (n, d).
        weight: Of its loss in the sum; one number, or one a model. At 0 the task is there and moves nothing.
        rows: Which examples each model sees, shape (models, examples); ``None`` means all of them see all.
        loss: One of "cross_entropy" and "squared_error", the mean over examples and outputs.

    Example:
        >>> Task(torch.zeros(3, 2), torch.tensor([0, 1, 1])).loss
        'cross_entropy'
    """

    inputs: np.ndarray | Tensor
    targets: np.ndarray | Tensor
    weight: float | Sequence[float] = 1.0
    rows: Sequence[Sequence[int]] | None = None
    loss: str = "cross_entropy"


def fit_tasks(
    models: Sequence[nn.Module],
    tasks: Mapping[str, Task],
    *,
    steps: int,
    learning_rate: float | Sequence[float],
    batch_size: int = 32,
    momentum: float = 0.0,
    weight_decay: float | Sequence[float] = 0.0,
    optimizer: Optimizer = "sgd",
    tie: float | Sequence[float] = 0.0,
    generator: Generator | Sequence[Generator] | None = None,
) -> dict[str, np.ndarray]:
    r"""Train models on several tasks jointly, in place: each step takes one minibatch of every task.

    .. math:: \theta_{k+1} = \theta_k - \eta\, \nabla_\theta \sum_t \lambda_t\, L_t(\theta; B_{t,k})

    The models run as one stack, as in :func:`~warmstart.training.fit_many`; weights of 0 for some make their controls
    part of the same stack, with the same minibatches.

    Args:
        models: Of one architecture, with answers by the names of the tasks, such as :class:`HardSharing`.
        tasks: By name; each has a head in the models.
        steps: Updates, at least 1.
        learning_rate: One number, or one a model.
        batch_size: Examples of each task per update, or all of them if there are fewer.
        momentum: In [0, 1), for ``"sgd"`` only.
        weight_decay: One number, or one a model.
        optimizer: ``"sgd"`` or ``"adam"``.
        tie: Strength of the penalty of :class:`SoftSharing`, 0 for other models; one number, or one a model.
        generator: Source of the order of the examples, one for all models or one a model.

    Returns:
        For each task the loss of each model at each step, shape (models, steps), before its weight. A model whose sum
        is not finite stops there, and its losses are NaN from the next step on; the others go on.

    Raises:
        ValueError: If a name, a size or a number is not allowed.

    Example:
        >>> from warmstart.models import MLP
        >>> x = torch.randn(200, 2, generator=torch.Generator().manual_seed(0))
        >>> model = HardSharing(MLP((2, 16, 2)).backbone, {"left": nn.Linear(16, 2), "sum": nn.Linear(16, 1)})
        >>> left, total = (x[:, 0] < 0).long(), x.sum(1, keepdim=True)
        >>> tasks = {"left": Task(x, left), "sum": Task(x, total, loss="squared_error")}
        >>> losses = fit_tasks([model], tasks, steps=200, learning_rate=0.1)
        >>> losses["left"].shape, bool(losses["sum"][0, -1] < losses["sum"][0, 0])
        ((1, 200), True)

    Source: Caruana (1997), Multitask learning, for the sum over tasks.
    """
    steps, batch_size = check_count("steps", steps), check_count("batch_size", batch_size)
    with stacked(models, training=True) as stack:
        missing = set(tasks) - set(_heads(stack.base))
        if missing or not tasks:
            raise refuse("tasks", sorted(missing), ", ".join(_heads(stack.base)))
        update = StackedOptimizer(stack, optimizer, learning_rate, momentum, weight_decay)
        models, ties = stack.models, _one_each("tie", tie, len(stack.models))
        if ties.any() and not isinstance(stack.base, SoftSharing):
            raise refuse("tie", tie, f"0 for a {type(stack.base).__name__}, which has nothing to hold together")
        feeds = {
            name: _Feed(name, task, stack.base, len(models), batch_size, generator) for name, task in tasks.items()
        }
        losses, alive = {name: [] for name in tasks}, torch.ones(len(models), dtype=torch.bool)
        for _ in range(steps):
            total = ties * _distance(stack.parameters) if ties.any() else 0.0
            for name, feed in feeds.items():
                x, y = feed.draw()
                values = feed.loss(stack(x)[name], y)
                losses[name].append(values.detach().where(alive, torch.nan))
                total = total + feed.weights * values
            alive = alive & total.isfinite()
            update(torch.autograd.grad(total.sum(), stack.trainable, allow_unused=True), alive)
    return {name: torch.stack(values, dim=1).double().numpy() for name, values in losses.items()}


def _entropy(outputs, y):
    return mean_cross_entropy(with_classes(outputs, int(y.max())), y)


def _squares(outputs, y):
    if outputs.shape[-1] != y.shape[-1]:
        raise refuse("targets", y.shape[-1], f"{outputs.shape[-1]} numbers an example, as the head gives")
    return (outputs - y).square().mean(dim=(-2, -1))


LOSSES = {"cross_entropy": _entropy, "squared_error": _squares}


class _Feed:
    """The minibatches of one task, pass after pass, and its loss."""

    def __init__(self, name, task, base, models, batch_size, generator):
        self.x, self.loss = as_inputs(base, task.inputs), LOSSES.get(task.loss)
        if self.loss is None:
            raise refuse(f"loss of {name!r}", task.loss, ", ".join(LOSSES))
        if self.loss is _squares:
            self.y = as_inputs(base, task.targets)
            if self.y.ndim != 2 or len(self.y) != len(self.x):
                raise refuse(f"targets of {name!r}", tuple(self.y.shape), f"shape ({len(self.x)}, d)")
        else:
            self.y = as_targets(task.targets, self.x.shape)
        self.weights = _one_each(f"weight of {name!r}", task.weight, models)
        rows = checked_rows(f"rows of {name!r}", task.rows, models, len(self.x))
        self.size = min(batch_size, rows.shape[1])
        self.batches = batches(rows, count(), self.size, generator, models)

    def draw(self):
        """Inputs and targets of the next minibatch: (1, batch, ...) if all models share it, or (models, batch, ...)."""
        batch = next(
            batch for batch in self.batches if batch.shape[1] == self.size
        )  # what remains of a pass is left out
        return self.x[batch], self.y[batch]


def _of_task(parts, task):
    if task not in parts:
        raise refuse("task", task, ", ".join(parts))
    return parts[task]


def _heads(model):
    return getattr(model, "heads", None) or getattr(model, "networks", None) or {}


def _distance(parameters):
    """Squared distance of the backbones of soft sharing, summed over pairs, one number a model of the stack."""
    places = {}
    for name, tensor in parameters.items():
        _, _, part, place = name.split(".", 3)  # as in networks.digits.backbone.0.weight
        if part == "backbone":
            places.setdefault(place, []).append(tensor)
    pairs = [pair for tensors in places.values() for pair in combinations(tensors, 2)]
    return sum((one - other).flatten(1).square().sum(dim=1) for one, other in pairs)


def _one_each(name, value, models):
    """The setting as a tensor with one number a model."""
    values = [check_finite(name, one, minimum=0.0) for one in (value if np.ndim(value) else [value])]
    if len(values) not in (1, models):
        raise refuse(name, value, f"one number, or {models}, one a model")
    return torch.tensor(values).expand(models)
