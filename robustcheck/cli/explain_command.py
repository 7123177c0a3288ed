"""Say a check in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from robustcheck.cli.printed_tables import place_of
from robustcheck.datasets import known_datasets
from robustcheck.errors import RobustcheckError, SetupError, did_you_mean
from robustcheck.files.suite_files import suites_below
from robustcheck.listing import name_first
from robustcheck.populations import known_populations, load_population
from robustcheck.run.session import RobustSession
from robustcheck.values.checks import Check, Suite

_LISTED = 12


def explain_check(text: str, session: RobustSession) -> Iterator[str]:
    """Yield the lines that explain ``SUITE::ID``, or an id found in the suites below this directory."""
    path, separator, wanted = text.rpartition("::")
    suites, unread = ([session.load(Path(path))], []) if separator else _read_all(suites_below(Path()), session)
    found = [(suite, check) for suite in suites for check in suite.checks if wanted in (check.id, check.key)]
    if not found:
        if unread:
            raise unread[0]  # the check may stand there
        known = sorted({check.id for suite in suites for check in suite.checks})
        near = did_you_mean(wanted, known)
        raise SetupError(
            f"no check {wanted!r} here{f': {near}' if near else ''}", expected=f"one of {name_first(known, _LISTED)}"
        )
    for suite, check in found:
        yield from _lines(suite, check)
        yield from _evidence(check, session.settings.measure.roots)
    for error in unread:
        yield f"not read: {str(error).splitlines()[0]}"


def _read_all(paths: Sequence[Path], session: RobustSession) -> tuple[list[Suite], list[RobustcheckError]]:
    """Return the suites that can be read, and what is wrong with the others."""
    suites: list[Suite] = []
    unread: list[RobustcheckError] = []
    for path in paths:
        try:
            suites.append(session.load(path))
        except RobustcheckError as error:
            unread.append(error)
    return suites, unread


def _lines(suite: Suite, check: Check) -> Iterator[str]:
    yield f"{check.key}  ({check.position}, in {suite.title})"
    yield f"  {check.sentence}"
    yield from (f"  most likely a mistake: {doubt}" for doubt in check.doubts)
    if check.why:
        yield f"  why: {check.why}"
    yield f"  when unsure: {check.when_unsure}; seed {check.seed}; tags: {', '.join(check.tags) or 'none'}"
    for known in check.known_deviations:
        yield f"  known deviation of {known.model} until {known.until}: {known.reason}"


def _evidence(check: Check, roots: Sequence[Path]) -> Iterator[str]:
    """Say for each quantity of a check where the data are, and which tables hold figures."""
    for quantity in filter(None, dict.fromkeys((*check.quantities, *check.further_quantities))):
        place = place_of_dataset(quantity.dataset, roots)
        tables = [name for name in sorted(known_populations()) if load_population(name).has(quantity)]
        yield f"  {quantity.label}: data {place or 'not on this machine'}; figures in {', '.join(tables) or 'no table'}"


def place_of_dataset(dataset: str, roots: Sequence[Path]) -> str | None:
    """Return where a data set or a subset, such as imagenet-c/fog/3, lies; a directory is its own place."""
    is_subset = dataset.partition("/")[0] in known_datasets() and not Path(dataset).is_dir()
    return place_of(dataset, roots) if dataset in known_datasets() or is_subset else dataset
