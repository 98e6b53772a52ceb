"""Settings: their types and limits, options without effect, what a model's file says, recipes."""

import json
import math

import pytest

from colorlib.config import Config
from colorlib.errors import ConfigError
from colorlib.model import FORMAT, Model
from colorlib.models import build_discriminator, build_generator
from colorlib.recipes import RECIPES, SCALES, get
from colorlib.recipes.coco import COCO_RECIPES
from colorlib.training.choices import change
from colorlib.training.plan import plan

JUDGED = {"system": "gan", "loss": {"l1": 100.0, "adversarial": 1.0}}


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"lr": 0}, "--lr is 0; it must be above 0"),
        ({"lr": math.nan}, "--lr is nan; it takes a number"),
        ({"lr": math.inf}, "--lr is inf"),
        ({"lr": True}, "--lr is True"),
        ({"epochs": 2.5}, "--epochs is 2.5; it takes a whole number"),
        ({"epochs": 0}, "--epochs is 0; it must be 1 or more"),
        ({"augment": "False"}, "--augment is 'False'; it takes True or False"),
        ({"augment": 1}, "--augment is 1"),
        ({"seed": -1}, "--seed is -1"),
        ({"seed": 2**64}, "--seed is 18446744073709551616; it must be below"),
        ({"split_seed": -1}, "--split-seed"),
        ({"dataset": 7}, "--dataset is 7; it takes a text"),
        ({"dataset_path": 7}, "--dataset-path is 7"),
        ({"precision": "fp8"}, "--precision is 'fp8'; it takes one of auto"),
        ({"widths": (4,)}, "--widths is .*two or more positive channel counts"),
        ({"widths": (4, 0)}, "--widths"),
        ({"widths": (4, 8.5)}, "--widths"),
        ({"widths": (10**10, 10**10)}, "--widths"),
        ({"batch_size": 10**17}, "--batch-size .* must be below"),
        ({"photo_size": 2**24}, "--photo-size .* must be below"),
        ({"conditions": (1,)}, "--conditions is .* it takes names"),
        ({"max_steps": 0}, "--max-steps"),
        ({"temperature": 1e-39}, "--temperature is 1e-39; it must be 0.01 or more"),
        ({"ema": 1.0}, "--ema is 1.0; it must be below 1"),
        ({"dropout": -0.1}, "--dropout"),
        ({"patience": 0}, "--patience"),
        ({"beta1": 1.5}, "--beta1"),
        ({"loss": {}}, "nothing to learn"),
        ({"loss": "l1"}, "--loss is 'l1'; it takes terms with weights"),
        ({"what": 1}, "unknown settings: what"),
    ],
)
def test_what_can_not_be_is_named(changes, words):
    with pytest.raises(ConfigError, match=words):
        Config().replace(**changes)


@pytest.mark.parametrize(
    "changes, name",
    [
        ({"weight_decay": 0.1}, "--weight-decay 0.1 has no effect with --optimizer adam"),
        ({"rmsprop_decay": 0.8}, "--rmsprop-decay"),
        ({"beta1": 0.9, "optimizer": "rmsprop"}, "--beta1"),
        ({"beta2": 0.9, "optimizer": "rmsprop"}, "--beta2"),
        ({"spectral_norm": True}, "--spectral-norm True has no effect with --system supervised"),
        ({"discriminator_widths": (8, 16)}, "--discriminator-widths"),
        ({"generator_steps": 2}, "--generator-steps"),
        ({"discriminator_lr": 1e-4}, "--discriminator-lr"),
        ({"discriminator": "patch"}, "--discriminator patch has no effect with --system supervised"),
        ({"system": "gan"}, "--system gan has no effect without the term adversarial"),
        ({"loss": {"adversarial": 1.0}}, "the term adversarial, which needs --system gan"),
        ({"loss": {"cross_entropy": 1.0}}, "the term cross_entropy, which needs --head bins"),
        ({"conditions": ("hue",)}, "--conditions has no effect without the term asked"),
        ({"optimizer": "x"}, "--optimizer is 'x'; it takes one of adam, adamw, rmsprop"),
        ({"lr_schedule": "x"}, "--lr-schedule is 'x'; it takes one of constant"),
        ({"loss": {"l1": 1.0, "asked": 1.0}}, "the term asked, which needs --conditions"),
        ({"temperature": 0.5}, "--temperature 0.5 has no effect with --head color"),
        ({"crop_from": 40, "augment": False}, "--crop-from 40 has no effect with --augment False"),
        ({"patience": 10, "epochs": 10}, "--patience 10 has no effect with --epochs 10"),
        ({"lr_decay_steps": 5.0, "lr_schedule": "constant"}, "--lr-decay-steps"),
        ({"lr_floor": 1e-5, "lr_schedule": "onecycle"}, "--lr-floor"),
        ({"plateau_patience": 5}, "--plateau-patience"),
        (
            {"plateau_patience": 9, "lr_schedule": "plateau", "epochs": 9},
            "--plateau-patience 9 has no effect with --ep",
        ),
        ({"lr_schedule": "plateau", "epochs": 2}, "--lr-schedule plateau has no effect with --epochs 2"),
        ({"lr_schedule": "plateau", "monitor": "last"}, "--lr-schedule plateau has no effect with --monitor last"),
        ({"patience": 3, "monitor": "last"}, "--patience 3 has no effect with --monitor last"),
        ({"lr_floor": 1e-3, "lr": 1e-3}, "--lr-floor 0.001 has no effect with --lr 0.001"),
        ({"save_steps": 10, "max_steps": 5}, "--save-steps 10 has no effect with --max-steps 5"),
        ({"monitor": "x"}, "--monitor is 'x'; it takes one of mae, "),
    ],
)
def test_an_option_without_effect_is_refused_by_name(changes, name, tmp_path):
    with pytest.raises(ConfigError, match=name):
        plan([Config(checkpoints_path=str(tmp_path / "run")).replace(**changes)])


