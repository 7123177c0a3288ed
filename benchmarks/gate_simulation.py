"""Is the gate honest? Judge models whose truth is known, and count.

    python benchmarks/gate_simulation.py --write docs/simulation.md

Each trial draws a model, and where a trend is judged its population, from the lines that ship; its truth lies
exactly at the limit, or a known drop beyond it. What was drawn goes through ``judge`` itself. Counted are how often
the 95% interval holds the truth, how often a model at its limit fails, and how often a drop is found.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from zlib import crc32

import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).parent))

from claim_simulation import claims_section
from early_simulation import TRIALS as EARLY_TRIALS
from early_simulation import early_section
from gate_over_time import over_time
from gate_worlds import ALPHA, CHECKS, KINDS, Floats

from robustcheck.judge import judge

TRIALS, QUICK_TRIALS = 500, 4
SIZES = (40, 150, 600, 10_000)
DROPS = (0.01, 0.02, 0.03, 0.05)
# Sorting both sides of a detection takes long: so many times fewer trials at the largest n.
DEAR = {"AUROC": 2, "paired AUROC": 2}
POWER_TRIALS = 4
FEWEST = 2
OVER_TIME, EARLY, CLAIMS = "<!-- over time -->", "<!-- decided early -->", "<!-- claims about groups -->"


@dataclass(frozen=True, slots=True)
class Job:
    """Trials of one kind at one n, whose truth lies ``drop`` beyond the limit."""

    kind: str
    n: int
    drop: float
    trials: int


@dataclass(frozen=True, slots=True)
class Counted:
    """For each trial: whether the 95% interval held the truth, and the p value of worse than the limit."""

    held: npt.NDArray[np.bool_]
    p_values: Floats


Found = Mapping[tuple[str, int, float], Counted]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run all trials and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=TRIALS, help="trials of each kind and n, at the limit")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--write", type=Path, help="the Markdown file; without it, it is printed")
    parser.add_argument("--only", choices=("one-look", "over-time", "early", "claims"), help="make one part anew")
    parser.add_argument(
        "--quick",
        action="store_const",
        dest="trials",
        const=QUICK_TRIALS,
        help="a few trials a row: the same page, with numbers that say nothing",
    )
    given = parser.parse_args(arguments)
    old = given.write.read_text(encoding="utf-8") if given.only else ""
    before, _, claims = old.partition(CLAIMS)
    before, _, early = before.partition(EARLY)
    first, _, second = before.partition(OVER_TIME)
    if given.only in (None, "one-look"):
        first = one_look(given.trials, given.processes)
    if given.only in (None, "over-time"):
        second = "\n" + "\n".join(over_time(given.trials / TRIALS)) + "\n"
    if given.only in (None, "early"):
        found = early_section(round(EARLY_TRIALS * given.trials / TRIALS), given.processes)
        early = "\n" + "\n".join(found) + "\n"
    if given.only in (None, "claims"):
        claims = "\n" + "\n".join(claims_section(given.trials / TRIALS, given.processes)) + "\n"
    text = f"{first}{OVER_TIME}{second.rstrip()}\n\n{EARLY}{early.rstrip()}\n\n{CLAIMS}{claims}"
    if given.write:
        given.write.write_text(text, encoding="utf-8")
    else:
        print(text)


def one_look(trials: int, processes: int) -> str:
    """Run the trials of single looks and return their part of the page."""
    jobs = jobs_of(trials)
    with ProcessPoolExecutor(processes) as pool:
        found = dict(zip([(job.kind, job.n, job.drop) for job in jobs], pool.map(count, jobs), strict=True))
    return "\n".join(page(found, trials)) + "\n"


def jobs_of(trials: int) -> list[Job]:
    """Return every job, the dearest first."""
    jobs = []
    for kind in KINDS:
        for n in SIZES:
            at_limit = max(FEWEST, trials // (DEAR.get(kind, 1) if n == SIZES[-1] else 1))
            jobs += [
                Job(kind, n, drop, max(FEWEST, at_limit // (POWER_TRIALS if drop else 1))) for drop in (0.0, *DROPS)
            ]
    return sorted(jobs, key=lambda job: (-job.n, job.kind not in DEAR))


def count(job: Job) -> Counted:
    """Judge the trials of a job; each has a seed of its own."""
    held, p_values = [], []
    for trial in range(job.trials):
        rng = np.random.default_rng([crc32(f"{job.kind} {job.n} {job.drop}".encode()), trial])
        drawn = KINDS[job.kind](rng, job.n, job.drop)
        verdict = judge(drawn.case)
        assert verdict.low is not None and verdict.high is not None and verdict.p_value is not None  # noqa: PT018
        assert (verdict.status == "fail") == (verdict.p_value <= ALPHA)
        held.append(verdict.low <= drawn.truth <= verdict.high)
        p_values.append(verdict.p_value)
    return Counted(np.array(held), np.array(p_values))


# --- the page -------------------------------------------------------------------------------------


def page(found: Found, trials: int) -> Iterator[str]:
    """Yield the lines of the document."""
    yield from _introduction(trials)
    yield from _table("How often does a 95% interval hold the truth?", _COVERAGE, found, _coverage)
    yield from _table("How often does a model at its limit fail one check of ten?", _SIZE, found, _size)
    yield from _suites(found)
    for drop in DROPS:
        title = f"How often is a drop of {drop * 100:.0f} point{'s' if drop > 0.01 else ''} beyond the limit found?"
        yield from _table(title, "", found, partial(_power, drop=drop))


_COVERAGE = (
    "Per cent of trials, ± one Monte Carlo standard error. 95 is asked for; above it is caution. Wilson's interval of "
    "an accuracy holds the truth in 94 to 96 per cent of cases by itself, depending on n and the accuracy."
)
_SIZE = (
    f"Per cent of trials whose p is at most 0.05 / {CHECKS}, the level of a check in a suite of {CHECKS}: "
    f"{100 * ALPHA:.2g} is allowed."
)


def _introduction(trials: int) -> Iterator[str]:
    yield "# The gate, simulated"
    yield ""
    yield "<!-- made by: python benchmarks/gate_simulation.py --write docs/simulation.md -->"
    yield ""
    yield "Models whose truth is known, judged by the code that judges yours (`robustcheck.judge`). Populations are"
    yield "drawn from the lines through the OpenCLIP checkpoints that ship, with their scatter; every trial draws a new"
    yield f"population, new images and a new model. {trials:,} trials a row and n at the limit (half as many for an"
    yield "AUROC at the largest n), a quarter of that for each drop. The same seeds give the same page:"
    yield "`python benchmarks/gate_simulation.py --write docs/simulation.md`."
    yield ""
    yield "n is the number of images judged: of each side for an AUROC, of the part for a part of the whole. Limits:"
    yield "accuracy at a published model's own; 2 points below a trend (half a point near 99%) and 2 points below a"
    yield "baseline; AUROC 0.9 and 0.01 below a baseline; ECE 0.05 and 0.02 above a baseline. A point of AUROC or ECE"
    yield "is 0.01."
    yield ""


def _table(title: str, about: str, found: Found, cell: object) -> Iterator[str]:
    yield f"## {title}"
    yield ""
    if about:
        yield about
        yield ""
    yield f"| judged | {' | '.join(f'n = {n:,}' for n in SIZES)} |"
    yield f"|---|{'---:|' * len(SIZES)}"
    for kind in KINDS:
        yield f"| {kind} | {' | '.join(cell(found, kind, n) for n in SIZES)} |"  # type: ignore[operator]
    yield ""


def _coverage(found: Found, kind: str, n: int) -> str:
    return _share(found[kind, n, 0.0].held)


def _size(found: Found, kind: str, n: int) -> str:
    return _share(found[kind, n, 0.0].p_values <= ALPHA)


def _power(found: Found, kind: str, n: int, drop: float) -> str:
    return _share(found[kind, n, drop].p_values <= ALPHA)


def _suites(found: Found) -> Iterator[str]:
    """Yield how often a suite of one check of each kind, all exactly at their limits, has a fail in it."""
    yield "## How often does a suite fail whose checks all stand exactly at their limits?"
    yield ""
    yield f"One check of each of the {len(KINDS)} kinds makes a suite. Bonferroni allows 5 per cent of suites a fail."
    yield ""
    yield f"| | {' | '.join(f'n = {n:,}' for n in SIZES)} |"
    yield f"|---|{'---:|' * len(SIZES)}"
    yield f"| suites with a fail | {' | '.join(_share(failed_suites(found, n)) for n in SIZES)} |"
    yield ""


def failed_suites(found: Found, n: int) -> npt.NDArray[np.bool_]:
    """Return which suites fail: the t-th has the t-th trial of every kind (trials of dear kinds are used again)."""
    columns = [found[kind, n, 0.0].p_values for kind in KINDS]
    longest = max(column.size for column in columns)
    return np.asarray((np.array([np.resize(column, longest) for column in columns]) <= 0.05 / len(KINDS)).any(axis=0))


def _share(flags: Sequence[bool] | npt.NDArray[np.bool_]) -> str:
    share, n = float(np.mean(flags)), len(flags)
    # With no trial on one side, half a trial is assumed to have been: no count is certain.
    error = np.sqrt(max(share * (1 - share), 0.5 / n) / n)
    return f"{100 * share:.1f} ± {100 * error:.1f}"


if __name__ == "__main__":
    main()
