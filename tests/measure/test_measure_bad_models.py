"""One bad model spares the others: whatever loading, tokenising or running it raises is its own error, in words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from colour_data import cell, fake, write_colours

from robustcheck.errors import ModelError
from robustcheck.measure import Bench, MeasureSettings
from robustcheck.models.encoders import LoadedModel
from robustcheck.models.fake import FakeZeroShot, load_fake
from robustcheck.models.geometry import Geometry
from robustcheck.values import ModelRef, Score

RAISED = [
    IndexError("index out of range"),
    ValueError("bad"),
    KeyError("mean"),
    AssertionError(),
    ZeroDivisionError("0"),
]


@pytest.fixture(scope="module")
def colours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_colours(tmp_path_factory.mktemp("colours"), 30)


class Spoilt(FakeZeroShot):
    """A fake that fails at one place."""

    def __init__(self, place: str, error: Exception) -> None:
        super().__init__(seed="bad")
        self.place, self.error = place, error
        if place == "a crop":
            self.geometry = Geometry("spoilt", self._crop)

    def _crop(self, image: object) -> object:
        raise self.error

    def encode_images(self, crops: object) -> object:
        if self.place == "the image tower":
            raise self.error
        return super().encode_images(crops)

    def encode_texts(self, texts: list[str]) -> object:
        if self.place == "the text tower":
            raise self.error
        return super().encode_texts(texts)


def bench_with(place: str, error: Exception, store: Path) -> Bench:
    def load(ref: ModelRef, device: str, precision: str) -> LoadedModel:
        if ref.weights != "bad":
            return load_fake(ref, device, precision)
        if place == "loading":
            raise error
        return Spoilt(place, error)

    return Bench(MeasureSettings(store=store, batch_size=8, workers=1), load=load)


@pytest.mark.parametrize("error", RAISED, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("place", ["loading", "the text tower", "the image tower", "a crop"])
def test_what_a_model_raises_is_its_own_error(place: str, error: Exception, colours: Path, tmp_path: Path) -> None:
    bad, good = cell(fake(seed="bad"), colours), cell(fake(), colours)
    found = bench_with(place, error, tmp_path).measure_all([bad, good])
    assert isinstance(found[bad], ModelError)
    assert found[bad].__cause__ is error
    assert str(found[bad]).startswith("fake:zero-shot: ")
    assert type(error).__name__ in str(found[bad])
    assert isinstance(found[good], Score)


def test_a_model_that_returns_too_few_rows_is_an_error(colours, tmp_path, monkeypatch):
    encode = FakeZeroShot.encode_images
    monkeypatch.setattr(FakeZeroShot, "encode_images", lambda self, crops: encode(self, crops)[:-1])
    one = cell(fake(), colours)
    found = Bench(MeasureSettings(store=tmp_path)).measure(one)
    assert "rows for" in str(found)


def test_a_text_tower_that_runs_out_of_memory_gets_smaller_batches(colours, tmp_path, monkeypatch):
    one, sizes = cell(fake(), colours), []
    whole = Bench(MeasureSettings(store=tmp_path / "whole")).measure(one)
    encode = FakeZeroShot.encode_texts

    def two_at_most(self: FakeZeroShot, texts: list[str]) -> np.ndarray:
        sizes.append(len(texts))
        if len(texts) > 2:
            raise RuntimeError("CUDA out of memory. Tried to allocate 20.00 MiB")
        return encode(self, texts)

    monkeypatch.setattr(FakeZeroShot, "encode_texts", two_at_most)
    found = Bench(MeasureSettings(store=tmp_path / "halved")).measure(one)
    assert isinstance(found, Score)
    assert found.value == whole.value
    assert max(sizes) > 2 >= sizes[-1]


def test_one_text_that_does_not_fit_is_said(colours, tmp_path, monkeypatch):
    def never(self: FakeZeroShot, texts: list[str]) -> np.ndarray:
        raise MemoryError("out of memory")

    monkeypatch.setattr(FakeZeroShot, "encode_texts", never)
    found = Bench(MeasureSettings(store=tmp_path)).measure(cell(fake(), colours))
    assert isinstance(found, ModelError)
    assert "one text does not fit the device" in str(found)


def loading_with(errors: Iterator[Exception | None], store: Path) -> Bench:
    def load(ref: ModelRef, device: str, precision: str) -> LoadedModel:
        error = next(errors)
        if error is not None:
            raise error
        return load_fake(ref, device, precision)

    return Bench(MeasureSettings(store=store), load=load)


def test_a_model_that_does_not_fit_beside_others_is_loaded_alone(colours, tmp_path):
    bench = loading_with(iter([None, MemoryError("no room"), None]), tmp_path)
    bench.models.get(fake())
    assert isinstance(bench.models.get(fake(seed="b")), FakeZeroShot)


def test_a_model_that_never_fits_is_said_to_need_memory(tmp_path):
    full = RuntimeError("[enforce fail at alloc_cpu.cpp:114] . DefaultCPUAllocator: can't allocate memory")
    bench = loading_with(iter([full, full]), tmp_path)
    with pytest.raises(ModelError, match="its weights do not fit into memory") as found:
        bench.models.get(fake())
    assert "architecture" not in str(found.value)


def test_weights_that_are_replaced_while_they_are_loaded_are_found(tmp_path, monkeypatch):
    from robustcheck.measure import loaded_models

    stamps = iter([{"weights": ("a", 1, 1, 1, 1)}, {"weights": ("a", 1, 2, 1, 1)}])
    monkeypatch.setattr(loaded_models, "weights_stamps", lambda ref: next(stamps))
    with pytest.raises(ModelError, match="the checkpoint changed while it was being read"):
        Bench(MeasureSettings(store=tmp_path)).models.get(fake())
