"""Sequences of frames: WNID/VIDEO.mp4, or the extracted frames WNID/VIDEO/FRAME.jpg.

A sample is a frame; the columns ``video`` (CLASS/VIDEO) and ``frame`` (0, 1, ...) say where it belongs. Frames that are
files follow each other by the number in their names. Reading MP4 needs PyAV (``pip install 'robustcheck[video]'``).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

from robustcheck.datasets.dataset import Contents, ImageFiles, IntArray, Pictures
from robustcheck.datasets.decoding import IMAGE_SUFFIXES
from robustcheck.datasets.layouts.class_folders import CLASS_NAMES, class_folders
from robustcheck.datasets.layouts.image_files import require_one_meaning, walk_images
from robustcheck.datasets.layouts.video_files import SUFFIXES, video_frame, video_lengths
from robustcheck.errors import DataError
from robustcheck.files.regular import is_regular

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True, slots=True)
class _Sequence:
    """A sequence: its label, its name CLASS/VIDEO, and a file for each frame, or one video file for all."""

    label: int
    name: str
    files: tuple[Path, ...]

    @property
    def is_video(self) -> bool:
        return self.files[0].suffix.lower() in SUFFIXES


def read_sequences(directory: Path, index_dir: Path | None = None) -> Contents:
    """Read sequences without decoding a frame; the headers of video files are read for their lengths."""
    walk = walk_images(directory, (*IMAGE_SUFFIXES, *(suffix.removeprefix(".") for suffix in SUFFIXES)))
    inner = [name for name in walk.images if "/" in name]
    require_one_meaning(walk, directory, _folder, "classes")
    classes = class_folders(directory, Counter(map(_folder, inner)))
    sequences = list(_sequences(directory, inner, classes.labels))
    lengths = _lengths(directory, sequences, index_dir)
    frames = np.concatenate([np.arange(length, dtype=np.int64) for length in lengths])
    names = np.repeat(np.array([sequence.name for sequence in sequences]), lengths)
    listed = directory / CLASS_NAMES
    return Contents(
        directory=directory,
        layout="sequences",
        ids=np.array([f"{name}/{frame}" for name, frame in zip(names, frames, strict=True)], dtype=np.str_),
        labels=np.repeat(np.array([sequence.label for sequence in sequences], dtype=np.int64), lengths),
        class_count=classes.class_count,
        class_names=classes.class_names,
        templates=(),
        groups={"video": names, "frame": frames.astype(np.str_)},
        files=(*(path for found in sequences for path in found.files), *([listed] if is_regular(listed) else [])),
        pictures=_pictures(directory, sequences, lengths, frames),
        wnids=classes.wnids,
        defects=(*walk.defects, *classes.defects, *_outside(walk.images)),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _VideoPictures:
    """Frames decoded from video files."""

    files: tuple[Path, ...]
    lengths: tuple[int, ...]
    file_of: IntArray
    frames: IntArray

    def file(self, index: int) -> Path:
        return self.files[int(self.file_of[index])]

    def image(self, index: int) -> Image.Image:
        from PIL import Image

        file = int(self.file_of[index])
        return Image.fromarray(video_frame(self.files[file], int(self.frames[index]), self.lengths[file]))


def _sequences(directory: Path, names: Sequence[str], labels: Mapping[str, int]) -> Iterator[_Sequence]:
    """Yield the sequences of each class by name: directories of frames, and video files."""
    files: dict[tuple[int, str], list[Path]] = {}
    for name in names:
        if _is_part(name) and (label := labels.get(_folder(name))) is not None:
            # CLASS/VIDEO.mp4 is a sequence, and so is all that lies under CLASS/VIDEO.
            sequence = name.rpartition(".")[0] if _is_video(name) else "/".join(name.split("/")[:2])
            files.setdefault((label, sequence), []).append(directory / name)
    for (label, sequence), own in sorted(files.items()):
        yield _Sequence(label, sequence, tuple(sorted(own, key=lambda path: (_number(path), path.name))))


def _folder(name: str) -> str:
    return name.partition("/")[0]


def _is_video(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in SUFFIXES


def _is_part(name: str) -> bool:
    """Tell whether a file is a video of a class, or a frame in the folder of a video."""
    return (name.count("/") == 1) == _is_video(name)


def _outside(names: Sequence[str]) -> tuple[str, ...]:
    outside = [name for name in names if not _is_part(name)]
    return (f"{len(outside)} files belong to no sequence and are not read, the first {outside[0]}",) if outside else ()


def _lengths(directory: Path, sequences: Sequence[_Sequence], index_dir: Path | None) -> tuple[int, ...]:
    if not sequences:
        raise DataError("no sequences", where=str(directory), expected="CLASS/VIDEO.mp4 or CLASS/VIDEO/FRAME.jpg")
    if len({sequence.is_video for sequence in sequences}) > 1:
        raise DataError("both video files and extracted frames", where=str(directory), expected="one of the two")
    if sequences[0].is_video:
        return video_lengths(directory, [sequence.files[0] for sequence in sequences], index_dir)
    return tuple(len(sequence.files) for sequence in sequences)


def _pictures(directory: Path, sequences: Sequence[_Sequence], lengths: tuple[int, ...], frames: IntArray) -> Pictures:
    files = tuple(path for sequence in sequences for path in sequence.files)
    if sequences[0].is_video:
        return _VideoPictures(files, lengths, np.repeat(np.arange(len(files), dtype=np.int64), lengths), frames)
    return ImageFiles(directory, tuple(path.relative_to(directory).as_posix() for path in files))


def _number(path: Path) -> int:
    """Return the last number in a name, so that frame 10 follows frame 9."""
    numbers = re.findall(r"\d+", path.stem)
    return int(numbers[-1]) if numbers else -1
