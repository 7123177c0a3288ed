"""A perceptual hash as an encoder of images, to find near duplicates without any weights.

pHash: the signs, about their median, of the lowest frequencies of a small grey image: 8x8 of 32x32, or 16x16 of
64x64. The 64 (256) bits become +-1/8 (1/16), a vector of unit norm, so that cosine = 1 - 2 d / 64 for the Hamming
distance d of 64 bits (0.75 is d = 8). More bits tell simple pictures apart that fewer take for one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata

import numpy as np
from PIL import Image

from robustcheck.errors import ModelError
from robustcheck.models.encoders import Features, Precision
from robustcheck.models.geometry import UNCHANGED, Crop, Geometry, Normalisation, crop_whole
from robustcheck.models.kind import KeyFacts, ModelKind, Reference, always
from robustcheck.values import ModelRef

# imagehash takes the lowest frequencies of a picture four times as large as the hash.
_PICTURE_TO_HASH = 4


def load_hash(ref: ModelRef, device: str, precision: Precision) -> PerceptualHash:
    """Return the hash whose side the architecture names; it runs on the CPU, and its bits know no precision."""
    return PerceptualHash(int(ref.architecture))


@dataclass(frozen=True, slots=True)
class PerceptualHash:
    """side x side bits of each image as +-1/side; it has the face of a zero-shot model, and reads no text."""

    side: int = 8
    normalisation: Normalisation = UNCHANGED
    logit_scale: float = 1.0
    logit_bias: float = 0.0

    @property
    def geometry(self) -> Geometry:
        """The small grey picture that the hash is of; imagehash finds nothing left to convert or resize."""
        side = self.side * _PICTURE_TO_HASH
        return Geometry(f"grey, resized to {side}x{side}", lambda image: _small_and_grey(image, side))

    def encode_images(self, crops: Sequence[Crop]) -> Features:
        """Return (n, side * side) of +-1/side, at unit norm."""
        return np.stack([self._bits(crop) for crop in crops])

    def _bits(self, crop: Crop) -> Features:
        from imagehash import phash

        bits = phash(Image.fromarray(crop), hash_size=self.side).hash.reshape(-1)
        return np.where(bits, 1 / self.side, -1 / self.side).astype(np.float32)

    def encode_texts(self, texts: list[str]) -> Features:
        """Raise ModelError: a hash of pictures has no place for texts."""
        raise ModelError("a perceptual hash reads no text", expected="a metric of images alone, such as overlap_share")


def _small_and_grey(image: Image.Image, side: int) -> Crop:
    small = image.convert("L").resize((side, side), Image.Resampling.LANCZOS)
    return crop_whole(small.convert("RGB"))


def _never(reference: Reference) -> None:
    """No reference names a hash: the overlap metrics ask for it."""


KIND = ModelKind(
    name="phash",
    schemes=(),
    example="",
    parse=_never,
    files=lambda ref: {},
    content=lambda ref: f"perceptual hash {metadata.version('imagehash')}",
    key=lambda ref: KeyFacts("phash", ref.architecture, "", ()),
    capabilities=always("embeds images"),
    load=load_hash,
    needs_hub=False,
)
