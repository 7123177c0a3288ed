"""How much several groups of families say together: degrees of freedom, skewness, and how much wider than its draws.

A statistic of two groups varies with each of them. Its parts are found by drawing one group while the other stays as
it is; their variances add up, and so do their third cumulants.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import sqrt

import numpy as np
import numpy.typing as npt

from robustcheck.stats.model_families import Families
from robustcheck.stats.proportions import ROUNDING

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A statistic drawn over one group of families alone: (draws,), or (draws, places) of a statistic of many numbers.

    ``used`` is how many numbers are fitted to the group: one for a mean, two for a line.
    """

    draws: Floats
    families: Families
    used: int = 1


@dataclass(frozen=True, slots=True)
class FamilySample:
    """What a statistic's families say of how sure it is.

    ``size`` is how many families of one group would leave it as skewed, ``degrees`` its degrees of freedom, ``wider``
    how much wider than its draws it spreads, and ``skewness`` what the draws show of its own.
    """

    size: float
    degrees: float
    wider: float
    skewness: float = 0.0


def combine_parts(parts: Sequence[Part]) -> FamilySample:
    """Return what the families of several groups say together; see `combine_variances`.

    The skewness that is seen is that of the means: with k families k^2 / ((k - 1)(k - 2)) times the third central
    moment of their draws. Lines through few families leap in some draws, and say nothing of it.
    """
    drawn = [part.draws[np.isfinite(part.draws)] for part in parts]
    sample, variance = combine_variances([float(each.var()) for each in drawn], parts)
    third = sum(_third_cumulant(each, part) for each, part in zip(drawn, parts, strict=True))
    return sample if variance <= ROUNDING**2 else replace(sample, skewness=third / variance**1.5)


def combine_variances(seen: Sequence[float], parts: Sequence[Part]) -> tuple[FamilySample, float]:
    """Return what several groups say together, and the variance of the statistic, from those of its parts' draws.

    Of k families that u numbers are fitted to, draws show (k - u) / k of the variance. With variances v_j and f_j = k_j
    - u_j the degrees are (sum v_j)^2 / sum (v_j^2 / f_j) (Satterthwaite 1946). Groups that each have a skewness g give
    the statistic at most g sum (v_j^1.5 / sqrt(k_j)) / (sum v_j)^1.5, at worst with one sign.

    Where a small group varies little by chance, this gives most of the weight to the large one just when the variance
    is too small. So degrees are at most, and the skewness at least, what equal spread of all families gives: 1 / f_j.
    """
    sizes = np.array([part.families.effective for part in parts])
    free = np.maximum(1.0, sizes - np.array([part.used for part in parts]))
    variances = np.array(seen) * sizes / free
    total, equal = float(variances.sum()), 1 / free
    varying = [equal] if total <= ROUNDING**2 else [equal, variances]
    degrees = min(float(each.sum() ** 2 / (each**2 / free).sum()) for each in varying)
    skewed = max(float((each**1.5 / np.sqrt(sizes)).sum() / each.sum() ** 1.5) for each in varying)
    wider = sqrt(total / sum(seen)) if total > ROUNDING**2 else sqrt(float((sizes / free).max()))
    return FamilySample(skewed**-2, degrees, wider), total


def _third_cumulant(draws: Floats, part: Part) -> float:
    """Return the unbiased third cumulant of a mean over families, from its draws (k-statistics, Fisher 1930)."""
    if part.used > 1:
        return 0.0
    size = part.families.effective
    free = max(1.0, size - 1)
    return float(((draws - draws.mean()) ** 3).mean()) * size**2 / (free * max(1.0, free - 1))
