"""Image colorization with conditional GANs: the toolkit under the course.

    from colorlib import Colorizer, Config, fit, evaluate

These names are imported when they are first used, so that `import colorlib` and `colorlib --help` are quick.
"""

import importlib

NAMES = {
    "Colorizer": "colorlib.colorizer",
    "Config": "colorlib.config",
    "Model": "colorlib.model",
    "fit": "colorlib.training.stages",
    "evaluate": "colorlib.evaluation",
}
__all__ = list(NAMES)


def __getattr__(name: str):
    if name not in NAMES:
        raise AttributeError(f"module 'colorlib' has no attribute {name!r}")
    return getattr(importlib.import_module(NAMES[name]), name)
