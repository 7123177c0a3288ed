"""robustcheck comment: a run as the text of one comment on a pull request."""

from __future__ import annotations

from typing import Annotated

import typer

from robustcheck.cli.named_arguments import naming
from robustcheck.cli.said import say
from robustcheck.cli.shared_options import REPORTS, Home, Store, run_places
from robustcheck.errors import RecordError
from robustcheck.history.baselines import open_run
from robustcheck.history.changes import Differences, differences
from robustcheck.report import runs_by_age
from robustcheck.report.markdown import Since, comment_markdown


@naming(run="run", against="run")
def comment(
    run: Annotated[str, typer.Argument(help="A run: reports/RUN, its id, a baseline's name; default: the last.")] = "",
    against: Annotated[
        str | None,
        typer.Option(
            "--against", help="An earlier run or a baseline: what fails now that did not then, and what is gone."
        ),
    ] = None,
    home: Home = None,
    store: Store = None,
) -> None:
    """Print a run as one Markdown comment: the summary, what is newly failing, what each unsure check could have shown.

    Its first line is a mark, by which a workflow finds the comment again.
    """
    places = run_places(home, store)
    kept = open_run(run or _last_run(), *places)
    since = None if against is None else _since(against, differences(open_run(against, *places), kept))
    say(comment_markdown(kept.run, since).rstrip("\n"))
    if not run:
        say(f"the run that started last: {kept.name} ({kept.run.started})", err=True)


def _since(name: str, found: Differences) -> Since:
    return Since(name, found.new_failures, found.new_and_failing, found.gone)


def _last_run() -> str:
    """Return the run that was started last; raises RecordError where there is none."""
    runs = runs_by_age(REPORTS)
    if not runs:
        raise RecordError("no run", where=str(REPORTS), expected="reports/RUN/run.json", fix="run the suites first")
    return str(runs[-1])
