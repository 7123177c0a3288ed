"""The axes of a trend plot: the fit's own transform, a tight domain and round numbers in the metric's unit."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

from robustcheck.report.words import MINUS

AxisKind = Literal["probit", "logit", "linear"]
_NORMAL = NormalDist()
# A difference of shares: its ticks are bare numbers, and the text below them says what they count.
POINTS = "pp"
# 0 and 1 lie at infinity on these axes; a point there is drawn at the rim.
_RIM = 1e-4
_ROUNDNESS = (0.5, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001)


@dataclass(frozen=True, slots=True)
class PlotAxis:
    """A transformed axis: ``domain`` in transformed units, ``length`` in pixels; ``unit`` is the metric's."""

    kind: AxisKind
    domain: tuple[float, float]
    length: float
    unit: str = "%"

    def share(self, position: float) -> float:
        """Return where a transformed position lies, from 0 to 1 inside the domain."""
        low, high = self.domain
        return (position - low) / (high - low)

    def ticks(self, spacing: float = 46) -> tuple[tuple[float, str], ...]:
        """Choose round values at least ``spacing`` pixels apart: (position, label)."""
        if self.kind == "linear":
            return tuple((value, self._written(value)) for value in self._evenly(spacing))
        chosen: list[tuple[float, float]] = []
        for step in _ROUNDNESS:
            if len(chosen) >= 5:
                break
            chosen = self._with_multiples(chosen, step, spacing)
        return tuple((position, self._written(fraction)) for position, fraction in sorted(chosen))

    def _evenly(self, spacing: float) -> list[float]:
        """Return the multiples of the smallest step of 1, 2 or 5 tenths (hundredths, ...) that leaves room."""
        low, high = self.domain
        least = spacing / self.length * (high - low)
        power = 10.0 ** math.floor(math.log10(least))
        step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least)
        return [index * step for index in range(math.ceil(low / step), math.floor(high / step) + 1)]

    def _written(self, value: float) -> str:
        shares = {"%": "%", POINTS: ""}
        text = f"{value * 100:.6g}{shares[self.unit]}" if self.unit in shares else f"{value:.6g}"
        return text.replace("-", MINUS)

    def _with_multiples(
        self, chosen: list[tuple[float, float]], step: float, spacing: float
    ) -> list[tuple[float, float]]:
        for fraction in _multiples(step):
            position = transform(fraction, self.kind)
            if 0 <= self.share(position) <= 1 and self._is_clear(position, chosen, spacing):
                chosen = [*chosen, (position, fraction)]
        return chosen

    def _is_clear(self, position: float, chosen: list[tuple[float, float]], spacing: float) -> bool:
        place = self.share(position) * self.length
        return all(abs(self.share(other) * self.length - place) >= spacing for other, _ in chosen)


def transform(fraction: float, kind: AxisKind) -> float:
    """Return the position of a fraction on an axis."""
    if kind == "linear":
        return fraction
    inside = min(max(fraction, _RIM), 1 - _RIM)
    return _NORMAL.inv_cdf(inside) if kind == "probit" else math.log(inside / (1 - inside))


def axis_over(
    kind: AxisKind, positions: Iterable[float], length: float, padding: float = 0.06, unit: str = "%"
) -> PlotAxis:
    """Make the axis that just holds these positions, with a little room on both sides."""
    finite = [position for position in positions if math.isfinite(position)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 1.0)
    span = max(high - low, 0.02)
    return PlotAxis(kind, (low - padding * span, high + padding * span), length, unit)


def transformer(kind: AxisKind) -> Callable[[float], float]:
    """Return the transform of one kind of axis."""
    return lambda fraction: transform(fraction, kind)


def _multiples(step: float) -> list[float]:
    count = round(1 / step)
    return [round(index * step, 6) for index in range(1, count)]
