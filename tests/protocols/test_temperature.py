"""Temperature scaling: the vector of PROTOCOLS section 6, bounds, and the split of the calibration set."""

from __future__ import annotations

import doctest

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from robustcheck.errors import DataError
from robustcheck.protocols.calibrate import temperature
from robustcheck.protocols.calibrate.temperature import fit_temperature, stratified_halves

LOGITS = [[4, 1, 0], [3, 2.5, 0], [0, 5, 1], [2, 0, 1.5], [1, 1.2, 4], [0, 3, 2.8], [5, 0, 0], [0.5, 0, 2]]
LABELS = [0, 1, 1, 0, 2, 2, 0, 2]
PINNED = ([2, 3, 4, 6], [0, 1, 5, 7])


def test_protocols_6_temperature_vector():
    fitted = fit_temperature(LOGITS, LABELS)
    assert fitted.nll_before == pytest.approx(0.3624959455, abs=5e-11)
    assert fitted.value == pytest.approx(0.5955376712, abs=1e-7)
    assert fitted.nll_after == pytest.approx(0.3248947490, abs=5e-11)
    assert not fitted.at_bound


def test_the_blocks_add_up_to_the_whole():
    rng = np.random.default_rng(8)
    labels = rng.integers(0, 300, size=2_500)
    logits = 6 * rng.normal(size=(2_500, 300))
    logits[np.arange(2_500), labels] += 12
    fitted = fit_temperature(logits, labels)

    def loss(inverse: float) -> float:
        return float(-log_softmax(logits * inverse, axis=1)[np.arange(2_500), labels].mean())

    expected = minimize_scalar(loss, bounds=(0.01, 3), method="bounded", options={"xatol": 1e-9})
    assert 1 / fitted.value == pytest.approx(expected.x, rel=1e-6)
    assert fitted.nll_before == pytest.approx(loss(1.0), abs=1e-12)
    assert fitted.nll_after == pytest.approx(loss(1 / fitted.value), abs=1e-12)


def test_scaled_logits_have_a_scaled_temperature():
    assert fit_temperature(10 * np.array(LOGITS), LABELS).value == pytest.approx(5.955376712, abs=1e-6)


def test_separable_data_stop_at_the_lower_bound():
    fitted = fit_temperature([[1.0, 0.0], [0.0, 3.0]], [0, 1])
    assert fitted.at_bound
    assert fitted.value == pytest.approx(np.exp(-5))
    assert fitted.nll_after < fitted.nll_before


def test_data_that_are_always_wrong_stop_at_the_upper_bound():
    fitted = fit_temperature([[1.0, 0.0], [0.0, 3.0]], [1, 0])
    assert fitted.at_bound
    assert fitted.value == pytest.approx(np.exp(5))


@pytest.mark.parametrize(
    ("logits", "labels", "message"),
    [
        ([[np.nan, 1.0]], [0], "NaN in the logits"),
        ([[np.inf, 1.0]], [0], "not finite"),
        ([[0.0, 1.0]], [2], "labels from 2"),
        ([[0.0, 1.0]], [0, 1], "shapes"),
        ([[0.0, 1.0]], [0.5], "whole numbers"),
        (np.zeros((0, 2)), np.zeros(0, dtype=int), "no samples"),
    ],
)
def test_bad_logits_are_an_error(logits, labels, message):
    with pytest.raises(DataError, match=message):
        fit_temperature(logits, labels)


def test_halves_share_out_every_class():
    labels = np.repeat(np.arange(40), np.random.default_rng(3).integers(1, 12, size=40))
    first, second = stratified_halves(labels, seed=0)
    assert sorted([*first, *second]) == list(range(len(labels)))
    sizes = [np.bincount(labels[half], minlength=40) for half in (first, second)]
    assert np.abs(sizes[0] - sizes[1]).max() <= 1
    assert abs(len(first) - len(second)) <= 1


def test_odd_classes_give_their_odd_sample_in_turn():
    labels = np.repeat([0, 1, 2, 3], 3)
    first, _ = stratified_halves(labels)
    assert np.bincount(labels[first]).tolist() == [2, 1, 2, 1]


def test_the_seed_decides_the_halves():
    labels = np.repeat(np.arange(10), 50)
    assert np.array_equal(stratified_halves(labels, 1)[0], stratified_halves(labels, 1)[0])
    assert not np.array_equal(stratified_halves(labels, 1)[0], stratified_halves(labels, 2)[0])


def test_the_halves_of_one_seed_stay_as_they_are():
    """Temperatures of different runs are comparable only while this holds."""
    first, second = stratified_halves(np.repeat([0, 1], 4), seed=0)
    assert (first.tolist(), second.tolist()) == PINNED


def test_one_sample_has_no_halves():
    with pytest.raises(DataError, match="two samples"):
        stratified_halves([1])


def test_doctests():
    results = doctest.testmod(temperature)
    assert results.failed == 0
    assert results.attempted >= 2
