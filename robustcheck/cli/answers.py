"""The two one-off questions: a measurement, and a place on a trend."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any

import numpy as np

from robustcheck.errors import SetupError, did_you_mean
from robustcheck.measure import metric_named
from robustcheck.models.model_sets import resolve_one
from robustcheck.numerals import write_value
from robustcheck.populations import Population, load_population
from robustcheck.report.words import told, traced
from robustcheck.run.session import RobustSession
from robustcheck.stats.axes import AxisName
from robustcheck.stats.trend import Expected, expect_at, fit_trend
from robustcheck.stats.trend_of_several import TrendPlane, expect_on_plane, fit_several
from robustcheck.values import Cell, Pairs, Quantity, TrendFit, TrendPoint

# DATASET may hold slashes, and so may the value of an option.
_AXIS = re.compile(r"(?P<dataset>[^\[\]]+)(\[(?P<slice>[^\[\]]*)\])?/(?P<metric>[^/\[\]]+)(\[(?P<options>[^\[\]]*)\])?")
_AXES: Mapping[str, AxisName] = {"probit": "probit", "logit": "logit", "linear": "linear"}


@dataclass(frozen=True, slots=True)
class MeasuredAnswer:
    """A measurement as the command prints it: ``provenance`` says how it came about."""

    model: str
    quantity: str
    value: float
    low: float
    high: float
    n: int
    unit: str
    higher_is_better: bool
    evidence: str
    key: str
    source: str
    provenance: Pairs
    either_side: bool = False

    @property
    def _better(self) -> str:
        """Say which side is better, of a metric that has a better one."""
        return "" if self.either_side else f" ({'higher' if self.higher_is_better else 'lower'} is better)"

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, the provenance beside them."""
        facts = asdict(self)
        facts["provenance"] = dict(self.provenance)
        return facts

    def as_text(self) -> dict[str, str]:
        """Return the facts as they are read: shares in per cent, others bare, the provenance at the end."""
        low, high = (_number(end, self.unit) for end in (self.low, self.high))
        return {
            "model": self.model,
            "measured": self.quantity,
            "value": f"{_number(self.value, self.unit)}{self._better}",
            "95% interval": f"{low} to {high}" if isfinite(self.low) else "unknown: the table has no samples",
            "n": f"{self.n:,}",
            "evidence": f"{self.evidence}: {self.source}",
            **dict(told(self.provenance)),
            "key": self.key,
            **dict(traced(self.provenance)),
        }


@dataclass(frozen=True, slots=True)
class OnTrendAnswer:
    """A fit, and a model's place against it when one was named."""

    population: str
    fit: TrendFit
    model: TrendPoint | None
    expected: Expected | None

    def as_dict(self) -> dict[str, Any]:
        """Return n, slope, intercept, scale, r2 and, for a model, expected, residual, z and interval."""
        fit, at = self.fit, self.expected
        facts: dict[str, Any] = {
            "population": self.population,
            "axis": fit.axis,
            "n": fit.n,
            "slope": fit.slope,
            "intercept": fit.intercept,
            "scale": fit.scale,
            "r2": fit.r2,
            "dropped": list(fit.dropped),
        }
        if at is not None and self.model is not None:
            facts |= {"model": self.model.model, "x": self.model.x, "y": self.model.y, "expected": at.value}
            facts |= {"residual": at.residual, "z": at.z, "low": at.low, "high": at.high}
            facts |= {"extrapolated": at.extrapolated}
        return facts

    def as_text(self) -> dict[str, str]:
        """Return the same facts as they are read."""
        return {name: _written(value) for name, value in self.as_dict().items()}


