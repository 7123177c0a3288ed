"""YTBB-Robust as released: which anchors and which frames around them the reviewers accepted.

anchor_labels.json   {"labels": [names], "annotations": [{"key": "VIDEO_MS/frame-N.jpg", "labels": [indices]}, ...]}
pmk_labels.json      the same with keys "ANCHOR,FRAME"
..._full.csv         ytid,time_ms,label: the label that the video had before the review

An anchor counts when it is marked good, and neither bad nor unsure, nor a bad anchor of any pair. A frame counts when
it is marked similar to its anchor, has none of the problems below, and lies within ten frames of it. An anchor's
labels are the first one and those that the reviewers added. A later annotation of a key replaces an earlier one.
Source: modestyachts/imagenet-testbed, src/eval_settings/ytbb_robust.py (MIT), re-expressed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from robustcheck.datasets.layouts.text_files import read_csv_rows
from robustcheck.errors import DataError
from robustcheck.files.json_files import read_json
from robustcheck.files.numbers import whole_number

FILES = ("anchor_labels.json", "pmk_labels.json", "ytbb_robustness_test_anchors_full.csv")
NEAR = 10

_BAD_ANCHOR = "bad-anchor"
_PROBLEMS = frozenset(
    {
        "dissimilar",
        "problematic",
        "incorrect",
        "dont know",
        "deformation",
        "background-change",
        "occlusion-increased",
        "blur-increase",
        _BAD_ANCHOR,
    }
)
# The table of first labels counts "car" and "none" the other way round than the class list does.
_SWAPPED = {22: 23, 23: 22}

Frames = dict[str, tuple[str, ...]]


def read_ytbb(paths: Sequence[Path], class_names: Sequence[str]) -> tuple[Frames, dict[str, tuple[int, ...]]]:
    """Return the frames of each accepted anchor, by offset, and the accepted labels of each anchor."""
    anchors_path, pairs_path, first_path = paths
    marks = {_key(key): names for key, names in _annotations(anchors_path).items()}
    pairs = {_pair(key, pairs_path): names for key, names in _annotations(pairs_path).items()}
    bad = {anchor for (anchor, _), names in pairs.items() if _BAD_ANCHOR in names}
    good = [key for key, names in marks.items() if "good" in names and not names & {"bad", "unsure"} and key not in bad]
    similar = [pair for pair, names in pairs.items() if "similar" in names and not names & _PROBLEMS]
    first = _first_labels(first_path, len(class_names))
    if unknown := [key for key in good if _folder(key) not in first]:
        raise DataError(f"{unknown[0]} and {len(unknown) - 1} more have no first label", where=str(first_path))
    index = {name: number for number, name in enumerate(class_names)}
    labels = {
        key: tuple(sorted({first[_folder(key)]} | {index[name] for name in marks[key] if name in index}))
        for key in good
    }
    return _frames(good, similar), labels


def video_of(key: str) -> str:
    """Return the video of ``VIDEO_MS/frame-N.jpg``.

    >>> video_of("_0Qv8Q-Wh1w_168200/frame-5041.jpg")
    '_0Qv8Q-Wh1w'
    """
    return _folder(key).rpartition("_")[0]


def _annotations(path: Path) -> Mapping[str, frozenset[str]]:
    """Return the names of the labels of each key, the latest annotation of it."""
    try:
        record: Any = read_json(path, DataError)
        names = record["labels"]
        return {row["key"]: frozenset(names[label] for label in row["labels"]) for row in record["annotations"]}
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise DataError(
            f"not as released: {error!r}", where=str(path), expected='{"labels": [...], "annotations": [...]}'
        ) from error


def _frames(anchors: Sequence[str], pairs: Sequence[tuple[str, str]]) -> Frames:
    """Return the frames of each anchor in their order, those of its own clip within ten frames of it."""
    near: dict[str, list[str]] = {anchor: [] for anchor in anchors}
    for anchor, frame in pairs:
        if anchor in near and _folder(anchor) == _folder(frame) and 0 < abs(_offset(anchor, frame)) <= NEAR:
            near[anchor].append(frame)
    return {anchor: tuple(sorted(frames, key=_frame)) for anchor, frames in near.items()}


def _first_labels(path: Path, classes: int) -> dict[str, int]:
    labels: dict[str, int] = {}
    for row in read_csv_rows(path):
        label = whole_number(row.get("label", ""))
        if not {"ytid", "time_ms", "label"} <= row.keys() or label is None or label < 0:
            raise DataError(f"found the row {row}", where=str(path), expected="the columns ytid, time_ms and label")
        labels[f"{row['ytid']}_{row['time_ms']}"] = _SWAPPED.get(label, label)
    if labels and max(labels.values()) >= classes:
        raise DataError(f"the label {max(labels.values())}", where=str(path), expected=f"labels below {classes}")
    return labels


def _pair(key: str, path: Path) -> tuple[str, str]:
    anchor, comma, frame = key.partition(",")
    if not comma:
        raise DataError(f"the key {key!r}", where=str(path), expected="ANCHOR,FRAME")
    return _key(anchor), _key(frame)


def _key(path: str) -> str:
    """Return the last two parts of a path, which name a frame."""
    return "/".join(PurePosixPath(path).parts[-2:])


def _folder(key: str) -> str:
    return key.partition("/")[0]


def _frame(key: str) -> int:
    number = PurePosixPath(key).stem.rpartition("-")[2]
    if not number.isdecimal():
        raise DataError(f"the key {key!r}", expected="VIDEO_MS/frame-N.jpg")
    return int(number)


def _offset(anchor: str, frame: str) -> int:
    return _frame(frame) - _frame(anchor)
