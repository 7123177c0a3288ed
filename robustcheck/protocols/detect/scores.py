"""Out-of-distribution scores: one number a sample, higher for in-distribution (PROTOCOLS section 5).

Probabilities are kept as logarithms: their ranking is all that matters, and with a thousand classes at
T = 1 they lie so near each other (.0011) that a lower precision would tie them.
Shapes: logits and cosines (n, C); scores (n,), float64.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from robustcheck.errors import DataError, did_you_mean

Floats = npt.NDArray[np.float64]
Columns = Mapping[str, Floats]

# From the columns of a summary (max_logit, logsumexp, entropy, mcm) to the score.
DETECTION_SCORES: Mapping[str, Callable[[Columns], Floats]] = {
    "mcm": lambda columns: columns["mcm"],
    "msp": lambda columns: np.asarray(columns["max_logit"] - columns["logsumexp"]),
    "max_logit": lambda columns: columns["max_logit"],
    "energy": lambda columns: columns["logsumexp"],
    "entropy": lambda columns: np.asarray(-columns["entropy"]),
}


def detection_scores(name: str, columns: Columns) -> Floats:
    """Return the named score of every sample; raise DataError when it is unknown or its facts are."""
    if name not in DETECTION_SCORES:
        fix = did_you_mean(name, DETECTION_SCORES) or "use a known score"
        raise DataError(f"unknown detection score {name!r}", expected=", ".join(DETECTION_SCORES), fix=fix)
    scores = DETECTION_SCORES[name](columns)
    if np.isnan(scores).any():
        raise DataError(
            f"the score {name} is unknown for {int(np.isnan(scores).sum())} samples",
            expected="cosines of a zero-shot model" if name == "mcm" else "logits of every sample",
            fix="use msp, which any classifier's logits give" if name == "mcm" else "",
        )
    return scores


def mcm(cosines: npt.ArrayLike, temperature: float = 1.0) -> Floats:
    """Return the logarithm of the maximum concept matching score: the largest softmax of the raw cosines.

    Formula: max_c log softmax_c(cos / T), T = 1, without the model's logit scale (with it, T = .01, the
    score is plain MSP). Range: [-log C, 0]. Source: Ming et al. 2022; PROTOCOLS section 5.

    >>> np.exp(mcm([[0.30, 0.25, 0.20, 0.18]])).round(6).tolist()
    [0.267166]
    """
    return msp(_checked(cosines) / temperature)


def msp(logits: npt.ArrayLike) -> Floats:
    """Return the logarithm of the maximum softmax probability.

    Formula: max_c z_c - logsumexp_c z_c. Range: [-log C, 0]. Source: Hendrycks & Gimpel 2017.

    >>> np.exp(msp([[0.0, 0.0]])).tolist()
    [0.5]
    """
    return max_logit(logits) - energy(logits)


def max_logit(logits: npt.ArrayLike) -> Floats:
    """Return the largest logit. Source: Hendrycks et al. 2022.

    >>> max_logit([[1.0, 3.0]]).tolist()
    [3.0]
    """
    return np.asarray(_checked(logits).max(axis=1))


def energy(logits: npt.ArrayLike) -> Floats:
    """Return the negative free energy: logsumexp_c z_c, T = 1. Source: Liu et al. 2020.

    >>> energy([[0.0, 0.0]]).round(6).tolist()
    [0.693147]
    """
    scores = _checked(logits)
    best = scores.max(axis=1)
    return np.asarray(best + np.log(np.exp(scores - best[:, None]).sum(axis=1)))


def entropy(logits: npt.ArrayLike) -> Floats:
    """Return the negative entropy of the probabilities, in nats.

    Formula: sum_c p_c log p_c = sum_c p_c z_c - logsumexp_c z_c. Range: [-log C, 0].

    >>> entropy([[0.0, 0.0]]).round(6).tolist()
    [-0.693147]
    """
    log_probabilities = _checked(logits) - energy(logits)[:, None]
    return np.asarray((np.exp(log_probabilities) * log_probabilities).sum(axis=1))


def _checked(logits: npt.ArrayLike) -> Floats:
    scores = np.asarray(logits, dtype=np.float64)
    if scores.ndim != 2 or not scores.size:
        raise DataError(f"logits of shape {scores.shape}", expected="shape (n, C) with at least one sample")
    if not np.isfinite(scores).all():
        raise DataError(f"logits that are not finite in {int((~np.isfinite(scores)).any(axis=1).sum())} samples")
    return scores
