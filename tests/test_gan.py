"""The conditional GAN: discriminators, adversarial losses, the alternating step, schedules of a training."""

import logging

import numpy as np
import pytest
import torch
from torch.nn import functional

from colorlib.color.spaces import LAB
from colorlib.engine import Engine
from colorlib.errors import TrainingError
from colorlib.models import build_discriminator, build_generator, count_parameters
from colorlib.models.discriminators import Discriminator, receptive_field
from colorlib.models.gray_fed import NOISE_SIZE, GrayFed
from colorlib.models.unet import UNet
from colorlib.recipes import get
from colorlib.systems.gan import GAN
from colorlib.training import Training
from colorlib.training.runs import Run
from colorlib.training.stages import fit


@pytest.fixture
def config(tmp_path):
    (config,) = get("controlled", "smoke")
    return config.replace(
        limit_images=64, valid_images=32, epochs=2, checkpoints_path=str(tmp_path / "run"), device="cpu"
    )


# ------------------------------------------------------------ discriminators


@pytest.mark.parametrize(
    "kind, size, logits, field", [("conv", 32, 1, 62), ("patch", 32, 4, 46), ("patch70", 256, 900, 70)]
)
def test_discriminators(kind, size, logits, field):
    model = Discriminator(kind, image_size=size)
    assert round(count_parameters(model) / 1e6, 1) == 2.8  # as published for 32x32
    assert model(torch.zeros(2, 1, size, size), torch.zeros(2, 2, size, size)).shape == (2, logits)
    assert model.receptive_field == field


def test_the_first_layer_of_patch70_has_no_norm():
    """Isola et al. (2017), as published; the other layers but the last have one."""
    kinds = [type(layer).__name__ for layer in Discriminator("patch70", image_size=64).layers]
    assert kinds[:5] == ["Conv2d", "LeakyReLU", "Conv2d", "BatchNorm2d", "LeakyReLU"]
    assert kinds.count("BatchNorm2d") == 3 and kinds[-1] == "Conv2d"
    assert Discriminator("patch70", image_size=64).layers[0].bias is not None


def test_discriminators_start_from_dcgans_weights():
    model = Discriminator("conv")
    model.initialize()
    assert model.layers[3].weight.std().item() == pytest.approx(0.02, rel=0.05)


def test_the_discriminator_of_church_has_two_dense_layers():
    model = build_discriminator(get("church")[0])
    assert sum(isinstance(layer, torch.nn.Linear) for layer in model.modules()) == 2
    assert model(torch.zeros(2, 1, 64, 64), torch.zeros(2, 2, 64, 64)).shape == (2, 1)


def test_receptive_field_is_what_the_gradient_reaches():
    model = Discriminator("patch70", widths=(4, 4, 4, 4), image_size=128).eval()
    for layer in model.modules():
        if isinstance(layer, torch.nn.Conv2d):
            torch.nn.init.constant_(layer.weight, 0.1)
    gray = torch.rand(1, 1, 128, 128, requires_grad=True)
    logits = model.layers(torch.cat([gray, torch.rand(1, 2, 128, 128)], dim=1))
    logits[0, 0, 7, 7].backward()
    rows = gray.grad[0, 0].abs().sum(dim=1).nonzero()
    assert rows.max() - rows.min() + 1 == 70 == model.receptive_field


def test_receptive_field_by_hand():
    assert receptive_field([(3, 1)]) == 3 and receptive_field([(4, 2), (4, 2)]) == 10


def test_spectral_norm_bounds_every_layer():
    model = Discriminator("patch", spectral_norm=True)
    for _ in range(20):
        model(torch.randn(2, 1, 32, 32), torch.randn(2, 2, 32, 32))
    for layer in model.modules():
        if isinstance(layer, torch.nn.Conv2d):
            assert torch.linalg.matrix_norm(layer.weight.detach().flatten(1), 2).item() == pytest.approx(1, abs=0.1)
    assert not any(isinstance(layer, torch.nn.BatchNorm2d) for layer in model.modules())


def test_too_many_levels_are_named():
    with pytest.raises(ValueError, match="leave too little of a picture of 8"):
        Discriminator("conv", widths=(4, 4, 4, 4, 4), image_size=8)
    with pytest.raises(ValueError, match="leave too little of a picture of 16"):
        Discriminator("patch70", widths=(4, 4, 4, 4), image_size=16)


# ------------------------------------------------------------ the generator of *church*, and noise


def test_gray_fed_is_that_of_church():
    model = build_generator(get("church")[0].model)
    kernels = [
        (m.out_channels, m.kernel_size[0], m.stride[0]) for m in model.modules() if isinstance(m, torch.nn.Conv2d)
    ]
    assert kernels[:6] == [(128, 7, 1), (64, 5, 1), (64, 5, 1), (64, 5, 1), (64, 5, 1), (32, 5, 1)]
    color = model(torch.rand(2, 1, 64, 64))
    assert color.shape == (2, 2, 64, 64) and 0 <= color.min() and color.max() <= 1


