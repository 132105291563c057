"""Start from weights that know something: load, cut, freeze, replace the head, probe it, fine-tune.

Every function takes any ``torch.nn.Module`` that names its layers in the order in which they are applied. A model may
say itself what counts as one layer, by a method ``layer_groups()`` that returns the parameters of each layer by its
name, from input to output, as the networks of :mod:`warmstart.models` do.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from itertools import chain

import numpy as np
import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import one_hot

from ._stacking import mode
from ._tensors import as_inputs, as_targets
from .errors import check_count, check_finite, refuse
from .training import History, fit_with

STRENGTHS = tuple(10.0**power for power in range(-6, 4))  # of the penalty, among which leaving one out chooses
SHARPEST = 30.0  # the largest factor on the scores of a probe, which lie between 0 and 1


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
def resample_weights(model: nn.Module, how: str = "normal", *, generator: Generator | None = None) -> None:
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


def replace_head(model: nn.Module, head: int | nn.Module, *, name: str | None = None) -> nn.Module:
    r"""Put a new head in place of the old one, and return it.

    A linear head starts at zero: then the first answers prefer no class, and the first update of everything below it
    is zero as well,

    .. math:: \frac{\partial L}{\partial h} = W^\top \frac{\partial L}{\partial z} = 0 \quad \text{for } W = 0,

    and no noise of the head remains in the answers: chapter 08 shows what training cannot forget of a random start.

    Args:
        model: Changed in place.
        head: The number of classes, for a linear head with zero weights and biases on the device and in the dtype of
            the old one; or a module that takes what the old head took, such as a small ``MLP``.
        name: Name of the old head among ``model.named_modules()``; ``None`` means the last layer that has parameters.

    Returns:
        The new head, which is in the model now.

    Raises:
        ValueError: If there is no such module, its inputs cannot be counted, or the new head expects another number.

    Example:
        >>> model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 10))
        >>> replace_head(model, 3)
        Linear(in_features=8, out_features=3, bias=True)
        >>> model(torch.ones(1, 4))
        tensor([[0., 0., 0.]], grad_fn=<AddmmBackward0>)

    Source: the published code of Kolesnikov et al. (2020), Big Transfer, starts new heads at zero.
    """
    name, old = _head(model, name)
    if not name:
        raise refuse("name", "'', the model itself", "a part of the model")
    width = _width(old)
    if width is None:
        raise refuse("name", f"{name!r}, a {type(old).__name__}", "a head that begins with a linear layer")
    if isinstance(head, nn.Module):
        if _width(head) != width:
            raise refuse("head", f"{head!r} for {_width(head)} features", f"modules for the {width} of the old head")
    else:
        like = next(old.parameters())
        head = nn.utils.skip_init(nn.Linear, width, check_count("head", head), device=like.device, dtype=like.dtype)
        nn.init.zeros_(head.weight), nn.init.zeros_(head.bias)
    parent, _, attribute = name.rpartition(".")
    setattr(model.get_submodule(parent), attribute, head.train(old.training))
    return head


def freeze(module: nn.Module) -> None:
    """Stop everything in ``module``: gradients, weight decay, momentum, and the statistics of normalizations.

    Its parameters require no gradient any more, and it stays in evaluation mode, dropout included, also when the
    model around it is put into training mode. So its output is a fixed function of its input, at once, also in the
    middle of training, and after the model was saved and loaded.

    Args:
        module: The part of a model that is to stay as it is.

    Example:
        >>> model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2))
        >>> freeze(model[:2])
        >>> [layer.training for layer in model.train()]
        [False, False, True, True]
    """
    _set_frozen(module.modules(), module.parameters())


def unfreeze(module: nn.Module) -> None:
    """Let everything in ``module`` be trained again; the next ``train()`` reaches it, until then its mode stays.

    Args:
        module: A part of a model, frozen or not.

    Example:
        >>> layer = nn.Linear(4, 8)
        >>> freeze(layer)
        >>> unfreeze(layer)
        >>> layer.weight.requires_grad
        True
    """
    for part in module.modules():
        vars(part).pop("train", None)
    for parameter in module.parameters():
        parameter.requires_grad_(True)


def freeze_to(model: nn.Module, name: str) -> None:
    """Freeze the layers from the input up to the one called ``name``, and unfreeze all that follow.

    Called with one layer less each time, it is gradual unfreezing.

    Args:
        model: Changed in place.
        name: A layer of the model as :func:`layer_groups` names it, or the beginning of several, such as "backbone".

    Raises:
        ValueError: If there is no such layer, or nothing would be left to train.

    Example:
        >>> model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2))
        >>> freeze_to(model, "0")
        >>> [parameter.requires_grad for parameter in model.parameters()]
        [False, False, False, False, True, True]

    Source: gradual unfreezing is of Howard and Ruder (2018), ULMFiT, section 3.3.
    """
    groups = layer_groups(model)
    inside = [index for index, group in enumerate(groups) if group == name or group.startswith(f"{name}.")]
    if not inside:
        raise refuse("name", name, ", ".join(groups))
    if inside[-1] == len(groups) - 1:
        raise refuse("name", f"{name!r}, which leaves nothing to train", ", ".join(list(groups)[:-1]))
    stopped = [parameter for group in list(groups)[: inside[-1] + 1] for parameter in groups[group]]
    unfreeze(model)
    _set_frozen(_modules_of(model, {id(parameter) for parameter in stopped}), stopped)


def layer_groups(model: nn.Module) -> dict[str, list[nn.Parameter]]:
    """Return the parameters of each layer by its name, from input to output, every parameter once.

    Args:
        model: If it has a method ``layer_groups()``, that decides; else a layer is a module with parameters of its own,
            together with the modules right behind it whose parameters are all vectors, which are normalizations.

    Raises:
        ValueError: If the model's own groups leave a parameter out, or name one twice.

    Example:
        >>> model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(4, 2))
        >>> {name: len(parameters) for name, parameters in layer_groups(model).items()}
        {'0': 4, '4': 2}
    """
    if hasattr(model, "layer_groups"):
        groups = {name: list(parameters) for name, parameters in model.layer_groups().items()}
        named, own = (sorted(map(id, some)) for some in (chain(*groups.values()), model.parameters()))
        if named != own:
            raise refuse("layer_groups()", f"{len(named)} parameters", f"each of the model's {len(own)} once")
        return groups
    groups, seen = {}, set()
    for name, module in model.named_modules():
        own = [parameter for parameter in module.parameters(recurse=False) if id(parameter) not in seen]
        seen |= {id(parameter) for parameter in own}
        if own and groups and all(parameter.ndim < 2 for parameter in own):
            groups[next(reversed(groups))] += own
        elif own:
            groups[name] = own
    return groups


def param_groups(
    model: nn.Module, learning_rate: float, *, layer_decay: float = 1.0, weight_decay: float = 0.0
) -> list[dict]:
    r"""Return the trainable parameters as groups for a ``torch.optim`` optimizer, each exactly once.

    .. math:: \eta_l = \eta\, \xi^{L - l}

    for layer :math:`l` of :math:`L`, which is the head. Weight decay is for matrices and kernels: vectors and numbers,
    that is biases and the parameters of normalizations, get none.

    Args:
        model: Its layers are those of :func:`layer_groups`; frozen parameters are left out.
        learning_rate: :math:`\eta`, of the head.
        layer_decay: :math:`\xi` in (0, 1]; at 1 all layers learn at the same rate.
        weight_decay: For tensors of two axes or more, not negative.

    Returns:
        Dictionaries with ``name``, ``params``, ``lr`` and ``weight_decay``, from the input to the head.

    Raises:
        ValueError: If a number is out of range, or no parameter requires a gradient.

    Example:
        >>> model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
        >>> for group in param_groups(model, 0.1, layer_decay=0.5, weight_decay=0.01):
        ...     print(group["name"], len(group["params"]), group["lr"], group["weight_decay"])
        0 1 0.05 0.01
        0 1 0.05 0.0
        2 1 0.1 0.01
        2 1 0.1 0.0

    Source: Howard and Ruder (2018), ULMFiT, section 3.2, discriminative fine-tuning (there 1 / 2.6 a layer).
    """
    learning_rate = check_finite("learning_rate", learning_rate, minimum=0.0)
    weight_decay = check_finite("weight_decay", weight_decay, minimum=0.0)
    if not 0 < check_finite("layer_decay", layer_decay) <= 1:
        raise refuse("layer_decay", layer_decay, "numbers in (0, 1]")
    groups, result = layer_groups(model), []
    for height, (name, parameters) in enumerate(reversed(groups.items())):
        trainable = [parameter for parameter in parameters if parameter.requires_grad]
        rate = learning_rate * layer_decay**height
        for decay, some in (
            (0.0, [p for p in trainable if p.ndim < 2]),
            (weight_decay, [p for p in trainable if p.ndim > 1]),
        ):
            if some:
                result.append({"name": name, "params": some, "lr": rate, "weight_decay": decay})
    if not result:
        raise refuse("model", "only frozen parameters", "models with at least one that requires a gradient")
    return result[::-1]


def extract_features(
    model: nn.Module, inputs: np.ndarray | Tensor, *, name: str | None = None, batch_size: int = 64
) -> Tensor:
    """Return what the head of ``model`` gets to see: one pass in evaluation mode, without gradients.

    As long as the layers below the head are frozen, the features stay what they are and need not be computed again in
    each epoch. With random changes of the inputs, such as flips, they would have to be.

    Args:
        model: Any model; its modes are as before afterwards.
        inputs: Shape (n, ...).
        name: The module whose input is wanted; ``None`` means the head, the last layer that has parameters.
        batch_size: Inputs a pass, which bounds the memory; the result does not depend on it but for rounding.

    Returns:
        Shape (n, features): all axes but the first are flattened.

    Raises:
        ValueError: If there is no such module, a pass does not call it exactly once, or a feature is not finite.

    Example:
        >>> model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
        >>> extract_features(model, torch.ones(5, 4)).shape
        torch.Size([5, 8])
    """
    name, module = _head(model, name)
    x, batch_size = as_inputs(model, inputs), check_count("batch_size", batch_size)
    if not len(x):
        raise refuse("inputs", tuple(x.shape), "shape (n, ...) with n > 0")
    seen, parts = [], []
    hook = module.register_forward_pre_hook(lambda _, arguments: seen.append(arguments[0].detach().flatten(1)))
    try:
        with mode(model, training=False), torch.no_grad():
            for batch in x.split(batch_size):
                model(batch)
                if len(seen) != 1:
                    raise refuse("name", f"{name!r}, called {len(seen)} times a pass", "modules that are called once")
                parts.append(seen.pop())
    finally:
        hook.remove()
    return _checked_features(torch.cat(parts))


def linear_probe(
    features: np.ndarray | Tensor, labels: np.ndarray | Tensor, *, strength: float | None = None
) -> nn.Linear:
    r"""Return the linear layer that predicts ``labels`` best from ``features``: ridge regression in closed form.

    With features :math:`X` (centred, and divided by one number so that they have variance 1 on average), one column of
    :math:`Y` a class, centred as well, and :math:`n` examples

    .. math:: W = \arg\min_W \tfrac{1}{n} \lVert X W - Y \rVert^2 + \lambda \lVert W \rVert^2
                = (X^\top X + n \lambda)^{-1} X^\top Y .

    What each example would get if it had been left out needs no second fit: with :math:`H = \tfrac{1}{n} 1 1^\top + X
    (X^\top X + n\lambda)^{-1} X^\top`, its error is :math:`(Y - H Y)_i / (1 - H_{ii})`. The strength :math:`\lambda`
    is the one with the least squared error of this kind. At the end all weights are multiplied by one number, so
    that the softmax of the answers for left-out examples has the least cross entropy; this changes no prediction and
    makes the layer a head from which fine-tuning can start.

    Args:
        features: Shape (n, d), finite.
        labels: Class numbers, shape (n,), of at least two classes.
        strength: :math:`\lambda`, positive; ``None`` means the best of 1e-6, 1e-5, ..., 1e3 by leaving one out.

    Returns:
        A layer from d features to as many classes as the largest label says, for the features as they were given, in
        their dtype (or torch's default for whole numbers) and on their device.

    Raises:
        ValueError: If a feature is not finite, there is one class only, or features and labels do not match.

    Example:
        >>> probe = linear_probe(torch.tensor([[0.0], [1.0], [4.0], [5.0]]), torch.tensor([0, 0, 1, 1]))
        >>> probe(torch.tensor([[0.5], [4.5]])).argmax(dim=1)
        tensor([0, 1])

    Source: Hastie, Tibshirani and Friedman (2009), The Elements of Statistical Learning, equations 3.44 and 7.52.
    """
    ridge = _Ridge(features, labels, strength)
    factor = _sharpness(ridge.indicators - ridge.left_out, ridge.y)
    W = factor / ridge.unit * ridge.weights()
    layer = nn.utils.skip_init(nn.Linear, *W.shape, device=ridge.device, dtype=ridge.dtype)
    with torch.no_grad():
        layer.weight.copy_(W.T), layer.bias.copy_(factor * ridge.prior - ridge.center @ W)
    return layer


def left_out_accuracy(
    features: np.ndarray | Tensor, labels: np.ndarray | Tensor, *, strength: float | None = None
) -> float:
    """Return the accuracy of a linear probe on examples that were left out of its fit, one at a time.

    So the labelled examples are their own test set. No probe is fitted twice: see :func:`linear_probe`.

    Args:
        features: As there, like all arguments.
        labels: Class numbers, shape (n,).
        strength: ``None`` means the best one by leaving one out, which flatters the accuracy a little.

    Returns:
        A share in [0, 1].

    Raises:
        ValueError: As in :func:`linear_probe`.

    Example:
        >>> left_out_accuracy(torch.tensor([[0.0], [1.0], [4.0], [5.0]]), torch.tensor([0, 0, 1, 1]))
        1.0

    Source: as for :func:`linear_probe`.
    """
    ridge = _Ridge(features, labels, strength)
    return float(((ridge.indicators - ridge.left_out).argmax(dim=1) == ridge.y).double().mean())


class _Ridge:
    """Ridge regression of the classes in double precision, by one decomposition for all strengths."""

    def __init__(self, features, labels, strength):
        features = features.detach() if isinstance(features, Tensor) else torch.tensor(np.asarray(features))
        features = features if features.is_floating_point() else features.to(torch.get_default_dtype())
        X = _checked_features(features).double()
        self.device, self.dtype = features.device, features.dtype
        self.y = as_targets(labels, features.shape).to(features.device)
        if len(self.y.unique()) < 2:
            raise refuse("labels", f"one class only, {int(self.y[0])}", "at least two classes")
        self.indicators = one_hot(self.y).double()
        self.center, self.prior = X.mean(dim=0), self.indicators.mean(dim=0)
        self.unit = (X - self.center).square().mean().sqrt().clamp(min=torch.finfo(X.dtype).tiny)
        self.U, self.s, self.V = torch.linalg.svd((X - self.center) / self.unit, full_matrices=False)
        strengths = STRENGTHS if strength is None else [check_finite("strength", strength, above=0.0)]
        tried = [(len(X) * one, self._errors(len(X) * one)) for one in strengths]
        self.penalty, self.left_out = min(tried, key=lambda one: one[1].square().sum().item())

    def _errors(self, penalty):
        """The error for each example if it had been left out, shape (n, classes)."""
        kept, Y = self.s.square() / (self.s.square() + penalty), self.indicators - self.prior
        leverage = 1 / len(Y) + (self.U.square() * kept).sum(dim=1, keepdim=True)
        return (Y - self.U @ (kept[:, None] * (self.U.T @ Y))) / (1 - leverage)

    def weights(self):
        """The weights for features that are centred and divided by the unit, shape (d, classes)."""
        shrunk = self.s / (self.s.square() + self.penalty)
        return self.V.T @ (shrunk[:, None] * (self.U.T @ (self.indicators - self.prior)))


def fine_tune(
    model: nn.Module,
    inputs: np.ndarray | Tensor,
    targets: np.ndarray | Tensor,
    *,
    epochs: int,
    learning_rate: float,
    layer_decay: float = 1.0,
    weight_decay: float = 0.0,
    batch_size: int = 32,
    generator: Generator | None = None,
) -> History:
    """Give ``model`` a new head that starts from a linear probe, then train all that is not frozen.

    Args:
        model: Knows something already; changed in place. What is frozen stays so.
        inputs: Shape (n, ...).
        targets: Class numbers, shape (n,), of at least two classes.
        epochs: Passes over the data, at least 1.
        learning_rate: Of the head, for AdamW.
        layer_decay: As in :func:`param_groups`, like the next.
        weight_decay: For matrices and kernels.
        batch_size: Examples per update.
        generator: Source of the order of the examples; ``None`` means torch's global one.

    Returns:
        The loss of each minibatch.

    Raises:
        ValueError: As in the functions above; a model that is refused stays as it was.

    Example:
        >>> from warmstart.models import MLP
        >>> model, x = MLP((2, 8, 5)), torch.randn(40, 2, generator=torch.Generator().manual_seed(0))
        >>> fine_tune(model, x, x[:, 0] > 0, epochs=3, learning_rate=1e-3).steps, model.head
        (6, Linear(in_features=8, out_features=2, bias=True))

    Source: Kumar et al. (2022), Fine-tuning can distort pretrained features, section 4: linear probe, then fine-tune.
    """
    check_count("epochs", epochs), check_count("batch_size", batch_size)
    rates = {"layer_decay": layer_decay, "weight_decay": weight_decay}
    param_groups(model, learning_rate, **rates)  # what it refuses is refused before the model is changed
    replace_head(model, linear_probe(extract_features(model, inputs), targets))
    optimizer = torch.optim.AdamW(param_groups(model, learning_rate, **rates))
    return fit_with(model, optimizer, inputs, targets, epochs=epochs, batch_size=batch_size, generator=generator)


def _head(model, name):
    """Name and module of the head: the last module with parameters of its own, or the one that is asked for."""
    modules = dict(model.named_modules())
    if name is None:
        name = [key for key, module in modules.items() if next(module.parameters(recurse=False), None) is not None][-1:]
        if not name:
            raise refuse("model", type(model).__name__, "models with parameters")
        name = name[0]
    if name not in modules:
        raise refuse("name", name, ", ".join(filter(None, modules)))
    return name, modules[name]


def _width(module):
    """How many features a head takes: what its first linear layer takes."""
    return next((part.in_features for part in module.modules() if isinstance(part, nn.Linear)), None)


def _kind(tensor):
    return f"{tuple(tensor.shape)} {tensor.dtype}"


def _set_frozen(modules, parameters):
    for module in modules:
        module.train = partial(_stay, module.eval())  # unlike a bound method it survives pickling
    for parameter in parameters:
        parameter.requires_grad_(False)
        parameter.grad = None  # an optimizer would go on with it: momentum and decay do not ask for a new one


def _stay(module, training=True):
    """What ``train`` is for a frozen module: it stays as it is, and passes the mode on to what is inside."""
    for child in module.children():
        child.train(training)
    return module


def _modules_of(model, stopped):
    """The modules all of whose parameters are stopped; one without any goes with the layer in front of it."""
    found, with_previous = [], True
    for module in model.modules():
        own = {id(parameter) for parameter in module.parameters()}
        if own <= stopped if own else with_previous:
            found.append(module)
        if any(True for _ in module.parameters(recurse=False)):
            with_previous = own <= stopped
    return found


def _checked_features(features):
    """The features, if they are a finite matrix."""
    if features.ndim != 2 or not features.numel():
        raise refuse("features", f"shape {tuple(features.shape)}", "shape (n, d), both positive")
    if not (finite := features.isfinite()).all():
        raise refuse("features", f"{int((~finite).sum())} values that are not finite", "finite values")
    return features


def _sharpness(scores, y):
    """The factor from 1 to ``SHARPEST`` with the least cross entropy of softmax(factor * scores), by bisection."""
    low, high = 1.0, SHARPEST
    for _ in range(16):
        middle = (low + high) / 2
        slope = ((middle * scores).softmax(dim=1) * scores).sum(dim=1) - scores.gather(1, y[:, None])[:, 0]
        low, high = (middle, high) if slope.mean() < 0 else (low, middle)
    return low
