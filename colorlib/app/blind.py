"""A blind test in a notebook: pairs of a true and a colorized picture, and the question which one is real (lesson 7).

    from colorlib.app.blind import which_is_real
    which_is_real(true, colorized)

It is made of what ipywidgets 7.7 (Colab's) and 8 have in common, and imports it when it is called. The answers are
counted as Zhang et al. (2016) count them: the fooling rate is how often the colorized picture was taken for the real
one. Who can't tell them apart is fooled half of the time.
"""

import io
import math

import torch
from PIL import Image
from torch import Tensor

from colorlib.errors import ConfigError
from colorlib.plots import to_pixels

SHOWN_SIDE = 224  # pixels: of each picture as it is shown
SURE = 1.96  # standard errors to both sides of 95 %


def sides(count: int, seed: int = 0) -> str:
    """Where the true picture of each pair stands: as "LRRL", the same for the same seed."""
    draw = torch.rand(count, generator=torch.Generator().manual_seed(seed))
    return "".join("L" if one < 0.5 else "R" for one in draw.tolist())


def fooling_rate(wrong: int, count: int) -> tuple[float, float, float]:
    """The share of answers that were wrong, and the interval of Wilson (1927) for it, 95 %; all in [0, 1]."""
    if not 0 <= wrong <= count or not count:
        raise ValueError(f"{wrong} of {count} answers can't be wrong")
    rate, extra = wrong / count, SURE**2 / count
    middle = (rate + extra / 2) / (1 + extra)
    reach = SURE * math.sqrt(rate * (1 - rate) / count + extra / (4 * count)) / (1 + extra)
    return rate, max(middle - reach, 0.0), min(middle + reach, 1.0)


def which_is_real(true: Tensor, colorized: Tensor, seed: int = 0) -> "BlindTest":
    """A blind test of pairs, to be the last line of a notebook's cell.

    true, colorized: sRGB `(N, 3, H, W)` in [0, 1], of the same lightness. seed: of the sides and of the order. Raises
    `ConfigError` without pictures, for batches of two sizes, or without ipywidgets.
    """
    if true.shape != colorized.shape or not len(true):
        sizes = f"{tuple(true.shape)} and {tuple(colorized.shape)}"
        raise ConfigError(f"true and colorized pictures must be two like batches; got {sizes}")
    return BlindTest(true, colorized, seed)


def enlarged(picture: Tensor) -> bytes:
    """A picture `(3, H, W)` in [0, 1] as it goes to the notebook's page."""
    image = Image.fromarray(to_pixels(picture[None])[0])
    long = max(image.size)
    image = image.resize([round(side * SHOWN_SIDE / long) for side in image.size], Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


class BlindTest:
    """The widgets, and what happens when one is clicked; `which_is_real` makes it.

    left, right: the buttons. pictures: the two that are shown. said: how it stands. answered, wrong: counts so far.
    """

    def __init__(self, true: Tensor, colorized: Tensor, seed: int):
        try:
            import ipywidgets as widgets
        except ImportError:
            raise ConfigError("the blind test needs ipywidgets, which isn't here; pip install ipywidgets") from None
        self.true, self.colorized, self.sides = true, colorized, sides(len(true), seed)
        self.order = torch.randperm(len(true), generator=torch.Generator().manual_seed(seed)).tolist()
        self.answered = self.wrong = 0
        self.pictures = [widgets.Image(format="png"), widgets.Image(format="png")]
        self.left, self.right = (widgets.Button(description=f"the {side} one is real") for side in ("left", "right"))
        self.said = widgets.HTML()
        columns = [widgets.VBox(pair) for pair in zip(self.pictures, (self.left, self.right), strict=True)]
        self.box = widgets.VBox([widgets.HBox(columns), self.said])
        self.left.on_click(lambda button: self.answer("L"))
        self.right.on_click(lambda button: self.answer("R"))
        self.show()

    def show(self) -> None:
        """The next pair; behind the last one the result stays."""
        if self.answered < len(self.order):
            pair, number = self.order[self.answered], self.answered
            both = self.true[pair], self.colorized[pair]
            for place, picture in zip(self.pictures, both if self.sides[number] == "L" else both[::-1], strict=True):
                place.value = enlarged(picture)
        else:
            self.left.disabled = self.right.disabled = True
        self.said.value = self.standing()

    def answer(self, side: str) -> None:
        """Count an answer, "L" or "R", and go on."""
        if self.answered < len(self.order):
            self.wrong += side != self.sides[self.answered]
            self.answered += 1
            self.show()

    def standing(self) -> str:
        """How it stands, in a line; whether an answer was right is not said, so that nobody learns from it."""
        if not self.answered:
            return f"{len(self.order)} pairs. Which picture is real?"
        if self.answered < len(self.order):
            return f"pair {self.answered + 1} of {len(self.order)}"
        rate, low, high = fooling_rate(self.wrong, self.answered)
        return (
            f"You were fooled in {self.wrong} of {self.answered} pairs: a fooling rate of {rate:.0%}, its 95 % "
            f"interval goes from {low:.0%} to {high:.0%}. Guessing gives 50 %."
        )

    def _ipython_display_(self) -> None:
        from IPython.display import display

        display(self.box)
