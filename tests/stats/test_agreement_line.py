"""Agreement on the line: against scipy's regression, and on models whose truth is known."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy.special import ndtr, ndtri
from scipy.stats import linregress

from robustcheck.errors import RecordError
from robustcheck.stats.agreement_line import estimate_first, fit_agreements


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


def drawn_shares(rng: np.random.Generator, models: int = 7) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Agreements of all pairs on two sets, near a line, and accuracies on the known one."""
    known = rng.uniform(0.55, 0.9, models * (models - 1) // 2)
    unknown = ndtr(0.8 * ndtri(known) - 0.3 + rng.normal(0, 0.02, known.size))
    return known, unknown, rng.uniform(0.5, 0.9, models)


def aline_d(known: np.ndarray, unknown: np.ndarray, accuracies: np.ndarray) -> np.ndarray:
    """Baek et al.'s algorithm, written out pair by pair, with the normal equations in place of a solver."""
    slope = linregress(ndtri(known), ndtri(unknown)).slope
    models = len(accuracies)
    left, right = np.zeros((models, models)), np.zeros(models)
    for place, (i, j) in enumerate(combinations(range(models), 2)):
        row = np.zeros(models)
        row[i] = row[j] = 0.5
        mean = (ndtri(accuracies[i]) + ndtri(accuracies[j])) / 2
        target = ndtri(unknown[place]) + slope * (mean - ndtri(known[place]))
        left += np.outer(row, row)
        right += row * target
    return ndtr(np.linalg.solve(left, right))


def test_aline_d_is_that_of_an_implementation_written_out() -> None:
    for seed in range(5):
        known, unknown, accuracies = drawn_shares(np.random.default_rng(seed))
        found = estimate_first(known, unknown, accuracies)
        assert found.value == pytest.approx(aline_d(known, unknown, accuracies)[0], abs=1e-12)


def test_aline_s_is_the_line_at_its_own_accuracy() -> None:
    known, unknown, accuracies = drawn_shares(np.random.default_rng(0))
    found = estimate_first(known, unknown, accuracies, by_pairs=False)
    assert found.value == pytest.approx(fit_agreements(known, unknown).carry_over(accuracies)[0], abs=1e-12)


@pytest.mark.parametrize("by_pairs", [True, False])
def test_the_derivatives_are_those_of_small_steps(by_pairs: bool) -> None:
    shares = drawn_shares(np.random.default_rng(3), 5)
    found = estimate_first(*shares, by_pairs=by_pairs)
    for place, derivative in enumerate((found.by_known, found.by_unknown, found.by_accuracy)):
        for row in range(derivative.size):
            ends = []
            for step in (-1e-5, 1e-5):
                moved = [each.copy() for each in shares]
                moved[place][row] += step
                ends.append(estimate_first(*moved, by_pairs=by_pairs).value)
            assert derivative[row] == pytest.approx((ends[1] - ends[0]) / 2e-5, abs=1e-6)


def test_models_that_cannot_be_told_apart_are_refused() -> None:
    known, unknown, accuracies = drawn_shares(np.random.default_rng(1), 4)
    with pytest.raises(RecordError, match="never or always right"):
        estimate_first(known, unknown, np.r_[accuracies[:3], 1.0])
