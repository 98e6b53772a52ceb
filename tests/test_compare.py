"""Recipes by seeds in one table: trained once, gone on with, measured alike; failures named; several at once."""

import contextlib
import csv
import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from colorlib import evaluation, plots
from colorlib.cli import main
from colorlib.colorizer import Colorizer
from colorlib.compare import compare, line_up, trainings
from colorlib.compare.comparison import history
from colorlib.compare.published import PUBLISHED
from colorlib.compare.trainings import Outcome, is_complete, train_all, train_one
from colorlib.config import Config
from colorlib.data import PhotoSet
from colorlib.errors import ConfigError
from colorlib.history import read_csv
from colorlib.metrics import METRICS
from colorlib.recipes import RECIPES
from colorlib.systems.supervised import Supervised
from colorlib.tables import spread_rows
from colorlib.training import Training, recording
from colorlib.training.locks import training_lock

TINY = {"widths": (4, 8), "limit_images": 32, "valid_images": 8, "epochs": 2, "batch_size": 16}
NAMES = ["ninth", "tenth"]
MEASURED = {"test_images": 12, "progress": False}


@pytest.fixture(scope="module", autouse=True)
def recipes():
    """A ninth experiment and a tenth, each of them one entry; the tenth has two stages. Nothing waits, or draws."""
    ninth = Config(loss={"l2": 100.0}, lr_schedule="constant")
    gan = ninth.replace(system="gan", discriminator="patch", discriminator_widths=(4, 8), loss={"adversarial": 1.0})
    undrawn = SimpleNamespace(to_pixels=plots.to_pixels, grid=lambda rows: None, to_png=lambda figure: b"")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(RECIPES, "ninth", {"full": ninth, "class": {}, "smoke": TINY})
        patch.setitem(RECIPES, "tenth", {"full": (ninth, gan), "class": {}, "smoke": TINY | {"epochs": 1}})
        patch.setattr(evaluation, "pictures_per_second", lambda colorizer: 100.0)
        patch.setattr(trainings, "WAIT", 0)
        patch.setattr(recording, "plots", undrawn)  # previews, which take longer than these trainings
        yield


@pytest.fixture(scope="module")
def story(recipes, tmp_path_factory):
    """A comparison that is stopped in the second of its four trainings, and the same command once more."""
    folder = tmp_path_factory.mktemp("comparison") / "it"
    real, steps, said = Training.run_step, [], []

    def counted(self, batch):
        steps.append(self.folder)
        if len(steps) == 6:
            self.request_stop()
        return real(self, batch)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Training, "run_step", counted)
        first = compare(NAMES, [0, 1], folder, "smoke", say=said.append, **MEASURED)
        left = sorted(path.name for path in folder.iterdir())
        second = compare(NAMES, [0, 1], folder, "smoke", say=lambda line: None, **MEASURED)
    return SimpleNamespace(folder=folder, first=first, said=said, left=left, second=second, steps=steps)


@pytest.fixture
def folder(story):
    return story.folder


def stages(recipe, folder, seed=0, **given):
    return line_up([recipe], [seed], folder, "smoke", given)[0].stages


