"""What a store holds and how much room it takes, and how to make room: what is removed can be made again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from robustcheck.errors import RecordError
from robustcheck.files.json_files import parse_json
from robustcheck.files.texts import decoded
from robustcheck.store.arrays import SCHEMA
from robustcheck.store.packs import read_pack
from robustcheck.store.storage import Kept, Storage

OUTPUTS = "outputs"
_HEAD_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class StoredPart:
    """A part as it lies in a store: its kind, its files, and what was read off a model where it is outputs."""

    kind: str
    files: tuple[Kept, ...]
    reading: str = ""

    @property
    def size(self) -> int:
        """The bytes of its files."""
        return sum(kept.size for kept in self.files)

    @property
    def written(self) -> float:
        """When the last of its files was written, in seconds since 1970."""
        return max(kept.written for kept in self.files)


def stored_parts(storage: Storage) -> tuple[StoredPart, ...]:
    """Return every part of a store; what lies beside the parts (samples, indexes) is one each."""
    listed = (kept for kept in storage.files() if not kept.name.startswith("locks/"))
    grouped = ((place, tuple(files)) for place, files in groupby(listed, lambda kept: _place(kept.name)))
    return tuple(_part(storage, place, files) for place, files in grouped)


def parts_to_prune(
    parts: Iterable[StoredPart],
    kind: str = OUTPUTS,
    reading: str | None = None,
    *,
    before: float | None = None,
    at_most: int | None = None,
) -> tuple[StoredPart, ...]:
    """Return the parts of a kind that were written before a time, or the oldest until all files fit a size."""
    every = tuple(parts)
    chosen = [part for part in every if part.kind == kind and reading in (None, part.reading)]
    if before is not None:
        return tuple(part for part in chosen if part.written < before)
    return _oldest(chosen, sum(part.size for part in every) - (at_most or 0))


def remove_parts(storage: Storage, parts: Iterable[StoredPart]) -> None:
    """Remove the files of parts."""
    for part in parts:
        for kept in part.files:
            storage.remove(kept.name)


def _oldest(parts: Sequence[StoredPart], excess: int) -> tuple[StoredPart, ...]:
    """Return the oldest parts that together have so many bytes."""
    found = []
    for part in sorted(parts, key=lambda part: part.written):
        if excess <= 0:
            break
        found.append(part)
        excess -= part.size
    return tuple(found)


def _place(name: str) -> str:
    """Return the directory of the part that a file belongs to: ``v1/KIND/ab/KEY``, or what lies beside the parts."""
    pieces = name.split("/")
    return "/".join(pieces[:4]) if pieces[0] == f"v{SCHEMA}" and len(pieces) > 4 else pieces[0]


def _part(storage: Storage, place: str, files: tuple[Kept, ...]) -> StoredPart:
    kind = place.split("/")[1] if "/" in place else place
    return StoredPart(kind, files, _reading(storage, files[0].name) if kind == OUTPUTS else "")


def _reading(storage: Storage, name: str) -> str:
    """Return which reading made outputs, from the facts beside them; stores of 0.2.0 do not say."""
    if name.endswith(".safetensors"):
        pack = read_pack(storage, name)
        facts = next(iter(pack.facts.values()), {}) if pack is not None else {}
    else:
        facts = _facts(storage.read(name, 0, _HEAD_BYTES) or b"")
    return str(facts.get("reading", "not said"))


def _facts(head: bytes) -> dict[str, object]:
    try:
        text = decoded(head.split(b"\n", 2)[1], "facts", RecordError)
        found = parse_json(text, "facts", RecordError)
    except (IndexError, RecordError):
        return {}
    return found if isinstance(found, dict) else {}
