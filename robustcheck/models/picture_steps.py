"""The steps of torchvision that resize and cut pictures, as values: they travel to other processes and need no torch.

They make the bytes that torchvision makes of a picture of Pillow. What is not known here stays torchvision's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from robustcheck.models.geometry import Crop, crop_whole

if TYPE_CHECKING:
    from PIL import Image

_TORCHVISION = "torchvision.transforms.transforms"


@dataclass(frozen=True, slots=True)
class ShortSide:
    """Resize until the short side has so many pixels; the long side is rounded down."""

    side: int
    resampling: int

    def apply(self, image: Image.Image) -> Image.Image:
        """Return the picture in its new size."""
        wide, high = image.size
        long = int(self.side * max(wide, high) / min(wide, high))
        size = (self.side, long) if wide <= high else (long, self.side)
        return image if image.size == size else image.resize(size, self.resampling)


@dataclass(frozen=True, slots=True)
class WholeSize:
    """Resize to (width, height), whatever the shape was."""

    size: tuple[int, int]
    resampling: int

    def apply(self, image: Image.Image) -> Image.Image:
        """Return the picture in its new size."""
        return image if image.size == self.size else image.resize(self.size, self.resampling)


@dataclass(frozen=True, slots=True)
class CutCentre:
    """Cut (width, height) out of the middle; what is too small is filled up with black first."""

    size: tuple[int, int]

    def apply(self, image: Image.Image) -> Image.Image:
        """Return the middle of the picture."""
        lacking = [max(want - have, 0) for want, have in zip(self.size, image.size, strict=True)]
        if any(lacking):
            before, after = [n // 2 for n in lacking], [(n + 1) // 2 for n in lacking]
            image = image.crop((-before[0], -before[1], image.width + after[0], image.height + after[1]))
        left, top = (round((have - want) / 2) for want, have in zip(self.size, image.size, strict=True))
        return image.crop((left, top, left + self.size[0], top + self.size[1]))


PictureStep = ShortSide | WholeSize | CutCentre


@dataclass(frozen=True, slots=True)
class Steps:
    """Steps one after the other, then the pixels."""

    steps: tuple[PictureStep, ...]

    def __call__(self, image: Image.Image) -> Crop:
        """Return (H, W, 3) of uint8."""
        for step in self.steps:
            image = step.apply(image)
        return crop_whole(image)


def known_step(step: Any) -> PictureStep | None:
    """Return a step of torchvision as a value; None for one that is not known to make the same bytes."""
    kind = type(step)
    if kind.__module__ != _TORCHVISION:
        return None
    if kind.__name__ == "CenterCrop":
        high, wide = step.size
        return CutCentre((int(wide), int(high)))
    return _resize(step) if kind.__name__ == "Resize" and step.max_size is None else None


def _resize(step: Any) -> ShortSide | WholeSize | None:
    from PIL import Image

    resampling = {each.name.lower(): each for each in Image.Resampling}.get(step.interpolation.value)
    if resampling is None:
        return None
    size = [step.size] if isinstance(step.size, int) else list(step.size)
    if len(size) == 1:
        return ShortSide(int(size[0]), int(resampling))
    return WholeSize((int(size[1]), int(size[0])), int(resampling))
