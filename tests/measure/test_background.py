"""Models whose device works in the background: one batch is under way while the next is prepared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from colour_data import cell, fake, write_colours

from robustcheck.measure import Bench, MeasureSettings
from robustcheck.models.fake import FakeZeroShot
from robustcheck.values import ModelRef, Score

N = 600


@dataclass
class Background(FakeZeroShot):
    """A fake that makes nothing before it is asked; ``fits`` rows fit its device, and ``fails`` when asked so often."""

    runs_in_background: bool = True
    fits: int = 10**6
    fails: int = 0
    when: str = "begun"
    log: list[str] = field(default_factory=list)
    asked: int = 0

    def begin_outputs(self, crops: Sequence[Any]) -> Callable[[], Any]:
        self.log.append(f"begin {len(crops)}")
        self._require_room(crops, "begun")
        return lambda: self._made(crops)

    def _made(self, crops: Sequence[Any]) -> Any:
        self.log.append(f"ask {len(crops)}")
        self.asked += 1
        if self.asked == self.fails:
            raise RuntimeError("an illegal memory access was encountered")
        self._require_room(crops, "asked")
        return self.encode_images(crops)

    def _require_room(self, crops: Sequence[Any], when: str) -> None:
        if self.when == when and len(crops) > self.fits:
            raise MemoryError("CUDA out of memory")


@pytest.fixture(scope="module")
def colours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_colours(tmp_path_factory.mktemp("colours"), N, noise=120)


def measured(store: Path, colours: Path, models: dict[str, FakeZeroShot], batch_size: int = 256) -> dict[str, object]:
    def load(ref: ModelRef, device: str, precision: str) -> FakeZeroShot:
        return models[ref.weights or ""]

    bench = Bench(MeasureSettings(store=store, batch_size=batch_size, workers=1), load=load)
    cells = {seed: cell(fake(seed=seed), colours) for seed in models}
    found = bench.measure_all(list(cells.values()))
    return {seed: found[one] for seed, one in cells.items()}


def value(found: object) -> float:
    assert isinstance(found, Score), found
    return found.value


def expected(tmp_path: Path, colours: Path) -> float:
    return value(measured(tmp_path / "plain", colours, {"a": FakeZeroShot("a")})["a"])


def test_a_batch_is_begun_before_the_last_one_is_asked_for(tmp_path: Path, colours: Path) -> None:
    model = Background("a")
    assert value(measured(tmp_path / "late", colours, {"a": model})["a"]) == expected(tmp_path, colours)
    assert model.log == ["begin 256", "begin 256", "ask 256", "begin 88", "ask 256", "ask 88"]


def test_a_model_that_works_at_once_is_asked_at_once(tmp_path: Path, colours: Path) -> None:
    model = Background("a", runs_in_background=False)
    measured(tmp_path, colours, {"a": model})
    assert model.log == ["begin 256", "ask 256", "begin 256", "ask 256", "begin 88", "ask 88"]


@pytest.mark.parametrize("when", ["begun", "asked"])
def test_a_batch_that_does_not_fit_is_halved_and_nothing_is_lost(tmp_path: Path, colours: Path, when: str) -> None:
    model = Background("a", fits=50, when=when)
    found = measured(tmp_path / "late", colours, {"a": model})
    assert value(found["a"]) == expected(tmp_path, colours)
    assert max(model.batches) == 32


def test_where_one_image_does_not_fit_the_model_fails_and_spares_the_others(tmp_path: Path, colours: Path) -> None:
    found = measured(tmp_path / "late", colours, {"a": Background("a"), "b": Background("b", fits=0)})
    assert "one image does not fit the device" in str(found["b"])
    assert value(found["a"]) == expected(tmp_path, colours)


@pytest.mark.parametrize("fails", [1, 2, 3])
def test_what_goes_wrong_in_the_background_spares_the_others(tmp_path: Path, colours: Path, fails: int) -> None:
    found = measured(tmp_path / "late", colours, {"a": Background("a", fails=fails), "b": Background("b")})
    assert "illegal memory access" in str(found["a"])
    plain = value(measured(tmp_path / "plain", colours, {"b": FakeZeroShot("b")})["b"])
    assert value(found["b"]) == plain


@dataclass
class Sized(FakeZeroShot):
    """A fake that says what it takes in memory."""

    memory_bytes: int = 0


def test_models_are_dropped_when_the_card_has_no_room(tmp_path: Path, colours: Path) -> None:
    loaded: list[str] = []

    def load(ref: ModelRef, device: str, precision: str) -> FakeZeroShot:
        loaded.append(ref.weights or "")
        return Sized(ref.weights or "", memory_bytes=100)

    def loads(budget: int, free: int | None) -> list[str]:
        loaded.clear()
        bench = Bench(MeasureSettings(store=tmp_path, memory_budget=budget), load=load)
        bench.models.free_memory = lambda device: free
        for seed in "abab":
            bench.models.get(fake(seed=seed))
        return list(loaded)

    assert loads(1000, None) == ["a", "b"]
    assert loads(1000, 0) == ["a", "b"], "fakes have no weights to make room for"
    assert loads(1000, -1) == ["a", "b", "a", "b"]
    assert loads(99, None) == ["a", "b", "a", "b"]


def test_a_tower_is_compiled_only_where_that_is_asked_for(tmp_path: Path) -> None:
    calls: list[dict[str, object]] = []

    class Tower:
        def compile(self, **options: object) -> None:
            calls.append(options)

    class WithTower(FakeZeroShot):
        image_tower = Tower()

    def load(ref: ModelRef, device: str, precision: str) -> FakeZeroShot:
        return WithTower("a")

    for compiled in (False, True):
        Bench(MeasureSettings(store=tmp_path, compiled=compiled), load=load).models.get(fake())
    assert calls == [{"dynamic": True}]


def test_rows_of_a_late_batch_are_those_of_its_images(tmp_path: Path, colours: Path) -> None:
    """Two models, small batches, pieces of several sizes: every row lands at its image."""
    models = {"a": Background("a", fits=7), "b": Background("b", fits=20, when="asked")}
    found = measured(tmp_path / "late", colours, dict(models), batch_size=30)
    plain = measured(tmp_path / "plain", colours, {seed: FakeZeroShot(seed) for seed in "ab"}, batch_size=30)
    for seed in "ab":
        assert value(found[seed]) == value(plain[seed])
    stored = [sorted((tmp_path / store).rglob("*.safetensors")) for store in ("late", "plain")]
    assert [path.name for path in stored[0]] == [path.name for path in stored[1]]
    assert np.isfinite([value(found[seed]) for seed in "ab"]).all()
