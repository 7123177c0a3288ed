"""Images with captions: a CLIP_benchmark retrieval webdataset, or a table of paths and captions.

The webdataset has ``dataset_type.txt`` with the word ``retrieval``, and in each shard ``KEY.jpg`` and ``KEY.txt``, one
caption a line. The table is ``captions.jsonl`` (``path`` and ``captions``, a list, or ``caption``) or ``captions.csv``
(columns path and caption, a row for each caption). All captions are kept, in their order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from robustcheck.datasets.dataset import Captions, Contents, ImageFiles
from robustcheck.datasets.layouts.manifest import inside, require_files
from robustcheck.datasets.layouts.tar_index import load_tar_index
from robustcheck.datasets.layouts.text_files import read_csv_rows
from robustcheck.datasets.layouts.webdataset import (
    TarPictures,
    dataset_type,
    defects_of_shards,
    is_webdataset,
    sample_ids,
    shard_paths,
)
from robustcheck.errors import DataError
from robustcheck.files.json_files import read_json_lines
from robustcheck.files.regular import is_regular
from robustcheck.files.texts import stripped
from robustcheck.printing import shown

TABLES = ("captions.jsonl", "captions.csv")
TYPE = "dataset_type.txt"

EXPECTED = (
    "a directory with captions in one of the known layouts:",
    "    webdataset   test/nshards.txt, test/0.tar, ... with KEY.jpg and KEY.txt, one caption a line",
    '    table        captions.jsonl ({"path": ..., "captions": [...]}) or captions.csv (path,caption)',
)


def has_captions(directory: Path) -> bool:
    """Tell whether a directory is a set of images with captions."""
    if not directory.is_dir():
        return False
    tables = any((directory / name).exists() for name in TABLES)
    return tables or (is_webdataset(directory) and dataset_type(directory) == "retrieval")


def read_captions(directory: Path, index_dir: Path | None) -> Contents:
    """Read images and captions, all of which are queries, without decoding an image."""
    tables = [directory / name for name in TABLES if (directory / name).exists()]
    if len(tables) > 1:
        raise DataError(f"both {' and '.join(TABLES)}", where=str(directory), expected="one of them")
    if tables:
        return _read_rows(directory, tables[0])
    if is_webdataset(directory):
        return _read_shards(directory, index_dir)
    raise DataError("no captions", where=str(directory), expected=EXPECTED)


def _read_shards(directory: Path, index_dir: Path | None) -> Contents:
    shards = shard_paths(directory)
    index = load_tar_index(shards, index_dir, "txt")
    ids = sample_ids(index, shards)
    # CLIP_benchmark splits with str.splitlines, blank lines included, and so must we to score the same captions.
    captions = _captions([text.splitlines() for text in index.texts.tolist()], ids.tolist(), directory)
    files = (*shards, *(path for path in (directory / TYPE,) if is_regular(path)))
    pictures = TarPictures(shards, index)
    contents = _contents(directory, "webdataset", ids.tolist(), files, pictures, captions)
    return replace(contents, defects=defects_of_shards(pictures))


def _read_rows(directory: Path, source: Path) -> Contents:
    texts: dict[str, list[str]] = {}
    for name, caption in _rows(source):
        texts.setdefault(inside(name, source), []).append(caption)
    names = tuple(texts)
    defects = require_files(directory, names, source)
    captions = _captions(list(texts.values()), names, source)
    files = (source, *(directory / name for name in names))
    contents = _contents(directory, "captions", names, files, ImageFiles(directory, names), captions)
    return replace(contents, defects=defects)


def _rows(source: Path) -> Iterator[tuple[str, str]]:
    if source.suffix == ".jsonl":
        yield from _json_rows(source)
        return
    # A caption is a text of its own: what stands around it belongs to it.
    for row in read_csv_rows(source, verbatim=("caption",)):
        if "path" not in row or "caption" not in row:
            raise DataError(f"the columns {', '.join(row)}", where=str(source), expected="the columns path and caption")
        if not stripped(row["caption"]):
            raise DataError(f"a caption of {row['path']} is blank", where=str(source), expected="a text")
        yield row["path"], row["caption"]


def _json_rows(source: Path) -> Iterator[tuple[str, str]]:
    for where, row in read_json_lines(source, DataError):
        row = row if isinstance(row, dict) else {}
        captions = row.get("captions", [row.get("caption")])
        if (
            {"captions", "caption"} <= row.keys()
            or not captions
            or not isinstance(captions, list)
            or not all(_is_caption(text) for text in captions)
        ):
            raise DataError(f"found {shown(row)}", where=where, expected='{"path": "a.jpg", "captions": ["..."]}')
        yield from ((stripped(str(row.get("path", ""))), text) for text in captions)


def _is_caption(text: object) -> bool:
    return isinstance(text, str) and bool(stripped(text))


def _captions(texts: Sequence[Sequence[str]], names: Sequence[str], where: Path) -> Captions:
    without = [name for name, own in zip(names, texts, strict=True) if not own]
    if without or not texts:
        raise DataError(f"{len(without)} of {len(texts)} images have no caption", where=str(where), expected="one each")
    owners = np.repeat(np.arange(len(texts), dtype=np.int64), [len(own) for own in texts])
    return Captions(tuple(text for own in texts for text in own), owners)


def _contents(
    directory: Path,
    layout: str,
    ids: Sequence[str],
    files: tuple[Path, ...],
    pictures: ImageFiles | TarPictures,
    captions: Captions,
) -> Contents:
    """Return contents in which each image is of its own class, which has no name."""
    return Contents(
        directory=directory,
        layout=layout,
        ids=np.array(ids, dtype=np.str_),
        labels=np.arange(len(ids), dtype=np.int64),
        class_count=len(ids),
        class_names=(),
        templates=(),
        groups={},
        files=files,
        pictures=pictures,
        captions=captions,
    )
