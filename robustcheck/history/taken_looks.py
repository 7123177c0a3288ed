"""Series of looks: which looks were taken, kept in the home so that the next one knows its number.

A series is a file ``series/NAME.json``. An open-ended series needs it, since each look spends less than the one
before: it is begun on purpose, and a file that is gone is an error and not a first look. Runs that end together add to
it one after the other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256

from pydantic import TypeAdapter

from robustcheck.errors import RecordError, SetupError
from robustcheck.files.sealed import seal_json, unsealed_json
from robustcheck.history.kept_files import open_home, read_kept
from robustcheck.store import Place, alone
from robustcheck.values.series import require_series_name

_DIGITS = 12
_VERSION = 1


class HistoryMissing(RecordError):
    """The history of a series that is not where it would be: never begun, or lost."""


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
    version: int = _VERSION

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


def load_series(directory: Place, name: str) -> SeriesRecord:
    """Return the looks of a series.

    Raises HistoryMissing where its history is not there, RecordError where it is damaged or of a later version.
    """
    where = open_home(directory).place(_file(name))
    try:
        content = read_kept(directory, _file(name))
        record = None if content is None else _records().validate_json(unsealed_json(content))
    except (RecordError, ValueError) as error:
        raise RecordError(
            f"the history of the series {name} cannot be read",
            where=where,
            expected="the file as robustcheck wrote it",
            fix=f"restore it; or delete it and begin anew: robustcheck series {name} --start",
        ) from error
    if record is not None and record.version == _VERSION:
        return record
    if record is not None:
        raise RecordError(
            f"the history of the series {name} is of version {record.version}",
            where=where,
            expected=f"version {_VERSION}, which this version of robustcheck reads",
            fix="install the later version of robustcheck that wrote it",
        )
    raise HistoryMissing(
        f"the history of the series {name} is not here: without it nobody knows how many looks there were",
        where=where,
        fix=f"restore the home, or begin the series on purpose: robustcheck series {name} --start",
    )


def start_series(directory: Place, name: str) -> SeriesRecord:
    """Begin a series without a look; raise SetupError where it has begun already."""
    try:
        require_series_name(name)
    except ValueError as error:
        raise SetupError(f"{name!r} cannot name a series", expected=str(error).removeprefix("expected ")) from None
    home = open_home(directory)
    with alone(home, name):
        if home.has(_file(name)):
            raise SetupError(
                f"the series {name} has begun already", where=home.place(_file(name)), fix="use another name"
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


def take_looks(directory: Place, planned: SeriesRecord, looks: tuple[TakenLook, ...]) -> SeriesRecord:
    """Add looks to the history of a series, which may have grown since it was read as ``planned``.

    Where another run took the same numbers meanwhile, these looks count after its own: none may be forgotten.
    """
    with alone(open_home(directory), planned.name):
        try:
            found = load_series(directory, planned.name)
        except HistoryMissing:
            # Only a declared series gets here without a history: an open-ended one is judged with it or not at all.
            found = planned
        later = found.taken - planned.taken
        moved = (replace(look, number=look.number + later * (look.number > planned.taken)) for look in looks)
        record = add_looks(found, tuple(moved))
        write_series(directory, record)
    return record


def write_series(directory: Place, record: SeriesRecord) -> None:
    """Keep the looks of a series, whole or not at all."""
    open_home(directory).write(_file(record.name), [seal_json(_records().dump_json(record, indent=1))])


def known_series(directory: Place) -> tuple[str, ...]:
    """Return the names of the series that have begun."""
    names = (kept.name for kept in open_home(directory).files())
    return tuple(sorted(name.removesuffix(".json") for name in names if name.endswith(".json")))


def _file(name: str) -> str:
    return f"{name}.json"


@cache
def _records() -> TypeAdapter[SeriesRecord]:
    return TypeAdapter(SeriesRecord)
