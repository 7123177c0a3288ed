"""The crop cache: exact crops, made once; never wrong ones, and never more than their size."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from colour_data import cell, fake, write_colours

from robustcheck.measure import CropPlace, MeasureSettings, measure_cells
from robustcheck.measure.crop_cache import CropCache
from robustcheck.measure.jobs import Job
from robustcheck.measure.parts import ImageSet
from robustcheck.values import Cell, Score

MIB = 2**20
ONE = Job(ImageSet("set", "print", 5), 4, 0, ())
REST = replace(ONE, chunk=1)


def crops(job: Job, seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.integers(256, size=(8, 8, 3), dtype=np.uint8) for _ in job.span]


def files(place: CropPlace) -> list[Path]:
    return sorted(place.directory.rglob("*.npy"))


@pytest.fixture
def place(tmp_path: Path) -> CropPlace:
    return CropPlace(tmp_path / "crops", MIB)


def test_crops_come_back_as_they_were(place: CropPlace) -> None:
    for job in (ONE, REST):
        CropCache(place).write(job, "geometry", crops(job, job.chunk))
    for job in (ONE, REST):
        found = CropCache(place).read(job, "geometry")
        assert isinstance(found, np.memmap)
        np.testing.assert_array_equal(found, np.stack(crops(job, job.chunk)))


def test_other_images_geometries_chunks_and_libraries_are_others(
    place: CropPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    CropCache(place).write(ONE, "geometry", crops(ONE))
    assert CropCache(place).read(ONE, "another") is None
    assert CropCache(place).read(REST, "geometry") is None
    assert CropCache(place).read(replace(ONE, chunk_rows=2), "geometry") is None
    assert CropCache(place).read(replace(ONE, images=ImageSet("set", "other", 5)), "geometry") is None
    monkeypatch.setattr("robustcheck.measure.crop_cache.pixel_libraries", lambda: ("pillow 0",))
    assert CropCache(place).read(ONE, "geometry") is None


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "other"])
def test_damaged_crops_are_none(place: CropPlace, damage: str) -> None:
    CropCache(place).write(ONE, "geometry", crops(ONE))
    path, content = files(place)[0], bytearray(files(place)[0].read_bytes())
    content[-3] ^= 1
    other = {"flip": bytes(content), "cut": bytes(content[:-9]), "empty": b"", "other": b"not an array"}
    path.write_bytes(other[damage])
    assert CropCache(place).read(ONE, "geometry") is None


def test_crops_of_several_shapes_are_not_kept(place: CropPlace) -> None:
    CropCache(place).write(ONE, "geometry", [*crops(ONE)[:3], np.zeros((9, 8, 3), np.uint8)])
    assert files(place) == []


def test_it_never_holds_more_than_its_size(place: CropPlace) -> None:
    size = 4 * 8 * 8 * 3 + 128
    small = replace(place, most_bytes=2 * size)
    for seed, geometry in enumerate(("a", "b", "c")):
        CropCache(small).write(ONE, geometry, crops(ONE, seed))
        for path in files(small):
            os.utime(path, ns=(1_000 * seed, path.stat().st_mtime_ns - 10**9))
    assert len(files(small)) == 2
    assert CropCache(small).read(ONE, "a") is None
    assert CropCache(small).read(ONE, "c") is not None
    CropCache(replace(place, most_bytes=size // 2)).write(ONE, "d", crops(ONE))
    assert sum(path.stat().st_size for path in files(small)) <= 2 * size


def test_a_run_does_not_drop_what_it_uses_itself(place: CropPlace) -> None:
    cache = CropCache(replace(place, most_bytes=2 * (4 * 8 * 8 * 3 + 128)))
    for geometry in ("a", "b", "c"):
        cache.write(ONE, geometry, crops(ONE))
    assert [cache.read(ONE, geometry) is not None for geometry in ("a", "b", "c")] == [True, True, False]


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    CropCache(CropPlace(tmp_path / "file" / "crops", MIB)).write(ONE, "geometry", crops(ONE))


# --- in a pass --------------------------------------------------------------------------------------


def value(one: Cell, settings: MeasureSettings) -> float:
    found = measure_cells([one], settings)[one]
    assert isinstance(found, Score)
    return found.value


def test_a_second_run_decodes_nothing_and_gives_the_same(tmp_path: Path, place: CropPlace) -> None:
    directory = write_colours(tmp_path / "colours", 300, noise=120)
    one = cell(fake(), directory)
    first = MeasureSettings(store=tmp_path / "first", batch_size=50, workers=2, crops=place)
    expected = value(one, first)
    assert len(files(place)) == 2
    again = replace(first, store=tmp_path / "second")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("robustcheck.datasets.dataset.ImageDataset.image", _refuse)
        assert value(one, again) == expected
    assert value(one, replace(first, store=tmp_path / "third", crops=None)) == expected


def test_a_lost_file_is_made_again(tmp_path: Path, place: CropPlace) -> None:
    one = cell(fake(), write_colours(tmp_path / "colours", 300, noise=120))
    settings = MeasureSettings(store=tmp_path / "first", workers=2, crops=place)
    expected = value(one, settings)
    files(place)[0].unlink()
    assert value(one, replace(settings, store=tmp_path / "second")) == expected
    assert len(files(place)) == 2


def _refuse(*_: object) -> None:
    raise AssertionError("an image was decoded")
