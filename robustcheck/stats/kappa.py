"""Cohen's kappa: how much oftener two observers agree than chance would have it.

kappa = (o - e) / (1 - e), where o is the share of images on which both are right or both are wrong, and
e = p q + (1 - p)(1 - q) what two observers with accuracies p and q share by chance. 1: they err on the same images;
0: as independent observers do; below 0: on different ones.

Sources: Cohen 1960; as error consistency Geirhos et al. 2020.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from robustcheck.errors import DataError
from robustcheck.stats.proportions import ROUNDING
from robustcheck.stats.sampling import Floats
from robustcheck.stats.statistic import Statistic, require_scores
from robustcheck.values import Samples


@final
@dataclass(frozen=True)
class Kappa(Statistic):
    """The agreement beyond chance of two observers: scores are the hits of one, ``counted`` those of the other."""

    column: str = "counted"

    def value(self, samples: Samples) -> float:
        """Return the kappa, from -1 to 1; raise DataError where chance alone gives full agreement."""
        both, by_chance = self._shares(samples)
        return (both - by_chance) / (1 - by_chance)

    def influence(self, samples: Samples) -> Floats:
        """Return what each sample adds: dk = ((1 - e) do - (1 - o) de) / (1 - e)^2, de = (2q - 1) dp + (2p - 1) dq."""
        (both, by_chance), first, second = self._shares(samples), samples.scores, self.further_column(samples)
        p, q = first.mean(), second.mean()
        of_both = (first == second) - both
        of_chance = (2 * q - 1) * (first - p) + (2 * p - 1) * (second - q)
        parts = ((1 - by_chance) * of_both - (1 - both) * of_chance) / (1 - by_chance) ** 2
        return np.asarray(parts / first.size)

    def is_fraction(self, samples: Samples) -> bool:
        """Say no: it may be below 0."""
        return False

    def lowest(self, samples: Samples) -> float:
        """Return -1, full disagreement."""
        return -1.0

    def highest(self, samples: Samples) -> float:
        """Return 1, full agreement."""
        return 1.0

    def span(self, samples: Samples) -> float:
        """Return 2: from full disagreement, -1, to full agreement, 1."""
        return 2.0

    def _shares(self, samples: Samples) -> tuple[float, float]:
        """Return the share of images on which both are right or wrong, and the share that chance would have."""
        require_scores(samples)
        first, second = samples.scores, self.further_column(samples)
        p, q = float(first.mean()), float(second.mean())
        by_chance = p * q + (1 - p) * (1 - q)
        if by_chance >= 1 - ROUNDING:
            raise DataError(
                "both observers are right on every image or wrong on every image, so they agree by chance alone",
                expected="an image that one of them gets right and another that one of them gets wrong",
                fix="measure on more or harder images",
            )
        return float((first == second).mean()), by_chance


KAPPA = Kappa("kappa")
