"""The gate over many looks, held to what it promises: small seeded versions of benchmarks/gate_over_time.py."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from gate_over_time import (
    SECTIONS,
    STEP,
    at_limit,
    due_week,
    first_red_week,
    is_ever_red,
    over_time,
    partial_flips,
    warn_status,
)
from gate_simulation import EARLY, OVER_TIME

from robustcheck.stats.proportions import clopper_pearson_interval
from robustcheck.values.series import Series

PAGE = Path(__file__).parents[2] / "docs" / "simulation.md"


def part_of_the_page() -> str:
    """Return what the page says of many looks, between its marks."""
    return PAGE.read_text(encoding="utf-8").partition(OVER_TIME)[2].partition(EARLY)[0]


def ever_red(looks: int, series: Series | None, allowed: float = 0.0, count: int = 100) -> int:
    draw = at_limit if allowed else partial_flips(0.004)
    return sum(is_ever_red(draw, looks, series, allowed, trial) for trial in range(count))


@pytest.mark.parametrize("series", [Series("nightly", 100), Series("nightly")], ids=["100 looks", "open"])
def test_a_hundred_nights_of_an_unchanged_model_are_seldom_red(series: Series) -> None:
    """5 of 100 are allowed; more than 11 happen with probability 0.004. Without a series nearly all are red."""
    assert ever_red(100, series) <= 11
    assert ever_red(100, None) >= 90


def test_twenty_checkpoints_at_the_limit_are_seldom_red() -> None:
    assert ever_red(20, Series("training", 20), 0.01) <= 11
    assert ever_red(20, None, 0.01) >= 40


def test_a_year_of_slow_loss_is_red_when_it_is_due() -> None:
    """Of eight years at least six are red by the week in which 80% should be, and all of them two weeks later."""
    weeks = [first_red_week(trial, with_origin=True) for trial in range(8)]
    assert all(week is not None and week <= due_week() + 2 for week in weeks)
    assert sum(week is not None and week <= due_week() for week in weeks) >= 6
    assert all(week is not None and STEP * week > 0.02 for week in weeks)


def test_against_the_last_baseline_alone_it_is_not() -> None:
    assert first_red_week(0, with_origin=False) is None


def test_a_loss_beyond_the_warn_limit_warns_where_it_passes() -> None:
    """At the warn limit a third of the verdicts warn, and half pass without a word: 30 of each 80 at least 12 times."""
    half = 1.959964 * (0.05 / 10_000) ** 0.5
    statuses = [warn_status(trial, 0.0, 1.5 * half) for trial in range(80)]
    assert 12 <= statuses.count("warn") <= 42
    assert 25 <= statuses.count("pass") <= 56
    assert "fail" not in statuses


# --- the page -------------------------------------------------------------------------------------


def test_the_page_is_that_of_the_benchmark() -> None:
    """Every title, every description and the head of every table are on the page as the benchmark writes them."""
    text = part_of_the_page()
    for title, about, _ in SECTIONS:
        assert f"## {title}\n\n{about}\n" in text
    assert text.count("| | should be | was |") == len(SECTIONS)


def test_what_the_page_promises_was_found() -> None:
    """The upper ends of what should be at most 5% lie below 6.5%, and what should be seen was."""
    text = part_of_the_page()
    rows = re.findall(r"^\| (.+?) \| (.+?) \| ([\d.]+)% \| ([\d.]+)% to ([\d.]+)% \| ([\d,]+) \|$", text, re.MULTILINE)
    assert len(rows) >= 20
    seldom = [row for row in rows if row[1] == "at most 5%"]
    assert len(seldom) == 7
    assert all(float(row[4]) <= 6.5 for row in seldom)
    [due] = [row for row in rows if row[1] == "at least 80%"]
    assert float(due[3]) >= 80


def test_small_trials_make_the_same_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row says its count, and the exact interval of it."""
    monkeypatch.setattr("gate_over_time.SECTIONS", SECTIONS[:1])
    rows = [line for line in over_time(0.01) if line.startswith("| 0.")]
    assert len(rows) == 6
    for row in rows:
        was, ends, count = (cell.strip() for cell in row.strip("|").split("|")[2:5])
        hits = round(float(was.rstrip("%")) / 100 * int(count))
        low, high = clopper_pearson_interval(hits, int(count))
        assert ends == f"{low:.1%} to {high:.1%}"
