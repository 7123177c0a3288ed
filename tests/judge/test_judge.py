"""Verdicts: what passes, fails and stays unsure, and with which words and numbers."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from factories import MODEL, live_score, make_case, make_check, make_item, published_score
from scipy import stats

from robustcheck.errors import RecordError
from robustcheck.judge import Case, PopulationPoints, draw_trend, judge
from robustcheck.stats.intervals import covariance, score_interval
from robustcheck.stats.statistics import value_of
from robustcheck.stats.trend import expect_at, fit_trend
from robustcheck.values import (
    DEFECTS,
    MASKING,
    Cell,
    KnownDeviation,
    ModelRef,
    Quantity,
    Samples,
    Score,
    TrendPoint,
    Verdict,
)
from robustcheck.values.expectations import AtLeast, AtMost, Between, Expectation, NoWorseThan, OnTrend, Reproduces

X = Quantity("top1", "imagenet-val")


def at_least(limit: str) -> AtLeast:
    return AtLeast(limit=limit)  # type: ignore[arg-type]


def verdict_of(expect: Expectation, value: float, n: int, **case: object) -> Verdict:
    return judge(make_case(make_item(make_check(expect)), published_score(value, n), **case))


@pytest.mark.parametrize(
    ("value", "n", "status"),
    [(0.60, 10_000, "pass"), (0.40, 10_000, "fail"), (0.46, 100, "unsure"), (0.44, 100, "unsure")],
)
def test_at_least(value: float, n: int, status: str) -> None:
    verdict = verdict_of(at_least("45%"), value, n)
    assert verdict.status == status
    assert verdict.margin == pytest.approx(value - 0.45)
    assert verdict.limit == 0.45
    assert verdict.low is not None
    assert verdict.high is not None
    assert verdict.low < value < verdict.high
    assert verdict.n == n


def test_at_most_and_between() -> None:
    assert verdict_of(AtMost(limit="45%"), 0.40, 10_000).status == "pass"  # type: ignore[arg-type]
    assert verdict_of(AtMost(limit="45%"), 0.50, 10_000).status == "fail"  # type: ignore[arg-type]
    between = Between(low="40%", high="60%")  # type: ignore[arg-type]
    assert verdict_of(between, 0.50, 10_000).status == "pass"
    assert verdict_of(between, 0.65, 10_000).status == "fail"
    assert verdict_of(between, 0.65, 10_000).margin == pytest.approx(-0.05)
    assert verdict_of(between, 0.35, 10_000).limit == pytest.approx(0.40)


@pytest.mark.parametrize(("value", "status"), [(0.60, "warn"), (0.40, "fail"), (0.451, "unsure")])
def test_a_pass_on_part_of_a_set_is_a_warning(value: float, status: str) -> None:
    found = "birds: 3 images beside the class folders are not read"
    score = replace(published_score(value, 10_000), provenance=((DEFECTS, found),))
    verdict = judge(make_case(make_item(make_check(at_least("45%"))), score))
    assert verdict.status == status
    assert found in verdict.notes


@pytest.mark.parametrize(("value", "status"), [(0.40, "warn"), (0.60, "fail"), (0.451, "unsure")])
def test_a_pass_of_a_check_that_asks_for_worse_models_is_a_warning(value: float, status: str) -> None:
    doubt = "top1: higher is better"
    check = make_check(AtMost(limit="45%"), doubts=(doubt,))  # type: ignore[arg-type]
    verdict = judge(make_case(make_item(check), published_score(value, 10_000)))
    assert (verdict.status, doubt in verdict.notes) == (status, True)


@pytest.mark.parametrize(("value", "status"), [(0.60, "pass"), (0.40, "fail")])
def test_signs_of_masked_gradients_are_a_note_and_change_no_status(value: float, status: str) -> None:
    score = replace(published_score(value, 10_000), provenance=((MASKING, "accuracy rises at 2/255"),))
    verdict = judge(make_case(make_item(make_check(at_least("45%"))), score))
    assert verdict.status == status
    assert verdict.notes.count("accuracy rises at 2/255") == 1


def test_the_reason_has_every_number() -> None:
    verdict = verdict_of(at_least("45%"), 0.40, 10_000)
    assert verdict.reason == ("top1 40.0% is 5.0 pp below the limit of 45.0% (95% interval 39.0% to 41.0%; n = 10,000)")


def test_a_fail_needs_the_level_that_bonferroni_asks_for() -> None:
    """42.0% of 1,000 is shown below 45% at 0.05, and not at 0.05 over 40 checks."""
    check, score = make_check(at_least("45%")), published_score(0.42, 1_000)
    assert judge(make_case(make_item(check, alpha=0.05), score)).status == "fail"
    strict = judge(make_case(make_item(check, alpha=0.05 / 40), score))
    assert strict.status == "unsure"
    assert "straddles" in strict.notes[0]
    far = judge(make_case(make_item(check, alpha=0.05 / 40), published_score(0.41, 1_000)))
    assert (far.status, far.notes[0][:47]) == ("unsure", "unsure: the 95% interval lies beyond the limit,")


@pytest.mark.parametrize("outcome", ["fail", "warn", "pass"])
def test_when_unsure_decides_what_unsure_becomes(outcome: str) -> None:
    check = make_check(at_least("45%"), when_unsure=outcome)
    verdict = judge(make_case(make_item(check), published_score(0.46, 100)))
    assert verdict.status == outcome
    if outcome != "fail":
        assert "80% power" in verdict.notes[0]


def test_unsure_says_what_this_n_can_resolve() -> None:
    verdict = verdict_of(at_least("45%"), 0.46, 100)
    assert verdict.detectable == pytest.approx((1.6449 + 0.8416) * (0.46 * 0.54 / 100) ** 0.5, rel=0.02)
    assert "100 images show a shortfall of 12.4 pp beyond the limit with 80% power" in verdict.notes[0]
    # n (half-width / distance)^2 = 100 (0.0958 / 0.01)^2
    assert "about 9,200 would decide (pass)" in verdict.notes[0]


def test_what_n_counts_is_said_where_that_is_not_images_alone() -> None:
    case = make_case(make_item(make_check(at_least("45%"))), published_score(0.46, 100), counted="images and models")
    verdict = judge(case)
    assert "; n = 100 images and models)" in verdict.reason
    assert "100 images and models show a shortfall of 12.4 pp" in verdict.notes[0]


@pytest.mark.parametrize(
    ("expect", "said"),
    [
        (
            at_least("30%"),
            "4 images show no shortfall beyond the limit with 80% power: it would be more than the 30.0 pp",
        ),
        (
            AtMost.model_validate({"limit": "80%"}),
            "show no excess beyond the limit with 80% power: it would be more than the 20",
        ),
    ],
)
def test_a_drop_of_more_than_there_is_is_not_said_to_be_found(expect: Expectation, said: str) -> None:
    case = make_case(make_item(make_check(expect)), published_score(0.5, 4), bounded=True)
    assert said in judge(case).notes[0]


def test_the_band_of_a_share_ends_at_0_and_1_on_a_linear_axis() -> None:
    """A line from 2% to 98% with scatter: its band would leave the scale at both ends."""
    noise = np.random.default_rng(3).normal(0, 0.04, 20)
    x = 0.02 + 0.05 * np.arange(20)
    y = np.clip(x + noise, 0, 1)
    points = tuple(TrendPoint(f"m{k}", float(x[k]), float(y[k]), "wit") for k in range(20))
    line = {"population": "drawn", "against": {"metric": "top1", "dataset": "imagenet-val"}, "allowed_below": "5pp"}
    check = make_check(OnTrend.model_validate({**line, "axis": "linear"}))
    population = PopulationPoints("drawn", points)
    on_x = published_score(0.99, 10_000, Quantity("top1", "imagenet-val"))
    case = make_case(make_item(check), published_score(0.99, 10_000), x=on_x, population=population, bounded=True)
    assert dict(judge(case).facts)["95% prediction band"].endswith("to 100.0%")
    assert float(dict(judge(replace(case, bounded=False)).facts)["95% prediction band"].split()[-1].rstrip("%")) > 100
    whole, cut = (draw_trend("a", check, population, bounded=bounded).line for bounded in (False, True))
    assert min(low for _, _, low, _ in whole) < 0 < 1 < max(high for *_, high in whole)
    assert min(low for _, _, low, _ in cut) == 0
    assert max(high for *_, high in cut) == 1


def test_an_unsure_verdict_at_its_limit_needs_more_images_than_there_are() -> None:
    assert "no number of images would decide" in verdict_of(at_least("45%"), 0.45, 100).notes[0]


def test_more_images_do_not_take_away_what_the_line_does_not_know() -> None:
    few = PopulationPoints("drawn", population(noise=0.2).points[:6])
    at = expect_at(fit_trend(few.points), 0.6)
    score, x = published_score(at.value - 0.021, 20_000), published_score(0.6, 50_000, X)
    verdict = judge(make_case(make_item(make_check(on_trend())), score, x=x, population=few))
    assert verdict.status == "unsure"
    assert "no number of images would decide" in verdict.notes[-1]


@pytest.mark.parametrize("value", [0.40, 0.42, 0.43, 0.449])
def test_the_p_value_is_the_level_at_which_a_verdict_turns(value: float) -> None:
    score, check = published_score(value, 1_000), make_check(at_least("45%"))
    p = judge(make_case(make_item(check), score)).p_value
    assert p == pytest.approx(stats.binom.cdf(round(value * 1_000), 1_000, 0.45), rel=1e-4)
    assert judge(make_case(make_item(check, alpha=p * 1.001), score)).status == "fail"
    assert judge(make_case(make_item(check, alpha=p * 0.999), score)).status != "fail"


def test_p_values_end_at_1_and_at_a_billionth() -> None:
    assert verdict_of(at_least("45%"), 0.60, 1_000).p_value == 1.0
    assert verdict_of(at_least("45%"), 0.10, 10_000).p_value == 1e-9
    for value, n, said in ((0.42, 1_000, "0.03"), (0.10, 10_000, "< 1e-9"), (0.60, 1_000, "above 0.5")):
        assert dict(verdict_of(at_least("45%"), value, n).facts)["one-sided p of worse than the limit"] == said


def test_warn_is_a_tighter_limit() -> None:
    check = make_check(at_least("45%"), at_least("60%"))
    warned = judge(make_case(make_item(check), published_score(0.5, 10_000)))
    assert warned.status == "warn"
    assert warned.reason.startswith("beyond the warn limit of 60.0%: top1 50.0% is 5.0 pp above the limit of 45.0% (")
    assert judge(make_case(make_item(check), published_score(0.7, 10_000))).status == "pass"
    assert judge(make_case(make_item(check), published_score(0.3, 10_000))).status == "fail"


@pytest.mark.parametrize(("value", "status"), [(0.6001, "pass"), (0.60, "pass"), (0.5999, "warn"), (0.47, "warn")])
def test_a_pass_warns_by_its_point_not_by_its_interval(value: float, status: str) -> None:
    """59.99% of 10,000 is far from being shown to be below 60%."""
    check = make_check(at_least("45%"), at_least("60%"))
    assert judge(make_case(make_item(check), published_score(value, 10_000))).status == status


def test_unsure_stays_unsure_beyond_the_warn_limit_and_says_so() -> None:
    check = make_check(at_least("45%"), at_least("60%"))
    verdict = judge(make_case(make_item(check), published_score(0.46, 100)))
    assert verdict.status == "unsure"
    assert "the number lies beyond the warn limit of 60.0% too" in verdict.notes
    below = judge(make_case(make_item(check), published_score(0.44, 100)))
    assert (below.status, any("warn limit" in note for note in below.notes)) == ("unsure", False)


def test_the_headline_of_a_warning_about_a_difference_names_the_warn_limit() -> None:
    check = make_check(no_worse("2.0pp"), no_worse("0.5pp"))
    then = np.arange(10_000) < 7_000
    now = np.arange(10_000) < 6_900
    verdict = judge(make_case(make_item(check), live_score(now), reference=live_score(then), reference_name="main"))
    assert verdict.status == "warn"
    assert verdict.reason.startswith("beyond the warn limit of -0.5 pp: top1 69.0% is 1.0 pp below main (70.0%) (limit")


@pytest.mark.parametrize("n", [5, 40, 10_000])
@pytest.mark.parametrize("drop", ["0pp", "0.5pp"])
def test_equal_predictions_are_a_pass(n: int, drop: str) -> None:
    right = np.arange(n) % 3 > 0
    item = make_item(make_check(no_worse(drop)))
    verdict = judge(make_case(item, live_score(right), reference=live_score(right), reference_name="main"))
    assert (verdict.status, verdict.compared) == ("pass", 0.0)
    assert not any("unsure" in note for note in verdict.notes)


def test_one_image_of_difference_is_not_equal() -> None:
    then = np.arange(400) < 300
    now = np.arange(400) < 299
    item = make_item(make_check(no_worse("0pp")))
    verdict = judge(make_case(item, live_score(now), reference=live_score(then), reference_name="main"))
    assert verdict.status == "unsure"


@pytest.mark.parametrize(
    ("expect", "value", "n", "could"),
    [
        (at_least("45%"), 0.6, 1_000, True),
        (at_least("5%"), 0.5, 40, False),
        (AtMost(limit="95%"), 0.5, 40, False),  # type: ignore[arg-type]
        (AtMost(limit="105%"), 0.5, 40, True),  # type: ignore[arg-type]
    ],
)
def test_a_verdict_says_whether_its_images_could_decide(expect: Expectation, value: float, n: int, could: bool) -> None:
    """40 images at 50% find 20 points with 80% power: more than there is below 5%. Some metrics leave 0 to 1."""
    assert verdict_of(expect, value, n).could_decide is could


@pytest.mark.parametrize(("drop", "could"), [("0pp", False), ("0.5pp", False), ("1pp", True)])
def test_a_comparison_could_decide_where_it_finds_the_drop_that_it_allows(drop: str, could: bool) -> None:
    """400 of 10,000 differ: a standard error of 0.2 points, times z(1 - 0.0025) + z(0.8), is 0.73 points."""
    then = np.arange(10_000) < 7_000
    now = then.copy()
    now[6_800:7_000], now[7_000:7_200] = False, True
    item = make_item(make_check(no_worse(drop)), alpha=0.0025)
    verdict = judge(make_case(item, live_score(now), reference=live_score(then), reference_name="main"))
    assert verdict.detectable == pytest.approx((2.807 + 0.8416) * 0.002, rel=0.01)
    assert verdict.could_decide is could


def test_too_few_samples_and_nan_are_errors_not_passes() -> None:
    with pytest.raises(RecordError, match="only 9 samples"):
        verdict_of(at_least("1%"), 0.99, 9, minimum_n=10)
    score = published_score(0.5, 100)
    broken = make_case(
        make_item(make_check(at_least("1%"))),
        score.__class__(score.cell, float("nan"), 0.0, 1.0, 100, "live", "store", "key"),
    )
    with pytest.raises(RecordError, match="not a number"):
        judge(broken)


def test_known_deviation_passes_until_its_date() -> None:
    def status(until: str, model: str = "ViT-B-32/*") -> Verdict:
        check = make_check(at_least("45%"), known_deviations=(KnownDeviation(model, "old tokenizer", until),))
        return judge(make_case(make_item(check), published_score(0.4, 10_000)))

    assert status("2026-12-31").status == "pass"
    assert "known deviation until 2026-12-31: old tokenizer" in status("2026-12-31").notes
    assert status("2026-11-22").status == "pass"
    assert status("2026-11-21").status == "fail"
    assert "expired on 2026-11-21" in status("2026-11-21").notes[-1]
    assert status("2026-12-31", model="RN50/*").status == "fail"


# --- on_trend ------------------------------------------------------------------------------------


def population(n: int = 40, noise: float = 0.02) -> PopulationPoints:
    rng = np.random.default_rng(0)
    x = rng.uniform(-0.5, 1.0, n)
    y = -0.3 + x + rng.normal(0, noise, n)
    points = tuple(
        TrendPoint(f"m{i}", float(stats.norm.cdf(a)), float(stats.norm.cdf(b)), "wit")
        for i, (a, b) in enumerate(zip(x, y, strict=True))
    )
    return PopulationPoints("drawn", points, "drawn here")


def on_trend(**changes: object) -> OnTrend:
    given = {"population": "drawn", "against": {"metric": "top1", "dataset": "imagenet-val"}, "allowed_below": "2.0pp"}
    return OnTrend.model_validate({**given, **changes})


def trend_verdict(expect: OnTrend, shift: float, x: float = 0.6, noise: float = 0.02) -> Verdict:
    people = population(noise=noise)
    value = expect_at(fit_trend(people.points), x).value + shift
    case = make_case(
        make_item(make_check(expect)),
        published_score(value, 20_000),
        x=published_score(x, 50_000, X),
        population=people,
    )
    return judge(case)


def test_on_trend_statuses_and_numbers() -> None:
    assert trend_verdict(on_trend(), 0.0).status == "pass"
    failed = trend_verdict(on_trend(), -0.06)
    assert failed.status == "fail"
    assert failed.compared == pytest.approx(-0.06, abs=1e-9)
    assert failed.margin == pytest.approx(-0.04, abs=1e-9)
    assert "is 6.0 pp below trend (limit -2.0 pp; 95% interval" in failed.reason
    assert trend_verdict(on_trend(), -0.02).status == "unsure"


def test_the_residual_interval_carries_y_x_and_the_fit() -> None:
    people = population()
    at = expect_at(fit_trend(people.points), 0.6)
    verdict = trend_verdict(on_trend(), 0.0)
    y_part, x_part = at.value * (1 - at.value) / 20_000, 0.6 * 0.4 / 50_000
    error = (y_part + at.x_gains[0] ** 2 * x_part + at.fit_variance) ** 0.5
    assert verdict.high is not None
    assert verdict.low is not None
    # Both arms have nearly this length; the fit's part is that of t with 38 degrees of freedom.
    assert (verdict.high - verdict.low) / 2 == pytest.approx(1.959964 * error, rel=0.01)


def test_shared_images_tighten_the_residual() -> None:
    """y and x on the same images err together: their covariance takes most of the error away."""
    rng = np.random.default_rng(5)
    x_correct = rng.random(4_000) < 0.6
    y_correct = x_correct & (rng.random(4_000) < 0.8)
    check, people = make_item(make_check(on_trend())), population()
    y, x = live_score(y_correct, replace(X, where=(("factor", "pose"),))), live_score(x_correct, X)
    apart = published_score(float(x_correct.mean()), 4_000, X)
    together = judge(make_case(check, y, x=x, population=people))
    separate = judge(make_case(check, y, x=apart, population=people))
    assert together.compared == pytest.approx(separate.compared)
    width = [(v.high or 0) - (v.low or 0) for v in (together, separate)]
    assert width[0] < 0.8 * width[1]
    assert any("mixed evidence" in note for note in separate.notes)


def test_a_part_shares_images_with_the_whole() -> None:
    """y is a slice of the images of x: what the slice adds to the whole is no error of its own."""
    rng = np.random.default_rng(6)
    correct = rng.random(4_000) < 0.6
    item, people = make_item(make_check(on_trend())), population()
    whole = live_score(correct, X)
    assert whole.samples is not None
    slice_ = live_score(correct[:2_000], replace(X, where=(("factor", "pose"),)))
    renamed = replace(whole, samples=replace(whole.samples, ids=np.char.add("b", whole.samples.ids)))
    elsewhere = replace(whole, cell=replace(whole.cell, quantity=replace(X, dataset="imagenet-sketch")))
    together, *apart = (judge(make_case(item, slice_, x=x, population=people)) for x in (whole, renamed, elsewhere))
    widths = [(v.high or 0) - (v.low or 0) for v in (together, *apart)]
    # Equal ids of two data sets are not equal images.
    assert widths[1] == widths[2]
    assert widths[0] < 0.85 * widths[1]
    views = [replace(score, provenance=(("images", "abc"),)) for score in (slice_, elsewhere)]
    shown = judge(make_case(item, views[0], x=views[1], population=people))
    assert (shown.high or 0) - (shown.low or 0) == widths[0]


def test_a_published_part_of_a_published_whole_says_that_it_is_wide() -> None:
    part = published_score(0.55, 2_000, replace(X, where=(("classes", "imagenet-a"),)))
    item = make_item(make_check(on_trend()))
    verdict = judge(make_case(item, part, x=published_score(0.6, 50_000, X), population=population()))
    assert any("what a part shares with the whole is not known" in note for note in verdict.notes)


def test_a_published_figure_of_1_has_a_residual_that_stays_below_it() -> None:
    item, people = make_item(make_check(on_trend())), population()
    verdict = judge(make_case(item, published_score(1.0, 40), x=published_score(0.8, 50_000, X), population=people))
    assert verdict.high is not None
    assert verdict.low is not None
    assert verdict.expected is not None
    assert verdict.high == pytest.approx(1 - verdict.expected, abs=0.02)
    assert verdict.low < (verdict.compared or 0) - 0.05


def test_the_candidate_does_not_draw_its_own_line() -> None:
    people = population()
    member = ModelRef("m3", "openclip:m3", "openclip", "m3")
    outlier = PopulationPoints("drawn", (*people.points[:3], TrendPoint("m3", 0.6, 0.05, "wit"), *people.points[4:]))
    item = make_item(make_check(on_trend()), member)
    verdict = judge(
        make_case(item, published_score(0.05, 20_000), x=published_score(0.6, 50_000, X), population=outlier)
    )
    others = [point for point in people.points if point.model != "m3"]
    assert verdict.expected == pytest.approx(expect_at(fit_trend(others), 0.6).value, abs=1e-12)
    assert ("population", "drawn: 39 models, this one left out") in verdict.facts


def test_within_a_prediction_band() -> None:
    inside, outside = (
        trend_verdict(on_trend(allowed_below=None, within="95%"), 0.0, noise=0.1),
        trend_verdict(on_trend(allowed_below=None, within="95%"), -0.2, noise=0.1),
    )
    above = trend_verdict(on_trend(allowed_below=None, within="95%"), 0.2, noise=0.1)
    assert (inside.status, outside.status, above.status) == ("pass", "fail", "fail")


def test_notes_about_the_evidence() -> None:
    assert any(note.startswith("extrapolated: x = 97.0%") for note in trend_verdict(on_trend(), 0.0, x=0.97).notes)
    tight = trend_verdict(on_trend(allowed_below="0.5pp"), 0.0, noise=0.05)
    assert any("tighter than the population's own scatter" in note for note in tight.notes)
    assert any("explains little" in note for note in trend_verdict(on_trend(), 0.0, noise=0.6).notes)
    assert trend_verdict(on_trend(), 0.0).notes == ()
    assert ("population", "drawn: 40 models") in trend_verdict(on_trend(), 0.0).facts


def test_x_range_narrows_the_population() -> None:
    people = population()
    expect = on_trend(x_range=["50%", "80%"])
    inside = [point for point in people.points if 0.5 <= point.x <= 0.8]
    figure = draw_trend("a.robust.yaml", make_check(expect), people)
    assert figure.fit.n == len(inside) < 40
    assert {point.model for point in figure.points} == {point.model for point in inside}


# --- comparisons ---------------------------------------------------------------------------------


def no_worse(drop: str = "0.5pp") -> NoWorseThan:
    return NoWorseThan(baseline="main", allowed_drop=drop)  # type: ignore[arg-type]


def paired_verdict(losses: int, gains: int, n: int = 10_000) -> Verdict:
    then = np.zeros(n, bool)
    then[: int(0.7 * n)] = True
    now = then.copy()
    now[:losses] = False
    now[int(0.7 * n) : int(0.7 * n) + gains] = True
    item = make_item(make_check(no_worse()))
    return judge(make_case(item, live_score(now), reference=live_score(then), reference_name="baseline main"))


def test_no_worse_than_on_the_same_images() -> None:
    assert paired_verdict(20, 20).status == "pass"
    assert paired_verdict(250, 40).status == "fail"
    assert paired_verdict(70, 15).status == "unsure"
    verdict = paired_verdict(250, 40)
    assert verdict.reason.startswith("top1 67.9% is 2.1 pp below baseline main (70.0%)")
    assert ("paired over", "10,000 images, 290 of them judged differently") in verdict.facts


def test_a_paired_comparison_needs_the_same_images() -> None:
    item = make_item(make_check(no_worse()))
    with pytest.raises(RecordError, match="do not hold the same samples"):
        judge(
            make_case(item, live_score(np.ones(10)), reference=live_score(np.ones(11)), reference_name="baseline main")
        )


def test_live_against_published_is_refused_and_published_is_wide() -> None:
    item = make_item(make_check(no_worse()))
    with pytest.raises(RecordError, match="cannot compare live with published"):
        judge(make_case(item, live_score(np.ones(10)), reference=published_score(0.5, 10)))
    verdict = judge(make_case(item, published_score(0.5, 400), reference=published_score(0.52, 400)))
    assert verdict.status == "unsure"
    assert "independent" in verdict.notes[0]


def test_reproduces() -> None:
    expect = Reproduces(within="0.5pp")  # type: ignore[arg-type]
    item = make_item(make_check(expect))
    correct = np.arange(1_000) < 632
    near = judge(make_case(item, live_score(correct), reference=published_score(0.6332, 1_000)))
    far = judge(make_case(item, live_score(correct), reference=published_score(0.66, 1_000)))
    assert (near.status, far.status) == ("pass", "fail")
    assert far.margin == pytest.approx(-0.023)


def test_lower_is_better_turns_the_gate_round() -> None:
    verdict = judge(
        make_case(
            make_item(make_check(NoWorseThan(model=MODEL.text, allowed_drop=0.01))),  # type: ignore[arg-type]
            published_score(0.30, 50_000),
            reference=published_score(0.10, 50_000),
            higher_is_better=False,
        )
    )
    assert verdict.status == "fail"


# --- metrics that are no shares --------------------------------------------------------------------

NLL = Quantity("nll", "imagenet-v2")
ECE = Quantity("ece", "imagenet-v2")
VAL_ECE = Quantity("ece", "imagenet-val")


def losses(mean: float, n: int = 4_000, quantity: Quantity = NLL, seed: int = 3) -> Score:
    """Return a live score with exponential per-image losses of exactly this mean."""
    drawn = np.random.default_rng(seed).exponential(size=n)
    return live_score(drawn * mean / drawn.mean(), quantity)


def bare_case(expect: Expectation, score: Score, **changes: object) -> Case:
    return make_case(make_item(make_check(expect)), score, unit="", higher_is_better=False, **changes)


@pytest.mark.parametrize(("value", "status"), [(1.0, "pass"), (1.3, "fail"), (1.2, "unsure")])
def test_a_loss_is_held_against_a_bare_limit(value: float, status: str) -> None:
    verdict = judge(bare_case(AtMost(limit=1.2), losses(value)))  # type: ignore[arg-type]
    assert verdict.status == status
    assert verdict.unit == ""
    assert verdict.low is not None
    assert verdict.low < value
    assert verdict.detectable == pytest.approx((1.6449 + 0.8416) * value / 4_000**0.5, rel=0.05)


def test_the_reason_of_a_value_without_unit() -> None:
    verdict = judge(bare_case(AtMost(limit=0.06), losses(0.081, quantity=ECE)))  # type: ignore[arg-type]
    assert verdict.reason.startswith("ece 0.081 is 0.021 above the limit of 0.060 (95% interval 0.07")
    unsure = judge(bare_case(AtMost(limit=1.2), losses(1.2)))  # type: ignore[arg-type]
    assert "4,000 images show an excess of 0.0" in unsure.notes[0]
    assert "pp" not in unsure.notes[0] + unsure.reason


@pytest.mark.parametrize(
    ("value", "limit", "said"),
    [
        (0.4003, 0.45, "ece 0.400 is 0.050 below the limit of 0.450 (95% interval 0."),
        (0.45, 0.4, "ece 0.450 is 0.050 above the limit of 0.400 (95% interval 0."),
        (0.0032, 0.005, "ece 0.0032 is 0.0018 below the limit of 0.0050 (95% interval 0.00"),
        (1.3, 1.2, "ece 1.300 is 0.100 above the limit of 1.200 (95% interval 1.2"),
    ],
)
def test_numbers_of_one_sentence_have_as_many_decimals(value: float, limit: float, said: str) -> None:
    verdict = judge(bare_case(AtMost(limit=limit), losses(value, quantity=ECE)))  # type: ignore[arg-type]
    assert verdict.reason.startswith(said)
    numbers = re.findall(r"\d+\.\d+", verdict.reason)
    assert len({len(number.partition(".")[2]) for number in numbers}) == 1


@pytest.mark.parametrize("value", [1.2, 0.4])
def test_a_published_figure_that_is_no_share_cannot_be_judged(value: float) -> None:
    figure = Score(Cell(MODEL, NLL), value, float("nan"), float("nan"), 50_000, "published", "a table", "key")
    with pytest.raises(RecordError) as caught:
        judge(bare_case(AtMost(limit=1.0), figure))  # type: ignore[arg-type]
    assert "the published nll on imagenet-v2 of ViT-B-32/openai has no interval" in str(caught.value)
    assert "per-sample scores" in str(caught.value)
    assert "--robust-evidence live" in str(caught.value)


def test_a_percentage_that_is_no_share_cannot_be_judged_from_a_figure() -> None:
    """An mCE above 100% has no binomial interval, and one below has none either: its own is not known."""
    for value in (1.2, 0.8):
        figure = Score(Cell(MODEL, NLL), value, float("nan"), float("nan"), 50_000, "published", "a table", "key")
        with pytest.raises(RecordError, match="no interval"):
            judge(make_case(make_item(make_check(AtMost(limit="90%"))), figure))  # type: ignore[arg-type]


def test_samples_that_are_all_alike_say_nothing_beyond_0_to_1() -> None:
    with pytest.raises(RecordError, match="all 50 samples of nll on imagenet-v2 are alike"):
        judge(bare_case(AtMost(limit=1.0), live_score(np.full(50, 2.0), NLL)))  # type: ignore[arg-type]
    certain = judge(bare_case(AtMost(limit=0.5), live_score(np.zeros(50), NLL)))  # type: ignore[arg-type]
    assert certain.detectable is not None
    assert certain.detectable > 0


def test_lower_is_better_bounds_a_rise() -> None:
    expect = NoWorseThan(baseline="main", allowed_drop=0.05)  # type: ignore[arg-type]
    then = losses(1.0)
    assert then.samples is not None
    rise = replace(then, value=1.1, samples=replace(then.samples, scores=then.samples.scores * 1.1))
    fall = replace(then, value=0.8, samples=replace(then.samples, scores=then.samples.scores * 0.8))
    worse = judge(bare_case(expect, rise, reference=then, reference_name="baseline main"))
    better = judge(bare_case(expect, fall, reference=then, reference_name="baseline main"))
    assert (worse.status, better.status) == ("fail", "pass")
    assert worse.reason.startswith("nll 1.100 is 0.100 above baseline main (1.000) (limit +0.050; 95% interval +0.0")
    assert not any(name == "exact McNemar p" for name, _ in worse.facts)


def linear_population() -> PopulationPoints:
    rng = np.random.default_rng(4)
    x = rng.uniform(0.5, 2.5, 40)
    y = 0.3 + 1.2 * x + rng.normal(0, 0.01, 40)
    points = tuple(TrendPoint(f"m{i}", float(a), float(b), "wit") for i, (a, b) in enumerate(zip(x, y, strict=True)))
    return PopulationPoints("drawn", points)


def loss_trend(shift: float, x: float = 1.0) -> Verdict:
    against = {"metric": "nll", "dataset": "imagenet-val"}
    expect = on_trend(against=against, allowed_below=0.1, axis="linear")
    people = linear_population()
    y = expect_at(fit_trend(people.points, "linear"), x).value + shift
    at_x = losses(x, 50_000, Quantity("nll", "imagenet-val"), seed=9)
    return judge(bare_case(expect, losses(y, 50_000), x=at_x, x_unit="", population=people))


def test_a_trend_of_losses_bounds_what_lies_above_it() -> None:
    above, below, far = loss_trend(0.3), loss_trend(-0.3), loss_trend(0.0, x=3.0)
    assert (above.status, below.status) == ("fail", "pass")
    assert above.limit == pytest.approx(0.1)
    assert "is 0.300 above trend (limit +0.100; 95% interval +0.2" in above.reason
    assert ("x", "nll on imagenet-val = 1.000") in above.facts
    assert any(note.startswith("extrapolated: x = 3.000 lies outside the population's 0.") for note in far.notes)
    assert "%" not in " ".join(text for name, text in above.facts if name in {"x", "expected on trend"})


# --- statistics that are no means -------------------------------------------------------------------

AUROC = Quantity("auroc", "ninco")


def scored(samples: Samples, quantity: Quantity) -> Score:
    value = value_of(samples)
    low, high = score_interval(samples)
    return Score(Cell(MODEL, quantity), value, low, high, samples.scores.size, "live", "store", "key", samples=samples)


def detection(shift: float, n: int = 400, seed: int = 1) -> Score:
    """Return the AUROC of two normal sides that lie ``shift`` apart."""
    scores = np.random.default_rng(seed).normal(size=2 * n)
    groups = np.repeat([-1, 0], n)
    return scored(
        Samples(np.arange(2 * n).astype(str), scores + shift * (groups == -1), groups.astype(np.int64), "auroc"), AUROC
    )


def test_an_auroc_is_judged_with_delongs_error() -> None:
    score = detection(2.0)
    assert score.samples is not None
    verdict = judge(make_case(make_item(make_check(AtLeast(limit=0.9))), score, unit=""))  # type: ignore[arg-type]
    assert verdict.detectable == pytest.approx(
        (1.6449 + 0.8416) * covariance(score.samples, score.samples) ** 0.5, 1e-3
    )
    assert (verdict.low, verdict.high) == score_interval(score.samples)
    assert verdict.reason.startswith(f"auroc {score.value:.3g} is ")


def test_a_detection_without_a_mistake_is_not_certain() -> None:
    score = detection(50.0, n=40)
    assert score.value == pytest.approx(1.0, abs=1e-12)
    verdict = judge(make_case(make_item(make_check(AtLeast(limit=0.99))), score, unit=""))  # type: ignore[arg-type]
    assert verdict.status == "unsure"
    assert verdict.detectable is not None
    assert verdict.detectable > 0.02


def test_two_detections_are_compared_pairwise() -> None:
    expect = NoWorseThan(baseline="main", allowed_drop=0.01)  # type: ignore[arg-type]
    item = make_item(make_check(expect))
    worse = make_case(item, detection(1.0), unit="", reference=detection(2.0), reference_name="baseline main")
    assert judge(worse).status == "fail"
    assert [name for name, _ in judge(worse).facts][:2] == ["paired over", "normal p"]


def test_errors_that_are_all_alike_have_the_scale_of_their_weights() -> None:
    n = 300
    ids, errors = np.arange(n).astype(str), np.ones(n)
    samples = Samples(ids, errors, np.zeros(n, np.int64), "weighted_sum", weights=np.full(n, 1.3 / n))
    score = scored(samples, Quantity("mce", "imagenet-c"))
    check = make_check(AtMost(limit="129%"))  # type: ignore[arg-type]
    verdict = judge(make_case(make_item(check), score, higher_is_better=False))
    assert verdict.detectable == pytest.approx((1.6449 + 0.8416) * 1.3 * (-np.log(0.025) / n) / 1.96, rel=1e-3)
    assert verdict.status == "unsure"


def test_a_trend_of_two_metrics_on_the_same_images_takes_their_covariance() -> None:
    """Calibration error against accuracy: both rest on the same answers, so they err together."""
    rng = np.random.default_rng(2)
    right = (rng.random(5_000) < 0.6).astype(float)
    ids, groups = np.arange(5_000).astype(str), np.zeros(5_000, np.int64)
    top1 = scored(Samples(ids, right, groups), X)
    calibration = scored(Samples(ids, np.full(5_000, 0.95), groups, "ece", correct=right), VAL_ECE)
    assert calibration.samples is not None
    assert top1.samples is not None
    assert covariance(calibration.samples, top1.samples) < 0
    points = tuple(TrendPoint(f"m{i}", 0.4 + i / 40, 0.5 - i / 50 + (i % 3) / 200, "wit") for i in range(12))
    expect = on_trend(allowed_below=0.02, axis="linear")
    people = PopulationPoints("drawn", points)
    apart = replace(top1, samples=replace(top1.samples, ids=np.char.add(ids, "b")))
    together, separate = (judge(bare_case(expect, calibration, x=x, population=people)) for x in (top1, apart))
    assert together.compared == separate.compared
    assert (together.high or 0) - (together.low or 0) < (separate.high or 0) - (separate.low or 0)


# --- drift since an origin -----------------------------------------------------------------------


def drift_verdict(lost: int, step: int, drop: str = "1pp", alpha: float = 0.05, **limits: str) -> Verdict:
    """Return the verdict on a model that lost so many of 10,000 since the origin, the last ``step`` since main."""
    first, before, now = (np.arange(10_000) < 7_500 - off for off in (0, lost - step, lost))
    expect = NoWorseThan(baseline="main", allowed_drop=drop, **limits)  # type: ignore[arg-type]
    keys = {"reference": "before", "origin": "first"}
    scores = {
        name: replace(live_score(right), key=keys[name]) for name, right in (("reference", before), ("origin", first))
    }
    names = {"reference_name": "baseline main", "origin_name": "the origin of baseline main"}
    return judge(make_case(make_item(make_check(expect), alpha=alpha), live_score(now), **scores, **names))


def test_small_steps_add_up_to_a_drift_that_fails() -> None:
    """30 of 10,000 lost at a time never fail a limit of 100; 300 since the origin fail the drift of 200."""
    assert [drift_verdict(lost, 30).status for lost in (30, 150)] == ["pass", "pass"]
    failed = drift_verdict(300, 30)
    assert failed.status == "fail"
    assert failed.reason.startswith("top1 72.0% is 3.0 pp below the origin of baseline main (75.0%) (limit -2.0 pp;")
    assert dict(failed.facts)["since the baseline"] == "top1 72.0% is 0.3 pp below baseline main (72.3%): pass"


def test_a_verdict_says_where_the_origin_lies_beside_what_it_compares() -> None:
    """300 of 10,000 lost since the origin, 30 since main: 2.7 points above main, or what the drift is held against."""
    passed = drift_verdict(30, 10)
    assert passed.compared == pytest.approx(-0.001)
    assert passed.origin == pytest.approx(0.002)
    assert drift_verdict(300, 30).origin == 0.0
    assert drift_verdict(30, 30).origin == 0.0


def test_a_step_that_is_too_large_fails_without_a_drift() -> None:
    failed = drift_verdict(150, 150)
    assert failed.status == "fail"
    assert failed.reason.startswith("top1 73.5% is 1.5 pp below baseline main (75.0%) (limit -1.0 pp;")
    assert dict(failed.facts)["since the origin"].endswith("below the origin of baseline main (75.0%): pass")


def test_a_pass_needs_both() -> None:
    unsure = drift_verdict(195, 30)
    assert unsure.status == "unsure"
    assert "the origin of baseline main" in unsure.reason


def test_step_and_drift_share_the_level() -> None:
    """255 of 10,000 lost beside a drift of 200: a p of 0.0002, twice of which is the check's."""
    p = drift_verdict(255, 0).p_value
    assert p is not None
    assert [drift_verdict(255, 0, alpha=p * factor).status for factor in (1.01, 0.99)] == ["fail", "unsure"]
    said = dict(drift_verdict(255, 0).facts)["a fail is shown at"]
    assert said.endswith("(0.05 over the suite's checks, half of it for the step and half for the drift)")


