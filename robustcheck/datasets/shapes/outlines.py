"""Outlines as signed distances: negative inside, in units of the radius, y pointing down.

A polygon's distance is that to its nearest edge, and its sign the parity of the edges crossed by a ray.
Every outline lies within the unit disc.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

Field = npt.NDArray[np.float64]
Points = tuple[tuple[float, float], ...]


def outline(name: str, x: Field, y: Field) -> Field:
    """Return the signed distance of each point from the outline of a shape."""
    if name in _ROUND:
        return _ROUND[name](x, y)
    return polygon(_POLYGONS[name], x, y)


def polygon(points: Points, x: Field, y: Field) -> Field:
    """Return the signed distance from a simple polygon."""
    nearest = np.full(x.shape, np.inf)
    inside = np.zeros(x.shape, dtype=bool)
    for (ax, ay), (bx, by) in zip(points, points[1:] + points[:1], strict=True):
        ex, ey, px, py = bx - ax, by - ay, x - ax, y - ay
        along = np.clip((px * ex + py * ey) / (ex * ex + ey * ey), 0, 1)
        dx, dy = px - ex * along, py - ey * along
        nearest = np.minimum(nearest, dx * dx + dy * dy)
        if ay != by:
            inside ^= ((ay <= y) != (by <= y)) & (px < ex * py / ey)
    return np.asarray(np.where(inside, -1.0, 1.0) * np.sqrt(nearest))


def disc(x: Field, y: Field, radius: float) -> Field:
    """Return the signed distance from a disc around the origin."""
    return np.asarray(np.sqrt(x * x + y * y) - radius)


def _ring(x: Field, y: Field) -> Field:
    return np.asarray(np.abs(disc(x, y, 0.72)) - 0.22)


def _heart(x: Field, y: Field) -> Field:
    """Join a square standing on its corner with a disc on each of its upper edges."""
    y, half = y - 0.07, 0.5
    offset = half / math.sqrt(2)
    diamond = (np.abs(x) + np.abs(y)) / math.sqrt(2) - half
    return np.asarray(np.minimum(diamond, disc(np.abs(x) - offset, y + offset, half)))


def _moon(x: Field, y: Field) -> Field:
    return np.asarray(np.maximum(disc(x, y, 0.95), -disc(x - 0.45, y, 0.8)))


def _star_points() -> Points:
    radii = [1.0 if corner % 2 == 0 else 0.42 for corner in range(10)]
    turns = [math.pi * corner / 5 for corner in range(10)]
    return tuple((r * math.sin(turn), -r * math.cos(turn)) for r, turn in zip(radii, turns, strict=True))


def _cross_points(half: float = 0.29, arm: float = 0.93) -> Points:
    quarter = ((-half, -arm), (half, -arm), (half, -half))
    turns: tuple[Callable[[float, float], tuple[float, float]], ...] = (
        lambda x, y: (x, y),
        lambda x, y: (-y, x),
        lambda x, y: (-x, -y),
        lambda x, y: (y, -x),
    )
    return tuple(turn(*point) for turn in turns for point in quarter)


_ROUND: Mapping[str, Callable[[Field, Field], Field]] = {
    "circle": functools.partial(disc, radius=0.9),
    "ring": _ring,
    "heart": _heart,
    "moon": _moon,
}
_POLYGONS: Mapping[str, Points] = {
    "square": ((-0.7, -0.7), (0.7, -0.7), (0.7, 0.7), (-0.7, 0.7)),
    "triangle": ((0.0, -1.0), (0.866, 0.5), (-0.866, 0.5)),
    "star": _star_points(),
    "cross": _cross_points(),
    "arrow": ((0, -0.98), (0.76, -0.12), (0.28, -0.12), (0.28, 0.92), (-0.28, 0.92), (-0.28, -0.12), (-0.76, -0.12)),
    "hourglass": ((-0.68, -0.72), (0.68, -0.72), (0.12, 0.0), (0.68, 0.72), (-0.68, 0.72), (-0.12, 0.0)),
    "bolt": ((0.15, -0.98), (-0.6, 0.15), (-0.05, 0.15), (-0.25, 0.95), (0.6, -0.25), (0.08, -0.25), (0.5, -0.85)),
    "comb": (
        *((-0.7, -0.68), (0.7, -0.68), (0.7, 0.68), (0.4, 0.68), (0.4, -0.2), (0.15, -0.2), (0.15, 0.68)),
        *((-0.15, 0.68), (-0.15, -0.2), (-0.4, -0.2), (-0.4, 0.68), (-0.7, 0.68)),
    ),
    "tree": (
        *((0.0, -0.98), (0.42, -0.42), (0.2, -0.42), (0.6, 0.45), (0.15, 0.45), (0.15, 0.9)),
        *((-0.15, 0.9), (-0.15, 0.45), (-0.6, 0.45), (-0.2, -0.42), (-0.42, -0.42)),
    ),
}
