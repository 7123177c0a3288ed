"""Many robust lines side by side, and the planes of one fit, against statsmodels on each draw alone."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.robust.norms import HuberT
from statsmodels.robust.robust_linear_model import RLM

from robustcheck.stats.huber import fit_huber, fit_huber_parts
from robustcheck.stats.reweighting import ranked, reweighted_lines

RNG = np.random.default_rng(7)


@pytest.mark.parametrize(("n", "draws"), [(12, 40), (40, 60), (90, 30), (700, 60)])
def test_each_line_is_that_of_the_models_drawn(n: int, draws: int) -> None:
    x = RNG.normal(0.5, 0.4, n)
    y = 0.8 * x + 0.1 * RNG.standard_t(3, n)
    counts = RNG.multinomial(n, np.full(n, 1 / n), size=draws).astype(float)
    found = reweighted_lines(x, y, counts, 1e-8)
    for row in range(0, draws, 10):
        often = counts[row].astype(int)
        drawn = np.column_stack([np.ones(often.sum()), np.repeat(x, often)])
        expected = RLM(np.repeat(y, often), drawn, M=HuberT(t=1.345)).fit(scale_est="mad", cov="H1", tol=1e-12)
        assert found[row] == pytest.approx(expected.params, abs=2e-6)


def test_a_line_does_not_depend_on_the_draws_beside_it() -> None:
    x, y = RNG.normal(size=(2, 50))
    counts = RNG.multinomial(50, np.full(50, 1 / 50), size=2_000).astype(float)
    together = reweighted_lines(x, y, counts, 1e-6)
    assert together[1_234] == pytest.approx(reweighted_lines(x, y, counts[1_234:1_235], 1e-6)[0], abs=1e-12)


@pytest.mark.parametrize(("rows", "n"), [(5, 8), (60, 30), (60, 300)])
@pytest.mark.parametrize("reach", [1e-9, 0.01, 0.5, np.inf])
def test_values_by_their_place_are_those_of_the_expanded_row(rows: int, n: int, reach: float) -> None:
    values, counts = np.abs(RNG.normal(size=(rows, n))), RNG.integers(0, 4, size=(rows, n)).astype(float)
    counts[:, 0] += 1
    full = [np.sort(np.repeat(row, often.astype(int))) for row, often in zip(values, counts, strict=True)]
    expected = np.array([(row[(row.size - 1) // 2], row[row.size // 2]) for row in full])
    places = np.floor((counts.sum(axis=1, keepdims=True) - [1.0, 0.0]) / 2)
    around = expected + (0 if np.isinf(reach) else reach / 2)
    assert np.array_equal(ranked(values, counts, places, around, np.full((rows, 1), reach)), expected)


@pytest.mark.parametrize("columns", [1, 2, 3])
@pytest.mark.parametrize("n", [15, 60, 200])
def test_a_plane_is_that_of_statsmodels(columns: int, n: int) -> None:
    design = np.column_stack([np.ones(n), RNG.normal(3, 1, size=(n, columns))])
    targets = design @ RNG.normal(size=columns + 1) + 0.2 * RNG.standard_t(2, n)
    expected = RLM(targets, design, M=HuberT(t=1.345)).fit(scale_est="mad", cov="H1")
    found = fit_huber(design, targets)
    assert found.parameters == pytest.approx(expected.params, rel=1e-9, abs=1e-12)
    assert found.scale == pytest.approx(expected.scale, rel=1e-9)
    assert found.covariance == pytest.approx(expected.cov_params(), rel=1e-9, abs=1e-14)


def test_a_plane_without_residuals_and_one_of_columns_that_hardly_vary() -> None:
    x = np.arange(8.0)
    exact = fit_huber(np.column_stack([np.ones(8), x]), 2 + 3 * x)
    assert exact.parameters == pytest.approx([2, 3])
    assert exact.scale == pytest.approx(0, abs=1e-14)
    narrow = fit_huber(np.column_stack([np.ones(8), 0.5 + 1e-9 * x]), x)
    assert narrow.parameters[1] == pytest.approx(1e9, rel=1e-6)


def test_parts_fitted_side_by_side_are_as_if_each_were_alone() -> None:
    design = np.column_stack([np.ones(60), RNG.normal(3, 1, size=(60, 2))])
    targets = design @ [0.1, 0.7, -0.2] + 0.2 * RNG.standard_t(2, 60)
    kept = RNG.integers(0, 6, 60)[None] != np.arange(6)[:, None]
    expected = [RLM(targets[part], design[part], M=HuberT(t=1.345)).fit(scale_est="mad").params for part in kept]
    assert fit_huber_parts(design, targets, kept) == pytest.approx(np.array(expected), rel=1e-9, abs=1e-12)


def test_a_part_that_draws_no_plane_is_nan_beside_others_that_do() -> None:
    design = np.column_stack([np.ones(6), [1.0, 1, 1, 1, 2, 3]])
    kept = np.array([[True, True, True, True, False, False], [True] * 6, [False] * 4 + [True] * 2])
    found = fit_huber_parts(design, design @ [2.0, 3.0], kept)
    assert np.isnan(found).all(axis=1).tolist() == [True, False, True]
    assert found[1] == pytest.approx([2, 3])
