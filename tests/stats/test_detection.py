"""Detection metrics: the vectors of PROTOCOLS sections 5 and 15, scikit-learn, pytorch-ood, edges."""

from __future__ import annotations

import doctest

import numpy as np
import pytest
import torch
from pytorch_ood.metrics.functional import auroc as ood_auroc
from pytorch_ood.metrics.functional import fpr_at_tpr
from sample_makers import samples
from sklearn.metrics import roc_auc_score, roc_curve

from robustcheck.errors import DataError
from robustcheck.stats import detection
from robustcheck.stats.detection import auroc, auroc_components, group_weights
from robustcheck.stats.separation import FPR95, IN_DISTRIBUTION

# Section 5.
ID = np.arange(1, 21) / 20
OOD = np.array([0.02, 0.05, 0.06, 0.1, 0.12, 0.3, 0.5, 0.9])
# Section 15: two scores of the same five ID and four OOD samples.
FIRST = ([0.9, 0.8, 0.7, 0.4, 0.35], [0.6, 0.4, 0.2, 0.1])
SECOND = ([0.95, 0.5, 0.45, 0.6, 0.3], [0.55, 0.5, 0.1, 0.2])


@pytest.fixture
def tie_free() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(21)
    return rng.normal(1.2, 1.0, size=2_000), rng.normal(size=731)


def fpr_at_95(inside: np.ndarray, outside: np.ndarray) -> float:
    groups = [IN_DISTRIBUTION] * len(inside) + [0] * len(outside)
    return FPR95.value(samples(np.r_[inside, outside], groups))


def fpr_at_95_as_openood(inside: np.ndarray, outside: np.ndarray) -> float:
    """The unseen samples are the positives, so that both sides are turned round."""
    return fpr_at_95(-outside, -inside)


