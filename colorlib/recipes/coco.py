"""The recipes of the document *coco*, at three scales: see `colorlib.recipes`.

It compares seven colorizers, on 8,000 pictures of 256x256 and for 50 epochs. Of their sizes, their discriminator, batch
size, learning rates and the weights of their losses it says nothing: these are ours, the same for all where they can
be. At the smaller scales all seven learn from the same pictures, too, and see them as often.
"""

from colorlib.config import Config
from colorlib.model import Model

COCO = {"dataset": "coco", "splits": "80/20", "limit_images": 8000, "batch_size": 16}
JUDGED = {"system": "gan", "discriminator": "patch70", "lr": 2e-4, "lr_schedule": "constant", "epochs": 50}
JUDGED |= {"monitor": "last"}  # the smallest MAE would choose the palest epoch
EIGHT_LEVELS = (64, 128, 256, 512, 512, 512, 512, 512)
PRETRAINED = Model(image_size=256, generator="resnet18")
ONE_CYCLE = {"trainer": "fastai", "lr_schedule": "onecycle", "optimizer": "adam", "loss": {"l1": 100.0}}

# 5,000 pictures, each seen three times: of experiment 7, twice in the pre-training and once by the GAN. The ResNet18's
# widths are its own, and for its 31 M parameters a laptop needs a minute for 4,000 pictures.
CLASS_COCO = {
    "dataset": "cifar10",
    "splits": "own",
    "image_size": 32,
    "limit_images": 5000,
    "batch_size": 64,
}
CLASS_JUDGED = CLASS_COCO | {"discriminator": "conv", "discriminator_widths": (32, 64, 128, 256)}
# From random weights, in so few steps: a learning rate that rises and falls once, as in the other recipes.
CLASS_STEPS = {"epochs": 3, "lr": 2e-3, "lr_schedule": "onecycle"}
CLASS_LEVELS = {"widths": (32, 64, 128, 256), "stem_stride": 1}
SMOKE_COCO = {
    "dataset": "bundled",
    "splits": "own",
    "image_size": 32,
    "limit_images": 64,
    "valid_images": 32,
    "epochs": 1,
    "batch_size": 16,
}
SMOKE_JUDGED = SMOKE_COCO | {"discriminator": "conv", "discriminator_widths": (8, 16, 32)}
SMOKE_LEVELS = {"widths": (8, 16, 32), "stem_stride": 1}


def experiment(loss: dict, class_size: dict = CLASS_LEVELS, smoke_size: dict = SMOKE_LEVELS, **model) -> dict:
    """One of the first six at its three scales: a GAN from random weights.

    loss: the terms beside the adversarial one. class_size, smoke_size: how large its generator is there. model: what
    else than 256 pixels.
    """
    return {
        "full": Config(Model(image_size=256, **model), **COCO, **JUDGED, loss={"adversarial": 1.0, **loss}),
        "class": CLASS_JUDGED | CLASS_STEPS | {"discriminator_lr": 2e-4} | class_size,
        "smoke": SMOKE_JUDGED | smoke_size,
    }


LEVELS = {"widths": EIGHT_LEVELS, "stem_stride": 2}
L1 = {"l1": 100.0}
# How large the content term is depends on its network: by VGG16's layer relu2_2, with ImageNet's weights, 10 is meant
# to pull about as hard as L1 with 100. By the encoder made here it pulls a quarter as hard.
CONTENT = {"content": 10.0}

COCO_RECIPES = {
    # *coco*, 1, the base: U-Net and L1.
    "coco-1": experiment(L1, **LEVELS),
    # 2: the perceptual loss in place of L1.
    "coco-2": experiment(CONTENT, **LEVELS),
    # 3: both.
    "coco-3": experiment(CONTENT | L1, **LEVELS),
    # 4: residual blocks at the picture's size. Nine of them, as in the generators of Johnson et al. (2016).
    "coco-4": experiment(L1, {"widths": (32,) * 6}, {"widths": (8, 8)}, generator="residual", widths=(64,) * 9),
    # 5: the U-Net of residual blocks, with the same widths.
    "coco-5": experiment(L1, **LEVELS, generator="residual_unet"),
    # 6: the same with an upsampling layer more.
    "coco-6": experiment(L1, **LEVELS, generator="residual_unet_2x"),
    # 7: a U-Net on a ResNet18 with ImageNet's weights, pre-trained with L1 alone, then the GAN. The length of the
    # pre-training (20 epochs) is ours.
    "coco-7": {
        "full": (
            Config(PRETRAINED, **COCO, **ONE_CYCLE, epochs=20, lr=1e-3, encoder_weights="imagenet"),
            Config(PRETRAINED, **COCO, **JUDGED, loss={"adversarial": 1.0, **L1}),
        ),
        "class": (CLASS_COCO | {"epochs": 2}, CLASS_JUDGED | {"epochs": 1}),
        "smoke": (SMOKE_COCO, SMOKE_JUDGED),
    },
}
