"""Every notebook keeps the rules of tests/notebook_rules.py, and every rule notices when it is broken."""

import base64
import io
import json
import re

import notebook_rules as rules
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

COURSE = sorted(rules.NOTEBOOKS.glob("*.ipynb"))
SOLUTIONS = sorted((rules.NOTEBOOKS / "solutions").glob("*.ipynb"))


def label(value):
    """How a test is named after a path or a function."""
    return getattr(value, "__name__", None) or str(value.relative_to(rules.NOTEBOOKS))


@pytest.mark.parametrize("rule", rules.RULES, ids=label)
@pytest.mark.parametrize("path", COURSE + SOLUTIONS, ids=label)
def test_notebook_keeps(rule, path):
    assert rule(rules.load(path)) == []


@pytest.mark.parametrize("rule", rules.COURSE_RULES, ids=label)
@pytest.mark.parametrize("path", COURSE, ids=label)
def test_course_notebook_keeps(rule, path):
    assert rule(rules.load(path)) == []


def test_readme_lists_the_notebooks_that_exist():
    assert rules.table_complaints((rules.ROOT / "README.md").read_text(encoding="utf-8")) == []


def test_every_solution_has_its_notebook():
    assert rules.orphan_solutions() == []


def test_ruff_has_nothing_to_say():
    assert rules.ruff_complaints() == []


# ---------------------------------------------------------------- the rules can fail


def picture_data(size=(20, 10), alpha=255, **save) -> str:
    """A PNG in base64."""
    buffer = io.BytesIO()
    Image.new("RGBA", size, (200, 30, 30, alpha)).save(buffer, "png", **save)
    return base64.b64encode(buffer.getvalue()).decode()


def show(notebook, data: str, alt: str = "a red square", kind: str = "image/png"):
    """Give the second code cell a picture as its output."""
    output = new_output("display_data", {kind: data}, metadata={kind: {"alt": alt}} if alt else {})
    code(notebook, 1).outputs = [output]


def code(notebook, i: int):
    """Code cell number i: 0 setup, 1 parameters, 2 checked, 3 to 5 exercises, 6 to 8 checks."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"][i]


def good_notebook():
    """The smallest notebook that keeps every rule."""
    setup = rules.SETUP_CELL.read_text(encoding="utf-8").strip()

    def tagged(source, *tags, text=None):
        outputs = [new_output("stream", name="stdout", text=text)] if text else []
        return new_code_cell(source, metadata={"tags": list(tags)}, outputs=outputs)

    cells = [
        new_markdown_cell("# 1 · Color\n\nTo open it in Colab, upload it there."),
        new_markdown_cell("## Questions and objectives"),
        new_markdown_cell("## Setup"),
        tagged(setup, "setup", text="colorlib is ready\n"),
        tagged("size = 32", "parameters"),
        new_markdown_cell("## Predict first"),
        new_markdown_cell("## Why a?\n## Why b?\n```\n## no heading\n```\n[docs](https://example.org/home/x)"),
        new_markdown_cell("## Why c?"),
        tagged("print(size)", "nbval-check-output", text="32\n"),
        new_markdown_cell("## Experiment: the size"),
        new_markdown_cell("## Exercises\n[solutions](solutions/01_good.ipynb#one)"),
        *[tagged(f"answer_{i} = ...", "exercise") for i in range(3)],
        *[tagged(f"print(answer_{i})", "check", text="not done yet\n") for i in range(3)],
        *[new_markdown_cell(f"## {heading}") for heading in rules.AFTER_QUESTIONS[2:]],
    ]
    notebook = new_notebook(cells=cells)
    for count, cell in enumerate([cell for cell in cells if cell.cell_type == "code"], 1):
        cell.execution_count = count
    show(notebook, picture_data(dpi=(100, 100)))
    return notebook


def write(notebook, folder) -> rules.Notebook:
    """Save a notebook as the course's first, with an (empty) twin, and read it back."""
    path = folder / "01_good.ipynb"
    (folder / "solutions").mkdir(exist_ok=True)
    (folder / "solutions" / path.name).touch()
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return rules.load(path)


