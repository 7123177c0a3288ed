"""What is said of a run as a whole."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import numpy as np
from factories import live_score, make_check, make_item
from run_makers import make_result

from robustcheck.errors import RecordError
from robustcheck.run.notices import notices_of
from robustcheck.run.plan import Plan
from robustcheck.run.session import RobustSession
from robustcheck.values import Notice, Quantity, Result, Score, Verdict
from robustcheck.values.checks import Suite
from robustcheck.values.expectations import AtLeast
from robustcheck.values.series import Look, Series

SUITE = make_item(make_check(AtLeast(limit="45%"))).suite  # type: ignore[arg-type]
LOOK = Look(Series("nightly", 100), 3, 0.01)


class Session:
    """A session whose suite is in a series, and may have been changed while the run went on."""

    def __init__(self, *, has_changed: bool = False) -> None:
        self.looks = self
        self.book = SimpleNamespace(bench=SimpleNamespace(is_read_only=False))
        self.has_changed = has_changed

    def series_of(self, suite: Suite) -> Series:
        return LOOK.series

    def plan(self, suite: Suite) -> Plan:
        if self.has_changed:
            raise RecordError("the file has changed")
        return Plan((make_item(suite.checks[0]),), 0)


def said(*results: Result, has_changed: bool = False) -> dict[str, str]:
    session = cast(RobustSession, Session(has_changed=has_changed))
    notices: list[Notice] = list(notices_of(session, results, [SUITE]))
    return {notice.about: notice.text for notice in notices}


def measured(torch: str, quantity: Quantity | None = None) -> Score:
    score = live_score(np.arange(100) < 60, quantity or Quantity("top1", "imagenet-v2"))
    return replace(score, provenance=(("torch", torch),))


def judged(**changes: object) -> Result:
    return make_result(verdict=Verdict("pass", "a reason", value=0.6), **changes)


def test_an_allowed_drop_below_the_noise_is_said_by_the_names_of_its_checks() -> None:
    verdict = Verdict("pass", "a reason", value=0.6, below_noise=True)
    low = [make_result(verdict=verdict, check_key=key) for key in ("held", "held", "kept")]
    assert said(*low, judged(check_key="other"))["noise"] == (
        "The allowed drop lies below the noise floor, or is 0 where no floor is known: held, kept."
    )
    assert "noise" not in said(judged())


def test_a_baseline_of_other_versions_is_said_once_for_all_verdicts() -> None:
    moved = judged(score=measured("2.5.1"), x=measured("2.4.0"))
    text = said(moved, moved, judged(score=measured("2.5.1"), x=measured("2.5.1")))["versions"]
    assert text.startswith(
        "Compared with measurements that were made with other versions or in another way: 2 verdicts "
        "(torch 2.4.0 then, 2.5.1 now)."
    )
    # The x of a trend is another quantity, and no earlier measurement of this one.
    trend = judged(score=measured("2.5.1"), x=measured("2.4.0", Quantity("top1", "imagenet-val")))
    assert "versions" not in said(trend)


def test_a_limit_that_asks_for_worse_models_is_said_where_its_check_was_judged() -> None:
    wrong = replace(SUITE, checks=(replace(SUITE.checks[0], doubts=("ece: lower is better",)),))
    session = cast(RobustSession, Session())
    for key, text in (("a-check", ["a-check: ece: lower is better."]), ("another", [])):
        results = [judged(check_key=key, suite=wrong.path)]
        assert [each.text for each in notices_of(session, results, [wrong]) if each.about == "sides"] == text


def test_a_suite_that_was_changed_during_the_run_has_no_price() -> None:
    result = judged(look=LOOK)
    assert "look 3 of the 100 of the series nightly" in said(result)["series"]
    assert "series" not in said(result, has_changed=True)
