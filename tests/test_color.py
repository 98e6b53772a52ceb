"""Color math against scikit-image, and its gradients against finite differences."""

import itertools

import numpy as np
import pytest
import torch
from skimage import color as authority

from colorlib import photos
from colorlib.color import (
    join_lightness,
    lab_to_linear_rgb,
    lab_to_rgb,
    lightness_of,
    linear_to_srgb,
    reduce_chroma,
    rgb_to_hsv,
    rgb_to_lab,
    rgb_to_yuv,
    srgb_to_linear,
    yuv_to_rgb,
)
from colorlib.color.spaces import COLOR_SPACES

PAIRS = [(rgb_to_lab, authority.rgb2lab), (rgb_to_yuv, authority.rgb2yuv), (rgb_to_hsv, authority.rgb2hsv)]
BLACK, WHITE, GRAY, RED = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), (0.5, 0.5, 0.5), (1.0, 0.0, 0.0)


def cube(steps=33) -> np.ndarray:
    """A sweep of the RGB cube, corners included, as one picture (1, steps^3, 3)."""
    return np.stack(np.meshgrid(*[np.linspace(0, 1, steps)] * 3, indexing="ij"), -1).reshape(1, -1, 3)


def as_batch(picture, dtype=torch.float32):
    return torch.tensor(picture, dtype=dtype).permute(2, 0, 1)[None]


def as_picture(batch):
    return batch[0].permute(1, 2, 0).numpy()


def pixel(*values, dtype=torch.float64):
    return torch.tensor(values, dtype=dtype).view(1, 3, 1, 1)


