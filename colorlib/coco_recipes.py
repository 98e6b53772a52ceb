"""The recipes of the document *coco*, at three scales: see `colorlib.recipes`.

It compares seven colorizers. Its full size is 8,000 pictures of 256x256 and 50 epochs; batch size and learning rates,
of which it says nothing, are ours.
"""

from colorlib.config import Config
from colorlib.model import Model

COCO = {"dataset": "coco", "splits": "80/20", "limit_images": 8000, "batch_size": 16}
PRETRAINED = Model(image_size=256, generator="resnet18")
ONE_CYCLE = {"trainer": "fastai", "lr_schedule": "onecycle", "optimizer": "adam", "loss": {"l1": 100.0}}

# Of the generator with a ResNet18, whose widths are its own and whose 31 M parameters take a laptop a minute for 4,000
# pictures.
CLASS_PRETRAINED = {
    "dataset": "cifar10",
    "splits": "own",
    "image_size": 32,
    "limit_images": 5000,
    "epochs": 2,
    "batch_size": 64,
}
CLASS_PRETRAINED_GAN = CLASS_PRETRAINED | {
    "discriminator": "conv",
    "discriminator_widths": (32, 64, 128, 256),
    "epochs": 1,
}
SMOKE_PRETRAINED = {
    "dataset": "bundled",
    "splits": "own",
    "image_size": 32,
    "limit_images": 64,
    "valid_images": 32,
    "epochs": 1,
    "batch_size": 16,
}

COCO_RECIPES = {
    # *coco*, experiment 7: a U-Net on a ResNet18 with ImageNet's weights, pre-trained with L1 alone, then the GAN. The
    # document says 8,000 pictures of 256x256 and 50 epochs; the length of the pre-training (20 epochs), batch size and
    # learning rates are ours, and so is the discriminator of 70x70 patches.
    "coco-7": {
        "full": (
            Config(PRETRAINED, **COCO, **ONE_CYCLE, epochs=20, lr=1e-3, encoder_weights="imagenet"),
            Config(
                PRETRAINED,
                **COCO,
                system="gan",
                discriminator="patch70",
                loss={"adversarial": 1.0, "l1": 100.0},
                epochs=50,
                lr=2e-4,
                lr_schedule="constant",
                monitor="last",
            ),
        ),
        "class": (CLASS_PRETRAINED, CLASS_PRETRAINED_GAN),
        "smoke": (SMOKE_PRETRAINED, SMOKE_PRETRAINED | {"discriminator": "conv", "discriminator_widths": (8, 16, 32)}),
    },
}
