"""An encoder that has seen photographs: its training, what it leaves, how it goes on, what it refuses."""

import csv
import json
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from made_photos import make_photos
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file

from colorlib.cli import main
from colorlib.encoder_config import EncoderConfig
from colorlib.errors import ConfigError, DataError
from colorlib.models.resnet import encoder_weights, gray_classifier
from colorlib.training.encoder import EncoderTraining, pretrain, pretrain_encoder
from colorlib.training.locks import BusyError, training_lock


@pytest.fixture(scope="module")
def classes(tmp_path_factory):
    """Stripes that lie and stripes that stand, in a folder each, of changing width, phase and color."""
    root, random = tmp_path_factory.mktemp("set"), np.random.default_rng(0)
    for name in ("lying", "standing"):
        (root / "train" / name / "images").mkdir(parents=True)
        for i in range(60):
            wave = np.sin(np.arange(32) * random.uniform(0.4, 1.2) + random.uniform(0, 6))
            light = np.tile(wave[:, None] if name == "lying" else wave[None], (1, 32) if name == "lying" else (32, 1))
            rgb = 128 + 60 * light[..., None] + random.uniform(-30, 30, 3) + random.normal(0, 5, (32, 32, 3))
            Image.fromarray(rgb.clip(0, 255).astype(np.uint8)).save(root / "train" / name / "images" / f"{i}.png")
    (root / "words.txt").write_text("lying\tlying stripes, bars\nstanding\tstanding stripes\nn1\tof no use\n")
    return root


def settings(classes, folder, **changes):
    made = {"dataset": str(classes), "image_size": 32, "epochs": 3, "batch_size": 16, "splits": "70/15/15"}
    return made | {"output": str(folder), "save_steps": 1} | changes


def test_it_learns_to_name_what_is_in_gray_pictures(classes, tmp_path):
    rows = pretrain_encoder(settings(classes, tmp_path / "it", epochs=8), progress=False)
    assert rows[-1]["test_top1_percent"] > 80  # by chance: 50
    network, names = gray_classifier(str(tmp_path / "it" / "encoder.safetensors"))
    assert names == ["lying stripes", "standing stripes"] and network.fc.out_features == 2
    gray = torch.sin(torch.arange(32.0)).view(1, 1, 1, 32).expand(1, 1, 32, 32)
    assert network(gray).argmax() == 1 and network(gray.transpose(2, 3)).argmax() == 0
    assert encoder_weights(str(tmp_path / "it" / "encoder.safetensors"))["conv1.weight"].shape == (64, 1, 7, 7)
    with safe_open(tmp_path / "it" / "encoder.safetensors", "pt") as content:
        assert json.loads(content.metadata()["figures"])["test_top1_percent"] == rows[-1]["test_top1_percent"]
    with open(tmp_path / "it" / "history.csv", newline="") as file:
        assert len(list(csv.DictReader(file))) == 8


def test_stopped_within_an_epoch_and_resumed_is_bit_equal(classes, tmp_path, monkeypatch):
    pretrain_encoder(settings(classes, tmp_path / "whole"), progress=False)
    real = EncoderTraining.run_step

    def stopped(self, indices):
        if self.progress.step == 5:
            self.request_stop()
        return real(self, indices)

    monkeypatch.setattr(EncoderTraining, "run_step", stopped)
    rows = pretrain_encoder(settings(classes, tmp_path / "parts"), progress=False)
    assert len(rows) == 1
    monkeypatch.setattr(EncoderTraining, "run_step", real)
    pretrain_encoder({"output": str(tmp_path / "parts")}, resume=True, progress=False)
    first, second = (load_file(tmp_path / name / "encoder.safetensors") for name in ("whole", "parts"))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert (tmp_path / "whole" / "history.csv").read_bytes() == (tmp_path / "parts" / "history.csv").read_bytes()


