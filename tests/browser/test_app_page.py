"""The local page in a browser: a photo, a slider, a download, a refusal, and nobody else is asked."""

import re
import socket
import threading
import time

import pytest
import uvicorn
from PIL import Image

from colorlib import photos
from colorlib.app.server import application
from colorlib.colorizer import Colorizer

pytest.importorskip("gradio", reason="Gradio isn't installed (the extra app)")
PATIENCE = 60_000  # ms: on a machine that does much else


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """The page, served at a free port of this machine."""
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        inner = application(Colorizer.load("starter"), tmp_path_factory.mktemp("visitors"))
        server = uvicorn.Server(uvicorn.Config(inner, log_level="warning", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [opened]}, daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.05)
        yield f"http://127.0.0.1:{opened.getsockname()[1]}"
        server.should_exit = True
        thread.join(timeout=10)


@pytest.fixture
def visitor(page, address):
    """A browser that is at the page; `asked` holds the addresses of all that it asked for."""
    page.set_default_timeout(PATIENCE)
    page.asked = []
    page.on("request", lambda request: page.asked.append(request.url))
    page.goto(address)
    page.wait_for_selector("#upload input[type=file]", state="attached")
    return page


def upload(visitor, path) -> None:
    visitor.set_input_files("#upload input[type=file]", str(path))


def test_a_photo_is_colored_moved_and_downloaded_and_nobody_else_is_asked(visitor, address, tmp_path):
    upload(visitor, photos.bundled_photos()[4])
    visitor.wait_for_selector("#colored img")
    gray, free = (visitor.get_attribute(f"{place} img", "src") for place in ("#gray", "#colored"))
    assert gray != free
    visitor.fill("#saturation input[type=number]", "0.6")
    visitor.press("#saturation input[type=number]", "Enter")
    visitor.wait_for_function("document.querySelector('#report').innerText.includes('0.60')")
    obtained = re.search(r"saturation\s+0\.60\s+([0-9.]+)", visitor.inner_text("#report"))[1]
    assert abs(float(obtained) - 0.6) < 0.01
    assert not visitor.is_checked("#free-saturation input")
    assert visitor.get_attribute("#colored img", "src") != free
    with visitor.expect_download() as download:
        visitor.click("#download")
    assert download.value.suggested_filename == "rocket-colorized.jpg"
    download.value.save_as(tmp_path / "got.jpg")
    assert Image.open(tmp_path / "got.jpg").size == (640, 427)
    elsewhere = [url for url in visitor.asked if not url.startswith((address, "data:", "blob:"))]
    assert elsewhere == [] and len(visitor.asked) > 5


def test_a_text_file_is_refused_in_words(visitor, tmp_path):
    (tmp_path / "notes.txt").write_text("no photo")
    upload(visitor, tmp_path / "notes.txt")
    assert "notes.txt is no photo" in visitor.inner_text(".refused")
    assert visitor.query_selector("#colored img") is None


def test_two_visitors_have_each_their_own_photo(visitor, browser, address):
    other = browser.new_context().new_page()
    other.set_default_timeout(PATIENCE)
    other.goto(address)
    other.wait_for_selector("#upload input[type=file]", state="attached")
    upload(visitor, photos.bundled_photos()[2])
    upload(other, photos.bundled_photos()[4])
    for page, name in ((visitor, "coffee.png"), (other, "rocket.jpg")):
        page.wait_for_selector("#colored img")
        page.fill("#saturation input[type=number]", "0.3")
        page.press("#saturation input[type=number]", "Enter")
        page.wait_for_function("document.querySelector('#report').innerText.includes('0.30')")
        assert name in page.inner_text("#said") and name in page.get_attribute("#colored img", "alt")
    other.context.close()


def test_a_phone_needs_not_scroll_sideways(visitor):
    visitor.set_viewport_size({"width": 390, "height": 844})
    upload(visitor, photos.bundled_photos()[4])
    visitor.wait_for_selector("#colored img")
    assert visitor.evaluate("document.documentElement.scrollWidth") <= 390
