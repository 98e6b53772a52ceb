"""The command line as a user types it."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from made_photos import make_photos
from PIL import Image
from skimage.color import rgb2lab

from colorlib import cli, photos
from colorlib.cli import commands
from colorlib.colorizer import Colorizer
from colorlib.config import Config
from colorlib.data import load_photos
from colorlib.evaluation.learned import unseen_by
from colorlib.recipes import RECIPES
from colorlib.systems.supervised import Supervised

KEYS = {
    *("mae", "mae_percent", "eps_accuracy_2", "eps_accuracy_5", "nazeri_accuracy_2", "nazeri_accuracy_5"),
    *("psnr", "psnr_pooled", "ssim", "ciede2000_mean", "ciede2000_p95", "colorfulness", "colorfulness_ratio"),
}
SMALL = ["--recipe", "unet-l1", "--scale", "smoke", "--limit-images", "64", "--valid-images", "32", "--epochs", "1"]


def run(*argv):
    """The exit code of one command."""
    try:
        return cli.main([str(word) for word in argv])
    except SystemExit as stop:
        return stop.code


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cli") / "run"
    assert run("train", *SMALL, "--checkpoints-path", folder) == 0
    return folder


@pytest.fixture
def photo():
    return photos.read_rgb(photos.bundled_photos()[1]).resize((77, 51))


def one_line(capsys):
    text = capsys.readouterr().err.strip()
    assert text and "\n" not in text
    return text


def asked_for(monkeypatch, words):
    """The stages that `colorlib train` would train."""
    seen = []
    monkeypatch.setattr(commands, "fit", lambda stages, **options: seen.extend(stages) or sys.exit(0))
    assert run(*words.split()) == 0
    return seen


def test_the_flags_of_controlled_to_the_letter(monkeypatch):
    command = (
        "train --seed 100 --dataset cifar10 --dataset-path ./dataset/cifar10 --checkpoints-path ./checkpoints "
        "--batch-size 128 --epochs 200 --lr 3e-4 --lr-decay-steps 1e4 --augment True"
    )
    expected = Config(
        seed=100, dataset="cifar10", dataset_path="./dataset/cifar10", checkpoints_path="./checkpoints",
        batch_size=128, epochs=200, lr=3e-4, lr_decay_steps=1e4, augment=True,
    )  # fmt: skip
    assert asked_for(monkeypatch, command) == [expected] and expected.lr_schedule == "decay"
    command += " --desired-saturation 1 --saturation-weight 20 --desired-hue 0.6 --desired-blue 0.3 --blue-weight 2"
    loss = {
        "l1": 100.0,
        "saturation": {"weight": 20.0, "target": 1.0},
        "hue": {"weight": 1.0, "target": 0.6},
        "blue": {"weight": 2.0, "target": 0.3},
    }
    assert asked_for(monkeypatch, command) == [expected.replace(loss=loss)]


def test_the_objective_is_a_mapping(monkeypatch):
    command = "train --system gan --discriminator patch --loss l1=100 l2=2e3 adversarial=1,kind=lsgan gamut=0.5"
    (config,) = asked_for(monkeypatch, command)
    assert config.loss == {
        "l1": 100.0, "l2": 2000.0, "adversarial": {"weight": 1.0, "kind": "lsgan"}, "gamut": 0.5
    }  # fmt: skip
    (config,) = asked_for(monkeypatch, "train --recipe controlled --scale smoke --desired-red 0.2")
    assert set(config.loss) == {"adversarial", "l1", "red"}


@pytest.fixture
def two_stages(monkeypatch):
    """A recipe as pre-training will be one: regression, then a GAN."""
    small = {"limit_images": 64, "valid_images": 8, "widths": (4, 8, 16), "batch_size": 32, "lr_schedule": "constant"}
    first = Config(epochs=2).replace(**small)
    gan = first.replace(epochs=1, system="gan", discriminator="patch", loss={"adversarial": 1.0, "l1": 100.0})
    monkeypatch.setitem(RECIPES, "two", {"full": (first, gan), "class": {}, "smoke": {}})
    return first, gan


def test_a_flag_changes_every_stage_where_it_has_an_effect(two_stages, monkeypatch):
    first, gan = two_stages
    words = "train --recipe two --scale full --lr 1e-3 --image-size 64 --epochs 1"
    assert asked_for(monkeypatch, words) == [
        stage.replace(lr=1e-3, image_size=64, epochs=1) for stage in (first, gan)
    ]  # though 1 is what the last stage has anyway
    words = "train --recipe two --scale full --discriminator-lr 1e-4 --generator-steps 2 --discriminator-widths 8,16"
    changes = {"discriminator_lr": 1e-4, "generator_steps": 2, "discriminator_widths": (8, 16)}
    assert asked_for(monkeypatch, words) == [first, gan.replace(**changes)]
    loss = {"saturation": {"weight": 20.0, "target": 0.5}}
    words = "train --recipe two --scale full --desired-saturation 0.5 --saturation-weight 20"
    assert asked_for(monkeypatch, words) == [stage.replace(loss=stage.loss | loss) for stage in (first, gan)]


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("[enforce fail] can't allocate memory: 8 bytes")])
def test_too_little_memory_is_one_line(checkpoint, tmp_path, monkeypatch, capsys, error):
    def too_large(*arguments):
        raise error

    monkeypatch.setattr(Colorizer, "predict_ab", too_large)
    Image.new("L", (20, 20)).save(tmp_path / "a.png")
    assert run("colorize", checkpoint, tmp_path / "a.png", "--output", tmp_path / "out") == 2
    assert "out of memory; give a smaller" in one_line(capsys)


def test_a_flag_may_change_one_stage(two_stages, monkeypatch, capsys):
    first, gan = two_stages
    words = "train --recipe two --scale full --stage 2 --epochs 5 --loss adversarial=2 l1=1 --image-size 64 --seed 3"
    shared = {"image_size": 64, "seed": 3}
    changed = gan.replace(**shared, epochs=5, loss={"adversarial": 2.0, "l1": 1.0})
    assert asked_for(monkeypatch, words) == [first.replace(**shared), changed]
    words = "train --recipe two --scale full --stage 1 --patience 1 --desired-hue 0.5"
    hue = {"hue": {"weight": 1.0, "target": 0.5}}
    assert asked_for(monkeypatch, words) == [first.replace(patience=1, loss=first.loss | hue), gan]
    words = "train --recipe two --scale full --start-from starter"
    assert asked_for(monkeypatch, words) == [first.replace(start_from="starter"), gan]
    for stage, reason in ((3, "--stage is 3; there are 2"), (1, "--spectral-norm"), (0, "is not 1 or more")):
        with contextlib.suppress(SystemExit):
            run("train", "--recipe", "two", "--scale", "full", "--stage", stage, "--spectral-norm", "True")
        assert reason in capsys.readouterr().err


def test_a_recipe_of_two_stages_is_trained_stopped_and_resumed(two_stages, tmp_path, monkeypatch, capsys):
    folder = tmp_path / "run"
    assert run("train", "--recipe", "two", "--scale", "full", "--weight-decay", "1", "--checkpoints-path", folder) == 2
    assert "--weight-decay" in one_line(capsys)  # an effect in neither
    real, steps = Supervised.step, []

    def stopped(self, rgb):
        steps.append(1)
        if len(steps) == 3:
            signal.raise_signal(signal.SIGINT)
        return real(self, rgb)

    monkeypatch.setattr(Supervised, "step", stopped)
    assert run("train", "--recipe", "two", "--scale", "full", "--checkpoints-path", folder) == 130
    assert not (folder / "config.json").exists()  # within the first stage
    assert run("train", "--resume", "--checkpoints-path", folder) == 0
    assert "loss_G_GAN" in (folder / "history.csv").read_text() and (folder / "stage-1" / "best").is_dir()
    assert run("train", *SMALL, "--checkpoints-path", folder, "--overwrite") == 0
    assert not (folder / "stage-1").exists() and not (folder / "stages.json").exists()


def test_evaluate_knows_its_data_by_place_not_by_spelling(checkpoint, tmp_path, monkeypatch, capsys):
    make_photos(tmp_path / "album", 40)
    monkeypatch.chdir(tmp_path)
    assert run("train", *SMALL, "--dataset", "album", "--checkpoints-path", "run") == 0
    for spelling in ("album", "album/", tmp_path / "album"):
        assert run("evaluate", "run", "--dataset", spelling, "--json", "f.json") == 0
        assert json.loads((tmp_path / "f.json").read_text())["part"] == "test"
    (tmp_path / "run" / "config.json").write_text("{}")
    capsys.readouterr()
    assert run("evaluate", "run") == 2
    assert "name a --dataset" in one_line(capsys)
    for part in (["--part", "all"], []):  # which is all of a folder that isn't known from the training
        capsys.readouterr()
        assert run("evaluate", "run", "--dataset", "album", *part, "--splits", "1/99") == 2
        assert "no effect with --part all" in capsys.readouterr().err


def test_what_was_learned_from_is_no_test_from_another_folder_either(tmp_path, monkeypatch, capsys):
    """A relative path of a data set means nothing elsewhere; and `starter` is nobody's training in this folder."""
    make_photos(tmp_path / "album", 40)
    monkeypatch.chdir(tmp_path)
    assert run("train", *SMALL, "--dataset", "album", "--splits", "50/50", "--checkpoints-path", "run") == 0
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    for part in ([], ["--part", "test"]):
        capsys.readouterr()
        assert run("evaluate", tmp_path / "run", "--dataset", tmp_path / "album", *part) == 2
        assert "the pictures that it learned from, album, aren't to be found" in one_line(capsys)
    assert run("evaluate", tmp_path / "run", "--dataset", tmp_path / "album", "--part", "all") == 0
    monkeypatch.chdir(tmp_path / "run")
    assert unseen_by("starter", needed=True).splits == "98/1/1"
    assert unseen_by("best", needed=True).splits == "50/50"


