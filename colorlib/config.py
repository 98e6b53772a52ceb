"""One frozen dataclass configures everything: it makes the command line, and is saved beside every checkpoint.

A recipe (`colorlib.recipes`) is an instance of it. Each field says what it is and in which unit; that text is
also the help of the command line.
"""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

# Validation metrics that can choose the best epoch: 1 where more is better, -1 where less is.
MONITORS = {"mae": -1, "psnr_pooled": 1, "colorfulness_error": -1, "last": 1}

# What --resume may change: how long and how fast a training goes on, and where. All else would contradict its past.
RESUMABLE = {
    *("epochs", "max_steps", "patience", "lr", "discriminator_lr", "lr_schedule", "lr_decay_steps", "lr_floor"),
    *("plateau_patience", "save_steps", "device", "precision", "dataset_path", "checkpoints_path"),
}


class ConfigError(ValueError):
    """A setting that can't be; the message names it, what it got and what it takes."""


def knob(default, text: str, choices: tuple = ()):
    """A field with its help text, and the values it may have where these are few."""
    return dataclasses.field(default=default, metadata={"help": text, "choices": choices})


@dataclass(frozen=True)
class Config:
    """Data, system, objective, optimization and the run itself."""

    # data
    dataset: str = knob("bundled", "bundled, cifar10, or a folder of photos (or an .npz with an array `images`)")
    dataset_path: str | None = knob(None, "where a named data set lies, or is downloaded to")
    splits: str = knob("own", "percent of train/valid/test, as 80/10/10 or 80/20; own: as the data set comes")
    image_size: int = knob(32, "side of the training pictures, in pixels")
    limit_images: int | None = knob(None, "train on at most so many pictures (default: all)")
    valid_images: int = knob(1000, "validate on at most so many pictures after each epoch")
    augment: bool = knob(True, "flip and shift the training pictures at random")
    skip_gray: bool = knob(True, "leave truly gray photos out of training")

    # system
    color_space: str = knob("lab", "what the generator sees and predicts", ("lab", "lab_unit", "lab_3", "yuv"))
    generator: str = knob("unet", "unet, or gray_fed: source 003's, with noise", ("unet", "gray_fed"))
    widths: tuple[int, ...] = knob(
        (32, 64, 128, 256), "channels of the generator's levels (of the U-Net: its encoder's), as 32,64,128"
    )
    stem_stride: int = knob(1, "stride of the first level: 1 for small pictures, 2 for 256x256", (1, 2))
    dropout: float = knob(0.0, "noise in the form of dropout in the U-Net's three lowest decoder levels, 0 to 1")
    upsampling: str = knob(
        "transposed",
        "how the U-Net's decoder enlarges: transposed convolution, as in the sources, or convolution and resize, "
        "which leaves no checkerboards",
        ("transposed", "resize"),
    )
    discriminator: str = knob(
        "none",
        "none: regression alone; conv: one logit; patch: a logit for each patch; patch70: the 70x70 PatchGAN; "
        "dense: source 003's",
        ("none", "conv", "patch", "patch70", "dense"),
    )
    discriminator_widths: tuple[int, ...] = knob((64, 128, 256, 512), "channels of the discriminator's convolutions")
    spectral_norm: bool = knob(False, "spectral norm in the discriminator, in place of batch norm")

    # objective
    gan_loss: str = knob("bce", "bce: binary cross entropy, non-saturating; lsgan; hinge", ("bce", "lsgan", "hinge"))
    gan_weight: float = knob(1.0, "weight of the adversarial term, where there is a discriminator")
    real_label: float = knob(1.0, "the discriminator's label for true colors with bce; 0.9 smooths it on one side")
    l1_weight: float = knob(100.0, "lambda of the mean absolute difference of color; 0 leaves it out")
    l2_weight: float = knob(0.0, "lambda of the mean squared difference of color; 0 leaves it out")

    # optimization
    epochs: int = knob(10, "passes over the training pictures")
    max_steps: int | None = knob(None, "stop after so many steps, whatever the epochs (default: no limit)")
    batch_size: int = knob(128, "pictures in one step")
    generator_steps: int = knob(1, "steps of the generator for each step of the discriminator")
    optimizer: str = knob("adam", "optimizer of both networks", ("adam", "adamw", "rmsprop"))
    lr: float = knob(3e-4, "learning rate of the generator")
    discriminator_lr: float | None = knob(None, "learning rate of the discriminator (default: the generator's)")
    beta1: float = knob(0.5, "Adam's first momentum")
    beta2: float = knob(0.999, "Adam's second momentum")
    rmsprop_decay: float = knob(0.9, "how fast RMSprop forgets, per step")
    weight_decay: float = knob(0.0, "weight decay of AdamW")
    ema: float = knob(0.0, "keep a moving average of the generator's weights with this decay, as 0.999; 0: none")
    lr_schedule: str = knob(
        "decay",
        "constant; decay: lr * 0.1^(step / lr_decay_steps); onecycle: up and down once over the whole run; "
        "plateau: lr / 10 when the validation metric hasn't improved for plateau_patience epochs",
        ("constant", "decay", "onecycle", "plateau"),
    )
    lr_decay_steps: float = knob(1e4, "steps in which the schedule `decay` divides the learning rate by 10")
    lr_floor: float = knob(1e-6, "the schedules `decay` and `plateau` go no lower than this")
    plateau_patience: int = knob(3, "epochs without improvement before the schedule `plateau` divides by 10")
    monitor: str = knob("mae", "validation metric that chooses the best epoch; last: the newest is", tuple(MONITORS))
    patience: int | None = knob(None, "stop after so many epochs without improvement (default: never)")

    # the run
    seed: int = knob(0, "seed of weights, splits, order and augmentation")
    device: str = knob("auto", "auto (a GPU if there is one), cpu, cuda, cuda:1, mps")
    precision: str = knob(
        "auto",
        "auto: bf16 where the processor or GPU has it natively, fp16 on older GPUs, else fp32",
        ("auto", "fp32", "fp16", "bf16", "fp64"),
    )
    save_steps: int | None = knob(None, "also keep the state for --resume every so many steps (default: each epoch)")
    checkpoints_path: str = knob("checkpoints", "folder for config.json, history.csv, best/, last/, preview.png")

    def __post_init__(self):
        for field in dataclasses.fields(self):
            choices, value = field.metadata["choices"], getattr(self, field.name)
            if choices and value not in choices:
                raise ConfigError(f"{flag(field.name)} is {value!r}; it takes one of {', '.join(map(str, choices))}")
        for name in ("widths", "discriminator_widths"):  # JSON has no tuples
            object.__setattr__(self, name, tuple(getattr(self, name)))
        for name in ("image_size", "batch_size", "epochs", "lr", "lr_decay_steps", "valid_images", "generator_steps"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"{flag(name)} is {getattr(self, name)}; it must be above 0")
        for name in ("limit_images", "max_steps", "patience", "save_steps", "plateau_patience"):
            if getattr(self, name) is not None and getattr(self, name) < 1:
                raise ConfigError(f"{flag(name)} is {getattr(self, name)}; it must be 1 or more")
        if self.discriminator_lr is not None and not self.discriminator_lr > 0:
            raise ConfigError(f"--discriminator-lr is {self.discriminator_lr}; it must be above 0")
        if self.seed < 0 or self.weight_decay < 0:
            raise ConfigError("--seed and --weight-decay must not be negative")
        if self.l1_weight < 0 or self.l2_weight < 0 or self.gan_weight < 0:
            raise ConfigError("--l1-weight, --l2-weight and --gan-weight must not be negative")
        if self.l1_weight + self.l2_weight == 0 and (self.discriminator == "none" or self.gan_weight == 0):
            raise ConfigError("nothing to learn: --l1-weight and --l2-weight are 0 and no discriminator judges")
        for name in ("dropout", "ema", "beta1", "beta2", "rmsprop_decay"):
            if not 0 <= getattr(self, name) < 1:
                raise ConfigError(f"{flag(name)} is {getattr(self, name)}; it must be at least 0 and below 1")
        if not 0.5 < self.real_label <= 1:
            raise ConfigError(f"--real-label is {self.real_label}; it must be above 0.5 and at most 1")
        for name in ("widths", "discriminator_widths"):
            if len(getattr(self, name)) < 2 or min(getattr(self, name)) < 1:
                raise ConfigError(f"{flag(name)} needs two or more positive channel counts, got {getattr(self, name)}")
        if self.monitor == "last" and (self.patience or self.lr_schedule == "plateau"):
            raise ConfigError(
                "--monitor last finds every epoch better than the one before, so --patience and --lr-schedule plateau "
                "would never act; give another --monitor"
            )
        if self.generator == "unet" and self.image_size % self.size_multiple:
            raise ConfigError(
                f"--image-size is {self.image_size}; {len(self.widths)} levels need a multiple of {self.size_multiple}"
            )
        if self.generator == "unet" and self.batch_size == 1 and self.image_size == self.size_multiple:
            raise ConfigError("--batch-size is 1; batch norm at a U-Net's 1x1 bottom needs two pictures or more")

    @property
    def size_multiple(self) -> int:
        """What a picture's sides must be multiples of: every level but a stride-1 first one halves them."""
        return 2 ** (len(self.widths) - (self.stem_stride == 1))

    def replace(self, **changes) -> "Config":
        """A copy with some fields changed."""
        return dataclasses.replace(self, **changes)

    def to_json(self) -> str:
        """All fields, as config.json holds them."""
        return json.dumps(dataclasses.asdict(self), indent=2) + "\n"

    @classmethod
    def load(cls, path) -> "Config":
        """Read a config.json. Raises `ConfigError`."""
        try:
            values = json.loads(Path(path).read_text())
            unknown = set(values) - {field.name for field in dataclasses.fields(cls)}
        except FileNotFoundError:
            raise ConfigError(f"{path}: no such file") from None
        except (OSError, ValueError, TypeError) as error:
            raise ConfigError(f"{path}: not a configuration ({error})") from None
        if unknown:
            raise ConfigError(f"{path}: unknown settings {', '.join(sorted(unknown))}; was a newer colorlib here?")
        try:
            return cls(**values)
        except TypeError as error:
            raise ConfigError(f"{path}: not a configuration ({error})") from None


def flag(name: str) -> str:
    """A field's name as the command line spells it."""
    return "--" + name.replace("_", "-")
