"""Choose what to transfer before training: scores of a source on the labelled pictures of the target, and CKA."""

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import one_hot

from .._calls import as_targets
from ..errors import refuse

ITERATIONS = 2000  # of the fixed point in `logme`, at most
TOLERANCE = 1e-10  # of its precisions, relative
BOUNDS = (1e-12, 1e12)  # of the precisions, which run away if the features say nothing, or everything


def cka(one: np.ndarray | Tensor, other: np.ndarray | Tensor, *, debiased: bool = True) -> float:
    r"""Return the linear centred kernel alignment of two sets of features of the same inputs.

    .. math:: \frac{\langle K, L \rangle}{\sqrt{\langle K, K \rangle \langle L, L \rangle}}, \quad
        K = X X^\top, \; L = Y Y^\top

    With both kernels centred, the inner product is the sum over all pairs of inputs; the debiased one is the unbiased
    estimate of Song et al., without which few inputs with many features look alike, whatever they are. Rotations,
    shifts and one common scale of either set change nothing; other invertible maps do.

    Args:
        one: Features, shape (n, d).
        other: Features of the same inputs in the same order, shape (n, d'); d' may differ.
        debiased: Whether to take the unbiased estimate, for which n must be at least 4 and values may be below 0.

    Returns:
        1 for features that are equal but for rotation, scale and shift; near 0 for independent ones.

    Raises:
        ValueError: If the shapes do not fit, a value is not finite, or a set is constant.

    Example:
        >>> x = np.random.default_rng(0).normal(size=(50, 3))
        >>> round(cka(x, 2 * x[:, ::-1] + 1), 6)
        1.0

    Source: Kornblith et al. (2019), Similarity of neural network representations revisited, section 3; Song et al.
    (2012), Feature selection via dependence maximization, for the unbiased estimate.
    """
    x, y = _features("one", one), _features("other", other)
    if len(x) != len(y) or len(x) < (4 if debiased else 2):
        raise refuse("one and other", (len(x), len(y)), f"as many inputs in both, at least {4 if debiased else 2}")
    kernels = [_centred(features @ features.mT, debiased) for features in (x, y)]
    products = [(a * b).sum() for a, b in ((kernels[0], kernels[1]), (kernels[0],) * 2, (kernels[1],) * 2)]
    if not (products[1] > 0 and products[2] > 0):
        raise refuse("one and other", "features that do not vary", "features that differ between the inputs")
    return float(products[0] / (products[1] * products[2]).sqrt())


def leep(probabilities: np.ndarray | Tensor, labels: np.ndarray | Tensor) -> float:
    r"""Return the log expected empirical prediction: how well the *source's* classes predict those of the target.

    .. math:: \frac{1}{n} \sum_i \ln \sum_z \hat P(y_i | z)\, \theta_z(x_i), \qquad
        \hat P(y, z) = \frac{1}{n} \sum_{i:\, y_i = y} \theta_z(x_i)

    Args:
        probabilities: The source's softmax on the target's pictures, shape (n, source classes), rows that sum to 1.
        labels: Of the target, shape (n,).

    Returns:
        At most 0; larger is better.

    Raises:
        ValueError: If the rows are no probabilities, or there is only one class.

    Example:
        >>> round(leep(np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([1, 0])), 6) == 0
        True

    Source: Nguyen et al. (2020), LEEP: a new measure to evaluate transferability of learned representations.
    """
    theta, y = _features("probabilities", probabilities), _labels(labels, probabilities)
    if theta.min() < 0 or not torch.allclose(theta.sum(dim=1), torch.ones(len(theta), dtype=theta.dtype), atol=1e-4):
        raise refuse("probabilities", f"sums from {theta.sum(1).min()} to {theta.sum(1).max()}", "rows that sum to 1")
    joint = _indicators(y).mT @ theta / len(theta)  # (target classes, source classes)
    conditional = joint / joint.sum(dim=0).clamp(min=torch.finfo(theta.dtype).tiny)
    return float((theta * conditional[y]).sum(dim=1).log().mean())


def h_score(features: np.ndarray | Tensor, labels: np.ndarray | Tensor, *, shrinkage: float | None = None) -> float:
    r"""Return the H-score: the variance between the classes in units of the variance of the features.

    .. math:: (1 - \lambda) \operatorname{tr}\big( \Sigma_\lambda^{-1}\, \Sigma_{E[f | y]} \big), \qquad
        \Sigma_\lambda = (1 - \lambda) \Sigma + \lambda \frac{\operatorname{tr} \Sigma}{d} I

    Without shrinkage, and with no more pictures than features in general position, it is the number of classes minus 1,
    whatever the features are: it cannot choose then.

    Args:
        features: Shape (n, d).
        labels: Class numbers, shape (n,).
        shrinkage: :math:`\lambda` in [0, 1]; ``None`` means the one of Ledoit and Wolf. With 0 the inverse is the
            pseudo-inverse, as in the textbook.

    Returns:
        From 0 to the number of classes minus 1; larger is better.

    Raises:
        ValueError: If the shapes do not fit, there is only one class, or the shrinkage is out of range.

    Example:
        >>> noise = np.random.default_rng(0).normal(size=(20, 30))
        >>> round(h_score(noise, np.arange(20) % 4, shrinkage=0), 6)
        3.0

    Source: Bao et al. (2019), An information-theoretic approach to transferability; Ibrahim et al. (2021),
    Newer is not always better, for the shrinkage; Ledoit and Wolf (2004) for its strength.
    """
    f, y = _features("features", features), _labels(labels, features)
    if shrinkage is not None and not 0 <= shrinkage <= 1:
        raise refuse("shrinkage", shrinkage, "numbers in [0, 1], or None")
    f = f - f.mean(dim=0)
    covariance = f.mT @ f / len(f)
    scale = covariance.trace() / f.shape[1]
    if not scale > 0:
        raise refuse("features", "features that do not vary", "features that differ between the inputs")
    strength = _ledoit_wolf(f, covariance, scale) if shrinkage is None else shrinkage
    classes = _indicators(y)
    means = classes.mT @ f / classes.sum(dim=0)[:, None]
    between = means[y].mT @ means[y] / len(f)
    shrunk = (1 - strength) * covariance + strength * scale * torch.eye(f.shape[1], dtype=f.dtype)
    return float((1 - strength) * (torch.linalg.pinv(shrunk, hermitian=True) * between).sum())


