"""Differences of what lies between 0 and 1 end between -1 and 1, however few units, and however extreme, they are."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from factories import TODAY, live_score, make_case, make_check, make_item, published_score

from robustcheck.judge import GroupCase, MatchedPair, Member, ModelGroup, PopulationPoints, judge
from robustcheck.stats.differences import cut_to
from robustcheck.values import ModelRef, Quantity, TrendPoint, Verdict
from robustcheck.values.expectations import GroupAbove, GroupExpectation, Improves, NoWorseThan, OnTrend, SameTrend

VAL = {"metric": "top1", "dataset": "imagenet-val"}
SIDES = {"higher": {"side": "a"}, "lower": {"side": "b"}}
# As wide as 5% over many checks makes an interval.
STRICT = 1e-4


def ends(verdict: Verdict) -> tuple[float, float]:
    assert verdict.low is not None
    assert verdict.high is not None
    return verdict.low, verdict.high


def group_case(expect: GroupExpectation, groups: list[ModelGroup], **changes: object) -> GroupCase:
    item = make_item(make_check(expect), ModelRef("models", expect.words, "group", ""), STRICT)
    return GroupCase(item, tuple(groups), TODAY, "%", True, 1, **changes)  # type: ignore[arg-type]


def group(name: str, values: list[float]) -> ModelGroup:
    places = np.linspace(0.4, 0.8, len(values))
    return ModelGroup(name, tuple(Member(f"{name}{x}", y, float(x)) for x, y in zip(places, values, strict=True)))


def level_ends(verdict: Verdict) -> list[float]:
    """Return the interval at the level of the suite's checks, as it is written."""
    text = dict(verdict.facts)["interval at the suite's level"]
    return [float(end.removesuffix(" pp")) for end in text.split(" to ")]


def test_an_interval_is_cut_and_never_turned_round() -> None:
    assert cut_to(lambda _: (-3.0, 4.0), -1.0, 1.0)(0.95) == (-1.0, 1.0)
    assert cut_to(lambda _: (-0.5, 0.25), -1.0, 1.0)(0.95) == (-0.5, 0.25)
    assert cut_to(lambda _: (1.5, 2.0), -1.0, 1.0)(0.95) == (1.0, 1.0)


@pytest.mark.parametrize("block", [{}, {"by": "residual", "against": VAL, "axis": "linear"}], ids=["value", "residual"])
def test_groups_of_few_families_end_within_a_hundred_points(block: dict[str, object]) -> None:
    expect = GroupAbove.model_validate({**SIDES, **block})
    groups = [group("a", [0.99, 0.2, 1.0, 0.05, 0.9]), group("b", [0.0, 0.9, 0.1, 0.95, 0.3])]
    cut = judge(group_case(expect, groups, bounded=True))
    assert -1 <= ends(cut)[0] <= ends(cut)[1] <= 1
    assert level_ends(cut) == [-100, 100]
    # What may lie anywhere, such as a corruption error, is not cut.
    assert level_ends(judge(group_case(expect, groups)))[0] < -100


def test_pairs_end_within_a_hundred_points_and_their_residuals_within_two_hundred() -> None:
    before, after = group("b", [0.0, 0.3, 0.9, 0.5, 0.8]), group("a", [1.0, 0.2, 0.1, 0.9, 0.0])
    pairs = tuple(
        MatchedPair(one.model, (one,), (other,)) for one, other in zip(before.members, after.members, strict=True)
    )
    match = {"before": {"side": "b"}, "after": {"side": "a"}, "match": ["backbone"]}
    for block, most in (({}, 100), ({"by": "residual", "against": VAL, "axis": "linear"}, 200)):
        expect = Improves.model_validate({**match, **block})
        case = group_case(expect, [before, after], pairs=pairs, bounded=True)
        assert level_ends(judge(case)) == [-most, most]


def test_lines_lie_at_most_a_hundred_points_apart() -> None:
    block = {"groups": [{"side": "a"}, {"side": "b"}], "against": VAL, "axis": "linear", "within": "2pp"}
    groups = [group("a", [0.99, 0.2, 1.0, 0.05, 0.9]), group("b", [0.0, 0.9, 0.1, 0.95, 0.3])]
    assert level_ends(judge(group_case(SameTrend.model_validate(block), groups, bounded=True)))[1] == 100


@pytest.mark.parametrize("n", [2, 3, 7])
def test_a_comparison_over_few_images_ends_within_a_hundred_points(n: int) -> None:
    """Whether all are won, all are lost, or none differs."""
    expect = NoWorseThan(baseline="main", allowed_drop="1pp")  # type: ignore[arg-type]
    for now, then in product((np.zeros(n), np.ones(n), np.arange(n) < 1), repeat=2):
        score, reference = live_score(now), live_score(then)
        case = make_case(make_item(make_check(expect)), score, reference=reference, bounded=True)
        low, high = ends(judge(case))
        assert -1 <= low <= score.value - reference.value <= high <= 1
        assert low < high


def test_a_residual_from_a_straight_line_ends_within_a_hundred_points() -> None:
    """Few models far from the candidate leave its line open by more than there is."""
    places = (0.50, 0.505, 0.51, 0.515, 0.52, 0.525)
    points = tuple(TrendPoint(f"m{x}", x, y, "") for x, y in zip(places, (0.1, 0.9, 0.2, 0.8, 0.1, 0.9), strict=True))
    expect = OnTrend.model_validate({"population": "p", "against": VAL, "axis": "linear", "allowed_below": "2pp"})
    x = published_score(0.95, 50_000, Quantity("top1", "imagenet-val"))
    item, people = make_item(make_check(expect)), PopulationPoints("p", points)
    found = [
        ends(judge(make_case(item, published_score(0.0, 40), x=x, population=people, bounded=cut)))
        for cut in (True, False)
    ]
    assert found[0] != found[1]
    assert -1 <= found[0][0] <= found[0][1] <= 1
