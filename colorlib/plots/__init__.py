"""Pictures of the course: rows of pictures, curves, diagrams, and `show`, which puts one into a notebook.

Figures are matplotlib's and are never left open, so a notebook shows each exactly once. A diagram that one lesson
draws has a module of its own here.
"""

from colorlib.plots.figures import curves, grid, losses, to_pixels
from colorlib.plots.notebook import Live, show, table, to_png
from colorlib.plots.pipelines import pipeline

__all__ = ["Live", "curves", "grid", "losses", "pipeline", "show", "table", "to_pixels", "to_png"]
