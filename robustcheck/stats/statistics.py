"""The value of per-sample scores under their aggregate, and the influence of each sample on it.

The influences I_i linearise a statistic: over independent samples Var = sum_i I_i^2, over clusters
Var = sum_c (sum_{i in c} I_i)^2, and Cov of two statistics over the same samples = sum_c I_c J_c.
Sources: Hampel 1974 (influence); DeLong et al. 1988 (AUROC); Obuchowski 1997 (clustered AUROC).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from robustcheck.errors import DataError
from robustcheck.stats.calibration import ece, ece_mass, mass_bins, width_bins
from robustcheck.stats.detection import auroc, auroc_components, group_weights, threshold_at_95
from robustcheck.values import Samples

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

IN_DISTRIBUTION = -1
AUROC = ("auroc", "group_auroc")
FPR = ("fpr95", "group_fpr95")
ECE = ("ece", "ece_mass")


def value_of(samples: Samples) -> float:
    """Return the value of the scores under their aggregate; raise DataError where it is undefined.

    >>> ids, groups = np.array(["a", "b", "c"]), np.array([0, 0, 1])
    >>> value_of(Samples(ids, np.array([1.0, 0.0, 1.0]), groups, "group_mean"))
    0.75
    """
    _require_scores(samples)
    if samples.aggregate in AUROC:
        sides = sides_of(samples)
        return auroc(sides.id_scores, sides.ood_scores, sides.classes)
    if samples.aggregate in FPR:
        sides = sides_of(samples)
        return float(sides.weights @ (sides.ood_scores >= threshold_at_95(sides.id_scores)))
    if samples.aggregate in ECE:
        error = ece if samples.aggregate == "ece" else ece_mass
        return error(samples.scores, partner_of(samples), bins=samples.bins)
    ratios = group_ratios(samples)
    return float(ratios.weights @ ratios.values)


def influence(samples: Samples) -> Floats:
    """Return the influence of each sample on the value; shape (n,), summing to 0."""
    _require_scores(samples)
    if samples.aggregate in AUROC:
        return _auroc_influence(sides_of(samples))
    if samples.aggregate in FPR:
        return _fpr_influence(sides_of(samples))
    if samples.aggregate in ECE:
        return _ece_influence(*calibration_gaps(samples))
    # d/d sums of sum_g w_g (A_g / B_g), applied to one sample's share (a_i, b_i) of the sums.
    ratios = group_ratios(samples)
    deviations = ratios.numerator - ratios.values[ratios.index] * ratios.denominator
    return np.asarray((ratios.weights / ratios.totals)[ratios.index] * deviations)


# --- sums of ratios over groups: mean, group_mean, group_min, weighted_sum, ratio ----------------


@dataclass(frozen=True, slots=True, eq=False)
class GroupRatios:
    """The statistic sum_g weights_g values_g, values_g = (sum of numerator in g) / (sum of denominator in g).

    numerator, denominator, index: (n,); values, totals (the sums of denominator), weights: (G,).
    """

    numerator: Floats
    denominator: Floats
    index: Ints
    values: Floats
    totals: Floats
    weights: Floats


def group_ratios(samples: Samples) -> GroupRatios:
    """Return a mean, a ratio or a combination of group means as a sum of ratios."""
    how, n = samples.aggregate, samples.scores.size
    grouped = how not in ("mean", "ratio")
    index = np.unique(samples.groups, return_inverse=True)[1] if grouped else np.zeros(n, dtype=np.int64)
    numerator = samples.scores * partner_of(samples) if how == "weighted_sum" else samples.scores
    denominator = partner_of(samples) if how == "ratio" else np.ones(n)
    totals: Floats = np.bincount(index, weights=denominator).astype(np.float64)
    if not totals.all():
        raise DataError("a ratio whose denominator sums to 0", expected="at least one sample that counts")
    values = np.bincount(index, weights=numerator) / totals
    return GroupRatios(numerator, denominator, index, values, totals, _weights(how, values, totals))


def _weights(how: str, values: Floats, totals: Floats) -> Floats:
    if how == "group_mean":
        return np.full(values.size, 1 / values.size)
    if how == "group_min":
        return np.asarray(np.arange(values.size) == values.argmin(), dtype=np.float64)
    # A sum of weighted scores is n_g times their mean: the group sizes are fixed by design.
    return totals if how == "weighted_sum" else np.ones(1)


# --- detection: auroc, fpr95 ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Sides:
    """The two sides of a detection: rows and scores of each; classes (None when pooled) and weights of OOD."""

    id_rows: Ints
    ood_rows: Ints
    id_scores: Floats
    ood_scores: Floats
    classes: Ints | None
    weights: Floats


def sides_of(samples: Samples) -> Sides:
    """Split detection samples into in-distribution (group -1) and out-of-distribution ones."""
    inside = samples.groups == IN_DISTRIBUTION
    id_rows, ood_rows = np.flatnonzero(inside), np.flatnonzero(~inside)
    if not id_rows.size or not ood_rows.size:
        raise DataError(f"{id_rows.size} in-distribution and {ood_rows.size} other samples", expected="some of each")
    classes = samples.groups[ood_rows] if samples.aggregate.startswith("group_") else None
    ood_scores = samples.scores[ood_rows]
    weights = group_weights(ood_scores, classes)
    return Sides(id_rows, ood_rows, samples.scores[id_rows], ood_scores, classes, weights)


def _auroc_influence(sides: Sides) -> Floats:
    """DeLong's components, centred; sum I^2 is his variance, so n - 1 where other influences have n."""
    above_ood, above_id = auroc_components(sides.id_scores, sides.ood_scores, sides.classes)
    classes = np.zeros(above_id.size, dtype=np.int64) if sides.classes is None else sides.classes
    index, sizes = np.unique(classes, return_inverse=True, return_counts=True)[1:]
    m = above_ood.size
    if m < 2 or sizes.min() < 2:
        raise DataError("a side or class of one sample: the AUROC has no variance", expected="at least two samples")
    means = np.bincount(index, weights=above_id) / sizes
    parts = np.empty(m + above_id.size)
    parts[sides.id_rows] = (above_ood - above_ood.mean()) / np.sqrt(m * (m - 1))
    parts[sides.ood_rows] = sides.weights * np.sqrt(sizes / (sizes - 1))[index] * (above_id - means[index])
    return parts


