"""What the documents published, to be set beside our own figures: other pictures, other sizes, so no contest.

*coco* doesn't say which eps its accuracy has. A further row of a document is a line here.
"""

from typing import NamedTuple

MEASURED = ("fid", "eps_accuracy_5", "mae", "psnr", "fps")  # the names in METRICS; of the second the eps isn't known


class Published(NamedTuple):
    """A row of a document's table: what was measured, on what, and its figures in the order of `MEASURED`."""

    name: str
    pictures: str
    figures: tuple[float | None, ...]

    def row(self) -> dict[str, float]:
        """The figures that there are, by the metrics' names."""
        return {name: value for name, value in zip(MEASURED, self.figures, strict=True) if value is not None}


PHOTOS = "MS-COCO 2017, 256x256"
PUBLISHED = [
    Published("1 U-Net, L1", PHOTOS, (32.29, 31.97, 15.14, 21.72, 28)),
    Published("2 U-Net, perceptual", PHOTOS, (35.66, 31.13, 15.74, 21.36, 28)),
    Published("3 U-Net, perceptual and L1", PHOTOS, (29.50, 35.39, 14.43, 22.15, 28)),
    Published("4 residual generator, L1", PHOTOS, (42.26, 32.58, 16.42, 21.01, 17)),
    Published("5 residual U-Net, L1", PHOTOS, (29.43, 32.92, 15.56, 21.55, 23)),
    Published("6 residual U-Net, L1, upsampling", PHOTOS, (70.73, 5.57, 24.21, 18.33, 21)),
    Published("7 pre-trained U-Net, L1", PHOTOS, (31.69, 47.18, 11.50, 24.19, 28)),
    Published("quoted there: cGAN (Nazeri et al.)", "CIFAR-10", (None, 65.5, 5.1, None, None)),
    Published("quoted there: pix2pix", "", (24.41, None, None, None, None)),
    Published("quoted there: Palette", "", (15.78, None, None, None, None)),
]
