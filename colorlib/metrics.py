"""How good a colorization is, in the definitions of the field, always beside two reference rows.

*gray* predicts no color at all (ab = 0), *oracle mean* each picture's own mean ab everywhere; both keep the true
lightness. A metric that *gray* wins says nothing about color. `COLUMNS` names every metric with its unit; the
definitions are in `Metrics.update` and `Metrics.compute`. Notebook 02 reads these numbers.
"""

import math
import statistics
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

import torch
from torch import Tensor

from colorlib.color import join_lightness, lab_to_rgb, rgb_to_lab
from colorlib.color_difference import ciede2000
from colorlib.errors import ConfigError
from colorlib.history import markdown_table

DELTA_E_STEPS, DELTA_E_MAX = 100, 200  # CIEDE2000 is counted in steps of 1/100: a percentile without keeping all
SSIM_PICTURES = 32  # at once: what lies in a processor's cache is filtered twice as fast


def colorfulness(rgb: Tensor) -> Tensor:
    """Hasler and Suesstrunk 2003, for each picture `(B,)`: 0 for gray, 15 slightly, 45 quite, 80 highly colorful.

    rgb: `(B, 3, H, W)` in [0, 1]; the opponent channels are signed, on the 0..255 scale.
    """
    red, green, blue = (rgb * 255).unbind(dim=1)
    rg, yb = red - green, (red + green) / 2 - blue
    deviation = (rg.var(dim=(1, 2), correction=0) + yb.var(dim=(1, 2), correction=0)).sqrt()
    offset = (rg.mean(dim=(1, 2)) ** 2 + yb.mean(dim=(1, 2)) ** 2).sqrt()
    return deviation + 0.3 * offset


def ssim(rgb: Tensor, true_rgb: Tensor) -> Tensor:
    """Structural similarity of each pair of pictures `(B,)`, at most 1. sRGB `(B, 3, H, W)` in [0, 1]."""
    from torchmetrics.functional.image import structural_similarity_index_measure as measure  # slow, seldom needed

    pieces = zip(rgb.split(SSIM_PICTURES), true_rgb.split(SSIM_PICTURES), strict=True)
    return torch.cat([measure(*piece, data_range=1.0, reduction="none").reshape(-1) for piece in pieces])


