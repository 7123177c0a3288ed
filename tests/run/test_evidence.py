"""Evidence: what a score rests on, and that measuring is shared."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from factories import live_score

from robustcheck.errors import DataMissing, ModelError, RobustcheckError
from robustcheck.measure import MeasureSettings
from robustcheck.models.sets import resolve_models
from robustcheck.run import evidence
from robustcheck.run.evidence import EvidenceBook, published_score
from robustcheck.values import Cell, EvidenceChoice, Quantity, Score

FIRST, SECOND = resolve_models(["openclip:ViT-B-32/openai", "openclip:ViT-B-16/openai"])
V2, R, DIGITS = (Quantity("top1", name) for name in ("imagenet-v2", "imagenet-r", "digits"))
TOP5 = Quantity("top5", "digits")
FIGURE = 0.5592  # of the first model on ImageNet-V2


class Machine:
    """A stand-in for store and models: what is stored, what measuring gives, and how often it was asked."""

    def __init__(self) -> None:
        self.stored: dict[Cell, Score] = {}
        self.broken: dict[Cell, RobustcheckError] = {}
        self.passes: list[tuple[Cell, ...]] = []
        self.lookups: list[Cell] = []

    def stored_score(self, cell: Cell, *_: object) -> Score | None:
        self.lookups.append(cell)
        return self.stored.get(cell)

    def measure_cells(self, cells: Sequence[Cell], *_: object) -> dict[Cell, Score | RobustcheckError]:
        self.passes.append(tuple(cells))
        return {cell: self.broken.get(cell) or live(cell) for cell in cells}


def live(cell: Cell) -> Score:
    return live_score(np.array([1, 0, 1, 1]), cell.quantity, cell.model)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine()
    monkeypatch.setattr(evidence, "stored_score", machine.stored_score)
    monkeypatch.setattr(evidence, "measure_cells", machine.measure_cells)
    return machine


def book(tmp_path: Path, choice: EvidenceChoice = "auto", *planned: Cell, **more: object) -> EvidenceBook:
    settings = MeasureSettings(store=tmp_path / "store")
    return EvidenceBook(settings, choice, planned=planned, **more)  # type: ignore[arg-type]


def test_auto_takes_the_stores_own_measurement_first(machine: Machine, tmp_path: Path) -> None:
    cell = Cell(FIRST, V2)
    machine.stored[cell] = live(cell)
    assert book(tmp_path).score(cell) == live(cell)
    assert machine.passes == []


def test_auto_takes_the_published_figure_before_measuring(machine: Machine, tmp_path: Path) -> None:
    score = book(tmp_path).score(Cell(FIRST, V2))
    assert (score.evidence, score.value, score.n) == ("published", FIGURE, 10_000)
    assert machine.passes == []


def test_auto_measures_what_is_neither_stored_nor_published(machine: Machine, tmp_path: Path) -> None:
    cell = Cell(FIRST, DIGITS)
    assert book(tmp_path).score(cell) == live(cell)
    assert machine.passes == [(cell,)]


def test_live_ignores_figures(machine: Machine, tmp_path: Path) -> None:
    cell = Cell(FIRST, V2)
    assert book(tmp_path, "live").score(cell).evidence == "live"
    assert machine.passes == [(cell,)]


def test_published_neither_measures_nor_looks_into_the_store(machine: Machine, tmp_path: Path) -> None:
    known, unknown = Cell(FIRST, V2), Cell(FIRST, DIGITS)
    machine.stored = {known: live(known), unknown: live(unknown)}
    published = book(tmp_path, "published", known, unknown)
    assert published.score(known).value == FIGURE
    with pytest.raises(DataMissing, match="no published figure for top1 on digits of ViT-B-32/openai"):
        published.score(unknown)
    assert machine.passes == machine.lookups == []


@pytest.mark.parametrize("quantity", [V2, DIGITS])
def test_published_does_not_measure_for_a_check_that_needs_a_measurement(
    machine: Machine, tmp_path: Path, quantity: Quantity
) -> None:
    with pytest.raises(DataMissing, match="published evidence alone was asked for"):
        book(tmp_path, "published").score(Cell(FIRST, quantity), live=True)
    assert machine.passes == []


def test_one_pass_measures_all_planned_cells_of_a_data_set(machine: Machine, tmp_path: Path) -> None:
    cells = [Cell(model, quantity) for model in (FIRST, SECOND) for quantity in (DIGITS, TOP5)]
    shared = book(tmp_path, "live", *cells, Cell(FIRST, V2))
    for cell in (*cells, *cells):
        assert shared.score(cell) == live(cell)
    assert machine.passes == [tuple(cells)]
    shared.score(Cell(FIRST, V2))
    assert machine.passes[1:] == [(Cell(FIRST, V2),)]


def test_a_cell_that_was_not_planned_is_measured_with_those_that_were(machine: Machine, tmp_path: Path) -> None:
    planned, extra = Cell(FIRST, DIGITS), Cell(SECOND, DIGITS)
    book(tmp_path, "live", planned).score(extra)
    assert machine.passes == [(extra, planned)]


def test_a_pass_leaves_out_what_is_known(machine: Machine, tmp_path: Path) -> None:
    stored, published, lacking = Cell(FIRST, R), Cell(SECOND, R), Cell(FIRST, Quantity("top5", "imagenet-r"))
    machine.stored[stored] = live(stored)
    book(tmp_path, "auto", stored, published, lacking).score(lacking)
    assert machine.passes == [(lacking,)]


def test_a_worker_measures_its_own_model_only(machine: Machine, tmp_path: Path) -> None:
    mine, others = Cell(FIRST, DIGITS), Cell(SECOND, DIGITS)
    worker = book(tmp_path, "live", mine, Cell(FIRST, TOP5), others)
    worker.own_model_only = True
    worker.score(mine)
    assert machine.passes == [(mine, Cell(FIRST, TOP5))]


def test_cells_that_figures_will_not_do_for_share_one_pass(machine: Machine, tmp_path: Path) -> None:
    cells = (Cell(FIRST, V2), Cell(SECOND, V2))
    shared = book(tmp_path, "auto", *cells, planned_live=frozenset(cells))
    assert [shared.score(cell, live=True).evidence for cell in cells] == ["live", "live"]
    assert machine.passes == [cells]


@pytest.mark.parametrize("first", [True, False])
def test_the_order_of_checks_does_not_change_the_evidence(machine: Machine, tmp_path: Path, first: bool) -> None:
    cell = Cell(FIRST, V2)
    shared = book(tmp_path, "auto", cell, planned_live=frozenset([cell]))
    assert {shared.score(cell, live=how).evidence for how in (first, not first)} == {"live"}


def test_a_figure_stands_where_the_measurement_that_one_check_needs_cannot_be_made(
    machine: Machine, tmp_path: Path
) -> None:
    cell = Cell(FIRST, V2)
    machine.broken[cell] = DataMissing("not here")
    shared = book(tmp_path, "auto", cell, planned_live=frozenset([cell]))
    with pytest.raises(DataMissing, match=r"^not here$"):
        shared.score(cell, live=True)
    assert shared.score(cell).value == FIGURE
    assert len(machine.passes) == 1


def test_an_error_is_the_cells_own_and_is_not_tried_again(machine: Machine, tmp_path: Path) -> None:
    good, bad = Cell(FIRST, DIGITS), Cell(SECOND, DIGITS)
    machine.broken[bad] = ModelError("broken")
    shared = book(tmp_path, "live", good, bad)
    for _ in range(2):
        with pytest.raises(ModelError, match="broken"):
            shared.score(bad)
    assert shared.score(good) == live(good)
    assert machine.passes == [(bad, good)]


def test_missing_data_say_that_no_figure_stands_in_only_where_one_would_have(machine: Machine, tmp_path: Path) -> None:
    cell = Cell(FIRST, DIGITS)
    machine.broken[cell] = DataMissing("not here", where="digits", fix="put it there")
    with pytest.raises(DataMissing, match="no published figure stands in") as auto:
        book(tmp_path).score(cell)
    assert (auto.value.where, auto.value.fix) == ("digits", "put it there")
    with pytest.raises(DataMissing) as alone:
        book(tmp_path, "live").score(cell)
    assert "published" not in str(alone.value)


def test_a_published_score_says_where_it_comes_from() -> None:
    score = published_score(Cell(FIRST, V2))
    assert score is not None
    assert score.low < FIGURE < score.high
    assert score.samples is None
    assert {"licence", "date", "class set"} == set(dict(score.provenance))
    assert published_score(Cell(FIRST, V2), "openclip") == score
    assert published_score(Cell(FIRST, V2), "timm") is None
    assert published_score(Cell(FIRST, Quantity("top1", "imagenet-v2", transform="contrast:1"))) is None
