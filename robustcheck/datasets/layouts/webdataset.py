"""The CLIP_benchmark/DataComp webdataset directory, unchanged.

``classnames.txt``, ``zeroshot_classification_templates.txt``, ``test/nshards.txt``, ``test/0.tar``, ...;
each shard holds ``KEY.webp|png|jpg|...`` and ``KEY.cls``. An optional ``groups.csv`` (id, column...) beside the
shards or beside ``classnames.txt`` carries the columns for ``where``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from robustcheck.datasets.dataset import Contents, Encoded, StrArray
from robustcheck.datasets.decoding import decode_image
from robustcheck.datasets.layouts.image_files import unread_beside
from robustcheck.datasets.layouts.repeats import repeats_in_words
from robustcheck.datasets.layouts.tar_index import TarIndex, load_tar_index
from robustcheck.datasets.layouts.text_files import read_groups, read_lines, read_names_by_place, read_set_templates
from robustcheck.errors import DataError
from robustcheck.files.numbers import whole_number
from robustcheck.files.regular import is_regular, open_regular

if TYPE_CHECKING:
    from PIL import Image

CLASS_NAMES = "classnames.txt"
TEMPLATES = "zeroshot_classification_templates.txt"
MOST_SHARDS = 1_000_000


def is_webdataset(directory: Path) -> bool:
    """Tell whether a directory has shards under ``test/``."""
    test = directory / "test"
    return (test / "nshards.txt").exists() or next(test.glob("*.tar"), None) is not None


def read_webdataset(directory: Path, index_dir: Path | None) -> Contents:
    """Read a webdataset directory without decoding an image."""
    _require_classification(directory)
    return contents_of_shards(directory, shard_paths(directory), "webdataset", index_dir)


def contents_of_shards(directory: Path, shards: tuple[Path, ...], layout: str, index_dir: Path | None) -> Contents:
    """Return what shards of images with ``.cls`` hold, with the names and groups that lie beside them."""
    _require_distinct(shards)
    index = load_tar_index(shards, index_dir)
    class_names = read_names_by_place(directory / CLASS_NAMES)
    ids = sample_ids(index, shards)
    groups_path = _groups_path(directory)
    beside = (directory / CLASS_NAMES, directory / TEMPLATES, groups_path)
    pictures = TarPictures(shards, index)
    return Contents(
        directory=directory,
        layout=layout,
        ids=ids,
        labels=index.labels,
        class_count=len(class_names) or int(index.labels.max(initial=-1)) + 1,
        class_names=class_names,
        templates=read_set_templates(directory / TEMPLATES),
        groups=read_groups(groups_path, ids),
        files=(*shards, *(path for path in beside if is_regular(path))),
        pictures=pictures,
        defects=defects_of_shards(pictures),
    )


@dataclass(frozen=True, slots=True, eq=False)
class TarPictures:
    """Images read from the shards by offset; no file stays open, so the number of shards limits nothing."""

    shards: tuple[Path, ...]
    index: TarIndex

    def file(self, index: int) -> Path:
        """Return the shard of one sample."""
        return self.shards[int(self.index.shards[index])]

    def image(self, index: int) -> Image.Image:
        """Read and decode one sample as RGB."""
        return decode_image(*self.encoded(index))

    def encoded(self, index: int) -> Encoded:
        """Return the encoded image of one sample, and its place in words."""
        shard = self.shards[self.index.shards[index]]
        where = f"{shard}:{self.index.keys[index]}"
        try:
            with open_regular(shard) as stream:
                stream.seek(int(self.index.offsets[index]))
                content = stream.read(int(self.index.sizes[index]))
        except OSError as error:
            raise DataError(f"cannot read the shard: {error.strerror or error}", where=where) from error
        return content, where


def defects_of_shards(pictures: TarPictures) -> tuple[str, ...]:
    """Say which samples lie in two shards, and what lies beside the shards and is not read."""
    shards, index = pictures.shards, pictures.index
    marks = list(zip(index.keys.tolist(), index.sizes.tolist(), strict=True))
    again = repeats_in_words(marks, index.shards.tolist(), [path.name for path in shards], pictures.encoded)
    return (*unread_beside({path.parent for path in shards}, shards), *again)


def dataset_type(directory: Path) -> str:
    """Return what ``dataset_type.txt`` says, ``classification`` where there is none."""
    return " ".join(read_lines(directory / "dataset_type.txt")).lower() or "classification"


def _require_classification(directory: Path) -> None:
    kind = dataset_type(directory)
    if kind != "classification":
        raise DataError(f"a {kind} set", where=str(directory / "dataset_type.txt"), expected="a classification set")


def shard_paths(directory: Path) -> tuple[Path, ...]:
    """Return the shards that ``nshards.txt`` counts; raise DataError where these and the files there disagree."""
    path = directory / "test" / "nshards.txt"
    text = " ".join(read_lines(path))
    count = whole_number(text) or 0
    if not 0 < count < MOST_SHARDS:
        found = f"nshards.txt holds {text[:40]!r}" if path.exists() else "there is no nshards.txt"
        raise DataError(found, where=str(path), expected="the number of shards")
    shards = tuple(directory / "test" / f"{number}.tar" for number in range(count))
    missing = [shard.name for shard in shards if not is_regular(shard)]
    if missing:
        raise DataError(
            f"{len(missing)} of {len(shards)} shards are missing, the first {missing[0]}",
            where=str(directory / "test"),
            expected=f"0.tar to {len(shards) - 1}.tar, as nshards.txt says",
            fix="copy or download the missing shards",
        )
    _require_no_more(directory / "test", shards)
    return shards


def _require_no_more(test: Path, shards: tuple[Path, ...]) -> None:
    known = {shard.name for shard in shards}
    # A shard that is packed (.tar.gz) or half copied (.tar.part) belongs to the set as well.
    found = (path.name for path in test.iterdir() if ".tar" in path.name.lower() and not path.name.startswith("."))
    more = sorted(set(found) - known)
    if more:
        raise DataError(
            f"{len(more)} shards more than nshards.txt counts, the first {more[0]}",
            where=str(test),
            expected=f"0.tar to {len(shards) - 1}.tar, as nshards.txt says",
            fix="correct nshards.txt, or take away what does not belong to the set",
        )


def _require_distinct(shards: tuple[Path, ...]) -> None:
    """Refuse a shard that is a link to another: its samples would count twice."""
    first: dict[tuple[int, int], Path] = {}
    for shard in shards:
        status = shard.stat()
        if status.st_ino and first.setdefault((status.st_dev, status.st_ino), shard) != shard:
            other = first[status.st_dev, status.st_ino]
            raise DataError(f"the same file as {other.name}", where=str(shard), expected="each shard once")


def sample_ids(index: TarIndex, shards: tuple[Path, ...]) -> StrArray:
    """Return the keys, with the shard's name in front where the shards share keys."""
    if len(np.unique(index.keys)) == len(index.keys):
        return index.keys
    return np.array([f"{shards[shard].stem}/{key}" for shard, key in zip(index.shards, index.keys, strict=True)])


def _groups_path(directory: Path) -> Path:
    inner = directory / "test" / "groups.csv"
    return inner if inner.exists() else directory / "groups.csv"
