"""Every notebook keeps the rules of notebook_rules.py and lesson_rules.py, and every rule notices when it is broken."""

import base64
import io
import json
import re

import lesson_rules as parts
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


@pytest.mark.parametrize("rule", parts.LESSON_RULES, ids=label)
@pytest.mark.parametrize("path", COURSE, ids=label)
def test_lesson_has(rule, path):
    assert rule(rules.load(path)) == []


def test_readme_lists_the_notebooks_that_exist():
    assert rules.table_complaints((rules.ROOT / "README.md").read_text(encoding="utf-8")) == []


def test_the_landing_page_lists_them_too():
    readme, landing = (folder / "README.md" for folder in (rules.ROOT, rules.NOTEBOOKS))
    assert rules.landing_complaints(*(file.read_text(encoding="utf-8") for file in (readme, landing))) == []


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


def picture(data: str, alt: str = "a red square", kind: str = "image/png") -> list:
    """The outputs of a cell that shows a picture, and its caption."""
    output = new_output("display_data", {kind: data}, metadata={kind: {"alt": alt}} if alt else {})
    return [output, new_output("display_data", {"text/markdown": f"*{alt}*"})]


def show(notebook, data: str, **options):
    """Give the third code cell a picture as its output."""
    code(notebook, 2).outputs = picture(data, **options)


def code(notebook, i: int):
    """Code cell number i: 0 setup, 1 parameters, 2 picture, 3 checked, 4 and 6 exercises, 5 and 7 their checks."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"][i]


OPENING = """\
# 1 · Color

{badge}

You will color a photo. You need a laptop and 20 minutes.

