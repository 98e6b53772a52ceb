"""What a measurement may be given, in one record: `evaluate`'s arguments, its flags, and what kept figures are of.

A further option is a line here: `colorlib evaluate` then has its flag, `colorlib.evaluation.evaluate` takes it, and
`colorlib compare` measures anew where it is another one.
"""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from colorlib.fields import PRECISIONS, check_fields, having, knob


@dataclass(frozen=True)
class Measurement:
    """On which pictures a colorizer is measured, how, and by whom. None: as it follows from what it has learned from.

    learned: a training has it, too, of the pictures that it divides. onlooker: it says who looks on; obedience has no
    use for it. harmless: it changes no figure, or only its last digits. several: it takes several words on the command
    line.
    """

    dataset: str | None = knob(
        None, "a data set's name, a folder, an .npz [what it learned from, or bundled]", learned=True
    )
    dataset_path: str | None = knob(
        None, "where a named data set lies, or is downloaded to", learned=True, harmless=True
    )
    part: str | None = knob(
        None,
        "part to measure on [test of a named set, and of what the training learned from; all of another folder]",
        ("train", "valid", "test", "all"),
    )
    splits: str | None = knob(None, "percent of train/valid/test [the training's, or own]", learned=True)
    split_seed: int | None = knob(None, "seed of the parts [the training's, or 0]", learned=True, least=0)
    limit_images: int | None = knob(None, "at most so many pictures, evenly taken [all]", least=1)
    judge: str | None = knob(
        None, "a file of `colorlib pretrain-judge`: a column of how often it is right [none]", onlooker=True
    )
    also: tuple[str, ...] = knob(
        (), "further metrics: lpips, fid; their weights are downloaded once [none]", onlooker=True, several=True
    )
    device: str = knob("auto", "auto (a GPU if there is one), cpu, cuda, mps", harmless=True)
    precision: str = knob("auto", "auto: half where it is faster", PRECISIONS, harmless=True)

    def __post_init__(self):
        for field in dataclasses.fields(self):
            if isinstance(getattr(self, field.name), Path):
                object.__setattr__(self, field.name, str(getattr(self, field.name)))
        check_fields(self)

    def replace(self, **changes) -> "Measurement":
        """The same with changes."""
        return dataclasses.replace(self, **changes)

    def digested(self) -> dict:
        """What figures follow from, as JSON can have it."""
        return {name: value for name, value in vars(self).items() if name not in having(type(self), "harmless")}


def pictures_of(config) -> dict:
    """The pictures that a training has divided, as a measurement's options. config: a training's."""
    return {name: getattr(config, name) for name in having(Measurement, "learned")}
