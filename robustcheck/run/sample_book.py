"""The per-sample scores behind the scores of a run: kept for baselines and comparisons, found again for pictures."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from robustcheck.history.kept_files import open_home
from robustcheck.history.kept_samples import (
    SAMPLES,
    DamagedSamples,
    has_samples,
    kept_keys,
    read_samples,
    write_samples,
)
from robustcheck.judge import Case
from robustcheck.measure import Bench
from robustcheck.run.kept_drawings import FindSamples
from robustcheck.store import Place, below, is_url
from robustcheck.values import Samples, Score

_REMADE = "the file of its per-image scores was damaged; they were worked out again from what is stored"


@dataclass
class SampleBook:
    """The per-sample scores of a run, by the key of their score; those of baselines lie beside the baseline."""

    bench: Bench
    place: Place
    baselines: Place
    _kept: set[str] = field(default_factory=set)
    _remade: list[str] = field(default_factory=list)

    def keep(self, score: Score) -> None:
        """Keep the per-sample scores that a baseline or a comparison of runs may ask for."""
        if score.evidence == "published" or score.key in self._kept:
            return
        if not self._has(score.key) and not self._is_read_only:
            write_samples(self.place, score.key, self.bench.samples(score.cell))
        self._kept.add(score.key)

    def finder(self, case: Case) -> FindSamples:
        """Return what finds the samples of a case: in the store, or beside the baseline that it is held against."""
        needs = case.planned.check.expect.needs
        kept = [self.place]
        kept += [below(self.baselines, f"{needs.baseline}/{SAMPLES}")] if needs.baseline else []
        if needs.model is not None and case.reference is not None and case.reference.evidence == "live":
            self.keep(case.reference)
        return lambda score: next(filter(None, (self._read(place, score) for place in kept)), None)

    def take_notes(self) -> tuple[str, ...]:
        """Return, once, what is to be said of the samples that were read since this was last asked."""
        notes, self._remade = tuple(dict.fromkeys(self._remade)), []
        return notes

    def _read(self, place: Place, score: Score) -> Samples | None:
        """Read per-sample scores; where those of this run are damaged, make them again from what they were made of."""
        try:
            return read_samples(place, score.key)
        except DamagedSamples:
            if place != self.place or not self._is_own(score):
                raise
        samples = self.bench.samples(score.cell)
        if not self._is_read_only:
            write_samples(place, score.key, samples)
        self._remade.append(_REMADE)
        return samples

    def _is_own(self, score: Score) -> bool:
        """Say whether a score is one that this run has measured or found: a baseline's may be of other files."""
        found = self.bench.look_up(score.cell)
        return isinstance(found, Score) and found.key == score.key

    def _has(self, key: str) -> bool:
        return key in self._in_bucket if is_url(self.place) else has_samples(self.place, key)

    @cached_property
    def _is_read_only(self) -> bool:
        return open_home(self.place).is_read_only

    @cached_property
    def _in_bucket(self) -> frozenset[str]:
        """The per-sample scores that lie in a bucket: listed once, where a file of a directory is looked at."""
        return kept_keys(self.place) if is_url(self.place) else frozenset()
