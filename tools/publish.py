"""Write the course's public address into its notebooks and READMEs: `make publish REPO=owner/name`.

Stamped are the badge "Open in Colab", the setup cell and the links of every notebook and solution, and the badges of
README's course table. The address is kept in pyproject.toml; without REPO it is taken from there, so that
`python tools/publish.py` brings a new notebook in line with the others. notebooks/README.md, the page that `make lab`
opens, is made anew from README's course table. Running it twice changes nothing.
"""

import os
import re
import sys
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parent.parent
BRANCH = "main"
COLAB = "https://colab.research.google.com"

UNPUBLISHED_SETUP = """\
from importlib.util import find_spec

if not find_spec("colorlib"):  # in Colab, for example: fetch it, which takes seconds
    %pip install -qqq "$COLORLIB_SOURCE"
if not find_spec("colorlib"):
    how = 'COLORLIB_SOURCE = "git+https://..."  # or a zip, or a folder in Drive'
    raise SystemExit(f"No course was found. Type its address in a cell above:\\n{how}")"""
PUBLISHED_SETUP = """\
from importlib.util import find_spec

address = "{address}"
if not find_spec("colorlib"):  # in Colab, for example: fetch it, which takes seconds
    %pip install -qqq "{{address}}"
if not find_spec("colorlib"):
    raise SystemExit(f"Nothing came from {{address}}. Is there internet?")"""

UPLOAD = (
    f"To open this notebook in Colab, choose *File*, *Upload notebook* at [colab.research.google.com]({COLAB}). "
    "Until the course is published, type its address in a cell above the first one: "
    '`COLORLIB_SOURCE = "git+https://..."` (or a zip, or a folder in Drive).'
)
BADGE = re.compile(r"\[!\[Open in Colab\]\([^)]*\)\]\([^)]*\)")
BADGE_LINE = re.compile(rf"^(?:{BADGE.pattern}|To open this notebook in (?:Google )?Colab\b.*)$", re.MULTILINE)
TARGET = re.compile(r"(?P<before>(?P<picture>!?)\[[^\]\n]*\]\(\s*|\b(?:src|href)=[\"'])(?P<target>[^)\s\"']+)")
ABSOLUTE = re.compile(r"[a-z][a-z0-9+.-]*:|#|//", re.IGNORECASE)
URLS = re.compile(r"\n\[project\.urls\]\nRepository = \"https://github\.com/([^\"]*)\"\n")
ROW = re.compile(r"^\| *(\d+) *\| *\[([^\]]+)\]\((notebooks/[^)]+\.ipynb)\)[^|]*\| *(.*?) *\|$", re.MULTILINE)


def repository(root: Path = ROOT) -> str | None:
    """owner/name on GitHub, once the course is published."""
    found = URLS.search((root / "pyproject.toml").read_text(encoding="utf-8"))
    return found and found[1]


def setup_cell(repo: str | None) -> str:
    """What the cell tagged `setup` holds in every notebook."""
    return PUBLISHED_SETUP.format(address=f"git+https://github.com/{repo}") if repo else UNPUBLISHED_SETUP


def badge(repo: str | None, path: str) -> str:
    """How a notebook says how to open it in Colab. path: the notebook's, from the repository's root."""
    if not repo:
        return UPLOAD
    return f"[![Open in Colab]({COLAB}/assets/colab-badge.svg)]({COLAB}/github/{repo}/blob/{BRANCH}/{path})"


def base(repo: str, picture: bool = False) -> str:
    """Where the repository's files are read: as pages, or as what an <img> can show."""
    return (
        f"https://raw.githubusercontent.com/{repo}/{BRANCH}/"
        if picture
        else f"https://github.com/{repo}/blob/{BRANCH}/"
    )


def relative_links(text: str, path: str, repo: str | None) -> str:
    """Links to files of the repository as they are written in a clone, seen from the file `path`."""
    if not repo:
        return text

    def change(hit) -> str:
        for start in (base(repo), base(repo, picture=True)):
            if hit["target"].startswith(start):
                file, mark, rest = re.match(r"([^#?]*)([#?]?)(.*)", hit["target"][len(start) :]).groups()
                return hit["before"] + os.path.relpath(file, Path(path).parent).replace(os.sep, "/") + mark + rest
        return hit[0]

    return TARGET.sub(change, text)


