"""The noise floor: what moves between repeats, and that float32 moves no decision."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from colour_data import cell, fake, write_colours

from robustcheck.errors import DataError, DataMissing, ModelError
from robustcheck.measure import Logits, MeasureSettings
from robustcheck.models.reference import parse_reference
from robustcheck.run import noise_floor
from robustcheck.run.noise_floor import (
    Circumstances,
    Measurement,
    Moved,
    Repeat,
    circumstances,
    measure_under,
    moved_between,
    repeat_all,
)
from robustcheck.values import Cell, Quantity

REFERENCE = Circumstances()


def measurement(values: list[list[float]], value: float = 0.5) -> Measurement:
    ids = np.arange(len(values)).astype(str)
    logits = np.array(values, dtype=np.float64).reshape(len(values), -1 if values else 2)
    return Measurement(Logits(ids, logits, ("a", "b"), None, {}), value)


def test_decisions_logits_and_the_value_are_followed() -> None:
    first = measurement([[1.0, 0.0], [0.0, 1.0], [3.0, 2.0], [0.0, 4.0]])
    second = measurement([[1.0, 0.25], [0.5, 0.0], [3.0, 2.0], [0.0, 4.0]], 0.25)
    found = moved_between(first, second)
    assert found == Moved(n=4, changed=1, logit=1.0, value=-0.25)
    assert found.share == 0.25


def test_other_samples_and_no_samples_are_errors() -> None:
    first = measurement([[1.0, 0.0]])
    for other in (measurement([[1.0, 0.0], [1.0, 0.0]]), measurement([[1.0, 0.0, 2.0]])):
        with pytest.raises(DataError, match="do not hold the same samples"):
            moved_between(first, other)
    with pytest.raises(DataError, match="no samples"):
        moved_between(measurement([]), measurement([]))


def test_one_circumstance_changes_at_a_time() -> None:
    found = circumstances(["cpu"], (1, 64), (1, 2), ("fp32", "bf16"))
    assert found == (
        REFERENCE,
        replace(REFERENCE, batch_size=1),
        replace(REFERENCE, threads=2),
        replace(REFERENCE, precision="bf16"),
    )
    assert [each.device for each in circumstances(["cuda:0", "cuda:1", "cpu"], (64,), (1,), ("fp32",))] == [
        "cuda:0",
        "cuda:1",
        "cpu",
    ]


@pytest.mark.parametrize(
    ("under", "sound"),
    [
        (replace(REFERENCE, batch_size=1), False),
        (replace(REFERENCE, threads=2), False),
        (replace(REFERENCE, precision="bf16"), True),
        (replace(REFERENCE, device="cuda:0"), True),
    ],
)
def test_only_float32_on_the_same_kind_of_device_must_agree(under: Circumstances, sound: bool) -> None:
    asked = Cell(fake(), Quantity("top1", "x"))
    assert Repeat(asked, under, REFERENCE, Moved(10, 1, 0.1, 0.0)).is_sound is sound
    assert Repeat(asked, under, REFERENCE, None, "it broke").is_sound is sound
    assert Repeat(asked, under, REFERENCE, Moved(10, 0, 0.1, 0.0)).is_sound
    two = replace(REFERENCE, device="cuda:1")
    assert not Repeat(asked, two, replace(two, device="cuda:0"), Moved(10, 1, 0.1, 0.0)).is_sound


def test_a_fake_moves_nothing_and_leaves_no_store(tmp_path: Path) -> None:
    directory = write_colours(tmp_path / "colours", 30)
    found = list(repeat_all(cell(fake(), directory), MeasureSettings(tmp_path / "store"), circumstances(["cpu"])))
    assert [repeat.moved for repeat in found] == [Moved(30, 0, 0.0, 0.0)] * 6
    assert not (tmp_path / "store").exists()


def test_an_error_of_the_reference_is_raised(tmp_path: Path) -> None:
    asked = Cell(fake(), Quantity("top1", "imagenet-v2"))
    with pytest.raises(DataMissing):
        list(repeat_all(asked, MeasureSettings(tmp_path / "store"), (REFERENCE,)))


@pytest.mark.parametrize("name", ["vit-plain-1000", "cnn-plain-100"])
def test_a_zoo_model_agrees_to_the_bit_whatever_its_batch(tmp_path: Path, name: str) -> None:
    asked = Cell(parse_reference(f"zoo:{name}"), Quantity("top1", "digits"))
    under = circumstances(["cpu"], (7, 100), (1,), ("fp32",))
    found = list(repeat_all(asked, MeasureSettings(tmp_path / "store"), under))
    assert all(repeat.is_sound for repeat in found)
    # Filling batches up to whole groups of rows is what makes this 0 and not 3e-5.
    assert [repeat.moved.logit for repeat in found if repeat.moved] == [0.0, 0.0]


def test_an_error_of_a_repeat_is_told_beside_its_reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def measure(asked: Cell, settings: MeasureSettings, under: Circumstances) -> Measurement:
        if under.precision == "bf16":
            raise ModelError("this processor has no bf16")
        return measurement([[1.0, 0.0]])

    monkeypatch.setattr(noise_floor, "measure_under", measure)
    asked, half = Cell(fake(), Quantity("top1", "x")), replace(REFERENCE, precision="bf16")
    [found] = repeat_all(asked, MeasureSettings(tmp_path / "store"), (REFERENCE, half))
    assert found == Repeat(asked, half, REFERENCE, None, "this processor has no bf16")


def test_a_score_that_cannot_be_computed_from_the_logits_is_raised(tmp_path: Path) -> None:
    directory = write_colours(tmp_path / "colours", 30)
    asked = cell(fake("classifier"), directory, "ece", options=(("fitted_on", "no-such-set"),))
    with pytest.raises(DataError):
        measure_under(asked, MeasureSettings(tmp_path / "store"), REFERENCE)
