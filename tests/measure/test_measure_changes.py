"""What is keyed is what was read: files that change while they are measured leave no number behind."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from colour_data import cell, fake, write_colours
from dataset_makers import encoded, three_shards

from robustcheck.datasets import open_dataset
from robustcheck.errors import DataError
from robustcheck.measure import MeasureSettings, measure_cells
from robustcheck.models.fake import FakeZeroShot
from robustcheck.values import Score

N = 300  # two chunks


@pytest.fixture
def colours(tmp_path: Path) -> Path:
    return write_colours(tmp_path / "colours", N)


@pytest.fixture
def settings(tmp_path: Path) -> MeasureSettings:
    return MeasureSettings(store=tmp_path / "store", batch_size=16, workers=2)


def during_the_pass(monkeypatch: pytest.MonkeyPatch, change: Callable[[], None], batch: int = 2) -> None:
    encode = FakeZeroShot.encode_images

    def encode_images(self: FakeZeroShot, crops: list) -> object:  # type: ignore[type-arg]
        if len(self.batches) == batch:
            change()
        return encode(self, crops)

    monkeypatch.setattr(FakeZeroShot, "encode_images", encode_images)


def swap_colours(colours: Path) -> None:
    (colours / "red").rename(colours / "other")
    (colours / "green").rename(colours / "red")
    (colours / "other").rename(colours / "green")


def rename_alike(colours: Path) -> None:
    """Give the images of each class the same names, so that classes can take each other's place."""
    for folder in ("red", "green", "blue"):
        for place, path in enumerate(sorted((colours / folder).iterdir())):
            path.rename(path.with_name(f"{place}.png"))


def test_images_that_are_replaced_in_mid_pass_give_an_error_and_no_chunk(colours, settings, monkeypatch):
    rename_alike(colours)
    one = cell(fake(), colours)
    with monkeypatch.context() as patch:
        during_the_pass(patch, lambda: swap_colours(colours))
        found = measure_cells([one], settings)[one]
    assert isinstance(found, DataError)
    assert "changed while it was being measured" in str(found)
    swap_colours(colours)
    fresh = MeasureSettings(store=settings.store.with_name("fresh"))
    assert measure_cells([one], settings)[one].value == measure_cells([one], fresh)[one].value


def test_an_image_whose_time_is_set_back_is_found(colours, settings, monkeypatch):
    last = sorted((colours / "red").iterdir())[-1]
    before = last.stat()

    def replace() -> None:
        shutil.copyfile(colours / "green" / "00001.png", last)
        os.utime(last, ns=(before.st_atime_ns, before.st_mtime_ns))

    during_the_pass(monkeypatch, replace)
    one = cell(fake(), colours)
    found = measure_cells([one], settings)[one]
    assert isinstance(found, DataError)
    assert last.name in str(found)


def test_a_change_of_another_file_is_no_matter(colours, settings, monkeypatch):
    during_the_pass(monkeypatch, lambda: (colours / "notes.txt").write_text("x") and None)
    one = cell(fake(), colours)
    assert isinstance(measure_cells([one], settings)[one], Score)


def test_the_images_of_a_shard_are_those_that_were_fingerprinted(tmp_path):
    directory = three_shards(tmp_path / "web")
    dataset = open_dataset(str(directory), ())
    dataset.image(0)
    shard = directory / "test" / "0.tar"
    shutil.copyfile(shard, tmp_path / "copy")
    (tmp_path / "copy").replace(shard)
    with pytest.raises(DataError, match="changed while it was being measured"):
        dataset.image(0)


def test_the_images_of_a_parquet_file_are_those_that_were_fingerprinted(tmp_path):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "d" / "test-00000-of-00001.parquet"
    path.parent.mkdir()
    images = [{"bytes": encoded(number), "path": f"{number}.png"} for number in range(3)]
    pq.write_table(pa.table({"image": images, "label": [0, 0, 0]}), path)
    (path.parent / "classnames.txt").write_text("cat\n")
    dataset = open_dataset(str(path.parent), ())
    dataset.image(0)
    # Also for an image of a row group that is kept in memory.
    pq.write_table(pa.table({"image": images[::-1], "label": [0, 0, 0]}), path)
    with pytest.raises(DataError, match="changed while it was being measured"):
        dataset.image(1)
