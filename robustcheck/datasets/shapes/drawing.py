"""Drawing: backgrounds, textures and objects as functions of the plane, sampled at pixel centres.

Only numpy arithmetic on float64, rounded to 8 bits at the end, so that no drawing library's version matters.
Points may come from any view of the plane: see ``views``.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from robustcheck.datasets.shapes.attributes import SIDE, Appearance
from robustcheck.datasets.shapes.outlines import Field, disc, outline

Pixels = npt.NDArray[np.float64]
Bytes = npt.NDArray[np.uint8]

RGB = {
    "red": (0.85, 0.12, 0.12),
    "blue": (0.12, 0.25, 0.85),
    "green": (0.10, 0.62, 0.20),
    "yellow": (0.96, 0.88, 0.15),
    "orange": (0.97, 0.55, 0.08),
    "purple": (0.50, 0.15, 0.62),
    "pink": (0.99, 0.60, 0.75),
    "gray": (0.52, 0.52, 0.52),
}
MARK = 0.3  # the marks of a texture keep this part of the colour
EDGE = 1.2  # pixels of dark edge, so that an object of the background's colour is still seen
EDGE_RGB = (0.1, 0.1, 0.1)
STROKE = 1.3  # half the width of a sketched line
WHITE, WASH, INK = 0.97, 0.5, 0.15
GRAIN = 32  # side of a noise table


def draw(look: Appearance) -> Bytes:
    """Draw an image (64, 64, 3)."""
    x, y = pixel_centres()
    pixels = paint_background(look.attributes.background, x, y, look.grain)
    return to_bytes(lit(paint_object(pixels, look, x, y), look.attributes.lighting))


def draw_sketch(look: Appearance) -> Bytes:
    """Draw a dark outline and a grey wash on white: the shape alone, without colour or texture."""
    x, y = pixel_centres()
    distance = signed_distance(look, x, y)
    washed = WHITE + (WASH - WHITE) * clipped(0.5 - distance)
    ink = clipped(0.5 + STROKE - np.abs(distance))
    return to_bytes(np.repeat((washed + (INK - washed) * ink)[..., None], 3, axis=2))


@functools.cache
def pixel_centres() -> tuple[Field, Field]:
    """Return x and y of the pixels of an image, each (64, 64)."""
    places = np.arange(SIDE) + 0.5
    x, y = np.meshgrid(places, places)
    x.flags.writeable = y.flags.writeable = False
    return x, y


def to_bytes(pixels: Pixels) -> Bytes:
    """Round pixels in [0, 1] to 8 bits."""
    return np.rint(np.clip(pixels, 0, 1) * 255).astype(np.uint8)


def lit(pixels: Pixels, lighting: str) -> Pixels:
    """Darken or brighten."""
    if lighting == "dark":
        return pixels * 0.35
    return 1 - (1 - pixels) * 0.35 if lighting == "bright" else pixels


def paint_object(pixels: Pixels, look: Appearance, x: Field, y: Field, pixel: float = 1.0) -> Pixels:
    """Lay an object over pixels whose centres are the points; ``pixel`` is their spacing."""
    distance = signed_distance(look, x, y) / pixel
    colour = np.array(RGB[look.attributes.colour])
    marks = _texture(look, x, y)[..., None]
    surface = colour * (1 - (1 - MARK) * marks)
    edge = clipped(0.5 + distance + EDGE / pixel)[..., None]
    surface = surface + (np.array(EDGE_RGB) - surface) * edge
    cover = clipped(0.5 - distance)[..., None]
    return pixels + (surface - pixels) * cover


def paint_background(name: str, x: Field, y: Field, grain: int) -> Pixels:
    """Return the background's pixels at the points."""
    return _BACKGROUNDS[name](x, y, _noise(grain))


def signed_distance(look: Appearance, x: Field, y: Field) -> Field:
    """Return how far each point lies from the outline, in the units of x and y; inside it is negative."""
    u, v = _own_frame(look, x, y)
    return outline(look.attributes.shape, u / look.radius, v / look.radius) * look.radius


def _own_frame(look: Appearance, x: Field, y: Field) -> tuple[Field, Field]:
    """Turn points into the object's frame, still in pixels: marks keep their size on objects of any size."""
    cosine, sine = math.cos(look.angle), math.sin(look.angle)
    dx, dy = x - look.x, y - look.y
    return cosine * dx + sine * dy, cosine * dy - sine * dx