def test_settings_of_one_training_are_those_of_no_other():
    (config,) = get("balanced")
    for terms in (config.loss, config.loss["adversarial"]):
        with pytest.raises(TypeError, match="can't be changed"):
            terms["l1"] = 1.0
    assert hash(config) == hash(config.replace()) and Config.from_dict(json.loads(config.to_json())) == config
    assert type(config.loss | {"l1": 2.0}) is dict


def test_a_setting_changes_every_stage_where_it_has_an_effect():
    first, second = Config(), Config().replace(**JUDGED)
    changed = change([first, second], {"spectral_norm": True, "epochs": 3})
    assert [stage.epochs for stage in changed] == [3, 3]
    assert [stage.spectral_norm for stage in changed] == [False, True]
    with pytest.raises(ConfigError, match="--weight-decay 0.1 has no effect"):
        change([first, second], {"weight_decay": 0.1})


@pytest.mark.parametrize("changes", [{"dropout": 0.5}, {"stem_stride": 2}, {"upsampling": "resize"}])
def test_an_option_that_the_generator_has_not_is_refused(changes, tmp_path):
    place = {"checkpoints_path": str(tmp_path / "run")}
    with pytest.raises(ConfigError, match=f"--{next(iter(changes)).replace('_', '-')} .* with --generator gray_fed"):
        plan([Config(Model(generator="gray_fed", **changes), **place)])
    plan([Config(Model(**changes), **place)])


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"generator": "x"}, "--generator is 'x'; it takes one of unet, gray_fed"),
        ({"color_space": "x"}, "--color-space is 'x'; it takes one of lab"),
        ({"conditions": ("blueness",)}, "--conditions blueness: it takes some of saturation, hue"),
        ({"conditions": ("hue", "hue")}, "--conditions hue,hue: it takes some of .*, each once"),
        ({"head": "x"}, "--head is 'x'; it takes one of color, bins"),
        ({"head": "bins"}, "--head bins wants a smaller output, which takes --stem-stride 2"),
        (
            {"head": "bins", "stem_stride": 2, "color_space": "yuv"},
            "yuv wants more; give lab or lab_unit",
        ),
        ({"generator": "gray_fed", "conditions": ("hue",)}, "--conditions hue: the generator gray_fed listens to none"),
        ({"head": "bins", "generator": "gray_fed"}, "gray_fed answers at full size"),
        ({"image_size": 30}, "--image-size 30: with 4 levels, sides must be multiples of 8"),
    ],
)
def test_models_that_can_not_be_are_named(changes, words):
    with pytest.raises(ConfigError, match=words):
        build_generator(Model(**changes))


@pytest.mark.parametrize(
    "changes, words",
    [({"discriminator": "x"}, "--discriminator x: there is no such kind"), ({"image_size": 8}, "leave too little")],
)
def test_discriminators_that_can_not_be_are_named(changes, words):
    with pytest.raises(ConfigError, match=words):
        build_discriminator(Config().replace(**(JUDGED | changes)))


def test_a_run_round_trips(tmp_path):
    config = Config().replace(**JUDGED, widths=(4, 8), image_size=16, splits="80/20", patience=3)
    (tmp_path / "config.json").write_text(config.to_json())
    assert Config.load(tmp_path / "config.json") == config
    assert config.replace(image_size=64).model == Model(image_size=64, widths=(4, 8))


