"""How good a colorization is, in the definitions of the field, always beside two reference rows.

*gray* predicts no color at all (ab = 0), *oracle mean* each picture's own mean ab everywhere; both keep the true
lightness. A metric that *gray* wins says nothing about color. Notebook 02 reads these numbers.
"""

from collections.abc import Callable, Iterable

import numpy as np
import torch
from skimage.color import deltaE_ciede2000
from torch import Tensor

from colorlib.color import join_lightness, lab_to_rgb, rgb_to_lab
from colorlib.tables import markdown_table

DELTA_E_BINS = np.linspace(0, 200, 20001)  # CIEDE2000 in steps of 0.01, to find percentiles without keeping all


def colorfulness(rgb: Tensor) -> Tensor:
    """Hasler and Suesstrunk 2003, for each picture `(B,)`: 0 for gray, 15 slightly, 45 quite, 80 highly colorful.

    rgb: `(B, 3, H, W)` in [0, 1]; the opponent channels are signed, on the 0..255 scale.
    """
    red, green, blue = (rgb * 255).unbind(dim=1)
    rg, yb = red - green, (red + green) / 2 - blue
    spread = (rg.var(dim=(1, 2), correction=0) + yb.var(dim=(1, 2), correction=0)).sqrt()
    offset = (rg.mean(dim=(1, 2)) ** 2 + yb.mean(dim=(1, 2)) ** 2).sqrt()
    return spread + 0.3 * offset


class Metrics:
    """Adds up over batches what one row of a table needs; `compute` gives the row.

    cheap: only MAE, pooled PSNR and colorfulness, for the end of every epoch.
    """

    def __init__(self, cheap: bool = False):
        self.cheap = cheap
        self.sums = dict.fromkeys(("mae", "mse", "colorfulness", "true_colorfulness"), 0.0)
        self.delta_e = np.zeros(len(DELTA_E_BINS) - 1)
        self.images = 0

    def update(self, rgb: Tensor, true_rgb: Tensor) -> None:
        """Take in a batch: predicted and true pictures `(B, 3, H, W)`, sRGB in [0, 1]."""
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
        from torchmetrics.functional.image import structural_similarity_index_measure  # a slow import, seldom needed

        # One 8-bit step of error in one value keeps the PSNR of a perfect picture finite.
        perfect = 1 / rgb[0].numel()
        self._add("psnr", 10 * torch.log10(255**2 / squared.clamp_min(perfect)))
        ssim = structural_similarity_index_measure(rgb, true_rgb, data_range=1.0, reduction="none")
        self._add("ssim", ssim.reshape(-1))
        lab, true_lab = rgb_to_lab(rgb), rgb_to_lab(true_rgb)
        off = (lab.round() - true_lab.round()).abs()
        for eps in (2, 5):
            self._add(f"eps_accuracy_{eps}", (difference < 255 * eps / 100).float().mean(dim=(1, 2, 3)))
            right = (off[:, 0] <= eps) & (off[:, 1] <= 2.2 * eps) & (off[:, 2] <= 2.2 * eps)
            self._add(f"nazeri_accuracy_{eps}", right.float().mean(dim=(1, 2)))
        delta_e = deltaE_ciede2000(lab.movedim(1, -1).cpu().numpy(), true_lab.movedim(1, -1).cpu().numpy())
        self.delta_e += np.histogram(delta_e, DELTA_E_BINS)[0]
        self._add("ciede2000_mean", torch.from_numpy(delta_e.mean(axis=(1, 2))))

    def _add(self, name: str, values: Tensor) -> None:
        self.sums[name] = self.sums.get(name, 0.0) + values.cpu().double().sum().item()

    def merge(self, add_up: Callable[[dict[str, float]], dict[str, float]]) -> None:
        """Take in what other processes measured: `add_up` sums each number over them. For cheap metrics."""
        total = add_up(self.sums | {"images": self.images})
        self.images = round(total.pop("images"))
        self.sums = total

    def compute(self) -> dict[str, float]:
        """The row. MAE and colorfulness are on the 0..255 scale, accuracies and percentages of 100, PSNR in dB."""
        if not self.images:
            raise ValueError("no pictures to measure")
        mean = {name: total / self.images for name, total in self.sums.items()}
        row = {
            "mae": mean["mae"],
            "mae_percent": mean["mae"] / 255 * 100,
            "psnr_pooled": float(10 * np.log10(255**2 / max(mean["mse"], 1e-12))),
            "colorfulness": mean["colorfulness"],
            "colorfulness_ratio": mean["colorfulness"] / max(mean["true_colorfulness"], 1e-12),
        }
        if self.cheap:
            return row
        for eps in (2, 5):
            row[f"eps_accuracy_{eps}"] = 100 * mean[f"eps_accuracy_{eps}"]
            row[f"nazeri_accuracy_{eps}"] = 100 * mean[f"nazeri_accuracy_{eps}"]
        row["psnr"], row["ssim"], row["ciede2000_mean"] = mean["psnr"], mean["ssim"], mean["ciede2000_mean"]
        reached = np.cumsum(self.delta_e) / self.delta_e.sum()
        row["ciede2000_p95"] = float(DELTA_E_BINS[1:][np.searchsorted(reached, 0.95)])
        return row


