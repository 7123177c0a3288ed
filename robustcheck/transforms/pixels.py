"""Pixels in [0, 1], the 8-bit images they come from, and layers drawn for a 224-pixel side.

ImageNet-C's parameters are in pixels of a 224x224 image. A blur is scaled to the image's short side,
so that it covers the same part of the picture. What falls on the picture (snow, fog, drops) is drawn
on a canvas with a short side of 224 and fitted to the image, which changes nothing at that size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from PIL import Image

REFERENCE_SIDE = 224

Pixels = npt.NDArray[np.float64]


def pixels_of(image: Image.Image) -> Pixels:
    """Return an image as (height, width, 3) in [0, 1]."""
    return np.asarray(image.convert("RGB"), dtype=np.float64) / 255


def image_of(pixels: Pixels) -> Image.Image:
    """Return pixels as an RGB image, clipped and rounded to 8 bits."""
    from PIL import Image

    return Image.fromarray(np.rint(np.clip(pixels, 0, 1) * 255).astype(np.uint8))


def side_scale(pixels: Pixels) -> float:
    """Return the short side in units of 224 pixels."""
    return float(min(pixels.shape[:2]) / REFERENCE_SIDE)


def canvas_shape(pixels: Pixels) -> tuple[int, int]:
    """Return (height, width) of the image's shape with a short side of 224."""
    height, width = pixels.shape[:2]
    scale = REFERENCE_SIDE / min(height, width)
    return round(height * scale), round(width * scale)


def fitted(layer: Pixels, pixels: Pixels) -> Pixels:
    """Return a (height, width) layer at the size of the image."""
    from PIL import Image

    height, width = pixels.shape[:2]
    if layer.shape == (height, width):
        return layer
    resized = Image.fromarray(layer.astype(np.float32)).resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(resized, dtype=np.float64)
