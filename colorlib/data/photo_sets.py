"""What a data set's name or path means: a name in `NAMED`, a folder of photos, or an .npz file.

`find` opens a set without decoding it; `colorlib.data.photo_kinds` says what a set is. Naming a set that isn't there
asks for its download. Where that fails, as on a machine without internet, one line says what was looked for, and a
folder with a copy will do.
"""

from pathlib import Path

from colorlib.data.named_sets import NAMED
from colorlib.data.set_folders import folder, lines_of, npz
from colorlib.errors import DataError


def find(dataset: str, path=None, size: int = 32):
    """The set that a name in `NAMED`, a folder or an .npz file stands for. Raises `DataError`.

    path: where a set by name lies. size: side of the squares in pixels that will be made of it.
    """
    if dataset in NAMED:
        return NAMED[dataset].find(path, size)
    if path is not None:
        raise DataError(f"unknown data set {dataset!r}; --dataset takes {', '.join(NAMED)} or a folder of photos")
    where = Path(dataset)
    if where.suffix == ".npz" and where.is_file():
        return npz(where)
    if where.is_dir():
        return folder(where)
    raise DataError(f"{dataset!r} is neither a data set ({', '.join(NAMED)}) nor a folder of photos nor an .npz file")


def class_words(dataset: str, path=None) -> dict[str, str]:
    """What the classes of a set are called, as {"n01443537": "goldfish"}, of its words.txt; none without one."""
    root = path or (NAMED[dataset].place() if dataset in NAMED else dataset)
    for place in (Path(root), Path(root, "tiny-imagenet-200")) if root else ():
        if (place / "words.txt").is_file():
            pairs = (line.partition("\t") for line in lines_of(place / "words.txt"))
            return {name: words.split(",")[0].strip() for name, _, words in pairs}
    return {}
