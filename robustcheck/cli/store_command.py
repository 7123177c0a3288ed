"""The command `store`: what the store holds, and room made in it."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from robustcheck.cli.said import say
from robustcheck.cli.shared_options import Home, Store, place_of_home, place_of_store
from robustcheck.errors import SetupError
from robustcheck.store import StoredPart, is_url, open_storage, parts_to_prune, remove_parts, stored_parts

_UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_DAY = 24 * 3600


def store(
    size: Annotated[bool, typer.Option("--size", help="Say what is stored and how much room it takes.")] = False,
    prune: Annotated[
        str | None, typer.Option(help="Remove what is older (30d), or the oldest until all fits (200GB).")
    ] = None,
    kind: Annotated[str, typer.Option(help="The kind of parts to remove.")] = "outputs",
    reading: Annotated[str | None, typer.Option(help="Remove only outputs of this reading.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be removed, and leave it.")] = False,
    home: Home = None,
    store: Store = None,
) -> None:
    """Say what the store holds, or make room in it; what is removed is measured again when it is needed."""
    place = place_of_store(store, place_of_home(home))
    if (home or store) and not is_url(place) and not Path(place).is_dir():
        raise SetupError("there is no store", where=str(place), expected="a directory that a run has written")
    storage = open_storage(place)
    parts = stored_parts(storage)
    if prune is None or size:
        _print_sizes(parts)
    if prune is None:
        return
    days, most = _amount(prune)
    before = None if days is None else time.time() - days * _DAY
    chosen = parts_to_prune(parts, kind, reading, before=before, at_most=most)
    if not dry_run:
        remove_parts(storage, chosen)
    said = "would be removed" if dry_run else "removed"
    say(f"{said}: {len(chosen)} of {len(parts)} parts, {_bytes(sum(part.size for part in chosen))}")


def _print_sizes(parts: Sequence[StoredPart]) -> None:
    table = Table("what", "reading", "parts", "files", "size", box=None)
    for kind, reading in sorted({(part.kind, part.reading) for part in parts}):
        of_kind = [part for part in parts if (part.kind, part.reading) == (kind, reading)]
        files = sum(len(part.files) for part in of_kind)
        size = _bytes(sum(part.size for part in of_kind))
        table.add_row(escape(kind), escape(reading), f"{len(of_kind):,}", f"{files:,}", size)
    console = Console(width=None if sys.stdout.isatty() else 200)
    console.print(table)
    console.print(f"{len(parts):,} parts, {_bytes(sum(part.size for part in parts))}", highlight=False)


def _amount(text: str) -> tuple[float | None, int | None]:
    """Return days, or bytes.

    >>> _amount("30d"), _amount("1.5GB")
    ((30.0, None), (None, 1500000000))
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(d|[KMGT]?B)", text, re.IGNORECASE)
    if found is None:
        raise SetupError(f"--prune {text!r}", expected="an age such as 30d, or a size such as 200GB")
    if found[2].lower() == "d":
        return float(found[1]), None
    return None, int(float(found[1]) * _UNITS[found[2].upper()])


def _bytes(count: int) -> str:
    """Say a number of bytes.

    >>> _bytes(0), _bytes(1_234_567)
    ('0 B', '1.2 MB')
    """
    unit = next(unit for unit in reversed(_UNITS) if count >= _UNITS[unit] or unit == "B")
    return f"{count} B" if unit == "B" else f"{count / _UNITS[unit]:.1f} {unit}"
