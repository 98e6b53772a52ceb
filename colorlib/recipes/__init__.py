"""Every system of the documents, and ours, as a recipe: a tuple of stages, each a configuration, at three scales.

    colorlib train --recipe unet-l1 --scale class

A scale is a budget. `full` has the document's own sizes and steps; where the document is silent the value is ours,
and the comment says so. `class` takes minutes on a laptop and `smoke` seconds: smaller data, networks and steps, a
learning rate that suits so few of them, and the same method. What was tuned to look good in minutes is a recipe of
its own, `balanced`.
"""

import os

from colorlib.config import Config
from colorlib.errors import ConfigError
from colorlib.model import Model
from colorlib.recipes.budgets import CLASS, CLASS_GAN, SMOKE, SMOKE_GAN
from colorlib.recipes.coco import CLASS_COCO, CLASS_LEVELS, CLASS_STEPS, COCO, COCO_RECIPES, LEVELS

SCALES = ("smoke", "class", "full")


def current_scale() -> str:
    """The scale that COLORLIB_SCALE names: `smoke`, `class` (the default) or `full`. Raises `ConfigError`."""
    scale = os.environ.get("COLORLIB_SCALE") or "class"
    if scale not in SCALES:
        raise ConfigError(f"COLORLIB_SCALE is {scale!r}; set it to one of {', '.join(SCALES)}")
    return scale


FULL_256 = {"dataset": "celeba", "splits": "80/20", "limit_images": 8000, "epochs": 20, "batch_size": 16}
LIKE_NAZERI = Model(widths=(64, 128, 256, 512, 512))  # for 32x32, 16.7 M parameters
CONTROLLED = {"dataset": "cifar10", "epochs": 200, "batch_size": 128, "seed": 100}
CONTROLLED |= {"lr": 3e-4, "lr_schedule": "decay", "lr_decay_steps": 1e4}
FACES = Model(image_size=256, color_space="lab_3", widths=(64, 128, 256, 512, 512, 512, 512, 512), stem_stride=2)
ADAMW = {"optimizer": "adamw", "weight_decay": 1e-4, "beta1": 0.9, "beta2": 0.99, "lr_schedule": "onecycle"}
CLASSIFIER = Config(
    Model(
        image_size=64, head="bins", temperature=0.25, widths=(32, 64, 128, 256, 384), stem_stride=2, upsampling="resize"
    ),
    **{"dataset": "tiny-imagenet", "splits": "98/1/1", "loss": {"cross_entropy": 1.0}, "batch_size": 64},
    **ADAMW,
)
TWO_STAGES = (
    CLASSIFIER.replace(epochs=3, lr=2e-3),
    CLASSIFIER.replace(loss={"cross_entropy": {"weight": 1.0, "rebalance": 0.35}}, epochs=4, lr=1.5e-3),
)

