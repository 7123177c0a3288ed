"""Video files: how many frames each has, and the frames themselves, read with PyAV.

Lengths are kept beside the hashes, so that opening 50,000 files again does not read every header.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from robustcheck.datasets.fingerprint import Stamp, file_stamp, is_settled, write_atomically
from robustcheck.errors import DataError, SetupError

if TYPE_CHECKING:
    from types import ModuleType

SCHEMA = 1
SUFFIXES = (".mp4", ".avi", ".mkv", ".webm")

Known = Mapping[str, tuple[Stamp, int]]


def video_lengths(directory: Path, files: Sequence[Path], index_dir: Path | None) -> tuple[int, ...]:
    """Return the number of frames of each file, from the cache where a file has not changed since."""
    cache = _read_cache(_cache_path(directory, index_dir))
    known: dict[str, tuple[Stamp, int]] = {}
    for path in files:
        name, stamp = path.relative_to(directory).as_posix(), file_stamp(path)
        kept = cache.get(name)
        known[name] = kept if kept is not None and kept[0] == stamp else (stamp, _length(path))
    settled = {name: entry for name, entry in known.items() if is_settled(entry[0])}
    if settled != cache:
        _write_cache(_cache_path(directory, index_dir), settled)
    return tuple(length for _, length in known.values())


def video_frame(path: Path, frame: int) -> npt.NDArray[np.uint8]:
    """Return one frame of a file as RGB (height, width, 3); frames asked for in order decode the file once."""
    frames = _decoded(path, file_stamp(path))
    if frame >= len(frames):
        raise _damaged(path, f"{len(frames)} frames, fewer than its header says")
    return frames[frame]


@functools.lru_cache(maxsize=8)
def _decoded(path: Path, stamp: Stamp) -> tuple[npt.NDArray[np.uint8], ...]:
    """Decode all frames of a file; a few files are kept, because their frames are asked for one by one."""
    av = _pyav()
    try:
        with av.open(str(path)) as container:
            return tuple(frame.to_ndarray(format="rgb24") for frame in container.decode(video=0))
    except (av.FFmpegError, IndexError, OSError) as error:
        raise _damaged(path, str(error)) from error


def _length(path: Path) -> int:
    """Return the number of frames: what the container says, else what decoding finds."""
    av = _pyav()
    try:
        with av.open(str(path)) as container:
            told = container.streams.video[0].frames
            return int(told) or sum(1 for _ in container.decode(video=0))
    except (av.FFmpegError, IndexError, OSError) as error:
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


def _cache_path(directory: Path, index_dir: Path | None) -> Path | None:
    if index_dir is None:
        return None
    place = hashlib.sha256(os.fsencode(directory.resolve())).hexdigest()[:32]
    return index_dir / f"lengths-{place}.json"


def _read_cache(path: Path | None) -> Known:
    """Read a cache; one that is missing, damaged or of another schema counts as empty."""
    if path is None or not path.is_file():
        return {}
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["schema"] != SCHEMA:
            return {}
        return {name: ((int(a), int(b), int(c)), int(n)) for name, (a, b, c, n) in record["files"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _write_cache(path: Path | None, entries: Known) -> None:
    if path is not None:
        files = {name: [*stamp, length] for name, (stamp, length) in entries.items()}
        write_atomically(path, json.dumps({"schema": SCHEMA, "files": files}).encode())
