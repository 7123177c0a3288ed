"""Write what an adapter learns to a file: context vectors for ``+coop@FILE``, triggers for ``prompts: FILE.log``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from robustcheck.cli.named_arguments import naming
from robustcheck.cli.said import say
from robustcheck.cli.shared_options import Measuring, measuring
from robustcheck.cli.shown_progress import showing_progress
from robustcheck.disk import write_atomically
from robustcheck.errors import RobustcheckError, SetupError
from robustcheck.measure import Bench, export_learnt
from robustcheck.models.model_sets import resolve_one
from robustcheck.values import Cell, Quantity


@naming(model="model", dataset="data set")
@measuring()
def learn(
    model: Annotated[str, typer.Argument(help="A model with an adapter that learns, such as MODEL+coop-train.")],
    dataset: Annotated[str, typer.Option("--dataset", help="The set to be scored, which says what is learnt from.")],
    out: Annotated[Path, typer.Option("--out", help="The file to write.")],
    how: Measuring,
) -> None:
    """Write what an adapter learns: +coop-train the file of +coop@FILE, +trigger-search a log for prompts: FILE.log."""
    cell = Cell(resolve_one(model), Quantity("top1", dataset))
    with showing_progress() as progress:
        write_atomically(out, learnt_content(cell, Bench(how.settings, on_progress=progress.on_progress)))
    say(f"written: {out}")


def learnt_content(cell: Cell, bench: Bench) -> bytes:
    """Return what the adapter of a cell's model learns, as the content of a file; measures what is missing."""
    found = bench.measure(cell)
    if isinstance(found, RobustcheckError):
        raise found
    learnt = bench.recipes(cell)[0].learnt
    if learnt is None or not learnt.places:
        raise SetupError(
            f"{cell.model.text} learns nothing", expected="a model with an adapter that learns, such as +coop-train"
        )
    return export_learnt(learnt, bench.memo)
