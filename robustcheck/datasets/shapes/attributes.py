"""What can be said of a drawn image: its words, the prototypes of its class, and where exactly things are.

The values of ``factor`` are those of ImageNet-X, so that a check reads the same on both.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields

import numpy as np

SCHEMA = 1  # raise when a drawing, a word, a draw of random numbers or a set changes
SEED = 7
SIDE = 64

SHAPES = ("circle", "square", "triangle", "star", "cross", "ring", "heart", "arrow")
UNSEEN = ("moon", "hourglass", "bolt", "comb", "tree")
COLOURS = ("red", "blue", "green", "yellow", "orange", "purple", "pink", "gray")
TEXTURES = ("striped", "dotted", "checked", "rippled", "gridded", "wavy", "speckled", "plain")
SIZES = ("small", "medium", "large")
BACKGROUNDS = ("paper", "sky", "grass", "sand", "night", "brick")
LIGHTINGS = ("normal", "dark", "bright")
FACTORS = ("pose", "background", "color", "smaller", "larger", "texture", "partial_view", "darker", "brighter")
# Two factors of a pair pull the same attribute to two sides.
OPPOSITES = (frozenset({"smaller", "larger"}), frozenset({"darker", "brighter"}))

TYPICAL_COLOUR = dict(zip(SHAPES, COLOURS, strict=True))
TYPICAL_TEXTURE = dict(zip(SHAPES, TEXTURES, strict=True))

RADIUS = {"small": 13.5, "medium": 20.0, "large": 26.0}
MARGIN = 1.5  # pixels between a whole object and the border
TILT = 0.12  # radians to either side that still count as upright
TURN = (0.6, 2.6)  # radians to either side that count as turned


@dataclass(frozen=True, slots=True)
class Attributes:
    """The words that hold of an image."""

    shape: str
    colour: str
    texture: str
    size: str = "medium"
    background: str = "paper"
    lighting: str = "normal"
    pose: str = "upright"
    view: str = "whole"


@dataclass(frozen=True, slots=True)
class Appearance:
    """One object on its background: words, and the numbers that the drawing needs.

    Lengths are pixels of a 64-pixel side, ``angle`` is radians, ``grain`` seeds noise of the surfaces.
    """

    attributes: Attributes
    x: float
    y: float
    radius: float
    angle: float
    grain: int


ATTRIBUTE_NAMES = tuple(field.name for field in fields(Attributes))


def drawing_rng(image_id: str) -> np.random.Generator:
    """Return the random numbers of one image: they depend on its id only."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([SEED, zlib.crc32(image_id.encode())])))


def varied(shape: str, factors: Collection[str], rng: np.random.Generator) -> Attributes:
    """Return the prototype of a class, altered in the factors given."""
    size = "small" if "smaller" in factors else "large" if "larger" in factors else "medium"
    lighting = "dark" if "darker" in factors else "bright" if "brighter" in factors else "normal"
    colour, texture, background = (
        any_of(COLOURS, rng, but=TYPICAL_COLOUR[shape]),
        any_of(TEXTURES, rng, but=TYPICAL_TEXTURE[shape]),
        any_of(BACKGROUNDS, rng, but="paper"),
    )
    return Attributes(
        shape=shape,
        colour=colour if "color" in factors else TYPICAL_COLOUR[shape],
        texture=texture if "texture" in factors else TYPICAL_TEXTURE[shape],
        size=size,
        background=background if "background" in factors else "paper",
        lighting=lighting,
        pose="turned" if "pose" in factors else "upright",
        view="partial" if "partial_view" in factors else "whole",
    )


def placed(attributes: Attributes, rng: np.random.Generator) -> Appearance:
    """Put an object somewhere that fits its words."""
    radius = RADIUS[attributes.size] * (0.94 + 0.12 * rng.random())
    x, y = _partial_centre(radius, rng) if attributes.view == "partial" else _whole_centre(radius, rng)
    return Appearance(attributes, x, y, radius, _angle(attributes.pose, rng), int(rng.random() * 2**32))


def any_of(names: Sequence[str], rng: np.random.Generator, but: str = "") -> str:
    """Draw one of the names, other than ``but``."""
    choices = [name for name in names if name != but]
    return choices[int(rng.random() * len(choices))]


def compatible(first: str, second: str) -> bool:
    """Tell whether an image can have both factors."""
    return first != second and frozenset({first, second}) not in OPPOSITES


def _angle(pose: str, rng: np.random.Generator) -> float:
    low, high = (0.0, TILT) if pose == "upright" else TURN
    return (low + (high - low) * rng.random()) * (1 if rng.random() < 0.5 else -1)


def _whole_centre(radius: float, rng: np.random.Generator) -> tuple[float, float]:
    """Stay inside the border: every outline lies within its radius."""
    free = min(SIDE / 2 - radius - MARGIN, 8.0)
    return SIDE / 2 + free * (2 * rng.random() - 1), SIDE / 2 + free * (2 * rng.random() - 1)


def _partial_centre(radius: float, rng: np.random.Generator) -> tuple[float, float]:
    """Let one border cut through the object, near its centre."""
    along = SIDE / 2 + 10 * (2 * rng.random() - 1)
    across = radius * (0.05 + 0.3 * rng.random())
    side = int(rng.random() * 4)
    return ((across, along), (SIDE - across, along), (along, across), (along, SIDE - across))[side]