def add_text(text):
    return lambda notebook: notebook.cells.append(new_markdown_cell(text))


def change_code(i, **values):
    return lambda notebook: code(notebook, i).update(values)


def change_tags(i, *tags):
    return lambda notebook: code(notebook, i).metadata.update(tags=list(tags))


def rename(before, after):
    """Replace text in the Markdown cells."""

    def change(notebook):
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                cell.source = cell.source.replace(before, after)

    return change


error = new_output("error", ename="ValueError", evalue="bad", traceback=["File \x1b[32m/home/a.py:3\x1b[39m"])
stderr = new_output("stream", name="stderr", text="a warning")
home = new_output("stream", name="stdout", text="saved in /home/ada/picture.png")

VIOLATIONS = [
    (rules.valid_format, lambda notebook: notebook.cells[0].pop("id")),
    (rules.valid_format, lambda notebook: notebook.cells[1].update(id=notebook.cells[0].id)),
    (rules.valid_format, lambda notebook: notebook.update(nbformat_minor=4)),
    (rules.valid_format, lambda notebook: notebook.cells[3].pop("outputs")),
    (rules.counts_from_one_run, change_code(2, execution_count=7)),
    (rules.counts_from_one_run, change_code(2, execution_count=None)),
    (rules.counts_from_one_run, change_code(8, source="")),
    (rules.no_errors, change_code(3, outputs=[error])),
    (rules.known_tags, change_tags(3, "exercise", "nbval-check-outputs")),
    (rules.checked_cells_have_output, change_code(2, outputs=[])),
    (rules.checked_cells_have_output, change_code(2, outputs=[stderr])),
    (rules.exact_markers, change_code(3, source="# NBVAL_CHECK_OUTPUT: the shape\nprint(1)")),
    (rules.exact_markers, change_code(3, source="# nbval_skip\nprint(1)")),
    (rules.exact_markers, change_code(3, source="print(1)  # NBVAL_SKIP")),
    (rules.alt_text, lambda notebook: show(notebook, picture_data(), alt="")),
    (rules.alt_text, lambda notebook: show(notebook, picture_data(), alt=" ", kind="image/jpeg")),
    (rules.alt_text, add_text("![](https://example.org/a.png)")),
    (rules.alt_text, add_text('<img src="https://example.org/a.png" alt="">')),
    (rules.no_svg, lambda notebook: show(notebook, "<svg></svg>", kind="image/svg+xml")),
    (rules.plain_pictures, lambda notebook: show(notebook, picture_data(alpha=128))),
    (rules.plain_pictures, lambda notebook: show(notebook, picture_data(size=(1200, 10)))),
    (rules.plain_pictures, lambda notebook: show(notebook, picture_data(dpi=(150, 150)))),
    (rules.small_file, add_text("a" * 1_000_001)),
    (rules.few_code_cells, lambda notebook: notebook.cells.extend(new_code_cell("1") for _ in range(32))),
    (rules.short_code, change_code(3, source="x = 1\n" * 31)),
    (rules.short_code, change_code(3, source=f"x = {'1' * 85}")),
    (rules.no_widget_state, lambda notebook: notebook.metadata.update(widgets={})),
    (rules.no_machine_path, change_code(3, outputs=[home])),
    (rules.no_machine_path, change_code(3, outputs=[error])),
    (rules.no_machine_path, change_code(3, source="open('/tmp/picture.png')")),
    (rules.no_machine_path, add_text(r"It lies in C:\Users\ada.")),
    (rules.links_exist, add_text("[next](02_next.ipynb#top)")),
    (rules.links_exist, add_text('<img alt="a cat" src="images/cat.png">')),
    (rules.setup_is_current, change_code(0, source="import colorlib")),
    (rules.title_first, rename("# 1 · ", "# 2 · ")),
    (rules.title_first, rename("# 1 · ", "# 1. ")),
    (rules.title_first, rename("Colab", "the cloud")),
    (rules.title_first, lambda notebook: notebook.cells.insert(0, new_code_cell("1"))),
    (rules.sections_in_order, rename("## Setup", "## Preparations")),
    (rules.sections_in_order, rename("## Quiz", "# Quiz")),
    (rules.sections_in_order, rename("## Why c?", "")),
    (rules.sections_in_order, rename("## Why c?", "## Why c")),
    (rules.sections_in_order, rename("## Why c?", "## c?\n## d?\n## e?\n## f?\n## g?")),
    (rules.sections_in_order, lambda notebook: notebook.cells.reverse()),
    (rules.one_setup_one_parameters, change_tags(0)),
    (rules.one_setup_one_parameters, change_tags(2, "parameters")),
    (rules.three_exercises, change_tags(3)),
    (rules.three_exercises, change_tags(8)),
    (rules.has_solutions, None),  # the twin is removed
]


