"""Calibration metrics: the vectors of PROTOCOLS section 6, torchmetrics, edges and refusals."""

from __future__ import annotations

import doctest

import numpy as np
import pytest
import torch
from torchmetrics.functional.classification import binary_calibration_error

from robustcheck.errors import DataError
from robustcheck.stats import calibration
from robustcheck.stats.calibration import ece, ece_mass, mass_bins, width_bins

# Section 6: edge values (.60, .20, 1/3) and a mass at 1.0 whose gap has another sign than its bin's.
EDGES = ((0.95, 0.90, 1, 1, 0.55, 0.60, 0.2, 1 / 3), (1, 1, 1, 0, 0, 1, 0, 1))


def by_torchmetrics(confidence: np.ndarray, correct: np.ndarray, bins: int) -> float:
    right = torch.as_tensor(np.asarray(correct, dtype=np.int64))
    return float(binary_calibration_error(torch.as_tensor(np.asarray(confidence, float)), right, n_bins=bins))


@pytest.fixture
def confidences() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(11)
    confidence = rng.beta(4, 2, size=20_000)
    return confidence, (rng.random(20_000) < confidence**1.3).astype(float)


@pytest.mark.parametrize("bins", [10, 15])
def test_protocols_6_half_open_bins(bins):
    assert ece(*EDGES, bins=bins) == pytest.approx(0.258333, abs=5e-7)


@pytest.mark.parametrize("bins", [10, 15])
def test_protocols_6_torchmetrics_bins_its_edges_otherwise(bins):
    """Its bins are [lo, hi), and 1.0 has a bin of its own: another number by definition."""
    assert by_torchmetrics(*EDGES, bins=bins) == pytest.approx(0.370833, abs=5e-7)


@pytest.mark.parametrize("bins", [1, 10, 15, 100])
def test_ece_agrees_with_torchmetrics_without_ties(confidences, bins):
    assert ece(*confidences, bins=bins) == pytest.approx(by_torchmetrics(*confidences, bins=bins), abs=1e-9)


@pytest.mark.parametrize("bins", [1, 10, 15])
def test_ece_mass_equals_a_plain_split_of_the_sorted_samples(confidences, bins):
    confidence, correct = confidences
    runs = np.array_split(np.argsort(confidence), bins)
    expected = sum(len(run) / len(correct) * abs(correct[run].mean() - confidence[run].mean()) for run in runs)
    assert ece_mass(confidence, correct, bins=bins) == pytest.approx(expected, abs=1e-12)


def test_the_order_of_tied_samples_does_not_change_a_value():
    rng = np.random.default_rng(4)
    confidence, correct = rng.integers(1, 6, size=300) / 5, rng.integers(0, 2, size=300)
    order = rng.permutation(300)
    for metric in (ece, ece_mass):
        assert metric(confidence, correct) == pytest.approx(metric(confidence[order], correct[order]), abs=1e-12)


@pytest.mark.parametrize("metric", [ece, ece_mass])
def test_counts_are_repetitions(confidences, metric):
    confidence, correct = confidences[0][:500], confidences[1][:500]
    counts = np.random.default_rng(2).poisson(1, size=500)
    repeated = metric(np.repeat(confidence, counts), np.repeat(correct, counts))
    assert metric(confidence, correct, counts=counts) == pytest.approx(repeated, abs=1e-12)


def test_every_edge_is_in_the_bin_below_it():
    for bins in (3, 7, 10, 15, 20):
        edges = np.array([step / bins for step in range(1, bins + 1)])
        assert width_bins(edges, bins).tolist() == list(range(bins))
        assert width_bins(np.nextafter(edges[:-1], 1), bins).tolist() == list(range(1, bins))


def test_more_bins_than_samples():
    assert mass_bins(np.array([0.3, 0.2, 0.9]), 15).tolist() == [1, 0, 2]
    assert ece_mass([0.3, 0.9], [1, 1]) == pytest.approx((0.7 + 0.1) / 2)


@pytest.mark.parametrize(
    ("confidence", "correct", "message"),
    [
        ([], [], "no samples"),
        ([0.5], [1, 0], "counts"),
        ([0.0], [0], "outside"),
        ([1.1], [0], "outside"),
        ([np.nan], [0], "outside"),
        ([0.5], [0.5], "0 or 1"),
    ],
)
@pytest.mark.parametrize("metric", [ece, ece_mass])
def test_bad_confidences_are_an_error(metric, confidence, correct, message):
    with pytest.raises(DataError, match=message):
        metric(confidence, correct)


@pytest.mark.parametrize("metric", [ece, ece_mass])
def test_bad_bins_and_counts_are_an_error(metric):
    with pytest.raises(DataError, match="0 bins"):
        metric([0.5], [1], bins=0)
    for counts, message in (([0], "no samples"), ([-1], "counts"), ([0.5], "counts")):
        with pytest.raises(DataError, match=message):
            metric([0.5], [1], counts=counts)


def test_doctests():
    results = doctest.testmod(calibration)
    assert results.failed == 0
    assert results.attempted >= 4
