"""robustcheck estimate: accuracies on a set without labels, from how often models agree there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from robustcheck.cli.named_arguments import naming
from robustcheck.cli.said import say
from robustcheck.cli.shared_options import Measuring, measuring
from robustcheck.cli.shown_progress import showing_progress
from robustcheck.datasets import compare_classes
from robustcheck.errors import RobustcheckError, SetupError
from robustcheck.files.user_paths import user_path
from robustcheck.measure import Bench
from robustcheck.models.model_sets import resolve_models
from robustcheck.stats.agreement_line import MIN_MODELS, AgreementLine, fit_agreements
from robustcheck.values import Cell, ModelRef, Pairs, Quantity


@naming(dataset="data set", like="data set", models="model")
@measuring()
def estimate(
    dataset: Annotated[str, typer.Argument(help="The set without labels: a catalogue name or a directory.")],
    like: Annotated[str, typer.Option("--like", help="A set of the same classes that has labels.")],
    models: Annotated[str, typer.Option("--models", help="Three models or more: references, sets or queries.")],
    how: Measuring,
    arch: Annotated[str | None, typer.Option(help="Architecture of a checkpoint file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Estimate the accuracy of models on a set without labels: ALine-S, agreement on the line (Baek et al. 2022)."""
    here = Path.cwd()
    chosen = resolve_models(tuple(filter(None, models.split(","))), arch=arch)
    if len(chosen) < MIN_MODELS:
        raise SetupError(f"{len(chosen)} models", where="--models", expected=f"at least {MIN_MODELS} of them")
    known, unknown = (_place(name, here) for name in (like, dataset))
    with showing_progress() as progress:
        bench = Bench(how.settings, on_progress=progress.on_progress)
        classes = (("known", known),) if _are_alone(bench, unknown) else ()
        if not classes:
            _require_same_classes(bench, chosen[0], known, unknown)
        line = fit_agreements(_agreements(bench, chosen, known), _agreements(bench, chosen, unknown, classes))
        accuracies = _values(bench, [Cell(model, Quantity("top1", known)) for model in chosen])
    rows = list(zip([model.id for model in chosen], accuracies, line.carry_over(accuracies), strict=True))
    if as_json:
        facts = {"slope": line.slope, "intercept": line.intercept, "r2": line.r2, "pairs": line.pairs}
        estimates = {name: {"known": float(there), "estimate": float(here)} for name, there, here in rows}
        typer.echo(json.dumps({**facts, "on_the_line": line.is_straight, "models": estimates}))
        return
    for name, there, found in rows:
        say(f"{name}: top1 {there:.1%} on {like}, so about {found:.1%} on {dataset}")
    _close(line)


def _require_same_classes(bench: Bench, model: ModelRef, known: str, unknown: str) -> None:
    """Refuse a set of other classes: how often models agree there says nothing of how often they are right."""
    quantities = [Quantity("agreement", name) for name in (known, unknown)]
    there, here = (bench.shelf.dataset_for(model, each.dataset, each) for each in quantities)
    if there.class_names and here.class_names and set(there.class_names) != set(here.class_names):
        raise SetupError(
            f"{unknown} has other classes than {known} ({compare_classes(here, there)})",
            expected="the same classes in both",
            fix="images that are not sorted into classes: a directory with these images and nothing else",
        )


def _close(line: AgreementLine) -> None:
    say(
        f"the line of {line.pairs:,} agreements: slope {line.slope:.3f}, intercept {line.intercept:.3f} on probit "
        f"axes, r2 {line.r2:.3f}"
    )
    if not line.is_straight:
        say("agreements lie on no line here (r2 of 0.95 or less), so these estimates say little")


def _are_alone(bench: Bench, dataset: str) -> bool:
    """Tell whether a directory holds images alone, so that another set has to say which classes there are."""
    return Path(dataset).is_dir() and bench.shelf.dataset(dataset).task == "ood"


def _agreements(bench: Bench, models: Sequence[ModelRef], dataset: str, classes: Pairs = ()) -> np.ndarray:
    """Return how often each pair of models gives the same answer."""
    pairs = combinations(models, 2)
    quantities = [(one, Quantity("agreement", dataset, options=(*classes, ("with", two.text)))) for one, two in pairs]
    return _values(bench, [Cell(model, quantity) for model, quantity in quantities])


def _values(bench: Bench, cells: Sequence[Cell]) -> np.ndarray:
    """Measure cells, in one pass over the images; raise the first error."""
    found = bench.measure_all(cells)
    values = []
    for score in (found[cell] for cell in cells):
        if isinstance(score, RobustcheckError):
            raise score
        values.append(score.value)
    return np.array(values)


def _place(name: str, here: Path) -> str:
    """Return the name of a data set, a directory as an absolute path."""
    is_directory = "/" in name and (here / name).is_dir()
    return str(user_path(name, here, SetupError, where="the data set").resolve()) if is_directory else name
