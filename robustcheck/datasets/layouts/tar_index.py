"""Where each sample lies in the shards of a webdataset: random access without unpacking.

The index is built once by reading the tar headers, and kept as an ``.npz`` (never unpickled).
"""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from io import BufferedReader
from pathlib import Path
from typing import Literal

import numpy as np

from robustcheck.datasets.dataset import IntArray, StrArray
from robustcheck.datasets.decoding import IMAGE_SUFFIXES
from robustcheck.datasets.file_facts import keep, kept
from robustcheck.disk import Stamp, file_stamp, is_settled
from robustcheck.errors import DataError
from robustcheck.files.array_files import parse_arrays
from robustcheck.files.numbers import whole_number
from robustcheck.files.regular import open_regular

SCHEMA = 3
_BLOCK = tarfile.BLOCKSIZE

Kind = Literal["cls", "txt"]
_HOLDS = {"cls": "with the label", "txt": "with its captions, one a line"}


@dataclass(frozen=True, slots=True, eq=False)
class TarIndex:
    """One entry a sample, in the order of the shards: its key, label or text, and where its image lies.

    A set of captions has its ``.txt`` in ``texts`` and counts its samples in ``labels``.
    """

    keys: StrArray
    labels: IntArray
    texts: StrArray
    shards: IntArray
    offsets: IntArray
    sizes: IntArray


@dataclass(frozen=True, slots=True)
class _Member:
    key: str
    suffix: str
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class _Sample:
    key: str
    label: int
    text: str
    shard: int
    offset: int
    size: int


def load_tar_index(shards: Sequence[Path], index_dir: Path | None, kind: Kind = "cls") -> TarIndex:
    """Return the index of the shards, from the cache if no shard has changed since.

    ``kind`` is what a sample has beside its image: ``cls``, a label, or ``txt``, its captions.
    """
    stamps = [file_stamp(shard) for shard in shards]
    cached = _cache_path(shards, stamps, index_dir, kind)
    index = _read_index(cached) if cached is not None else None
    if index is None:
        index = _build_index(shards, kind)
        if cached is not None and all(is_settled(stamp) for stamp in stamps):
            _write_index(cached, index)
    return index


def _build_index(shards: Sequence[Path], kind: Kind) -> TarIndex:
    samples = [sample for number, shard in enumerate(shards) for sample in _shard_samples(shard, number, kind)]
    labels = np.array([sample.label for sample in samples], dtype=np.int64)
    return TarIndex(
        keys=np.array([sample.key for sample in samples], dtype=np.str_),
        labels=labels if kind == "cls" else np.arange(len(samples), dtype=np.int64),
        texts=np.array([sample.text for sample in samples], dtype=np.str_),
        shards=np.array([sample.shard for sample in samples], dtype=np.int64),
        offsets=np.array([sample.offset for sample in samples], dtype=np.int64),
        sizes=np.array([sample.size for sample in samples], dtype=np.int64),
    )


def _shard_samples(shard: Path, number: int, kind: Kind) -> Iterator[_Sample]:
    fields_of: dict[str, dict[str, _Member]] = {}
    for member in _members(shard):
        if member.suffix in fields_of.setdefault(member.key, {}):
            raise DataError(f"{member.key}.{member.suffix} occurs twice", where=str(shard))
        fields_of[member.key][member.suffix] = member
    with open_regular(shard) as stream:
        for key, sample in fields_of.items():
            image = _image_member(key, sample, shard)
            content = _field(key, sample, kind, stream, shard)
            label, text = (_label(key, content, shard), "") if kind == "cls" else (0, _text(key, content, shard))
            yield _Sample(key, label, text, number, image.offset, image.size)


def _members(shard: Path) -> list[_Member]:
    """Read the headers of a shard and make sure that it is whole."""
    try:
        with open_regular(shard) as stream, tarfile.open(fileobj=stream, mode="r:") as archive:
            members = [_member(info, shard) for info in archive if not info.isdir() and _is_field(info.name)]
            end = archive.offset
    except OSError as error:
        raise DataError(f"cannot read the shard: {error.strerror or error}", where=str(shard)) from error
    except (tarfile.TarError, ValueError, OverflowError) as error:
        raise _damaged(shard, str(error)) from error
    _require_end(shard, end)
    return members


