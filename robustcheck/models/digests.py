"""The digest of a model's weights: the sha256 of their content, without importing torch.

A file is hashed once: its digest is kept beside its path, size, inode and times of change. A file
changed in the last seconds is not kept, because a second change might leave the same times.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path

from robustcheck.disk import write_atomically
from robustcheck.errors import SetupError
from robustcheck.files.sealed import seal, unseal
from robustcheck.models.kind import model_kind
from robustcheck.values import ModelRef

_SMALL = 16 * 2**20
_SETTLED_SECONDS = 5.0


def weights_digest(ref: ModelRef, cache: Path | None = None) -> str | None:
    """Return the sha256 of everything a reference's weights consist of, or None if not on this machine.

    ``cache`` is the directory that keeps the digests of large files.
    """
    kind = model_kind(ref)
    if kind.content is not None:
        return hashlib.sha256(kind.content(ref).encode()).hexdigest()
    files = kind.files(ref)
    return files_digest(files, cache or _default_cache()) if files else None


def weights_bytes(ref: ModelRef) -> int:
    """Return the size of a reference's local files: what the model will take in memory in float32."""
    return sum(path.stat().st_size for path in model_kind(ref).files(ref).values())


def files_digest(files: Mapping[str, Path], cache: Path) -> str:
    """Return one digest of several named files."""
    lines = [f"{name} {file_digest(path, cache)}" for name, path in sorted(files.items())]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def file_digest(path: Path, cache: Path) -> str:
    """Return the sha256 of a file; of a large one, from the cache when it has not changed."""
    status = os.stat(path)
    if status.st_size < _SMALL:
        return _sha256(path)
    real = os.path.realpath(path)
    entry = cache / hashlib.sha256(os.fsencode(real)).hexdigest()
    stamp = [real, status.st_size, status.st_ino, status.st_mtime_ns, status.st_ctime_ns]
    kept = _read_entry(entry)
    if kept is not None and kept[:-1] == stamp:
        return str(kept[-1])
    digest = _sha256(path)
    if time.time() - max(status.st_mtime, status.st_ctime) > _SETTLED_SECONDS:
        _write_entry(entry, [*stamp, digest])
    return digest


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_entry(entry: Path) -> list[object] | None:
    try:
        found = unseal(entry.read_bytes(), entry.name)
    except OSError:
        return None
    kept = json.loads(found.content) if found is not None and found.sealed else None
    return kept if isinstance(kept, list) and len(kept) == 6 else None


def _write_entry(entry: Path, values: list[object]) -> None:
    with contextlib.suppress(SetupError):  # a cache that cannot be written only costs time
        write_atomically(entry, seal(json.dumps(values).encode(), entry.name))


def _default_cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "robustcheck" / "digests"
