"""Metrics against scikit-image and at the edges of their definitions; the reference rows; several processes."""

import numpy as np
import pytest
import torch
from skimage import color
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from colorlib import metrics


@pytest.fixture(scope="module")
def photos_rgb(photo_set):
    return photo_set.batch(range(0, 400, 10)).float() / 255  # 40 pictures: more than SSIM takes at once


def row(rgb, true_rgb, **options):
    measured = metrics.Metrics(**options)
    for part in (slice(0, 10), slice(10, None)):  # in two batches of different size
        if len(rgb[part]):
            measured.update(rgb[part], true_rgb[part])
    return measured.compute()


def pictures(batch):
    return batch.permute(0, 2, 3, 1).double().numpy()


def plain(*lab):
    """One picture of one color, given in Lab, as an sRGB batch."""
    pixels = torch.tensor(lab, dtype=torch.float64).view(1, 3, 1, 1).expand(-1, -1, 16, 16)
    return metrics.lab_to_rgb(pixels)


# ---------------------------------------------------------------- definitions


def test_against_scikit_image(photos_rgb):
    rgb = metrics.oracle_mean_row(photos_rgb)
    ours, p, t = row(rgb, photos_rgb), pictures(rgb), pictures(photos_rgb)
    assert ours["mae"] == pytest.approx(np.abs(p - t).mean() * 255, rel=1e-4)
    assert ours["mae_percent"] == pytest.approx(np.abs(p - t).mean() * 100, rel=1e-4)
    assert ours["psnr_pooled"] == pytest.approx(peak_signal_noise_ratio(t, p, data_range=1), abs=1e-3)
    for eps in (2, 5):
        expected = (np.abs(p - t) < eps / 100).mean() * 100
        assert ours[f"eps_accuracy_{eps}"] == pytest.approx(expected, abs=1e-2)
    options = {"channel_axis": -1, "data_range": 1, "gaussian_weights": True, "sigma": 1.5}
    ssim = [structural_similarity(a, b, use_sample_covariance=False, **options) for a, b in zip(p, t, strict=True)]
    assert ours["ssim"] == pytest.approx(np.mean(ssim), abs=5e-3)  # the two treat the border differently
    delta_e = color.deltaE_ciede2000(color.rgb2lab(p), color.rgb2lab(t))
    assert ours["ciede2000_mean"] == pytest.approx(delta_e.mean(), abs=1e-3)
    assert ours["ciede2000_p95"] == pytest.approx(np.percentile(delta_e, 95), abs=0.02)


def test_mean_psnr_is_the_mean_over_pictures(photos_rgb):
    true_rgb = photos_rgb[:12].clamp(0.2, 0.8)
    noise = torch.linspace(0.01, 0.15, 12).view(-1, 1, 1, 1) * (2 * torch.rand_like(true_rgb) - 1)
    p, t = pictures(true_rgb + noise), pictures(true_rgb)
    each = [peak_signal_noise_ratio(a, b, data_range=1) for a, b in zip(t, p, strict=True)]
    ours = row(true_rgb + noise, true_rgb)
    assert ours["psnr"] == pytest.approx(np.mean(each), abs=1e-2)
    assert ours["psnr"] > ours["psnr_pooled"] + 1


def test_ssim_of_each_picture(photos_rgb):
    rgb = metrics.gray_row(photos_rgb)
    one_by_one = torch.cat([metrics.ssim(a[None], b[None]) for a, b in zip(rgb, photos_rgb, strict=True)])
    together = metrics.ssim(rgb, photos_rgb)
    assert together.shape == (40,)
    torch.testing.assert_close(together, one_by_one, atol=1e-5, rtol=0)


def test_eps_accuracy_takes_only_what_lies_below():
    black = torch.zeros(1, 3, 16, 16)
    for eps in (2, 5):
        exactly = torch.full_like(black, eps / 100)
        assert (exactly * 255 == 255 * eps / 100).all()
        assert row(exactly, black)[f"eps_accuracy_{eps}"] == 0
        assert row(exactly - 1e-4, black)[f"eps_accuracy_{eps}"] == 100


