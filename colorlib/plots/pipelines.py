"""The course's one line as a picture; every lesson marks in it the station that it is about."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure

from colorlib import color, photos
from colorlib.plots.figures import to_pixels

STATIONS = ("photo", "split", "generator", "join", "loss")


def pipeline(*station: str) -> Figure:
    """The course's one line as a picture: photo, split, generator, join, photo; and the loss that compares.

    station: what to mark, from `STATIONS`; several may be given.
    """
    unknown = set(station) - set(STATIONS)
    if unknown:
        raise ValueError(f"no station {', '.join(sorted(unknown))}; choose from {', '.join(STATIONS)}")
    photo = photos.square(photos.read_rgb(photos.bundled_photos()[0]), 96).copy()
    lab = color.rgb_to_lab(torch.from_numpy(photo).permute(2, 0, 1)[None] / 255)
    gray, ab = lab[:, :1], lab[:, 1:]
    guess = torch.nn.functional.interpolate(ab[..., ::12, ::12], size=96, mode="bilinear") * 0.7

    def picture(lightness, ab):
        return to_pixels(color.join_lightness(lightness, ab))[0]

    figure, axis = plt.subplots(figsize=(9.2, 3.1))
    axis.set(xlim=(0, 12), ylim=(-0.05, 4), aspect="equal")
    axis.set_axis_off()
    ink, today = "0.35", "#d95f02"

    def thumb(x, y, image, label, marked=False):
        axis.imshow(image, extent=(x - 0.65, x + 0.65, y - 0.65, y + 0.65), zorder=2)
        edge = {"edgecolor": today if marked else ink, "linewidth": 3 if marked else 0.8}
        axis.add_patch(plt.Rectangle((x - 0.65, y - 0.65), 1.3, 1.3, fill=False, zorder=3, **edge))
        axis.text(x, y - 0.75, label, ha="center", va="top", fontsize=9)

    def box(x, y, label):
        marked = label in station
        face, text = (today, "white") if marked else ("white", "black")
        style = {"boxstyle": "round,pad=0.5", "facecolor": face, "edgecolor": today if marked else ink}
        weight = "bold" if marked else "normal"
        axis.text(x, y, label, ha="center", va="center", color=text, weight=weight, bbox=style, zorder=3)

    def arrow(start, end, **style):
        line = {"arrowstyle": "-|>", "color": ink, "shrinkA": 0, "shrinkB": 0} | style
        axis.annotate("", end, start, arrowprops=line, zorder=1)

    flat = torch.full_like(gray, 65.0)
    thumb(0.8, 2.0, photo, "photo", "photo" in station)
    thumb(4.0, 3.0, picture(gray, 0 * ab), "gray")
    thumb(4.0, 0.9, picture(flat, ab), "true color")
    thumb(8.0, 3.0, picture(flat, guess), "")
    axis.text(8.72, 2.2, "predicted\ncolor", fontsize=9, va="center")
    thumb(11.2, 3.0, picture(gray, guess), "colorized")
    box(2.3, 2.0, "split")
    box(6.0, 3.0, "generator")
    box(9.75, 3.0, "join")
    box(8.0, 0.9, "loss")
    arrow((1.45, 2.0), (1.97, 2.0))
    arrow((2.62, 2.22), (3.33, 2.9))
    arrow((2.62, 1.78), (3.33, 1.0))
    for left, right in ((4.65, 5.38), (6.62, 7.33), (8.65, 9.42), (10.08, 10.53)):
        arrow((left, 3.0), (right, 3.0))
    arrow((4.3, 3.65), (9.6, 3.35), connectionstyle="arc3,rad=-0.13")  # gray also goes around the generator
    arrow((4.65, 0.9), (7.68, 0.9))
    arrow((8.0, 2.35), (8.0, 1.12))
    arrow((7.68, 1.1), (6.0, 2.76), linestyle="--", connectionstyle="arc3,rad=-0.2")
    axis.text(5.95, 1.5, "gradient", fontsize=9, ha="center", style="italic", color=ink)
    figure.subplots_adjust(0, 0, 1, 1)
    plt.close(figure)
    return figure
