"""The checkers of lesson 1: a word that vanishes in gray; another photo's colors; a photo painted from a few dots.

The questions are asked on the device that the notebook computes on, and the answers may be of any float type.
"""

import torch
from torch import Tensor

from colorlib import color, photos
from colorlib.checks import Mistake, NotDone, done, exercise
from colorlib.color.difference import ciede2000
from colorlib.engine import choose_device


def _tensor(value, name: str, shape: tuple) -> Tensor:
    """The value, if it is a finite tensor of this shape."""
    if not isinstance(done(value), Tensor):
        raise Mistake(f"{name} must be a tensor, got {type(value).__name__}")
    if tuple(value.shape) != shape:
        raise Mistake(f"{name} has the shape {tuple(value.shape)}; expected {shape}")
    if not value.isfinite().all():
        raise Mistake(f"{name} holds values that are not finite (NaN or infinite)")
    return value.detach().cpu().float()


# ---------------------------------------------------------------- exercise 1

SAME_L, OTHER_COLOR = 0.5, 15.0  # L may differ by the first; CIEDE2000 must be the second or more


def _weighted(pair: Tensor, weights: tuple) -> float:
    """By how much a weighted sum of R, G and B differs: pair `(2, 3)`."""
    return float(((pair[0] - pair[1]) * torch.tensor(weights)).sum().abs())


def _numbers(pair) -> Tensor | None:
    """Two colors of three numbers each as `(2, 3)`; None for anything else."""
    try:
        pair = [[float(number) for number in done(one)] for one in pair]
    except (TypeError, ValueError, RuntimeError):  # as a number out of a tensor with several
        return None
    return torch.tensor(pair) if [len(one) for one in pair] == [3, 3] else None


def are_two_colors(pair) -> bool:
    """Whether this can be drawn as two colors, right or wrong as an answer."""
    try:
        numbers = _numbers(pair)
    except NotDone:
        return False
    return numbers is not None and bool(numbers.isfinite().all())


@exercise
def two_colors(pair):
    """`two_colors`: two sRGB colors of three numbers in [0, 1], of the same L."""
    pair = _numbers(pair)
    if pair is None:
        raise Mistake("expected two colors of three numbers each: ((red, green, blue), (red, green, blue))")
    if not pair.isfinite().all() or pair.min() < 0 or pair.max() > 1:
        raise Mistake("each number must lie in [0, 1], as everywhere in this lesson (not 0 to 255)")
    one, other = color.rgb_to_lab(pair.view(2, 3, 1, 1)).split(1)
    lights = (float(one[0, 0]), float(other[0, 0]))
    gap, apart = abs(lights[0] - lights[1]), float(ciede2000(one, other))
    if gap > SAME_L:
        words = f"in gray the word can still be seen: L is {lights[0]:.1f} and {lights[1]:.1f}"
        if _weighted(pair, (1 / 3, 1 / 3, 1 / 3)) < 0.01:
            raise Mistake(words + ". Their mean of R, G and B is the same, but the eye doesn't count the lamps alike")
        if _weighted(pair, color.RGB_TO_XYZ[1]) < 0.01:
            raise Mistake(words + ". The weights are right, but undo the screen's curve (to_light) before you weigh")
        half = "" if apart < OTHER_COLOR else "half done: the colors differ enough, but "
        raise Mistake(f"{half}{words}; at most {SAME_L} apart is asked")
    if apart < OTHER_COLOR:
        raise Mistake(
            f"half done: L is the same, but the colors are too much alike (their color difference is {apart:.1f}; "
            f"{OTHER_COLOR:.0f} or more is asked)"
        )
    return f"their color difference is {apart:.0f}, and L differs by {gap:.1f} of 100: in gray the word is gone"


# ---------------------------------------------------------------- exercise 2


def _photo(number: int) -> Tensor:
    """A bundled photo, `(1, 3, 64, 64)` in [0, 1]."""
    pixels = photos.square(photos.read_rgb(photos.bundled_photos()[number]), 64).copy()
    return torch.from_numpy(pixels).permute(2, 0, 1)[None] / 255


def _alike(one: Tensor, other: Tensor) -> float:
    """The correlation of two channels: -1 to 1."""
    one, other = one.flatten() - one.mean(), other.flatten() - other.mean()
    return float(torch.nn.functional.cosine_similarity(one, other, dim=0))