def test_gray_reaches_every_layer_and_noise_the_first_three():
    model = GrayFed(widths=(8, 7, 6, 5, 4, 3), image_size=16)
    inputs = [m.in_channels for m in model.modules() if isinstance(m, torch.nn.Conv2d)]
    assert inputs == [1 + 1, 8 + 2, 7 + 2, 6 + 1, 5 + 1, 4 + 1, 3 + 1]


def test_noise_makes_samples_and_evaluation_is_fixed():
    model, gray = GrayFed(widths=(8, 8, 8, 8), image_size=16), torch.rand(2, 1, 16, 16)
    assert not torch.equal(model(gray), model(gray))
    model.eval()
    assert torch.equal(model(gray), model(gray))
    assert torch.allclose(model(gray[1:]), model(gray)[1:], atol=1e-6)  # whatever else is in the batch
    noise = torch.randn(2, NOISE_SIZE)
    assert not torch.equal(model(gray, noise), model(gray, -noise))
    with pytest.raises(ValueError, match="takes 16x16 alone, got"):
        model(torch.rand(1, 1, 32, 32))


def test_dropout_is_noise_while_training():
    model, gray = UNet((8, 16, 32), dropout=0.5), torch.rand(4, 1, 16, 16)
    assert not torch.equal(model(gray), model(gray))
    model.eval()
    assert torch.equal(model(gray), model(gray))
    levels = UNet((8, 8, 8, 8, 8, 8), dropout=0.5).decoder
    assert [level.dropout.p for level in levels] == [0.5, 0.5, 0.5, 0.0, 0.0]  # the three lowest (Isola et al. 2017)


# ------------------------------------------------------------ steps


def test_an_alternating_step_is_the_two_formulas(config, photo_set):
    """The system's step against the same step written with plain PyTorch."""
    ours = GAN(config, Engine("cpu", "fp64"))  # Adam's first step is the gradient's sign: rounding would decide it
    g, d = build_generator(config.model).double(), build_discriminator(config).double()
    g.load_state_dict(ours.generator.state_dict())
    d.load_state_dict(ours.discriminator.state_dict())
    adam_g = torch.optim.Adam(g.parameters(), lr=config.lr, betas=(0.5, 0.999))
    adam_d = torch.optim.Adam(d.parameters(), lr=config.discriminator_lr, betas=(0.5, 0.999))
    bce = functional.binary_cross_entropy_with_logits
    rgb = photo_set.batch(range(16)).double() / 255
    gray, color = LAB.split(rgb)

    predicted = g(gray)
    fake_logits = d(gray, predicted.detach())
    real_logits = d(gray, color)
    fake = bce(fake_logits, torch.zeros_like(fake_logits))
    real = bce(real_logits, torch.full_like(real_logits, 0.9))
    ((fake + real) / 2).backward()
    adam_d.step()
    logits = d(gray, predicted)
    gan, l1 = bce(logits, torch.ones_like(logits)), 100 * (predicted - color).abs().mean()
    (gan + l1).backward()
    adam_g.step()

    measured = ours.step(rgb)
    expected = {"loss_D_fake": fake, "loss_D_real": real, "loss_D": (fake + real) / 2}
    expected |= {"loss_G_GAN": gan, "loss_G_L1": l1, "loss_G": gan + l1}
    assert list(measured) == list(expected)  # the columns of the table of *faces*, in its order
    for name, value in expected.items():
        assert measured[name].item() == pytest.approx(value.item(), rel=1e-4), name
    for plain, model in ((g, ours.generator), (d, ours.discriminator)):
        for a, b in zip(plain.parameters(), model.parameters(), strict=True):
            assert (a - b).abs().mean() < 1e-7


def test_the_generators_step_leaves_the_discriminator_alone(config, photo_set):
    system = GAN(config, Engine("cpu", "fp32"))
    before = {name: value.clone() for name, value in system.discriminator.named_parameters()}
    system.generator_step(system.predict(photo_set.batch(range(8)) / 255))
    assert all(p.grad is None for p in system.discriminator.parameters())
    assert all(torch.equal(before[name], value) for name, value in system.discriminator.named_parameters())
    assert all(p.requires_grad for p in system.discriminator.parameters())


def test_the_discriminators_step_leaves_the_generator_alone(config, photo_set):
    system = GAN(config, Engine("cpu", "fp32"))
    system.discriminator_step(system.predict(photo_set.batch(range(8)) / 255))
    assert all(p.grad is None for p in system.generator.parameters())


