"""Pictures of lesson 1 that take color apart: a photo's channels, a word that only color shows, a guess beside gray.

What a student has computed comes in as an argument; what only has to be drawn is computed here.
"""

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from colorlib import color
from colorlib.plots.figures import to_pixels


def channels(rgb: Tensor, lab: Tensor, reach: float = 80.0) -> Figure:
    """A photo, and beside it its R, G, B as gray pictures; below them its L, and its a and b at the lightness 65.

    rgb: `(1, 3, H, W)` in [0, 1], square; lab: the same picture in Lab. reach: of the color bars of a and b.
    """
    rgb, lab, ramp = rgb.cpu(), lab.cpu(), torch.linspace(0, 1, 200).view(1, 1, 1, -1)
    flat, none = torch.full_like(lab[:, :1], 65), torch.zeros_like(lab[:, :1])
    span, light, zero = reach * (2 * ramp - 1), torch.full_like(ramp, 65), torch.zeros_like(ramp)
    figure = plt.figure(figsize=(9.6, 4.85))

    def put(picture, box, title):
        axis = figure.add_axes(box)
        axis.imshow(to_pixels(picture)[0], aspect="auto")
        axis.set_title(title, fontsize=12, pad=4)
        axis.set_axis_off()

    put(rgb, (0, 0.235, 0.3, 0.594), "the photo")
    for place, name in enumerate(("red", "green", "blue")):
        put(rgb[:, place : place + 1], (0.345 + 0.22 * place, 0.535, 0.21, 0.415), name)
    lower = {"L": join_gray(lab[:, :1]), "a": color.join_lightness(flat, torch.cat([lab[:, 1:2], none], 1))}
    lower["b"] = color.join_lightness(flat, torch.cat([none, lab[:, 2:]], 1))
    bars = [join_gray(100 * ramp), color.join_lightness(light, torch.cat([span, zero], 1))]
    bars.append(color.join_lightness(light, torch.cat([zero, span], 1)))
    for place, ((name, picture), bar) in enumerate(zip(lower.items(), bars, strict=True)):
        put(picture, (0.345 + 0.22 * place, 0.075, 0.21, 0.4), name)
        ends = (0, 100) if name == "L" else (-reach, reach)
        axis = figure.add_axes((0.36 + 0.22 * place, 0.045, 0.18, 0.022))
        axis.imshow(to_pixels(bar)[0], aspect="auto", extent=(*ends, 0, 1))
        axis.set(yticks=[], xticks=[ends[0], sum(ends) / 2, ends[1]])
        axis.tick_params(labelsize=8, length=2, pad=1)
    plt.close(figure)
    return figure


def join_gray(lightness: Tensor) -> Tensor:
    """The gray picture of a lightness: L `(1, 1, H, W)` in [0, 100] to sRGB `(1, 3, H, W)` in [0, 1]."""
    return color.join_lightness(lightness, torch.zeros_like(lightness).repeat(1, 2, 1, 1))


def verdict(gain: Tensor, reach: float = 20.0) -> Tensor:
    """By how much a guess is nearer to the truth than gray, as a picture: blue for nearer, red for farther.

    gain: CIEDE2000 of gray less that of the guess, `(1, H, W)`; to sRGB `(1, 3, H, W)`.
    """
    strength = (gain.cpu() / reach).clamp(-1, 1)[:, None]
    blue, red = torch.tensor([0.1, 0.35, 0.75]), torch.tensor([0.8, 0.1, 0.1])
    paint = torch.where(strength > 0, blue.view(1, 3, 1, 1), red.view(1, 3, 1, 1))
    return 0.96 + strength.abs() * (paint - 0.96)


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
