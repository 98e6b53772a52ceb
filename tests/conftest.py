"""Fixtures that several test modules share."""

import pytest


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