class Metrics:
    """Adds up over batches what one row of a table needs; `compute` gives the row.

    cheap: only MAE, pooled PSNR and colorfulness, for the end of every epoch.
    """

    def __init__(self, cheap: bool = False):
        self.cheap = cheap
        self.sums = dict.fromkeys(("mae", "mse", "colorfulness", "true_colorfulness"), 0.0)
        self.delta_e_counts = torch.zeros(DELTA_E_MAX * DELTA_E_STEPS + 1, dtype=torch.int64)
        self.images = 0

    def update(self, rgb: Tensor, true_rgb: Tensor, true_lab: Tensor | None = None) -> None:
        """Take in a batch: predicted and true pictures `(B, 3, H, W)`, sRGB in [0, 1].

        true_lab: the true pictures in Lab, if they are at hand, which saves converting them.
        """
        if rgb.shape != true_rgb.shape:
            raise ValueError(f"predicted and true pictures differ in shape: {rgb.shape} and {true_rgb.shape}")
        rgb, true_rgb = rgb.float(), true_rgb.float()
        self.images += len(rgb)
        difference = (rgb - true_rgb).abs() * 255  # (B, 3, H, W)
        squared = difference.square().mean(dim=(1, 2, 3))  # (B,)
        self._add("mae", difference.mean(dim=(1, 2, 3)))
        self._add("mse", squared)
        self._add("colorfulness", colorfulness(rgb))
        self._add("true_colorfulness", colorfulness(true_rgb))
        if self.cheap:
            return
        # One 8-bit step of error in one value keeps the PSNR of a perfect picture finite.
        perfect = 1 / rgb[0].numel()
        self._add("psnr", 10 * torch.log10(255**2 / squared.clamp_min(perfect)))
        self._add("ssim", ssim(rgb, true_rgb))
        lab, true_lab = rgb_to_lab(rgb), rgb_to_lab(true_rgb) if true_lab is None else true_lab.float()
        off = (lab.round() - true_lab.round()).abs()
        for eps in (2, 5):
            self._add(f"eps_accuracy_{eps}", (difference < 255 * eps / 100).float().mean(dim=(1, 2, 3)))
            right = (off[:, 0] <= eps) & (off[:, 1] <= 2.2 * eps) & (off[:, 2] <= 2.2 * eps)
            self._add(f"nazeri_accuracy_{eps}", right.float().mean(dim=(1, 2)))
        delta_e = ciede2000(lab, true_lab)  # (B, H, W)
        self._add("ciede2000_mean", delta_e.mean(dim=(1, 2)))
        steps = (delta_e.nan_to_num(DELTA_E_MAX).clamp_max(DELTA_E_MAX) * DELTA_E_STEPS).round().long()
        self.delta_e_counts += torch.bincount(steps.flatten().cpu(), minlength=len(self.delta_e_counts))

    def _add(self, name: str, values: Tensor) -> None:
        self.sums[name] = self.sums.get(name, 0.0) + values.cpu().double().sum().item()

    def merge(self, add_up: Callable[[dict[str, float]], dict[str, float]]) -> None:
        """Take in what other processes measured: `add_up` sums each number over them. For cheap metrics alone."""
        if not self.cheap:
            raise ValueError("only cheap metrics can be merged: a percentile is no sum")
        total = add_up(self.sums | {"images": self.images})
        self.images = round(total.pop("images"))
        self.sums = total

    def compute(self) -> dict[str, float]:
        """The row, in the units of `COLUMNS`. Raises `ValueError` without pictures."""
        if not self.images:
            raise ValueError("no pictures to measure")
        mean = {name: total / self.images for name, total in self.sums.items()}
        true = mean["true_colorfulness"]
        row = {
            "mae": mean["mae"],
            "mae_percent": mean["mae"] / 255 * 100,
            "psnr_pooled": 10 * math.log10(255**2 / max(mean["mse"], 1e-12)),
            "colorfulness": mean["colorfulness"],
            "colorfulness_ratio": mean["colorfulness"] / true if true > 0.01 else math.nan,  # gray truth
        }
        if self.cheap:
            return row
        for eps in (2, 5):
            row[f"eps_accuracy_{eps}"] = 100 * mean[f"eps_accuracy_{eps}"]
            row[f"nazeri_accuracy_{eps}"] = 100 * mean[f"nazeri_accuracy_{eps}"]
        row["psnr"], row["ssim"], row["ciede2000_mean"] = mean["psnr"], mean["ssim"], mean["ciede2000_mean"]
        reached = self.delta_e_counts.cumsum(dim=0)
        row["ciede2000_p95"] = int((reached < 0.95 * reached[-1]).sum()) / DELTA_E_STEPS
        return row


def gray_row(true_rgb: Tensor, true_lab: Tensor | None = None) -> Tensor:
    """The reference that does nothing: the true lightness, no color. sRGB `(B, 3, H, W)` in and out."""
    lab = rgb_to_lab(true_rgb) if true_lab is None else true_lab
    return lab_to_rgb(torch.cat([lab[:, :1], torch.zeros_like(lab[:, 1:])], dim=1))


def oracle_mean_row(true_rgb: Tensor, true_lab: Tensor | None = None) -> Tensor:
    """The true lightness and each picture's own mean ab everywhere. sRGB `(B, 3, H, W)` in and out."""
    lab = rgb_to_lab(true_rgb) if true_lab is None else true_lab
    return join_lightness(lab[:, :1], lab[:, 1:].mean(dim=(2, 3), keepdim=True).expand(-1, -1, *lab.shape[2:]))


@torch.no_grad()
def measure(batches: Iterable[Tensor], colorize: Callable[[Tensor], Tensor], device="cpu") -> dict[str, dict]:
    """The rows `model`, `gray` and `oracle_mean` over batches of RGB uint8 `(B, 3, H, W)`.

    colorize: true sRGB in [0, 1] to the model's colorization of its gray version (it may look at lightness alone).
    """
    rows = {name: Metrics() for name in ("model", "gray", "oracle_mean")}
    for batch in batches:
        true_rgb = batch.to(device).float() / 255
        true_lab = rgb_to_lab(true_rgb)
        rows["model"].update(colorize(true_rgb), true_rgb, true_lab)
        rows["gray"].update(gray_row(true_rgb, true_lab), true_rgb, true_lab)
        rows["oracle_mean"].update(oracle_mean_row(true_rgb, true_lab), true_rgb, true_lab)
    return {name: row.compute() for name, row in rows.items()}


