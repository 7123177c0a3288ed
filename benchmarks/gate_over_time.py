"""The gate over many looks: what gate_simulation.py says of nightly runs, training runs, and years of slow loss.

Everything goes through ``judge``. A comparison of right and wrong answers depends on how many images were won and
lost, so each pair of these counts is judged once and found again.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from zlib import crc32

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from gate_worlds import NORMAL, VAL, Rng, compared, expected_on_trend, figure_of, residual_case

from robustcheck.judge import judge
from robustcheck.run.looks import look_at
from robustcheck.stats.proportions import clopper_pearson_interval
from robustcheck.values import Status, Verdict
from robustcheck.values.checks import PlannedCheck
from robustcheck.values.series import Series

SERIES, YEARS, MODELS = 4_000, 200, 400
IMAGES, NIGHTS, CHECKPOINTS, WEEKS = 10_000, 100, 20, 52
FLIPS = (0.002, 0.004)
STEP, DISCORDANT = 0.003, 0.05
ALLOWED_DROP, ALLOWED_DRIFT = 0.01, 0.02


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the page: what was counted, what it should be, and how often it was, of so many."""

    what: str
    nominal: str
    hits: int
    of: int

    def __str__(self) -> str:
        low, high = clopper_pearson_interval(self.hits, self.of)
        return f"| {self.what} | {self.nominal} | {self.hits / self.of:.1%} | {low:.1%} to {high:.1%} | {self.of:,} |"


def over_time(scale: float = 1.0) -> Iterator[str]:
    """Yield the lines of this part of the page; ``scale`` makes every count of trials smaller."""
    for title, about, rows in SECTIONS:
        yield f"## {title}"
        yield ""
        yield about
        yield ""
        yield "| | should be | was | 95% interval | of |"
        yield "|---|---|---:|---|---:|"
        yield from map(str, rows(scale))
        yield ""


# --- series ---------------------------------------------------------------------------------------


def nightly(scale: float) -> Iterator[Row]:
    """Yield how often 100 nights of an unchanged model, some decisions of which flip, are red at least once."""
    several = [(f"{share:.1%} flipped", partial_flips(share)) for share in FLIPS]
    for said, draw in several:
        for series, how in ((None, "each night by itself"), (Series("n", NIGHTS), "100 looks"), (Series("n"), "open")):
            red = sum(is_ever_red(draw, NIGHTS, series, 0.0, trial) for trial in range(trials(SERIES, scale)))
            yield Row(f"{said}, {how}", "any" if series is None else "at most 5%", red, trials(SERIES, scale))


def training(scale: float) -> Iterator[Row]:
    """Yield how often 20 checkpoints, each exactly at the limit, are red at least once."""
    for series, how in ((None, "each by itself"), (Series("t", CHECKPOINTS), "20 looks"), (Series("t"), "open")):
        red = sum(is_ever_red(at_limit, CHECKPOINTS, series, ALLOWED_DROP, t) for t in range(trials(SERIES, scale)))
        yield Row(
            f"20 checkpoints at the limit, {how}", "any" if series is None else "at most 5%", red, trials(SERIES, scale)
        )


def partial_flips(share: float) -> Callable[[Rng], tuple[int, int]]:
    """Return a draw of the images won and lost where a share of the decisions flips, either way alike."""
    return lambda rng: tuple(rng.binomial(IMAGES, share / 2, size=2).tolist())  # type: ignore[return-value]


def at_limit(rng: Rng) -> tuple[int, int]:
    """Draw the images won and lost of a model that loses what is allowed, 5% differing."""
    lost = (DISCORDANT + ALLOWED_DROP) / 2
    won, gone, _ = rng.multinomial(IMAGES, [DISCORDANT - lost, lost, 1 - DISCORDANT])
    return int(won), int(gone)


def is_ever_red(
    draw: Callable[[Rng], tuple[int, int]], looks: int, series: Series | None, allowed: float, trial: int
) -> bool:
    """Say whether any look of a series fails; the draws of a trial are the same with and without a series."""
    rng = np.random.default_rng([crc32(b"series"), looks, round(1e6 * allowed), trial])
    for number in range(1, looks + 1):
        won, lost = draw(rng)
        share = 1.0 if series is None else look_at(series, number, looks).share
        # Half of all looks won more than they lost: they need no judge.
        if lost > won and p_of(won, lost, allowed) <= 0.05 * share:
            return True
    return False


