"""A U-Net whose encoder is a ResNet18 that may have seen photographs: fastai's `DynamicUnet`, for gray pictures.

It is the generator of experiment 7 of *coco*. The encoder halves a picture five times; the decoder enlarges by pixel
shuffle (Shi et al. 2016) with weights that begin without a checkerboard, meets the encoder's maps by skip connections,
and sees the picture itself once more before its last convolutions. Used in notebook 04.

fastai takes seconds to be imported, so that is done when such a network is built, and not before.
"""

import contextlib
import warnings
from collections.abc import Iterator

from torch import Tensor, nn

from colorlib.color.spaces import COLOR_SPACES
from colorlib.model import Model
from colorlib.models.generator import Generator, check_full_size
from colorlib.models.heads import ACTIVATIONS, Head
from colorlib.models.resnet import gray_resnet18

PUT_TOGETHER_AT = (128, 128)  # fastai builds the decoder by what comes out at one size; it works at all


def gray_dynamic_unet(out_channels: int) -> nn.Module:
    """fastai's U-Net on a ResNet18 that sees gray: `(B, 1, H, W)` to `(B, out_channels, H, W)`, random weights."""
    with importing_fastai():
        from fastai.vision.models.unet import DynamicUnet

    return DynamicUnet(without_classes(gray_resnet18()), out_channels, PUT_TOGETHER_AT)


@contextlib.contextmanager
def importing_fastai():
    """Without the warnings about what fastai still uses of torch and pandas, of which nobody here can mend anything."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def without_classes(network: nn.Module) -> nn.Sequential:
    """A ResNet without its last two layers, the mean over the picture and the classes: `(B, 512, H/32, W/32)`."""
    return nn.Sequential(*list(network.children())[:-2])


class ResNet18UNet(Generator):
    """Gray `(B, 1, H, W)`, of any size, to color `(B, out_channels, H, W)`, in [-1, 1] for tanh, [0, 1] for sigmoid.

    darkest: the gray of a black pixel; the brightest is 1. The encoder is shown -1 to 1, whatever the color space.
    """

    reads = ("encoder_weights", "encoder_lr")

    def __init__(self, out_channels: int = 2, activation: str = "tanh", darkest: float = -1.0):
        super().__init__()
        self.unet, self.darkest = gray_dynamic_unet(out_channels), darkest
        self.activation = ACTIVATIONS[activation]()

    @classmethod
    def from_model(cls, model: Model, head: Head) -> "ResNet18UNet":
        """The generator that a model describes, for its head. Raises `ConfigError`."""
        check_full_size(model, head)
        return cls(head.channels, head.activation, COLOR_SPACES[model.color_space].darkest)

    @property
    def encoder(self) -> nn.Module:
        """The ResNet18 without its classes."""
        return self.unet.layers[0]

    def initialize(self) -> None:
        """Draw the weights that training starts from, the encoder's too: as fastai does, which draws as it builds."""
        self.unet.load_state_dict(gray_dynamic_unet(self.unet.layers[-2][0].out_channels).state_dict())
        nn.init.normal_(self.unet.layers[-2][0].weight, std=0.01)  # the first prediction is nearly gray

    def encoder_parameters(self) -> Iterator[nn.Parameter]:
        """The encoder's weights."""
        return self.encoder.parameters()

    def load_encoder(self, weights: dict[str, Tensor]) -> None:
        """Give the encoder the weights of a ResNet18 that sees gray, by torchvision's names."""
        network = gray_resnet18()
        network.load_state_dict(network.state_dict() | {key: weights[key] for key in weights if "fc." not in key})
        self.encoder.load_state_dict(without_classes(network).state_dict())

    def freeze_encoder(self) -> None:
        """Let the encoder's weights stay as they are. The mean and variance that batch norm has counted still follow
        the pictures, as with fastai: those of another data set, or of other sizes, would be wrong for them."""
        self.encoder.requires_grad_(False)

    def forward(self, gray: Tensor) -> Tensor:
        seen = (gray - self.darkest) * (2 / (1 - self.darkest)) - 1
        return self.activation(self.unet(seen).as_subclass(Tensor))  # fastai's own kind of tensor is for itself
