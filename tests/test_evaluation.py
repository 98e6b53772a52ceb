"""What is measured on what, as text and as JSON; losses of any system as a picture."""

import json

from colorlib import plots
from colorlib.evaluation import as_json, default_part


def test_json_has_no_nan():
    text = as_json({"images": 3, "model": {"mae": 1.5, "colorfulness_ratio": float("nan")}, "device": "cpu"})
    assert json.loads(text, parse_constant=lambda name: 1 / 0) == {
        "images": 3,
        "model": {"mae": 1.5, "colorfulness_ratio": None},
        "device": "cpu",
    }


def test_a_named_set_has_a_test_part_and_a_folder_is_measured_whole():
    assert (default_part("bundled"), default_part("cifar10"), default_part("album")) == ("test", "test", "all")


def test_losses_of_any_system_are_drawn():
    """One panel for each network's losses, and one for a system that names them otherwise."""
    gan = [{"epoch": epoch, "loss_D": 0.6, "loss_G": 1.0, "loss_G_L1": 0.5} for epoch in (1, 2)]
    other = [{"epoch": epoch, "loss_mean": 1.0 / epoch} for epoch in (1, 2)]
    assert [len(axis.lines) for axis in plots.losses(gan).axes] == [1, 2]
    assert [len(axis.lines) for axis in plots.losses(other).axes] == [1]
