"""Samples of every statistic, drawn from a seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from robustcheck.stats.statistics import STATISTICS
from robustcheck.values import Samples

NAMES = tuple(STATISTICS)
FURTHER = ("weights", "counted", "correct")


def samples(scores: Any, groups: Sequence[int] | None = None, **columns: Any) -> Samples:
    n = len(scores)
    columns |= {name: np.asarray(columns[name], dtype=float) for name in FURTHER if columns.get(name) is not None}
    at = np.zeros(n, np.int64) if groups is None else np.asarray(groups, np.int64)
    return Samples(np.arange(n).astype(str), np.asarray(scores, dtype=float), at, **columns)


def draw_samples(statistic: str, n: int = 400, seed: int = 0) -> Samples:
    if "auroc" in statistic or "fpr" in statistic:
        return detection_samples(n, n // 2, classes=4, seed=seed, statistic=statistic)
    rng = np.random.default_rng(seed)
    groups = np.arange(n) % 4
    scores = (rng.random(n) < np.array([0.9, 0.4, 0.7, 0.8])[groups]).astype(float)
    further: dict[str, np.ndarray] = {}
    if statistic == "median":
        scores = rng.random(n)
    elif statistic == "macro_f1":
        predicted = np.where(scores == 1, groups, (groups + rng.integers(1, 4, size=n)) % 4)
        further["counted"] = predicted.astype(float)
    elif statistic in ("ece", "ece_mass", "aurc"):
        scores = rng.beta(5, 2, size=n)
        further["correct"] = (rng.random(n) < scores**2).astype(float)
    elif statistic == "kappa":
        further["counted"] = np.where(rng.random(n) < 0.6, scores, rng.random(n) < 0.5)
    elif statistic == "ratio":
        further["counted"] = np.maximum(scores, rng.random(n) < 0.5)
    elif statistic == "weighted_sum":
        further["weights"] = np.array([0.5, 1.0, 1.5, 2.0])[groups] / n
    return samples(scores, groups.tolist(), statistic=statistic, **further)


def take(scored: Samples, rows: np.ndarray) -> Samples:
    """Return some of the samples, in the order of their rows."""
    further = {name: getattr(scored, name) for name in FURTHER}
    taken = {name: None if column is None else column[rows] for name, column in further.items()}
    return replace(scored, ids=rows.astype(str), scores=scored.scores[rows], groups=scored.groups[rows], **taken)


def detection_samples(m: int = 200, n: int = 150, classes: int = 1, seed: int = 0, statistic: str = "auroc") -> Samples:
    rng = np.random.default_rng(seed)
    scores = np.r_[rng.normal(1.5, 1, size=m), rng.normal(size=n)]
    return samples(scores, [*[-1] * m, *(np.arange(n) % classes)], statistic=statistic)


def protocols_15() -> tuple[Samples, Samples]:
    """Return the two correlated ROC curves of section 15: five positives, four negatives."""
    groups = [-1] * 5 + [0] * 4
    first = [0.9, 0.8, 0.7, 0.4, 0.35, 0.6, 0.4, 0.2, 0.1]
    second = [0.95, 0.5, 0.45, 0.6, 0.3, 0.55, 0.5, 0.1, 0.2]
    return samples(first, groups, statistic="auroc"), samples(second, groups, statistic="auroc")
