"""What lesson 2 writes by hand agrees with colorlib, and both with torch and scikit-image; its diagrams are drawn."""

import ast
import json
import math

import exercise_cells
import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio
from torch import nn
from torch.nn import functional

from colorlib import color, data, fit, metrics, models, photos, plots, recipes
from colorlib.color.spaces import LAB
from colorlib.engine import Engine
from colorlib.models import unet
from colorlib.plots import guesses, learning, networks
from colorlib.systems import build_system

NOTEBOOK = "02_unet_baseline.ipynb"


@pytest.fixture(scope="module")
def lesson():
    """The functions and classes that the lesson defines, with the solution's `Up`."""
    known = {"torch": torch, "nn": nn, "F": functional, "np": np, "color": color, "plots": plots, "LAB": LAB}
    names = known | {"device": torch.device("cpu"), "umbrellas": umbrellas(), "math": math, "heart_steps": 3}
    for cell in json.loads((exercise_cells.NOTEBOOKS / NOTEBOOK).read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            if "setup" in cell["metadata"].get("tags", []):  # no Python alone: it calls pip
                continue
            body = ast.parse("".join(cell["source"])).body
            definitions = [node for node in body if isinstance(node, (ast.ClassDef, ast.FunctionDef))]
            exec(compile(ast.Module(definitions, []), NOTEBOOK, "exec"), names)
            if any(node.name == "Up" for node in definitions):
                names["Level"] = exercise_cells.solutions(NOTEBOOK)["Up"]
    return names


def umbrellas():
    return torch.tensor([[60.0, 40], [-50, 40], [10, -55], [40, -45], [-35, -5]])


@pytest.fixture(scope="module")
def rgb(photo_set):
    return photo_set.batch(data.evenly(np.arange(len(photo_set)), 16)).float() / 255


def test_the_lessons_unet_is_colorlibs(lesson, rgb):
    mine, theirs = lesson["UNet"](), unet.UNet((32, 64, 128, 256))
    theirs.initialize()
    mine.load_state_dict(theirs.state_dict())
    assert models.count_parameters(mine) == models.count_parameters(theirs)
    gray, _ = LAB.split(rgb)
    with torch.no_grad():
        assert torch.allclose(mine(gray), theirs(gray), atol=1e-5)
        assert torch.allclose(mine.eval()(gray), theirs.eval()(gray), atol=1e-5)


def test_the_lessons_network_begins_with_gray(lesson, rgb):
    gray, _ = LAB.split(rgb)
    assert lesson["UNet"]()(gray).abs().max() == 0


def test_without_skips_the_encoders_maps_are_zeros(lesson, rgb):
    net, (gray, _) = lesson["UNet"](lesson["NoSkip"]).eval(), LAB.split(rgb)
    assert all(level.norm.num_features == 2 * level.conv.out_channels for level in net.decoder)  # as many channels
    seen = {}
    net.decoder[2].norm.register_forward_pre_hook(lambda module, inputs: seen.update(x=inputs[0]))
    net(gray)
    assert seen["x"][:, 32:].abs().max() == 0 < seen["x"][:, :32].abs().max()


def test_turning_keeps_the_chroma_and_averages_to_gray(lesson):
    ab = torch.randn(8, 2, 4, 4)
    turned = lesson["turned"]
    assert torch.allclose(turned(ab, torch.rand(8) * 7).norm(dim=1), ab.norm(dim=1), atol=1e-5)
    assert torch.allclose(turned(ab, torch.full((8,), torch.pi / 2)), torch.stack([-ab[:, 1], ab[:, 0]], 1), atol=1e-5)
    around = [turned(ab, torch.full((8,), 2 * torch.pi * k / 12)) for k in range(12)]
    assert torch.stack(around).mean(dim=0).abs().max() < 1e-5


def test_one_hue_is_learned_and_any_hue_takes_it_away(lesson, rgb):
    """The lesson's experiment, small: few steps are enough to see the sides part."""
    lesson["few_gray"], lesson["few_ab"] = LAB.split(rgb[:8])
    lesson["heart_steps"] = 40
    torch.manual_seed(1)
    own = lesson["any_hue"]()
    net, chroma, last = None, {}, {}
    for name, angles in {"own": lambda: own, "then any": lesson["any_hue"]}.items():
        before = net
        net, costs = lesson["learn"](angles, lesson["l1"], net)
        chroma[name], last[name] = lesson["answer"](net, lesson["few_gray"]).norm(dim=1).mean(), costs[-1]
    assert net is before and len(costs) == 40 and last["own"] < 0.6 * last["then any"]
    assert chroma["then any"] < 0.5 * chroma["own"]


def test_a_wrong_hue_costs_more_than_none(lesson, rgb):
    gray, ab = LAB.split(rgb)
    turned = LAB.join(gray, lesson["turned"](ab, torch.full((len(ab),), torch.pi)))
    assert lesson["mae"](turned, rgb) > lesson["mae"](metrics.gray_row(rgb), rgb)


def test_the_lessons_step_is_colorlibs(lesson, rgb):
    (recipe,) = recipes.get("unet-l1", "smoke")
    recipe = recipe.replace(widths=(32, 64, 128, 256), loss={"l1": 1.0}, lr=1e-3)
    library = build_system(recipe, Engine(device="cpu", precision="fp32"))
    mine = lesson["UNet"]()
    mine.load_state_dict(library.generator.state_dict())
    adam = torch.optim.Adam(mine.parameters(), lr=recipe.lr, betas=(recipe.beta1, recipe.beta2))
    cost = lesson["step"](mine, adam, *LAB.split(rgb), lesson["l1"])
    assert cost == pytest.approx(library.step(rgb)["loss_G"].item(), abs=1e-5)
    for before, after in zip(mine.parameters(), library.generator.parameters(), strict=True):
        assert (before - after).abs().mean() < 1e-5


def test_the_lessons_losses_are_torchs(lesson):
    one, other = torch.randn(2, 3, 2, 8, 8)
    assert torch.allclose(lesson["l1"](one, other), functional.l1_loss(one, other))
    assert torch.allclose(lesson["l2"](one, other), functional.mse_loss(one, other))


def test_descent_finds_the_mean_and_the_median(lesson):
    assert torch.allclose(lesson["best_guess"](lesson["l2"]), umbrellas().mean(dim=0), atol=1)
    assert torch.allclose(lesson["best_guess"](lesson["l1"]), umbrellas().median(dim=0).values, atol=1)


def test_the_umbrellas_best_guesses_are_nearly_gray():
    chroma = umbrellas().norm(dim=1).min()
    for best in (umbrellas().mean(dim=0), umbrellas().median(dim=0).values):
        assert best.norm() < 12 < chroma / 2  # the umbrellas' own chroma is 35 or more


def test_the_lessons_numbers_are_colorlibs_and_scikit_images(lesson, rgb):
    guess = (rgb + 0.1 * torch.randn(rgb.shape, generator=torch.Generator().manual_seed(0))).clamp(0, 1)
    measured = metrics.Metrics(cheap=True)
    measured.update(guess, rgb)
    row = measured.compute()
    assert lesson["mae"](guess, rgb) == pytest.approx(row["mae"], abs=1e-3)
    assert lesson["psnr"](guess, rgb).item() == pytest.approx(row["psnr_pooled"], abs=1e-3)
    assert lesson["colorfulness"](guess).item() == pytest.approx(row["colorfulness"], abs=1e-3)
    authority = peak_signal_noise_ratio(rgb.numpy(), guess.numpy(), data_range=1)
    assert lesson["psnr"](guess, rgb).item() == pytest.approx(authority, abs=1e-3)


def test_a_whole_photo_keeps_its_lightness(lesson):
    net = lesson["UNet"]()
    nn.init.normal_(net.to_color.weight, std=0.05)
    photo = photos.read_rgb(photos.bundled_photos()[1]).resize((150, 101))
    result = lesson["colorize"](photo, net)
    assert result.shape == (1, 3, 101, 150)
    true = torch.tensor(np.asarray(photo)).permute(2, 0, 1)[None] / 255
    assert (color.lightness_of(result) - color.lightness_of(true)).abs().max() < 1
    assert (result - true).abs().max() > 0.01


# ---------------------------------------------------------------- diagrams


def test_the_diagrams_are_opaque_figures_of_a_pages_width():
    photo = photos.read_rgb(photos.bundled_photos()[5]).resize((128, 85))
    figures = [
        networks.unet(),
        networks.unet((16, 32, 64)),
        networks.transposed(),
        networks.windows(photo, (24, 80)),
        learning.costs({"one": [3.0, 2.0, 1.0], "other": [2.0]}, gray=1.5),
        learning.monitor({1: 1.0, 2: 0.9}, {2: 11.0}, {"now": torch.rand(6, 3, 8, 8)}, 4, (1, 12.0)),
        guesses.swatches({"possible": umbrellas(), "best": umbrellas().mean(dim=0)}),
        guesses.cost_curves(umbrellas()[:, 0]),
    ]
    for figure in figures:
        assert figure.get_size_inches()[0] * 100 <= 1100
        assert plots.to_png(figure)[1:4] == b"PNG"


def test_smoothing_is_a_mean_of_neighbors():
    assert learning.smooth([4.0, 2.0, 0.0, 1.0], window=3).tolist() == [3.0, 2.0, 1.0, 0.5]
    assert learning.smooth([5.0], window=9).tolist() == [5.0]


def test_a_window_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="doesn't fit"):
        networks.windows(np.zeros((20, 20, 3), np.uint8), (3, 3), sides=(8,))


def test_swatches_are_painted_in_the_color_they_are_given():
    lab = color.rgb_to_lab(torch.tensor(guesses.paint([10.0, -5.0])).T[None, :, :, None])
    assert torch.allclose(lab.flatten(), torch.tensor([60.0, 10, -5]), atol=0.5)


def test_a_training_can_be_watched(photo_set, tmp_path):
    (recipe,) = recipes.get("unet-l1", "smoke")
    recipe = recipe.replace(limit_images=64, valid_images=16, epochs=2, checkpoints_path=str(tmp_path / "run"))
    seen = []
    fit(
        recipe, photo_set, progress=False, watch=lambda run: seen.append((len(run.history), list(run.learning_strip())))
    )
    assert seen == [(1, ["gray", "epoch 1", "true"]), (2, ["gray", "epoch 1", "epoch 2", "true"])]
