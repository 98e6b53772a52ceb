"""The local page without a browser: what its events give, one visitor beside another, what it refuses, what it asks."""

import re
import socket
import threading

import numpy as np
import pytest
import torch
from PIL import Image

from colorlib import photos
from colorlib.app import page as app
from colorlib.app import parts as app_parts
from colorlib.app import server as app_server
from colorlib.app.live import LivePhoto, complaints, exactly, listens, slider_names
from colorlib.app.parts import open_upload
from colorlib.cli import main
from colorlib.colorizer import Colorizer
from colorlib.controls import CONTROLS
from colorlib.errors import ColorizerError, ConfigError, PhotoError
from colorlib.model import Model
from colorlib.models import build_generator

FREE = [True, True, 0.5, True, 0.5]  # exact; saturation and hue: free, slider


def asking(saturation=None, hue=None, exact=True):
    """The values of the page's boxes and sliders."""
    values = [exact]
    for target in (saturation, hue):
        values += [target is None, 0.5 if target is None else target]
    return values


@pytest.fixture(scope="module")
def starter():
    return Colorizer.load("starter")


@pytest.fixture(scope="module")
def listener():
    """A colorizer that listens to saturation and to gray, and says so in its colors: what it is told shifts them."""
    model = Model(image_size=32, widths=(8, 16), conditions=("saturation", "gray"))
    torch.manual_seed(0)
    generator = build_generator(model)
    generator.initialize()
    torch.nn.init.normal_(generator.film.to_levels.weight)
    return Colorizer(generator, model)


@pytest.fixture
def page(starter, tmp_path):
    return app.Page(starter, tmp_path)


@pytest.fixture
def rocket():
    return str(photos.bundled_photos()[4])


def measured(image: Image.Image, name: str) -> float:
    rgb = torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1)[None] / 255
    return CONTROLS[name].measure(rgb).item()


def test_a_preview_is_what_colorize_gives(starter, rocket):
    """Unmoved, the same to one level of 8 bits for a photo that isn't larger than the preview."""
    photo = Image.open(rocket)
    answer, whole = LivePhoto(starter, photo).answer(), starter.colorize(photo)
    assert np.abs(np.asarray(answer.picture).astype(int) - np.asarray(whole)).max() <= 1


def test_a_live_photo_has_its_targets_and_says_what_it_has(starter, rocket):
    live = LivePhoto(starter, Image.open(rocket))
    answer = live.answer({"saturation": 0.5, "hue": 0.1}, exact=True, about=["warmth"])
    for name, target in (("saturation", 0.5), ("hue", 0.1)):
        assert answer.obtained[name] == pytest.approx(measured(answer.picture, name), abs=1e-6)
        assert answer.obtained[name] == pytest.approx(target, abs=0.005)
    assert set(answer.obtained) == {"saturation", "hue", "warmth"} and answer.missed == {}
    assert complaints({"saturation": 0.5, "hue": 0.1}, answer) == []


def test_what_the_gamut_does_not_allow_is_said_with_what_it_does(starter):
    live = LivePhoto(starter, Image.open(photos.bundled_photos()[0]))
    answer = live.answer({"saturation": 0.99}, exact=True)
    low, high = answer.missed["saturation"]
    assert low < 0.01 and answer.obtained["saturation"] == pytest.approx(high, abs=0.02) and high < 0.95
    (sentence,) = complaints({"saturation": 0.99}, answer)
    assert sentence == f"saturation 0.99 can't be met on this photo: its gamut allows {low:.2f} to {high:.2f}."


def test_a_preview_is_small_and_over_white(starter):
    photo = Image.new("RGBA", (2000, 500), (10, 200, 30, 0))
    live = LivePhoto(starter, photo)
    assert live.preview.size == (800, 200) and live.size == (2000, 500)
    assert live.preview.getpixel((3, 3)) == (255, 255, 255)
    assert live.gray().getpixel((3, 3)) == (255, 255, 255)


