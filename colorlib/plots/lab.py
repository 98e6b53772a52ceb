"""The diagrams of lesson 1: two curves, Lab's axes, one pixel's way, where photos lie, and the border of the gamut.

What a student has computed comes in as an argument; what only has to be drawn is computed here.
"""

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from mpl_toolkits.mplot3d.art3d import Poly3DCollection
from torch import Tensor

from colorlib import color
from colorlib.plots.figures import to_pixels
from colorlib.plots.gallery import patches

REACH = 110  # a and b of the planes go from -REACH to REACH
PAPER = 0.93  # the gray of what a screen can't show


def plane(lightness: float, step: float = 1.0) -> Tensor:
    """Lab at one lightness, a to the right and b upwards: `(1, 3, N, N)`, a and b from -110 to 110."""
    values = torch.arange(-REACH, REACH + step / 2, step)
    b, a = torch.meshgrid(values, values, indexing="ij")
    return torch.stack([torch.full_like(a, lightness), a, b])[None]


def _shown(lab: Tensor) -> np.ndarray:
    """A plane's colors as pixels `(N, N, 3)`, in [0, 1]; light gray where a screen has none."""
    linear = color.lab_to_linear_rgb(lab)
    inside = ((linear - 0.5).abs() <= color.GAMUT_REACH).all(dim=1, keepdim=True)
    return torch.where(inside, color.lab_to_rgb(lab), PAPER)[0].permute(1, 2, 0).numpy()


def _cross(axis, **labels) -> None:
    """A plane of a and b: the lines where either is 0, and ticks."""
    axis.axhline(0, color="black", lw=0.5)
    axis.axvline(0, color="black", lw=0.5)
    axis.set(xticks=[-100, 0, 100], yticks=[-100, 0, 100], **labels)


def _surface(n: int = 24) -> tuple[np.ndarray, np.ndarray]:
    """The six sides of the RGB cube as tiles in Lab: corners (a, b, L) `(6 n n, 4, 3)`, and their sRGB."""
    edges = np.linspace(0, 1, n + 1)
    u, v = np.meshgrid(edges, edges, indexing="ij")
    tiles, paints = [], []
    for channel in range(3):
        for end in (0.0, 1.0):
            side = np.insert(np.stack([u, v]), channel, end, axis=0)  # (3, n + 1, n + 1) sRGB
            lightness, a, b = color.rgb_to_lab(torch.from_numpy(side)[None])[0].numpy()
            corners = np.stack([a, b, lightness], axis=-1)
            tiles.append(np.stack([corners[:-1, :-1], corners[1:, :-1], corners[1:, 1:], corners[:-1, 1:]], axis=2))
            paints.append((side[:, :-1, :-1] + side[:, 1:, 1:]) / 2)
    paints = np.stack(paints).transpose(0, 2, 3, 1)
    return np.stack(tiles).reshape(-1, 4, 3), paints.reshape(-1, 3)


def axes() -> Figure:
    """Lab's three axes: left the solid of all colors of a screen, right the plane of a and b at L = 65."""
    figure = plt.figure(figsize=(9.6, 4.4))
    solid = figure.add_axes((-0.02, -0.06, 0.56, 1.1), projection="3d", computed_zorder=False)
    tiles, paints = _surface()
    solid.add_collection3d(Poly3DCollection(tiles, facecolors=paints, edgecolors="none", alpha=0.45, zorder=1))
    for step in range(25):  # the gray axis, on top of the solid that hides it
        ends, gray = (
            (4 * step, 4 * step + 4),
            float(color.lab_to_rgb(torch.tensor([[4.0 * step + 2, 0, 0]]).view(1, 3, 1, 1))[0, 0]),
        )
        solid.plot((0, 0), (0, 0), ends, color=(gray,) * 3, lw=6, zorder=3)
    lines = {"+a": (150, 0, 0), "−a": (-150, 0, 0), "+b": (0, 165, 0), "−b": (0, -150, 0), "L": (0, 0, 112)}
    for text, end in lines.items():
        solid.plot(*zip((0, 0, 0), end, strict=True), color="black", lw=1.2, zorder=2)
        solid.text(*(1.1 * value for value in end), text, ha="center", va="center", fontsize=12, weight="bold")
    for text, place in {"0": (12, -12, 0), "100": (12, -12, 100)}.items():
        solid.text(*place, text, ha="center", va="center", fontsize=9)
    solid.set(xlim=(-100, 100), ylim=(-100, 100), zlim=(0, 100))
    solid.view_init(elev=26, azim=-38)
    solid.set_axis_off()
    figure.text(0.25, 0.965, "all colors of a screen", ha="center", va="center", fontsize=12)

    flat = figure.add_axes((0.585, 0.13, 0.37, 0.76))
    flat.imshow(_shown(plane(65)), origin="lower", extent=(-REACH, REACH, -REACH, REACH))
    _cross(flat, title="the slice at L = 65")
    flat.set_xlabel("a:  green  ←   →  red")
    flat.set_ylabel("b:  blue  ←   →  yellow")
    tip = (42, 42)
    flat.annotate(
        "", tip, (0, 0), arrowprops={"arrowstyle": "-|>", "lw": 2, "color": "black", "shrinkA": 0, "shrinkB": 0}
    )
    flat.text(10, 30, "chroma", rotation=45, ha="center", va="center", fontsize=10)
    angle = np.linspace(0, np.pi / 4, 30)
    flat.plot(24 * np.cos(angle), 24 * np.sin(angle), color="black", lw=1.2)
    flat.text(28, 9, "hue", fontsize=10, va="center")
    flat.text(-6, -6, "gray", fontsize=10, ha="right", va="top")
    plt.close(figure)
    return figure


