"""How good a colorization is, in the definitions of the field, always beside two reference rows.

*gray* predicts no color at all (ab = 0), *oracle mean* each picture's own mean ab everywhere; both keep the true
lightness. A metric that *gray* wins says nothing about color. `METRICS` has every metric: how a table names it, and
what it is. Notebook 02 reads these numbers.

To add a metric, give it an entry in `METRICS`: what it says of each picture, and what is made of the mean of that.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import NamedTuple

import torch
from torch import Tensor

from colorlib.color import join_lightness, lab_to_rgb, rgb_to_lab, safe_sqrt
from colorlib.color.difference import DELTA_E_COUNTS, ciede2000, delta_e_histogram, percentile

SSIM_PICTURES = 32  # at once: what lies in a processor's cache is filtered twice as fast

# ---------------------------------------------------------------- what is measured


@dataclass(frozen=True)
class Pairs:
    """Predicted and true pictures, sRGB `(B, 3, H, W)` in [0, 1]; and what several metrics look at.

    given_lab: the true pictures in Lab, if they are at hand, which saves converting them.
    """

    rgb: Tensor
    true_rgb: Tensor
    given_lab: Tensor | None = None

    @cached_property
    def difference(self) -> Tensor:
        """|predicted - true| on the 0..255 scale, `(B, 3, H, W)`."""
        return (self.rgb - self.true_rgb).abs() * 255

    @cached_property
    def lab(self) -> Tensor:
        return rgb_to_lab(self.rgb)

    @cached_property
    def true_lab(self) -> Tensor:
        return rgb_to_lab(self.true_rgb) if self.given_lab is None else self.given_lab.float()

    @cached_property
    def delta_e(self) -> Tensor:
        """CIEDE2000 of each pixel, `(B, H, W)`."""
        return ciede2000(self.lab, self.true_lab)


def colorfulness(rgb: Tensor) -> Tensor:
    """Hasler and Suesstrunk 2003, for each picture `(B,)`: 0 for gray, 15 slightly, 45 quite, 80 highly colorful.

    rgb: `(B, 3, H, W)` in [0, 1]; the opponent channels are signed, on the 0..255 scale.
    """
    red, green, blue = (rgb * 255).unbind(dim=1)
    rg, yb = red - green, (red + green) / 2 - blue
    deviation = safe_sqrt(rg.var(dim=(1, 2), correction=0) + yb.var(dim=(1, 2), correction=0))
    offset = safe_sqrt(rg.mean(dim=(1, 2)) ** 2 + yb.mean(dim=(1, 2)) ** 2)
    return deviation + 0.3 * offset


def ssim(rgb: Tensor, true_rgb: Tensor) -> Tensor:
    """Structural similarity of each pair of pictures `(B,)`, at most 1. sRGB `(B, 3, H, W)` in [0, 1]."""
    from torchmetrics.functional.image import structural_similarity_index_measure as measure  # slow, seldom needed

    pieces = zip(rgb.split(SSIM_PICTURES), true_rgb.split(SSIM_PICTURES), strict=True)
    return torch.cat([measure(*piece, data_range=1.0, reduction="none").reshape(-1) for piece in pieces])


def mae(pairs: Pairs) -> Tensor:
    """Mean absolute error over channels and pixels, 0..255."""
    return pairs.difference.mean(dim=(1, 2, 3))


def mse(pairs: Pairs) -> Tensor:
    """Mean squared error over channels and pixels, of 255^2."""
    return pairs.difference.square().mean(dim=(1, 2, 3))


def psnr(pairs: Pairs) -> Tensor:
    """Peak signal-to-noise ratio of each picture, dB. One 8-bit step of error in one value keeps it finite."""
    return 10 * torch.log10(255**2 / mse(pairs).clamp_min(1 / pairs.rgb[0].numel()))


def eps_accuracy(pairs: Pairs, eps: float) -> Tensor:
    """How many of the values are off by less than eps percent of the range, in percent (*coco*)."""
    return 100 * (pairs.difference < 255 * eps / 100).float().mean(dim=(1, 2, 3))


def nazeri_accuracy(pairs: Pairs, eps: float) -> Tensor:
    """How many of the pixels are off by at most eps in L and 2.2 eps in a and b, rounded, in percent (Nazeri 2018)."""
    off = (pairs.lab.round() - pairs.true_lab.round()).abs()
    right = (off[:, 0] <= eps) & (off[:, 1] <= 2.2 * eps) & (off[:, 2] <= 2.2 * eps)
    return 100 * right.float().mean(dim=(1, 2))


def both_colorfulnesses(pairs: Pairs) -> Tensor:
    """The predicted and the true pictures', `(B, 2)`."""
    return torch.stack([colorfulness(pairs.rgb), colorfulness(pairs.true_rgb)], dim=1)