def images_per_second(run: Callable[[], object], images_per_call: int, windows: int = 5, seconds: float = 0.5) -> float:
    """How many pictures `run()` makes in a second: the median of several windows, so that one busy one doesn't count.

    run: does the work on `images_per_call` pictures and waits for it to end (a GPU's too). seconds: of a window.
    """
    for _ in range(3):  # the first calls choose algorithms and fill caches
        run()
    rates = []
    for _ in range(windows):
        started, calls = time.perf_counter(), 0
        while (passed := time.perf_counter() - started) < seconds:
            run()
            calls += 1
        rates.append(calls * images_per_call / passed)
    return statistics.median(rates)


class Column(NamedTuple):
    """How a table shows a metric: its heading, its unit ("" for none), and the format of its numbers."""

    title: str
    unit: str
    form: str


COLUMNS = {
    "mae": Column("MAE", "0-255", ".2f"),
    "mae_percent": Column("MAE", "%", ".2f"),
    "psnr_pooled": Column("PSNR pooled", "dB", ".2f"),
    "psnr": Column("PSNR mean", "dB", ".2f"),
    "ssim": Column("SSIM", "", ".3f"),
    "eps_accuracy_2": Column("acc < 2 %", "%", ".1f"),
    "eps_accuracy_5": Column("acc < 5 %", "%", ".1f"),
    "nazeri_accuracy_2": Column("Nazeri 2 %", "%", ".1f"),
    "nazeri_accuracy_5": Column("Nazeri 5 %", "%", ".1f"),
    "ciede2000_mean": Column("CIEDE2000", "", ".2f"),
    "ciede2000_p95": Column("CIEDE2000, 95th percentile", "", ".2f"),
    "colorfulness": Column("colorfulness", "", ".1f"),
    "colorfulness_ratio": Column("colorfulness ratio", "", ".2f"),
    "fps": Column("FPS", "pictures/s", ".0f"),
}
HIDDEN = ("eps_accuracy_2", "nazeri_accuracy_2", "ciede2000_p95", "colorfulness", "fps")  # unless asked for
SHOWN = tuple(name for name in COLUMNS if name not in HIDDEN)


def spread_rows(rows: list[dict]) -> dict[str, tuple[float, float | None]]:
    """The mean and the sample standard deviation of each metric over one system's rows, one row for each seed.

    The deviation of a single row is None. A metric that isn't in every row is left out.
    """
    if not rows:
        raise ValueError("no rows to take the spread of")
    names = [name for name in rows[0] if all(row.get(name) is not None for row in rows)]
    columns = {name: torch.tensor([row[name] for row in rows], dtype=torch.float64) for name in names}
    return {
        name: (column.mean().item(), column.std(correction=1).item() if len(rows) > 1 else None)
        for name, column in columns.items()
    }


def _cell(value: float | tuple | None, form: str) -> str:
    if value is None:
        return ""
    if isinstance(value, (int, float)):
        return format(value, form)
    mean, deviation = value
    return format(mean, form) + ("" if deviation is None else f" ± {deviation:{form}}")


def table(rows: dict[str, dict], columns: Iterable[str] = SHOWN) -> str:
    """Rows of metrics by name as a Markdown table, which also reads well as plain text.

    A row is what `Metrics.compute` gives, or `spread_rows` for several seeds. columns: names of `COLUMNS`; one that
    no row has is left out. Raises `ConfigError` for a name that isn't one.
    """
    columns = list(columns)
    unknown = [name for name in columns if name not in COLUMNS]
    if unknown:
        raise ConfigError(f"no metric is called {unknown[0]!r}; there are {', '.join(COLUMNS)}")
    columns = [name for name in columns if any(row.get(name) is not None for row in rows.values())]
    heading = [COLUMNS[name].title + (f" ({COLUMNS[name].unit})" if COLUMNS[name].unit else "") for name in columns]
    lines = [
        [label.replace("_", " "), *(_cell(row.get(name), COLUMNS[name].form) for name in columns)]
        for label, row in rows.items()
    ]
    return markdown_table([["", *heading], *lines])
