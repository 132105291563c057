"""Many models of one architecture as one model, whose tensors have the models as their first axis (``torch.func``)."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from types import FunctionType, NoneType
from typing import Any, Literal, get_args

import numpy as np
import torch
from torch import Generator, Tensor, nn
from torch.func import functional_call, stack_module_state, vmap
from torch.nn.functional import linear

from ._calls import mode
from .errors import check_finite, check_fraction, refuse

Optimizer = Literal["sgd", "adam"]
OPTIMIZERS = get_args(Optimizer)
PLAIN = (int, float, str, tuple, FunctionType, NoneType)  # attributes by which two modules can differ


@contextmanager
def stacked(models: Sequence[nn.Module], *, training: bool) -> "Iterator[Stack]":
    """Give the models as a stack, in the mode asked for; after training the weights are written back."""
    models = _checked_stack(models)
    with ExitStack() as exits:
        for model in models:
            exits.enter_context(mode(model, training=training))
        exits.enter_context(_own_generators(models))
        exits.enter_context(_batch_as_columns(models[0]))
        stack = Stack(models)
        try:
            yield stack
        finally:
            if training:
                stack.write_back()


class Stack:
    """M models of one architecture as one: parameters and buffers have the M models as their first axis."""

    def __init__(self, models: Sequence[nn.Module]) -> None:
        self.models, self.base = models, models[0]
        self.parameters, self.buffers = stack_module_state(list(models))
        self.trainable = [tensor for tensor in self.parameters.values() if tensor.requires_grad]
        self._forward = vmap(lambda p, b, x: functional_call(self.base, (p, b), (x,)), randomness="different")

    def __call__(self, x: Tensor) -> Tensor:
        """Return the logits (M, batch, classes) of inputs (1, batch, ...), the same for all, or (M, batch, ...)."""
        return self._forward(self.parameters, self.buffers, x.expand(len(self.models), *x.shape[1:]))

    @torch.no_grad()
    def write_back(self) -> None:
        """Copy the state into the models."""
        state = self.parameters | self.buffers
        for index, model in enumerate(self.models):
            for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
                tensor.copy_(state[name][index])


class StackedOptimizer:
    """SGD and Adam for a stack, where each model has a learning rate and a weight decay of its own."""

    def __init__(
        self,
        stack: "Stack",
        optimizer: Optimizer,
        learning_rate: float | Sequence[float],
        momentum: float,
        weight_decay: float | Sequence[float],
    ) -> None:
        check_optimizer(optimizer, momentum, stack.trainable)
        self.parameters, self.momentum, self.steps = stack.trainable, momentum, 0
        self.rates = self._columns("learning_rate", learning_rate)
        self.decays = self._columns("weight_decay", weight_decay)
        self.has_decay = bool(self.decays[0].any())
        self.direction = self._adam if optimizer == "adam" else self._sgd
        self.means = [torch.zeros_like(parameter) for parameter in self.parameters]
        self.squares = [torch.zeros_like(parameter) for parameter in self.parameters] if optimizer == "adam" else []

    def _columns(self, name: str, value: float | Sequence[float]) -> list[Tensor]:
        """The setting as one tensor a parameter, of shape (M, 1, ...)."""
        each: Any = value if np.ndim(value) else [value]
        values = [check_finite(name, one, minimum=0.0) for one in each]
        models = len(self.parameters[0])
        if len(values) not in (1, models):
            raise refuse(name, value, f"one number, or {models}, one a model")
        column = torch.tensor(values, dtype=torch.double).expand(models)
        return [column.to(tensor).view(-1, *[1] * (tensor.ndim - 1)) for tensor in self.parameters]

    @torch.no_grad()
    def __call__(self, gradients: Sequence[Tensor | None], alive: Tensor) -> None:
        """Update the models that are ``alive``; the others stay as they are."""
        self.steps += 1
        every = bool(alive.all())
        for index, (parameter, gradient) in enumerate(zip(self.parameters, gradients, strict=True)):
            if gradient is not None:
                if self.has_decay:
                    gradient = gradient + self.decays[index] * parameter
                change = self.direction(index, gradient)
                if not every:
                    change = torch.where(alive.view_as(self.rates[index]), change, 0.0)
                parameter.addcmul_(change, self.rates[index], value=-1)

    def _sgd(self, index: int, gradient: Tensor) -> Tensor:
        return self.means[index].mul_(self.momentum).add_(gradient) if self.momentum else gradient

    def _adam(
        self, index: int, gradient: Tensor, decay_mean: float = 0.9, decay_square: float = 0.999, epsilon: float = 1e-8
    ) -> Tensor:
        mean = self.means[index].lerp_(gradient, 1 - decay_mean)
        square = self.squares[index].mul_(decay_square).addcmul_(gradient, gradient, value=1 - decay_square)
        scale = (square / (1 - decay_square**self.steps)).sqrt_().add_(epsilon)
        return mean / (1 - decay_mean**self.steps) / scale


@contextmanager
def _own_generators(models: Sequence[Any]) -> Iterator[None]:
    """Let a module with a ``generator``, such as our dropout, draw for each of the models from that model's own."""
    together = [modules for modules in zip(*(model.modules() for model in models), strict=True)]
    drawing = [(modules, modules[0].generator) for modules in together if hasattr(modules[0], "generator")]
    try:
        for modules, _ in drawing:
            modules[0].generator = tuple(module.generator for module in modules)
        yield
    finally:
        for modules, own in drawing:
            modules[0].generator = own


