"""Test images that have near duplicates in a reference set, and what they do to accuracy (PROTOCOLS section 12).

nearest reference image by cosine -> a threshold calibrated on made duplicates -> All, Overlap and Clean.
With pHash at +-1/8 the cosine is 1 - 2 d / 64 for a Hamming distance d: 0.75 is d = 8.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from robustcheck.errors import DataError

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]
Features = npt.NDArray[np.float32] | Floats

BLOCK = 4096


@dataclass(frozen=True, slots=True, eq=False)
class Nearest:
    """For each test image, the cosine (n,) to its nearest reference image and that image's index (n,)."""

    cosines: Floats
    indices: Integers


@dataclass(frozen=True, slots=True)
class Threshold:
    """A cosine from which images count as duplicates, with its precision and recall on made pairs."""

    value: float
    precision: float
    recall: float


@dataclass(frozen=True, slots=True)
class OverlapStatistics:
    """Accuracies on all, overlapping and clean images, and whether the overlap is easier than chance allows.

    ``p_binomial``: one-sided, against the clean accuracy as if it were known. ``p_fisher``: one-sided, with both
    accuracies estimated. ``overlap_interval``: Clopper-Pearson, 99.5%. ``difference_interval``: Newcombe's 95%
    interval of overlap - clean. ``matched_difference``: overlap - clean within classes that have both, averaged
    with the overlap's class counts. What needs overlapping images is None without any.
    """

    n: int
    n_overlap: int
    all_accuracy: float
    clean_accuracy: float
    all_minus_clean: float
    overlap_accuracy: float | None = None
    overlap_minus_clean: float | None = None
    p_binomial: float | None = None
    p_fisher: float | None = None
    overlap_interval: tuple[float, float] | None = None
    difference_interval: tuple[float, float] | None = None
    matched_difference: float | None = None


def nearest_reference(test: Features, reference: Features, block: int = BLOCK) -> Nearest:
    """Return the exact nearest reference of each test image, by blocks of both sets.

    test: (n, d), reference: (m, d), rows at unit norm; the cosine is their product in float64. Of equal
    cosines the first reference counts. Raises DataError when a set is empty or the widths differ.
    """
    if not len(test) or not len(reference) or test.shape[1:] != reference.shape[1:]:
        raise DataError(
            f"embeddings of the shapes {test.shape} and {reference.shape}", expected="(n, d) and (m, d), none empty"
        )
    parts = [_nearest_of_block(test[start : start + block], reference, block) for start in range(0, len(test), block)]
    return Nearest(np.concatenate([part.cosines for part in parts]), np.concatenate([part.indices for part in parts]))


def nearest_other(images: Features, block: int = BLOCK) -> Nearest:
    """Return for each image (n, d) the nearest of the others of its own set; at least two are needed.

    These are the similarities of images that are not duplicates, as far as a test set has none within.
    """
    if len(images) < 2:
        raise DataError(f"{len(images)} images", expected="two or more, to compare each with the others")
    cosines, indices = np.zeros(len(images)), np.zeros(len(images), dtype=np.int64)
    everything = images.astype(np.float64)
    for start in range(0, len(images), block):
        rows = np.arange(start, min(start + block, len(images)))
        products = everything[rows] @ everything.T
        products[np.arange(len(rows)), rows] = -np.inf
        indices[rows] = products.argmax(axis=1)
        cosines[rows] = products[np.arange(len(rows)), indices[rows]]
    return Nearest(cosines, indices)


def calibrate_threshold(positive: Floats, negative: Floats, precision: float = 0.99) -> Threshold:
    """Return the threshold of the highest recall at a precision: tp / (tp + fp) >= precision.

    positive: (p,) cosines of made duplicates to their originals; negative: (q,) cosines of images to the nearest
    of a set that has no duplicate of them. An image is a duplicate where its cosine is at least the value.
    Precision holds for this mix of pairs: where duplicates are rarer it is lower. Raises DataError when a
    side is empty or no threshold reaches the precision.

    >>> calibrate_threshold(np.array([0.9, 0.8, 0.6]), np.array([0.7, 0.2]))
    Threshold(value=0.8, precision=1.0, recall=0.6666666666666666)
    """
    if not positive.size or not negative.size:
        raise DataError(f"{positive.size} made duplicates and {negative.size} others", expected="some of each")
    values = np.unique(positive)
    found = positive.size - np.searchsorted(np.sort(positive), values)
    wrong = negative.size - np.searchsorted(np.sort(negative), values)
    precisions = found / (found + wrong)
    enough = np.flatnonzero(precisions >= precision)
    if not enough.size:
        raise DataError(
            f"no threshold reaches a precision of {precision:g}: the best is {precisions.max():.3f}",
            expected="made duplicates nearer to their originals than other images are",
            fix="use weaker duplicates, a better detector, or a lower precision",
        )
    lowest = int(enough[0])
    return Threshold(float(values[lowest]), float(precisions[lowest]), float(found[lowest] / positive.size))