@dataclass(frozen=True, slots=True)
class OnSeveralAnswer:
    """A plane over several sets, and a model's place against it when one was named."""

    population: str
    sets: tuple[str, ...]
    fit: TrendPlane
    model: str | None = None
    y: float | None = None
    at: Expected | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return n, a slope for each set, intercept, scale, r2 and, for a model, expected, residual and interval."""
        fit, at = self.fit, self.at
        slopes = {f"slope of {name}": slope for name, slope in zip(self.sets, fit.slopes, strict=True)}
        facts: dict[str, Any] = {"population": self.population, "axis": fit.axis, "n": fit.n, **slopes}
        facts |= {"intercept": fit.intercept, "scale": fit.scale, "r2": fit.r2}
        if at is not None:
            facts |= {"model": self.model, "y": self.y, "expected": at.value, "residual": at.residual}
            facts |= {"low": at.low, "high": at.high, "extrapolated": at.extrapolated}
        return facts

    def as_text(self) -> dict[str, str]:
        """Return the same facts as they are read."""
        return {name: _written(value) for name, value in self.as_dict().items()}


def _written(value: Any) -> str:
    """Write a fact of a fit: four decimals of a number, in full with ``--json``."""
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "undefined"}[value]
    if isinstance(value, list):
        return ", ".join(value) or "none"
    return write_value(value, "") if isinstance(value, float) else str(value)


def measure_one(
    session: RobustSession,
    model: str,
    dataset: str,
    metric: str,
    where: Sequence[str],
    options: Sequence[str],
    transform: str | None,
    prompts: str | None,
    arch: str | None,
) -> MeasuredAnswer:
    """Measure one model; raises SetupError for an unknown name and what measuring itself raises."""
    measured = metric_named(metric)
    settings = measured.checked_options(tuple(_pair(text, "an option", "score=msp") for text in options))
    candidate = resolve_one(model, arch=arch)
    quantity = Quantity(metric, dataset, _slice(where), transform, prompts, options=settings)
    score = session.book.score(Cell(candidate, quantity))
    return MeasuredAnswer(
        model=candidate.text,
        quantity=quantity.label,
        value=score.value,
        low=score.low,
        high=score.high,
        n=score.n,
        unit=measured.unit,
        higher_is_better=measured.higher_is_better,
        either_side=measured.either_side,
        evidence=score.evidence,
        key=score.key,
        source=score.source,
        provenance=score.provenance,
    )


def trend_of(population: str, y: str, x: str, model: str | None, group: Sequence[str], axis: str) -> OnTrendAnswer:
    """Fit a population's line (without ``model``, when one is named) and place the model on it."""
    if axis not in _AXES:
        raise SetupError(f"unknown axis {axis!r}", expected=", ".join(_AXES))
    among = {facet: value.split("|") for facet, value in map(_pair, group)}
    table = load_population(population)
    points = tuple(TrendPoint(*member) for member in table.points(_quantity(x), _quantity(y), among))
    fit = fit_trend(points, _AXES[axis], leave_out=model)
    if model is None:
        return OnTrendAnswer(population, fit, None, None)
    place = _place(table, model, _quantity(x), _quantity(y))
    return OnTrendAnswer(population, fit, place, expect_at(fit, place.x, place.y))


def trend_of_several(
    population: str, y: str, x: Sequence[str], model: str | None, group: Sequence[str], axis: str
) -> OnSeveralAnswer:
    """Fit a population's plane over several sets (without ``model``, when one is named) and place the model on it."""
    if axis not in _AXES:
        raise SetupError(f"unknown axis {axis!r}", expected=", ".join(_AXES))
    among = {facet: value.split("|") for facet, value in map(_pair, group)}
    table = load_population(population)
    on_x = [{name: at_x for name, at_x, *_ in table.points(_quantity(one), _quantity(y), among)} for one in x]
    on_y = {name: at_y for name, _, at_y, _ in table.points(_quantity(x[0]), _quantity(y), among)}
    members = [name for name in on_y if name != model and all(name in one for one in on_x)]
    places = np.array([[one[name] for one in on_x] for name in members]).reshape(len(members), len(x))
    fit = fit_several(places, np.array([on_y[name] for name in members]), _AXES[axis])
    if model is None:
        return OnSeveralAnswer(population, tuple(x), fit)
    own = [_place(table, model, _quantity(one), _quantity(y)) for one in x]
    at = expect_on_plane(fit, [point.x for point in own], own[0].y)
    return OnSeveralAnswer(population, tuple(x), fit, model, own[0].y, at)


def _place(table: Population, model: str, x: Quantity, y: Quantity) -> TrendPoint:
    """Return a model's own point, whether or not the group that draws the line includes it."""
    at_x, at_y = table.figure(model, x), table.figure(model, y)
    if at_x is None or at_y is None:
        raise SetupError(
            f"population {table.name} has no {model!r} on these axes", fix=did_you_mean(model, table.facets)
        )
    return TrendPoint(model, at_x.value, at_y.value, "")


def _number(value: float, unit: str) -> str:
    return write_value(value, unit, decimals=2)


def _pair(text: str, what: str = "a condition", example: str = "source=laion") -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name or not value:
        raise SetupError(f"{text!r} is not {what}", expected=f"name=value, such as {example}")
    return name, value


def _slice(texts: Sequence[str]) -> Pairs:
    return tuple(sorted(_pair(text, example="factor=pose") for text in texts))


def _quantity(text: str) -> Quantity:
    """Parse DATASET[SLICE]/METRIC[OPTIONS]; a slice is the classes of another set, or conditions with commas."""
    found = _AXIS.fullmatch(text)
    if not found:
        raise SetupError(
            f"{text!r} is not an axis", expected="DATASET/METRIC, such as imagenet-v2/top1 or imagenet-val/ece[bins=10]"
        )
    conditions = [part if "=" in part else f"classes={part}" for part in _parts(found["slice"])]
    settings = tuple(_pair(part, "an option", "bins=10") for part in _parts(found["options"]))
    checked = metric_named(found["metric"]).checked_options(settings) if settings else ()
    return Quantity(found["metric"], found["dataset"], _slice(conditions), options=checked)


def _parts(inside: str | None) -> list[str]:
    """Split at commas before a name: those between the sizes of eps=2/255,4/255 belong to the value."""
    return [] if inside is None else re.split(r",(?=[^,]*=)", inside)
