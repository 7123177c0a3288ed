"""Do the lines of a job file: what one worker of a job array does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from robustcheck.errors import RecordError, RobustcheckError, SetupError
from robustcheck.listing import name_first
from robustcheck.measure import Bench
from robustcheck.measure.jobs import plan_jobs
from robustcheck.measure.parts import Head, Outputs, Part
from robustcheck.measure.readiness import pair_missing
from robustcheck.run.job_file import JobHeader, JobLine
from robustcheck.values import Cell


@dataclass(slots=True)
class Work:
    """What became of lines: chunks and heads that were made here, how many were there already, and what went wrong."""

    lines: int = 0
    chunks: int = 0
    heads: int = 0
    found: int = 0
    errors: list[RobustcheckError] = field(default_factory=list)


def do_lines(bench: Bench, header: JobHeader, lines: Iterable[JobLine]) -> Work:
    """Make what lines ask for; what goes wrong with one model or data set leaves the others alone.

    Raises SetupError where the store is read-only: nothing that is made could be kept.
    """
    if bench.is_read_only:
        raise SetupError(
            "the store is read-only",
            where=str(bench.settings.store),
            fix="mount it so that it can be written, or use credentials that may write to it",
        )
    work = Work()
    for line in lines:
        work.lines += 1
        cells = [header.cells[place] for place in line.cells]
        try:
            if line.images is None:
                _make_heads(bench, cells, line, work)
            else:
                _fill_chunks(bench, cells, line, work)
        except RobustcheckError as error:
            work.errors.append(error)
    return work


def _make_heads(bench: Bench, cells: list[Cell], line: JobLine, work: Work) -> None:
    for head in _parts(bench, cells, line, work):
        assert isinstance(head, Head), "a line without images is of heads"
        if bench.memo.has(head):
            work.found += 1
            continue
        try:
            bench.memo.get(head)
            work.heads += 1
        except RobustcheckError as error:
            work.errors.append(error)


def _fill_chunks(bench: Bench, cells: list[Cell], line: JobLine, work: Work) -> None:
    wanted = [part for part in _parts(bench, cells, line, work) if isinstance(part, Outputs)]
    chunks = range(line.first, line.last)
    missing = {outputs: bench.memo.missing(outputs, chunks) for outputs in wanted}
    if any(missing.values()):
        _keep_pairings(bench, cells, {outputs.key for outputs in wanted}, work)
    failures = bench.do(plan_jobs(missing))
    work.errors += failures.values()
    work.chunks += sum(len(missing[outputs]) for outputs in wanted if outputs.key not in failures)
    work.found += sum(len(chunks) - len(missing[outputs]) for outputs in wanted)


def _keep_pairings(bench: Bench, cells: list[Cell], keys: set[str], work: Work) -> None:
    """Keep how outputs are paired with classes: who scores them loads no model, and must say what the pairing left."""
    for cell in cells:
        try:
            for recipe in (each for each in bench.recipes_once_here(cell) if each.outputs.key in keys):
                pair_missing(recipe, bench.memo, bench.models)
        except RobustcheckError as error:
            work.errors.append(error)


def _parts(bench: Bench, cells: list[Cell], line: JobLine, work: Work) -> list[Part]:
    """Return the parts that a line names; what cannot be made here is an error."""
    found: dict[str, Part] = {}
    errors: list[RobustcheckError] = []
    for cell in cells:
        try:
            found.update((part.key, part) for recipe in bench.recipes_once_here(cell) for part in recipe.parts)
        except RobustcheckError as error:
            errors.append(error)
    if not errors and not all(key in found for key in line.keys):
        errors.append(_other_content(cells))
    work.errors += errors
    return [found[key] for key in line.keys if key in found]


def _other_content(cells: list[Cell]) -> RecordError:
    models = name_first(sorted({cell.model.text for cell in cells}), 3)
    return RecordError(
        f"the images, weights or packages here are not those that the jobs were planned for ({models})",
        where=cells[0].quantity.dataset,
        fix="run `robustcheck jobs` where the same data, checkpoints and versions of packages are",
    )