def test_a_controlled_training_trains_and_is_written_down(tmp_path):
    folder = tmp_path / "run"
    flags = ["--desired-saturation", "1", "--saturation-weight", "20"]
    assert run("train", *SMALL, *flags, "--checkpoints-path", folder) == 0
    assert "loss_G_saturation" in (folder / "history.csv").read_text().splitlines()[0]


def test_help_is_quick_because_torch_stays_out():
    """What is needed is imported when a command is run."""
    look = "import sys, colorlib.cli as c\ntry: c.main(['--help'])\nexcept SystemExit: print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "False", done.stderr
    look = "import sys, colorlib; print('torch' in sys.modules); colorlib.fit; print(colorlib.Config().epochs)"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True)
    assert done.stdout.split() == ["False", "10"], done.stderr


def test_train_writes_its_folder(checkpoint):
    assert {p.name for p in checkpoint.iterdir()} >= {"config.json", "history.csv", "best", "last", "preview.png"}


def test_evaluate_gives_every_key(checkpoint, tmp_path, capsys):
    file = tmp_path / "new" / "figures.json"
    assert run("evaluate", checkpoint, "--dataset", "bundled", "--limit-images", "50", "--json", file) == 0
    result = json.loads(file.read_text())
    assert {"dataset", "part", "images", "device", "model", "gray", "oracle_mean"} <= set(result)
    assert result["split_seed"] == 0 and result["part"] == "test"
    assert result["images"] == 50 and result["dataset"] == "bundled"
    assert set(result["model"]) == KEYS | {"fps"} and set(result["gray"]) == set(result["oracle_mean"]) == KEYS
    assert "oracle mean" in capsys.readouterr().out


