"""Small values that several tests build on."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np

from robustcheck.judge import Case
from robustcheck.stats.intervals import score_interval
from robustcheck.stats.proportions import proportion_interval
from robustcheck.values import Cell, ModelRef, Position, Quantity, Samples, Score
from robustcheck.values.checks import Check, PlannedCheck, Suite
from robustcheck.values.expectations import Expectation

MODEL = ModelRef("ViT-B-32/openai", "openclip:ViT-B-32/openai", "openclip", "ViT-B-32", "openai")
QUANTITY = Quantity("top1", "imagenet-v2")
TODAY = date(2026, 11, 22)


def make_check(expect: Expectation, warn: Expectation | None = None, **changes: object) -> Check:
    check = Check(
        id="a-check",
        case=(),
        title="A check",
        why="",
        tags=(),
        quantity=QUANTITY,
        expect=expect,
        warn=warn,
        when_unsure="unsure",
        known_deviations=(),
        applies_to=(),
        seed=0,
        sentence="A sentence.",
        position=Position("a.robust.yaml", 3, 5),
        expect_position=Position("a.robust.yaml", 5, 13),
        yaml="- id: a-check",
    )
    return replace(check, **changes)  # type: ignore[arg-type]


def make_item(check: Check, model: ModelRef = MODEL, alpha: float = 0.05) -> PlannedCheck:
    suite = Suite("a.robust.yaml", "A suite", "", ("clip",), (check,))
    return PlannedCheck(suite, check, model, (Cell(model, check.quantity),), alpha)


def live_score(correct: np.ndarray, quantity: Quantity = QUANTITY, model: ModelRef = MODEL) -> Score:
    n = len(correct)
    samples = Samples(np.arange(n).astype(str), correct.astype(float), np.zeros(n, np.int64))
    low, high = score_interval(samples)
    return Score(Cell(model, quantity), float(correct.mean()), low, high, n, "live", "store", "key", samples=samples)


def published_score(value: float, n: int, quantity: Quantity = QUANTITY, model: ModelRef = MODEL) -> Score:
    low, high = proportion_interval(value, n)
    return Score(Cell(model, quantity), value, low, high, n, "published", "a table", "key")


def make_case(item: PlannedCheck, score: Score, **changes: object) -> Case:
    case = Case(item, score, TODAY, "%", True, 1)
    return replace(case, **changes)  # type: ignore[arg-type]
