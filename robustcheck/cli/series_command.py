"""robustcheck series: the looks that series of runs have had, and the level that the next one may spend."""

from __future__ import annotations

from typing import Annotated

import typer

from robustcheck.cli.said import say
from robustcheck.cli.shared_options import Home, place_of_home
from robustcheck.errors import RecordError, did_you_mean
from robustcheck.history.taken_looks import SeriesRecord, known_series, load_series, start_series
from robustcheck.listing import counted
from robustcheck.numerals import write_level
from robustcheck.run.plan import FAMILY_ALPHA
from robustcheck.stats.spending import open_share
from robustcheck.store import below


def series(
    name: Annotated[str, typer.Argument(help="A series; without it, all that have begun here.")] = "",
    start: Annotated[bool, typer.Option("--start", help="Begin an open-ended series: it has had no look yet.")] = False,
    home: Home = None,
) -> None:
    """Say how many looks a series has had; with --start, begin one of any number of looks."""
    directory = below(place_of_home(home), "series")
    if start:
        say(_said(start_series(directory, name)))
        return
    known = known_series(directory)
    if name and name not in known:
        raise RecordError(
            f"no series {name!r} (known: {', '.join(known) or 'none'})",
            where=str(directory),
            fix=did_you_mean(name, known) or f"robustcheck series {name} --start",
        )
    for each in [name] if name else known:
        say(_said(load_series(directory, each)))
    if not known:
        say("no series has begun here: robustcheck series NAME --start")


def _said(record: SeriesRecord) -> str:
    level = FAMILY_ALPHA * open_share(record.taken + 1)
    taken = f"{record.name}: {counted(record.taken, 'look')} taken"
    return f"{taken}; open-ended, the next may spend {write_level(level)} in each suite"
