"""Fixtures that several test modules use."""

import pytest

from colorlib.data import load_photos
from colorlib.engine import Engine
from colorlib.systems import build_system
from colorlib.training import Training


@pytest.fixture(scope="session")
def photo_set():
    """The bundled photographs as tiles of 32 pixels."""
    return load_photos("bundled", size=32, progress=False)


@pytest.fixture
def begin(photo_set):
    """What makes a training out of a configuration, ready for its first step."""

    def make(config, photos=photo_set) -> Training:
        engine = Engine(config.device, config.precision)
        return Training(build_system(config, engine), config, engine, photos, show=False)

    return make


@pytest.fixture
def said(capsys):
    """What an exercise's checker prints about an answer, without the line's end."""

    def run(checker, *answer):
        capsys.readouterr()
        assert checker(*answer) is None
        captured = capsys.readouterr()
        assert captured.err == ""
        assert captured.out.count("\n") == 1
        return captured.out.strip()

    return run
