"""The steps of torchvision that resize and cut pictures, as values: they travel to other processes and need no torch.

They make the bytes that torchvision makes of a picture of Pillow. What is not known here stays torchvision's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from robustcheck.models.geometry import Crop, crop_whole
from robustcheck.models.torch_resizing import TORCH_MODES, resize_by_torch

if TYPE_CHECKING:
    from PIL import Image

Size = tuple[int, int]  # width and height

_TORCHVISION = "torchvision.transforms.transforms"


@dataclass(frozen=True, slots=True)
class ShortSide:
    """Resize until the short side has so many pixels; the long side is rounded down."""

    side: int
    resampling: int

    def size_of(self, size: Size) -> Size:
        """Return the new size of a picture of this one."""
        wide, high = size
        long = int(self.side * max(wide, high) / min(wide, high))
        return (self.side, long) if wide <= high else (long, self.side)

    def apply(self, image: Image.Image) -> Image.Image:
        """Return the picture in its new size."""
        size = self.size_of(image.size)
        return image if image.size == size else image.resize(size, self.resampling)


@dataclass(frozen=True, slots=True)
class WholeSize:
    """Resize to (width, height), whatever the shape was."""

    size: Size
    resampling: int

    def size_of(self, size: Size) -> Size:
        """Return the new size of a picture of this one."""
        return self.size

    def apply(self, image: Image.Image) -> Image.Image:
        """Return the picture in its new size."""
        return image if image.size == self.size else image.resize(self.size, self.resampling)


@dataclass(frozen=True, slots=True)
class CutCentre:
    """Cut (width, height) out of the middle; what is too small is filled up with black first."""

    size: Size

    def apply(self, pixels: Crop) -> Crop:
        """Return the middle of pixels (H, W, 3)."""
        wanted = self.size[::-1]
        lacking = [max(want - have, 0) for want, have in zip(wanted, pixels.shape, strict=False)]
        if any(lacking):
            pixels = np.pad(pixels, [*((n // 2, (n + 1) // 2) for n in lacking), (0, 0)])
        top, left = (round((have - want) / 2) for want, have in zip(wanted, pixels.shape, strict=False))
        return pixels[top : top + wanted[0], left : left + wanted[1]]


PictureStep = ShortSide | WholeSize | CutCentre


@dataclass(frozen=True, slots=True)
class Steps:
    """A resize, then a cut, where there are any."""

    resize: ShortSide | WholeSize | None = None
    cut: CutCentre | None = None

    def __call__(self, image: Image.Image) -> Crop:
        """Return (H, W, 3) of uint8."""
        return self._cut(crop_whole(image if self.resize is None else self.resize.apply(image)))

    def by_torch(self, image: Image.Image) -> Crop:
        """Return (H, W, 3) of uint8, resized by torch: there has to be a resize of which ``torch_can`` says so."""
        assert self.resize is not None, "torch_can says no"
        return self._cut(resize_by_torch(image, self.resize.size_of(image.size), self.resize.resampling))

    @property
    def torch_can(self) -> bool:
        """Whether there is a resize of a kind that torch has."""
        return self.resize is not None and self.resize.resampling in TORCH_MODES

    def _cut(self, pixels: Crop) -> Crop:
        return np.ascontiguousarray(pixels if self.cut is None else self.cut.apply(pixels))


def known_steps(steps: Sequence[Any]) -> Steps | None:
    """Return steps of torchvision as a value; None where one is not known, or where their order is another."""
    match [known_step(step) for step in steps]:
        case []:
            return Steps()
        case [ShortSide() | WholeSize() as resize]:
            return Steps(resize)
        case [CutCentre() as cut]:
            return Steps(cut=cut)
        case [ShortSide() | WholeSize() as resize, CutCentre() as cut]:
            return Steps(resize, cut)
    return None


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
