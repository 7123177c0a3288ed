"""Find the score of a cell: in the store, in a published table, or by measuring it.

One object per run remembers what was found and measures in passes: the first cell that needs a
data set has all planned cells of that data set measured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from math import nan

from robustcheck.errors import DataMissing, RobustcheckError
from robustcheck.measure import MeasureSettings, ProgressEvent, Shelf, image_sets, measure_cells, stored_score
from robustcheck.metrics import METRICS
from robustcheck.populations import load_population, published_figure
from robustcheck.stats.intervals import proportion_interval
from robustcheck.values import Cell, EvidenceChoice, Score

Found = Score | RobustcheckError


@dataclass(slots=True)
class EvidenceBook:
    """The scores of a run as they become known.

    ``planned`` are the cells of the run; ``planned_live`` are those of them that a figure will not do for.
    ``own_model_only`` keeps a pass to one model, as workers do that share the models among them.
    """

    settings: MeasureSettings
    choice: EvidenceChoice
    own_model_only: bool = False
    on_progress: Callable[[ProgressEvent], None] | None = None
    planned: Sequence[Cell] = ()
    planned_live: frozenset[Cell] = frozenset()
    _found: dict[Cell, Found] = field(default_factory=dict)
    _live: dict[Cell, Found] = field(default_factory=dict)
    _images: dict[Cell, frozenset[str]] = field(default_factory=dict)
    _together: frozenset[Cell] = frozenset()
    _shelf: Shelf = field(init=False)

    def __post_init__(self) -> None:
        """Open one shelf for all look-ups of the run."""
        self._shelf = Shelf(self.settings)

    def score(self, cell: Cell, *, live: bool = False) -> Score:
        """Return the score of a cell, measuring its pass if nothing else is known.

        With ``live`` a published figure does not do. Raises the error that the measurement of this
        very cell ended in.
        """
        found = self._live_score(cell) if live else self._any_score(cell)
        if isinstance(found, RobustcheckError):
            raise found
        return found

    def scores(self, cells: Sequence[Cell]) -> dict[Cell, Found]:
        """Return the score, or the error, of every cell; what must be measured of them shares its passes.

        They are of several models, which is why ``own_model_only`` does not part them.
        """
        self._together = frozenset(cells)
        try:
            return {cell: self._any_score(cell) for cell in cells}
        finally:
            self._together = frozenset()

    def known(self, cell: Cell) -> Score | None:
        """Return the score of a cell that needs no measuring: from the store or a table; else None."""
        found = self._known(cell)
        return found if isinstance(found, Score) else None

    def _any_score(self, cell: Cell) -> Found:
        if cell not in self._found:
            if cell in self.planned_live:
                # It is measured in this run anyway: no verdict may depend on which check comes first.
                self._live_score(cell)
            self._found[cell] = self._known(cell) or self._explained(self._measured(cell))
        return self._found[cell]

    def _live_score(self, cell: Cell) -> Found:
        if self.choice == "published":
            return _not_measured(cell)
        return self._stored(cell) or self._measured(cell)

    def _known(self, cell: Cell) -> Found | None:
        """Look without measuring."""
        found: Found | None = None
        if self.choice != "published":
            found = self._stored(cell)
        if found is None and self.choice != "live":
            found = published_score(cell)
        if found is None and self.choice == "published":
            found = _no_figure(cell)
        return found

    def _stored(self, cell: Cell) -> Score | None:
        """Return what this run measured, or an earlier one with the same key."""
        found = self._live.get(cell)
        if found is None:
            found = stored_score(cell, self.settings, self._shelf)
            if found is not None:
                self._live[cell] = found
        return found if isinstance(found, Score) else None

    def _measured(self, cell: Cell) -> Found:
        if cell not in self._live:
            mates = [other for other in _distinct([cell, *self.planned]) if self._shares_pass(cell, other)]
            self._live.update(measure_cells(mates, self.settings, self.on_progress, cell))
        return self._live[cell]

    def _shares_pass(self, cell: Cell, other: Cell) -> bool:
        if other == cell:
            return True
        if other in self._live or (self.own_model_only and not self._may_share(cell, other)):
            return False
        return bool(self._image_sets(cell) & self._image_sets(other)) and self._lacks(other)

    def _may_share(self, cell: Cell, other: Cell) -> bool:
        return other.model == cell.model or {cell, other} <= self._together

    def _image_sets(self, cell: Cell) -> frozenset[str]:
        """Return the images that a cell needs; cells that need one set in common share its pass."""
        if cell not in self._images:
            self._images[cell] = image_sets(cell, self._shelf)
        return self._images[cell]

    def _lacks(self, cell: Cell) -> bool:
        found = self._stored(cell) if cell in self.planned_live else self._known(cell)
        return found is None

    def _explained(self, found: Found) -> Found:
        """Add to a missing data set that no published figure stands in for it, where one would have."""
        return _explain(found) if isinstance(found, DataMissing) and self.choice == "auto" else found


def published_score(cell: Cell, population: str | None = None) -> Score | None:
    """Return the published figure of a cell as a score, or None when no table (or not this one) has it."""
    if population is None:
        figure = published_figure(cell.model.id, cell.quantity)
    else:
        figure = load_population(population).figure(cell.model.id, cell.quantity)
    if figure is None:
        return None
    facts = METRICS[cell.quantity.metric]
    # Only a share of n samples has an interval that its value and n alone give.
    low, high = proportion_interval(figure.value, figure.n) if facts.is_share else (nan, nan)
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


def _distinct(cells: Iterable[Cell]) -> list[Cell]:
    return list(dict.fromkeys(cells))


def _no_figure(cell: Cell) -> DataMissing:
    return DataMissing(
        f"no published figure for {cell.quantity.label} of {cell.model.id}",
        fix="use --robust-evidence auto and give the data set with --robust-data",
    )


def _not_measured(cell: Cell) -> DataMissing:
    return DataMissing(
        f"published evidence alone was asked for, and {cell.quantity.label} of {cell.model.id} must be measured",
        fix="use --robust-evidence auto or live",
    )


def _explain(error: DataMissing) -> DataMissing:
    return DataMissing(
        f"{error.found}, and no published figure stands in for it",
        where=error.where,
        expected=error.expected,
        fix=error.fix,
    )
