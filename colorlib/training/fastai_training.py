"""A training by fastai's `Learner`: its one cycle of learning rate and momentum, its progress, its recorder.

What is trained, on which pictures, and what is left in the run's folder is the same as with our own loop
(`colorlib.training`), so --resume, colorize and evaluate take it alike. Notebook 04 makes such a Learner by hand.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator

import torch
from torch import Tensor, nn

from colorlib.color.spaces import ColorSpace
from colorlib.errors import ConfigError
from colorlib.losses import Prediction
from colorlib.models.pretrained import importing_fastai
from colorlib.systems.supervised import detached
from colorlib.training import Training


class GrayColorBatches:
    """Batches of RGB as a Learner takes them: pairs of gray `(B, 1, S, S)` and color `(B, C, S, S)`, on the device.

    batches: of RGB uint8 `(B, 3, S, S)`, with a length. prepare: makes sRGB in [0, 1] of one, on the device.
    """

    def __init__(self, batches: Iterable[Tensor], space: ColorSpace, prepare: Callable[[Tensor], Tensor]):
        self.batches, self.space, self.prepare = batches, space, prepare

    def __len__(self):
        return len(self.batches)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        for batch in self.batches:
            yield self.space.split(self.prepare(batch))

    def to(self, device) -> None:
        """fastai asks for it; `prepare` has done it already."""


def make_learner(network: nn.Module, optimizer: torch.optim.Optimizer, loss, train, valid):
    """fastai's `Learner` of a network and torch's optimizer of it.

    loss: a function of (predicted, true color), both `(B, C, S, S)`. train, valid: `GrayColorBatches`.
    """
    with importing_fastai():
        from fastai.callback import schedule  # noqa: F401 (gives Learner fit_one_cycle and lr_find)
        from fastai.data.core import DataLoaders
        from fastai.learner import Learner
        from fastai.optimizer import OptimWrapper

    pairs = DataLoaders(train, valid, device=next(network.parameters()).device)
    learner = Learner(pairs, network, loss_func=loss)
    learner.opt = OptimWrapper(opt=optimizer)
    return learner


class FastaiTraining(Training):
    """A training whose epochs are a Learner's. Raises `ConfigError` for what that can't do."""

    ignores = ("beta1", "max_steps", "patience", "conditions", "compare_with")
    needs = {"lr_schedule": ("onecycle",), "optimizer": ("adam", "adamw"), "system": ("supervised",)}

    def __init__(self, system, config, engine, *others, **options):
        if engine.processes > 1:  # said before a folder is cleared
            raise ConfigError("--trainer fastai trains in one process; start it without torchrun, or leave it out")
        super().__init__(system, config, engine, *others, **options)
        self.failure: BaseException | None = None  # what a callback met; fastai would put words of its own around it

    def run_epochs(self) -> None:
        """Run or go on with the one cycle over all epochs."""
        if self.progress.batches == len(self.batches):  # saved after an epoch's last step, before it was closed
            self.end_pass()
        system, space = self.system, self.system.head.space
        train = GrayColorBatches(self.batches, space, self.prepare)
        valid = GrayColorBatches([], space, self.as_rgb)  # no validation of its own: ours follows each epoch
        optimizer = system.optimizer.optimizer  # Accelerate's wrapper of it would hide from fastai what it sets
        self.learner = make_learner(system.generator, optimizer, self.loss, train, valid)
        self.learner.recorder.valid_metrics = False
        self.learner.add_cb(recording(self))
        if self.engine.accelerator.scaler:  # of fp16, whose gradients would vanish
            self.learner.add_cb(scaling(self.engine.accelerator.scaler, optimizer))
        with contextlib.ExitStack() as stack:
            if not self.show:
                stack.enter_context(self.learner.no_bar())
                stack.enter_context(self.learner.no_logging())
            self.learner.fit_one_cycle(self.config.epochs, self.start_rates[0], start_epoch=self.progress.epoch)
        if self.failure:
            raise self.failure

    def loss(self, output: Tensor, color: Tensor) -> Tensor:
        """The objective, for a Learner, which knows of prediction and truth alone; the gray is the Learner's input."""
        gray = self.learner.x
        losses = self.system.weigh(Prediction(self.system.head, gray, color, output))
        self.losses = detached(losses)
        return losses["loss_G"]

    def tidy_optimizers(self) -> None:
        """Make Python's numbers of numpy's that fastai sets: a file that executes nothing has no others."""
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"], group["betas"] = float(group["lr"]), tuple(map(float, group["betas"]))


def recording(training: FastaiTraining):
    """The Learner's callback that keeps our training's books: progress, history, colorizers, state.pt."""
    from fastai.callback.core import Callback, CancelFitException

    progress, batches = training.progress, training.batches

    class Recording(Callback):
        def before_train(self):
            training.begin_pass()

        def before_batch(self):
            if self.training:  # where the one cycle stands: a training may go on within an epoch
                self.learn.pct_train = progress.step / training.total_steps

        def after_batch(self):
            if not self.training:
                return
            training.system.update_average()
            training.tidy_optimizers()
            self.or_stop(training.count_step, training.losses, len(self.x))
            if training.stop_requested:
                raise CancelFitException

        def after_epoch(self):
            if progress.batches == len(batches):  # and it wasn't skipped, being behind us
                self.or_stop(training.end_pass)

        def or_stop(self, function, *arguments):
            try:
                function(*arguments)
            except Exception as failure:
                training.failure = failure
                raise CancelFitException from failure

    return Recording()


def scaling(scaler: torch.amp.GradScaler, optimizer: torch.optim.Optimizer):
    """The Learner's callback for half precision: losses are scaled up, and gradients down again.

    fastai has one, whose scale is forgotten when a training is interrupted; this scaler is one of the system's parts.
    """
    from fastai.callback.core import Callback, CancelStepException

    class Scaling(Callback):
        def before_backward(self):
            self.learn.loss_grad = scaler.scale(self.loss_grad)

        def before_step(self):
            scaler.step(optimizer)  # or not, where a gradient is not finite
            scaler.update()
            raise CancelStepException

    return Scaling()
