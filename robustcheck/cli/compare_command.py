"""robustcheck compare: what is new, fixed, moved, added or gone between two runs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from robustcheck.cli.named_arguments import naming
from robustcheck.cli.said import cell
from robustcheck.cli.shared_options import Home, Store, run_places
from robustcheck.history.baselines import open_run
from robustcheck.history.changes import Differences, differences
from robustcheck.numerals import write_value
from robustcheck.values import Change, Result

_NOTHING = "nothing changed"


@naming(before="run", after="run")
def compare(
    before: Annotated[str, typer.Argument(help="The earlier run: reports/RUN, its id, or a baseline's name.")],
    after: Annotated[str, typer.Argument(help="The later run, named in the same ways.")],
    exit_zero: Annotated[bool, typer.Option("--exit-zero", help="End with 0 whatever was found.")] = False,
    home: Home = None,
    store: Store = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Compare two runs: new failures, fixed checks, values that moved by more than noise, checks added and gone.

    Ends with 1 when a check fails in the later run that did not fail in the earlier one.
    """
    places = run_places(home, store)
    found = differences(open_run(before, *places), open_run(after, *places))
    if as_json:
        typer.echo(json.dumps(_as_json(found)))
    else:
        _print(found)
    if found.failures and not exit_zero:
        raise typer.Exit(1)


def _print(found: Differences) -> None:
    console = Console(width=None if sys.stdout.isatty() else 200)
    rows = list(_rows(found))
    if rows:
        table = Table("what", Column("check", overflow="fold"), Column("model", overflow="fold"), "status", box=None)
        table.add_column("value")
        table.add_column("rests on", overflow="fold")
        for row in rows:
            table.add_row(*map(cell, row))
        console.print(table)
    console.print(cell(f"{found.before} to {found.after}: {_summary(found)}"))


def _summary(found: Differences) -> str:
    counts = {
        "newly failing": found.failures,
        "fixed": len(found.fixed),
        "otherwise changed": len(found.other_status),
        "moved by more than noise": len(found.moved),
        "asked otherwise": len(found.asked_otherwise),
        "added": len(found.appeared),
        "gone": len(found.gone),
    }
    said = ", ".join(f"{count:,} {what}" for what, count in counts.items() if count)
    return f"{said or _NOTHING}; {found.same:,} the same"


def _rows(found: Differences) -> Iterator[tuple[str, ...]]:
    status = (("new failure", found.new_failures), ("fixed", found.fixed), ("changed", found.other_status))
    for what, changes in status:
        yield from (_row(what, change) for change in changes)
    yield from (_row("moved", change) for change in found.moved if change.before == change.after)
    yield from (
        ("asked otherwise", change.check_key, change.model, _status(change), "", f"before: {change.asked}")
        for change in found.asked_otherwise
    )
    for what, results in (("added", found.appeared), ("gone", found.gone)):
        yield from ((what, result.check_key, result.model.id, result.verdict.status, "", "") for result in results)


def _row(what: str, change: Change) -> tuple[str, ...]:
    return what, change.check_key, change.model, _status(change), _values(change), change.basis


def _status(change: Change) -> str:
    return change.after if change.before == change.after else f"{change.before} → {change.after}"


def _values(change: Change) -> str:
    if change.value_before is None or change.value_after is None:
        return ""
    then, now = (write_value(value, change.unit, decimals=2) for value in (change.value_before, change.value_after))
    return f"{then} → {now}{' (more than noise)' if change.beyond_noise else ''}"


def _as_json(found: Differences) -> dict[str, object]:
    named = ("new_failures", "fixed", "other_status", "moved", "asked_otherwise")
    lists: dict[str, object] = {name: [asdict(change) for change in getattr(found, name)] for name in named}
    return {
        "before": found.before,
        "after": found.after,
        **lists,
        "appeared": [_about(result) for result in found.appeared],
        "gone": [_about(result) for result in found.gone],
        "same": found.same,
        "failures": found.failures,
    }


def _about(result: Result) -> dict[str, str]:
    return {
        "suite": result.suite,
        "check_key": result.check_key,
        "model": result.model.id,
        "status": result.verdict.status,
    }