@cache
def p_of(won: int, lost: int, allowed: float) -> float:
    """Judge so many images won and lost of 10,000, and return the smallest level at which that fails."""
    then = np.arange(IMAGES) < 7_500
    now = then.copy()
    now[:lost], now[7_500 : 7_500 + won] = False, True
    p = judge(compared(now, then, allowed)).p_value
    assert p is not None
    return p


def at_level(case: object, share: float) -> object:
    """Return a case that is the only one of its suite, at a share of its level."""
    planned: PlannedCheck = replace(case.planned, alpha=0.05 * share)  # type: ignore[attr-defined]
    return replace(case, planned=planned)  # type: ignore[type-var]


# --- drift ----------------------------------------------------------------------------------------


def drift(scale: float) -> Iterator[Row]:
    """Yield when a year of small losses is red: held against the last baseline alone, and against the origin too."""
    years = trials(YEARS, scale)
    alone = [first_red_week(trial, with_origin=False) for trial in range(years)]
    kept = [first_red_week(trial, with_origin=True) for trial in range(years)]
    due = due_week()
    yield Row("against the last baseline alone: red within the year", "any", sum(map(bool, alone)), years)
    for until, nominal in ((6, "at most 5%"), (due, "at least 80%"), (due + 2, "100%")):
        red = sum(week is not None and week <= until for week in kept)
        yield Row(f"with the origin: red by week {until} ({until * STEP * 100:.1f} points lost)", nominal, red, years)


def due_week() -> int:
    """Return the first week in which the loss exceeds the allowed drift by what 10,000 images show with 80% power."""
    reach = NORMAL.inv_cdf(1 - 0.05 / 2) + NORMAL.inv_cdf(0.8)
    # Besides what differs from week to week, as many images as were lost since the origin differ from it.
    shown = {week: reach * ((DISCORDANT + week * STEP) / IMAGES) ** 0.5 for week in range(1, WEEKS)}
    return next(week for week, drop in shown.items() if week * STEP - ALLOWED_DRIFT >= drop)


def first_red_week(trial: int, *, with_origin: bool) -> int | None:
    """Return the first week that fails, each passing one blessed; None in a green year."""
    rng = np.random.default_rng([crc32(b"drift"), trial])
    sound = rng.random(IMAGES) < 0.75
    first = before = noisy(rng, sound)
    for week in range(1, WEEKS + 1):
        sound = lose(rng, sound)
        now = noisy(rng, sound)
        case = compared(now, before, ALLOWED_DROP, origin=first if with_origin else None)
        if judge(at_level(case, 1.0)).status == "fail":  # type: ignore[arg-type]
            return week
        before = now
    return None


def noisy(rng: Rng, sound: np.ndarray) -> np.ndarray:
    """Flip as many right answers as wrong ones, so that any two weeks differ on 5% of the images besides the loss."""
    # Two independent flips at a rate f differ where just one of them happened: 2 f (1 - f) of the images.
    rate = (1 - (1 - 2 * DISCORDANT) ** 0.5) / 2
    share = sound.mean()
    flips = rng.random(sound.size) < np.where(sound, rate / 2 / share, rate / 2 / (1 - share))
    return np.asarray(sound ^ flips)


def lose(rng: Rng, sound: np.ndarray) -> np.ndarray:
    """Lose what a week loses, of the images that are right."""
    after = sound.copy()
    after[rng.choice(np.flatnonzero(sound), size=round(STEP * sound.size), replace=False)] = False
    return after


# --- warn, unsure ---------------------------------------------------------------------------------


