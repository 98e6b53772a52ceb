"""The judge of colors: its training, its verdicts on true and gray pictures, what it refuses and says."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file

from colorlib import evaluation
from colorlib.cli import main
from colorlib.data import PhotoSet, load_photos
from colorlib.data.photo_kinds import PhotoArray
from colorlib.errors import ConfigError
from colorlib.evaluation.judge import Judge, Verdicts
from colorlib.metrics import gray_row
from colorlib.training.judge_training import JudgeTraining, pretrain_judge

COUNT = 60


@pytest.fixture(scope="module")
def classes(tmp_path_factory):
    """Two classes that only their color tells apart: a warm and a cold tint on the same kinds of pattern."""
    root, random = tmp_path_factory.mktemp("set"), np.random.default_rng(0)
    for name, tint in (("warm", (40, 0, -40)), ("cold", (-40, 0, 40))):
        (root / "train" / name).mkdir(parents=True)
        for i in range(COUNT):
            light = random.uniform(60, 190, (4, 4, 1)).repeat(4, 0).repeat(4, 1)
            rgb = (light + np.array(tint)).clip(0, 255).astype(np.uint8)
            Image.fromarray(rgb).save(root / "train" / name / f"{i}.png")
    return root


@pytest.fixture(scope="module")
def judge(classes, tmp_path_factory):
    folder = tmp_path_factory.mktemp("judge") / "it"
    pretrain_judge(settings(classes, folder, epochs=4), progress=False)
    return folder


def settings(classes, folder, **changes):
    made = {"dataset": str(classes), "image_size": 16, "widths": (4, 8), "batch_size": 16, "splits": "70/15/15"}
    return made | {"epochs": 2, "lr": 3e-2, "output": str(folder), "save_steps": 1} | changes


def shown(classes):
    photo_set = load_photos(str(classes), size=16, progress=False)
    return photo_set, photo_set.split("70/15/15")["test"]


def test_it_knows_true_colors_and_guesses_at_gray(classes, judge):
    it = Judge(judge)
    photo_set, test = shown(classes)
    verdicts, true = Verdicts(it, it.labels(photo_set, test)), photo_set.batch(test) / 255
    for few in true.split(5):  # in batches
        verdicts.look({"model": few.flip(1), "gray": gray_row(few), "true": few})
    figures = verdicts.figures()
    assert figures["true"] == {"judge_accuracy": 100}
    assert figures["model"]["judge_accuracy"] == 0  # red and blue exchanged
    number = {"cold": 0, "warm": 1}
    labels = torch.tensor([number[name] for name in photo_set.folder[test]])
    guessed = (it.network(gray_row(true)).argmax(1) == labels).float().mean() * 100
    assert figures["gray"]["judge_accuracy"] == pytest.approx(guessed.item()) and guessed < 100
    assert figures["gray"]["judge_distance"] > 0
    assert it.figures["test_top1_percent"] == 100


def test_pictures_of_another_size_are_brought_to_its_own(judge):
    it, rgb = Judge(judge), torch.rand(2, 3, 32, 32)
    assert it.features(rgb).shape == (2, 8)
    small = torch.nn.functional.interpolate(rgb, (16, 16), mode="bilinear", antialias=True)
    torch.testing.assert_close(it.features(rgb), it.network.features(small))


def test_evaluate_has_its_column(classes, judge, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(evaluation, "pictures_per_second", lambda colorizer: 1.0)
    words = ["evaluate", "starter", "--dataset", str(classes), "--part", "test", "--splits", "70/15/15"]
    words += ["--judge", str(judge / "judge.safetensors"), "--json", str(tmp_path / "figures.json")]
    assert main(words) == 0
    result, text = json.loads((tmp_path / "figures.json").read_text()), capsys.readouterr().out
    assert result["true"] == {"judge_accuracy": 100.0}
    assert {"judge_accuracy", "judge_distance"} <= set(result["model"]) & set(result["gray"])
    assert "judge is right (%)" in text and "FID" not in text and "| true " in text
    assert result["notes"] == []
    everything = evaluation.evaluate("starter", str(classes), part="all", judge=judge, progress=False)
    photo_set, _ = shown(classes)
    learned = len(photo_set.split("70/15/15")["train"])
    assert everything["notes"] == [
        f"the judge has learned from {learned} of these {2 * COUNT} pictures, and is too sure of them"
    ]


def test_pictures_of_other_classes_have_a_distance_alone(judge, photo_set, caplog):
    it = Judge(judge)
    assert it.labels(photo_set, np.arange(4)) is None and "other classes than the judge's" in caplog.text
    assert it.seen(photo_set, np.arange(4)) == 0
    true = photo_set.batch(range(4)) / 255
    verdicts = Verdicts(it, None)
    verdicts.look({"gray": gray_row(true), "true": true})
    assert set(verdicts.figures()) == {"gray"} and set(verdicts.figures()["gray"]) == {"judge_distance"}


def test_an_array_may_know_its_classes(judge):
    """As CIFAR-10 of torchvision, which comes without folders."""
    array = PhotoArray(np.zeros((2, 16, 16, 3), np.uint8), folders=["warm", "cold"])
    about = {"key": np.array(["a", "b"]), "own_part": None, "gray": np.zeros(2, bool), "skipped": []}
    photo_set = PhotoSet("x", array.images, **about, folder=np.array(array.folders))
    assert Judge(judge).labels(photo_set, np.array([1, 0])).tolist() == [0, 1]


def test_stopped_and_resumed_is_bit_equal(classes, tmp_path, monkeypatch):
    pretrain_judge(settings(classes, tmp_path / "whole"), progress=False)
    real = JudgeTraining.run_step

    def stopped(self, indices):
        if self.progress.step == 2:
            self.request_stop()
        return real(self, indices)

    monkeypatch.setattr(JudgeTraining, "run_step", stopped)
    assert pretrain_judge(settings(classes, tmp_path / "parts"), progress=False) == []
    monkeypatch.setattr(JudgeTraining, "run_step", real)
    assert main(["pretrain-judge", "--resume", "--output", str(tmp_path / "parts")]) == 0
    first, second = (load_file(tmp_path / name / "judge.safetensors") for name in ("whole", "parts"))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert (tmp_path / "whole" / "history.csv").read_bytes() == (tmp_path / "parts" / "history.csv").read_bytes()


def test_its_file_says_what_it_learned_from_and_no_paths(judge):
    with safe_open(judge / "judge.safetensors", "pt") as content:
        about = {name: json.loads(text) for name, text in content.metadata().items()}
        assert {str(content.get_tensor(name).dtype) for name in content.keys()} == {"torch.float16", "torch.int64"}  # noqa: SIM118
    assert about["folders"] == ["cold", "warm"]
    assert about["settings"]["splits"] == "70/15/15" and not {"output", "dataset_path"} & set(about["settings"])


def test_what_is_no_judge_is_refused_in_one_line(classes, judge, tmp_path, capsys):
    (tmp_path / "judge.safetensors").write_bytes(b"nothing")
    for name, words in ((tmp_path / "none", "no such file"), (tmp_path, "not a file of `colorlib pretrain-judge`")):
        with pytest.raises(ConfigError, match=words):
            Judge(name)
    assert main(["pretrain-judge", "--dataset", str(classes), "--output", str(judge)]) == 2
    assert main(["pretrain-judge", "--resume", "--output", str(tmp_path)]) == 2
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 2 and "holds a training already" in errors[0] and "holds no judge's training" in errors[1]
