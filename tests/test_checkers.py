"""What the checkers of lessons 4 and 6 do alike: they take the solution, know the stub, and say where code stopped."""

import exercise_cells
import pytest

from colorlib.checks import accepted, notebook_04, notebook_06

FOURTH, SIXTH = "04_pretrained_resnet18_generator.ipynb", "06_controlled_parameters.ipynb"
EXERCISES = [(FOURTH, getattr(notebook_04, name), name) for name in ("fold", "decode", "freeze")]
EXERCISES += [(SIXTH, getattr(notebook_06, name), name) for name in ("my_saturation", "obeys")]
every_exercise = pytest.mark.parametrize("notebook, checker, name", EXERCISES, ids=[name for *_, name in EXERCISES])


@every_exercise
def test_solutions_are_accepted(notebook, checker, name, said):
    solution = exercise_cells.solutions(notebook)[name]
    assert said(checker, solution).startswith("✓ ")
    assert accepted(checker, solution)


@every_exercise
def test_stubs_are_not_done_yet(notebook, checker, name, said):
    stub = exercise_cells.stubs(notebook)[name]
    assert said(checker, stub) == said(checker, None) == "not done yet"
    assert not accepted(checker, stub)


@every_exercise
def test_code_that_stops_is_reported(notebook, checker, name, said):
    assert said(checker, lambda *arguments: 1 / 0).startswith("✗ your code stopped with ZeroDivisionError")
