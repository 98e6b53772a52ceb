"""The split that never moves: a picture's part follows from its content and the split seed."""

import itertools

import numpy as np
import pytest
import torch
from made_photos import make_photos
from PIL import Image

from colorlib import data
from colorlib.data import PhotoSet, load_photos, photo_sets
from colorlib.errors import DataError

PARTS = ("train", "valid", "test")


def set_of(keys, own_part=None):
    """A set with these keys, of pictures that nobody looks at."""
    keys = np.array(keys)
    own_part = None if own_part is None else np.array(own_part)
    return PhotoSet("made", np.zeros((len(keys), 8, 8, 3), np.uint8), keys, own_part, np.zeros(len(keys), bool), [])


def part_of_each(photo_set, splits="own", split_seed=0):
    """The part of every picture, by the picture's content at the set's size."""
    parts = photo_set.split(splits, split_seed)
    return {photo_set.images[i].tobytes(): part for part in PARTS for i in parts[part]}


# ---------------------------------------------------------------- the split never moves


def test_one_more_photo_moves_no_other(tmp_path):
    folder = make_photos(tmp_path / "set", 60)
    before = part_of_each(load_photos(str(folder), progress=False))
    make_photos(folder / "a" / "new", 30, seed=1)
    more = part_of_each(load_photos(str(folder), progress=False))
    assert set(before.values()) == set(PARTS) and len(more) == 90
    assert {content: more[content] for content in before} == before
    for photo in sorted(folder.glob("*.png"))[::2]:
        photo.unlink()
    fewer = part_of_each(load_photos(str(folder), progress=False))
    assert len(fewer) == 60 and fewer.items() <= more.items()


def test_names_and_order_of_the_files_do_not_matter(tmp_path):
    folder = make_photos(tmp_path / "set", 60)
    before = part_of_each(load_photos(str(folder), progress=False))
    (folder / "deep" / "down").mkdir(parents=True)
    for i in range(60):
        (folder / f"{i:03d}.png").rename(folder / "deep" / "down" / f"{chr(65 + i * 7 % 26)}{60 - i}.PNG")
    after = load_photos(str(folder), progress=False)
    assert part_of_each(after) == before and [p.tobytes() for p in after.images] != list(before)


def test_no_other_seed_moves_a_picture():
    photo_set, seen = set_of(range(200)), []
    for seed in range(3):
        np.random.seed(seed)
        torch.manual_seed(seed)
        seen.append(photo_set.split()["test"].tolist())
        list(data.loader(photo_set, photo_set.split()["train"], 8, seed=seed))
    assert seen[0] == seen[1] == seen[2]


def test_the_split_of_today_is_that_of_yesterday():
    """Published results name the split seed: the same seed must give the same test pictures for ever."""
    photo_set = set_of([f"picture {i}" for i in range(60)])
    assert photo_set.split()["test"].tolist() == [0, 11, 16, 18, 25, 28, 43, 45, 55]
    assert photo_set.split(split_seed=1)["test"].tolist() == [13, 24, 31, 39, 45, 52, 54]


def test_the_same_parts_at_every_size(tmp_path):
    folder = make_photos(tmp_path / "set", 40, size=(64, 80))
    make_photos(folder / "small", 20, size=(32, 32), seed=1)
    opened = [load_photos(str(folder), size=size, progress=False) for size in (32, 64)]
    for part in PARTS:
        first, second = (photo_set.split()[part].tolist() for photo_set in opened)
        assert first == second and first


def test_the_bundled_photos_have_the_same_parts_at_32_and_64():
    parts = []
    for size in (32, 64):
        photo_set = load_photos("bundled", size=size, progress=False)
        parts.append({part: set(photo_set.key[photo_set.split()[part]]) for part in PARTS})
    assert parts[0] == parts[1]
    assert len(parts[0]["train"]) > 80 and len(parts[0]["valid"]) > 5 and len(parts[0]["test"]) > 5


def test_cifar10_has_the_same_parts_in_both_forms(tmp_path):
    pictures = np.random.default_rng(0).integers(0, 255, (100, 32, 32, 3), dtype=np.uint8)
    np.savez(tmp_path / "set.npz", images=pictures)
    for i, picture in enumerate(pictures):
        path = tmp_path / "cifar10" / ("train" if i < 80 else "test") / "cat" / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(path)
    files, array = load_photos("cifar10", tmp_path / "cifar10", progress=False), tmp_path / "set.npz"
    assert part_of_each(files, "80/10/10") == part_of_each(load_photos(str(array), progress=False), "80/10/10")


# ---------------------------------------------------------------- what stays together


def test_duplicates_stay_together_also_as_other_files(tmp_path):
    folder = make_photos(tmp_path / "set", 40)
    for i in range(40):
        with Image.open(folder / f"{i:03d}.png") as image:
            image.save(folder / f"copy-{i:03d}.png", compress_level=0)
            image.save(folder / f"third-{i:03d}.bmp")
    photo_set = load_photos(str(folder), progress=False)
    parts = photo_set.split("50/50")
    digests = [{photo_set.images[i].tobytes() for i in parts[part]} for part in ("train", "valid")]
    assert [len(parts[part]) for part in ("train", "valid")] == [3 * len(digest) for digest in digests]
    assert all(digests) and not digests[0] & digests[1]