def _fpr_influence(sides: Sides) -> Floats:
    """An OOD sample adds its own acceptance; an ID sample below the threshold moves that down along the ROC curve.

    FPR(t) with t the 5% quantile of ID: dFPR = -f_ood dt and dt = -d F_id(t) / f_id, so an ID sample's part is
    (f_ood / f_id) ([s < t] - mean) / m, and f_ood / f_id is the slope of the ROC curve at TPR .95.
    """
    threshold = threshold_at_95(sides.id_scores)
    accepted = (sides.ood_scores >= threshold).astype(np.float64)
    classes = np.zeros(accepted.size, dtype=np.int64) if sides.classes is None else sides.classes
    index = np.unique(classes, return_inverse=True)[1]
    rates = np.bincount(index, weights=accepted) / np.bincount(index)
    below = (sides.id_scores < threshold).astype(np.float64)
    parts = np.empty(below.size + accepted.size)
    parts[sides.id_rows] = _roc_slope(sides) * (below - below.mean()) / below.size
    parts[sides.ood_rows] = sides.weights * (accepted - rates[index])
    return parts


def _roc_slope(sides: Sides) -> float:
    """The rise of the FPR over TPR .95 +- h; h = m^(-1/3), at most .04, trades the slope's bias for its noise."""
    m = sides.id_scores.size
    reach = min(0.04, m ** (-1 / 3))
    ranked = np.sort(sides.id_scores)
    places = np.clip(np.round(m * np.array([0.05 - reach, 0.05 + reach])).astype(np.int64), 0, m - 1)
    loose, strict = (float(sides.weights @ (sides.ood_scores >= ranked[place])) for place in places)
    return (loose - strict) * m / max(1, int(places[1] - places[0]))


# --- calibration: ece, ece_mass ------------------------------------------------------------------


def calibration_gaps(samples: Samples) -> tuple[Floats, Ints]:
    """Return each sample's confidence minus its correctness, and its bin; both (n,).

    Bins are those of the data in hand: they stay as they are when the data are resampled.
    """
    bins = width_bins if samples.aggregate == "ece" else mass_bins
    return samples.scores - partner_of(samples), bins(samples.scores, samples.bins)


def _ece_influence(gaps: Floats, index: Ints) -> Floats:
    sums = np.bincount(index, weights=gaps)
    return np.asarray((np.sign(sums)[index] * gaps - np.abs(sums).sum() / gaps.size) / gaps.size)


def partner_of(samples: Samples) -> Floats:
    """Return the second column of the samples; raise DataError when their aggregate needs it and it is missing."""
    if samples.partner is None:
        raise DataError(f"samples of {samples.aggregate} without a partner column", expected="one number a sample")
    return samples.partner


def _require_scores(samples: Samples) -> None:
    if not samples.scores.size:
        raise DataError("no samples", expected="at least one sample: no data is never a score")
    if np.isnan(samples.scores).any():
        raise DataError(f"NaN in {int(np.isnan(samples.scores).sum())} scores")
