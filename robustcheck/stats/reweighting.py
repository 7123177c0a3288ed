"""Huber's lines through many draws of the same points, by iteratively reweighted least squares, side by side.

The estimate is that of ``fit_trend``: Huber's M-estimate (t = 1.345) with the MAD scale about 0. What a round costs is
to walk over draws x points numbers, so it is done in blocks that stay in a core's cache, its sums are one matrix
product, and a median is looked for only where it can have moved to.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

TUNING = 1.345
NORMAL_MAD = 0.6744897501960817
ROUNDS = 50
_FLAT = 1e-12
# Draws x points of a block: 256 KB of numbers.
_BLOCK = 32_768
# So few are sorted before the first few could be picked out.
_SMALL = 1_000
# Sorting a number that was picked out costs as much as sorting eight in their place.
_FEW = 1 / 8
# Of fewer values a row, all are sorted as fast as a few are picked out.
_MANY = 64
# About one value in forty lies in a twentieth of the distance to the median: six halvings get there.
_NARROW, _HALVINGS = 1 / 20, 6


def reweighted_lines(x: Floats, y: Floats, counts: Floats, settled: float) -> Floats:
    """Return (intercept, slope) of each draw: (b, 2); NaN for a draw whose x are all alike.

    x, y: (n,), places on the axes; ``counts`` (b, n) says how often each point is in each draw. A line has ``settled``
    when a round moves neither number by more.
    """
    points = _around_means(x - x.mean(), y - y.mean())
    # The points were moved to their means: y - v = a + b (x - u) is y = (a + v - b u) + b x.
    home = np.array([[1.0, 0.0], [-x.mean(), 1.0]])
    fitted = _solve(counts @ points.products)
    active = np.flatnonzero(np.isfinite(fitted[:, 1]))
    places = np.floor((counts.sum(axis=1, keepdims=True) - [1.0, 0.0]) / 2)
    middle, reach = np.zeros((active.size, 2)), np.full((active.size, 1), np.inf)
    for _ in range(ROUNDS):
        if not active.size:
            break
        before = fitted[active]
        moved, middle = points.reweigh(before, counts, active, places[active], middle, reach)
        fitted[active] = moved
        steps = moved - before
        left = np.abs(steps @ home).max(axis=1) > settled
        active, middle, reach = active[left], middle[left], points.farthest(steps[left])
    return np.asarray(fitted @ home + [y.mean(), 0.0])


@dataclass(frozen=True, slots=True, eq=False)
class _Points:
    """Points around their means, with what each line through them is made of.

    y: (n,); ``ones_and_x`` (2, n), the same at both ends of x (2, 2); ``products`` (n, 5): 1, x, y, x x, x y.
    """

    y: Floats
    ones_and_x: Floats
    ends: Floats
    products: Floats

    def reweigh(
        self, fitted: Floats, counts: Floats, rows: Ints, places: Floats, middle: Floats, reach: Floats
    ) -> tuple[Floats, Floats]:
        """Return the next line of each draw among the ``rows`` (b,), and the two distances in the middle from the last.

        These have ``places`` (b, 2) in order, and are within ``reach`` (b, 1) of what they were before, ``middle``.
        """
        moved, now = np.empty_like(fitted), np.empty_like(middle)
        for first in range(0, len(rows), size := max(1, _BLOCK // self.y.size)):
            block = slice(first, first + size)
            often = counts[rows[block]]
            distances = fitted[block] @ self.ones_and_x
            np.subtract(self.y, distances, out=distances)
            np.abs(distances, out=distances)
            now[block] = ranked(distances, often, places[block], middle[block], reach[block])
            moved[block] = _solve(_weigh(distances, often, now[block]) @ self.products)
        return moved, now

    def farthest(self, steps: Floats) -> Floats:
        """Return how far steps of the lines move them at most at any point: (b, 1)."""
        # What rounding adds is far below 1e-12.
        return np.asarray(np.abs(steps @ self.ends).max(axis=1, keepdims=True) + 1e-12)


def _around_means(x: Floats, y: Floats) -> _Points:
    ones = np.ones_like(x)
    ends = np.array([[1.0, 1.0], [x.min(), x.max()]])
    return _Points(y, np.stack([ones, x]), ends, np.stack([ones, x, y, x * x, x * y], axis=1))


def ranked(values: Floats, counts: Floats, places: Floats, around: Floats, reach: Floats) -> Floats:
    """Return the two values that have ``places`` (b, 2), from 0, in each row (b, n) in which values come so often.

    They are not below 0, and known to be within ``reach`` (b, 1) of ``around`` (b, 2). Of T values in order number
    (T - 1) // 2 and number T // 2 are in the middle, mostly the same, and their mean is the median.
    """
    if values.size <= _SMALL:
        return _found_among_all(values, counts, places)
    low, high = around[:, :1] - reach, around[:, 1:] + reach
    if values.shape[1] >= _MANY:
        low, high = _halved(values, counts, places, low, high)
    under = values < low
    # What is under the low end is under the high end too, so what differs lies between.
    inside = (values <= high) ^ under
    if np.count_nonzero(inside) > _FEW * values.size:
        return _found_among_all(values, counts, places)
    picked = np.flatnonzero(inside)
    often = counts.ravel()[picked]
    picked, often = picked[often > 0], often[often > 0]
    rows, among = picked // values.shape[1], values.ravel()[picked]
    order = np.lexsort((among, rows))
    # Counted through all rows, what is wanted of a row comes after all that was picked of the rows before.
    reached = np.cumsum(often[order])
    before = np.append(0.0, reached)[np.searchsorted(rows, np.arange(len(values)))]
    wanted = places + (before - np.einsum("ij,ij->i", counts, under))[:, None]
    return np.asarray(among[order][np.searchsorted(reached, wanted, side="right")])


def _halved(values: Floats, counts: Floats, places: Floats, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Move the ends closer to what is looked for, until few values are left between them."""
    low, high = np.maximum(low, 0.0), np.minimum(high, values.max(axis=1, keepdims=True))
    for _ in range(_HALVINGS):
        if (high - low).sum() <= _NARROW * high.sum():
            break
        half = (low + high) / 2
        under = np.einsum("ij,ij->i", counts, values < half)[:, None]
        low, high = np.where(under <= places[:, :1], half, low), np.where(under > places[:, 1:], half, high)
    return low, high


