"""Both networks, their optimizers, and the two steps of a conditional GAN, written as the formulas have them.

Hugging Face Accelerate carries device, mixed precision and several processes. Notebook 02 walks through
`generator_step`, notebook 03 through `alternate`.
"""

import torch
from accelerate import Accelerator, DistributedDataParallelKwargs
from accelerate.state import AcceleratorState
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from colorlib.color import COLOR_SPACES, Prediction
from colorlib.colorizer import Colorizer
from colorlib.config import Config, ConfigError
from colorlib.devices import choose_device, choose_precision
from colorlib.losses import Term, discriminator_loss, fooling_loss, objective
from colorlib.models import build_discriminator, build_generator
from colorlib.optimizers import build_optimizer
from colorlib.parallel import share_batch_norm

MIXED_PRECISION = {"fp32": "no", "fp64": "no", "fp16": "fp16", "bf16": "bf16"}


class Steps:
    """The generator, the discriminator (None for regression alone), and one step of each.

    Raises `ConfigError` for a device that isn't there and a batch that the processes can't share.
    """

    def __init__(self, config: Config):
        self.config = config
        device = choose_device(config.device)
        if device.type == "cuda" and device.index is not None:
            torch.cuda.set_device(device)  # Accelerate takes the current one
        self.precision = choose_precision(config.precision, device)
        AcceleratorState._reset_state(reset_partial_state=True)  # a notebook trains more than once
        self.accelerator = Accelerator(
            mixed_precision=MIXED_PRECISION[self.precision],
            cpu=device.type == "cpu",
            kwargs_handlers=[DistributedDataParallelKwargs(broadcast_buffers=False)],
        )
        self.device = self.accelerator.device
        self.dtype = torch.float64 if self.precision == "fp64" else torch.float32
        self.is_main, self.processes = self.accelerator.is_main_process, self.accelerator.num_processes
        if config.batch_size % self.processes:
            raise ConfigError(f"--batch-size {config.batch_size} can't be shared by {self.processes} processes evenly")

        torch.manual_seed(config.seed)
        self.space = COLOR_SPACES[config.color_space]
        self.terms = objective(config)
        generator = build_generator(config).to(self.device, self.dtype)
        self.average = None
        if config.ema:  # a copy, made before `prepare` wraps mixed precision around the original
            self.average = AveragedModel(generator, multi_avg_fn=get_ema_multi_avg_fn(config.ema), use_buffers=True)
        self.generator, self.optimizer = self._prepare(generator, config.lr)
        self.discriminator = build_discriminator(config)
        if self.discriminator:
            lr = config.discriminator_lr or config.lr
            self.discriminator, self.discriminator_optimizer = self._prepare(self.discriminator, lr)
            self.terms.insert(0, Term("GAN", config.gan_weight, self.fooling))

    def _prepare(self, model, lr):
        """A model and its optimizer on the device, in the precision, shared by the processes."""
        model = model.to(self.device, self.dtype).to(memory_format=torch.channels_last)
        if self.processes > 1:
            model = share_batch_norm(model, self.device)
        return self.accelerator.prepare(model, build_optimizer(model, self.config, lr))

    def colorizer(self) -> Colorizer:
        """The generator as it is now, or its moving average."""
        generator = self.accelerator.unwrap_model(self.generator, keep_fp32_wrapper=True)
        return Colorizer(self.average.module if self.average else generator, self.config)

    def predict(self, rgb: Tensor) -> Prediction:
        """Split pictures, sRGB `(B, 3, S, S)` in [0, 1], and predict their color from their gray."""
        gray, color = self.space.split(rgb)
        return Prediction(self.space, gray, color, self.generator(gray))

    def discriminator_step(self, prediction: Prediction) -> dict[str, Tensor]:
        """max over D of log D(y|x) + log(1 - D(G(x)|x)): tell true pairs from generated ones."""
        kind, gray = self.config.gan_loss, prediction.gray
        fake = discriminator_loss(self.discriminator(gray, prediction.predicted.detach()), False, kind)
        true_logits = self.discriminator(gray, prediction.true)
        real = discriminator_loss(true_logits, True, kind, self.config.real_label)
        loss = (fake + real) / 2
        self.discriminator_optimizer.zero_grad()
        self.accelerator.backward(loss)
        self.discriminator_optimizer.step()
        return {"loss_D_fake": fake.detach(), "loss_D_real": real.detach(), "loss_D": loss.detach()}

    def fooling(self, prediction: Prediction) -> Tensor:
        """-log D(G(x)|x): the generator's adversarial term."""
        # Not through the wrapper that averages gradients over processes: the discriminator doesn't learn here.
        discriminator = self.accelerator.unwrap_model(self.discriminator)
        return fooling_loss(discriminator(prediction.gray, prediction.predicted), self.config.gan_loss)

    def generator_step(self, rgb: Tensor, prediction: Prediction | None = None) -> dict[str, Tensor]:
        """min over G of -log D(G(x)|x) + lambda ||G(x) - y||_1 (or the terms that the configuration names).

        prediction: the one that the discriminator has just seen; it saves predicting a second time.
        """
        prediction = prediction or self.predict(rgb)
        if self.discriminator:
            self.discriminator.requires_grad_(False)  # judges, but doesn't learn: half of its backward pass is saved
        losses = {f"loss_G_{term.name}": term.weight * term.function(prediction) for term in self.terms}
        losses["loss_G"] = sum(losses.values())
        self.optimizer.zero_grad()
        self.accelerator.backward(losses["loss_G"])
        self.optimizer.step()
        if self.discriminator:
            self.discriminator.requires_grad_(True)
        if self.average:
            self.average.update_parameters(self.accelerator.unwrap_model(self.generator))
        return {name: loss.detach() for name, loss in losses.items()}

    def alternate(self, rgb: Tensor) -> dict[str, Tensor]:
        """One step of D (if there is one), then one or more of G."""
        if not self.discriminator:
            return self.generator_step(rgb)
        prediction = self.predict(rgb)
        losses = self.discriminator_step(prediction) | self.generator_step(rgb, prediction)
        for _ in range(self.config.generator_steps - 1):
            losses |= self.generator_step(rgb)
        return losses
