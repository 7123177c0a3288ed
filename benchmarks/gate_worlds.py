"""Models whose truth is known: what the simulation of the gate draws, one function a kind of expectation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from math import sqrt
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from robustcheck.judge import Case, PopulationPoints
from robustcheck.measure import metric_named
from robustcheck.populations import load_population
from robustcheck.stats.axes import axis_by_name
from robustcheck.stats.statistics import value_of
from robustcheck.stats.trend import expect_at, fit_trend
from robustcheck.values import Cell, ModelRef, Position, Quantity, Samples, Score, TrendFit, TrendPoint
from robustcheck.values.checks import Check, PlannedCheck, Suite
from robustcheck.values.expectations import AtLeast, AtMost, Expectation, NoWorseThan, OnTrend

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Rng = np.random.Generator

CHECKS = 10
ALPHA = 0.05 / CHECKS
SHIFTS = ("imagenet-v2", "imagenet-r", "imagenet-sketch", "objectnet")
VAL, V2, PART = (
    Quantity("top1", "imagenet-val"),
    Quantity("top1", "imagenet-v2"),
    Quantity("top1", "imagenet-val", (("factor", "pose"),)),
)
AUROC, ECE = Quantity("auroc", "ninco"), Quantity("ece", "imagenet-val")
MODEL = ModelRef("candidate", "candidate", "openclip", "ViT-B-32")
NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Trial:
    """A case and the true value of the number that it compares."""

    case: Case
    truth: float


# --- kinds: (rng, n, drop) -> a model whose truth lies ``drop`` beyond the limit -------------------


def accuracy(rng: Rng, n: int, drop: float) -> Trial:
    """Draw a share of n images; the limit is the accuracy that a published model has under shift."""
    points = _published(str(rng.choice(SHIFTS)))[1]
    return _accuracy(rng, n, points[rng.integers(len(points))].y, drop)


def accuracy_near_99(rng: Rng, n: int, drop: float) -> Trial:
    """Draw a share of n images, held against 99%."""
    return _accuracy(rng, n, 0.99, drop)


def on_trend(rng: Rng, n: int, drop: float) -> Trial:
    """Draw a residual: y of n images, x of 50,000 others, on the line of one of four data sets."""
    fit, points = _published(str(rng.choice(SHIFTS)))
    people, x = _population(rng, fit, [point.x for point in points]), _typical(rng, points)
    y = expect_at(fit, x).value - 0.02 - drop
    return _residual(_figure(rng, n, y), _figure(rng, 50_000, x, VAL), people, 0.02, drop)


def on_trend_near_99(rng: Rng, n: int, drop: float) -> Trial:
    """Draw a residual where both accuracies are near 99%."""
    fit = replace(_published("imagenet-v2")[0], slope=1.0, intercept=-0.1, scale=0.03)
    people = _population(rng, fit, list(rng.uniform(0.9, 0.998, 40)))
    y = expect_at(fit, 0.99).value - 0.005 - drop
    return _residual(_figure(rng, n, y), _figure(rng, 50_000, 0.99, VAL), people, 0.005, drop)


def on_trend_of_a_part(rng: Rng, n: int, drop: float) -> Trial:
    """Draw a residual whose y are n of the 4 n images of x, image by image."""
    fit, points = _published("imagenet-v2")
    people, x = _population(rng, fit, [point.x for point in points]), _typical(rng, points)
    y = expect_at(fit, x).value - 0.02 - drop
    right = np.r_[rng.random(n) < y, rng.random(3 * n) < (4 * x - y) / 3].astype(np.float64)
    return _residual(_measured(_samples(right[:n]), PART), _measured(_samples(right), VAL), people, 0.02, drop)


def paired(rng: Rng, n: int, drop: float) -> Trial:
    """Draw two models on n images: 3% won, and lost 3% with the allowed 2 points and the drop."""
    now, then = _changed(rng, rng.choice(3, size=n, p=_changes(0.02 + drop)))
    return _against(_measured(_samples(now), V2), _measured(_samples(then), V2), 0.02, drop)


def paired_in_clusters(rng: Rng, n: int, drop: float) -> Trial:
    """Draw two models on n frames, four a video; half the frames of a video that changes do."""
    videos = -(-n // 4)
    changes = rng.choice(3, size=videos, p=_changes(2 * (0.02 + drop))).repeat(4)
    now, then = _changed(rng, np.where(rng.random(4 * videos) < 0.5, changes, 2))
    clusters = np.arange(videos).repeat(4)
    scores = [_measured(replace(_samples(each), clusters=clusters), V2) for each in (now, then)]
    return _against(scores[0], scores[1], 0.02, drop)


def detection(rng: Rng, n: int, drop: float) -> Trial:
    """Draw the AUROC of n in-distribution and n other images, normal on both sides, held against 0.9."""
    score = _measured(_two_sides(rng.normal(size=2 * n), 0.9 - drop), AUROC)
    return Trial(_case(AtLeast(limit=0.9), score), 0.9 - drop)  # type: ignore[arg-type]


def paired_detection(rng: Rng, n: int, drop: float) -> Trial:
    """Draw two detectors of the same n and n images, whose scores correlate by 0.7."""
    shared, own = rng.normal(size=2 * n), rng.normal(size=(2, 2 * n))
    noises = sqrt(0.7) * shared + sqrt(0.3) * own
    now, then = (_two_sides(noise, auroc) for noise, auroc in zip(noises, (0.89 - drop, 0.9), strict=True))
    return _against(_measured(now, AUROC), _measured(then, AUROC), 0.01, drop)


def calibration(rng: Rng, n: int, drop: float) -> Trial:
    """Draw n answers that are overconfident by 5 points, and the drop, at every confidence: that is their ECE."""
    score = _measured(_answers(rng.beta(5, 2, size=n), rng.random(n), 0.05 + drop), ECE)
    return Trial(_case(AtMost(limit=0.05), score), 0.05 + drop)  # type: ignore[arg-type]


def paired_calibration(rng: Rng, n: int, drop: float) -> Trial:
    """Draw two models' answers to the same images: overconfident by 3 points then, by 2 and the drop more now."""
    confidence, chance = rng.beta(5, 2, size=n), rng.random(n)
    now, then = (_measured(_answers(confidence, chance, gap), ECE) for gap in (0.05 + drop, 0.03))
    return _against(now, then, 0.02, drop, worse=1)


