"""A run over every kind of metric: with and without a unit, high or low for good, within 0 to 1 and beyond."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from zlib import crc32

import numpy as np
from factories import MODEL, TODAY
from sample_makers import samples

from robustcheck.judge import Case, PopulationPoints, draw_trend, judge
from robustcheck.measure import metric_named
from robustcheck.run.known_names import known_names
from robustcheck.spec import load_suite
from robustcheck.stats.intervals import score_interval
from robustcheck.stats.statistics import value_of
from robustcheck.values import (
    Cell,
    ModelRef,
    Pairs,
    Quantity,
    Result,
    RunRecord,
    Samples,
    Score,
    SuiteInfo,
    TrendFigure,
    TrendPoint,
    Unit,
)
from robustcheck.values.checks import Check, PlannedCheck, Suite
from robustcheck.values.expectations import NoWorseThan, OnTrend

SUITE = """\
robustcheck: 1
title: Every kind of metric
about: Metrics with and without a unit, where high or low is good, and whose values may exceed 1.
models: clip
checks:
  - id: unseen-classes-are-noticed
    title: Images of no known class score lower
    for_each: {score: [mcm, msp]}
    measure: {metric: auroc, dataset: ninco, options: {score: "${score}"}}
    expect: {at_least: 0.85}
  - id: calibrated
    measure: {metric: ece, dataset: imagenet-v2, options: {temperature: fitted}}
    expect: {at_most: 0.06}
  - id: likelihood
    measure: {metric: nll, dataset: imagenet-v2}
    expect: {at_most: 1.3}
    warn: {limit: 1.2}
  - id: pose-is-no-harder
    measure: {metric: error_ratio, dataset: imagenet-x, where: {factor: pose}}
    expect: {at_most: 1.3}
  - id: corruptions
    measure: {metric: mce, dataset: imagenet-c}
    expect: {at_most: 100%}
  - id: words-do-not-mislead
    measure: {metric: attack_success, dataset: rta-100}
    expect: {no_worse_than: {baseline: main, allowed_drop: 2pp}}
  - id: accuracy
    measure: {metric: top1, dataset: imagenet-v2}
    expect: {at_least: 60%}
  - id: likelihood-on-trend
    title: The likelihood under shift follows that on clean images
    measure:
      {metric: nll, dataset: imagenet-sketch, where: {factor: pose}, transform: gaussian_noise:3,
       options: {temperature: fitted, fitted_on: imagenet-val}}
    expect:
      on_trend: {population: openclip, against: {metric: nll, dataset: imagenet-val}, axis: linear, allowed_below: 0.15}
  - id: detection-on-trend
    measure: {metric: auroc, dataset: ninco}
    expect:
      on_trend: {population: openclip, against: {metric: top1, dataset: imagenet-val}, allowed_below: 0.03}
