"""Samples of every aggregate, drawn from a seed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from robustcheck.values import Aggregate, Samples

AGGREGATES: tuple[Aggregate, ...] = (
    "mean",
    "group_mean",
    "group_min",
    "weighted_sum",
    "ratio",
    "auroc",
    "group_auroc",
    "fpr95",
    "group_fpr95",
    "ece",
    "ece_mass",
)


def samples(scores: Any, groups: Sequence[int] | None = None, **columns: Any) -> Samples:
    n = len(scores)
    if columns.get("partner") is not None:
        columns["partner"] = np.asarray(columns["partner"], dtype=float)
    at = np.zeros(n, np.int64) if groups is None else np.asarray(groups, np.int64)
    return Samples(np.arange(n).astype(str), np.asarray(scores, dtype=float), at, **columns)


def draw_samples(aggregate: Aggregate, n: int = 400, seed: int = 0) -> Samples:
    if "auroc" in aggregate or "fpr" in aggregate:
        return detection_samples(n, n // 2, classes=4, seed=seed, aggregate=aggregate)
    rng = np.random.default_rng(seed)
    groups = np.arange(n) % 4
    scores = (rng.random(n) < np.array([0.9, 0.4, 0.7, 0.8])[groups]).astype(float)
    partner: np.ndarray | None = None
    if aggregate in ("ece", "ece_mass"):
        scores = rng.beta(5, 2, size=n)
        partner = (rng.random(n) < scores**2).astype(float)
    elif aggregate == "ratio":
        partner = np.maximum(scores, rng.random(n) < 0.5)
    elif aggregate == "weighted_sum":
        partner = np.array([0.5, 1.0, 1.5, 2.0])[groups] / n
    return samples(scores, groups.tolist(), partner=partner, aggregate=aggregate)


def detection_samples(
    m: int = 200, n: int = 150, classes: int = 1, seed: int = 0, aggregate: Aggregate = "auroc"
) -> Samples:
    rng = np.random.default_rng(seed)
    scores = np.r_[rng.normal(1.5, 1, size=m), rng.normal(size=n)]
    return samples(scores, [*[-1] * m, *(np.arange(n) % classes)], aggregate=aggregate)


def protocols_15() -> tuple[Samples, Samples]:
    """Return the two correlated ROC curves of section 15: five positives, four negatives."""
    groups = [-1] * 5 + [0] * 4
    first = [0.9, 0.8, 0.7, 0.4, 0.35, 0.6, 0.4, 0.2, 0.1]
    second = [0.95, 0.5, 0.45, 0.6, 0.3, 0.55, 0.5, 0.1, 0.2]
    return samples(first, groups, aggregate="auroc"), samples(second, groups, aggregate="auroc")
