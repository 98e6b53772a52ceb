"""Precision: how exactly a device computes, and where half precision is worth it.

A training and a colorizer choose here, and whatever computes in half precision asks here for it. The settings' names
are `colorlib.fields.PRECISIONS`.
"""

import contextlib

import torch

from colorlib.errors import ConfigError
from colorlib.fields import PRECISIONS

HALF_PRECISION = {"bf16": torch.bfloat16, "fp16": torch.float16}


def has_fast_bfloat16(device: torch.device) -> bool:
    """Whether the device is faster in bfloat16 than in float32.

    A processor is with AMX's matrix units, about three times. AVX512-BF16 alone isn't: measured, a training step of
    a U-Net took 1.15 times as long as in float32.
    """
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    probe = getattr(torch.cpu, "_is_amx_tile_supported", None)
    return device.type == "cpu" and bool(probe and probe())


def choose_precision(name: str, device: torch.device) -> str:
    """`auto` resolved: bf16 where it is faster, fp16 on older GPUs, else fp32. Raises `ConfigError`."""
    if name not in PRECISIONS:
        raise ConfigError(f"--precision is {name!r}; it takes one of {', '.join(PRECISIONS)}")
    if name == "fp16" and device.type == "cpu":
        raise ConfigError("--precision fp16 has no effect on a processor; give bf16 or fp32")
    if name == "fp64" and device.type == "mps":
        raise ConfigError("--precision fp64: Apple's GPUs have no double precision; give fp32, or --device cpu")
    if name in HALF_PRECISION and device.type == "mps":
        raise ConfigError(f"--precision {name} isn't supported on Apple's GPUs; give fp32")
    if name != "auto":
        return name
    if has_fast_bfloat16(device):
        return "bf16"
    return "fp16" if device.type == "cuda" else "fp32"


def in_precision(name: str, device: torch.device):
    """What to compute within (`with`): in half precision for bf16 and fp16, else as exactly as the numbers are."""
    half = HALF_PRECISION.get(name)
    return torch.autocast(device.type, half) if half else contextlib.nullcontext()
