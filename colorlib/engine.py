"""What computes, and how: the device, the precision, and several processes that train as one.

An `Engine` carries all three for a training, by Hugging Face Accelerate; the functions above it serve a colorizer too.
Signals, which end a training of one process in order, are at the end.
"""

import atexit
import contextlib
import signal
import threading
from collections.abc import Callable

import torch
import torch.distributed as distributed
from accelerate import Accelerator, DistributedDataParallelKwargs
from accelerate.state import AcceleratorState, PartialState
from torch import Tensor, nn

from colorlib.errors import ConfigError
from colorlib.precision import HALF_PRECISION, choose_precision


def choose_device(name: str = "auto") -> torch.device:
    """The device that a setting means; `auto` is a GPU if there is one. Raises `ConfigError`."""
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
        if device.type == "meta":
            raise RuntimeError("it has no numbers")
    except (RuntimeError, AssertionError) as error:
        raise ConfigError(f"--device {name} can't be used here ({str(error).splitlines()[0]})") from None
    return device


def memory_format(device: torch.device) -> torch.memory_format:
    """How a network's weights lie in memory: channels last, which convolutions are faster with.

    Not on Apple's GPUs, where batch norm's gradients are reported to be wrong with it (PyTorch's tracker, no. 175189).
    """
    return torch.contiguous_format if device.type == "mps" else torch.channels_last


def device_name(device: torch.device) -> str:
    """The device as a table of results names it."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{device.type}, {torch.get_num_threads()} threads" if device.type == "cpu" else device.type


class Engine:
    """The device, precision and processes of one training. The group of processes is left when Python ends.

    device, precision: as the settings of these names. Raises `ConfigError` for a device that isn't there.
    """

    def __init__(self, device: str = "auto", precision: str = "auto"):
        chosen = choose_device(device)
        if chosen.type == "cuda" and chosen.index is not None:
            torch.cuda.set_device(chosen)  # Accelerate takes the current one
        self.precision = choose_precision(precision, chosen)
        # Accelerate keeps its state for all of a program. A program may hold several engines here, so each begins one.
        AcceleratorState._shared_state, PartialState._shared_state = {}, {}
        self.accelerator = Accelerator(
            mixed_precision=self.precision if self.precision in HALF_PRECISION else "no",
            cpu=chosen.type == "cpu",
            kwargs_handlers=[DistributedDataParallelKwargs(broadcast_buffers=False)],
        )
        if chosen.index is not None and self.accelerator.num_processes > 1:
            raise ConfigError(
                f"--device {device} can't serve several processes; give {chosen.type}, and each takes its own"
            )
        self.device = self.accelerator.device
        self.dtype = torch.float64 if self.precision == "fp64" else torch.float32
        # Apple's GPUs have no float64.
        self.sum_dtype = torch.float32 if self.device.type == "mps" else torch.float64
        self.processes, self.process = self.accelerator.num_processes, self.accelerator.process_index
        self.is_main = self.accelerator.is_main_process

    def prepare(self, network: nn.Module, make_optimizer) -> tuple[nn.Module, torch.optim.Optimizer]:
        """A network on the device, in the precision, shared by the processes; and `make_optimizer(network)`."""
        network = network.to(self.device, self.dtype).to(memory_format=memory_format(self.device))
        if self.processes > 1:
            network = synchronize_batch_norm(network, self.device)
        return self.accelerator.prepare(network, make_optimizer(network))

    def plain(self, network: nn.Module) -> nn.Module:
        """A prepared network without the wrapper that averages gradients over processes; it keeps its precision."""
        return self.accelerator.unwrap_model(network, keep_fp32_wrapper=True)

    def descend(self, loss: Tensor, optimizer: torch.optim.Optimizer) -> None:
        """One step of an optimizer down the gradient of a loss, which is scaled where the precision needs it."""
        optimizer.zero_grad()
        self.accelerator.backward(loss)
        optimizer.step()

    def sum(self, values: dict[str, float]) -> dict[str, float]:
        """Add up numbers over all processes; every process gets the sums."""
        if self.processes == 1:
            return values
        total = torch.tensor(list(values.values()), dtype=self.sum_dtype, device=self.device)
        distributed.all_reduce(total)
        return dict(zip(values, total.tolist(), strict=True))


def is_main_process() -> bool:
    """Whether this is the first of several processes that train as one, or the only one."""
    return not (distributed.is_available() and distributed.is_initialized()) or distributed.get_rank() == 0


@atexit.register
def leave_group() -> None:
    """End the group of processes: one that leaves with it open may be ended by its threads.

    Once, at the very end. A second group can't be opened safely: it would find the addresses that the first one left
    in torchrun's store, and wait for them forever.
    """
    if distributed.is_available() and distributed.is_initialized():
        distributed.destroy_process_group()


class SumOverProcesses(torch.autograd.Function):
    """Add a tensor up over all processes; its gradient is added up likewise."""

    @staticmethod
    def forward(context, x: Tensor) -> Tensor:
        total = x.clone()
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(context, gradient: Tensor) -> Tensor:
        total = gradient.contiguous().clone()
        distributed.all_reduce(total)
        return total


class GlobalBatchNorm2d(nn.BatchNorm2d):
    """Batch norm whose statistics are those of the whole batch, divided among several processes.

    torch has the same for GPUs (`nn.SyncBatchNorm`) and none for processors.
    """

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return super().forward(x)
        dtype = x.dtype
        x = x.to(torch.promote_types(dtype, torch.float32))  # half precision can't hold these sums
        totals = SumOverProcesses.apply(torch.cat([x.sum(dim=(0, 2, 3)), x.new_tensor([x[:, 0].numel()])]))
        count = totals[-1]
        centered = x - (totals[:-1] / count)[:, None, None]
        # The mean first: E[x^2] - E[x]^2 would lose all digits where the mean is large beside the deviation.
        variance = SumOverProcesses.apply(centered.square().sum(dim=(0, 2, 3))) / count
        with torch.no_grad():
            self.num_batches_tracked += 1
            self.running_mean.lerp_(totals[:-1] / count, self.momentum)
            self.running_var.lerp_(variance * count / (count - 1), self.momentum)
        scale = self.weight * (variance + self.eps).rsqrt()
        return (centered * scale[:, None, None] + self.bias[:, None, None]).to(dtype)


def synchronize_batch_norm(network: nn.Module, device: torch.device) -> nn.Module:
    """Make a network's batch norm look at the batches of all processes. The names of its weights stay."""
    if device.type == "cuda":
        return nn.SyncBatchNorm.convert_sync_batchnorm(network)
    for name, child in network.named_children():
        if type(child) is nn.BatchNorm2d:
            synchronized = GlobalBatchNorm2d(child.num_features, child.eps, child.momentum)
            synchronized.load_state_dict(child.state_dict())
            setattr(network, name, synchronized.to(child.weight))
        else:
            synchronize_batch_norm(child, device)
    return network


@contextlib.contextmanager
def stop_on_signals(request: Callable[[], bool]):
    """Turn Ctrl-C and SIGTERM into a call of `request`; where it returns True, they stop at once as usual."""

    def handle(number, frame):
        if request():
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set handlers
        return
    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
