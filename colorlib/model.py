"""`Model`: what a colorizer is, saved with its weights as the config.json of its folder.

It holds what it takes to build the network again and to colorize, and nothing else: no data set, no paths, no
optimizer. The networks themselves are in `colorlib.models`.
"""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from colorlib.errors import ConfigError
from colorlib.fields import check_fields, knob

FORMAT = 1  # of a colorizer's config.json


@dataclass(frozen=True)
class Model:
    """The generator and what it sees and says: all that is needed to build it again and to colorize with it.

    adjustable: may differ from what the weights were trained with. addable: may be given to weights without it, which
    are then trained on.
    """

    color_space: str = knob("lab", "what the generator sees and predicts")
    image_size: int = knob(
        32, "side at which the generator sees a picture, in pixels", least=8, below=2**16, adjustable=True
    )
    photo_size: int | None = knob(
        None,
        "short side at which the generator sees a whole photo, in pixels [the picture size]",
        least=8,
        below=2**13,
        adjustable=True,
    )
    photo_sharpen: int = knob(
        0,
        "sharpen a whole photo, once it is small, by so many percent, as training pictures are",
        least=0,
        below=1000,
        adjustable=True,
    )
    generator: str = knob(
        "unet",
        "the network that colors; gray_fed is *church*'s, with noise, resnet18 fastai's U-Net on an encoder that may "
        "have seen photographs; residual has a block for each of its widths and no smaller maps, residual_unet a "
        "block in each level, residual_unet_2x decides on colors at twice the picture's size",
    )
    widths: tuple[int, ...] = knob(
        (32, 64, 128, 256), "channels of the generator's levels (of the U-Net: its encoder's), as 32,64,128"
    )
    stem_stride: int = knob(1, "stride of the U-Net's first level: 1 for small pictures, 2 for 256x256", (1, 2))
    dropout: float = knob(
        0.0, "noise as dropout in the U-Net's three lowest decoder levels", least=0, below=1, adjustable=True
    )
    upsampling: str = knob(
        "transposed",
        "how the U-Net's decoder enlarges: transposed convolution, as in the documents, or convolution and resize, "
        "which leaves no checkerboards",
        ("transposed", "resize"),
    )
    conditions: tuple[str, ...] = knob(
        (),
        "what the U-Net is told to come near to, as saturation,hue (see colorlib/controls.py) [nothing]",
        addable=True,
    )
    head: str = knob(
        "color",
        "what the generator's output means; color is the color itself, bins how likely each bin of a and b is (Zhang "
        "et al. 2016), at half the picture's size",
    )
    temperature: float = knob(
        0.38,
        "sharpens the mean over the bins: 1 is the plain mean, 0.01 nearly the likeliest bin",
        least=0.01,
        adjustable=True,
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
