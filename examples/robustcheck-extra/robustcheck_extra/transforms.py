"""A transform: the image seen in a mirror, ``mirror:left-right`` or ``mirror:upside-down``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from robustcheck.transforms import Scene, TransformKind

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image


@dataclass(frozen=True, slots=True)
class Mirror:
    """An image mirrored, such as ``mirror:left-right``."""

    name: str
    variant: str

    def __str__(self) -> str:
        return f"{self.name}:{self.variant}"

    @property
    def label(self) -> str:
        """Say the transform in words."""
        return f"mirrored {self.variant.replace('-', ' ')}"

    @property
    def schema(self) -> int:
        """Return the version of what it makes of a picture."""
        return 1

    @property
    def reference_side(self) -> int | None:
        """Return None: a picture of any size."""
        return None

    @property
    def reads_scene(self) -> bool:
        """Say whether the picture depends on the label and the class names."""
        return False

    def apply(self, image: Image.Image, rng: np.random.Generator, scene: Scene) -> Image.Image:
        """Return the mirrored image."""
        from PIL import ImageOps

        return ImageOps.mirror(image) if self.variant == "left-right" else ImageOps.flip(image)


MIRROR = TransformKind("mirror", ("left-right", "upside-down"), Mirror)
