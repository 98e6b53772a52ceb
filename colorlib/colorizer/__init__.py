"""A trained generator with its color space, which colors pictures and photos.

    colorizer = Colorizer.load("checkpoints/best")
    colorizer.colorize(Image.open("grandmother.jpg")).save("colorized.png")

The color is predicted at the model's size, brought up to the photo's, and joined with the photo's own lightness.
`colorlib.colorizer.folder` saves and opens it.
"""

import itertools
from collections.abc import Iterable, Iterator

import numpy as np
import torch
from PIL import Image, ImageFilter
from torch import Tensor, nn
from torch.nn import functional

from colorlib import photos
from colorlib.color import join_lightness, lightness_of
from colorlib.colorizer.folder import find_folder, load_folder, save_folder
from colorlib.controls import Asked, check_target
from colorlib.engine import choose_device, memory_format
from colorlib.errors import ColorizerError
from colorlib.model import Model
from colorlib.models import drawing, evaluating, generate
from colorlib.models.heads import build_head
from colorlib.moving import move_photo
from colorlib.precision import choose_precision

STRIP_PIXELS = 2**18  # a photo is joined in strips of about this many pixels: little memory, and near the processor

LONGEST = 4  # times its short side: more of a photo's length than that is squeezed before a generator sees it

SEEN_PIXELS = 2**18  # nor does a generator see more than about this many at once, whatever the batch

BATCH_PIXELS = 2**25  # nor are more of them held at once than have about this many pixels together


