"""A generator that is told what is asked for: how targets travel from a call to every level of the decoder."""

import dataclasses
import math

import numpy as np
import pytest
import torch

from colorlib.colorizer import Colorizer
from colorlib.config import Config
from colorlib.controls import CONTROLS, ask
from colorlib.engine import Engine
from colorlib.errors import ColorizerError, ConfigError
from colorlib.model import Model
from colorlib.models import build_generator, evaluating, generate
from colorlib.models.film import Film, tell
from colorlib.recipes import get
from colorlib.systems import build_system
from colorlib.training.choices import change
from colorlib.training.stages import fit

MODEL = Model(widths=(8, 16, 16), conditions=("saturation", "hue"))


def targets(**given):
    return {name: torch.tensor(values, dtype=torch.float32) for name, values in given.items()}


def test_targets_are_told_as_numbers_angles_and_a_mask():
    like = torch.zeros(3, 1, 4, 4, dtype=torch.float64)
    told = tell(("saturation", "hue"), targets(saturation=[0.0, 1.0, math.nan], hue=[0.25, math.nan, 0.5]), like)
    expected = [[-1, 1, 0, 1, 1], [1, 1, 0, 0, 0], [0, 0, -1, 0, 1]]
    assert told.dtype == torch.float64 and torch.allclose(told, torch.tensor(expected).double(), atol=1e-6)
    assert torch.equal(tell(("saturation", "hue"), {}, like), torch.zeros(3, 5, dtype=torch.float64))
    ends = tell(("hue",), targets(hue=[0.0, 1.0, 0.3]), like)
    assert torch.allclose(ends[0], ends[1], atol=1e-6)  # 0 and 1 are the same red


def test_twice_the_target_need_not_be_twice_the_effect():
    torch.manual_seed(0)
    ((scale, shift),) = Film(("saturation",), [3])(targets(saturation=[0.0, 0.5, 1.0]), torch.zeros(3, 1))
    for values in (scale, shift):
        assert values.shape == (3, 3, 1, 1)
        assert not torch.allclose(values[1], (values[0] + values[2]) / 2, atol=1e-4)


def test_a_network_that_has_not_learned_to_listen_is_the_one_without_it():
    torch.manual_seed(0)
    listening, deaf = build_generator(MODEL), build_generator(dataclasses.replace(MODEL, conditions=()))
    listening.initialize()
    deaf.load_state_dict({name: value for name, value in listening.state_dict().items() if "film" not in name})
    gray = torch.rand(2, 1, 16, 16)
    with evaluating(listening), evaluating(deaf):
        assert torch.equal(generate(listening, gray, targets(hue=[0.1, 0.9])), generate(deaf, gray))


def test_a_later_stage_adds_conditions_to_a_network_that_was_deaf(photo_set, tmp_path):
    (deaf,) = get("unet-l1", "smoke")
    place = {"device": "cpu", "precision": "fp32", "valid_images": 16}
    deaf = deaf.replace(**place, checkpoints_path=str(tmp_path / "run"), max_steps=2)
    listening = deaf.replace(conditions=("saturation", "hue"), loss={"l1": 100.0, "asked": 20.0})
    run = fit((deaf, listening), photo_set, progress=False)
    before, gray = Colorizer.load(run.folder / "stage-1").generator, torch.rand(3, 1, 32, 32)
    begun = build_system(listening.replace(start_from=str(run.folder / "stage-1")), Engine("cpu", "fp32")).generator
    with evaluating(before), evaluating(begun):
        for asked in ({}, targets(saturation=[0.1, 0.9, math.nan], hue=[0.3, math.nan, 1.0])):
            assert torch.equal(generate(begun, gray, asked), generate(before, gray))
        torch.manual_seed(1)
        begun.film.to_levels.reset_parameters()
        assert not torch.equal(generate(begun, gray), generate(before, gray))
    assert begun.film.hidden.weight.std() > 0.1  # a hidden layer of zeros would never learn
    assert run.colorizer("last").model.conditions == ("saturation", "hue")
    trained = run.colorizer("last").generator
    assert trained.film.to_levels.weight.any()
    assert not torch.equal(trained.to_color.weight, begun.to_color.weight)


