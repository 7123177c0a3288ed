"""Cohen's kappa of right and wrong, against scikit-learn and a jackknife."""

from __future__ import annotations

import numpy as np
import pytest

from robustcheck.errors import DataError
from robustcheck.stats.kappa import KAPPA
from robustcheck.values import Samples


def made(first: np.ndarray, second: np.ndarray) -> Samples:
    n = len(first)
    return Samples(np.arange(n).astype(str), first * 1.0, np.zeros(n, dtype=np.int64), "kappa", counted=second * 1.0)


def drawn(n: int, seed: int, shared: float = 0.5) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    hard, one, other = (rng.uniform(size=n) for _ in range(3))
    same = rng.uniform(size=n) < shared
    return np.where(same, hard, one) < 0.7, np.where(same, hard, other) < 0.6


@pytest.mark.parametrize("seed", range(4))
def test_it_is_that_of_scikit_learn(seed: int) -> None:
    from sklearn.metrics import cohen_kappa_score

    first, second = drawn(300, seed)
    assert KAPPA.value(made(first, second)) == pytest.approx(cohen_kappa_score(first, second))


def test_the_influence_is_that_of_leaving_a_sample_out() -> None:
    first, second = drawn(400, 9)
    parts = KAPPA.influence(made(first, second))
    assert parts.sum() == pytest.approx(0, abs=1e-12)
    rest = np.array([KAPPA.value(made(np.delete(first, row), np.delete(second, row))) for row in range(400)])
    assert parts == pytest.approx((rest.mean() - rest) * 399 / 400, abs=2e-5)


def test_its_ends() -> None:
    right = np.array([True, False] * 20)
    assert KAPPA.value(made(right, right)) == pytest.approx(1)
    assert KAPPA.value(made(right, ~right)) == pytest.approx(-1)
    assert KAPPA.value(made(right, np.tile([True, True, False, False], 10))) == pytest.approx(0)


def test_an_interval_stays_between_minus_one_and_one() -> None:
    right = np.array([True, False] * 6)
    flipped = right.copy()
    flipped[0] = False
    low, high = KAPPA.intervals(made(right, flipped), seed=1)(0.999)
    assert low >= -1
    assert high <= 1
    low, high = KAPPA.intervals(made(right, right), seed=1)(0.95)
    assert low < 1 == high


def test_95_percent_of_the_intervals_hold_the_truth() -> None:
    """Both share the same image difficulty half of the time: o = .5 * .9 + .5 * (.42 + .12), e = .42 + .12."""
    truth = (0.5 * 0.9 + 0.5 * 0.54 - 0.54) / (1 - 0.54)
    inside = 0
    for seed in range(300):
        low, high = KAPPA.intervals(made(*drawn(200, seed)), seed=seed)(0.95)
        inside += low <= truth <= high
    assert 0.92 <= inside / 300 <= 0.98


def test_agreement_by_chance_alone_has_no_kappa() -> None:
    right = np.ones(5, dtype=bool)
    with pytest.raises(DataError, match="agree by chance alone"):
        KAPPA.value(made(right, right))


def test_it_is_no_share_of_samples() -> None:
    first, second = drawn(50, 0)
    assert not KAPPA.is_fraction(made(first, second))
    assert KAPPA.value(made(first, ~first)) < 0
