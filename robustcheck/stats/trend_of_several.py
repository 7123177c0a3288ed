"""Effective robustness against several in-distribution sets at once: a plane in place of a line.

Models that were trained on different data are good on different sets: a model of LAION looks robust against a line over
ImageNet-val, and one of ImageNet against a line over LAION's own held-out set. Against both at once what is left is
no longer owed to the choice of the one set. T(y) = b0 + sum_k b_k T(x_k) is fitted as the line of ``trend`` is:
Huber's M-estimate on transformed axes. Source: Shi et al. 2023 (arXiv 2302.01381), there with least squares on logits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from robustcheck.errors import RecordError
from robustcheck.stats.axes import AxisName, axis_by_name
from robustcheck.stats.huber import fit_huber
from robustcheck.stats.lines import forward
from robustcheck.stats.sampling import Floats
from robustcheck.stats.trend import t_quantile

# As many models to each slope as one line needs to its one.
MODELS_A_SET = 5


@dataclass(frozen=True, slots=True)
class SeveralFit:
    """A plane through a population: ``slopes`` belong to the sets in their order; scale and r2 are on the axis.

    ``covariance`` is that of (intercept, *slopes); ``lows`` and ``highs`` bound the fitted x (fractions).
    """

    axis: AxisName
    n: int
    intercept: float
    slopes: tuple[float, ...]
    scale: float
    r2: float
    covariance: tuple[tuple[float, ...], ...]
    lows: tuple[float, ...]
    highs: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class AgainstSeveral:
    """What a plane says of one model (fractions): its 95% prediction band, and how far the model lies from it."""

    value: float
    low: float
    high: float
    residual: float
    extrapolated: bool


def fit_several(x: Floats, y: Floats, axis: AxisName = "probit") -> SeveralFit:
    """Fit the Huber plane of models' y (n,) over their x on several sets (n, k).

    Models at 0 or 1 have no place on an unbounded axis and are left out. Raises RecordError for fewer than five models
    a set, or sets that say the same of all models.
    """
    on_x, on_y = forward(x, axis), forward(y, axis)
    kept = np.isfinite(on_x).all(axis=1) & np.isfinite(on_y)
    design = np.column_stack([np.ones(int(kept.sum())), on_x[kept]])
    _require_spread(design)
    found = fit_huber(design, on_y[kept])
    left = on_y[kept] - design @ found.parameters
    return SeveralFit(
        axis=axis,
        n=len(design),
        intercept=float(found.parameters[0]),
        slopes=tuple(float(slope) for slope in found.parameters[1:]),
        scale=found.scale,
        r2=float(1 - left @ left / ((on_y[kept] - on_y[kept].mean()) ** 2).sum()),
        covariance=tuple(tuple(float(each) for each in row) for row in found.covariance),
        lows=tuple(float(low) for low in x[kept].min(axis=0)),
        highs=tuple(float(high) for high in x[kept].max(axis=0)),
    )


def hold_against_several(fit: SeveralFit, x: Sequence[float], y: float) -> AgainstSeveral:
    """Return a model's effective robustness: y less what the plane expects at its x, with the prediction band there."""
    axis = axis_by_name(fit.axis)
    at = np.array([1.0, *map(axis.forward, x)])
    centre = float(at @ np.array([fit.intercept, *fit.slopes]))
    error = sqrt(fit.scale**2 + float(at @ np.array(fit.covariance) @ at))
    reach = t_quantile(0.95, fit.n - len(at)) * error
    value = axis.inverse(centre)
    inside = all(low <= each <= high for low, each, high in zip(fit.lows, x, fit.highs, strict=True))
    return AgainstSeveral(value, axis.inverse(centre - reach), axis.inverse(centre + reach), y - value, not inside)


def _require_spread(design: Floats) -> None:
    models, sets = len(design), design.shape[1] - 1
    if models < MODELS_A_SET * sets:
        raise RecordError(
            f"{models} models have a figure on all of {sets} sets", expected=f"at least {MODELS_A_SET * sets}"
        )
    if np.linalg.matrix_rank(design) <= sets:
        raise RecordError(
            "the sets say the same of all models: no plane is theirs alone",
            expected="sets on which models differ in more than one way",
        )
