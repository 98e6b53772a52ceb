"""Photos as files: reading any mode rightly, finding them in folders, writing them, cutting squares, the bundled ones.

Everything that enters colorlib from a file comes through `open_photo`.
"""

import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from colorlib.errors import PhotoError
from colorlib.files import write_atomically

ENDINGS = {".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp"}
WHITE_OF_MODE = {"I": 65535, "F": 1}  # in photos of one channel with 32 bits; see `to_rgb`


def open_photo(path) -> Image.Image:
    """Open and decode one file, turned upright by its EXIF orientation. Raises `PhotoError`."""
    try:
        with Image.open(path) as file:
            file.load()
            if file.mode in WHITE_OF_MODE:
                _check_range(file)  # here, where a message can name the file
            return upright(file)
    except FileNotFoundError:
        raise PhotoError(f"{path}: no such file") from None
    except UnidentifiedImageError:
        raise PhotoError(f"{path}: not a photo that Pillow can read") from None
    except Exception as error:  # a broken file can make a decoder raise nearly anything
        raise PhotoError(f"{path}: {error or type(error).__name__}") from None


def upright(image: Image.Image) -> Image.Image:
    """The image as its EXIF orientation wants it shown; the tag is gone from the result."""
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # damaged EXIF can raise nearly anything; the picture is as good as ever
        return image.copy()


def as_image(photo) -> Image.Image:
    """A PIL image from a PIL image (turned upright) or an array."""
    if isinstance(photo, Image.Image):
        return upright(photo)
    pixels = np.asarray(photo)
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[..., 0]
    if pixels.ndim != 2 and not (pixels.ndim == 3 and pixels.shape[2] in (3, 4)):
        raise ValueError(f"a photo must be (H, W), (H, W, 3) or (H, W, 4), got {pixels.shape}")
    if not pixels.size:
        raise ValueError(f"a photo must have pixels, got {pixels.shape}")
    if np.issubdtype(pixels.dtype, np.floating):
        if not (pixels.min() >= 0 and pixels.max() <= 1):  # NaN is neither
            raise ValueError(f"a float photo must lie in [0, 1], got [{pixels.min():g}, {pixels.max():g}]")
        pixels = (pixels * 255).round().astype(np.uint8)
    elif pixels.dtype not in (np.uint8, np.uint16):
        raise ValueError(f"a photo must be uint8, uint16 or float in [0, 1], got {pixels.dtype}")
    elif pixels.dtype == np.uint16:
        pixels = (pixels / 257).round().astype(np.uint8)
    return Image.fromarray(pixels)


def exif_bytes(image: Image.Image) -> bytes:
    """The image's EXIF data, to be saved with another one; empty where they are damaged or too long for a JPEG."""
    try:
        data = image.getexif().tobytes()
    except Exception:
        return b""
    return data if len(data) < 2**16 - 8 else b""


def _check_range(image: Image.Image) -> None:
    """Refuse 32-bit gray whose white can't be known, rather than guess it from the brightest pixel."""
    values, white = np.asarray(image), WHITE_OF_MODE[image.mode]
    low, high = values.min(), values.max()
    if not (low >= 0 and high <= white):  # a NaN is refused, too
        raise PhotoError(f"its values go from {low:g} to {high:g}; scale them to [0, {white}], where {white} is white")


