"""Temperature scaling: one number that makes confidences honest on a calibration half (PROTOCOLS section 6).

p = softmax(z / T), T* = argmin NLL. NLL is convex in 1/T, so the bounded search over log T finds the
minimum; the common LBFGS recipe is unconstrained and can end at a negative temperature.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import exp
from typing import Any

import numpy as np
import numpy.typing as npt

from robustcheck.errors import DataError
from robustcheck.outputs.ranks import check_logits

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LOG_BOUNDS = (-5.0, 5.0)
_BLOCK = 250_000


@dataclass(frozen=True, slots=True)
class Temperature:
    """A fitted temperature, with the NLL at 1 and at it on the samples of the fit.

    ``at_bound``: the search range, not the data, stopped it (separable data drive T to 0).
    """

    value: float
    nll_before: float
    nll_after: float
    at_bound: bool


def fit_temperature(logits: npt.ArrayLike, labels: npt.ArrayLike) -> Temperature:
    """Fit T on logits (n, C) and labels (n,): the minimum of the NLL over log T in [-5, 5].

    Mask the classes first, then fit. Raises DataError on a logit that is not finite, a label outside [0, C) and
    without samples.
    """
    from scipy.optimize import minimize_scalar

    loss = _scaled_nll(*_finite_logits(logits, labels))
    found = minimize_scalar(loss, bounds=LOG_BOUNDS, method="bounded", options={"xatol": 1e-8})
    inner = float(found.x)
    # Separable data have a loss of exactly 0 over a range of T: then the bound is no worse than the minimum.
    best = min((*LOG_BOUNDS, inner), key=loss)
    return Temperature(exp(best), loss(0.0), loss(best), at_bound=best in LOG_BOUNDS)


def stratified_halves(labels: npt.ArrayLike, seed: int = 0) -> tuple[Ints, Ints]:
    """Return the rows of two halves that share out every class evenly, each in ascending order.

    Of a class with an odd number of samples the halves get the odd one in turn, so that their sizes
    differ by one at most. The same labels and seed give the same halves. Raises DataError below two samples.

    >>> first, second = stratified_halves([0, 0, 0, 1, 1, 1, 2, 2])
    >>> len(first), len(second)
    (4, 4)
    """
    targets = np.asarray(labels)
    if targets.ndim != 1 or targets.size < 2:
        raise DataError(f"labels of shape {targets.shape}", expected="at least two samples, one for each half")
    return _halves(targets.tobytes(), targets.dtype, seed)


@lru_cache(maxsize=8)
def _halves(labels: bytes, dtype: np.dtype[Any], seed: int) -> tuple[Ints, Ints]:
    """Return the halves of labels; asked for with every score of a data set, and the same for all models."""
    targets = np.frombuffer(labels, dtype)
    shuffled = np.random.default_rng(seed).permutation(targets.size)
    by_class = shuffled[np.argsort(targets[shuffled], kind="stable")]
    _, starts, sizes = np.unique(targets[by_class], return_index=True, return_counts=True)
    odd = sizes % 2
    first_sizes = sizes // 2 + odd * (np.cumsum(odd) % 2)
    place = np.arange(targets.size) - np.repeat(starts, sizes)
    in_first = place < np.repeat(first_sizes, sizes)
    halves = np.sort(by_class[in_first]), np.sort(by_class[~in_first])
    for half in halves:
        half.flags.writeable = False
    return halves


def _scaled_nll(scores: Floats, targets: Ints) -> Callable[[float], float]:
    """Return log T -> NLL of z / T, evaluated in blocks so that no copy of the logits is needed."""
    n, classes = scores.shape
    best = scores.max(axis=1, keepdims=True)
    shortfall = float((best[:, 0] - scores[np.arange(n), targets]).mean())
    step = max(1, _BLOCK // classes)

    # NLL(T) = mean log sum_c exp((z_c - max) / T) + mean (max - z_y) / T
    def loss(log_temperature: float) -> float:
        inverse, total = exp(-log_temperature), 0.0
        for start in range(0, n, step):
            shifted = (scores[start : start + step] - best[start : start + step]) * inverse
            total += float(np.log(np.exp(shifted, out=shifted).sum(axis=1)).sum())
        return float(total / n + shortfall * inverse)

    return loss


def _finite_logits(logits: npt.ArrayLike, labels: npt.ArrayLike) -> tuple[Floats, Ints]:
    scores, targets = check_logits(logits, labels)
    if not np.isfinite(scores).all():
        raise DataError(f"logits that are not finite in {int((~np.isfinite(scores)).any(axis=1).sum())} samples")
    return scores, targets
