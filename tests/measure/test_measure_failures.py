"""What cannot be measured fails alone: a model, a data set, an image, a condition."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from colour_data import cell, fake, write_colours

from robustcheck.datasets.decoding import read_image_file
from robustcheck.errors import DataError, DataMissing, ModelError
from robustcheck.measure import (
    Bench,
    MeasureSettings,
    kept_scores,
    measure_cells,
    measuring,
    readiness,
    stored_score,
)
from robustcheck.measure.memo import NotStored
from robustcheck.models.fake import FakeZeroShot
from robustcheck.values import Cell, ModelRef, Quantity, Score


@pytest.fixture(scope="module")
def colours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_colours(tmp_path_factory.mktemp("colours"), 200)


@pytest.fixture
def settings(tmp_path: Path) -> MeasureSettings:
    return MeasureSettings(store=tmp_path / "store", batch_size=50, workers=2)


def test_stored_score_is_none_for_what_is_not_there(colours, settings, tmp_path):
    assert stored_score(cell(fake(), colours), settings) is None
    assert stored_score(cell(fake(), tmp_path / "none"), settings) is None
    missing = ModelRef("x", "openclip:ViT-B-32@x.pt", "openclip-file", "ViT-B-32", str(tmp_path / "x.pt"))
    assert stored_score(cell(missing, colours), settings) is None


def test_a_model_that_fails_fails_alone(colours, settings):
    bad, good = cell(fake("nothing"), colours), cell(fake(), colours)
    found = measure_cells([bad, good], settings)
    assert isinstance(found[bad], ModelError)
    assert isinstance(found[good], Score)


def test_a_model_that_returns_nan_fails_alone_in_mid_pass(colours, settings, monkeypatch):
    encode = FakeZeroShot.encode_images

    def spoil(self, batch):
        outputs = encode(self, batch)
        return outputs * np.nan if self.seed == "bad" and len(self.batches) == 3 else outputs

    monkeypatch.setattr(FakeZeroShot, "encode_images", spoil)
    bad, good = cell(fake(seed="bad"), colours), cell(fake(), colours)
    found = measure_cells([bad, good], settings)
    assert isinstance(found[bad], ModelError)
    assert "NaN" in str(found[bad])
    assert isinstance(found[good], Score)


def test_a_data_set_that_fails_fails_alone(colours, settings, tmp_path):
    broken = write_colours(tmp_path / "broken", 30)
    (broken / "red" / "00003.png").write_bytes(b"not an image")
    missing, bad, good = cell(fake(), tmp_path / "no" / "where"), cell(fake(), broken), cell(fake(), colours)
    found = measure_cells([missing, bad, good], settings)
    assert isinstance(found[missing], DataMissing)
    assert isinstance(found[bad], DataError)
    assert "00003.png" in str(found[bad])
    assert isinstance(found[good], Score)


def test_an_empty_slice_is_an_error(colours, settings):
    one = cell(fake(), colours, where=(("class", "purple"),))
    assert isinstance(measure_cells([one], settings)[one], DataError)


def test_a_classifier_is_scored_by_its_own_classes(colours, settings):
    one = cell(fake("classifier"), colours)
    score = measure_cells([one], settings)[one]
    assert isinstance(score, Score)
    assert score.value > 0.6
    assert "prompts" not in dict(score.provenance)


def test_one_image_that_does_not_fit_is_an_error(colours, settings, monkeypatch):
    def never(self, batch):
        raise MemoryError("out of memory")

    monkeypatch.setattr(FakeZeroShot, "encode_images", never)
    one = cell(fake(), colours)
    found = measure_cells([one], settings)[one]
    assert isinstance(found, ModelError)
    assert "one image does not fit the device (out of memory)" in str(found)
    assert "--robust-device" in str(found)


@pytest.mark.parametrize("spoilt", ["load", "open"])
def test_memory_that_runs_out_while_images_are_read_is_an_error_in_words(colours, settings, monkeypatch, spoilt):
    def short(*_):
        raise MemoryError

    place = {"load": "PIL.ImageFile.ImageFile.load", "open": "robustcheck.datasets.decoding.open_regular"}[spoilt]
    monkeypatch.setattr(place, short)
    one, other = cell(fake(), colours), cell(fake(seed="b"), colours)
    found = measure_cells([one, other], settings)
    for each in (one, other):
        assert "memory ran out" in str(found[each])
        assert "--robust-workers 1" in str(found[each])


def test_memory_that_runs_out_while_a_score_is_worked_out_is_an_error_of_its_cell(colours, settings, monkeypatch):
    def short(one, recipes, memo):
        raise (MemoryError if memo.model_of else NotStored(recipes[0].outputs))

    monkeypatch.setattr(measuring, "score_cell", short)
    one = cell(fake(), colours)
    assert str(measure_cells([one], settings)[one]).startswith(f"top1 on {colours}: memory ran out (MemoryError)")


def test_an_image_takes_no_more_room_than_its_file(tmp_path):
    path = tmp_path / "image"
    path.write_bytes(bytes(1000))
    tracemalloc.start()
    assert len(read_image_file(path)) == 1000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**20


def test_the_quantity_names_its_own_data_set_in_errors(settings, colours):
    one = Cell(fake(), Quantity("top1", str(colours), (("class", "mauve"),)))
    assert "mauve" in str(measure_cells([one], settings)[one])


def test_a_kept_error_does_not_gather_the_frames_of_every_raise(settings, tmp_path):
    bench, missing = Bench(settings), cell(fake(), tmp_path / "no" / "where")

    def depth() -> int:
        with pytest.raises(DataMissing) as raised:
            bench.recipes(missing)
        return len(raised.traceback)

    depths = {depth() for _ in range(4)}
    assert len(depths) <= 2
    assert max(depths) < 20


class Idle:
    """An engine that does nothing and says that all went well."""

    def run(self, jobs, crew, on_progress):
        return {}


def test_outputs_that_get_lost_while_measuring_are_said(colours, settings):
    found = Bench(settings, Idle()).measure(cell(fake(), colours))
    assert isinstance(found, ModelError)
    assert found.found == "its outputs were lost from the store while measuring"
    assert (found.where, found.fix) == ("fake:zero-shot", "run again")


def test_a_mate_that_cannot_be_made_ready_fails_alone_and_is_not_tried_again(colours, settings, monkeypatch):
    good, mate = cell(fake(), colours), cell(fake("classifier"), colours)
    made_ready, asked = readiness.require_capability, []

    def refuse(recipe):
        asked.append(recipe.ref.id)
        if recipe.ref == mate.model:
            raise ModelError("it has no image tower")
        made_ready(recipe)

    monkeypatch.setattr(readiness, "require_capability", refuse)
    bench = Bench(settings)
    assert isinstance(bench.measure(good, [mate]), Score)
    found = bench.measure(mate)
    assert isinstance(found, ModelError)
    assert found.found == "it has no image tower"
    assert asked.count(mate.model.id) == 1


def test_samples_of_the_last_few_cells_are_kept_and_the_others_are_read(colours, settings, monkeypatch):
    monkeypatch.setattr(kept_scores, "FRESH_SAMPLES", 250)
    bench = Bench(settings)
    cells = [cell(fake(), colours, metric) for metric in ("top1", "top5")]
    first, second = (bench.measure(each) for each in cells)
    assert first.samples is not None
    assert bench.look_up(cells[0]).samples is None
    assert bench.look_up(cells[1]).samples is second.samples
    again = bench.samples(cells[0])
    assert np.array_equal(again.scores, first.samples.scores)