def test_stopped_in_the_middle_and_the_same_command_goes_on(story, tmp_path):
    assert story.first == ({}, True) and story.left == NAMES  # and no table
    assert story.said == [f"{story.folder}/ninth/0: done", f"{story.folder}/tenth/0: stopped"]
    table, stopped = story.second
    assert not stopped and not table["failed"]
    assert len(story.steps) == 2 * (4 + 2 + 2)  # of 32 pictures in batches of 16: none was made twice
    assert train_one(stages("tenth", tmp_path), progress=False) == Outcome("done")  # without a stop
    one, other = (Colorizer.load(place / "tenth" / "0").generator.state_dict() for place in (story.folder, tmp_path))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_what_it_writes(folder):
    table = json.loads((folder / "table.json").read_text())
    protocol = {"images": 12, "dataset": "bundled", "part": "test", "image_size": 32}
    assert table["protocol"] | protocol == table["protocol"]
    rows = [json.loads((folder / "ninth" / seed / "figures.json").read_text())["result"]["model"] for seed in "01"]
    spread = spread_rows(rows)
    for name, figures in table["recipes"]["ninth"]["metrics"].items():
        assert (figures["mean"], figures["spread"]) == pytest.approx(spread[name])
    assert rows[0]["mae"] != rows[1]["mae"] and table["recipes"]["ninth"]["seeds"] == [0, 1]
    assert set(table["recipes"]["tenth"]["metrics"]) == {name for name in METRICS if METRICS[name].measure} | {"fps"}
    assert {"gray", "oracle_mean"} == set(table["references"])
    text = (folder / "table.md").read_text()
    for words in ("ninth (2)", "tenth (2)", "oracle mean", "31.69", "MS-COCO 2017, 256x256", "training seeds 0, 1"):
        assert words in text
    with open(folder / "table.csv", newline="") as file:
        lines = {line["row"]: line for line in csv.DictReader(file)}
    assert float(lines["ninth"]["mae_spread"]) == pytest.approx(spread["mae"][1])
    assert lines["gray"]["mae_spread"] == "" and float(lines[PUBLISHED[6].name]["mae"]) == 11.5
    assert lines[PUBLISHED[6].name]["pictures"] == "published: MS-COCO 2017, 256x256"
    for name in ("accuracy", "pictures", "learning"):
        with Image.open(folder / f"{name}.png") as image:
            assert min(image.size) > 100 and len(np.unique(np.asarray(image))) > 10


def test_the_rows_are_those_of_evaluate(folder):
    result = evaluation.evaluate(folder / "tenth" / "1", limit_images=12, progress=False)
    table = json.loads((folder / "table.json").read_text())
    assert table["references"]["gray"] == pytest.approx(result["gray"])
    kept = json.loads((folder / "tenth" / "1" / "figures.json").read_text())["result"]
    assert kept["model"] == pytest.approx(result["model"])


def test_what_is_done_is_neither_trained_nor_measured_anew(folder, monkeypatch):
    def never(*arguments, **options):
        raise AssertionError("it was done already")

    monkeypatch.setattr(trainings, "begin_or_resume", never)
    before = (folder / "table.json").read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(evaluation, "evaluate", never)
        compare(NAMES, [0, 1], folder, "smoke", **MEASURED)
    assert (folder / "table.json").read_bytes() == before
    with monkeypatch.context() as patch:  # another colorlib, with a further metric
        patch.setattr("colorlib.compare.METRICS", {"new": None})
        patch.setattr(evaluation, "evaluate", never)
        with pytest.raises(AssertionError, match="done already"):
            compare(["ninth"], [1], folder, "smoke", **MEASURED)
    with monkeypatch.context() as patch:  # other photos in the data set's folder
        patch.setattr(PhotoSet, "digest", lambda self, indices: "of others")
        patch.setattr(evaluation, "evaluate", never)
        with pytest.raises(AssertionError, match="done already"):
            compare(["ninth"], [1], folder, "smoke", **MEASURED)
    table, _ = compare(["ninth"], [1], folder, "smoke", **MEASURED | {"test_images": 5})  # another protocol
    assert table["protocol"]["images"] == 5


def test_the_epochs_of_all_stages_are_counted_through(folder):
    rows = history(folder / "tenth" / "0")
    assert [row["epoch"] for row in rows] == [1, 2] and "loss_D" in rows[1] and "loss_D" not in rows[0]
    assert all(row["valid_eps_accuracy_5"] > 0 for row in rows)


def test_a_training_started_elsewhere_counts(tmp_path, monkeypatch):
    words = ["train", "--recipe", "ninth", "--scale", "smoke", "--seed", "3"]
    assert main([*words, "--checkpoints-path", str(tmp_path / "ninth" / "3")]) == 0
    assert is_complete(stages("ninth", tmp_path, 3))
    assert not is_complete(stages("ninth", tmp_path, 4))
    with pytest.raises(ConfigError, match="was trained with --epochs 2, and 3 is asked for"):
        is_complete(stages("ninth", tmp_path, 3, epochs=3))
    failed = train_all([stages("ninth", tmp_path, 3, epochs=3)], say=lambda line: None, progress=False)
    assert failed[0].status == "failed" and "give another folder" in failed[0].reason