KINDS: Mapping[str, Callable[[Rng, int, float], Trial]] = {
    "accuracy": accuracy,
    "accuracy near 99%": accuracy_near_99,
    "on_trend": on_trend,
    "on_trend near 99%": on_trend_near_99,
    "on_trend, a part of the whole": on_trend_of_a_part,
    "paired accuracy": paired,
    "paired accuracy, 4 a cluster": paired_in_clusters,
    "AUROC": detection,
    "paired AUROC": paired_detection,
    "ECE": calibration,
    "paired ECE": paired_calibration,
}


# --- what the looks over time are made of -----------------------------------------------------------


def compared(
    now: Flags, then: Flags, allowed: float, *, origin: Flags | None = None, warn: float | None = None
) -> Case:
    """Return the case of a model that is right on some images, held against a baseline, and against its origin."""
    expect, tighter = (
        None if limit is None else NoWorseThan(baseline="main", allowed_drop=limit)  # type: ignore[arg-type]
        for limit in (allowed, warn)
    )
    assert expect is not None
    case = _case(
        expect, _measured(_samples(now.astype(float)), V2), reference=_measured(_samples(then.astype(float)), V2)
    )
    planned = replace(case.planned, check=replace(case.planned.check, warn=tighter))
    first = None if origin is None else replace(_measured(_samples(origin.astype(float)), V2), key="origin")
    return replace(case, planned=planned, reference_name="baseline main", origin=first, origin_name="the origin")


def expected_on_trend(rng: Rng) -> tuple[PopulationPoints, float, float]:
    """Draw a population on ImageNet-V2's line; return it with a model's x, and the y that the line expects there."""
    fit, points = _published("imagenet-v2")
    x = _typical(rng, points)
    return _population(rng, fit, [point.x for point in points]), x, expect_at(fit, x).value


def figure_of(rng: Rng, n: int, truth: float, quantity: Quantity = V2) -> Score:
    """Draw a published share of n images."""
    return _figure(rng, n, truth, quantity)


def counted_case(right: int, n: int, limit: float) -> Case:
    """Return the case of a share of n images, held against a level."""
    score = Score(Cell(MODEL, V2), right / n, 0.0, 1.0, n, "published", "drawn", "key")
    return _case(AtLeast(limit=limit), score)  # type: ignore[arg-type]


def residual_case(y: Score, x: Score, people: PopulationPoints, allowed: float) -> Case:
    """Return the case of a model that is held against the line of a population."""
    return _residual(y, x, people, allowed, 0.0).case


# --- how it is drawn ------------------------------------------------------------------------------


