"""Claims about every pair: what says how sure the change of one pair is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from factories import TODAY, make_check, make_item

from robustcheck.errors import RecordError
from robustcheck.judge import GroupCase, Member, ModelGroup, Support, judge
from robustcheck.judge.group_case import MatchedPair
from robustcheck.judge.pair_claims import estimate_worst_pair
from robustcheck.stats.compare import paired_difference
from robustcheck.stats.differences import Estimated, difference_intervals
from robustcheck.stats.intervals import score_intervals
from robustcheck.stats.proportions import proportion_interval
from robustcheck.values import Samples
from robustcheck.values.expectations import Improves

BEFORE = np.arange(400) % 2
# 40 more answers are right afterwards, and none is lost.
AFTER = np.where(np.arange(400) % 10 == 0, 1, BEFORE)
SEED = 7


def samples(right: np.ndarray, name: str = "image") -> Samples:
    ids = np.array([f"{name} {index}" for index in range(right.size)])
    return Samples(ids, right.astype(float), np.zeros(right.size, np.int64))


def member(model: str, value: float, support: Support | None = None) -> Member:
    return Member(model, value, value, of_y=support or Support())


def case_of(*pairs: MatchedPair) -> GroupCase:
    expect = Improves.model_validate({"than": {"metric": "top1", "dataset": "imagenet-val"}, "every": True})
    groups = (
        ModelGroup("before", tuple(pair.before[0] for pair in pairs)),
        ModelGroup("after", tuple(pair.after[0] for pair in pairs)),
    )
    return GroupCase(make_item(make_check(expect)), groups, TODAY, "%", True, SEED, pairs=pairs)


def measured_pair(before: Samples, after: Samples) -> MatchedPair:
    sides = [(member("m", float(each.scores.mean()), Support(each.scores.size, each)),) for each in (before, after)]
    return MatchedPair("m", sides[0], sides[1])


def test_the_change_of_a_pair_on_the_same_images_is_paired() -> None:
    before, after = samples(BEFORE), samples(AFTER)
    estimate = estimate_worst_pair(case_of(measured_pair(before, after)))
    assert estimate.value == pytest.approx(40 / 400)
    paired = paired_difference(before, after, seed=SEED).interval(0.95)
    assert estimate.interval(0.95) == pytest.approx(paired)
    assert paired[0] > 0.07


def test_the_change_of_a_pair_on_other_images_has_the_errors_of_both() -> None:
    before, after = samples(BEFORE), samples(AFTER, "other image")
    estimate = estimate_worst_pair(case_of(measured_pair(before, after)))
    one, other = (Estimated(float(each.scores.mean()), score_intervals(each, seed=SEED)) for each in (after, before))
    independent = difference_intervals(one, other)(0.95)
    assert estimate.interval(0.95) == pytest.approx(independent)
    assert independent[0] == pytest.approx(0.1 - 1.96 * np.sqrt((0.6 * 0.4 + 0.25) / 400), abs=2e-3)


def test_a_measured_value_against_a_figure_has_the_error_of_its_images_and_of_a_share() -> None:
    before = member("m", 0.5, Support(400))
    after = measured_pair(samples(BEFORE), samples(AFTER)).after[0]
    estimate = estimate_worst_pair(case_of(MatchedPair("m", (before,), (after,))))
    assert after.of_y.samples is not None
    one = Estimated(after.y, score_intervals(after.of_y.samples, seed=SEED))
    other = Estimated(0.5, lambda level: proportion_interval(0.5, 400, level))
    assert estimate.interval(0.95) == pytest.approx(difference_intervals(one, other)(0.95))


def test_a_loss_of_unknown_error_refuses_a_claim_about_every_pair() -> None:
    pair = MatchedPair("backbone RN50", (member("before", 2.1),), (member("after", 1.4),))
    with pytest.raises(RecordError) as caught:
        judge(replace(case_of(pair), unit=""))
    assert caught.value.found == "nothing says how sure the values of backbone RN50 are"
    assert caught.value.fix == "leave out `every`, and claim the mean"


def test_a_share_of_unknown_error_may_be_anything() -> None:
    pair = MatchedPair("backbone RN50", (member("before", 0.5),), (member("after", 0.6),))
    estimate = estimate_worst_pair(case_of(pair))
    assert estimate.interval(0.95) == (-1.0, 1.0)
    assert estimate.value == pytest.approx(0.1)
