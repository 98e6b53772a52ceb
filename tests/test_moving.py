"""Colors moved to targets: exactly, as little as it takes, and what the gamut doesn't allow is said."""

import logging
import math

import numpy as np
import pytest
import torch
from PIL import Image

from colorlib import photos
from colorlib.cli import main
from colorlib.color import rgb_to_lab
from colorlib.colorizer import Colorizer
from colorlib.controls import CONTROLS, tint
from colorlib.errors import ColorizerError, ConfigError
from colorlib.moving import move, obtained, reach, rotate

# Targets that most photographs can have.
ASKED = {
    "saturation": 0.4,
    "hue": 0.6,
    "red": 0.4,
    "green": 0.35,
    "blue": 0.4,
    "line_hue": 0.3,
    "colorfulness": 30.0,
    "warmth": 10.0,
    "redness": 8.0,
    "contrast": 6.0,
    "gray": 0.5,
}


@pytest.fixture(scope="module")
def pictures(photo_set):
    """Lightness and ab of sixteen colored tiles."""
    some = np.flatnonzero(~photo_set.gray)[:: len(photo_set) // 16][:16]
    lab = rgb_to_lab(photo_set.batch(some) / 255)
    return lab[:, :1], lab[:, 1:]


def test_every_control_has_a_target_to_be_tried():
    assert set(ASKED) == set(CONTROLS)


@pytest.mark.parametrize("name", [name for name in ASKED if name != "line_hue"])
def test_a_target_within_reach_is_met(name, pictures):
    lightness, ab = pictures
    control, target = CONTROLS[name], torch.full((16,), ASKED[name])
    found = obtained(lightness, move(lightness, ab, {name: target}), control)
    low, high = reach(lightness, ab, name)
    possible = (low <= target) & (target <= high)
    assert possible.sum() >= 5
    missed = control.distance(found, target)[possible] / (control.high - control.low)
    assert missed.median() < 1e-3 and missed.quantile(0.8) < 0.005


@pytest.mark.parametrize("target", [0.1, 0.35, 0.6, 0.85])
def test_a_hue_is_met_all_around_the_circle(target, pictures):
    """To a third of a degree: an angle in a and b is not quite the same one in RGB, so it takes its corrections."""
    lightness, ab = pictures
    wanted = torch.full((16,), target)
    found = obtained(lightness, move(lightness, ab, {"hue": wanted}), CONTROLS["hue"])
    assert CONTROLS["hue"].distance(found, wanted).quantile(0.8) < 0.001


def test_the_hue_of_a_line_jumps_so_it_is_only_come_near_to(pictures):
    """Which is one of the things that are wrong with it."""
    lightness, ab = pictures
    before = obtained(lightness, ab, CONTROLS["line_hue"])
    moved = move(lightness, ab, {"line_hue": torch.full((16,), 0.3)})
    after = obtained(lightness, moved, CONTROLS["line_hue"])
    assert ((after - 0.3).abs() <= (before - 0.3).abs() + 1e-6).all()


@pytest.mark.parametrize("target", [0.7, 0.9])
def test_a_line_has_two_ends_that_are_not_one(target, pictures):
    """Its value is no angle: 0.9 isn't near to 0, and what no turn gives isn't said to be there."""
    lightness, ab = pictures
    control, wanted = CONTROLS["line_hue"], torch.full((16,), target)
    every = [rotate(ab, torch.full((16,), 2 * math.pi * i / 90)) for i in range(90)]
    errors = torch.stack([(obtained(lightness, turned, control) - target).abs() for turned in every])
    missed = (obtained(lightness, move(lightness, ab, {"line_hue": wanted}), control) - target).abs()
    assert missed.mean() < errors.amin(dim=0).mean() + 0.02
    low, high = reach(lightness, ab, "line_hue")
    assert low.mean() > 0.05 and high.mean() < 0.95


def test_what_has_its_target_already_stays(pictures):
    lightness, ab = pictures
    has = obtained(lightness, ab, CONTROLS["saturation"])
    assert (move(lightness, ab, {"saturation": has}) - ab).abs().mean() < 0.1


def test_a_free_control_moves_nothing_and_each_picture_has_its_own_target(pictures):
    lightness, ab = pictures
    target = torch.full((16,), math.nan)
    target[3] = 0.2
    moved = move(lightness, ab, {"saturation": target})
    others = [i for i in range(16) if i != 3]
    assert torch.equal(moved[others], ab[others]) and not torch.equal(moved[3], ab[3])
    assert torch.equal(move(lightness, ab, {"hue": torch.full((16,), math.nan)}), ab)


def test_several_controls_at_once(pictures):
    lightness, ab = pictures
    asked = {"saturation": torch.full((16,), 0.3), "hue": torch.full((16,), 0.6)}
    moved = move(lightness, ab, asked)
    for name, target in asked.items():
        distance = CONTROLS[name].distance(obtained(lightness, moved, CONTROLS[name]), target)
        assert distance.median() < 0.005


def test_reach_is_what_a_sweep_finds(pictures):
    """Also where a control rises and falls on its way."""
    lightness, ab = pictures
    for name, direction in (("redness", (1.0, 0.0)), ("warmth", (0.0, 1.0))):
        way = torch.tensor(direction).view(1, 2, 1, 1)
        found = [obtained(lightness, ab + amount * way, CONTROLS[name]) for amount in range(-120, 121, 4)]
        low, high = reach(lightness, ab, name)
        assert (low - torch.stack(found).amin(0)).max() < 1.5 and (torch.stack(found).amax(0) - high).max() < 1.5
    found = [obtained(lightness, ab * 1.2**power, CONTROLS["contrast"]) for power in range(-20, 16)]
    assert (torch.stack(found).amax(0) - reach(lightness, ab, "contrast")[1]).max() < 1.0


def test_scaling_keeps_hues_and_turning_keeps_chroma(pictures):
    lightness, ab = pictures
    scaled = move(lightness, ab, {"saturation": torch.full((16,), 0.2)})
    assert torch.allclose(scaled[:, 0] * ab[:, 1], scaled[:, 1] * ab[:, 0], atol=1e-2, rtol=1e-3)
    turned = move(lightness, ab, {"hue": torch.full((16,), 0.2)})
    assert torch.allclose(turned.norm(dim=1), ab.norm(dim=1), atol=1e-3)
    quarter = rotate(torch.tensor([1.0, 0.0]).view(1, 2, 1, 1), torch.tensor([math.pi / 2]))
    assert torch.allclose(quarter.flatten(), torch.tensor([0.0, 1.0]), atol=1e-6)


def test_a_gray_picture_stays_gray_and_its_reach_says_so():
    lightness, ab = torch.full((1, 1, 8, 8), 50.0), torch.zeros(1, 2, 8, 8)
    assert move(lightness, ab, {"saturation": torch.tensor([0.5])}).abs().max() == 0
    low, high = reach(lightness, ab, "saturation")
    assert low == high == 0
    assert reach(lightness, ab, "warmth")[1] > 30  # a shift gives it color


@pytest.fixture(scope="module")
def starter():
    return Colorizer.load("starter")


def measured(image: Image.Image, name: str) -> float:
    rgb = torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1)[None] / 255
    return CONTROLS[name].measure(rgb).item()


