"""Features as a loss: Gram matrices, images that are optimized, and measures that no network made."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Generator, Tensor

from .errors import check_count, refuse

NEIGHBOURS = ((-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1))
OUTSIDE = 10.0  # weight of the mean squared distance of the pixels from [0, 1] in the loss of `optimize_image`


def gram(maps: Tensor) -> Tensor:
    r"""Return the Gram matrix of feature maps: how strongly each two channels respond at the same places.

    .. math:: G_{ab} = \frac{1}{HW} \sum_{p} F_{ap} F_{bp}

    The sum over the places p forgets where something is; what remains is a description of texture.

    Args:
        maps: Shape (batch, channels, height, width).

    Returns:
        Shape (batch, channels, channels).

    Raises:
        ValueError: If the maps have another number of axes.

    Example:
        >>> gram(torch.ones(1, 2, 3, 3))
        tensor([[[1., 1.],
                 [1., 1.]]])

    Source: Gatys, Ecker and Bethge (2015), Texture synthesis using convolutional neural networks, equation 1 (there
    without the division).
    """
    if maps.ndim != 4:
        raise refuse("maps", tuple(maps.shape), "shape (batch, channels, height, width)")
    flat = maps.flatten(2)
    return flat @ flat.mT / flat.shape[2]


def relative_distance(tensor: Tensor, target: Tensor) -> Tensor:
    r"""Return :math:`\lVert t - t^* \rVert^2 / \lVert t^* \rVert^2`: 0 for equal tensors, 1 for a zero one.

    Args:
        tensor: Any shape.
        target: The same shape, not all zero.

    Example:
        >>> relative_distance(torch.zeros(3), torch.ones(3))
        tensor(1.)
    """
    if tensor.shape != target.shape:
        raise refuse("tensor", tuple(tensor.shape), f"the shape of the target, {tuple(target.shape)}")
    return (tensor - target).square().sum() / target.square().sum()


def optimize_image(
    loss: Callable[[Tensor], Tensor],
    like: Tensor,
    *,
    evaluations: int = 200,
    generator: Generator | None = None,
) -> tuple[Tensor, list[float]]:
    r"""Search for an image in [0, 1] with a small loss, from noise with half the contrast of ``like``.

    The unknowns are white noise z, and the image is its filtered version: mean plus z with the amplitude of each
    spatial frequency f divided by f, as in photographs. Gradient steps in z move coarse structures before fine ones.
    The loss gets the image clamped to [-0.2, 1.2]; ten times the mean squared distance of its pixels from [0, 1] is
    added. L-BFGS with a line search by the strong Wolfe conditions.

    Args:
        loss: Gets images of the shape of ``like``, and returns a number.
        like: Gives shape (batch, channels, height, width), mean and standard deviation of the start.
        evaluations: Of the loss and its gradient, at most.
        generator: Source of the noise; ``None`` means torch's global one.

    Returns:
        The image, clamped to [0, 1], and the loss of each evaluation.

    Raises:
        ValueError: If ``like`` has another number of axes or is constant, or the loss is not finite.

    Example:
        >>> target = torch.linspace(0.2, 0.8, 64).reshape(1, 1, 8, 8)
        >>> image, losses = optimize_image(
        ...     lambda x: (x - target).square().mean(), target, generator=torch.Generator().manual_seed(0)
        ... )
        >>> bool((image - target).abs().max() < 0.01), losses[-1] < 1e-3 * losses[0]
        (True, True)

    Source: Liu and Nocedal (1989) for L-BFGS; Olah et al. (2017), Feature visualization, for the filter.
    """
    evaluations = check_count("evaluations", evaluations)
    if like.ndim != 4 or not like.std() > 0:
        raise refuse(
            "like", f"shape {tuple(like.shape)}, std {like.std()}", "(batch, channels, height, width), std > 0"
        )
    size = like.shape[2:]
    rows, columns = torch.fft.fftfreq(size[0])[:, None], torch.fft.rfftfreq(size[1])[None]
    amplitude = 1 / (rows.square() + columns.square()).clamp(min=1 / max(size) ** 2).sqrt().to(like)
    noise = torch.randn(like.shape, generator=generator).to(like)
    scale = 0.5 * like.std() / _filtered(noise, amplitude).std()
    unknowns, seen = noise.requires_grad_(), list[float]()

    def image() -> Tensor:
        return like.mean() + scale * _filtered(unknowns, amplitude)

    def closure() -> float:
        optimizer.zero_grad()
        pixels = image()
        value = loss(pixels.clamp(-0.2, 1.2)) + OUTSIDE * (pixels - pixels.clamp(0, 1)).square().mean()
        if not value.isfinite():
            raise refuse("loss", value.item(), "functions with finite values")
        value.backward()
        seen.append(value.item())
        return seen[-1]

    optimizer = torch.optim.LBFGS(
        [unknowns], history_size=20, max_iter=evaluations, max_eval=evaluations, line_search_fn="strong_wolfe"
    )
    optimizer.step(closure)
    return image().detach().clamp(0, 1), seen


def phase_randomized(image: np.ndarray, *, rng: np.random.Generator) -> np.ndarray:
    """Return an image with the same amplitude of every spatial frequency, and random phases.

    What it shares with the image is the power spectrum, that is, all correlations of two pixels.

    Args:
        image: Shape (height, width).
        rng: Source of the phases.

    Returns:
        float64, the same shape and mean; values may leave [0, 1].

    Example:
        >>> image = np.random.default_rng(0).random((8, 8))
        >>> other = phase_randomized(image, rng=np.random.default_rng(1))
        >>> bool(np.allclose(np.abs(np.fft.fft2(other)), np.abs(np.fft.fft2(image))))
        True

    Source: Galerne, Gousseau and Morel (2011), Random phase textures, section 2.
    """
    if image.ndim != 2:
        raise refuse("image", image.shape, "shape (height, width)")
    phases = np.fft.rfft2(rng.normal(size=image.shape))
    phases /= np.abs(phases)
    phases[0, 0] = 1  # the mean stays
    return np.fft.irfft2(np.abs(np.fft.rfft2(image)) * phases, s=image.shape)


def local_binary_patterns(image: np.ndarray, radius: int = 1) -> np.ndarray:
    """Return how often each of 256 patterns occurs: which of the eight neighbours of a pixel are brighter than it.

    Args:
        image: Shape (height, width).
        radius: Distance of the neighbours in pixels, along rows, columns and diagonals.

    Returns:
        Shares that sum to 1, shape (256,).

    Raises:
        ValueError: If the image has another number of axes, or is not larger than twice the radius.

    Example:
        >>> local_binary_patterns(np.zeros((5, 5)))[0]
        np.float64(1.0)

    Source: Ojala, Pietikäinen and Harwood (1996), A comparative study of texture measures.
    """
    radius = check_count("radius", radius)
    if image.ndim != 2 or min(image.shape) <= 2 * radius:
        raise refuse("image", image.shape, f"shape (height, width) from {2 * radius + 1} on")
    height, width = (side - 2 * radius for side in image.shape)
    centre = image[radius : radius + height, radius : radius + width]
    codes = np.zeros(centre.shape, int)
    for bit, (down, right) in enumerate(NEIGHBOURS):
        top, left = radius * (1 + down), radius * (1 + right)
        codes += (image[top : top + height, left : left + width] > centre) << bit
    return np.bincount(codes.ravel(), minlength=256) / codes.size


def _filtered(noise: Tensor, amplitude: Tensor) -> Tensor:
    return torch.fft.irfft2(torch.fft.rfft2(noise) * amplitude, s=noise.shape[2:])
