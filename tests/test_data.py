"""Opening a set, loaders, augmentation. The split has tests/test_split.py."""

import dataclasses
import itertools
import logging

import numpy as np
import pytest
import torch
from made_photos import make_photos

from colorlib import data
from colorlib.data import PhotoSet, load_photos
from colorlib.data.named_sets import NAMED
from colorlib.errors import DataError

# ---------------------------------------------------------------- opening a set


def test_load_photos_gives_what_the_files_hold(tmp_path):
    pictures = np.random.default_rng(0).integers(0, 255, (5, 32, 32, 3), dtype=np.uint8)
    np.savez(tmp_path / "set.npz", images=pictures)
    photo_set = load_photos(str(tmp_path / "set.npz"), progress=False)
    assert len(photo_set) == 5 and photo_set.own_part is None and not photo_set.gray.any()
    np.testing.assert_array_equal(photo_set.batch([3, 1]).permute(0, 2, 3, 1), pictures[[3, 1]])
    assert photo_set.batch(range(2)).dtype == torch.uint8 and photo_set.batch([]).shape == (0, 3, 32, 32)
    assert photo_set.summary.endswith("5 pictures of 32x32")


def test_own_parts_stay_with_their_pictures_where_others_are_damaged(tmp_path):
    for part in ("train", "test"):
        make_photos(tmp_path / part / "cat", 3, seed=len(part))
    (tmp_path / "test" / "cat" / "001.png").write_bytes(b"no photo")
    photo_set = load_photos("cifar10", tmp_path, progress=False)
    assert photo_set.own_part.tolist() == ["test", "test", "train", "train", "train"]


def test_damaged_photos_are_named_and_left_out(tmp_path, caplog):
    folder = make_photos(tmp_path / "set", 4)
    (folder / "002.png").write_bytes(b"not a picture")
    for i in range(11):
        (folder / f"x{i:02d}.png").write_bytes(b"not a picture")
    with caplog.at_level(logging.WARNING, logger="colorlib"):
        photo_set = load_photos(str(folder), size=32, progress=False)
    assert len(photo_set) == 3 and "002.png" in caplog.text and "x10.png" not in caplog.text
    assert "2 photos more" in caplog.text and "12 unreadable" in photo_set.summary


def test_course_photos(tmp_path, monkeypatch, capsys):
    for part in ("train", "test"):
        make_photos(tmp_path / "cifar" / part / "cat", 3, size=(32, 32), seed=len(part))
    monkeypatch.setenv("COLORLIB_CIFAR10", str(tmp_path / "cifar"))
    assert data.course_photos("class", progress=False).name == "cifar10"
    assert data.course_photos("smoke", progress=False).name == "bundled"
    assert capsys.readouterr().out == ""

    def fail(path, size):
        raise DataError("it is nowhere")

    monkeypatch.setitem(NAMED, "cifar10", dataclasses.replace(NAMED["cifar10"], open=fail))
    assert data.course_photos("class", progress=False).name == "bundled"
    assert capsys.readouterr().out == "Using the bundled photos instead of CIFAR-10: it is nowhere\n"


def test_evenly_covers_the_whole():
    assert data.evenly(np.arange(100, 201), 3).tolist() == [100, 150, 200]
    assert data.evenly(np.arange(5), None).tolist() == data.evenly(np.arange(5), 9).tolist() == [0, 1, 2, 3, 4]
    assert data.evenly(np.arange(12), 4).tolist() == [0, 4, 7, 11]
    assert data.evenly(np.arange(0), 3).tolist() == data.evenly(np.arange(3), 0).tolist() == []


# ---------------------------------------------------------------- loaders


def numbered(count):
    """A set whose picture i has the value i everywhere."""
    images = np.broadcast_to(np.arange(count, dtype=np.uint8)[:, None, None, None], (count, 8, 8, 3)).copy()
    return PhotoSet("numbered", images, np.arange(count), None, np.zeros(count, bool), [])


def order(batches, epoch=0, start=0):
    batches.sampler.epoch, batches.sampler.start = epoch, start
    return [batch[:, 0, 0, 0].tolist() for batch in batches]


def test_a_loader_yields_rgb_uint8():
    (batch,) = data.loader(numbered(4), [2, 3], 2, shuffle=False)
    assert batch.dtype == torch.uint8 and batch.shape == (2, 3, 8, 8)
    assert (batch[0] == 2).all() and (batch[1] == 3).all()


def test_the_order_follows_from_seed_and_epoch():
    photo_set = numbered(40)
    batches = data.loader(photo_set, np.arange(10, 40), 4, seed=5)
    first = order(batches)
    assert len(first) == len(batches) == 7 and {len(batch) for batch in first} == {
        4
    }  # the last small batch is left out
    assert len(set(sum(first, []))) == 28 and set(sum(first, [])) <= set(range(10, 40))
    assert first == order(batches) == order(data.loader(photo_set, np.arange(10, 40), 4, seed=5))
    assert first != order(batches, epoch=1) and first != order(data.loader(photo_set, np.arange(10, 40), 4, seed=6))
    assert order(batches, epoch=1, start=3) == order(batches, epoch=1)[3:]