def ratio(pair: Tensor) -> float:
    """The first of two numbers by the second; nan where that is none to speak of, as the colorfulness of gray."""
    return (pair[0] / pair[1]).item() if pair[1] > 0.01 else math.nan


class Metric(NamedTuple):
    """How a table shows a metric: its heading, its unit ("" for none), the format of its numbers. And what it is:

    measure: `Pairs` to what it says of each picture, `(B,)` or `(B, size)`. finish: the mean of that over all pictures,
    `()` or `(size,)`, float64, to the metric's number. cheap: it is measured after each epoch, too. shown: a table has
    it without being asked for it.
    """

    title: str
    unit: str
    form: str
    measure: Callable[[Pairs], Tensor] | None
    finish: Callable[[Tensor], float] = Tensor.item
    size: int | None = None
    cheap: bool = False
    shown: bool = True


METRICS = {
    "mae": Metric("MAE", "0-255", ".2f", mae, cheap=True),
    "mae_percent": Metric("MAE", "%", ".2f", mae, lambda mean: mean.item() / 255 * 100, cheap=True),
    "psnr_pooled": Metric(
        "PSNR pooled", "dB", ".2f", mse, lambda mean: 10 * math.log10(255**2 / max(mean.item(), 1e-12)), cheap=True
    ),
    "psnr": Metric("PSNR mean", "dB", ".2f", psnr),
    "ssim": Metric("SSIM", "", ".3f", lambda pairs: ssim(pairs.rgb, pairs.true_rgb)),
    "eps_accuracy_2": Metric("acc < 2 %", "%", ".1f", partial(eps_accuracy, eps=2), shown=False),
    "eps_accuracy_5": Metric("acc < 5 %", "%", ".1f", partial(eps_accuracy, eps=5), cheap=True),
    "nazeri_accuracy_2": Metric("Nazeri 2 %", "%", ".1f", partial(nazeri_accuracy, eps=2), shown=False),
    "nazeri_accuracy_5": Metric("Nazeri 5 %", "%", ".1f", partial(nazeri_accuracy, eps=5)),
    "ciede2000_mean": Metric("CIEDE2000", "", ".2f", lambda pairs: pairs.delta_e.mean(dim=(1, 2))),
    "ciede2000_p95": Metric(
        *("CIEDE2000, 95th percentile", "", ".2f", lambda pairs: delta_e_histogram(pairs.delta_e)),
        *(partial(percentile, percent=95), DELTA_E_COUNTS),
        shown=False,
    ),
    "colorfulness": Metric("colorfulness", "", ".1f", lambda pairs: colorfulness(pairs.rgb), cheap=True, shown=False),
    "colorfulness_ratio": Metric("colorfulness ratio", "", ".2f", both_colorfulnesses, ratio, size=2, cheap=True),
    # Those that follow are of something else than pairs of pictures: see `colorlib.evaluation`.
    "judge_accuracy": Metric("judge is right", "%", ".1f", None),
    "judge_distance": Metric("Frechet distance, judge", "", ".2f", None),
    "lpips": Metric("LPIPS", "", ".3f", None),
    "fid": Metric("FID", "", ".1f", None),
    "draws_mae_percent": Metric("MAE of 8 draws", "%", ".2f", None),
    "best_draw_mae_percent": Metric("MAE, best of 8", "%", ".2f", None),
    "draws_spread": Metric("spread of draws", "ab", ".1f", None),
    "fps": Metric("FPS", "pictures/s", ".0f", None, shown=False),
}

# ---------------------------------------------------------------- rows


