"""``run.json``: a run record as a file, versioned by its ``schema`` number."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

import pydantic_core
from pydantic import TypeAdapter, ValidationError

from robustcheck.errors import RecordError
from robustcheck.files.json_files import parse_json, without_half_pairs
from robustcheck.files.sealed import seal_json, unseal_json
from robustcheck.files.texts import decoded, read_bytes
from robustcheck.listing import natural
from robustcheck.printing import shown
from robustcheck.report.folding import fold, unfold
from robustcheck.values import ModelRef, Quantity, Result, RunRecord, Score

RUN_FILE = "run.json"
SCHEMA = 2
# Schema 1 wrote out in each result what schema 2 keeps in tables.
_READ = (1, SCHEMA)
# When a run was started stands among the first keys, one a line.
_STARTED = re.compile(rb'^ *"started": ?"([0-9T:+.Z-]+)"', re.MULTILINE)
_HEAD = 65536
_UNCHANGED = "the JSON that robustcheck wrote, unchanged"
_KEYS = frozenset({"tables", *(field.name for field in fields(RunRecord))})
# Per-sample scores stay in the store: a record holds what was concluded from them.
_WITHOUT_SAMPLES = {"score": {"samples", "sureness"}, "x": {"samples", "sureness"}}


def dump_run(run: RunRecord) -> bytes:
    """Return the record as JSON with its checksum; NaN and infinities become strings, which every reader accepts.

    Shared parts stand in tables; a field that has its default is left out.
    """
    try:
        return seal_json(_written(_plain(run)))
    except pydantic_core.PydanticSerializationError:
        # A path that is not UTF-8 stands in Python's texts as halves of surrogate pairs.
        return seal_json(_written(_plain(run, without_half_pairs)))


def _plain(run: RunRecord, change: Callable[[Any], Any] = lambda plain: plain) -> dict[str, Any]:
    """Return a record as plain values, its results one by one: thousands of them side by side take much memory."""
    head: dict[str, Any] = change(_adapter().dump_python(run, exclude={"results"}, exclude_defaults=True))
    dump = _result_adapter().dump_python
    return head | {
        "results": (change(dump(one, exclude=_WITHOUT_SAMPLES, exclude_defaults=True)) for one in run.results)
    }


def _written(plain: dict[str, Any]) -> bytes:
    return ("\n".join(_lines({"schema": SCHEMA} | fold(plain))) + "\n").encode()


def runs_by_age(reports: Path) -> list[Path]:
    """Return the directories of recorded runs, the one that started first in front, whatever they are called.

    Of those of one second the tenth comes after the second. One that does not say when it started counts as the oldest.
    """
    found = [file.parent for file in reports.glob(f"*/{RUN_FILE}")]
    return sorted(found, key=lambda run: (_started(run / RUN_FILE), natural(run.name)))


def _started(file: Path) -> str:
    """Return when a run was started, from the head of its record: reading all of many runs would take long."""
    try:
        with file.open("rb") as opened:
            found = _STARTED.search(opened.read(_HEAD))
    except OSError:
        return ""
    return found[1].decode() if found else ""


def load_run(path: Path) -> RunRecord:
    """Read a run from its ``run.json`` or from the directory that holds it; raise RecordError for a changed bit."""
    file = path / RUN_FILE if path.is_dir() else path
    if not file.exists():
        raise RecordError(
            "no run record can be read here",
            where=str(file),
            expected=f"a {RUN_FILE}, or the directory of a report that holds one",
            fix="name a run under reports/, or run the suites first",
        )
    return parse_run(read_bytes(file, RecordError, what="the run record"), str(file))


def parse_run(content: bytes, where: str) -> RunRecord:
    """Read a run from what ``dump_run`` wrote; raise RecordError for a changed bit."""
    found = _parse(content, where)
    schema = found.get("schema") if isinstance(found, dict) else None
    if not isinstance(found, dict) or schema not in _READ:
        raise RecordError(
            f"a run record of schema {shown(schema)}",
            where=where,
            expected=f"schema {' or '.join(map(str, _READ))}, which this version of robustcheck reads",
            fix="run the suites again, or read the record with the version that wrote it",
        )
    record: RunRecord = _valid(_adapter(), _unfolded(found, where), where)
    return record


def _lines(record: dict[str, Any]) -> Iterator[str]:
    """Write one line for each row of a list or table, so that two records can be compared line by line."""
    yield "{"
    for place, (name, value) in enumerate(record.items()):
        yield f"{_json(name)}: {_json_rows(value)}{',' if place < len(record) - 1 else ''}"
    yield "}"


def _json_rows(value: Any) -> str:
    if isinstance(value, dict):
        return "{\n" + ",\n".join(f"{_json(name)}: {_json_rows(rows)}" for name, rows in value.items()) + "\n}"
    if isinstance(value, list | tuple) and value:
        return "[\n" + ",\n".join(map(_json, value)) + "\n]"
    return _json(value)


def _json(value: Any) -> str:
    return pydantic_core.to_json(value, inf_nan_mode="strings").decode()


def _unfolded(found: dict[str, Any], where: str) -> dict[str, Any]:
    if found["schema"] == 1:
        return found | {"schema": SCHEMA}
    try:
        return unfold(found, lambda name, rows: _valid(_rows_adapter(name), rows, where, f"tables.{name}."))
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise _damaged(where, f"its tables do not fit its results ({error})") from None


@cache
def _adapter() -> TypeAdapter[RunRecord]:
    return TypeAdapter(RunRecord)


@cache
def _rows_adapter(table: str) -> TypeAdapter[Any]:
    """Return what reads a table: one of thousands of results would have a model and scores of its own otherwise."""
    kinds: dict[str, Any] = {"models": list[ModelRef], "quantities": list[Quantity], "scores": list[Score]}
    return TypeAdapter(kinds[table])


@cache
def _result_adapter() -> TypeAdapter[Result]:
    return TypeAdapter(Result)


def _parse(content: bytes, where: str) -> object:
    unsealed = unseal_json(content)
    if unsealed is None:
        raise _damaged(where, "its content is not what its checksum says")
    try:
        found = parse_json(decoded(unsealed.content, where, RecordError), where, RecordError)
    except RecordError as error:
        raise _damaged(where, error.found) from None
    if not unsealed.sealed and isinstance(found, dict) and (strange := sorted(set(found) - _KEYS)):
        # A record from before there were checksums has none of these keys: a bit of a name has changed.
        raise _damaged(where, f"the key {strange[0]!r}")
    return found


def _valid(adapter: TypeAdapter[Any], found: object, where: str, inside: str = "") -> Any:
    try:
        return adapter.validate_python(found)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise _damaged(where, f"{inside}{place}: {first['msg']}") from None


def _damaged(where: str, what: str) -> RecordError:
    return RecordError(
        f"the run record is damaged: {what}",
        where=where,
        expected=_UNCHANGED,
        fix="restore the file, or run the suites again",
    )