@pytest.mark.parametrize("name, target", [("saturation", 0.5), ("hue", 0.1), ("colorfulness", 40.0), ("warmth", 20.0)])
def test_half_is_half_on_the_whole_photo(name, target, starter):
    """At full size, after eight bits."""
    photo = Image.open(photos.bundled_photos()[2])
    control = CONTROLS[name]
    image = starter.colorize(photo, targets={name: target}, exact=True)
    missed = control.distance(torch.tensor(measured(image, name)), target).item()
    assert missed < 0.005 * (control.high - control.low)
    assert image.size == photo.size


def test_out_of_reach_is_said(starter, caplog):
    photo = Image.open(photos.bundled_photos()[0])
    with caplog.at_level(logging.WARNING, logger="colorlib"):
        starter.colorize(photo, targets={"saturation": 0.99}, exact=True)
    assert "saturation 0.99 can't be met on this photo" in caplog.text and "within its gamut" in caplog.text


def test_a_colorizer_that_listens_to_nothing_takes_targets_exactly_or_not_at_all(starter):
    photo = Image.new("RGB", (40, 30), (120, 90, 60))
    with pytest.raises(ColorizerError, match="can't be asked for saturation"):
        starter.colorize(photo, targets={"saturation": 0.5})
    with pytest.raises(ConfigError, match="the target of saturation is 7"):
        starter.colorize(photo, targets={"saturation": 7}, exact=True)


