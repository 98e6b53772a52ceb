"""The small scales of the recipes: what `class` and `smoke` change of any of them.

`class` takes minutes on a laptop, with CIFAR-10; `smoke` takes seconds, with the bundled photographs, for tests.
"""

# Small enough for a laptop: 1.5 M parameters instead of 16.7 M, and a learning rate that rises and falls once, which
# makes the most of few epochs.
CLASS = {
    "dataset": "cifar10",
    "splits": "own",
    "image_size": 32,
    "widths": (32, 64, 128, 256),
    "stem_stride": 1,
    "limit_images": None,
    "epochs": 3,
    "batch_size": 128,
    "lr": 2e-3,
    "lr_schedule": "onecycle",
    "lr_decay_steps": 1e4,
    "seed": 0,
}
CLASS_GAN = CLASS | {"discriminator_widths": (32, 64, 128, 256), "discriminator_lr": 2e-4, "epochs": 2}
SMOKE = CLASS | {
    "dataset": "bundled",
    "widths": (8, 16, 32),
    "limit_images": 512,
    "valid_images": 128,
    "epochs": 2,
    "batch_size": 32,
}
SMOKE_GAN = SMOKE | {"discriminator_widths": (8, 16, 32), "discriminator_lr": 2e-4}
