"""What lesson 5 writes by hand is what colorlib does; what its text says of it is so."""

import ast
import contextlib
import json
import math
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional

from colorlib import color, photos
from colorlib.checks import notebook_05 as check
from colorlib.color.spaces import LAB
from colorlib.losses import Prediction
from colorlib.losses.perceptual import ContentLoss, on_screen
from colorlib.models.features import resnet18_of
from colorlib.models.heads import ColorHead
from colorlib.models.resnet import course_encoder, encoder_weights, gray_classifier
from colorlib.plots import perceptual as drawn

NOTEBOOK = Path(__file__).parent.parent / "notebooks" / "05_perceptual_loss.ipynb"
STARTS = ("def load", "def see", "def lamps", "def blurred", "def changes", "def shown", "def by_skimage", "def push")


@pytest.fixture(scope="module")
def resnet():
    return gray_classifier(course_encoder())[0].eval().requires_grad_(False)


@pytest.fixture(scope="module")
def lesson(resnet):
    """The names that the lesson's cells with definitions give."""
    cells = ["".join(cell["source"]) for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]]
    names = {"torch": torch, "nn": nn, "math": math, "F": functional, "color": color, "photos": photos, "LAB": LAB}
    names |= {"device": torch.device("cpu"), "resnet": resnet, "pushes": 12}
    names["bundled"] = {path.stem: photos.read_rgb(path) for path in photos.bundled_photos()}
    exec("from skimage.color import lab2rgb", names)
    for start in (*STARTS, "def content_of", "def parts_of"):
        (cell,) = [cell for cell in cells if f"\n{start}" in f"\n{cell}"]
        kinds = (ast.FunctionDef, ast.ClassDef)
        defined = [one for one in ast.parse(cell).body if isinstance(one, kinds) or "levels =" in ast.unparse(one)]
        exec(compile(ast.Module(defined, []), start, "exec"), names)
    return names


@pytest.fixture(scope="module")
def theirs():
    """colorlib's term, on the network of the lesson."""
    term = ContentLoss(layer="layer1")
    term.network = resnet18_of(("layer1",), encoder_weights(course_encoder()), "")
    term.in_precision = contextlib.nullcontext
    return term


@pytest.fixture(scope="module")
def pictures(photo_set):
    return photo_set.batch(range(0, 640, 80)).float() / 255


def test_the_content_loss_and_its_gradient_are_colorlibs(lesson, theirs, pictures):
    gray, true = LAB.split(pictures)
    for factor in (0.3, 3.0):  # inside and outside of the gamut
        made = (factor * true).requires_grad_()
        ours = lesson["content_of"](made, gray, pictures)
        library = theirs(Prediction(ColorHead(LAB), gray, true, made))
        assert torch.allclose(ours, library, rtol=1e-3)
        gradients = [torch.autograd.grad(one, made)[0] for one in (ours, library)]
        assert (gradients[0] - gradients[1]).norm() < 0.02 * gradients[1].norm() > 0


def test_what_is_shown_is_colorlibs_screen(lesson, pictures):
    lab = color.rgb_to_lab(pictures)
    ours = lesson["shown"](lab[:, :1], 3 * lab[:, 1:])
    library = on_screen(color.lab_to_rgb(torch.cat([lab[:, :1], 3 * lab[:, 1:]], dim=1), clip=False))
    assert torch.equal(ours, library) and 0 <= ours.min() and ours.max() <= 1


def test_of_the_lightness_alone_no_color_is_seen(lesson, pictures):
    lab = color.rgb_to_lab(pictures)
    other = color.join_lightness(lab[:, :1], 0.5 * lab[:, 1:].flip(1))

    def light(rgb):
        return color.lightness_of(rgb) / 50 - 1

    unseen, seen = (lesson["content"](other, pictures, eyes=eyes).item() for eyes in (light, lesson["lamps"]))
    assert unseen < 1e-4 * seen


def test_the_changes_have_one_mean_error(lesson, pictures):
    for name, one in lesson["changes"](pictures[:1]).items():
        assert (one - pictures[:1]).abs().mean().item() == pytest.approx(4 / 255, rel=1e-3), name


def test_the_gradient_is_lost_in_scikit_image(lesson):
    rgb, L, ab = lesson["load"]("astronaut", 48)
    ab = (0.5 * ab).requires_grad_()
    same = lesson["by_skimage"](L, ab, detached=True)
    assert (same - lesson["shown"](L, ab)).abs().max() < 2e-3
    assert not lesson["content"](same, rgb).requires_grad
    with pytest.raises(RuntimeError, match="requires grad"):
        lesson["by_skimage"](L, ab, detached=False)
    (gradient,) = torch.autograd.grad(lesson["content"](lesson["shown"](L, ab), rgb), ab)
    assert (gradient != 0).float().mean() > 0.9


def test_pixels_are_pushed_nearer_to_the_maps(lesson):
    rgb, L, ab = lesson["load"]("coffee", 48)
    found = lesson["push"](L, lambda x: lesson["content"](x, rgb, "stem"))
    costs = [lesson["content"](lesson["shown"](L, one), rgb, "stem") for one in (0 * ab, found)]
    assert costs[1] < 0.5 * costs[0]


def test_the_parts_of_a_color_add_up(lesson):
    ab = torch.randn(2, 2, 32, 32)
    coarse, fine = lesson["parts_of"](ab)
    assert torch.allclose(coarse + fine, ab, atol=1e-6)
    assert functional.avg_pool2d(fine, 8).abs().max() < 1e-5


def test_the_finished_answers_serve_the_lesson(lesson):
    _, _, ab = lesson["load"]("astronaut", 48)
    wrong = ab.clone()
    wrong[..., 10:20, 10:20] = -40.0
    pale = check.paler(ab, wrong)
    assert (pale - ab).abs().mean() == pytest.approx((wrong - ab).abs().mean().item(), rel=1e-3)
    assert lesson["see"](check.opponents(torch.rand(2, 3, 32, 32)), "group 1").shape == (4, 64, 8, 8)


def test_drawings_take_what_the_lesson_gives():
    photo = torch.rand(1, 3, 32, 32)
    levels = {"stem": torch.rand(3, 8, 16, 16), "group 1": torch.rand(3, 8, 8, 8)}
    titles = [axis.get_title() for axis in drawn.seen(photo, levels).axes]
    assert "its blue" in titles and sum(title.startswith("stem, map") for title in titles) == 2
    assert drawn.loss_path().axes
    chart = drawn.sensitivity({"paler": photo, "blurred": photo}, {"net": {"paler": 0.1, "blurred": 1.0}}, "blurred")
    assert len(chart.axes) == 3
    assert len(drawn.pull_by_place({"stem": torch.ones(8, 8), "group 1": torch.ones(8, 8)}).axes) == 3
