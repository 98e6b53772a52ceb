"""A colorizer by its name, `owner/name`, on the Hugging Face hub: get what somebody shared, and share your own.

    Colorizer.load("owner/name")
    colorlib share checkpoints/best owner/name

What travels are a colorizer's two files, which execute nothing when they are opened, and a card that describes them.
The library huggingface_hub does the work; it is imported when it is needed.
"""

import logging
import tempfile
from pathlib import Path

from colorlib.errors import ColorizerError
from colorlib.models import count_parameters

log = logging.getLogger("colorlib")

COLORIZER_FILES = ("config.json", "model.safetensors")

PATIENCE = 5  # seconds that the hub has for its first answer

LOGIN = "`hf auth login`"

CARD = """
# {title}

A network that colorizes gray photographs, trained with colorlib.

It sees {sees}, at {size} x {size} pixels, and predicts {predicts}. Its color is brought up to the photo's size and
joined with the photo's own lightness, so a photo of any size keeps its details. The colors are guesses that look
possible; the true ones may have been others.

The generator is of the kind `{generator}`. It has {parameters:,} parameters, and its file takes {megabytes:.1f} MB.
Opening it executes nothing: it is a file of settings and a file of weights (safetensors).

## How to use it

From Python, with colorlib installed:

```python
from PIL import Image

from colorlib import Colorizer

colorizer = Colorizer.load("{name}")
colorizer.colorize(Image.open("photo.jpg")).save("colorized.png")
```

From the command line:

```
colorlib colorize {name} photo.jpg --output colorized
```
"""


def is_hub_name(name: str) -> bool:
    """Whether the hub could have a repository of this name: `owner/name` in its characters, and no path."""
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id

    try:
        validate_repo_id(name)
    except HFValidationError:
        return False
    return name.count("/") == 1 and name.isascii() and name == name.strip()


def download(name: str) -> Path:
    """The folder of a colorizer of the hub, downloaded once and kept in the library's own cache.

    Of the repository's files only a colorizer's two are fetched. Without internet, what was downloaded before serves,
    and a warning says so. Raises `ColorizerError`.
    """
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

    absent = f"{name}: no such folder here"
    api = HfApi()
    try:
        # First this question, because snapshot_download waits without end for a hub that doesn't answer.
        there = api.model_info(name, timeout=PATIENCE)
        missing = sorted(set(COLORIZER_FILES) - {file.rfilename for file in there.siblings})
        if missing:
            raise ColorizerError(
                f"{absent}, and the repository of this name on the Hugging Face hub is no colorizer: it has no "
                f"{' and no '.join(missing)}"
            )
        return downloaded_before(name, there.sha) or Path(snapshot_download(name, allow_patterns=COLORIZER_FILES))
    except GatedRepoError:
        raise ColorizerError(
            f"{absent}, and on the Hugging Face hub its owner decides who gets it; ask at {api.endpoint}/{name}, then "
            f"log in: {LOGIN}"
        ) from None
    except RepositoryNotFoundError:
        raise ColorizerError(
            f"{absent}, and no such repository on the Hugging Face hub; if it is a private one, log in: {LOGIN}"
        ) from None
    except transport_errors() as error:
        if is_refusal(error):
            raise ColorizerError(
                f"{absent}, and the Hugging Face hub refuses access ({first_line(error)}); log in again: {LOGIN}"
            ) from None
        folder = downloaded_before(name)
        if folder is None:
            raise ColorizerError(
                f"{absent}, and no download from the Hugging Face hub ({first_line(error)}); without internet, give "
                "a colorizer's folder"
            ) from None
        log.warning("%s: no answer from the Hugging Face hub; taking what was downloaded before", name)
        return folder


