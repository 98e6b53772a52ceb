"""The parts that every lesson has, found by their meaning: a lesson is not a form, and its order is its author's.

Each rule is a small function of a notebook that returns its complaints. They hold for notebooks/, not for solutions.
"""

import re

from notebook_rules import PICTURES, tags
from tool import load_tool

count_lines = load_tool("count_lines")
publish = load_tool("publish")

MOST_PARAMETERS = 12
EXERCISES = range(2, 6)
PICTURE_LINK = re.compile(r"!\[[^\]]+\]\([^)]+\)|<img\b", re.IGNORECASE)


def heading(notebook, pattern: str) -> str | None:
    """The text from the first heading that matches to the next of its level or a higher one; None if there is none."""
    text = "\n".join(notebook.markdown)
    found = re.search(rf"^(#+) .*(?:{pattern}).*$", text, re.MULTILINE | re.IGNORECASE)
    if not found:
        return None
    rest = text[found.end() :]
    end = re.search(rf"^#{{1,{len(found[1])}}} ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest


def opening(notebook, code_cells: int = 0) -> list:
    """The cells before the code cell of that number (from 0)."""
    cells = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            if code_cells == 0:
                break
            code_cells -= 1
        cells.append(cell)
    return cells


def title_first(notebook) -> list[str]:
    """The first cell is the title with the file's number."""
    first = notebook.cells[0] if notebook.cells else None
    if first is None or first.cell_type != "markdown":
        return ["the first cell is not text"]
    number = re.match(r"\d*", notebook.path.name)[0].lstrip("0") or "NUMBER"
    if not re.match(rf"# {number} · \S", first.source):
        return [f"the first cell starts with {first.source[:30]!r}, not with '# {number} · TITLE'"]
    return []


def promise_with_picture(notebook) -> list[str]:
    """The first screen shows the picture that the reader will make: above the third code cell, or by it."""
    cells = opening(notebook, code_cells=3)
    texts = [publish.BADGE.sub("", cell.source) for cell in cells if cell.cell_type == "markdown"]
    linked = any(PICTURE_LINK.search(text) for text in texts)
    drawn = any(set(PICTURES) & set(output.get("data", {})) for cell in cells for output in cell.get("outputs", []))
    return [] if linked or drawn else ["no picture stands in the first screen"]


def needs_and_time(notebook) -> list[str]:
    """Before any code stands what the reader needs, and how many minutes it takes."""
    text = "\n".join(cell.source for cell in opening(notebook))
    patterns = {"what you need": r"\bneed", "how long it takes": r"\bminutes?\b"}
    return [f"its opening does not say {what}" for what, pattern in patterns.items() if not re.search(pattern, text)]


def short_parameters(notebook) -> list[str]:
    """One cell is tagged `parameters`, right after the setup cell, and is short."""
    cells = notebook.tagged("parameters")
    if len(cells) != 1 or cells[0] not in notebook.code_cells[1:2]:
        return [f"{len(cells)} cells are tagged 'parameters'; expected the second code cell alone"]
    lines = len(cells[0].source.splitlines())
    return [f"its parameters have {lines} lines, over {MOST_PARAMETERS}"] if lines > MOST_PARAMETERS else []


def prediction(notebook) -> list[str]:
    """The reader is asked for a guess before looking."""
    pattern = r"\b[Gg]uess|\bPredict\b|\bprediction to make|\b[Bb]efore you (?:run|look|read)"
    found = any(re.search(pattern, text) for text in notebook.markdown)
    return [] if found else ["nowhere is the reader asked for a guess"]


def exercises_with_checks(notebook) -> list[str]:
    """Two to five exercises, each with its check behind it, a hint, and the solutions one click away."""
    kinds = [tag for cell in notebook.code_cells for tag in tags(cell) if tag in ("exercise", "check")]
    count = kinds.count("exercise")
    complaints = []
    if count not in EXERCISES:
        complaints.append(f"{count} exercises, not {EXERCISES[0]} to {EXERCISES[-1]}")
    if kinds != ["exercise", "check"] * count:
        complaints.append(f"cells are tagged {kinds}; expected each exercise and then its check")
    text = "\n".join(notebook.markdown)
    if len(re.findall(r"\bhint", text, re.IGNORECASE)) < count:
        complaints.append("there are fewer hints than exercises")
    if f"solutions/{notebook.path.name}" not in text:
        complaints.append("no link leads to the solutions")
    return complaints


def has_solutions(notebook) -> list[str]:
    twin = notebook.path.parent / "solutions" / notebook.path.name
    return [] if twin.is_file() else [f"solutions/{twin.name} does not exist"]


def has_sections(notebook) -> list[str]:
    """What every lesson ends with, each under a heading of its own."""
    patterns = {
        "key points": "key points",
        "a quiz": "quiz",
        "further reading": "further reading|references",
        "the next lesson": r"\bnext\b",
    }
    return [f"no heading announces {what}" for what, pattern in patterns.items() if heading(notebook, pattern) is None]


def shows_what_goes_wrong(notebook) -> list[str]:
    """Something fails on purpose; where, and under which heading, is the author's choice."""
    pattern = r"\b(?:go(?:es)?|went|gone) wrong|\bon purpose\b|\bmistakes?\b|\bfail(?:s|ures?)?\b"
    found = any(re.search(pattern, text, re.IGNORECASE) for text in notebook.markdown)
    return [] if found else ["nowhere does it show what goes wrong"]


def own_photo(notebook) -> list[str]:
    """The reader's own photo is one line to change: `my_photo = ...`."""
    found = any(re.search(r"^my_photo\b.*=", cell.source, re.MULTILINE) for cell in notebook.code_cells)
    return [] if found else ["no cell sets my_photo"]


def quiz_names_misconceptions(notebook) -> list[str]:
    """Three questions; each answer is folded, and each wrong one names a misconception."""
    quiz = heading(notebook, "quiz") or ""
    answers, misconceptions = quiz.count("<summary"), len(re.findall("misconception", quiz, re.IGNORECASE))
    if answers < 6:
        return [f"{answers} folded answers in the quiz; three questions have six or more"]
    wrong = answers - 3
    return [] if misconceptions >= wrong else [f"{misconceptions} misconceptions named for {wrong} wrong answers"]


def reading_has_links(notebook) -> list[str]:
    text = heading(notebook, "further reading|references") or ""
    return [] if re.search(r"\]\(https?://", text) else ["its further reading has no link"]


def next_is_linked(notebook) -> list[str]:
    """The lesson with the next number, where there is one, is a click away."""
    number = re.match(r"\d+", notebook.path.name)
    following = sorted(notebook.path.parent.glob(f"{int(number[0]) + 1:02}_*.ipynb")) if number else []
    text = heading(notebook, r"\bnext\b") or ""
    return [f"its last section has no link to {file.name}" for file in following if f"{file.name})" not in text]


def more_teaches_than_draws(notebook) -> list[str]:
    """Most lines of code teach, fewer draw, fewer still check (tools/count_lines.py says which does what)."""
    lines = count_lines.count_notebook(notebook.content)
    if lines["teach"] > lines["draw"] > lines["check"] or lines["draw"] == lines["check"] == 0:
        return []
    return [f"{lines['teach']} lines teach, {lines['draw']} draw, {lines['check']} check"]


LESSON_RULES = [
    title_first,
    promise_with_picture,
    needs_and_time,
    short_parameters,
    prediction,
    exercises_with_checks,
    has_solutions,
    has_sections,
    shows_what_goes_wrong,
    own_photo,
    quiz_names_misconceptions,
    reading_has_links,
    next_is_linked,
    more_teaches_than_draws,
]
