"""Typographic attacks and their controls, written on the image in memory (PROTOCOLS section 11).

Styles: ``one-word`` one copy, white with a black stroke; ``imagenet-t`` eight white copies of a one-word
class name that avoid each other; ``paint`` one copy in a random size and two of eight colours, several
words on two lines. They follow ImageNet-T and PAINT in Pillow's font: they are not those data sets.

A blank box is the whole box in the text's own colour: it hides more than the strokes of letters do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from robustcheck.transforms.lettering import write
from robustcheck.transforms.placement import Placement, placements
from robustcheck.transforms.transform import NamedVariant, Scene
from robustcheck.transforms.typed import CONTENTS

if TYPE_CHECKING:
    from PIL import Image, ImageDraw

SCHEMA = 2  # raise when the same text comes to mean another picture


@dataclass(frozen=True, slots=True)
class Typographic(NamedVariant):
    """Text on the image in a style, such as ``typographic:one-word``."""

    schema: ClassVar[int] = SCHEMA
    reads_scene: ClassVar[bool] = True

    @property
    def label(self) -> str:
        """Say what is written and where it was made."""
        return f"{CONTENTS[self.name]} on the image, style {self.variant} (in memory)"

    def apply(self, image: Image.Image, rng: np.random.Generator, scene: Scene) -> Image.Image:
        """Return the RGB image with the text on it, of the same size."""
        from PIL import ImageDraw

        written = image.convert("RGB").copy()
        draw = ImageDraw.Draw(written)
        for placement in placements(self.name, self.variant, image.size, rng, scene):
            _draw(draw, placement)
        return written


def _draw(draw: ImageDraw.ImageDraw, copy: Placement) -> None:
    if copy.text:
        write(draw, copy.text, copy.box, copy.size, copy.fill, copy.stroke, copy.stroke_width)
    else:
        left, top, right, bottom = copy.box
        draw.rectangle((left, top, right - 1, bottom - 1), fill=copy.fill)
