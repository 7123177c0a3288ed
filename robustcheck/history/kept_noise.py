"""The noise floor that was measured here: what share of the decisions moves when nothing about the model does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from pydantic import TypeAdapter

from robustcheck.errors import RecordError
from robustcheck.files.sealed import seal_json, unsealed_json
from robustcheck.history.kept_files import open_home, read_kept
from robustcheck.store import Place, alone

_FLOORS = "floors"
_FILE = "noise.json"
_Key = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class NoiseFloor:
    """How many of ``n`` top-1 decisions of a model moved, measured in a precision in some circumstances."""

    model: str
    dataset: str
    precision: str
    circumstances: str
    n: int
    changed: int

    @property
    def share(self) -> float:
        """The share of the decisions that moved."""
        return self.changed / self.n


def load_noise(home: Place) -> tuple[NoiseFloor, ...]:
    """Return what was measured; nothing before the first time. Raises RecordError for a damaged file."""
    try:
        content = read_kept(home, _FILE)
        return () if content is None else _floors().validate_json(unsealed_json(content))[_FLOORS]
    except (RecordError, ValueError, KeyError) as error:
        raise RecordError(
            "the noise floor that was measured cannot be read",
            where=open_home(home).place(_FILE),
            expected="the file as robustcheck wrote it",
            fix="delete it and measure again: robustcheck noise MODEL --dataset NAME",
        ) from error


def keep_noise(home: Place, floors: Iterable[NoiseFloor]) -> None:
    """Keep what was measured; the same measurement made again takes the place of the old one."""
    with alone(open_home(home), _FILE):
        known = {_key(floor): floor for floor in (*load_noise(home), *floors)}
        text = _floors().dump_json({_FLOORS: tuple(known.values())}, indent=1)
        open_home(home).write(_FILE, [seal_json(text)])


def worst_share(floors: Iterable[NoiseFloor], precision: str, dataset: str | None = None) -> float | None:
    """Return the largest share that moved in a precision, on the data set where that was measured; None without any."""
    found = [floor for floor in floors if floor.precision == precision]
    here = [floor for floor in found if floor.dataset == dataset]
    return max((floor.share for floor in here or found), default=None)


def _key(floor: NoiseFloor) -> _Key:
    return floor.model, floor.dataset, floor.precision, floor.circumstances


@cache
def _floors() -> TypeAdapter[dict[str, tuple[NoiseFloor, ...]]]:
    return TypeAdapter(dict[str, tuple[NoiseFloor, ...]])
