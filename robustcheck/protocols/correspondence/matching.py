"""Matching two feature maps: the nearest neighbours in cosine distance, the most distinct first (PROTOCOLS section 8).

A map is brought to the grid of the points by a matrix of weights. Every feature is a sum of cells, so the cosines of
all points are W1 (F1 F2^T) W2^T over the norms: cells are multiplied, of which there are few, and not points.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from robustcheck.datasets.image_pairs import Interpolation

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

# Points of the first picture whose cosines are held at once.
_BLOCK = 512
_SMALLEST = 1e-9  # of a distance, as in probe3d
_SMALLEST_NORM = 1e-12
_CUBIC = -0.75  # torch's coefficient of bicubic interpolation


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """Matches (k,), the most distinct first: points of the first and the second picture, and weights."""

    first: Ints
    second: Ints
    weights: Floats


def match_points(
    first: npt.NDArray[Any],
    second: npt.NDArray[Any],
    where: tuple[Bools, Bools],
    interpolation: Interpolation,
    keep: int,
) -> Matches:
    """Match each point of the first map to its nearest neighbour in the second, and keep the most distinct ones.

    first, second: (d, h, w); ``where`` (H, W) says which places of the grid are points. The distance is 1 - cosine, at
    least 1e-9; with d1 and d2 the distances to the nearest and the next one, the weight is 1 - d1 / d2. Equal weights
    keep the order of the points. Fewer points than ``keep`` give fewer matches, a picture without points none.
    """
    one, other = (_cells(feature_map) for feature_map in (first, second))
    weights = [
        sampling_matrix(mask, feature_map.shape[1:], interpolation)
        for mask, feature_map in zip(where, (first, second), strict=True)
    ]
    if not weights[0].shape[0] or not weights[1].shape[0]:
        return Matches(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
    points = _unit(weights[0] @ one)
    norms = np.maximum(np.linalg.norm(weights[1] @ other, axis=1), _SMALLEST_NORM)
    found = [
        _nearest(weights[1] @ (other @ points[start : start + _BLOCK].T) / norms[:, None])
        for start in range(0, len(points), _BLOCK)
    ]
    nearest = np.concatenate([neighbours for neighbours, _ in found])
    distinct = np.concatenate([weight for _, weight in found])
    order = np.argsort(-distinct, kind="stable")[:keep]
    return Matches(order, nearest[order], distinct[order])


def _nearest(cosines: Floats) -> tuple[Ints, Floats]:
    """Return of each column its largest row and its weight; cosines: (m, b)."""
    columns = np.arange(cosines.shape[1])
    best = cosines.argmax(axis=0)
    nearest = np.maximum(1 - cosines[best, columns], _SMALLEST)
    cosines[best, columns] = -np.inf
    following = np.maximum(1 - cosines.max(axis=0), _SMALLEST)
    return best, 1 - nearest / following


def sampling_matrix(where: Bools, size: tuple[int, ...], interpolation: Interpolation) -> csr_array:
    """Return the weights (n, h w) that make the features of points on a grid from the cells of a map (h, w).

    The points lie at the centres of the grid's cells, over the whole map. Bilinear weights outside the map are left
    out, as torch's grid_sample does with zeros around it; bicubic ones fall on the border, as in its interpolate.
    """
    from scipy.sparse import csr_array, kron

    taps = _linear_taps if interpolation == "bilinear" else _cubic_taps
    down, across = (_axis_weights(taps, of, cells) for of, cells in zip(where.shape, size, strict=True))
    every = csr_array(kron(csr_array(down), csr_array(across)))
    return csr_array(every[np.flatnonzero(where.ravel())])


def _axis_weights(taps: Any, points: int, cells: int) -> Floats:
    places = (np.arange(points) + 0.5) * cells / points - 0.5
    table = np.zeros((points, cells))
    for column, weight in taps(places, cells):
        inside = (column >= 0) & (column < cells)
        np.add.at(table, (np.flatnonzero(inside), column[inside]), weight[inside])
    return table


def _linear_taps(places: Floats, cells: int) -> list[tuple[Ints, Floats]]:
    low = np.floor(places).astype(np.int64)
    return [(low, 1 - (places - low)), (low + 1, places - low)]


def _cubic_taps(places: Floats, cells: int) -> list[tuple[Ints, Floats]]:
    """Return the four taps of cubic convolution (Keys 1981) with the coefficient that torch uses."""
    low = np.floor(places).astype(np.int64)
    return [(np.clip(low + offset, 0, cells - 1), _cubic(np.abs(places - low - offset))) for offset in (-1, 0, 1, 2)]


def _cubic(t: Floats) -> Floats:
    near = (_CUBIC + 2) * t**3 - (_CUBIC + 3) * t**2 + 1
    far = _CUBIC * (t**3 - 5 * t**2 + 8 * t - 4)
    return np.asarray(np.where(t <= 1, near, np.where(t < 2, far, 0.0)))


def transfer_keypoints(first: npt.NDArray[Any], second: npt.NDArray[Any], places: Floats) -> Floats:
    """Return where keypoints (k, 2) of the first map are found in the second, as shares of the side (k, 2).

    Cells have unit norm; a keypoint's feature is read at x (w - 1), bilinearly; the most similar cell's column and row
    over w are the answer. Both are off by half a cell, as in probe3d.
    """
    one, other = (_unit(_cells(feature_map)) for feature_map in (first, second))
    high, wide = first.shape[1:]
    features = _keypoint_weights(places, high, wide) @ one
    best = (features @ other.T).argmax(axis=1)
    columns = second.shape[2]
    return np.asarray(np.stack([best % columns, best // columns], axis=1) / columns, dtype=np.float64)


def _keypoint_weights(places: Floats, high: int, wide: int) -> Floats:
    table = np.zeros((len(places), high, wide))
    for column, across in _linear_taps(places[:, 0] * (wide - 1), wide):
        for row, down in _linear_taps(places[:, 1] * (high - 1), high):
            inside = np.flatnonzero((column >= 0) & (column < wide) & (row >= 0) & (row < high))
            np.add.at(table, (inside, row[inside], column[inside]), (across * down)[inside])
    return table.reshape(len(places), high * wide)


def _cells(feature_map: npt.NDArray[Any]) -> Floats:
    return feature_map.reshape(len(feature_map), -1).T.astype(np.float64)


def _unit(rows: Floats) -> Floats:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), _SMALLEST_NORM))
