"""The checker of notebook 02's third exercise: a loss in which colorful pixels count more.

Right is whatever has the value of the formula (or that value over the weights' mean, which only scales it) and a
gradient; the usual mistakes are recognized by the values that they give on the same random colors.
"""

import math

import torch
from torch import Tensor

from colorlib.checks import Mistake, done, exercise


@exercise
def vivid_loss(function):
    """`vivid_loss(predicted, true)`: L1, in which a pixel counts `1 + 5 * true chroma` times."""
    random = torch.Generator().manual_seed(0)
    true = torch.randn(3, 2, 5, 7, generator=random) * 0.3
    predicted = (torch.randn(3, 2, 5, 7, generator=random) * 0.3).requires_grad_()
    try:
        answer = done(function(predicted, true.clone()))
    except RuntimeError as error:
        if "must match the size of tensor" in str(error):
            raise Mistake(
                "the weight has lost its channel dimension: give norm keepdim=True, so that it is (B, 1, H, W)"
            ) from None
        raise
    if not isinstance(answer, Tensor):
        raise Mistake(f"the loss must be a tensor, or nothing can be learned from it; got {type(answer).__name__}")
    error, chroma = (predicted - true).abs().detach(), true.norm(dim=1, keepdim=True)
    weighted = (1 + 5 * chroma) * error
    if answer.numel() > 1:
        if answer.shape == weighted.shape and torch.allclose(answer.detach(), weighted, rtol=1e-3):
            raise Mistake("the weights are right; the mean over batch, channels and pixels is missing")
        raise Mistake(f"the loss must be one number, got the shape {tuple(answer.shape)}: take the mean")
    value = float(answer.detach())
    if not math.isfinite(value):
        raise Mistake(f"the loss is {value}; expected a finite number")
    signed = (predicted - true).detach()

    def weighed(weight, error=error):
        return (weight * error).mean()

    wrongs = {
        "the chroma is multiplied by 110; it already comes in the network's units": weighed(1 + 550 * chroma),
        "the chroma is divided by 110; it already comes in the network's units": weighed(1 + 5 * chroma / 110),
        "the value is 110 times too large; leave out the factor of 110": 110 * weighted.mean(),
        "the square root is missing: the weight is 1 + 5 * sqrt(a^2 + b^2)": weighed(1 + 5 * chroma.square()),
        "you summed over the two channels; take the mean over everything": weighted.sum(dim=1).mean(),
        "the weight has the sum |a| + |b|; the chroma is sqrt(a^2 + b^2)": weighed(
            1 + 5 * true.abs().sum(dim=1, keepdim=True)
        ),
        "the weight has the sum a + b; the chroma is sqrt(a^2 + b^2)": weighed(1 + 5 * true.sum(dim=1, keepdim=True)),
        "the absolute value is missing: errors with a plus and a minus cancel": weighed(1 + 5 * chroma, signed),
        "the weight is right, but L1 takes abs() of each channel's error, not the norm of both": weighed(
            1 + 5 * chroma, signed.norm(dim=1, keepdim=True)
        ),
        "brackets are missing: (1 + 5 * chroma) is multiplied by the error": (1 + 5 * chroma * error).mean(),
        "that is plain L1: the weight 1 + 5 * chroma is missing": error.mean(),
        "the chroma is taken from the prediction; the true color must say how much a pixel counts": (
            (1 + 5 * predicted.detach().norm(dim=1, keepdim=True)) * error
        ).mean(),
        "the weight is right, but the error is squared; take its absolute value": (
            (1 + 5 * chroma) * error.square()
        ).mean(),
        "the weight is 5 * chroma without the 1, so gray pixels would not count at all": (5 * chroma * error).mean(),
        "the weights are right, but you took the sum; take the mean": weighted.sum(),
        "the chroma is summed over the whole batch: give norm the arguments dim=1, keepdim=True": (
            (1 + 5 * true.norm()) * error
        ).mean(),
        "you weigh each channel by its own value; the chroma is the norm of both, over dim=1": (
            (1 + 5 * true.abs()) * error
        ).mean(),
    }
    right = float(weighted.mean())
    normalized = right / float((1 + 5 * chroma).mean())  # by the weights' mean: the same but for a factor
    if math.isclose(value, right, rel_tol=1e-4) or math.isclose(value, normalized, rel_tol=1e-4):
        if not answer.requires_grad:
            raise Mistake("the value is right, but it has no gradient: leave out detach(), item() and no_grad()")
        return f"{value:.3f} where plain L1 says {error.mean():.3f}: colorful pixels count more"
    for diagnosis, wrong in wrongs.items():
        if math.isclose(value, float(wrong), rel_tol=1e-4):
            raise Mistake(diagnosis)
    raise Mistake(f"your loss is {value:.3f}; expected {right:.3f}, the mean of (1 + 5 * chroma) * |predicted - true|")
