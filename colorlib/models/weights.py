"""Weights that networks were given by earlier trainings: torchvision's, which it downloads once, and files.

Whoever asks for them says with which flag, so that a message can name it and say how to go on without them. Nothing in
a file is executed. Used by the encoder of notebook 04 (`colorlib.models.resnet`) and by the content term
(`colorlib.models.features`).
"""

import pickle
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor
from torchvision.models import WeightsEnum

from colorlib.errors import ConfigError


def torchvision_weights(weights: WeightsEnum, asked: str, instead: str) -> dict[str, Tensor]:
    """Weights of torchvision's, by its names, float32. Raises `ConfigError` where they can't be had.

    asked: the flag and its value. instead: what else the flag takes, in words.
    """
    place = Path(torch.hub.get_dir()) / "checkpoints" / Path(weights.url).name
    try:
        return plain(weights.get_state_dict(progress=False, check_hash=True, weights_only=True, map_location="cpu"))
    except Exception as error:  # a download can fail in nearly any way
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise ConfigError(
            f"{asked}: {weights.url} can't be had ({reason}); put that file at {place}, {instead}"
        ) from None


def read_weights(name, asked: str, instead: str) -> dict[str, Tensor]:
    """The weights in a file, .safetensors or torch's own format, by their names, float32. Raises `ConfigError`.

    asked: the flag and its value. instead: what else the flag takes, in words.
    """
    path = Path(name)
    if not path.is_file():
        raise ConfigError(f"{asked}: no such file; {instead}")
    try:
        if path.suffix == ".safetensors":
            with safe_open(path, "pt") as content:
                return plain({key: content.get_tensor(key) for key in content.keys()})  # noqa: SIM118 (no dict)
        return plain(torch.load(path, map_location="cpu", weights_only=True))
    except pickle.PickleError:
        raise ConfigError(f"{asked}: no file of weights, as torch.save writes a state_dict") from None
    except Exception as error:  # a damaged file can fail in nearly any way
        reason = (str(error) or type(error).__name__).splitlines()[0][:120]
        raise ConfigError(f"{asked}: no weights can be read from it ({reason})") from None


def plain(weights) -> dict[str, Tensor]:
    """A state_dict, perhaps in half precision, in float32. Raises `TypeError` for all else."""
    if not isinstance(weights, dict) or not all(isinstance(value, Tensor) for value in weights.values()):
        raise TypeError("it holds something else than tensors by name")
    return {key: value.float() if value.is_floating_point() else value for key, value in weights.items()}


def check_weights(weights: dict[str, Tensor], shapes: dict[str, tuple], what: str, asked: str) -> None:
    """Raise `ConfigError` where weights aren't those of a network, or not finite.

    shapes: the network's, by name, of all that is needed. what: the network, in a word. asked: the flag and its value.
    """
    for key, shape in shapes.items():
        if key not in weights:
            raise ConfigError(f"{asked}: not a {what}: {key} is missing")
        if weights[key].shape != shape:
            got = tuple(weights[key].shape)
            raise ConfigError(f"{asked}: not a {what}: {key} is {got} in place of {tuple(shape)}")
        if not weights[key].isfinite().all():
            raise ConfigError(f"{asked}: broken; {key} has numbers that aren't finite")
