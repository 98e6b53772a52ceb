"""tools/refresh.py stores clean outputs, and leaves a notebook alone whose cell fails."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output, writes

TOOL = Path(__file__).parent.parent / "tools" / "refresh.py"


@pytest.fixture(scope="module")
def refresh():
    """The tool as a module; tools/ is no package."""
    spec = importlib.util.spec_from_file_location("refresh", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def stream(text, name="stdout"):
    return new_output("stream", name=name, text=text)


def test_streams_in_a_row_are_joined(refresh):
    outputs = refresh.clean([stream("a\n"), stream("b\n"), stream("c", "stderr"), stream("d")])
    assert [(output.name, output.text) for output in outputs] == [
        ("stdout", "a\nb\n"),
        ("stderr", "c"),
        ("stdout", "d"),
    ]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("\r10%\r20%\n", "20%\n"),
        ("\r10%\r20%", "20%"),
        ("\r10%\r20%\r", "20%"),
        ("one\r\ntwo\r\n", "one\ntwo\n"),
        ("\r10%\r      \rdone\n", "done\n"),
        ("\r10%\r      \r", ""),
    ],
)
def test_of_a_redrawn_line_the_last_stays(refresh, written, shown):
    assert refresh.last_drawn(written) == shown


def test_progress_bars_are_dropped_and_warnings_stay(refresh):
    bar = "\rfit:   0%|          | 0/8 [00:00<?, ?it/s]\rfit: 100%|####| 8/8 [00:01<00:00,  7.9it/s]\n"
    widget = new_output("display_data", {refresh.WIDGET: {}, "text/plain": "fit:   0%|          | 0/8"})
    slider = new_output("display_data", {refresh.WIDGET: {}, "text/plain": "IntSlider(value=3)"})
    outputs = [stream("a"), stream(bar, "stderr"), widget, stream("b"), slider, stream(bar + "careful", "stderr")]
    kept = refresh.clean(outputs)
    assert [output.get("text", "slider") for output in kept[:2]] == ["ab", "slider"]
    assert kept[2].text.endswith("\ncareful")
    assert "\r" not in kept[2].text


def test_tracebacks_name_no_machine(refresh):
    lines = [
        f"File \x1b[32m{refresh.ROOT}/colorlib/color/__init__.py:3\x1b[39m",
        "File \x1b[32m/opt/env/lib/python3.12/site-packages/torch/nn.py:3\x1b[39m",
    ]
    error = new_output("error", ename="ValueError", evalue="bad", traceback=lines)
    assert refresh.clean([error])[0].traceback == [
        "File \x1b[32mcolorlib/color/__init__.py:3\x1b[39m",
        "File \x1b[32mtorch/nn.py:3\x1b[39m",
    ]


def run_tool(*paths):
    return subprocess.run([sys.executable, TOOL, *paths], capture_output=True, text=True)


def test_a_notebook_is_run_in_its_folder_at_scale_class(tmp_path):
    path = tmp_path / "01_small.ipynb"
    source = "import os, pathlib\nprint(os.environ['COLORLIB_SCALE'], [*pathlib.Path('.').glob('*.ipynb')])\n6 * 7"
    old = new_code_cell(" ", execution_count=5, outputs=[stream("old")])
    failing = new_code_cell("1 / 0", metadata={"tags": ["raises-exception"]})
    notebook = new_notebook(cells=[new_code_cell(source), old, failing], metadata={"widgets": {}, "colab": {}})
    path.write_text(writes(notebook))
    run = run_tool(path)
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith(str(path)) and run.stdout.endswith(" s\n")
    result = json.loads(path.read_text())
    first, empty, failed = result["cells"]
    assert [cell["execution_count"] for cell in result["cells"]] == [1, None, 2]
    assert first["outputs"][0]["text"] == ["class [PosixPath('01_small.ipynb')]\n"]
    assert first["outputs"][1]["data"]["text/plain"] == ["42"]
    assert empty["outputs"] == []
    assert failed["outputs"][0]["ename"] == "ZeroDivisionError"
    assert sorted(result["metadata"]) == ["kernelspec", "language_info"]
    assert result["metadata"]["language_info"] == {"name": "python", "version": "3"}
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_a_failing_cell_leaves_the_file_as_it_was(tmp_path):
    path = tmp_path / "01_small.ipynb"
    path.write_text(writes(new_notebook(cells=[new_code_cell("x = 1"), new_code_cell(""), new_code_cell("y")])))
    before = path.read_bytes()
    run = run_tool(path)
    assert run.returncode == 1
    last_line = run.stderr.splitlines(keepends=True)[-1]  # the kernel may have written before
    assert last_line == f"{path}: cell [2] failed: NameError: name 'y' is not defined\n"
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_a_notebook_that_is_not_there():
    run = run_tool("99_nothing.ipynb")
    assert run.returncode == 1
    assert "no such notebook" in run.stderr
