"""A dataset's fingerprint: a hash over the names and contents of its files.

Hashes of files are kept in a cache beside the store, keyed by the file's size and times, so that a second
run does not read gigabytes again.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from robustcheck.errors import DataError, SetupError

SCHEMA = 1
# A file written again within one tick of the file system's clock keeps its times: trust them only when older.
SETTLED_SECONDS = 2.0

Stamp = tuple[int, int, int]


def fingerprint(directory: Path, files: Sequence[Path], index_dir: Path | None) -> str:
    """Hash the names (relative to ``directory``) and contents of the files, in the order of their names."""
    cache = _read_cache(_cache_path(directory, index_dir))
    known: dict[str, tuple[Stamp, str]] = {}
    digest = hashlib.sha256(f"robustcheck files {SCHEMA}\n".encode())
    for name, path in sorted((path.relative_to(directory).as_posix(), path) for path in files):
        known[name] = _file_hash(path, cache.get(name))
        digest.update(f"{len(name)} {name} {known[name][1]}\n".encode())
    settled = {name: entry for name, entry in known.items() if is_settled(entry[0])}
    if settled != cache:
        _write_cache(_cache_path(directory, index_dir), settled)
    return digest.hexdigest()


def file_stamp(path: Path) -> Stamp:
    """Return a file's size and times; the change time also moves when the modification time is set back."""
    try:
        stat = path.stat()
    except OSError as error:
        raise DataError(f"cannot read the file: {error.strerror or error}", where=str(path)) from error
    return stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


def is_settled(stamp: Stamp) -> bool:
    """Tell whether a file is old enough for its times to show that it is unchanged."""
    return time.time() - max(stamp[1], stamp[2]) / 1e9 > SETTLED_SECONDS


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that a reader finds either all of it or nothing."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(content)
        partial.replace(path)
    except OSError as error:
        raise SetupError(f"cannot write the index: {error.strerror or error}", where=str(path)) from error


def _file_hash(path: Path, cached: tuple[Stamp, str] | None) -> tuple[Stamp, str]:
    stamp = file_stamp(path)
    if cached is not None and cached[0] == stamp:
        return cached
    try:
        with path.open("rb") as stream:
            return stamp, hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"cannot read the file: {error.strerror or error}", where=str(path)) from error


def _cache_path(directory: Path, index_dir: Path | None) -> Path | None:
    if index_dir is None:
        return None
    place = hashlib.sha256(os.fsencode(directory.resolve())).hexdigest()[:32]
    return index_dir / f"hashes-{place}.json"


def _read_cache(path: Path | None) -> Mapping[str, tuple[Stamp, str]]:
    """Read a cache; one that is missing, damaged or of another schema counts as empty."""
    if path is None or not path.is_file():
        return {}
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["schema"] != SCHEMA:
            return {}
        return {name: ((int(a), int(b), int(c)), str(digest)) for name, (a, b, c, digest) in record["files"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _write_cache(path: Path | None, entries: Mapping[str, tuple[Stamp, str]]) -> None:
    if path is None:
        return
    files = {name: [*stamp, digest] for name, (stamp, digest) in entries.items()}
    write_atomically(path, json.dumps({"schema": SCHEMA, "files": files}).encode())
