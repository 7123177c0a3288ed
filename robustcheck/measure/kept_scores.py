"""The scores that a run has found, each once; of the samples behind them those of the last few."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from robustcheck.errors import ModelUnavailable, RobustcheckError
from robustcheck.measure.memo import NotStored
from robustcheck.values import Cell, Samples, Score

Found = Score | RobustcheckError

# So many samples of scores that were just made are kept: some 40 bytes each, and their names.
FRESH_SAMPLES = 400_000


@dataclass(slots=True)
class KeptScores:
    """What is known of cells: their scores, the errors that they end in, and which cannot be told yet."""

    _found: dict[Cell, Found] = field(default_factory=dict)
    _unknown: set[Cell] = field(default_factory=set)
    _fresh: deque[Cell] = field(default_factory=deque)
    _fresh_samples: int = 0

    def look_up(self, cell: Cell, score: Callable[[], Score]) -> Found | None:
        """Return what is known of a cell, finding it out by ``score`` once; None where that lacks something."""
        if cell not in self._found and cell not in self._unknown:
            try:
                self.keep(cell, score())
            except (NotStored, ModelUnavailable):
                # Until something is made here, another look would find the same; measuring looks again by itself.
                self._unknown.add(cell)
            except RobustcheckError as error:
                self.keep(cell, error)
        return self._found.get(cell)

    def look_again(self) -> None:
        """Have those that could not be told looked up anew: something was made meanwhile."""
        self._unknown.clear()

    def samples(self, cell: Cell) -> Samples | None:
        """Return the samples of a score that was just made; None where they have to be read."""
        found = self._found.get(cell)
        return found.samples if isinstance(found, Score) else None

    def keep(self, cell: Cell, found: Found) -> Found:
        """Keep a score, or an error without the frames that it went through; return it as it was found."""
        self._found[cell] = found.with_traceback(None) if isinstance(found, RobustcheckError) else found
        if isinstance(found, Score) and found.samples is not None:
            self._keep_samples(cell, found.samples)
        return found

    def _keep_samples(self, cell: Cell, samples: Samples) -> None:
        """Let go of the oldest samples while there are too many."""
        self._fresh.append(cell)
        self._fresh_samples += samples.scores.size
        while self._fresh_samples > FRESH_SAMPLES and len(self._fresh) > 1:
            oldest = self._fresh.popleft()
            score = self._found[oldest]
            assert isinstance(score, Score), "only scores are fresh"
            assert score.samples is not None, "a fresh score has its samples"
            self._fresh_samples -= score.samples.scores.size
            self._found[oldest] = replace(score, samples=None)