@pytest.mark.parametrize("ours, theirs", PAIRS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_agrees_with_scikit_image(ours, theirs, dtype):
    pictures = [cube()] + [np.asarray(photos.read_rgb(path)) / 255 for path in photos.bundled_photos()]
    for picture in pictures:
        np.testing.assert_allclose(as_picture(ours(as_batch(picture, dtype))), theirs(picture), atol=1e-3)


@pytest.mark.parametrize("back, beyond", [(lab_to_rgb, (50.0, 120.0, 0.0)), (yuv_to_rgb, (0.5, 1.0, 0.5))])
def test_colors_outside_the_gamut_are_clipped_unless_asked_otherwise(back, beyond):
    color = torch.tensor(beyond).view(1, 3, 1, 1)
    assert back(color).min() >= 0 and back(color).max() <= 1
    assert back(color, clip=False).max() > 1


@pytest.mark.parametrize("there, back", [(rgb_to_lab, lab_to_rgb), (rgb_to_yuv, yuv_to_rgb)])
def test_round_trip(there, back):
    rgb = as_batch(cube())
    assert (back(there(rgb)) - rgb).abs().max() < 1e-5


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_comes_back_as_it_went_in(dtype):
    rgb = as_batch(cube(5), dtype)
    assert rgb_to_lab(rgb).dtype == dtype
    exact = rgb_to_lab(rgb.float())
    assert torch.equal(rgb_to_lab(rgb), exact.to(dtype))


def test_autocast_does_not_lower_the_precision():
    rgb = as_batch(cube(9))
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(lab_to_rgb(rgb_to_lab(rgb)), lab_to_rgb(rgb_to_lab(rgb)).float())
        inside = rgb_to_lab(rgb)
    assert torch.equal(inside, rgb_to_lab(rgb))


@pytest.mark.parametrize("function", [rgb_to_lab, rgb_to_yuv], ids=lambda f: f.__name__)
def test_gradcheck_from_rgb(function):
    for values in [(0.2, 0.5, 0.7), (0.01, 0.02, 0.01), BLACK, WHITE, GRAY, RED]:
        assert torch.autograd.gradcheck(function, pixel(*values).requires_grad_())


def test_gradcheck_hsv():
    inside = [(0.2, 0.5, 0.7), (0.9, 0.5, 0.1), (0.3, 0.9, 0.1)]
    outside = [(0.6, -0.2, 0.1), (-0.3, 0.01, -0.1), (1.4, 0.2, 0.5), (0.1, -0.4, 1.3)]
    for values in inside + outside:
        assert torch.autograd.gradcheck(rgb_to_hsv, pixel(*values).requires_grad_())


def test_gradcheck_to_rgb():
    inside, black, white, outside = (50.0, 20.0, -30.0), (0.0, 0.0, 0.0), (100.0, 0.0, 0.0), (30.0, 120.0, -110.0)
    knee = (8.0, 0.0, 0.0)  # where Lab's curve becomes a line
    for values in (inside, black, white, outside, knee):
        assert torch.autograd.gradcheck(lambda lab: lab_to_rgb(lab, clip=False), pixel(*values).requires_grad_())
    assert torch.autograd.gradcheck(lab_to_rgb, pixel(*inside).requires_grad_())


def assert_finite(function, batch):
    """Values, and the gradient of each output channel by itself: in a sum, two infinite ones could be lost."""
    batch = batch.clone().requires_grad_()
    result = function(batch)
    assert torch.isfinite(result).all()
    for channel in range(result.shape[1]):
        (gradient,) = torch.autograd.grad(result[:, channel].sum(), batch, retain_graph=True)
        assert torch.isfinite(gradient).all()


FROM_RGB = [rgb_to_lab, lightness_of, rgb_to_yuv, rgb_to_hsv, srgb_to_linear, linear_to_srgb, yuv_to_rgb]


def special_pixels(levels):
    """Every pixel that has only these values in its channels."""
    return torch.tensor(list(itertools.product(levels, repeat=3))).T.reshape(1, 3, 1, -1)


@pytest.mark.parametrize("function", FROM_RGB, ids=lambda f: f.__name__)
def test_finite_far_outside_the_gamut_from_rgb(function):
    near_zero = (-1e-30, -1e-8, 0, 1e-40, 1e-30, 1e-8)  # 1e-40 is so small that 1 / 1e-40 is infinite
    assert_finite(function, special_pixels((-50, -1.5, -0.1, *near_zero, 0.0031308, 0.04045, 0.5, 1, 1.7, 50)))
    assert_finite(function, as_batch(cube(9)) * 3 - 1)


@pytest.mark.parametrize("function", [lab_to_rgb, lambda lab: lab_to_rgb(lab, clip=False), lab_to_linear_rgb])
def test_finite_far_outside_the_gamut_from_lab(function):
    assert_finite(function, special_pixels((-300, -110, -1e-8, 0, 8, 50, 100, 300)))


def test_hsv_of_special_pixels():
    hue, saturation, value = rgb_to_hsv(special_pixels((-1.5, -0.1, 0, 1e-40, 1e-3, 0.5, 1, 1.7))).unbind(dim=1)
    assert hue.min() >= 0 and hue.max() <= 1
    assert saturation.min() >= 0 and saturation.max() <= 2
    dark_red = rgb_to_hsv(pixel(0, -0.1, -0.1)).flatten()  # brightest in red, and yet as dark as black
    np.testing.assert_allclose(dark_red, [0, 2, 0])
    np.testing.assert_allclose(rgb_to_hsv(pixel(0, 2, 1)).flatten(), [(2 + 1 / 2) / 6, 1, 2])


@pytest.mark.parametrize("level", [-0.1, 0, 0.5, 1, 1.3])
def test_gray_has_no_hue_and_no_saturation_and_pulls_nowhere(level):
    batch = torch.full((1, 3, 1, 1), float(level), requires_grad=True)
    hue, saturation, value = rgb_to_hsv(batch).unbind(dim=1)
    assert hue.item() == saturation.item() == 0 and value.item() == pytest.approx(level)
    (gradient,) = torch.autograd.grad((hue + saturation).sum(), batch)
    assert torch.equal(gradient, torch.zeros_like(batch))


def test_saturation_outside_the_gamut_leads_back_into_it():
    batch = pixel(0.5, -0.2, 0.1).requires_grad_()
    saturation = rgb_to_hsv(batch)[:, 1].sum()
    (gradient,) = torch.autograd.grad(saturation, batch)
    assert saturation > 1 and gradient[0, 1] < -0.1  # less saturation: the negative channel has to rise
    edge = [rgb_to_hsv(pixel(0.5, low, 0.1))[0, 1].item() for low in (-1e-9, 0, 1e-9)]
    np.testing.assert_allclose(edge, 1, atol=1e-8)  # and there is no jump at the gamut's border


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_lightness_alone_is_that_of_lab(dtype):
    rgb = as_batch(cube(9), dtype)
    assert lightness_of(rgb).dtype == dtype
    assert torch.equal(lightness_of(rgb), rgb_to_lab(rgb)[:, :1])


@pytest.mark.parametrize("space", COLOR_SPACES.values(), ids=lambda s: s.name)
def test_color_spaces(space):
    rgb = as_batch(cube())
    gray, color = space.split(rgb)
    low = 0 if space.activation == "sigmoid" else -1
    assert gray.shape[1] == 1 and color.shape[1] == space.channels
    assert low - 1e-6 <= color.min() and color.max() <= 1 + 1e-6
    assert (space.join(gray, color) - rgb).abs().max() < 1e-5
    assert (space.ab(gray, color) - rgb_to_lab(rgb)[:, 1:]).abs().max() < 1e-3


@pytest.mark.parametrize("space", COLOR_SPACES.values(), ids=lambda s: s.name)
def test_unclipped_colors_keep_their_gradient_outside_the_gamut(space):
    """Each channel of RGB that lies outside [0, 1] leads back through both channels of color; clipped, it is lost."""
    low = 0 if space.activation == "sigmoid" else -1
    gray, *color = torch.rand(1, 1 + space.channels, 1, 500, generator=torch.Generator().manual_seed(0)).unbind(dim=1)
    gray, color = gray[None] * (1 - low) + low, torch.stack(color, dim=1) * (1 - low) + low
    for clip in (True, False):
        color.requires_grad_()
        rgb = space.join(gray, color, clip)
        raw = space.join(gray, color, clip=False)
        for channel in range(3):
            outside = ((raw[:, channel] < -0.01) | (raw[:, channel] > 1.01))[0, 0]
            (gradient,) = torch.autograd.grad(rgb[:, channel].sum(), color, retain_graph=True)
            moving = gradient[0, -2:, 0, outside].norm(dim=0)
            assert outside.sum() > 20
            assert torch.isfinite(gradient).all()
            assert (moving == 0).all() if clip else (moving > 1e-4).all()


def test_ranges_of_the_documents():
    white = torch.ones(1, 3, 1, 1)
    assert COLOR_SPACES["lab"].split(white)[0].item() == pytest.approx(1, abs=1e-5)  # L / 50 - 1
    assert COLOR_SPACES["lab_unit"].split(white)[0].item() == pytest.approx(1, abs=1e-5)  # L / 100
    black = torch.zeros(1, 3, 1, 1)
    assert COLOR_SPACES["lab"].split(black)[0].item() == pytest.approx(-1, abs=1e-5)
    assert COLOR_SPACES["lab_unit"].split(black)[0].item() == pytest.approx(0, abs=1e-5)
    red = pixel(*RED, dtype=torch.float32)
    a, b = rgb_to_lab(red)[0, 1:, 0, 0]
    np.testing.assert_allclose(COLOR_SPACES["lab"].split(red)[1].flatten(), [a / 110, b / 110], atol=1e-6)
    np.testing.assert_allclose(COLOR_SPACES["lab_unit"].split(red)[1].flatten(), [a / 128, b / 128], atol=1e-6)


def random_lab(count=2000):
    generator = torch.Generator().manual_seed(0)
    unit = torch.rand(1, 3, 1, count, generator=generator)
    return unit * torch.tensor([100.0, 240, 240]).view(1, 3, 1, 1) - torch.tensor([0.0, 120, 120]).view(1, 3, 1, 1)


def test_reduce_chroma_keeps_lightness_and_hue():
    lab = random_lab()
    shown = rgb_to_lab(lab_to_rgb(reduce_chroma(lab)))
    clipped = rgb_to_lab(lab_to_rgb(lab))
    assert (shown[:, 0] - lab[:, 0]).abs().max() < 0.1
    assert (clipped[:, 0] - lab[:, 0]).abs().max() > 10  # what clipping alone does
    chroma = shown[:, 1:].norm(dim=1)
    cosine = (shown[:, 1:] * lab[:, 1:]).sum(dim=1) / (chroma * lab[:, 1:].norm(dim=1))
    assert cosine[chroma > 5].min() > 0.999
    assert (chroma <= lab[:, 1:].norm(dim=1) + 0.1).all()


def test_reduce_chroma_leaves_colors_of_the_gamut_alone():
    lab = rgb_to_lab(as_batch(cube(9)))
    assert torch.equal(reduce_chroma(lab), lab)


def test_reduce_chroma_takes_away_no_more_than_it_must():
    lab = random_lab()
    reduced = reduce_chroma(lab)
    lowered = ((reduced - lab).norm(dim=1) > 0.1)[0, 0]
    farther = reduced + lab * torch.tensor([0, 1, 1]).view(1, 3, 1, 1) / 2**11  # it is exact to half of this
    beyond = (lab_to_linear_rgb(farther) - 0.5).abs().amax(dim=1)[0, 0, lowered]
    assert lowered.sum() > 500 and (beyond > 0.5).all()


def test_reduce_chroma_of_a_batch_is_that_of_each_picture():
    lab = random_lab(4 * 6 * 5).view(3, 4, 6, 5).transpose(0, 1)
    together = reduce_chroma(lab)
    assert together.shape == lab.shape
    for i in range(4):
        torch.testing.assert_close(together[i : i + 1], reduce_chroma(lab[i : i + 1]))
    assert reduce_chroma(lab.to(torch.bfloat16)).dtype == torch.bfloat16


def test_reduce_chroma_makes_gray_of_what_is_beyond_black_and_white():
    lab = special_pixels((-60.0, 0, 80)) + torch.tensor([140.0, 0, 0]).view(1, 3, 1, 1)  # L is 80, 140 or 220
    reduced = reduce_chroma(torch.cat([lab, -lab], dim=-1))
    impossible = (reduced[:, 0] < 0) | (reduced[:, 0] > 100.1)
    assert impossible.sum() > 20
    assert (reduced.movedim(1, -1)[impossible][:, 1:] == 0).all()


def test_join_lightness_is_exact():
    lab = random_lab()
    rgb = join_lightness(lab[:, :1], lab[:, 1:])
    assert (rgb_to_lab(rgb)[:, :1] - lab[:, :1]).abs().max() < 0.1


def test_hue_is_an_angle_with_red_at_zero():
    hues = rgb_to_hsv(torch.tensor([[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0.01]]).view(4, 3, 1, 1))[:, 0].flatten()
    np.testing.assert_allclose(hues, [0, 1 / 3, 2 / 3, 1 - 0.01 / 6], atol=1e-3)


@pytest.mark.parametrize(
    "bad, word", [(torch.zeros(3, 4, 4), "shape"), (torch.zeros(1, 3, 4, 4, dtype=torch.uint8), "uint8")]
)
def test_errors_name_what_they_got(bad, word):
    with pytest.raises(ValueError, match=word if word == "uint8" else r"\(3, 4, 4\)"):
        rgb_to_lab(bad)


@pytest.mark.parametrize("space", COLOR_SPACES.values(), ids=lambda s: s.name)
def test_a_and_b_of_a_color_outside_the_gamut_are_not_clipped(space):
    low = 0 if space.activation == "sigmoid" else -1
    gray, color = (
        torch.full((1, 1, 1, 1), 0.3),
        torch.tensor([0.9] * (space.channels - 1) + [low + 0.1]).view(1, -1, 1, 1),
    )
    rgb = space.join(gray, color, clip=False)
    assert rgb.min() < -0.05 or rgb.max() > 1.05
    np.testing.assert_allclose(space.ab(gray, color).flatten(), rgb_to_lab(rgb)[:, 1:].flatten(), atol=1e-2)
