"""The objective: terms by name, their formulas and options, what each is asked for; the controls."""

import dataclasses
import math

import pytest
import torch
from torch.nn import functional

from colorlib import losses
from colorlib.color import bins as ab_bins
from colorlib.color import rgb_to_lab
from colorlib.color.spaces import COLOR_SPACES, LAB, YUV
from colorlib.controls import CONTROLS
from colorlib.errors import ConfigError
from colorlib.losses import Prediction
from colorlib.losses import objective as objectives
from colorlib.losses.objective import objective
from colorlib.metrics import colorfulness
from colorlib.models.heads import BinsHead, ColorHead


def prediction(predicted=None, true=None, gray=None, logits=None):
    torch.manual_seed(0)
    return Prediction(
        ColorHead(LAB),
        torch.zeros(2, 1, 4, 4) if gray is None else gray,
        torch.randn(2, 2, 4, 4) if true is None else true,
        torch.randn(2, 2, 4, 4) if predicted is None else predicted,
        logits=logits,
    )


def flat_picture(red, green, blue):
    """A prediction whose RGB is one color."""
    rgb = torch.tensor([red, green, blue]).view(1, 3, 1, 1).expand(2, 3, 4, 4)
    gray, color = LAB.split(rgb)
    return prediction(color, color, gray)


def value(loss, given):
    (term,) = objective(loss)
    return term(given).item()


def test_l1_and_l2_are_torchs():
    one = prediction()
    assert value({"l1": 3}, one) == pytest.approx(3 * functional.l1_loss(one.predicted, one.true).item())
    assert value({"l2": 0.5}, one) == pytest.approx(0.5 * functional.mse_loss(one.predicted, one.true).item())


def test_names_are_the_columns():
    asked = {"l1": 10, "l2": 3, "adversarial": 1, "saturation": {"weight": 2, "target": 0.5}}
    terms = objective(asked)
    assert [(term.column, term.weight) for term in terms] == [("L1", 10), ("L2", 3), ("GAN", 1), ("saturation", 2)]


def test_one_line_is_all_it_takes_to_add_a_term(monkeypatch):
    def blueness(channel: float = 1.0):
        return lambda prediction: prediction.predicted[:, int(channel)].mean()

    monkeypatch.setitem(objectives.TERMS, "blueness", objectives.TermKind("blue", blueness))
    one = prediction()
    assert value({"blueness": 2}, one) == pytest.approx(2 * one.predicted[:, 1].mean().item())
    assert value({"blueness": {"weight": 2, "channel": 0}}, one) == pytest.approx(2 * one.predicted[:, 0].mean().item())
    assert objective({"blueness": 2})[0].column == "blue"


def test_no_two_terms_share_a_column():
    columns = [kind.column for kind in objectives.TERMS.values()]
    assert len(set(columns)) == len(columns)


def test_cross_entropy_is_torchs_between_soft_codes():
    """At the output's size, and with each pixel weighted by its bins."""
    torch.manual_seed(0)
    gray, true = LAB.split(torch.rand(2, 3, 8, 8))
    output = torch.randn(2, ab_bins.bin_count(), 4, 4)
    given = Prediction(BinsHead(LAB), gray, true, output)
    small = functional.avg_pool2d(LAB.ab(gray, true), 2)
    bins, amounts = ab_bins.encode(small)
    soft = torch.zeros_like(output).scatter_add_(1, bins, amounts)
    assert value({"cross_entropy": {"weight": 2, "rebalance": 0}}, given) == pytest.approx(
        2 * functional.cross_entropy(output, soft).item(), rel=1e-5
    )
    weighted = functional.cross_entropy(output, soft * ab_bins.class_weights(0.5)[:, None, None])
    assert value({"cross_entropy": 1}, given) == pytest.approx(weighted.item(), rel=1e-5)


@pytest.mark.parametrize(
    "loss, words",
    [
        ({"l7": 1}, "no term 'l7'; there are adversarial"),
        ({"l1": 0}, "l1: the weight is 0; it must be above 0"),
        ({"l1": -1}, "the weight is -1"),
        ({"l1": math.nan}, "the weight is nan"),
        ({"l1": "much"}, "the weight is 'much'"),
        ({"l1": {"weight": 1, "size": 2}}, "l1: no option 'size'; it takes none"),
        ({"adversarial": {"kind": "wgan"}}, "kind is 'wgan'; it takes one of bce, lsgan, hinge"),
        ({"adversarial": {"real_label": 0.2}}, "real_label is 0.2"),
        ({"adversarial": {"real_label": 0.9, "kind": "lsgan"}}, "real_label has no effect with kind=lsgan"),
        ({"saturation": 20}, "saturation needs its option target, as saturation=20,target="),
        ({"hue": {"weight": 1, "target": 1.5}}, r"target of hue is 1.5; it must lie in \[0, 1\]"),
        ({"red": {"weight": 1, "target": "dark"}}, "target of red is 'dark'"),
        ({"cross_entropy": {"rebalance": 2}}, r"rebalance is 2; it must lie in \[0, 1\]"),
    ],
)
def test_what_can_not_be_is_named(loss, words):
    with pytest.raises(ConfigError, match=words):
        objective(loss)


