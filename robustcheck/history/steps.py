"""How far a baseline moved when it was blessed anew: from the one before it, and from the origin of its line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from zlib import crc32

from robustcheck.errors import RecordError
from robustcheck.history.lineage import Blessed
from robustcheck.stats.compare import Difference, paired_difference
from robustcheck.values import NEW_ORIGIN, Cell, RunRecord, Samples, Score

ReadSamples = Callable[[Score], Samples | None]


@dataclass(frozen=True, slots=True)
class Step:
    """How a blessed score differs from the first of its line, over the same samples."""

    cell: Cell
    origin: float
    now: float
    difference: Difference

    @property
    def size(self) -> float:
        """How many standard errors the score lies from its origin."""
        return abs(self.difference.value) / self.difference.error


def steps_since_origin(run: RunRecord, now: ReadSamples, then: ReadSamples) -> tuple[Step, ...]:
    """Return the steps of a blessed run, the largest first; raise RecordError where a score does not fit its origin."""
    return tuple(sorted(_steps(run, now, then), key=lambda step: -step.size))


def _steps(run: RunRecord, now: ReadSamples, then: ReadSamples) -> Iterator[Step]:
    blessed = Blessed(run)
    for score in blessed.scores.values():
        origin = blessed.origin_of(score)
        if origin is None or score.evidence != "live" or origin.score.evidence != "live":
            continue
        first, second = then(origin.score), now(score)
        if first is not None and second is not None:
            yield Step(score.cell, origin.score.value, score.value, _difference(score, first, second))


def _difference(score: Score, first: Samples, second: Samples) -> Difference:
    try:
        return paired_difference(first, second, seed=crc32(score.key.encode()))
    except ValueError as error:
        raise RecordError(
            f"{score.cell.quantity.label} of {score.cell.model.id} does not fit the origin of the baseline: {error}",
            expected="the same images as when the line of baselines began",
            fix=NEW_ORIGIN,
        ) from None
