"""Color as classes: the grid of bins, the soft code, the annealed mean, and a generator that learns by them."""

import dataclasses
import subprocess
import sys

import pytest
import torch
from PIL import Image

from colorlib.color import bins as ab_bins
from colorlib.color import rgb_to_lab
from colorlib.color.spaces import LAB, LAB_UNIT
from colorlib.colorizer import Colorizer
from colorlib.engine import Engine
from colorlib.models import build_generator
from colorlib.models.heads import BinsHead
from colorlib.recipes import get
from colorlib.systems.gan import GAN
from colorlib.systems.supervised import Supervised
from colorlib.training.stages import fit

CLASSIFIER = {"head": "bins", "stem_stride": 2, "upsampling": "resize", "loss": {"cross_entropy": 1.0}}


@pytest.fixture(scope="module")
def gamut():
    """Colors all over sRGB, its corners and edges among them: ab `(1, 2, 1, N)`."""
    levels = torch.linspace(0, 1, 17)
    return rgb_to_lab(torch.cartesian_prod(levels, levels, levels).T.reshape(1, 3, 1, -1))[:, 1:]


def spread(bins, amounts):
    """The soft code as a distribution over all bins: `(B, Q, H, W)`."""
    batch, _, height, width = bins.shape
    return torch.zeros(batch, ab_bins.bin_count(), height, width).scatter_add_(1, bins, amounts)


def test_bins_are_the_corners_of_all_cells_of_the_gamut(gamut):
    ab, number, prior = ab_bins.bins()
    assert ab.shape == (307, 2) and len(set(map(tuple, ab.tolist()))) == 307
    bins = set(map(tuple, ab.tolist()))
    for a, b in (gamut[0, :, 0] / ab_bins.STEP).floor().T.unique(dim=0).tolist():
        corners = {((a + i) * ab_bins.STEP, (b + j) * ab_bins.STEP) for i in (0, 1) for j in (0, 1)}
        assert corners <= bins
    assert prior.sum().item() == pytest.approx(1) and prior.min() >= 0
    assert prior.argmax() == bins_at(0, 0) and prior.max() > 0.1  # most pixels are nearly gray


def bins_at(a, b):
    ab, _, _ = ab_bins.bins()
    return ((ab - torch.tensor([a, b])).abs().sum(dim=1) == 0).nonzero().item()


def test_the_mean_of_the_soft_code_is_the_color(gamut):
    bins, amounts = ab_bins.encode(gamut)
    ab, _, _ = ab_bins.bins()
    assert torch.allclose(amounts.sum(dim=1), torch.ones(1, 1, gamut.shape[-1])) and amounts.min() >= 0
    mean = (ab[bins] * amounts[..., None]).sum(dim=1).movedim(-1, 1)
    assert torch.allclose(mean, gamut, atol=1e-4)


def test_a_mean_of_colors_beyond_the_bins_goes_to_the_nearest_ones():
    ab, _, _ = ab_bins.bins()
    for color in ([-105.0, -105.0], [104.0, 104.0], [0.0, 109.0]):
        bins, amounts = ab_bins.encode(torch.tensor(color).view(1, 2, 1, 1))
        nearest = (ab - torch.tensor(color)).norm(dim=1).min()
        heaviest = bins[0, amounts[0, :, 0, 0].argmax(), 0, 0]
        assert (ab[heaviest] - torch.tensor(color)).norm() <= nearest + 2 * ab_bins.STEP


def test_a_color_between_two_bins_is_half_of_each():
    bins, amounts = ab_bins.encode(torch.tensor([10.0, -25.0]).view(1, 2, 1, 1))
    code = spread(bins, amounts)[0, :, 0, 0]
    assert code[bins_at(10, -20)].item() == pytest.approx(0.5) and code[bins_at(10, -30)].item() == pytest.approx(0.5)


def test_the_annealed_mean_goes_from_the_mean_to_the_likeliest():
    logits = torch.full((1, ab_bins.bin_count(), 1, 1), -40.0)
    logits[0, bins_at(40, 0)], logits[0, bins_at(-40, 0)] = 1.0, 0.0
    p = torch.tensor(1.0).sigmoid().item()
    for temperature, expected in ((1.0, 40 * (2 * p - 1)), (0.01, 40.0)):
        a, b = ab_bins.annealed_mean(logits, temperature)[0, :, 0, 0].tolist()
        assert a == pytest.approx(expected, abs=0.01) and b == pytest.approx(0, abs=0.01)
    logits.requires_grad_()
    ab_bins.annealed_mean(logits, 0.38).sum().backward()
    assert logits.grad.isfinite().all() and logits.grad.abs().max() > 0


