"""Photos as files: reading any mode rightly, finding them in folders, writing them, cutting squares, the bundled ones.

Everything that enters colorlib from a file comes through `open_photo`.
"""

import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from colorlib.files import write_atomically

ENDINGS = {".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp"}


class PhotoError(ValueError):
    """A photo that can't be read; the message names the file and says why."""


def open_photo(path) -> Image.Image:
    """Open and decode one file, turned upright by its EXIF orientation. Raises `PhotoError`."""
    try:
        with Image.open(path) as file:
            file.load()
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


def exif_bytes(image: Image.Image) -> bytes:
    """The image's EXIF data, to be saved with another one; empty where they are damaged or too long for a JPEG."""
    try:
        data = image.getexif().tobytes()
    except Exception:
        return b""
    return data if len(data) < 2**16 - 8 else b""


def to_rgb(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """An image of any mode as 8-bit sRGB, and its alpha channel (or None).

    16-bit gray, and floats in [0, 1], are scaled rather than cut to 8 bits; an embedded color profile (CMYK, Adobe
    RGB, Display P3) is converted to sRGB.
    """
    if image.mode.startswith("I") or image.mode == "F":  # 16-bit and 32-bit gray
        values = np.asarray(image).astype(np.float64)
        if values.max() > 255:
            values = values / 257
        elif image.mode == "F" and values.max() <= 1:
            values = values * 255
        return Image.fromarray(values.clip(0, 255).round().astype(np.uint8)).convert("RGB"), None
    alpha = None
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        image_with_alpha = image.convert("RGBA")
        alpha = image_with_alpha.getchannel("A")
        image = image_with_alpha.convert("RGB") if image.mode != "RGB" else image
    profile = image.info.get("icc_profile")
    if profile and image.mode in ("RGB", "CMYK"):
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            image = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, OSError):
            pass  # an unreadable profile is taken as sRGB, as every viewer does
    return image.convert("RGB"), alpha


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
    sources = []
    for entry in map(Path, inputs):
        if entry.is_dir():
            found = find_photos(entry)
            if not found:
                raise PhotoError(f"{entry}: no photos in it; looked for {' '.join(sorted(ENDINGS))}")
            sources += [(path, path.relative_to(entry)) for path in found]
        elif entry.is_file():
            sources.append((entry, Path(entry.name)))
        else:
            raise PhotoError(f"{entry}: no such photo or folder")
    jobs, taken = [], set()
    for source, relative in sources:
        ending = relative.suffix if relative.suffix.lower() in (".jpg", ".jpeg", ".png") else ".png"
        target, number = output / relative.with_suffix(ending), 2
        while target in taken:
            target = output / relative.with_name(f"{relative.stem}-{number}{ending}")
            number += 1
        taken.add(target)
        jobs.append((source, target))
    originals = {source.resolve() for source, _ in jobs}
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
