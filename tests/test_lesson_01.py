"""Lesson 1: its cells' conversions agree with scikit-image, its pictures are shown pixel for pixel, its claims hold."""

import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
import skimage.color
import torch
from PIL import Image

from colorlib import color
from colorlib.plots import apart, to_png
from colorlib.plots import lab as diagrams
from colorlib.plots.gallery import TITLE, gallery, patches

NOTEBOOK = Path(__file__).parent.parent / "notebooks" / "01_lab_color_space.ipynb"
FUNCTIONS = "load lightness-code rgb-to-lab lab-to-rgb inside join difference spoil coarse losses cure".split()


@pytest.fixture(scope="module")
def lesson():
    """The names that the lesson's teaching cells define; what only draws or prints is left out."""
    names = {"color": color, "device": torch.device("cpu"), "side": 256, "seed": 0}
    for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]:
        if cell["id"] in FUNCTIONS:
            for part in re.split(r"\n\n\n", "".join(cell["source"])):
                if re.match(r"(def|import|from|X_of) ?", part):
                    exec(part, names)
    return names


@pytest.fixture(scope="module")
def noise():
    return torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(1))


def by_skimage(function, batch):
    return torch.from_numpy(function(batch.movedim(1, -1).double().numpy())).movedim(-1, 1)


def test_the_cells_agree_with_scikit_image(lesson, noise):
    lab = lesson["rgb_to_lab"](noise)
    assert (lab - by_skimage(skimage.color.rgb2lab, noise)).abs().max() < 2e-3
    assert (lesson["lab_to_rgb"](lab) - noise).abs().max() < 1e-4
    assert (lesson["lightness"](noise) - lab[:, :1]).abs().max() < 1e-3


def test_the_cells_reduce_chroma_as_colorlib_does(lesson):
    lab = torch.cat([diagrams.plane(level, step=10) for level in (20.0, 50.0, 80.0)])
    mine, ours = lesson["reduce_chroma"](lab), color.reduce_chroma(lab)
    assert (mine - ours).abs().max() < 0.3
    assert (mine[:, :1] == lab[:, :1]).all()


def test_the_cells_join_as_colorlib_does(lesson):
    lab = torch.cat([diagrams.plane(level, step=10) for level in (20.0, 50.0, 80.0)])
    mine = lesson["join"](lab[:, :1], lab[:, 1:])
    assert (mine - color.join_lightness(lab[:, :1], lab[:, 1:])).abs().max() < 0.02
    assert (lesson["lightness"](mine) - lab[:, :1]).abs().max() < 0.2


def test_a_strong_violet_near_white_keeps_a_touch_of_it_as_the_quiz_says(lesson):
    wish = torch.tensor([97.0, 80.0, -80.0]).view(1, 3, 1, 1)
    lightness, a, b = lesson["rgb_to_lab"](lesson["join"](wish[:, :1], wish[:, 1:])).flatten().tolist()
    assert abs(lightness - 97) < 0.2 and 3 < a < 6 and abs(a + b) < 0.5


def test_a_vivid_wrong_color_costs_more_than_gray_as_section_6_says(lesson):
    def cost(chroma, turn):
        return lesson["difference"](lesson["one_color"](chroma, 60.0 + turn), lesson["one_color"](35.0, 60.0))

    gray = cost(0.0, 0.0)
    assert cost(35.0, 30.0) < gray < cost(35.0, 60.0) < cost(35.0, 180.0) < 2.1 * gray
    assert cost(12.0, 0.0) > cost(35.0, 0.0) and cost(12.0, 180.0) < cost(35.0, 180.0)
    for turn in (0.0, 30.0, 60.0, 90.0, 180.0):
        assert lesson["rgb_to_lab"](lesson["one_color"](35.0, 60.0 + turn))[:, 1:].norm() > 34.9  # none is clipped


def test_neighbors_of_one_color_cost_nothing(lesson):
    ab = torch.zeros(1, 2, 8, 8)
    ab[:, 0] = 20
    assert lesson["alike"](ab, None) == 0
    ab[..., 4:] += 1
    assert abs(float(lesson["alike"](ab, None)) - 1 / 7) < 1e-6