def test_a_tint_is_a_mean_color():
    orange = tint("#c08040")
    rgb = torch.tensor([0xC0, 0x80, 0x40]).view(1, 3, 1, 1) / 255
    lab = rgb_to_lab(rgb).flatten()
    assert orange == {"redness": pytest.approx(lab[1].item()), "warmth": pytest.approx(lab[2].item())}
    assert tint("C08040") == orange
    for wrong in ("", "#c0804", "orange", "#c0804g"):
        with pytest.raises(ConfigError, match="it takes a color as #c08040"):
            tint(wrong)
    with pytest.raises(ConfigError, match="too strong a color: its redness of 98"):
        tint("#ff00ff")


def test_a_contact_sheet_has_a_labeled_picture_for_every_target(tmp_path, capsys):
    photo = tmp_path / "photo.png"
    Image.open(photos.bundled_photos()[2]).resize((90, 60)).save(photo)
    command = ["colorize", "starter", str(photo), "--output", str(tmp_path / "out"), "--exact", "--sheet"]
    assert main([*command, "saturation=0.1,0.6", "hue=free,0.1,0.6"]) == 0
    sheet = Image.open(tmp_path / "out" / "photo.png-sheet.png").convert("RGB")
    assert sheet.width > 2 * 200 and sheet.height > 3 * 140
    assert not (tmp_path / "out" / "photo.png").exists()
    left, right = (sheet.crop((at, 40, at + 180, 150)) for at in (20, 260))
    assert measured(left, "saturation") < 0.2 < 0.45 < measured(right, "saturation")
    capsys.readouterr()
    for axes, words in (
        (["brightness=1"], "it takes a control and its targets"),
        (["saturation=high"], "a target is a number, or free"),
        (["saturation=2"], "the target of saturation is 2"),
        (["saturation=0.1", "saturation=0.2"], "and another one for the rows"),
        (["saturation=" + ",".join(["0.1"] * 101)], "100 are the most"),
        (["saturation=0.1", "--saturation", "0.5"], "--sheet and --saturation ask for the same"),
    ):
        assert main([*command, *axes]) == 2
        error = capsys.readouterr().err
        assert words in error and error.count("\n") == 1


def test_on_the_command_line(tmp_path, capsys):
    photo = tmp_path / "photo.png"
    Image.open(photos.bundled_photos()[2]).resize((90, 60)).save(photo)
    command = ["colorize", "starter", str(photo), "--output", str(tmp_path / "out")]
    assert main([*command, "--tint", "#c08040", "--exact"]) == 0
    image = Image.open(tmp_path / "out" / "photo.png")
    assert main([*command, "--exact", "--saturation", "0.3"]) == 0
    image = Image.open(tmp_path / "out" / "photo.png")
    assert measured(image, "saturation") == pytest.approx(0.3, abs=0.01)
    assert main([*command, "--tint", "#c08040", "--exact"]) == 0
    image = Image.open(tmp_path / "out" / "photo.png")
    for name, target in tint("#c08040").items():
        assert measured(image, name) == pytest.approx(target, abs=1.0)
    capsys.readouterr()
    for flags, words in (
        (["--exact"], "--exact has no effect without a target"),
        (["--saturation", "0.5"], "can't be asked for saturation"),
        (["--saturation", "5", "--exact"], "the target of saturation is 5"),
        (["--tint", "", "--exact"], "it takes a color as #c08040"),
        (["--sheet", "hue=0.1", "--size", "64", "--exact"], "--size has no effect with --sheet"),
        (["--tint", "red", "--exact"], "it takes a color as #c08040"),
        (["--tint", "#c08040", "--warmth", "3", "--exact"], "--tint and --warmth ask for the same"),
    ):
        assert main([*command, *flags]) == 2
        error = capsys.readouterr().err
        assert words in error and error.count("\n") == 1
