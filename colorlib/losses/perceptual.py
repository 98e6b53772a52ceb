"""The content term of *coco*: two pictures are alike if a network that knows photographs makes like maps of them.

    --loss adversarial=1 l1=100 content=1
    --loss content=1,layer=0.5*relu1_2+relu3_3,size=64 --content-weights vgg16.pth

The mean squared difference between the maps of the predicted picture and those of the true one (perceptual loss:
Johnson et al. 2016; as "content loss" in Ledig et al. 2017). A pixel-wise term looks at each pixel alone; a map's value
depends on a neighborhood, so this one sees edges and textures of color.

*coco* names it a challenge that the way from Lab to RGB "breaks the gradient computation". Ours is torch all the way
(`colorlib.color`), so the gradient goes through the frozen network and Lab back to the generator.

What a picture costs, value and gradient, of one processor thread (`python benchmarks/content.py`; Intel Xeon, float32):
VGG16's relu2_2 7 ms and 2 MB at 32 pixels, 40 ms and 7 MB at 64, 650 ms and 115 MB at 256; the gray ResNet18's layer1
4 ms and 1 MB at 32, 18 ms and 7 MB at 64.
"""

import copy
import logging

import torch
from torch import Tensor
from torch.nn import functional

from colorlib.config import Config
from colorlib.engine import Engine
from colorlib.errors import ConfigError
from colorlib.losses import Criterion, Prediction
from colorlib.models.features import feature_network

log = logging.getLogger("colorlib")


class ContentLoss(Criterion):
    """MSE between a network's maps of the predicted picture and of the true one, summed over the layers.

    layer: whose maps, as `relu2_2`; of several their weighted sum, as `0.5*relu1_2+relu3_3`; without it the network's
    usual one (`colorlib.models.features` has their names). size: the side in pixels at which the network sees the
    pictures; without it their own. The network is what the setting `content_weights` names.
    """

    def __init__(self, layer: str | None = None, size: float | None = None):
        self.weights = read_layers(layer) if layer is not None else {}
        if size is not None and (type(size) not in (int, float) or size != int(size) or not 8 <= size < 2**13):
            raise ConfigError(f"--loss content: size is {size!r}; it takes pixels, from 8 on")
        self.size = None if size is None else int(size)

    def prepare(self, engine: Engine, config: Config) -> None:
        """Bring the network onto the device, where it computes in the precision of the training.

        Raises `ConfigError` where it can't be had, hasn't such layers, or can't take pictures so small.
        """
        asked = f"--content-weights {config.content_weights}"
        network = feature_network(config.content_weights, tuple(self.weights), asked)
        side = self.size or config.model.image_size
        try:
            copy.deepcopy(network).to("meta")(torch.empty(1, 3, side, side, device="meta"))  # shapes alone
        except RuntimeError:
            raise ConfigError(
                f"--loss content: {side} pixels are too few for {' and '.join(network.layers)}; give an earlier layer, "
                "or a larger size"
            ) from None
        if config.content_weights == "none" and engine.is_main:
            log.warning("--content-weights none: content compares by a VGG16 of random weights, which knows no photos")
        self.weights = self.weights or dict.fromkeys(network.layers, 1.0)
        self.network, self.in_precision = network.to(engine.device, engine.dtype), engine.accelerator.autocast

    def maps(self, rgb: Tensor) -> dict[str, Tensor]:
        """The network's maps of pictures, sRGB `(B, 3, H, W)` in [0, 1]."""
        if self.size is not None and rgb.shape[-2:] != (self.size, self.size):
            smooth = rgb.device.type != "mps"  # where older versions of torch can't
            rgb = functional.interpolate(rgb, (self.size, self.size), mode="bilinear", antialias=smooth)
        with self.in_precision():
            return self.network(rgb)

    def __call__(self, prediction: Prediction) -> Tensor:
        with torch.no_grad():
            true = self.maps(prediction.true_rgb)
        predicted = self.maps(on_screen(prediction.rgb))
        at_least = torch.promote_types(prediction.gray.dtype, torch.float32)  # a square has no room in half precision
        distances = {name: (predicted[name].to(at_least) - true[name].to(at_least)).square().mean() for name in true}
        return sum(weight * distances[name] for name, weight in self.weights.items())


def on_screen(rgb: Tensor) -> Tensor:
    """sRGB `(B, 3, H, W)` cut to [0, 1], as a screen shows it and as the network knows pictures.

    The gradient goes on as if nothing had been cut (straight-through; Bengio et al. 2013): with the cut's own, which is
    0, a color outside the gamut would never come back.
    """
    return rgb + (rgb.clamp(0, 1) - rgb).detach()


def read_layers(text) -> dict[str, float]:
    """Layers with their weights, of `relu2_2`, or `0.5*relu1_2+relu3_3`. Raises `ConfigError`."""
    layers = {}
    for part in str(text).split("+"):
        first, times, name = part.rpartition("*")
        try:
            weight = float(first) if times else 1.0
        except ValueError:
            weight = 0.0
        if not name or name in layers or not 0 < weight < float("inf"):
            raise ConfigError(f"--loss content: layer is {text!r}; it takes one, or several as 0.5*relu1_2+relu3_3")
        layers[name] = weight
    return layers
