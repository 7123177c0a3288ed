"""Evidence: what a score rests on, and that measuring is shared."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from factories import live_score, make_check, make_item

from robustcheck.errors import DataMissing, ModelError, RobustcheckError
from robustcheck.models.model_sets import resolve_models
from robustcheck.run.evidence import EvidenceBook, cells_without_figure, published_score
from robustcheck.values import Cell, EvidenceChoice, Quantity, Score
from robustcheck.values.expectations import AtLeast, Reproduces

FIRST, SECOND = resolve_models(["openclip:ViT-B-32/openai", "openclip:ViT-B-16/openai"])
V2, R, DIGITS = (Quantity("top1", name) for name in ("imagenet-v2", "imagenet-r", "digits"))
TOP5 = Quantity("top5", "digits")
FIGURE = 0.5592  # of the first model on ImageNet-V2


class Machine:
    """A stand-in for the bench: what is stored, what measuring gives, and how often it was asked."""

    def __init__(self) -> None:
        self.stored: dict[Cell, Score] = {}
        self.broken: dict[Cell, RobustcheckError] = {}
        self.passes: list[tuple[Cell, ...]] = []
        self.lookups: list[Cell] = []
        self.tried: dict[Cell, RobustcheckError] = {}
        self.hands: list[list[Cell]] = []

    def lend_a_hand(self, cells: list[Cell]) -> None:
        self.hands.append(cells)

    def look_up(self, cell: Cell) -> Score | RobustcheckError | None:
        self.lookups.append(cell)
        return self.stored.get(cell) or self.tried.get(cell)

    def covariance(self, score: Score, other: Score) -> float:
        return 0.002

    def image_sets(self, cell: Cell) -> frozenset[str]:
        return frozenset({cell.quantity.dataset})

    def measure(self, cell: Cell, mates: Sequence[Cell]) -> Score | RobustcheckError:
        known = self.stored.get(cell) or self.tried.get(cell)
        if known is None:
            self.passes.append((cell, *(mate for mate in mates if mate != cell)))
            for each in self.passes[-1]:
                if each in self.broken:
                    self.tried[each] = self.broken[each]
                else:
                    self.stored[each] = live(each)
        return self.stored.get(cell) or self.tried[cell]


def live(cell: Cell) -> Score:
    return live_score(np.array([1, 0, 1, 1]), cell.quantity, cell.model)


@pytest.fixture
def machine() -> Machine:
    return Machine()


def book(machine: Machine, choice: EvidenceChoice = "auto", *planned: Cell, **more: object) -> EvidenceBook:
    return EvidenceBook(machine, choice, planned=planned, **more)  # type: ignore[arg-type]


def test_auto_takes_the_stores_own_measurement_first(machine: Machine) -> None:
    cell = Cell(FIRST, V2)
    machine.stored[cell] = live(cell)
    assert book(machine).score(cell) == live(cell)
    assert machine.passes == []


def test_auto_takes_the_published_figure_before_measuring(machine: Machine) -> None:
    score = book(machine).score(Cell(FIRST, V2))
    assert (score.evidence, score.value, score.n) == ("published", FIGURE, 10_000)
    assert machine.passes == []


def test_auto_measures_what_is_neither_stored_nor_published(machine: Machine) -> None:
    cell = Cell(FIRST, DIGITS)
    assert book(machine).score(cell) == live(cell)
    assert machine.passes == [(cell,)]


def test_live_ignores_figures(machine: Machine) -> None:
    cell = Cell(FIRST, V2)
    assert book(machine, "live").score(cell).evidence == "live"
    assert machine.passes == [(cell,)]


def test_published_neither_measures_nor_looks_into_the_store(machine: Machine) -> None:
    known, unknown = Cell(FIRST, V2), Cell(FIRST, DIGITS)
    machine.stored = {known: live(known), unknown: live(unknown)}
    published = book(machine, "published", known, unknown)
    assert published.score(known).value == FIGURE
    with pytest.raises(DataMissing, match="no published figure for top1 on digits of ViT-B-32/openai"):
        published.score(unknown)
    assert machine.passes == machine.lookups == []


@pytest.mark.parametrize("quantity", [V2, DIGITS])
def test_published_does_not_measure_for_a_check_that_needs_a_measurement(machine: Machine, quantity: Quantity) -> None:
    with pytest.raises(DataMissing, match="published evidence alone was asked for"):
        book(machine, "published").score(Cell(FIRST, quantity), live=True)
    assert machine.passes == []


def test_one_pass_measures_all_planned_cells_of_a_data_set(machine: Machine) -> None:
    cells = [Cell(model, quantity) for model in (FIRST, SECOND) for quantity in (DIGITS, TOP5)]
    shared = book(machine, "live", *cells, Cell(FIRST, V2))
    for cell in (*cells, *cells):
        assert shared.score(cell) == live(cell)
    assert machine.passes == [tuple(cells)]
    shared.score(Cell(FIRST, V2))
    assert machine.passes[1:] == [(Cell(FIRST, V2),)]


def test_a_cell_that_was_not_planned_is_measured_with_those_that_were(machine: Machine) -> None:
    planned, extra = Cell(FIRST, DIGITS), Cell(SECOND, DIGITS)
    book(machine, "live", planned).score(extra)
    assert machine.passes == [(extra, planned)]


def test_a_pass_leaves_out_what_is_known(machine: Machine) -> None:
    stored, published, lacking = Cell(FIRST, R), Cell(SECOND, R), Cell(FIRST, Quantity("top5", "imagenet-r"))
    machine.stored[stored] = live(stored)
    book(machine, "auto", stored, published, lacking).score(lacking)
    assert machine.passes == [(lacking,)]


def test_models_that_do_not_fit_in_memory_together_share_no_pass(machine: Machine) -> None:
    mine, others = Cell(FIRST, DIGITS), Cell(SECOND, DIGITS)
    shared = book(machine, "live", mine, Cell(FIRST, TOP5), others, groups={FIRST: 0, SECOND: 1})
    shared.score(mine)
    assert machine.passes == [(mine, Cell(FIRST, TOP5))]


def test_cells_that_figures_will_not_do_for_share_one_pass(machine: Machine) -> None:
    cells = (Cell(FIRST, V2), Cell(SECOND, V2))
    shared = book(machine, "auto", *cells, planned_live=frozenset(cells))
    assert [shared.score(cell, live=True).evidence for cell in cells] == ["live", "live"]
    assert machine.passes == [cells]


@pytest.mark.parametrize("first", [True, False])
def test_the_order_of_checks_does_not_change_the_evidence(machine: Machine, first: bool) -> None:
    cell = Cell(FIRST, V2)
    shared = book(machine, "auto", cell, planned_live=frozenset([cell]))
    assert {shared.score(cell, live=how).evidence for how in (first, not first)} == {"live"}


def test_a_figure_stands_where_the_measurement_that_one_check_needs_cannot_be_made(machine: Machine) -> None:
    cell = Cell(FIRST, V2)
    machine.broken[cell] = DataMissing("not here")
    shared = book(machine, "auto", cell, planned_live=frozenset([cell]))
    with pytest.raises(DataMissing, match=r"^not here$"):
        shared.score(cell, live=True)
    assert shared.score(cell).value == FIGURE
    assert len(machine.passes) == 1


def test_an_error_is_the_cells_own_and_is_not_tried_again(machine: Machine) -> None:
    good, bad = Cell(FIRST, DIGITS), Cell(SECOND, DIGITS)
    machine.broken[bad] = ModelError("broken")
    shared = book(machine, "live", good, bad)
    for _ in range(2):
        with pytest.raises(ModelError, match="broken"):
            shared.score(bad)
    assert shared.score(good) == live(good)
    assert machine.passes == [(bad, good)]


def test_missing_data_say_that_no_figure_stands_in_only_where_one_would_have(machine: Machine) -> None:
    cell = Cell(FIRST, DIGITS)
    machine.broken[cell] = DataMissing("not here", where="digits", fix="put it there")
    with pytest.raises(DataMissing, match="no published figure stands in") as auto:
        book(machine).score(cell)
    assert (auto.value.where, auto.value.fix) == ("digits", "put it there")
    with pytest.raises(DataMissing) as alone:
        book(machine, "live").score(cell)
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


def test_two_scores_share_what_their_images_share(machine: Machine) -> None:
    y, x, elsewhere = (live(Cell(FIRST, quantity)) for quantity in (DIGITS, TOP5, R))
    figure = published_score(Cell(FIRST, V2))
    assert figure is not None
    held = book(machine)
    assert held.covariance(y, x) == 0.002
    assert [held.covariance(y, other) for other in (elsewhere, figure)] == [0.0, 0.0]


def test_of_published_figures_nothing_is_measured(machine: Machine) -> None:
    cell = Cell(FIRST, DIGITS)
    assert [book(machine, choice).is_measured(cell) for choice in ("published", "live")] == [False, True]


def test_a_hand_is_lent_to_what_must_be_measured_group_by_group(machine: Machine) -> None:
    published, one, other, early = Cell(FIRST, V2), Cell(FIRST, DIGITS), Cell(SECOND, DIGITS), Cell(FIRST, TOP5)
    cells = (published, one, early, other)
    book(machine, "auto", *cells, groups={FIRST: 0, SECOND: 1}, early=[early]).lend_a_hand()
    assert machine.hands == [[one], [other]]
    assert not machine.lookups


def test_a_hand_is_lent_to_a_published_figure_only_where_it_is_measured_too(machine: Machine) -> None:
    published = Cell(FIRST, V2)
    book(machine, "auto", published, planned_live=frozenset({published})).lend_a_hand()
    book(machine, "live", published).lend_a_hand()
    book(machine, "published", published, Cell(FIRST, DIGITS)).lend_a_hand()
    assert machine.hands == [[published], [published]]


# --- figures without an interval ------------------------------------------------------------------------------

F1 = Quantity("macro_f1", "iwildcam")


def test_a_check_on_one_model_measures_what_is_published_without_an_interval() -> None:
    alone = make_item(make_check(AtLeast(limit=0.1), quantity=F1), FIRST)
    assert cells_without_figure(alone) == (Cell(FIRST, F1),)
    assert cells_without_figure(make_item(make_check(AtLeast(limit=0.1), quantity=V2), FIRST)) == ()
    reproduced = make_item(make_check(Reproduces.model_validate({"within": "1pp"}), quantity=V2), FIRST)
    assert cells_without_figure(reproduced) == (Cell(FIRST, V2),)


def test_without_the_data_set_it_is_skipped_and_the_figure_is_named(machine: Machine) -> None:
    cell = Cell(FIRST, F1)
    machine.broken[cell] = DataMissing("iwildcam is not on this machine", dataset="iwildcam")
    said = "its published figure has no interval, since macro_f1 is not a share of n samples"
    with pytest.raises(DataMissing, match=f"^iwildcam is not on this machine: {said}") as caught:
        book(machine).score(cell, live=True)
    assert caught.value.dataset == "iwildcam"
    with pytest.raises(DataMissing, match=said):
        book(machine, "published").score(cell, live=True)
    # Claims about groups of models need no interval of a single value.
    assert book(machine).score(cell).evidence == "published"
