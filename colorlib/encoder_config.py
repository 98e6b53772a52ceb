"""`EncoderConfig`, `JudgeConfig`: how `colorlib.training.encoder` and `colorlib.training.judge_training` train.

Their fields are the flags of `pretrain-encoder` and `pretrain-judge`.
"""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from colorlib.errors import ConfigError
from colorlib.fields import PRECISIONS, check_fields, check_unchanged, having, knob


@dataclass(frozen=True)
class EncoderConfig:
    """The training of an encoder. resumable: may change when it goes on.

    made: what it leaves in its folder, in a file of that name.
    """

    made = "encoder"  # without a type: it is no setting

    dataset: str = knob("tiny-imagenet", "a data set in folders, one for each class: a name, or a folder")
    dataset_path: str | None = knob(None, "where a named data set lies, or is downloaded to", resumable=True)
    splits: str = knob("98/1/1", "percent of train/valid/test, of the training part where the set comes divided")
    split_seed: int = knob(0, "which pictures train, validate and test follows from their content and this", least=0)
    limit_images: int | None = knob(None, "train on at most so many pictures (default: all)", least=2)
    image_size: int = knob(
        64, "side at which it sees a picture in the end, in pixels; it begins with half of it", least=16, below=2**12
    )
    epochs: int = knob(5, "passes over the training pictures", least=1)
    batch_size: int = knob(128, "pictures in one step", least=2, below=2**20)
    lr: float = knob(1e-3, "learning rate of AdamW, which rises and falls once", above=0)
    weight_decay: float = knob(0.05, "weight decay of AdamW", least=0)
    seed: int = knob(0, "seed of weights, order and augmentation", least=0, below=2**32)
    save_steps: int = knob(500, "keep the state for --resume every so many steps", least=1, resumable=True)
    device: str = knob("auto", "auto (a GPU if there is one), cpu, cuda, cuda:1, mps", resumable=True)
    precision: str = knob("auto", "auto: half where it is faster", PRECISIONS, resumable=True)
    output: str = knob("encoder", "folder for encoder.safetensors, config.json, history.csv", resumable=True)

    def __post_init__(self):
        check_fields(self)


@dataclass(frozen=True)
class JudgeConfig(EncoderConfig):
    """The training of a judge. resumable: may change when it goes on."""

    made = "judge"

    dataset: str = knob("cifar10", "a data set in folders, one for each class: a name, or a folder")
    image_size: int = knob(
        32, "side at which it sees a picture in the end, in pixels; it begins with half of it", least=16, below=2**12
    )
    lr: float = knob(3e-3, "learning rate of AdamW, which rises and falls once", above=0)
    widths: tuple[int, ...] = knob((24, 48, 96, 192), "channels of its levels; each after the first halves the picture")
    output: str = knob("judge", "folder for judge.safetensors, config.json, history.csv", resumable=True)


def resumed(folder: Path, given: dict, config_class: type = EncoderConfig) -> EncoderConfig:
    """The settings of the training in a folder, with others of those that may change. Raises `ConfigError`."""
    if not (folder / "config.json").exists():
        raise ConfigError(f"{folder} holds no {config_class.made}'s training to --resume")
    before = load_encoder_config(folder / "config.json", config_class)
    check_unchanged(given, vars(before), having(config_class, "resumable"))
    return dataclasses.replace(before, **given | {"output": str(folder)})  # which may have been moved since


def load_encoder_config(path: Path, config_class: type = EncoderConfig) -> EncoderConfig:
    """The config.json of an encoder's training, or of one of its like. Raises `ConfigError` for anything else's."""
    try:
        return config_class(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise ConfigError(f"{path}: not the settings of this kind of training, {config_class.made} ({error})") from None
