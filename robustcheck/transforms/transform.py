"""What a transform is to the rest of the house, and the random numbers it may use."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

import numpy as np

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True, slots=True)
class Scene:
    """What is known of an image beside its pixels; ``label`` is negative where there is none."""

    image_id: str
    label: int
    class_names: tuple[str, ...]


class Transform(Protocol):
    """A change of the picture, such as ``gaussian_noise:3``; ``str()`` gives that text."""

    @property
    def name(self) -> str:
        """Return the name without the variant."""

    @property
    def variant(self) -> str:
        """Return the severity, or the style."""

    @property
    def label(self) -> str:
        """Say the transform in words, with where it was made."""

    @property
    def schema(self) -> int:
        """Return the version of what it makes of a picture; part of the key, so raise it when that changes."""

    @property
    def reference_side(self) -> int | None:
        """Return the side of the square picture that it is made for; None: any picture, in its own size."""

    @property
    def reads_scene(self) -> bool:
        """Say whether the result depends on the label and class names, so that a key must hold them."""

    def apply(self, image: Image.Image, rng: np.random.Generator, scene: Scene) -> Image.Image:
        """Return the changed RGB image, of the same size."""


@dataclass(frozen=True, slots=True)
class NamedVariant:
    """What the shipped transforms share: a name and a variant, and nothing read but a picture of any size."""

    name: str
    variant: str

    reference_side: ClassVar[int | None] = None
    reads_scene: ClassVar[bool] = False

    def __str__(self) -> str:
        return f"{self.name}:{self.variant}"


def image_rng(seed: int, image_id: str) -> np.random.Generator:
    """Return the random numbers of one image: they depend on its id, never on the order of the images."""
    sequence = np.random.SeedSequence([seed, zlib.crc32(image_id.encode("utf-8"))])
    return np.random.Generator(np.random.PCG64(sequence))
