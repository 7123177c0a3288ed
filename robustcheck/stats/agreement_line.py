"""Agreement on the line: the accuracy on a set without labels, from how often models agree there.

Where accuracies of models on two sets lie on a line (on probit axes), so do their agreements, with the same slope and
intercept. Agreements need no labels on either set. So the line of agreements, drawn through all pairs of models,
carries each model's accuracy over from the set that has labels: ALine-S of Baek et al. 2022 (arXiv 2206.13089).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from robustcheck.errors import RecordError
from robustcheck.stats.lines import back, forward
from robustcheck.stats.sampling import Floats

MIN_MODELS = 3
# Baek et al. found accuracies on the line wherever agreements had a higher r2 than this.
ON_THE_LINE = 0.95


@dataclass(frozen=True, slots=True, eq=False)
class AgreementLine:
    """The line of agreements on probit axes, over so many ``pairs`` of models."""

    slope: float
    intercept: float
    r2: float
    pairs: int

    @property
    def is_straight(self) -> bool:
        """Whether agreements lie near enough to a line for accuracies to be read off it."""
        return self.r2 > ON_THE_LINE

    def carry_over(self, accuracies: Floats) -> Floats:
        """Return the accuracies (n,) on the set without labels, from those on the set with labels.

        ALine-S: Phi(slope Phi^-1(accuracy) + intercept).
        """
        return back(self.slope * forward(accuracies, "probit") + self.intercept, "probit")


def fit_agreements(known: Floats, unknown: Floats) -> AgreementLine:
    """Fit the line of agreements (pairs,) on the set without labels over those on the set with labels.

    Pairs that agree always or never have no place on probit axes. Raises RecordError for fewer than three pairs.

    >>> from statistics import NormalDist
    >>> low = np.array([NormalDist().cdf(0.8 * NormalDist().inv_cdf(p) - 0.3) for p in (0.6, 0.7, 0.9)])
    >>> line = fit_agreements(np.array([0.6, 0.7, 0.9]), low)
    >>> round(line.slope, 6), round(line.intercept, 6)
    (0.8, -0.3)
    """
    x, y = forward(known, "probit"), forward(unknown, "probit")
    kept = np.isfinite(x) & np.isfinite(y)
    x, y = x[kept], y[kept]
    if len(np.unique(x)) < MIN_MODELS:
        raise RecordError(
            f"{len(x)} pairs of models whose agreements differ",
            expected=f"at least {MIN_MODELS} models, so that there are {MIN_MODELS} pairs of them",
        )
    # Least squares, as in the paper. One model is in many pairs, so its points lie off the line together: a fit that
    # gives outliers less weight would leave out the model.
    slope, intercept = (float(each) for each in np.polyfit(x, y, 1))
    left = y - (intercept + slope * x)
    return AgreementLine(slope, intercept, float(1 - left @ left / ((y - y.mean()) ** 2).sum()), len(x))
