"""Out-of-distribution detection: how well does a score tell known from unknown? (PROTOCOLS section 5).

Scores are higher for in-distribution (ID) samples, which are the positives. Shapes: id_scores (m,),
ood_scores (n,), groups (n,): the class of each OOD sample. Everything is n log n and float64.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from robustcheck.errors import DataError

Floats = npt.NDArray[np.float64]


def auroc(id_scores: npt.ArrayLike, ood_scores: npt.ArrayLike, groups: npt.ArrayLike | None = None) -> float:
    """Return the probability that an ID sample scores above an OOD sample, ties counting half.

    Formula: P(s_id > s_ood) + P(s_id = s_ood)/2; with ``groups`` the unweighted mean of it over the groups
    of OOD samples. Range: [0, 1]; .5 is chance. Raises DataError on NaN and when a side is empty.
    Source: sklearn.metrics.roc_auc_score; NINCO for the mean over classes.

    >>> auroc([0.3, 0.2], [0.1, 0.2])  # three pairs above, one tie
    0.875
    """
    inside, outside = _checked_sides(id_scores, ood_scores)
    return float(np.dot(group_weights(outside, groups), _share_above(inside, outside)))


def auroc_components(
    id_scores: npt.ArrayLike, ood_scores: npt.ArrayLike, groups: npt.ArrayLike | None = None
) -> tuple[Floats, Floats]:
    """Return DeLong's structural components: V10 of each ID sample (m,) and V01 of each OOD sample (n,).

    Formula: V10_i = mean_j psi(x_i, y_j), V01_j = mean_i psi(x_i, y_j), psi = [x > y] + [x = y]/2; with
    ``groups`` V10 is its mean over them. The mean of V10 is the AUROC. Range: [0, 1]. Raises as ``auroc``.
    Source: DeLong et al. 1988; midranks as in Sun & Xu 2014.

    >>> [part.tolist() for part in auroc_components([0.3, 0.2], [0.1, 0.2])]
    [[1.0, 0.75], [1.0, 0.75]]
    """
    inside, outside = _checked_sides(id_scores, ood_scores)
    # V10(x) is the weight of the OOD scores below x, and half of those at x: the mean of the weight below x and the
    # weight up to x. So all m of them need one sort and two searches, not m x n comparisons.
    order = np.argsort(outside, kind="stable")
    reached = np.concatenate([[0.0], np.cumsum(group_weights(outside, groups)[order])])
    # Rounding must not give sides that do not overlap a variance: above all is exactly 1.
    reached /= reached[-1]
    below = reached[np.searchsorted(outside[order], inside, side="left")]
    up_to = reached[np.searchsorted(outside[order], inside, side="right")]
    return (below + up_to) / 2, _share_above(inside, outside)


def threshold_at_95(id_scores: Floats) -> float:
    """Return the largest threshold t with at least 95% of the ID scores at or above it.

    >>> threshold_at_95(np.arange(1.0, 21.0))
    2.0
    """
    # The k-th largest with k = ceil(.95 m), in whole numbers: a double of .95 m may lie above its value.
    kept = -(-95 * len(id_scores) // 100)
    return float(np.partition(id_scores, len(id_scores) - kept)[len(id_scores) - kept])


def group_weights(ood_scores: Floats, groups: npt.ArrayLike | None) -> Floats:
    """Return the weight of each OOD sample when every group counts equally; shape (n,), summing to 1.

    >>> group_weights(np.zeros(3), [7, 7, 9]).tolist()
    [0.25, 0.25, 0.5]
    """
    of_sample = np.zeros(len(ood_scores), dtype=np.int64) if groups is None else np.asarray(groups)
    if of_sample.shape != ood_scores.shape:
        raise DataError(f"groups {of_sample.shape} and OOD scores {ood_scores.shape}", expected="one group a sample")
    # (1/G) sum_g (1/n_g) sum_{i in g} s_i = sum_i s_i / (G n_g(i)).
    _, index, sizes = np.unique(of_sample, return_inverse=True, return_counts=True)
    return np.asarray(1 / (sizes[index] * len(sizes)))


def _share_above(inside: Floats, outside: Floats) -> Floats:
    ranked = np.sort(inside)
    passed = np.searchsorted(ranked, outside, side="left") + np.searchsorted(ranked, outside, side="right")
    return np.asarray(1 - passed / (2 * len(inside)))


def _checked_sides(id_scores: npt.ArrayLike, ood_scores: npt.ArrayLike) -> tuple[Floats, Floats]:
    sides = np.asarray(id_scores, dtype=np.float64), np.asarray(ood_scores, dtype=np.float64)
    for name, scores in zip(("in-distribution", "out-of-distribution"), sides, strict=True):
        if scores.ndim != 1 or not scores.size:
            raise DataError(f"{name} scores of shape {scores.shape}", expected="at least one score on either side")
        if np.isnan(scores).any():
            raise DataError(f"NaN in {int(np.isnan(scores).sum())} {name} scores")
    return sides
