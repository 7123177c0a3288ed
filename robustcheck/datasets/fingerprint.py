"""A dataset's fingerprint: a hash over the names and contents of its files."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from robustcheck.datasets.file_facts import FileFacts
from robustcheck.errors import DataError

SCHEMA = 1


def fingerprint(directory: Path, files: Sequence[Path], index_dir: Path | None) -> str:
    """Hash the names (relative to ``directory``) and contents of the files, in the order of their names.

    ``index_dir`` keeps the hashes of files until they change.
    """
    ordered = sorted(files, key=lambda path: path.relative_to(directory).as_posix())
    digest = hashlib.sha256(f"robustcheck files {SCHEMA}\n".encode())
    for name, content in _HASHES.of(directory, ordered, index_dir).items():
        digest.update(f"{len(name)} {name} {content}\n".encode())
    return digest.hexdigest()


def _file_hash(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"cannot read the file: {error.strerror or error}", where=str(path)) from error


_HASHES = FileFacts("hashes", SCHEMA, _file_hash)
