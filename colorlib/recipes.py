"""Every system of the source documents as a named configuration, at three scales.

    colorlib train --recipe unet-l1 --scale class

`full` is the document's own setting; where the document is silent the value is ours, and the comment says so.
`class` makes the same system small enough for a laptop, `smoke` for a test.
"""

from colorlib.config import Config, ConfigError
from colorlib.scale import SCALES

# Small enough for a laptop: 1.5 M parameters instead of 16.7 M, and a learning rate that rises and falls once,
# which makes the most of few epochs (ours).
CLASS_UNET = {"widths": (32, 64, 128, 256), "stem_stride": 1, "image_size": 32}
CLASS_SCHEDULE = {"lr": 2e-3, "lr_schedule": "onecycle", "epochs": 3, "batch_size": 128}
SMOKE = {
    "dataset": "bundled",
    "image_size": 32,
    "widths": (8, 16, 32),
    "stem_stride": 1,
    "limit_images": 512,
    "valid_images": 128,
    "batch_size": 32,
    "epochs": 2,
    "lr": 2e-3,
    "lr_schedule": "onecycle",
}

RECIPES = {
    # Source 000's row "U-Net" (after Nazeri et al. 2018): CIFAR-10, 16.7 M parameters, L1 alone.
    "unet-l1": {
        "full": Config(
            dataset="cifar10",
            widths=(64, 128, 256, 512, 512),
            l1_weight=100.0,
            epochs=200,
            batch_size=128,
            lr=3e-4,
            lr_schedule="decay",
            lr_decay_steps=1e4,
            seed=100,
        ),
        "class": CLASS_UNET | CLASS_SCHEDULE,
        "smoke": SMOKE,
    },
    # Source 001's baseline: faces at 256x256, three output channels, the squared difference of its equation 1.
    # The document names CelebA; any folder of photos will do. Batch size and learning rate are ours.
    "unet-l2": {
        "full": Config(
            dataset="data/celeba",
            splits="80/20",
            limit_images=8000,
            image_size=256,
            color_space="lab_3",
            widths=(64, 128, 256, 512, 512, 512, 512, 512),
            stem_stride=2,
            l1_weight=0.0,
            l2_weight=100.0,
            epochs=20,
            batch_size=16,
            lr=2e-4,
            lr_schedule="constant",
        ),
        "class": CLASS_UNET | CLASS_SCHEDULE | {"dataset": "cifar10", "splits": "own", "limit_images": None},
        "smoke": SMOKE | {"splits": "own"},
    },
}


def get(name: str, scale: str = "full") -> Config:
    """A recipe's configuration at a scale: `smoke`, `class` or `full`. Raises `ConfigError`."""
    if name not in RECIPES:
        raise ConfigError(f"no recipe {name!r}; there are {', '.join(RECIPES)}")
    if scale not in SCALES:
        raise ConfigError(f"no scale {scale!r}; there are {', '.join(SCALES)}")
    full = RECIPES[name]["full"]
    return full if scale == "full" else full.replace(**RECIPES[name][scale])
