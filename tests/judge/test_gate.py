"""The gate, held to what it promises: small seeded versions of benchmarks/gate_simulation.py, and its two trials."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from factories import MODEL, live_score, make_case, make_check, make_item, published_score

from robustcheck.judge import judge, screen_results
from robustcheck.stats.multiplicity import benjamini_hochberg
from robustcheck.values import KnownDeviation, Position, Result, Score, Verdict
from robustcheck.values.expectations import AtLeast, NoWorseThan

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from gate_simulation import DROPS, SIZES, TRIALS, Counted, Job, count, failed_suites, jobs_of, page
from gate_worlds import ALPHA, KINDS

FEW = 60


@pytest.fixture(scope="module")
def at_limit() -> dict[tuple[str, int, float], Counted]:
    return {(kind, n, 0.0): count(Job(kind, n, 0.0, FEW)) for kind in KINDS for n in (40, 600)}


@pytest.mark.parametrize("n", [40, 600])
def test_models_at_their_limits_seldom_fail_a_suite(at_limit, n) -> None:
    """0.05 of 60 suites are three; more than seven happen with probability 0.01."""
    assert failed_suites(at_limit, n).sum() <= 7


@pytest.mark.parametrize("kind", KINDS)
def test_intervals_hold_the_truth(at_limit, kind) -> None:
    """Of 120 intervals 114 are asked for; fewer than 107 happen with probability 0.003 for a kind."""
    held = np.concatenate([at_limit[kind, n, 0.0].held for n in (40, 600)])
    assert held.sum() >= 107


@pytest.mark.parametrize("kind", KINDS)
def test_larger_drops_are_found_more_often(kind) -> None:
    """A drop of 5 points on 2,400 images is found, half of one on 40 is not."""
    found = [(count(Job(kind, n, drop, 12)).p_values <= ALPHA).mean() for n, drop in ((40, 0.005), (2_400, 0.05))]
    assert found[0] <= 0.35
    assert found[1] >= 0.75


def test_the_page_has_a_row_for_each_kind_and_a_column_for_each_n() -> None:
    jobs = jobs_of(4)
    assert len(jobs) == len(KINDS) * len(SIZES) * (1 + len(DROPS))
    drawn = np.random.default_rng(0)
    found = {(job.kind, job.n, job.drop): Counted(drawn.random(40) < 0.95, drawn.random(40)) for job in jobs}
    lines = list(page(found, TRIALS))
    for kind in KINDS:
        assert sum(line.startswith(f"| {kind} |") for line in lines) == 2 + len(DROPS)
    assert all(line.count("|") in (0, len(SIZES) + 2) for line in lines)


def test_the_page_is_that_of_the_benchmark() -> None:
    """docs/simulation.md is what the command writes: its head, its rows, and honest numbers."""
    text = (Path(__file__).parents[2] / "docs" / "simulation.md").read_text(encoding="utf-8")
    drawn = {(job.kind, job.n, job.drop): Counted(np.ones(4, bool), np.ones(4)) for job in jobs_of(4)}
    for line in page(drawn, TRIALS):
        if not line.startswith("|") or line.startswith(("| judged", "|---", "| |")):
            assert line in text.splitlines()
    coverage = text.split("## How often does a model at its limit")[0]
    rows = [line for kind in KINDS for line in coverage.splitlines() if line.startswith(f"| {kind} |")]
    assert len(rows) == len(KINDS)
    for row in rows:
        for cell in row.split("|")[2:-1]:
            share, error = (float(number) for number in cell.split("±"))
            assert share + 3 * error >= 95


# --- a training run's gate --------------------------------------------------------------------------


BLESSED = live_score(np.zeros(50_000))


def _gate(now: np.ndarray, then: np.ndarray) -> Verdict:
    expect = NoWorseThan(baseline="main", allowed_drop="1.0pp")  # type: ignore[arg-type]
    score, reference = (_with(right) for right in (now, then))
    return judge(make_case(make_item(make_check(expect)), score, reference=reference))


def _with(right: np.ndarray) -> Score:
    assert BLESSED.samples is not None
    return replace(BLESSED, value=float(right.mean()), samples=replace(BLESSED.samples, scores=right.astype(float)))


def test_random_flips_stay_green_and_a_drop_turns_red() -> None:
    """0.4% of 50,000 predictions flipped at random; 1.5 points lost on top, beyond a limit of one point.

    A change of 0.4% flips 200 predictions: most of them, at 70% accuracy, from right to wrong.
    """
    flipped, dropped = [], []
    for seed in range(100):
        rng = np.random.default_rng(seed)
        then = rng.random(50_000) < 0.7
        now = then ^ (rng.random(50_000) < 0.004)
        flipped.append(_gate(now, then).status)
        lost = rng.choice(np.flatnonzero(now), size=750, replace=False)
        now[lost] = False
        dropped.append(_gate(now, then).status)
    assert flipped.count("fail") == 0
    assert flipped.count("pass") >= 95
    assert dropped.count("fail") >= 95


def test_a_verdict_is_the_same_on_another_day() -> None:
    """Only a known deviation knows the date."""
    rng = np.random.default_rng(3)
    cases = [KINDS[kind](rng, 150, 0.02).case for kind in KINDS]
    later = [replace(case, today=case.today + timedelta(days=400)) for case in cases]
    assert [judge(case) for case in cases] == [judge(case) for case in later]
    known = KnownDeviation(MODEL.id, "old tokenizer", "2026-12-31")
    check = make_check(AtLeast(limit="45%"), known_deviations=(known,))  # type: ignore[arg-type]
    case = make_case(make_item(check), published_score(0.4, 10_000), today=date(2026, 12, 31))
    days = [judge(replace(case, today=case.today + timedelta(days=days))).status for days in (0, 1)]
    assert days == ["pass", "fail"]


def test_a_verdict_is_the_same_in_another_process_and_order() -> None:
    cases = [KINDS[kind](np.random.default_rng(4), 150, 0.0).case for kind in KINDS]
    assert [judge(case) for case in cases] == [judge(case) for case in reversed(cases)][::-1]


# --- Benjamini-Hochberg beside Bonferroni -----------------------------------------------------------


def test_protocols_15_benjamini_hochberg() -> None:
    assert benjamini_hochberg([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.02, 0.04, 0.04, 0.02))
    assert benjamini_hochberg([]) == ()
    assert benjamini_hochberg([0.9, 1.0]) == (1.0, 1.0)


def _result(key: str, model: str, p: float | None) -> Result:
    status = "error" if p is None else "fail" if p <= 0.0125 else "unsure"
    here = Position("a.robust.yaml", 1, 1)
    verdict = Verdict(status, "a reason", p_value=p)  # type: ignore[arg-type]
    return Result(
        key, here.path, key, key, "", "", (), "", here, "", replace(MODEL, id=model, text=model), verdict
    )  # fmt: skip


def test_what_benjamini_hochberg_flags_stands_beside_the_verdict() -> None:
    p_values = [0.004, 0.02, 0.03, 0.6, None]
    mine = [_result(f"check-{place}", "mine", p) for place, p in enumerate(p_values)]
    other = [_result("check-0", "other", 0.2)]
    judged = screen_results([*mine, *other])
    said = [dict(result.verdict.facts).get("Benjamini-Hochberg at q = 0.05", "") for result in judged]
    family = "of 4 checks, Bonferroni fails 1 and Benjamini-Hochberg flags 3"
    assert said[0] == f"flagged (adjusted p 0.016; {family})"
    assert said[2].startswith("flagged (adjusted p 0.04;")
    assert said[3].startswith("not flagged (adjusted p 0.6;")
    assert said[4] == ""
    assert said[5] == "not flagged (adjusted p 0.2; of 1 checks, Bonferroni fails 0 and Benjamini-Hochberg flags 0)"
    notes = [any("would flag it" in note for note in result.verdict.notes) for result in judged]
    assert notes == [False, True, True, False, False, False]
    assert [result.verdict.status for result in judged] == [result.verdict.status for result in (*mine, *other)]


def test_an_adjusted_p_that_was_not_looked_for_is_a_bound() -> None:
    [one, _] = screen_results([_result("a", "mine", 1e-9), _result("b", "mine", 0.5)])
    assert dict(one.verdict.facts)["Benjamini-Hochberg at q = 0.05"].startswith("flagged (adjusted p < 2e-9;")
