"""Make small dataset directories in the known layouts."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

NAMES = ("cat", "dog", "owl")
TEMPLATES = ("a photo of a {c}.", "a drawing of a {c}.")
Members = Iterable[tuple[str, bytes]]


def rewrite_with_old_time(path: Path, content: bytes) -> None:
    """Write a file anew and set its time back, a tick of the file system's clock later.

    Only the change time shows it then; within one tick nothing would.
    """
    before = path.stat()
    while path.stat().st_ctime_ns == before.st_ctime_ns:
        path.write_bytes(content)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def pixels(number: int, size: int = 12) -> np.ndarray:
    """Return a picture of its own for each number."""
    return np.random.default_rng(number).integers(0, 256, (size, size, 3), dtype=np.uint8)


def encoded(number: int, kind: str = "png") -> bytes:
    """Encode a picture."""
    buffer = io.BytesIO()
    Image.fromarray(pixels(number)).save(buffer, kind)
    return buffer.getvalue()


def sample(number: int, label: int | str, suffix: str = "png") -> list[tuple[str, bytes]]:
    """Return the members of one sample."""
    key = f"s{number:07d}"
    return [(f"{key}.cls", str(label).encode()), (f"{key}.{suffix}", encoded(number))]


def write_tar(path: Path, members: Members) -> Path:
    """Write a shard."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def make_webdataset(
    directory: Path,
    shards: Sequence[Members],
    names: Sequence[str] = NAMES,
    templates: Sequence[str] = TEMPLATES,
) -> Path:
    """Write a CLIP_benchmark directory."""
    for number, members in enumerate(shards):
        write_tar(directory / "test" / f"{number}.tar", members)
    (directory / "test" / "nshards.txt").write_text(f"{len(shards)}\n")
    if names:
        (directory / "classnames.txt").write_text("\n".join(names) + "\n")
    if templates:
        (directory / "zeroshot_classification_templates.txt").write_text("\n".join(templates) + "\n")
    return directory


def three_shards(directory: Path) -> Path:
    """Write a webdataset of ten samples in three shards, labels number % 3."""
    parts = (range(4), range(4, 8), range(8, 10))
    return make_webdataset(directory, [[m for i in part for m in sample(i, i % 3)] for part in parts])


def make_imagefolder(directory: Path, files: Iterable[str]) -> Path:
    """Write images at the given relative paths."""
    for number, name in enumerate(files):
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encoded(number))
    return directory