```
## no heading
```
[docs](https://example.org/home/x)"""
EXERCISE = "### Exercise\nA hint: it is short. [Solutions](solutions/01_good.ipynb#one)."
QUESTION = """\
**Why?**
<details><summary>a) So.</summary>

No. *Misconception: size.*
</details>
<details><summary>b) Thus.</summary>

Yes.
</details>
"""


def good_notebook():
    """The smallest lesson that keeps every rule."""

    def tagged(source, *tags, text=None, outputs=()):
        outputs = [new_output("stream", name="stdout", text=text)] if text else list(outputs)
        return new_code_cell(source, metadata={"tags": list(tags)}, outputs=outputs)

    badge = rules.publish.badge(rules.REPOSITORY, "notebooks/01_good.ipynb")
    cells = [
        new_markdown_cell(OPENING.format(badge=badge)),
        tagged(rules.publish.setup_cell(rules.REPOSITORY), "setup"),
        tagged("my_photo = None\nsize = 32\nshow = check = print", "parameters"),
        tagged("show(size)\nshow(size)", outputs=picture(picture_data(dpi=(100, 100)))),
        new_markdown_cell("## Why a?\nBefore you run the next cell: how many?"),
        tagged("sides = size, size\narea = size * size\nprint(area)", "nbval-check-output", text="1024\n"),
        *[
            cell
            for i in range(2)
            for cell in (
                new_markdown_cell(EXERCISE),
                tagged(f"answer_{i} = ...", "exercise"),
                tagged("print()" if i else f"check(answer_{i})", "check", text="not done yet\n"),
            )
        ],
        new_markdown_cell("## What goes wrong"),
        new_markdown_cell("## Key points"),
        new_markdown_cell("## Quiz\n" + QUESTION * 3),
        new_markdown_cell("## Further reading\n[paper](https://example.org)"),
        new_markdown_cell("## Next"),
    ]
    notebook = new_notebook(cells=cells)
    for count, cell in enumerate([cell for cell in cells if cell.cell_type == "code"], 1):
        cell.execution_count = count
    return notebook


def write(notebook, folder) -> rules.Notebook:
    """Save a notebook as the course's first, with an (empty) twin, and read it back."""
    path = folder / "notebooks" / "01_good.ipynb"
    (path.parent / "solutions").mkdir(parents=True, exist_ok=True)
    (path.parent / "solutions" / path.name).touch()
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


def table(*rows):
    """A Markdown table as a cell's output."""
    return [new_output("display_data", {"text/markdown": "\n".join(rows)})]


def printed(text):
    return [new_output("stream", name="stdout", text=text)]


VIOLATIONS = [
    (rules.valid_format, lambda notebook: notebook.cells[0].pop("id")),
    (rules.valid_format, lambda notebook: notebook.cells[1].update(id=notebook.cells[0].id)),
    (rules.valid_format, lambda notebook: notebook.update(nbformat_minor=4)),
    (rules.valid_format, lambda notebook: notebook.cells[1].pop("outputs")),
    (rules.counts_from_one_run, change_code(3, execution_count=7)),
    (rules.counts_from_one_run, change_code(3, execution_count=None)),
    (rules.counts_from_one_run, change_code(7, source="")),
    (rules.no_errors, change_code(4, outputs=[error])),
    (rules.known_tags, change_tags(4, "exercise", "nbval-check-outputs")),
    (rules.checked_cells_have_output, change_code(3, outputs=[])),
    (rules.checked_cells_have_output, change_code(3, outputs=[stderr])),
    (rules.exact_markers, change_code(3, source="# NBVAL_CHECK_OUTPUT: the shape\nprint(1)")),
    (rules.exact_markers, change_code(3, source="# nbval_skip\nprint(1)")),
    (rules.exact_markers, change_code(3, source="print(1)  # NBVAL_SKIP")),
    (rules.alt_text, lambda notebook: show(notebook, picture_data(), alt="")),
    (rules.alt_text, lambda notebook: show(notebook, picture_data(), alt=" ", kind="image/jpeg")),
    (rules.alt_text, add_text("![](https://example.org/a.png)")),
    (rules.alt_text, add_text('<img src="https://example.org/a.png" alt="">')),
    (rules.captions, lambda notebook: code(notebook, 2).outputs.pop()),
    (rules.captions, lambda notebook: code(notebook, 2).outputs.reverse()),
    (rules.captions, lambda notebook: code(notebook, 2).outputs[1].data.update({"text/markdown": "*a cat*"})),
    (rules.captions, lambda notebook: code(notebook, 2).outputs.insert(1, stderr)),
    (rules.tables_are_rendered, change_code(3, outputs=printed("| a | b |\n| --- | ---: |\n| 1 | 2 |\n"))),
    (rules.tables_are_rendered, change_code(3, outputs=table("a|b|c|d|e|f", "-|-|-|-|-|-".replace("-", "---")))),
    (rules.no_svg, lambda notebook: show(notebook, "<svg></svg>", kind="image/svg+xml")),
    (rules.plain_pictures, lambda notebook: show(notebook, picture_data(alpha=128))),
    (rules.plain_pictures, lambda notebook: show(notebook, picture_data(size=(1200, 10)))),
    (rules.plain_pictures, lambda notebook: show(notebook, picture_data(dpi=(150, 150)))),
    (rules.small_file, add_text("a" * 1_500_001)),
    (rules.few_code_cells, lambda notebook: notebook.cells.extend(new_code_cell("1") for _ in range(38))),
    (rules.short_code, change_code(3, source="x = 1\n" * 26)),
    (rules.short_code, change_code(3, source=f"x = {'1' * 85}")),
    (rules.short_code, lambda notebook: notebook.cells.extend(new_code_cell("x = 1\n" * 13) for _ in range(9))),
    (rules.no_inner_numbers, add_text("The settings of source 000.")),
    (rules.no_inner_numbers, change_code(3, outputs=printed("as Source 003 has it"))),
    (rules.no_widget_state, lambda notebook: notebook.metadata.update(widgets={})),
    (rules.no_machine_path, change_code(3, outputs=[home])),
    (rules.no_machine_path, change_code(3, outputs=[error])),
    (rules.no_machine_path, change_code(3, source="open('/tmp/picture.png')")),
    (rules.no_machine_path, add_text(r"It lies in C:\Users\ada.")),
    (rules.links_exist, add_text("[next](02_next.ipynb#top)")),
    (rules.links_exist, add_text('<img alt="a cat" src="images/cat.png">')),
    (rules.setup_is_current, change_code(0, source="import colorlib")),
    (rules.setup_is_current, change_tags(0)),
    (rules.setup_is_current, lambda notebook: notebook.cells.insert(0, new_code_cell("1"))),
    (rules.badge_is_current, rename("Colab", "the cloud")),
    (parts.title_first, rename("# 1 · ", "# 2 · ")),
    (parts.title_first, rename("# 1 · ", "# 1. ")),
    (parts.title_first, lambda notebook: notebook.cells.insert(0, new_code_cell("1"))),
    (parts.promise_with_picture, change_code(2, outputs=[])),
    (parts.promise_with_picture, lambda notebook: notebook.cells.insert(1, new_code_cell("1"))),
    (parts.needs_and_time, rename("You need", "You have")),
    (parts.needs_and_time, rename("20 minutes", "a while")),
    (parts.short_parameters, change_tags(1)),
    (parts.short_parameters, change_tags(3, "parameters")),
    (parts.short_parameters, change_code(1, source="x = 1\n" * 13)),
    (parts.prediction, rename("Before you run the next cell", "Look")),
    (parts.exercises_with_checks, change_tags(4)),
    (parts.exercises_with_checks, change_tags(7)),
    (parts.exercises_with_checks, lambda notebook: notebook.cells.reverse()),
    (parts.exercises_with_checks, rename("A hint: it", "It")),
    (parts.exercises_with_checks, rename("solutions/01_good.ipynb", "solutions")),
    (parts.has_sections, rename("## Key points", "## Points")),
    (parts.has_sections, rename("## Quiz", "## Test")),
    (parts.has_sections, rename("## Further reading", "## Papers")),
    (parts.has_sections, rename("## Next", "## Nextdoor")),
    (parts.shows_what_goes_wrong, rename("## What goes wrong", "## What goes well")),
    (parts.own_photo, change_code(1, source="size = 32")),
    (parts.quiz_names_misconceptions, rename("Misconception", "Idea")),
    (parts.quiz_names_misconceptions, rename(QUESTION * 3, QUESTION * 2)),
    (parts.reading_has_links, rename("(https://example.org)", "")),
    (parts.more_teaches_than_draws, change_code(2, source="show(size)\n" * 9)),
    (parts.more_teaches_than_draws, change_code(3, source="assert 1\n" * 3)),
]


@pytest.mark.parametrize("rule", rules.RULES + parts.LESSON_RULES, ids=label)
def test_good_notebook_is_accepted(rule, tmp_path):
    assert rule(write(good_notebook(), tmp_path)) == []


@pytest.mark.filterwarnings("ignore")  # nbformat's, about notebooks made wrong on purpose
@pytest.mark.parametrize(("rule", "violation"), VIOLATIONS, ids=[rule.__name__ for rule, _ in VIOLATIONS])
def test_violation_is_noticed(rule, violation, tmp_path):
    content = good_notebook()
    violation(content)
    assert rule(write(content, tmp_path)), f"{rule.__name__} did not notice"


def test_missing_solutions_are_noticed(tmp_path):
    notebook = write(good_notebook(), tmp_path)
    (tmp_path / "notebooks" / "solutions" / notebook.path.name).unlink()
    assert parts.has_solutions(notebook)


def test_a_next_lesson_is_linked(tmp_path):
    content = good_notebook()
    notebook = write(content, tmp_path)
    (tmp_path / "notebooks" / "02_next.ipynb").touch()
    assert parts.next_is_linked(notebook)
    content.cells[-1].source += "\n[The next lesson](02_next.ipynb)"
    assert parts.next_is_linked(write(content, tmp_path)) == []


def test_every_rule_has_a_violation():
    elsewhere = {parts.has_solutions, parts.next_is_linked}
    assert set(rules.RULES + parts.LESSON_RULES) == {rule for rule, _ in VIOLATIONS} | elsewhere


def test_an_announced_error_is_accepted(tmp_path):
    content = good_notebook()
    change_code(4, outputs=[error])(content)
    change_tags(4, "exercise", "raises-exception")(content)
    assert rules.no_errors(write(content, tmp_path)) == []


def test_table_must_equal_the_folder(tmp_path):
    write(good_notebook(), tmp_path)
    tmp_path = tmp_path / "notebooks"
    row = "| 1 | [Color](notebooks/01_good.ipynb) | [solved](notebooks/solutions/01_good.ipynb) |\n"
    assert rules.table_complaints(row, tmp_path) == []
    assert rules.table_complaints("no table", tmp_path) != []
    assert rules.table_complaints("see [Color](notebooks/01_good.ipynb), outside of a table", tmp_path) != []
    assert rules.table_complaints(row + row.replace("01_good", "02_next"), tmp_path) != []
    assert rules.table_complaints(row + row, tmp_path) != []


def test_landing_page_must_equal_the_table():
    row = "| 1 | [Color](notebooks/01_good.ipynb) | colors |\n"
    landing = rules.publish.landing(row)
    assert "](01_good.ipynb) | colors |" in landing
    assert rules.landing_complaints(row, landing) == []
    assert rules.landing_complaints(row.replace("colors", "shapes"), landing) != []
    assert rules.landing_complaints(row, "") != []


def test_orphan_solution_is_noticed(tmp_path):
    tmp_path = write(good_notebook(), tmp_path).path.parent
    assert rules.orphan_solutions(tmp_path) == []
    (tmp_path / "01_good.ipynb").unlink()
    assert rules.orphan_solutions(tmp_path) != []


@pytest.mark.parametrize(
    "source", ["x=1", "import os", f"x = {'+ '.join(['1 '] * 30)}", "x = 1  # " + "a" * 85], ids=range(4)
)
def test_ruff_is_asked(source, tmp_path):
    notebook = good_notebook()
    tmp_path = write(notebook, tmp_path).path.parent
    (tmp_path / "solutions" / "01_good.ipynb").unlink()
    assert rules.ruff_complaints(tmp_path) == []
    change_code(3, source=source)(notebook)
    (tmp_path / "01_good.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    assert re.search("01_good", "".join(rules.ruff_complaints(tmp_path)))
