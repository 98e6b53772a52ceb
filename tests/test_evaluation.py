"""What is measured on what, as text and as JSON; losses of any system as a picture."""

import dataclasses
import json

import pytest

from colorlib import cli, evaluation, plots, recipes
from colorlib.cli import commands
from colorlib.colorizer import Colorizer
from colorlib.colorizer.folder import SHIPPED
from colorlib.config import Config
from colorlib.errors import ConfigError
from colorlib.evaluation import as_json, evaluate
from colorlib.evaluation.learned import choose_pictures, unseen_by
from colorlib.fields import knob
from colorlib.measurement import Measurement, pictures_of
from colorlib.model import Model
from colorlib.models import build_generator
from colorlib.training.stages import fit


def test_json_has_no_nan():
    text = as_json({"images": 3, "model": {"mae": 1.5, "colorfulness_ratio": float("nan")}, "device": "cpu"})
    assert json.loads(text, parse_constant=lambda name: 1 / 0) == {
        "images": 3,
        "model": {"mae": 1.5, "colorfulness_ratio": None},
        "device": "cpu",
    }
    text = as_json({"controls": {"hue": [{"gray": {"obtained": float("nan")}}]}})  # within lists, too
    assert json.loads(text, parse_constant=lambda name: 1 / 0)["controls"]["hue"] == [{"gray": {"obtained": None}}]


def test_a_named_set_has_a_test_part_and_a_folder_is_measured_whole():
    parts = [choose_pictures(None, Measurement(name)).part for name in ("bundled", "cifar10", "album")]
    assert parts == ["test", "test", "all"]
    with pytest.raises(ConfigError, match="--part is 'tset'; it takes one of train, valid, test, all"):
        evaluate("balanced", part="tset")


def test_an_option_of_a_measurement_is_one_line(monkeypatch, capsys):
    """A made-up one: it has its flag, `evaluate` takes it, and kept figures don't follow from another one."""
    field = ("blur", int, knob(0, "pixels of blur"))
    with_blur = dataclasses.make_dataclass("WithBlur", [field], bases=(Measurement,), frozen=True)
    for module in (cli, commands, evaluation):
        monkeypatch.setattr(module, "Measurement", with_blur)
    wanted = []
    monkeypatch.setattr(evaluation, "make_ready", lambda *given: wanted.append(given[1]) or 1 / 0)
    with pytest.raises(ZeroDivisionError):
        cli.main(["evaluate", "starter", "--blur", "3", "--also", "lpips", "fid", "--limit-images", "7"])
    assert (wanted[0].blur, wanted[0].also, wanted[0].limit_images) == (3, ("lpips", "fid"), 7)
    assert with_blur(blur=3).digested() != with_blur().digested() == with_blur(dataset_path="here").digested()
    with pytest.raises(TypeError, match="blurr"):
        evaluate("starter", blurr=3)


def test_the_pictures_of_a_training_are_an_option_of_a_measurement(tmp_path):
    config = Config(dataset="cifar10", dataset_path="here", splits="80/20", split_seed=3)
    assert Measurement(part="test", judge=tmp_path, **pictures_of(config)) == Measurement(
        "cifar10", "here", "test", "80/20", 3, judge=str(tmp_path)
    )


def test_what_comes_with_colorlib_is_measured_on_what_it_has_not_seen(tmp_path):
    """starter divided Tiny ImageNet anew: most of the set's own validation part was trained on."""
    for name, (config, *_) in {name: recipes.get(name) for name in SHIPPED}.items():
        assert config.dataset in ("tiny-imagenet", "cifar10")
        unseen = unseen_by(name, needed=True)
        assert (unseen.dataset, unseen.dataset_path, unseen.part) == (config.dataset, None, "test")
        assert choose_pictures(unseen, Measurement(config.dataset)).splits == config.splits


def test_large_pictures_are_measured_a_few_at_a_time(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(evaluation, "loader", lambda photo_set, indices, batch, shuffle: asked.append(batch) or [])
    monkeypatch.setattr(evaluation.metrics, "measure", lambda *_: {"model": {}})
    monkeypatch.setattr(evaluation, "pictures_per_second", lambda colorizer: 0)
    model = Model(widths=(4, 8))
    for size in (32, 64, 128, 256):
        sized = dataclasses.replace(model, image_size=size)
        evaluate(Colorizer(build_generator(sized), sized), part="all", progress=False)
    assert asked == [128, 128, 32, 8]


def test_by_its_folder_a_run_is_measured_on_what_it_has_not_seen(tmp_path, caplog):
    """By the colorizer alone, as from a hub, that isn't known, which is said."""
    (config,) = recipes.get("unet-l1", "smoke")
    run = fit(config.replace(split_seed=5, max_steps=1, checkpoints_path=str(tmp_path)), progress=False)
    result = evaluate(run.folder, limit_images=8, progress=False)
    assert (result["dataset"], result["part"], result["split_seed"]) == ("bundled", "test", 5)
    assert "isn't known" not in caplog.text
    assert evaluate(run.colorizer(), limit_images=8, progress=False)["split_seed"] == 0
    assert "what this colorizer has learned from isn't known" in caplog.text


def test_losses_of_any_system_are_drawn():
    """One panel for each network's losses, and one for a system that names them otherwise."""
    gan = [{"epoch": epoch, "loss_D": 0.6, "loss_G": 1.0, "loss_G_L1": 0.5} for epoch in (1, 2)]
    other = [{"epoch": epoch, "loss_mean": 1.0 / epoch} for epoch in (1, 2)]
    assert [len(axis.lines) for axis in plots.losses(gan).axes] == [1, 2]
    assert [len(axis.lines) for axis in plots.losses(other).axes] == [1]
    third = [{"epoch": 1, "loss_Denoise": 1.0, "loss_noise": 2.0}]
    assert [len(axis.lines) for axis in plots.losses(third).axes] == [2]
