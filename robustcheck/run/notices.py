"""What is to be said of a run as a whole: the price of its series, what its images could decide, other versions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from robustcheck.errors import RobustcheckError
from robustcheck.listing import counted, name_first
from robustcheck.numerals import write_level
from robustcheck.report import runs_by_age
from robustcheck.run.session import RobustSession
from robustcheck.stats.spending import ever_red, price
from robustcheck.values import Notice, Result
from robustcheck.values.checks import PlannedCheck, Suite
from robustcheck.values.series import Look

_MOST_NAMED = 5
_RUN_ID = re.compile(r"\d{8}-\d{6}")
_NOT_KEPT = (
    "The store is read-only: nothing was measured, and what was worked out from it was not kept. "
    "This run can be blessed if the store has all of its per-image scores."
)


def notices_of(session: RobustSession, results: Sequence[Result], suites: Sequence[Suite]) -> Iterator[Notice]:
    """Yield the notices of a run that has ended."""
    judged = [result for result in results if result.verdict.value is not None]
    alone = [suite for suite in suites if session.looks.series_of(suite) is None]
    for suite in suites:
        yield from _say_doubts(suite, judged)
        yield from _say_series(session, suite, judged)
    if any(result.suite == suite.path and not result.is_about_groups for result in judged for suite in alone):
        yield Notice("looks", _say_one_look(judged), loud=False)
    yield from _say_power(judged)
    yield from _say_noise(judged)
    yield from _say_versions(judged)
    if session.book.bench.is_read_only:
        yield Notice("store", _NOT_KEPT)


def notices_of_later_runs(reports: Path, now: datetime) -> Iterator[Notice]:
    """Yield what is to be said of runs that are dated after ``now``: none of them is the run before this one."""
    later = [run.name for run in runs_by_age(reports) if _RUN_ID.match(run.name) and run.name[:15] > run_id(now)]
    if later:
        yield Notice(
            "clock",
            f"By the clock of this machine some runs are still to come ({name_first(later, 3)}): what changed since "
            "them is not told here. Set the clock right, or move these reports away.",
        )


def run_id(time: datetime) -> str:
    """Return the id of a run that starts at a time, the first of its second.

    >>> run_id(datetime(2026, 11, 22, 10, 30))
    '20261122-103000'
    """
    return time.strftime("%Y%m%d-%H%M%S")


def _say_doubts(suite: Suite, judged: Sequence[Result]) -> Iterator[Notice]:
    ran = {result.check_key for result in judged if result.suite == suite.path}
    keys: dict[str, list[str]] = {}
    for check in suite.checks:
        for doubt in check.doubts if check.key in ran else ():
            keys.setdefault(doubt, []).append(check.key)
    yield from (Notice("sides", f"{name_first(names, _MOST_NAMED)}: {doubt}.") for doubt, names in keys.items())


def _say_series(session: RobustSession, suite: Suite, judged: Sequence[Result]) -> Iterator[Notice]:
    looks = {result.look for result in judged if result.suite == suite.path and result.look is not None}
    items = _items(session, suite)
    if not looks or not items:
        return
    last = max(looks, key=lambda look: look.number)
    level = min(item.one_look for item in items)
    grown = price(level, last.share)
    yield Notice(
        "series",
        f"{suite.title}: {_say_look(looks, last)}. Its price: the drop that a check finds grows {grown:.2f} times "
        f"(0.05 over {round(0.05 / level):,} checks, and this look's share of it is {write_level(last.share)}).",
    )
    declared = last.series.looks
    if declared is not None and last.number > declared:
        yield Notice(
            "series",
            f"{suite.title}: the series {last.series.name} is of {declared:,} looks, and this is look "
            f"{last.number:,}: its 5% are spent. Begin another series, or declare more looks.",
        )


def _say_look(looks: set[Look], last: Look) -> str:
    first = min(look.number for look in looks)
    which = f"look {first:,}" if first == last.number else f"looks {first:,} to {last.number:,}"
    if last.series.looks is None:
        return f"{which} of the open series {last.series.name}"
    return f"{which} of the {last.series.looks:,} of the series {last.series.name}"


def _say_one_look(judged: Sequence[Result]) -> str:
    candidates = len({result.model.id for result in judged if result.about_candidates and not result.is_about_groups})
    here = f" The {candidates:,} candidates of this run are {candidates:,} looks: {ever_red(candidates):.0%}."
    return (
        "No series is declared, so this is one look: of models that stand exactly at their limits, it finds at most 5% "
        f"red by chance. Of 20 such looks, if they are independent, one or more is red in up to {ever_red(20):.0%}, of "
        f"100 in up to {ever_red(100):.1%}.{here if candidates > 1 else ''} A declared series holds all of its looks "
        "together to 5%: `series: {name: nightly, looks: 100}` in the suite, or --robust-series nightly:100."
    )


def _say_power(judged: Sequence[Result]) -> Iterator[Notice]:
    known = [result for result in judged if result.verdict.could_decide is not None]
    if not known:
        return
    blind = [result for result in known if not result.verdict.could_decide]
    open_ones = sum(result.verdict.status == "unsure" for result in known)
    unsure = f"; {open_ones:,} stayed unsure" if open_ones else ""
    share = (len(known) - len(blind)) / len(known)
    names = name_first(list(dict.fromkeys(result.check_key for result in blind)), _MOST_NAMED)
    what = "images or models" if any(result.is_about_groups for result in blind) else "images"
    text = (
        f"{len(known) - len(blind):,} of {len(known):,} verdicts ({share:.0%}) could have found a drop as large as the "
        f"one that their check allows, with 80% power{unsure}."
    )
    yield Notice(
        "power", text + (f" These checks have too few {what} for that: {names}." if blind else ""), bool(blind)
    )


def _say_noise(judged: Sequence[Result]) -> Iterator[Notice]:
    below = [result for result in judged if result.verdict.below_noise]
    if below:
        names = name_first(list(dict.fromkeys(result.check_key for result in below)), _MOST_NAMED)
        yield Notice("noise", f"The allowed drop lies below the noise floor, or is 0 where no floor is known: {names}.")


def _say_versions(judged: Sequence[Result]) -> Iterator[Notice]:
    moved = [
        (result, result.score.versions_since(result.x))
        for result in judged
        if result.score is not None and result.x is not None and result.score.cell.quantity == result.x.cell.quantity
    ]
    changed = [(result, said) for result, said in moved if said]
    if changed:
        said = "; ".join(dict.fromkeys(said for _, said in changed))
        yield Notice(
            "versions",
            f"Compared with measurements that were made with other versions or in another way: "
            f"{counted(len(changed), 'verdict')} "
            f"({said}). Where one fails or moved, measure the baseline again as this run does, in an empty store.",
        )


def _items(session: RobustSession, suite: Suite) -> tuple[PlannedCheck, ...]:
    try:
        return session.plan(suite).items
    except RobustcheckError:
        return ()
