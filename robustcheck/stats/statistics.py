"""The statistics by name, and what they say of samples."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from robustcheck.errors import DataError, did_you_mean
from robustcheck.stats.calibration_error import ECE, ECE_MASS
from robustcheck.stats.counted_ratios import GROUP_MIN, RATIO
from robustcheck.stats.f1 import MACRO_F1
from robustcheck.stats.kappa import KAPPA
from robustcheck.stats.means import GROUP_MEAN, MEAN, WEIGHTED_SUM
from robustcheck.stats.median import MEDIAN
from robustcheck.stats.risk_coverage import AURC
from robustcheck.stats.sampling import Floats
from robustcheck.stats.separation import AUROC, FPR95, GROUP_AUROC, GROUP_FPR95
from robustcheck.stats.statistic import Statistic
from robustcheck.values import Samples

_ALL = (
    MEAN,
    GROUP_MEAN,
    GROUP_MIN,
    WEIGHTED_SUM,
    RATIO,
    AUROC,
    GROUP_AUROC,
    FPR95,
    GROUP_FPR95,
    ECE,
    ECE_MASS,
    MEDIAN,
    AURC,
    MACRO_F1,
    KAPPA,
)
STATISTICS: Mapping[str, Statistic] = MappingProxyType({statistic.name: statistic for statistic in _ALL})


def statistic_named(name: str) -> Statistic:
    """Return the statistic called ``name``; raise DataError, with the nearest known one, where there is none."""
    if name in STATISTICS:
        return STATISTICS[name]
    raise DataError(
        f"unknown statistic {name!r}",
        expected=", ".join(STATISTICS),
        fix=did_you_mean(name, STATISTICS) or "use a known statistic",
    )


def value_of(samples: Samples) -> float:
    """Return the value of the scores under their statistic; raise DataError where it is undefined.

    >>> import numpy as np
    >>> ids, groups = np.array(["a", "b", "c"]), np.array([0, 0, 1])
    >>> value_of(Samples(ids, np.array([1.0, 0.0, 1.0]), groups, "group_mean"))
    0.75
    """
    return statistic_named(samples.statistic).value(samples)


def influence(samples: Samples) -> Floats:
    """Return the influence of each sample on the value; shape (n,), summing to 0."""
    return statistic_named(samples.statistic).influence(samples)
