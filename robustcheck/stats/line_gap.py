"""The largest distance between the lines of groups of models, and how sure it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from robustcheck.errors import RecordError
from robustcheck.stats.axes import AxisName
from robustcheck.stats.crossed_ways import Crossed, over_ways
from robustcheck.stats.family_samples import FamilySample, Part, combine_variances
from robustcheck.stats.lines import Points, back, draw_lines, fit_line, forward
from robustcheck.stats.model_families import Families, draws_for, reach_over_families
from robustcheck.stats.proportions import Interval

Floats = npt.NDArray[np.float64]

_GRID = 25
# Lines without any scatter lie where they lie; their draws are still divided by how far they spread.
_LEAST_SPREAD = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Gap:
    """The largest distance (fractions) of groups' lines, over the x that all of them have.

    ``differences`` (places,) are the lines' differences, of every pair of groups at every x of ``grid``, ``spreads``
    those of their draws, and ``samples`` what the families of each place's pair say together; ``peaks`` (draws,) are
    the largest |t| of a draw; ``pair`` and ``x`` say where the lines are furthest apart.
    """

    value: float
    pair: tuple[int, int]
    x: float
    x_low: float
    x_high: float
    differences: Floats
    spreads: Floats
    peaks: Floats
    samples: tuple[FamilySample, ...]

    @property
    def error(self) -> float:
        """The standard error where the lines are furthest apart."""
        return float(self._errors[np.abs(self.differences).argmax()])

    @property
    def _errors(self) -> Floats:
        return np.asarray(self.spreads * [each.wider for each in self.samples])

    def interval(self, level: float) -> Interval:
        """Return how far apart the lines are shown to be somewhere, and how far they may be anywhere.

        A largest distance is above 0 even between equal lines, so its own percentiles would mislead. The
        upper end is the intersection-union one (each place has its own interval, all must be inside); the
        lower end must hold somewhere, so it takes the simultaneous band over all places (sup-t).
        """
        tail = (1 - level) / 2
        reach = np.array([reach_over_families(tail, each.size, each.degrees) for each in self.samples])
        everywhere = float(np.quantile(self.peaks, 1 - tail)) * reach / NormalDist().inv_cdf(1 - tail)
        distances = np.abs(self.differences)
        low = float((distances - everywhere * self._errors).max())
        return max(0.0, low), float((distances + reach * self._errors).max())


def line_gap(groups: Sequence[Points], axis: AxisName, *, seed: int) -> tuple[Gap, Gap | Crossed]:
    """Compare the lines of two or more groups where their x overlap; RecordError where they do not.

    Return the gap over the families, and how sure it is: the same, or of cells of a table clustered along their ways.
    """
    x_low, x_high = max(float(each.x.min()) for each in groups), min(float(each.x.max()) for each in groups)
    if x_low >= x_high:
        raise RecordError(
            "the groups have no x in common, so their lines cannot be compared",
            expected="groups whose x ranges overlap",
        )

    def measure(*families: Families) -> Gap:
        regrouped = [replace(each, grouped=own) for each, own in zip(groups, families, strict=True)]
        return _measure_gap(regrouped, (x_low, x_high), axis, seed)

    families = [each.families for each in groups]
    gap = measure(*families)
    return gap, over_ways(measure, *families) if families[0].ways else gap


def _measure_gap(groups: Sequence[Points], span: Interval, axis: AxisName, seed: int) -> Gap:
    first, last = (float(place) for place in forward(np.array(span), axis))
    grid = back(np.linspace(first, last, _GRID), axis)
    rng, count = np.random.default_rng(seed), draws_for(*(each.size for each in groups))
    drawn = [draw_lines(each, axis, rng, count).at(grid[None]) for each in groups]
    fitted = [fit_line(each, axis).at(grid[None]) for each in groups]
    pairs = list(combinations(range(len(groups)), 2))
    differences = np.concatenate([(fitted[one] - fitted[other])[0] for one, other in pairs])
    draws = np.concatenate([drawn[one] - drawn[other] for one, other in pairs], axis=1)
    draws = draws[np.isfinite(draws).all(axis=1)]
    place, spread = int(np.abs(differences).argmax()), np.maximum(draws.std(axis=0), _LEAST_SPREAD)
    parts = [Part(lines, each.families, used=2) for lines, each in zip(drawn, groups, strict=True)]
    return Gap(
        value=float(np.abs(differences).max()),
        pair=pairs[place // _GRID],
        x=float(grid[place % _GRID]),
        x_low=span[0],
        x_high=span[1],
        differences=differences,
        spreads=spread,
        peaks=np.abs((draws - differences) / spread).max(axis=1),
        samples=tuple(each for one, other in pairs for each in _samples((parts[one], parts[other]))),
    )


def _samples(parts: tuple[Part, Part]) -> list[FamilySample]:
    """Return what the families of two groups say together of the difference of their lines, at each place."""
    seen = [np.nanvar(part.draws, axis=0) for part in parts]
    return [combine_variances([float(each) for each in at], parts)[0] for at in zip(*seen, strict=True)]
