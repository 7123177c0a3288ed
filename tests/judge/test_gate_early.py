"""Deciding early, held to what it promises: small seeded versions of benchmarks/early_simulation.py."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from early_simulation import DROPS, IMAGES, KINDS, Counts, Job, alone, count, early_section, paired_case
from gate_simulation import CLAIMS, EARLY
from gate_worlds import compared, counted_case

from robustcheck.judge import judge, status_so_far
from robustcheck.values import Amount
from robustcheck.values.expectations import AtLeast
from robustcheck.values.stages import LAST

PAGE = Path(__file__).parents[2] / "docs" / "simulation.md"


def counts(drop: float, trials: int = 400) -> Counts:
    return count(Job("accuracy", drop, trials))


def test_at_the_limit_fails_and_passes_are_as_seldom_as_in_one_look() -> None:
    """5% of 400 is 20: more than 32 happen with probability 0.003. 2.5% is 10: more than 19 with 0.003."""
    found = counts(0.0)
    assert found.failed <= 32
    assert found.passed <= 19


@pytest.mark.parametrize(("drop", "most"), [(0.02, 0.7), (0.05, 0.35), (0.1, 0.15)])
def test_beyond_the_limit_nothing_is_lost_and_images_are_saved(drop: float, most: float) -> None:
    found = counts(drop, 200)
    assert found.failed >= found.failed_whole - 6
    assert found.share <= most


def test_well_inside_the_limit_a_pass_takes_a_small_part_of_the_images() -> None:
    found = counts(-0.1, 100)
    assert found.passed == 100
    assert found.share < 0.15


def test_a_model_far_off_is_left_at_the_first_stage_and_says_so() -> None:
    verdict = judge(replace(alone(counted_case(30, 625, 0.6), 0), images=(625, IMAGES)))
    assert verdict.status == "fail"
    assert verdict.images == (625, IMAGES)
    assert verdict.could_decide
    assert verdict.p_value is not None
    assert verdict.p_value < 1e-6
    assert "n = 625; decided on 625 of 10,000 images" in verdict.reason
    # The interval is that of all stages together: wider than the one of a single look.
    once = judge(alone(counted_case(30, 625, 0.6), None))
    assert verdict.low is not None
    assert once.low is not None
    assert verdict.low < once.low


def test_equal_answers_are_a_pass_once_all_images_are_seen() -> None:
    same = np.arange(1_000) < 700
    statuses = [status_so_far(alone(compared(same, same, 0.0), stage)) for stage in (*range(LAST + 1), None)]
    assert statuses == ["unsure"] * LAST + ["pass", "pass"]


def test_an_early_pass_waits_for_the_side_of_the_warn_limit() -> None:
    def status(right: int, stage: int) -> str:
        case = alone(counted_case(right, 2_500, 0.6), stage)
        warn = AtLeast(limit=Amount(0.8, "%"))
        check = replace(case.planned.check, warn=warn)
        return status_so_far(replace(case, planned=replace(case.planned, check=check)))

    assert status(2_000, 2) == "unsure"
    assert status(2_000, LAST) == "pass"
    assert status(2_250, 2) == "pass"
    assert status(1_750, 2) == "warn"


def test_step_and_drift_are_both_spent_over_the_stages() -> None:
    case = paired_case(2_500, 75, 75)
    assert case.reference is not None
    held = replace(case, origin=replace(case.reference, key="origin"), origin_name="the origin", planned=case.planned)
    assert status_so_far(alone(held, 2)) in ("pass", "unsure")
    lost = paired_case(2_500, 10, 500)
    assert lost.reference is not None
    held = replace(lost, origin=replace(lost.reference, key="origin"), origin_name="the origin")
    verdict = judge(alone(held, 2))
    assert verdict.status == "fail"
    assert "since the origin" in dict(verdict.facts)


def test_the_page_has_the_section_as_it_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    part = PAGE.read_text(encoding="utf-8").partition(EARLY)[2].partition(CLAIMS)[0]
    shown = [line for line in part.splitlines() if line.startswith("|")]
    assert len(shown) == 2 + len(KINDS) * len(DROPS)
    monkeypatch.setattr("early_simulation.KINDS", {"accuracy": KINDS["accuracy"]})
    made = list(early_section(10, 1))
    assert made[0] in part
    heads = [line for line in made if line.startswith("|")]
    assert heads[:2] == shown[:2]
    assert [line.split("|")[1:3] for line in heads] == [line.split("|")[1:3] for line in shown[: len(heads)]]


def test_what_the_page_promises_was_found() -> None:
    """At the limit the 95% interval of false alarms holds 5%, and what one look finds is found within 2 points."""
    part = PAGE.read_text(encoding="utf-8").partition(EARLY)[2].partition(CLAIMS)[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in part.splitlines() if "% to " in line]
    assert len(rows) == len(KINDS) * len(DROPS)
    for _, truth, failed, interval, failed_whole, passed, passed_whole, _ in rows:
        low, high = (float(end.rstrip("%")) for end in interval.split(" to "))
        assert abs(float(failed.rstrip("%")) - float(failed_whole.rstrip("%"))) <= 2
        assert abs(float(passed.rstrip("%")) - float(passed_whole.rstrip("%"))) <= 2
        if truth == "at the limit":
            assert low <= 5 <= high
            assert high <= 6.7
