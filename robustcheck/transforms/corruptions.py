"""The corruptions of ImageNet-C, made in memory on a square picture of at most 224 pixels (reference.py).

The 15 corruptions and 4 extra ones of Hendrycks and Dietterich (arXiv 1903.12261), with the parameters of
their published code. ImageNet-C's files are saved as JPEG, so results on them differ: a result
says that it was corrupted in memory. Frost differs most: the photographs of frost are replaced by a drawn
texture. Lengths in pixels are of a 224-pixel side and follow the image's short side; noise is per pixel.

Severity orders how hard a picture is to recognise. The mean change of its values follows in most steps, but
not always in snow, frost and glass_blur, nor where elastic_transform and saturate change in kind.

With x in [0, 1], rounded to 8 bits at the end:

gaussian_noise     x + N(0, s^2)              s = .08 .12 .18 .26 .38
shot_noise         Poisson(c x) / c           c = 60 25 12 5 3
impulse_noise      p of the values are 0 or 1 p = .03 .06 .09 .17 .27
defocus_blur       x * disk of radius r       r = 3 4 6 8 10
glass_blur         blurred, pixels copied from up to d away, blurred again
motion_blur        a half Gaussian along a line within 45 degrees of level
zoom_blur          the mean of x and of x enlarged up to 1.11 1.16 1.21 1.26 1.31
snow, frost, fog   a layer on top: weather.py
brightness         V + c in HSV               c = .1 .2 .3 .4 .5
contrast           m + c (x - m)              c = .4 .3 .2 .1 .05, m the mean of each channel
elastic_transform  an affine map and a smooth field of displacements; 1 and 2 are other kinds than 3 to 5
pixelate           to c of the side and back  c = .6 .5 .4 .3 .25
jpeg_compression   quality                    q = 25 18 15 10 7
speckle_noise      x + x N(0, s^2)            s = .15 .2 .35 .45 .6
gaussian_blur      x * G(s)                   s = 1 2 3 4 6
spatter            drops of water (1 to 3) or mud (4, 5)
saturate           S a + b in HSV             1 and 2 take colour away, 3 to 5 add it
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from robustcheck.transforms import added_noise, blur, digital, weather
from robustcheck.transforms.pixels import REFERENCE_SIDE, Pixels, image_of, pixels_of
from robustcheck.transforms.transform import NamedVariant, Scene

if TYPE_CHECKING:
    from PIL import Image

SCHEMA = 3  # raise when the same text comes to mean another picture
SEVERITIES = ("1", "2", "3", "4", "5")

CORRUPTIONS: Mapping[str, Callable[[Pixels, int, np.random.Generator], Pixels]] = {
    "gaussian_noise": added_noise.gaussian_noise,
    "shot_noise": added_noise.shot_noise,
    "impulse_noise": added_noise.impulse_noise,
    "defocus_blur": blur.defocus_blur,
    "glass_blur": blur.glass_blur,
    "motion_blur": blur.motion_blur,
    "zoom_blur": blur.zoom_blur,
    "snow": weather.snow,
    "frost": weather.frost,
    "fog": weather.fog,
    "brightness": digital.brightness,
    "contrast": digital.contrast,
    "elastic_transform": digital.elastic_transform,
    "pixelate": digital.pixelate,
    "jpeg_compression": digital.jpeg_compression,
    "speckle_noise": added_noise.speckle_noise,
    "gaussian_blur": blur.gaussian_blur,
    "spatter": weather.spatter,
    "saturate": digital.saturate,
}


@dataclass(frozen=True, slots=True)
class Corruption(NamedVariant):
    """A corruption at a severity, such as ``gaussian_noise:3``."""

    schema: ClassVar[int] = SCHEMA
    reference_side: ClassVar[int | None] = REFERENCE_SIDE

    @property
    def label(self) -> str:
        """Say the corruption in words, with where it was made."""
        made = "in memory, drawn texture" if self.name == "frost" else "in memory"
        return f"{self.name.replace('_', ' ')}, severity {self.variant} ({made})"

    def apply(self, image: Image.Image, rng: np.random.Generator, scene: Scene) -> Image.Image:
        """Return the corrupted RGB image, of the same size."""
        return image_of(CORRUPTIONS[self.name](pixels_of(image), int(self.variant), rng))
