"""Forty checks on one data set decode and encode each image once; what they take is for the benchmark to tell."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import pytest
from colour_data import fake

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def forty(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("forty_checks")


def test_forty_checks_cost_one_pass(forty: ModuleType, tmp_path: Path) -> None:
    cells = forty.forty_cells(fake())
    assert len(cells) == len(set(cells)) == 40
    first, _ = forty.measured(cells[:1], tmp_path / "first")
    assert first == {"decoded": 800, "encoded": 800}
    every, _ = forty.measured(cells, tmp_path / "forty")
    # The 800 drawn shapes and the 200 unseen ones, once each.
    assert every == {"decoded": 1000, "encoded": 1000}
    again, _ = forty.measured(cells, tmp_path / "forty")
    assert again == {}


def test_more_checks_than_the_first_need_no_image_again(forty: ModuleType, tmp_path: Path) -> None:
    cells = [cell for cell in forty.forty_cells(fake()) if cell.quantity.dataset == forty.DATASET]
    forty.measured(cells[:1], tmp_path)
    rest, _ = forty.measured(cells[1:], tmp_path)
    assert len(cells) == 28
    assert rest == {}
