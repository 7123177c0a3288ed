"""Write what models put out in the form that ``predictions:DIR`` reads, so that others need neither of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from robustcheck.cli.named_arguments import naming
from robustcheck.cli.said import say
from robustcheck.cli.shared_options import Measuring, measuring
from robustcheck.cli.shown_progress import showing_progress
from robustcheck.errors import ModelUnavailable, SetupError
from robustcheck.measure import Bench, logits_of
from robustcheck.models.model_sets import resolve_models
from robustcheck.predictions import write_about, write_predictions
from robustcheck.values import Cell, ModelRef, Quantity


@naming(models="model", dataset="data set")
@measuring()
def export(
    models: Annotated[list[str], typer.Argument(help="Model references, sets or queries.")],
    dataset: Annotated[str, typer.Option("--dataset", help="A catalogue name or a directory in a known layout.")],
    out: Annotated[Path, typer.Option("--out", help="Where a directory for each model is written.")],
    how: Measuring,
    transform: Annotated[str | None, typer.Option(help="A transform, such as gaussian_noise:3.")] = None,
    prompts: Annotated[str | None, typer.Option(help="A prompt set or a file of prompts.")] = None,
    arch: Annotated[str | None, typer.Option(help="Architecture of a checkpoint file.")] = None,
) -> None:
    """Write the logits of models on a data set, for predictions:OUT/MODEL on machines without model or images."""
    # Which metric does not matter: all of them are made of the same logits.
    quantity = Quantity("top1", _absolute(dataset), transform=transform, prompts=prompts)
    with showing_progress() as progress:
        bench = Bench(how.settings, on_progress=progress.on_progress)
        for line in export_models(resolve_models(models, arch=arch), quantity, out, bench):
            say(line)


def _absolute(dataset: str) -> str:
    """Return a directory with its whole path, as suites name it; a name of the catalogue as it is."""
    return str(Path(dataset).resolve()) if "/" in dataset and Path(dataset).is_dir() else dataset


def export_models(models: Sequence[ModelRef], quantity: Quantity, out: Path, bench: Bench) -> Iterator[str]:
    """Measure what is missing and write a directory a model under ``out``; yield a line about each.

    Members of a set that are not on this machine are left out; raises ModelUnavailable for a named model,
    and SetupError when nothing was written.
    """
    written = 0
    for model in models:
        try:
            yield str(_export(model, quantity, out, bench))
            written += 1
        except ModelUnavailable as error:
            if model.named:
                raise
            yield f"left out: {model.id} ({error.found})"
    if not written:
        raise SetupError(f"nothing was written: none of the {len(models)} models is on this machine")


def _export(model: ModelRef, quantity: Quantity, out: Path, bench: Bench) -> Path:
    found = logits_of(Cell(model, quantity), bench)
    directory = out / model.id.replace("/", "__")
    named = {"transform": quantity.transform, "prompts": quantity.prompts}
    path = write_predictions(
        directory, quantity.dataset, found.ids, found.values, found.labels, found.class_names, found.groups, **named
    )
    write_about(directory, model.id, dict(model.facets), f"Logits of {model.text}, written by robustcheck export.")
    return path