def overlap_statistics(correct: Booleans, is_overlap: Booleans, labels: Integers) -> OverlapStatistics:
    """Return the accuracies on All, Overlap and Clean with the tests of their difference.

    correct, is_overlap: (n,) booleans; labels: (n,) class indices. Accuracies and differences are fractions.
    Raises DataError when arrays differ in length or no image is clean. Source: CLIP (arXiv 2103.00020), section 5.
    """
    right, inside = np.asarray(correct, dtype=bool), np.asarray(is_overlap, dtype=bool)
    if not right.shape == inside.shape == labels.shape or inside.all():
        raise DataError(
            f"{right.size} predictions, {inside.size} overlap marks ({int(inside.sum())} set), {labels.size} labels",
            expected="one of each for each image, and at least one clean image",
        )
    everywhere, clean = float(right.mean()), float(right[~inside].mean())
    base = OverlapStatistics(right.size, int(inside.sum()), everywhere, clean, everywhere - clean)
    return _with_overlap(base, right, inside, labels) if inside.any() else base


def gap_weights(is_overlap: Booleans) -> Floats:
    """Return weights (n,) whose sum with the 0/1 scores is accuracy(All) - accuracy(Clean).

    w_i = 1 / n - [i is clean] / n_clean. Raises DataError when no image is clean.

    >>> gap_weights(np.array([True, False, False, False])).round(3).tolist()
    [0.25, -0.083, -0.083, -0.083]
    """
    # sum_i h_i / n - sum_{i clean} h_i / n_clean = sum_i h_i (1/n - [i clean] / n_clean). The weights sum to 0.
    clean = ~np.asarray(is_overlap, dtype=bool)
    if not clean.any():
        raise DataError(f"none of {clean.size} images is clean", expected="at least one")
    return np.asarray(1 / clean.size - clean / clean.sum())


def _nearest_of_block(test: Features, reference: Features, block: int) -> Nearest:
    rows = np.arange(len(test))
    cosines, indices = np.full(len(test), -np.inf), np.zeros(len(test), dtype=np.int64)
    for start in range(0, len(reference), block):
        products = test.astype(np.float64) @ reference[start : start + block].astype(np.float64).T
        best = products.argmax(axis=1)
        nearer = products[rows, best] > cosines
        cosines[nearer], indices[nearer] = products[rows, best][nearer], start + best[nearer]
    return Nearest(cosines, indices)


def _with_overlap(base: OverlapStatistics, right: Booleans, inside: Booleans, labels: Integers) -> OverlapStatistics:
    from scipy.stats import binomtest, fisher_exact
    from statsmodels.stats.proportion import confint_proportions_2indep

    k, n = int(right[inside].sum()), int(inside.sum())
    k_clean, n_clean = int(right[~inside].sum()), int((~inside).sum())
    binomial = binomtest(k, n, p=base.clean_accuracy, alternative="greater")
    interval = binomtest(k, n).proportion_ci(confidence_level=0.995, method="exact")
    fisher = fisher_exact([[k, n - k], [k_clean, n_clean - k_clean]], alternative="greater")
    difference = confint_proportions_2indep(k, n, k_clean, n_clean, compare="diff", method="newcomb")
    return replace(
        base,
        overlap_accuracy=k / n,
        overlap_minus_clean=k / n - base.clean_accuracy,
        p_binomial=float(binomial.pvalue),
        p_fisher=float(fisher.pvalue),
        overlap_interval=(float(interval.low), float(interval.high)),
        difference_interval=(float(difference[0]), float(difference[1])),
        matched_difference=_matched_difference(right, inside, labels),
    )


def _matched_difference(right: Booleans, inside: Booleans, labels: Integers) -> float | None:
    """Return the mean over overlapping images, of classes with clean ones too, of [right] - class clean accuracy."""
    classes = np.unique(labels, return_inverse=True)[1].reshape(-1)
    clean_counts = np.bincount(classes[~inside], minlength=classes.max() + 1)
    clean_right = np.bincount(classes[~inside], weights=right[~inside], minlength=classes.max() + 1)
    matched = inside & (clean_counts[classes] > 0)
    if not matched.any():
        return None
    at = classes[matched]
    return float(np.mean(right[matched] - clean_right[at] / clean_counts[at]))
