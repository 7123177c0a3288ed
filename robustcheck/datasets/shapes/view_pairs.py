"""Pairs of views of a drawn plane, for which every correspondence is known exactly.

A pixel (x, y) of the first view shows the same point of the plane as ``homography @ (x, y, 1)`` of the second,
after division by the third coordinate. Pixel centres are at half-integers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from robustcheck.datasets.shapes.attributes import (
    COLOURS,
    SHAPES,
    TEXTURES,
    Appearance,
    Attributes,
    any_of,
    drawing_rng,
)
from robustcheck.datasets.shapes.drawing import Bytes, paint_background, paint_object, to_bytes
from robustcheck.datasets.shapes.outlines import Field

if TYPE_CHECKING:
    from PIL import Image

VIEW_SIDE = 128
PAIRS = 24
OBJECTS = 7
# Degrees between the views of a pair: the pairs go through these in turn.
ANGLES = (0, 15, 30, 45, 60, 90)

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ViewPair:
    """Two views; homography: (3, 3) from pixels of the first to pixels of the second; angle in degrees."""

    id: str
    first: Image.Image
    second: Image.Image
    homography: Matrix
    angle: float


def shapes_view_pairs() -> tuple[ViewPair, ...]:
    """Draw the pairs of views, the second turned, scaled and tilted against the first."""
    return tuple(_pair(f"shapes-views-{number:02d}", ANGLES[number % len(ANGLES)]) for number in range(PAIRS))


def _pair(name: str, angle: float) -> ViewPair:
    from PIL import Image

    rng = drawing_rng(name)
    scene = _scene(rng)
    homography = _homography(angle, rng)
    x, y = np.meshgrid(np.arange(VIEW_SIDE) + 0.5, np.arange(VIEW_SIDE) + 0.5)
    first = Image.fromarray(_view(scene, x, y))
    second = Image.fromarray(
        _view(scene, *apply_homography(np.asarray(np.linalg.inv(homography), dtype=np.float64), x, y))
    )
    return ViewPair(name, first, second, homography, angle)


def apply_homography(homography: Matrix, x: Field, y: Field) -> tuple[Field, Field]:
    """Return where points go."""
    u, v, w = (row[0] * x + row[1] * y + row[2] for row in homography)
    return u / w, v / w


def _scene(rng: np.random.Generator) -> tuple[Appearance, ...]:
    """Return objects around the middle of the plane, of which later ones lie on top."""
    return tuple(_object(number, rng) for number in range(OBJECTS))


def _object(number: int, rng: np.random.Generator) -> Appearance:
    turn = 2 * math.pi * (number / (OBJECTS - 1))
    reach = 0.0 if number == OBJECTS - 1 else 36 + 8 * rng.random()
    attributes = Attributes(any_of(SHAPES, rng), any_of(COLOURS, rng), any_of(TEXTURES, rng))
    middle = VIEW_SIDE / 2
    return Appearance(
        attributes,
        x=middle + reach * math.cos(turn),
        y=middle + reach * math.sin(turn),
        radius=15 + 6 * rng.random(),
        angle=2 * math.pi * rng.random(),
        grain=int(rng.random() * 2**32),
    )


def _homography(angle: float, rng: np.random.Generator) -> Matrix:
    """Turn by the angle, scale and tilt a little, all about the middle of the view."""
    turn, scale = math.radians(angle), 0.9 + 0.2 * rng.random()
    tilt_x, tilt_y = (0.0012 * (2 * rng.random() - 1) for _ in range(2))
    cosine, sine = scale * math.cos(turn), scale * math.sin(turn)
    about_middle = np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0], [tilt_x, tilt_y, 1.0]])
    middle = VIEW_SIDE / 2
    there = np.array([[1.0, 0.0, middle], [0.0, 1.0, middle], [0.0, 0.0, 1.0]])
    back = np.array([[1.0, 0.0, -middle], [0.0, 1.0, -middle], [0.0, 0.0, 1.0]])
    return np.asarray(there @ about_middle @ back)


def _view(scene: tuple[Appearance, ...], x: Field, y: Field) -> Bytes:
    pixels = paint_background("sand", x, y, scene[0].grain)
    for look in scene:
        pixels = paint_object(pixels, look, x, y)
    return to_bytes(pixels)
