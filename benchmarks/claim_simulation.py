"""Are claims honest? Judge groups of models among which nothing differs, or something does, and count.

What `claim_worlds.py` draws goes through ``judge`` itself. `gate_simulation.py --only claims` writes this on its page.

    python benchmarks/claim_simulation.py
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

import claim_worlds as worlds
from claim_worlds import (
    EQUAL,
    LONG_TAILED,
    ONE_WIDE,
    OPPOSITE,
    SKEWED,
    UNEQUAL,
    VERY_OPPOSITE,
    VERY_SKEWED,
    Rng,
    World,
)

from robustcheck.judge import GroupCase, conclude
from robustcheck.stats import model_families
from robustcheck.stats.proportions import clopper_pearson_interval

# So many show a share of 1% to be below 3.5%; a share near that takes more. Claims that fit a line to each draw are
# dear.
TRIALS, MORE_TRIALS, LINE_TRIALS, CELL_TRIALS, DEAR_TRIALS = 1_000, 4_000, 400, 300, 150
# An interval over families is given by the spread of its draws: fewer will do.
DRAWS = 1_000
FAMILIES = (5, 8, 12, 25)
# What was counted, what it should be at most, and what is meant where nothing is promised.
SELDOM, NOT_PROMISED, POWER = "at most 3.5%", "not promised", "power"


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the page: a claim in a world, which finding is counted, and what it should be."""

    claim: str
    draw: Callable[[Rng, int, World], GroupCase]
    world: World
    counted: str = "holds"
    nominal: str = SELDOM
    trials: int = TRIALS

    @property
    def name(self) -> str:
        """The row in words."""
        return f"{self.claim}, {self.world.name}"


def _false_holds(
    claim: str, draw: Callable[[Rng, int, World], GroupCase], *several: World, trials: int = TRIALS
) -> list[Row]:
    return [Row(claim, draw, each, trials=trials) for each in several]


ROWS = (
    *_false_holds("pairs", worlds.pairs, UNEQUAL, EQUAL, LONG_TAILED, ONE_WIDE),
    Row("pairs", worlds.pairs, SKEWED, trials=MORE_TRIALS),
    Row("pairs", worlds.pairs, VERY_SKEWED, nominal=NOT_PROMISED),
    *_false_holds("cells of a table, as many rows and columns", worlds.crossed, EQUAL, SKEWED, trials=CELL_TRIALS),
    *_false_holds("two means", worlds.means, UNEQUAL, EQUAL, LONG_TAILED, ONE_WIDE, SKEWED, OPPOSITE),
    Row("two means", worlds.means, VERY_OPPOSITE, nominal=NOT_PROMISED),
    *_false_holds("as good as, on the margin", worlds.on_the_margin, EQUAL),
    Row("as good as, equal", worlds.equally_good, EQUAL, nominal=POWER, trials=DEAR_TRIALS),
    Row("as good as, 5 points apart", worlds.five_apart, EQUAL, "fails", POWER, DEAR_TRIALS),
    Row("every pair, one of which does not change", worlds.every_but_one, EQUAL, trials=MORE_TRIALS),
    Row("every pair, none of which changes", worlds.none_changes, EQUAL, "fails", "at most 5%", MORE_TRIALS),
    Row("every pair, all 3 points better", worlds.every_better, EQUAL, nominal=POWER, trials=DEAR_TRIALS),
    Row("every pair, one 3 points worse", worlds.one_worse, EQUAL, "fails", POWER, DEAR_TRIALS),
    *_false_holds("models of a like x", worlds.neighbours, EQUAL, SKEWED, OPPOSITE),
    Row("models of a like x, 5 points apart", worlds.above_neighbours, EQUAL, nominal=POWER, trials=DEAR_TRIALS),
    *_false_holds("a correlation", worlds.correlated, EQUAL, SKEWED),
    Row("a correlation of 0.9 over families", worlds.going_together, EQUAL, nominal=POWER, trials=DEAR_TRIALS),
    *_false_holds("pairs and a line", worlds.pairs_on_lines, EQUAL, SKEWED, trials=LINE_TRIALS),
    *_false_holds("a group and a line", worlds.residuals, UNEQUAL, EQUAL, SKEWED, OPPOSITE, trials=LINE_TRIALS),
    Row("a group 5 points above a line", worlds.above_the_line, EQUAL, nominal=POWER, trials=DEAR_TRIALS),
    *_false_holds("two slopes", worlds.slopes, EQUAL, SKEWED, trials=DEAR_TRIALS),
    *_false_holds("one trend, on the margin", worlds.trends, EQUAL, trials=DEAR_TRIALS),
)


