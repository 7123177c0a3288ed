"""What the verdict on a model rests on, and what a comparison returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from math import inf

import numpy as np
import numpy.typing as npt

from robustcheck.stats.compare import Difference
from robustcheck.stats.proportions import Interval
from robustcheck.stats.trend_of_several import TrendPlane
from robustcheck.values import Amount, Pairs, Score, TrendFit, TrendPoint
from robustcheck.values.checks import PlannedCheck


@dataclass(frozen=True, slots=True)
class PopulationPoints:
    """The members of a population on the two axes of a check, with where they come from.

    ``networks`` and ``families`` say which network a model is, and which family it is of; a model that they do not
    name is one of its own. ``further`` has the x of each model on the further sets of a trend against several.
    """

    name: str
    points: tuple[TrendPoint, ...]
    source: str = ""
    licence: str = ""
    networks: Mapping[str, str] = field(default_factory=dict)
    families: Mapping[str, str] = field(default_factory=dict)
    further: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    def within(self, x_range: tuple[Amount, Amount] | None) -> tuple[TrendPoint, ...]:
        """Return the points whose x lies in a range; every point without one."""
        if x_range is None:
            return self.points
        low, high = (bound.value for bound in x_range)
        return tuple(point for point in self.points if low <= point.x <= high)

    def all_x(self, points: Sequence[TrendPoint]) -> npt.NDArray[np.float64]:
        """Return the x of some points on all sets: (n, k)."""
        return np.array([(point.x, *self.further.get(point.model, ())) for point in points]).reshape(len(points), -1)

    def without_network(self, network: str) -> PopulationPoints:
        """Return the members that are other networks."""
        kept = tuple(point for point in self.points if self.networks.get(point.model, point.model) != network)
        return replace(self, points=kept)


@dataclass(frozen=True, slots=True)
class DrawnLine:
    """The line, or plane, through a population without the candidate, and what is to be said of its families."""

    fit: TrendFit | TrendPlane
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """Everything one verdict rests on.

    ``x`` is the candidate on a trend's x axis, ``further`` are its x on further sets where a trend is against several,
    with their units in ``further_units``; ``line`` the population's line where it is known before; ``reference``
    is the score it is compared with and ``reference_name`` says whose that is; ``origin`` is the score that a chain of
    references started from; ``x_unit`` is the unit of ``x``, as ``unit`` is the score's. ``difference`` is the paired
    difference from a reference that was measured, ``drift`` that from the origin, and ``shared`` the covariances of
    score and x (of each pair of score and all x, in the order of ``itertools.combinations``), where they rest on some
    of the same images: they are known once for a pair of scores. Without them the samples of the two are asked.
    ``noise`` is the share of decisions that move when the same model is measured again; None where nobody measured it.
    ``network`` names the candidate's network, which a population may list twice.
    ``stage`` says which of the stages of deciding early the scores belong to, and ``images`` how many images it has
    seen, of how many; None where the check is looked at once, on all images; ``all_images`` says why, where others of
    the run are not. ``bounded`` says that what is measured lies between 0 and 1, and a difference of two between -1 and
    1; ``counted`` says what its n counts.
    """

    planned: PlannedCheck
    score: Score
    today: date
    unit: str
    higher_is_better: bool
    minimum_n: int
    x: Score | None = None
    further: tuple[Score, ...] = ()
    population: PopulationPoints | None = None
    line: DrawnLine | None = None
    reference: Score | None = None
    reference_name: str = ""
    origin: Score | None = None
    origin_name: str = ""
    x_unit: str = "%"
    further_units: tuple[str, ...] = ()
    difference: Difference | None = None
    shared: tuple[float, ...] | None = None
    drift: Difference | None = None
    noise: float | None = None
    network: str = ""
    stage: int | None = None
    images: tuple[int, int] | None = None
    all_images: str = ""
    bounded: bool = False
    counted: str = "images"

    @property
    def all_x(self) -> tuple[Score, ...]:
        """The candidate's x: one of a line, several of a plane, none without either."""
        return () if self.x is None else (self.x, *self.further)

    @property
    def parts(self) -> tuple[Score, ...]:
        """All scores that the verdict rests on, the measured one first."""
        return (self.score, *self.all_x, *(() if self.reference is None else (self.reference,)))


@dataclass(frozen=True, slots=True)
class Estimate:
    """A compared number with its interval at any level and its standard error.

    ``strict`` is the interval that a fail is decided on, where another one keeps its level exactly;
    ``fixed`` is the part of the error that more samples would not take away: that of a trend's line.
    """

    value: float
    interval: Callable[[float], Interval]
    error: float
    strict: Callable[[float], Interval] | None = None
    fixed: float = 0.0

    def interval_of_fail(self, alpha: float) -> Interval:
        """Return the interval whose ends are one-sided bounds at ``alpha``."""
        return (self.strict or self.interval)(1 - 2 * alpha)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where the compared number may lie."""

    low: float = -inf
    high: float = inf

    def margin(self, value: float) -> float:
        """Return the signed distance to the nearer bound, positive inside."""
        return min(value - self.low, self.high - value)

    def nearest(self, value: float) -> float:
        """Return the bound that the margin is measured to."""
        return self.low if value - self.low <= self.high - value else self.high


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a kind of expectation compares, where it may lie, and how to say it.

    ``claim`` is the first half of the reason ("top1 21.5% is 17.8 pp below trend");
    ``in_points`` says that the compared number is a difference; ``is_equal`` that it is one of two measurements
    which do not differ on any image; ``below_noise`` that measuring the same model again may lose more than is allowed.
    ``drift`` is a second comparison that has to hold too: each of the two takes half of the level; ``origin`` is where
    the first baseline of the line lies on the scale of what is compared.
    """

    estimate: Estimate
    bounds: Bounds
    warn_bounds: Bounds | None
    claim: str
    in_points: bool = False
    expected: float | None = None
    notes: tuple[str, ...] = ()
    facts: Pairs = ()
    is_equal: bool = False
    below_noise: bool = False
    drift: Comparison | None = None
    origin: float | None = None
