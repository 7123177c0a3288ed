"""Made duplicates: what happens to a picture on its way from one collection to another (PROTOCOLS section 12).

In order: a small rotation, a crop, another aspect ratio, a smaller size, brightness and hue, JPEG. Each is
drawn between half and all of its limit for the strength. The result has the size of the original: a crop
of other shares of width and height, stretched back, changes the aspect ratio.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from robustcheck.transforms.digital import jpeg_coded
from robustcheck.transforms.pixels import image_of, pixels_of
from robustcheck.transforms.transform import NamedVariant, Scene

if TYPE_CHECKING:
    from PIL import Image

SCHEMA = 2  # raise when the same text comes to mean another picture


@dataclass(frozen=True, slots=True)
class Strength:
    """The limits of a duplicate: degrees, cropped share, stretch, size, brightness, hue (of a circle), quality."""

    degrees: float
    crop: float
    stretch: float
    smaller: float
    brightness: float
    hue: float
    quality: int


STRENGTHS: Mapping[str, Strength] = {
    "1": Strength(0.5, 0.02, 0.02, 0.10, 0.04, 0.005, 90),
    "2": Strength(1.0, 0.05, 0.04, 0.20, 0.08, 0.01, 80),
    "3": Strength(2.0, 0.08, 0.08, 0.35, 0.12, 0.02, 65),
    "4": Strength(3.0, 0.12, 0.12, 0.50, 0.16, 0.03, 50),
    "5": Strength(4.0, 0.16, 0.16, 0.60, 0.20, 0.04, 35),
}


@dataclass(frozen=True, slots=True)
class NearDuplicate(NamedVariant):
    """A near duplicate of the image, such as ``near_duplicate:2``."""

    schema: ClassVar[int] = SCHEMA

    @property
    def label(self) -> str:
        """Say the transform in words, with where it was made."""
        return f"near duplicate, strength {self.variant} (in memory)"

    def apply(self, image: Image.Image, rng: np.random.Generator, scene: Scene) -> Image.Image:
        """Return the duplicate as RGB, of the same size."""
        limits = STRENGTHS[self.variant]
        moved = _resized(_cropped(_rotated(image.convert("RGB"), limits, rng), limits, rng), image.size, limits, rng)
        return image_of(jpeg_coded(pixels_of(_recoloured(moved, limits, rng)), limits.quality))


def _rotated(image: Image.Image, limits: Strength, rng: np.random.Generator) -> Image.Image:
    from PIL import Image

    return image.rotate(_signed(limits.degrees, rng), Image.Resampling.BICUBIC)


def _cropped(image: Image.Image, limits: Strength, rng: np.random.Generator) -> Image.Image:
    kept = 1 - _amount(limits.crop, rng)
    stretch = _signed(limits.stretch, rng)
    width = round(image.width * kept * (1 - max(0.0, stretch)))
    height = round(image.height * kept * (1 + min(0.0, stretch)))
    left = int(rng.integers(image.width - width + 1))
    top = int(rng.integers(image.height - height + 1))
    return image.crop((left, top, left + max(1, width), top + max(1, height)))


def _resized(image: Image.Image, size: tuple[int, int], limits: Strength, rng: np.random.Generator) -> Image.Image:
    from PIL import Image

    factor = 1 - _amount(limits.smaller, rng)
    small = (max(1, round(size[0] * factor)), max(1, round(size[1] * factor)))
    return image.resize(small, Image.Resampling.BICUBIC).resize(size, Image.Resampling.BICUBIC)


def _recoloured(image: Image.Image, limits: Strength, rng: np.random.Generator) -> Image.Image:
    from PIL import Image, ImageEnhance

    brighter = ImageEnhance.Brightness(image).enhance(1 + _signed(limits.brightness, rng))
    hsv = np.array(brighter.convert("HSV"))
    # 8-bit hue is a circle: it wraps as the integers do.
    hsv[..., 0] += np.uint8(round(256 * _signed(limits.hue, rng)) % 256)
    return Image.frombytes("HSV", image.size, hsv.tobytes()).convert("RGB")


def _amount(limit: float, rng: np.random.Generator) -> float:
    return float(rng.uniform(limit / 2, limit))


def _signed(limit: float, rng: np.random.Generator) -> float:
    return _amount(limit, rng) * float(rng.choice((-1, 1)))