def _texture(look: Appearance, x: Field, y: Field) -> Field:
    u, v = _own_frame(look, x, y)
    return _TEXTURES[look.attributes.texture](u, v, look.grain)


def _plain(u: Field, v: Field, grain: int) -> Field:
    return np.zeros(u.shape)


def _striped(u: Field, v: Field, grain: int) -> Field:
    return _wave(v, 8.0)


def _wavy(u: Field, v: Field, grain: int) -> Field:
    return _wave(v + 3.0 * np.sin(u * (2 * math.pi / 14)), 8.0)


def _rippled(u: Field, v: Field, grain: int) -> Field:
    return _wave(disc(u, v, 0.0), 8.0)


def _dotted(u: Field, v: Field, grain: int) -> Field:
    a, b = np.mod(u, 8.0) - 4, np.mod(v, 8.0) - 4
    return clipped(-disc(a, b, 3.1))


def _checked(u: Field, v: Field, grain: int) -> Field:
    return clipped(0.5 + 3 * np.sin(u * (math.pi / 7)) * np.sin(v * (math.pi / 7)))


def _gridded(u: Field, v: Field, grain: int) -> Field:
    nearest = np.minimum(np.abs(np.mod(u, 10.0) - 5), np.abs(np.mod(v, 10.0) - 5))
    return clipped(1.8 - nearest)


def _speckled(u: Field, v: Field, grain: int) -> Field:
    return (_look_up(_noise(grain + 1), u, v, 3.0) < 0.4).astype(np.float64)


def _wave(phase: Field, period: float) -> Field:
    return clipped(0.5 + 1.5 * np.sin(phase * (2 * math.pi / period)))


def clipped(values: Field) -> Field:
    """Return values cut off at 0 and 1."""
    return np.asarray(np.clip(values, 0, 1))


@functools.lru_cache(maxsize=8)
def _noise(grain: int) -> Field:
    return np.random.Generator(np.random.PCG64(grain)).random((GRAIN, GRAIN))


def _look_up(table: Field, x: Field, y: Field, cell: float) -> Field:
    rows, columns = (np.floor(axis / cell).astype(np.int64) % GRAIN for axis in (y, x))
    return np.asarray(table[rows, columns])


def _paper(x: Field, y: Field, noise: Field) -> Pixels:
    return _varying((0.93, 0.91, 0.86), 0.03 * (_look_up(noise, x, y, 2) - 0.5))


def _sky(x: Field, y: Field, noise: Field) -> Pixels:
    height = clipped(y / SIDE)[..., None]
    return np.asarray(np.array((0.36, 0.60, 0.92)) + height * np.array((0.44, 0.30, 0.08)))


def _grass(x: Field, y: Field, noise: Field) -> Pixels:
    blades = _look_up(noise, x, y / 3, 2)[..., None]
    return np.asarray(np.array((0.22, 0.42, 0.14)) + blades * np.array((0.25, 0.30, 0.12)))


def _sand(x: Field, y: Field, noise: Field) -> Pixels:
    return _varying((0.78, 0.66, 0.42), 0.22 * (_look_up(noise, x, y, 2) - 0.5))


def _night(x: Field, y: Field, noise: Field) -> Pixels:
    return _varying((0.07, 0.08, 0.20), np.where(_look_up(noise, x, y, 2) > 0.97, 0.75, 0.0))


def _varying(rgb: tuple[float, float, float], lighter: Field) -> Pixels:
    return np.asarray(np.array(rgb) + lighter[..., None])


def _brick(x: Field, y: Field, noise: Field) -> Pixels:
    row = np.floor(y / 8)
    across = np.mod(x + 8 * np.mod(row, 2), 16)
    mortar = ((np.mod(y, 8) < 1.5) | (across < 1.5))[..., None]
    return np.where(mortar, np.array((0.75, 0.72, 0.68)), np.array((0.62, 0.30, 0.22)))


_TEXTURES: Mapping[str, Callable[[Field, Field, int], Field]] = {
    "plain": _plain,
    "striped": _striped,
    "wavy": _wavy,
    "rippled": _rippled,
    "dotted": _dotted,
    "checked": _checked,
    "gridded": _gridded,
    "speckled": _speckled,
}
_BACKGROUNDS: Mapping[str, Callable[[Field, Field, Field], Pixels]] = {
    "paper": _paper,
    "sky": _sky,
    "grass": _grass,
    "sand": _sand,
    "night": _night,
    "brick": _brick,
}
