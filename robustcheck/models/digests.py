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
from dataclasses import astuple
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robustcheck.disk import write_atomically
from robustcheck.errors import SetupError
from robustcheck.files.regular import open_regular
from robustcheck.files.sealed import seal, unseal
from robustcheck.models.adapter import adapter_named
from robustcheck.models.kind import model_kind
from robustcheck.registry import foreign_maker
from robustcheck.values import AdapterUse, ModelRef

if TYPE_CHECKING:
    from robustcheck.models.encoders import Precision

ALWAYS_HASHED_BYTES = 16 * 2**20
SETTLED_SECONDS = 5.0


def weights_digest(ref: ModelRef, cache: Path | None = None) -> str | None:
    """Return the sha256 of everything a reference's weights consist of, or None if not on this machine.

    ``cache`` is the directory that keeps the digests of large files.
    """
    own = _own_digest(ref, cache)
    adapters = [use for use in ref.adapters if use.sort == "encoder"]
    if own is None or not adapters:
        return own
    facts = [adapter_facts(use, cache) for use in adapters]
    return None if None in facts else hashlib.sha256(json.dumps([own, *facts], sort_keys=True).encode()).hexdigest()


def adapter_facts(use: AdapterUse, cache: Path | None = None) -> dict[str, Any] | None:
    """Return what keys say of an adapter, as JSON values; None where a file or a second model is not here.

    What it learns from is not among them: a data set is known by its fingerprint, which only measuring knows.
    """
    adapter = adapter_named(use.name)
    other = None if use.other is None else weights_digest(use.other, cache)
    if (use.other is not None and other is None) or (use.file is not None and not Path(use.file).is_file()):
        return None
    return {
        "name": use.name,
        "schema": adapter.schema,
        "options": dict(adapter.keyed_options(use)),
        "file": None if use.file is None else file_digest(Path(use.file), cache or _default_cache()),
        "other": None if use.other is None else [other, *astuple(model_kind(use.other).key(use.other))],
        "libraries": {name: installed_version(name) for name in adapter.libraries},
        "maker": foreign_maker("adapters", use.name),
    }


@cache
def installed_version(distribution: str) -> str:
    """Return the version of an installed package, for keys."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "not installed"


def weights_bytes(ref: ModelRef, precision: Precision = "fp32") -> int:
    """Return what a model will take in memory: what its kind foresees, else the size of its local files."""
    kind = model_kind(ref)
    own = kind.memory(ref, precision) if kind.memory else sum(path.stat().st_size for path in kind.files(ref).values())
    return own + sum(weights_bytes(use.other, precision) for use in ref.adapters if use.other is not None)


def _own_digest(ref: ModelRef, cache: Path | None) -> str | None:
    """Return the digest of the model below the adapters."""
    kind = model_kind(ref)
    if kind.content is not None:
        return hashlib.sha256(kind.content(ref).encode()).hexdigest()
    files = kind.files(ref)
    return files_digest(files, cache or _default_cache()) if files else None


def files_digest(files: Mapping[str, Path], cache: Path) -> str:
    """Return one digest of several named files."""
    lines = [f"{name} {file_digest(path, cache)}" for name, path in sorted(files.items())]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def file_digest(path: Path, cache: Path) -> str:
    """Return the sha256 of a file; of a large one, from the cache when it has not changed."""
    status = os.stat(path)
    if status.st_size < ALWAYS_HASHED_BYTES:
        return hash_file(path)
    stamp = _stamp(path)
    entry = cache / hashlib.sha256(os.fsencode(str(stamp[0]))).hexdigest()
    kept = _read_entry(entry)
    if kept is not None and kept[:-1] == stamp:
        return str(kept[-1])
    digest = hash_file(path)
    is_settled = time.time() - max(status.st_mtime, status.st_ctime) > SETTLED_SECONDS
    # A file that changed while it was hashed would be known for ever by a digest of something between the two.
    if is_settled and _stamp(path) == stamp:
        _write_entry(entry, [*stamp, digest])
    return digest


def weights_stamps(ref: ModelRef) -> Mapping[str, tuple[str | int, ...]]:
    """Return what tells of each file of a reference's weights whether it changed: place, size, inode and times."""
    return {name: tuple(_stamp(path)) for name, path in model_kind(ref).files(ref).items()}


def _stamp(path: Path) -> list[str | int]:
    status = os.stat(path)
    return [os.path.realpath(path), status.st_size, status.st_ino, status.st_mtime_ns, status.st_ctime_ns]


def hash_file(path: Path) -> str:
    """Return the sha256 of a file's content, read now."""
    with open_regular(path) as file:
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
