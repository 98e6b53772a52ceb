"""The checkers of lesson 4: the constant of a folded stem, a decoder's way through the maps, an encoder that stays."""

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models import ResNet, ResNet18_Weights, resnet18

from colorlib.checks import Mistake, NotDone, done, exercise, untouched
from colorlib.checks import accepted as accepted
from colorlib.models.resnet import IMAGENET_MEAN, IMAGENET_STD, course_encoder
from colorlib.models.weights import torchvision_weights

# ---------------------------------------------------------------- exercise 1


def without_constant(kernel, mean, std):
    """The stub of the exercise: the kernel is right, the constant is missing."""
    gray_kernel = (kernel / (2 * std)).sum(dim=1, keepdim=True)
    constant = torch.zeros(len(kernel))
    return gray_kernel, constant


@exercise
def fold(function):
    """`fold(kernel, mean, std)`: the kernel over gray, and what has no g in it: a constant for each map."""
    if untouched(function, without_constant):
        raise NotDone
    chance = torch.Generator().manual_seed(0)
    kernel = torch.randn(6, 3, 7, 7, generator=chance)
    mean, std = torch.tensor([0.7, 0.2, 0.4]).view(1, 3, 1, 1), torch.tensor([0.3, 0.2, 0.25]).view(1, 3, 1, 1)
    answer = done(function(kernel.clone(), mean.clone(), std.clone()))
    if not isinstance(answer, (tuple, list)) or len(answer) != 2 or not all(isinstance(x, Tensor) for x in answer):
        raise Mistake("return two tensors: the kernel over gray, and the constant")
    folded, constant = answer
    right = (kernel / (2 * std)).sum(dim=1, keepdim=True)
    if folded.shape != right.shape or not torch.allclose(folded, right, rtol=1e-3, atol=1e-4):
        raise Mistake("the kernel over gray is no longer what it was; only the constant was missing")
    if constant.numel() != len(kernel):
        count = constant.numel()
        raise Mistake(
            f"{count} {'number' if count == 1 else 'numbers'} in the constant, and one is wanted for each of the "
            f"{len(kernel)} maps: sum over the three channels and over all places of the kernel"
        )
    constant = constant.flatten()
    if not constant.any():
        raise Mistake("the constant is still 0")
    values = kernel * (0.5 - mean) / std
    known = {
        "its sign is turned around": -values.sum(dim=(1, 2, 3)),
        "you left out the half that g = 2 v - 1 brings: at g = 0, v is 0.5": -(kernel * mean / std).sum(dim=(1, 2, 3)),
        "you left out the mean": (kernel * 0.5 / std).sum(dim=(1, 2, 3)),
        "you left out the deviation": (kernel * (0.5 - mean)).sum(dim=(1, 2, 3)),
        "at g = 0, v is 0.5, and not 1": (kernel * (1 - mean) / std).sum(dim=(1, 2, 3)),
        "take the sum over the kernel, and not its mean": values.mean(dim=(1, 2, 3)),
        "it is twice as large": 2 * values.sum(dim=(1, 2, 3)),
        "it is half as large": values.sum(dim=(1, 2, 3)) / 2,
    }
    for words, value in known.items():
        if torch.allclose(constant, value, rtol=1e-3, atol=1e-4):
            raise Mistake(f"the kernel is right; the constant isn't: {words}")
    if not torch.allclose(constant, values.sum(dim=(1, 2, 3)), rtol=1e-3, atol=1e-4):
        raise Mistake(
            "the kernel is right; the constant isn't: put v = (g + 1) / 2 into the formula, and collect what has no g"
        )
    return "kernel and constant: both stems give the same on gray photos"


def usable(function):
    """The reader's `fold` where what it gives has the shapes that the lesson goes on with, be it right or wrong; else
    the stub.
    """

    def safe(kernel, mean, std):
        given = without_constant(kernel, mean, std)
        try:
            answer = function(kernel, mean, std)
            return tuple(value.reshape(right.shape) for value, right in zip(answer, given, strict=True))
        except Exception:
            return given

    return safe


def color_network(classifier: ResNet) -> tuple[ResNet, Tensor, Tensor]:
    """A ResNet18 for color photos to fold, on the processor; and the mean and deviation `(1, 3, 1, 1)` that it wants.

    It is torchvision's as it comes where the lesson's classifier is; else the classifier, each of its kernels spread
    over red, green and blue by chance.
    """
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (IMAGENET_MEAN, IMAGENET_STD))
    network = resnet18(num_classes=classifier.fc.out_features)
    if course_encoder() == "imagenet":
        weights = torchvision_weights(ResNet18_Weights.IMAGENET1K_V1, "the lesson's network for color photos", "")
    else:
        weights = {name: value.cpu().clone() for name, value in classifier.state_dict().items()}
        shares = torch.randn(64, 3, 1, 1, generator=torch.Generator().manual_seed(0))
        shares += (1 - shares.sum(dim=1, keepdim=True)) / 3  # those of a kernel add up to 1
        weights["conv1.weight"] = 2 * std * shares * weights["conv1.weight"]
    network.load_state_dict(weights)
    return network.eval(), mean, std


# ---------------------------------------------------------------- exercise 2


def no_decoder(ups, maps):
    """The stub of the exercise."""
    return None


def finished_decoder(ups, maps):
    """From the deepest map up, each level with the map above it."""
    x = maps[-1]
    for up, skip in zip(ups, maps[-2::-1], strict=True):
        x = up(x, skip)
    return x