@pytest.mark.parametrize("had, has", [(("hue",), ()), (("hue",), ("hue", "saturation"))])
def test_conditions_that_were_learned_are_kept_as_they_are(photo_set, tmp_path, had, has):
    place, loss = {"checkpoints_path": str(tmp_path / "run")}, {"l1": 1.0, "asked": 1.0}
    first = Config(dataclasses.replace(MODEL, conditions=had), loss=loss, **place)
    with pytest.raises(ConfigError, match=r"/stage-1/best: its --conditions is .*, and yours"):
        fit((first, first.replace(conditions=has, loss=loss if has else {"l1": 1.0})), photo_set, progress=False)
    assert not (tmp_path / "run").exists()


def test_the_command_line_adds_conditions_to_one_stage(photo_set):
    first, second = change(get("starter", "smoke"), {"conditions": ("hue",)}, {"asked": 20.0}, only=2)
    assert (first.model.conditions, second.model.conditions) == ((), ("hue",))


def test_every_level_listens_to_each_picture_by_itself():
    torch.manual_seed(0)
    generator, gray = build_generator(MODEL), torch.rand(1, 1, 16, 16).expand(3, -1, -1, -1)
    with evaluating(generator):
        free, one, other = generate(generator, gray, targets(saturation=[math.nan, 0.2, 0.9]))
        assert torch.allclose(free, generate(generator, gray)[0], atol=1e-6)
        assert not torch.allclose(one, other, atol=1e-4) and not torch.allclose(one, free, atol=1e-4)
        for number in range(len(generator.decoder)):
            listened = []
            hook = generator.decoder[number].register_forward_pre_hook(
                lambda m, given, seen=listened: seen.append(given[2])
            )
            generate(generator, gray, targets(saturation=[math.nan, 0.2, 0.9]))
            hook.remove()
            ((scale, shift),) = listened
            assert not torch.equal(scale[1], scale[2]) and not torch.equal(shift[1], shift[2])


def test_a_fifth_is_asked_for_nothing_and_of_the_rest_a_third_each_is_free_true_and_anything(photo_set):
    torch.manual_seed(0)
    rgb = photo_set.batch(range(900)) / 255
    asked = ask(("saturation", "hue"), rgb)
    nothing = asked["saturation"].isnan() & asked["hue"].isnan()
    assert nothing.float().mean().item() == pytest.approx(1 / 5 + 4 / 5 / 9, abs=0.05)
    for name, values in asked.items():
        free, true = values.isnan(), values == CONTROLS[name].measure(rgb)
        assert free.float().mean().item() == pytest.approx(1 / 5 + 4 / 15, abs=0.06)
        assert true.float().mean().item() == pytest.approx(4 / 15, abs=0.06)
        drawn = values[~free & ~true]
        assert drawn.min() < 0.1 and drawn.max() > 0.9
    assert not torch.equal(asked["saturation"].isnan(), asked["hue"].isnan())


@pytest.fixture(scope="module")
def listener(photo_set, tmp_path_factory):
    """A small generator that has learned to obey a saturation."""
    (config,) = get("unet-l1", "smoke")
    place = {"checkpoints_path": str(tmp_path_factory.mktemp("listener") / "run"), "device": "cpu", "precision": "fp32"}
    settings = {"conditions": ("saturation",), "loss": {"l1": 5.0, "asked": 20.0}, "limit_images": 1024, "epochs": 6}
    return fit(config.replace(**settings, **place, valid_images=32, lr=5e-3), photo_set, progress=False)


def test_it_learns_to_obey(listener, photo_set):
    assert listener.history[-1]["loss_G_asked"] < 0.6 * listener.history[0]["loss_G_asked"]
    colorizer, rgb = listener.colorizer("last"), photo_set.batch(range(0, 600, 5)) / 255
    obtained = [
        CONTROLS["saturation"].measure(colorizer.colorize_batch(rgb, {"saturation": target})).mean().item()
        for target in (0.1, 0.4, 0.7)
    ]
    assert obtained[0] < obtained[1] - 0.1 and obtained[1] < obtained[2] - 0.1


def test_it_is_asked_by_photo_too(listener):
    colorizer = Colorizer.load(listener.folder)
    photo = np.random.default_rng(0).integers(0, 255, (40, 50, 3), dtype=np.uint8)
    pale, strong, free = (
        np.asarray(colorizer.colorize(photo, targets=given)).astype(int)
        for given in ({"saturation": 0.0}, {"saturation": 0.9}, None)
    )
    assert np.ptp(strong, axis=2).mean() > np.ptp(pale, axis=2).mean()
    assert not np.array_equal(free, strong)