def logme(features: np.ndarray | Tensor, labels: np.ndarray | Tensor) -> float:
    r"""Return the logarithm of the maximum evidence of a linear model for the labels, per picture and class.

    .. math:: \frac{1}{n} \max_{\alpha, \beta} \ln \mathcal N\big(y;\, 0,\, \beta^{-1} I + \alpha^{-1} F F^\top\big)

    for the indicator y of each class, averaged over the classes. The precisions of prior and noise are found by the
    fixed point of MacKay, for all classes at once.

    Args:
        features: Shape (n, d).
        labels: Class numbers, shape (n,).

    Returns:
        Larger is better.

    Raises:
        ValueError: If the shapes do not fit, or there is only one class.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> y = np.arange(40) % 2
        >>> told = y[:, None] + 0.1 * rng.normal(size=(40, 3))
        >>> logme(told, y) > logme(rng.normal(size=(40, 3)), y)
        True

    Source: You et al. (2021), LogME: practical assessment of pre-trained models for transfer learning; the fixed point
    is of MacKay (1992), Bayesian interpolation.
    """
    f, y = _features("features", features), _labels(labels, features)
    targets, n = _indicators(y), len(f)
    U, s, _ = torch.linalg.svd(f, full_matrices=False)
    power = s.square()[:, None]  # (r, 1)
    seen = (U.mT @ targets).square()  # (r, classes): energy of the targets along each direction
    outside = (targets.square().sum(dim=0) - seen.sum(dim=0)).clamp(min=0)
    alpha = beta = torch.ones(targets.shape[1], dtype=f.dtype)
    tiny = torch.finfo(f.dtype).tiny
    for _ in range(ITERATIONS):
        kept = beta * power / (alpha + beta * power)  # the share of each direction that the weights follow
        weights = (beta.square() * power * seen / (alpha + beta * power).square()).sum(dim=0)
        residual = ((1 - kept).square() * seen).sum(dim=0) + outside
        before, count = (alpha, beta), kept.sum(dim=0)
        alpha = (count / weights.clamp(min=tiny)).clamp(*BOUNDS)
        beta = ((n - count) / residual.clamp(min=tiny)).clamp(*BOUNDS)
        if all(((new - old).abs() <= TOLERANCE * old).all() for new, old in zip((alpha, beta), before, strict=True)):
            break
    variances = 1 / beta + power / alpha  # of the targets along the directions; 1 / beta in the n - r others
    log_determinant = variances.log().sum(dim=0) - (n - len(s)) * beta.log()
    fit = (seen / variances).sum(dim=0) + beta * outside
    return float((-0.5 * (n * np.log(2 * np.pi) + log_determinant + fit) / n).mean())


def _features(name: str, values: np.ndarray | Tensor) -> Tensor:
    """A finite matrix in double precision."""
    tensor = (values.detach() if isinstance(values, Tensor) else torch.tensor(np.ascontiguousarray(values))).double()
    if tensor.ndim != 2 or not tensor.numel() or not tensor.isfinite().all():
        raise refuse(name, f"shape {tuple(tensor.shape)}", "finite numbers of shape (n, d), both positive")
    return tensor


def _labels(labels: np.ndarray | Tensor, features: np.ndarray | Tensor) -> Tensor:
    y = as_targets(labels, np.shape(features))
    if len(y.unique()) < 2:
        raise refuse("labels", f"only class {int(y[0])}", "at least two classes")
    return torch.unique(y, return_inverse=True)[1]


def _indicators(y: Tensor) -> Tensor:
    """One column for each class."""
    return one_hot(y).double()


def _centred(kernel: Tensor, debiased: bool) -> Tensor:
    """The kernel without the part that a constant explains; debiased, the diagonal is left out as well."""
    if not debiased:
        return kernel - kernel.mean(dim=0) - kernel.mean(dim=1, keepdim=True) + kernel.mean()
    n = len(kernel)
    kernel = kernel - torch.diag(kernel.diagonal())
    rows = kernel.sum(dim=1) / (n - 2)
    return (kernel - rows[:, None] - rows + rows.sum() / (n - 1)).fill_diagonal_(0)


def _ledoit_wolf(f: Tensor, covariance: Tensor, scale: Tensor) -> float:
    """The strength of shrinkage that has the least expected squared error, estimated from centred features."""
    target = scale * torch.eye(f.shape[1], dtype=f.dtype)
    distance = (covariance - target).square().sum()
    spread = (f.square().sum(dim=1).square().mean() - covariance.square().sum()) / len(f)
    return float((spread.clamp(min=0) / distance).clamp(max=1)) if distance > 0 else 1.0
