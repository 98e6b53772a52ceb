"""The rules that every notebook of the course keeps, each a small function that returns its complaints.

`RULES` hold for every notebook and every solution; tests/lesson_rules.py has those about a lesson's parts. They read
the file and run nothing; nbval runs the notebooks.
"""

import base64
import io
import json
import re
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.validator import iter_validate
from PIL import Image
from tool import ROOT, load_tool

publish = load_tool("publish")
REPOSITORY = publish.repository()
NOTEBOOKS = ROOT / "notebooks"

TAGS = {
    "setup",
    "parameters",
    "exercise",
    "check",
    "solution",
    "nbval-check-output",
    "nbval-skip",
    "raises-exception",
}
MARKERS = {"NBVAL_CHECK_OUTPUT", "NBVAL_IGNORE_OUTPUT", "NBVAL_RAISES_EXCEPTION", "NBVAL_SKIP"}
PICTURES = ("image/png", "image/jpeg")
MOST_BYTES = 1_500_000
MOST_CODE_CELLS = 45
MOST_LINES = 25
MEDIAN_LINES = 12
MOST_COLUMNS = 5
LONGEST_LINE = 88
WIDEST_PICTURE = 1100
MOST_DPI = 110

MACHINE_PATH = re.compile(r"(?<![\w./:~-])/(?:work|home|root|Users|tmp)/|\b[A-Z]:\\+Users\\")
INNER_NUMBER = re.compile(r"\b[Ss]ource[ -]?0\d\d\b")
TABLE_RULER = re.compile(r"^\s*\|?(?:\s*:?-{3,}:?\s*\|)+\s*(?::?-{3,}:?)?\s*\|?\s*$", re.MULTILINE)
COLOR_CODE = re.compile(r"\x1b\[[0-9;]*m")
CODE_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)


@dataclass
class Notebook:
    """A notebook file: as JSON says it (`raw`) and as nbformat reads it (`content`)."""

    path: Path
    raw: dict
    content: NotebookNode

    @property
    def cells(self) -> list[NotebookNode]:
        return self.content.cells

    @property
    def code_cells(self) -> list[NotebookNode]:
        return [cell for cell in self.cells if cell.cell_type == "code"]

    @property
    def markdown(self) -> list[str]:
        """The Markdown cells' text, without the code blocks in it."""
        return [CODE_FENCE.sub("", cell.source) for cell in self.cells if cell.cell_type == "markdown"]

    @property
    def outputs(self) -> list[tuple[str, NotebookNode]]:
        """Every output with the name of its cell, for complaints."""
        return [(name(cell), output) for cell in self.code_cells for output in cell.outputs]

    @property
    def depth(self) -> int:
        """How many folders up the repository's root is, less one: 1 in notebooks/, 2 in notebooks/solutions/."""
        return 2 if self.path.parent.name == "solutions" else 1

    def tagged(self, tag: str) -> list[NotebookNode]:
        return [cell for cell in self.cells if tag in tags(cell)]


def load(path) -> Notebook:
    text = Path(path).read_text(encoding="utf-8")
    return Notebook(Path(path), json.loads(text), nbformat.reads(text, as_version=4))


def tags(cell) -> list[str]:
    return cell.metadata.get("tags", [])


def name(cell) -> str:
    """How a complaint names a cell: its count and its first line."""
    count = f"[{cell.get('execution_count') or ' '}]" if cell.cell_type == "code" else "(text)"
    return f"cell {count} {next(iter(cell.source.splitlines()), '')[:40]!r}"


def output_text(output) -> str:
    """What an output says in letters; pictures left out."""
    if output.output_type == "stream":
        return output.text
    if output.output_type == "error":
        return "\n".join([output.evalue, *output.traceback])
    return "\n".join(str(data) for kind, data in output.data.items() if not kind.startswith("image/"))


# ---------------------------------------------------------------- every notebook


def valid_format(notebook) -> list[str]:
    """Valid nbformat, of a version that has cell ids, and the ids are unique."""
    complaints = [f"not valid: {error.message[:200]}" for error in iter_validate(notebook.raw)]
    version = (notebook.raw.get("nbformat"), notebook.raw.get("nbformat_minor"))
    if version < (4, 5):
        complaints.append(f"nbformat {version} has no cell ids; 4.5 or newer has")
    ids = [cell.get("id") for cell in notebook.raw["cells"]]
    complaints += [f"two cells have the id {one!r}" for one in sorted({i for i in ids if i and ids.count(i) > 1})]
    return complaints


def counts_from_one_run(notebook) -> list[str]:
    """The cells were run once each, from top to bottom, in a fresh kernel."""
    counts = [cell.execution_count for cell in notebook.code_cells if cell.source.strip()]
    complaints = []
    if counts != list(range(1, len(counts) + 1)):
        complaints.append(f"execution counts are {counts}, not 1 to {len(counts)}; run `make refresh`")
    empty = [cell for cell in notebook.code_cells if not cell.source.strip()]
    complaints += ["an empty code cell has a count or outputs" for c in empty if c.execution_count or c.outputs]
    return complaints


