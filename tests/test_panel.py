"""Sliders in a notebook: what a moved widget changes, without a browser."""

import io
import re
import time

import pytest
from PIL import Image

from colorlib import photos
from colorlib.app.panel import sliders
from colorlib.colorizer import Colorizer
from colorlib.errors import ConfigError, PhotoError

pytest.importorskip("ipywidgets", reason="ipywidgets isn't installed (the extra notebooks)")


@pytest.fixture(scope="module")
def starter():
    return Colorizer.load("starter")


@pytest.fixture
def panel(starter):
    return sliders(starter, photos.bundled_photos()[2:5])


def obtained(panel, name: str, asked: str) -> float:
    """What the panel says that it obtained, for what it says was asked for."""
    return float(re.search(rf"{name}: asked for {asked}, obtained ([0-9.]+)", panel.said.value)[1])


def test_it_begins_with_the_first_photo_in_its_own_colors(panel):
    assert panel.chooser.options == ("coffee", "motorcycle left", "rocket") and panel.chooser.value == "coffee"
    assert "saturation: asked for nothing" in panel.said.value
    shown = Image.open(io.BytesIO(panel.colored.value))
    assert max(shown.size) == 420 and panel.colored.value != panel.gray.value


def test_a_moved_slider_binds_its_control_and_its_box_frees_it(panel):
    before = panel.colored.value
    panel.target["saturation"].value = 0.7
    assert panel.free["saturation"].value is False and panel.free["hue"].value is True
    assert panel.colored.value != before
    assert obtained(panel, "saturation", "0.70") == pytest.approx(0.7, abs=0.01)
    panel.target["hue"].value = 0.3
    assert obtained(panel, "saturation", "0.70") == pytest.approx(0.7, abs=0.01)
    assert obtained(panel, "hue", "0.30") == pytest.approx(0.3, abs=0.01)
    panel.free["saturation"].value = panel.free["hue"].value = True
    assert panel.colored.value == before


def test_another_photo_keeps_the_targets(panel):
    panel.target["saturation"].value = 0.4
    before = panel.gray.value
    panel.chooser.value = "rocket"
    assert panel.gray.value != before and obtained(panel, "saturation", "0.40") == pytest.approx(0.4, abs=0.01)


def test_a_target_out_of_reach_is_said(panel):
    panel.chooser.value = "motorcycle left"
    panel.target["saturation"].value = 0.99
    assert "can't be met on this photo: its gamut allows" in panel.said.value.replace("&#x27;", "'")


def test_a_slider_answers_in_less_than_a_third_of_a_second(panel):
    """Of this process's own time, so that what else a machine does counts for nothing; the best of five."""
    seconds = []
    for target in (0.2, 0.3, 0.4, 0.5, 0.6):
        begun = time.process_time()
        panel.target["saturation"].value = target
        seconds.append(time.process_time() - begun)
    assert min(seconds) < 0.3


def test_photos_may_have_titles_or_none(starter, tmp_path):
    image = Image.new("RGB", (60, 40), (90, 120, 60))
    assert sliders(starter, {"a lawn": image}).chooser.options == ("a lawn",)
    assert sliders(starter, [image]).chooser.options == ("photo 1",)
    with pytest.raises(ConfigError, match="at least one photo"):
        sliders(starter, [])
    (tmp_path / "a.jpg").write_text("none")
    with pytest.raises(PhotoError, match="a.jpg"):
        sliders(starter, [tmp_path / "a.jpg"])


def test_it_is_shown_as_its_box(panel, monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    panel._ipython_display_()
    assert shown == [panel.box]


def test_without_ipywidgets_one_line_says_what_to_install(starter, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "ipywidgets", None)
    with pytest.raises(ConfigError, match="pip install 'ipywidgets"):
        sliders(starter, [Image.new("RGB", (60, 40))])
