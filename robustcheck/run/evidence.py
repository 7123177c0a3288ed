"""Find the score of a cell: in the store, in a published table, or by measuring it.

One object a run: the first cell that needs a data set has all planned cells of that data set measured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import nan

from robustcheck.errors import DataMissing, RobustcheckError
from robustcheck.measure import Bench, metric_of
from robustcheck.populations import load_population, published_figure
from robustcheck.stats.proportions import proportion_interval
from robustcheck.values import Cell, EvidenceChoice, ModelRef, Score
from robustcheck.values.checks import PlannedCheck

Found = Score | RobustcheckError


@dataclass(slots=True)
class EvidenceBook:
    """The scores of a run as they become known.

    ``planned`` are the cells of the run; ``planned_live`` are those among them that must be measured, whatever is
    published. ``groups`` numbers the models that fit in memory together: they share passes. ``early`` are the planned
    cells whose checks may be decided on part of the images. ``before_measuring`` is called once,
    when the first score has to be measured. ``alone`` has each model measured by itself, and no other process
    helped.
    """

    bench: Bench
    choice: EvidenceChoice
    planned: Sequence[Cell] = ()
    planned_live: frozenset[Cell] = frozenset()
    groups: Mapping[ModelRef, int] = field(default_factory=dict)
    early: Sequence[Cell] = ()
    before_measuring: Callable[[], None] | None = None
    alone: bool = False
    _found: dict[Cell, Found] = field(default_factory=dict)

    def score(self, cell: Cell, *, live: bool = False) -> Score:
        """Return the score of a cell, measuring its pass if nothing else is known.

        With ``live`` a published figure does not do. Raises the error that the measurement of this
        very cell ended in.
        """
        found = self._live_score(cell) if live else self._any_score(cell)
        if isinstance(found, RobustcheckError):
            raise found.afresh()
        return found

    def scores(self, cells: Sequence[Cell]) -> dict[Cell, Found]:
        """Return the score, or the error, of every cell."""
        return {cell: self._any_score(cell) for cell in cells}

    def covariance(self, score: Score, other: Score) -> float:
        """Return the sampling covariance of two scores of one model; 0 unless they rest on the same images."""
        if "published" in (score.evidence, other.evidence) or not score.shares_images(other):
            return 0.0
        return self.bench.covariance(score, other)

    def known(self, cell: Cell) -> Score | None:
        """Return the score of a cell that needs no measuring: from the store or a table; else None."""
        found = self._known(cell)
        return found if isinstance(found, Score) else None

    def lacking(self) -> list[Cell]:
        """Return the planned cells that have to be measured: not in the store, nor published where that will do."""
        return [cell for cell in self.planned if self._lacks(cell)]

    def lend_a_hand(self) -> None:
        """Take part in the passes that other processes are at, for the planned cells that need one.

        Cells that may do with part of their images are left to them: how many is decided there.
        """
        early, by_group = frozenset(self.early), dict[int | None, list[Cell]]()
        for cell in () if self.alone or self.choice == "published" else self.planned:
            if cell not in early and self._needs_pass(cell):
                by_group.setdefault(self.groups.get(cell.model), []).append(cell)
        for cells in by_group.values():
            self.bench.lend_a_hand(cells)

    def _needs_pass(self, cell: Cell) -> bool:
        return cell in self.planned_live or self.choice == "live" or published_score(cell) is None

    def is_measured(self, cell: Cell) -> bool:
        """Say whether the score of a cell is one that is measured here, now or earlier, and not a published figure."""
        if self.choice == "published":
            return False
        found = None if cell in self.planned_live else self._known(cell)
        return found is None or (isinstance(found, Score) and found.evidence == "live")

    def _any_score(self, cell: Cell) -> Found:
        if cell not in self._found:
            if cell in self.planned_live:
                # It is measured in this run anyway: no verdict may depend on which check comes first.
                self._live_score(cell)
            self._found[cell] = self._known(cell) or self._explained(cell, self._measured(cell), _no_stand_in)
        return self._found[cell]

    def _live_score(self, cell: Cell) -> Found:
        if self.choice == "published":
            return _not_measured(cell)
        return self._explained(cell, self._stored(cell) or self._measured(cell), why_no_figure)

    def _known(self, cell: Cell) -> Found | None:
        """Look without measuring."""
        found: Found | None = None
        if self.choice != "published":
            found = self._stored(cell)
        if found is None and self.choice != "live" and cell.stage is None:
            found = published_score(cell)
        if found is None and self.choice == "published":
            found = _no_figure(cell)
        return found

    def _stored(self, cell: Cell) -> Score | None:
        """Return what this run measured, or an earlier one with the same key."""
        found = self.bench.look_up(cell)
        return found if isinstance(found, Score) else None

    def _measured(self, cell: Cell) -> Found:
        if self.before_measuring is not None and self.bench.look_up(cell) is None:
            begin, self.before_measuring = self.before_measuring, None
            begin()
        planned: Iterable[Cell] = self.planned
        if cell.stage is not None:
            # Every check is looked at once; which of them need more images is found out one by one.
            planned = (replace(other, stage=0) for other in self.early) if cell.stage == 0 else ()
        # Asked for one by one, and only where there is a pass to share: each of many cells looks through all.
        return self.bench.measure(cell, (other for other in planned if self._shares_pass(cell, other)))

    def _shares_pass(self, cell: Cell, other: Cell) -> bool:
        """Say whether another planned cell lacks outputs on the same images, of a model of the same group."""
        if self.alone and cell.model != other.model:
            return False
        if self.groups.get(cell.model) != self.groups.get(other.model):
            return False
        return bool(self.bench.image_sets(cell) & self.bench.image_sets(other)) and self._lacks(other)

    def _lacks(self, cell: Cell) -> bool:
        found = self._stored(cell) if cell in self.planned_live else self._known(cell)
        return found is None

    def _explained(self, cell: Cell, found: Found, why: Callable[[Cell], str]) -> Found:
        """Add to a missing data set why no published figure stands in for it, where one would have."""
        return _with_reason(found, why(cell)) if isinstance(found, DataMissing) and self.choice == "auto" else found


def cells_without_figure(item: PlannedCheck) -> tuple[Cell, ...]:
    """Return the cells of an item that must be measured, whatever is published.

    A figure is reproduced by a measurement. A verdict on one model rests on an interval, which a figure has only where
    it is a share of n samples.
    """
    check = item.check
    if check.is_about_groups:
        return ()
    reproduced = item.cells[:1] if check.expect.needs.figure is not None else ()
    return (*reproduced, *(cell for cell in item.cells if not metric_of(cell).is_share))


def published_score(cell: Cell, population: str | None = None) -> Score | None:
    """Return the published figure of a cell as a score, or None when no table (or not this one) has it."""
    if population is None:
        figure = published_figure(cell.model.id, cell.quantity)
    else:
        figure = load_population(population).figure(cell.model.id, cell.quantity)
    if figure is None:
        return None
    # Only a share of n samples has an interval that its value and n alone give.
    low, high = proportion_interval(figure.value, figure.n) if metric_of(cell).is_share else (nan, nan)
    return Score(
        cell=cell,
        value=figure.value,
        low=low,
        high=high,
        n=figure.n,
        evidence="published",
        source=figure.source,
        key="|".join(str(part) for part in figure.key),
        provenance=(("licence", figure.licence), ("date", figure.date), ("class set", figure.class_set)),
    )


def _no_figure(cell: Cell) -> DataMissing:
    return DataMissing(
        f"no published figure for {cell.quantity.label} of {cell.model.id}",
        fix="use --robust-evidence auto and give the data set with --robust-data",
    )


def _not_measured(cell: Cell) -> DataMissing:
    found = f"published evidence alone was asked for, and {cell.quantity.label} of {cell.model.id} must be measured"
    return DataMissing(found + why_no_figure(cell), fix="use --robust-evidence auto or live")


def why_no_figure(cell: Cell) -> str:
    """Say why the published figure of a cell does not do, where it has one without an interval."""
    figure = None if metric_of(cell).is_share else published_score(cell)
    if figure is None:
        return ""
    return f": its published figure has no interval, since {cell.quantity.metric} is not a share of n samples"


def _no_stand_in(_: Cell) -> str:
    return ", and no published figure stands in for it"


def _with_reason(error: DataMissing, why: str) -> DataMissing:
    """Return an error that also says why no published figure stands in for what is missing."""
    return DataMissing(
        error.found + why, where=error.where, expected=error.expected, fix=error.fix, dataset=error.dataset
    )
