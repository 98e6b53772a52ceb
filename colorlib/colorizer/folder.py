"""A colorizer as a folder: `config.json`, the model, and `model.safetensors`, the weights and once more the model.

Opening one executes nothing: no pickle. A folder has a path, or a name: `starter`, `listener` and `balanced`
come with colorlib, and `owner/name` is the Hugging Face hub's.
"""

import dataclasses
import logging
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from colorlib.colorizer.hub import download, is_hub_name
from colorlib.errors import ColorizerError, ConfigError
from colorlib.fields import having
from colorlib.files import write_atomically
from colorlib.model import Model
from colorlib.models import build_generator

log = logging.getLogger("colorlib")

DTYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.int64)  # that weights are saved in

STARTER = Path(__file__).parents[1] / "starter"
# What comes with colorlib, by name; the card of each is README.md in its folder.
SHIPPED = {"starter": STARTER} | {name: STARTER.with_name(name) for name in ("listener", "balanced")}


def find_folder(name) -> Path:
    """The folder that holds a colorizer: the named one, its best/ or last/, one of those that come with colorlib,
    by its name in `SHIPPED`, or what a hub has under `owner/name`.
    """
    folder = Path(name)
    for place in (folder, folder / "best", folder / "last"):
        if (place / "model.safetensors").is_file():
            return place
    if str(name) in SHIPPED:
        return SHIPPED[str(name)]
    # A mistyped path below a folder that is here, as runs/bset, is no name on the hub.
    if not folder.exists() and not folder.parent.exists() and is_hub_name(str(name)):
        return download(str(name))
    raise ColorizerError(
        f"{folder}: no colorizer here; looked for config.json and model.safetensors, in best/ and last/ too"
    )


def save_folder(folder, generator: nn.Module, model: Model, dtype: torch.dtype = torch.float32) -> None:
    """Write the folder; see `Colorizer.save`."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    weights = {
        name: (value.to(dtype) if value.is_floating_point() else value).contiguous().cpu()
        for name, value in generator.state_dict().items()
    }
    text = model.to_json()
    write_atomically(folder / "config.json", text)
    write_atomically(folder / "model.safetensors", lambda path: save_file(weights, path, {"model": text}))


def load_folder(folder: Path) -> tuple[nn.Module, Model]:
    """The generator, on the processor and as precise as it was saved, and its model. Raises `ColorizerError`."""
    file = folder / "model.safetensors"
    try:
        model = Model.load(folder / "config.json")
        with safe_open(file, "pt") as content:
            saved = (content.metadata() or {}).get("model")
            weights = {name: content.get_tensor(name) for name in content.keys()}  # noqa: SIM118 (no dict)
        for name, value in weights.items():
            if value.dtype not in DTYPES:
                raise ColorizerError(f"{file}: {name} has numbers of the type {value.dtype}, which no colorizer has")
        if saved is not None:  # an older colorlib wrote none
            model = reconcile(model, Model.from_json(saved, file), folder)
        with torch.device("meta"):  # no memory, no random weights: both come with the file
            generator = build_generator(model)
        generator.load_state_dict(weights, assign=True)
        broken = [name for name, value in weights.items() if not value.isfinite().all()]
    except ConfigError as error:
        raise ColorizerError(str(error)) from None
    except (SafetensorError, OSError) as error:
        raise ColorizerError(f"{file}: not readable ({error})") from None
    except (RuntimeError, TypeError, OverflowError) as error:
        first = str(error).splitlines()[1].strip() if "\n" in str(error) else str(error)
        raise ColorizerError(f"{folder}: the weights don't fit config.json ({first})") from None
    left = [name for name, value in generator.named_buffers() if value.is_meta]
    if left:  # built on `meta`, a generator has only what its weights' file has
        raise ColorizerError(f"{file} lacks {left[0]}; buffers of a generator must be saved with it (persistent)")
    if broken:
        raise ColorizerError(f"{file}: {broken[0]} holds values that are not finite")
    return generator, model


def reconcile(given: Model, saved: Model, folder: Path) -> Model:
    """The model of config.json, which may be changed by hand in what is adjustable; else that of the weights' file.

    They differ in more where a save over another colorizer was cut off between the two files.
    """
    if dataclasses.replace(given, **{name: getattr(saved, name) for name in having(Model, "adjustable")}) == saved:
        return given
    log.warning("%s: config.json is of another model than the weights; the weights' own is taken", folder)
    return saved
