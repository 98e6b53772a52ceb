"""Networks that have learned to name what is in photographs, and the maps that they make on the way to the names.

Two pictures that look alike give alike maps, so the content term of the objective (`colorlib.losses.perceptual`)
compares maps instead of pixels. Three kinds of networks will do, and a file of weights says itself which it is of:

    VGG16           the one of *coco*, with the weights that torchvision has for ImageNet; it sees red, green and blue
    ResNet18        torchvision's, which sees the same
    gray ResNet18   what `colorlib pretrain-encoder` makes. It sees gray alone, and the lightness of a colorized photo
                    is the true one's: from that, no wrong color could be seen. So it is shown three gray pictures, the
                    red, the green and the blue channel, as a camera takes them with a filter of that color before its
                    lens. These are gray photographs too, as it knows them; and a color that is wrong is too bright in
                    one of the three, or too dark in another.
"""

import itertools
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torchvision.models import VGG16_Weights, resnet18

from colorlib.errors import ConfigError
from colorlib.models.resnet import IMAGENET_MEAN, IMAGENET_STD, check_resnet18, gray_resnet18
from colorlib.models.weights import check_weights, read_weights, torchvision_weights

VGG16_WIDTHS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))  # convolutions, by block
ACCEPTED = "a file of VGG16's or ResNet18's weights, or of `colorlib pretrain-encoder`"


class Features(nn.Module):
    """sRGB `(B, 3, H, W)` in [0, 1] to maps `(n, C, h, w)` by the names of their layers, n = B, or 3 B of one that is
    shown the channels one by one. It doesn't learn: it is frozen, in evaluation mode.

    steps: the network's layers in their order, by name. layers: those whose maps are wanted; all behind the last one is
    left away. by_channel: it sees one channel in [-1, 1]; otherwise three with ImageNet's mean and deviation.
    """

    def __init__(self, steps: dict[str, nn.Module], layers: Sequence[str], by_channel: bool = False):
        super().__init__()
        names = list(steps)
        last = max(names.index(layer) for layer in layers)
        self.steps = nn.ModuleDict({name: steps[name] for name in names[: last + 1]})
        self.layers, self.by_channel = tuple(layers), by_channel
        self.eval().requires_grad_(False)

    def shown(self, rgb: Tensor) -> Tensor:
        """The pictures as the network sees them."""
        if self.by_channel:
            return 2 * rgb.flatten(0, 1)[:, None] - 1
        mean, std = (rgb.new_tensor(values).view(1, 3, 1, 1) for values in (IMAGENET_MEAN, IMAGENET_STD))
        return (rgb - mean) / std

    def forward(self, rgb: Tensor) -> dict[str, Tensor]:
        x, maps = self.shown(rgb), {}
        for name, step in self.steps.items():
            x = step(x)
            if name in self.layers:
                maps[name] = x
        return maps


def vgg16_steps() -> dict[str, nn.Module]:
    """VGG16's convolutions (Simonyan and Zisserman 2015), `relu1_1` to `relu5_3`, with random weights.

    Each has its ReLU behind it, and the first of a block, but for the first block, a pooling before it.
    """
    steps, inputs = {}, 3
    for block, widths in enumerate(VGG16_WIDTHS, start=1):
        for number, width in enumerate(widths, start=1):
            pool = [nn.MaxPool2d(2)] if block > 1 and number == 1 else []
            convolution = nn.Conv2d(inputs, width, kernel_size=3, padding=1)
            nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
            nn.init.zeros_(convolution.bias)
            steps[f"relu{block}_{number}"] = nn.Sequential(*pool, convolution, nn.ReLU())
            inputs = width
    return steps


def vgg16(layers: Sequence[str], weights: dict[str, Tensor] | None, asked: str) -> Features:
    """VGG16 up to the last of some layers. Raises `ConfigError`.

    layers: `relu1_1` to `relu5_3`; none of them: `relu2_2`, which Johnson et al. (2016) compare by. weights: by
    torchvision's names, at least those of the layers that are needed; None draws random ones, always the same. asked:
    the flag that named them, and its value.
    """
    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        steps = vgg16_steps()
    network = up_to(layers or ("relu2_2",), steps, "VGG16")
    if weights is not None:
        known = numbered(steps).state_dict(prefix="features.")
        unknown = sorted(key for key in weights if key.startswith("features.") and key not in known)
        if unknown:
            raise ConfigError(f"{asked}: not a VGG16: it has {unknown[0]}, as another VGG")
        needed = numbered(network.steps)
        shapes = {key: value.shape for key, value in needed.state_dict(prefix="features.").items()}
        check_weights(weights, shapes, "VGG16", asked)
        needed.load_state_dict({key.removeprefix("features."): weights[key] for key in shapes})
    return network


def numbered(steps: Mapping[str, nn.Module]) -> nn.Sequential:
    """VGG16's convolutions, ReLUs and poolings one after the other, as torchvision counts them."""
    return nn.Sequential(*itertools.chain(*steps.values()))


def resnet18_of(layers: Sequence[str], weights: dict[str, Tensor], asked: str) -> Features:
    """A ResNet18, of gray or of RGB, up to the last of some layers. Raises `ConfigError`.

    layers: `relu`, at half the picture's size, and `layer1` to `layer4`, at a quarter to a 32nd; none of them:
    `layer1`. weights: by torchvision's names. asked: the flag that named them, and its value.
    """
    check_resnet18(weights, asked)
    by_channel = weights["conv1.weight"].shape[1] == 1
    network = gray_resnet18() if by_channel else resnet18(weights=None)
    network.load_state_dict(network.state_dict() | {key: weights[key] for key in weights if "fc." not in key})
    steps = {
        "relu": nn.Sequential(network.conv1, network.bn1, network.relu),
        "layer1": nn.Sequential(network.maxpool, network.layer1),
        "layer2": network.layer2,
        "layer3": network.layer3,
        "layer4": network.layer4,
    }
    return up_to(layers or ("layer1",), steps, "ResNet18", by_channel)


def up_to(layers: Sequence[str], steps: dict[str, nn.Module], kind: str, by_channel: bool = False) -> Features:
    """The network up to the last of some layers. Raises `ConfigError` for one that it hasn't."""
    for layer in layers:
        if layer not in steps:
            raise ConfigError(f"--loss content: {kind} has no layer {layer!r}; it has {', '.join(steps)}")
    return Features(steps, layers, by_channel)


def feature_network(name: str, layers: Sequence[str] = (), asked: str = "") -> Features:
    """The network that a setting names, on the processor, in float32. Raises `ConfigError`.

    name: `imagenet`, VGG16 with the weights that torchvision downloads once; `none`, VGG16 with random ones; or a file
    (.safetensors, or in torchvision's format) of any of the kinds above. layers: none for the network's usual one.
    asked: the flag that named it, and its value.
    """
    if name == "none":
        return vgg16(layers, None, asked)
    if name == "imagenet":
        instead = f"give {ACCEPTED}, or none for random weights"
        return vgg16(layers, torchvision_weights(VGG16_Weights.IMAGENET1K_V1, asked, instead), asked)
    weights = read_weights(name, asked, f"give imagenet, none, or {ACCEPTED}")
    for key, make in (("features.0.weight", vgg16), ("conv1.weight", resnet18_of)):
        if key in weights:
            return make(layers, weights, asked)
    raise ConfigError(f"{asked}: neither a VGG16 nor a ResNet18; give {ACCEPTED}")
