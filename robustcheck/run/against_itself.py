"""The gate on a model against itself (A/A): how often it is red, warned or unsure though nothing is worse.

Each time the images are drawn anew, with replacement, and a share of the decisions of one copy flips, to right and to
wrong alike: so the copy is as good as the model, and every fail of a comparison with it is a false alarm.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from robustcheck.judge import Case, find_line, judge
from robustcheck.run.redraw import Redraw, Rng, flip, take_rows
from robustcheck.run.session import RobustSession
from robustcheck.stats.intervals import trials_of
from robustcheck.stats.statistics import value_of
from robustcheck.values import Samples, Score, Status
from robustcheck.values.checks import PlannedCheck


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
        copy = _Copy.of(case, *(_samples(session, score) for score in (case.score, *case.all_x)))
        statuses = _judge_copies(copy, times, flips, seed)
        found.append(Repeats(item, Counter(statuses)))
        red.setdefault(item.model.id, set()).update(time for time, one in enumerate(statuses) if one == "fail")
    return AgainstItself(tuple(found), {model: len(when) for model, when in red.items()})


def _judge_copies(copy: _Copy, times: int, flips: float, seed: int) -> list[Status]:
    """Return the status of each copy; a share that stands alone is judged once for each number of right answers."""
    statuses: list[Status] = []
    judged: dict[float, Status] = {}
    for time in range(times):
        case = copy.repeat(np.random.default_rng([seed, time]), flips, time)
        if not copy.is_lone_share:
            statuses.append(judge(case).status)
            continue
        if case.score.value not in judged:
            judged[case.score.value] = judge(case).status
        statuses.append(judged[case.score.value])
    return statuses


def _samples(session: RobustSession, score: Score | None) -> Samples | None:
    return None if score is None or score.evidence == "published" else session.book.bench.samples(score.cell)


@dataclass(frozen=True, slots=True)
class _Part:
    """The samples of a score, and what is drawn of them."""

    samples: Samples
    units: Redraw

    def draw(self, rng: Rng) -> Samples:
        return take_rows(self.samples, self.units.draw(rng))


@dataclass(frozen=True, slots=True)
class _Copy:
    """A case without what does not change from copy to copy, and the parts that its score and each x rest on.

    ``together`` says of each x whether it rests on the images of the score.
    """

    case: Case
    own: _Part | None
    all_x: tuple[_Part | None, ...]
    together: tuple[bool, ...]

    @classmethod
    def of(cls, case: Case, own: Samples | None, *all_x: Samples | None) -> _Copy:
        asked = case.planned.check.expect.needs.line
        line = None if asked is None else find_line(asked, case)
        plain = replace(case, origin=None, difference=None, shared=None, drift=None, line=line)
        first, *others = (None if each is None else _Part(each, Redraw.of(each)) for each in (own, *all_x))
        together = (own is not None and x is not None and np.array_equal(own.ids, x.ids) for x in all_x)
        return cls(plain, first, tuple(others), tuple(together))

    @property
    def is_lone_share(self) -> bool:
        """Whether nothing but the share of right answers is judged."""
        return self.case.x is None and self.case.reference is None and bool(self.own and trials_of(self.own.samples))

    def repeat(self, rng: Rng, flips: float, time: int) -> Case:
        """Return the case on drawn images: of a comparison both sides are the model, and one of them has flips."""
        case, (own, *drawn) = self.case, self._drawn(rng)
        score = _rescore(case.score, None if own is None else flip(own, flips, rng), rng, f"flipped {time}")
        if case.reference is not None:
            return replace(case, score=score, reference=_rescore(case.score, own, rng, f"as it is {time}"))
        scores = zip(case.all_x, drawn, strict=True)
        all_x = [_rescore(each, samples, rng, f"x {time}") for each, samples in scores]
        return replace(case, score=score, x=all_x[0] if all_x else None, further=tuple(all_x[1:]))

    def _drawn(self, rng: Rng) -> Iterator[Samples | None]:
        """Draw the images of the score, and of each x: once for both where they are the same ones."""
        rows = None if self.own is None else self.own.units.draw(rng)
        yield None if self.own is None or rows is None else take_rows(self.own.samples, rows)
        for x, is_together in zip(self.all_x, self.together, strict=True):
            if x is None:
                yield None
            else:
                yield take_rows(x.samples, rows) if is_together and rows is not None else x.draw(rng)


def _rescore(score: Score, samples: Samples | None, rng: Rng, name: str) -> Score:
    """Return a score of other samples; a published share is drawn as so many images right or wrong."""
    key = f"{score.key} {name}"
    if samples is not None:
        return replace(score, value=value_of(samples), samples=samples, sureness=None, key=key)
    if not 0 <= score.value <= 1:
        return score
    return replace(score, value=float(rng.binomial(score.n, score.value)) / score.n, key=key)
