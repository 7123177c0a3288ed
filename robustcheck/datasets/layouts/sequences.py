"""Sequences of frames: WNID/VIDEO.mp4, or the extracted frames WNID/VIDEO/FRAME.jpg.

A sample is a frame; the columns ``video`` (CLASS/VIDEO) and ``frame`` (0, 1, ...) say where it belongs. Frames that are
files follow each other by the number in their names. Reading MP4 needs PyAV (``pip install 'robustcheck[video]'``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from robustcheck.datasets.class_sets import imagenet_class_names, imagenet_wnids
from robustcheck.datasets.dataset import Contents, ImageFiles, IntArray, Pictures
from robustcheck.datasets.layouts.image_files import image_paths
from robustcheck.datasets.layouts.text_files import read_class_names
from robustcheck.datasets.layouts.video_files import SUFFIXES, video_frame, video_lengths
from robustcheck.errors import DataError

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
    folders = sorted(child for child in directory.iterdir() if child.is_dir() and not child.name.startswith("."))
    sequences = [found for label, folder in enumerate(folders) for found in _sequences(directory, folder, label)]
    lengths = _lengths(directory, sequences, index_dir)
    frames = np.concatenate([np.arange(length, dtype=np.int64) for length in lengths])
    names = np.repeat(np.array([sequence.name for sequence in sequences]), lengths)
    wnids = tuple(folder.name for folder in folders)
    listed = directory / "classnames.txt"
    return Contents(
        directory=directory,
        layout="sequences",
        ids=np.array([f"{name}/{frame}" for name, frame in zip(names, frames, strict=True)], dtype=np.str_),
        labels=np.repeat(np.array([sequence.label for sequence in sequences], dtype=np.int64), lengths),
        class_count=len(folders),
        class_names=read_class_names(listed) or _imagenet_names(wnids) or wnids,
        templates=(),
        groups={"video": names, "frame": frames.astype(np.str_)},
        files=(*(path for found in sequences for path in found.files), *([listed] if listed.is_file() else [])),
        pictures=_pictures(directory, sequences, lengths, frames),
        wnids=wnids if _imagenet_names(wnids) else (),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _VideoPictures:
    """Frames decoded from video files."""

    files: tuple[Path, ...]
    file_of: IntArray
    frames: IntArray

    def image(self, index: int) -> Image.Image:
        from PIL import Image

        return Image.fromarray(video_frame(self.files[self.file_of[index]], int(self.frames[index])))


def _sequences(directory: Path, folder: Path, label: int) -> Iterator[_Sequence]:
    """Yield the sequences of a class by name: directories of frames, and video files."""
    for child in sorted(folder.iterdir()):
        name = child.relative_to(directory).as_posix()
        if child.is_dir():
            files = tuple(sorted(image_paths(child), key=lambda path: (_number(path), path.name)))
            if files:
                yield _Sequence(label, name, files)
        elif child.suffix.lower() in SUFFIXES and not child.name.startswith("."):
            yield _Sequence(label, name.removesuffix(child.suffix), (child,))


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
        return _VideoPictures(files, np.repeat(np.arange(len(files), dtype=np.int64), lengths), frames)
    return ImageFiles(directory, tuple(path.relative_to(directory).as_posix() for path in files))


def _number(path: Path) -> int:
    """Return the last number in a name, so that frame 10 follows frame 9."""
    numbers = re.findall(r"\d+", path.stem)
    return int(numbers[-1]) if numbers else -1


def _imagenet_names(wnids: tuple[str, ...]) -> tuple[str, ...]:
    place = {wnid: index for index, wnid in enumerate(imagenet_wnids())}
    if not all(wnid in place for wnid in wnids):
        return ()
    return tuple(imagenet_class_names()[place[wnid]] for wnid in wnids)