@pytest.mark.parametrize("space", COLOR_SPACES.values(), ids=list(COLOR_SPACES))
def test_the_true_picture_is_at_hand(space):
    rgb = torch.rand(2, 3, 4, 4)
    gray, color = space.split(rgb)
    torch.testing.assert_close(Prediction(ColorHead(space), gray, color, 0 * color).true_rgb, rgb, atol=2e-3, rtol=0)


@pytest.mark.parametrize("space", COLOR_SPACES.values(), ids=list(COLOR_SPACES))
def test_a_color_outside_the_gamut_keeps_its_gradient(space):
    """Clipped, its gradient would be 0 and no term of the picture could bring it back."""
    gray, color = space.split(torch.tensor([0.9, 0.1, 0.1]).view(1, 3, 1, 1).expand(1, 3, 2, 2))
    _, neutral = space.split(torch.full((1, 3, 2, 2), 0.5))
    predicted = color.clone()
    predicted[:, -2:] = (neutral + 3 * (color - neutral))[:, -2:]
    predicted.requires_grad_()
    rgb = Prediction(ColorHead(space), gray, color, predicted).rgb
    assert rgb.max() > 1.05
    rgb.amax(dim=1).sum().backward()
    assert predicted.grad.isfinite().all() and (predicted.grad[:, -2:].abs().amax(dim=1) > 0).all()


def test_the_gamut_term_is_the_mean_excess():
    assert value({"gamut": 1}, flat_picture(0.2, 0.5, 0.7)) == pytest.approx(0, abs=1e-5)
    yuv = torch.tensor([0.5, 1.0, 0.5]).view(1, 3, 1, 1)
    outside = Prediction(ColorHead(YUV), yuv[:, :1], yuv[:, 1:], yuv[:, 1:])
    excess = (outside.rgb - 1).clamp_min(0) + (-outside.rgb).clamp_min(0)
    assert value({"gamut": 1}, outside) == pytest.approx(excess.mean().item()) and excess.mean() > 0.05


# ------------------------------------------------------------ controls


@pytest.mark.parametrize(
    "name, obtained", [("saturation", 0.75), ("hue", 1 / 12), ("red", 0.8), ("green", 0.5), ("blue", 0.2)]
)
def test_controls_measure_a_flat_color(name, obtained):
    orange = torch.tensor([0.8, 0.5, 0.2]).view(1, 3, 1, 1).expand(3, 3, 4, 4)
    assert torch.allclose(CONTROLS[name].measure(orange), torch.tensor(obtained), atol=1e-5)
    target = 0.4
    distance = min(abs(obtained - target), 1 - abs(obtained - target)) if name == "hue" else abs(obtained - target)
    term = {name: {"weight": 20, "target": target}}
    assert value(term, flat_picture(0.8, 0.5, 0.2)) == pytest.approx(20 * distance, abs=2e-3)


def test_further_controls_measure_what_they_are_called():
    half = torch.full((1, 3, 2, 2), 0.5)
    half[:, :, 0] = torch.tensor([0.8, 0.5, 0.2]).view(3, 1)  # two orange pixels above two gray ones
    lab = rgb_to_lab(half)
    chroma = lab[0, 1:, 0, 0].norm().item()
    expected = {
        "colorfulness": colorfulness(half).item(),
        "warmth": lab[0, 2, 0, 0].item() / 2,
        "redness": lab[0, 1, 0, 0].item() / 2,
        "contrast": chroma / 2,  # the standard deviation of two equal halves
        "gray": 0.5,
        "line_hue": 1 / 24,  # of 30 degrees, and of gray, which counts as red
    }
    for name, value_ in expected.items():
        assert CONTROLS[name].measure(half).item() == pytest.approx(value_, abs=0.01)
    reds = torch.tensor([[1.0, 0.06, 0.0], [1.0, 0.0, 0.06]]).T.reshape(1, 3, 1, 2)
    assert CONTROLS["line_hue"].measure(reds).item() == pytest.approx(0.5, abs=0.01)  # cyan, of two reds


def test_hue_is_an_angle():
    """Two reds on either side of 0 are red together, and a target of 0.95 is near to one of 0.05."""
    reds = torch.tensor([[1.0, 0.06, 0.0], [1.0, 0.0, 0.06]]).T.reshape(1, 3, 1, 2)
    mean = CONTROLS["hue"].measure(reds)
    assert min(mean.item(), 1 - mean.item()) < 1e-3
    assert CONTROLS["hue"].distance(torch.tensor(0.95), 0.05).item() == pytest.approx(0.1)
    degrees = dataclasses.replace(CONTROLS["hue"], high=360.0)
    assert degrees.distance(torch.tensor(350.0), 10.0).item() == pytest.approx(20)


def test_a_gray_picture_that_came_through_lab_has_no_hue():
    """Lab and back leaves 1e-7 of color, whose angle means nothing and whose gradient would be a thousandfold."""
    gray, color = LAB.split(torch.full((1, 3, 4, 4), 0.3))
    color = (0 * color).requires_grad_()
    hue = CONTROLS["hue"].measure(Prediction(ColorHead(LAB), gray, color, color).rgb)
    hue.sum().backward()
    assert hue.item() == 0 and color.grad.abs().max() == 0