def test_errors_of_every_kind_have_the_same_size(lesson):
    gray = torch.full((1, 3, 256, 256), 0.5)
    for width, channels in ((1, "L"), (1, "ab"), (64, "L"), (64, "ab")):
        spoiled = lesson["spoil"](gray, lesson["blobs"](width, channels))
        assert abs(lesson["difference"](spoiled, gray) - 10) < 0.2


def test_coarse_color_keeps_the_lightness_and_a_flat_color(lesson):
    noise = torch.rand(1, 3, 256, 256, generator=torch.Generator().manual_seed(2))
    assert (lesson["lightness"](lesson["coarsen"](noise, 8)) - lesson["lightness"](noise)).abs().max() < 0.2
    flat = torch.tensor([0.8, 0.4, 0.3]).view(1, 3, 1, 1).expand(1, 3, 256, 256)
    assert lesson["difference"](lesson["coarsen"](flat, 32), flat) < 0.1


def test_the_cured_curves_have_finite_slopes(lesson):
    black = torch.zeros(1, 3, 1, 1, requires_grad=True)
    (lesson["safe_f"](black) + lesson["to_screen"](lesson["lab_to_light"](black))).sum().backward()
    assert black.grad.isfinite().all()
    steps = torch.linspace(0, 1, 101)
    assert (lesson["safe_f"](steps) - lesson["f"](steps)).abs().max() < 1e-6


def pixels_of(figure):
    return np.asarray(Image.open(io.BytesIO(to_png(figure))).convert("RGB"))


def test_a_gallery_shows_pixels_as_they_are(noise):
    shown = pixels_of(gallery({"one": noise[:1], "two": noise[1:]}, width=16))
    for number in (0, 1):
        left = number * (16 + 12)
        tile = shown[TITLE : TITLE + 16, left : left + 16]
        assert np.abs(tile.astype(int) - (noise[number].permute(1, 2, 0).numpy() * 255).round()).max() <= 1


def test_a_gallery_takes_photos_of_any_shape_and_refuses_batches(noise):
    photo = Image.new("L", (30, 20), 128)
    assert pixels_of(gallery({"photo": photo, "noise": noise[:1]}, width=60)).shape == (TITLE + 60, 132, 3)
    with pytest.raises(ValueError, match="batch of 2"):
        gallery({"noise": noise})


def test_diagrams_are_drawn(lesson, noise):
    figures = [
        diagrams.axes(),
        diagrams.stations([[0.9, 0.4, 0.3], [0.8, 0.1, 0.1], [0.4, 0.3, 0.1], [0.7, 0.6, 0.4], [60.0, 40.0, -40.0]]),
        diagrams.gray_patches({"red": (1, 0, 0), "blue": (0, 0, 1)}, torch.ones(2) / 3, torch.tensor([53.0, 32.0])),
        diagrams.two_curves(lesson["to_light"], lesson["f"]),
        diagrams.crowd(torch.tensor([[0.0, 0.0], [10.0, -20.0]]), torch.tensor([0.7, 0.3])),
        diagrams.way_home((85.0, 50.0, 70.0), [85.0, 15.0, 21.0], {"clipped": noise[:1], "reduced": noise[1:]}),
        apart.channels(noise[:1], lesson["rgb_to_lab"](noise[:1])),
        patches({"row": [((1, 0, 0), "red"), ((0, 0, 1), "blue")]}),
    ]
    for figure in figures:
        assert pixels_of(figure).std() > 5


def test_a_word_vanishes_in_gray_where_both_colors_have_one_lightness(lesson):
    def grays(one, two):
        shown = pixels_of(apart.plate(one, two, lesson["lightness"]))[40:, 500:]
        return len({tuple(pixel) for pixel in shown[(shown < 250).all(axis=2)]})

    assert grays((1, 0, 0), (0, 1, 0)) == 2
    assert grays((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)) == 1


def test_nearer_is_blue_and_farther_is_red():
    nearer, farther, alike = apart.verdict(torch.tensor([[[30.0, -30.0, 0.0]]]))[0, :, 0].T
    assert nearer.argmax() == 2 and farther.argmax() == 0 and alike.max() == alike.min() > 0.9
