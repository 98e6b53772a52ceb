"""Device, precision, memory format, and batch norm over several processes."""

import os
import subprocess
import sys
import types

import pytest
import torch
from torch import nn

from colorlib import engine, precision
from colorlib.engine import Engine, GlobalBatchNorm2d, choose_device, memory_format
from colorlib.errors import ConfigError
from colorlib.precision import choose_precision, in_precision
from colorlib.recipes import get
from colorlib.systems import build_system


def test_auto_precision(monkeypatch):
    cpu, gpu = torch.device("cpu"), torch.device("cuda")
    monkeypatch.setattr(precision, "has_fast_bfloat16", lambda device: True)
    assert choose_precision("auto", cpu) == choose_precision("auto", gpu) == "bf16"
    monkeypatch.setattr(precision, "has_fast_bfloat16", lambda device: False)
    assert choose_precision("auto", cpu) == "fp32" and choose_precision("auto", gpu) == "fp16"
    assert choose_precision("fp64", gpu) == "fp64"
    with pytest.raises(ConfigError, match="fp16 has no effect on a processor"):
        choose_precision("fp16", cpu)
    with pytest.raises(ConfigError, match="bf16 isn't supported on Apple's GPUs"):
        choose_precision("bf16", torch.device("mps"))
    with pytest.raises(ConfigError, match="Apple's GPUs have no double precision"):
        choose_precision("fp64", torch.device("mps"))


def test_a_processor_needs_amx_for_bfloat16(monkeypatch):
    cpu = torch.device("cpu")
    for supported in (True, False):
        monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda supported=supported: supported)
        assert precision.has_fast_bfloat16(cpu) == supported
    monkeypatch.delattr(torch.cpu, "_is_amx_tile_supported")
    assert not precision.has_fast_bfloat16(cpu) and not precision.has_fast_bfloat16(torch.device("mps"))


@pytest.mark.parametrize("name, dtype", [("bf16", torch.bfloat16), ("fp32", torch.float32), ("fp64", torch.float32)])
def test_half_precision_is_computed_in_where_it_is_asked_for(name, dtype):
    with in_precision(name, torch.device("cpu")):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == dtype


def test_channels_last_everywhere_but_on_apples_gpus():
    assert memory_format(torch.device("cpu")) == memory_format(torch.device("cuda")) == torch.channels_last
    assert memory_format(torch.device("mps")) == torch.contiguous_format
    network, _ = Engine("cpu", "fp32").prepare(nn.Conv2d(8, 8, 3), lambda net: torch.optim.SGD(net.parameters()))
    assert network.weight.is_contiguous(memory_format=torch.channels_last)


def test_several_processes_take_no_device_with_a_number(monkeypatch):
    monkeypatch.setattr(engine, "Accelerator", lambda **options: types.SimpleNamespace(num_processes=2))
    with pytest.raises(ConfigError, match="--device cpu:0 can't serve several processes; give cpu"):
        Engine("cpu:0", "fp32")


def test_two_engines_live_beside_each_other():
    (config,) = get("unet-l1", "smoke")
    rgb = torch.rand(4, 3, 32, 32)
    first = build_system(config, Engine("cpu", "bf16"))
    first.step(rgb)
    second = build_system(config, Engine("cpu", "fp32"))
    second.step(rgb)
    assert first.engine.accelerator.mixed_precision == "bf16" and second.engine.accelerator.mixed_precision == "no"
    assert torch.isfinite(first.step(rgb)["loss_G"])


def test_bad_devices_are_named():
    for name in ("toaster", "meta"):
        with pytest.raises(ConfigError, match=f"--device {name}"):
            choose_device(name)


def test_batch_norm_over_processes_is_torchs(monkeypatch):
    """In one process the sums over all processes are its own: then both must agree, gradients and statistics too."""
    monkeypatch.setattr(engine.distributed, "all_reduce", lambda tensor: None)
    torch.manual_seed(0)
    x = torch.randn(4, 3, 5, 5) * torch.tensor([1.0, 3.0, 0.1])[:, None, None] + 2
    ours, theirs = GlobalBatchNorm2d(3), nn.BatchNorm2d(3)
    for norm in (ours, theirs):
        nn.init.uniform_(norm.weight, generator=torch.Generator().manual_seed(1))
    inputs = [x.clone().requires_grad_() for _ in range(2)]
    outputs = [norm(given) for norm, given in zip((ours, theirs), inputs, strict=True)]
    assert torch.allclose(*outputs, atol=1e-5)
    for output in outputs:
        (output * torch.linspace(-1, 1, output.numel()).view_as(output)).sum().backward()
    assert torch.allclose(inputs[0].grad, inputs[1].grad, atol=1e-4)
    for name in ("running_mean", "running_var", "num_batches_tracked"):
        assert torch.allclose(getattr(ours, name), getattr(theirs, name), atol=1e-5), name
    for norm in (ours, theirs):
        norm.eval()
    assert torch.equal(ours(x), theirs(x)) or torch.allclose(ours(x), theirs(x), atol=1e-5)


def test_batch_norm_of_a_large_mean_has_no_nan(monkeypatch):
    """A mean of 10 and a relative deviation of 1e-5: the difference of two squares would be negative here."""
    monkeypatch.setattr(engine.distributed, "all_reduce", lambda tensor: None)
    torch.manual_seed(0)
    x = 10 * (1 + 1e-5 * torch.randn(8, 2, 16, 16))
    assert torch.allclose(GlobalBatchNorm2d(2)(x), nn.BatchNorm2d(2)(x), atol=2e-3)


REDUCED = """
import torch
from colorlib.engine import Engine, SumOverProcesses
engine = Engine("cpu", "fp32")
rank = engine.process
x = torch.tensor([1.0 + rank, 2.0], requires_grad=True)
(SumOverProcesses.apply(x) * torch.tensor([1.0 + rank, 10.0])).sum().backward()
assert x.grad.tolist() == [3.0, 20.0], x.grad
assert engine.sum({"a": rank + 1.0}) == {"a": 3.0}
for more in range(3):
    again = Engine("cpu", "fp32")
    assert again.processes == 2 and again.sum({"a": rank + 1.0}) == {"a": 3.0}
"""


def test_two_processes_add_up_and_part(tmp_path):
    """Sums, their gradients, and further engines after the first was closed."""
    (tmp_path / "both.py").write_text(REDUCED)
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    done = subprocess.run(
        [*launcher, str(tmp_path / "both.py")],
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr[-2000:]
