"""The pace of a machine: what passes took is added up, and foretells the next ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from colour_data import cell, fake, write_colours

from robustcheck.measure import MeasureSettings, measure_cells
from robustcheck.measure.pace import Spent, add_pace, foresee_seconds, pace_of_images, pace_of_model, read_pace

PREPARE, RUN = pace_of_images("digits"), pace_of_model("vit", "cpu", "fp32")


def test_what_passes_took_is_added_up(tmp_path: Path) -> None:
    add_pace(tmp_path, {PREPARE: Spent(2.0, 100), RUN: Spent(0.0, 0)})
    add_pace(tmp_path, {PREPARE: Spent(1.0, 200), RUN: Spent(5.0, 10)})
    assert read_pace(tmp_path) == {PREPARE: Spent(3.0, 300), RUN: Spent(5.0, 10)}
    assert read_pace(tmp_path)[PREPARE].each == pytest.approx(0.01)


def test_the_last_passes_count_most(tmp_path: Path) -> None:
    for _ in range(10):
        add_pace(tmp_path, {PREPARE: Spent(1_000.0, 100_000)})
    for _ in range(6):
        add_pace(tmp_path, {PREPARE: Spent(100.0, 100_000)})
    assert read_pace(tmp_path)[PREPARE].each == pytest.approx(0.001, rel=0.2)


@pytest.mark.parametrize("content", ["", "[1]", "{", '{"prepare digits": 3}', '{"prepare digits": ["a", 3]}'])
def test_a_damaged_file_says_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / "pace.json").write_text(content)
    assert read_pace(tmp_path) == {}
    add_pace(tmp_path, {PREPARE: Spent(2.0, 100)})
    assert read_pace(tmp_path) == {PREPARE: Spent(2.0, 100)}


def test_time_is_that_of_the_images_and_of_the_models() -> None:
    pace = {PREPARE: Spent(3.0, 300), pace_of_images("val"): Spent(9.0, 300), RUN: Spent(1.0, 500)}
    prepare, run, unknown = foresee_seconds(
        pace, {"digits": 400, "new": 100}, {("digits", RUN): 400, ("new", "x"): 9}, 2
    )
    # 400 at 10 ms, and 100 at the 20 ms of all others, on two cores; 400 at 2 ms.
    assert (prepare, run) == (pytest.approx(3.0), pytest.approx(0.8))
    assert unknown == ("x",)
    assert foresee_seconds({}, {"digits": 400}, {("digits", RUN): 1}, 2) == (0.0, 0.0, ("digits", RUN))


def test_a_pass_keeps_its_pace(tmp_path: Path) -> None:
    one = cell(fake(), write_colours(tmp_path / "colours", 300))
    settings = MeasureSettings(store=tmp_path / "store", device="cpu", workers=2)
    measure_cells([one], settings)
    pace = read_pace(tmp_path / "store")
    assert {key: spent.images for key, spent in pace.items()} == {
        pace_of_images(str(tmp_path / "colours")): 300,
        pace_of_model(one.model.id, "cpu", "fp32"): 300,
    }
    assert all(spent.seconds > 0 for spent in pace.values())
