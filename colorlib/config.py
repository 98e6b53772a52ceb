"""Two frozen dataclasses: `Model`, what a colorizer is, and `Config`, the training that makes one.

A `Model` is saved with its weights and holds nothing else than it takes to build the network again and to colorize.
A `Config` holds a Model, and data, objective, optimization and the run. A recipe (`colorlib.recipes`) is a tuple of
them. Each field says what it is and in which unit; that text is also the help of the command line.
"""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from colorlib.errors import ConfigError
from colorlib.settings import Rules, check_fields, knob

FORMAT = 1  # of a colorizer's config.json
RUN_FORMAT = 2  # of a training's; in the first, the discriminator `none` stood for supervised learning


@dataclass(frozen=True)
class Model:
    """The generator and what it sees and says: all that is needed to build it again and to colorize with it."""

    color_space: str = knob("lab", "what the generator sees and predicts")
    image_size: int = knob(32, "side at which the generator sees a picture, in pixels", least=8, below=2**16)
    photo_size: int | None = knob(
        None, "short side at which the generator sees a whole photo, in pixels [the picture size]", least=8, below=2**13
    )
    photo_sharpen: int = knob(
        0, "sharpen a whole photo, once it is small, by so many percent, as training pictures are", least=0, below=1000
    )
    generator: str = knob("unet", "the network that colors; gray_fed is the one of *church*, with noise")
    widths: tuple[int, ...] = knob(
        (32, 64, 128, 256), "channels of the generator's levels (of the U-Net: its encoder's), as 32,64,128"
    )
    stem_stride: int = knob(1, "stride of the U-Net's first level: 1 for small pictures, 2 for 256x256", (1, 2))
    dropout: float = knob(0.0, "noise as dropout in the U-Net's three lowest decoder levels", least=0, below=1)
    upsampling: str = knob(
        "transposed",
        "how the U-Net's decoder enlarges: transposed convolution, as in the documents, or convolution and resize, "
        "which leaves no checkerboards",
        ("transposed", "resize"),
    )
    conditions: tuple[str, ...] = knob(
        (), "what the U-Net is told to come near to, as saturation,hue (see colorlib/controls.py) [nothing]"
    )
    head: str = knob(
        "color",
        "what the generator's output means; color is the color itself, bins how likely each bin of a and b is (Zhang "
        "et al. 2016), at half the picture's size",
    )
    temperature: float = knob(
        0.38, "sharpens the mean over the bins: 1 is the plain mean, 0.01 nearly the likeliest bin", least=0.01
    )

    def __post_init__(self):
        check_fields(self)

    def to_json(self) -> str:
        """The form of a colorizer's config.json."""
        return json.dumps({"format": FORMAT, **dataclasses.asdict(self)}, indent=2) + "\n"

    @classmethod
    def load(cls, path) -> "Model":
        """Read a colorizer's config.json, of this format or an older one. Raises `ConfigError`."""
        try:
            text = Path(path).read_text()
        except FileNotFoundError:
            raise ConfigError(f"{path}: no such file") from None
        except (OSError, ValueError) as error:
            raise ConfigError(f"{path}: not the config.json of a colorizer ({error})") from None
        return cls.from_json(text, path)

    @classmethod
    def from_json(cls, text: str, path) -> "Model":
        """What `to_json` wrote, or an older colorlib; `path` names it in messages. Raises `ConfigError`."""
        try:
            values = json.loads(text)
            version = values.pop("format", 0)
        except (ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            raise ConfigError(f"{path}: not the config.json of a colorizer ({error})") from None
        if "model" in values and "dataset" in values:
            raise ConfigError(f"{path}: the config.json of a training, not of a colorizer; its colorizers are in best/")
        if version == 0 and "dataset" in values and "widths" in values:  # all of a training's settings stood there
            values = {name: value for name, value in values.items() if name in MODEL_FIELDS}
        elif type(version) is not int or version < 1:
            raise ConfigError(f"{path}: not the config.json of a colorizer; it has no format number from 1 on")
        elif version > FORMAT:
            raise ConfigError(
                f"{path}: written in format {version} by a newer colorlib; this one reads up to {FORMAT}, so update it"
            )
        unknown = set(values) - MODEL_FIELDS
        if unknown:
            raise ConfigError(f"{path}: unknown settings {', '.join(sorted(unknown))} in format {version}")
        try:
            return cls(**values)
        except ConfigError as error:
            raise ConfigError(f"{path}: {error}") from None


MODEL_FIELDS = {field.name for field in dataclasses.fields(Model)}


@dataclass(frozen=True)
class Config:
    """A training: the model, data, objective, optimization and the run itself."""

    model: Model = dataclasses.field(default_factory=Model)

    # data
    dataset: str = knob("bundled", "a data set's name, a folder of photos, or an .npz with an array `images`")
    dataset_path: str | None = knob(None, "where a named data set lies, or is downloaded to")
    splits: str = knob("own", "percent of train/valid/test, as 80/10/10 or 80/20; own: as the data set comes")
    split_seed: int = knob(0, "which pictures train, validate and test follows from their content and this", least=0)
    limit_images: int | None = knob(None, "train on at most so many pictures (default: all)", least=2)
    valid_images: int = knob(1000, "validate on at most so many pictures after each epoch", least=1)
    augment: bool = knob(True, "flip and shift the training pictures at random")
    crop_from: int | None = knob(
        None, "train on random crops of pictures that have this side, in pixels (default: whole pictures)", least=8
    )
    skip_gray: bool = knob(True, "leave truly gray photos out of training")

    # objective
    loss: dict = dataclasses.field(
        default_factory=lambda: {"l1": 100.0},
        metadata={
            "help": "the generator's loss as terms with weights and, after a comma, options: l1=100 l2=2000 "
            "adversarial=1,kind=lsgan saturation=20,target=0.5 [l1=100]"
        },
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
    epochs: int = knob(10, "passes over the training pictures", least=1)
    max_steps: int | None = knob(None, "stop after so many steps, whatever the epochs (default: no limit)", least=1)
    batch_size: int = knob(128, "pictures in one step", least=1, below=2**20)
    optimizer: str = knob("adam", "optimizer of every network")
    lr: float = knob(3e-4, "learning rate of the generator", above=0)
    discriminator_lr: float | None = knob(
        None, "learning rate of the discriminator (default: the generator's)", above=0
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
    )
    lr_decay_steps: float = knob(1e4, "steps in which the schedule `decay` divides the learning rate by 10", above=0)
    lr_floor: float = knob(1e-6, "the schedules `decay` and `plateau` go no lower than this", least=0)
    plateau_patience: int = knob(3, "epochs without improvement before the schedule `plateau` divides by 10", least=1)
    monitor: str = knob("mae", "validation metric that chooses the best epoch; last: the newest is")
    patience: int | None = knob(None, "stop after so many epochs without improvement (default: never)", least=1)

    # the run
    start_from: str | None = knob(None, "a colorizer's folder: begin with its weights (default: random ones)")
    seed: int = knob(0, "seed of weights, order and augmentation", least=0, below=2**32)
    device: str = knob("auto", "auto (a GPU if there is one), cpu, cuda, cuda:1, mps")
    precision: str = knob(
        "auto",
        "auto: bf16 where the processor (with AMX) or GPU is faster in it, fp16 on older GPUs, else fp32",
        ("auto", "fp32", "fp16", "bf16", "fp64"),
    )
    save_steps: int | None = knob(
        None, "also keep the state for --resume every so many steps (default: each epoch)", least=1
    )
    checkpoints_path: str = knob("checkpoints", "folder for config.json, history.csv, best/, last/, preview.png")

    def __post_init__(self):
        check_fields(self)
        if not self.loss:
            raise ConfigError("--loss is empty: nothing to learn; it takes terms with weights, as l1=100")
        if self.crop_from is not None and self.crop_from <= self.model.image_size:
            raise ConfigError(
                f"--crop-from is {self.crop_from}; it must be above --image-size, which is {self.model.image_size}"
            )
        if self.monitor == "last" and (self.patience or self.lr_schedule == "plateau"):
            raise ConfigError(
                "--monitor last finds every epoch better than the one before, so --patience and --lr-schedule plateau "
                "would never act; give another --monitor"
            )

    def rules(self) -> Rules:
        """Which settings have an effect beside the others. Kinds say what they look at: `colorlib.choices.idle`."""
        return {
            ("crop_from",): (self.augment, "--augment False"),
            ("patience",): (self.patience is None or self.patience < self.epochs, f"--epochs {self.epochs}"),
            ("plateau_patience",): (self.plateau_patience < self.epochs, f"--epochs {self.epochs}"),
            ("lr_floor",): (self.lr_floor < self.lr, f"--lr {self.lr:g}, which is no higher"),
        }

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
