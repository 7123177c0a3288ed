"""Proper scores of probabilities, one a sample, from what a summary keeps (PROTOCOLS section 6).

A summary holds logsumexp_c z_c, z_y and sum_c p_c^2 of each sample, which is all that both need.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from robustcheck.outputs.summary import Summary

Floats = npt.NDArray[np.float64]


def log_losses(summary: Summary) -> Floats:
    """Return the negative log-likelihood of each label (n,), in nats.

    Formula: logsumexp_c z_c - z_y, natural logarithm, no clipping of probabilities. Range: [0, inf); 0 is certain
    and right. Raises DataError where a sample has no label or no logits.
    Source: PROTOCOLS section 6; sklearn's log_loss clips and is another number.

    >>> from robustcheck.outputs.summary import summarise
    >>> log_losses(summarise(np.array([[100.0, 0.0, 0.0]]), np.array([1]))).tolist()
    [100.0]
    """
    # -log p_y = -log(exp z_y / sum_c exp z_c): no probability is formed, so none underflows.
    return np.asarray(summary.column("logsumexp", "nll") - summary.column("label_logit", "nll"))


def brier_losses(summary: Summary) -> Floats:
    """Return the squared distance of each sample's probabilities from its label, summed over the classes (n,).

    Formula: sum_c (p_c - [c = y])^2 = sum_c p_c^2 - 2 p_y + 1. Range: [0, 2]; 0 is certain and right, 2 certain
    and wrong. Raises DataError as ``log_losses``. Source: Brier 1950 (not halved).

    >>> from robustcheck.outputs.summary import summarise
    >>> brier_losses(summarise(np.zeros((2, 2)), np.array([0, 1]))).tolist()
    [0.5, 0.5]
    """
    # Only the term of the label differs from p_c^2: (p_y - 1)^2 = p_y^2 - 2 p_y + 1.
    return np.asarray(summary.column("square_sum", "brier") - 2 * np.exp(-log_losses(summary)) + 1)