def _by_variance(rgb: Tensor, other: Tensor, mine: Tensor) -> bool:
    """Whether the answer is what comes out with the variance in place of the spread, once or twice."""
    (lightness, ab), goal = color.rgb_to_lab(rgb).split([1, 2], dim=1), color.rgb_to_lab(other)[:, 1:]
    even = ab - ab.mean(dim=(2, 3), keepdim=True)
    spreads = [x.std(dim=(2, 3), keepdim=True) for x in (ab, goal)]
    gaps = []
    for down, up in ((2, 2), (2, 1), (1, 2), (1, None)):  # the last: one color everywhere
        factor = 0 if up is None else spreads[1] ** up / spreads[0] ** down
        found = color.join_lightness(lightness, factor * even + goal.mean(dim=(2, 3), keepdim=True))
        gaps.append(float((found - mine).abs().mean()))
    return min(gaps[:3]) < min(0.01, gaps[3] / 2)


def _check_recolored(name: str, rgb: Tensor, other: Tensor, mine: Tensor) -> None:
    """One picture of exercise 2: its lightness, the mean and the spread of a and b, and their order."""
    low, high = float(mine.min()), float(mine.max())
    if low < -1e-3 or high > 1 + 1e-3:
        raise Mistake(f"your RGB lies in [{low:.2f}, {high:.2f}]; a screen shows [0, 1]: join brings it there")
    before, wanted, after = (color.rgb_to_lab(x.clamp(0, 1))[0] for x in (rgb, other, mine))
    moved = float((after[0] - before[0]).abs().max())
    if moved > 1.05:
        raise Mistake(f"the {name}: L moves by up to {moved:.1f}; change a and b alone, and let join put L back")
    if min(_alike(after[i], before[i]) for i in (1, 2)) < -0.5:
        raise Mistake(
            f"the {name}: the order is turned round: a pixel that had more a, or more b, than the rest now has less"
        )
    if _by_variance(rgb, other, mine):
        raise Mistake(f"the {name}: that is the variance; the spread is its square root, the standard deviation (std)")
    offs = [float((after[i].mean() - wanted[i].mean()).abs()) for i in (1, 2)]
    ratios = [float(after[i].std() / wanted[i].std()) for i in (1, 2)]
    close, spread = max(offs) < 4, all(0.75 < ratio < 1.33 for ratio in ratios)
    if close and not spread:
        found = " and ".join(f"{ratio:.2f}" for ratio in ratios)
        raise Mistake(f"the {name}: the mean is right; the spread of a and b is {found} times what is asked")
    if spread and not close:
        raise Mistake(f"the {name}: the spread is right; the mean of a or b is off by {max(offs):.1f}")
    if not close:
        raise Mistake(f"the {name}: neither the mean nor the spread of a and b is the other photo's")
    if min(_alike(after[i], before[i]) for i in (1, 2)) < 0.5:
        raise Mistake(
            f"the {name}: mean and spread are right, but the colors no longer follow the {name}'s own: "
            "a pixel that had more a, or more b, than the rest must still have more"
        )


@exercise
def recolor(function):
    """`recolor(rgb, other)`: rgb with its own L and order of colors, and the mean and the spread of other's a and b."""
    device, (cat, rocket, temple, flower) = choose_device("auto"), map(_photo, (1, 4, 5, 6))
    for name, rgb, other in (("temple", temple, flower), ("cat", cat, rocket), ("flower", flower, temple)):
        answer = function(rgb.clone().to(device), other.clone().to(device))
        _check_recolored(name, rgb, other, _tensor(answer, "your picture", (1, 3, 64, 64)))
    return "L is its own, mean and spread are the other photo's, and every color stays at its place"


def gives_a_picture(function) -> bool:
    """Whether an answer can be drawn, right or wrong: an RGB picture of the photo's size."""
    photo = _photo(0).to(choose_device("auto"))
    try:
        return _tensor(function(photo, photo.clone()), "your picture", (1, 3, 64, 64)) is not None
    except Exception:
        return False


# ---------------------------------------------------------------- exercise 3

SIZE, STEP = 16, 10.0  # of the test pictures, and how far a or b jumps in them


def _number(value) -> Tensor:
    """The value, if it is one finite number."""
    value = done(value)
    if isinstance(value, (int, float)):
        value = torch.tensor(float(value))
    if not isinstance(value, Tensor):
        raise Mistake(f"`smooth` must return one number, a tensor; got {type(value).__name__}")
    if value.numel() != 1:
        raise Mistake(f"`smooth` must return one number; yours has the shape {tuple(value.shape)}: take the mean")
    if not value.isfinite().all():
        raise Mistake("`smooth` returns a value that is not finite (NaN or infinite)")
    return value.reshape(())


