"""Recipes: each takes steps at its smallest, and the experiments of *coco* can be compared."""

import pytest
import torch

from colorlib.engine import Engine
from colorlib.recipes import RECIPES, get
from colorlib.recipes.coco import COCO_RECIPES
from colorlib.systems import build_system

EIGHT = (*COCO_RECIPES, "rebalanced")


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_takes_two_steps_at_smoke(name):
    for stage in get(name, "smoke"):
        content = {"content_weights": "none"} if "content" in stage.loss else {}
        system = build_system(stage.replace(encoder_weights="none", start_from=None, **content), Engine("cpu", "fp32"))
        before = [weight.clone() for weight in system.generator.parameters()]
        side = stage.model.image_size
        for number in range(2):
            torch.manual_seed(number)
            losses = system.step(torch.rand(4, 3, side, side))
            assert all(loss.isfinite() for loss in losses.values())
        # Each term has its column, and all weights learn.
        assert len(losses) == len(stage.loss) + 1 + 3 * (stage.system == "gan")
        pairs = zip(before, system.generator.parameters(), strict=True)
        assert all(not torch.equal(old, new) for old, new in pairs)


@pytest.mark.parametrize("scale", ["smoke", "class", "full"])
def test_the_eight_experiments_learn_from_the_same_pictures(scale):
    last = [get(name, scale)[-1] for name in EIGHT]
    for setting in ("dataset", "splits", "split_seed", "image_size", "skip_gray", "augment", "color_space"):
        assert len({stage.flat()[setting] for stage in last}) == 1, setting
    if scale != "smoke":
        assert {stage.limit_images for stage in last} == {5000 if scale == "class" else 8000}
    if scale == "class":  # and see each of them as often
        assert {sum(stage.epochs for stage in get(name, scale)) for name in EIGHT} == {3}
    if scale == "full":  # the pre-training of the seventh comes before
        assert {stage.epochs for stage in last} == {50}


def test_the_experiments_differ_in_what_the_document_says():
    """Its table: generator and loss."""
    table = {
        "coco-1": ("unet", {"l1"}),
        "coco-2": ("unet", {"content"}),
        "coco-3": ("unet", {"content", "l1"}),
        "coco-4": ("residual", {"l1"}),
        "coco-5": ("residual_unet", {"l1"}),
        "coco-6": ("residual_unet_2x", {"l1"}),
        "coco-7": ("resnet18", {"l1"}),
    }
    base = get("coco-1")[0].flat()
    for name, (generator, terms) in table.items():
        settings = get(name)[-1].flat()
        assert settings["generator"] == generator and set(settings["loss"]) == terms | {"adversarial"}
        differing = {key for key in settings if settings[key] != base[key]} - {"generator", "loss"}
        assert differing <= {"widths", "stem_stride"}
    (rebalanced,) = get("rebalanced")
    assert rebalanced.model.head == "bins" and rebalanced.model.widths == get("coco-1")[0].model.widths
    assert set(rebalanced.loss) == {"cross_entropy"}
