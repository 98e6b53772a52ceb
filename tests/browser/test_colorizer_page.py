"""The page that colors photos, as a visitor meets it: in Chromium, with a photo that comes along."""

import base64
import functools
import http.server
import io
import shutil
import threading

import numpy as np
import pytest
import torch
from PIL import Image
from tool import ROOT, load_tool

from colorlib.colorizer import Colorizer
from colorlib.colorizer.onnx_export import export_onnx
from colorlib.model import Model
from colorlib.models import build_generator
from colorlib.photos import bundled_photos, read_rgb

ASTRONAUT, CAT = bundled_photos()[:2]
CHINA = bundled_photos()[5]  # its sky is white, which no color can be
PATIENCE = 300_000  # milliseconds: a busy machine may take its time
pytestmark = pytest.mark.timeout(1200)
COLORED = "document.getElementById('status').textContent.startsWith('Colored')"
AB = """async (file) => {
  const [{ Network }, { seen }, { decode }] = await Promise.all(
    ["network.js", "photo.js", "files.js"].map((name) => import(new URL(`_static/colorizer/${name}`, location).href)));
  const network = await Network.load("starter");
  const photo = await decode(await (await fetch(`_static/colorizer/photos/${file}`)).blob());
  const color = await network.color(seen(photo, network.card), {});
  return [[...color.a], [...color.b]];
}"""
DROP = """([name, content]) => {
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([bytes], name));
  document.body.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
}"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *words):
        pass


def serving(folder) -> str:
    """The address at which a folder is served until the tests end."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of the whole web site."""
    folder = tmp_path_factory.mktemp("site") / "site"
    load_tool("build_site").build(ROOT, folder, colorizer=True)
    if not (folder / "colorizer.html").exists():
        pytest.skip("the page was left out: npm couldn't be asked for ONNX Runtime Web")
    return folder


@pytest.fixture(scope="module")
def address(site):
    return serving(site)


@pytest.fixture
def visitor(page, address):
    """The page, opened by a visitor; it must load nothing from elsewhere, and no script may fail."""
    asked, failed = [], []
    page.set_default_timeout(PATIENCE)
    page.emulate_media(reduced_motion="reduce")  # an animation takes a busy machine's time
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: failed.append(error.message))
    page.goto(f"{address}/colorizer.html")
    page.wait_for_selector("#colorizer[data-ready]", state="attached")
    yield page
    elsewhere = [url for url in asked if not url.startswith((address, "blob:", "data:"))]
    assert (elsewhere, failed) == ([], [])


def drop(page, path):
    """Drop a file on the page."""
    page.evaluate(DROP, [path.name, base64.b64encode(path.read_bytes()).decode()])


def colored(page):
    """Wait until the photo is colored as it was asked for."""
    page.wait_for_function(f"{COLORED} && document.getElementById('colorizer').getAttribute('aria-busy') === 'false'")


def drawn(page, canvas: str) -> np.ndarray:
    """What a canvas shows, RGB `(H, W, 3)`, to be subtracted."""
    url = page.evaluate("(id) => document.getElementById(id).toDataURL()", canvas)
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))).convert("RGB")).astype(int)


def ask(page, control: str, value: float):
    """Move a slider."""
    page.evaluate("document.getElementById('status').textContent = ''")
    page.fill(f"#{control}", str(value))
    colored(page)


def shown(page, control: str) -> float:
    """The number beside a slider: what the photo has."""
    return float(page.inner_text(f"#{control}-value").split()[0])


def saved(page, button: str, folder) -> Image.Image:
    with page.expect_download() as download:
        page.click(button)
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return Image.open(path)


def test_a_dropped_photo_is_colored_moved_and_saved(visitor, tmp_path):
    drop(visitor, CAT)
    colored(visitor)
    gray, first = drawn(visitor, "before"), drawn(visitor, "after")
    assert gray.shape == first.shape == (300, 451, 3)
    assert np.ptp(gray, axis=2).max() <= 1 and np.ptp(first, axis=2).mean() > 10
    assert " s on this device" in visitor.inner_text("#status")
    expected = Colorizer.load("starter", precision="fp32").colorize(Image.open(CAT))
    png = saved(visitor, "#png", tmp_path)
    assert png.size == (451, 300) and png.filename.endswith("chelsea-colored.png")
    assert np.abs(np.asarray(png.convert("RGB")).astype(int) - np.asarray(expected)).max() <= 2

    ask(visitor, "saturation", 0.6)
    second = drawn(visitor, "after")
    assert abs(shown(visitor, "saturation") - 0.6) < 0.011 and np.abs(second - first).mean() > 3
    assert not visitor.is_checked("#saturation-free") and visitor.is_checked("#hue-free")
    ask(visitor, "hue", 0.6)
    assert abs(shown(visitor, "hue") - 0.6) < 0.011 and shown(visitor, "saturation") == 0.6
    red, _, blue = drawn(visitor, "after").mean(axis=(0, 1))
    assert blue > red
    jpeg = saved(visitor, "#jpeg", tmp_path)
    assert jpeg.format == "JPEG" and jpeg.size == (451, 300)
    assert np.asarray(jpeg).mean(axis=(0, 1))[2] > np.asarray(jpeg).mean(axis=(0, 1))[0]


