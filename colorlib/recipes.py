"""Every system of the source documents as a named configuration, at three scales.

    colorlib train --recipe unet-l1 --scale class

`full` is the document's own setting; where the document is silent the value is ours, and the comment says so.
`class` makes the same system small enough for a laptop, `smoke` for a test.
"""

from colorlib.config import Config, ConfigError
from colorlib.scale import SCALES

# Small enough for a laptop: 1.5 M parameters instead of 16.7 M, and a learning rate that rises and falls once,
# which makes the most of few epochs (ours). The sources' long schedules are for the scale `full`.
CLASS = {
    "image_size": 32,
    "widths": (32, 64, 128, 256),
    "stem_stride": 1,
    "limit_images": None,
    "epochs": 3,
    "batch_size": 128,
    "lr": 2e-3,
    "lr_schedule": "onecycle",
    "seed": 0,
}
# A discriminator that sees true and generated pairs in two batches can tell them by batch norm's statistics alone
# (notebook 03 measures it); spectral norm looks at the weights instead. And in so few epochs a transposed convolution
# leaves checkerboards. Both are ours.
CLASS_GAN = CLASS | {
    "upsampling": "resize",
    "spectral_norm": True,
    "discriminator_widths": (32, 64, 128, 256),
    "discriminator_lr": 2e-4,
    "epochs": 2,
}
SMOKE = CLASS | {
    "dataset": "bundled",
    "splits": "own",
    "widths": (8, 16, 32),
    "limit_images": 512,
    "valid_images": 128,
    "epochs": 2,
    "batch_size": 32,
}
SMOKE_GAN = SMOKE | {
    "upsampling": "resize",
    "spectral_norm": True,
    "discriminator_widths": (8, 16, 32),
    "discriminator_lr": 2e-4,
}
# What it takes to get, in so few steps, colors as strong as a true picture's and a PSNR above gray's (ours): least
# squares of a discriminator of patches, whose verdict counts more; and beside L1, whose best guess is the gray median
# of all likely colors, the squared difference, whose best guess is their mean.
BALANCED = {
    "discriminator": "patch",
    "gan_loss": "lsgan",
    "gan_weight": 110.0,
    "l2_weight": 2000.0,
    "lr": 4e-3,
    "discriminator_lr": 1e-3,
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
        "class": CLASS,
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
        # Beside unet-l1 it differs in two things: the squared difference and the third output channel.
        "class": CLASS | {"dataset": "cifar10", "splits": "own"},
        "smoke": SMOKE,
    },
    # Source 000, without its controls: the conditional GAN on CIFAR-10 with the command line's settings and those of
    # its changes for better performance: one-sided label smoothing, beta1 0.5, batch norm, LeakyReLU, He's weights.
    "source-000": {
        "full": Config(
            dataset="cifar10",
            widths=(64, 128, 256, 512, 512),
            discriminator="conv",
            discriminator_widths=(64, 128, 256, 512),
            real_label=0.9,
            l1_weight=100.0,
            epochs=200,
            batch_size=128,
            lr=3e-4,
            lr_schedule="decay",
            lr_decay_steps=1e4,
            seed=100,
            monitor="last",  # the smallest MAE would choose the palest epoch
        ),
        # Half the channels in the first level save a quarter of the time; color is never as sharp as lightness.
        "class": CLASS_GAN
        | BALANCED
        | {"widths": (16, 64, 128, 256), "discriminator_widths": (32, 64, 128), "limit_images": 42_000, "epochs": 3},
        "smoke": SMOKE_GAN | BALANCED | {"discriminator_widths": (8, 16)},
    },
    # Source 001: the conditional GAN on faces at 256x256, three output channels, 20 epochs. The document says no more
    # of its discriminator than that it is convolutional: the 70x70 PatchGAN is ours, as are batch size and lr.
    "source-001": {
        "full": Config(
            dataset="data/celeba",
            splits="80/20",
            limit_images=8000,
            image_size=256,
            color_space="lab_3",
            widths=(64, 128, 256, 512, 512, 512, 512, 512),
            stem_stride=2,
            discriminator="patch70",
            l1_weight=100.0,
            epochs=20,
            batch_size=16,
            lr=2e-4,
            lr_schedule="constant",
            monitor="last",
        ),
        "class": CLASS_GAN
        | {"dataset": "cifar10", "splits": "own", "discriminator": "conv", "limit_images": 10_000, "epochs": 4},
        "smoke": SMOKE_GAN | {"discriminator": "conv", "epochs": 4},
    },
    # Source 003: churches at 64x64 in YUV, the gray-fed generator with noise, RMSprop, 5,000 steps. The document names
    # LSUN; any folder of photos will do. It names no L1 term; lambda = 100, as in the other sources, is ours.
    "source-003": {
        "full": Config(
            dataset="data/church",
            image_size=64,
            color_space="yuv",
            generator="gray_fed",
            widths=(128, 64, 64, 64, 64, 32),
            discriminator="dense",
            discriminator_widths=(64, 128, 256, 512),
            l1_weight=100.0,
            optimizer="rmsprop",
            rmsprop_decay=0.9,
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
    # Source 004: CIFAR-10, L / 100 and ab / 128, split 80/10/10, early stopping with patience 5. Its precision, single
    # or double, is the flag --precision.
    "source-004": {
        "full": Config(
            dataset="cifar10",
            splits="80/10/10",
            color_space="lab_unit",
            widths=(64, 128, 256, 512, 512),
            discriminator="conv",
            discriminator_widths=(64, 128, 256, 512),
            l1_weight=100.0,
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
        "class": CLASS_GAN | {"lr": 2e-4, "lr_schedule": "constant", "limit_images": 8000, "epochs": 10, "patience": 2},
        "smoke": SMOKE_GAN | {"patience": 1, "epochs": 3},
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
