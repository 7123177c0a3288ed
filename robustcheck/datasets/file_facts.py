"""What was found out about files, kept beside the store until a file changes.

Each file is known by its size and times, so that a second run does not read gigabytes again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from robustcheck.disk import Stamp, file_stamp, is_settled, write_atomically
from robustcheck.errors import DataError, SetupError
from robustcheck.files.sealed import seal, unseal

Fact = TypeVar("Fact", bound=str | int)


@dataclass(frozen=True, slots=True)
class FileFacts(Generic[Fact]):
    """One fact of every file of a directory: how it is found, and the name and schema of its cache."""

    name: str
    schema: int
    find: Callable[[Path], Fact]

    def of(self, directory: Path, files: Sequence[Path], index_dir: Path | None) -> dict[str, Fact]:
        """Return the fact of each file by its name below the directory, in the order of the files."""
        cached = self._cache(directory, index_dir)
        past = _read_cache(cached, self.schema)
        known = {path.relative_to(directory).as_posix(): self._entry(path, directory, past) for path in files}
        settled = {name: entry for name, entry in known.items() if is_settled(entry[0])}
        if settled != past and cached is not None:
            entries = {name: [*stamp, fact] for name, (stamp, fact) in settled.items()}
            keep(cached, json.dumps({"schema": self.schema, "files": entries}).encode())
        return {name: fact for name, (_, fact) in known.items()}

    def _entry(self, path: Path, directory: Path, past: Mapping[str, tuple[Stamp, Fact]]) -> tuple[Stamp, Fact]:
        stamp, entry = file_stamp(path), past.get(path.relative_to(directory).as_posix())
        if entry is not None and entry[0] == stamp:
            return entry
        fact = self.find(path)
        if file_stamp(path) != stamp:
            raise DataError("the file changed while it was being read", where=str(path), fix="run again")
        return stamp, fact

    def _cache(self, directory: Path, index_dir: Path | None) -> Path | None:
        if index_dir is None:
            return None
        place = hashlib.sha256(os.fsencode(directory.resolve())).hexdigest()[:32]
        return index_dir / f"{self.name}-{place}.json"


def keep(path: Path, content: bytes) -> None:
    """Write a cache with its checksum; one that cannot be written only costs time."""
    with contextlib.suppress(SetupError):
        write_atomically(path, seal(content, path.name))


def kept(path: Path | None) -> bytes | None:
    """Return what ``keep`` wrote, or None when there is nothing, or a bit of it has changed."""
    if path is None:
        return None
    try:
        found = unseal(path.read_bytes(), path.name)
    except OSError:
        return None
    return found.content if found is not None and found.sealed else None


def _read_cache(path: Path | None, schema: int) -> dict[str, tuple[Stamp, Any]]:
    """Read a cache; one that is missing, damaged or of another schema counts as empty."""
    content = kept(path)
    record = json.loads(content) if content is not None else {}
    if record.get("schema") != schema:
        return {}
    return {name: ((int(a), int(b), int(c), int(d)), fact) for name, (a, b, c, d, fact) in record["files"].items()}
