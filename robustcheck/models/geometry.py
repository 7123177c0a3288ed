"""What stands between a picture and a model's arithmetic, in two parts that are kept apart.

The geometry resizes and crops: from a picture to 8-bit pixels, on the processor. The normalisation is (x - mean) / std
on the model's device. Models that differ only in mean and std share a crop, and what changes pixels in memory
(a corruption, an attack) works between the two.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from robustcheck.errors import ModelError

if TYPE_CHECKING:
    from PIL import Image

Crop = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Geometry:
    """How a picture becomes pixels: ``crop`` takes an RGB picture and gives (H, W, 3) of uint8.

    Equal ``key`` means equal crops, so that models with one key share them. ``side`` is the short side of the crops.
    ``of_square`` resizes a square picture to them and cuts nothing off; without, ``crop`` does so. ``least`` is the
    short side below which a picture would be enlarged by ``crop``; None where that is not known. ``by_torch`` is
    ``crop`` with torch to resize and not Pillow, where torch can.
    """

    key: str
    crop: Callable[[Image.Image], Crop]
    side: int = 224
    of_square: Callable[[Image.Image], Crop] | None = None
    least: int | None = None
    by_torch: Callable[[Image.Image], Crop] | None = None

    def crop_square(self, image: Image.Image) -> Crop:
        """Return the whole of a square RGB picture as the model takes it."""
        return (self.of_square or self.crop)(image)


@dataclass(frozen=True, slots=True)
class Normalisation:
    """How pixels in [0, 1] become a model's input: (x - mean) / std for each channel."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


def require_channels(normalisation: Normalisation) -> Normalisation:
    """Return a normalisation of three channels; raise ModelError for another, which would be spread over them."""
    numbers = (*normalisation.mean, *normalisation.std)
    if (len(normalisation.mean), len(normalisation.std)) != (3, 3) or not all(map(math.isfinite, numbers)):
        raise ModelError(
            f"a mean of {normalisation.mean} and a std of {normalisation.std}",
            expected="three finite numbers each, for red, green and blue",
            fix="correct the configuration of its preprocessing",
        )
    return normalisation


UNCHANGED = Normalisation((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


def crop_whole(image: Image.Image) -> Crop:
    """Return all pixels of an RGB picture as (H, W, 3) of uint8."""
    return np.asarray(image, dtype=np.uint8)


WHOLE = Geometry("the whole image", crop_whole)
