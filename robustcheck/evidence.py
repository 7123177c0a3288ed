"""Find the score of a cell: in the store, in a published table, or by measuring it.

One object per run remembers what was found and measures in passes: the first cell that needs a
data set has all planned cells of that data set measured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from robustcheck.errors import DataMissing, RobustcheckError
from robustcheck.measure import MeasureSettings, ProgressEvent, Shelf, measure_cells, stored_score
from robustcheck.populations import load_population, published_figure
from robustcheck.records import Cell, EvidenceChoice, Score
from robustcheck.stats.intervals import proportion_interval

Found = Score | RobustcheckError


@dataclass(slots=True)
class EvidenceBook:
    """The scores of a run as they become known; ``together`` says which cells share a pass."""

    settings: MeasureSettings
    choice: EvidenceChoice
    together: Callable[[Cell, Cell], bool]
    on_progress: Callable[[ProgressEvent], None] | None = None
    planned: Sequence[Cell] = ()
    _found: dict[Cell, Found] = field(default_factory=dict)
    _shelf: Shelf = field(init=False)

    def __post_init__(self) -> None:
        self._shelf = Shelf(self.settings)

    def score(self, cell: Cell, *, live: bool = False) -> Score:
        """Return the score of a cell, measuring its pass if nothing else is known.

        With ``live`` a published figure does not do. Raises the error that the measurement of this
        very cell ended in.
        """
        found = self._found.get(cell) or self._known(cell)
        if found is None or (live and isinstance(found, Score) and found.evidence == "published"):
            self._measure_pass(cell)
            found = self._found[cell]
        if isinstance(found, RobustcheckError):
            raise found
        return found

    def _known(self, cell: Cell) -> Found | None:
        """Look without measuring; remember what is found."""
        found: Found | None = None
        if self.choice != "published":
            found = stored_score(cell, self.settings, self._shelf)
        if found is None and self.choice != "live":
            found = published_score(cell)
        if found is None and self.choice == "published":
            found = _no_figure(cell)
        if found is not None:
            self._found[cell] = found
        return found

    def _measure_pass(self, cell: Cell) -> None:
        mates = [other for other in _distinct([cell, *self.planned]) if self._shares_pass(cell, other)]
        measured = measure_cells(mates, self.settings, self.on_progress)
        for mate, found in measured.items():
            self._found[mate] = _explain(mate, found) if isinstance(found, DataMissing) else found

    def _shares_pass(self, cell: Cell, other: Cell) -> bool:
        if other == cell:
            return True
        return other not in self._found and self.together(cell, other) and self._known(other) is None


def published_score(cell: Cell, population: str | None = None) -> Score | None:
    """Return the published figure of a cell as a score, or None when no table (or not this one) has it."""
    if population is None:
        figure = published_figure(cell.model.id, cell.quantity)
    else:
        figure = load_population(population).figure(cell.model.id, cell.quantity)
    if figure is None:
        return None
    low, high = proportion_interval(figure.value, figure.n)
    return Score(
        cell=cell,
        value=figure.value,
        low=low,
        high=high,
        n=figure.n,
        evidence="published",
        source=figure.source,
        key=f"{figure.model}|{figure.dataset}|{figure.metric}|{figure.class_set}",
        provenance=(("licence", figure.licence), ("date", figure.date), ("class set", figure.class_set)),
    )


def same_data(cell: Cell, other: Cell) -> bool:
    """Say that two cells share a pass: every model sees the images in one go."""
    return cell.quantity.dataset == other.quantity.dataset


def same_data_and_model(cell: Cell, other: Cell) -> bool:
    """Say that two cells share a pass on a worker, which keeps to its own models."""
    return same_data(cell, other) and cell.model == other.model


def _distinct(cells: Iterable[Cell]) -> list[Cell]:
    return list(dict.fromkeys(cells))


def _no_figure(cell: Cell) -> DataMissing:
    return DataMissing(
        f"no published figure for {cell.quantity.label} of {cell.model.id}",
        fix="use --robust-evidence auto and give the data set with --robust-data",
    )


def _explain(cell: Cell, error: DataMissing) -> DataMissing:
    """Add to a missing data set that no published figure stands in for it."""
    return DataMissing(
        f"{error.found}; and no published figure of {cell.model.id} stands in for it",
        where=error.where,
        expected=error.expected,
        fix=error.fix,
    )
