"""The gate on a model against itself (A/A): how often it is red, warned or unsure though nothing is worse.

Each time the images are drawn anew, with replacement, and a share of the decisions of one copy flips, to right and to
wrong alike: so the copy is as good as the model, and every fail of a comparison with it is a false alarm.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from robustcheck.judge import Case, judge
from robustcheck.run.session import RobustSession
from robustcheck.stats.proportions import is_binary
from robustcheck.stats.statistics import statistic_named, value_of
from robustcheck.values import Samples, Score, Status
from robustcheck.values.checks import PlannedCheck

Rng = np.random.Generator


@dataclass(frozen=True, slots=True)
class Repeats:
    """How one check on one model ended, of so many times."""

    item: PlannedCheck
    statuses: Mapping[Status, int]

    @property
    def times(self) -> int:
        """How often the check was judged."""
        return sum(self.statuses.values())


@dataclass(frozen=True, slots=True)
class AgainstItself:
    """What came of a suite on a model against itself: of each check, and how often any of a model's checks failed."""

    repeats: tuple[Repeats, ...]
    red: Mapping[str, int] = field(default_factory=dict)


def judge_against_itself(
    session: RobustSession, items: Sequence[PlannedCheck], *, times: int, flips: float, seed: int
) -> AgainstItself:
    """Judge each item many times on drawn images; ``flips`` is the share of decisions that move in one copy.

    Raises what gathering an item raises: what cannot be measured cannot be repeated.
    """
    found: list[Repeats] = []
    red: dict[str, set[int]] = {}
    for item in items:
        case = session.gather(item)
        assert isinstance(case, Case), "a check about groups has no copy of its models"
        draw = _Draw(case, *(_samples(session, score) for score in (case.score, case.x)))
        statuses = [
            judge(draw.repeat(np.random.default_rng([seed, time]), flips, time)).status for time in range(times)
        ]
        found.append(Repeats(item, Counter(statuses)))
        red.setdefault(item.model.id, set()).update(time for time, one in enumerate(statuses) if one == "fail")
    return AgainstItself(tuple(found), {model: len(when) for model, when in red.items()})


def _samples(session: RobustSession, score: Score | None) -> Samples | None:
    return None if score is None or score.evidence == "published" else session.book.bench.samples(score.cell)


@dataclass(frozen=True, slots=True)
class _Draw:
    """A case and the samples that its score and its x rest on, where they were measured."""

    case: Case
    own: Samples | None
    x: Samples | None

    def repeat(self, rng: Rng, flips: float, time: int) -> Case:
        """Return the case on drawn images: of a comparison both sides are the model, and one of them has flips."""
        case = replace(self.case, origin=None, difference=None, shared=None, drift=None)
        own, x = self._drawn(rng)
        score = _rescore(case.score, None if own is None else flip(own, flips, rng), rng, f"flipped {time}")
        if case.reference is not None:
            return replace(case, score=score, reference=_rescore(case.score, own, rng, f"as it is {time}"))
        return replace(case, score=score, x=None if case.x is None else _rescore(case.x, x, rng, f"x {time}"))

    def _drawn(self, rng: Rng) -> tuple[Samples | None, Samples | None]:
        """Draw the images of score and x: once for both where they are the same ones."""
        if self.own is None or self.x is None or not np.array_equal(self.own.ids, self.x.ids):
            return tuple(None if each is None else resample(each, rng) for each in (self.own, self.x))  # type: ignore[return-value]
        rows = _draw_rows(self.own, rng)
        return _take_rows(self.own, rows), _take_rows(self.x, rows)


def resample(samples: Samples, rng: Rng) -> Samples:
    """Return samples drawn with replacement: whole clusters, within the strata of the statistic."""
    return _take_rows(samples, _draw_rows(samples, rng))


def flip(samples: Samples, share: float, rng: Rng) -> Samples:
    """Return samples of which a share moved without getting better or worse in the mean.

    Right answers and wrong ones flip in equal number; anything else takes what another sample of its group has.
    """
    column = samples.correct if samples.correct is not None else samples.scores
    if is_binary(column) and samples.counted is None:
        flipped = np.where(_flips(column, share, rng), 1 - column, column)
        return replace(samples, scores=flipped) if samples.correct is None else replace(samples, correct=flipped)
    moved = np.flatnonzero(rng.random(samples.scores.size) < share)
    rows = np.arange(samples.scores.size)
    rows[moved] = [rng.choice(np.flatnonzero(samples.groups == samples.groups[row])) for row in moved]
    further = {name: column[rows] for name, column in _further(samples).items()}
    return replace(samples, scores=samples.scores[rows], **further)  # type: ignore[arg-type]


def _further(samples: Samples) -> dict[str, npt.NDArray[np.float64]]:
    columns = {"counted": samples.counted, "correct": samples.correct}
    return {name: column for name, column in columns.items() if column is not None}


def _flips(right: np.ndarray, share: float, rng: Rng) -> np.ndarray:
    """Say which answers flip: half of the share are right ones and half wrong ones, as far as there are so many."""
    accuracy = float(right.mean())
    half = min(share / 2, accuracy, 1 - accuracy)
    if half == 0:
        return np.zeros(right.size, dtype=bool)
    return np.asarray(rng.random(right.size) < np.where(right == 1, half / accuracy, half / (1 - accuracy)))


@dataclass(frozen=True, slots=True)
class _DrawnRows:
    """The rows of a draw, and which of the drawn units each belongs to."""

    rows: npt.NDArray[np.int64]
    units: npt.NDArray[np.int64]


def _draw_rows(samples: Samples, rng: Rng) -> _DrawnRows:
    units = statistic_named(samples.statistic).units(samples)
    drawn = np.concatenate([rng.choice(stratum, stratum.size) for stratum in units.strata])
    order = np.argsort(units.index, kind="stable")
    ends = [np.searchsorted(units.index[order], drawn, side=side) for side in ("left", "right")]
    parts = [order[start:end] for start, end in zip(*ends, strict=True)]
    return _DrawnRows(np.concatenate(parts), np.repeat(np.arange(drawn.size), [part.size for part in parts]))


def _take_rows(samples: Samples, drawn: _DrawnRows) -> Samples:
    """Return the rows as samples of their own: an image, or a cluster, that was drawn twice is two."""
    columns = {name: getattr(samples, name) for name in ("scores", "groups", "weights", "counted", "correct")}
    taken = {name: column[drawn.rows] for name, column in columns.items() if column is not None}
    clusters = None if samples.clusters is None else drawn.units
    return replace(samples, ids=np.arange(drawn.rows.size).astype(str), clusters=clusters, **taken)


def _rescore(score: Score, samples: Samples | None, rng: Rng, name: str) -> Score:
    """Return a score of other samples; a published share is drawn as so many images right or wrong."""
    key = f"{score.key} {name}"
    if samples is not None:
        return replace(score, value=value_of(samples), samples=samples, sureness=None, key=key)
    if not 0 <= score.value <= 1:
        return score
    return replace(score, value=float(rng.binomial(score.n, score.value)) / score.n, key=key)
