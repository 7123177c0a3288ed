"""How two quantities go together over models: rank and linear correlations, drawn over families."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist
from typing import Literal

import numpy as np
import numpy.typing as npt

from robustcheck.errors import RecordError
from robustcheck.stats.crossed_ways import Sure, over_ways
from robustcheck.stats.lines import Points
from robustcheck.stats.model_families import Families, drawn_means, draws_for, student
from robustcheck.stats.proportions import Interval

Floats = npt.NDArray[np.float64]
Method = Literal["spearman", "pearson"]


@dataclass(frozen=True, slots=True)
class Correlation:
    """A correlation over n families (their effective number), with two standard errors of z = artanh r.

    ``fisher`` is that of the number alone, which knows no data: 1 / sqrt(n - 3) for values (Fisher 1921), and
    sqrt((1 + r^2 / 2) / (n - 3)) for ranks (Bonett & Wright 2000). ``drawn`` is the spread of the draws on that scale.
    """

    value: float
    families: float
    fisher: float
    drawn: float

    @property
    def error(self) -> float:
        """The standard error of r, by the slope 1 - r^2 of tanh."""
        nearest = _nearest_to_perfect(self.families)
        return (1 - min(abs(self.value), nearest) ** 2) * max(self.fisher, self.drawn)

    def interval(self, level: float) -> Interval:
        """Return the interval of z turned back: a normal one by the number, and Student's t by the draws if wider.

        On n - 2 degrees, since the spread of the draws is itself found from the data.
        """
        tail, nearest = (1 - level) / 2, _nearest_to_perfect(self.families)
        reach = max(
            -NormalDist().inv_cdf(tail) * self.fisher, student(1 - tail, max(1.0, self.families - 2)) * self.drawn
        )
        z = float(np.arctanh(np.clip(self.value, -nearest, nearest)))
        low, high = float(np.tanh(z - reach)), float(np.tanh(z + reach))
        return min(low, self.value), max(high, self.value)


def correlation(points: Points, method: Method, *, seed: int) -> Sure:
    """Return Spearman's or Pearson's correlation over the models; RecordError where one side does not vary."""

    def measure(families: Families) -> Correlation:
        counts = families.draw(np.random.default_rng(seed), draws_for(points.size))
        # Few families give the same draw again and again.
        first, which = families.distinct(counts)
        draws = _correlations(points.x, points.y, counts[first], method)[which]
        return _correlation(correlation_of(points.x, points.y, method), draws[np.isfinite(draws)], families, method)

    return over_ways(measure, points.families)


def _correlation(value: float, draws: Floats, families: Families, method: Method) -> Correlation:
    if not draws.size:
        raise RecordError("the models do not differ, so nothing correlates", expected="models that differ")
    n = families.effective
    nearest = _nearest_to_perfect(n)
    ranks = 1 + value**2 / 2 if method == "spearman" else 1.0
    drawn = float(np.arctanh(np.clip(draws, -nearest, nearest)).std())
    return Correlation(value, n, sqrt(ranks / max(1.0, n - 3)), drawn)


def _nearest_to_perfect(n: float) -> float:
    """Return the largest rank correlation below 1, where two neighbours are swapped: artanh(1) is infinite."""
    n = max(3.0, n)
    return 1 - 12 / (n * (n * n - 1))


def correlation_of(x: Floats, y: Floats, method: Method) -> float:
    """Return the correlation alone; NaN where one side does not vary."""
    return float(_correlations(x, y, np.ones((1, x.size)), method)[0])


def correlation_p(value: float, n: int) -> float:
    """Return the two-sided p value of no correlation: t = r sqrt((n - 2) / (1 - r^2)) on n - 2 degrees.

    >>> round(correlation_p(0.5, 20), 5)
    0.02477
    """
    from scipy.special import stdtr

    if abs(value) >= 1:
        return 0.0
    t = abs(value) * sqrt((n - 2) / (1 - value * value))
    return 2 * float(stdtr(n - 2, -t))


def _correlations(x: Floats, y: Floats, counts: Floats, method: Method) -> Floats:
    """Correlate x and y (n,) over the models of each draw, that come so often: counts (b, n) -> (b,)."""
    if method == "spearman":
        places, targets = _ranks(x, counts), _ranks(y, counts)
    else:
        places, targets = x[None], y[None]
    x_off, y_off = (each - drawn_means(counts, each)[:, None] for each in (places, targets))
    spread = np.sqrt((counts * x_off * x_off).sum(axis=1) * (counts * y_off * y_off).sum(axis=1))
    found = np.full(spread.shape, np.nan)
    np.divide((counts * x_off * y_off).sum(axis=1), spread, out=found, where=spread > 1e-15)
    return np.clip(found, -1, 1)


def _ranks(values: Floats, counts: Floats) -> Floats:
    """Return the rank of each model in each draw (b, n), tied ones sharing their mean rank."""
    # Of c equal values above b smaller ones the ranks are b + 1 to b + c, and their mean is b + (c + 1) / 2.
    order, place = np.argsort(values, kind="stable"), np.unique(values, return_inverse=True)[1]
    starts = np.concatenate([[0], np.flatnonzero(np.diff(values[order])) + 1])
    often = np.add.reduceat(counts[:, order], starts, axis=1)
    return np.asarray((np.cumsum(often, axis=1) - often + (often + 1) / 2)[:, place])
