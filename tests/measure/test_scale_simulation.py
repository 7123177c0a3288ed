"""The simulation of the scheduler agrees with what can be worked out by hand."""

from __future__ import annotations

import importlib
import math
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def scale(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    module = importlib.import_module("scale")
    monkeypatch.setattr(module, "SLOW_SHARE", 0.0)
    return module


@pytest.mark.parametrize("are_shared", [True, False])
@pytest.mark.parametrize(("lines", "workers", "rounds"), [(12, 4, 3), (13, 4, 4), (3, 4, 1)])
def test_equal_workers_that_never_die(
    scale: ModuleType, are_shared: bool, lines: int, workers: int, rounds: int
) -> None:
    found = scale.simulate(lines, workers, 10.0, np.random.default_rng(1), are_shared=are_shared, mtbf=math.inf)
    assert found.seconds == rounds * 10.0
    assert found.lost == 0
    assert found.idle == pytest.approx(1 - lines / (workers * rounds))


def test_a_slow_worker_keeps_only_given_parts_waiting(scale: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scale, "SLOW_SHARE", 0.25)
    rng = np.random.default_rng(3)
    slow = np.random.default_rng(3).random(8) < 0.25
    assert 0 < slow.sum() < 8
    given = scale.simulate(800, 8, 1.0, rng, are_shared=False, mtbf=math.inf)
    assert given.seconds == pytest.approx(100 * scale.SLOW_FACTOR)
    shared = scale.simulate(800, 8, 1.0, np.random.default_rng(3), are_shared=True, mtbf=math.inf)
    pace = (~slow).sum() + slow.sum() / scale.SLOW_FACTOR
    assert 800 / pace <= shared.seconds <= 800 / pace + 2 * scale.SLOW_FACTOR


def test_deaths_cost_half_a_chunk_and_a_restart_each(scale: ModuleType) -> None:
    found = scale.simulate(4000, 1, 16.0, np.random.default_rng(5), are_shared=True, mtbf=160.0)
    deaths = (found.seconds - 4000 * 16.0) / (scale.RESTART_SECONDS + 0.5)
    # 400 are expected: five standard deviations of a Poisson count.
    assert abs(deaths - 400) < 100
    assert found.lost == pytest.approx(deaths * 0.5 / (4000 * 16.0 + deaths * 0.5))
