"""Series of looks: which looks were taken, kept in the home so that the next one knows its number.

A series is a file ``series/NAME.json``. An open-ended series needs it, since each look spends less than the one
before: it is begun on purpose, and a file that is gone is an error and not a first look.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from pathlib import Path

from pydantic import TypeAdapter

from robustcheck.disk import write_atomically
from robustcheck.errors import RecordError, SetupError
from robustcheck.files.sealed import seal_json, unsealed_json
from robustcheck.values.series import require_series_name

_DIGITS = 12


@dataclass(frozen=True, slots=True)
class TakenLook:
    """A look that was taken: by which run, at which model, and at which questions."""

    number: int
    model: str
    run: str
    started: str
    questions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SeriesRecord:
    """The looks that a series has had."""

    name: str
    looks: tuple[TakenLook, ...] = ()
    version: int = 1

    @property
    def taken(self) -> int:
        """The number of the last look; 0 before the first."""
        return max((look.number for look in self.looks), default=0)

    def look_of(self, question: str) -> int | None:
        """Return the number of the look that asked this very question, if there was one."""
        return next((look.number for look in self.looks if question in look.questions), None)


def question(check_key: str, *scores: str) -> str:
    """Return what tells the question of a verdict from any other: its check, and the keys of the scores it rests on."""
    return sha256("|".join((check_key, *scores)).encode()).hexdigest()[:_DIGITS]


def load_series(directory: Path, name: str) -> SeriesRecord:
    """Return the looks of a series; raise RecordError where its history is not there, or is damaged."""
    path = _file(directory, name)
    try:
        return _records().validate_json(unsealed_json(path.read_bytes()))
    except FileNotFoundError:
        raise RecordError(
            f"the history of the series {name} is not here: without it nobody knows how many looks there were",
            where=str(path),
            fix=f"restore the home, or begin the series on purpose: robustcheck series {name} --start",
        ) from None
    except (OSError, ValueError) as error:
        raise RecordError(
            f"the history of the series {name} cannot be read",
            where=str(path),
            expected="the file as robustcheck wrote it",
            fix=f"restore it; or delete it and begin anew: robustcheck series {name} --start",
        ) from error


def start_series(directory: Path, name: str) -> SeriesRecord:
    """Begin a series without a look; raise SetupError where it has begun already."""
    try:
        require_series_name(name)
    except ValueError as error:
        raise SetupError(f"{name!r} cannot name a series", expected=str(error).removeprefix("expected ")) from None
    if _file(directory, name).exists():
        raise SetupError(
            f"the series {name} has begun already", where=str(_file(directory, name)), fix="use another name"
        )
    record = SeriesRecord(name)
    write_series(directory, record)
    return record


def add_looks(record: SeriesRecord, looks: tuple[TakenLook, ...]) -> SeriesRecord:
    """Return the record with these looks; a look that it has already learns of further questions."""
    known = {look.number: look for look in record.looks}
    for look in looks:
        before = known.get(look.number, look)
        known[look.number] = replace(before, questions=tuple(dict.fromkeys((*before.questions, *look.questions))))
    return replace(record, looks=tuple(known[number] for number in sorted(known)))


def write_series(directory: Path, record: SeriesRecord) -> None:
    """Keep the looks of a series, whole or not at all."""
    write_atomically(_file(directory, record.name), seal_json(_records().dump_json(record, indent=1)))


def known_series(directory: Path) -> tuple[str, ...]:
    """Return the names of the series that have begun."""
    return tuple(sorted(path.stem for path in directory.glob("*.json")))


def _file(directory: Path, name: str) -> Path:
    return directory / f"{name}.json"


@cache
def _records() -> TypeAdapter[SeriesRecord]:
    return TypeAdapter(SeriesRecord)
