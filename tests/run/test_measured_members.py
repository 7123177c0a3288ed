"""The models of a run as members of groups: what is measured of them, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from factories import TODAY, live_score, make_check, make_item

from robustcheck.errors import DataError, RecordError, RobustcheckError
from robustcheck.judge import GroupCase, judge
from robustcheck.run.evidence import EvidenceBook
from robustcheck.run.members import gather_groups
from robustcheck.run.plan import plan_suite
from robustcheck.values import Cell, ModelRef, Quantity, Samples, Score
from robustcheck.values.expectations import Improves

R = Quantity("top1", "imagenet-r")
MODELS = [ModelRef(f"m{index}", f"x:m{index}", "openclip", "v") for index in range(6)]
EVERY = Improves.model_validate({"than": {"metric": "top1", "dataset": "imagenet-val"}, "every": True})


class Told:
    """A book with the scores of a run, whose samples the store has."""

    def __init__(self, found: Callable[[Cell], Any], kept: dict[Cell, Samples]) -> None:
        self.found, self.kept = found, kept
        self.bench = SimpleNamespace(samples=kept.__getitem__)

    def scores(self, cells: tuple[Cell, ...]) -> dict[Cell, Any]:
        return {cell: self.found(cell) for cell in cells}


def gathered(found: Callable[[Cell], Any]) -> GroupCase:
    suite = make_item(make_check(EVERY, quantity=R)).suite
    [item] = plan_suite(suite, MODELS, lambda check, model: True, lambda text: MODELS[0]).items
    kept = {cell: samples for cell in item.cells if (samples := measured(cell).samples) is not None}
    return gather_groups(item, cast(EvidenceBook, Told(found, kept)), TODAY)


def measured(cell: Cell) -> Score:
    """Return 400 answers; on imagenet-r the same ones and 40 more are right."""
    right = np.arange(400) % 2
    return live_score(np.where(np.arange(400) % 10 == 0, 1, right) if cell.quantity == R else right, cell.quantity)


def stored(cell: Cell) -> Score:
    """Return a score as a run that measured earlier has left it: without its samples."""
    score = measured(cell)
    return replace(score, cell=cell, samples=None)


def test_pairs_take_the_samples_that_the_store_has_kept() -> None:
    case = gathered(stored)
    assert all(pair.before[0].of_y.samples is not None for pair in case.pairs)
    verdict = judge(case)
    assert (verdict.status, verdict.compared) == ("pass", pytest.approx(0.1))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda score: replace(score, n=0), "only 0 samples: too few to judge top1 on imagenet-r"),
        (lambda score: replace(score, value=float("nan")), "top1 on imagenet-r of m2 is nan, not a number"),
    ],
)
def test_a_score_that_cannot_be_judged_is_refused(change: Callable[[Score], Score], said: str) -> None:
    def found(cell: Cell) -> Score:
        score = replace(measured(cell), cell=cell)
        return change(score) if cell == Cell(MODELS[2], R) else score

    with pytest.raises(RecordError) as caught:
        gathered(found)
    assert caught.value.found == said


def test_broken_data_are_not_left_out_in_silence() -> None:
    def found(cell: Cell) -> Score | RobustcheckError:
        return DataError("labels.csv has no column label") if cell.model == MODELS[2] else stored(cell)

    with pytest.raises(DataError, match="no column label"):
        gathered(found)