def test_figures_are_said_before_a_file_that_cannot_be_written(checkpoint, tmp_path, capsys):
    (tmp_path / "file").write_text("no folder")
    file = tmp_path / "file" / "figures.json"
    assert run("evaluate", checkpoint, "--dataset", "bundled", "--limit-images", "8", "--json", file) == 2
    captured = capsys.readouterr()
    assert "| oracle mean" in captured.out and captured.err.count("\n") == 1


def test_evaluate_keeps_the_trainings_parts(tmp_path, capsys):
    """The data and the parts are those of the training, unless others are named: nothing it learned from is a test."""
    make_photos(tmp_path / "album", 40)
    more = ["--dataset", tmp_path / "album", "--splits", "50/50", "--split-seed", "3"]
    assert run("train", *SMALL, *more, "--checkpoints-path", tmp_path / "run") == 0
    assert run("evaluate", tmp_path / "run", "--json", tmp_path / "f.json") == 0
    result = json.loads((tmp_path / "f.json").read_text())
    expected = (str(tmp_path / "album"), "test", "50/50", 3)
    assert tuple(result[name] for name in ("dataset", "part", "splits", "split_seed")) == expected
    parts = load_photos(str(tmp_path / "album"), size=32, progress=False).split("50/50", 3)
    assert result["images"] == len(parts["test"]) < 40
    assert "split seed 3" in capsys.readouterr().out
    assert run("evaluate", tmp_path / "run" / "best", "--json", tmp_path / "g.json") == 0
    assert json.loads((tmp_path / "g.json").read_text())["images"] == result["images"]


