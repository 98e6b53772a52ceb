"""Metrics against scikit-image and against hand-made cases."""

import numpy as np
import pytest
import torch
from skimage import color
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from colorlib import metrics
from colorlib.data import load_photos


@pytest.fixture(scope="module")
def photos_rgb():
    return load_photos("bundled", size=32, progress=False).batch(range(0, 300, 10)).float() / 255


def row(rgb, true_rgb, **options):
    measured = metrics.Metrics(**options)
    for half in (slice(0, 10), slice(10, None)):  # in two batches of different size
        measured.update(rgb[half], true_rgb[half])
    return measured.compute()


def pictures(batch):
    return batch.permute(0, 2, 3, 1).double().numpy()


def test_against_scikit_image(photos_rgb):
    rgb = metrics.oracle_mean_row(photos_rgb)
    ours, p, t = row(rgb, photos_rgb), pictures(rgb), pictures(photos_rgb)
    assert ours["mae"] == pytest.approx(np.abs(p - t).mean() * 255, rel=1e-4)
    assert ours["mae_percent"] == pytest.approx(np.abs(p - t).mean() * 100, rel=1e-4)
    assert ours["psnr_pooled"] == pytest.approx(peak_signal_noise_ratio(t, p, data_range=1), abs=1e-3)
    colored = [i for i in range(len(t)) if np.square(p[i] - t[i]).mean() > 1e-8]
    each = [peak_signal_noise_ratio(t[i], p[i], data_range=1) for i in colored]
    assert row(rgb[colored], photos_rgb[colored])["psnr"] == pytest.approx(np.mean(each), abs=1e-2)
    options = {"channel_axis": -1, "data_range": 1, "gaussian_weights": True, "sigma": 1.5}
    ssim = [structural_similarity(a, b, use_sample_covariance=False, **options) for a, b in zip(p, t, strict=True)]
    assert ours["ssim"] == pytest.approx(np.mean(ssim), abs=5e-3)  # the two treat the border differently
    delta_e = color.deltaE_ciede2000(color.rgb2lab(p), color.rgb2lab(t))
    assert ours["ciede2000_mean"] == pytest.approx(delta_e.mean(), abs=1e-2)
    assert ours["ciede2000_p95"] == pytest.approx(np.percentile(delta_e, 95), abs=0.02)


def test_accuracies_by_hand():
    true_rgb = torch.full((1, 3, 32, 32), 0.5)
    rgb = true_rgb.clone()
    rgb[:, 0, :16] += 0.03  # half of one channel is off by 3 %
    ours = row(rgb.repeat(11, 1, 1, 1), true_rgb.repeat(11, 1, 1, 1))
    assert ours["eps_accuracy_2"] == pytest.approx(100 * 5 / 6, abs=1e-3)
    assert ours["eps_accuracy_5"] == pytest.approx(100)
    lab, true_lab = color.rgb2lab(pictures(rgb)[0])[0, 0].round(), color.rgb2lab(pictures(true_rgb)[0])[0, 0].round()
    off = np.abs(lab - true_lab)
    for eps in (2, 5):
        right = off[0] <= eps and (off[1:] <= 2.2 * eps).all()
        assert ours[f"nazeri_accuracy_{eps}"] == pytest.approx(100 if right else 50)


def test_colorfulness_by_hand(photos_rgb):
    r, g, b = (photos_rgb[3] * 255).double().numpy()
    rg, yb = r - g, 0.5 * (r + g) - b
    expected = np.hypot(rg.std(), yb.std()) + 0.3 * np.hypot(rg.mean(), yb.mean())
    assert metrics.colorfulness(photos_rgb[3:4]).item() == pytest.approx(expected, rel=1e-4)


def test_a_perfect_colorization(photos_rgb):
    ours = row(photos_rgb, photos_rgb)
    assert ours["mae"] == 0 and ours["ssim"] == pytest.approx(1) and ours["colorfulness_ratio"] == pytest.approx(1)
    assert ours["eps_accuracy_2"] == ours["nazeri_accuracy_2"] == 100
    assert np.isfinite(list(ours.values())).all()


def test_reference_rows(photos_rgb):
    rows = metrics.evaluate([photos_rgb.mul(255).byte()], lambda rgb: rgb)
    assert set(rows) == {"model", "gray", "oracle_mean"}
    assert rows["gray"]["colorfulness_ratio"] < 1e-3
    assert rows["model"]["mae"] == 0 < rows["oracle_mean"]["mae"] < rows["gray"]["mae"]
    lightness = [metrics.rgb_to_lab(x)[:, 0] for x in (photos_rgb, metrics.gray_row(photos_rgb))]
    assert (lightness[0] - lightness[1]).abs().max() < 0.05


def test_cheap_metrics_are_the_same(photos_rgb):
    rgb = metrics.gray_row(photos_rgb)
    full, cheap = row(rgb, photos_rgb), row(rgb, photos_rgb, cheap=True)
    assert set(cheap) == {"mae", "mae_percent", "psnr_pooled", "colorfulness", "colorfulness_ratio"}
    assert all(full[name] == cheap[name] for name in cheap)


def test_table_is_markdown(photos_rgb):
    text = metrics.table({"gray": row(metrics.gray_row(photos_rgb), photos_rgb)}).splitlines()
    assert len({line.count("|") for line in text}) == 1 and "MAE (%)" in text[0] and "gray" in text[2]


def test_errors():
    with pytest.raises(ValueError, match="differ in shape"):
        metrics.Metrics().update(torch.zeros(1, 3, 8, 8), torch.zeros(1, 3, 9, 9))
    with pytest.raises(ValueError, match="no pictures"):
        metrics.Metrics().compute()
