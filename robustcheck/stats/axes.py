"""The transforms in which accuracies follow a line: probit, logit and linear.

Sources: Taori et al. 2020 (logit), Miller et al. 2021 (probit).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, inf, log
from statistics import NormalDist
from typing import Literal

AxisName = Literal["probit", "logit", "linear"]

_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Axis:
    """An increasing transform of a fraction, its inverse and its slope.

    ``forward`` gives -inf at 0 and inf at 1 where the transform is unbounded.
    """

    name: AxisName
    forward: Callable[[float], float]
    inverse: Callable[[float], float]
    slope: Callable[[float], float]


def axis_by_name(name: AxisName) -> Axis:
    """Return the axis called ``name``."""
    return _AXES[name]


def _probit(value: float) -> float:
    return _NORMAL.inv_cdf(value) if 0 < value < 1 else (-inf if value <= 0 else inf)


def _logit(value: float) -> float:
    return log(value / (1 - value)) if 0 < value < 1 else (-inf if value <= 0 else inf)


def _logistic(value: float) -> float:
    return 1 / (1 + exp(-value)) if value >= 0 else exp(value) / (1 + exp(value))


_AXES: dict[AxisName, Axis] = {
    "probit": Axis("probit", _probit, _NORMAL.cdf, lambda value: 1 / _NORMAL.pdf(_probit(value))),
    "logit": Axis("logit", _logit, _logistic, lambda value: 1 / (value * (1 - value))),
    "linear": Axis("linear", float, float, lambda _: 1.0),
}