class Colorizer:
    """A generator, and the model that says what it sees and predicts.

    precision: auto (half where the device has it natively), fp32, bf16, fp16. The generator's mode, training or
    evaluation, is the same after each call as before.
    """

    def __init__(self, generator: nn.Module, model: Model, precision: str = "auto"):
        self.generator, self.model = generator, model
        self.head = build_head(model)
        self.precision = choose_precision(precision, self.device)

    @property
    def device(self) -> torch.device:
        """Where the generator computes."""
        return next(self.generator.parameters()).device

    # ------------------------------------------------------------ the folder

    def save(self, folder, dtype: torch.dtype = torch.float32) -> None:
        """Write the folder. The file of the weights holds the model, too, and is replaced as a whole: a colorizer that
        is saved over another is at every moment the one or the other, but for what is adjustable (`Model`), which
        config.json says and a save that is cut off may have written already.

        dtype: of the weights in the file; float16 halves it, and is brought back to float32 when it is opened.
        """
        save_folder(folder, self.generator, self.model, dtype)

    @classmethod
    def load(cls, name, device="cpu", precision: str = "auto") -> "Colorizer":
        """Open a colorizer's folder, a training's (its `best`), one by name, as starter, or `owner/name` from the hub.

        device: as the setting of this name; auto is a GPU if there is one. Raises `ColorizerError`, and `ConfigError`
        for a device that isn't there.
        """
        device = choose_device(str(device))
        precision = choose_precision(precision, device)
        generator, model = load_folder(find_folder(name))
        generator = generator.to(torch.float64 if precision == "fp64" else torch.float32).eval().to(device)
        return cls(generator.to(memory_format=memory_format(device)), model, precision)

    # ------------------------------------------------------------ batches of pictures at the model's size

    @torch.no_grad()
    def predict_ab(self, rgb: Tensor, targets: dict[str, float] | None = None, draw: bool = False) -> Tensor:
        """Color for pictures of which only the lightness is looked at.

        rgb: `(B, 3, S, S)` sRGB in [0, 1], on any device. targets: what is asked of the controls that the model listens
        to, as {"saturation": 0.5}; the others are free. draw: with noise and dropout drawn anew, where it has
        them. Returns Lab's a and b `(B, 2, S, S)`, float32, on the generator's device.
        """
        space = self.head.space
        gray, _ = space.split(rgb.to(self.device))
        with (drawing if draw else evaluating)(self.generator):
            output = generate(self.generator, gray, self.asked(targets, len(rgb)), self.precision).float()
        return space.ab(gray.float(), self.head.color(output, gray))

    @torch.no_grad()
    def colorize_batch(self, rgb: Tensor, targets: dict[str, float] | None = None) -> Tensor:
        """Colorize pictures at the model's size: sRGB `(B, 3, S, S)` in [0, 1] to the same, lightness kept."""
        rgb = rgb.to(self.device)
        return join_lightness(lightness_of(rgb.float()), self.predict_ab(rgb, targets))

    def asked(self, targets: dict[str, float] | None, count: int) -> Asked:
        """Targets for `count` pictures alike. Raises `ColorizerError` for a control that the model doesn't listen to,
        and `ConfigError` for a target that it can't have."""
        for name, target in (targets or {}).items():
            if name not in self.model.conditions:
                known = ", ".join(self.model.conditions) or "nothing"
                raise ColorizerError(f"this colorizer can't be asked for {name}; it listens to {known}")
            check_target(name, target)
        return {name: torch.full((count,), float(target)) for name, target in (targets or {}).items()}

    # ------------------------------------------------------------ photos of any size

    def colorize(
        self, photo, size: int | None = None, targets: dict[str, float] | None = None, exact: bool = False
    ) -> Image.Image:
        """Colorize one photo of any size and mode; same size, its own lightness, its own transparency.

        photo: a PIL image, or an array `(H, W)`, `(H, W, 3)` or `(H, W, 4)`, uint8, or float in [0, 1]. size: the short
        side at which the generator sees it, in pixels (default: the model's photo_size, or else its image_size). A
        U-Net that has learned from tiles of photos does better at a larger one, where things are as large as they were
        in its tiles. targets: as in `predict_ab`. exact: move the color of the answer, as little as it takes, until the
        photo has the targets, which the model needn't listen to then (`colorlib.moving`).
        """
        return next(self.colorize_many([photo], size, targets, exact=exact))

    def colorize_many(
        self,
        photos_: Iterable,
        size: int | None = None,
        targets: dict[str, float] | None = None,
        batch_size: int = 16,
        exact: bool = False,
    ) -> Iterator[Image.Image]:
        """Colorize photos one after the other; the generator sees up to `batch_size` of them at once."""
        targets, wanted = self.told_and_wanted(targets or {}, exact)
        self.asked(targets, 1)  # what can't be is said before a photo is opened
        if size is not None and size < 1:
            raise ColorizerError(f"the size at which a photo is seen is {size}; it must be 1 or more")
        size = size or self.model.photo_size or self.model.image_size
        try:
            self.generator.check_size(size, size)
        except ValueError as error:
            raise ColorizerError(f"--size {size}: {error}") from None
        batch = []
        for photo in photos_:
            batch.append(photos.to_rgb(photos.as_image(photo)))
            if len(batch) == batch_size or sum(rgb.width * rgb.height for rgb, _ in batch) > BATCH_PIXELS:
                yield from self._colorize_batch_of_photos(batch, size, targets, wanted)
                batch = []
        if batch:
            yield from self._colorize_batch_of_photos(batch, size, targets, wanted)

    def told_and_wanted(self, targets: dict[str, float], exact: bool) -> tuple[dict[str, float], dict[str, float]]:
        """Which targets the generator is told, and which its answer is moved to. Raises `ConfigError`."""
        if not exact:
            return targets, {}
        for name, target in targets.items():
            check_target(name, target)
        return {name: target for name, target in targets.items() if name in self.model.conditions}, targets

    def _colorize_batch_of_photos(self, batch, size, targets, wanted) -> Iterator[Image.Image]:
        seen = [self.seen(rgb, size) for rgb, _ in batch]
        colors = []
        for _, alike in itertools.groupby(seen, lambda small: small.size):  # neighbors of one size go together
            colors += self.predict_seen(list(alike), targets)
        for (rgb, alpha), ab in zip(batch, colors, strict=True):
            if wanted:
                ab = move_photo(rgb, ab, wanted)
            colorized = Image.fromarray(self.join(np.asarray(rgb), ab))
            if alpha is not None:
                colorized.putalpha(alpha)
            yield colorized

    def predict_seen(self, seen: list[Image.Image], targets: dict[str, float] | None = None) -> list[Tensor]:
        """Color for what the generator sees of photos, all of one size: ab `(2, h, w)` of each. targets: as in
        `predict_ab`. Raises `ColorizerError` for color that isn't finite."""
        small = torch.from_numpy(np.stack([np.asarray(one) for one in seen])).permute(0, 3, 1, 2)
        colors = []
        for few in small.split(max(1, SEEN_PIXELS // small[0, 0].numel())):
            ab = self.predict_ab(few.to(self.device).float() / 255, targets)
            if not ab.isfinite().all():  # and would be black pixels
                raise ColorizerError(f"the predicted color isn't finite in {self.precision}; try fp32, or train anew")
            colors += ab
        return colors

    def seen(self, photo: Image.Image, short: int | None = None) -> Image.Image:
        """What the generator sees of an RGB photo: small, and as sharp as the pictures that it learned from. short:
        its short side in pixels, as the `size` of `colorize`."""
        short = short or self.model.photo_size or self.model.image_size
        small = photo.resize(self._seen_size(photo, short), Image.Resampling.LANCZOS, reducing_gap=3)
        if not self.model.photo_sharpen:
            return small
        return small.filter(ImageFilter.UnsharpMask(radius=1, percent=self.model.photo_sharpen, threshold=0))

    def _seen_size(self, photo: Image.Image, short: int) -> tuple[int, int]:
        """Width and height at which the generator sees a photo: in its own proportions, as near as its levels allow.

        A photo that is longer than `LONGEST` times its short side is squeezed; so is every one for a generator that
        takes squares alone.
        """
        multiple = self.generator.size_multiple
        if multiple is None:
            return short, short
        ratio = min(max(photo.size) / min(photo.size), LONGEST)
        long = max(round(short * ratio / multiple) * multiple, short)
        return (long, short) if photo.width >= photo.height else (short, long)

    def join(self, pixels: np.ndarray, ab: Tensor) -> np.ndarray:
        """A photo `(H, W, 3)` uint8 in the color ab `(2, h, w)`: in strips, for a photo of any size."""
        height, width = pixels.shape[:2]
        result = np.empty_like(pixels)
        rows = max(1, STRIP_PIXELS // width)
        wide = functional.interpolate(ab[None], (ab.shape[1], width), mode="bilinear")  # as high as the network's color
        for top in range(0, height, rows):
            strip = torch.from_numpy(pixels[top : top + rows].copy()).to(self.device).permute(2, 0, 1)[None] / 255
            color = interpolate_rows(wide, height, top, strip.shape[2])
            joined = join_lightness(lightness_of(strip), color)
            torch.from_numpy(result[top : top + rows]).copy_((joined[0] * 255).round().permute(1, 2, 0))
        return result


def interpolate_rows(color: Tensor, height: int, top: int, rows: int) -> Tensor:
    """Rows `top` to `top + rows` of `color` `(1, C, h, W)` brought to `height` rows by linear interpolation.

    The same as interpolating the whole picture and cutting out the rows, without making the whole.
    """
    last = color.shape[2] - 1
    at = (torch.arange(top, top + rows, device=color.device) + 0.5) / height * color.shape[2] - 0.5
    at = at.clamp(0, last)  # between the border and the middle of the first row, color is that row's
    low = at.long()
    return torch.lerp(color[:, :, low], color[:, :, (low + 1).clamp_max(last)], (at - low)[:, None])
