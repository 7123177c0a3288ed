"""What a run says of checks that an earlier one judged and that its suites ask no more."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from robustcheck.errors import RobustcheckError
from robustcheck.history.baselines import known_baselines
from robustcheck.history.dropped_checks import GateChecks, dropped_checks
from robustcheck.history.portable import Key, portable_path
from robustcheck.listing import counted, name_all, name_first
from robustcheck.run.session import RobustSession
from robustcheck.store import is_url
from robustcheck.values import Notice, RunRecord
from robustcheck.values.checks import Suite

_MOST_NAMED = 5


def notices_of_shrinking(
    session: RobustSession, suites: Sequence[Suite], previous: RunRecord | None
) -> Iterator[Notice]:
    """Yield what is asked no more since the previous run, and since the baselines of the suites."""
    gate = _gate_checks(session, suites)
    found: dict[tuple[str, ...], list[str]] = {}
    for name, run in _earlier(session, suites, previous):
        if gone := dropped_checks(run, gate):
            found.setdefault(gone, []).append(name)
    for gone, names in found.items():
        is_one = len(gone) == 1
        number = f"{counted(len(gone), 'check')} that {name_all(names)} judged {'is' if is_one else 'are'}"
        yield Notice("gone", f"The gate is smaller: {number} no longer asked here: {name_first(gone, _MOST_NAMED)}.")


def _gate_checks(session: RobustSession, suites: Sequence[Suite]) -> GateChecks:
    root = str(session.settings.directory)
    checks, items = {}, set[Key]()
    for suite in suites:
        path = portable_path(suite.path, root)
        with contextlib.suppress(RobustcheckError):
            items |= {(path, item.check.key, item.model.id) for item in session.plan(suite).items}
            checks[path] = frozenset(check.key for check in suite.checks)
    return GateChecks(checks, frozenset(items), root)


def _earlier(
    session: RobustSession, suites: Sequence[Suite], previous: RunRecord | None
) -> Iterator[tuple[str, RunRecord]]:
    """Yield earlier runs by name: the baselines that checks name, or the only one there is, and the previous run."""
    baselines = session.settings.baselines
    named = {check.expect.needs.baseline for suite in suites for check in suite.checks} - {None}
    # The last check that named a baseline may be the one that is gone.
    known = [] if named or is_url(baselines) else known_baselines(baselines)
    for name in sorted(filter(None, named)) or (known if len(known) == 1 else []):
        with contextlib.suppress(RobustcheckError):
            yield f"baseline {name}", session.cases.baseline(name).run
    if previous is not None:
        yield f"run {previous.id}", previous
