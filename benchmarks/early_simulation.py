"""Is a gate that decides early as honest as one that measures every image? Judge the same models both ways, and count.

Each trial draws a model, looks at it stage by stage until it is decided, and at all its images in one look. What was
drawn goes through ``judge`` itself. `gate_simulation.py --only early` writes this on its page.

    python benchmarks/early_simulation.py
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from zlib import crc32

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from gate_worlds import VAL, Rng, compared, counted_case, expected_on_trend, figure_of, residual_case

from robustcheck.judge import Case, status_so_far
from robustcheck.stats.proportions import clopper_pearson_interval
from robustcheck.values import Status
from robustcheck.values.stages import LAST, SHARES

TRIALS = 2_000
IMAGES = 10_000
LIMIT, ALLOWED, WON = 0.6, 0.02, 0.03
ALPHA = 0.05
# Points beyond the limit; below 0: inside it.
DROPS = (0.0, 0.01, 0.02, 0.05, 0.1, -0.02, -0.04, -0.1)

# The case of a check on so many of a trial's images.
CaseOf = Callable[[int], Case]


@dataclass(frozen=True, slots=True)
class Job:
    """Trials of one kind of check, whose truth lies ``drop`` beyond the limit."""

    kind: str
    drop: float
    trials: int


@dataclass(frozen=True, slots=True)
class Counts:
    """How often a fail and a pass was said early and in one look, and the mean share of images that it took."""

    failed: int
    failed_whole: int
    passed: int
    passed_whole: int
    share: float


def accuracy(rng: Rng, drop: float) -> CaseOf:
    """Draw a share of images, held against 60%."""
    right = np.cumsum(rng.random(IMAGES) < LIMIT - drop)
    return lambda n: counted_case(int(right[n - 1]), n, LIMIT)


def on_trend(rng: Rng, drop: float) -> CaseOf:
    """Draw a residual: x is known of 50,000 other images from the start."""
    people, x, level = expected_on_trend(rng)
    of_x = figure_of(rng, 50_000, x, VAL)
    right = np.cumsum(rng.random(IMAGES) < level - ALLOWED - drop)

    def case_of(n: int) -> Case:
        y = replace(figure_of(rng, n, 0.5), value=int(right[n - 1]) / n)
        return residual_case(y, of_x, people, ALLOWED)

    return case_of


def paired(rng: Rng, drop: float) -> CaseOf:
    """Draw what a model wins and loses against its baseline, which it may lie two points below."""
    lost = WON + ALLOWED + drop
    # Where fewer than none would have to be lost, more are won.
    shares = max(WON, WON - lost), max(lost, 0.0)
    change = rng.choice(3, size=IMAGES, p=[*shares, 1 - sum(shares)])
    won, gone = (np.cumsum(change == kind) for kind in (0, 1))
    return lambda n: paired_case(n, int(won[n - 1]), int(gone[n - 1]))


KINDS: Mapping[str, Callable[[Rng, float], CaseOf]] = {
    "accuracy": accuracy,
    "on_trend": on_trend,
    "paired accuracy": paired,
}


@cache
def paired_case(n: int, won: int, lost: int) -> Case:
    """Return the case of a comparison in which so many of n images were won and lost."""
    then = np.arange(n) < lost + (n - lost - won) // 2
    now = then.copy()
    now[:lost], now[n - won :] = False, True
    return compared(now, then, ALLOWED)


def count(job: Job) -> Counts:
    """Judge the trials of a job both ways; each has a seed of its own."""
    early, whole, shares = [], [], []
    for trial in range(job.trials):
        rng = np.random.default_rng([crc32(f"{job.kind} {job.drop}".encode()), trial])
        case_of = KINDS[job.kind](rng, job.drop)
        status, stage = decide(case_of)
        early.append(status)
        shares.append(SHARES[stage])
        whole.append(status_so_far(alone(case_of(IMAGES), None)))
    found = [statuses.count(status) for status in ("fail", "pass") for statuses in (early, whole)]
    return Counts(*found, float(np.mean(shares)))


def decide(case_of: CaseOf) -> tuple[Status, int]:
    """Return the verdict of the first stage that decides, and the stage."""
    for stage in range(LAST):
        status = status_so_far(alone(case_of(round(IMAGES * SHARES[stage])), stage))
        if status != "unsure":
            return status, stage
    return status_so_far(alone(case_of(IMAGES), LAST)), LAST


def alone(case: Case, stage: int | None) -> Case:
    """Return the case of a check that is the only one of its suite, at a stage."""
    return replace(case, planned=replace(case.planned, alpha=ALPHA), stage=stage)


def early_section(count_of_trials: int, processes: int) -> Iterator[str]:
    """Yield the lines of this part of the page."""
    jobs = [Job(kind, drop, count_of_trials) for kind in KINDS for drop in DROPS]
    with ProcessPoolExecutor(processes) as pool:
        found = list(pool.map(count, jobs))
    yield "## Does deciding early change what is found, and how many images does it save?"
    yield ""
    yield f"One check of {IMAGES:,} images, alone in its suite, looked at after 1/16, 1/8, 1/4, 1/2 and all of them,"
    yield f"and the same draws in one look; {count_of_trials:,} trials a row. An accuracy of {LIMIT:.0%} is asked for;"
    yield f"a trend and a baseline (against which {WON:.0%} of the decisions are won) allow {ALLOWED * 100:.0f} points."
    yield f"At the limit a fail may be said in {ALPHA:.0%} of cases and a pass in 2.5%; beyond it fails are wanted,"
    yield "inside it passes."
    yield ""
    yield f"| {' | '.join(_HEADERS)} |"
    yield "|---|---|---:|---|---:|---:|---:|---:|"
    for job, counts in zip(jobs, found, strict=True):
        yield _row(job, counts)


_HEADERS = (
    "judged",
    "the truth",
    "fails early",
    "95% interval",
    "fails in one look",
    "passes early",
    "passes in one look",
    "images used",
)


def _row(job: Job, found: Counts) -> str:
    low, high = clopper_pearson_interval(found.failed, job.trials)
    shares = [each / job.trials for each in (found.failed, found.failed_whole, found.passed, found.passed_whole)]
    failed, failed_whole, passed, passed_whole = (f"{share:.1%}" for share in shares)
    points, side = round(abs(job.drop) * 100), "beyond" if job.drop > 0 else "inside"
    where = f"{points} point{'s' if points > 1 else ''} {side}" if job.drop else "at the limit"
    cells = (job.kind, where, failed, f"{low:.1%} to {high:.1%}", failed_whole, passed, passed_whole)
    return f"| {' | '.join(cells)} | {found.share:.0%} |"


def main() -> None:
    """Print this part of the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=TRIALS)
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    print("\n".join(early_section(given.trials, given.processes)))


if __name__ == "__main__":
    main()