def test_bundled_tiles_of_different_parts_share_no_pixel():
    pictures = photo_sets.find("bundled", size=32)
    parts = load_photos("bundled", size=32, progress=False).split("80/10/10", split_seed=3)
    covered = {}
    for code, part in enumerate(PARTS, start=1):
        assert len(parts[part])
        for i in parts[part]:
            number, (left, top, right, bottom) = pictures.tiles[i]
            area = covered.setdefault(number, np.zeros((800, 800), dtype=np.int8))[top:bottom, left:right]
            assert ((area == 0) | (area == code)).all()
            area[...] = code


# ---------------------------------------------------------------- fractions


@pytest.mark.parametrize(
    "splits, fractions",
    [
        ("80/10/10", (0.8, 0.1, 0.1)),
        ("own", (0.8, 0.1, 0.1)),
        ("50/20/30", (0.5, 0.2, 0.3)),
        ("80/20", (0.8, 0.2, 0.2)),
        ("0/100", (0, 1, 1)),
        ("100/0/0", (1, 0, 0)),
    ],
)
@pytest.mark.parametrize("split_seed", [0, 1, 17])
def test_parts_are_close_to_the_fractions(splits, fractions, split_seed):
    photo_set = set_of([f"picture {i}" for i in range(2000)])
    parts = photo_set.split(splits, split_seed)
    for part, fraction in zip(PARTS, fractions, strict=True):
        deviation = np.sqrt(fraction * (1 - fraction) / 2000)
        assert abs(len(parts[part]) / 2000 - fraction) <= 3 * deviation
        assert (np.diff(parts[part]) > 0).all()
    together = [*parts["train"], *parts["valid"], *(parts["test"] if splits.count("/") != 1 else [])]
    assert sorted(together) == parts["all"].tolist() == list(range(2000))


def test_two_parts_validate_and_test_on_the_second():
    parts = set_of(range(100)).split("80/20")
    assert parts["valid"].tolist() == parts["test"].tolist()
    assert not set(parts["train"]) & set(parts["test"])


def test_another_split_seed_gives_other_parts():
    photo_set = set_of(range(1000))
    tests = [set(photo_set.split(split_seed=seed)["test"]) for seed in range(2)]
    assert len(tests[0] & tests[1]) < 0.3 * len(tests[0])


def test_a_larger_test_part_holds_the_smaller_one():
    photo_set = set_of(range(1000))
    assert set(photo_set.split("90/10")["test"]) < set(photo_set.split("80/20")["test"])


@pytest.mark.parametrize("bad", ["80", "80/30", "a/b", "120/-20", "nan/50", "25/25/25/25", ""])
def test_bad_splits(bad):
    with pytest.raises(DataError, match="percentages"):
        data.parse_splits(bad)


@pytest.mark.parametrize("count", range(1, 21))
def test_small_sets_never_fail(count):
    for splits, own in itertools.product(("own", "80/20", "80/10/10"), (None, "train", "valid", "test")):
        photo_set = set_of(range(count), None if own is None else [own] * count)
        parts = photo_set.split(splits)
        assert sorted({i for part in PARTS for i in parts[part]}) == list(range(count))
        for part in PARTS:
            assert photo_set.batch(parts[part]).shape == (len(parts[part]), 3, 8, 8)
            assert sum(map(len, data.loader(photo_set, parts[part], 4, shuffle=False))) == len(parts[part])


# ---------------------------------------------------------------- sets that come divided


def test_own_test_pictures_stay_the_test():
    own = ["train"] * 3000 + ["test"] * 500
    photo_set = set_of(range(3500), own)
    for split_seed in range(3):
        parts = photo_set.split("own", split_seed)
        assert parts["test"].tolist() == list(range(3000, 3500))
        assert sorted([*parts["train"], *parts["valid"]]) == list(range(3000))
        assert 37 <= len(parts["valid"]) <= 83  # 2 % of 3,000, and 3 standard deviations
    assert set(photo_set.split()["valid"]) != set(parts["valid"])  # drawn by the split seed
    assert set(photo_set.split("80/20")["test"]) != set(range(3000, 3500))  # other splits divide anew


def test_own_valid_pictures_stay_the_validation():
    parts = set_of(range(100), ["train"] * 80 + ["valid"] * 5 + ["test"] * 15).split()
    assert [parts[part].tolist() for part in PARTS] == [list(range(80)), list(range(80, 85)), list(range(85, 100))]


def test_own_valid_pictures_test_where_there_is_no_test():
    parts = set_of(range(100), ["train"] * 80 + ["valid"] * 20).split()
    assert [parts[part].tolist() for part in PARTS] == [list(range(80)), list(range(80, 100)), list(range(80, 100))]


def test_a_training_picture_that_stands_in_test_is_left_out():
    keys = [*range(2000), *range(1000, 1500)]  # the half of the training pictures is in the test part too
    parts = set_of(keys, ["train"] * 2000 + ["test"] * 500).split()
    assert parts["test"].tolist() == list(range(2000, 2500))
    assert sorted([*parts["train"], *parts["valid"]]) == [*range(1000), *range(1500, 2000)]
    assert len(parts["valid"]) and len(parts["all"]) == 2500


def test_leaks_into_an_own_valid_part_are_left_out():
    keys = [0, 1, 2, 3, 1, 4, 5, 2, 4]
    parts = set_of(keys, ["train"] * 4 + ["valid"] * 3 + ["test"] * 2).split()
    assert [parts[part].tolist() for part in PARTS] == [[0, 3], [4, 6], [7, 8]]


def test_training_duplicates_do_not_stand_on_both_sides_of_validation():
    keys = [*range(1000)] * 2
    parts = set_of(keys, ["train"] * 2000).split()
    assert len(parts["valid"]) and len(parts["valid"]) % 2 == 0
    assert not set(parts["train"] % 1000) & set(parts["valid"] % 1000)
