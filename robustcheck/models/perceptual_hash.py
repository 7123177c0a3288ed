"""A perceptual hash as an encoder of images, to find near duplicates without any weights.

pHash: the signs, about their median, of the lowest frequencies of a small grey image: 8x8 of 32x32, or 16x16 of
64x64. The 64 (256) bits become +-1/8 (1/16), a vector of unit norm, so that cosine = 1 - 2 d / 64 for the Hamming
distance d of 64 bits (0.75 is d = 8). More bits tell simple pictures apart that fewer take for one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any

import numpy as np

from robustcheck.errors import ModelError
from robustcheck.models.encoders import Features, Precision
from robustcheck.values import ModelRef

if TYPE_CHECKING:
    from PIL import Image


def load(ref: ModelRef, device: str, precision: Precision) -> PerceptualHash:
    """Return the hash whose side the architecture names; it runs on the CPU, and its bits know no precision."""
    side = int(ref.architecture)
    return PerceptualHash(f"phash {side}x{side}, imagehash {metadata.version('imagehash')}", side)


@dataclass(frozen=True, slots=True)
class PerceptualHash:
    """side x side bits of each image as +-1/side; it has the face of a zero-shot model, and reads no text."""

    preprocessing: str
    side: int = 8
    logit_scale: float = 1.0
    logit_bias: float = 0.0

    def preprocess(self, image: Image.Image) -> Features:
        """Return the bits of an image as (side * side,) of +-1/side."""
        from imagehash import phash

        bits = phash(image, hash_size=self.side).hash.reshape(-1)
        return np.where(bits, 1 / self.side, -1 / self.side).astype(np.float32)

    def encode_images(self, batch: Sequence[Any]) -> Features:
        """Return (n, side * side) of +-1/side, at unit norm."""
        return np.stack(list(batch)).astype(np.float32)

    def encode_texts(self, texts: list[str]) -> Features:
        """Raise ModelError: a hash of pictures has no place for texts."""
        raise ModelError("a perceptual hash reads no text", expected="a metric of images alone, such as overlap_share")
