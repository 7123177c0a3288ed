"""robustcheck export-results: a run as a table, or as the evaluation results that the Hugging Face hub shows."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

import typer

from robustcheck.cli.named_arguments import naming
from robustcheck.cli.said import say
from robustcheck.cli.shared_options import Home, run_places
from robustcheck.disk import write_atomically
from robustcheck.errors import SetupError, did_you_mean
from robustcheck.history.baselines import open_run
from robustcheck.listing import counted
from robustcheck.report.rows import COLUMN_TYPES, COLUMNS, Row, result_rows
from robustcheck.values import RunRecord


@naming(run="run")
def export_results(
    run: Annotated[str, typer.Argument(help="A run: reports/RUN, its id, or a baseline's name.")],
    out: Annotated[Path, typer.Argument(help="The file: .csv, .jsonl, .parquet, or .yaml for the Hugging Face hub.")],
    model: Annotated[str | None, typer.Option("--model", help="Of this model alone; the hub's file needs one.")] = None,
    home: Home = None,
) -> None:
    """Write the results of a run: a row for each check and model, shares as fractions.

    A .yaml file holds the evaluation results of one model, as the hub reads them from .eval_results/ of its repository.
    """
    if out.suffix not in _FORMS and Path(run).suffix in _FORMS:
        raise SetupError(
            f"the names look swapped: {run} is a file to write",
            expected="robustcheck export-results RUN OUT",
            fix=f"robustcheck export-results {out} {run}",
        )
    record = open_run(run, *run_places(home)).run
    write = _FORMS.get(out.suffix)
    if write is None:
        raise SetupError(f"no form of results is called {out.suffix or out.name!r}", expected=", ".join(_FORMS))
    of = _id_of(model, record) if model else None
    rows = [row for row in result_rows(record) if of in (None, row["model"])]
    write_atomically(out, write(record, rows))
    say(f"{counted(len(rows), 'result')}: {out}")


def _id_of(model: str, record: RunRecord) -> str:
    """Return the id of a model that is called by its id or by the reference that a suite has for it."""
    ids = {name: result.model.id for result in record.results for name in (result.model.text, result.model.id)}
    if model not in ids:
        known = sorted(set(ids.values()))
        raise SetupError(f"no result of {model!r} in this run{did_you_mean(model, ids)}", expected=", ".join(known))
    return ids[model]


def _csv(_: RunRecord, rows: list[Row]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    writer.writerows({name: _harmless(value) for name, value in row.items()} for row in rows)
    return text.getvalue().encode()


def _harmless(value: object) -> object:
    """Keep a spreadsheet from reading outside text as a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def _jsonl(_: RunRecord, rows: list[Row]) -> bytes:
    return "".join(json.dumps(_without_nan(row)) + "\n" for row in rows).encode()


def _without_nan(row: Row) -> Row:
    # JSON has no NaN and no infinity.
    return {name: None if isinstance(value, float) and not _is_finite(value) else value for name, value in row.items()}


def _is_finite(value: float) -> bool:
    return value - value == 0


def _parquet(_: RunRecord, rows: list[Row]) -> bytes:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise SetupError("Parquet needs pyarrow", fix="pip install 'robustcheck[parquet]', or write .csv") from None
    types = {str: pyarrow.string(), float: pyarrow.float64(), int: pyarrow.int64(), bool: pyarrow.bool_()}
    schema = pyarrow.schema([(name, types[COLUMN_TYPES.get(name, str)]) for name in COLUMNS])
    buffer = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows, schema=schema), buffer)
    return buffer.getvalue()


def _hub(record: RunRecord, rows: list[Row]) -> bytes:
    """Write the live measurements of one model; each quantity once, whatever checks ask of it."""
    models = sorted({row["model"] for row in rows})
    if len(models) > 1:
        raise SetupError(f"{len(models)} models, and the file is of one", expected=f"--model {models[0]}")
    import yaml

    measured = [row for row in rows if row["value"] is not None and row["evidence"] == "live"]
    entries = {_task(row): _entry(record, row) for row in measured}
    return yaml.safe_dump(list(entries.values()), sort_keys=False, allow_unicode=True).encode()


def _entry(record: RunRecord, row: Row) -> Row:
    from huggingface_hub import EvalResultEntry, eval_result_entries_to_yaml

    notes = f"{row['low']:.4g} to {row['high']:.4g} (95%), n = {row['n']}; check {row['check']}: {row['status']}"
    entry = EvalResultEntry(
        dataset_id=row["dataset"], task_id=_task(row)[1], value=row["value"], date=record.started, notes=notes
    )
    (plain,) = eval_result_entries_to_yaml([entry])
    return dict(plain)


def _task(row: Row) -> tuple[str, str]:
    """Return the data set, and the metric with all that makes it another quantity."""
    parts = [row[name] for name in ("metric", "slice", "transform", "prompts", "options") if row[name]]
    return row["dataset"], "|".join(parts)


_FORMS: Mapping[str, Callable[[RunRecord, list[Row]], bytes]] = {
    ".csv": _csv,
    ".jsonl": _jsonl,
    ".parquet": _parquet,
    ".yaml": _hub,
}
