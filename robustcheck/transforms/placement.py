"""Where text is written on an image, how large and in which colours: drawn before any pixel is.

The boxes are those of the typed wrong class. The controls fill the same boxes, their text shrunk to fit:
a right name much longer than the typed one is small, and that control is then weak.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from robustcheck.errors import DataError
from robustcheck.transforms.lettering import extent
from robustcheck.transforms.pixels import REFERENCE_SIDE
from robustcheck.transforms.transform import Scene
from robustcheck.transforms.typed import Style, draw_neutral, draw_typed, style_named

Colour = tuple[int, int, int]
Size = tuple[int, int]

LEGIBLE = 10  # the smallest font size, where the image is large enough for it
_LEAST = 4
_WHITE, _BLACK = (255, 255, 255), (0, 0, 0)
_COLOURS: tuple[Colour, ...] = (
    _WHITE,
    (0, 0, 255),
    (0, 128, 0),
    (255, 0, 0),
    (255, 0, 255),
    (0, 255, 255),
    (255, 255, 0),
    _BLACK,
)


@dataclass(frozen=True, slots=True)
class Placement:
    """One copy of a text: its box (left, top, right, bottom; ends excluded), font size and colours.

    ``typed`` is the wrong class of the attack, in its controls too. A blank box has no text.
    """

    typed: int
    text: str
    box: tuple[int, int, int, int]
    size: int
    fill: Colour
    stroke: Colour
    stroke_width: int


def placements(name: str, style: str, image_size: Size, rng: np.random.Generator, scene: Scene) -> list[Placement]:
    """Return what a typographic transform writes on an image of (width, height), in drawing order.

    There are fewer copies than the style's where even the smallest text leaves no free place.
    """
    attack = _attack(style_named(style), image_size, rng, scene)
    if name == "typographic":
        return attack
    if name == "typographic_blank":
        return [replace(copy, text="") for copy in attack]
    text = draw_neutral(rng, scene) if name == "typographic_neutral" else _right_name(scene)
    return [_rewritten(copy, _in_lines(text, style_named(style).lines)) for copy in attack]


def _attack(style: Style, image_size: Size, rng: np.random.Generator, scene: Scene) -> list[Placement]:
    typed = draw_typed(rng, scene, style)
    scale = min(image_size) / REFERENCE_SIDE
    largest = max(LEGIBLE, round(int(rng.integers(style.sizes[0], style.sizes[1] + 1)) * scale))
    fill, stroke = _colours(style, rng)
    width = max(1, round(scale)) if style.stroke else 0
    text = _in_lines(scene.class_names[typed], style.lines)
    size, spots = _arranged(text, largest, width, image_size, style.copies, rng)
    across, down = extent(text, size, width)
    return [Placement(typed, text, (x, y, x + across, y + down), size, fill, stroke, width) for x, y in spots]


def _colours(style: Style, rng: np.random.Generator) -> tuple[Colour, Colour]:
    if not style.coloured:
        return _WHITE, _BLACK
    fill, stroke = rng.choice(len(_COLOURS), size=2, replace=False)
    return _COLOURS[int(fill)], _COLOURS[int(stroke)]


def _arranged(
    text: str, largest: int, stroke: int, image_size: Size, copies: int, rng: np.random.Generator
) -> tuple[int, list[tuple[int, int]]]:
    """Return the largest font size that leaves room for all copies, or a legible one for some, and their places.

    A text too wide for the image at any size starts in its corner and is cut off.
    """
    for size in range(largest, _LEAST - 1, -1):
        spots = _spots(extent(text, size, stroke), image_size, copies, rng)
        # Smaller copies might all fit, and nobody could read them.
        if len(spots) == copies or (spots and size <= LEGIBLE):
            return size, spots
    return _LEAST, [(0, 0)]


def _spots(size: Size, image_size: Size, copies: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Draw a place for each copy, uniformly from those where it overlaps no earlier one."""
    (across, down), (width, height) = size, image_size
    if across > width or down > height:
        return []
    free = np.ones((height - down + 1, width - across + 1), dtype=bool)
    spots: list[tuple[int, int]] = []
    while len(spots) < copies and (open_places := np.flatnonzero(free)).size:
        y, x = divmod(int(open_places[rng.integers(open_places.size)]), free.shape[1])
        spots.append((x, y))
        free[max(0, y - down + 1) : y + down, max(0, x - across + 1) : x + across] = False
    return spots


def _rewritten(copy: Placement, text: str) -> Placement:
    left, top, right, bottom = copy.box
    for size in range(copy.size, 1, -1):
        across, down = extent(text, size, copy.stroke_width)
        if across <= right - left and down <= bottom - top:
            return replace(copy, text=text, size=size)
    return replace(copy, text=text, size=1)


def _right_name(scene: Scene) -> str:
    if 0 <= scene.label < len(scene.class_names):
        return scene.class_names[scene.label]
    raise DataError(
        "the right name cannot be written: the image has no label", where=scene.image_id, expected="labelled images"
    )


def _in_lines(text: str, lines: int) -> str:
    words: Sequence[str] = text.split()
    if lines == 1 or len(words) == 1:
        return " ".join(words)
    half = (len(words) + 1) // 2
    return " ".join(words[:half]) + "\n" + " ".join(words[half:])