@pytest.mark.parametrize("rule", rules.RULES + rules.COURSE_RULES, ids=label)
def test_good_notebook_is_accepted(rule, tmp_path):
    assert rule(write(good_notebook(), tmp_path)) == []


@pytest.mark.filterwarnings("ignore")  # nbformat's, about notebooks made wrong on purpose
@pytest.mark.parametrize(("rule", "violation"), VIOLATIONS, ids=[rule.__name__ for rule, _ in VIOLATIONS])
def test_violation_is_noticed(rule, violation, tmp_path):
    content = good_notebook()
    if violation:
        violation(content)
    notebook = write(content, tmp_path)
    if rule is rules.has_solutions:
        (tmp_path / "solutions" / notebook.path.name).unlink()
    assert rule(notebook), f"{rule.__name__} did not notice"


def test_every_rule_has_a_violation():
    assert set(rules.RULES + rules.COURSE_RULES) == {rule for rule, _ in VIOLATIONS}


def test_an_announced_error_is_accepted(tmp_path):
    content = good_notebook()
    change_code(3, outputs=[error])(content)
    change_tags(3, "exercise", "raises-exception")(content)
    assert rules.no_errors(write(content, tmp_path)) == []


def test_table_must_equal_the_folder(tmp_path):
    write(good_notebook(), tmp_path)
    row = "| 1 | [Color](notebooks/01_good.ipynb) | [solved](notebooks/solutions/01_good.ipynb) |\n"
    assert rules.table_complaints(row, tmp_path) == []
    assert rules.table_complaints("no table", tmp_path) != []
    assert rules.table_complaints("see [Color](notebooks/01_good.ipynb), outside of a table", tmp_path) != []
    assert rules.table_complaints(row + row.replace("01_good", "02_next"), tmp_path) != []
    assert rules.table_complaints(row + row, tmp_path) != []


def test_orphan_solution_is_noticed(tmp_path):
    write(good_notebook(), tmp_path)
    assert rules.orphan_solutions(tmp_path) == []
    (tmp_path / "01_good.ipynb").unlink()
    assert rules.orphan_solutions(tmp_path) != []


@pytest.mark.parametrize(
    "source", ["x=1", "import os", f"x = {'+ '.join(['1 '] * 30)}", "x = 1  # " + "a" * 85], ids=range(4)
)
def test_ruff_is_asked(source, tmp_path):
    notebook = good_notebook()
    write(notebook, tmp_path)
    (tmp_path / "solutions" / "01_good.ipynb").unlink()
    assert rules.ruff_complaints(tmp_path) == []
    change_code(3, source=source)(notebook)
    (tmp_path / "01_good.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    assert re.search("01_good", "".join(rules.ruff_complaints(tmp_path)))