def test_eps_accuracy_counts_channels():
    true_rgb = torch.full((1, 3, 32, 32), 0.5)
    rgb = true_rgb.clone()
    rgb[:, 0, :16] += 0.03  # half of one channel is off by 3 %
    ours = row(rgb, true_rgb)
    assert ours["eps_accuracy_2"] == pytest.approx(100 * 5 / 6, abs=1e-3)
    assert ours["eps_accuracy_5"] == pytest.approx(100)


@pytest.mark.parametrize(
    "eps, color, right",
    [
        (5, (55, 0, 0), True),  # lightness: up to t
        (5, (56, 0, 0), False),
        (5, (44, 0, 0), False),
        (5, (50, 11, 0), True),  # a and b: up to 2.2 t
        (5, (50, 12, 0), False),
        (5, (50, -12, 0), False),
        (5, (50, 0, 11), True),
        (5, (50, 0, 12), False),
        (5, (50, 0, -12), False),
        (5, (55.4, 11.4, -11.4), True),  # all at once, and rounded to integers
        (5, (55.6, 0, 0), False),
        (2, (52, 4, -4), True),
        (2, (53, 0, 0), False),
        (2, (50, 5, 0), False),
        (2, (50, 0, 5), False),
    ],
)
def test_bounds_of_nazeris_accuracy(eps, color, right):
    ours = row(plain(*color), plain(50, 0, 0))
    assert ours[f"nazeri_accuracy_{eps}"] == (100 if right else 0)


def test_nazeris_accuracy_rounds_both_pictures():
    assert row(plain(55.6, 0, 0), plain(50.6, 0, 0))["nazeri_accuracy_5"] == 100  # 56 and 51
    assert row(plain(55.6, 0, 0), plain(50.4, 0, 0))["nazeri_accuracy_5"] == 0  # 56 and 50


def test_nazeris_accuracy_counts_pixels():
    rgb = plain(50, 0, 0).clone()
    rgb[..., :4] = plain(50, 30, 0)[..., :4]
    assert row(rgb, plain(50, 0, 0))["nazeri_accuracy_5"] == 75


def test_colorfulness_by_hand(photos_rgb):
    for picture in (photos_rgb[3], torch.rand(3, 8, 8) * torch.tensor([1.0, 0.5, 0.1]).view(3, 1, 1)):
        r, g, b = (picture * 255).double().numpy()
        rg, yb = r - g, 0.5 * (r + g) - b
        expected = np.hypot(rg.std(), yb.std()) + 0.3 * np.hypot(rg.mean(), yb.mean())
        assert metrics.colorfulness(picture[None]).item() == pytest.approx(expected, rel=1e-4)


def test_colorfulness_ratio_is_of_the_means(photos_rgb):
    paler = metrics.gray_row(photos_rgb).lerp(photos_rgb, 0.5)
    ours = row(paler, photos_rgb)
    expected = metrics.colorfulness(paler).mean() / metrics.colorfulness(photos_rgb).mean()
    assert ours["colorfulness"] == pytest.approx(metrics.colorfulness(paler).mean().item(), rel=1e-5)
    assert ours["colorfulness_ratio"] == pytest.approx(expected.item(), rel=1e-5)


def test_perfect_colorizations(photos_rgb):
    for true_rgb in (photos_rgb, torch.zeros(2, 3, 16, 16), torch.ones(2, 3, 16, 16)):
        ours = row(true_rgb, true_rgb)
        # Of pictures that are gray in truth no ratio of colorfulness is to be had.
        assert np.isnan(ours.pop("colorfulness_ratio")) == (true_rgb is not photos_rgb)
        assert np.isfinite(list(ours.values())).all()
        assert ours["mae"] == ours["ciede2000_p95"] == 0
        assert ours["ciede2000_mean"] < 1e-4  # a conversion's last digit may depend on where the numbers lie in memory
        assert ours["ssim"] == pytest.approx(1)
        assert ours["eps_accuracy_2"] == ours["nazeri_accuracy_2"] == 100
        assert ours["psnr"] > 70 and ours["psnr_pooled"] > 70
    assert row(photos_rgb, photos_rgb)["colorfulness_ratio"] == pytest.approx(1)


