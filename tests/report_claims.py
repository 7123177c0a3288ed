"""A run with claims about groups of models: held, failing as expected, failing against it, and without figures."""

from __future__ import annotations

from dataclasses import replace

from report_fixtures import made_up_run

from robustcheck.values import Finding, ModelRef, Result, RunRecord, Status, SuiteInfo, TrendFigure, Verdict

SUITE = "suites/findings.robust.yaml"
QUOTE = "The choice of training source determines not only accuracy but robustness."
SOURCE = "Tu et al. 2024, section IV-A"


def claims_run() -> RunRecord:
    """Return two checked models beside four claims, one of which has a plot."""
    run = made_up_run(2, 1)
    results = (
        claim("source-above[imagenet-r]", effect("pass", 0.051), "holds", "holds"),
        claim("yfcc-above", effect("pass", -0.178), "fails", "fails", line=9),
        claim("webli-above", effect("fail", 0.02), "holds", "fails", groups="source webli, source laion", line=15),
        claim("predicts", Verdict("error", "no figures"), line=21),
    )
    suite = SuiteInfo(SUITE, "Claims", "", 4)
    figure = group_figure(run.trends[0])
    return replace(run, suites=(*run.suites, suite), results=(*run.results, *results), trends=(*run.trends, figure))


def claim(
    key: str,
    verdict: Verdict,
    finding: Finding = "",
    expected: Finding = "",
    groups: str = "source laion, source wit",
    line: int = 3,
) -> Result:
    """Return the result of one check about groups."""
    result = made_up_run(1, 1).results[0]
    return replace(
        result, nodeid=f"{SUITE}::{key}", suite=SUITE, check_id=key.split("[")[0], check_key=key, title=f"Of {key}",
        position=replace(result.position, path=SUITE, line=line), model=ModelRef("models", groups, "group", ""),
        verdict=verdict, score=None, x=None, claim=QUOTE, source=SOURCE, finding=finding, expect_finding=expected,
    )  # fmt: skip


def effect(status: Status, mean: float) -> Verdict:
    """Return the verdict on a mean difference that must lie above zero."""
    return Verdict(
        status, f"mean top1 moves by {mean:+.3f}", value=0.6 + mean, compared=mean, low=mean - 0.01, high=mean + 0.01,
        limit=0.0, margin=mean, n=1065, expected=0.6, facts=(("models", "95 of laion, 970 of wit"),),
    )  # fmt: skip


def group_figure(figure: TrendFigure) -> TrendFigure:
    """Return a plot of two groups, with the line of the second."""
    points = tuple(
        replace(point, group="source laion" if place % 4 else "source wit") for place, point in enumerate(figure.points)
    )
    return replace(
        figure, suite=SUITE, check_key="source-above[imagenet-r]", points=points, line_of="source wit", y_unit=""
    )
