"""Make a population of one's own runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from robustcheck.cli.named_arguments import naming
from robustcheck.cli.said import say
from robustcheck.disk import write_atomically
from robustcheck.errors import RecordError
from robustcheck.listing import counted
from robustcheck.populations import from_run, joined, write_csv
from robustcheck.report import load_run


@naming(runs="run")
def population(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Runs: reports/RUN, or their run.json.")],
    out: Annotated[Path, typer.Option("--out", help="The CSV file to write.")],
) -> None:
    """Make the figures of runs a population that on_trend accepts: {population: ./FILE.csv}."""
    own = joined([from_run(load_run(path)) for path in runs])
    if not own.table.figures:
        raise RecordError("no figures in these runs", where=", ".join(map(str, runs)), expected="a run with scores")
    write_atomically(out, write_csv(own.table).encode())
    say(f"{out}: {counted(len(own.table.figures), 'figure')} of {counted(len(own.table.facets), 'model')}")
    for text in own.left_out:
        say(f"left out: {text}")
