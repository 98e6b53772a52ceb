"""The course's web page: it builds without a warning, keeps alt texts, and loads nothing from elsewhere."""

import html
import re
import shutil
import subprocess
from html.parser import HTMLParser

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from tool import ROOT, load_tool

publish = load_tool("publish")
site = load_tool("build_site")
LOADED = {"script": "src", "img": "src", "iframe": "src", "link": "href", "source": "src"}  # what a browser fetches
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
FORMULA = r"The cost is $\lambda\,\lVert x\rVert_1$, and"
README = """\
# Color

![a gray photo](results/gray.png)

## The course

| # | notebook | what it builds |
| --- | --- | --- |
| 1 | [Small](notebooks/01_small.ipynb) | colors |
"""


class Page(HTMLParser):
    """What a page loads, and the alt texts of its pictures."""

    def __init__(self, text):
        super().__init__()
        self.loads, self.alts = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if values.get(LOADED.get(tag)) and values.get("rel") not in ("canonical", "next", "prev", "search", "index"):
            self.loads.append(values[LOADED[tag]])
        if tag == "img" and "_images/" in values["src"]:  # the theme's own, as Colab's logo, are in _static/
            self.alts.append(values.get("alt"))


def tagged(source, *tags, outputs=()):
    return new_code_cell(source, execution_count=1, metadata={"tags": list(tags)}, outputs=list(outputs))


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The page of a small published course: its text as HTML, and the folder it lies in."""
    course = tmp_path_factory.mktemp("course")
    shutil.copytree(ROOT / "site", course / "site", ignore=shutil.ignore_patterns("__pycache__"))
    (course / "tools").mkdir()
    shutil.copy(ROOT / "tools" / "publish.py", course / "tools")
    shutil.copy(ROOT / "pyproject.toml", course)
    (course / "README.md").write_text(README)
    (course / "results").mkdir()
    shutil.copy(ROOT / "tests" / "fixtures" / "photo.png", course / "results" / "gray.png")
    picture = new_output("display_data", {"image/png": PIXEL}, metadata={"image/png": {"alt": 'a "red" <pixel>'}})
    caption = new_output("display_data", {"text/markdown": "*A red pixel.*"})
    slider = {"application/vnd.jupyter.widget-view+json": {"model_id": "a"}, "text/plain": "IntSlider()"}
    cells = [
        new_markdown_cell("# 1 · Small\n\nA lesson."),
        tagged("", "setup"),
        new_markdown_cell(f"{FORMULA}\n\n$$\nx = y\n$$\n\n[results](../results/gray.png)"),
        tagged("show(figure)", outputs=[picture, caption]),
        tagged("slider", outputs=[new_output("display_data", slider)]),
        tagged("answer = ...", "exercise"),
        tagged("check(answer)", "check"),
        new_markdown_cell("[solutions](solutions/01_small.ipynb#one)"),
    ]
    solved = [new_markdown_cell("# Solved"), tagged("", "setup"), tagged("answer = 42", "solution")]
    for name, content in (("01_small", cells), ("solutions/01_small", solved)):
        file = course / "notebooks" / f"{name}.ipynb"
        file.parent.mkdir(exist_ok=True)
        nbformat.write(new_notebook(cells=content), file)
    publish.publish("ada/course", course)
    stand_in = course / "network.onnx"
    for name in ("network.onnx", "network.json", *site.colorizer_page.RUNTIME_FILES):
        (course / name).write_text('{"photo_size": 64}')
    runtime = shutil.copytree(course, course / "runtime", ignore=shutil.ignore_patterns("[!o]*", "n*.*", "outputs"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(site.colorizer_page, "runtime", lambda: runtime)
        patch.setattr(site.colorizer_page, "network", lambda: stand_in)
        site.build(course, course / "outputs" / "site", colorizer=True)
    return (course / "outputs/site/notebooks/01_small.html").read_text(), course


def test_alt_texts_and_captions_are_kept(built):
    text, _ = built
    assert Page(text).alts == ['a "red" <pixel>']
    picture, caption = text.index("&lt;pixel&gt;"), text.index("<em>A red pixel.</em>")
    assert 0 < caption - picture < 300


def test_pages_load_nothing_from_elsewhere(built):
    _, course = built
    pages = [page for page in (course / "outputs" / "site").rglob("*.html") if "_static" not in page.parts]
    assert len(pages) >= 4
    for page in pages:
        loads = Page(page.read_text()).loads
        assert len(loads) > 5
        for target in loads:
            assert not re.match(r"[a-z]+:|//", target), f"{page.name} loads {target}"
            assert (page.parent / target.split("?")[0]).exists()
    sheets = "\n".join(file.read_text() for file in (course / "outputs/site").rglob("*.css"))
    assert re.findall(r"(?:@import|url\()\s*[\"']?(?:https?:)?//[^)\"']+", sheets) == []


def test_formulas_are_drawn_by_the_page_s_own_files(built):
    text, course = built
    assert r"\(\lambda\,\lVert x\rVert_1\)" in html.unescape(text)
    script = re.search(r'src="\.\./(_static/mathjax/[^"?]+)', text)[1]
    assert (course / "outputs" / "site" / script).stat().st_size > 1_000_000


def test_solutions_are_folded_under_their_exercise(built):
    text, _ = built
    exercise, fold, solution = (text.index(part) for part in ("check</span>", "<details", "42</span>"))
    assert exercise < fold < solution < text.index("</details>")
    assert "Show a solution" in text


def test_links_lead_from_page_to_page_and_to_the_repository(built):
    text, _ = built
    assert 'href="solutions/01_small.html"' in text
    assert "https://colab.research.google.com/github/ada/course/blob/main/notebooks/01_small.ipynb" in text
    assert "colab-badge.svg" not in text  # a picture from elsewhere; the theme has a button
    assert 'href="https://github.com/ada/course/blob/main/results/gray.png"' in text


def test_download_gives_the_lesson_itself(built):
    text, course = built
    assert 'href="../_sources/notebooks/01_small.ipynb"' in text
    download = course / "outputs" / "site" / "_sources" / "notebooks" / "01_small.ipynb"
    assert download.read_bytes() == (course / "notebooks" / "01_small.ipynb").read_bytes()


def test_a_widget_is_left_out(built):
    text, _ = built
    assert "widget-view" not in text and "unpkg" not in text and "require.js" not in text


def test_first_page_and_search(built):
    _, course = built
    first = (course / "outputs" / "site" / "index.html").read_text()
    assert Page(first).alts == ["a gray photo"]
    assert 'href="notebooks/01_small.html"' in first
    assert "small" in (course / "outputs" / "site" / "searchindex.js").read_text()


def test_without_an_address_other_links_become_words():
    text = "[results](../results/README.md), [next](02_b.ipynb#top), [paper](https://example.org)"
    expected = "results, [next](02_b.ipynb), [paper](https://example.org)"
    assert site.page_links(text, "notebooks/01_a.ipynb", None) == expected


def test_solutions_that_do_not_match_are_left_out():
    cells = [tagged("a", "exercise"), tagged("b", "check")]
    assert site.with_solutions(cells, []) == cells
    assert len(site.with_solutions(cells, [tagged("c", "solution")])) == 3


def test_a_warning_stops_the_build(built, tmp_path):
    _, course = built
    wrong = shutil.copytree(course, tmp_path / "course", ignore=shutil.ignore_patterns("outputs"))
    (wrong / "README.md").write_text(README.replace("# Color", "# Color\n\n[nowhere](nowhere.ipynb)"))
    with pytest.raises(subprocess.CalledProcessError):
        site.build(wrong)