def test_what_can_not_be_asked_is_a_sentence(listener):
    colorizer, rgb = listener.colorizer(), torch.rand(1, 3, 32, 32)
    with pytest.raises(ColorizerError, match="can't be asked for hue; it listens to saturation"):
        colorizer.predict_ab(rgb, {"hue": 0.5})
    for target in (-0.1, 1.5, "much", math.nan):
        with pytest.raises(ConfigError, match=r"target of saturation is .*; it must lie in \[0, 1\]"):
            colorizer.predict_ab(rgb, {"saturation": target})


def test_on_the_command_line(listener, tmp_path, capsys):
    from PIL import Image

    from colorlib.cli import main

    Image.new("RGB", (20, 30), (90, 120, 60)).save(tmp_path / "photo.png")
    command = ["colorize", str(listener.folder), str(tmp_path / "photo.png"), "--output", str(tmp_path / "out")]
    assert main([*command, "--saturation", "0.5"]) == 0
    capsys.readouterr()
    assert main([*command, "--hue", "0.5"]) == 2
    assert "can't be asked for hue" in capsys.readouterr().err


@pytest.fixture
def compared(begin, tmp_path):
    """What a system compares a batch with: the color of its prediction."""

    def run(rgb, **settings):
        (config,) = get("unet-l1", "smoke")
        place = {"checkpoints_path": str(tmp_path / "run"), "device": "cpu", "precision": "fp32"}
        system = begin(config.replace(**place, **settings)).system
        torch.manual_seed(3)
        prediction = system.predict(rgb)
        return prediction.true_rgb, prediction.asked

    return run


def test_the_true_color_is_moved_to_what_is_asked(compared, photo_set):
    rgb = photo_set.batch(np.flatnonzero(~photo_set.gray)[::40][:40]) / 255
    asked = {"conditions": ("saturation",), "loss": {"l1": 1.0, "asked": 20.0}}
    plain, wanted = compared(rgb, **asked)
    assert torch.allclose(plain, rgb, atol=2e-3)
    moved, again = compared(rgb, **asked, compare_with="moved")
    assert torch.equal(wanted["saturation"].isnan(), again["saturation"].isnan())
    target, obtained = wanted["saturation"], CONTROLS["saturation"].measure(moved)
    free = target.isnan()
    assert torch.allclose(moved[free], rgb[free], atol=2e-3)
    within = (obtained - target).abs()[~free]
    assert within.median() < 0.01 and within.max() > 0.001  # not all can be moved so far
    assert (moved - rgb)[~free].abs().amax(dim=(1, 2, 3)).max() > 0.05


def test_it_is_moved_to_fixed_targets_too(compared, photo_set):
    rgb = photo_set.batch(np.flatnonzero(~photo_set.gray)[::40][:20]) / 255
    loss = {"l1": 1.0, "saturation": {"weight": 20.0, "target": 0.3}}
    moved, _ = compared(rgb, loss=loss, compare_with="moved")
    assert (CONTROLS["saturation"].measure(moved) - 0.3).abs().median() < 0.01


def test_without_a_target_there_is_nothing_to_move_to(photo_set, tmp_path):
    (config,) = get("unet-l1", "smoke")
    config = config.replace(compare_with="moved", checkpoints_path=str(tmp_path / "run"))
    with pytest.raises(ConfigError, match="--compare-with moved has no effect with no target"):
        fit(config, photo_set, progress=False)


@pytest.mark.parametrize("term", ["asked", "hues"])
def test_the_terms_reach_the_generator(begin, photo_set, tmp_path, term):
    """A term that is printed and never minimized, as one that is detached, has no gradient."""
    (config,) = get("unet-l1", "smoke")
    place = {"checkpoints_path": str(tmp_path / "run"), "device": "cpu", "precision": "fp32"}
    loss = {"l1": 1.0, "asked": 20.0, "hues": 20.0}
    system = begin(config.replace(conditions=("saturation",), loss=loss, **place)).system
    torch.nn.init.normal_(system.generator.film.to_levels.weight, std=0.1)
    prediction = system.predict(photo_set.batch(range(0, 320, 10)) / 255)
    system.weigh(prediction)[f"loss_G_{term}"].backward()
    for weight in (system.generator.to_color.weight, system.generator.film.to_levels.weight):
        assert weight.grad.abs().sum() > 0
