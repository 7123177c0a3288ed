"""on_trend against several sets: the verdict, its interval by simulation, what is refused, and its plot."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from factories import make_case, make_check, make_item, published_score
from scipy.special import ndtr, ndtri

from robustcheck.errors import RecordError
from robustcheck.judge import Case, PopulationPoints, draw_trend, judge
from robustcheck.stats.trend_of_several import expect_on_plane, fit_several
from robustcheck.values import Quantity, TrendPoint
from robustcheck.values.expectations import OnTrend

ONE, TWO = Quantity("top1", "imagenet-val"), Quantity("top1", "imagenet-v2")
AGAINST = [{"metric": "top1", "dataset": each.dataset} for each in (ONE, TWO)]
Y_N, X_N = 10_000, 20_000


def on_plane(**changes: object) -> OnTrend:
    return OnTrend.model_validate({"population": "drawn", "against": AGAINST, "allowed_below": "3pp", **changes})


def population(rng: np.random.Generator, n: int = 40, families: int = 10) -> PopulationPoints:
    """Two sorts of models, each at home on a set of its own; the shifted set owes as much to either."""
    ability, sort = rng.uniform(-0.3, 1.2, n), np.arange(n) % 2
    first, second = (ability + 0.4 * (sort == side) + rng.normal(0, 0.05, n) for side in (0, 1))
    y = ndtr((first + second) / 2 - 0.5 + rng.normal(0, 0.02, n))
    names = [f"m{place}" for place in range(n)]
    points = tuple(TrendPoint(name, float(a), float(b), "g") for name, a, b in zip(names, ndtr(first), y, strict=True))
    kin = {name: f"family {place % families}" for place, name in enumerate(names)}
    further = {name: (float(value),) for name, value in zip(names, ndtr(second), strict=True)}
    return PopulationPoints("drawn", points, "here", "none", {}, kin, further)


def case_at(people: PopulationPoints, x: tuple[float, float], y: float, expect: OnTrend | None = None) -> Case:
    case = make_case(make_item(make_check(expect or on_plane())), published_score(y, Y_N))
    first, second = (published_score(at, X_N, each) for at, each in zip(x, (ONE, TWO), strict=True))
    return replace(case, x=first, further=(second,), further_units=("%",), population=people)


def truth(x: tuple[float, float]) -> float:
    return float(ndtr((ndtri(x[0]) + ndtri(x[1])) / 2 - 0.5))


def test_verdict_expectation_and_facts_are_those_of_the_plane() -> None:
    people, x = population(np.random.default_rng(1)), (0.75, 0.62)
    plane = fit_several(people.all_x(people.points), np.array([point.y for point in people.points]))
    at = expect_on_plane(plane, x)
    verdict = judge(case_at(people, x, 0.50))
    assert verdict.expected == pytest.approx(at.value, abs=1e-12)
    assert verdict.compared == pytest.approx(0.50 - at.value, abs=1e-12)
    facts = dict(verdict.facts)
    assert facts["x"] == "top1 on imagenet-val = 75.0%; top1 on imagenet-v2 = 62.0%"
    assert "40 networks of 10 families" in facts["population"]
    assert facts["range of x"].endswith("this model lies inside")
    assert facts["fit"].startswith(f"slopes {plane.slopes[0]:.3f} of top1 on imagenet-val and ")
    assert judge(case_at(people, x, at.value)).status == "pass"
    assert judge(case_at(people, x, at.value - 0.08)).status == "fail"
    assert judge(case_at(people, x, at.value - 0.03)).status == "unsure"
    assert judge(case_at(people, x, at.value, on_plane(allowed_below=None, within="95%"))).status == "pass"


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    """Images of all three sets are drawn anew, and the population too."""
    rng, x, hits = np.random.default_rng(2), (0.78, 0.65), 0
    y = truth(x) - 0.02
    for _ in range(150):
        seen = tuple(float(rng.binomial(X_N, each) / X_N) for each in x)
        verdict = judge(case_at(population(rng), seen, float(rng.binomial(Y_N, y) / Y_N)))  # type: ignore[arg-type]
        assert verdict.low is not None
        assert verdict.high is not None
        hits += verdict.low <= -0.02 <= verdict.high
    # 95% of 150 are 142.5; 135 is 3 standard errors below.
    assert 135 <= hits <= 150


def test_images_that_the_sets_share_widen_what_they_say_together() -> None:
    """Two x that err together move the plane further than two that do not; y that errs with them takes it away."""
    case = case_at(population(np.random.default_rng(3)), (0.75, 0.62), 0.50)

    def width(*shared: float) -> float:
        verdict = judge(replace(case, shared=shared))
        assert verdict.low is not None
        assert verdict.high is not None
        return verdict.high - verdict.low

    together = 0.9 * (0.75 * 0.25 * 0.62 * 0.38) ** 0.5 / X_N
    assert width(0.0, 0.0, together) > width(0.0, 0.0, 0.0) > width(together, together, 0.0)


def test_a_model_unlike_any_member_is_extrapolated_though_inside_both_ranges() -> None:
    people = population(np.random.default_rng(4))
    outside = judge(case_at(people, (0.05, 0.62), 0.30))
    assert any("top1 on imagenet-val = 5.0% lies outside the population's" in note for note in outside.notes)
    first, second = people.all_x(people.points).T
    apart = judge(case_at(people, (float(first.max()), float(second.min())), 0.50))
    assert any("no model of the population is like this one on all 2 sets" in note for note in apart.notes)
    assert dict(apart.facts)["range of x"].endswith("outside: the plane is extrapolated")


def test_few_models_and_sets_that_say_the_same_are_errors_that_say_what_to_do() -> None:
    people = population(np.random.default_rng(5))
    with pytest.raises(RecordError, match="9 models have a figure on all of 2 sets"):
        judge(case_at(replace(people, points=people.points[:9]), (0.7, 0.6), 0.5))
    same = {point.model: (point.x,) for point in people.points}
    with pytest.raises(RecordError, match="leave out one of the sets"):
        judge(case_at(replace(people, further=same), (0.7, 0.6), 0.5))


def test_the_candidate_does_not_draw_its_own_plane() -> None:
    people = population(np.random.default_rng(6))
    own = replace(people.points[0], model="ViT-B-32/openai", y=0.01)
    with_own = replace(
        people, points=(own, *people.points[1:]), further={**people.further, own.model: people.further["m0"]}
    )
    case = case_at(with_own, (0.75, 0.62), 0.5)
    case = replace(case, planned=make_item(make_check(on_plane()), replace(case.planned.model, id=own.model)))
    left = replace(people, points=people.points[1:])
    assert judge(case).expected == judge(case_at(left, (0.75, 0.62), 0.5)).expected
    assert dict(judge(case).facts)["population"].endswith("this one left out")


def test_its_plot_is_what_was_measured_over_what_was_expected() -> None:
    people = population(np.random.default_rng(7))
    figure = draw_trend("s.robust.yaml", make_check(on_plane()), people)
    assert figure.of_expected
    assert figure.x_label.endswith("expected from top1 on imagenet-val and top1 on imagenet-v2")
    assert (figure.fit.slope, figure.fit.intercept) == (1.0, 0.0)
    plane = fit_several(people.all_x(people.points), np.array([point.y for point in people.points]))
    for point, member in zip(figure.points, people.points, strict=True):
        assert (point.model, point.y) == (member.model, member.y)
        assert point.x == pytest.approx(expect_on_plane(plane, (member.x, *people.further[member.model])).value)
    for x, y, low, high in figure.line:
        assert y == pytest.approx(x)
        assert low < y < high
    assert figure.fit.x_low <= min(point.x for point in figure.points)
    assert max(point.x for point in figure.points) <= figure.fit.x_high
