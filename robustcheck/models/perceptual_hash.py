"""A perceptual hash as an encoder of images, to find near duplicates without any weights.

pHash: the signs, about their median, of the 8x8 lowest frequencies of a 32x32 grey image. The 64 bits become
+-1/8, a vector of unit norm, so that cosine = 1 - 2 d / 64 for the Hamming distance d (0.75 is d = 8).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any

import numpy as np

from robustcheck.errors import ModelError
from robustcheck.models.encoders import Features, Precision
from robustcheck.records import ModelRef

if TYPE_CHECKING:
    from PIL import Image

BITS = 64


def load(ref: ModelRef, device: str, precision: Precision) -> PerceptualHash:
    """Return the hash; it runs on the CPU, and its bits know no precision."""
    return PerceptualHash(preprocessing=f"phash {BITS} bits, imagehash {metadata.version('imagehash')}")


@dataclass(frozen=True, slots=True)
class PerceptualHash:
    """64 bits of each image as +-1/8; it has the face of a zero-shot model, and reads no text."""

    preprocessing: str
    logit_scale: float = 1.0
    logit_bias: float = 0.0

    def preprocess(self, image: Image.Image) -> Features:
        """Return the bits of an image as (64,) of +-1/8."""
        from imagehash import phash

        return np.where(phash(image).hash.reshape(BITS), 1 / 8, -1 / 8).astype(np.float32)

    def encode_images(self, batch: Sequence[Any]) -> Features:
        """Return (n, 64) of +-1/8, at unit norm."""
        return np.stack(list(batch)).astype(np.float32)

    def encode_texts(self, texts: list[str]) -> Features:
        """Raise ModelError: a hash of pictures has no place for texts."""
        raise ModelError("a perceptual hash reads no text", expected="a metric of images alone, such as overlap_share")
