"""Parquet files as Hugging Face's ``datasets`` writes them: ``data/validation-00000-of-00014.parquet``, ...

A row has an image (a struct of ``bytes`` and ``path``) and a label (a place in the names that the file's own metadata
lists). Reading them needs pyarrow (``pip install 'robustcheck[parquet]'``).
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from robustcheck.datasets.class_sets import imagenet_class_names, imagenet_wnids
from robustcheck.datasets.dataset import Contents, Encoded, IntArray, StrArray
from robustcheck.datasets.decoding import decode_image
from robustcheck.datasets.layouts.image_files import unread_beside
from robustcheck.datasets.layouts.parquet_columns import ImageColumns, columns_of
from robustcheck.datasets.layouts.repeats import repeats_in_words
from robustcheck.datasets.layouts.splits import is_for_testing, several_splits
from robustcheck.datasets.layouts.text_files import read_groups, read_names_by_place, read_set_templates
from robustcheck.disk import Stamp, file_stamp
from robustcheck.errors import DataError, SetupError
from robustcheck.files.regular import is_regular, open_regular

if TYPE_CHECKING:
    from types import ModuleType

    from PIL import Image

LAYOUT = "parquet"
_MOST_EXPANSION, _FREE_BYTES = 1_000, 2**26
_NAME = re.compile(r"(.+)-([0-9]{5})-of-([0-9]{5})(?:-[0-9a-f]+)?[.]parquet")


def is_parquet(directory: Path) -> bool:
    """Tell whether parquet files lie in a directory or in its ``data/``."""
    return directory.is_dir() and bool(_files(directory))


def has_parts(directory: Path) -> bool:
    """Tell whether parquet files lie there that are called as the parts of a split."""
    return any(_NAME.fullmatch(path.name) for path in _files(directory))


def read_parquet(directory: Path) -> Contents:
    """Read ids, labels and names of the split for testing, without decoding an image."""
    files = _split_files(directory)
    columns = _shared_columns(files)
    parts = [_read_file_rows(path, columns) for path in files]
    ids, labels = _unique_ids(parts, files), np.concatenate([part.labels for part in parts])
    names, wnids = _class_names(directory, columns.class_names)
    beside = tuple(directory / name for name in ("classnames.txt", "templates.txt", "groups.csv"))
    pictures = _pictures(files, parts, columns.image)
    return Contents(
        directory=directory,
        layout=LAYOUT,
        ids=ids,
        labels=labels,
        class_count=len(names) or int(labels.max(initial=-1)) + 1,
        class_names=names,
        templates=read_set_templates(directory / "templates.txt"),
        groups=read_groups(directory / "groups.csv", ids),
        files=(*files, *(path for path in beside if is_regular(path))),
        pictures=pictures,
        wnids=wnids,
        defects=(*unread_beside({path.parent for path in files}, files), *_repeats(parts, pictures)),
    )


@dataclass(frozen=True, slots=True, eq=False)
class ParquetPictures:
    """Images read from row groups; the last few groups are kept, because images are asked for in order."""

    files: tuple[Path, ...]
    column: str
    file_of: IntArray
    group_of: IntArray
    row_of: IntArray

    def file(self, index: int) -> Path:
        """Return the file of one sample."""
        return self.files[int(self.file_of[index])]

    def image(self, index: int) -> Image.Image:
        """Read and decode one sample as RGB."""
        return decode_image(*self.encoded(index))

    def encoded(self, index: int) -> Encoded:
        """Return the encoded image of one sample, and its place in words."""
        path, group, row = self.files[self.file_of[index]], int(self.group_of[index]), int(self.row_of[index])
        where = f"{path}: row {row} of row group {group}"
        with _damage_told(path):
            value = _group(path, group, self.column, file_stamp(path))[row].as_py()
        content = value.get("bytes") if isinstance(value, dict) else value
        if not isinstance(content, bytes):
            raise DataError(
                "the image is not in the file, only its path",
                where=where,
                expected="images embedded in the parquet files",
                fix="write them with datasets' Dataset.to_parquet, or use the images with a manifest.csv",
            )
        return content, where


@dataclass(frozen=True, slots=True, eq=False)
class _FileRows:
    """The rows of a file: ids (empty texts where there is no path), labels, and the sizes of its row groups."""

    ids: list[str]
    labels: IntArray
    groups: tuple[int, ...]


def _files(directory: Path) -> list[Path]:
    found = [path for place in (directory / "data", directory) for path in sorted(place.glob("*.parquet"))]
    return [path for path in found if not path.name.startswith(".")]


def _split_files(directory: Path) -> tuple[Path, ...]:
    """Return the files of the one split for testing, all of them."""
    splits = _splits(directory)
    testing = [key for key in splits if is_for_testing(key[0])] or list(splits)
    if len(testing) > 1:
        # ImageNet's test split comes without its labels.
        testing = [key for key in testing if _has_labels(next(iter(splits[key].values())))] or testing
    if len(testing) != 1:
        raise several_splits([name for name, _ in testing], str(directory))
    (name, count), found = testing[0], splits[testing[0]]
    if missing := sorted(set(range(count)) - set(found)):
        raise DataError(
            f"{len(missing)} of {count} files are missing, the first {name}-{missing[0]:05d}-of-{count:05d}.parquet",
            where=str(directory),
            fix="copy or download the missing files",
        )
    return tuple(found[number] for number in range(count))


def _splits(directory: Path) -> dict[tuple[str, int], dict[int, Path]]:
    """Return the files of each split (its name, and how many files it has) by their numbers."""
    splits: dict[tuple[str, int], dict[int, Path]] = {}
    for path in _files(directory):
        parts = _NAME.fullmatch(path.name)
        if parts is None or int(parts[2]) >= int(parts[3]):
            raise DataError(
                f"{path.name} does not say which part of which split it is",
                where=str(directory),
                expected="files such as validation-00000-of-00014.parquet, in the directory or in data/",
            )
        own = splits.setdefault((parts[1], int(parts[3])), {})
        if own.setdefault(int(parts[2]), path) != path:
            raise DataError(f"two files for part {int(parts[2])}", where=str(path), expected="each part once")
    return splits


def _has_labels(path: Path) -> bool:
    """Tell whether any label of a file is a place: -1 stands for a label that was kept back."""
    return bool((_read_file_rows(path, _columns(path)).labels >= 0).any())


def _columns(path: Path) -> ImageColumns:
    with _opened(path) as file:
        schema = file.schema_arrow
    return columns_of(schema.names, schema.metadata, path)


def _shared_columns(files: Sequence[Path]) -> ImageColumns:
    """Return the columns of all files; another list of class names in a part would be other labels."""
    first = _columns(files[0])
    for path in files[1:]:
        if (own := _columns(path)) != first:
            what = "class names" if own.class_names != first.class_names else "columns"
            raise DataError(
                f"other {what} than in {files[0].name}",
                where=str(path),
                expected="the parts of one split, written together",
                fix="copy or download the files again",
            )
    return first


def _read_file_rows(path: Path, columns: ImageColumns) -> _FileRows:
    with _opened(path) as file:
        # The paths alone: reading the images would read the whole file.
        has_paths = f"{columns.image}.path" in [
            field.name for field in file.schema_arrow.field(columns.image).flatten()
        ]
        table = file.read(columns=[f"{columns.image}.path", columns.label] if has_paths else [columns.label])
        labels = table.column(columns.label).to_pylist()
        paths = [(row or {}).get("path") or "" for row in table.column(columns.image).to_pylist()] if has_paths else []
        groups = tuple(file.metadata.row_group(group).num_rows for group in range(file.num_row_groups))
    if not all(type(value) is int and abs(value) < 1 << 62 for value in labels):
        raise DataError(f"the column {columns.label} holds other things than whole numbers", where=str(path))
    return _FileRows(paths or [""] * len(labels), np.array(labels, dtype=np.int64), groups)


def _unique_ids(parts: Sequence[_FileRows], files: Sequence[Path]) -> StrArray:
    """Return the paths that the rows carry where they tell them apart, else file and row."""
    paths = [name for part in parts for name in part.ids]
    if all(paths) and len(set(paths)) == len(paths):
        return np.array(paths, dtype=np.str_)
    rows = [f"{path.stem}/{row}" for path, part in zip(files, parts, strict=True) for row in range(len(part.labels))]
    return np.array(rows, dtype=np.str_)


def _repeats(parts: Sequence[_FileRows], pictures: ParquetPictures) -> Sequence[str]:
    names = [name for part in parts for name in part.ids]
    if len(parts) == 1 or not all(names):
        return ()
    labels = [label for part in parts for label in part.labels.tolist()]
    marks = list(zip(names, labels, strict=True))
    return repeats_in_words(marks, pictures.file_of.tolist(), [path.name for path in pictures.files], pictures.encoded)


def _class_names(directory: Path, told: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names and WordNet ids of the classes; classnames.txt comes first."""
    written = read_names_by_place(directory / "classnames.txt")
    if written and told:
        _require_order_told(written, told, str(directory / "classnames.txt"))
    if written:
        return written, ()
    # Hugging Face names ImageNet's classes by all synonyms: "tench, Tinca tinca".
    first, known = [name.partition(",")[0] for name in told], imagenet_class_names()
    if len(first) == len(known) and 2 * sum(map(str.__eq__, first, known)) > len(known):
        return known, imagenet_wnids()
    return told, ()