class Metrics:
    """Adds up over batches what one row of a table needs; `compute` gives the row.

    cheap: only the metrics that are, for the end of every epoch.
    """

    def __init__(self, cheap: bool = False):
        self.metrics = {name: one for name, one in METRICS.items() if one.measure and (one.cheap or not cheap)}
        self.sums = {
            name: torch.zeros(() if one.size is None else one.size, dtype=torch.float64)
            for name, one in self.metrics.items()
        }
        self.images = 0

    def update(self, rgb: Tensor, true_rgb: Tensor, true_lab: Tensor | None = None) -> None:
        """Take in a batch: predicted and true pictures `(B, 3, H, W)`, sRGB in [0, 1].

        true_lab: the true pictures in Lab, if they are at hand, which saves converting them.
        """
        if rgb.shape != true_rgb.shape:
            raise ValueError(f"predicted and true pictures differ in shape: {rgb.shape} and {true_rgb.shape}")
        pairs = Pairs(rgb.float(), true_rgb.float(), true_lab)
        self.images += len(rgb)
        for name, metric in self.metrics.items():
            self.sums[name] += metric.measure(pairs).cpu().double().sum(dim=0)

    def merge(self, add_up: Callable[[dict[str, float]], dict[str, float]]) -> None:
        """Take in what other processes measured: `add_up` sums each of some named numbers over them."""
        numbers = {"images": float(self.images)}
        for name, total in self.sums.items():
            numbers |= {f"{name} {i}": number for i, number in enumerate(total.reshape(-1).tolist())}
        numbers = add_up(numbers)
        self.images = round(numbers["images"])
        for name, total in self.sums.items():
            merged = [numbers[f"{name} {i}"] for i in range(total.numel())]
            self.sums[name] = torch.tensor(merged, dtype=torch.float64).reshape(total.shape)

    def compute(self) -> dict[str, float]:
        """The row, in the units of `METRICS`. Raises `ValueError` without pictures."""
        if not self.images:
            raise ValueError("no pictures to measure")
        return {name: metric.finish(self.sums[name] / self.images) for name, metric in self.metrics.items()}


def gray_row(true_rgb: Tensor, true_lab: Tensor | None = None) -> Tensor:
    """The reference that does nothing: the true lightness, no color. sRGB `(B, 3, H, W)` in and out."""
    lab = rgb_to_lab(true_rgb) if true_lab is None else true_lab
    return lab_to_rgb(torch.cat([lab[:, :1], torch.zeros_like(lab[:, 1:])], dim=1))


def oracle_mean_row(true_rgb: Tensor, true_lab: Tensor | None = None) -> Tensor:
    """The true lightness and each picture's own mean ab everywhere. sRGB `(B, 3, H, W)` in and out."""
    lab = rgb_to_lab(true_rgb) if true_lab is None else true_lab
    return join_lightness(lab[:, :1], lab[:, 1:].mean(dim=(2, 3), keepdim=True).expand(-1, -1, *lab.shape[2:]))


@torch.no_grad()
def measure(
    batches: Iterable[Tensor], colorize: Callable[[Tensor], Tensor], device="cpu", examiners: Iterable = ()
) -> dict[str, dict]:
    """The rows `model`, `gray` and `oracle_mean` over batches of RGB uint8 `(B, 3, H, W)`.

    colorize: true sRGB in [0, 1] to the model's colorization of its gray version (it may look at lightness alone).
    examiners: who measures what takes a network of its own (see `colorlib.evaluation.examiners`).
    """
    rows = {name: Metrics() for name in ("model", "gray", "oracle_mean")}
    for batch in batches:
        true_rgb = batch.to(device).float() / 255
        true_lab = rgb_to_lab(true_rgb)
        references = {"gray": gray_row(true_rgb, true_lab), "oracle_mean": oracle_mean_row(true_rgb, true_lab)}
        answers = {"model": colorize(true_rgb), **references}
        for name, rgb in answers.items():
            rows[name].update(rgb, true_rgb, true_lab)
        for examiner in examiners:
            examiner.look({**answers, "true": true_rgb})
    measured = {name: row.compute() for name, row in rows.items()}
    for examiner in examiners:
        for name, figures in examiner.figures().items():
            measured[name] = measured.get(name, {}) | figures
    return measured
