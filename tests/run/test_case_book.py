"""What a case holds: the figure that is reproduced, and one point of each network of a population."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from factories import TODAY, live_score, make_check, make_item

from robustcheck.errors import RecordError
from robustcheck.models.model_sets import resolve_models
from robustcheck.run.cases import CaseBook
from robustcheck.run.evidence import EvidenceBook
from robustcheck.values import Cell, Quantity, Score
from robustcheck.values.checks import PlannedCheck
from robustcheck.values.expectations import Expectation, NoWorseThan, OnTrend, Reproduces

[MODEL] = resolve_models(["openclip:ViT-B-32/openai"])
V2 = Quantity("top1", "imagenet-v2")
FIGURE = 0.5592


class Told:
    """A book of evidence that measures what is asked for live, and says so."""

    choice = "auto"

    def __init__(self) -> None:
        self.bench = SimpleNamespace(settings=SimpleNamespace(precision="fp32"))
        self.asked: list[tuple[str, bool]] = []

    def score(self, cell: Cell, *, live: bool = False) -> Score:
        self.asked.append((cell.quantity.dataset, live))
        return live_score(np.arange(100) < 56, cell.quantity, cell.model)

    def covariance(self, score: Score, other: Score) -> float:
        return 0.0


def case_book(told: Told, directory: Path) -> CaseBook:
    return CaseBook(cast(EvidenceBook, told), directory, directory, TODAY)


def planned(expect: Expectation, *others: Cell, quantity: Quantity = V2) -> PlannedCheck:
    item = make_item(make_check(expect, quantity=quantity), MODEL)
    return replace(item, cells=(*item.cells, *others))


def test_what_reproduces_a_figure_is_measured_and_held_against_it(tmp_path: Path) -> None:
    told = Told()
    case = case_book(told, tmp_path).gather_model(planned(Reproduces.model_validate({"within": "1pp"})))
    assert told.asked == [("imagenet-v2", True)]
    assert case.reference is not None
    assert (case.reference.value, case.reference.evidence) == (FIGURE, "published")
    assert case.reference_name == "the published figure"
    assert case.score.value == 0.56
    # A figure has no samples to pair with.
    assert case.difference is None


def test_a_figure_that_no_table_has_is_asked_for_by_its_population(tmp_path: Path) -> None:
    expect = Reproduces.model_validate({"within": "1pp"})
    with pytest.raises(RecordError) as caught:
        case_book(Told(), tmp_path).gather_model(planned(expect, quantity=Quantity("top1", "digits")))
    assert caught.value.found == "no published figure for top1 on digits of ViT-B-32/openai"
    assert caught.value.where == "the shipped populations"
    assert "reproduces: {population: figures.csv" in caught.value.fix


def test_of_a_network_that_a_population_lists_twice_the_row_at_its_own_size_counts(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    lines = ["model,dataset,metric,value,n,size,network"]
    for name, x, y, size in (("a/288", 0.7, 0.6, "test"), ("a", 0.6, 0.5, "train"), ("b", 0.5, 0.4, "train")):
        lines += [f"{name},imagenet-val,top1,{x},50000,{size},{name[0]}"]
        lines += [f"{name},imagenet-v2,top1,{y},10000,{size},{name[0]}"]
    path.write_text("\n".join(lines) + "\n")
    against = {"metric": "top1", "dataset": "imagenet-val"}
    expect = OnTrend.model_validate({"population": str(path), "against": against, "allowed_below": "1pp"})
    points = case_book(Told(), tmp_path).load_points(planned(expect))
    assert points is not None
    assert [(point.model, point.x, point.y) for point in points.points] == [("a", 0.6, 0.5), ("b", 0.5, 0.4)]


@pytest.mark.parametrize(("metric", "names_others"), [("top1", False), ("estimated_accuracy", True)])
def test_what_cannot_be_paired_says_that_both_need_the_same_other_models(
    tmp_path: Path, metric: str, names_others: bool
) -> None:
    def refuse(*_: object) -> None:
        raise ValueError("the two measurements do not hold the same samples")

    told, quantity = Told(), Quantity(metric, "imagenet-v2")
    told.bench.difference = refuse
    expect = NoWorseThan.model_validate({"model": "openclip:RN50/openai", "allowed_drop": "1pp"})
    other = Cell(resolve_models(["openclip:RN50/openai"])[0], quantity)
    with pytest.raises(RecordError) as caught:
        case_book(told, tmp_path).gather_model(planned(expect, other, quantity=quantity))
    assert ("name in 'with' neither of the two models" in caught.value.fix) == names_others
    assert "bless a run on the data set as it is now" in caught.value.fix
