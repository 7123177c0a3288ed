"""Detection scores: the vector of PROTOCOLS section 5, pytorch-ood's scores, and precision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from pytorch_ood.detector import EnergyBased, Entropy, MaxLogit, MaxSoftmax

from robustcheck.errors import DataError
from robustcheck.outputs.summary import summarise
from robustcheck.protocols.detect.detection_scores import DETECTION_SCORES, detection_scores

COSINES = np.array([[0.30, 0.25, 0.20, 0.18]])


@pytest.fixture
def logits() -> np.ndarray:
    return 2 * np.random.default_rng(31).normal(size=(200, 12))


def columns_of(logits: np.ndarray, cosines: np.ndarray | None = None) -> Mapping[str, np.ndarray]:
    """What a summary keeps of unlabelled samples, as in a detection."""
    return summarise(logits, None, logits / 100 if cosines is None else cosines).columns


def mcm(cosines: np.ndarray) -> np.ndarray:
    return detection_scores("mcm", columns_of(100 * cosines, cosines))


def test_protocols_5_mcm_is_taken_at_temperature_1():
    assert np.exp(mcm(COSINES)) == pytest.approx([0.267166], abs=5e-7)


def test_protocols_5_with_the_logit_scale_it_is_msp():
    msp = detection_scores("msp", columns_of(100 * COSINES, COSINES))
    assert np.exp(msp) == pytest.approx([0.993256], abs=5e-7)
    assert msp == pytest.approx(mcm(100 * COSINES), abs=1e-12)


@pytest.mark.parametrize(
    ("name", "turn", "theirs"),
    [("msp", np.exp, MaxSoftmax), ("max_logit", np.asarray, MaxLogit), ("energy", np.asarray, EnergyBased)],
)
def test_agree_with_pytorch_ood_whose_scores_are_negated(logits, name: str, turn: Any, theirs: Any):
    expected = -theirs.score(torch.as_tensor(logits)).numpy()
    assert turn(detection_scores(name, columns_of(logits))) == pytest.approx(expected, abs=1e-9)


def test_entropy_agrees_with_pytorch_ood_up_to_its_clipping(logits):
    """It clips probabilities at 1e-7, which adds up to 1.6e-6 a class: with milder logits nothing is clipped."""
    mild = logits / 2
    ours = detection_scores("entropy", columns_of(mild))
    assert -ours == pytest.approx(Entropy.score(torch.as_tensor(mild)).numpy(), abs=1e-9)


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
        detection_scores("mcm", {**columns_of(logits), "mcm": np.full(200, np.nan)})
