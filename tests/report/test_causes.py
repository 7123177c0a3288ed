"""Results that share a cause are one sentence; at most five, the gravest first, each result once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from report_claims import claim, effect
from report_fixtures import made_up_run

from robustcheck.report.causes import causes
from robustcheck.values import ModelRef, Quantity, Result, Verdict

TRANSFORMS = (None, "gaussian_blur:3", "motion_blur:3", "gaussian_noise:3")


def model(name: str, architecture: str) -> ModelRef:
    return ModelRef(name, f"zoo:{name}", "zoo", name, None, (("architecture", architecture), ("source", "plain")))


def result(of: ModelRef, quantity: Quantity, status: str, margin: float = 0.1) -> Result:
    key = f"{quantity.dataset}-{quantity.transform or 'clean'}"
    verdict = Verdict(status, f"{key} is {status}", value=0.5, margin=margin)  # type: ignore[arg-type]
    return replace(
        made_up_run(1, 1).results[0],
        check_id=key, check_key=key, model=of, quantity=quantity, verdict=verdict, score=None, x=None,
    )  # fmt: skip


def grid(fails: set[tuple[str, str | None]]) -> list[Result]:
    """Judge two architectures of two models each under four conditions; ``fails`` are (model, transform)."""
    models = [model("vit-a", "vit"), model("vit-b", "vit"), model("cnn-a", "cnn"), model("cnn-b", "cnn")]
    pairs = [(of, transform) for of in models for transform in TRANSFORMS]
    return [_judged(of, transform, is_bad=(of.id, transform) in fails) for of, transform in pairs]


def _judged(of: ModelRef, transform: str | None, *, is_bad: bool) -> Result:
    status, margin = ("fail", -0.1) if is_bad else ("pass", 0.1)
    return result(of, Quantity("top1", "digits", transform=transform), status, margin)


def said(results: list[Result]) -> list[str]:
    return [cause.sentence for cause in causes(results)]


def test_fails_under_one_kind_of_corruption_are_one_sentence() -> None:
    blurred = {(name, blur) for name in ("cnn-a", "cnn-b") for blur in TRANSFORMS[1:3]}
    assert said(grid(blurred)) == ["2 checks under blur fail for all 2 models of architecture cnn"]


def test_one_check_is_named() -> None:
    assert said(grid({("vit-a", "gaussian_noise:3")})) == ["digits-gaussian_noise:3 fails for vit-a"]
    everyone = {(name, "gaussian_noise:3") for name in ("vit-a", "vit-b", "cnn-a", "cnn-b")}
    assert said(grid(everyone)) == ["digits-gaussian_noise:3 fails for all 4 models"]


def test_one_bad_model_is_named() -> None:
    assert said(grid({("cnn-a", transform) for transform in TRANSFORMS})) == ["4 checks fail for cnn-a"]


def test_the_share_is_said_where_it_is_not_all() -> None:
    (cause, *_) = causes(grid({("cnn-a", None), ("cnn-b", None), ("vit-a", None)}))
    assert (cause.sentence, cause.share) == ("digits-clean fails for 3 of 4 models", "3 of 4 verdicts")


def test_each_result_stands_in_one_cause_and_the_worst_comes_first() -> None:
    found = causes(grid({("vit-a", None), ("cnn-a", "gaussian_blur:3"), ("cnn-b", "gaussian_blur:3")}))
    members = [id(one) for cause in found for one in cause.results]
    assert len(members) == len(set(members)) == 3
    assert all(cause.worst.verdict.margin == min(r.verdict.margin or 0 for r in cause.results) for cause in found)


def test_there_are_five_at_most() -> None:
    lonely = [
        result(model(f"m{number}", f"a{number}"), Quantity("top1", f"d{place}"), "fail" if number == place else "pass")
        for number in range(8)
        for place in range(8)
    ]
    assert len(causes(lonely)) == 5


def test_errors_are_grouped_by_what_they_say_and_keep_a_place() -> None:
    broken = [
        replace(one, verdict=Verdict("error", "the labels are out of range\n  expected: 0 to 9"))
        for one in grid(set())
        if one.model.id == "cnn-a"
    ]
    lonely = [
        result(model(f"m{number}", f"a{number}"), Quantity("top1", f"d{place}"), "fail" if number == place else "pass")
        for number in range(8)
        for place in range(8)
    ]
    found = causes([*lonely, *broken])
    assert len(found) == 5
    assert found[-1].sentence == "4 checks end in errors for cnn-a"


def test_unsure_results_are_explained_where_nothing_failed() -> None:
    unsure = [replace(one, verdict=replace(one.verdict, status="unsure")) for one in grid(set())[:1]]
    assert said([*unsure, *grid(set())[1:]]) == ["digits-clean is unsure for vit-a"]
    assert said([*unsure, *grid({("cnn-a", None)})[1:]]) == ["digits-clean fails for cnn-a"]


def test_claims_stand_apart_from_models() -> None:
    wrong = [claim(f"claim-{number}", effect("fail", 0.02), "holds", "fails") for number in range(2)]
    assert said([*wrong, *grid(set())]) == ["2 claims in findings fail"]


@pytest.mark.parametrize("statuses", [[], ["pass"], ["skip"]])
def test_nothing_to_explain(statuses: list[str]) -> None:
    assert causes([result(model("m", "vit"), Quantity("top1", "d"), status) for status in statuses]) == ()


def test_the_order_of_the_results_does_not_matter() -> None:
    listed = grid({("cnn-a", "gaussian_blur:3"), ("cnn-b", "motion_blur:3"), ("vit-a", None)})
    assert said(listed) == said(listed[::-1])
