"""A colorizer as one ONNX file, for where there is no Python: a browser, a phone, another language.

    colorlib export starter --onnx starter.onnx

What goes in and comes out:

    gray   `(B, 1, H, W)`  what the generator sees; the card says how it is made, and what its sides are multiples of
    asked  `(B, n)`        of a model with conditions: a target for each, in their order; NaN leaves it free
    ab     `(B, 2, H, W)`  Lab's a and b, as `Colorizer.predict_ab` gives them; the head is inside

The card is JSON, in the file's metadata under "colorlib" and once more beside the file: how a photo is prepared for the
generator, and what it can be asked for. The course's web page colors photos by it (site/colorizer).
"""

import contextlib
import json
import logging
import warnings
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from colorlib.color.spaces import ColorSpace, LabSpace
from colorlib.colorizer import LONGEST, Colorizer
from colorlib.controls import CONTROLS
from colorlib.errors import ColorizerError, ConfigError
from colorlib.files import write_atomically
from colorlib.models import evaluating

CARD_FORMAT = 1
EXPORTABLE = ("unet",)  # gray_fed takes squares of one size, and fastai's network hides its skips from the exporter
HALVED = 1024  # weights with fewer numbers than this stay as they are: it isn't they that make a file large


class AsGraph(nn.Module):
    """A colorizer's way from gray to ab as one network whose inputs and output are tensors alone."""

    def __init__(self, colorizer: Colorizer):
        super().__init__()
        self.generator, self.head = colorizer.generator, colorizer.head
        self.conditions = colorizer.model.conditions

    def forward(self, gray: Tensor, asked: Tensor | None = None) -> Tensor:
        """Shapes as the module says."""
        if self.conditions:
            targets = dict(zip(self.conditions, asked.unbind(dim=1), strict=True))
            output = self.generator(gray, asked=targets)
        else:
            output = self.generator(gray)
        return self.head.space.ab(gray, self.head.color(output, gray))


def export_onnx(colorizer: Colorizer, file, half: bool = False) -> dict:
    """Write the ONNX file, and its card beside it as FILE.json; returns the card.

    half: keep the weights in float16, which halves the file; they are brought back to float32 before anything is
    computed. Raises `ColorizerError` for a generator that can't be exported, and `ConfigError` where packages are
    missing or the file's name doesn't end in .onnx.
    """
    file, model = Path(file), colorizer.model
    if file.suffix != ".onnx":
        raise ConfigError(f"--onnx {file}: the file's name must end in .onnx")
    if not file.parent.is_dir():
        raise ConfigError(f"--onnx {file}: there is no folder {file.parent}")
    if model.generator not in EXPORTABLE:
        raise ColorizerError(
            f"the generator {model.generator} can't be exported to ONNX; of the generators, {', '.join(EXPORTABLE)} can"
        )
    try:
        import onnx
        import onnxscript  # noqa: F401 (torch's exporter needs it, and would say so in many lines)
    except ModuleNotFoundError as error:
        raise ConfigError(f"to export, {error.name} is needed: pip install onnx onnxscript") from None
    card = card_of(colorizer)
    graph = traced(colorizer)
    onnx.helper.set_model_props(graph, {"colorlib": json.dumps(card)})
    if half:
        halve(graph)
    onnx.checker.check_model(graph)
    write_atomically(file, graph.SerializeToString())
    write_atomically(file.with_suffix(".json"), json.dumps(card, indent=2) + "\n")
    return card


def card_of(colorizer: Colorizer) -> dict:
    """The card: what somebody has to know who has the ONNX file and no colorlib."""
    model = colorizer.model
    return {
        "format": CARD_FORMAT,
        "photo_size": model.photo_size or model.image_size,  # short side at which a photo is seen, in pixels
        "multiple": colorizer.generator.size_multiple,  # of the sides at which it is seen
        "longest": LONGEST,  # times its short side: a longer photo is squeezed to that
        "sharpen": model.photo_sharpen,  # percent of an unsharp mask of radius 1, once the photo is small
        "gray": gray_scale(colorizer.head.space),
        "conditions": [
            {"name": name, "low": control.low, "high": control.high, "is_angle": control.is_angle, "unit": control.unit}
            for name, control in ((name, CONTROLS[name]) for name in model.conditions)
        ],
    }


def gray_scale(space: ColorSpace) -> dict:
    """How gray is made: `of` / scale - shift, where `of` is Lab's L in [0, 100] or the luma Y in [0, 1]."""
    if isinstance(space, LabSpace):
        return {"of": "L", "scale": space.lightness_scale, "shift": space.lightness_shift}
    return {"of": "Y", "scale": 1, "shift": 0}


def traced(colorizer: Colorizer):
    """The colorizer as an `onnx.ModelProto`, for any number of pictures and any sides of its multiple."""
    generator, conditions = colorizer.generator, colorizer.model.conditions
    multiple, count = generator.size_multiple, torch.export.Dim("count")
    sides = {2: multiple * torch.export.Dim("rows"), 3: multiple * torch.export.Dim("columns")}
    inputs, shapes = {"gray": torch.zeros(2, 1, 2 * multiple, 3 * multiple)}, {"gray": {0: count} | sides}
    if conditions:
        inputs["asked"], shapes["asked"] = torch.zeros(2, len(conditions)), {0: count}
    inputs = {name: value.to(colorizer.device) for name, value in inputs.items()}
    with evaluating(generator), quiet(), torch.no_grad():
        program = torch.onnx.export(
            AsGraph(colorizer).eval(),
            tuple(inputs.values()),
            input_names=list(inputs),
            output_names=["ab"],
            dynamic_shapes=shapes,
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    return program.model_proto


@contextlib.contextmanager
def quiet():
    """Without the exporter's warnings about the names of sides and its future, which nobody here can mend."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def halve(graph) -> None:
    """Keep the large weights of an `onnx.ModelProto` in float16, each followed by a cast to float32."""
    from onnx import TensorProto, helper, numpy_helper

    casts = []
    for weight in graph.graph.initializer:
        if weight.data_type == TensorProto.FLOAT and np.prod(weight.dims) >= HALVED:
            name, values = weight.name, numpy_helper.to_array(weight)
            weight.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
            casts.append(helper.make_node("Cast", [weight.name], [name], to=TensorProto.FLOAT))
    for cast in reversed(casts):
        graph.graph.node.insert(0, cast)


def add_flags(parser, checkpoint: str) -> None:
    """What `colorlib export` takes. checkpoint: the help of its first argument."""
    parser.description = (
        "Write a colorizer as an ONNX file, with a card beside it (FILE.json) that says how a photo is prepared for it."
    )
    parser.add_argument("checkpoint", metavar="CHECKPOINT", help=checkpoint)
    parser.add_argument("--onnx", required=True, metavar="FILE", help="the file to write, as colorizer.onnx")
    parser.add_argument(
        "--half", action="store_true", help="keep the weights in float16: half the size; it computes in float32"
    )
