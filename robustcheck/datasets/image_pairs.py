"""Pairs of pictures of which it is known what corresponds: surfaces seen twice, or keypoints of two objects.

The pair lists are part of a data set, and of its fingerprint.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Strs = npt.NDArray[np.str_]
Interpolation = Literal["bilinear", "bicubic"]

ALL = "all"


@dataclass(frozen=True, slots=True, eq=False)
class PairGeometry:
    """What is known of a pair: ``first`` and ``second`` (h, w) say where each picture has a point, on a grid over it.

    The n and m points follow each other row by row. By unit, ``moved`` (n, d) is where the first picture's points lie
    for the second camera, ``there`` (m, d) where the second picture's own points lie: their distance is the error.
    """

    first: Bools
    second: Bools
    moved: Mapping[str, Floats]
    there: Mapping[str, Floats]


@dataclass(frozen=True, slots=True, eq=False)
class SurfacePairs:
    """Pairs of views of the same surface.

    first, second: (p,) rows of the images; ids, scenes: (p,) names of the pairs and of what was sampled; angles: (p,)
    degrees between the views. ``geometry`` reads one pair, from ``files``. ``thresholds`` holds, by unit, the errors
    that count as right, the usual unit first; ``edges`` are those of the bins of angles. Maps are brought to the grid
    by ``interpolation``; ``matches`` are kept of each pair; ``normalisation`` names what the protocol does to pixels.
    """

    ids: Strs
    first: Ints
    second: Ints
    angles: Floats
    scenes: Strs
    geometry: Callable[[int], PairGeometry]
    files: Callable[[int], tuple[Path, ...]]
    thresholds: Mapping[str, float]
    edges: tuple[int, ...]
    interpolation: Interpolation
    normalisation: str
    matches: int = 1000

    @property
    def listed(self) -> Iterator[object]:
        """Yield what of the list decides a value beside the files."""
        yield from (self.edges, self.interpolation, self.normalisation, self.matches, *self.thresholds.items())
        yield from zip(self.ids.tolist(), self.first.tolist(), self.second.tolist(), strict=True)
        yield from map(repr, self.angles.tolist())


@dataclass(frozen=True, slots=True, eq=False)
class KeypointPairs:
    """Pairs of pictures of one sort of object, with the same keypoints in both.

    ids: (p,); first, second: (p,) rows of the images; categories: (p,) labels. ``source`` and ``target`` hold of each
    pair the keypoints that both pictures show, (k, 2) x and y as shares of the square picture's side; ``names`` their
    numbers. An error is divided by the pair's ``scale`` (p,). ``draws`` are the pairs (by their places) that are scored
    of each difference of viewpoint, ``all`` first.
    """

    ids: Strs
    first: Ints
    second: Ints
    categories: Ints
    source: tuple[Floats, ...]
    target: tuple[Floats, ...]
    names: tuple[Ints, ...]
    scale: Floats
    draws: Mapping[str, Ints]
    normalisation: str

    @property
    def listed(self) -> Iterator[object]:
        """Yield what of the list decides a value beside the files."""
        yield from ((name, *places.tolist()) for name, places in self.draws.items())
        yield from zip(self.ids.tolist(), self.first.tolist(), self.second.tolist(), strict=True)
        for points in (*self.source, *self.target, self.scale):
            yield points.tolist()
        yield self.normalisation


ImagePairs = SurfacePairs | KeypointPairs


def bin_names(edges: tuple[int, ...]) -> tuple[str, ...]:
    """Return the names of bins of angles, each from its lower edge up to but without the upper one.

    >>> bin_names((0, 15, 30))
    ('0-15', '15-30')
    """
    return tuple(f"{low}-{high}" for low, high in itertools.pairwise(edges))


def rotation_angle(rotation: npt.ArrayLike) -> float:
    """Return the angle in degrees by which a rotation matrix (3, 3) turns.

    A rotation by t has the trace 1 + 2 cos t, in any basis: in its own it is diag(1, R(t)).

    >>> round(rotation_angle([[0, -1, 0], [1, 0, 0], [0, 0, 1]]), 6)
    90.0
    """
    trace = float(np.trace(np.asarray(rotation, dtype=np.float64)))
    return math.degrees(math.acos(min(1.0, max(-1.0, (trace - 1) / 2))))


def cell_centres(high: int, wide: int) -> Floats:
    """Return x, y and 1 of the centres of a grid's cells, row by row (h w, 3)."""
    y, x = np.meshgrid(np.arange(high) + 0.5, np.arange(wide) + 0.5, indexing="ij")
    return np.stack([x.ravel(), y.ravel(), np.ones(high * wide)], axis=1)


def divided(points: Floats) -> Floats:
    """Return the first two of homogeneous coordinates (n, 3), divided by the third."""
    return points[:, :2] / np.maximum(points[:, 2:], 1e-9)
