"""The Frechet distance of features against scipy, torchmetrics and a case by hand; LPIPS and FID as examiners."""

import numpy as np
import pytest
import torch
from scipy import linalg
from torch import nn
from torchmetrics.functional.image.lpips import learned_perceptual_image_patch_similarity
from torchmetrics.image.fid import FrechetInceptionDistance

from colorlib.evaluation import examiners
from colorlib.evaluation.frechet import Moments, frechet_distance


def moments(features, parts=3):
    kept = Moments()
    for part in features.chunk(parts):  # in batches
        kept.update(part)
    return kept


def two_sets(size=5):
    torch.manual_seed(0)
    one = torch.randn(60, size) @ torch.randn(size, size) + 1
    return one, torch.randn(40, size) @ torch.randn(size, size) - 0.5


def test_one_feature_by_hand():
    """Of two normal distributions on a line it is the squared distance of means, plus that of deviations."""
    one, other = torch.tensor([[0.0], [2.0], [4.0]]), torch.tensor([[5.0], [6.0], [7.0]])  # means 2, 6; deviations 2, 1
    assert frechet_distance(moments(one), moments(other)) == pytest.approx(4**2 + 1**2)
    assert frechet_distance(moments(one), moments(one)) == pytest.approx(0, abs=1e-9)


def test_against_scipy():
    one, other = two_sets()
    a, b = moments(one), moments(other)
    first, second = (np.cov(features.double().numpy(), rowvar=False) for features in (one, other))
    np.testing.assert_allclose(a.covariance, first, rtol=1e-6)
    means = one.double().mean(0) - other.double().mean(0)
    expected = means.square().sum().item() + np.trace(first + second - 2 * linalg.sqrtm(first @ second).real)
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-6)
    assert frechet_distance(b, a) == pytest.approx(expected, rel=1e-6)


def test_fewer_pictures_than_features():
    one, other = two_sets(size=50)
    distance = frechet_distance(moments(one[:10]), moments(other[:10]))  # covariances without an inverse
    assert np.isfinite(distance) and distance > 0
    with pytest.raises(ValueError, match="takes two pictures or more, got 1"):
        frechet_distance(moments(one[:1], parts=1), moments(other))


class Colors(nn.Module):
    """Features for a test: mean and deviation of red, green and blue, of uint8 as Inception takes it."""

    def __init__(self, *names):
        super().__init__()

    def forward(self, rgb):
        rgb = rgb.double()
        return torch.cat([rgb.mean(dim=(2, 3)), rgb.std(dim=(2, 3))], dim=1)


def test_the_fid_against_torchmetrics(photo_set, monkeypatch):
    monkeypatch.setattr("torchmetrics.image.fid.NoTrainInceptionV3", Colors)
    true = photo_set.batch(range(0, 400, 10))
    answer = (255 - true.float()).byte()
    examiner = examiners.fid("cpu")
    theirs = FrechetInceptionDistance(feature=Colors())
    for part in (slice(0, 25), slice(25, None)):
        examiner.look({"model": answer[part] / 255, "gray": true[part] / 255, "true": true[part] / 255})
        theirs.update(true[part], real=True)
        theirs.update(answer[part], real=False)
    figures = examiner.figures()
    assert figures["model"]["fid"] == pytest.approx(theirs.compute().item(), rel=1e-4)
    assert figures["gray"]["fid"] == pytest.approx(0, abs=1e-6) and set(figures) == {"model", "gray"}


def test_lpips_against_torchmetrics(photo_set, monkeypatch):
    """With an AlexNet of random weights, whose own are a download."""
    from torchvision.models import alexnet

    def random_alexnet(name, pretrained):
        torch.manual_seed(0)
        return alexnet(weights=None).features

    monkeypatch.setattr("torchmetrics.functional.image.lpips._get_tv_model_features", random_alexnet)
    true = photo_set.batch(range(0, 90, 10)) / 255
    answer = true.roll(1, dims=0)
    examiner = examiners.LPIPS("cpu")
    for part in (slice(0, 6), slice(6, None)):  # batches of different size: their means don't count alike
        examiner.look({"model": answer[part], "true": true[part]})
    theirs = learned_perceptual_image_patch_similarity(answer, true, net_type="alex", normalize=True)
    assert examiner.figures() == {"model": {"lpips": pytest.approx(theirs.item(), rel=1e-4)}}


def test_weights_that_cant_be_had_are_said(monkeypatch, tmp_path):
    def offline(*names):
        raise OSError("no route to host")

    def without_package(*names):
        raise ModuleNotFoundError("it requires that `Torch-fidelity` is installed")

    monkeypatch.setattr("torchmetrics.functional.image.lpips._get_tv_model_features", offline)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    with pytest.raises(examiners.WeightsMissing) as error:
        examiners.LPIPS("cpu")
    assert "AlexNet can't be had (no route to host)" in str(error.value) and str(tmp_path) in str(error.value)
    for failure, words in ((offline, "Inception can't be had"), (without_package, "pip install torch-fidelity")):
        monkeypatch.setattr("torchmetrics.image.fid.NoTrainInceptionV3", failure)
        with pytest.raises(examiners.WeightsMissing, match=words):
            examiners.fid("cpu")
