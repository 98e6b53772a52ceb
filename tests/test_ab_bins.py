"""Color as classes: the grid of bins, the soft code, the annealed mean, and a generator that learns by them."""

import dataclasses

import pytest
import torch

from colorlib import ab_bins
from colorlib.color import rgb_to_lab
from colorlib.color_spaces import LAB, LAB_UNIT
from colorlib.colorizer import Colorizer
from colorlib.heads import BinsHead
from colorlib.models import build_generator
from colorlib.recipes import get
from colorlib.stages import fit

CLASSIFIER = {"head": "bins", "stem_stride": 2, "upsampling": "resize", "loss": {"cross_entropy": 1.0}}


@pytest.fixture(scope="module")
def gamut():
    """Colors all over sRGB, its corners and edges among them: ab `(1, 2, 1, N)`."""
    levels = torch.linspace(0, 1, 17)
    return rgb_to_lab(torch.cartesian_prod(levels, levels, levels).T.reshape(1, 3, 1, -1))[:, 1:]


def spread(bins, parts):
    """The soft code as a distribution over all bins: `(B, Q, H, W)`."""
    batch, _, height, width = bins.shape
    return torch.zeros(batch, ab_bins.count(), height, width).scatter_add_(1, bins, parts)


def test_bins_are_the_corners_of_all_cells_of_the_gamut(gamut):
    ab, number, prior = ab_bins.table()
    assert ab.shape == (307, 2) and len(set(map(tuple, ab.tolist()))) == 307
    bins = set(map(tuple, ab.tolist()))
    for a, b in (gamut[0, :, 0] / ab_bins.STEP).floor().T.unique(dim=0).tolist():
        corners = {((a + i) * ab_bins.STEP, (b + j) * ab_bins.STEP) for i in (0, 1) for j in (0, 1)}
        assert corners <= bins
    assert prior.sum().item() == pytest.approx(1) and prior.min() >= 0
    assert prior.argmax() == bins_at(0, 0) and prior.max() > 0.1  # most pixels are nearly gray


def bins_at(a, b):
    ab, _, _ = ab_bins.table()
    return ((ab - torch.tensor([a, b])).abs().sum(dim=1) == 0).nonzero().item()


def test_the_mean_of_the_soft_code_is_the_color(gamut):
    bins, parts = ab_bins.encode(gamut)
    ab, _, _ = ab_bins.table()
    assert torch.allclose(parts.sum(dim=1), torch.ones(1, 1, gamut.shape[-1])) and parts.min() >= 0
    mean = (ab[bins] * parts[..., None]).sum(dim=1).movedim(-1, 1)
    assert torch.allclose(mean, gamut, atol=1e-4)


def test_a_color_between_two_bins_is_half_of_each():
    bins, parts = ab_bins.encode(torch.tensor([10.0, -25.0]).view(1, 2, 1, 1))
    code = spread(bins, parts)[0, :, 0, 0]
    assert code[bins_at(10, -20)].item() == pytest.approx(0.5) and code[bins_at(10, -30)].item() == pytest.approx(0.5)


def test_the_annealed_mean_goes_from_the_mean_to_the_likeliest():
    logits = torch.full((1, ab_bins.count(), 1, 1), -40.0)
    logits[0, bins_at(40, 0)], logits[0, bins_at(-40, 0)] = 1.0, 0.0
    p = torch.tensor(1.0).sigmoid().item()
    for temperature, expected in ((1.0, 40 * (2 * p - 1)), (0.01, 40.0)):
        a, b = ab_bins.annealed_mean(logits, temperature)[0, :, 0, 0].tolist()
        assert a == pytest.approx(expected, abs=0.01) and b == pytest.approx(0, abs=0.01)
    logits.requires_grad_()
    ab_bins.annealed_mean(logits, 0.38).sum().backward()
    assert logits.grad.isfinite().all() and logits.grad.abs().max() > 0


def test_rare_colors_count_more_and_the_mean_over_photographs_is_one():
    _, _, prior = ab_bins.table()
    for rebalance in (0.0, 0.5, 1.0):
        weights = ab_bins.class_weights(rebalance)
        assert (weights * prior).sum().item() == pytest.approx(1, rel=1e-4)
        assert (weights[prior.argmin()] > weights[prior.argmax()]) == (rebalance > 0)
    equal = ab_bins.class_weights(0.5, uniform=0.5)
    mixed = prior / 2 + 0.5 / len(prior)
    ratio = (mixed[0] / mixed[150]) ** -0.5
    assert (equal[0] / equal[150]).item() == pytest.approx(ratio.item(), rel=1e-4)


@pytest.mark.parametrize("space", [LAB, LAB_UNIT])
def test_a_sure_answer_is_the_color_in_the_units_of_the_space(space):
    head = BinsHead(space)
    output = torch.full((1, ab_bins.count(), 4, 4), -40.0)
    output[:, bins_at(30, -20)] = 40.0
    gray = torch.zeros(1, 1, 8, 8)
    ab = space.ab(gray, head.color(output, gray))
    assert ab.shape == (1, 2, 8, 8) and torch.allclose(ab[0, :, 3, 3], torch.tensor([30.0, -20.0]), atol=1e-3)


def test_a_classifier_learns_is_saved_and_colorizes(photo_set, tmp_path):
    """It learns: its cross entropy falls below that of the best answer that doesn't look, the prior."""
    (config,) = get("unet-l1", "smoke")
    place = {"checkpoints_path": str(tmp_path / "run"), "device": "cpu", "precision": "fp32"}
    settings = {"limit_images": 512, "valid_images": 32, "epochs": 4, "lr": 5e-3, "widths": (16, 32, 32)}
    run = fit(config.replace(**CLASSIFIER, **settings, **place), photo_set, progress=False)
    first, *_, last = [row["loss_G_cross_entropy"] for row in run.history]
    assert last < 0.8 * first
    opened = Colorizer.load(run.folder / "last", precision="fp32")
    assert opened.model.head == "bins" and opened.head.temperature == opened.model.temperature
    rgb = photo_set.batch(range(4)) / 255
    ab = opened.predict_ab(rgb)
    assert ab.shape == (4, 2, 32, 32) and ab.abs().amax() > 5
    sharper = Colorizer(opened.generator, dataclasses.replace(opened.model, temperature=0.01), "fp32").predict_ab(rgb)
    assert not torch.allclose(sharper, ab, atol=1)


def test_a_discriminator_judges_a_classifiers_color(photo_set, tmp_path):
    """The adversarial term reaches the logits through the annealed mean."""
    (config,) = get("controlled", "smoke")
    loss = {"cross_entropy": 1.0, "adversarial": 1.0, "saturation": {"weight": 1.0, "target": 0.5}}
    place = {"checkpoints_path": str(tmp_path / "run"), "device": "cpu", "precision": "fp32"}
    settings = CLASSIFIER | {"loss": loss, "limit_images": 64, "valid_images": 8, "epochs": 1}
    run = fit(config.replace(**settings, **place), photo_set, progress=False)
    assert {"loss_G_GAN", "loss_G_cross_entropy", "loss_G_saturation"} <= set(run.history[0])


def test_a_classifiers_output_has_half_the_pictures_size():
    (config,) = get("unet-l1", "smoke")
    model = config.replace(**CLASSIFIER).model
    assert build_generator(model)(torch.zeros(2, 1, 32, 32)).shape == (2, 307, 16, 16)
