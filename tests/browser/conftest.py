"""What the browser tests share. They run by `make test-browser`, not with the other tests: they want a Chromium."""

import os
import shutil

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str | None:
    """The path of a Chromium or Chrome: $CHROMIUM, or one that is installed."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


@pytest.fixture(scope="session")
def browser():
    """One headless Chromium for all tests."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright isn't here: pip install playwright")
    path = chromium()
    if path is None:
        pytest.exit(f"no {', '.join(NAMES)} found: install Chromium, or name it in CHROMIUM", returncode=2)
    as_root = hasattr(os, "geteuid") and os.geteuid() == 0
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"] if as_root else [])
        yield opened
        opened.close()


@pytest.fixture
def page(browser):
    """An empty page of a fresh visitor, 1300 pixels wide."""
    context = browser.new_context(viewport={"width": 1300, "height": 900}, accept_downloads=True)
    yield context.new_page()
    context.close()