def no_errors(notebook) -> list[str]:
    """Only a cell tagged `raises-exception` has stored an error."""
    return [
        f"{name(cell)} has stored {output.ename}"
        for cell in notebook.code_cells
        for output in cell.outputs
        if output.output_type == "error" and "raises-exception" not in tags(cell)
    ]


def known_tags(notebook) -> list[str]:
    return [f"{name(cell)} has the tag {tag!r}" for cell in notebook.cells for tag in set(tags(cell)) - TAGS]


def checked_cells_have_output(notebook) -> list[str]:
    """nbval passes over a checked cell without output, and can't compare stderr."""
    complaints = []
    for cell in notebook.tagged("nbval-check-output"):
        if not cell.get("outputs"):
            complaints.append(f"{name(cell)} is to be checked but has no output")
        elif any(output.get("name") == "stderr" for output in cell.outputs):
            complaints.append(f"{name(cell)} is to be checked but writes to stderr")
    return complaints


def exact_markers(notebook) -> list[str]:
    """nbval silently ignores a marker with anything behind it."""
    return [
        f"{name(cell)}: {line.strip()!r} is no marker of nbval's"
        for cell in notebook.code_cells
        for line in cell.source.splitlines()
        if re.search(r"#.*NBVAL", line, re.IGNORECASE) and line.strip().lstrip("#").strip() not in MARKERS
    ]


def alt_text(notebook) -> list[str]:
    """Every picture says in words what it shows."""
    complaints = [
        f"{where}: a picture without alt text"
        for where, output in notebook.outputs
        for kind in PICTURES
        if kind in output.get("data", {}) and not str(output.metadata.get(kind, {}).get("alt", "")).strip()
    ]
    for text in notebook.markdown:
        complaints += [f"no alt text: {hit}" for hit in re.findall(r"!\[\s*\]\([^)]*\)", text)]
        images = re.findall(r"<img\b[^>]*>", text, re.IGNORECASE)
        complaints += [f"no alt text: {hit}" for hit in images if not re.search(r"\balt=([\"'])\s*[^\s\"']", hit)]
    return complaints


def captions(notebook) -> list[str]:
    """Right under every picture stands its alt text as a visible sentence, as `colorlib.plots.show` puts it there."""
    complaints = []
    for cell in notebook.code_cells:
        for output, under in zip(cell.outputs, [*cell.outputs, None][1:], strict=True):
            for kind in set(PICTURES) & set(output.get("data", {})):
                caption = under.get("data", {}).get("text/markdown", "") if under else ""
                if caption.strip() != f"*{output.metadata.get(kind, {}).get('alt', '')}*":
                    complaints.append(f"{name(cell)}: under a picture stands {caption[:60]!r}, not its alt text")
    return complaints


def tables_are_rendered(notebook) -> list[str]:
    """A table is shown as a table, not as Markdown source in a printed text, and it fits the page."""
    complaints = []
    for where, output in notebook.outputs:
        if output.output_type == "stream" and TABLE_RULER.search(output.text):
            complaints.append(f"{where}: prints a table's Markdown source")
        for ruler in TABLE_RULER.findall(output.get("data", {}).get("text/markdown", "")):
            columns = len(re.findall("-{3,}", ruler))
            if columns > MOST_COLUMNS:
                complaints.append(f"{where}: a table of {columns} columns, over {MOST_COLUMNS}")
    return complaints


def no_svg(notebook) -> list[str]:
    return [f"{where}: an SVG" for where, output in notebook.outputs if "image/svg+xml" in output.get("data", {})]


def plain_pictures(notebook) -> list[str]:
    """Pictures are opaque, and neither wider nor finer than a page needs."""
    complaints = []
    for where, output in notebook.outputs:
        for kind in PICTURES:
            if kind not in output.get("data", {}):
                continue
            picture = Image.open(io.BytesIO(base64.b64decode(output.data[kind])))
            if picture.convert("RGBA").getchannel("A").getextrema()[0] < 255:
                complaints.append(f"{where}: a picture with transparent pixels")
            if picture.width > WIDEST_PICTURE:
                complaints.append(f"{where}: a picture of {picture.width} pixels width, over {WIDEST_PICTURE}")
            if picture.info.get("dpi", (0,))[0] > MOST_DPI + 0.5:
                complaints.append(f"{where}: a picture of {picture.info['dpi'][0]:.0f} dpi, over {MOST_DPI}")
    return complaints


def small_file(notebook) -> list[str]:
    size = notebook.path.stat().st_size
    return [f"{size:,} bytes, over {MOST_BYTES:,}"] if size > MOST_BYTES else []


def few_code_cells(notebook) -> list[str]:
    count = len(notebook.code_cells)
    return [f"{count} code cells, over {MOST_CODE_CELLS}"] if count > MOST_CODE_CELLS else []


def short_code(notebook) -> list[str]:
    """Code that is seen without scrolling, in either direction."""
    complaints = []
    for cell in notebook.code_cells:
        lines = cell.source.splitlines()
        if len(lines) > MOST_LINES:
            complaints.append(f"{name(cell)} has {len(lines)} lines, over {MOST_LINES}")
        complaints += [f"{len(line)} characters: {line.strip()}" for line in lines if len(line) > LONGEST_LINE]
    lengths = [len(cell.source.splitlines()) for cell in notebook.code_cells]
    if lengths and statistics.median(lengths) > MEDIAN_LINES:
        complaints.append(f"half of its code cells have over {MEDIAN_LINES} lines")
    return complaints


