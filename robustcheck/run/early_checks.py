"""Decide early: a check is looked at after 1/16, 1/8, 1/4 and 1/2 of its images, and left once it is decided.

Each stage has a level of its own (stats/staged_levels.py). A check sees the images of its own stages and no others,
whatever the store holds, so that its verdict does not depend on which checks came before it, or in which process.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from robustcheck.errors import DataError, RecordError, RobustcheckError
from robustcheck.judge import Case, status_so_far
from robustcheck.measure import metric_of, why_all_images
from robustcheck.run.evidence import EvidenceBook
from robustcheck.values import Cell
from robustcheck.values.checks import PlannedCheck
from robustcheck.values.stages import LAST, Effort

# Of fewer samples no approximation is good at the small levels of early stages.
LEAST_SAMPLES = 50
FULL = "effort: full"


@dataclass(slots=True)
class EarlyChecks:
    """Gathers the cases of checks that may be decided early; ``gather`` gathers those of one stage."""

    book: EvidenceBook
    gather: Callable[[PlannedCheck, bool], Case]
    effort: Effort | None = None
    _why: dict[tuple[Cell, ...], str] = field(default_factory=dict)

    def cells_of(self, items: Sequence[PlannedCheck]) -> tuple[Cell, ...]:
        """Return the cells of those items that may be decided early, as far as is known without the data."""
        early = [item for item in items if self._is_asked(item) and not _why_of_kind(item)]
        return tuple(dict.fromkeys(cell for item in early for cell in item.cells if metric_of(cell).by_image))

    def foresee(self, item: PlannedCheck) -> str:
        """Say why a check uses all images, as far as is known without data and model."""
        return _why_of_kind(item) if self._is_asked(item) else FULL

    def why_not(self, item: PlannedCheck) -> str:
        """Say why a check uses all images; an empty text where it may be decided early."""
        if why := self.foresee(item):
            return why
        if item.cells not in self._why:
            self._why[item.cells] = self._why_of_cells(item)
        return self._why[item.cells]

    def decide(self, item: PlannedCheck) -> Case:
        """Return the case of the first stage that decides a check, else of all images at the level of the last one."""
        measured = [cell for cell in item.cells if self.book.is_measured(cell)]
        for stage in range(LAST):
            case = self._gather_stage(item, stage, measured)
            if case is not None and status_so_far(case) != "unsure":
                return case
        return replace(self.gather(item, True), stage=LAST, images=self.book.bench.seen_images(item.cells[0]))

    def _gather_stage(self, item: PlannedCheck, stage: int, measured: Sequence[Cell]) -> Case | None:
        """Return the case of a stage; None where its images are too few, or cannot carry a verdict yet."""
        staged = item.at_stage(stage, measured)
        try:
            case = self.gather(staged, True)
        except (DataError, RecordError):
            # A slice without an image so far, or an error that all images will say again.
            return None
        if case.score.n < max(LEAST_SAMPLES, case.minimum_n):
            return None
        planned = replace(case.planned, cells=item.cells)
        return replace(case, planned=planned, stage=stage, images=self.book.bench.seen_images(staged.cells[0]))

    def _is_asked(self, item: PlannedCheck) -> bool:
        return (self.effort or item.suite.effort) == "decide"

    def _why_of_cells(self, item: PlannedCheck) -> str:
        measured = [cell for cell in item.cells if self.book.is_measured(cell)]
        if item.cells[0] not in measured:
            return "its score is a published figure"
        try:
            return next(filter(None, (why_all_images(cell, self.book.bench) for cell in measured)), "")
        except RobustcheckError:
            # Measuring says what is wrong.
            return "it cannot be measured"


def _why_of_kind(item: PlannedCheck) -> str:
    """Say what of the check itself asks for all images."""
    check = item.check
    if check.is_about_groups:
        return "it is about groups of models"
    if check.expect.needs.figure is not None:
        return f"{check.expect.kind} compares with a figure that rests on all of them"
    metric = metric_of(item.cells[0])
    return "" if metric.by_image else f"{metric.name} is not a mean over single images"
