"""Profiles: what of a run is drawn as one metric over a scale or a list."""

from __future__ import annotations

import pytest
from report_dimensions import CORRUPTIONS, FACTORS, dimension_run, viewpoint_run

from robustcheck.report.profiles import profiles

# Not in the order of the angles, and not in that of the alphabet.
RECALLS = {"30-60": 0.31, "60-180": 0.12, "0-15": 0.72, "15-30": 0.55}


def test_recall_by_viewpoint_is_in_the_order_of_the_angles_with_each_models_own_number() -> None:
    run = viewpoint_run(RECALLS)
    (profile,) = profiles(run.results)
    assert profile.dimension == "viewpoint"
    assert profile.plot.title == "correspondence_recall on scannet-1500 by viewpoint"
    assert [row.name for row in profile.plot.rows] == ["0-15", "15-30", "30-60", "60-180"]
    for row in profile.plot.rows:
        assert [dot.value for dot in row.dots] == [RECALLS[row.name]] * 2
        assert all((dot.low, dot.high) == pytest.approx((dot.value - 0.01, dot.value + 0.01)) for dot in row.dots)
        assert row.limit == 0.5
    # The check over all pairs is not a bin.
    assert {key for _, key in profile.columns} == {f"rooms[{name}]" for name in RECALLS}


def test_two_bins_are_no_profile() -> None:
    assert profiles(viewpoint_run({"0-15": 0.7, "15-30": 0.5}).results) == ()


def test_factors_and_corruptions_are_profiles_of_their_own() -> None:
    found = {profile.dimension: profile for profile in profiles(dimension_run(2).results)}
    assert [row.name for row in found["factor"].plot.rows] == list(FACTORS)
    assert [row.name for row in found["corruption"].plot.rows] == [
        f"{name} {severity}" for name in CORRUPTIONS for severity in range(1, 6)
    ]