def _found_among_all(values: Floats, counts: Floats, places: Floats) -> Floats:
    starts = np.arange(0, values.size, values.shape[1])
    order = np.argsort(values, axis=1) + starts[:, None]
    reached = np.cumsum(counts.ravel()[order], axis=1)
    found = [order.ravel()[starts + (reached > places[:, side, None]).argmax(axis=1)] for side in (0, 1)]
    return np.asarray(values.ravel()[np.stack(found, axis=1)])


def _weigh(distances: Floats, counts: Floats, middle: Floats) -> Floats:
    """Return counts by Huber's weights, in place; a row that fits exactly keeps the weights of least squares."""
    # Huber's loss has the derivative psi(r) = r within t s and t s sign(r) beyond. Its normal equations
    # sum psi(r_i) (1, x_i) = 0 are those of least squares with weights psi(r) / r = min(1, t s / |r|).
    reach = TUNING * ((middle[:, :1] + middle[:, 1:]) / 2) / NORMAL_MAD
    reach[reach <= _FLAT] = 1e300
    np.maximum(distances, reach, out=distances)
    np.divide(reach, distances, out=distances)
    distances *= counts
    return distances


def _solve(sums: Floats) -> Floats:
    """Return (intercept, slope) of weighted least squares from the sums of w (1, x, y, x x, x y): (b, 5) -> (b, 2)."""
    total, x, y, x_x, x_y = sums.T
    # With x centred at its weighted mean the normal equations part: slope = S_xy / S_xx, and the line goes
    # through the means.
    spread = x_x - x * x / total
    solved = np.full((len(sums), 2), np.nan)
    slope = np.divide(x_y - x * y / total, spread, out=solved[:, 1], where=spread > _FLAT)
    np.divide(y - slope * x, total, out=solved[:, 0])
    return solved
