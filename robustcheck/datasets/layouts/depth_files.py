"""Depth maps in 16-bit PNG files, arrays in .npz files and matrices in text files, as correspondence sets have them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from robustcheck.datasets.decoding import MOST_PIXELS, read_image_file, whole_files
from robustcheck.errors import DataError

Floats = npt.NDArray[np.float64]

# How far a written rotation may be from one, and two shapes from each other.
_RIGID, _ALIKE = 0.01, 1.05


def read_depth(path: Path) -> npt.NDArray[np.uint16]:
    """Return the values of a 16-bit PNG of one channel (h, w)."""
    from PIL import Image

    content = read_image_file(path)
    try:
        with whole_files(), Image.open(io.BytesIO(content), formats=("PNG",)) as image:
            if image.width * image.height > MOST_PIXELS or not image.mode.startswith("I"):
                raise ValueError(f"{image.width} x {image.height} pixels of the mode {image.mode}")
            return np.asarray(image).astype(np.uint16)
    except (OSError, ValueError, SyntaxError) as error:
        raise DataError(
            f"no depth map ({error})", where=str(path), expected="a PNG of one channel of 16 bits"
        ) from error


def read_npz(path: Path, what: str) -> Mapping[str, npt.NDArray[Any]]:
    """Return the arrays of an .npz file by name; what is pickled is refused."""
    try:
        with np.load(path, allow_pickle=False) as found:
            return {name: found[name] for name in found.files}
    # A file of one array alone is no context manager.
    except (OSError, ValueError, KeyError, EOFError, AttributeError, TypeError, zipfile.BadZipFile) as error:
        raise DataError(f"cannot be read ({error})", where=str(path), expected=what) from error


def read_pose(path: Path) -> Floats:
    """Return the pose of a camera in a text file: a matrix (4, 4) of a rotation and a shift."""
    try:
        found = np.loadtxt(path, dtype=np.float64, ndmin=2)
    except (OSError, ValueError) as error:
        raise DataError(f"cannot be read ({error})", where=str(path), expected="4 lines of 4 numbers") from error
    if found.shape != (4, 4) or not np.isfinite(found).all():
        said = f"{found.shape[0]} lines of {found.shape[1]}" if found.shape != (4, 4) else "numbers that are not finite"
        raise DataError(said, where=str(path), expected="4 lines of 4 finite numbers")
    turn = found[:3, :3]
    if not (
        np.allclose(turn @ turn.T, np.eye(3), atol=_RIGID)
        and np.linalg.det(turn) > 0
        and np.allclose(found[3], [0, 0, 0, 1], atol=_RIGID)
    ):
        raise DataError(
            f"no pose of a camera: its rotation has the determinant {np.linalg.det(turn):.3g}",
            where=str(path),
            expected="a rotation (rows at right angles, of length 1, not mirrored), a shift, and a last line 0 0 0 1",
        )
    return found


def require_shape(size: tuple[int, int], other: tuple[int, int], where: Path, what: str) -> None:
    """Raise DataError unless two pictures (width, height) have one shape, by 5%: a point of one is a point of both."""
    ratio = size[0] * other[1] / (size[1] * other[0])
    if not 1 / _ALIKE <= ratio <= _ALIKE:
        raise DataError(
            f"{size[0]} x {size[1]} pixels",
            where=str(where),
            expected=f"the shape of {what}, {other[0]} x {other[1]}, at any size",
        )


def nearest(size: int, of: int) -> npt.NDArray[np.int64]:
    """Return which of ``of`` places each of ``size`` is, by torch's rule for ``nearest``: floor(i of / size).

    >>> nearest(3, 12).tolist()
    [0, 4, 8]
    """
    return (np.arange(size) * of // size).astype(np.int64)
