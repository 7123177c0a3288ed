"""Labels on a plot that cover neither each other nor the points they name."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from robustcheck.report.words import shortened

_GLYPH_WIDTH = 6.1
_HEIGHT = 14.0
_SHORTER = (44, 34, 24)
_RADII = (11, 20, 32, 46, 62, 80, 100, 125, 155, 190)
_ANGLES = (0, 180, 30, -30, 150, -150, 60, -60, 120, -120, 90, -90)

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Anchor:
    """A point in pixels that wants a label; ``model`` is whose point it is."""

    x: float
    y: float
    text: str
    model: str = ""


@dataclass(frozen=True, slots=True)
class Label:
    """A placed label: the text starts or ends at (x, y); the leader runs back to the anchor."""

    anchor: Anchor
    x: float
    y: float
    align: str

    @property
    def model(self) -> str:
        """Return whose label it is."""
        return self.anchor.model or self.anchor.text


def place_labels(
    anchors: Iterable[Anchor], taken: Sequence[tuple[float, float]], size: tuple[float, float], most: int
) -> list[Label]:
    """Place at most ``most`` labels, nearest free place first; an anchor without a free place gets none."""
    placed: list[Label] = []
    for anchor in anchors:
        if len(placed) == most:
            break
        candidates = (label for one in _wordings(anchor) for label in _candidates(one))
        free = (label for label in candidates if _is_free(label, placed, taken, size))
        label = next(free, None)
        placed += [label] if label else []
    return placed


def _wordings(anchor: Anchor) -> Iterable[Anchor]:
    """Offer the whole text first, and shorter ones for where it finds no room."""
    yield anchor
    yield from (replace(anchor, text=shortened(anchor.text, most)) for most in _SHORTER if len(anchor.text) > most)


def _candidates(anchor: Anchor) -> Iterable[Label]:
    for radius in _RADII:
        for angle in _ANGLES:
            x = anchor.x + radius * math.cos(math.radians(angle))
            y = anchor.y - radius * math.sin(math.radians(angle))
            yield Label(anchor, x, y, "start" if math.cos(math.radians(angle)) > -1e-9 else "end")


def _is_free(
    label: Label, placed: list[Label], taken: Sequence[tuple[float, float]], size: tuple[float, float]
) -> bool:
    left, top, right, bottom = box = _box(label)
    if left < 2 or top < 2 or right > size[0] - 2 or bottom > size[1] - 2:
        return False
    if any(
        _overlap(box, _box(other)) or _leader_meets(other, box) or _leader_meets(label, _box(other)) for other in placed
    ):
        return False
    return not any(left - 5 < x < right + 5 and top - 4 < y < bottom + 4 for x, y in taken)


def _box(label: Label) -> Box:
    width = _GLYPH_WIDTH * len(label.anchor.text)
    left = label.x if label.align == "start" else label.x - width
    return left, label.y - _HEIGHT / 2, left + width, label.y + _HEIGHT / 2


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _leader_meets(label: Label, box: Box) -> bool:
    steps = (step / 12 for step in range(13))
    anchor = label.anchor
    places = ((anchor.x + (label.x - anchor.x) * s, anchor.y + (label.y - anchor.y) * s) for s in steps)
    return any(box[0] < x < box[2] and box[1] < y < box[3] for x, y in places)
