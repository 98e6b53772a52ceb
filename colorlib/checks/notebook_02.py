"""The checkers of notebook 02: the decoder's level, and hues of which most are a photo's own.

The third, `vivid_loss`, has many diagnoses, and so a module of its own.

`up_or_ours` lets the lesson go on with a decoder level of the course while the student's own isn't right yet.
"""

import contextlib
import io
import math

import torch
from torch import Tensor, nn

from colorlib.checks import Mistake, done, exercise
from colorlib.checks.vivid_loss import vivid_loss
from colorlib.engine import choose_device
from colorlib.models.unet import Up

__all__ = ["is_right", "mostly", "up", "up_or_ours", "vivid_loss"]


def _tensor(value, shape: tuple, name: str) -> Tensor:
    """The answer as a finite tensor of this shape."""
    done(value)
    if not isinstance(value, Tensor):
        raise Mistake(f"{name} must be a tensor, got {type(value).__name__}")
    if tuple(value.shape) != shape:
        raise Mistake(f"{name} has the shape {tuple(value.shape)}; expected {shape}")
    if not value.isfinite().all():
        raise Mistake(f"{name} has values that are not finite (NaN or infinite)")
    return value


def _same(mine: Tensor, other: Tensor, tolerance: float = 1e-4) -> bool:
    return mine.shape == other.shape and torch.allclose(mine, other, rtol=1e-3, atol=tolerance)


# ---------------------------------------------------------------- exercise 1


def _up_case(up: nn.Module) -> tuple[Tensor, Tensor]:
    """A map from below and a skip that nothing is the same in; the norm gets numbers of its own for each channel."""
    random = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for number, weight in enumerate(up.parameters()):
            weight.copy_(torch.randn(weight.shape, generator=random) * 0.5 + (number > 0))
    return torch.randn(3, 8, 4, 4, generator=random), torch.randn(3, 4, 8, 8, generator=random)


def _up_wrongs(up, x: Tensor, skip: Tensor) -> dict[str, Tensor]:
    """What typical mistakes answer: diagnosis -> tensor."""
    large = up.conv(x)
    both = torch.cat([large, skip], dim=1)
    normed, swapped = up.norm(both), torch.cat([skip, large], dim=1)
    return {
        "the skip is first; put the map from below first and the skip after it": torch.relu(up.norm(swapped)),
        "you enlarged and concatenated, but the batch norm and the ReLU are missing": both,
        "the batch norm is there, but the ReLU behind it is missing": normed,
        "the ReLU is there, but the batch norm before it is missing": torch.relu(both),
        "the ReLU comes before the batch norm; change their order": up.norm(torch.relu(both)),
        "that is a LeakyReLU, as the encoder has; the decoder has a ReLU": nn.functional.leaky_relu(normed, 0.2),
        "the first half is right, but the skip's map was replaced by zeros": torch.relu(
            up.norm(torch.cat([large, torch.zeros_like(skip)], dim=1))
        ),
        "there is one ReLU too many: it comes once, behind the batch norm": torch.relu(
            up.norm(torch.cat([torch.relu(large), skip], dim=1))
        ),
        "there is one ReLU too many: only the one behind the batch norm stays": torch.relu(up.norm(torch.relu(both))),
    }


def _up_stopped(error: RuntimeError, shape: tuple | None) -> None:
    """Say what is wrong when torch stopped; shape: of what the batch norm got, None if nothing came so far."""
    if shape is not None and "running_mean should contain" in str(error):
        if shape[0] == 6:
            raise Mistake("with dim=0 torch.cat stacks photos; the channels are dim=1") from None
        if shape[1] == 4:
            raise Mistake(
                "the batch norm expects outputs + skip channels: concatenate first, with torch.cat([..., skip], dim=1)"
            ) from None
        raise Mistake(
            f"the batch norm got {shape[1]} channels, but outputs + skip are 8: enlarge x with self.conv, which also "
            "makes its channels fewer"
        ) from None
    if "Sizes of tensors must match" in str(error):
        raise Mistake(
            "torch.cat can't put these side by side: enlarge x with self.conv first, and use dim=1, the channels"
        ) from None
    raise error


@exercise
def up(kind):
    """`Up.forward(x, skip)`: enlarge, put the skip beside it, batch norm, ReLU."""
    mine = kind(8, 4, skip=4).train()
    x, skip = _up_case(mine)
    normed = []  # the shapes that the batch norm got
    watch = mine.norm.register_forward_pre_hook(lambda module, inputs: normed.append(tuple(inputs[0].shape)))
    try:
        answer = done(mine(x.clone(), skip.clone()))
    except RuntimeError as error:
        _up_stopped(error, normed[0] if normed else None)
    finally:
        watch.remove()
    large = mine.conv(x)
    if isinstance(answer, Tensor):
        halves = {
            "you enlarged the map, but its skip, the batch norm and the ReLU are missing": large,
            "you added the skip, as a ResNet does; a U-Net concatenates: torch.cat([..., skip], dim=1)": large + skip,
            "you added the skip, as a ResNet does; a U-Net concatenates (the ReLU is right)": torch.relu(large + skip),
        }
        for diagnosis, wrong in halves.items():
            if _same(answer, wrong):
                raise Mistake(diagnosis)
        if tuple(answer.shape) == (6, 4, 8, 8):
            raise Mistake("with dim=0 torch.cat stacks photos; the channels are dim=1")
    answer = _tensor(answer, (3, 8, 8, 8), "Up's answer")
    right = torch.relu(mine.norm(torch.cat([large, skip], dim=1)))
    if _same(answer, right):
        return "(3, 8, 4, 4) and a skip of (3, 4, 8, 8) become (3, 8, 8, 8): this is the decoder's level"
    for diagnosis, wrong in _up_wrongs(mine, x, skip).items():
        if _same(answer, wrong):
            raise Mistake(diagnosis)
    raise Mistake("the shape is right, but the values are not: enlarge, concatenate, norm, ReLU, in this order")