def no_inner_numbers(notebook) -> list[str]:
    """A document is called by what it is about, not by a number that no reader knows."""
    texts = [(name(cell), cell.source) for cell in notebook.cells]
    texts += [(where, output_text(output)) for where, output in notebook.outputs]
    return [f"{where}: {hit!r}" for where, text in texts for hit in INNER_NUMBER.findall(text)]


def no_widget_state(notebook) -> list[str]:
    return ["it has metadata.widgets"] if "widgets" in notebook.content.metadata else []


def no_machine_path(notebook) -> list[str]:
    """Nothing tells on which machine the notebook was run."""
    texts = [(name(cell), cell.source) for cell in notebook.cells]
    texts += [(where, output_text(output)) for where, output in notebook.outputs]
    lines = [(where, line) for where, text in texts for line in COLOR_CODE.sub("", text).splitlines()]
    return [f"{where}: {line.strip()[:100]!r}" for where, line in lines if MACHINE_PATH.search(line)]


def links_exist(notebook) -> list[str]:
    """Links to files of the repository lead to files that are there, whether they are stamped or not."""
    path = notebook.path.relative_to(notebook.path.parents[notebook.depth]).as_posix()
    texts = [publish.relative_links(text, path, REPOSITORY) for text in notebook.markdown]
    targets = [hit["target"] for text in texts for hit in publish.TARGET.finditer(text)]
    return [
        f"{target} does not exist"
        for target in targets
        if not publish.ABSOLUTE.match(target) and not (notebook.path.parent / re.split("[#?]", target)[0]).exists()
    ]


def setup_is_current(notebook) -> list[str]:
    """One setup cell, as tools/publish.py writes it; it comes first."""
    cells = notebook.tagged("setup")
    if len(cells) != 1 or cells[0] is not notebook.code_cells[0]:
        return [f"{len(cells)} cells are tagged 'setup'; expected the first code cell alone"]
    current = cells[0].source == publish.setup_cell(REPOSITORY)
    return [] if current else ["its setup cell is not the current one; run `python tools/publish.py`"]


def badge_is_current(notebook) -> list[str]:
    """One line says how to open the notebook in Colab, as tools/publish.py writes it."""
    lines = [line for text in notebook.markdown for line in text.splitlines()]
    path = notebook.path.relative_to(notebook.path.parents[notebook.depth]).as_posix()
    current = publish.badge(REPOSITORY, path) in lines
    return [] if current else ["its badge is not the current one; run `python tools/publish.py`"]


RULES = [
    valid_format,
    counts_from_one_run,
    no_errors,
    known_tags,
    checked_cells_have_output,
    exact_markers,
    alt_text,
    captions,
    tables_are_rendered,
    no_svg,
    plain_pictures,
    small_file,
    few_code_cells,
    short_code,
    no_inner_numbers,
    no_widget_state,
    no_machine_path,
    links_exist,
    setup_is_current,
    badge_is_current,
]


# ---------------------------------------------------------------- the course as a whole


def table_complaints(readme: str, folder: Path = NOTEBOOKS) -> list[str]:
    """README's course table lists the notebooks that exist, each once, and no other."""
    rows = [line for line in readme.splitlines() if line.lstrip().startswith("|")]
    listed = [file for row in rows for file in re.findall(r"\]\(notebooks/([^/)\s]+\.ipynb)\)", row)]
    there = {path.name for path in folder.glob("*.ipynb")}
    complaints = [f"README lists notebooks/{file}, which does not exist" for file in set(listed) - there]
    complaints += [f"README's table has no row for notebooks/{file}" for file in there - set(listed)]
    return complaints + [f"README lists notebooks/{one} twice" for one in set(listed) if listed.count(one) > 1]


def landing_complaints(readme: str, landing: str) -> list[str]:
    """notebooks/README.md, the page that `make lab` opens, is made from README's course table."""
    return [] if landing == publish.landing(readme) else ["notebooks/README.md: run `python tools/publish.py`"]


def orphan_solutions(folder: Path = NOTEBOOKS) -> list[str]:
    """Solutions of notebooks that don't exist."""
    twins = (folder / "solutions").glob("*.ipynb")
    return [f"solutions/{twin.name} solves no notebook" for twin in twins if not (folder / twin.name).is_file()]


def ruff_complaints(folder: Path = NOTEBOOKS) -> list[str]:
    """What ruff's linter and its formatter say about the notebooks of a folder."""
    complaints = []
    for command in (["check", "--quiet"], ["format", "--check"]):
        config = ["--no-cache", "--config", str(NOTEBOOKS / "ruff.toml")]
        run = subprocess.run(
            [sys.executable, "-m", "ruff", *command, *config, str(folder)], capture_output=True, text=True
        )
        if run.returncode:
            complaints.append(run.stdout + run.stderr)
    return complaints
