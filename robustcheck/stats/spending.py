"""How the false alarms of one look are spent over many: each look at a level of its own, all of them together at 5%.

The images are the same at each look and the model is another, so every look has its own hypothesis. By the union
bound the levels may be added up whatever the looks have in common. Source of the idea: Lan & DeMets 1983.
"""

from __future__ import annotations

from math import pi
from statistics import NormalDist

from robustcheck.stats.compare import POWER


def even_share(looks: int) -> float:
    """Return the share of the level that each of a known number of looks may spend.

    >>> even_share(100)
    0.01
    """
    return 1 / looks


def open_share(number: int) -> float:
    """Return the share of the level that the look of this number may spend, where nobody knows how many there will be.

    The squares' reciprocals add up to pi^2 / 6, so the shares 6 / (pi^2 k^2) of all k add up to 1 (Euler 1735).

    >>> round(open_share(1), 4), round(sum(map(open_share, range(1, 10_000))), 3)
    (0.6079, 1.0)
    """
    return 6 / (pi * number) ** 2


def ever_red(looks: int, level: float = 0.05) -> float:
    """Return how often one of many independent looks is a false alarm, if each is one at this level.

    >>> round(ever_red(20), 2), round(ever_red(100), 3)
    (0.64, 0.994)
    """
    return 1 - (1 - level) ** looks


def price(alpha: float, share: float) -> float:
    """Return how many times as large a drop has to be to be found at a share of a level, with 80% power.

    A drop is found that lies z(1 - alpha) + z(0.8) standard errors beyond the limit.

    >>> round(price(0.05 / 20, even_share(100)), 2)
    1.34
    """
    normal = NormalDist()
    power = normal.inv_cdf(POWER)
    return (normal.inv_cdf(1 - alpha * share) + power) / (normal.inv_cdf(1 - alpha) + power)