def test_the_generator_is_asked_once_for_all_sliders(starter, rocket, monkeypatch):
    asked, real = [], Colorizer.predict_ab

    def count(self, rgb, targets=None):
        asked.append(rgb.shape)
        return real(self, rgb, targets)

    monkeypatch.setattr(Colorizer, "predict_ab", count)
    live = LivePhoto(starter, Image.open(rocket))
    for target in (0.2, 0.5, 0.7):
        live.answer({"saturation": target}, exact=True)
    assert len(asked) == 1 and min(asked[0][-2:]) == 64


def test_a_colorizer_that_listens_is_told(listener, rocket):
    live = LivePhoto(listener, Image.open(rocket))
    free, told = live.answer(), live.answer({"saturation": 0.9})
    assert np.abs(np.asarray(free.picture).astype(int) - np.asarray(told.picture)).max() > 5
    assert told.missed == {}  # it may come near only; nothing is said of what the photo can have
    assert np.array_equal(np.asarray(live.answer().picture), np.asarray(free.picture))  # and free again
    assert slider_names(listener) == ("saturation", "hue", "gray")
    assert "listens to saturation and gray" in listens(listener)
    assert not exactly(listener, {"saturation": 0.5}, False)
    assert exactly(listener, {"hue": 0.5}, False) and exactly(listener, {}, True)
    with pytest.raises(ColorizerError, match="can't be asked for hue"):
        live.answer({"hue": 0.5})


def test_a_colorizer_without_conditions_says_that_it_does_not_listen(starter):
    assert slider_names(starter) == ("saturation", "hue")
    assert "listens to no targets" in listens(starter) and exactly(starter, {"saturation": 0.5}, False)


def test_a_photo_is_opened_moved_and_downloaded_whole(page, rocket):
    visit, said, gray, colored, text, other = page.opened(rocket, *FREE)
    assert "rocket.jpg, 640 x 427 pixels." in said and other is None
    assert "data:image/jpeg" in gray and "data:image/jpeg" in colored and gray != colored
    assert "| saturation | free | 0.3" in text
    colored_again, text = page.bound(0, visit, *FREE)  # its slider stands at 0.5
    assert colored_again != colored and "| hue | free |" in text
    assert float(re.search(r"saturation \| 0.50 \| ([0-9.]+)", text)[1]) == pytest.approx(0.5, abs=0.01)
    assert page.moved(visit, *FREE)[0] == colored
    file, said = page.download(visit, *asking(saturation=0.5))
    assert file.endswith("rocket-colorized.jpg") and str(page.folder) in file and "640 x 427" in said
    with Image.open(file) as image:
        assert image.size == (640, 427) and measured(image, "saturation") == pytest.approx(0.5, abs=0.02)


def test_the_photo_can_be_taken_away_and_nothing_is_moved_without_one(page, rocket):
    assert page.opened(None, *FREE)[0] is None
    assert page.moved(None, *FREE) == (app.figure(None, app.COLOR_PLACE), "")
    file, said = page.download(None, *FREE)
    assert file is None and "Give a photo first." in said


def test_a_bundled_photo_is_one_of_the_choices(page):
    visit, *_ = page.example("coffee", *FREE)
    assert visit.name == "coffee.png" and visit.live.size == (600, 400)