def test_the_drift_may_be_given() -> None:
    assert drift_verdict(300, 30, allowed_drift="4pp").status == "pass"
    assert drift_verdict(300, 30, allowed_drift="1pp").status == "fail"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"baseline": "main", "allowed_drift": "0.5pp"}, "at least allowed_drop"),
        ({"model": "RN50/openai", "allowed_drift": "2pp"}, "only a baseline has an origin"),
    ],
)
def test_a_drift_that_cannot_be_is_said(given: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        NoWorseThan.model_validate({**given, "allowed_drop": "1pp"})


def test_an_origin_of_other_images_is_an_error_that_offers_a_new_one() -> None:
    now, before, first = live_score(np.ones(100)), live_score(np.ones(100)), live_score(np.ones(99))
    item = make_item(make_check(no_worse()))
    case = make_case(item, now, reference=before, origin=replace(first, key="first"), origin_name="the origin")
    with pytest.raises(RecordError, match=r"the origin: (.|\n)*99 images then, 100 now(.|\n)*--new-origin --why"):
        judge(case)


def test_an_origin_that_is_the_baseline_takes_no_part_of_the_level() -> None:
    item, same = make_item(make_check(no_worse())), live_score(np.arange(1_000) < 700)
    case = make_case(item, same, reference=same, origin=same, reference_name="main", origin_name="the origin")
    assert "since the origin" not in dict(judge(case).facts)


# --- what moved around a model -------------------------------------------------------------------


def test_other_versions_are_said_beside_a_difference() -> None:
    then, now = (
        replace(live_score(np.arange(1_000) < right), provenance=(("torch", version), ("pillow", "11.0")))
        for right, version in ((700, "2.4.0"), (600, "2.5.1"))
    )
    expect = no_worse()
    verdict = judge(make_case(make_item(make_check(expect)), now, reference=then, reference_name="baseline main"))
    [said] = [note for note in verdict.notes if "torch" in note]
    assert said.startswith("torch 2.4.0 then, 2.5.1 now: a difference may be theirs.")
    assert "in an empty store" in said
    assert "robustcheck bless RUN --as main" in said
    same = judge(make_case(make_item(make_check(expect)), now, reference=now, reference_name="baseline main"))
    assert not any("torch" in note for note in same.notes)


@pytest.mark.parametrize(
    ("drop", "noise", "below"),
    [("0pp", None, True), ("0.1pp", None, False), ("0.1pp", 0.002, True), ("0.2pp", 0.002, False), ("0pp", 0.0, False)],
)
def test_an_allowed_drop_below_the_noise_floor_is_said(drop: str, noise: float | None, below: bool) -> None:
    then, now = (live_score(np.arange(1_000) < right) for right in (700, 699))
    item = make_item(make_check(no_worse(drop)))
    verdict = judge(make_case(item, now, reference=then, reference_name="baseline main", noise=noise))
    assert verdict.below_noise is below
    assert any("robustcheck noise" in note for note in verdict.notes) is below


class TestNumbersBesideTheirLimit:
    """What is said of a number near its limit must not contradict the verdict."""

    @pytest.mark.parametrize(
        ("value", "limit", "said"),
        [
            (0.7296, "73%", "top1 72.96% is 0.04 pp below the limit of 73.00%"),
            (0.7296, "72.9601%", "top1 72.9600% is 0.0001 pp below the limit of 72.9601%"),
            (0.7296, "72.96%", "top1 73.0% is at the limit of 73.0%"),
            (0.4, "45%", "top1 40.0% is 5.0 pp below the limit of 45.0%"),
        ],
    )
    def test_the_two_read_as_the_numbers_that_they_are(self, value: float, limit: str, said: str) -> None:
        assert verdict_of(at_least(limit), value, 2500).reason.startswith(said)

    def test_a_number_at_its_warn_limit_is_not_beyond_it(self) -> None:
        item = make_item(make_check(at_least("60%"), warn=at_least("99.9%")))
        assert judge(make_case(item, published_score(0.999, 10_000))).status == "pass"

    def test_a_warning_says_how_far_beyond_where_the_limit_reads_alike(self) -> None:
        item = make_item(make_check(at_least("60%"), warn=at_least("73%")))
        reason = judge(make_case(item, published_score(0.7296, 10_000))).reason
        assert reason.startswith("0.04 pp beyond the warn limit of 73.0%: top1 73.0% is 13.0 pp above")

    def test_a_difference_reads_as_another_number_than_what_is_allowed(self) -> None:
        expect = Reproduces(within="0.5pp")  # type: ignore[arg-type]
        case = make_case(make_item(make_check(expect)), published_score(0.5046, 10_000))
        reason = judge(replace(case, reference=published_score(0.51, 10_000))).reason
        assert reason.startswith("top1 50.5% is 0.54 pp below the published 51.0% (limit -0.50 pp;")
