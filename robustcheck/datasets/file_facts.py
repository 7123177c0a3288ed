"""What was found out about files, kept beside the store until a file changes.

Each file is known by its size and times, so that a second run does not read gigabytes again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Sequence
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
        return {name: fact for name, (_, fact) in self.with_stamps(directory, files, index_dir).items()}

    def with_stamps(
        self, directory: Path, files: Sequence[Path], index_dir: Path | None
    ) -> dict[str, tuple[Stamp, Fact]]:
        """Return the same, each fact behind the stamp that its file had before and after it was read."""
        cached = self._cache(directory, index_dir)
        past = _read_cache(cached, self.schema)
        top = os.path.join(directory, "")
        named = {_name_below(top, path): path for path in files}
        known = {name: self._entry(path, past.get(name)) for name, path in named.items()}
        settled = {name: entry for name, entry in known.items() if is_settled(entry[0])}
        if settled != past and cached is not None:
            entries = {name: [*stamp, fact] for name, (stamp, fact) in settled.items()}
            keep(cached, json.dumps({"schema": self.schema, "files": entries}).encode())
        return known

    def _entry(self, path: Path, past: tuple[Stamp, Fact] | None) -> tuple[Stamp, Fact]:
        stamp = file_stamp(path)
        if past is not None and past[0] == stamp:
            return past
        fact = self.find(path)
        if file_stamp(path) != stamp:
            raise DataError("the file changed while it was being read", where=str(path), fix="run again")
        return stamp, fact

    def _cache(self, directory: Path, index_dir: Path | None) -> Path | None:
        if index_dir is None:
            return None
        place = hashlib.sha256(os.fsencode(directory.resolve())).hexdigest()[:32]
        return index_dir / f"{self.name}-{place}.json"


def _name_below(top: str, path: Path) -> str:
    """Return the name of a file below a directory that ends in a separator; ``relative_to`` takes ten times as long."""
    return str(path).removeprefix(top).replace(os.sep, "/")


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