def _require_end(shard: Path, end: int) -> None:
    """Make sure that the archive ends with its mark: tarfile takes a broken header for the end."""
    with open_regular(shard) as stream:
        stream.seek(end)
        if stream.read(_BLOCK) != bytes(_BLOCK):
            raise _damaged(shard, f"no end mark at byte {end}")


def _damaged(shard: Path, what: str) -> DataError:
    return DataError(
        f"damaged or cut off: {what}",
        where=str(shard),
        expected="a whole, uncompressed tar archive",
        fix="copy or download this shard again",
    )


def _is_field(name: str) -> bool:
    """Tell whether a member belongs to a sample: webdataset skips names without a suffix or a stem."""
    return name.rpartition("/")[2].find(".") > 0


def _member(info: tarfile.TarInfo, shard: Path) -> _Member:
    if not info.isreg() or info.issparse():
        raise DataError(
            f"{info.name} is a link or a device inside the archive, or a sparse file",
            where=str(shard),
            expected="files alone, as webdataset reads them",
            fix="write the shard again with the files themselves (tar --dereference --hard-dereference)",
        )
    if not info.name.isprintable() and any("\ud800" <= letter <= "\udfff" for letter in info.name):
        raise DataError(
            f"the member name {info.name.encode('utf-8', 'surrogateescape')!r} is not UTF-8",
            where=str(shard),
            fix="write the shard again with names in UTF-8",
        )
    # webdataset's rule: the key ends at the first dot of the base name.
    folder, slash, base = info.name.rpartition("/")
    stem, _, suffix = base.partition(".")
    return _Member(f"{folder}{slash}{stem}", suffix.lower(), info.offset_data, info.size)


def _image_member(key: str, sample: dict[str, _Member], shard: Path) -> _Member:
    found = [suffix for suffix in IMAGE_SUFFIXES if suffix in sample]
    if len(found) == 1:
        return sample[found[0]]
    several = f"several images: {', '.join(found)}" if found else f"no image, only {', '.join(sorted(sample))}"
    raise DataError(
        f"the sample {key!r} has {several}",
        where=str(shard),
        expected="one image, called " + ", ".join(IMAGE_SUFFIXES),
    )


def _field(key: str, sample: dict[str, _Member], kind: Kind, stream: BufferedReader, shard: Path) -> bytes:
    if kind not in sample:
        raise DataError(f"the sample {key!r} has no .{kind}", where=str(shard), expected=f"{key}.{kind} {_HOLDS[kind]}")
    stream.seek(sample[kind].offset)
    return stream.read(sample[kind].size)


def _label(key: str, content: bytes, shard: Path) -> int:
    label = whole_number(content.decode("utf-8-sig", "replace"))
    if label is None:
        raise DataError(f"{key}.cls holds {content[:40]!r}", where=str(shard), expected="an integer")
    return label


def _text(key: str, content: bytes, shard: Path) -> str:
    try:
        return content.decode("utf-8-sig")
    except ValueError as error:
        raise DataError(f"{key}.txt is not UTF-8: {error}", where=str(shard)) from error


def _cache_path(shards: Sequence[Path], stamps: Sequence[Stamp], index_dir: Path | None, kind: Kind) -> Path | None:
    if index_dir is None:
        return None
    places = [(str(shard.resolve()), *stamp) for shard, stamp in zip(shards, stamps, strict=True)]
    return index_dir / f"tar-{hashlib.sha256(repr((SCHEMA, kind, places)).encode()).hexdigest()[:32]}.npz"


def _read_index(path: Path) -> TarIndex | None:
    """Read a kept index; None if there is none or it is damaged."""
    content = kept(path)
    arrays = parse_arrays(content) if content is not None else None
    return TarIndex(**arrays) if arrays is not None else None


def _write_index(path: Path, index: TarIndex) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, **{column.name: getattr(index, column.name) for column in fields(TarIndex)})
    keep(path, buffer.getvalue())