def warned(scale: float) -> Iterator[Row]:
    """Yield how often models between a warn limit and a limit 1.5 half-widths further warn, or are unsure."""
    count, error = trials(MODELS, scale), (DISCORDANT / IMAGES) ** 0.5
    half = NORMAL.inv_cdf(0.975) * error
    for place, said in ((0.0, "at the warn limit"), (0.5, "a third of the way"), (1.0, "two thirds of the way")):
        statuses = [warn_status(trial, place * half, 1.5 * half) for trial in range(count)]
        # A pass needs a number half a half-width inside the warn limit's other side; below 0 it warns.
        passes = 1 - NORMAL.cdf((place - 0.5) * half / error)
        warns = passes - (1 - NORMAL.cdf(place * half / error))
        yield Row(f"{said}: warn", f"{warns:.0%}", statuses.count("warn"), count)
        yield Row(f"{said}: unsure", f"{1 - passes:.0%}", statuses.count("unsure"), count)


def warn_status(trial: int, loss: float, allowed: float) -> Status:
    """Judge a model with a loss, where any loss at all warns."""
    rng = np.random.default_rng([crc32(b"warn"), round(1e6 * loss), trial])
    lost = (DISCORDANT + loss) / 2
    won, gone, _ = rng.multinomial(IMAGES, [DISCORDANT - lost, lost, 1 - DISCORDANT])
    then = np.arange(IMAGES) < 7_500
    now = then.copy()
    now[:gone], now[7_500 : 7_500 + won] = False, True
    return judge(at_level(compared(now, then, allowed, warn=0.0), 1.0)).status  # type: ignore[arg-type]


def unsure(scale: float) -> Iterator[Row]:
    """Yield how many verdicts of a suite of five trends are unsure, at the limit and further inside it."""
    count = trials(MODELS, scale)
    # At the limit a fail is shown in 0.05 / 5 of cases, and a pass in 2.5%.
    for inside, nominal in ((0.0, "96.5%"), (0.01, "fewer"), (0.02, "few")):
        verdicts = [trend_verdict(trial, inside) for trial in range(count)]
        said = "at the limit" if not inside else f"{inside * 100:.0f} points inside it"
        yield Row(f"unsure, {said}", nominal, sum(each.status == "unsure" for each in verdicts), count)
    able = [trend_verdict(trial, 0.0) for trial in range(count)]
    yield Row("could decide (2 points allowed)", "all", sum(bool(each.could_decide) for each in able), count)


def trend_verdict(trial: int, inside: float) -> Verdict:
    """Judge a model on ImageNet-V2 against the line of a drawn population, in a suite of five checks."""
    rng = np.random.default_rng([crc32(b"unsure"), round(1e6 * inside), trial])
    people, x, level = expected_on_trend(rng)
    case = residual_case(figure_of(rng, IMAGES, level - 0.02 + inside), figure_of(rng, 50_000, x, VAL), people, 0.02)
    return judge(at_level(case, 0.2))  # type: ignore[arg-type]


def trials(number: int, scale: float) -> int:
    """Return a number of trials made smaller, never fewer than two."""
    return max(2, round(number * scale))


SECTIONS = (
    (
        "How often is a series of nights red, though nothing changed?",
        f"{NIGHTS} nights of one model on {IMAGES:,} images; the allowed drop is 0, the check is alone in its suite, "
        "and a share of the decisions flips each night, to right and to wrong alike. Without a series nothing is "
        "promised over many nights.",
        nightly,
    ),
    (
        "How often is a training run red, whose checkpoints all stand at the limit?",
        f"{CHECKPOINTS} checkpoints, each one point below the baseline where one is allowed, "
        f"{DISCORDANT:.0%} of the decisions differing.",
        training,
    ),
    (
        "When is a year of small losses red?",
        f"{STEP * 100:.1f} points are lost a week and every week that is not red is blessed. {ALLOWED_DROP * 100:.0f} "
        f"point may be lost at a time, {ALLOWED_DRIFT * 100:.0f} since the origin. {IMAGES:,} images, and any two "
        f"weeks differ on {DISCORDANT:.0%} of them besides the loss.",
        drift,
    ),
    (
        "How often does a model between the warn limit and the limit warn?",
        "Any loss warns; the limit lies 1.5 half-widths of the 95% interval further. A pass needs the whole interval "
        "inside the limit, so a model near the limit is unsure. What should be is that of a normal distribution.",
        warned,
    ),
    (
        "How many verdicts are unsure?",
        f"A suite of five trends; {IMAGES:,} images of ImageNet-V2, two points below the line are allowed.",
        unsure,
    ),
)
