"""Stages: how the level of a check is spent over looks at more and more of the same images.

A check may be decided on a part of its images. Each stage then tests at a nominal level of its own, so small that all
stages together come to the level of the check. The mean over the images of a stage is normal with variance v / t at a
share t of all images, and sqrt(t) Z(t) moves as a Brownian motion, whose steps are independent. The levels are found
by integrating over these steps.

Source: Lan & DeMets 1983, with their spending function for the boundaries of O'Brien & Fleming 1979; Armitage,
McPherson & Rowe 1969 for the integration.
"""

from __future__ import annotations

from functools import cache, lru_cache
from math import sqrt
from statistics import NormalDist

import numpy as np

from robustcheck.stats.sampling import Floats
from robustcheck.values.stages import SHARES

# What every stage may spend at least: intervals of a smaller level are not resolved (ends.py), and a checkpoint that is
# 5.9 standard errors beyond its limit need not be looked at longer.
LEAST = 2e-9
_NODES = 96
_FARTHEST = 9.0
_HALVINGS = 20
_LOWEST, _HIGHEST = 1e-9, 0.5


def spend(alpha: float, share: float) -> float:
    """Return how much of a one-sided level may be spent by the time that a share of the images has been seen.

    alpha(t) = 2 - 2 Phi(z(1 - alpha / 2) / sqrt(t)): nearly nothing early on, all of it at t = 1.

    >>> round(spend(0.025, 0.5), 5), round(spend(0.025, 1.0), 5)
    (0.00153, 0.025)
    """
    normal = NormalDist()
    return 2 * normal.cdf(normal.inv_cdf(alpha / 2) / sqrt(share))


@lru_cache(maxsize=4096)
def nominal_levels(alpha: float, shares: tuple[float, ...] = SHARES, least: float = LEAST) -> tuple[float, ...]:
    """Return the one-sided level of each stage at which a check of level ``alpha`` is decided.

    Where a check in truth stands at its limit, the chance that any stage decides against it is ``alpha``.

    >>> [f"{level:.2g}" for level in nominal_levels(0.025)]
    ['2e-09', '2e-09', '7.4e-06', '0.0015', '0.024']
    """
    from scipy.special import ndtr

    levels: list[float] = []
    nodes, weights = _quadrature()
    points, density, spent, before = np.zeros(1), np.ones(1), 0.0, 0.0
    for number, share in enumerate(shares, start=1):
        step = sqrt(share - before)
        # Not less than the floor, and never more in all than the level.
        due = min(alpha, max(spend(alpha, share), number * min(least, alpha / 100)))
        bound = _bound_for(due - spent, points, density, step, sqrt(share))
        levels.append(float(ndtr(-bound / sqrt(share))))
        # The density of the paths that have not been decided: one more step of the motion, cut off at the bound.
        low = -_FARTHEST * sqrt(share)
        grown = low + (bound - low) * (nodes + 1) / 2
        kernel = np.exp(-(((grown[:, None] - points) / step) ** 2) / 2) / (step * sqrt(2 * np.pi))
        density = (kernel @ density) * weights * (bound - low) / 2
        points, spent, before = grown, due, share
    return tuple(levels)


@cache
def _quadrature() -> tuple[Floats, Floats]:
    """Return the nodes and weights of Gauss and Legendre on -1 to 1."""
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    return nodes, weights


def level_at(alpha: float, stage: int | None) -> float:
    """Return the one-sided level at which a check of level ``alpha`` is decided at a stage; None: in one look."""
    return alpha if stage is None else nominal_levels(alpha)[stage]


def overall_p(p: float, stage: int | None) -> float:
    """Return the smallest level of the whole check whose level at a stage is at least ``p``; 1.0 where none is.

    >>> overall_p(0.03, None), round(overall_p(nominal_levels(0.02)[3], 3), 4)
    (0.03, 0.02)
    """
    if stage is None or p >= _HIGHEST:
        return p
    low, high = _LOWEST, _HIGHEST
    if level_at(high, stage) < p:
        return 1.0
    if level_at(low, stage) >= p:
        return low
    for _ in range(_HALVINGS):
        middle = sqrt(low * high)
        low, high = (low, middle) if level_at(middle, stage) >= p else (middle, high)
    return high


def _bound_for(due: float, points: Floats, density: Floats, step: float, scale: float) -> float:
    """Return the bound that paths of this density pass in one step with probability ``due``."""
    from scipy.special import ndtr

    low, high = -_FARTHEST * scale, _FARTHEST * scale
    for _ in range(45):
        middle = (low + high) / 2
        crossed = float(ndtr((points - middle) / step) @ density)
        low, high = (middle, high) if crossed > due else (low, middle)
    return high