def two_curves(to_light, f) -> Figure:
    """The screen's curve (number to light) and the eye's (light to lightness), each with one pair of numbers marked.

    to_light: sRGB in [0, 1] to light; f: light to the root that lightness is made of; the student's, on any tensor.
    """
    steps = torch.linspace(0, 1, 401)
    half = float(to_light(torch.tensor([0.5])))
    middle = float(steps[(116 * f(steps) - 16 - 50).abs().argmin()])
    figure, (screen, eye) = plt.subplots(1, 2, figsize=(9.0, 3.1), layout="constrained")
    for axis, heights, x, y, top in (
        (screen, to_light(steps), 0.5, half, 1),
        (eye, 116 * f(steps) - 16, middle, 50, 100),
    ):
        axis.plot((0, 1), (0, top), color="0.7", lw=1, ls="--")
        axis.plot(steps, heights, color="tab:blue", lw=2.5)
        axis.plot((x, x, 0), (0, y, y), color="black", lw=1, ls=":")
        axis.plot(x, y, "o", color="black", ms=6)
        axis.set(xlim=(0, 1), ylim=(0, top))
    screen.set(title="the screen: from the number to its light", xlabel="the number in the file", ylabel="light")
    screen.text(0.53, half - 0.02, f"0.5: {100 * half:.0f} % of the light", va="top", fontsize=10)
    eye.set(title="the eye: from light to lightness", xlabel="light (luminance Y)", ylabel="lightness L")
    eye.text(middle + 0.03, 46, f"{100 * middle:.0f} % of the light: L = 50", va="top", fontsize=10)
    plt.close(figure)
    return figure


def gray_patches(swatch: dict, means: Tensor, lights: Tensor) -> Figure:
    """Patches of color, the gray of their mean and the gray of their lightness.

    swatch: name -> sRGB of three numbers; means `(N,)` in [0, 1] and lights `(N,)`, L in [0, 100]: the student's.
    """
    grays = color.lab_to_rgb(torch.stack([lights, 0 * lights, 0 * lights])[None, :, None].cpu())[0, :, 0].T
    rows = {"the color": [(rgb, name) for name, rgb in swatch.items()]}
    rows["mean of R, G, B"] = [([float(mean)] * 3, f"{mean:.2f}") for mean in means]
    rows["lightness"] = [(gray.tolist(), f"L = {light:.0f}") for gray, light in zip(grays, lights, strict=True)]
    return patches(rows)


def stations(numbers: list) -> Figure:
    """One pixel on its way from RGB to Lab: RGB, light, fractions of white, f of them, and Lab, three numbers each."""
    names = (
        "R\nG\nB",
        "R light\nG light\nB light",
        "X / Xn\nY / Yn\nZ / Zn",
        "f(X / Xn)\nf(Y / Yn)\nf(Z / Zn)",
        "L\na\nb",
    )
    acts = (
        "undo the\nscreen's curve",
        "mix, divide\nby white",
        "the eye's\ncurve f",
        "116 y − 16\n500 (x − y)\n200 (y − z)",
    )
    figure, axis = plt.subplots(figsize=(9.6, 1.9))
    for place, (name, values) in enumerate(zip(names, numbers, strict=True)):
        left = 2 * place
        axis.add_patch(plt.Rectangle((left - 0.07, 0.02), 1.22, 0.14, facecolor=numbers[0], edgecolor="none"))
        axis.add_patch(plt.Rectangle((left - 0.07, 0.16), 1.22, 0.82, facecolor="white", edgecolor="0.4"))
        digits = 1 if place == 4 else 2
        text = "\n".join(f"{value:.{digits}f}" for value in values)
        axis.text(left, 0.57, name, ha="left", va="center", fontsize=9, color="0.35", linespacing=1.7)
        axis.text(left + 1.1, 0.57, text, ha="right", va="center", fontsize=10, linespacing=1.55, weight="bold")
        if place < 4:
            axis.annotate("", (left + 1.91, 0.5), (left + 1.17, 0.5), arrowprops={"arrowstyle": "-|>", "color": "0.3"})
            axis.text(left + 1.54, 0.56, acts[place], ha="center", va="bottom", fontsize=7.5)
    axis.set(xlim=(-0.1, 9.2), ylim=(0, 1))
    axis.set_axis_off()
    figure.subplots_adjust(0, 0, 1, 1)
    plt.close(figure)
    return figure


