"""Agreement on the line: the accuracy on a set without labels, from how often models agree there.

Where accuracies of models on two sets lie on a line (on probit axes), so do their agreements, with the same slope and
intercept. Agreements need no labels on either set. So the line of agreements, drawn through all pairs of models,
carries each model's accuracy over from the set that has labels: ALine-S of Baek et al. 2022 (arXiv 2206.13089). Their
ALine-D asks for the accuracies that suit the agreements of all pairs best, so that a model's own distance from the line
counts too.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

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


@dataclass(frozen=True, slots=True, eq=False)
class CarriedOver:
    """One model's estimated accuracy, the line that it rests on, and how the estimate moves with what was counted.

    ``by_known``, ``by_unknown`` (pairs,) and ``by_accuracy`` (models,) are its derivatives in the agreements on either
    set and in the accuracies on the known one. ``scatter`` is how far a model may lie off the line, in accuracy.
    """

    value: float
    line: AgreementLine
    by_known: Floats
    by_unknown: Floats
    by_accuracy: Floats
    scatter: float


def estimate_first(known: Floats, unknown: Floats, accuracies: Floats, *, by_pairs: bool = True) -> CarriedOver:
    """Estimate the accuracy of the first of m models from the agreements (pairs,) on both sets and accuracies (m,).

    Pairs come in the order of ``itertools.combinations``. With p and q the probits of the agreements on the known and
    the other set, t those of accuracies, and slope a, ALine-S is w_i = a t_i + b. In ALine-D the intercept cancels:
    (w_i + w_j) / 2 = q_ij + a ((t_i + t_j) / 2 - p_ij) for each pair, solved for w by least squares. Raises RecordError
    where too few pairs are left.
    """
    p, q, t = (forward(each, "probit") for each in (known, unknown, accuracies))
    kept = np.isfinite(p) & np.isfinite(q)
    line, halves = fit_agreements(known, unknown), _halves(len(accuracies))[kept]
    if not np.isfinite(t).all() or np.linalg.matrix_rank(halves) < len(accuracies):
        raise RecordError(
            f"{len(accuracies)} models, of which one is never or always right or agrees",
            expected=f"at least {MIN_MODELS} models that differ, and are right on some images and wrong on others",
        )
    p, q = p[kept], q[kept]
    apart = p - p.mean()
    spread = float(apart @ apart)
    of_slope_q, of_slope_p = apart / spread, (q - q.mean() - 2 * line.slope * apart) / spread
    if by_pairs:
        weights = np.linalg.pinv(halves)[0]
        beyond = halves @ t - p
        place, turn = float(weights @ (q + line.slope * beyond)), float(weights @ beyond)
        by_q, by_p = weights + turn * of_slope_q, -line.slope * weights + turn * of_slope_p
        by_t = line.slope * (weights @ halves)
    else:
        place, turn = line.slope * float(t[0]) + line.intercept, float(t[0] - p.mean())
        by_q, by_p = turn * of_slope_q + 1 / p.size, turn * of_slope_p - line.slope / p.size
        by_t = line.slope * (np.arange(t.size) == 0)
    height = float(_height(place))
    left = q - line.intercept - line.slope * p
    # A pair's agreement lies off by the mean of what its two models are off by: half of the variance of one.
    scatter = height * float(np.sqrt(2 * left @ left / max(1, p.size - 2)))
    return CarriedOver(
        value=float(back(np.array(place), "probit")),
        line=line,
        by_known=_spread_out(height * by_p / _height(p), kept),
        by_unknown=_spread_out(height * by_q / _height(q), kept),
        by_accuracy=np.asarray(height * by_t / _height(t)),
        scatter=scatter,
    )


def _halves(models: int) -> Floats:
    """Return the means of pairs as a matrix (pairs, models): a half for each of the two."""
    rows = np.zeros((models * (models - 1) // 2, models))
    for row, pair in enumerate(combinations(range(models), 2)):
        rows[row, list(pair)] = 0.5
    return rows


def _height(place: Floats | float) -> Floats:
    """Return the density of the normal distribution: the derivative of what is at a place of the probit axis."""
    return np.asarray(np.exp(-np.square(place) / 2) / np.sqrt(2 * np.pi))


def _spread_out(values: Floats, kept: np.ndarray) -> Floats:
    whole = np.zeros(kept.size)
    whole[kept] = values
    return whole
