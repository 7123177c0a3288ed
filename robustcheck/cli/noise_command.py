"""robustcheck noise: how much a measurement owes to precision, batch size, threads and device."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from robustcheck.cli.named_arguments import naming
from robustcheck.cli.said import say
from robustcheck.cli.shared_options import Measuring, measuring
from robustcheck.disk import write_atomically
from robustcheck.errors import SetupError
from robustcheck.history.kept_noise import NoiseFloor, keep_noise
from robustcheck.models.encoders import PRECISIONS, Precision
from robustcheck.models.model_sets import resolve_models
from robustcheck.models.torch_host import devices
from robustcheck.run.noise_floor import Moved, Repeat, circumstances, repeat_all
from robustcheck.values import Cell, Quantity

_HEAD = ("model", "measured with", "held against", "top-1 changed", "largest logit difference", "metric moved by")
_MARKS = ("<!-- noise:begin -->", "<!-- noise:end -->")


@naming(models="model", dataset="data set", metric="metric")
@measuring("batch", "device", "precision")
def noise(
    models: Annotated[list[str], typer.Argument(help="Model references, sets or queries.")],
    dataset: Annotated[str, typer.Option("--dataset", help="A catalogue name or a directory in a known layout.")],
    how: Measuring,
    metric: Annotated[str, typer.Option("--metric", help="The metric whose value is followed too.")] = "top1",
    batch: Annotated[
        list[int] | None, typer.Option("--batch", min=1, help="A batch size; 64 is the reference.")
    ] = None,
    threads: Annotated[
        list[int] | None, typer.Option("--threads", min=1, help="A thread count; the first is the reference.")
    ] = None,
    precision: Annotated[list[str] | None, typer.Option("--precision", help="A precision.")] = None,
    device: Annotated[
        list[str] | None, typer.Option("--device", help="A torch device; all of them by default.")
    ] = None,
    arch: Annotated[str | None, typer.Option(help="Architecture of a checkpoint file.")] = None,
    write: Annotated[Path | None, typer.Option("--write", help="A Markdown page whose noise table is renewed.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Repeat a live measurement with one circumstance changed at a time and report what moved.

    Ends with 1 when a float32 measurement on the same kind of device changed a top-1 decision, or could not be made.
    """
    under = circumstances(device or devices(), batch or (1, 7, 64, 100), threads or (1, 2), _precisions(precision))
    name = str(Path(dataset).resolve()) if "/" in dataset and Path(dataset).is_dir() else dataset
    cells = [Cell(model, Quantity(metric, name)) for model in resolve_models(models, arch=arch)]
    if write is not None:
        _require_marks(write)
    repeats = [repeat for cell in cells for repeat in repeat_all(cell, how.settings, under)]
    keep_noise(how.place, [_floor(repeat, repeat.moved) for repeat in repeats if repeat.moved is not None])
    if write is not None:
        _renew(write, noise_table(repeats))
    if as_json:
        typer.echo(json.dumps([_as_json(repeat) for repeat in repeats]))
    else:
        say(noise_table(repeats))
    if not all(repeat.is_sound for repeat in repeats):
        say("a float32 measurement moved a top-1 decision, or could not be made", err=True)
        raise typer.Exit(1)


def _floor(repeat: Repeat, moved: Moved) -> NoiseFloor:
    cell, under = repeat.cell, repeat.under
    return NoiseFloor(cell.model.id, cell.quantity.dataset, under.precision, str(under), moved.n, moved.changed)


def _precisions(names: Sequence[str] | None) -> tuple[Precision, ...]:
    unknown = [name for name in names or () if name not in PRECISIONS]
    if unknown:
        raise SetupError(f"unknown precision {unknown[0]!r}", expected=", ".join(PRECISIONS))
    return tuple(each for each in PRECISIONS if names is None or each in names)


def noise_table(repeats: Sequence[Repeat]) -> str:
    """Write what moved as a Markdown table."""
    rows = [_HEAD, *(tuple(_row(repeat)) for repeat in repeats)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [f"| {' | '.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))} |" for row in rows]
    lines.insert(1, f"| {' | '.join('-' * width for width in widths)} |")
    return "\n".join(lines)


def _row(repeat: Repeat) -> Iterator[str]:
    yield repeat.cell.model.id
    yield str(repeat.under)
    yield str(repeat.against)
    if repeat.moved is None:
        yield from (f"not measured: {repeat.why}".replace("|", "/"), "", "")
        return
    moved = repeat.moved
    yield f"{moved.changed:,} of {moved.n:,} ({moved.share:.2%})"
    yield f"{moved.logit:.2g}"
    yield _metric(moved)


def _metric(moved: Moved) -> str:
    return f"{moved.value:+.5f}" if moved.value else "0"


def _as_json(repeat: Repeat) -> dict[str, object]:
    moved = repeat.moved
    return {
        "model": repeat.cell.model.id,
        "quantity": repeat.cell.quantity.label,
        "under": asdict(repeat.under),
        "against": asdict(repeat.against),
        "moved": None if moved is None else {**asdict(moved), "share": moved.share},
        "why": repeat.why,
        "must_agree": repeat.must_agree,
        "is_sound": repeat.is_sound,
    }


def _require_marks(page: Path) -> None:
    text = page.read_text(encoding="utf-8") if page.is_file() else ""
    if not all(mark in text for mark in _MARKS):
        raise SetupError("no place for the noise table", where=str(page), expected=" and ".join(_MARKS))


def _renew(page: Path, table: str) -> None:
    begin, end = _MARKS
    text = page.read_text(encoding="utf-8")
    between = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    write_atomically(page, between.sub(lambda _: f"{begin}\n{table}\n{end}", text).encode())
