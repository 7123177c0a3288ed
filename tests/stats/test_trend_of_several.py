"""Planes over several sets: against the line of one set, and against another fit of the same estimate."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr, ndtri
from scipy.stats import t

from robustcheck.errors import RecordError
from robustcheck.populations import load_population
from robustcheck.stats.trend import expect_at, fit_trend
from robustcheck.stats.trend_of_several import expect_on_plane, fit_several
from robustcheck.values import Quantity, TrendPoint


def published(*sets: str) -> tuple[np.ndarray, np.ndarray]:
    table = load_population("openclip")
    quantities = [Quantity("top1", name) for name in (*sets, "imagenet-sketch")]
    rows = [[table.figure(model, each) for each in quantities] for model in table.facets]
    values = np.array([[figure.value for figure in row] for row in rows if all(row)])
    return values[:, :-1], values[:, -1]


def test_over_one_set_it_is_the_line() -> None:
    x, y = published("imagenet-val")
    line = fit_trend([TrendPoint(str(place), *pair, "") for place, pair in enumerate(zip(x[:, 0], y, strict=True))])
    plane = fit_several(x, y)
    assert plane.n == line.n
    assert (plane.slopes[0], plane.intercept) == pytest.approx((line.slope, line.intercept), abs=1e-9)
    assert (plane.scale, plane.r2) == pytest.approx((line.scale, line.r2), abs=1e-9)
    at, expected = expect_on_plane(plane, [0.7], 0.5), expect_at(line, 0.7, 0.5)
    assert (at.value, at.low, at.high, at.residual) == pytest.approx(
        (expected.value, expected.low, expected.high, expected.residual), abs=1e-9
    )


def test_over_two_sets_it_is_hubers_estimate_found_in_another_way() -> None:
    """Weights min(1, 1.345 s / |r|) and least squares in turn, with s the MAD of the residuals, until they stand."""
    x, y = published("imagenet-val", "imagenet-v2")
    plane = fit_several(x, y)
    design, on_y = np.column_stack([np.ones(len(x)), ndtri(x)]), ndtri(y)
    found = np.linalg.lstsq(design, on_y, rcond=None)[0]
    for _ in range(200):
        left = on_y - design @ found
        scale = np.median(np.abs(left)) / ndtri(0.75)
        weights = np.sqrt(np.minimum(1, 1.345 * scale / np.maximum(np.abs(left), 1e-12)))
        found = np.linalg.lstsq(design * weights[:, None], on_y * weights, rcond=None)[0]
    assert (plane.intercept, *plane.slopes) == pytest.approx(tuple(found), abs=1e-5)
    at = np.array([1.0, ndtri(0.7), ndtri(0.62)])
    held = expect_on_plane(plane, [0.7, 0.62], 0.6)
    assert held.value == pytest.approx(ndtr(at @ found), abs=1e-5)
    assert held.residual == pytest.approx(0.6 - held.value)
    reach = t.ppf(0.975, plane.n - 3) * np.sqrt(plane.scale**2 + at @ np.array(plane.covariance) @ at)
    assert held.low == pytest.approx(ndtr(ndtri(held.value) - reach), abs=1e-9)


def test_a_model_that_is_robust_by_its_own_set_only_is_on_the_plane() -> None:
    """Two sorts of data, two sets: against either set alone one sort looks robust, against both neither does."""
    rng = np.random.default_rng(0)
    ability, sort = rng.uniform(-0.5, 1.5, 60), np.arange(60) % 2
    # Each sort is at home on one set, and the shifted set owes as much to either.
    first, second = ability + 0.5 * (sort == 0), ability + 0.5 * (sort == 1)
    shifted = (first + second) / 2 - 0.6 + rng.normal(0, 0.01, 60)
    x, y = ndtr(np.column_stack([first, second])), ndtr(shifted)
    alone = [expect_on_plane(fit_several(x[:, :1], y), row[:1], at).residual for row, at in zip(x, y, strict=True)]
    both = [expect_on_plane(fit_several(x, y), row, at).residual for row, at in zip(x, y, strict=True)]
    assert np.mean(np.array(alone)[sort == 1]) - np.mean(np.array(alone)[sort == 0]) > 0.1
    assert abs(np.mean(np.array(both)[sort == 1]) - np.mean(np.array(both)[sort == 0])) < 0.01


def test_few_models_and_sets_that_say_the_same_are_refused() -> None:
    x = np.linspace(0.2, 0.9, 9)
    with pytest.raises(RecordError, match="9 models have a figure on all of 2 sets"):
        fit_several(np.column_stack([x, x**2]), x)
    x = np.linspace(0.2, 0.9, 12)
    with pytest.raises(RecordError, match="the sets say the same of all models"):
        fit_several(np.column_stack([x, x]), x)
