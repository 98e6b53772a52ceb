"""tools/publish.py stamps the course's address everywhere, and changes nothing the second time."""

import re
import shutil

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from tool import ROOT, load_tool

publish = load_tool("publish")
README = """\
# A course

| # | notebook | what it builds |
| --- | --- | --- |
| 1 | [Color](notebooks/01_color.ipynb) | colors |
| 2 | [Networks](notebooks/02_networks.ipynb) | a U-Net |
"""
TEXT = """\
[solutions](solutions/01_color.ipynb#one), [results](../results/README.md), [next](02_networks.ipynb),
[paper](https://example.org/a.pdf), [above](#top) and a picture: ![gray](../results/demo/starter.png)"""


@pytest.fixture
def course(tmp_path):
    """A small course: two lessons and a solution, without an address."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    project = (tmp_path / "pyproject.toml").read_text()
    (tmp_path / "pyproject.toml").write_text(publish.URLS.sub("", project))
    (tmp_path / "README.md").write_text(README)
    (tmp_path / "notebooks" / "solutions").mkdir(parents=True)
    for name in ("01_color", "02_networks", "solutions/01_color"):
        setup = new_code_cell("old", outputs=[new_output("stream", text="old")], metadata={"tags": ["setup"]})
        cells = [new_markdown_cell("# 1 · Color\n\nA lesson."), setup, new_code_cell("x"), new_markdown_cell(TEXT)]
        nbformat.write(new_notebook(cells=cells), tmp_path / "notebooks" / f"{name}.ipynb")
    return tmp_path


def contents(course) -> dict:
    return {path: path.read_bytes() for path in course.rglob("*") if path.is_file()}


def cells(course, name="01_color") -> list[str]:
    return [cell.source for cell in nbformat.read(course / "notebooks" / f"{name}.ipynb", as_version=4).cells]


def test_without_an_address(course):
    publish.publish(None, course)
    title, setup, other, text = cells(course)
    assert title == f"# 1 · Color\n\n{publish.UPLOAD}\n\nA lesson."
    assert "COLORLIB_SOURCE" in setup and other == "x" and text == TEXT
    assert (course / "README.md").read_text() == README
    assert publish.repository(course) is None


def test_an_address_is_stamped_everywhere(course):
    publish.publish("ada/course", course)
    for name in ("01_color", "02_networks", "solutions/01_color"):
        title, setup, other, text = cells(course, name)
        address = f"{publish.COLAB}/github/ada/course/blob/main/notebooks/{name}.ipynb"
        assert title.splitlines()[2] == f"[![Open in Colab]({publish.COLAB}/assets/colab-badge.svg)]({address})"
        assert 'address = "git+https://github.com/ada/course"' in setup and "COLORLIB_SOURCE" not in setup
        assert other == "x" and "https://example.org/a.pdf" in text and "(#top)" in text
    links = re.findall(r"\(([^)]+)\)", cells(course)[3])
    files = "https://github.com/ada/course/blob/main/"
    assert links[:3] == [
        f"{files}notebooks/solutions/01_color.ipynb#one",
        f"{files}results/README.md",
        f"{files}notebooks/02_networks.ipynb",
    ]
    assert links[-1] == "https://raw.githubusercontent.com/ada/course/main/results/demo/starter.png"
    readme = (course / "README.md").read_text()
    assert readme.count("[![Open in Colab]") == 2
    assert [row[:3] for row in publish.lessons(readme)] == [row[:3] for row in publish.lessons(README)]
    assert publish.repository(course) == "ada/course"


def test_outputs_of_another_setup_cell_go(course):
    publish.publish("ada/course", course)
    notebook = nbformat.read(course / "notebooks" / "01_color.ipynb", as_version=4)
    assert notebook.cells[1].outputs == []


@pytest.mark.parametrize("again", ["ada/course", None])
def test_the_second_time_changes_nothing(course, again, capsys):
    publish.publish("ada/course", course)
    before = contents(course)
    capsys.readouterr()
    publish.publish(again, course)
    assert contents(course) == before
    assert capsys.readouterr().out == ""


def test_another_address_replaces_the_first(course):
    publish.publish("bob/other-course.v2", course)
    expected = contents(course)
    publish.publish("ada/course", course)
    assert contents(course) != expected
    publish.publish("bob/other-course.v2", course)
    assert contents(course) == expected


def test_links_come_home_again(course):
    publish.publish("ada/course", course)
    assert publish.relative_links(cells(course)[3], "notebooks/01_color.ipynb", "ada/course") == TEXT


def test_the_former_line_about_colab_goes(course):
    line = "To open this notebook in Google Colab, upload it there and set the environment variable `X`."
    assert publish.stamp_title(f"# 1 · Color\n\n{line}\n\nA lesson.", "BADGE") == "# 1 · Color\n\nBADGE\n\nA lesson."


def test_the_line_about_colab_may_stand_in_a_later_text(course):
    file = course / "notebooks" / "01_color.ipynb"
    notebook = nbformat.read(file, as_version=4)
    notebook.cells[3].source += f"\n\n{publish.UPLOAD}"
    nbformat.write(notebook, file)
    for _ in range(2):
        publish.publish("ada/course", course)
        title, *_, text = cells(course)
        assert title == "# 1 · Color\n\nA lesson." and text.splitlines()[-1].startswith("[![Open in Colab]")


def test_the_landing_page_lists_the_lessons(course):
    publish.publish("ada/course", course)
    landing = (course / "notebooks" / "README.md").read_text()
    assert re.findall(r"\]\(([^)]+)\)", landing) == [
        "01_color.ipynb",
        "solutions/01_color.ipynb",
        "02_networks.ipynb",
        "solutions/02_networks.ipynb",
    ]
    assert "Open in Colab" not in landing


@pytest.mark.parametrize("wrong", [["course"], ["https://github.com/ada/course"], ["ada/course", "x"], ["ada/course;"]])
def test_a_wrong_repository_is_a_sentence(wrong):
    with pytest.raises(SystemExit, match="expected owner/name"):
        publish.main(wrong)
