"""The conditional GAN: a generator, a discriminator that sees the pair (gray, color), and their alternating steps.

The two steps read like the two formulas of Isola et al. (2017); notebook 03 writes them by hand.
"""

from torch import Tensor

from colorlib.config import Config
from colorlib.engine import Engine
from colorlib.losses import Adversarial, Prediction
from colorlib.models import build_discriminator
from colorlib.systems.optimizers import optimizer_maker
from colorlib.systems.supervised import Supervised, detached, too_small
from colorlib.systems.system import Parts


class GAN(Supervised):
    """A generator that learns from the true colors, judged by a discriminator as well. Raises `ConfigError`."""

    reads = ("discriminator", "discriminator_widths", "discriminator_lr", "spectral_norm", "generator_steps")
    needs = {"loss": ("adversarial",)}

    @classmethod
    def try_out(cls, config: Config) -> tuple[Tensor, Tensor]:
        """As the parent's, and the discriminator takes the pair."""
        gray, color = super().try_out(config)
        with too_small(config):
            build_discriminator(config)(gray, color)
        return gray, color

    def __init__(self, config: Config, engine: Engine, fresh: bool = True):
        super().__init__(config, engine, fresh)
        self.adversarial = next(term.function for term in self.terms if isinstance(term.function, Adversarial))
        discriminator = build_discriminator(config)
        if fresh:
            discriminator.initialize()
        maker = optimizer_maker(config, config.discriminator_lr or config.lr)
        self.discriminator, self.discriminator_optimizer = engine.prepare(discriminator, maker)

    def discriminator_step(self, prediction: Prediction) -> dict[str, Tensor]:
        """max over D of log D(y|x) + log(1 - D(G(x)|x)): tell true pairs from generated ones."""
        generated = self.discriminator(prediction.gray, prediction.predicted.detach())
        fake = self.adversarial.on_generated(generated)
        real = self.adversarial.on_true(self.discriminator(prediction.gray, prediction.true))
        losses = {"loss_D_fake": fake, "loss_D_real": real, "loss_D": (fake + real) / 2}
        self.engine.descend(losses["loss_D"], self.discriminator_optimizer)
        return detached(losses)

    def generator_step(self, prediction: Prediction) -> dict[str, Tensor]:
        """min over G of -log D(G(x)|x) + lambda ||G(x) - y||_1, or the terms that the objective names."""
        # Without the wrapper that averages gradients over processes, and without gradients of its own: the
        # discriminator judges here, and doesn't learn.
        discriminator = self.engine.plain(self.discriminator).requires_grad_(False)
        prediction.logits = discriminator(prediction.gray, prediction.predicted)
        losses = self.weigh(prediction)
        self.engine.descend(losses["loss_G"], self.optimizer)
        discriminator.requires_grad_(True)
        self.update_average()
        return detached(losses)

    def step(self, rgb: Tensor) -> dict[str, Tensor]:
        """One step of D, then one or more of G; the first sees the same prediction as D, which saves a forward pass."""
        prediction = self.predict(rgb)
        losses = self.discriminator_step(prediction) | self.generator_step(prediction)
        for _ in range(self.config.generator_steps - 1):
            losses |= self.generator_step(self.predict(rgb))
        return losses

    def parts(self) -> Parts:
        """The generator's, the discriminator and its optimizer."""
        parts = super().parts()
        parts.networks["discriminator"] = self.engine.plain(self.discriminator)
        parts.optimizers["discriminator_optimizer"] = self.discriminator_optimizer
        return parts