class _Up(nn.Module):
    """A level as the lesson's, without batch norm, that refuses maps which don't fit with words for a student."""

    def __init__(self, inputs: int, skip: int, outputs: int):
        super().__init__()
        self.sizes, self.conv = (inputs, skip), nn.Conv2d(inputs + skip, outputs, 3, padding=1)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        got = x.shape[1], skip.shape[1]
        if got != self.sizes:
            raise Mistake(
                f"a level wants {self.sizes[0]} channels from below and {self.sizes[1]} of the skip, and got "
                f"{got[0]} and {got[1]}; the deepest map comes first, then the others from small to large"
            )
        x = functional.interpolate(x, skip.shape[-2:])
        return functional.relu(self.conv(torch.cat([x, skip], dim=1)))


def _small_maps(side: int) -> list[Tensor]:
    """Maps as the lesson's encoder gives them, with fewer channels, and a gradient."""
    channels = 1, 3, 5, 7, 9, 11
    return [torch.rand(2, count, side // 2**n, side // 2**n, requires_grad=True) for n, count in enumerate(channels)]


@exercise
def decode(function):
    """`decode(ups, maps)`: from the deepest map to the picture's size; every map comes in once."""
    if untouched(function, no_decoder):
        raise NotDone
    torch.manual_seed(0)
    ups = nn.ModuleList([_Up(11, 9, 8), _Up(8, 7, 8), _Up(8, 5, 6), _Up(6, 3, 4), _Up(4, 1, 4)])
    for side in (32, 64):
        maps = _small_maps(side)
        answer = function(ups, list(maps))
        if answer is None:
            raise Mistake("your function gives None: you forgot `return`")
        answer = done(answer)
        if not isinstance(answer, Tensor) or answer.shape[:2] != (2, 4):
            shape = tuple(answer.shape) if isinstance(answer, Tensor) else type(answer).__name__
            raise Mistake(f"the last level's output is wanted, (B, 4, {side}, {side}) here, and you give {shape}")
        if answer.shape[-1] != side:
            raise Mistake(f"your answer has {answer.shape[-1]} pixels a side and not {side}; the gray comes last")
        gradients = torch.autograd.grad(answer.square().sum(), maps, allow_unused=True)
        for one, gradient in zip(maps, gradients, strict=True):
            if gradient is None or not gradient.any():
                raise Mistake(f"the map with {one.shape[-1]} pixels a side doesn't reach the answer")
        if not torch.allclose(answer, finished_decoder(ups, maps), atol=1e-5):
            raise Mistake("every map reaches the answer, but the values differ; call each level once and add nothing")
    return "five levels, from the deepest map to the gray picture"


def yours_or_ours(function):
    """The reader's `decode` where it passes the check, else a finished one."""
    return function if accepted(decode, function) else finished_decoder


# ---------------------------------------------------------------- exercise 3


def weights_only(encoder):
    """The stub of the exercise: no weight changes, and batch norm goes on tracking."""
    encoder.requires_grad_(False)


class _Tiny(nn.Module):
    """An encoder with batch norm, and a decoder with it, too."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 4, 1))
        self.decoder = nn.Sequential(nn.BatchNorm2d(4), nn.Conv2d(4, 2, 1))

    def forward(self, gray: Tensor) -> Tensor:
        return self.decoder(self.encoder(gray))


@exercise
def freeze(function):
    """`freeze(encoder)`, called before every step: neither its weights nor its batch norm change; all else learns."""
    if untouched(function, weights_only):
        raise NotDone
    torch.manual_seed(0)
    network = _Tiny()
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    first = copy.deepcopy(network)
    gray, true = 3 * torch.rand(8, 1, 6, 6) + 1, torch.rand(8, 2, 6, 6)
    for _ in range(3):
        network.train()  # as fastai does before each epoch
        function(network.encoder)
        loss = (network(gray) - true).abs().mean()
        optimizer.zero_grad()
        if not loss.requires_grad:
            raise Mistake("nothing has a gradient any more; the decoder must learn")
        loss.backward()
        optimizer.step()

    def same(kind: str) -> bool:
        before, after = (dict(getattr(one.encoder, kind)()) for one in (first, network))
        return all(torch.equal(value, after[name]) for name, value in before.items() if "num_batches" not in name)

    weights, counts = same("named_parameters"), same("named_buffers")
    if not weights and not counts:
        raise Mistake("the encoder's weights change, and what its batch norm has stored changes, too")
    if not weights:
        raise Mistake("batch norm stays, but the encoder's weights change: give them no gradient")
    if not counts:
        raise Mistake("the weights stay, but batch norm's mean and deviation still change with every batch")
    if any(layer.training for layer in network.encoder.modules() if isinstance(layer, nn.BatchNorm2d)):
        raise Mistake(
            "what batch norm has stored stays, but it still uses the batch's own mean; let it use the stored one"
        )
    if not network.decoder.training:
        raise Mistake("the decoder's batch norm rests, too; only the encoder should")
    if torch.equal(first.decoder[1].weight, network.decoder[1].weight):
        raise Mistake("the decoder doesn't learn any more")
    return "the encoder stays as it is, and the decoder learns"


def finished_freeze(encoder):
    """No gradient, and batch norm uses what it has stored."""
    encoder.requires_grad_(False)
    encoder.eval()


def frozen_or_ours(function):
    """The reader's `freeze` where it passes the check, else a finished one."""
    return function if accepted(freeze, function) else finished_freeze