def gives_a_number(function) -> bool:
    """Whether a loss can be used as it is, right or wrong: a number through which a gradient flows to a and b."""
    ab = torch.zeros(1, 2, SIZE, SIZE, device=choose_device("auto"), requires_grad=True)
    try:
        return _number(function(ab, torch.zeros_like(ab[:, :1]))).requires_grad
    except Exception:
        return False


def _step(size: float, down: bool = False, at: int = SIZE // 2) -> Tensor:
    """A channel `(SIZE, SIZE)` of two halves, `size` apart, left and right of an edge, or above and below it."""
    ramp = size * (torch.arange(SIZE) >= at).float()
    return ramp[:, None].expand(SIZE, SIZE) if down else ramp.expand(SIZE, SIZE)


def _cost(function, a: Tensor, b: Tensor, lightness: Tensor) -> float:
    """What the answer says about one picture."""
    device = choose_device("auto")
    ab, lightness = torch.stack([a, b])[None].to(device), 50 + lightness[None, None].to(device)
    return float(_number(function(ab.clone(), lightness)).detach())


@exercise
def smooth(function):
    """`smooth(ab, L)`: how much color changes between neighbors, counted less where L changes, too."""
    flat = torch.zeros(SIZE, SIZE)
    even = _cost(function, flat + STEP, flat - STEP, _step(40))
    cost = {}
    for down in (False, True):
        where = "top to bottom" if down else "left to right"
        for name, jump in (("a", STEP), ("a falling", -STEP)):
            cost[where, name] = _cost(function, _step(jump, down), flat, flat) - even
        cost[where, "b"] = _cost(function, flat, _step(STEP, down), flat) - even
        for name, edge in (("on an edge", 40), ("on a falling edge", -40)):
            cost[where, name] = _cost(function, _step(STEP, down), flat, _step(edge, down)) - even
        cost[where, "beside an edge"] = _cost(function, _step(STEP, down), flat, _step(40, down, at=4)) - even
    if max(abs(value) for value in cost.values()) < 1e-9:
        raise Mistake("your loss is the same for every a and b: take differences of neighbors in `ab`")
    if abs(even) > 0.05 * max(abs(value) for value in cost.values()):
        raise Mistake(
            f"one color everywhere should cost nothing, yours costs {even:.3g}: take differences of neighbors"
        )
    for where in ("left to right", "top to bottom"):
        edges = [cost[where, "on an edge"], cost[where, "on a falling edge"]]
        if min(edges) > 1.5 * max(cost[where, "a"], 1e-9):
            raise Mistake(f"{where}: a step of color costs more where L jumps; it should cost less there")
    for (where, name), value in cost.items():
        if "edge" in name:
            continue
        if value < -1e-9 or (name == "a falling" and value < 0.5 * cost[where, "a"]):
            raise Mistake(f"{where}: a step down of a costs less than a step up; square the differences (or use abs)")
        if value < 0.2 * max(cost.values()):
            other = "a" if name == "b" else "b"
            also = (
                f"`{name}` alone costs too little beside `{other}`" if name == "b" else "a step of color costs nothing"
            )
            raise Mistake(f"half done: {where}, {also}; all neighbors count, in a and in b")
    for where in ("left to right", "top to bottom"):
        open_step, edges = cost[where, "a"], [cost[where, "on an edge"], cost[where, "on a falling edge"]]
        if min(edges) > 0.7 * open_step:
            raise Mistake("half done: neighbors get one color, but over edges, too: let a step cost less where L jumps")
        if max(edges) > 0.7 * open_step:
            raise Mistake(f"half done, {where}: L may jump up or down, and both are edges; take the size of the jump")
        if cost[where, "beside an edge"] < 0.7 * open_step:
            raise Mistake(f"{where}: an edge somewhere else makes the step cheap, too; weigh each pair of neighbors")
    board = STEP * (torch.arange(SIZE)[:, None] + torch.arange(SIZE)).remainder(2)
    if _cost(function, board, flat, flat) - even < 3 * cost["left to right", "a"]:
        raise Mistake("a checkerboard of colors should cost far more than one step: compare each pixel with the next")
    return "color spreads to neighbors and stops at edges of L: a few dots can color a photo"