def test_rare_colors_count_more_and_the_mean_over_photographs_is_one():
    _, _, prior = ab_bins.bins()
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
    output = torch.full((1, ab_bins.bin_count(), 4, 4), -40.0)
    output[:, bins_at(30, -20)] = 40.0
    gray = torch.zeros(1, 1, 8, 8)
    ab = space.ab(gray, head.color(output, gray))
    assert ab.shape == (1, 2, 8, 8) and torch.allclose(ab[0, :, 3, 3], torch.tensor([30.0, -20.0]), atol=1e-3)


def best_blind_answer(photo_set, rebalance):
    """The cross entropy of the best answer that doesn't look at the picture: one distribution for all pixels."""
    ab = torch.nn.functional.avg_pool2d(rgb_to_lab(photo_set.batch(range(0, len(photo_set), 9)) / 255)[:, 1:], 2)
    bins, amounts = ab_bins.encode(ab)
    total = (spread(bins, amounts * ab_bins.class_weights(rebalance)[bins])).mean(dim=(0, 2, 3))
    return -(total * (total / total.sum()).clamp_min(1e-9).log()).sum().item()


def test_a_classifier_learns_is_saved_and_colorizes(photo_set, tmp_path):
    """It learns: its cross entropy falls below that of the best answer that doesn't look."""
    (config,) = get("unet-l1", "smoke")
    place = {"checkpoints_path": str(tmp_path / "run"), "device": "cpu", "precision": "fp32"}
    settings = {"limit_images": 512, "valid_images": 32, "epochs": 4, "lr": 5e-3, "widths": (16, 32, 32)}
    run = fit(config.replace(**CLASSIFIER, **settings, **place), photo_set, progress=False)
    assert run.history[-1]["loss_G_cross_entropy"] < best_blind_answer(photo_set, 0.5)
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


@pytest.mark.parametrize("loss", [{"saturation": {"weight": 1.0, "target": 0.9}}, {"adversarial": 1.0}])
def test_terms_of_color_reach_the_logits_through_the_annealed_mean(photo_set, loss):
    (config,) = get("controlled", "smoke")
    settings = CLASSIFIER | {"loss": loss, "device": "cpu", "precision": "fp32"}
    system = (GAN if "adversarial" in loss else Supervised)(config.replace(**settings), Engine("cpu", "fp32"))
    before = {name: weight.clone() for name, weight in system.generator.named_parameters()}
    system.step(photo_set.batch(range(4)) / 255)
    assert all(not torch.equal(before[name], weight) for name, weight in system.generator.named_parameters())


def test_in_a_process_of_its_own(photo_set, tmp_path):
    """Opened where nothing has looked at the bins before: on the device `meta`, then on the processor."""
    (config,) = get("unet-l1", "smoke")
    place = {"checkpoints_path": str(tmp_path / "run"), "device": "cpu", "precision": "fp32"}
    fit(config.replace(**CLASSIFIER, **place, limit_images=64, epochs=1), photo_set, progress=False)
    Image.new("RGB", (20, 30), (90, 120, 60)).save(tmp_path / "photo.png")
    words = ["colorize", str(tmp_path / "run"), str(tmp_path / "photo.png"), "--output", str(tmp_path / "out")]
    done = subprocess.run([sys.executable, "-m", "colorlib", *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    train = ["--head", "bins", "--stem-stride", "2", "--loss", "l1=100", "--max-steps", "1", "--limit-images", "32"]
    words = ["train", *train, "--widths", "4,8", "--checkpoints-path", str(tmp_path / "l1")]
    done = subprocess.run([sys.executable, "-m", "colorlib", *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_classifiers_output_has_half_the_pictures_size():
    (config,) = get("unet-l1", "smoke")
    model = config.replace(**CLASSIFIER).model
    assert build_generator(model)(torch.zeros(2, 1, 32, 32)).shape == (2, 307, 16, 16)
