"""ResNet18 for gray pictures: the encoder that has seen photographs, and where its weights come from.

The network is torchvision's (He et al. 2016) but for its first convolution, the stem, which sees one channel. Weights
of the usual one, which sees three, are folded into it by `fold_stem`. `colorlib pretrain-encoder` trains one on gray
photographs (`colorlib.encoder`); `colorlib.models.pretrained` builds a generator on it. Used in notebook 04.
"""

import json
import pickle
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn
from torchvision.models import ResNet, ResNet18_Weights, resnet18

from colorlib.errors import ConfigError

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
    weights = imagenet_weights() if name == "imagenet" else read_weights(name)
    known = gray_resnet18().state_dict()
    unknown = sorted(key for key in weights if key not in known)
    if unknown:
        raise ConfigError(f"--encoder-weights {name}: not a ResNet18: it has {unknown[0]}, as a larger one")
    for key, value in known.items():
        # No encoder needs the answers, which are to other questions; older files don't count batches.
        if key.startswith("fc.") or key.endswith("num_batches_tracked"):
            continue
        expected = (64, 3, 7, 7) if key == "conv1.weight" else tuple(value.shape)
        got = weights.get(key, torch.empty(0)).shape
        if got not in (expected, value.shape):
            given = f"is {tuple(got)} in place of {expected}" if key in weights else "is missing"
            raise ConfigError(f"--encoder-weights {name}: not a ResNet18: {key} {given}")
        if not weights[key].isfinite().all():
            raise ConfigError(f"--encoder-weights {name}: broken; {key} has numbers that aren't finite")
    return fold_stem(weights)


def imagenet_weights() -> dict[str, Tensor]:
    """Torchvision's weights of ResNet18, trained on ImageNet. Raises `ConfigError` where they can't be had."""
    weights = ResNet18_Weights.IMAGENET1K_V1
    place = Path(torch.hub.get_dir()) / "checkpoints" / Path(weights.url).name
    try:
        return plain(weights.get_state_dict(progress=False, check_hash=True, weights_only=True, map_location="cpu"))
    except Exception as error:  # a download can fail in nearly any way
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise ConfigError(
            f"--encoder-weights imagenet: {weights.url} can't be had ({reason}); put that file at {place}, give a file "
            "of `colorlib pretrain-encoder` or any ResNet18's with --encoder-weights FILE, or none for random weights"
        ) from None


def read_weights(name) -> dict[str, Tensor]:
    """The weights in a file, .safetensors or torch's own format. Nothing in it is executed. Raises `ConfigError`."""
    path = Path(name)
    if not path.is_file():
        raise ConfigError(
            f"--encoder-weights {name}: no such file; give imagenet, none, or a file of `colorlib pretrain-encoder`"
        )
    try:
        if path.suffix == ".safetensors":
            with safe_open(path, "pt") as content:
                return plain({key: content.get_tensor(key) for key in content.keys()})  # noqa: SIM118 (no dict)
        return plain(torch.load(path, map_location="cpu", weights_only=True))
    except pickle.PickleError:
        raise ConfigError(f"--encoder-weights {name}: no file of weights, as torch.save writes a state_dict") from None
    except Exception as error:  # a damaged file can fail in nearly any way
        reason = (str(error) or type(error).__name__).splitlines()[0][:120]
        raise ConfigError(f"--encoder-weights {name}: no weights can be read from it ({reason})") from None


def plain(weights) -> dict[str, Tensor]:
    """A state_dict, perhaps in half precision, in float32. Raises `TypeError` for all else."""
    if not isinstance(weights, dict) or not all(isinstance(value, Tensor) for value in weights.values()):
        raise TypeError("it holds something else than tensors by name")
    return {key: value.float() if value.is_floating_point() else value for key, value in weights.items()}


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
