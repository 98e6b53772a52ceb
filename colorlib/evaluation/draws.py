"""How a generator that draws is measured: by several colorizations of one picture, not by one.

A generator with noise (*church*) or dropout may know that a car can be red or blue, and paint one of the two. Measured
by one draw, it is punished for every red car that was blue. So beside the mean error of its draws stand the error of
each picture's best one, and how much they differ: where the draws hardly differ, the generator ignores its noise.
"""

import torch
from torch import Tensor

from colorlib.color import join_lightness, lightness_of
from colorlib.colorizer import Colorizer
from colorlib.evaluation.examiners import Answers

COUNT = 8  # draws of each picture: the headings of the metrics name it
AT_MOST = 512  # pictures, evenly taken


class Draws:
    """An examiner (`colorlib.evaluation.examiners`) of a colorizer's draws. pictures: how many it will be shown in all.

    The draws follow from the pictures' numbers: measured again they are the same.
    """

    def __init__(self, colorizer: Colorizer, pictures: int):
        self.colorizer, self.stride = colorizer, -(-pictures // AT_MOST)
        self.shown = self.count = 0
        self.sums = torch.zeros(3, dtype=torch.float64)

    def look(self, answers: Answers) -> None:
        true = answers["true"]
        chosen = [i for i in range(len(true)) if (self.shown + i) % self.stride == 0]
        if chosen:
            mae, spread = self.draw(true[chosen])
            self.sums += torch.stack([mae.mean(dim=0), mae.amin(dim=0), spread]).double().sum(dim=1).cpu()
        self.shown, self.count = self.shown + len(true), self.count + len(chosen)

    def draw(self, true: Tensor) -> tuple[Tensor, Tensor]:
        """MAE of each draw of pictures `(B, 3, S, S)`, in percent of the range: `(COUNT, B)`. And how far the draws are
        from their mean, in the plane of a and b: the root of the mean square over draws and pixels, `(B,)`.
        """
        lightness = lightness_of(true.float())
        with torch.random.fork_rng():
            torch.manual_seed(self.shown)
            ab = torch.stack([self.colorizer.predict_ab(true, draw=True) for _ in range(COUNT)])
        rgb = [join_lightness(lightness, one) for one in ab]
        mae = torch.stack([(one - true).abs().mean(dim=(1, 2, 3)) * 100 for one in rgb])
        spread = ab.var(dim=0, correction=0).sum(dim=1).mean(dim=(1, 2)).sqrt()
        return mae, spread

    def figures(self) -> dict[str, dict[str, float]]:
        mean, best, spread = (self.sums / self.count).tolist()
        return {"model": {"draws_mae_percent": mean, "best_draw_mae_percent": best, "draws_spread": spread}}
