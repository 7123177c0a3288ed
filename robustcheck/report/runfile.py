"""``run.json``: a run record as a file, versioned by its ``schema`` number."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pydantic_core
from pydantic import TypeAdapter, ValidationError

from robustcheck.errors import RecordError
from robustcheck.values import RunRecord

RUN_FILE = "run.json"
SCHEMA = 1
# Per-sample scores stay in the store: a record holds what was concluded from them.
_WITHOUT_SAMPLES = {"results": {"__all__": {"score": {"samples"}, "x": {"samples"}}}}


def dump_run(run: RunRecord) -> bytes:
    """Return the record as JSON; NaN and infinities become strings, which every JSON reader accepts."""
    plain = _adapter().dump_python(run, exclude=_WITHOUT_SAMPLES)
    return pydantic_core.to_json(plain, indent=1, inf_nan_mode="strings") + b"\n"


def load_run(path: Path) -> RunRecord:
    """Read a run from its ``run.json`` or from the directory that holds it."""
    file = path / RUN_FILE if path.is_dir() else path
    found = _parse(file)
    schema = found.get("schema") if isinstance(found, dict) else None
    if schema != SCHEMA:
        raise RecordError(
            f"a run record of schema {schema!r}",
            where=str(file),
            expected=f"schema {SCHEMA}, the one that this version of robustcheck reads",
            fix="run the suites again, or read the record with the version that wrote it",
        )
    return _validate(found, file)


@cache
def _adapter() -> TypeAdapter[RunRecord]:
    return TypeAdapter(RunRecord)


def _parse(file: Path) -> object:
    try:
        return pydantic_core.from_json(file.read_bytes())
    except OSError as error:
        raise RecordError(
            f"no run record can be read here ({error.strerror})",
            where=str(file),
            expected=f"a {RUN_FILE}, or the directory of a report that holds one",
            fix="name a run under reports/, or run the suites first",
        ) from None
    except ValueError as error:
        raise _damaged(file, str(error)) from None


def _validate(found: object, file: Path) -> RunRecord:
    try:
        return _adapter().validate_python(found)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise _damaged(file, f"{place}: {first['msg']}") from None


def _damaged(file: Path, what: str) -> RecordError:
    return RecordError(
        f"the run record is damaged: {what}",
        where=str(file),
        expected="the JSON that robustcheck wrote, unchanged",
        fix="restore the file, or run the suites again",
    )
