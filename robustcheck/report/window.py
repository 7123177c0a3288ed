"""What part of a trend a plot shows: fitted to the candidates, with enough of the population around them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

Span = tuple[float, float]

# So much of the population is shown beside the candidates, where it has that many.
LEAST_SHOWN = 30
SHARE_SHOWN = 0.6
# Candidates that spread over this share of the population take at least a third of the axis.
_WIDE = 0.3
# The rarest points at either end of an axis do not stretch it.
_TRIM = 0.01


def x_window(candidates: Sequence[float], population: Sequence[float]) -> Span:
    """Return the range of x that holds all candidates and the nearest of the population."""
    if not candidates:
        return trimmed(population)
    low, high = min(candidates), max(candidates)
    reach = _reach(low, high, population)
    inside = [place for place in population if low - reach <= place <= high + reach]
    return min([low, *inside]), max([high, *inside])


def _reach(low: float, high: float, population: Sequence[float]) -> float:
    """Return how far from the candidates the population is still shown."""
    if not population:
        return 0.0
    distances = sorted(max(low - place, place - high, 0.0) for place in population)
    wanted = min(len(distances), max(LEAST_SHOWN, round(SHARE_SHOWN * len(distances))))
    ends = trimmed(population)
    is_wide = high - low >= _WIDE * (ends[1] - ends[0])
    # A point of the population that lies far out is not a reason to squeeze the others.
    reach = min(distances[wanted - 1], max(ends[1] - high, low - ends[0], 0.0))
    return min(reach, high - low) if is_wide else reach


def y_window(candidates: Sequence[float], population: Sequence[float], line: Sequence[float]) -> Span:
    """Return the range of y: all candidates, the population without its rarest ends, the line as far as it is near."""
    ends = [*candidates, *(trimmed(population) if population else ())] or list(line)
    low, high = min(ends), max(ends)
    room = 0.15 * (high - low)
    near = [place for place in line if low - room <= place <= high + room]
    return min([low, *near]), max([high, *near])


def trimmed(places: Sequence[float]) -> Span:
    """Return the range of some places without the rarest at both ends."""
    ordered = sorted(places)
    if not ordered:
        return 0.0, 1.0
    cut = int(_TRIM * len(ordered))
    return ordered[cut], ordered[-1 - cut]


def at(line: Sequence[tuple[float, float]], position: float) -> float:
    """Read a sampled line at a position, straight on beyond its ends."""
    place = min(max(1, bisect_left(line, position, key=lambda point: point[0])), len(line) - 1)
    (x0, y0), (x1, y1) = line[place - 1], line[place]
    return y0 if x1 == x0 else y0 + (y1 - y0) * (position - x0) / (x1 - x0)
