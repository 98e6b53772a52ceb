"""The house: floors that imports go down by, sizes of modules, words with one meaning."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "colorlib"
# From the ground up. A module imports from floors below its own, or from its own where that makes no circle.
FLOORS = [
    {"errors", "fields", "files", "precision"},
    {"color", "photos", "model"},
    {"metrics", "tables", "history", "config", "encoder_config", "measurement", "engine"},
    {"controls", "moving"},
    {"data", "models", "recipes", "plots"},
    {"losses", "colorizer"},
    {"systems", "evaluation", "app", "checks"},
    {"training"},
    {"compare"},
    {"demo"},
    {"cli"},
]
FLOOR = {name: number for number, floor in enumerate(FLOORS) for name in floor}
MODULES = sorted(PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    """A module's name below the package; a folder's modules share its floor."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imports(path: Path):
    """Rooms that a module imports from, within functions, too."""
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module == "colorlib":
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("colorlib."):
            names = [node.module.split(".")[1]]
        elif isinstance(node, ast.Import):
            names = [alias.name.split(".")[1] for alias in node.names if alias.name.startswith("colorlib.")]
        yield from names


@pytest.mark.parametrize("path", MODULES, ids=[str(path.relative_to(PACKAGE)) for path in MODULES])
def test_imports_go_down(path):
    name = room(path)
    if name in ("__init__", "__main__"):
        return
    assert name in FLOOR, f"{name} stands on no floor; name it in FLOORS"
    for other in imports(path):
        if other != name:
            assert FLOOR[other] <= FLOOR[name], f"{name} imports {other}, which stands on a higher floor"


def test_no_module_imports_itself_around_a_corner():
    above = {room(path): set(imports(path)) - {room(path)} for path in MODULES}

    def reached(name, seen=()):
        assert name not in seen, f"a circle: {' > '.join((*seen, name))}"
        for other in above.get(name, ()):
            reached(other, (*seen, name))

    for name in above:
        reached(name)


@pytest.mark.parametrize("path", MODULES, ids=[str(path.relative_to(PACKAGE)) for path in MODULES])
def test_modules_have_30_to_250_lines(path):
    lines = len(path.read_text().splitlines())
    assert lines <= 250
    # Shorter with a reason: names alone (__init__, __main__, errors).
    assert lines >= 30 or path.name in ("__init__.py", "__main__.py", "errors.py")


def test_nobody_asks_what_an_object_can_do():
    """What a generator, system, term or trainer has is said by its base class, with a default, and not found out."""
    for path in MODULES:
        if room(path) in ("models", "systems", "losses", "training"):
            assert not re.search(r"hasattr\(|getattr\([^()]*,[^()]*,", path.read_text()), path


def public_names(path: Path) -> set[str]:
    """What a module defines at its top: functions, classes, constants."""
    names = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            inner = (part for target in targets for part in ast.walk(target))  # of `FIRST, (SECOND, *REST) = ...` all
            names |= {part.id for part in inner if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}
    return {name for name in names if not name.startswith("_")} - {"log"}


def test_names_are_seen_however_they_are_assigned(tmp_path):
    file = tmp_path / "module.py"
    file.write_text("A = B = 1\nC, (D, *E) = 1, (2, 3)\nF: int = 4\n_G, H = 5, 6\nA[I] = J.k = 7\n")
    assert public_names(file) == set("ABCDEFH")


def test_a_public_name_stands_in_one_module():
    """But for the commands, called as on the command line, and the checkers, whose functions are the exercises'."""
    homes = {}
    for path in MODULES:
        if not path.name.endswith("commands.py") and room(path) != "checks":
            for name in public_names(path):
                homes.setdefault(name, []).append(path.relative_to(PACKAGE))
    twice = {name: paths for name, paths in homes.items() if len(paths) > 1}
    assert not twice


def test_a_word_has_one_meaning():
    """Documents are called by their subject, and files are files: "source" and the old recipes' names are gone."""
    texts = [*MODULES, *(ROOT / "tools").glob("*.py"), *(ROOT / "benchmarks").glob("*.py"), ROOT / "README.md"]
    for path in texts:
        text = path.read_text().replace("COLORLIB_SOURCE", "").replace("cell.source", "")
        assert not re.search(r"source[- ]00\d", text, re.IGNORECASE), path
    for path in MODULES:
        assert not re.search(r"\bsources?\b", path.read_text(), re.IGNORECASE), path


def test_no_package_hides_one_of_its_modules():
    """What a package imports into its own __init__ has another name than its modules, or `from package import module`
    would give something else.
    """
    for path in PACKAGE.rglob("__init__.py"):
        modules = {other.stem for other in path.parent.glob("*.py")} - {"__init__"}
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ImportFrom) and node.module != ".".join(
                ("colorlib", *path.parent.parts[len(PACKAGE.parts) :])
            ):
                hidden = modules & {alias.asname or alias.name for alias in node.names}
                assert not hidden, f"{path} hides its module {hidden}"
        hidden = modules & public_names(path)
        assert not hidden, f"{path} hides its module {hidden}"