def test_another_classifier_is_its_network_and_what_that_sees(classes, tmp_path):
    """A linear one, of true color. Its folder holds a file of another name."""

    @dataclass(frozen=True)
    class ColorConfig(EncoderConfig):
        made = "namer"

    class ColorTraining(EncoderTraining):
        config_class = ColorConfig

        def build(self, classes):
            return torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(3, classes))

        def see(self, rgb):
            assert rgb.shape[1] == 3 and 0 <= rgb.min() and rgb.max() <= 1
            return rgb

    given = settings(classes, tmp_path / "it", epochs=1)
    rows = pretrain(ColorTraining, given, resume=False, overwrite=False, progress=False)
    assert len(rows) == 1 and "test_top1_percent" in rows[0]
    assert load_file(tmp_path / "it" / "namer.safetensors")["2.weight"].shape == (2, 3)
    assert pretrain(ColorTraining, given, resume=True, overwrite=False, progress=False) == rows
    for name in ("config.json", "state.pt", "history.csv"):
        (tmp_path / "it" / name).unlink()
    with pytest.raises(ConfigError, match="has namer.safetensors, which is no training's"):
        pretrain(ColorTraining, given, resume=False, overwrite=False, progress=False)


def test_a_moved_folder_goes_on_where_it_is_and_a_strangers_training_is_left_alone(classes, tmp_path):
    pretrain_encoder(settings(classes, tmp_path / "before", epochs=1), progress=False)
    (tmp_path / "before").rename(tmp_path / "after")
    rows = pretrain_encoder({"output": str(tmp_path / "after")}, resume=True, progress=False)
    assert len(rows) == 1 and not (tmp_path / "before").exists()
    (tmp_path / "stranger").mkdir()
    (tmp_path / "stranger" / "config.json").write_text('{"model": 1}')
    (tmp_path / "stranger" / "state.pt").write_bytes(b"somebody's")
    with pytest.raises(ConfigError, match="not the settings of this kind of training, encoder"):
        pretrain_encoder(settings(classes, tmp_path / "stranger"), overwrite=True, progress=False)
    assert (tmp_path / "stranger" / "state.pt").read_bytes() == b"somebody's"


def test_the_command_line_trains_and_says_where_it_is(classes, tmp_path, capsys):
    flags = ["--dataset", str(classes), "--splits", "70/15/15", "--output", str(tmp_path / "it"), "--image-size", "32"]
    flags += ["--epochs", "1", "--batch-size", "16", "--limit-images", "32"]
    assert main(["pretrain-encoder", *flags]) == 0
    assert str(tmp_path / "it" / "encoder.safetensors") in capsys.readouterr().out
    for changes, words in (
        (flags, "holds a training already"),
        (["--resume", "--output", str(tmp_path / "it"), "--lr", "1"], "--resume can't change --lr"),
        (["--resume", "--overwrite"], "give one of them"),
        (["--resume", "--output", str(tmp_path / "none")], "holds no encoder's training to --resume"),
        (["--epochs", "0"], "--epochs is 0; it must be 1 or more"),
        (["--image-size", "8"], "--image-size is 8; it must be 16 or more"),
    ):
        assert main(["pretrain-encoder", *changes]) == 2
        error = capsys.readouterr().err
        assert words in error and error.count("\n") == 1


def test_a_set_without_classes_and_a_strangers_encoder_are_refused(classes, tmp_path):
    flat = make_photos(tmp_path / "flat", 8)
    with pytest.raises(DataError, match="has no classes; it takes a folder for each"):
        pretrain_encoder(settings(flat, tmp_path / "it"), progress=False)
    with pytest.raises(DataError, match="too few pictures in a part of 100/0/0"):
        pretrain_encoder(settings(classes, tmp_path / "it", splits="100/0/0"), progress=False)
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "encoder.safetensors").write_bytes(b"somebody's")
    with pytest.raises(ConfigError, match="has encoder.safetensors, which is no training's"):
        pretrain_encoder(settings(classes, tmp_path / "kept"), progress=False)
    assert (tmp_path / "kept" / "encoder.safetensors").read_bytes() == b"somebody's"


def test_two_processes_never_train_in_one_folder(classes, tmp_path):
    with training_lock(tmp_path / "it"), pytest.raises(BusyError, match="another process trains there"):
        pretrain_encoder(settings(classes, tmp_path / "it"), progress=False)
    assert not (tmp_path / "it").exists()


def test_settings_nested_without_end_are_refused_in_a_sentence(tmp_path):
    (tmp_path / "config.json").write_text("[" * 100_000)
    with pytest.raises(ConfigError, match="not the settings of this kind of training"):
        pretrain_encoder({"output": str(tmp_path)}, resume=True, progress=False)