def to_rgb(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """An image of any mode as 8-bit sRGB, and its alpha channel (or None).

    An embedded color profile (CMYK, Adobe RGB, Display P3, a scanner's linear gray) is converted to sRGB. Deep gray
    is scaled rather than cut to 8 bits: white is 65535 in 16-bit gray, however dark the photo is, and in mode `I`,
    as which PGM and some PNG files with 16 bits are opened; in mode `F` it is 1. Raises `PhotoError` for what lies
    beyond white.
    """
    if image.mode in WHITE_OF_MODE:
        _check_range(image)
    if image.mode in WHITE_OF_MODE or image.mode.startswith("I;16"):
        return _deep_gray_to_srgb(image).convert("RGB"), None
    if image.mode == "La":  # premultiplied, which Pillow converts to nothing else
        image = image.convert("LA")
    mode, alpha = {"L": "L", "LA": "L", "CMYK": "CMYK"}.get(image.mode, "RGB"), None
    if image.mode in ("RGBA", "LA", "PA", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        alpha = image.getchannel("A")
    if image.mode != mode:
        image = image.convert(mode)
    profile = image.info.get("icc_profile")
    if profile and mode == "L":
        image = image.point(_gray_curve(profile).tolist())
    elif profile:
        image = _to_srgb(image, profile)
    return image.convert("RGB"), alpha


def _to_srgb(image: Image.Image, profile: bytes, flags=ImageCms.Flags.NONE) -> Image.Image:
    """Through the profile to sRGB; an unreadable profile, or one that doesn't fit, is taken as sRGB as viewers do."""
    try:
        embedded = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if image.mode == "L" and embedded.profile.xcolor_space.strip() == "RGB":
            image = image.convert("RGB")
        return ImageCms.profileToProfile(image, embedded, ImageCms.createProfile("sRGB"), outputMode="RGB", flags=flags)
    except (ImageCms.PyCMSError, OSError):
        return image


def _gray_curve(profile: bytes) -> np.ndarray:
    """The sRGB value, uint8, of each of the 256 grays of a profile."""
    ramp = Image.fromarray(np.arange(256, dtype=np.uint8)[None])
    # Optimized, a linear gray comes out up to 10 levels too dark.
    return np.asarray(_to_srgb(ramp, profile, ImageCms.Flags.NOOPTIMIZE).convert("L"))[0]


def _deep_gray_to_srgb(image: Image.Image) -> Image.Image:
    """Gray of 16 or 32 bits as 8-bit sRGB, mode L: through its profile first, so that dark tones stay apart."""
    profile = image.info.get("icc_profile")
    curve = _gray_curve(profile) if profile else np.arange(256)
    table = np.interp(np.arange(65536) / 257, np.arange(256), curve).round().astype(np.uint8)
    values = np.asarray(image)
    if image.mode == "F":
        values = np.rint(values * 65535)
    return Image.fromarray(table[values.clip(0, 65535).astype(np.uint16)])


def read_rgb(path) -> Image.Image:
    """A photo as 8-bit sRGB, transparent parts over white. Raises `PhotoError`."""
    rgb, alpha = to_rgb(open_photo(path))
    return rgb if alpha is None else Image.composite(rgb, Image.new("RGB", rgb.size, "white"), alpha)


def square(image: Image.Image, size: int) -> np.ndarray:
    """The largest centered square of an RGB image, resized to uint8 `(size, size, 3)`."""
    if image.size != (size, size):
        image = ImageOps.fit(image, (size, size), Image.Resampling.LANCZOS)
    return np.asarray(image)


def find_photos(folder) -> list[Path]:
    """All photos below a folder, nested or flat, sorted by path; hidden files are passed over."""
    folder = Path(folder)
    if not folder.is_dir():
        raise PhotoError(f"{folder}: no such folder")
    found = (path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS and path.is_file())
    return sorted(p for p in found if not any(x.startswith(".") for x in p.relative_to(folder).parts))


def plan_outputs(inputs: list[str], output: Path) -> list[tuple[Path, Path]]:
    """Which photo goes where: JPEG stays JPEG, all else becomes PNG; the folders below a folder are kept.

    inputs: photos and folders of them. Raises `PhotoError` for one that isn't there or would be overwritten.
    """
    given = []
    for entry in map(Path, inputs):
        if entry.is_dir():
            found = find_photos(entry)
            if not found:
                raise PhotoError(f"{entry}: no photos in it; looked for {' '.join(sorted(ENDINGS))}")
            given += [(path, path.relative_to(entry)) for path in found]
        elif entry.is_file():
            given.append((entry, Path(entry.name)))
        else:
            raise PhotoError(f"{entry}: no such photo or folder")
    jobs, taken = [], set()
    for path, relative in given:
        ending = relative.suffix if relative.suffix.lower() in (".jpg", ".jpeg", ".png") else ".png"
        target, number = output / relative.with_suffix(ending), 2
        while target in taken:
            target = output / relative.with_name(f"{relative.stem}-{number}{ending}")
            number += 1
        taken.add(target)
        jobs.append((path, target))
    originals = {path.resolve() for path, _ in jobs}
    overwritten = [target for _, target in jobs if target.resolve() in originals]
    if overwritten:
        raise PhotoError(f"{overwritten[0]}: is one of the photos; give an --output folder of its own")
    return jobs


def save_photo(image, target: Path, exif) -> None:
    """Write a photo as its name's ending says, as a whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.suffix.lower() == ".png":
        options = {"format": "PNG"}
    else:
        image, options = image.convert("RGB"), {"format": "JPEG", "quality": 95, "subsampling": 0}
    write_atomically(target, lambda path: image.save(path, exif=exif, **options))


def bundled_photos() -> list[Path]:
    """The color photographs that scikit-image, scikit-learn and matplotlib carry (see data/README.md)."""
    import matplotlib
    import skimage
    import sklearn.datasets

    skimage_data = Path(skimage.__file__).parent / "data"
    sklearn_images = Path(sklearn.datasets.__file__).parent / "images"
    return [
        skimage_data / "astronaut.png",
        skimage_data / "chelsea.png",
        skimage_data / "coffee.png",
        skimage_data / "motorcycle_left.png",
        skimage_data / "rocket.jpg",
        sklearn_images / "china.jpg",
        sklearn_images / "flower.jpg",
        Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg",
    ]
