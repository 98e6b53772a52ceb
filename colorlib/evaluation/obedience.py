"""How well a colorizer obeys: what it was asked for against what its pictures have, and what they look like then.

A number can be met by a trick, as a saturation by painting everything sepia. So each target has three rows, measured
against the true pictures moved to the target (`colorlib.moving`):

    model   what the generator answers when it is told the target
    rival   what it answers freely, its chroma scaled or its hue turned until the target is met: the honest rival
    gray    the gray picture, which obeys nothing
    true    the true picture moved to the target itself

Being told is worth something where the model's row is nearer to the true colors than the rival's, with no fewer hues.
"""

import math
from collections.abc import Iterable

import torch
from torch import Tensor

from colorlib.color import join_lightness, lightness_of, rgb_to_lab
from colorlib.color.difference import ciede2000
from colorlib.colorizer import Colorizer
from colorlib.controls import CONTROLS, Control, hue_spread
from colorlib.metrics import colorfulness
from colorlib.moving import move, reach
from colorlib.tables import markdown_table

TARGETS = 6  # for each control, evenly over what photographs have; an angle has HUES, evenly over the circle
HUES = 8
SEARCHED_AT = 32  # pixels: of larger pictures fewer are tried when they are moved
COLORED = 10.0  # chroma: only pixels that have it count for the hue that is obtained
ROWS = ("model", "rival", "gray", "true")


def targets_of(control: Control) -> list[float]:
    """The targets that a control's obedience is measured at."""
    if control.is_angle:
        return [control.low + (control.high - control.low) * i / HUES for i in range(HUES)]
    low, high = control.common
    return [round(low + (high - low) * i / (TARGETS - 1), 4) for i in range(TARGETS)]


def obtained_by(rgb: Tensor, name: str) -> Tensor:
    """What pictures, sRGB `(B, 3, H, W)`, have of a control `(B,)`; an angle is that of the colored pixels, nan without
    any."""
    control = CONTROLS[name]
    if not control.is_angle:
        return control.measure(rgb)
    colored = rgb_to_lab(rgb)[:, 1:].norm(dim=1, keepdim=True) >= COLORED
    angle = control.measure(rgb * colored)  # of the others nothing is left, not even gray
    return torch.where(colored.flatten(1).any(dim=1), angle, math.nan)


def eight_bits(rgb: Tensor) -> Tensor:
    """Pictures as a file holds them."""
    return (rgb * 255).round() / 255


@torch.no_grad()
def measure_obedience(colorizer: Colorizer, batches: Iterable[Tensor], names: Iterable[str] | None = None) -> dict:
    """For each control, a list of targets with their rows; see the module.

    batches: RGB uint8 `(B, 3, S, S)`, of the size that the generator sees. names: of controls (default: those that the
    model listens to). A row has, over all pictures: `error_mean`, `error_median`, `error_p90`, of |obtained - target|
    in the control's unit (of an angle in degrees); `obtained`, the mean (of an angle the circular one); `ciede2000` to
    the true picture moved to the target; `hue_spread` and `colorfulness`. `reachable` is how many of the true pictures
    can be moved to the target.
    """
    names = list(names or colorizer.model.conditions)
    sums: dict = {name: {target: {} for target in targets_of(CONTROLS[name])} for name in names}
    for batch in batches:
        rgb = batch.to(colorizer.device).float() / 255
        lightness, true_ab = lightness_of(rgb), rgb_to_lab(rgb)[:, 1:]
        free, every = colorizer.predict_ab(rgb), max(1, rgb.shape[-1] // SEARCHED_AT)
        for name in names:
            low, high = reach(lightness[:, :, ::every, ::every], true_ab[:, :, ::every, ::every], name)
            for target, kept in sums[name].items():
                asked = {name: torch.full((len(rgb),), target)}
                true_moved = move(lightness, true_ab, asked, every)
                moved = join_lightness(lightness, true_moved)
                told = {name: target} if name in colorizer.model.conditions else None
                colors = {
                    "model": colorizer.predict_ab(rgb, told),
                    "rival": move(lightness, free, asked, every),
                    "gray": torch.zeros_like(free),
                    "true": true_moved,
                }
                kept.setdefault("reachable", []).append(((low <= target) & (target <= high)).float())
                for row in ROWS:
                    seen = eight_bits(join_lightness(lightness, colors[row]))
                    for figure, values in figures(seen, moved, name, target).items():
                        kept.setdefault((row, figure), []).append(values.cpu())
    return {name: [summed(target, kept, CONTROLS[name]) for target, kept in sums[name].items()] for name in names}


def figures(seen: Tensor, moved: Tensor, name: str, target: float) -> dict[str, Tensor]:
    """What is measured of each picture, `(B,)` each; seen: what the screen shows, moved: the true picture's like."""
    obtained = obtained_by(seen, name)
    return {
        "obtained": obtained,
        "error": CONTROLS[name].error(obtained, target),
        "ciede2000": ciede2000(rgb_to_lab(seen), rgb_to_lab(moved)).mean(dim=(1, 2)),
        "hue_spread": hue_spread(rgb_to_lab(seen)[:, 1:]),
        "colorfulness": colorfulness(seen),
    }


def summed(target: float, kept: dict, control: Control) -> dict:
    """One target with its rows, of what was kept of each picture."""
    result = {"target": target, "reachable": torch.cat(kept["reachable"]).mean().item()}
    for row in ROWS:
        error = torch.cat(kept[row, "error"])
        error = error[error.isfinite()]  # without the pictures that have no color at all
        has = error.quantile(torch.tensor([0.5, 0.9])).tolist() if len(error) else [math.nan] * 2
        numbers = {"error_mean": error.mean().item(), "error_median": has[0], "error_p90": has[1]}
        for figure in ("ciede2000", "hue_spread", "colorfulness"):
            numbers[figure] = torch.cat(kept[row, figure]).mean().item()
        numbers["obtained"] = control.mean(torch.cat(kept[row, "obtained"]))
        numbers["pictures"] = len(error)
        result[row] = numbers
    return result


def obedience_table(name: str, targets: list[dict]) -> str:
    """The targets of one control and what was measured at each, as a Markdown table."""
    control = CONTROLS[name]
    error = "error" + (f" ({control.error_unit})" if control.error_unit else "")
    form = ".1f" if control.error_unit else ".3f"
    heading = [f"{name} asked for", "obtained", f"{error}: mean", "median", "90 %", "CIEDE2000", "of the rival"]
    lines = [[*heading, "of gray", "spread of hues", "of the rival", "of the true"]]
    for at in targets:
        model = at["model"]
        errors = [format(model[f"error_{which}"], form) for which in ("mean", "median", "p90")]
        distances = [f"{at[row]['ciede2000']:.2f}" for row in ("model", "rival", "gray")]
        spreads = [f"{at[row]['hue_spread']:.3f}" for row in ("model", "rival", "true")]
        lines.append([f"{at['target']:g}", f"{model['obtained']:.3g}", *errors, *distances, *spreads])
    return markdown_table(lines)
