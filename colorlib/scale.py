"""One switch for the size of everything: the environment variable COLORLIB_SCALE."""

import os

from colorlib.config import ConfigError

SCALES = {
    "smoke": "tests: bundled photos, seconds on a CPU",
    "class": "a student's laptop: CIFAR-10, minutes on a CPU",
    "full": "the source document's own budget, on a GPU",
}


def current_scale() -> str:
    """The scale that COLORLIB_SCALE names: `smoke`, `class` (the default) or `full`. Raises `ConfigError`."""
    scale = os.environ.get("COLORLIB_SCALE") or "class"
    if scale not in SCALES:
        raise ConfigError(f"COLORLIB_SCALE is {scale!r}; set it to one of {', '.join(SCALES)}")
    return scale
