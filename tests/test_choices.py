"""What settings name, and what they do to each other: the contracts of the kinds, and the one place of the rules."""

import pytest
import torch
from torch import nn

from colorlib.color.spaces import LAB
from colorlib.config import Config
from colorlib.controls import CONTROLS
from colorlib.errors import ConfigError
from colorlib.fields import Kind
from colorlib.losses import Prediction
from colorlib.losses.objective import TERMS, objective
from colorlib.model import Model
from colorlib.models import GENERATORS, build_generator, draws
from colorlib.models.generator import Generator
from colorlib.models.heads import BinsHead, ColorHead
from colorlib.systems.system import System
from colorlib.training import Training
from colorlib.training.choices import CHOSEN, KINDS, TRAININGS, change, check
from colorlib.training.stages import fit

# ------------------------------------------------------------ contracts


def test_what_is_chosen_keeps_its_contract():
    for name, base in (("generator", Generator), ("system", System), ("trainer", Training)):
        assert all(issubclass(kind, base) for kind in KINDS[name].values())
    for name in (*CHOSEN, "loss"):
        for kind in KINDS[name].values():
            assert isinstance(kind, Kind) or issubclass(kind, Kind)
            assert {*kind.reads, *kind.ignores, *kind.needs} <= set(Config().flat())  # a slip would rule nothing


class Tint(Generator):
    """The least that a generator can be: one tint for all pictures."""

    def __init__(self):
        super().__init__()
        self.tint = nn.Parameter(torch.zeros(2))

    @classmethod
    def from_model(cls, model, head):
        return cls()

    def initialize(self):
        nn.init.zeros_(self.tint)

    def forward(self, gray):
        return self.tint.view(1, 2, 1, 1).expand(len(gray), -1, *gray.shape[2:])


def test_three_methods_make_a_generator_that_trains(photo_set, tmp_path, monkeypatch):
    monkeypatch.setitem(GENERATORS, "tint", Tint)
    config = Config(Model(generator="tint"), checkpoints_path=str(tmp_path / "run"), epochs=1, limit_images=256)
    run = fit(config, photo_set, progress=False)
    assert run.colorizer().generator.tint.abs().min() > 0
    assert not draws(Tint()) and not list(Tint().encoder_parameters())
    with pytest.raises(ConfigError, match="--conditions hue: the generator tint listens to none"):
        build_generator(Model(generator="tint", conditions=("hue",)))
    with pytest.raises(ConfigError, match="--encoder-lr 0.5 has no effect with --generator tint"):
        check(config.replace(encoder_lr=0.5))
    with pytest.raises(ConfigError, match="Tint has no encoder for --encoder-weights"):
        Tint().load_encoder({})


def test_trainers_are_known_where_all_kinds_are():
    assert TRAININGS["colorlib"] is Training and KINDS["trainer"] is TRAININGS
    with pytest.raises(ConfigError, match="--trainer is 'x'; it takes one of colorlib, fastai"):
        check(Config(trainer="x"))


# ------------------------------------------------------------ rules

FITTING = {"cross_entropy": BinsHead, **dict.fromkeys(set(TERMS) - {"cross_entropy"}, ColorHead)}


@pytest.mark.parametrize("name", sorted(set(TERMS) - {"adversarial", "content"}))
def test_a_term_says_rightly_whether_it_looks_at_the_true_color(name):
    head = FITTING[name](LAB)
    options = {"target": 0.3} if name in CONTROLS else {}
    (term,) = objective({name: {"weight": 1.0, **options}})
    gray, output = (
        torch.rand(2, 1, 16, 16),
        0.1 * torch.randn(2, head.channels, 16 // head.reduction, 16 // head.reduction),
    )
    asked = {"saturation": torch.tensor([0.3, 0.8])}
    one, other = (
        term(Prediction(head, gray, true, output, asked))
        for true in (torch.full((2, 2, 16, 16), 0.1), torch.rand(2, 2, 16, 16))
    )
    assert (one != other) == TERMS[name].compares


LISTENS = {"conditions": ("hue",), "compare_with": "moved"}


@pytest.mark.parametrize(
    "changes, words",
    [
        ({**LISTENS, "loss": {"asked": 1.0}}, "--compare-with moved has no effect with a --loss that looks at no true"),
        ({**LISTENS, "loss": {"asked": 1.0, "gamut": 1.0, "saturation": {"target": 0.5}}}, "looks at no true color"),
        ({"compare_with": "moved"}, "--compare-with moved has no effect with no target"),
        ({"crop_from": 32}, "--crop-from is 32; it must be above --image-size, which is 32"),
        ({"precision": "fp16", "device": "cpu"}, "--precision fp16 has no effect on a processor"),
        ({"device": "abacus"}, "--device abacus can't be used here"),
        ({"loss": {"blueness": 1.0}}, "--loss has no term 'blueness'"),
        ({"loss": {"l1": 1.0}, "conditions": ("hue",)}, "--conditions has no effect without the term asked; add"),
    ],
)
def test_what_can_not_be_is_refused_in_one_place(changes, words):
    with pytest.raises(ConfigError, match=words):
        check(Config().replace(**changes))


def test_what_looks_at_the_true_color_may_be_given_a_moved_one():
    for loss in ({"asked": 1.0, "l1": 1.0}, {"asked": 1.0, "hues": 1.0}):
        check(Config().replace(**LISTENS, loss=loss))
    gan = {"system": "gan", "loss": {"asked": 1.0, "adversarial": 1.0}}  # whose discriminator sees true pairs
    check(Config().replace(**LISTENS, **gan))


def test_where_a_training_starts_from_is_no_matter_when_it_goes_on():
    for name, value in (("start_from", "starter"), ("encoder_weights", "imagenet")):
        with pytest.raises(ConfigError, match=f"--{name.replace('_', '-')} has no effect with --resume"):
            change([Config()], {name: value}, resume=True)