def _require_order_told(written: tuple[str, ...], told: tuple[str, ...], where: str) -> None:
    """Refuse another number of names than the files tell, and the names of the files in another order."""
    if len(written) != len(told):
        raise DataError(f"{len(written)} class names", where=where, expected=f"{len(told)}, as the files say")
    for line, (own, other) in enumerate(zip(written, told, strict=True), start=1):
        if own != other and own in told:
            raise DataError(
                f"line {line} is {own!r}, but the files call that class {other!r}",
                where=where,
                expected="a name for each class in the order of the files' own names",
                fix="take the file away, or put its lines into that order",
            )


def _pictures(files: tuple[Path, ...], parts: Sequence[_FileRows], column: str) -> ParquetPictures:
    spans = [(file, group, count) for file, part in enumerate(parts) for group, count in enumerate(part.groups)]
    return ParquetPictures(
        files=files,
        column=column,
        file_of=np.concatenate([np.full(count, file, dtype=np.int64) for file, _, count in spans]),
        group_of=np.concatenate([np.full(count, group, dtype=np.int64) for _, group, count in spans]),
        row_of=np.concatenate([np.arange(count, dtype=np.int64) for _, _, count in spans]),
    )


@functools.lru_cache(maxsize=3)
def _group(path: Path, group: int, column: str, stamp: Stamp) -> Any:
    """Return the images of a row group."""
    with _opened(path) as file:
        return file.read_row_group(group, columns=[column]).column(column)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Open a parquet file; what pyarrow says against it becomes a DataError."""
    pq = _pyarrow()
    with _damage_told(path), open_regular(path) as stream, pq.ParquetFile(stream) as file:
        _require_plausible(file.metadata, os.fstat(stream.fileno()).st_size, path)
        yield file


@contextmanager
def _damage_told(path: Path) -> Iterator[None]:
    """Raise what pyarrow meets in a damaged file as a DataError: bad lengths, texts that are none, rows that lack."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError, ValueError, LookupError, OverflowError) as error:
        found = getattr(error, "strerror", None) or str(error)
        raise DataError(
            f"cannot read the parquet file: {found}", where=str(path), fix="copy or download it again"
        ) from error


def _require_plausible(metadata: Any, size: int, path: Path) -> None:
    """Refuse a small file that would fill the memory: more rows than bytes, or images that expand a thousandfold."""
    groups = [metadata.row_group(place) for place in range(metadata.num_row_groups)]
    largest = max((group.total_byte_size for group in groups), default=0)
    if metadata.num_rows > size or largest > _MOST_EXPANSION * size + _FREE_BYTES:
        raise DataError(
            f"{size:,} bytes that claim {metadata.num_rows:,} rows and {largest:,} bytes at once",
            where=str(path),
            expected="encoded images, which take room in a file",
        )


def _pyarrow() -> ModuleType | Any:
    try:
        import pyarrow.parquet as pq
    except ImportError as error:
        raise SetupError(
            "parquet files need pyarrow",
            fix="pip install 'robustcheck[parquet]', or export the images into class folders",
        ) from error
    return pq
