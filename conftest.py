"""Settings for every test run: pytest over tests/, and nbval over the notebooks."""

import os
import shutil
import tempfile

import matplotlib

# Only this process draws without a window; the kernels that nbval starts keep their inline pictures.
matplotlib.use("Agg")

os.environ.setdefault("COLORLIB_SCALE", "smoke")

# One cache of decoded photos for the whole run: subprocesses, kernels and pytest-xdist's workers inherit it.
own_cache = None
if "COLORLIB_CACHE" not in os.environ:
    own_cache = os.environ["COLORLIB_CACHE"] = tempfile.mkdtemp(prefix="colorlib-tests-")


def pytest_itemcollected(item):
    """Give a notebook cell a minute to report its outputs; nbval's 5 s are too few on a loaded machine."""
    if hasattr(item, "output_timeout"):
        item.output_timeout = 60


def pytest_unconfigure():
    """Remove the cache that this process made."""
    if own_cache:
        shutil.rmtree(own_cache, ignore_errors=True)