def gray_row(true_rgb: Tensor) -> Tensor:
    """The reference that does nothing: the true lightness, no color. sRGB `(B, 3, H, W)` in and out."""
    lab = rgb_to_lab(true_rgb)
    return lab_to_rgb(torch.cat([lab[:, :1], torch.zeros_like(lab[:, 1:])], dim=1))


def oracle_mean_row(true_rgb: Tensor) -> Tensor:
    """The true lightness and each picture's own mean ab everywhere. sRGB `(B, 3, H, W)` in and out."""
    lab = rgb_to_lab(true_rgb)
    return join_lightness(lab[:, :1], lab[:, 1:].mean(dim=(2, 3), keepdim=True).expand(-1, -1, *lab.shape[2:]))


@torch.no_grad()
def evaluate(batches: Iterable[Tensor], colorize: Callable[[Tensor], Tensor], device="cpu") -> dict[str, dict]:
    """The rows `model`, `gray` and `oracle_mean` over batches of RGB uint8 `(B, 3, H, W)`.

    colorize: true sRGB in [0, 1] to the model's colorization of its gray version (it may look at lightness alone).
    """
    predictors = {"model": colorize, "gray": gray_row, "oracle_mean": oracle_mean_row}
    rows = {name: Metrics() for name in predictors}
    for batch in batches:
        true_rgb = batch.to(device).float() / 255
        for name, predict in predictors.items():
            rows[name].update(predict(true_rgb), true_rgb)
    return {name: row.compute() for name, row in rows.items()}


TABLE = {
    "mae": ("MAE (0-255)", ".2f"),
    "mae_percent": ("MAE (%)", ".2f"),
    "eps_accuracy_5": ("acc < 5 % (%)", ".1f"),
    "nazeri_accuracy_5": ("Nazeri 5 % (%)", ".1f"),
    "psnr_pooled": ("PSNR pooled (dB)", ".2f"),
    "ssim": ("SSIM", ".3f"),
    "ciede2000_mean": ("CIEDE2000", ".2f"),
    "colorfulness_ratio": ("colorfulness ratio", ".2f"),
}


def table(rows: dict[str, dict], columns: Iterable[str] = TABLE) -> str:
    """Rows of metrics as a Markdown table, which also reads well as plain text."""
    columns = [name for name in columns if all(name in row for row in rows.values())]
    lines = [["", *(TABLE[name][0] for name in columns)]]
    lines += [
        [label.replace("_", " "), *(format(row[name], TABLE[name][1]) for name in columns)]
        for label, row in rows.items()
    ]
    return markdown_table(lines)