def test_evaluate_a_folder_measures_all(checkpoint, tmp_path, photo):
    for i in range(3):
        photo.rotate(i).save(tmp_path / f"{i}.png")
    assert run("evaluate", checkpoint, "--dataset", tmp_path, "--json", tmp_path / "f.json") == 0
    assert json.loads((tmp_path / "f.json").read_text())["images"] == 3


def test_colorize_files_and_folders(checkpoint, tmp_path, photo, capsys):
    album = tmp_path / "album"
    (album / "deep").mkdir(parents=True)
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "camera"
    photo.save(album / "turned.jpg", exif=exif, quality=95)
    photo.save(album / "deep" / "a.png")
    photo.convert("L").save(tmp_path / "a.tif")
    assert run("colorize", checkpoint, album, tmp_path / "a.tif", "--output", tmp_path / "out") == 0
    written = {str(p.relative_to(tmp_path / "out")) for p in (tmp_path / "out").rglob("*") if p.is_file()}
    assert written == {"turned.jpg", "deep/a.png", "a.png"}
    turned = Image.open(tmp_path / "out" / "turned.jpg")
    assert turned.size == (51, 77) and turned.getexif().get(0x0112) in (None, 1)
    assert turned.getexif()[0x010F] == "camera"
    given = rgb2lab(np.asarray(photos.read_rgb(album / "turned.jpg")))[..., 0]
    assert np.median(np.abs(rgb2lab(np.asarray(turned))[..., 0] - given)) < 1
    assert "colorized 3 photos" in capsys.readouterr().out


def test_same_names_do_not_overwrite_each_other(checkpoint, tmp_path, photo):
    for folder in "ab":
        (tmp_path / folder).mkdir()
        photo.save(tmp_path / folder / "x.png")
    assert run("colorize", checkpoint, tmp_path / "a/x.png", tmp_path / "b/x.png", "--output", tmp_path / "out") == 0
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"x.png", "x-2.png"}


def test_broken_photos_are_named_and_the_rest_goes_on(checkpoint, tmp_path, photo, caplog):
    photo.save(tmp_path / "good.png")
    (tmp_path / "bad.png").write_bytes(b"no")
    assert run("colorize", checkpoint, tmp_path / "bad.png", tmp_path / "good.png", "--output", tmp_path / "out") == 2
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["good.png"]
    assert "bad.png" in caplog.text


def test_originals_are_never_overwritten(checkpoint, tmp_path, photo, capsys):
    photo.save(tmp_path / "x.png")
    before = (tmp_path / "x.png").read_bytes()
    assert run("colorize", checkpoint, tmp_path / "x.png", "--output", tmp_path) == 2
    assert "output" in one_line(capsys) and (tmp_path / "x.png").read_bytes() == before