def tied(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.integers(2, 12, size=97) / 4, rng.integers(0, 9, size=61) / 4


def pooled(inside: np.ndarray, outside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.r_[np.ones(len(inside)), np.zeros(len(outside))], np.r_[inside, outside]


def by_roc_curve(positive: np.ndarray, negative: np.ndarray) -> float:
    fpr, tpr, _ = roc_curve(*pooled(positive, negative), drop_intermediate=False)
    return float(fpr[np.argmax(tpr >= 0.95)])


def by_pytorch_ood(function, outlier: np.ndarray, is_ood: np.ndarray) -> float:
    return float(function(torch.as_tensor(outlier), torch.as_tensor(np.where(is_ood, -1, 1))))


def test_protocols_5_auroc():
    assert auroc(ID, OOD) == pytest.approx(0.765625, abs=1e-12)
    assert auroc(-OOD, -ID) == pytest.approx(0.765625, abs=1e-12)


def test_protocols_5_fpr95_is_another_number_in_openoods_convention():
    assert fpr_at_95(ID, OOD) == pytest.approx(0.625, abs=1e-12)
    assert fpr_at_95_as_openood(ID, OOD) == pytest.approx(0.90, abs=1e-12)


def test_protocols_5_pytorch_ood_is_the_openood_convention_and_the_paper_when_turned_round():
    is_ood, scores = pooled(OOD, ID)
    assert by_pytorch_ood(fpr_at_tpr, -scores, is_ood) == pytest.approx(0.90, abs=1e-9)
    assert by_pytorch_ood(fpr_at_tpr, scores, 1 - is_ood) == pytest.approx(0.625, abs=1e-9)


def test_protocols_15_auroc_of_both_scores():
    assert auroc(*FIRST) == pytest.approx(0.825, abs=1e-12)
    assert auroc(*SECOND) == pytest.approx(0.725, abs=1e-12)


def test_agree_with_sklearn_and_pytorch_ood_without_ties(tie_free):
    inside, outside = tie_free
    is_ood, scores = pooled(outside, inside)
    assert auroc(inside, outside) == pytest.approx(roc_auc_score(*pooled(inside, outside)), abs=1e-9)
    assert auroc(inside, outside) == pytest.approx(by_pytorch_ood(ood_auroc, -scores, is_ood), abs=1e-9)
    assert fpr_at_95(inside, outside) == pytest.approx(by_roc_curve(inside, outside), abs=1e-9)
    theirs = by_pytorch_ood(fpr_at_tpr, -scores, is_ood)
    assert fpr_at_95_as_openood(inside, outside) == pytest.approx(theirs, abs=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_agree_with_sklearn_with_many_ties(seed):
    inside, outside = tied(seed)
    assert auroc(inside, outside) == pytest.approx(roc_auc_score(*pooled(inside, outside)), abs=1e-12)
    assert fpr_at_95(inside, outside) == pytest.approx(by_roc_curve(inside, outside), abs=1e-12)
    assert fpr_at_95_as_openood(inside, outside) == pytest.approx(by_roc_curve(-outside, -inside), abs=1e-12)


@pytest.mark.parametrize("m", [1, 7, 19, 20, 21, 60, 1_000])
def test_95_percent_is_counted_in_whole_samples(m):
    inside = np.arange(float(m))
    threshold = detection.threshold_at_95(inside)
    assert 100 * (inside >= threshold).sum() >= 95 * m
    assert 100 * (inside > threshold).sum() < 95 * m


def test_components_equal_the_double_loop_over_pairs():
    inside, outside = tied(3)
    pairs = (inside[:, None] > outside) + 0.5 * (inside[:, None] == outside)
    of_id, of_ood = auroc_components(inside, outside)
    assert of_id == pytest.approx(pairs.mean(axis=1), abs=1e-12)
    assert of_ood == pytest.approx(pairs.mean(axis=0), abs=1e-12)


def test_grouped_auroc_is_the_mean_of_the_groups_aurocs(tie_free):
    inside, outside = tie_free
    groups = np.random.default_rng(1).integers(0, 5, size=len(outside)) ** 2
    apart = [roc_auc_score(*pooled(inside, outside[groups == group])) for group in np.unique(groups)]
    assert auroc(inside, outside, groups) == pytest.approx(np.mean(apart), abs=1e-12)
    of_id, of_ood = auroc_components(inside, outside, groups)
    assert of_id.mean() == pytest.approx(np.mean(apart), abs=1e-12)
    assert group_weights(outside, groups) @ of_ood == pytest.approx(np.mean(apart), abs=1e-12)


def test_sides_that_do_not_overlap():
    assert auroc([3.0, 4.0], [1.0, 2.0, 2.5]) == 1.0
    assert auroc([1.0], [2.0, 3.0]) == 0.0
    assert fpr_at_95(np.array([3.0, 4.0]), np.array([1.0, 2.0])) == 0.0
    assert [part.tolist() for part in auroc_components([3.0, 4.0], [1.0, 2.0, 2.5])] == [[1.0] * 2, [1.0] * 3]


def test_fifty_thousand_against_ten_thousand():
    rng = np.random.default_rng(5)
    inside, outside = rng.normal(2, 1, size=50_000), rng.normal(size=10_000)
    of_id, of_ood = auroc_components(inside, outside)
    # P(N(2, 1) > N(0, 1)) = Phi(sqrt 2)
    assert of_id.mean() == pytest.approx(of_ood.mean(), abs=1e-12)
    assert of_id.mean() == pytest.approx(0.92135, abs=0.004)


@pytest.mark.parametrize("metric", [auroc, auroc_components])
@pytest.mark.parametrize(
    ("inside", "outside", "message"),
    [([], [1.0], "in-distribution"), ([1.0], [], "out-of-distribution"), ([np.nan], [1.0], "NaN")],
)
def test_bad_scores_are_an_error(metric, inside, outside, message):
    with pytest.raises(DataError, match=message):
        metric(inside, outside)


def test_missing_groups_are_an_error():
    with pytest.raises(DataError, match="groups"):
        auroc([1.0], [0.0, 1.0], [1])


def test_doctests():
    results = doctest.testmod(detection)
    assert results.failed == 0
    assert results.attempted >= 4
