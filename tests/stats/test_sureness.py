"""How sure a value is, kept: what is read from the kept ends is what the samples say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sample_makers import NAMES, draw_samples
from sample_makers import samples as make_samples

from robustcheck.stats.calibration_error import crossings
from robustcheck.stats.ends import LEVELS, intervals_between, tabulate_ends
from robustcheck.stats.intervals import covariance, score_intervals
from robustcheck.stats.moments import moments_of
from robustcheck.stats.proportions import proportion_interval, z_value
from robustcheck.stats.resampling import resampled_sums
from robustcheck.stats.sampling import Ints
from robustcheck.stats.statistics import influence, statistic_named, value_of
from robustcheck.stats.sureness import find_sureness, seed_of, value_intervals


@pytest.mark.parametrize("statistic", NAMES)
def test_kept_ends_say_what_the_samples_say(statistic: str) -> None:
    scored = draw_samples(statistic, n=500)
    kept = value_intervals(value_of(scored), find_sureness(scored, seed=3))
    said = score_intervals(scored, seed=3)
    assert kept(0.95) == said(0.95)
    width = said(0.95)[1] - said(0.95)[0]
    # Between two samples an interval of order statistics jumps.
    within = 0.06 if statistic == "median" else 0.02
    for level in (0.3, 0.8, 0.93, 0.99, 0.9993, 1 - 1e-6, 1 - 2e-9):
        assert kept(level) == pytest.approx(said(level), abs=within * width)


@pytest.mark.parametrize("statistic", NAMES)
def test_the_kept_error_is_that_of_the_influences(statistic: str) -> None:
    scored = draw_samples(statistic, n=500)
    assert find_sureness(scored, seed=3).error == pytest.approx(covariance(scored, scored) ** 0.5)


def test_a_share_keeps_its_trials_and_no_ends() -> None:
    sureness = find_sureness(make_samples([1.0] * 90 + [0.0] * 110), seed=0)
    assert (sureness.trials, sureness.ends) == (200, None)
    assert value_intervals(0.45, sureness)(0.9) == proportion_interval(0.45, 200, 0.9)


def test_samples_that_are_all_alike_have_the_error_of_what_was_not_seen() -> None:
    """Of 99 right ones half a wrong one more is (99.5 / 100)(0.5 / 100) / 99; losses that are alike say nothing."""
    assert find_sureness(make_samples([1.0] * 99), seed=0).error == pytest.approx((0.995 * 0.005 / 99) ** 0.5)
    assert find_sureness(make_samples([2.5] * 99), seed=0).error is None


def test_an_interval_is_read_between_its_levels_on_the_scale_of_errors() -> None:
    ends = tabulate_ends(lambda level: (-2 * z_value(level), 3 * z_value(level)))
    for level in (0.0, 0.5, 0.95, 0.999, 1 - 2e-9):
        assert intervals_between(ends)(level) == pytest.approx((-2 * z_value(level), 3 * z_value(level)), abs=1e-6)
    assert 0.95 in LEVELS


@pytest.mark.parametrize("statistic", ["ece", "ece_mass"])
@pytest.mark.parametrize("clusters", [None, np.arange(300) // 3])
def test_ends_that_are_worked_out_at_once_are_those_of_each_level(statistic: str, clusters: Ints | None) -> None:
    said = score_intervals(replace(draw_samples(statistic, n=300), clusters=clusters), seed=0)
    ends = tabulate_ends(said)
    assert list(zip(ends.lows, ends.highs, strict=True)) == [said(level) for level in LEVELS]


def test_the_ends_of_ece_stay_what_they_were() -> None:
    """Of 500 samples, when each level was worked out by itself with the power of a cube root."""
    said = score_intervals(draw_samples("ece", n=500), seed=0)
    assert said(0.95) == pytest.approx((0.12029246912389273, 0.21239562465863054), abs=1e-12)
    assert said(1 - 2e-9) == pytest.approx((0.021437770653104097, 0.29075258974088336), abs=1e-12)


def test_a_curve_crosses_a_level_where_its_highest_so_far_does() -> None:
    rng = np.random.default_rng(4)
    places, curves = np.sort(rng.random(50)), np.cumsum(rng.normal(0.01, 0.3, size=(40, 50)), axis=1)
    expected = [np.interp(0.5, np.maximum.accumulate(curve), places) for curve in curves]
    assert crossings(0.5, curves, places) == pytest.approx(expected, rel=1e-12)
    assert {float(places[0]), float(places[-1])} < {
        float(place) for place in expected
    }  # some begin above the level, some never are


def test_beyond_the_last_level_an_interval_stays() -> None:
    ends = tabulate_ends(lambda level: (-z_value(level), z_value(level)))
    assert intervals_between(ends)(1 - 1e-14) == (ends.lows[-1], ends.highs[-1])


def test_the_seed_is_that_of_the_keys_alone_and_of_their_order() -> None:
    assert seed_of("a", "b") == seed_of("a", "b")
    assert len({seed_of("a"), seed_of("b"), seed_of("a", "b"), seed_of("b", "a")}) == 4


# --- sums in closed form ----------------------------------------------------------------------------


@pytest.mark.parametrize("draw", ["exponential", "few kinds", "groups"])
def test_resampled_sums_in_closed_form_are_those_that_are_drawn(draw: str) -> None:
    rng = np.random.default_rng(5)
    scores = {
        "exponential": rng.exponential(size=800),
        "few kinds": (rng.random(800) < 0.2) * 1.0,
        "groups": rng.exponential(size=800),
    }[draw]
    groups = (np.arange(800) % 8).tolist() if draw == "groups" else None
    scored = make_samples(scores, groups, statistic="group_mean" if draw == "groups" else "mean")
    units = statistic_named(scored.statistic).units(scored)
    drawn = np.sort(resampled_sums(influence(scored), units, np.random.default_rng(6), 40_000))
    moments = moments_of(influence(scored), units)
    assert moments.variance**0.5 == pytest.approx(drawn.std(), rel=0.02)
    for z in (-3.0, -1.96, -1.0, 0.0, 1.0, 1.96, 3.0):
        share = 0.5 + np.sign(z) * (1 - 2 * (1 - _phi(abs(z)))) / 2
        # Four standard errors of a quantile of 40,000 draws, a tenth of a standard error at 3.
        assert moments.quantile(z) == pytest.approx(np.quantile(drawn, share), abs=0.1 * moments.variance**0.5)


def test_the_cumulants_are_those_of_a_binomial() -> None:
    """A resample of n of which a share p is 1 counts Binomial(n, p): variance n p q, skew (q - p) / sqrt(n p q)."""
    scored = make_samples([1.0] * 60 + [0.0] * 240)
    moments = moments_of(influence(scored), statistic_named("mean").units(scored))
    variance = 300 * 0.2 * 0.8
    assert moments.variance * 300**2 == pytest.approx(variance)
    assert moments.skew == pytest.approx(0.6 / variance**0.5)
    assert moments.excess == pytest.approx((1 - 6 * 0.16) / variance)


def test_what_was_not_seen_is_a_gain_and_a_loss() -> None:
    scored = make_samples(np.zeros(50))
    moments = moments_of(influence(scored), statistic_named("mean").units(scored), 0.02)
    assert (moments.variance, moments.skew) == (pytest.approx(2 * 0.02**2), 0.0)
    assert moments.excess == pytest.approx(0.5)


def test_what_is_far_from_normal_is_drawn() -> None:
    alone = make_samples(np.random.default_rng(2).exponential(size=60) ** 3)
    assert not moments_of(influence(alone), statistic_named("mean").units(alone)).is_near_normal
    assert score_intervals(alone, seed=1)(0.95) != score_intervals(alone, seed=2)(0.95)


def _phi(z: float) -> float:
    from scipy.special import ndtr

    return float(ndtr(z))
