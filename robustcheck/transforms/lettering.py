"""Text in Pillow's own font, Aileron Regular: no font file, no layout library, so no other result elsewhere.

Its glyphs cover Latin letters; pixels may still change with the versions of Pillow and FreeType.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL import ImageDraw

Colour = tuple[int, int, int]


@lru_cache(maxsize=4096)
def extent(text: str, size: int, stroke_width: int) -> tuple[int, int]:
    """Return the width and height of the ink of a text, its stroke included."""
    left, top, right, bottom = ink_box(text, size, stroke_width)
    return right - left, bottom - top


def ink_box(text: str, size: int, stroke_width: int) -> tuple[int, int, int, int]:
    """Return the box of the ink of a text drawn at (0, 0)."""
    from PIL import Image, ImageDraw

    draw = ImageDraw.Draw(Image.new("L", (1, 1)))
    left, top, right, bottom = draw.textbbox((0, 0), text, **_setting(size, stroke_width))
    return int(left), int(top), int(right), int(bottom)


def write(
    draw: ImageDraw.ImageDraw,
    text: str,
    box: tuple[int, int, int, int],
    size: int,
    fill: Colour,
    stroke: Colour,
    stroke_width: int,
) -> None:
    """Draw a text in the middle of a box."""
    left, top, right, bottom = ink_box(text, size, stroke_width)
    x = box[0] + (box[2] - box[0] - (right - left)) // 2 - left
    y = box[1] + (box[3] - box[1] - (bottom - top)) // 2 - top
    draw.text((x, y), text, fill=fill, stroke_fill=stroke, **_setting(size, stroke_width))


def _setting(size: int, stroke_width: int) -> dict[str, Any]:
    return {"font": _font(size), "stroke_width": stroke_width, "align": "center", "spacing": max(1, size // 8)}


@lru_cache(maxsize=256)
def _font(size: int) -> Any:
    from PIL import ImageFont

    return ImageFont.load_default(size)
