"""What the head gets to see, and the linear layer that predicts best from it."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from .._calls import as_inputs, as_targets, mode
from ..errors import check_count, check_finite, refuse
from .heads import find_module

STRENGTHS = tuple(10.0**power for power in range(-6, 4))  # of the penalty, among which leaving one out chooses
SHARPEST = 30.0  # the largest factor on the scores of a probe, which lie between 0 and 1


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
    name, module = find_module(model, name)
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


def linear_probe(features: np.ndarray | Tensor, labels: np.ndarray | Tensor, *, l2: float | None = None) -> nn.Linear:
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
        l2: :math:`\lambda`, positive; ``None`` means the best of 1e-6, 1e-5, ..., 1e3 by leaving one out.

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
    ridge = _Ridge(features, labels, l2)
    factor = _sharpness(ridge.indicators - ridge.left_out, ridge.y)
    W = factor / ridge.unit * ridge.weights()
    layer = nn.utils.skip_init(nn.Linear, *W.shape, device=ridge.device, dtype=ridge.dtype)
    with torch.no_grad():
        layer.weight.copy_(W.T), layer.bias.copy_(factor * ridge.prior - ridge.center @ W)
    return layer


def leave_one_out_accuracy(
    features: np.ndarray | Tensor, labels: np.ndarray | Tensor, *, l2: float | None = None
) -> float:
    """Return the accuracy of a linear probe on examples that were left out of its fit, one at a time.

    So the labelled examples are their own test set. No probe is fitted twice: see :func:`linear_probe`.

    Args:
        features: As there, like all arguments.
        labels: Class numbers, shape (n,).
        l2: ``None`` means the best one by leaving one out, which flatters the accuracy a little.

    Returns:
        A share in [0, 1].

    Raises:
        ValueError: As in :func:`linear_probe`.

    Example:
        >>> leave_one_out_accuracy(torch.tensor([[0.0], [1.0], [4.0], [5.0]]), torch.tensor([0, 0, 1, 1]))
        1.0

    Source: as for :func:`linear_probe`.
    """
    ridge = _Ridge(features, labels, l2)
    return float(((ridge.indicators - ridge.left_out).argmax(dim=1) == ridge.y).double().mean())


class _Ridge:
    """Ridge regression of the classes in double precision, by one decomposition for all strengths."""

    def __init__(self, features: np.ndarray | Tensor, labels: np.ndarray | Tensor, l2: float | None) -> None:
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
        strengths = STRENGTHS if l2 is None else [check_finite("l2", l2, above=0.0)]
        tried = [(len(X) * one, self._errors(len(X) * one)) for one in strengths]
        self.penalty, self.left_out = min(tried, key=lambda one: one[1].square().sum().item())

    def _errors(self, penalty: float) -> Tensor:
        """The error for each example if it had been left out, shape (n, classes)."""
        kept, Y = self.s.square() / (self.s.square() + penalty), self.indicators - self.prior
        leverage = 1 / len(Y) + (self.U.square() * kept).sum(dim=1, keepdim=True)
        return (Y - self.U @ (kept[:, None] * (self.U.T @ Y))) / (1 - leverage)

    def weights(self) -> Tensor:
        """The weights for features that are centred and divided by the unit, shape (d, classes)."""
        shrunk = self.s / (self.s.square() + self.penalty)
        return self.V.T @ (shrunk[:, None] * (self.U.T @ (self.indicators - self.prior)))


def _checked_features(features: Tensor) -> Tensor:
    """The features, if they are a finite matrix."""
    if features.ndim != 2 or not features.numel():
        raise refuse("features", f"shape {tuple(features.shape)}", "shape (n, d), both positive")
    if not (finite := features.isfinite()).all():
        raise refuse("features", f"{int((~finite).sum())} values that are not finite", "finite values")
    return features


def _sharpness(scores: Tensor, y: Tensor) -> float:
    """The factor from 1 to ``SHARPEST`` with the least cross entropy of softmax(factor * scores), by bisection."""
    low, high = 1.0, SHARPEST
    for _ in range(16):
        middle = (low + high) / 2
        slope = ((middle * scores).softmax(dim=1) * scores).sum(dim=1) - scores.gather(1, y[:, None])[:, 0]
        low, high = (middle, high) if slope.mean() < 0 else (low, middle)
    return low
