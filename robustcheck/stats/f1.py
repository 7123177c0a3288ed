"""Macro-F1: the harmonic mean of precision and recall of each class, averaged over the classes that labels have.

F1_c = 2 TP_c / (L_c + P_c), with L_c images of the class, P_c predicted as it and TP_c both. WILDS (Koh et al. 2021)
averages over the classes among the labels; a class that is only predicted has no F1 of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from robustcheck.stats.sampling import Floats, Ints
from robustcheck.stats.statistic import Statistic, require_scores
from robustcheck.values import Samples


@final
@dataclass(frozen=True)
class MacroF1(Statistic):
    """The mean of the classes' F1: groups are the labels, ``counted`` the predicted classes, scores the hits."""

    column: str = "counted"

    def value(self, samples: Samples) -> float:
        """Return the macro-F1, from 0 to 1."""
        require_scores(samples)
        return float(self._by_class(samples)[0].mean())

    def influence(self, samples: Samples) -> Floats:
        """Return what each sample adds: dF = (2 dTP - F (dL + dP)) / (L + P), for its label and its prediction."""
        f1, totals, labels, predicted = self._by_class(samples)
        parts = (2 * samples.scores - f1[labels]) / totals[labels]
        known = predicted >= 0
        parts[known] -= f1[predicted[known]] / totals[predicted[known]]
        return np.asarray(parts / f1.size)

    def is_fraction(self, samples: Samples) -> bool:
        """Say yes: every F1 lies between 0 and 1."""
        return True

    def _by_class(self, samples: Samples) -> tuple[Floats, Floats, Ints, Ints]:
        """Return F1 and L + P of each class, and the places of labels and predictions among them (-1: of no label)."""
        classes, labels = np.unique(samples.groups, return_inverse=True)
        guesses = self.further_column(samples).astype(np.int64)
        place = np.minimum(np.searchsorted(classes, guesses), classes.size - 1)
        predicted = np.where(classes[place] == guesses, place, -1)
        hits = np.bincount(labels, weights=samples.scores, minlength=classes.size)
        totals = np.bincount(labels, minlength=classes.size) + np.bincount(
            predicted[predicted >= 0], minlength=classes.size
        )
        return 2 * hits / totals, totals.astype(np.float64), labels, predicted


MACRO_F1 = MacroF1("macro_f1")
