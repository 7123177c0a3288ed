"""scikit-learn's digits: real handwriting that is on every machine.

Rows 0..999 are the zoo's training set, rows 1000..1796 (other writers) the catalogue's ``digits``.
The packaged file is read directly: importing scikit-learn would take a second or two.
"""

from __future__ import annotations

import functools
import gzip
import hashlib
import types
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from robustcheck.datasets.class_sets import package_directory
from robustcheck.datasets.dataset import ImageDataset, IntArray
from robustcheck.errors import DataError, SetupError

if TYPE_CHECKING:
    from PIL import Image

SCHEMA = 1  # raise when the rendering, the split or the ids change
SIZE = 32
TRAINING_ROWS = 1000
ROWS = 1797
CLASS_NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
TEMPLATES = (
    "a photo of the digit {c}.",
    "a handwritten {c}.",
    "the number {c} in white on black.",
    "a scan of the digit {c}.",
)


def open_digits(name: str = "digits") -> ImageDataset:
    """Open the 797 held-out digits as a dataset, or with the name ``digits-train`` the 1000 before them."""
    is_training = name == "digits-train"
    rows = range(TRAINING_ROWS) if is_training else range(TRAINING_ROWS, ROWS)
    table = read_digits()[rows.start : rows.stop]
    return ImageDataset(
        name=name,
        layout="packaged",
        fingerprint=_fingerprint("training" if is_training else ""),
        class_names=CLASS_NAMES,
        class_set="digits",
        prompts="",
        templates=TEMPLATES,
        ids=np.array([f"digits-{row}" for row in rows]),
        labels=table[:, -1].astype(np.int64),
        groups=types.MappingProxyType({}),
        columns=None,
        pictures=_DigitPictures(table[:, :-1].reshape(-1, 8, 8)),
    )


def digits_training() -> tuple[list[Image.Image], IntArray]:
    """Return the zoo's 1000 training digits, rendered like the held-out ones, and their labels."""
    table = read_digits()[:TRAINING_ROWS]
    images = [render_digit(row.reshape(8, 8)) for row in table[:, :-1]]
    return images, table[:, -1].astype(np.int64)


def render_digit(pixels: npt.ArrayLike) -> Image.Image:
    """Render 8x8 ink counts (0..16) as a 32x32 RGB image, white strokes on black.

    Pillow's bicubic resize works in fixed point on 8-bit images, so it is the same on every machine.
    """
    from PIL import Image

    ink = np.asarray(pixels, dtype=np.float64)
    grey = np.rint(ink * (255 / 16)).astype(np.uint8)
    return Image.fromarray(grey).resize((SIZE, SIZE), Image.Resampling.BICUBIC).convert("RGB")


@dataclass(frozen=True, slots=True, eq=False)
class _DigitPictures:
    pixels: npt.NDArray[np.uint8]

    def image(self, index: int) -> Image.Image:
        return render_digit(self.pixels[index])


@functools.cache
def read_digits() -> npt.NDArray[np.uint8]:
    """Read the table (1797, 65): 64 ink counts and the digit."""
    text = gzip.decompress(_data_file().read_bytes()).decode("ascii")
    values = np.array(text.replace("\n", ",").rstrip(",").split(","), dtype=np.uint8)
    if values.size != ROWS * 65:
        raise DataError(f"{values.size} numbers", where=str(_data_file()), expected=f"{ROWS} rows of 65")
    table = values.reshape(ROWS, 65)
    table.flags.writeable = False
    return table


def _fingerprint(part: str) -> str:
    """Hash the file and how it is read; the held-out rows have no part in it, as before there were others."""
    content = hashlib.sha256(_data_file().read_bytes()).hexdigest()
    return hashlib.sha256(f"digits {SCHEMA} {TRAINING_ROWS} {content}{part}".encode()).hexdigest()


def _data_file() -> Path:
    path = package_directory("sklearn", "scikit-learn") / "datasets" / "data" / "digits.csv.gz"
    if not path.is_file():
        raise SetupError("scikit-learn has no digits.csv.gz", fix="reinstall scikit-learn")
    return path
