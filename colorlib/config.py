"""`Config`: a training, with the `Model` that it makes.

A colorizer is saved with its Model (`colorlib.model`), and a run's folder with its Config, which adds data, objective,
optimization and the run. A recipe (`colorlib.recipes`) is a tuple of them. Each field says what it is and in which
unit; that text is also the help of the command line.
"""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from colorlib.errors import ConfigError
from colorlib.fields import PRECISIONS, check_fields, knob
from colorlib.model import MODEL_FIELDS, Model

RUN_FORMAT = 2  # of a training's; in the first, the discriminator `none` stood for supervised learning


@dataclass(frozen=True)
class Config:
    """A training: the model, data, objective, optimization and the run itself.

    shared: the same for all stages of a run, as is the model but for what is addable. first: of the first stage alone,
    since the others start from the one before. resumable: may change when a training goes on; all else would
    contradict its past.
    """

    model: Model = dataclasses.field(default_factory=Model)

    # data
    dataset: str = knob(
        "bundled",
        "a data set's name, a folder of photos, or an .npz with an array `images`",
        shared=True,
        resumable=True,
    )
    dataset_path: str | None = knob(
        None, "where a named data set lies, or is downloaded to", shared=True, resumable=True
    )
    splits: str = knob(
        "own", "percent of train/valid/test, as 80/10/10 or 80/20; own: as the data set comes", shared=True
    )
    split_seed: int = knob(
        0, "which pictures train, validate and test follows from their content and this", least=0, shared=True
    )
    limit_images: int | None = knob(None, "train on at most so many pictures (default: all)", least=2)
    valid_images: int = knob(1000, "validate on at most so many pictures after each epoch", least=1)
    augment: bool = knob(True, "flip and shift the training pictures at random")
    crop_from: int | None = knob(
        None, "train on random crops of pictures that have this side, in pixels (default: whole pictures)", least=8
    )
    skip_gray: bool = knob(True, "leave truly gray photos out of training", shared=True)

    # objective
    loss: dict = dataclasses.field(
        default_factory=lambda: {"l1": 100.0},
        metadata={
            "help": "the generator's loss as terms with weights and, after a comma, options: l1=100 l2=2000 "
            "adversarial=1,kind=lsgan saturation=20,target=0.5 [l1=100]"
        },
    )
    compare_with: str = knob(
        "true",
        "what a prediction for targets is compared with: the true color, or moved, the true color with its chroma "
        "scaled or its hue turned until it has them",
        ("true", "moved"),
    )
    content_weights: str = knob(
        "imagenet",
        "the network by which the term `content` compares pictures: imagenet, VGG16 with torchvision's weights "
        "(528 MB, downloaded once), a file of VGG16's or ResNet18's weights, or of `colorlib pretrain-encoder`, or "
        "none, VGG16 with random ones",
        resumable=True,
    )
    system: str = knob(
        "supervised",
        "what is trained; supervised is a generator that learns from the true colors alone, gan one that a "
        "discriminator judges too, by the term `adversarial`",
    )
    discriminator: str = knob(
        "conv",
        "who judges; conv gives one logit, patch one for each patch, patch70 is the PatchGAN, dense is *church*'s",
    )
    discriminator_widths: tuple[int, ...] = knob((64, 128, 256, 512), "channels of the discriminator's convolutions")
    spectral_norm: bool = knob(False, "spectral norm in the discriminator, in place of batch norm")
    generator_steps: int = knob(1, "steps of the generator for each step of the discriminator", least=1)

    # optimization
    epochs: int = knob(10, "passes over the training pictures", least=1, resumable=True)
    max_steps: int | None = knob(
        None, "stop after so many steps, whatever the epochs (default: no limit)", least=1, resumable=True
    )
    batch_size: int = knob(128, "pictures in one step", least=1, below=2**20)
    optimizer: str = knob("adam", "optimizer of every network")
    lr: float = knob(3e-4, "learning rate of the generator", above=0, resumable=True)
    discriminator_lr: float | None = knob(
        None, "learning rate of the discriminator (default: the generator's)", above=0, resumable=True
    )
    encoder_lr: float = knob(
        1.0, "learning rate of a pre-trained encoder, as a fraction of the generator's; 0 freezes it", least=0
    )
    beta1: float = knob(0.5, "Adam's first momentum", least=0, below=1)
    beta2: float = knob(0.999, "Adam's second momentum", least=0, below=1)
    rmsprop_decay: float = knob(0.9, "how fast RMSprop forgets, per step", least=0, below=1)
    weight_decay: float = knob(0.0, "weight decay of AdamW", least=0)
    ema: float = knob(
        0.0, "keep a moving average of the generator's weights with this decay, as 0.999; 0: none", least=0, below=1
    )
    lr_schedule: str = knob(
        "decay",
        "constant; decay: lr * 0.1^(step / lr_decay_steps); onecycle: up and down once over the whole run; "
        "plateau: lr / 10 when the validation metric hasn't improved for plateau_patience epochs",
        resumable=True,
    )
    lr_decay_steps: float = knob(
        1e4, "steps in which the schedule `decay` divides the learning rate by 10", above=0, resumable=True
    )
    lr_floor: float = knob(1e-6, "the schedules `decay` and `plateau` go no lower than this", least=0, resumable=True)
    plateau_patience: int = knob(
        3, "epochs without improvement before the schedule `plateau` divides by 10", least=1, resumable=True
    )
    monitor: str = knob("mae", "validation metric that chooses the best epoch; last: the newest is")
    patience: int | None = knob(
        None, "stop after so many epochs without improvement (default: never)", least=1, resumable=True
    )

    # the run
    trainer: str = knob("colorlib", "whose loop trains: ours, or fastai's Learner with its one cycle")
    start_from: str | None = knob(
        None, "a colorizer's folder: begin with its weights (default: random ones)", resumable=True, first=True
    )
    encoder_weights: str = knob(
        "none",
        "weights that the encoder of --generator resnet18 begins with: imagenet (torchvision's, downloaded once), a "
        "file of `colorlib pretrain-encoder` or of any ResNet18, or none, random ones",
        resumable=True,
        first=True,
    )
    seed: int = knob(0, "seed of weights, order and augmentation", least=0, below=2**32, shared=True)
    device: str = knob("auto", "auto (a GPU if there is one), cpu, cuda, cuda:1, mps", shared=True, resumable=True)
    precision: str = knob(
        "auto",
        "auto: bf16 where the processor (with AMX) or GPU is faster in it, fp16 on older GPUs, else fp32",
        PRECISIONS,
        shared=True,
        resumable=True,
    )
    save_steps: int | None = knob(
        None, "also keep the state for --resume every so many steps (default: each epoch)", least=1, resumable=True
    )
    checkpoints_path: str = knob(
        "checkpoints", "folder for config.json, history.csv, best/, last/, preview.png", shared=True, resumable=True
    )

    def __post_init__(self):
        check_fields(self)
        if not self.loss:
            raise ConfigError("--loss is empty: nothing to learn; it takes terms with weights, as l1=100")

    def replace(self, **changes) -> "Config":
        """A copy with some fields changed; the model's are named like the config's own."""
        of_model = {name: changes.pop(name) for name in MODEL_FIELDS & set(changes)}
        if of_model:
            changes["model"] = dataclasses.replace(changes.get("model", self.model), **of_model)
        unknown = set(changes) - {field.name for field in dataclasses.fields(self)}
        if unknown:
            raise ConfigError(f"unknown settings: {', '.join(sorted(unknown))}")
        return dataclasses.replace(self, **changes)

    def flat(self) -> dict:
        """All settings by name, the model's among them: what the command line's flags show and change."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return dataclasses.asdict(values.pop("model")) | values

    def to_json(self) -> str:
        """All fields, as a run's config.json holds them."""
        return json.dumps({"format": RUN_FORMAT, **dataclasses.asdict(self)}, indent=2) + "\n"

    @classmethod
    def load(cls, path) -> "Config":
        """Read a run's config.json. Raises `ConfigError`."""
        try:
            return cls.from_dict(json.loads(Path(path).read_text()))
        except FileNotFoundError:
            raise ConfigError(f"{path}: no such file") from None
        except ConfigError as error:
            raise ConfigError(f"{path}: {error}; was another colorlib here?") from None
        except (OSError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
            raise ConfigError(f"{path}: not the settings of a training ({type(error).__name__}: {error})") from None

    @classmethod
    def from_dict(cls, values: dict) -> "Config":
        """The configuration that `dataclasses.asdict` made these values of."""
        values = dict(values)
        version = values.pop("format", 1)
        if type(version) is not int or version > RUN_FORMAT:
            raise ConfigError(f"written in format {version} by a newer colorlib; this one reads up to {RUN_FORMAT}")
        if "system" not in values:
            alone = values["discriminator"] == "none"
            values |= {"system": "supervised", "discriminator": "conv"} if alone else {"system": "gan"}
        return cls().replace(**values.pop("model"), **values)
