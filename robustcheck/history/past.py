"""The past of each check: every run hands the numbers of the runs before it on to the next."""

from __future__ import annotations

from collections.abc import Sequence

from robustcheck.history.portable import Key, key_of, portable_path
from robustcheck.values import Past, PastVerdict, Result, RunRecord

MOST_RUNS = 30
# Of all checks together: a run of thousands of results remembers a few runs, one of twenty remembers thirty.
_MOST_VERDICTS = 6_000


def past_of(previous: RunRecord | None, results: Sequence[Result], root: str = "") -> tuple[Past, ...]:
    """Return what came of these checks in the previous run and in those that it remembers, oldest first.

    ``root`` is where the run of the results was started: suites are compared from there, as those of the previous run
    are from where that was started.
    """
    if previous is None or not results:
        return ()
    most = max(1, min(MOST_RUNS, _MOST_VERDICTS // len(results)))
    remembered = {
        (portable_path(past.suite, previous.root), past.check_key, past.model): past.verdicts for past in previous.past
    }
    last = {key_of(result, previous.root): _as_past(previous, result) for result in previous.results}
    written = {key_of(result, root): (result.suite, result.check_key, result.model.id) for result in results}
    found = (_past(own, (*remembered.get(key, ()), *last.get(key, ())), most) for key, own in written.items())
    return tuple(past for past in found if past.verdicts)


def _past(key: Key, verdicts: tuple[PastVerdict, ...], most: int) -> Past:
    return Past(*key, verdicts[-most:])


def _as_past(run: RunRecord, result: Result) -> tuple[PastVerdict, ...]:
    """Return a result as a later run remembers it; nothing where it has no number."""
    verdict = result.verdict
    if verdict.compared is None:
        return ()
    low, high, limit, origin = map(_short, (verdict.low, verdict.high, verdict.limit, verdict.origin))
    return (PastVerdict(run.id, verdict.status, float(f"{verdict.compared:.6g}"), low, high, limit, origin),)


def _short(number: float | None) -> float | None:
    # Finer than what is drawn of it; every digit is in the record of its own run.
    return None if number is None else float(f"{number:.6g}")
