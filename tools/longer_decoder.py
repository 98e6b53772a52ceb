"""Train the decoder of lesson 4 for longer, on a frozen encoder: results/encoder/decoder.safetensors.

    python tools/longer_decoder.py --dataset-path data/tiny-imagenet

The network is the one that lesson 4 writes, on the course's encoder, which stays as it is: so only the decoder is
stored. It learns from photographs of 64 pixels (Tiny ImageNet), with L1 in one cycle. The lesson's second stage, a GAN,
starts from it.
"""

import argparse
import math
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor, nn

from colorlib import Colorizer, Model, data, metrics
from colorlib.color.spaces import LAB
from colorlib.models.resnet import course_encoder, gray_classifier

ENCODER = Path(course_encoder())
BATCH = 32


def levels(resnet: nn.Module, gray: Tensor) -> list[Tensor]:
    """The maps of a ResNet18 at five sizes, from large to small."""
    stem = resnet.relu(resnet.bn1(resnet.conv1(gray)))
    one = resnet.layer1(resnet.maxpool(stem))
    two = resnet.layer2(one)
    three = resnet.layer3(two)
    return [stem, one, two, three, resnet.layer4(three)]


class Up(nn.Module):
    """One decoder level: from below and from the skip to the size of the skip."""

    def __init__(self, below: int, skip: int, outputs: int):
        super().__init__()
        self.conv = nn.Conv2d(below + skip, outputs, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        x = F.interpolate(x, skip.shape[-2:])
        return F.relu(self.norm(self.conv(torch.cat([x, skip], dim=1))))


class ResNetUNet(nn.Module):
    """Gray `(B, 1, H, W)` to color `(B, 2, H, W)`, both in [-1, 1]; the encoder always in evaluation mode."""

    size_multiple = 1

    def __init__(self, resnet: nn.Module):
        super().__init__()
        self.encoder = resnet.eval().requires_grad_(False)
        ups = [Up(512, 256, 128), Up(128, 128, 64), Up(64, 64, 64), Up(64, 64, 32), Up(32, 1, 16)]
        self.ups = nn.ModuleList(ups)
        self.to_color = nn.Conv2d(16, 2, kernel_size=1, bias=False)
        nn.init.zeros_(self.to_color.weight)

    def train(self, mode: bool = True):
        super().train(mode)
        self.encoder.eval()
        return self

    def forward(self, gray: Tensor) -> Tensor:
        maps = [gray, *levels(self.encoder, gray)]
        x = maps[-1]
        for up, skip in zip(self.ups, maps[-2::-1], strict=True):
            x = up(x, skip)
        return torch.tanh(self.to_color(x))

    def check_size(self, height: int, width: int) -> None:
        """Every size will do."""


def cycle(step: int, steps: int) -> float:
    """Which part of the highest learning rate a step has: up for a tenth of the steps, then down along a cosine."""
    rising = 0.1 * steps
    return step / rising if step < rising else 0.5 * (1 + math.cos(math.pi * (step - rising) / (steps - rising)))


def measured(network: nn.Module, photo_set: data.PhotoSet, part, count: int = 200) -> dict:
    """CIEDE2000 and colorfulness ratio over pictures of a part, and gray's."""
    ours, gray = metrics.Metrics(), metrics.Metrics()
    colorizer = Colorizer(network, Model(image_size=64), "fp32")
    for indices in data.evenly(part, count).reshape(-1, 50):
        true = photo_set.batch(indices).float() / 255
        ours.update(colorizer.colorize_batch(true), true)
        gray.update(metrics.gray_row(true), true)
    return {"ours": ours.compute()["ciede2000_mean"], "gray": gray.compute()["ciede2000_mean"]} | {
        "colorfulness_ratio": ours.compute()["colorfulness_ratio"]
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset-path", default="data/tiny-imagenet")
    parser.add_argument("--output", type=Path, default=ENCODER.parent, help="folder for decoder.safetensors")
    parser.add_argument("--steps", type=int, default=800, help="steps of 32 pictures [800]")
    arguments = parser.parse_args()
    torch.manual_seed(0)
    photo_set = data.load_photos("tiny-imagenet", arguments.dataset_path, 64)
    train, test = photo_set.split()["train"], photo_set.split("98/1/1")["test"]  # new to both, decoder and encoder
    G = ResNetUNet(gray_classifier(str(ENCODER))[0]).to(memory_format=torch.channels_last)
    decoder = [weights for weights in G.parameters() if weights.requires_grad]
    adam = torch.optim.AdamW(decoder, fused=True)
    chance, start = torch.Generator().manual_seed(0), time.time()
    order = torch.randperm(len(train), generator=chance)[: arguments.steps * BATCH].split(BATCH)
    for step, numbers in enumerate(order):
        G.train()
        rgb = photo_set.batch(train[numbers.sort().values.numpy()]).float() / 255
        gray, true = LAB.split(rgb.flip(3) if step % 2 else rgb)
        cost = (G(gray) - true).abs().mean()
        adam.param_groups[0]["lr"] = 3e-3 * cycle(step + 1, len(order))
        adam.zero_grad()
        cost.backward()
        adam.step()
        if step % 50 == 49 or step + 1 == len(order):
            print(step + 1, f"{cost.item():.4f}", f"{time.time() - start:.0f} s", flush=True)
    print(measured(G, photo_set, test))
    store(G, arguments.output)


def store(G: ResNetUNet, folder: Path) -> None:
    """The decoder, in half precision."""
    weights = {name: value for name, value in G.state_dict().items() if not name.startswith("encoder.")}
    half = {name: value.half() if value.is_floating_point() else value for name, value in weights.items()}
    folder.mkdir(parents=True, exist_ok=True)
    save_file({name: value.contiguous() for name, value in half.items()}, folder / "decoder.safetensors")


if __name__ == "__main__":
    main()