def is_right(checker, answer) -> bool:
    """Whether a checker accepts an answer; prints nothing."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        checker(answer)
    return said.getvalue().startswith("✓")


def up_or_ours(kind):
    """The student's class if it is right; else colorlib's, and a line that says so."""
    if is_right(up, kind):
        return kind
    print("Until yours is right, the lesson goes on with colorlib's.")
    return Up


# ---------------------------------------------------------------- exercise 2

CALLS = 400  # of a function that draws angles
KEPT, TOLERANCE = 0.6, 0.05  # 3200 draws: chance stays within 0.01 in two of three cases


def _angles(function, own: Tensor) -> Tensor:
    """What many calls answer: (CALLS, 8). The student's random numbers go on as if nobody had drawn here."""
    gpus = range(torch.cuda.device_count())
    with torch.random.fork_rng(devices=gpus):
        torch.manual_seed(0)
        rows = []
        for _ in range(CALLS):
            row = done(function(own.clone()))
            if isinstance(row, Tensor) and row.dtype == torch.bool:
                raise Mistake("that is the mask, true where a photo keeps its hue; use it in torch.where")
            rows.append(_tensor(row, (8,), "the angles"))
            if row.device.type != own.device.type:
                raise Mistake(f"the angles are on the {row.device}, but own is on the {own.device}: use rand_like")
        return torch.stack(rows).cpu()


def _is_around_the_circle(angles: Tensor) -> bool:
    """Whether every eighth of the circle has its share, between half and twice of it."""
    shares = torch.histc(angles.double().remainder(2 * math.pi), 8, 0, 2 * math.pi) / len(angles)
    return bool((shares > 1 / 16).all() and (shares < 1 / 4).all())


def _check_others(angles: Tensor, kept: Tensor, own: Tensor) -> None:
    """Refuse angles of the photos that don't keep their hue, if they are not drawn evenly and one by one."""
    others, turn = angles[~kept], 2 * math.pi
    if ((others[:, None] - own).abs() < 1e-4).any(dim=1).float().mean() > 0.5:
        raise Mistake("60 % is right, but the others get the own hues of other photos: draw any angle for them")
    if 350 < others.max() <= 360 and others.min() >= 0:
        raise Mistake("60 % is right, but the other angles are in degrees: a turn is 2 pi, in radians")
    after = others.min() > 0.57 * turn and 0.97 * turn < others.max() <= turn  # of a draw that was 0.6 or more
    before = others.min() >= 0 and 0.38 * turn < others.max() < 0.42 * turn  # of one that was 0.4 or less
    if after or before:
        raise Mistake("60 % is right, but the draw that chooses is also the angle: draw a second time for the angles")
    if not _is_around_the_circle(others):
        raise Mistake("60 % is right, but the other angles fill only a part of the circle: it goes from 0 to 2 pi")
    spread = [row[~same] for row, same in zip(angles, kept, strict=True) if (~same).sum() > 1]
    if all(float(new.max() - new.min()) < 1e-4 for new in spread):
        raise Mistake("60 % is right, but all other photos of a step get one and the same angle: draw one for each")


@exercise
def mostly(function):
    """`mostly(own)`: angles for one step; each photo keeps its own with a chance of 60 %, else any angle."""
    own = torch.arange(8) * 0.7 + 0.35
    angles = _angles(function, own.to(choose_device("auto")))
    kept = (angles - own).abs() < 1e-4
    share = float(kept.float().mean())
    if kept.all():
        raise Mistake("each photo always keeps its own hue; in four of ten cases it should get any other")
    if (angles == angles[0]).all():
        raise Mistake("every call gives the same angles: draw new random numbers inside the function")
    if ((angles.sort(dim=1).values - own).abs() < 1e-4).all():
        raise Mistake("these are the eight own hues in another order; six of ten photos should keep theirs")
    if not kept.any():
        raise Mistake("no photo ever keeps its own hue: six of ten should; torch.where(keep, own, other) chooses")
    if (kept == kept[:, :1]).all():
        raise Mistake("one draw decides for all eight photos: draw one number for each, as torch.rand_like(own) does")
    if (kept == kept[0]).all():
        raise Mistake("the same photos keep their hue at every call: draw anew inside the function who keeps it")
    if (kept.sum(dim=1) == kept[0].sum()).all():
        raise Mistake(
            f"{int(kept[0].sum())} of eight keep their hue at every call: draw for each photo by itself, with 60 %"
        )
    if abs(share - (1 - KEPT)) < TOLERANCE:
        raise Mistake(f"{share:.0%} keep their own hue, where 60 % should: own and other have changed places")
    if abs(share - KEPT) > TOLERANCE:
        raise Mistake(f"{share:.0%} keep their own hue; expected about 60 %")
    _check_others(angles, kept, own)
    return f"{share:.0%} of the photos keep their own hue, the others get any"
