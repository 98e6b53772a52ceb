"""Build the course's web page from the executed notebooks: `make site`, then open outputs/site/index.html.

The notebooks are copied, links lead from page to page, solutions are folded under their exercises, and Sphinx does
the rest with site/conf.py. Nothing is executed, and nothing is loaded from elsewhere when a page is opened. One page
colors a visitor's photo: tools/colorizer_page.py.
"""

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import colorizer_page
import nbformat
import publish
from nbformat.v4 import new_code_cell

from colorlib.errors import InputError

ROOT = publish.ROOT
MATHJAX = "sphinx-mathjax-offline"  # the package that carries MathJax's files
LINK = re.compile(r"(?<!!)\[(?P<text>[^\]\n]*)\]\((?P<target>[^)\s]+)\)")


def page_links(text: str, path: str, repo: str | None) -> str:
    """A notebook's links as links between pages; what is no page is read on GitHub, once the course is there.

    path: the notebook's, from the repository's root.
    """

    def change(hit) -> str:
        target = hit["target"]
        if publish.ABSOLUTE.match(target):
            return hit[0]
        if target.split("#")[0].endswith(".ipynb"):
            return f"[{hit['text']}]({target.split('#')[0]})"
        return publish.absolute_links(hit[0], path, repo) if repo else hit["text"]

    text = publish.BADGE_LINE.sub("", publish.relative_links(text, path, repo))
    return LINK.sub(change, text)


def folded(solution) -> nbformat.NotebookNode:
    """A solution as a cell that opens on a click."""
    prompts = {"code_prompt_show": "Show a solution", "code_prompt_hide": "Hide the solution"}
    return new_code_cell(solution.source, metadata={"tags": ["hide-input"], "mystnb": prompts})


def with_solutions(cells: list, solutions: list) -> list:
    """The cells with the k-th solution folded behind the check of the k-th exercise."""
    tagged = {tag: [cell for cell in cells if tag in cell.metadata.get("tags", [])] for tag in ("exercise", "check")}
    if not len(tagged["exercise"]) == len(tagged["check"]) == len(solutions):
        return cells  # they can't be told apart; the lesson links to them
    behind = {check.id: solution for check, solution in zip(tagged["check"], solutions, strict=True)}
    return [one for cell in cells for one in ([cell, folded(behind[cell.id])] if cell.id in behind else [cell])]


def write_page(file: Path, root: Path, target: Path) -> None:
    """Write a notebook as a page's source."""
    repo, path = publish.repository(root), file.relative_to(root).as_posix()
    notebook = nbformat.read(file, as_version=4)
    solved = file.parent / "solutions" / file.name
    if solved.is_file():
        cells = nbformat.read(solved, as_version=4).cells
        solutions = [cell for cell in cells if "solution" in cell.metadata.get("tags", [])]
        notebook.cells = with_solutions(notebook.cells, solutions)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = page_links(cell.source, path, repo)
    notebook.metadata["language_info"] = {"name": "python", "pygments_lexer": "ipython3"}
    target.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, target)


def index(readme: str, repo: str | None, colorizer: bool = False) -> str:
    """The first page: README's opening with its picture, the lessons, and the way to the colorizer, if it is there."""
    opening = page_links(readme.split("\n## ")[0], "README.md", repo)
    if colorizer:
        opening += "\n**[Color a photo of yours](colorizer.md)**, here in your browser.\n"
    rows = publish.lessons(readme)
    table = [f"| {number} | [{title}]({path}) | {builds} |" for number, title, path, builds in rows]
    pages = [path.removesuffix(".ipynb") for _, _, path, _ in rows]
    solved = [page.replace("notebooks/", "notebooks/solutions/") for page in pages]
    trees = [
        "\n".join([f"```{{toctree}}\n:hidden:\n:caption: {name}\n:maxdepth: 1\n", *entries, "```"])
        for name, entries in (("Try it", ["colorizer"] * colorizer), ("Lessons", pages), ("Solutions", solved))
        if entries
    ]
    return "\n".join([opening, "\n| # | lesson | what it builds |\n| --- | --- | --- |", *table, "", *trees, ""])


def copy_mathjax(static: Path) -> None:
    """The script that draws formulas, and its extensions, from the package that carries them."""
    for file in importlib.metadata.files(MATHJAX):
        _, found, name = file.as_posix().partition("/static/mathjax/")
        if found and (name == "tex-svg.js" or name.startswith("input/tex/extensions/")):
            (static / "mathjax" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file.locate(), static / "mathjax" / name)


def add_colorizer(root: Path, source: Path) -> bool:
    """Add the page that colors photos to the sources of the site, or say why it is left out."""
    try:
        page = colorizer_page.assemble(root, source / "_static")
    except InputError as error:
        print(f"the page that colors photos was left out: {error}")
        return False
    (source / "colorizer.md").write_text(page, encoding="utf-8")
    return True


def build(root: Path = ROOT, output: Path | None = None, colorizer: bool = False) -> None:
    """Build the page of the course in `root` into a folder, with the one that colors photos if asked for.

    Raises `CalledProcessError` for any warning of Sphinx's.
    """
    output = output or root / "outputs" / "site"
    source = output.with_name(f"{output.name}-source")
    for folder in (source, output):
        shutil.rmtree(folder, ignore_errors=True)
    notebooks = sorted((root / "notebooks").glob("*.ipynb")) + sorted((root / "notebooks/solutions").glob("*.ipynb"))
    for file in notebooks:
        write_page(file, root, source / file.relative_to(root))
    readme = (root / "README.md").read_text(encoding="utf-8")
    colorizer = colorizer and add_colorizer(root, source)
    (source / "index.md").write_text(index(readme, publish.repository(root), colorizer), encoding="utf-8")
    pictures = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", readme.split("\n## ")[0])
    for picture in pictures:
        (source / picture).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / picture, source / picture)
    copy_mathjax(source / "_static")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-d", source / ".doctrees"]
    environment = os.environ | {"COLORLIB_SITE_STATIC": str(source / "_static")}
    subprocess.run([*command, "-c", root / "site", source, output], check=True, env=environment)
    for file in notebooks:  # "download" gives the lesson itself
        shutil.copy(file, output / "_sources" / file.relative_to(root))


if __name__ == "__main__":
    try:
        build(colorizer=True)
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
    print("open outputs/site/index.html")
