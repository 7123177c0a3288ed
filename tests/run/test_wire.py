"""The wire: results and trend plots survive the way from a worker as text."""

from __future__ import annotations

import json
from math import inf

import numpy as np
from factories import QUANTITY, live_score, published_score
from run_makers import make_result

from robustcheck.run.wire import dump_figure, dump_result, load_figure, load_result
from robustcheck.values import Result, TrendFigure, TrendFit, TrendPoint, Verdict

VERDICT = Verdict(
    "fail",
    "top1 12.3% is 1/3 pp below “trend”",
    value=1 / 3,
    compared=-0.1,
    low=np.nextafter(0.1, 1),
    high=0.2,
    limit=-0.02,
    margin=-0.08,
    n=10_000,
    detectable=1e-17,
    notes=("a note", "another"),
    facts=(("paired over", "10 images"),),
)
FIGURE = TrendFigure(
    check_key="a-check[one]",
    suite="a.robust.yaml",
    population="openclip",
    x_label="x",
    y_label="y",
    fit=TrendFit("probit", 7, 0.9, -0.1, 0.01, 0.99, (1e-3, -1e-4, 1e-5), 0.3, 0.8, ("gone",)),
    points=(TrendPoint("m/1", 0.1, 0.2, "laion"), TrendPoint("m/2", 0.3, 0.4, "")),
    line=((0.1, 0.2, 0.1, 0.3),),
    source="a source",
    licence="a licence",
)


def full_result() -> Result:
    scores = {"score": live_score(np.array([1, 0, 1])), "x": published_score(0.5, 100, QUANTITY)}
    return make_result("fail", verdict=VERDICT, tags=("a", "b"), why="“why”\n<b>", seconds=0.25, **scores)


def test_a_result_is_the_same_afterwards() -> None:
    result = full_result()
    assert load_result(dump_result(result)) == result
    assert load_result(dump_result(make_result("skip"))) == make_result("skip")


def test_per_sample_scores_stay_behind() -> None:
    result = full_result()
    loaded = load_result(dump_result(result))
    assert result.score is not None
    assert result.score.samples is not None
    assert loaded.score is not None
    assert loaded.score.samples is None


def test_the_text_is_plain_json() -> None:
    facts = json.loads(dump_result(full_result()))
    assert facts["verdict"]["value"] == 1 / 3
    assert facts["score"]["samples"] is None


def test_a_number_that_is_not_finite_is_still_one_afterwards() -> None:
    result = make_result(verdict=Verdict("error", "out of reach", value=0.5, low=-inf, high=inf))
    text = dump_result(result)
    json.loads(text, parse_constant=lambda name: (_ for _ in ()).throw(AssertionError(name)))
    assert load_result(text) == result


def test_a_figure_is_the_same_afterwards() -> None:
    assert load_figure(dump_figure(FIGURE)) == FIGURE