@pytest.mark.parametrize("name", CONTROLS)
@pytest.mark.parametrize("color", [(0.5, 0.5, 0.5), (0, 0, 0), (1, 1, 1), (-0.1, 0.4, 1.3), (0, -0.1, -0.1)])
def test_controls_have_finite_gradients(name, color):
    rgb = torch.tensor(color, dtype=torch.float32).view(1, 3, 1, 1).repeat(1, 1, 2, 2).requires_grad_()
    control = CONTROLS[name]
    control.distance(control.measure(rgb), 0.3).sum().backward()
    assert rgb.grad.isfinite().all()


# ------------------------------------------------------------ adversarial losses


def test_binary_cross_entropy_is_torchs():
    logits = torch.randn(8, 4)
    ones, zeros = torch.ones_like(logits), torch.zeros_like(logits)
    bce = functional.binary_cross_entropy_with_logits
    assert torch.allclose(losses.discriminator_loss(logits, True), bce(logits, ones))
    assert torch.allclose(losses.discriminator_loss(logits, False), bce(logits, zeros))
    assert torch.allclose(losses.discriminator_loss(logits, True, real_label=0.9), bce(logits, 0.9 * ones))
    assert torch.allclose(losses.discriminator_loss(logits, False, real_label=0.9), bce(logits, zeros))  # one-sided
    assert torch.allclose(losses.fooling_loss(logits), bce(logits, ones))


def test_lsgan_and_hinge_are_the_formulas():
    logits = torch.tensor([-2.0, 0.5, 3.0])
    assert losses.discriminator_loss(logits, True, "lsgan") == pytest.approx((9 + 0.25 + 4) / 3)
    assert losses.discriminator_loss(logits, False, "lsgan") == pytest.approx((4 + 0.25 + 9) / 3)
    assert losses.fooling_loss(logits, "lsgan") == pytest.approx((9 + 0.25 + 4) / 3)
    assert losses.discriminator_loss(logits, True, "hinge") == pytest.approx((3 + 0.5 + 0) / 3)
    assert losses.discriminator_loss(logits, False, "hinge") == pytest.approx((0 + 1.5 + 4) / 3)
    assert losses.fooling_loss(logits, "hinge") == pytest.approx(-0.5)


def test_the_non_saturating_gradient_is_large_where_the_discriminator_is_sure():
    logits = torch.tensor([-8.0], requires_grad=True)
    losses.fooling_loss(logits).backward()
    assert logits.grad.abs() > 0.99
    logits.grad = None
    (-functional.softplus(logits)).sum().backward()  # log(1 - D), the saturating form
    assert logits.grad.abs() < 0.01


def test_the_term_adversarial_has_both_sides():
    logits = torch.randn(8, 1)
    smooth = losses.Adversarial(real_label=0.9)
    assert torch.equal(smooth.on_true(logits), losses.discriminator_loss(logits, True, real_label=0.9))
    assert torch.equal(smooth.on_generated(logits), losses.discriminator_loss(logits, False))
    assert value({"adversarial": 2}, prediction(logits=logits)) == pytest.approx(2 * losses.fooling_loss(logits).item())
    hinge = {"adversarial": {"kind": "hinge"}}
    assert value(hinge, prediction(logits=logits)) == pytest.approx(-logits.mean().item())


def test_a_gray_pixel_is_shown_as_it_is_with_a_gradient():
    """No chroma at all is what a generator may well begin with; a fraction of nothing would make nan of it."""
    ab = torch.zeros(1, 2, 4, 4)
    ab[:, 0, 0] = 200.0  # a row that the gamut hasn't
    ab.requires_grad_(True)
    given = prediction(ab, torch.zeros(1, 2, 4, 4), torch.zeros(1, 1, 4, 4))
    assert given.shown[0, :, 1:].std(dim=0).max() < 1e-3 and given.shown.isfinite().all()
    given.shown[:, 0].sum().backward()
    assert ab.grad.isfinite().all() and (ab.grad[:, 0] != 0).all()


def test_asked_is_the_distance_of_what_is_not_free():
    """Four pictures, of which the second is free: the mean over all four, summed over the controls."""
    rgb = torch.tensor([0.8, 0.5, 0.2]).view(1, 3, 1, 1).expand(4, 3, 4, 4)
    gray, color = LAB.split(rgb)
    asked = {"red": torch.tensor([0.8, math.nan, 0.5, 0.6]), "hue": torch.tensor([math.nan] * 3 + [1 / 12 + 0.25])}
    given = dataclasses.replace(prediction(color, color, gray), asked=asked)
    assert value({"asked": 2}, given) == pytest.approx(2 * ((0.3 + 0.2) / 4 + 0.25 / 4), abs=1e-3)
    assert value({"asked": 2}, dataclasses.replace(given, asked={"red": torch.full((4,), math.nan)})) == 0
