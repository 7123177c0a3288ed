"""The first corruptions, with the parameters of Hendrycks and Dietterich (ImageNet-C, arXiv 1903.12261).

They are made in memory at the image's own size. ImageNet-C's files are 224x224 JPEGs, so results on them
differ: a result says that it was corrupted in memory. With x in [0, 1], rounded to 8 bits at the end:

gaussian_noise  x + N(0, s^2)          s = .08 .12 .18 .26 .38
gaussian_blur   x * G(s)               s = 1 2 3 4 6 pixels of a 224-pixel side, scaled to the image's short side
contrast        m + c (x - m)          c = .4 .3 .2 .1 .05, m the mean of each channel
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from robustcheck.errors import SetupError, did_you_mean

if TYPE_CHECKING:
    from PIL import Image

SCHEMA = 1  # raise when a corruption or its random numbers change
SEVERITIES = (1, 2, 3, 4, 5)
REFERENCE_SIDE = 224

Pixels = npt.NDArray[np.float64]
Corruption = Callable[[Pixels, int, np.random.Generator], Pixels]


@dataclass(frozen=True, slots=True)
class Transform:
    """A corruption at a severity, such as ``gaussian_noise:3``."""

    name: str
    severity: int

    def __str__(self) -> str:
        return f"{self.name}:{self.severity}"

    @property
    def label(self) -> str:
        """Say the transform in words, with where it was made."""
        return f"{self.name.replace('_', ' ')}, severity {self.severity} (in memory)"

    def apply(self, image: Image.Image, rng: np.random.Generator) -> Image.Image:
        """Return the corrupted RGB image, of the same size."""
        from PIL import Image

        pixels = np.asarray(image.convert("RGB"), dtype=np.float64) / 255
        corrupted = _CORRUPTIONS[self.name](pixels, self.severity, rng)
        return Image.fromarray(np.rint(np.clip(corrupted, 0, 1) * 255).astype(np.uint8))


def parse_transform(text: str | None) -> Transform | None:
    """Parse ``NAME:SEVERITY``; None stands for clean images."""
    if text is None:
        return None
    name, colon, severity = text.partition(":")
    if name not in _CORRUPTIONS:
        raise SetupError(
            f"unknown transform {name!r}",
            expected="one of " + ", ".join(f"{known}:1..5" for known in _CORRUPTIONS),
            fix=did_you_mean(name, _CORRUPTIONS),
        )
    if severity not in {str(known) for known in SEVERITIES}:
        found = f"the severity {severity!r}" if colon else "no severity"
        raise SetupError(f"{text!r} has {found}", expected=f"{name}:1 to {name}:5")
    return Transform(name, int(severity))


def known_transforms() -> frozenset[str]:
    """Return the names of the transforms, without severities."""
    return frozenset(_CORRUPTIONS)


def image_rng(seed: int, image_id: str) -> np.random.Generator:
    """Return the random numbers of one image: they depend on its id, never on the order of the images."""
    sequence = np.random.SeedSequence([seed, zlib.crc32(image_id.encode("utf-8"))])
    return np.random.Generator(np.random.PCG64(sequence))


def _gaussian_noise(pixels: Pixels, severity: int, rng: np.random.Generator) -> Pixels:
    scale = (0.08, 0.12, 0.18, 0.26, 0.38)[severity - 1]
    return pixels + rng.normal(scale=scale, size=pixels.shape)


def _gaussian_blur(pixels: Pixels, severity: int, rng: np.random.Generator) -> Pixels:
    from scipy.ndimage import gaussian_filter

    # A 32-pixel image blurred by 6 pixels would be gone: keep the blur the same part of the picture.
    sigma = (1, 2, 3, 4, 6)[severity - 1] * min(pixels.shape[:2]) / REFERENCE_SIDE
    blurred: Pixels = gaussian_filter(pixels, sigma=(sigma, sigma, 0), mode="nearest", truncate=4.0)
    return blurred


def _contrast(pixels: Pixels, severity: int, rng: np.random.Generator) -> Pixels:
    factor = (0.4, 0.3, 0.2, 0.1, 0.05)[severity - 1]
    mean = pixels.mean(axis=(0, 1), keepdims=True)
    return np.asarray(mean + factor * (pixels - mean))


_CORRUPTIONS: Mapping[str, Corruption] = {
    "gaussian_noise": _gaussian_noise,
    "gaussian_blur": _gaussian_blur,
    "contrast": _contrast,
}