def test_a_run_that_fails_is_named_and_the_rest_goes_on(tmp_path, monkeypatch, capsys):
    real = Supervised.step

    def broken(self, rgb):
        losses = real(self, rgb)
        return losses | {"loss_G": losses["loss_G"] * (float("nan") if self.config.seed == 1 else 1)}

    monkeypatch.setattr(Supervised, "step", broken)
    words = ["compare", "--recipes", "ninth", "--seeds", "1", "0", "--output", str(tmp_path), "--scale", "smoke"]
    assert main([*words, "--test-images", "12"]) == 2
    table = json.loads((tmp_path / "table.json").read_text())
    (failed,) = table["failed"]
    assert (failed["recipe"], failed["seed"]) == ("ninth", 1) and "loss_G is not finite by step" in failed["reason"]
    assert table["recipes"]["ninth"]["seeds"] == [0]
    assert table["recipes"]["ninth"]["metrics"]["mae"]["spread"] is None
    assert "Failed: ninth, seed 1: loss_G is not finite" in capsys.readouterr().out


def test_two_at_once_are_the_same_as_one_by_one(folder, tmp_path):
    said, broken = [], [one.replace(lr=1e30) for one in stages("ninth", tmp_path, 2)]
    chosen = [stages("ninth", tmp_path), stages("tenth", tmp_path), broken]
    outcomes = train_all(chosen, jobs=2, say=said.append)
    assert [outcome.status for outcome in outcomes] == ["done", "done", "failed"]
    assert "is not finite by step" in outcomes[2].reason and len(said) == 3
    assert "turning gray: after epoch 1" in (tmp_path / "ninth" / "0.log").read_text()
    for name in NAMES:
        one, other = (read_csv(place / name / "0" / "history.csv")[-1] for place in (folder, tmp_path))
        assert other == pytest.approx(one, rel=1e-3)


def test_a_folder_in_which_another_process_trains_is_waited_for(tmp_path):
    chosen = [stages("ninth", tmp_path, seed) for seed in (0, 1)]
    said, elsewhere = [], contextlib.ExitStack()
    elsewhere.enter_context(training_lock(tmp_path / "ninth" / "0"))
    assert train_one(chosen[0], progress=False).status == "busy"

    def say(line):
        said.append(line)
        if line.endswith("/1: done"):
            elsewhere.close()

    assert train_all(chosen, say=say, progress=False) == [Outcome("done")] * 2
    waited = "0: another process trains there; it will be waited for"
    assert [line.rpartition("/")[2] for line in said] == ["1: done", waited, "0: done"]


def test_a_setting_is_for_all_recipes_where_it_has_an_effect(tmp_path):
    entries = line_up(NAMES, [5], tmp_path, "smoke", {"discriminator_lr": 1e-5, "lr": 1e-3})
    ninth, tenth = (entry.stages for entry in entries)
    assert [stage.lr for stage in (*ninth, *tenth)] == [1e-3] * 3 and ninth[0].seed == tenth[1].seed == 5
    assert [stage.discriminator_lr for stage in (*ninth, *tenth)] == [None, None, 1e-5]
    assert tenth[1].checkpoints_path == str(tmp_path / "tenth" / "5")


@pytest.mark.parametrize(
    "words, message",
    [
        ("--recipes ninth nothing", "no recipe 'nothing'; there are unet-l1"),
        ("--recipes ninth ninth", "named twice"),
        ("--recipes ninth other", "different settings, bundled (ninth), cifar10 (other); give one --dataset for all"),
        ("--recipes ninth --discriminator-lr 1e-3", "--discriminator-lr has no effect in any of ninth"),
        ("--recipes ninth --judge none.safetensors", "--judge none.safetensors: no such file"),
        ("--recipes ninth --also beauty", "--also is 'beauty'; it takes lpips, fid"),
        ("--recipes ninth --jobs 0", "0 is not 1 or more"),
        ("--recipes ninth --splits 90/10/0", "none is of the part test to measure on; give other --splits"),
    ],
)
def test_what_cant_be_compared_is_said_before_anything_is_trained(tmp_path, monkeypatch, capsys, words, message):
    monkeypatch.setitem(RECIPES, "other", {"full": Config(dataset="cifar10"), "class": {}, "smoke": TINY})
    try:
        code = main(["compare", *words.split(), "--scale", "smoke", "--output", str(tmp_path / "it")])
    except SystemExit as stop:
        code = stop.code
    error = capsys.readouterr().err
    assert code == 2 and message in error and error.count("\n") == 1
    assert not (tmp_path / "it").exists()
