"""Several processes that train as one: batch norm over the whole batch, sums over all processes."""

import torch
import torch.distributed as distributed
from torch import Tensor, nn
from torch.distributed.nn.functional import all_reduce


class GlobalBatchNorm2d(nn.BatchNorm2d):
    """Batch norm whose statistics are those of the whole batch, spread over several processes.

    torch has the same for GPUs (`nn.SyncBatchNorm`) and none for processors.
    """

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return super().forward(x)
        dtype = x.dtype
        x = x.to(torch.promote_types(dtype, torch.float32))  # half precision can't hold these sums
        sums = torch.cat([x.sum(dim=(0, 2, 3)), x.square().sum(dim=(0, 2, 3)), x.new_tensor([x[:, 0].numel()])])
        total, squares, count = all_reduce(sums).split([self.num_features, self.num_features, 1])
        mean = total / count
        variance = squares / count - mean.square()
        with torch.no_grad():
            self.num_batches_tracked += 1
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * count / (count - 1), self.momentum)
        scale = self.weight * (variance + self.eps).rsqrt()
        return (x * scale[:, None, None] + (self.bias - mean * scale)[:, None, None]).to(dtype)


def share_batch_norm(model: nn.Module, device: torch.device) -> nn.Module:
    """Make a model's batch norm look at the batches of all processes. The names of its weights stay."""
    if device.type == "cuda":
        return nn.SyncBatchNorm.convert_sync_batchnorm(model)
    for name, child in model.named_children():
        if type(child) is nn.BatchNorm2d:
            shared = GlobalBatchNorm2d(child.num_features, child.eps, child.momentum)
            shared.load_state_dict(child.state_dict())
            setattr(model, name, shared.to(child.weight))
        else:
            share_batch_norm(child, device)
    return model


def sum_over_processes(values: dict[str, float], device: torch.device) -> dict[str, float]:
    """Add up numbers over all processes; every process gets the sums."""
    total = torch.tensor(list(values.values()), dtype=torch.float64, device=device)
    distributed.all_reduce(total)
    return dict(zip(values, total.tolist(), strict=True))
