"""Shards in one directory, as timm's webdatasets have them: ``imagenet1k-validation-00.tar``, ..., ``_info.json``.

``_info.json`` lists the splits, the shards of each and how many samples each shard holds; all of it is checked. Without
it the shards of a split are those that one name and the numbers 00, 01, ... make up.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from robustcheck.datasets.dataset import Contents
from robustcheck.datasets.layouts.splits import is_for_testing, several_splits
from robustcheck.datasets.layouts.webdataset import TarPictures, contents_of_shards
from robustcheck.errors import DataError
from robustcheck.files.json_files import read_json
from robustcheck.files.regular import is_regular

LAYOUT = "shards"
INFO = ("_info.json", "info.json")
_NUMBERED = re.compile(r"(.*?)([0-9]{1,9})[.]tar")


@dataclass(frozen=True, slots=True)
class _Split:
    """A split: its name, its shards, and how many samples each holds (empty where nothing says so)."""

    name: str
    shards: tuple[str, ...]
    lengths: tuple[int, ...] = ()


def is_shard_directory(directory: Path) -> bool:
    """Tell whether shards lie directly in a directory."""
    return directory.is_dir() and bool(_tars(directory))


def has_numbered_shards(directory: Path) -> bool:
    """Tell whether shards lie there that a list names or whose numbers begin at 0; another archive may lie anywhere."""
    numbers = [parts[2] for name in _tars(directory) if (parts := _NUMBERED.fullmatch(name))]
    return any(int(number) == 0 for number in numbers) or (
        bool(numbers) and any((directory / name).exists() for name in INFO)
    )


def read_shards(directory: Path, index_dir: Path | None) -> Contents:
    """Read the shards of the one split that is meant for testing, without decoding an image."""
    info = next((directory / name for name in INFO if (directory / name).exists()), None)
    splits = _numbered(directory) if info is None else _told(info)
    split = _chosen(splits, set(_tars(directory)), directory)
    missing = [name for name in split.shards if not is_regular(directory / name)]
    if missing:
        raise DataError(
            f"{len(missing)} of {len(split.shards)} shards are missing, the first {missing[0]}",
            where=str(directory),
            expected=f"all shards of {split.name}" + ("" if info is None else f", as {info.name} says"),
            fix="copy or download the missing shards",
        )
    contents = contents_of_shards(directory, tuple(directory / name for name in split.shards), LAYOUT, index_dir)
    _require_lengths(contents, split, directory)
    return contents


def _tars(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.glob("*.tar") if not path.name.startswith("."))


def _told(info: Path) -> list[_Split]:
    """Return the splits that ``_info.json`` lists."""
    record = read_json(info, DataError)
    splits = record.get("splits") if isinstance(record, dict) else None
    if not isinstance(splits, dict) or not splits:
        raise DataError("no splits", where=str(info), expected=_EXPECTED)
    return [_told_split(name, facts, info) for name, facts in splits.items()]


_EXPECTED = '{"splits": {"validation": {"filenames": [...], "shard_lengths": [...], "num_samples": ...}}}'


def _told_split(name: str, facts: Any, info: Path) -> _Split:
    facts = facts if isinstance(facts, dict) else {}
    names, lengths, count = (facts.get(key) for key in ("filenames", "shard_lengths", "num_samples"))
    if facts.get("alt_label"):
        raise DataError(
            f"the labels of {name} are in the field {facts['alt_label']!r} of the .json files",
            where=str(info),
            expected="labels in .cls files",
        )
    if not _are(names, str) or not _are(lengths, int) or len(names) != len(lengths) or count != sum(lengths):
        raise DataError(f"the split {name!r} does not hold together", where=str(info), expected=_EXPECTED)
    if any(Path(file).name != file for file in names):
        raise DataError(f"shards of {name} outside the directory", where=str(info), expected="names of files in it")
    return _Split(name, tuple(names), tuple(lengths))


def _are(values: Any, kind: type) -> bool:
    return isinstance(values, list) and bool(values) and all(type(value) is kind for value in values)


def _numbered(directory: Path) -> list[_Split]:
    """Return the splits that the names of the shards tell: 00 to the highest number of each."""
    found: dict[str, dict[int, str]] = {}
    for name in _tars(directory):
        parts = _NUMBERED.fullmatch(name)
        if parts is None:
            raise DataError(
                f"{name} has no number",
                where=str(directory),
                expected=f"shards called NAME-00.tar, NAME-01.tar, ...; or a file {INFO[0]} that lists them",
            )
        if found.setdefault(parts[1], {}).setdefault(int(parts[2]), name) != name:
            raise DataError(f"two shards of one number: {name}", where=str(directory), expected="each number once")
    return [_Split(prefix.strip("-_.") or "shards", _all_numbers(own, directory)) for prefix, own in found.items()]


def _all_numbers(shards: Mapping[int, str], directory: Path) -> tuple[str, ...]:
    if absent := sorted(set(range(max(shards) + 1)) - set(shards)):
        raise DataError(
            f"no shard {absent[0]}, but {shards[max(shards)]}",
            where=str(directory),
            expected=f"the numbers 0 to {max(shards)}",
            fix="copy or download the missing shards",
        )
    return tuple(shards[number] for number in sorted(shards))


def _chosen(splits: Sequence[_Split], here: set[str], directory: Path) -> _Split:
    """Return the split for testing, or the only one of which anything is here."""
    present = [split for split in splits if here & set(split.shards)]
    choices = [split for split in present if is_for_testing(split.name)] or present
    if len(choices) != 1:
        raise several_splits([split.name for split in choices], str(directory))
    return choices[0]


def _require_lengths(contents: Contents, split: _Split, directory: Path) -> None:
    if not split.lengths:
        return
    assert isinstance(contents.pictures, TarPictures), "shards are tar archives"
    counts = np.bincount(contents.pictures.index.shards, minlength=len(split.shards)).tolist()
    for name, found, told in zip(split.shards, counts, split.lengths, strict=True):
        if found != told:
            raise DataError(
                f"{found} samples",
                where=str(directory / name),
                expected=f"{told}, as {INFO[0]} says",
                fix="fetch it again",
            )
