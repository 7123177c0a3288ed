"""Pairs of views of a drawn plane, for which every correspondence is known exactly.

A pixel (x, y) of the first view shows the same point of the plane as ``homography @ (x, y, 1)`` of the second,
after division by the third coordinate. Pixel centres are at half-integers.
"""

from __future__ import annotations

import functools
import hashlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from robustcheck.datasets.dataset import ImageDataset
from robustcheck.datasets.image_pairs import PairGeometry, SurfacePairs, cell_centres, divided
from robustcheck.datasets.shapes.attributes import (
    COLOURS,
    SCHEMA,
    SEED,
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

VIEW_SIDE, GRID = 128, 32
PAIRS = 72
OBJECTS = 7
# Degrees between the views of a pair: the pairs go through these in turn.
ANGLES = (0, 15, 30, 45, 60, 90)

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ViewPair:
    """Two views of a drawn plane; homography: (3, 3) from pixels of the first to pixels of the second.

    ``angle`` is in degrees. Views are drawn when they are asked for.
    """

    id: str
    scene: tuple[Appearance, ...]
    homography: Matrix
    angle: float

    @property
    def first(self) -> Image.Image:
        """Draw the view from straight above."""
        return self._drawn(*_pixels())

    @property
    def second(self) -> Image.Image:
        """Draw the view that is turned, scaled and tilted."""
        back = np.asarray(np.linalg.inv(self.homography), dtype=np.float64)
        return self._drawn(*apply_homography(back, *_pixels()))

    def _drawn(self, x: Field, y: Field) -> Image.Image:
        from PIL import Image

        return Image.fromarray(_view(self.scene, x, y))


def shapes_view_pairs() -> tuple[ViewPair, ...]:
    """Return the pairs of views, the second turned, scaled and tilted against the first."""
    return tuple(_pair(f"shapes-views-{number:02d}", ANGLES[number % len(ANGLES)]) for number in range(PAIRS))


@functools.cache
def open_views() -> ImageDataset:
    """Open ``shapes-views``: pairs of views of drawn planes, of which every correspondence is known."""
    pairs = shapes_view_pairs()
    drawn = hashlib.sha256(f"shapes {SCHEMA} {SEED} shapes-views {VIEW_SIDE} {GRID}\n".encode())
    for pair in pairs:
        drawn.update(f"{pair.id} {pair.angle} {pair.homography.tolist()} {pair.scene}\n".encode())
    count = len(pairs)
    return ImageDataset(
        name="shapes-views",
        layout="drawn",
        fingerprint=drawn.hexdigest(),
        class_names=("view",),
        class_set="",
        prompts="",
        templates=(),
        ids=np.array([f"{pair.id}-{side}" for pair in pairs for side in "ab"]),
        labels=np.zeros(2 * count, dtype=np.int64),
        groups={"pair": np.array([pair.id for pair in pairs for _ in "ab"])},
        columns=None,
        pictures=_Views(pairs),
        task="correspondence",
        pairs=SurfacePairs(
            ids=np.array([pair.id for pair in pairs]),
            first=np.arange(0, 2 * count, 2),
            second=np.arange(1, 2 * count, 2),
            angles=np.array([float(pair.angle) for pair in pairs]),
            scenes=np.array([pair.id for pair in pairs]),
            geometry=lambda number: plane_geometry(pairs[number].homography, VIEW_SIDE, GRID),
            files=lambda number: (),
            thresholds={"px": 8.0},
            edges=(0, 15, 30, 60, 180),
            interpolation="bilinear",
            normalisation="own",
            matches=256,
        ),
    )


def plane_geometry(homography: Matrix, side: int, grid: int) -> PairGeometry:
    """Return the geometry of two views of a plane, of ``side`` pixels, with points on a grid of ``grid`` x ``grid``."""
    points = cell_centres(grid, grid) * (side / grid, side / grid, 1.0)
    everywhere = np.ones((grid, grid), dtype=np.bool_)
    return PairGeometry(
        everywhere, everywhere, {"px": divided(points @ homography.T)}, {"px": np.asarray(points[:, :2])}
    )


@dataclass(frozen=True, slots=True)
class _Views:
    """The views of all pairs, the first and the second of each in turn."""

    pairs: tuple[ViewPair, ...]

    def image(self, index: int) -> Image.Image:
        pair = self.pairs[index // 2]
        return pair.second if index % 2 else pair.first


def _pair(name: str, angle: float) -> ViewPair:
    rng = drawing_rng(name)
    scene = _scene(rng)
    return ViewPair(name, scene, _homography(angle, rng), angle)


def _pixels() -> tuple[Field, Field]:
    x, y = np.meshgrid(np.arange(VIEW_SIDE) + 0.5, np.arange(VIEW_SIDE) + 0.5)
    return x, y


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