def test_the_network_answers_as_colorlib(visitor):
    """With the browser's own decoding of the photo, and weights in half precision."""
    found = np.array(visitor.evaluate(AB, ASTRONAUT.name))
    colorizer = Colorizer.load("starter", precision="fp32")
    small = np.asarray(colorizer.seen(read_rgb(ASTRONAUT), 64)).copy()
    expected = colorizer.predict_ab(torch.from_numpy(small).permute(2, 0, 1)[None] / 255)[0].numpy()
    apart = np.abs(found - expected.reshape(2, -1)).max()
    print(f"ab differs by at most {apart:.4f}")
    assert apart < 0.05 and np.abs(expected).max() > 10


def test_what_a_photo_can_not_have_is_said(visitor):
    drop(visitor, CHINA)
    colored(visitor)
    assert visitor.inner_text("#saturation-note") == ""
    ask(visitor, "saturation", 1.0)
    assert "1.00 can't be met on this photo: it can have 0.00 to 0." in visitor.inner_text("#saturation-note")


def test_what_is_no_photo_is_refused(visitor, tmp_path):
    notes = tmp_path / "notes.txt"
    notes.write_text("no photo")
    drop(visitor, notes)
    visitor.wait_for_selector("#problem:visible")
    assert visitor.inner_text("#problem").startswith("notes.txt is no photo")
    drop(visitor, CAT)
    colored(visitor)
    assert not visitor.is_visible("#problem")


@pytest.mark.parametrize(
    ("bytes_", "side", "words"), [(2e8, 10, "200 MB"), (10, 9000, "9000 × 9000")], ids=["file", "picture"]
)
def test_what_is_too_large_is_refused(bytes_, side, words, visitor):
    script = """async ([size, side]) => {
      const { decode } = await import(new URL("_static/colorizer/files.js", location).href);
      window.createImageBitmap = async () => ({ width: side, height: side, close() {} });
      return decode({ name: "wall.jpg", size }).then(() => "taken", (error) => error.message);
    }"""
    said = visitor.evaluate(script, [bytes_, side])
    assert said.startswith("wall.jpg is too large") and words in said


def test_on_a_phone_and_by_keyboard(visitor):
    visitor.set_viewport_size({"width": 390, "height": 844})
    visitor.focus("[data-photo*=rocket]")
    visitor.keyboard.press("Enter")
    colored(visitor)
    assert visitor.evaluate("document.documentElement.scrollWidth") <= 390
    for canvas in ("before", "after"):
        box = visitor.locator(f"#{canvas}").bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 390 and box["height"] > 150
    visitor.focus("#divider")
    visitor.keyboard.press("ArrowRight")
    assert visitor.evaluate("getComputedStyle(document.getElementById('pictures')).getPropertyValue('--cut')") == "51%"
    names = visitor.evaluate(
        "[...document.querySelectorAll('#colorizer input')].map((one) => one.labels.length || one.ariaLabel)"
    )
    assert all(names)


def test_a_network_that_listens_is_told(site, page, tmp_path):
    """Another network in the same page, with conditions: what it is told is in its answer."""
    torch.manual_seed(1)
    conditions = ("saturation", "hue")
    model = Model(
        image_size=32, widths=(8, 16, 16), stem_stride=2, upsampling="resize", head="bins", conditions=conditions
    )
    generator = build_generator(model)
    generator.initialize()
    torch.nn.init.normal_(generator.film.to_levels.weight, std=0.3)
    torch.nn.init.normal_(generator.to_color.weight, std=0.5)
    colorizer = Colorizer(generator.eval(), model, "fp32")
    shutil.copytree(site, tmp_path / "site")
    export_onnx(colorizer, tmp_path / "site" / "_static" / "colorizer" / "model" / "starter.onnx")
    page.set_default_timeout(PATIENCE)
    page.goto(f"{serving(tmp_path / 'site')}/colorizer.html")
    page.wait_for_selector("#colorizer[data-ready]", state="attached")
    drop(page, CAT)
    colored(page)
    assert page.is_visible("#told") and page.is_visible("#exactly") and not page.is_visible("#moved")
    answers = []
    for targets in ({}, {"hue": 0.6}):
        for name, value in targets.items():
            ask(page, name, value)
        expected = colorizer.colorize(Image.open(CAT), targets=targets)
        answers.append(drawn(page, "after"))
        assert np.abs(answers[-1] - np.asarray(expected)).max() <= 2
    assert np.abs(answers[0] - answers[1]).mean() > 1
    missed = abs(shown(page, "hue") - 0.6)
    page.evaluate("document.getElementById('status').textContent = ''")
    page.check("#exact")
    colored(page)
    assert abs(shown(page, "hue") - 0.6) < 0.011 < missed


def test_opened_as_a_file_it_says_what_to_do(page, site):
    page.goto((site / "colorizer.html").as_uri())
    assert "make site-serve" in page.inner_text("#file-address")
