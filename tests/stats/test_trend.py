"""The Huber trend against statsmodels and the published figures (PROTOCOLS sections 3 and 15)."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from robustcheck.errors import RecordError
from robustcheck.stats import huber
from robustcheck.stats.axes import axis_by_name
from robustcheck.stats.trend import expect_at, fit_trend, sample_line
from robustcheck.values import TrendPoint

PUBLISHED = Path(__file__).parents[3] / "shared" / "published" / "openclip_results.csv"


def drawn(n: int = 30, seed: int = 0) -> list[TrendPoint]:
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1.2, n)
    y = -0.4 + 0.9 * x + rng.normal(0, 0.05, n)
    return [
        TrendPoint(f"m{i}", stats.norm.cdf(a), stats.norm.cdf(b), "g")
        for i, (a, b) in enumerate(zip(x, y, strict=True))
    ]


@pytest.mark.parametrize("axis", ["probit", "logit", "linear"])
def test_transforms_invert_and_their_slope_is_the_derivative(axis: str) -> None:
    transform = axis_by_name(axis)  # type: ignore[arg-type]
    for value in (0.003, 0.2, 0.5, 0.77, 0.995):
        assert transform.inverse(transform.forward(value)) == pytest.approx(value, abs=1e-12)
        step = 1e-6
        derivative = (transform.forward(value + step) - transform.forward(value - step)) / (2 * step)
        assert transform.slope(value) == pytest.approx(derivative, rel=1e-4)


def test_the_fit_is_statsmodels_rlm() -> None:
    points = drawn()
    fit = fit_trend(points)
    x, y = stats.norm.ppf([p.x for p in points]), stats.norm.ppf([p.y for p in points])
    rlm = sm.RLM(y, sm.add_constant(x), M=sm.robust.norms.HuberT(t=1.345)).fit(scale_est="mad", cov="H1")
    assert (fit.intercept, fit.slope, fit.scale) == pytest.approx((*rlm.params, rlm.scale), abs=1e-12)
    assert fit.covariance == pytest.approx((rlm.cov_params()[0, 0], rlm.cov_params()[0, 1], rlm.cov_params()[1, 1]))


def test_stackloss_parameters_of_the_estimator() -> None:
    """The estimator that ``fit_trend`` uses gives the textbook parameters on stackloss."""
    data = sm.datasets.stackloss.load()
    from statsmodels.robust.norms import HuberT
    from statsmodels.robust.robust_linear_model import RLM

    rlm = RLM(np.asarray(data.endog), sm.add_constant(np.asarray(data.exog)), M=HuberT(t=1.345)).fit()
    assert rlm.params == pytest.approx([-41.026498, 0.829384, 0.926066, -0.127847], abs=1e-5)
    assert rlm.scale == pytest.approx(2.440536, abs=1e-5)


def test_prediction_interval_is_the_formula() -> None:
    fit = fit_trend(drawn())
    at = expect_at(fit, 0.6, 0.5)
    place = stats.norm.ppf(0.6)
    mean = fit.intercept + fit.slope * place
    var = fit.covariance[0] + 2 * place * fit.covariance[1] + place**2 * fit.covariance[2]
    reach = stats.t.ppf(0.975, fit.n - 2) * np.sqrt(fit.scale**2 + var)
    assert (at.value, at.low, at.high) == pytest.approx(tuple(stats.norm.cdf([mean, mean - reach, mean + reach])))
    assert at.residual == pytest.approx(0.5 - at.value)
    assert at.z == pytest.approx((stats.norm.ppf(0.5) - mean) / np.sqrt(fit.scale**2 + var))


def test_x_gain_is_the_derivative_of_the_expected_value() -> None:
    fit = fit_trend(drawn())
    step = 1e-6
    derivative = (expect_at(fit, 0.6 + step).value - expect_at(fit, 0.6 - step).value) / (2 * step)
    assert expect_at(fit, 0.6).x_gains[0] == pytest.approx(derivative, rel=1e-5)


def test_the_candidate_is_left_out() -> None:
    points = drawn()
    outlier = TrendPoint("m0", points[0].x, 0.999, "g")
    without = fit_trend(points[1:])
    assert fit_trend([outlier, *points[1:]], leave_out="m0") == without


def test_points_at_zero_or_one_are_dropped_and_named() -> None:
    fit = fit_trend([*drawn(), TrendPoint("zero", 0.5, 0.0, "g"), TrendPoint("one", 1.0, 0.5, "g")])
    assert fit.dropped == ("zero", "one")
    assert fit.n == 30


def test_too_few_models_are_refused() -> None:
    with pytest.raises(RecordError, match="4 with 4 distinct x"):
        fit_trend(drawn(4))
    same_x = [TrendPoint(f"m{i}", 0.5, 0.3 + i / 100, "g") for i in range(9)]
    with pytest.raises(RecordError, match="9 with 1 distinct x"):
        fit_trend(same_x)


def test_an_x_without_a_place_on_the_axis_is_an_error() -> None:
    with pytest.raises(RecordError, match="no place on a probit axis"):
        expect_at(fit_trend(drawn()), 1.0)


def test_extrapolation_is_flagged() -> None:
    fit = fit_trend(drawn())
    assert expect_at(fit, fit.x_high + 0.01).extrapolated
    assert not expect_at(fit, fit.x_high).extrapolated


def test_the_sampled_line_is_the_expected_value() -> None:
    fit = fit_trend(drawn())
    line = sample_line(fit, fit.x_low, fit.x_high, 7)
    assert len(line) == 7
    for x, y, low, high in line:
        assert low < y < high
        assert y == pytest.approx(expect_at(fit, x).value)


@pytest.mark.skipif(not PUBLISHED.exists(), reason="../shared/published is not on this machine")
def test_openclip_v2_trend_equals_an_independent_calculation() -> None:
    rows = list(csv.DictReader(PUBLISHED.read_text().splitlines()))
    points = [
        TrendPoint(f"{r['name']}/{r['pretrained']}", float(r["ImageNet 1k"]), float(r["ImageNet v2"]), "") for r in rows
    ]
    fit = fit_trend(points)
    x, y = stats.norm.ppf([p.x for p in points]), stats.norm.ppf([p.y for p in points])
    rlm = sm.RLM(y, sm.add_constant(x), M=sm.robust.norms.HuberT()).fit()
    assert fit.n == 121
    assert (fit.intercept, fit.slope, fit.scale) == pytest.approx((*rlm.params, rlm.scale), abs=1e-6)


def test_a_trend_over_few_families_counts_them_and_has_no_error_of_families() -> None:
    """An error between families needs more of them than the line has parameters."""
    points = drawn()
    few = {point.model: f"family {index % 3}" for index, point in enumerate(points)}
    many = {point.model: f"family {index % 10}" for index, point in enumerate(points)}
    fit = fit_trend(points, families=few)
    assert (fit.families, fit.family_error) == (3, fit_trend(points).family_error)
    assert fit_trend(points, families=many).families == 10
    assert fit_trend(points, families=many).family_error != fit.family_error


def test_one_round_of_the_estimator_is_least_squares(monkeypatch: pytest.MonkeyPatch) -> None:
    """It begins with equal weights; where the rounds end before the loss settles, the last fit stands."""
    points = drawn()
    x, y = (np.array([getattr(point, axis) for point in points]) for axis in ("x", "y"))
    y[3] += 0.2
    design = np.column_stack([np.ones_like(x), x])
    monkeypatch.setattr(huber, "ROUNDS", 1)
    found = huber.fit_huber(design, y)
    assert found.parameters == pytest.approx(np.linalg.lstsq(design, y, rcond=None)[0])
