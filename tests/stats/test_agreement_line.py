"""Agreement on the line: against scipy's regression, and on models whose truth is known."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy.special import ndtr, ndtri
from scipy.stats import linregress

from robustcheck.errors import RecordError
from robustcheck.stats.agreement_line import fit_agreements


def test_the_line_is_that_of_scipy_on_probit_axes() -> None:
    rng = np.random.default_rng(0)
    known = rng.uniform(0.5, 0.95, 30)
    unknown = ndtr(0.9 * ndtri(known) - 0.4 + rng.normal(0, 0.05, 30))
    line, expected = fit_agreements(known, unknown), linregress(ndtri(known), ndtri(unknown))
    assert (line.slope, line.intercept) == pytest.approx((expected.slope, expected.intercept), abs=1e-12)
    assert line.r2 == pytest.approx(expected.rvalue**2, abs=1e-12)
    accuracies = np.array([0.6, 0.8])
    assert line.carry_over(accuracies) == pytest.approx(
        ndtr(expected.intercept + expected.slope * ndtri(accuracies)), abs=1e-12
    )


def test_accuracies_of_models_that_lie_on_the_line_are_found_without_labels() -> None:
    """Models err more or less on the same images; wrong answers fall on nine classes with shares of their own."""
    rng = np.random.default_rng(1)
    abilities, n = np.linspace(0.4, 1.4, 6), 20_000

    def answers(shift: float) -> np.ndarray:
        hardness, wrong = rng.normal(size=n), rng.integers(1, 10, size=n)
        found = []
        for ability in abilities:
            right = 0.7 * hardness + 0.7 * rng.normal(size=n) < ability - shift
            own = np.where(rng.random(n) < 0.5, wrong, rng.integers(1, 10, size=n))
            found.append(np.where(right, 0, own))
        return np.array(found)

    known, unknown = answers(0.0), answers(0.4)
    agreements = [
        np.array([(one == other).mean() for one, other in combinations(side, 2)]) for side in (known, unknown)
    ]
    line = fit_agreements(*agreements)
    assert line.pairs == 15
    assert line.is_straight
    found, truth = line.carry_over((known == 0).mean(axis=1)), (unknown == 0).mean(axis=1)
    assert np.abs(found - truth).max() < 0.05
    # To take the accuracies as they are would be twice as wrong.
    assert np.abs(found - truth).max() < np.abs((known == 0).mean(axis=1) - truth).max() / 2


def test_agreements_on_no_line_say_so_and_too_few_are_refused() -> None:
    rng = np.random.default_rng(2)
    assert not fit_agreements(rng.uniform(0.5, 0.9, 10), rng.uniform(0.5, 0.9, 10)).is_straight
    with pytest.raises(RecordError, match="1 pairs of models"):
        fit_agreements(np.array([0.7, 1.0]), np.array([0.6, 0.6]))