@dataclass(frozen=True, slots=True)
class Job:
    """Trials of one row at one number of families (of pairs, where each is one)."""

    row: int
    families: int
    trials: int


def main() -> None:
    """Print the section."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", type=float, default=1.0, help="the share of the trials to run")
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    for line in claims_section(given.scale, given.processes):
        print(line, flush=True)


def claims_section(scale: float, processes: int) -> Iterator[str]:
    """Yield the lines of the section; ``scale`` makes every count of trials smaller."""
    jobs = [Job(row, families, trials(row, scale)) for row in range(len(ROWS)) for families in FAMILIES]
    yield from _INTRODUCTION
    yield f"| claim | counted | should be | {' | '.join(f'{each} families' for each in FAMILIES)} | of |"
    yield f"|---|---|---|{'---:|' * (len(FAMILIES) + 1)}"
    with ProcessPoolExecutor(processes) as pool:
        found = pool.map(count, jobs)
        for number, row in enumerate(ROWS):
            of = trials(number, scale)
            shares = [_share(next(found)[row.counted], of) for _ in FAMILIES]
            yield f"| {row.name} | {row.counted} | {row.nominal} | {' | '.join(shares)} | {of:,} |"


_INTRODUCTION = (
    "## How often does a claim about groups hold, or fail, that should not?",
    "",
    "Families lie 3 points apart by chance and their models 1 point; a second group has 12 families. Families have two",
    "models each, and where they are of unequal size the first has six and the others one to three. Skewed families",
    "have a skewness of 1 (very skewed ones 2), turned to where it makes a false claim hold; long tails are those of",
    "Student's t with three degrees of freedom. Tables have as many rows, and as many columns, as the head says, two",
    "cells a crossing, and rows and columns have changes of their own. Claims about every pair are judged by 10,000",
    "images a model. Per cent of trials of a suite of one check, whose level is 2.5%, and in brackets the upper end of",
    f"its one-sided 95% interval (Clopper and Pearson). Intervals rest on {DRAWS:,} draws here, on 10,000 in a run.",
    "Under five families in a group nothing holds.",
    "",
)


def trials(row: int, scale: float) -> int:
    """Return how many trials a row gets, never fewer than two."""
    return max(2, round(ROWS[row].trials * scale))


def count(job: Job) -> Counter[str]:
    """Count the findings of a job's trials; each has a seed of its own."""
    row = ROWS[job.row]
    seeds = [[crc32(f"{row.name} {job.families}".encode()), trial] for trial in range(job.trials)]
    cases = (row.draw(np.random.default_rng(seed), job.families, row.world) for seed in seeds)
    with _few_draws():
        return Counter(conclude(case).finding for case in cases)


@contextmanager
def _few_draws() -> Iterator[None]:
    """Let intervals rest on few draws, and on as many as before afterwards: tests count in a process of others."""
    usual, model_families.MOST_DRAWS = model_families.MOST_DRAWS, DRAWS
    try:
        yield
    finally:
        model_families.MOST_DRAWS = usual


def _share(hits: int, of: int) -> str:
    most = clopper_pearson_interval(hits, of, 0.9)[1]
    return f"{100 * hits / of:.1f} ({100 * most:.1f})"


if __name__ == "__main__":
    main()
