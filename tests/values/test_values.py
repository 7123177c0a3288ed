"""What the frozen values say of themselves."""

from __future__ import annotations

from dataclasses import replace

import pytest
from factories import MODEL, make_check, make_item
from run_makers import make_result, make_run

from robustcheck.values import STATUSES, Amount
from robustcheck.values.expectations import AtLeast, Correlates, parse_amount

ABOUT_ONE = make_check(AtLeast.model_validate({"limit": "50%"}))
ABOUT_GROUPS = make_check(Correlates.model_validate({"with": {"metric": "top1", "dataset": "digits"}, "at_least": 0.5}))


def test_an_item_is_named_after_its_check_its_case_and_its_model() -> None:
    assert make_item(ABOUT_ONE).name == "a-check[ViT-B-32/openai]"
    case = (("factor", "pose"), ("severity", "3"))
    assert make_item(replace(ABOUT_ONE, case=case)).name == "a-check[pose,3|ViT-B-32/openai]"


def test_an_item_about_groups_is_named_after_its_check() -> None:
    assert make_item(ABOUT_GROUPS).name == "a-check"
    assert make_item(replace(ABOUT_GROUPS, case=(("dataset", "digits"),))).name == "a-check[digits]"


def test_a_result_is_about_groups_when_no_single_model_was_judged() -> None:
    assert not make_result().is_about_groups
    assert make_result(model=replace(MODEL, kind="group")).is_about_groups


def test_a_run_counts_every_status() -> None:
    counts = make_run(make_result("pass"), make_result("pass"), make_result("skip")).counts()
    assert list(counts) == list(STATUSES)
    assert {status: count for status, count in counts.items() if count} == {"pass": 2, "skip": 1}


def test_a_facet_is_looked_up_by_name() -> None:
    model = replace(MODEL, facets=(("source", "wit"), ("size", "small")))
    assert model.facet("source") == "wit"
    assert model.facet("curation") is None


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("45%", Amount(0.45, "%")),
        ("99.9%", Amount(0.999, "%")),
        ("72.96%", Amount(0.7296, "%")),
        ("2.0pp", Amount(0.02, "pp")),
        (0.12, Amount(0.12, "")),
        ("1e-3", Amount(0.001, "")),
        (Amount(0.5, "%"), Amount(0.5, "%")),
    ],
)
def test_an_amount_is_a_number_with_a_unit(text: object, amount: Amount) -> None:
    assert parse_amount(text) == amount


@pytest.mark.parametrize("text", [True, None, "much", "45 percent"])
def test_what_is_not_an_amount_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="expected an amount such as 45%"):
        parse_amount(text)