@contextmanager
def _batch_as_columns(model: nn.Module) -> Iterator[None]:
    """Let linear layers compute W x^T: a stack of products with few columns, such as ten logits, is slow on a CPU."""
    layers = [module for module in model.modules() if type(module) is nn.Linear and "forward" not in vars(module)]

    def forward(layer: nn.Linear, x: Tensor) -> Tensor:
        if x.ndim < 2:
            return linear(x, layer.weight, layer.bias)
        product = (layer.weight @ x.mT).mT
        return product if layer.bias is None else product + layer.bias

    try:
        for layer in layers:
            vars(layer)["forward"] = partial(forward, layer)
        yield
    finally:
        for layer in layers:
            vars(layer).pop("forward", None)


def check_optimizer(optimizer: str, momentum: float, parameters: Sequence[Tensor]) -> None:
    """Raise a ValueError if there is no such optimizer, or nothing to optimize."""
    if not parameters:
        raise refuse("model", "no parameter that requires a gradient", "at least one")
    if optimizer not in OPTIMIZERS:
        raise refuse("optimizer", optimizer, ", ".join(OPTIMIZERS))
    if check_fraction("momentum", momentum) and optimizer == "adam":
        raise refuse("momentum", momentum, "0 with 'adam', which has its own")


def checked_rows(name: str, rows: Sequence[Sequence[int]] | np.ndarray | None, models: int, n: int) -> Tensor:
    """The indices of each model's examples, shape (models, examples), or (1, n) if all models train on all."""
    if rows is None:
        return torch.arange(n)[None]
    indices = torch.as_tensor(np.asarray(rows))
    inside = indices.ndim == 2 and indices.numel() and not indices.is_floating_point()
    if not inside or len(indices) != models or indices.min() < 0 or indices.max() >= n:
        lowest, highest = np.min(rows, initial=n), np.max(rows, initial=0)
        received = f"shape {tuple(indices.shape)} with values from {lowest} to {highest}"
        raise refuse(name, received, f"shape ({models}, examples) with whole numbers from 0 to {n - 1}")
    return indices.long()


def batches(
    subsets: Tensor,
    passes: Iterable[int],
    batch_size: int,
    generator: Generator | Sequence[Generator] | None,
    models: int,
) -> Iterator[Tensor]:
    """Yield the indices of each minibatch, shape (1, batch) if all models share it, else (models, batch)."""
    generators = [generator] if generator is None or isinstance(generator, Generator) else list(generator)
    if len(generators) not in (1, models):
        raise refuse("generator", f"{len(generators)} generators", f"one, or {models}, one a model")
    return _batches(subsets, passes, batch_size, generators)


def _batches(
    subsets: Tensor, passes: Iterable[int], batch_size: int, generators: Sequence[Generator | None]
) -> Iterator[Tensor]:
    for _ in passes:
        order = torch.stack([torch.randperm(subsets.shape[1], generator=source) for source in generators])
        order = order.expand(max(len(order), len(subsets)), -1)
        yield from subsets.expand(len(order), -1).gather(1, order).split(batch_size, dim=1)


def alike(models: Sequence[nn.Module]) -> list[list[int]]:
    """The places of models that can be trained as one stack, a list for each architecture."""
    kinds = [_architecture(model) for model in models]
    groups: list[list[int]] = []
    for place, kind in enumerate(kinds):
        same = next((group for group in groups if kinds[group[0]] == kind), None)
        groups.append([place]) if same is None else same.append(place)
    return groups


def _checked_stack(models: Sequence[nn.Module]) -> tuple[nn.Module, ...]:
    """The models as a tuple, if the code of the first can stand for all: same modules, settings, sizes and types."""
    if not isinstance(models, Sequence) or not models or not all(isinstance(model, nn.Module) for model in models):
        raise refuse("models", models, "a list of at least one torch.nn.Module")
    first = _architecture(models[0])
    for number, model in enumerate(models[1:], start=1):
        for one, other in zip(first, _architecture(model), strict=False):
            if one != other:
                raise refuse(f"models[{number}]", other, f"what models[0] has, {one!r}")
        if len(first) != len(_architecture(model)):
            raise refuse(f"models[{number}]", type(model).__name__, "as many modules and tensors as models[0]")
    tensors = [id(tensor) for model in models for tensor in [*model.parameters(), *model.buffers()]]
    if len(set(tensors)) < len(tensors):
        raise refuse("models", "a parameter or buffer that two of them share", "models with tensors of their own")
    return tuple(models)


def _architecture(model: nn.Module) -> list[tuple[object, ...]]:
    """What two models have in common that can run as one stack, a row for each module and tensor."""
    rows: list[tuple[object, ...]] = []
    for name, module in model.named_modules():
        plain = {key: value for key, value in vars(module).items() if isinstance(value, PLAIN) and key[0] != "_"}
        rows.append((name, type(module).__name__, type(module), {**plain, "training": None, "generator": None}))
    for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
        rows.append((name, tuple(tensor.shape), tensor.dtype, tensor.device, tensor.requires_grad))
    return rows