def test_an_older_run_says_by_its_discriminator_what_was_trained(tmp_path):
    for settings, system in ((JUDGED, "gan"), ({}, "supervised")):
        old = json.loads(Config().replace(**settings, widths=(4, 8)).to_json())
        del old["system"], old["format"]
        old["discriminator"] = "conv" if system == "gan" else "none"
        (tmp_path / "config.json").write_text(json.dumps(old))
        assert Config.load(tmp_path / "config.json") == Config().replace(
            **(settings | {"widths": (4, 8), "system": system})
        )


@pytest.mark.parametrize("text", ["no json", "[1]", "{}", '{"model": 3}', '{"model": {}, "magic": 1}'])
def test_runs_that_can_not_be_read_are_named(tmp_path, text):
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(ConfigError, match="config.json"):
        Config.load(tmp_path / "config.json")


def test_a_models_file_holds_what_colorizing_takes_and_nothing_else():
    model = Model(widths=(4, 8), image_size=16)
    settings = {"color_space", "image_size", "generator", "widths", "stem_stride", "dropout", "upsampling"}
    settings |= {"head", "temperature", "conditions", "photo_size", "photo_sharpen"}
    assert set(json.loads(model.to_json())) == {"format"} | settings
    assert json.loads(model.to_json())["format"] == FORMAT == 1


@pytest.mark.parametrize(
    "content, words",
    [
        ("no json", "not the config.json of a colorizer"),
        ("[]", "not the config.json of a colorizer"),
        ("{}", "no format number"),
        ('{"format": "one"}', "no format number"),
        ('{"format": true}', "no format number"),
        ('{"format": -1}', "no format number"),
        ('{"model_type": "bert", "hidden_size": 8}', "no format number"),
        ('{"format": 2, "palette": 7}', "written in format 2 by a newer colorlib; this one reads up to 1"),
        ('{"format": 1, "magic": 7}', "unknown settings magic in format 1"),
        ('{"format": 1, "image_size": "big"}', "--image-size is 'big'"),
    ],
)
def test_foreign_and_newer_models_are_refused_in_a_sentence(tmp_path, content, words):
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(ConfigError, match=words) as caught:
        Model.load(tmp_path / "config.json")
    assert "\n" not in str(caught.value)


# ------------------------------------------------------------ recipes


def without_imagenet(stage, folder):
    """A stage with random weights where ImageNet's may not be at hand, in a folder."""
    content = {"content_weights": "none"} if "content" in stage.loss else {}
    return stage.replace(encoder_weights="none", checkpoints_path=str(folder), **content)


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("scale", SCALES)
def test_every_recipe_can_be_built(name, scale, tmp_path):
    stages = [without_imagenet(stage, tmp_path / "run") for stage in get(name, scale)]
    assert [stage.action for stage in plan(stages)] == ["begin"] * len(stages)


# What a scale may change: data, sizes, steps, and the learning rate that suits so many of them.
BUDGET = {
    *("dataset", "splits", "limit_images", "valid_images", "image_size", "widths", "discriminator_widths"),
    *("stem_stride", "epochs", "max_steps", "batch_size", "patience", "seed"),
    *("lr", "discriminator_lr", "lr_schedule", "lr_decay_steps"),
}


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("scale", ["smoke", "class"])
def test_a_scale_changes_the_budget_never_the_method(name, scale):
    for stage, full in zip(get(name, scale), get(name, "full"), strict=True):
        changed = {setting for setting, value in stage.flat().items() if value != full.flat()[setting]}
        # A 70x70 patch has no room in 32x32: one logit sees the whole picture, as that patch would.
        if name == "faces" or name in COCO_RECIPES:
            changed -= {"discriminator"}
        assert changed <= BUDGET


def test_a_scale_may_differ_from_stage_to_stage(monkeypatch):
    stages = (Config(epochs=50), Config(epochs=60).replace(**JUDGED))
    small = ({"epochs": 1}, {"epochs": 2, "discriminator_widths": (8, 16)})
    monkeypatch.setitem(RECIPES, "two", {"full": stages, "class": {"epochs": 3}, "smoke": small})
    assert [stage.epochs for stage in get("two", "smoke")] == [1, 2]
    assert [stage.epochs for stage in get("two", "class")] == [3, 3]


def test_unknown_recipes_and_scales_are_named():
    with pytest.raises(ConfigError, match="no recipe 'x'; there are unet-l1"):
        get("x")
    with pytest.raises(ConfigError, match="no scale 'huge'"):
        get("balanced", "huge")
