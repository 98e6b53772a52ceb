"""Two pictures of lesson 1 that take color apart: a photo into L, a and b, and a word that only color shows.

What a student has computed comes in as an argument; what only has to be drawn is computed here.
"""

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from colorlib import color
from colorlib.plots.figures import to_pixels


def apart(rgb: Tensor, lab: Tensor, reach: float = 80.0) -> Figure:
    """A photo, its L as a gray picture, and its a and b each alone at the lightness 65, with their color bars.

    rgb: `(1, 3, H, W)` in [0, 1]; lab: the same picture in Lab, the student's. reach: of the bars of a and b.
    """
    lab, ramp = lab.cpu(), torch.linspace(0, 1, 200).view(1, 1, 1, -1)
    zero, light = torch.zeros_like(ramp), torch.full_like(ramp, 65)
    span = reach * (2 * ramp - 1)
    flat = torch.full_like(lab[:, :1], 65)
    panels = {"the photo": (rgb, None, ())}
    panels["L"] = (color.join_lightness(lab[:, :1], 0 * lab[:, 1:]), torch.cat([100 * ramp, zero, zero], 1), (0, 100))
    alone = [torch.cat([lab[:, 1:2], 0 * flat], 1), torch.cat([0 * flat, lab[:, 2:]], 1)]
    bars = [torch.cat([light, span, zero], 1), torch.cat([light, zero, span], 1)]
    for name, ab, bar in zip("ab", alone, bars, strict=True):
        panels[name] = (color.join_lightness(flat, ab), bar, (-reach, reach))
    figure = plt.figure(figsize=(9.0, 2.95))
    for place, (name, (picture, bar, ends)) in enumerate(panels.items()):
        axis = figure.add_axes((0.25 * place, 0.17, 0.244, 0.745))
        axis.imshow(to_pixels(picture)[0], aspect="auto")
        axis.set_title(name, fontsize=12, pad=4)
        axis.set_axis_off()
        if bar is not None:
            axis = figure.add_axes((0.25 * place + 0.02, 0.105, 0.2, 0.04))
            axis.imshow(
                to_pixels(color.join_lightness(*bar.split([1, 2], dim=1)))[0], aspect="auto", extent=(*ends, 0, 1)
            )
            axis.set(yticks=[], xticks=[ends[0], sum(ends) / 2, ends[1]])
            axis.tick_params(labelsize=9, length=2)
    plt.close(figure)
    return figure


def plate(one, two, lightness, word: str = "Lab") -> Figure:
    """Dots of two colors that hide a word: in color, and in the gray of each color's lightness.

    one, two: sRGB of three numbers in [0, 1]. lightness: the student's, from sRGB `(B, 3, H, W)` to L `(B, 1, H, W)`.
    """
    pair = torch.tensor([one, two], dtype=torch.float32).T.reshape(1, 3, 1, 2)
    lights = lightness(pair).flatten().tolist()
    gray = color.lab_to_rgb(torch.tensor([[light, 0, 0] for light in lights]).T.reshape(1, 3, 1, 2))
    side = np.random.default_rng(0)
    x, y = np.meshgrid(np.arange(46), np.arange(20))
    x = x + 0.5 * (y % 2) + side.uniform(-0.15, 0.15, x.shape)
    sizes = side.uniform(0.3, 0.47, x.shape)
    letters, paper = plt.subplots(figsize=(4.6, 2.0), dpi=20)
    paper.set_position((0, 0, 1, 1))
    paper.set_axis_off()
    paper.text(0.5, 0.45, word, fontsize=104, weight="bold", ha="center", va="center")
    letters.canvas.draw()
    ink = np.asarray(letters.canvas.buffer_rgba())[::-1, :, 0] < 128
    plt.close(letters)
    figure, panels = plt.subplots(1, 2, figsize=(9.6, 2.45), layout="constrained")
    for axis, paints, title in zip(panels, (pair, gray), ("in color", "in gray: L alone"), strict=True):
        paints = paints[0, :, 0].T.clamp(0, 1).numpy()
        for across, up, size in zip(x.flat, y.flat, sizes.flat, strict=True):
            row, column = (
                min(int(2 * place + 1), most - 1) for place, most in zip((up, across), ink.shape, strict=True)
            )
            axis.add_patch(plt.Circle((across, up), size, color=paints[1 - int(ink[row, column])], antialiased=False))
        axis.set(xlim=(-0.6, 46.6), ylim=(-0.7, 19.7), aspect="equal", title=title)
        axis.set_axis_off()
    plt.close(figure)
    return figure
