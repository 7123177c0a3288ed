"""A dataset's fingerprint: a hash over its files, and over what was read from them.

The files alone do not decide a value: an empty folder can be a class, and a corrected reader gives other labels to the
same files. So the ids, labels, classes and groups are part of it, and so is the version of the decoder.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from robustcheck.datasets import decoding
from robustcheck.datasets.dataset import Contents
from robustcheck.datasets.file_facts import FileFacts
from robustcheck.disk import Stamp
from robustcheck.errors import DataError
from robustcheck.files.regular import open_regular

SCHEMA = 2
SHARD_SUFFIXES = (".tar", ".parquet")
_HASH_SCHEMA = 1


@dataclass(frozen=True, slots=True)
class HashedFiles:
    """The files that a fingerprint covers: the sha256 of each by its name below the directory, and its stamp then."""

    hashes: Mapping[str, str]
    stamps: Mapping[Path, Stamp]


def hash_files(contents: Contents, index_dir: Path | None) -> HashedFiles:
    """Hash every file that a fingerprint covers; ``index_dir`` keeps the hashes of files until they change."""
    known = _HASHES.with_stamps(contents.directory, contents.files, index_dir)
    return HashedFiles(
        {name: content for name, (_, content) in known.items()},
        {path: stamp for path, (stamp, _) in zip(dict.fromkeys(contents.files), known.values(), strict=True)},
    )


def fingerprint(contents: Contents, files: HashedFiles) -> str:
    """Return the sha256 of the files, by their names below the directory, and of what was read from them."""
    digest = hashlib.sha256(f"robustcheck files {SCHEMA}, decoder {decoding.SCHEMA}\n".encode())
    ordered = dict(sorted(files.hashes.items()))
    _require_distinct_shards(contents.directory, ordered)
    for name, content in ordered.items():
        digest.update(f"{len(name)} {name} {content}\n".encode())
    for column in _readings(contents):
        digest.update(f"{_hash(column)}\n".encode())
    return digest.hexdigest()


def file_hashes(contents: Contents, index_dir: Path | None) -> dict[Path, str]:
    """Return the sha256 of every file that a fingerprint covers, by its path."""
    hashes = _HASHES.of(contents.directory, contents.files, index_dir)
    return {contents.directory / name: content for name, content in hashes.items()}


def _require_distinct_shards(directory: Path, hashes: Mapping[str, str]) -> None:
    """Refuse a copy of a shard: all its samples would count twice. (Two equal images may be two samples.)"""
    first: dict[str, str] = {}
    for name, content in hashes.items():
        if name.endswith(SHARD_SUFFIXES) and first.setdefault(content, name) != name:
            other = Path(first[content]).name
            raise DataError(f"the same content as {other}", where=str(directory / name), expected="each shard once")


def _readings(contents: Contents) -> Iterator[Sequence[object]]:
    yield contents.ids.tolist()
    yield contents.labels.tolist()
    yield (contents.class_count, *contents.class_names)
    yield contents.wnids
    for name, column in sorted(contents.groups.items()):
        yield (name, *column.tolist())
    if contents.pairs is not None:
        yield ("pairs", *contents.pairs.listed)


def _hash(values: Sequence[object]) -> str:
    digest = hashlib.sha256()
    for value in values:
        text = str(value)
        # With its length, so that no two lists read the same.
        digest.update(f"{len(text)} {text}\n".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _file_hash(path: Path) -> str:
    try:
        with open_regular(path) as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"cannot read the file: {error.strerror or error}", where=str(path)) from error


_HASHES = FileFacts("hashes", _HASH_SCHEMA, _file_hash)
