"""On a processor a model takes as many images at once as suit it, which changes no bit of what is measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from colour_data import write_colours

from robustcheck.measure import Bench, MeasureSettings
from robustcheck.models.batch_sizes import fitting_batch, rows_of_side
from robustcheck.models.encoders import LoadedModel, Precision, load_model
from robustcheck.models.geometry import Crop
from robustcheck.models.lanes import Later
from robustcheck.models.model_sets import resolve_models
from robustcheck.models.torch_models import TorchModel
from robustcheck.values import Cell, ModelRef, Quantity, Score

SMALL, LARGE = resolve_models(("zoo:vit-plain-100", "zoo:cnn-plain-100"))
N = 200


@pytest.fixture(scope="module")
def colours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_colours(tmp_path_factory.mktemp("colours"), N)


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> dict[int, list[int]]:
    """Return the sizes of the batches that models are given from now on, by the side of their crops."""
    noted: dict[int, list[int]] = {}
    begin = TorchModel.begin_outputs

    def note(model: TorchModel, crops: Sequence[Crop]) -> Later:
        noted.setdefault(model.geometry.side, []).append(len(crops))
        return begin(model, crops)

    monkeypatch.setattr(TorchModel, "begin_outputs", note)
    return noted


def load(ref: ModelRef, device: str, precision: Precision) -> LoadedModel:
    """Load a model, one of them with crops that claim to be large."""
    model = load_model(ref, device, precision)
    assert isinstance(model, TorchModel)
    return replace(model, geometry=replace(model.geometry, side=224)) if ref == LARGE else model


def measured(settings: MeasureSettings, colours: Path) -> list[npt.NDArray[np.float64]]:
    cells = [Cell(ref, Quantity("nll", str(colours))) for ref in (SMALL, LARGE)]
    found = Bench(settings, load=load).measure_all(cells)
    scores = [score for cell in cells if isinstance(score := found[cell], Score)]
    return [score.samples.scores for score in scores if score.samples is not None]


def test_each_model_of_a_pass_takes_what_suits_it_and_measures_the_same(
    colours: Path, tmp_path: Path, batches: dict[int, list[int]]
) -> None:
    fitted = MeasureSettings(store=tmp_path / "fitted", device="cpu", batch_size=128, fits_batch=True)
    found = measured(fitted, colours)
    assert batches == {32: [128, N - 128], 224: [16] * 12 + [8]}
    batches.clear()
    fixed = measured(MeasureSettings(store=tmp_path / "fixed", device="cpu", batch_size=50), colours)
    assert batches == {32: [50] * 4, 224: [50] * 4}
    assert len(found) == len(fixed) == 2
    for one, other in zip(found, fixed, strict=True):
        np.testing.assert_array_equal(one, other)


def test_no_model_takes_more_than_is_allowed() -> None:
    model = load_model(SMALL, "cpu")
    assert model.geometry.side == 32
    assert [fitting_batch(model, most) for most in (7, 128, 256)] == [7, 128, 128]
    assert isinstance(model, TorchModel)
    # What suits another device is not known, and not tried out where it does not work in the background.
    assert fitting_batch(replace(model, device=torch.device("mps")), 256) == 256


@pytest.mark.parametrize("side", [16, 32, 48, 64, 96, 160, 224, 336, 512, 5000])
def test_batches_are_whole_groups_of_rows(side: int) -> None:
    rows = rows_of_side(side)
    assert rows in (16, 32, 64, 128)
    assert rows in (16, 128) or rows * side <= 4096 < 2 * rows * side
    assert rows_of_side(side + 1) <= rows
