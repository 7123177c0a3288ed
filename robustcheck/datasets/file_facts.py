"""What was found out about files, kept beside the store until a file changes.

Each file is known by its size and times, so that a second run does not read gigabytes again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from robustcheck.disk import Stamp, file_stamp, is_settled, write_atomically
from robustcheck.errors import DataError

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
        kept = _read(cached, self.schema)
        known = {path.relative_to(directory).as_posix(): self._entry(path, directory, kept) for path in files}
        settled = {name: entry for name, entry in known.items() if is_settled(entry[0])}
        if settled != kept and cached is not None:
            entries = {name: [*stamp, fact] for name, (stamp, fact) in settled.items()}
            write_atomically(cached, json.dumps({"schema": self.schema, "files": entries}).encode())
        return {name: fact for name, (_, fact) in known.items()}

    def _entry(self, path: Path, directory: Path, kept: Mapping[str, tuple[Stamp, Fact]]) -> tuple[Stamp, Fact]:
        stamp, entry = file_stamp(path), kept.get(path.relative_to(directory).as_posix())
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


def _read(path: Path | None, schema: int) -> dict[str, tuple[Stamp, Any]]:
    """Read a cache; one that is missing, damaged or of another schema counts as empty."""
    if path is None or not path.is_file():
        return {}
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["schema"] != schema:
            return {}
        return {name: ((int(a), int(b), int(c), int(d)), fact) for name, (a, b, c, d, fact) in record["files"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