def test_the_worst_colorizations_have_numbers_too():
    black, white = torch.zeros(1, 3, 16, 16), torch.ones(1, 3, 16, 16)
    ours = row(black, white)
    assert np.isnan(ours.pop("colorfulness_ratio"))
    assert np.isfinite(list(ours.values())).all()
    assert ours["ciede2000_p95"] == pytest.approx(100, abs=0.01) and ours["mae"] == 255
    assert np.isnan(row(black * np.nan, white)["ciede2000_mean"])  # and is no error


def test_no_pictures_or_pictures_that_dont_match():
    with pytest.raises(ValueError, match="differ in shape"):
        metrics.Metrics().update(torch.zeros(1, 3, 8, 8), torch.zeros(1, 3, 9, 9))
    for cheap in (True, False):
        with pytest.raises(ValueError, match="no pictures"):
            metrics.Metrics(cheap).compute()


# ---------------------------------------------------------------- rows


def test_reference_rows(photos_rgb):
    rows = metrics.measure([photos_rgb.mul(255).round().byte()], lambda rgb: rgb)
    assert list(rows) == ["model", "gray", "oracle_mean"]
    assert rows["gray"]["colorfulness_ratio"] < 1e-3
    assert rows["model"]["mae"] == 0 < rows["oracle_mean"]["mae"] < rows["gray"]["mae"]
    assert rows["gray"] == pytest.approx(row(metrics.gray_row(photos_rgb), photos_rgb), rel=1e-3, abs=1e-3)
    mean_ab = metrics.rgb_to_lab(photos_rgb)[:, 1:].mean(dim=(2, 3))
    predicted = metrics.rgb_to_lab(metrics.oracle_mean_row(photos_rgb))
    # Where the gamut allows it a pixel has the mean color itself; elsewhere less of it.
    torch.testing.assert_close(predicted[:, 1:].abs().amax(dim=(2, 3)), mean_ab.abs(), atol=0.1, rtol=0)
    for picture in (metrics.gray_row(photos_rgb), metrics.oracle_mean_row(photos_rgb)):
        off = metrics.rgb_to_lab(picture)[:, 0] - metrics.rgb_to_lab(photos_rgb)[:, 0]
        assert off.abs().max() < 0.1  # as much as the border of the gamut is uncertain


def test_cheap_metrics_are_the_same(photos_rgb):
    rgb = metrics.gray_row(photos_rgb)
    full, cheap = row(rgb, photos_rgb), row(rgb, photos_rgb, cheap=True)
    assert set(cheap) == {"mae", "mae_percent", "psnr_pooled", "eps_accuracy_5", "colorfulness", "colorfulness_ratio"}
    assert cheap == pytest.approx({name: full[name] for name in cheap}, rel=1e-6)


def test_processes_merge_into_one(photos_rgb):
    rgb = metrics.oracle_mean_row(photos_rgb)
    for cheap in (True, False):
        parts = [metrics.Metrics(cheap) for _ in range(3)]  # the third process gets no pictures
        parts[0].update(rgb[:7], photos_rgb[:7])
        parts[1].update(rgb[7:], photos_rgb[7:])
        said = []
        for part in parts:
            part.merge(lambda numbers, said=said: said.append(numbers) or numbers)
        total = {name: sum(numbers[name] for numbers in said) for name in said[0]}
        for part in parts:
            part.merge(lambda numbers, total=total: total)
            assert part.images == len(rgb)
            assert part.compute() == pytest.approx(row(rgb, photos_rgb, cheap=cheap))
