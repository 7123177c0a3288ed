"""Which images two data sets share: by content, wherever they lie."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from dataset_makers import encoded, make_imagefolder, make_webdataset, sample

from robustcheck.datasets import Dataset, ImageDataset, count_shared, open_dataset

FILES = ("cat/0.png", "cat/1.png", "dog/2.png", "dog/3.png")


@pytest.fixture
def scored(tmp_path: Path) -> Dataset:
    return open_dataset(str(make_imagefolder(tmp_path / "scored", FILES)), ())


def test_a_set_shares_all_images_with_itself_and_with_those_of_it_that_are_picked(scored: Dataset) -> None:
    assert count_shared(scored, scored, range(4)) == 4
    assert count_shared(scored, scored, (1, 3)) == 2
    assert count_shared(scored, scored, ()) == 0


def test_a_copy_under_another_name_is_the_same_image(scored: Dataset, tmp_path: Path) -> None:
    other = tmp_path / "other"
    for number, name in enumerate(("cat/9.png", "dog/8.png")):
        (other / name).parent.mkdir(parents=True)
        (other / name).write_bytes(encoded(number + 10))
    assert count_shared(scored, open_dataset(str(other), ()), range(2)) == 0
    shutil.copy(tmp_path / "scored" / "dog/3.png", other / "dog/renamed.png")
    (other / "cat/linked.png").symlink_to(tmp_path / "scored" / "cat/0.png")
    again = open_dataset(str(other), ())
    assert count_shared(scored, again, range(4)) == 2
    places = [place for place, name in enumerate(again.ids) if name.endswith("renamed.png")]
    assert count_shared(scored, again, places) == 1


def test_what_lies_in_a_shard_is_known_by_its_place(tmp_path: Path) -> None:
    first, second = (
        open_dataset(str(make_webdataset(tmp_path / name, [[*sample(numbers[0], 0), *sample(numbers[1], 1)]])), ())
        for name, numbers in (("first", (0, 1)), ("second", (2, 3)))
    )
    assert count_shared(first, first, (0,)) == 1
    assert count_shared(first, second, range(2)) == 0


def test_a_view_shows_the_images_of_its_base(scored: Dataset) -> None:
    assert isinstance(scored, ImageDataset)
    rows = np.array([1, 3])
    view = replace(
        scored, fingerprint="a view", ids=scored.ids[rows], labels=scored.labels[rows], base=scored, rows=rows
    )
    assert count_shared(view, scored, range(4)) == 2
    assert count_shared(view, scored, (0, 3)) == 1
    assert count_shared(scored, view, (0,)) == 1