@cache
def _published(dataset: str) -> tuple[TrendFit, tuple[TrendPoint, ...]]:
    """Return the line through the shipped OpenCLIP models above 50% on ImageNet, and those models."""
    members = load_population("openclip").points(VAL, Quantity("top1", dataset))
    points = tuple(TrendPoint(*member) for member in members if member[1] > 0.5)
    return fit_trend(points), points


def _population(rng: Rng, fit: TrendFit, x: list[float]) -> PopulationPoints:
    """Draw models with these x on a line, with its scatter."""
    axis = axis_by_name(fit.axis)
    noise = rng.normal(0, fit.scale, size=len(x))
    y = [axis.inverse(fit.intercept + fit.slope * axis.forward(at) + off) for at, off in zip(x, noise, strict=True)]
    points = [TrendPoint(f"m{place}", *pair, "") for place, pair in enumerate(zip(x, y, strict=True))]
    return PopulationPoints("drawn", tuple(points))


def _typical(rng: Rng, points: tuple[TrendPoint, ...]) -> float:
    return points[rng.integers(len(points))].x


def _changes(loss: float) -> list[float]:
    return [0.03, 0.03 + loss, 0.94 - loss]


def _changed(rng: Rng, change: npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Return what is right now and then: change 0 is won, 1 is lost, 2 as it was."""
    steady = rng.random(change.size) < 0.7
    now, then = (np.where(change == 2, steady, change == won) for won in (0, 1))
    return now.astype(np.float64), then.astype(np.float64)


def _two_sides(noise: Floats, auroc: float) -> Samples:
    groups = np.repeat([-1, 0], noise.size // 2)
    apart = sqrt(2) * NORMAL.inv_cdf(auroc)
    return replace(_samples(noise + apart * (groups == -1)), groups=groups.astype(np.int64), statistic="auroc")


def _answers(confidence: Floats, chance: Floats, gap: float) -> Samples:
    # Above the gap, so that no chance of being right is cut off at 0 and the ECE is the gap.
    sure = 0.15 + 0.85 * confidence
    return replace(_samples(sure), statistic="ece", correct=(chance < sure - gap).astype(np.float64))


def _accuracy(rng: Rng, n: int, limit: float, drop: float) -> Trial:
    expect = AtLeast(limit=limit)  # type: ignore[arg-type]
    return Trial(_case(expect, _figure(rng, n, limit - drop)), limit - drop)


def _residual(y: Score, x: Score, people: PopulationPoints, allowed: float, drop: float) -> Trial:
    expect = OnTrend.model_validate(
        {"population": "drawn", "against": {"metric": "top1", "dataset": VAL.dataset}, "allowed_below": allowed}
    )
    return Trial(_case(expect, y, x=x, population=people), -allowed - drop)


def _against(now: Score, then: Score, allowed: float, drop: float, worse: int = -1) -> Trial:
    expect = NoWorseThan(baseline="main", allowed_drop=allowed)  # type: ignore[arg-type]
    return Trial(_case(expect, now, reference=then, reference_name="baseline main"), worse * (allowed + drop))


def _samples(scores: Floats) -> Samples:
    return Samples(_ids(scores.size), scores, np.zeros(scores.size, np.int64))


@cache
def _ids(n: int) -> npt.NDArray[np.str_]:
    return np.arange(n).astype(str)


def _measured(samples: Samples, quantity: Quantity) -> Score:
    value, n = value_of(samples), samples.scores.size
    return Score(Cell(MODEL, quantity), value, 0.0, 1.0, n, "live", "drawn", "key", samples=samples)


def _figure(rng: Rng, n: int, truth: float, quantity: Quantity = V2) -> Score:
    value = float(rng.binomial(n, truth)) / n
    if quantity == VAL:
        value = min(max(value, 0.5 / n), 1 - 0.5 / n)
    return Score(Cell(MODEL, quantity), value, 0.0, 1.0, n, "published", "drawn", "key")


def _case(expect: Expectation, score: Score, **evidence: object) -> Case:
    quantity = score.cell.quantity
    facts = metric_named(quantity.metric)
    here = Position("drawn.robust.yaml", 1, 1)
    check = Check(
        "drawn", (), "", "", (), quantity, expect, None, "unsure", (), (), 0, "", here, here, ""
    )  # fmt: skip
    item = PlannedCheck(Suite(here.path, "", "", (), (check,)), check, MODEL, (score.cell,), ALPHA)
    case = Case(item, score, date(2026, 1, 1), facts.unit, facts.higher_is_better, 1)
    return replace(case, **evidence)  # type: ignore[arg-type]
