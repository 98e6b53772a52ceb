"""Which device computes, in which precision."""

import platform

import torch

from colorlib.config import ConfigError


def choose_device(name: str = "auto") -> torch.device:
    """The device that a setting means; `auto` is a GPU if there is one. Raises `ConfigError`."""
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ConfigError(f"--device {name} can't be used here ({str(error).splitlines()[0]})") from None
    return device


def has_native_bfloat16(device: torch.device) -> bool:
    """Whether the device computes in bfloat16 itself; where it is emulated it is slower than float32."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    if device.type == "cpu" and platform.machine() in ("x86_64", "AMD64"):
        probe = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
        return bool(probe and probe())
    return False


def choose_precision(name: str, device: torch.device) -> str:
    """`auto` resolved: bf16 where native, fp16 on older GPUs, else fp32."""
    if name != "auto":
        return name
    if has_native_bfloat16(device):
        return "bf16"
    return "fp16" if device.type == "cuda" else "fp32"


def device_name(device: torch.device) -> str:
    """The device as a table of results names it."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{device.type}, {torch.get_num_threads()} threads" if device.type == "cpu" else device.type
