"""ResNet18 for gray pictures: the encoder that has seen photographs, and where its weights come from.

The network is torchvision's (He et al. 2016) but for its first convolution, the stem, which sees one channel. Weights
of the usual one, which sees three, are folded into it by `fold_stem`. `colorlib pretrain-encoder` trains one on gray
photographs (`colorlib.training.encoder`); `colorlib.models.pretrained` builds a generator on it. Used in notebook 04.
"""

import json
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn
from torchvision.models import ResNet, ResNet18_Weights, resnet18

from colorlib.errors import ConfigError
from colorlib.models.weights import check_weights, read_weights, torchvision_weights

# What torchvision's weights expect of red, green and blue in [0, 1]: minus the mean, divided by the deviation.
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def gray_resnet18(classes: int = 1000) -> ResNet:
    """ResNet18 for gray `(B, 1, H, W)` in [-1, 1], to logits `(B, classes)`, with random weights."""
    network = resnet18(weights=None, num_classes=classes)
    network.conv1 = nn.Conv2d(1, 64, kernel_size=7, stride=2, padding=3, bias=False)
    nn.init.kaiming_normal_(network.conv1.weight, mode="fan_out", nonlinearity="relu")
    return network


def fold_stem(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """The weights of a ResNet that sees RGB as those of one that sees gray, with the same answers to gray photos.

    weights: by torchvision's names, of a stem `(64, 3, 7, 7)`; of one that sees gray already they are left alone.

    In a gray photo red, green and blue are one value v, and the gray g in [-1, 1] is 2 v - 1 (nearly: L of Lab is a
    little brighter than v). So W * (v - mean) / std, summed over the three channels, is one kernel over g and a
    constant for each of the 64 maps. The batch norm that follows subtracts a mean; the constant goes into that.
    """
    kernel = weights["conv1.weight"]
    if kernel.shape[1] == 1:
        return dict(weights)
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (IMAGENET_MEAN, IMAGENET_STD))
    folded = (kernel / (2 * std)).sum(dim=1, keepdim=True)
    constant = (kernel * (0.5 - mean) / std).sum(dim=(1, 2, 3))
    return {**weights, "conv1.weight": folded, "bn1.running_mean": weights["bn1.running_mean"] - constant}


def encoder_weights(name: str) -> dict[str, Tensor]:
    """The weights of a ResNet18 that sees gray, by torchvision's names, float32, on the processor.

    name: `imagenet`, torchvision's, which it downloads once; or a file, of `pretrain-encoder` (.safetensors) or in
    torchvision's format (.pth). Raises `ConfigError`, which says what was asked and how to go on without it.
    """
    asked = f"--encoder-weights {name}"
    if name == "imagenet":
        instead = (
            "give a file of `colorlib pretrain-encoder` or any ResNet18's with --encoder-weights FILE, or none for "
            "random weights"
        )
        weights = torchvision_weights(ResNet18_Weights.IMAGENET1K_V1, asked, instead)
    else:
        weights = read_weights(name, asked, "give imagenet, none, or a file of `colorlib pretrain-encoder`")
    check_resnet18(weights, asked)
    return fold_stem(weights)


def check_resnet18(weights: dict[str, Tensor], asked: str) -> None:
    """Raise `ConfigError` for weights that aren't a ResNet18's, whether that sees gray or RGB.

    asked: the flag that named them, and its value.
    """
    known = gray_resnet18().state_dict()
    unknown = sorted(key for key in weights if key not in known)
    if unknown:
        raise ConfigError(f"{asked}: not a ResNet18: it has {unknown[0]}, as a larger one")
    # Nobody needs the answers, which are to other questions; older files don't count batches.
    shapes = {
        key: value.shape
        for key, value in known.items()
        if not key.startswith("fc.") and not key.endswith("num_batches_tracked")
    }
    if weights.get("conv1.weight", torch.empty(0)).shape[1:2] != (1,):
        shapes["conv1.weight"] = (64, 3, 7, 7)
    check_weights(weights, shapes, "ResNet18", asked)


def gray_classifier(name: str) -> tuple[ResNet, list[str]]:
    """The whole of a ResNet18 that sees gray, in evaluation mode, and what its classes are called.

    name: as in `encoder_weights`, but a file only of `pretrain-encoder`, which knows its classes. Raises `ConfigError`.
    """
    weights = encoder_weights(name)
    answers = len(weights.get("fc.bias", ()))
    if name == "imagenet":
        classes = ResNet18_Weights.IMAGENET1K_V1.meta["categories"]
    else:
        try:
            with safe_open(name, "pt") as content:
                classes = json.loads((content.metadata() or {})["classes"])
        except (SafetensorError, OSError, KeyError, ValueError):
            classes = None
        if not isinstance(classes, list) or len(classes) != answers:
            raise ConfigError(f"{name}: its classes have no names; give a file of `colorlib pretrain-encoder`")
    network = gray_resnet18(len(classes))
    network.load_state_dict(network.state_dict() | weights)
    return network.eval(), classes


def course_encoder() -> str:
    """The encoder of the course, as `encoder_weights` takes it: the one made here, of a clone's results/, or imagenet.

    The one made here is 23 MB, too large to come with an installed package.
    """
    made_here = Path(__file__).parents[2] / "results" / "encoder" / "encoder.safetensors"
    return str(made_here) if made_here.is_file() else "imagenet"
