"""tools/count_lines.py says what lines of code are for."""

import pytest
from nbformat.v4 import new_code_cell
from tool import load_tool

count_lines = load_tool("count_lines")
LOOP = """\
for step in range(3):
    loss = net(x).mean()
    loss.backward()
    if step == 2:
        live.update(x)
"""


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("y = net(x)\n\n# a comment\nprint(y)", {"teach": 2}),
        ("show(\n    grid(x),\n    'caption',\n)", {"draw": 4}),
        ("figure, axes = plt.subplots()\naxes.plot(x)", {"draw": 2}),
        ("assert x.shape == (1, 2)\nassert y < 1", {"check": 2}),
        ("check.forward(Up)", {"check": 1}),
        ("import torch\nfrom colorlib.plots import show", {"setup": 2}),
        (LOOP, {"teach": 3, "draw": 2}),
        ("def draw(x):\n    '''A row.'''\n    axes.plot(x)\n    show(figure)", {"draw": 3}),
        ("class Net:\n    def forward(self, x):\n        return x", {"teach": 3}),
        ("try:\n    net(x)\nexcept ValueError:\n    plt.plot(x)\n    plt.title('no')", {"teach": 1, "draw": 3}),
    ],
)
def test_kinds_of_lines(source, expected):
    assert count_lines.count_cell(new_code_cell(source)) == expected


@pytest.mark.parametrize("tag", ["setup", "parameters"])
def test_setup_stands_apart(tag):
    cell = new_code_cell("%pip install x\nx = 1\n\nshow(x)", metadata={"tags": [tag]})
    assert count_lines.count_cell(cell) == {"setup": 2}
