"""Readings of other things than a model's pooled output go the same way: planned, shared, stored, resumed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from colour_data import write_colours
from extra_readings import PatchTokens
from package_makers import Install
from scoring_data import fake

from robustcheck.datasets import open_dataset
from robustcheck.errors import ModelError, SetupError
from robustcheck.measure import Bench, MeasureSettings
from robustcheck.measure.reading import POOLED, Batch, reading_named
from robustcheck.models.encoders import load_model
from robustcheck.models.model_sets import resolve_models
from robustcheck.values import Cell, Quantity, Score

ZOO = resolve_models(("zoo:vit-plain-100",))[0]
N = 20


@pytest.fixture(scope="module")
def colours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_colours(tmp_path_factory.mktemp("colours"), N)


@pytest.fixture
def bench(tmp_path: Path, install: Install) -> Bench:
    install("readings-of-tests", "from extra_readings import METRICS as MADE", "metrics")
    return Bench(MeasureSettings(store=tmp_path / "store", device="cpu", batch_size=5))


def score(bench: Bench, metric: str, data: Path) -> Score:
    found = bench.measure(Cell(ZOO, Quantity(metric, str(data))))
    assert isinstance(found, Score), found
    return found


def test_patch_tokens_are_stored_in_chunks_of_their_own(bench: Bench, colours: Path) -> None:
    found = score(bench, "patch_norm", colours)
    (packed,) = (Path(bench.settings.store) / "v1" / "outputs").rglob("*.safetensors")
    assert sorted(safetensors.numpy.load_file(packed)) == ["000000", "000001", "000002"]
    dataset, model = open_dataset(str(colours), ()), load_model(ZOO, "cpu")
    crops = [model.geometry.crop(dataset.image(index)) for index in range(N)]
    tokens = PatchTokens().take(model, Batch(crops, [], []))
    expected = np.linalg.norm(tokens.astype(np.float64), axis=1).mean(axis=(1, 2))
    assert found.samples is not None
    np.testing.assert_allclose(found.samples.scores, expected, rtol=1e-5)


def test_a_reading_that_moves_images_needs_the_head_and_gradients(bench: Bench, colours: Path) -> None:
    plain, still, moved = (score(bench, metric, colours) for metric in ("top1", "top1_moved_not", "top1_moved_far"))
    assert plain.samples is not None
    assert still.samples is not None
    np.testing.assert_array_equal(still.samples.scores, plain.samples.scores)
    assert moved.value < still.value
    assert len({plain.key, still.key, moved.key}) == 3


def test_what_was_read_is_part_of_the_key(bench: Bench, colours: Path) -> None:
    cells = [Cell(ZOO, Quantity(metric, str(colours))) for metric in ("top1", "patch_norm", "top1_moved_far")]
    outputs = [bench.recipes(cell)[0].outputs for cell in cells]
    assert len({each.key for each in outputs}) == 3
    assert [len(each.needs) for each in outputs] == [0, 0, 1]
    # Other prompts are another head, and so another attack; they are the same patch tokens.
    others = [Cell(cell.model, Quantity(cell.quantity.metric, str(colours), prompts="mcm-5")) for cell in cells]
    same = [bench.recipes(cell)[0].outputs.key == each.key for cell, each in zip(others, outputs, strict=True)]
    assert same == [True, True, False]


def test_readings_share_the_decoding_of_what_they_lack(bench: Bench, colours: Path) -> None:
    cells = [Cell(ZOO, Quantity(metric, str(colours))) for metric in ("top1_moved_not", "top1_moved_far")]
    events = []
    bench.on_progress = lambda event: events.append(event.models)
    assert isinstance(bench.measure(cells[0], cells), Score)
    assert set(events) == {(ZOO.id, ZOO.id)}
    assert isinstance(bench.look_up(cells[1]), Score)


def test_a_model_that_cannot_give_what_is_read_is_that_models_error(bench: Bench, colours: Path) -> None:
    found = bench.measure(Cell(fake(), Quantity("patch_norm", str(colours))))
    assert isinstance(found, ModelError)
    assert "needs a model that gives feature maps" in str(found)


def test_a_reading_is_found_by_its_name() -> None:
    assert reading_named("pooled") is POOLED
    with pytest.raises(SetupError, match="did you mean 'pooled'"):
        reading_named("poled")