def test_without_shuffling_every_picture_comes_once_and_in_order():
    batches = data.loader(numbered(10), np.arange(10), 4, shuffle=False)
    assert order(batches) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]] and len(batches) == 3


def test_processes_divide_every_batch():
    whole = order(data.loader(numbered(22), np.arange(22), 6, seed=1))
    parts = [order(data.loader(numbered(22), np.arange(22), 6, seed=1, process=(n, 2))) for n in range(2)]
    assert [sorted(a + b) for a, b in zip(*parts, strict=True)] == [sorted(batch) for batch in whole]


def test_processes_learn_from_as_many_pictures_each():
    """Their gradients count alike, so a small set's only batch loses the picture that divides unevenly."""
    parts = [order(data.loader(numbered(7), np.arange(7), 8, seed=1, process=(n, 2))) for n in range(2)]
    assert [len(batch) for (batch,) in parts] == [3, 3] and len({*parts[0][0], *parts[1][0]}) == 6


@pytest.mark.parametrize("count", [1, 3])
def test_fewer_pictures_than_a_batch_are_one_batch(count):
    batches = data.loader(numbered(9), np.arange(count), 128)
    assert len(batches) == 1 and sorted(order(batches)[0]) == list(range(count))
    moved = data.augment(next(iter(batches)).float())
    assert torch.isfinite(moved).all() and moved.shape == (count, 3, 8, 8)


def test_a_batch_to_learn_from_is_never_empty():
    with pytest.raises(DataError, match="no picture to train on"):
        data.loader(numbered(9), [], 4)
    for count, batch_size in ((1, 4), (9, 1)):
        with pytest.raises(DataError, match="batches of 1 pictures are too small for 2 processes"):
            data.loader(numbered(9), np.arange(count), batch_size, process=(0, 2))
        data.loader(numbered(9), np.arange(count), batch_size, process=(0, 1))
    batches = [order(data.loader(numbered(9), np.arange(9), 4, shuffle=False, process=(n, 2))) for n in range(2)]
    assert batches == [[[0, 2], [4, 6], [8]], [[1, 3], [5, 7], []]]
    assert order(data.loader(numbered(9), [], 4, shuffle=False)) == []


# ---------------------------------------------------------------- augmentation


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int32, torch.float32])
def test_augment_flips_and_shifts_by_an_eighth_at_most(dtype):
    rgb = torch.randint(0, 256, (64, 3, 16, 16), generator=torch.Generator().manual_seed(0)).to(dtype)
    moved = data.augment(rgb, torch.Generator().manual_seed(1))
    assert moved.dtype == dtype and moved.shape == rgb.shape
    seen = set()
    for before, after in zip(rgb.numpy(), moved.numpy(), strict=True):
        padded = np.pad(before, ((0, 0), (2, 2), (2, 2)), mode="reflect")
        for flip, y, x in itertools.product((False, True), range(5), range(5)):
            window = padded[:, y : y + 16, x : x + 16]
            if np.array_equal(window[:, :, ::-1] if flip else window, after):
                seen.add((flip, y, x))
                break
        else:
            pytest.fail("neither flipped nor shifted, but something else")
    assert {flip for flip, _, _ in seen} == {False, True}
    assert {y for _, y, _ in seen} == {x for _, _, x in seen} == set(range(5))


def test_augment_follows_from_its_generator():
    rgb = torch.rand(8, 3, 16, 16)
    first, again, other = (data.augment(rgb, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again) and not torch.equal(first, other)


# ------------------------------------------------------------ random crops


def test_crops_are_whole_rectangles_from_anywhere():
    """Each pixel says where it is: a crop holds neighbors, and over many pictures every place is met."""
    rows, columns = torch.meshgrid(torch.arange(12), torch.arange(12), indexing="ij")
    picture = torch.stack([rows, columns, torch.zeros_like(rows)]).to(torch.uint8)
    torch.manual_seed(0)
    crops = data.augment(picture.expand(400, -1, -1, -1), size=8)
    assert crops.shape == (400, 3, 8, 8) and crops.dtype == torch.uint8
    top, left = crops[:, 0, 0, 0].int(), crops[:, 1].amin(dim=(1, 2)).int()
    assert set(top.tolist()) == set(left.tolist()) == set(range(5))
    assert (crops[:, 0, :, 0].int() == top[:, None] + torch.arange(8)).all()
    steps = crops[:, 1, 0].int().diff(dim=1)
    flipped = (steps == -1).all(dim=1)
    assert ((steps == 1).all(dim=1) | flipped).all() and 150 < flipped.sum() < 250
