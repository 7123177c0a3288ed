"""Video files: how many frames each has, and the frames themselves, read with PyAV.

Lengths are kept beside the hashes, so that opening 50,000 files again does not read every header.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from robustcheck.datasets.file_facts import FileFacts
from robustcheck.disk import Stamp, file_stamp
from robustcheck.errors import DataError, SetupError
from robustcheck.files.regular import open_regular

if TYPE_CHECKING:
    from types import ModuleType

SCHEMA = 1
# The containers that are read, and what FFmpeg may take each for: guessing by content would also let in play lists,
# which name other files and addresses.
_FORMATS = {".mp4": "mp4", ".avi": "avi", ".mkv": "matroska", ".webm": "matroska"}
SUFFIXES = tuple(_FORMATS)


def video_lengths(directory: Path, files: Sequence[Path], index_dir: Path | None) -> tuple[int, ...]:
    """Return the number of frames of each file, from the cache where a file has not changed since."""
    return tuple(_LENGTHS.of(directory, files, index_dir).values())


def video_frame(path: Path, frame: int, length: int) -> npt.NDArray[np.uint8]:
    """Return one frame of a file as RGB (height, width, 3); frames asked for in order decode the file once.

    ``length`` is what its header says; a file that holds fewer frames or more is damaged.
    """
    frames = _decoded(path, file_stamp(path))
    if len(frames) != length:
        raise _damaged(path, f"{len(frames)} frames, where its header says {length}")
    return frames[frame]


@functools.lru_cache(maxsize=8)
def _decoded(path: Path, stamp: Stamp) -> tuple[npt.NDArray[np.uint8], ...]:
    """Decode all frames of a file; a few files are kept, because their frames are asked for one by one."""
    av = _pyav()
    try:
        with open_regular(path) as stream, av.open(stream, format=_FORMATS[path.suffix.lower()]) as container:
            return tuple(frame.to_ndarray(format="rgb24") for frame in container.decode(video=0))
    except (av.FFmpegError, IndexError, OSError, ValueError) as error:
        raise _damaged(path, str(error)) from error


def _length(path: Path) -> int:
    """Return the number of frames: what the container says, else what decoding finds."""
    av = _pyav()
    try:
        with open_regular(path) as stream, av.open(stream, format=_FORMATS[path.suffix.lower()]) as container:
            told = container.streams.video[0].frames
            return int(told) or sum(1 for _ in container.decode(video=0))
    except (av.FFmpegError, IndexError, OSError, ValueError) as error:
        raise _damaged(path, str(error)) from error


def _damaged(path: Path, what: str) -> DataError:
    return DataError(f"cannot decode the video: {what}", where=str(path), fix="restore this file from its source")


def _pyav() -> ModuleType | Any:
    try:
        import av
    except ImportError as error:
        raise SetupError(
            "video files need PyAV", fix="pip install 'robustcheck[video]', or extract the frames"
        ) from error
    return av


_LENGTHS = FileFacts("lengths", SCHEMA, _length)
