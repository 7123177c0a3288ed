"""How often two groups are said to be as good as each other that are not: seeded, about two minutes on one core.

    python scripts/simulate_keeps.py            # prints the rows of docs/simulation.md

Two groups of so many models each, whose values scatter by 1 point, are held to `keeps: 2pp`. At a true difference of
2 points "holds" is false, and two one-sided tests at 2.5% allow it in 2.5%; at none it should hold in most trials
of many models, and at 5 points it should fail.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np

from robustcheck.judge.case import Bounds, Estimate
from robustcheck.judge.group_margins import estimate_effect
from robustcheck.judge.significance import decide
from robustcheck.stats.group_effects import mean_difference

KEEPS, SCATTER, ALPHA = 0.02, 0.01, 0.025
SIZES = (6, 10, 20)
CASES = (
    ("holds, the truth on the margin", 0.02, "pass"),
    ("holds, equal", 0.0, "pass"),
    ("fails, 5 points apart", 0.05, "fail"),
)


def main(trials: int = 1000) -> None:
    """Print one row for each truth, with a column for each number of models."""
    for said, apart, status in CASES:
        rates = [np.mean([each == status for each in statuses(apart, size, trials)]) for size in SIZES]
        cells = [f"{100 * rate:.1f} ± {100 * (rate * (1 - rate) / trials) ** 0.5:.1f}" for rate in rates]
        print(f"| {said} | {' | '.join(cells)} |")


def statuses(apart: float, size: int, trials: int) -> Iterator[str]:
    """Yield what is decided in each trial of two groups of so many models that lie so far apart."""
    rng = np.random.default_rng([size, int(1000 * apart)])
    for trial in range(trials):
        first, second = (shift + SCATTER * rng.standard_normal(size) for shift in (0.6 + apart, 0.6))
        estimate: Estimate = estimate_effect(mean_difference(first, second, seed=trial))
        yield decide(estimate, Bounds(-KEEPS, KEEPS), ALPHA, level=1 - 2 * ALPHA)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
