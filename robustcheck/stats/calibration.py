"""Calibration metrics: does a confidence of 80% mean right in 80% of the cases? (PROTOCOLS section 6).

Shapes: confidence and correct (n,). Everything is float64.
``counts`` (n,) says how often each sample is in the data, as in a bootstrap replicate; all once without it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from robustcheck.errors import DataError
from robustcheck.stats.proportions import is_binary

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

BINS = 15


def ece(
    confidence: npt.ArrayLike, correct: npt.ArrayLike, *, bins: int = BINS, counts: npt.ArrayLike | None = None
) -> float:
    """Return the expected calibration error over bins of equal width.

    Formula: sum_b (n_b/n) |acc_b - conf_b|, bin b = ((b-1)/B, b/B], half-open so that 1.0 is in the last;
    empty bins add nothing. Unit: a difference of fractions. Range: [0, 1]; 0 is calibrated. It is biased
    upwards, by about .009 for 25,000 calibrated samples in 15 bins and .03 for 2,000.
    Raises DataError on a confidence outside (0, 1], on correct other than 0 or 1, and without samples.
    Source: Naeini et al. 2015; PROTOCOLS section 6. torchmetrics and netcal treat the edges otherwise.

    >>> round(ece([0.75, 0.75, 0.75, 0.75, 0.5], [1, 1, 1, 1, 0], bins=10), 3)  # 4/5 of .25 and 1/5 of .5
    0.3
    """
    confidences, hits, times = _checked_confidences(confidence, correct, counts)
    return _error(confidences, hits, times, width_bins(confidences, bins))


def ece_mass(
    confidence: npt.ArrayLike, correct: npt.ArrayLike, *, bins: int = BINS, counts: npt.ArrayLike | None = None
) -> float:
    """Return the expected calibration error over bins of equal mass.

    Formula: as ``ece``, but the samples sorted by confidence are split into B runs that differ by one in
    length. Samples of one confidence stay together, in the run where the middle one of them falls, so that
    the order of the samples cannot change the value. Range: [0, 1]. Raises DataError as ``ece``.
    Source: Nguyen & O'Connor 2015; Nixon et al. 2019 (adaptive calibration error).

    >>> round(ece_mass([0.6, 0.7, 0.8, 0.9], [1, 0, 1, 1], bins=2), 3)  # (|.65 - .5| + |.85 - 1|) / 2
    0.15
    """
    confidences, hits, times = _checked_confidences(confidence, correct, counts)
    return _error(confidences, hits, times, mass_bins(confidences, bins, times))


def width_bins(confidence: Floats, bins: int) -> Ints:
    """Return the index of each confidence's bin of equal width ((b-1)/B, b/B], from 0; shape (n,).

    >>> width_bins(np.array([0.1, 0.11, 1.0]), 10).tolist()
    [0, 1, 9]
    """
    # arange / bins is the double nearest to each edge, which repeated addition of a step is not.
    edges = np.arange(_checked_bins(bins) + 1) / bins
    return np.asarray(np.searchsorted(edges, confidence, side="left") - 1, dtype=np.int64)


def mass_bins(confidence: Floats, bins: int, counts: Ints | None = None) -> Ints:
    """Return the index of each confidence's bin of equal mass, from 0; equal confidences share one.

    >>> mass_bins(np.array([0.9, 0.5, 0.6, 0.7, 0.8]), 2).tolist()
    [1, 0, 0, 0, 1]
    """
    times = np.ones(len(confidence), dtype=np.int64) if counts is None else counts
    distinct, index = np.unique(confidence, return_inverse=True)
    mass = np.bincount(index, weights=times, minlength=len(distinct)).astype(np.int64)
    ends = np.cumsum(mass)
    middle = (2 * ends - mass - 1) // 2
    # Of n sorted samples the first `larger` bins hold size + 1 each and the others size, as n = B size + larger.
    # So place p is in bin p // (size + 1), or past these in larger + (p - larger (size + 1)) // size.
    size, larger = divmod(int(ends[-1]), _checked_bins(bins))
    in_larger = middle < larger * (size + 1)
    of_place = np.where(in_larger, middle // (size + 1), larger + (middle - larger * (size + 1)) // max(size, 1))
    return np.asarray(of_place[index], dtype=np.int64)


def _error(confidence: Floats, correct: Floats, counts: Ints, index: Ints) -> float:
    gaps = np.bincount(index, weights=counts * (confidence - correct))
    return float(np.abs(gaps).sum() / counts.sum())


def _checked_confidences(
    confidence: npt.ArrayLike, correct: npt.ArrayLike, counts: npt.ArrayLike | None
) -> tuple[Floats, Floats, Ints]:
    confidences, hits = np.asarray(confidence, dtype=np.float64), np.asarray(correct, dtype=np.float64)
    times = np.ones(confidences.shape, dtype=np.int64) if counts is None else np.asarray(counts)
    if confidences.ndim != 1 or hits.shape != confidences.shape or times.shape != confidences.shape:
        raise DataError(f"confidence {confidences.shape}, correct {hits.shape}, counts {times.shape}", expected="(n,)")
    if not np.issubdtype(times.dtype, np.integer) or (times < 0).any():
        raise DataError("counts that are not whole numbers from 0", expected="how often each sample is in the data")
    if not times.sum():
        raise DataError("no samples", expected="at least one sample: no data is never a score")
    if not ((confidences > 0) & (confidences <= 1)).all():
        raise DataError("confidences outside (0, 1]", expected="the largest of the probabilities, which is never 0")
    if not is_binary(hits):
        raise DataError("correct other than 0 or 1", expected="1 where the prediction is right, else 0")
    return confidences, hits, times.astype(np.int64)


def _checked_bins(bins: int) -> int:
    if bins < 1:
        raise DataError(f"{bins} bins", expected="at least one")
    return bins