def test_several_generator_steps(config, photo_set, monkeypatch):
    steps = {"generator_step": 0, "discriminator_step": 0}
    for name in steps:
        real = getattr(GAN, name)

        def counted(self, *args, real=real, name=name):
            steps[name] += 1
            return real(self, *args)

        monkeypatch.setattr(GAN, name, counted)
    fit(config.replace(generator_steps=3, max_steps=2), photo_set, progress=False)
    assert steps == {"generator_step": 6, "discriminator_step": 2}


@pytest.mark.parametrize("kind", ["bce", "lsgan", "hinge"])
@pytest.mark.parametrize("discriminator", ["conv", "patch", "dense"])
def test_every_pair_trains(config, photo_set, kind, discriminator):
    loss = {"l1": 100.0, "adversarial": {"weight": 1.0, "kind": kind}}
    settings = {"loss": loss, "discriminator": discriminator, "spectral_norm": kind == "hinge"}
    run = fit(config.replace(max_steps=2, **settings), photo_set, progress=False)
    assert np.isfinite(list(run.history[-1].values())).all()


def test_ema_is_the_moving_average(config, photo_set):
    system = GAN(config.replace(ema=0.5), Engine("cpu", "fp32"))
    name = "to_color.weight"
    weights = []
    for start in (0, 8, 16):
        system.step(photo_set.batch(range(start, start + 8)) / 255)
        weights.append(system.generator.state_dict()[name].clone())
    expected = weights[0]  # the average starts at the first weights
    for weight in weights[1:]:
        expected = 0.5 * expected + 0.5 * weight
    assert torch.allclose(system.colorizer().generator.state_dict()[name], expected, atol=1e-6)


def test_ema_leaves_mixed_precision_to_the_generator(config, photo_set):
    """The average is a copy: the generator that trains still computes in bfloat16."""
    system, seen = GAN(config.replace(ema=0.9), Engine("cpu", "bf16")), []
    system.generator.encoder[0][0].register_forward_hook(lambda module, inputs, output: seen.append(output.dtype))
    system.step(photo_set.batch(range(8)) / 255)
    assert set(seen) == {torch.bfloat16}


# ------------------------------------------------------------ the whole training


def test_early_stopping(config, photo_set, monkeypatch):
    maes = iter([10.0, 9.0, 9.5, 9.4, 9.3, 8.0])
    metrics = {"mae_percent": 4.0, "psnr_pooled": 20.0, "colorfulness": 1.0, "colorfulness_ratio": 1.0}
    monkeypatch.setattr(Training, "validate", lambda self: {"mae": next(maes), **metrics})
    run = fit(config.replace(epochs=50, patience=3, monitor="mae", limit_images=32), photo_set, progress=False)
    assert [row["valid_mae"] for row in run.history] == [10.0, 9.0, 9.5, 9.4, 9.3]


def test_the_schedule_plateau_divides_by_ten(config, photo_set, monkeypatch):
    metrics = {"mae": 5.0, "mae_percent": 4.0, "psnr_pooled": 20.0, "colorfulness": 1.0, "colorfulness_ratio": 1.0}
    monkeypatch.setattr(Training, "validate", lambda self: dict(metrics))
    settings = {"lr_schedule": "plateau", "plateau_patience": 2, "monitor": "mae", "lr": 1e-3, "epochs": 6}
    run = fit(config.replace(limit_images=32, **settings), photo_set, progress=False)
    assert [row["lr"] for row in run.history] == pytest.approx([1e-3, 1e-3, 1e-3, 1e-4, 1e-4, 1e-5])


def test_turning_gray_is_one_warning(config, photo_set, monkeypatch, caplog):
    ratios = iter([0.8, 0.4, 0.3, 0.7])
    metrics = {"mae": 5.0, "mae_percent": 4.0, "psnr_pooled": 20.0, "colorfulness": 1.0}
    monkeypatch.setattr(Training, "validate", lambda self: {**metrics, "colorfulness_ratio": next(ratios)})
    with caplog.at_level(logging.WARNING, logger="colorlib"):
        fit(config.replace(epochs=4, limit_images=32), photo_set, progress=False)
    assert caplog.text.count("turning gray") == 1 and "epoch 2" in caplog.text and "40 %" in caplog.text


def test_a_loss_that_is_not_finite_stops_the_training(config, photo_set, monkeypatch):
    """The third epoch's loss is NaN; best and last stay those of the second."""
    real = Training.run_step

    def poisoned(self, batch):
        if self.progress.epoch == 2:
            with torch.no_grad():
                self.system.generator.to_color.weight.fill_(float("nan"))
        return real(self, batch)

    monkeypatch.setattr(Training, "run_step", poisoned)
    with pytest.raises(TrainingError, match="loss_.* is not finite by step .*last good checkpoint is .*last"):
        fit(config.replace(epochs=5), photo_set, progress=False)
    run = Run.load(config.checkpoints_path)
    assert len(run.history) == 2
    assert all(torch.isfinite(v).all() for v in run.colorizer("last").generator.state_dict().values())
