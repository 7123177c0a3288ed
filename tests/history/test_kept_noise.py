"""The noise floor that was measured here: kept, made anew, and looked up for a precision and a data set."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from robustcheck.errors import RecordError
from robustcheck.history.kept_noise import NoiseFloor, keep_noise, load_noise, worst_share

BF16 = NoiseFloor("a", "digits", "bf16", "bf16, batch 64", 1_000, 4)


def test_what_is_measured_again_takes_the_place_of_the_old(tmp_path: Path) -> None:
    assert load_noise(tmp_path) == ()
    keep_noise(tmp_path, [BF16, replace(BF16, model="b")])
    keep_noise(tmp_path, [replace(BF16, changed=2)])
    assert [(floor.model, floor.share) for floor in load_noise(tmp_path)] == [("a", 0.002), ("b", 0.004)]


def test_the_worst_share_is_that_of_the_precision_and_the_data_set() -> None:
    floors = [BF16, replace(BF16, dataset="shapes", changed=9), replace(BF16, precision="fp32", changed=0)]
    assert worst_share(floors, "bf16", "digits") == 0.004
    assert worst_share(floors, "bf16", "elsewhere") == 0.009
    assert worst_share(floors, "fp32", "digits") == 0
    assert worst_share(floors, "fp16", "digits") is None


def test_a_damaged_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "noise.json").write_text("{")
    with pytest.raises(RecordError, match=r"cannot be read(.|\n)*robustcheck noise"):
        load_noise(tmp_path)
