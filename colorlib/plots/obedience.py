"""How well a colorizer obeys, in curves: asked against obtained, the distance to the true colors, the spread of hues.

Lesson 6 reads them; `colorlib evaluate --obedience` draws them.
"""

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from colorlib.controls import CONTROLS

ROW_COLORS = {"model": "#d95f02", "rival": "#4c72b0", "gray": "0.55"}
LABELS = {"model": "told the target", "rival": "free, then moved to the target", "gray": "gray"}
PANELS = (
    ("obtained", "obtained", ("model", "rival")),
    ("ciede2000", "CIEDE2000 to the true\ncolors at the target", ("model", "rival", "gray")),
    ("hue_spread", "spread of hues", ("model", "rival")),
)


def obedience(measured: dict, deviations: dict | None = None) -> Figure:
    """One row of panels for each control.

    measured: control -> targets with their rows, as `colorlib.evaluation.obedience.measure_obedience` gives it.
    deviations: the like with the spread over seeds in place of each number, drawn as bars.
    """
    figure, axes = plt.subplots(
        len(measured), len(PANELS), figsize=(10.2, 2.75 * len(measured) + 0.45), squeeze=False, layout="constrained"
    )
    plt.close(figure)
    for (name, rows), panels in zip(measured.items(), axes, strict=True):
        control, targets = CONTROLS[name], [row["target"] for row in rows]
        for (figure_name, title, shown), axis in zip(PANELS, panels, strict=True):
            for kind in shown:
                values = [row[kind][figure_name] for row in rows]
                if figure_name == "obtained" and control.is_angle:  # drawn where it is nearest to its target
                    half = (control.high - control.low) / 2
                    pairs = zip(targets, values, strict=True)
                    values = [t + ((value - t + half) % (2 * half) - half) for t, value in pairs]
                bars = [row[kind][figure_name] for row in deviations[name]] if deviations else None
                axis.errorbar(
                    *(targets, values, bars),
                    **{
                        "color": ROW_COLORS[kind],
                        "marker": "o",
                        "markersize": 3.5,
                        "capsize": 2,
                        "label": LABELS[kind],
                    },
                )
            if figure_name == "obtained":
                axis.plot(targets, targets, color="0.6", linestyle=":", zorder=0)
            axis.set(xlabel=f"{name} asked for", ylabel=title)
            if figure_name == "hue_spread":
                axis.set_ylim(0, None)
            axis.grid(alpha=0.3)
    figure.legend(*axes[0, 1].get_legend_handles_labels(), loc="outside upper center", ncols=3, frameon=False)
    return figure
