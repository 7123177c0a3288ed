"""Out-of-distribution scores: one number a sample, higher for in-distribution (PROTOCOLS section 5).

With z the logits and p = softmax(z), from the columns of a summary:

mcm        max_c log softmax_c(cos), T = 1: the raw cosines, without the model's logit scale (with it, T = .01, the
           score is plain MSP). Range: [-log C, 0]. Ming et al. 2022
msp        max_c log p_c = max z - logsumexp z. Range: [-log C, 0]. Hendrycks & Gimpel 2017
max_logit  max z. Hendrycks et al. 2022
energy     the negative free energy: logsumexp z, T = 1. Liu et al. 2020
entropy    sum_c p_c log p_c, the negative entropy in nats. Range: [-log C, 0]

Probabilities are kept as logarithms: their ranking is all that matters, and with a thousand classes at
T = 1 they lie so near each other (.0011) that a lower precision would tie them.
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