def absolute_links(text: str, path: str, repo: str | None) -> str:
    """The same links for a reader who has this one file and nothing else."""
    if not repo:
        return text

    def change(hit) -> str:
        if ABSOLUTE.match(hit["target"]):
            return hit[0]
        file, mark, rest = re.match(r"([^#?]*)([#?]?)(.*)", hit["target"]).groups()
        file = os.path.normpath(Path(path).parent / file).replace(os.sep, "/")
        return hit["before"] + base(repo, bool(hit["picture"]) or "src=" in hit["before"]) + file + mark + rest

    return TARGET.sub(change, text)


def stamp_title(text: str, line: str) -> str:
    """A notebook's text with one line about Colab: in the old one's place, else under the title."""
    if BADGE_LINE.search(text):
        return BADGE_LINE.sub(lambda hit: line, text, count=1)
    title, _, rest = text.partition("\n")
    return "\n\n".join([title, line, rest.lstrip("\n")]).rstrip("\n")


def stamp_notebook(file: Path, root: Path, before: str | None, repo: str | None) -> None:
    path = file.relative_to(root).as_posix()
    notebook = nbformat.read(file, as_version=4)
    texts = [cell for cell in notebook.cells if cell.cell_type == "markdown"]
    opening = next((cell for cell in texts if BADGE_LINE.search(cell.source)), notebook.cells[0])
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = absolute_links(relative_links(cell.source, path, before), path, repo)
            if cell is opening:
                cell.source = stamp_title(cell.source, badge(repo, path))
        elif "setup" in cell.metadata.get("tags", []) and cell.source != setup_cell(repo):
            cell.source, cell.outputs = setup_cell(repo), []
    write(file, nbformat.writes(notebook) + "\n")


def stamp_readme(text: str, repo: str | None) -> str:
    """README with a badge in each row of the course table, once there is an address."""
    text = re.sub(" " + BADGE.pattern, "", text)
    if not repo:
        return text
    return ROW.sub(lambda row: row[0].replace(f"]({row[3]})", f"]({row[3]}) {badge(repo, row[3])}", 1), text)


def lessons(readme: str) -> list[tuple[str, str, str, str]]:
    """README's course table: (number, title, path, what it builds) of each lesson."""
    return ROW.findall(readme)


def landing(readme: str) -> str:
    """notebooks/README.md: the lessons in order, for those who open the notebooks."""
    rows = [(number, title, Path(path).name, builds) for number, title, path, builds in lessons(readme)]
    lines = [f"| {n} | [{title}]({file}) | {builds} | [solved](solutions/{file}) |" for n, title, file, builds in rows]
    return "\n".join(
        [
            "# Image colorization with conditional GANs\n",
            "The lessons, in their order. Open one by a click on its name, and run its cells from top to bottom.\n",
            "| # | lesson | what it builds | exercises |",
            "| --- | --- | --- | --- |",
            *lines,
            "\nThe environment variable `COLORLIB_SCALE` sets how long they take: `smoke` is a minute each, to see",
            "whether everything works; `class`, the default, is a few minutes each on a laptop's processor.\n",
        ]
    )


def write(file: Path, text: str) -> None:
    """Write a file if that changes it."""
    if not file.is_file() or file.read_text(encoding="utf-8") != text:
        file.write_text(text, encoding="utf-8")
        print("stamped", file)


def publish(repo: str | None, root: Path = ROOT) -> None:
    """Stamp all notebooks, READMEs and pyproject.toml of the course in `root`."""
    before = repository(root)
    repo = repo or before
    for file in sorted((root / "notebooks").glob("*.ipynb")) + sorted((root / "notebooks/solutions").glob("*.ipynb")):
        stamp_notebook(file, root, before, repo)
    readme = stamp_readme((root / "README.md").read_text(encoding="utf-8"), repo)
    write(root / "README.md", readme)
    write(root / "notebooks/README.md", landing(readme))
    project = URLS.sub("", (root / "pyproject.toml").read_text(encoding="utf-8"))
    if repo:
        urls = f'\n[project.urls]\nRepository = "https://github.com/{repo}"\n'
        project = project.replace("\n[project.scripts]", urls + "\n[project.scripts]")
    write(root / "pyproject.toml", project)


def main(arguments: list[str]) -> None:
    repo = arguments[0] if arguments else None
    if len(arguments) > 1 or (repo and not re.fullmatch(r"[\w.-]+/[\w.-]+", repo)):
        sys.exit(f"REPO is {' '.join(arguments)!r}; expected owner/name, as in https://github.com/owner/name")
    publish(repo)


if __name__ == "__main__":
    main(sys.argv[1:])