"""
TOLD: dict[str, Pairs] = {
    "auroc": (("in distribution", "imagenet-val, 50,000 images"),),
    "ece": (("temperature", "1.2406, fitted on 25,000 images of imagenet-val"), ("scored", "10,000 images")),
    "mce": (("subsets", "75 of (corruption, severity)"),),
}
TRACED: Pairs = (("weights", "c515bdfc17a0cbe8" * 4), ("dataset", "75c491d56ca8be6e" * 4), ("torch", "2.15.0"))
N = 400


@dataclass(frozen=True)
class Skill:
    """How good a made-up model is, from 0 to 1, and on which data set it is worse than that."""

    model: ModelRef
    level: float
    weak_on: str = ""

    def on(self, dataset: str) -> float:
        """Return how good it is on a data set."""
        return self.level - 0.2 * (dataset == self.weak_on)


def skills(count: int) -> list[Skill]:
    names = [f"ViT-B-{number}/run{number}_s13b" for number in range(count)]
    return [
        Skill(
            replace(MODEL, id=name, text=f"openclip:{name}"),
            0.15 + 0.7 * at / max(1, count - 1),
            "imagenet-sketch" if at == 1 else "",
        )
        for at, name in enumerate(names)
    ]


def _detection(rng: np.random.Generator, level: float) -> Samples:
    scores = np.r_[rng.normal(0.8 + 1.6 * level, 1, N), rng.normal(size=N)]
    return samples(scores, [-1] * N + [0] * N, statistic="auroc")


def _calibration(rng: np.random.Generator, level: float) -> Samples:
    sure = rng.beta(5, 2, N * 5)
    right = (rng.random(sure.size) < sure - 0.16 * (1 - level)).astype(float)
    return samples(sure, correct=right, statistic="ece")


def _ratio(rng: np.random.Generator, level: float) -> Samples:
    errors = (rng.random(N) < 0.4).astype(float)
    posed = np.arange(N) % 4 == 0
    return samples(np.where(posed, errors * 4 * (1.7 - 0.8 * level), 0), counted=errors, statistic="ratio")


def _corruption(rng: np.random.Generator, level: float) -> Samples:
    wrong = (rng.random(N) < 0.75 - 0.45 * level).astype(float)
    return samples(wrong, weights=np.full(N, 1.8 / N), statistic="weighted_sum")


def _losses(rng: np.random.Generator, level: float) -> Samples:
    return samples(rng.gamma(2, (2.1 - 1.7 * level) / 2, N * 4))


def _hits(rate: Callable[[float], float]) -> Callable[[np.random.Generator, float], Samples]:
    return lambda rng, level: samples((rng.random(N * 4) < rate(level)).astype(float))


MAKERS: dict[str, Callable[[np.random.Generator, float], Samples]] = {
    "auroc": _detection,
    "ece": _calibration,
    "nll": _losses,
    "error_ratio": _ratio,
    "mce": _corruption,
    "attack_success": _hits(lambda level: 0.12 * (1 - level)),
    "top1": _hits(lambda level: 0.45 + 0.4 * level),
}


def drawn(skill: Skill, quantity: Quantity) -> Samples:
    rng = np.random.default_rng(crc32(f"{skill.model.id}{quantity.metric}{quantity.dataset}".encode()))
    return MAKERS[quantity.metric](rng, skill.on(quantity.dataset))


def made_score(skill: Skill, quantity: Quantity) -> Score:
    """Draw the samples of a model and score them."""
    made = drawn(skill, quantity)
    low, high = score_interval(made)
    told = (*TOLD.get(quantity.metric, ()), ("prompts", "openai-80 (80 for the first class)"))
    key = f"{crc32(quantity.label.encode()):08x}" * 8
    source = "measured on this machine or taken from its store"
    return Score(
        Cell(skill.model, quantity), value_of(made), low, high, made.scores.size, "live", source, key,
        (*TRACED, *told), made,
    )  # fmt: skip


@cache
def protocol_run() -> RunRecord:
    """Judge made-up models on every kind of metric, as a session does; once, since it takes seconds."""
    with TemporaryDirectory() as directory:
        path = Path(directory) / "kinds.robust.yaml"
        path.write_text(SUITE, encoding="utf-8")
        suite = replace(load_suite(path, known_names(path.parent)), path="suites/kinds.robust.yaml")
    results = [_result(suite, check, skill) for check in suite.checks for skill in skills(5)]
    return RunRecord(
        id="20261122-050000",
        started="2026-11-22T05:00:00+00:00",
        seconds=12.5,
        command="pytest suites/kinds.robust.yaml",
        suites=(SuiteInfo(suite.path, suite.title, suite.about, len(suite.checks)),),
        results=tuple(results),
        trends=tuple(_figures(suite)),
    )


def _result(suite: Suite, check: Check, skill: Skill) -> Result:
    item = PlannedCheck(suite, check, skill.model, (), 0.05)
    case = _case(item, skill)
    return Result(
        nodeid=f"{suite.path}::{item.name}",
        suite=suite.path,
        check_id=check.id,
        check_key=check.key,
        title=check.title,
        why=check.why,
        tags=check.tags,
        sentence=check.sentence,
        position=replace(check.expect_position, path=suite.path),
        yaml=check.yaml,
        model=skill.model,
        verdict=judge(case),
        score=case.score,
        x=case.x or case.reference,
        rerun=f'pytest "{suite.path}::{item.name}"',
    )


def _case(item: PlannedCheck, skill: Skill) -> Case:
    expect, quantity = item.check.expect, item.check.quantity
    facts = metric_named(quantity.metric)
    score = made_score(skill, quantity)
    case = Case(item, score, TODAY, facts.unit, facts.higher_is_better, facts.n_min)
    if isinstance(expect, NoWorseThan):
        assert score.samples is not None
        nothing = samples(np.zeros(score.n))
        before = replace(score, value=0.0, low=0.0, high=0.002, samples=nothing)
        return replace(case, reference=before, reference_name="baseline main")
    if isinstance(expect, OnTrend):
        x = made_score(skill, expect.against.quantity())
        unit = metric_named(expect.against.metric).unit
        return replace(case, x=x, x_unit=unit, population=_population(item.check))
    return case


def _population(check: Check) -> PopulationPoints:
    assert isinstance(check.expect, OnTrend)
    against = check.expect.against.quantity()
    members = [Skill(replace(skill.model, id=f"p-{skill.model.id}"), skill.level) for skill in skills(40)]
    points = [
        TrendPoint(
            member.model.id,
            value_of(drawn(member, against)),
            value_of(drawn(member, check.quantity)),
            ("laion", "datacomp", "wit")[place % 3],
        )
        for place, member in enumerate(members)
    ]
    return PopulationPoints("openclip", tuple(points), "made up", "none")


def _figures(suite: Suite) -> list[TrendFigure]:
    trends = [check for check in suite.checks if isinstance(check.expect, OnTrend)]
    return [draw_trend(suite.path, check, _population(check), _units(check)) for check in trends]


def _units(check: Check) -> tuple[Unit, Unit]:
    assert check.other_quantity is not None
    return metric_named(check.other_quantity.metric).unit, metric_named(check.quantity.metric).unit