RECIPES = {
    # *controlled*, its row "U-Net" (after Nazeri et al. 2018): CIFAR-10, L1 alone.
    "unet-l1": {
        "full": Config(
            LIKE_NAZERI,
            **CONTROLLED,
            loss={"l1": 100.0},
        ),
        "class": CLASS,
        "smoke": SMOKE,
    },
    # *faces*, its baseline: three output channels, the squared difference of its equation 1. The document names
    # CelebA; any folder of photos will do. Batch size and learning rate are ours.
    "unet-l2": {
        "full": Config(FACES, **FULL_256, loss={"l2": 100.0}, lr=2e-4, lr_schedule="constant"),
        "class": CLASS,
        "smoke": SMOKE,
    },
    # *controlled*, without targets: the conditional GAN on CIFAR-10 with its command line's settings and its changes
    # for better performance: one-sided label smoothing, beta1 0.5, batch norm, LeakyReLU, He's weights. Targets are
    # added with --desired-saturation 1 --saturation-weight 20 and their like.
    "controlled": {
        "full": Config(
            LIKE_NAZERI,
            **CONTROLLED,
            system="gan",
            discriminator="conv",
            discriminator_widths=(64, 128, 256, 512),
            loss={"adversarial": {"weight": 1.0, "real_label": 0.9}, "l1": 100.0},
            monitor="last",  # the smallest MAE would choose the palest epoch
        ),
        "class": CLASS_GAN,
        "smoke": SMOKE_GAN,
    },
    # *faces*: the conditional GAN at 256x256, three output channels, 20 epochs. The document says no more of its
    # discriminator than that it is convolutional: the 70x70 PatchGAN is ours, as are batch size and learning rate.
    # At 32x32 a 70x70 patch is the whole picture, so the smaller scales have one logit.
    "faces": {
        "full": Config(
            FACES,
            **FULL_256,
            system="gan",
            discriminator="patch70",
            loss={"adversarial": 1.0, "l1": 100.0},
            lr=2e-4,
            lr_schedule="constant",
            monitor="last",
        ),
        "class": CLASS_GAN | {"discriminator": "conv", "limit_images": 10_000, "epochs": 4},
        "smoke": SMOKE_GAN | {"discriminator": "conv", "epochs": 4},
    },
    # *church*: 64x64 in YUV, the gray-fed generator with noise, RMSprop, 5,000 steps. The document names LSUN; any
    # folder of photos will do. It names no L1 term; lambda = 100, as in the other documents, is ours.
    "church": {
        "full": Config(
            Model(color_space="yuv", image_size=64, generator="gray_fed", widths=(128, 64, 64, 64, 64, 32)),
            dataset="church",
            system="gan",
            discriminator="dense",
            loss={"adversarial": 1.0, "l1": 100.0},
            optimizer="rmsprop",
            lr=0.01,
            lr_schedule="constant",
            batch_size=128,
            epochs=5,
            max_steps=5000,
            monitor="last",
        ),
        # A quarter of the feature maps: at full resolution throughout, they cost a laptop minutes for each epoch. And a
        # tenth of the learning rate that rises and falls once: in so few steps, RMSprop at a constant 0.01 gets no
        # further than one tint for all pictures, and at a constant 0.001 it changes its mind with every epoch.
        "class": {
            "dataset": "bundled",
            "lr": 1e-3,
            "lr_schedule": "onecycle",
            "widths": (32, 16, 16, 16, 16, 8),
            "discriminator_widths": (16, 32, 64, 128),
            "batch_size": 32,
            "epochs": 10,
        },
        "smoke": {
            "dataset": "bundled",
            "image_size": 32,
            "widths": (8, 4, 4, 4, 4, 4),
            "discriminator_widths": (8, 16, 32),
            "limit_images": 256,
            "valid_images": 128,
            "batch_size": 32,
            "epochs": 2,
        },
    },
    # *dcgan*: CIFAR-10, L / 100 and ab / 128, split 80/10/10, early stopping with patience 5. Its precision, single
    # or double, is the flag --precision.
    "dcgan": {
        "full": Config(
            Model(color_space="lab_unit", widths=(64, 128, 256, 512, 512)),
            dataset="cifar10",
            splits="80/10/10",
            system="gan",
            discriminator="conv",
            discriminator_widths=(64, 128, 256, 512),
            loss={"adversarial": 1.0, "l1": 100.0},
            epochs=200,
            patience=5,
            batch_size=128,
            lr=2e-4,
            beta1=0.5,
            beta2=0.999,
            lr_schedule="constant",
            precision="fp32",
        ),
        # The constant learning rate stays, since early stopping needs a training that could go on.
        "class": CLASS_GAN
        | {"splits": "80/10/10", "lr": 2e-4, "lr_schedule": "constant", "discriminator_lr": None}
        | {"limit_images": 8000, "epochs": 10, "patience": 2},
        "smoke": SMOKE_GAN | {"patience": 1, "epochs": 3},
    },
    # Ours: what it takes to get, in ten minutes of two cores, colors as strong as a true picture's and a PSNR above
    # gray's. Least squares of a discriminator of patches, whose verdict counts more; beside L1, whose best guess is
    # the gray median of all likely colors, the squared difference, whose best guess is their mean; spectral norm,
    # since batch norm lets a discriminator that sees true and generated pairs in two batches tell them by the
    # statistics alone (notebook 03 measures it); a decoder without checkerboards; half the channels in the first
    # level, which saves a quarter of the time: color is never as sharp as lightness.
    "balanced": {
        "full": Config(
            Model(upsampling="resize", widths=(64, 128, 256, 512, 512)),
            dataset="cifar10",
            system="gan",
            discriminator="patch",
            discriminator_widths=(64, 128, 256),
            spectral_norm=True,
            loss={"adversarial": {"weight": 110.0, "kind": "lsgan"}, "l1": 100.0, "l2": 2000.0},
            epochs=50,
            lr=4e-3,
            discriminator_lr=1e-3,
            lr_schedule="onecycle",
            monitor="last",
        ),
        "class": CLASS
        | {"widths": (16, 64, 128, 256), "discriminator_widths": (32, 64, 128), "limit_images": 42_000, "lr": 4e-3},
        "smoke": SMOKE | {"discriminator_widths": (8, 16), "lr": 4e-3},
    },
    # Ours, and shipped: classification of color (Zhang et al. 2016) in photographs of 64 pixels. Rare colors count for
    # more at first, so that they are learned at all, and then for less, so that they are not seen everywhere.
    # The shipped one's temperature is 0.3, not 0.25: `tools/starter.py` chose it after the training, on photographs of
    # the validation part.
    "starter": {
        "full": TWO_STAGES,
        "class": CLASS | {"stem_stride": 2},
        "smoke": SMOKE | {"stem_stride": 2},
    },
    # Ours, and shipped: `starter`, which then learns to listen. It is compared with the true color moved to what it is
    # asked for, and its hues are to be as many as that one's, since a saturation is met most cheaply by one color.
    "listener": {
        "full": (
            *TWO_STAGES,
            TWO_STAGES[-1].replace(
                conditions=("saturation", "hue"),
                loss=TWO_STAGES[-1].loss | {"asked": 20.0, "hues": 30.0},
                compare_with="moved",
                epochs=2,
                lr=1e-3,
                monitor="last",
            ),
        ),
        "class": CLASS | {"stem_stride": 2},
        "smoke": SMOKE | {"stem_stride": 2},
    },
    # Ours: what *coco* names as further work, class rebalancing, as an eighth of its experiments: the first one's U-Net
    # and pictures, and a classifier of color in which rare colors count for more. The learning rate is ours.
    "rebalanced": {
        "full": CLASSIFIER.replace(**COCO, **LEVELS, image_size=256, epochs=50, lr=1e-3),
        "class": CLASS_COCO | CLASS_LEVELS | CLASS_STEPS | {"stem_stride": 2},
        "smoke": SMOKE | {"stem_stride": 2},
    },
}
RECIPES |= COCO_RECIPES


def get(name: str, scale: str = "full") -> tuple[Config, ...]:
    """A recipe's stages at a scale: `smoke`, `class` or `full`. Raises `ConfigError`."""
    if name not in RECIPES:
        raise ConfigError(f"no recipe {name!r}; there are {', '.join(RECIPES)}")
    if scale not in SCALES:
        raise ConfigError(f"no scale {scale!r}; there are {', '.join(SCALES)}")
    full = RECIPES[name]["full"]
    stages = full if isinstance(full, tuple) else (full,)
    if scale == "full":
        return stages
    changes = RECIPES[name][scale]  # of all stages, or of each
    changes = changes if isinstance(changes, tuple) else (changes,) * len(stages)
    return tuple(stage.replace(**change) for stage, change in zip(stages, changes, strict=True))
