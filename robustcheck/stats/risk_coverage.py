"""The area under the risk-coverage curve: how well confidence tells the answers to keep from those to leave out.

Answer the c most confident of n samples: their share of errors is the risk R(c). The area is its mean over c = 1..n
(Geifman, Uziel & El-Yaniv 2019, "Bias-reduced uncertainty estimation for deep neural classifiers"); 0 is perfect, the
error rate is that of a confidence that says nothing. Samples of equal confidence come in any order: the mean over all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from robustcheck.stats.sampling import Floats
from robustcheck.stats.statistic import Statistic, require_scores
from robustcheck.values import Samples


@final
@dataclass(frozen=True)
class RiskCoverage(Statistic):
    """The mean over c of the share of errors among the c most confident samples."""

    column: str = "correct"

    def value(self, samples: Samples) -> float:
        """Return the area, from 0 to 1."""
        require_scores(samples)
        errors = _in_order(samples, 1 - self.further_column(samples))[0]
        return float((np.cumsum(errors) / np.arange(1, errors.size + 1)).mean())

    def influence(self, samples: Samples) -> Floats:
        """Return what each sample adds: its own errors at every coverage, and the coverage that it takes from others.

        With G(s) the share of samples at least as confident as s, the area is E[e (-ln G)] in the limit. Adding mass
        at (s, e) adds e (-ln G(s)); it raises G below s, which takes E[e / G; s_j <= s] and gives back E[e].
        """
        # In the sample -ln G of the j-th most confident is sum_{i >= j} 1 / i, and E[e / G; s_j <= s] is the mean of
        # e_j n / j over those that come later or with it.
        n = samples.scores.size
        errors, order = _in_order(samples, 1 - self.further_column(samples))
        places = np.arange(1, n + 1)
        own = errors * np.cumsum((1 / places)[::-1])[::-1]
        taken = np.cumsum((errors / places)[::-1])[::-1]
        parts = np.empty(n)
        parts[order] = (own - taken) / n
        return np.asarray(parts - parts.mean())

    def is_fraction(self, samples: Samples) -> bool:
        """Say yes: it is a mean of shares, whatever the scores are."""
        return True


def _in_order(samples: Samples, values: Floats) -> tuple[Floats, np.ndarray]:
    """Return values in order of falling confidence, the mean of those of equal confidence, and the order."""
    order = np.argsort(-samples.scores, kind="stable")
    ranked = samples.scores[order]
    ties = np.concatenate([[0], np.cumsum(np.diff(ranked) != 0)])
    means = np.bincount(ties, weights=values[order]) / np.bincount(ties)
    return means[ties], order


AURC = RiskCoverage("aurc")
