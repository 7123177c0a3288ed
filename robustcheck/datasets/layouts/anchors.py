"""Anchor frames and the similar frames around them, in a form of our own or as released.

own           anchors.jsonl: {"anchor": PATH, "video": NAME, "labels": [...], "frames": [PATH, ...]} and, where
              frames have labels of their own, "frame_labels": [[...], ...]. Labels are class indices or names;
              classes.txt has the names.
Vid-Robust    pmsets.json (anchor: [frames]) and labels.json (frame: [class indices]), in the directory or metadata/.
YTBB-Robust   anchor_labels.json, pmk_labels.json and ytbb_robustness_test_anchors_full.csv: see ``ytbb``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from robustcheck.datasets.dataset import Contents, ImageFiles
from robustcheck.datasets.layouts import ytbb
from robustcheck.datasets.layouts.manifest import inside, require_files
from robustcheck.datasets.layouts.table_labels import index_of_class
from robustcheck.datasets.layouts.text_files import read_names_by_place, read_set_templates
from robustcheck.errors import DataError
from robustcheck.files.json_files import read_json, read_json_lines
from robustcheck.files.regular import is_regular
from robustcheck.files.texts import stripped
from robustcheck.printing import shown

ANCHOR, FRAME, SEPARATOR = "anchor", "frame", ";"
OWN = "anchors.jsonl"
VID = ("pmsets.json", "labels.json")

Labels = Mapping[str, tuple[int, ...]]

EXPECTED = f"{OWN}; or {' and '.join(VID)}; or {', '.join(ytbb.FILES)}; each in the directory or in metadata/"


@dataclass(frozen=True, slots=True)
class _Set:
    """What a directory says: frames by anchor, labels and video by frame, and where its images are."""

    frames: Mapping[str, tuple[str, ...]]
    labels: Labels
    videos: Mapping[str, str]
    folder: str
    sources: tuple[Path, ...]


def has_anchors(directory: Path) -> bool:
    """Tell whether a directory has anchors in our own form."""
    return (directory / OWN).exists()


def read_anchors(directory: Path, class_names: tuple[str, ...]) -> Contents:
    """Read anchors and frames; ``class_names`` are those of a released set, else classes.txt has them."""
    names = class_names or read_names_by_place(directory / "classes.txt")
    if not names:
        raise DataError("the classes have no names", where=str(directory), expected="a file classes.txt")
    found = _read_set(directory, names)
    keys = tuple(sorted(found.videos))
    images = tuple(f"{found.folder}{key}" for key in keys)
    defects = require_files(directory, images, found.sources[0])
    anchors_of: dict[str, list[str]] = {key: [] for key in keys}
    for anchor, frames in found.frames.items():
        for frame in frames:
            anchors_of[frame].append(anchor)
    _require_judges(found, anchors_of)
    return Contents(
        directory=directory,
        layout="anchors",
        ids=np.array(keys, dtype=np.str_),
        labels=np.array([_first_label(key, found.labels, anchors_of) for key in keys], dtype=np.int64),
        class_count=len(names),
        class_names=names,
        templates=read_set_templates(directory / "templates.txt"),
        groups={
            "anchors": np.array([SEPARATOR.join(anchors_of[key]) for key in keys], dtype=np.str_),
            "frame": np.array([_number(key) for key in keys], dtype=np.str_),
            "labels": np.array([SEPARATOR.join(map(str, found.labels.get(key, ()))) for key in keys], dtype=np.str_),
            "role": np.array([ANCHOR if key in found.frames else FRAME for key in keys], dtype=np.str_),
            "video": np.array([found.videos[key] for key in keys], dtype=np.str_),
        },
        files=(*found.sources, *(directory / name for name in images)),
        pictures=ImageFiles(directory, images),
        defects=defects,
    )


def _read_set(directory: Path, names: tuple[str, ...]) -> _Set:
    if has_anchors(directory):
        return _read_own(directory, names)
    if (vid := _beside(directory, VID)) is not None:
        return _read_vid(directory, vid, len(names))
    if (released := _beside(directory, ytbb.FILES)) is not None:
        frames, labels = ytbb.read_ytbb(released, names)
        videos = {key: ytbb.video_of(key) for key in _keys(frames)}
        folder = "ytbb_videos/" if (directory / "ytbb_videos").is_dir() else ""
        return _Set(frames, labels, videos, folder, released)
    raise DataError("no anchors", where=str(directory), expected=EXPECTED)


def _beside(directory: Path, files: Sequence[str]) -> tuple[Path, ...] | None:
    for place in (directory, directory / "metadata"):
        paths = tuple(place / name for name in files)
        if all(is_regular(path) for path in paths):
            return paths
    return None


def _read_own(directory: Path, names: tuple[str, ...]) -> _Set:
    source = directory / OWN
    frames: dict[str, tuple[str, ...]] = {}
    labels: dict[str, tuple[int, ...]] = {}
    videos: dict[str, str] = {}
    for where, row in _rows(source):
        anchor, own = inside(row["anchor"], source), tuple(inside(name, source) for name in row.get("frames", []))
        if anchor in frames:
            raise DataError(f"the anchor {anchor!r} occurs twice", where=where)
        frames[anchor] = own
        for key, given in _labelled(row, anchor, own, where):
            indices = tuple(_index(label, names, where) for label in given)
            if not indices or labels.setdefault(key, indices) != indices:
                raise DataError(f"{key} has no labels, or two different lists of them", where=where)
        videos |= dict.fromkeys((anchor, *own), str(row["video"]))
    if not frames:
        raise DataError("no anchors", where=str(source), expected="an object a line")
    return _Set(frames, labels, videos, "", (source, *_existing(directory / "classes.txt")))


def _rows(source: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for where, row in read_json_lines(source, DataError):
        if not isinstance(row, dict) or not {"anchor", "video", "labels"} <= row.keys():
            raise DataError(f"found {shown(row)}", where=where, expected="an object with anchor, video, labels, frames")
        yield where, row


def _labelled(
    row: dict[str, Any], anchor: str, frames: tuple[str, ...], where: str
) -> Iterator[tuple[str, Sequence[Any]]]:
    """Yield each path that has labels of its own, with them."""
    yield anchor, row["labels"]
    own = row.get("frame_labels")
    if own is not None and len(own) != len(frames):
        raise DataError(f"{len(own)} frame_labels for {len(frames)} frames", where=where, expected="one list a frame")
    yield from zip(frames, own or (), strict=False)


def _index(label: object, names: tuple[str, ...], where: str) -> int:
    """Return the place of a label: a number is one, a text is a name."""
    if type(label) is int and 0 <= label < len(names):
        return label
    if isinstance(label, str):
        return index_of_class(stripped(label), names, where)
    raise DataError(f"the label {shown(label)}", where=where, expected=f"an index below {len(names)}, or a class name")


def _read_vid(directory: Path, paths: tuple[Path, ...], classes: int) -> _Set:
    """Read the released metadata of Vid-Robust, whose every frame has labels of its own."""
    frames, every = (_lists(path) for path in paths)
    keys = _keys(frames)
    if unlabelled := [key for key in keys if not every.get(key)]:
        raise DataError(f"{len(unlabelled)} frames have no labels, the first {unlabelled[0]}", where=str(paths[1]))
    labels = {key: every[key] for key in keys}
    if odd := [key for key in keys if not all(type(label) is int for label in labels[key])]:
        raise DataError(f"labels of {odd[0]} are not whole numbers", where=str(paths[1]), expected="class indices")
    if outside := [key for key in keys if not all(0 <= label < classes for label in labels[key])]:
        raise DataError(f"labels of {outside[0]} are out of range", where=str(paths[1]), expected=f"0 to {classes - 1}")
    inner = (directory / "val").is_dir()
    keys_of = {key: key if inner else key.removeprefix("val/") for key in keys}
    return _Set(
        {keys_of[anchor]: tuple(keys_of[frame] for frame in own) for anchor, own in frames.items()},
        {keys_of[key]: own for key, own in labels.items()},
        {keys_of[key]: PurePosixPath(key).parent.name for key in keys},
        "",
        paths,
    )


def _lists(path: Path) -> dict[str, tuple[Any, ...]]:
    """Read a JSON object of lists."""
    record = read_json(path, DataError)
    if not isinstance(record, dict) or not record or not all(isinstance(value, list) for value in record.values()):
        raise DataError("no object of lists", where=str(path), expected='{"val/VIDEO/FRAME.JPEG": [...], ...}')
    return {inside(key, path): tuple(value) for key, value in record.items()}


def _keys(frames: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return all distinct frames, anchors included."""
    return tuple(dict.fromkeys(key for anchor, own in frames.items() for key in (anchor, *own)))


def _require_judges(found: _Set, anchors_of: Mapping[str, Sequence[str]]) -> None:
    """Refuse a frame that its anchor should judge while it has labels as an anchor itself: which would count?"""
    bare = {frame for frames in found.frames.values() for frame in frames if frame not in found.labels}
    mixed = [key for key in found.frames if anchors_of[key] and bare]
    if mixed:
        raise DataError(
            f"{mixed[0]} is an anchor and a frame of another anchor, while other frames have no labels of their own",
            where=str(found.sources[0]),
            expected="frame_labels in every row",
        )


def _first_label(key: str, labels: Labels, anchors_of: Mapping[str, Sequence[str]]) -> int:
    own = labels.get(key) or labels[anchors_of[key][0]]
    return own[0]


def _number(key: str) -> str:
    """Return the last number in a file's name, without leading zeros; empty where there is none."""
    numbers = re.findall(r"\d+", PurePosixPath(key).stem)
    return str(int(numbers[-1])) if numbers else ""


def _existing(*paths: Path) -> tuple[Path, ...]:
    return tuple(path for path in paths if is_regular(path))
