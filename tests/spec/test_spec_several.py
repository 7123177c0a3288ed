"""Trends against several sets, and options that name several models: as written, and mistakes in them."""

from __future__ import annotations

from pathlib import Path

import pytest
from spec_suites import HEAD, load, problems

from robustcheck.values.expectations import OnTrend

VAL, V2 = "{metric: top1, dataset: imagenet-val}", "{metric: top1, dataset: imagenet-v2}"


def suite(against: str, further: str = "") -> str:
    expect = f"{{on_trend: {{population: openclip, against: {against}, allowed_below: 2pp{further}}}}}"
    return f"{HEAD}  - id: a\n    measure: {{metric: top1, dataset: imagenet-r}}\n    expect: {expect}\n"


def test_a_list_of_quantities_is_a_trend_against_all_of_them(tmp_path: Path) -> None:
    check = load(tmp_path, suite(f"[{VAL}, {V2}]")).checks[0]
    assert isinstance(check.expect, OnTrend)
    assert [each.dataset for each in check.expect.all_against] == ["imagenet-val", "imagenet-v2"]
    assert check.other_quantity is not None
    assert [each.dataset for each in (check.other_quantity, *check.further_quantities)] == [
        "imagenet-val",
        "imagenet-v2",
    ]
    assert "against top1 on imagenet-val and top1 on imagenet-v2 together" in check.sentence


@pytest.mark.parametrize(
    ("against", "further", "said"),
    [
        (f"[{VAL}, {VAL}]", "", "'against' lists top1 on imagenet-val twice"),
        (f"[{VAL}]", "", "one quantity without a dash, or a list of two or more"),
        (f"[{VAL}, {V2}]", ", x_range: [50%, 90%]", "x_range is of one quantity"),
        (f"[{VAL}, {{metric: top1, dataset: imagenet-r}}]", "", "'against' lists what 'measure' is"),
        (f"[{VAL}, imagenet-v2]", "", "an entry of 'against' cannot be 'imagenet-v2'"),
        (f"[{VAL}, {{metrc: top1, dataset: imagenet-v2}}]", "", "did you mean 'metric'?"),
        (f"[{VAL}, {{metric: top1, dataset: imagenet-v3}}]", "", "did you mean 'imagenet-v2'?"),
    ],
)
def test_mistakes_in_a_list_are_said_once_and_where_they_stand(
    tmp_path: Path, against: str, further: str, said: str
) -> None:
    (found,) = problems(tmp_path, suite(against, further))
    assert said in found.text
