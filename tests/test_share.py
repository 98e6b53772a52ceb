"""A colorizer goes to the Hugging Face hub when its owner says so, with a card, for those to see who were meant."""

import builtins

import numpy as np
import pytest
import torch
import yaml
from fake_hub import NOWHERE, TOKEN, files_of, forbid_waiting, make_colorizer, point_library_at, running_hub, sentence
from huggingface_hub import HfApi

from colorlib import cli
from colorlib.color.spaces import COLOR_SPACES
from colorlib.colorizer import Colorizer, hub
from colorlib.model import Model
from colorlib.models import build_generator, count_parameters

FILES = {"config.json", "model.safetensors"}


@pytest.fixture
def folder(tmp_path):
    make_colorizer().save(tmp_path / "saved")
    return tmp_path / "saved"


@pytest.fixture
def fake(monkeypatch, tmp_path):
    """An empty hub at which one is logged in."""
    with running_hub() as server:
        point_library_at(server.address, monkeypatch, tmp_path)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        yield server


# ------------------------------------------------------------ the card


def test_card_says_what_it_is():
    colorizer = make_colorizer(color_space="yuv")
    front, text = hub.card(colorizer, "owner/name", "mit").split("---\n")[1:]
    front = yaml.safe_load(front)
    assert front["library_name"] == "colorlib" and front["license"] == "mit" and "colorization" in front["tags"]
    assert "# name" in text and "16 x 16 pixels" in text and "luma Y" in text and "U and V" in text
    assert f"{count_parameters(colorizer.generator):,} parameters" in text
    assert 'Colorizer.load("owner/name")' in text and "colorlib colorize owner/name" in text


@pytest.mark.parametrize("space", COLOR_SPACES)
def test_card_of_every_color_space(space):
    front = hub.card(make_colorizer(color_space=space), "owner/name", None).split("---\n")[1]
    assert "license" not in front


def test_card_states_the_files_size(tmp_path):
    torch.manual_seed(0)
    model = Model(widths=(32, 64, 128), image_size=16)
    colorizer = Colorizer(build_generator(model).double(), model)
    colorizer.save(tmp_path)
    size = (tmp_path / "model.safetensors").stat().st_size / 1e6
    assert f"takes {size:.1f} MB" in hub.card(colorizer, "owner/name", None)


# ------------------------------------------------------------ uploading


def test_uploaded_and_downloaded_again(fake):
    colorizer = make_colorizer(seed=2)
    assert hub.upload(colorizer, "me/mine", "mit") == f"{fake.address}/me/mine"
    assert set(fake.repositories["me/mine"]) == FILES | {"README.md"}
    assert fake.repositories["me/mine"]["README.md"].decode() == hub.card(colorizer, "me/mine", "mit")
    assert "me/mine" not in fake.private
    again = Colorizer.load("me/mine", precision="fp32")
    gray = np.random.default_rng(0).integers(0, 255, (20, 30), dtype=np.uint8)
    assert np.array_equal(again.colorize(gray), colorizer.colorize(gray))


def test_private_is_private_and_uploads_twice(fake):
    hub.upload(make_colorizer(), "me/mine", private=True)
    assert "me/mine" in fake.private
    before = dict(fake.repositories["me/mine"])
    hub.upload(make_colorizer(seed=1), "me/mine", private=True)
    assert fake.repositories["me/mine"]["model.safetensors"] != before["model.safetensors"]


@pytest.mark.parametrize(("first", "word"), [(False, "public"), (True, "private")])
def test_others_see_no_more_than_was_asked_for(fake, first, word):
    hub.upload(make_colorizer(), "me/mine", private=first)
    before = dict(fake.repositories["me/mine"])
    said = sentence(hub.upload, make_colorizer(seed=1), "me/mine", private=not first)
    assert said.startswith(f"me/mine: this repository is there already and is {word}")
    assert fake.repositories["me/mine"] == before


def test_license_that_the_hub_does_not_know(fake):
    assert "--license" in sentence(hub.upload, make_colorizer(), "me/mine", "my own")
    assert fake.repositories["me/mine"] == {}


@pytest.mark.parametrize("name", ["mine", "./mine", "me/mine/", "me/mi ne"])
def test_bad_name_sends_nothing(fake, name):
    assert "owner/name" in sentence(hub.upload, make_colorizer(), name)
    assert fake.asked == []


def test_upload_without_a_token_sends_nothing(fake, monkeypatch):
    monkeypatch.delenv("HF_TOKEN")
    assert "hf auth login" in sentence(hub.upload, make_colorizer(), "me/mine")
    assert fake.asked == []


def test_upload_to_another_owner(fake):
    said = sentence(hub.upload, make_colorizer(), "you/yours")
    assert "doesn't let you write" in said and "hf auth login" in said


def test_upload_without_internet(monkeypatch, tmp_path):
    point_library_at(NOWHERE, monkeypatch, tmp_path)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    forbid_waiting(monkeypatch)
    assert "with internet" in sentence(hub.upload, make_colorizer(), "me/mine")


def test_an_upload_that_breaks_off(fake, monkeypatch):
    def broken(*arguments, **options):
        raise RuntimeError("the transfer broke off")

    monkeypatch.setattr(HfApi, "upload_folder", broken)
    assert "(the transfer broke off)" in sentence(hub.upload, make_colorizer(), "me/mine")


# ------------------------------------------------------------ colorlib share


@pytest.mark.parametrize("answer", ["n", "", "no", None])
def test_share_asks_first(monkeypatch, folder, capsys, answer):
    def reply(question):
        assert str(folder) in question and "me/mine" in question and "everyone" in question
        if answer is None:
            raise EOFError
        return answer

    monkeypatch.setattr(builtins, "input", reply)
    monkeypatch.setattr(hub, "upload", lambda *arguments: pytest.fail("sent"))
    assert cli.main(["share", str(folder), "me/mine"]) == 1
    assert "nothing was uploaded" in capsys.readouterr().out


@pytest.mark.parametrize("flags", [[], ["--yes"], ["--yes", "--private", "--license", "mit"]])
def test_share_sends(fake, monkeypatch, folder, capsys, flags):
    monkeypatch.setattr(builtins, "input", lambda question: pytest.fail("asked") if flags else "y")
    assert cli.main(["share", str(folder), "me/mine", *flags]) == 0
    assert f"{fake.address}/me/mine" in capsys.readouterr().out
    assert fake.repositories["me/mine"].items() >= files_of(folder).items()
    assert ("me/mine" in fake.private) == ("--private" in flags)
    assert (b"license: mit" in fake.repositories["me/mine"]["README.md"]) == ("--license" in flags)


def test_share_reports_in_one_line(fake, monkeypatch, folder, capsys):
    monkeypatch.delenv("HF_TOKEN")
    assert cli.main(["share", str(folder), "me/mine", "--yes"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "colorlib: me/mine: the Hugging Face hub doesn't know you on this machine; log in: `hf auth login`"
    ]
