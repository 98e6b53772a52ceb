"""Color math against scikit-image, and its gradients against finite differences."""

import numpy as np
import pytest
import torch
from skimage import color as authority

from colorlib import photos
from colorlib.color import (
    COLOR_SPACES,
    join_lightness,
    lab_to_rgb,
    reduce_chroma,
    rgb_to_hsv,
    rgb_to_lab,
    rgb_to_yuv,
    yuv_to_rgb,
)

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
    for values in [(0.2, 0.5, 0.7), (0.9, 0.5, 0.1), (0.3, 0.9, 0.1)]:
        assert torch.autograd.gradcheck(rgb_to_hsv, pixel(*values).requires_grad_())


def test_gradcheck_to_rgb():
    inside, black, white, outside = (50.0, 20.0, -30.0), (0.0, 0.0, 0.0), (100.0, 0.0, 0.0), (30.0, 120.0, -110.0)
    for values in (inside, black, white, outside):
        assert torch.autograd.gradcheck(lambda lab: lab_to_rgb(lab, clip=False), pixel(*values).requires_grad_())
    assert torch.autograd.gradcheck(lab_to_rgb, pixel(*inside).requires_grad_())


@pytest.mark.parametrize("function", [rgb_to_lab, rgb_to_yuv, rgb_to_hsv, lab_to_rgb, yuv_to_rgb])
def test_gradients_are_finite_everywhere(function):
    scale = torch.tensor([100.0, 220.0, 220.0]) if function is lab_to_rgb else torch.ones(3)
    shift = torch.tensor([0.0, 110.0, 110.0]) if function is lab_to_rgb else torch.zeros(3)
    values = (as_batch(cube(9)) * 1.2 - 0.1) * scale.view(1, 3, 1, 1) - shift.view(1, 3, 1, 1)
    corners = torch.cat([pixel(*p, dtype=torch.float32) for p in (BLACK, WHITE, GRAY, RED)], dim=-1)
    for batch in (values, corners):
        batch = batch.clone().requires_grad_()
        function(batch).sum().backward()
        assert torch.isfinite(batch.grad).all()


@pytest.mark.parametrize("space", COLOR_SPACES.values(), ids=lambda s: s.name)
def test_color_spaces(space):
    rgb = as_batch(cube())
    gray, color = space.split(rgb)
    low = 0 if space.activation == "sigmoid" else -1
    assert gray.shape[1] == 1 and color.shape[1] == space.channels
    assert low - 1e-6 <= color.min() and color.max() <= 1 + 1e-6
    assert (space.join(gray, color) - rgb).abs().max() < 1e-5
    assert (space.ab(gray, color) - rgb_to_lab(rgb)[:, 1:]).abs().max() < 1e-3
    neutral = space.join(gray, space.neutral(gray))
    assert (neutral.amax(dim=1) - neutral.amin(dim=1)).max() < 1e-3


def test_ranges_of_the_sources():
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
