"""The crop cache: what a geometry made of the images of a set, kept for the many runs on the same images.

Decoding and cropping an image takes longer than a small model does to run on it. A chunk of crops is one file of 8-bit
pixels, exactly those that were made, which is mapped into memory when its images are asked for again. Its name holds
everything that decides the pixels, and a checksum. The cache grows up to a size; then it drops what other runs left.
"""

from __future__ import annotations

import io
import os
import zlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from robustcheck.datasets.decoding import SCHEMA
from robustcheck.disk import write_atomically
from robustcheck.errors import SetupError
from robustcheck.measure.jobs import Job
from robustcheck.models.digests import installed_version
from robustcheck.models.geometry import Crop
from robustcheck.store import content_key

Block = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class CropPlace:
    """Where crops are kept on this machine, and how many bytes they may take."""

    directory: Path
    most_bytes: int


@dataclass(slots=True)
class CropCache:
    """The crops of one pass; ``_ours`` are the files that this process read or wrote, which it does not drop."""

    place: CropPlace
    _ours: set[Path] = field(default_factory=set)

    def read(self, job: Job, geometry: str) -> Block | None:
        """Return the crops of a job's images (n, H, W, 3), mapped into memory; None unless they are there and whole."""
        stem = self._stem(job, geometry)
        for path in sorted(stem.parent.glob(f"{stem.name}-*.npy")):
            block = _whole(path)
            if block is not None and len(block) == len(job.span):
                self._ours.add(path)
                _touch(path)
                return block
        return None

    def write(self, job: Job, geometry: str, crops: Sequence[Crop]) -> None:
        """Keep the crops of a job's images, unless their shapes differ or the cache is full of what this run uses."""
        if not crops or len({crop.shape for crop in crops}) > 1:
            return
        block, stem = np.stack(crops), self._stem(job, geometry)
        path = stem.with_name(f"{stem.name}-{zlib.crc32(block.tobytes()):08x}.npy")
        content = io.BytesIO()
        np.save(content, block, allow_pickle=False)
        if not self._make_room(content.getbuffer().nbytes):
            return
        try:
            write_atomically(path, content.getvalue())
        except SetupError:
            # A cache that cannot be written costs time and nothing else.
            return
        self._ours.add(path)

    def _stem(self, job: Job, geometry: str) -> Path:
        """Return the beginning of a file's path: images, decoder, geometry and the libraries that carry it out."""
        facts = {
            "images": job.images.fingerprint,
            "decoder": SCHEMA,
            "geometry": geometry,
            "libraries": pixel_libraries(),
        }
        key = content_key(facts if job.images.decode == "exact" else {**facts, "decode": job.images.decode})
        return self.place.directory / key[:2] / key / f"{job.chunk_rows}-{job.chunk:06d}"

    def _make_room(self, size: int) -> bool:
        """Drop files of other runs, those used longest ago first, until one of this size fits; say whether it does."""
        found = {path: path.stat() for path in self.place.directory.glob("*/*/*.npy") if path.exists()}
        total = size + sum(stat.st_size for stat in found.values())
        for path in sorted(found.keys() - self._ours, key=lambda path: found[path].st_mtime_ns):
            if total <= self.place.most_bytes:
                break
            path.unlink(missing_ok=True)
            total -= found[path].st_size
        return total <= self.place.most_bytes


def _whole(path: Path) -> Block | None:
    try:
        block: Block = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    is_whole = f"{zlib.crc32(block.tobytes()):08x}" == path.stem.rpartition("-")[2]
    return block if is_whole and block.dtype == np.uint8 and block.ndim == 4 else None


def _touch(path: Path) -> None:
    # Another run may have dropped it; the mapping stays.
    with suppress(OSError):
        os.utime(path)


@cache
def pixel_libraries() -> tuple[str, ...]:
    """Return the libraries that decide pixels, with their versions."""
    return tuple(f"{name} {installed_version(name)}" for name in ("pillow", "torchvision", "numpy"))
