"""NLL and Brier from summaries: the vectors of PROTOCOLS section 6, scipy, torch and scikit-learn."""

from __future__ import annotations

import doctest
from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import log_softmax, softmax
from sklearn.metrics import brier_score_loss, log_loss

from robustcheck.errors import DataError
from robustcheck.outputs.summary import summarise
from robustcheck.protocols.calibrate import losses
from robustcheck.protocols.calibrate.losses import brier_losses, log_losses


def nll(logits: Any, labels: Any) -> float:
    return float(log_losses(summarise(np.asarray(logits, dtype=np.float64), np.asarray(labels))).mean())


def brier(logits: Any, labels: Any) -> float:
    return float(brier_losses(summarise(np.asarray(logits, dtype=np.float64), np.asarray(labels))).mean())


@pytest.fixture
def scored() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(12)
    return 3 * rng.normal(size=(400, 7)), rng.integers(0, 7, size=400)


def test_protocols_6_nll_of_the_temperature_vector():
    logits = [[4, 1, 0], [3, 2.5, 0], [0, 5, 1], [2, 0, 1.5], [1, 1.2, 4], [0, 3, 2.8], [5, 0, 0], [0.5, 0, 2]]
    assert nll(logits, [0, 1, 1, 0, 2, 2, 0, 2]) == pytest.approx(0.3624959455, abs=5e-11)


def test_protocols_6_nll_does_not_clip_as_sklearn_does():
    logits = np.array([[100.0, 0.0, 0.0]])
    assert nll(logits, [1]) == pytest.approx(100.0, abs=1e-12)
    clipped = log_loss([1], softmax(logits, axis=1).astype(np.float32), labels=[0, 1, 2])
    assert clipped == pytest.approx(15.94, abs=5e-3)


def test_nll_agrees_with_scipy_and_torch(scored):
    logits, labels = scored
    expected = -log_softmax(logits, axis=1)[np.arange(len(labels)), labels].mean()
    by_torch = torch.nn.functional.cross_entropy(torch.as_tensor(logits), torch.as_tensor(labels)).item()
    assert nll(logits, labels) == pytest.approx(expected, abs=1e-12)
    assert nll(logits, labels) == pytest.approx(by_torch, abs=1e-9)
    assert nll(logits + 1e4, labels) == pytest.approx(expected, abs=1e-9)


def test_brier_agrees_with_sklearn_where_it_is_not_halved(scored):
    logits, labels = scored
    expected = brier_score_loss(labels, softmax(logits, axis=1), labels=np.arange(7), scale_by_half=False)
    assert brier(logits, labels) == pytest.approx(expected, abs=1e-12)


def test_brier_runs_from_0_to_2():
    assert brier([[1e4, 0.0]], [0]) == 0
    assert brier([[1e4, 0.0]], [1]) == 2


@pytest.mark.parametrize("loss", [log_losses, brier_losses])
def test_a_sample_without_a_label_has_no_loss(loss):
    with pytest.raises(DataError, match="needs logits and a label, which 1 samples lack"):
        loss(summarise(np.zeros((1, 3)), None))


def test_doctests():
    results = doctest.testmod(losses)
    assert results.failed == 0
    assert results.attempted >= 4