def crowd(ab: Tensor, share: Tensor) -> Figure:
    """Where the pixels of photos lie in the plane of a and b, and how their a and their b are distributed.

    ab: centers of bins `(Q, 2)`, ten units apart; share: of all pixels, in each bin `(Q,)`, with the sum 1.
    """
    ab, share = ab.cpu(), share.cpu()
    figure, (flat, *sides) = plt.subplots(1, 3, figsize=(9.6, 3.3), layout="constrained", width_ratios=(1.1, 1, 1))
    flat.imshow(_shown(plane(65)), origin="lower", extent=(-REACH, REACH, -REACH, REACH), alpha=0.35)
    flat.scatter(*ab.T.numpy(), s=1500 * share.numpy(), color="black", linewidths=0)
    _cross(flat, title="area: how many pixels", xlabel="a", ylabel="b")
    values = torch.arange(-100.0, 101.0, 10.0)
    for place, (name, axis) in enumerate(zip("ab", sides, strict=True)):
        heights = [float(100 * share[ab[:, place] == value].sum()) for value in values]
        lab = torch.zeros(1, 3, 1, len(values))
        lab[:, 0], lab[:, 1 + place] = 65, values
        paints = color.join_lightness(lab[:, :1], lab[:, 1:])[0, :, 0].T.numpy()
        axis.bar(values.numpy(), heights, width=9, color=paints, edgecolor="0.3", linewidth=0.4)
        axis.set(title=f"{name} of photos", xlabel=name, xticks=[-100, -50, 0, 50, 100])
    sides[0].set_ylabel("% of all pixels")
    plt.close(figure)
    return figure


def way_home(wish, home, pictures: dict) -> Figure:
    """A color that no screen shows, the way towards gray until the border, and pictures beside.

    wish: Lab, three numbers, and home: the same with the chroma that a screen can show, the student's.
    pictures: title -> `(1, 3, H, W)` in [0, 1], two of them, square.
    """
    hue = np.arctan2(wish[2], wish[1])
    levels, chromas = torch.meshgrid(torch.arange(0, 100.5, 0.5), torch.arange(0, 110.5, 0.5), indexing="ij")
    upright = torch.stack([levels, chromas * np.cos(hue), chromas * np.sin(hue)])[None]
    figure = plt.figure(figsize=(9.6, 3.3))
    side = figure.add_axes((0.06, 0.15, 0.3, 0.75))
    side.imshow(_shown(upright), origin="lower", extent=(0, 110, 0, 100), aspect="auto")
    side.set(title="one hue: orange", xlabel="chroma", ylabel="L", yticks=[0, 50, 100])
    star, end = np.hypot(*wish[1:]), np.hypot(*home[1:])
    side.plot((0, star), (wish[0], wish[0]), color="black", lw=1, ls=":")
    side.plot(star, wish[0], marker="*", ms=15, color="black", ls="none")
    arrow = {"arrowstyle": "-|>", "lw": 2.2, "shrinkA": 8, "shrinkB": 0, "color": "black"}
    side.annotate("", (end, wish[0]), (star, wish[0]), arrowprops=arrow)
    side.text(star, wish[0] + 4, "asked", ha="center", va="bottom", fontsize=10)
    side.text(end, wish[0] + 4, "shown", ha="center", va="bottom", fontsize=10)
    side.text(74, 14, "no screen\nshows these", ha="center", va="center", fontsize=10, color="0.35")
    for place, (title, picture) in enumerate(pictures.items()):
        axis = figure.add_axes((0.4 + 0.305 * place, 0.02, 0.295, 0.88))
        axis.imshow(to_pixels(picture)[0])
        axis.set_title(title, fontsize=11)
        axis.set_axis_off()
    plt.close(figure)
    return figure
