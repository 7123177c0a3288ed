"""Detection scores: the vector of PROTOCOLS section 5, pytorch-ood's scores, and precision."""

from __future__ import annotations

import doctest

import numpy as np
import pytest
import torch
from pytorch_ood.detector import EnergyBased, Entropy, MaxLogit, MaxSoftmax
from scipy.stats import entropy as scipy_entropy

from robustcheck.errors import DataError
from robustcheck.protocols.detect import scores as module
from robustcheck.protocols.detect.scores import (
    DETECTION_SCORES,
    detection_scores,
    energy,
    entropy,
    max_logit,
    mcm,
    msp,
)

COSINES = [[0.30, 0.25, 0.20, 0.18]]


@pytest.fixture
def logits() -> np.ndarray:
    return 2 * np.random.default_rng(31).normal(size=(200, 12))


def columns_of(logits: np.ndarray) -> dict[str, np.ndarray]:
    probabilities = np.exp(logits - energy(logits)[:, None])
    return {
        "max_logit": logits.max(axis=1),
        "logsumexp": energy(logits),
        "entropy": scipy_entropy(probabilities, axis=1),
        "mcm": mcm(logits / 100),
    }


def test_protocols_5_mcm_is_taken_at_temperature_1():
    assert np.exp(mcm(COSINES)) == pytest.approx([0.267166], abs=5e-7)


def test_protocols_5_with_the_logit_scale_it_is_msp():
    assert np.exp(mcm(COSINES, temperature=0.01)) == pytest.approx([0.993256], abs=5e-7)
    assert msp(100 * np.array(COSINES)) == pytest.approx(mcm(COSINES, temperature=0.01), abs=1e-12)


@pytest.mark.parametrize(
    ("ours", "theirs"), [(lambda z: np.exp(msp(z)), MaxSoftmax), (max_logit, MaxLogit), (energy, EnergyBased)]
)
def test_agree_with_pytorch_ood_whose_scores_are_negated(logits, ours, theirs):
    expected = -theirs.score(torch.as_tensor(logits)).numpy()
    assert ours(logits) == pytest.approx(expected, abs=1e-9)


def test_entropy_agrees_with_pytorch_ood_up_to_its_clipping(logits):
    """It clips probabilities at 1e-7, which adds up to 1.6e-6 a class: with milder logits nothing is clipped."""
    mild = logits / 2
    assert -entropy(mild) == pytest.approx(Entropy.score(torch.as_tensor(mild)).numpy(), abs=1e-9)


@pytest.mark.parametrize(("name", "function"), [("max_logit", max_logit), ("energy", energy), ("entropy", entropy)])
def test_a_score_of_columns_is_that_of_the_logits(logits, name, function):
    assert detection_scores(name, columns_of(logits)) == pytest.approx(function(logits), abs=1e-12)


def test_every_score_is_higher_for_a_clear_sample():
    clear_then_unclear = np.array([[9.0, 0.0, 0.0], [1.0, 0.9, 0.8]])
    for name in DETECTION_SCORES:
        clear, unclear = detection_scores(name, columns_of(clear_then_unclear))
        assert clear > unclear, name


def test_the_logarithm_keeps_what_float16_would_tie():
    rng = np.random.default_rng(5)
    cosines = rng.normal(0.15, 0.02, size=(500, 1000))
    assert len(np.unique(mcm(cosines))) == 500
    assert len(np.unique(np.exp(mcm(cosines)).astype(np.float16))) < 300
    assert np.array_equal(np.argsort(mcm(cosines)), np.argsort(np.exp(mcm(cosines))))


def test_unknown_names_and_facts_are_errors(logits):
    with pytest.raises(DataError, match="did you mean 'energy'"):
        detection_scores("energi", columns_of(logits))
    with pytest.raises(DataError, match="mcm is unknown for 200 samples"):
        detection_scores("mcm", columns_of(logits) | {"mcm": np.full(200, np.nan)})


@pytest.mark.parametrize("score", [mcm, msp, max_logit, energy, entropy])
@pytest.mark.parametrize(("bad", "message"), [(np.zeros((0, 3)), "shape"), ([1.0], "shape"), ([[np.nan]], "finite")])
def test_bad_logits_are_an_error(score, bad, message):
    with pytest.raises(DataError, match=message):
        score(bad)


def test_doctests():
    results = doctest.testmod(module)
    assert results.failed == 0
    assert results.attempted >= 5