@pytest.mark.parametrize(
    "argv",
    [
        ["train", "--lr", "fast"],
        ["train", "--recipe", "nope"],
        ["train", "--dataset", "/no/such/folder"],
        ["train", "--augment", "maybe"],
        ["train", "--image-size", "33"],
        ["train", "--device", "toaster"],
        ["train", "--unknown", "1"],
        ["train", "--batch-size", "1.5"],
        ["train", "--epochs", "inf"],
        ["train", "--reci", "dcgan"],  # no flag is guessed
        ["train", "--seed", "99999999999999999999"],
        ["train", "--epochs", "2.5"],
        ["train", "--loss", "l7=1"],
        ["train", "--loss", "l1"],
        ["train", "--loss", "l1=much"],
        ["train", "--loss", "l1=1", "l1=2"],
        ["train", "--loss", "l1=100,weight=5"],
        ["train", "--loss", "l1=1", "--loss", "l1=2"],
        ["train", "--loss", "adversarial=1,kind=lsgan,kind=bce"],
        ["train", "--precision", "fp16", "--device", "cpu"],
        ["train", "--device", "meta"],
        ["train", "--widths", "4,4,4,4,4,4", "--batch-size", "1"],
        ["train", "--limit-images", "1"],
        [
            "train",
            "--image-size",
            "16",
            "--batch-size",
            "1",
            "--system",
            "gan",
            "--loss",
            "l1=1",
            "adversarial=1",
        ],
        ["train", "--l1-weight", "1"],
        ["train", "--saturation-weight", "20"],
        ["train", "--desired-saturation", "7"],
        ["train", "--desired-hue", "0.5", "--loss", "hue=1,target=0.2"],
        ["train", "--weight-decay", "0.1"],
        ["train", "--generator", "gray_fed", "--dropout", "0.5"],
        ["train", "--scale", "smoke"],
        ["train", "--start-from", "no/such/folder/here"],
        ["evaluate", "x", "--part", "some"],
        ["train", "--resume", "--checkpoints-path", "nothing/here"],
        ["evaluate", "x", "--limit-images", "-3"],
        ["colorize", "x", "y", "--output", "z", "--size", "0"],
        ["plot", "x", "--epochs", "-1"],
        ["evaluate", "/no/such/folder"],
        ["colorize", "/no/such/folder", "x.png", "--output", "out"],
        ["dance"],
        [],
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(argv, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(*argv) == 2
    assert one_line(capsys).startswith("colorlib")
    assert not list(tmp_path.iterdir())


def test_an_unknown_scale_is_named(capsys, monkeypatch):
    monkeypatch.setenv("COLORLIB_SCALE", "big")
    assert run("train", "--recipe", "controlled") == 2
    assert "COLORLIB_SCALE is 'big'" in one_line(capsys)


def test_resume_with_another_recipe_is_refused(checkpoint, capsys):
    assert run("train", "--recipe", "dcgan", "--scale", "smoke", "--resume", "--checkpoints-path", checkpoint) == 2
    assert "--resume can't change" in one_line(capsys)


def test_demo_leaves_another_training_alone(checkpoint, capsys):
    before = (checkpoint / "history.csv").read_bytes()
    assert run("demo", "--output", checkpoint) == 2
    assert "holds another training" in one_line(capsys) and (checkpoint / "history.csv").read_bytes() == before


def test_the_demo_replaces_its_own_output_after_an_update(tmp_path, monkeypatch):
    from colorlib import demo

    class Begun(Exception):
        pass

    def begun(*arguments, **options):
        raise Begun

    monkeypatch.setattr(demo, "fit", begun)
    for epochs in (1, 2):  # the second one's settings are those of a newer version
        monkeypatch.setattr(demo, "CONFIG", demo.CONFIG.replace(epochs=epochs))
        with pytest.raises(Begun):
            demo.run_demo(tmp_path / "demo", [])
        (tmp_path / "demo" / "config.json").write_text(demo.CONFIG.to_json())


def test_missing_photos_and_empty_folders(checkpoint, tmp_path, capsys):
    assert run("colorize", checkpoint, tmp_path / "nope.png", "--output", tmp_path / "out") == 2
    assert "nope.png" in one_line(capsys)
    (tmp_path / "empty").mkdir()
    assert run("colorize", checkpoint, tmp_path / "empty", "--output", tmp_path / "out") == 2
    assert "looked for" in one_line(capsys)


@pytest.mark.parametrize("command", ["train", "evaluate", "colorize", "demo"])
def test_help(command, capsys):
    assert run(command, "--help") == 0
    assert "--" in capsys.readouterr().out


def test_ctrl_c_leaves_a_usable_checkpoint(tmp_path):
    """A real process, a real signal."""
    folder = tmp_path / "run"
    command = [
        sys.executable,
        "-m",
        "colorlib",
        "train",
        *SMALL[:4],
        "--epochs",
        "1000",
        "--checkpoints-path",
        str(folder),
    ]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ)
    try:
        for _ in range(600):
            if (folder / "history.csv").exists() or process.poll() is not None:
                break
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130, err
    assert "interrupted" in out and "Traceback" not in err
    assert run("evaluate", folder, "--limit-images", "20") == 0


@pytest.mark.parametrize(
    "words, changes",
    [
        ("--recipe dcgan --scale smoke --epochs 1", {"epochs": 1, "patience": None}),
        ("--recipe dcgan --scale smoke --patience none", {"patience": None}),
        ("--recipe controlled --scale smoke --system supervised --loss l1=100", {"discriminator_lr": None}),
        ("--recipe church --scale smoke --optimizer adam --generator unet", {"optimizer": "adam"}),
    ],
)
def test_what_a_flag_makes_idle_in_a_recipe_goes_back_to_its_default(words, changes, monkeypatch):
    (config,) = asked_for(monkeypatch, f"train {words}")
    assert {name: config.flat()[name] for name in changes} == changes


def test_a_flag_without_effect_is_refused_even_at_its_default(capsys):
    assert run("train", "--optimizer", "rmsprop", "--beta1", "0.5") == 2
    assert "--beta1 0.5 has no effect with --optimizer rmsprop" in one_line(capsys)


def test_a_history_that_is_none_is_a_sentence(tmp_path, capsys):
    for text in (b"\xff\xfe\x00", b"a,b\n1,2\n", b"epoch,loss_G\n1,x\n"):
        (tmp_path / "history.csv").write_bytes(text)
        assert run("table", tmp_path) == 2
        assert "history.csv" in one_line(capsys)


def test_a_trainings_config_is_no_colorizers(tmp_path, capsys):
    assert run("train", *SMALL, "--max-steps", "1", "--checkpoints-path", tmp_path / "run") == 0
    (tmp_path / "run" / "best" / "config.json").write_bytes((tmp_path / "run" / "config.json").read_bytes())
    capsys.readouterr()
    assert run("evaluate", tmp_path / "run" / "best") == 2
    assert "the config.json of a training" in one_line(capsys)


def test_a_training_is_known_from_within_its_folder(tmp_path, monkeypatch, capsys):
    make_photos(tmp_path / "album", 40)
    assert run("train", *SMALL, "--dataset", tmp_path / "album", "--checkpoints-path", tmp_path / "run") == 0
    monkeypatch.chdir(tmp_path / "run" / "best")
    capsys.readouterr()
    assert run("evaluate", ".") == 0
    assert str(tmp_path / "album") in capsys.readouterr().out


def test_a_table_makes_its_folder(tmp_path, checkpoint):
    assert run("table", checkpoint, "--csv", tmp_path / "new" / "losses.csv") == 0
    assert (tmp_path / "new" / "losses.csv").read_text().startswith("Loss Metric")


def test_another_set_is_divided_in_its_own_way(tmp_path, capsys):
    make_photos(tmp_path / "album", 40)
    train = ("train", *SMALL, "--dataset", tmp_path / "album", "--splits", "80/20", "--split-seed", "3")
    assert run(*train, "--checkpoints-path", tmp_path / "run") == 0
    for dataset, splits, seed in ((tmp_path / "album", "80/20", 3), ("bundled", "own", 0)):
        assert (
            run("evaluate", tmp_path / "run", "--dataset", dataset, "--limit-images", 20, "--json", tmp_path / "f") == 0
        )
        measured = json.loads((tmp_path / "f").read_text())
        assert (measured["splits"], measured["split_seed"]) == (splits, seed)
