"""What every call of a model needs: its mode, its inputs and targets as tensors that fit, or a clear error."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import cross_entropy

from .errors import refuse


@contextmanager
def mode(model: nn.Module, *, training: bool) -> Iterator[None]:
    """Put the model into training or evaluation mode, and every module back into its own at the end."""
    before = {module: module.training for module in model.modules()}
    model.train(training)
    try:
        yield
    finally:
        for module, was in before.items():
            module.training = was


@contextmanager
def by_modules() -> Iterator[None]:
    """Let attention call its layers, which its fast way only reads; newer versions of torch do it for hooks."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)


def check_generator(generator: Generator | None) -> None:
    """Refuse what is no source of random numbers, before the first of them is drawn."""
    if generator is not None and not isinstance(generator, Generator):
        raise refuse("generator", generator, "torch.Generator or None")


def is_blank(tensor: Tensor) -> bool:
    """Whether it holds nothing yet: on the meta device, or left out by ``no_default_init``."""
    return tensor.is_meta or getattr(tensor, "undrawn", False)


@contextmanager
def as_it_was(model: nn.Module, *, values: bool = True) -> Iterator[None]:
    """Put parameters and buffers of a model back if the block raises: the tensors, and their values if asked for."""
    slots = [
        (module, key, tensor)
        for module in model.modules()
        for key, tensor in (*module._parameters.items(), *module._buffers.items())
        if tensor is not None
    ]
    kept = {tensor: tensor.detach().clone() for _, _, tensor in slots if values and not is_blank(tensor)}
    try:
        yield
    except Exception:
        with torch.no_grad():
            for module, key, tensor in slots:
                if getattr(module, key) is not tensor:
                    setattr(module, key, tensor)
            for tensor, value in kept.items():
                tensor.copy_(value)
        raise


def with_classes(outputs: Tensor, highest: int) -> Tensor:
    """The outputs, if they have a logit for the class of the highest number."""
    if outputs.ndim < 2 or outputs.shape[-1] <= highest:
        allowed = f"classes of the model, whose logits have shape {tuple(outputs.shape)}"
        raise refuse("targets", highest, allowed)
    return outputs


def as_tensors(model: nn.Module, inputs: np.ndarray | Tensor, targets: np.ndarray | Tensor) -> tuple[Tensor, Tensor]:
    """Inputs and targets on the device of the model."""
    y = as_targets(targets, np.shape(inputs))
    x = as_inputs(model, inputs)
    return x, y.to(x.device)


def as_inputs(model: nn.Module, inputs: np.ndarray | Tensor) -> Tensor:
    """The inputs as a tensor of the type and on the device of the model's parameters."""
    x = inputs.detach() if isinstance(inputs, Tensor) else torch.tensor(np.asarray(inputs))
    parameter = next(model.parameters(), None)
    return x.to(torch.get_default_dtype()) if parameter is None else x.to(parameter)


def as_arguments(model: nn.Module, inputs: object) -> tuple[Tensor, ...]:
    """The tensors of a call, one or several: real numbers in the type of the model, whole numbers as they are."""
    if not isinstance(model, nn.Module):
        raise refuse("model", type(model).__name__, "torch.nn.Module")
    found, parameter = [], next(model.parameters(), torch.empty(0))
    for one in inputs if isinstance(inputs, tuple | list) else (inputs,):
        if not isinstance(one, Tensor | np.ndarray):
            raise refuse("inputs", type(one).__name__, "tensors or arrays, one or several")
        x = torch.as_tensor(one)
        found.append(x.to(parameter) if x.is_floating_point() else x.to(parameter.device))
    return tuple(found)


def as_targets(targets: np.ndarray | Tensor, input_shape: Sequence[int]) -> Tensor:
    """The targets as class numbers, one for each input."""
    y = targets if isinstance(targets, Tensor) else torch.tensor(np.asarray(targets))
    if y.ndim != 1 or len(input_shape) < 2 or len(y) != input_shape[0] or len(y) == 0:
        received = f"shape {tuple(input_shape)} and targets {tuple(y.shape)}"
        raise refuse("inputs", received, "(n, ...) and (n,), n > 0")
    if y.is_floating_point():
        raise refuse("targets", y.dtype, "whole numbers, the classes")
    if y.long().min() < 0:
        raise refuse("targets", int(y.min()), "classes of the model, from 0")
    return y.long()


def mean_cross_entropy(outputs: Tensor, y: Tensor) -> Tensor:
    """Mean cross entropy over the examples, a number for each model if there are several."""
    if outputs.ndim == 2:
        return cross_entropy(outputs, y)
    # With the classes in the middle the softmax is vectorized over examples, ten times faster for ten classes.
    return cross_entropy(outputs.mT, y.expand(outputs.shape[:-1]), reduction="none").mean(dim=-1)