def test_visitors_do_not_mix(page):
    """Two at the same time, each with a photo and targets of their own, get what one alone gets."""
    paths, wanted = [str(photos.bundled_photos()[at]) for at in (2, 4)], (asking(0.2), asking(0.6, 0.3))
    alone = [page.moved(page.opened(path, *FREE)[0], *values) for path, values in zip(paths, wanted, strict=True)]
    got = [[], []]

    def visit(at):
        mine = page.opened(paths[at], *FREE)[0]
        got[at] += [page.moved(mine, *wanted[at]) for _ in range(4)]

    threads = [threading.Thread(target=visit, args=(at,)) for at in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [[alone[0]] * 4, [alone[1]] * 4] and alone[0] != alone[1]


def test_what_is_no_photo_is_refused_in_a_sentence(page, tmp_path, rocket):
    text, cut = tmp_path / "notes<b>.txt", tmp_path / "cut.jpg"
    text.write_text("not a photo")
    cut.write_bytes(open(rocket, "rb").read()[:20000])
    for path, words in ((text, "is no photo that can be read here"), (cut, "cut.jpg is damaged")):
        visit, said, gray, *_ = page.opened(str(path), *FREE)
        assert visit is None and words in said and 'role="alert"' in said and "Traceback" not in said
        assert "<b>" not in said and "img" not in gray


def test_what_is_too_large_is_refused_in_a_sentence(tmp_path, monkeypatch, rocket):
    monkeypatch.setattr(app_parts, "MOST_PIXELS", 640 * 427 - 1)
    with pytest.raises(PhotoError, match="rocket.jpg is too large: 640 x 427 pixels"):
        open_upload(rocket, "rocket.jpg")
    monkeypatch.setattr(app_parts, "MOST_PIXELS", 640 * 427)
    assert open_upload(rocket, "rocket.jpg").size == (640, 427)
    monkeypatch.setattr(app_parts, "MOST_BYTES", 1000)
    with pytest.raises(PhotoError, match="too large: more than"):
        open_upload(rocket, "rocket.jpg")


def test_names_of_files_stay_below_the_folder(page, starter, rocket):
    live = LivePhoto(starter, Image.open(rocket))
    file = app.whole(app.Visit(rocket, "../..?/a*b.png", live), {}, True, page.folder)
    assert file.parent.parent == page.folder and file.name == "a_b-colorized.png"


def test_a_wrong_address_is_one_line(capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for flags, words in (
            (["--port", str(port)], f"no page at 127.0.0.1, port {port}"),
            (["--port", "70000"], "--port is 70000"),
            (["--host", "no such host"], "no page at no such host"),
        ):
            assert main(["app", *flags]) == 2
            captured = capsys.readouterr()
            assert words in captured.err and captured.err.count("\n") == 1
    assert main(["app", "no/such/folder/here"]) == 2


def test_without_gradio_one_line_says_what_to_install(starter, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "gradio", None)
    with pytest.raises(ConfigError, match="install it: pip install 'gradio"):
        app.build(starter, tmp_path)


@pytest.fixture(scope="module")
def client(starter, tmp_path_factory):
    """The served page, asked in this process."""
    pytest.importorskip("gradio", reason="Gradio isn't installed (the extra app)")
    from fastapi.testclient import TestClient

    patch, real = pytest.MonkeyPatch(), socket.socket.connect
    elsewhere = []

    def connect(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in ("127.0.0.1", "::1", "localhost"):
            elsewhere.append(address)
            raise OSError("no internet here")
        return real(self, address)

    patch.setattr(socket.socket, "connect", connect)
    for name in ("GRADIO_TEMP_DIR", "GRADIO_ANALYTICS_ENABLED"):
        patch.setenv(name, "")  # so that they are as before afterwards
    with TestClient(app_server.application(starter, tmp_path_factory.mktemp("served"))) as asked:
        asked.elsewhere = elsewhere
        yield asked
    patch.undo()


def test_the_page_names_no_other_server_that_a_browser_would_ask(client):
    answer = client.get("/")
    assert answer.status_code == 200 and "Colorize a photo" in answer.text
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'self'") and "http" not in policy
    assert client.get("/config").headers["content-security-policy"] == policy
    assert not re.search(r"fonts\.g(oogleapis|static)", answer.text + client.get("/theme.css").text)


def test_the_server_asks_no_other_server(client):
    client.get("/")
    assert client.elsewhere == []


def test_there_is_no_telemetry(client):
    config = client.get("/config").json()
    assert config["analytics_enabled"] is False


def test_a_photo_is_joined_on_the_generators_device(starter):
    """On the device `meta` mixing devices is an error, and so is what looks at numbers, later."""
    colorizer = Colorizer(build_generator(starter.model).to("meta"), starter.model)
    with pytest.raises(NotImplementedError, match="nonzero|out of meta tensor"):
        LivePhoto(colorizer, Image.new("L", (40, 30), 90)).gray()
