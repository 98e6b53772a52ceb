"""Tests that need a browser: `make test-browser`, or pytest tests/browser. `make test` leaves them out."""

import os
import shutil

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")


def pytest_ignore_collect(collection_path, config):
    """Leave this folder out unless it is named."""
    return None if any("browser" in str(word) for word in config.args) else True


@pytest.fixture(scope="session")
def browser():
    """The system's Chromium, without a window."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright isn't installed: make test-browser")
    program = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.exit("no browser was found: install Chromium or Chrome, or name its program in CHROMIUM", returncode=2)
    arguments = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with playwright.sync_playwright() as running:
        opened = running.chromium.launch(executable_path=program, args=arguments)
        yield opened
        opened.close()


@pytest.fixture
def page(browser):
    """An empty page, in a profile of its own."""
    opened = browser.new_page(viewport={"width": 1300, "height": 900})
    yield opened
    opened.context.close()