def downloaded_before(name: str, revision: str | None = None) -> Path | None:
    """The folder that an earlier download left, of the newest revision or of a given one; None if there is none."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(name, revision=revision, allow_patterns=COLORIZER_FILES, local_files_only=True))
    except LocalEntryNotFoundError:
        return None
    return folder if all((folder / file).is_file() for file in COLORIZER_FILES) else None


def upload(colorizer, name: str, license: str | None = None, private: bool = False) -> str:
    """Upload a colorizer and its card to the hub; returns its address there.

    colorizer: a `Colorizer`. name: `owner/name`; the repository is made if there is none, and what it holds of a
    colorizer is replaced. license: as the hub calls it (mit, cc-by-4.0). private: visible to the owner alone. Raises
    `ColorizerError`.
    """
    from huggingface_hub import HfApi, get_token

    if not is_hub_name(name):
        raise ColorizerError(
            f"{name}: not a name on the Hugging Face hub; it takes owner/name, of letters, digits, - _ and ."
        )
    if get_token() is None:
        raise ColorizerError(f"{name}: the Hugging Face hub doesn't know you on this machine; log in: {LOGIN}")
    api = HfApi()
    with tempfile.TemporaryDirectory() as folder:
        colorizer.save(folder)
        (Path(folder) / "README.md").write_text(card(colorizer, name, license), encoding="utf-8")
        try:
            check_visibility(api, name, private)
            address = api.create_repo(name, private=private, exist_ok=True)
            api.upload_folder(repo_id=name, folder_path=folder, commit_message="A colorizer and its card")
        except ColorizerError:
            raise
        except transport_errors() as error:
            if is_refusal(error):
                raise ColorizerError(
                    f"{name}: the Hugging Face hub doesn't let you write there ({first_line(error)}); log in with a "
                    f"token that may: {LOGIN}"
                ) from None
            raise ColorizerError(
                f"{name}: no upload to the Hugging Face hub ({first_line(error)}); try again, with internet"
            ) from None
        except ValueError as error:  # the hub has a list of licenses, and the library asks it before it uploads
            raise ColorizerError(
                f"{name}: not uploaded, the Hugging Face hub doesn't take the card ({' '.join(str(error).split())}); "
                "--license takes the hub's names, as mit or cc-by-4.0"
            ) from None
    return str(address)


def check_visibility(api, name: str, private: bool) -> None:
    """Raise `ColorizerError` for a repository that is there already, for others to see than was asked for."""
    from huggingface_hub.errors import RepositoryNotFoundError

    try:
        there = api.model_info(name, timeout=PATIENCE)
    except RepositoryNotFoundError:
        return
    if bool(there.private) != private:
        raise ColorizerError(
            f"{name}: this repository is there already and is {'private' if there.private else 'public'}, which an "
            f"upload doesn't change; {'leave out' if private else 'give'} --private, or take another name"
        )


def card(colorizer, name: str, license: str | None = None) -> str:
    """The card of a colorizer, as its README.md on the hub: what it is, what it sees, its size, how to use it."""
    from huggingface_hub import ModelCardData

    data = ModelCardData(
        library_name="colorlib",
        license=license,
        pipeline_tag="image-to-image",
        tags=["colorization", "colorlib"],
    )
    model = colorizer.model
    # A file holds every floating-point number as float32, whatever it is in memory.
    values = colorizer.generator.state_dict().values()
    size = sum(value.numel() * (4 if value.is_floating_point() else value.element_size()) for value in values)
    text = CARD.format(
        title=name.split("/")[-1],
        name=name,
        sees=colorizer.head.space.sees,
        predicts=colorizer.head.predicts,
        size=model.image_size,
        generator=model.generator,
        parameters=count_parameters(colorizer.generator),
        megabytes=size / 1e6,
    )
    return f"---\n{data.to_yaml()}\n---\n{text}"


def transport_errors() -> tuple[type[Exception], ...]:
    """What can be raised on the way to the hub."""
    from huggingface_hub.errors import HTTPError

    # The first is the parent of all that httpx raises, the second of all that requests does, which older versions
    # of the library use; the last comes from hf_xet, which moves large files.
    return HTTPError, OSError, RuntimeError


def is_refusal(error: Exception) -> bool:
    """Whether the hub answered that one may not."""
    return getattr(getattr(error, "response", None), "status_code", None) in (401, 403)


def first_line(error: Exception) -> str:
    """The first line of what an error says, or its name."""
    return (str(error).strip() or type(error).__name__).splitlines()[0].strip()
