"""What an earlier run judged and the suites of a later one ask no more."""

from __future__ import annotations

from dataclasses import replace

import pytest
from run_makers import make_result, make_run

from robustcheck.history.dropped_checks import GateChecks, dropped_checks
from robustcheck.values import ModelRef, Result

KEPT, OTHER = make_result(check_key="kept"), make_result(check_key="other")
SUITE, MODEL = KEPT.suite, KEPT.model
GATE = GateChecks({SUITE: frozenset({"kept", "narrow"})}, frozenset({(SUITE, "kept", MODEL.id)}), "")
ANOTHER = ModelRef("ViT-B-16/openai", "openclip:ViT-B-16/openai", "openclip", "ViT-B-16", "openai")


@pytest.mark.parametrize(
    ("result", "gone"),
    [
        (KEPT, ()),
        (OTHER, ("other",)),
        # Of another model that a check is gone is as true as of this one.
        (replace(OTHER, model=ANOTHER), ("other",)),
        # The check is there, and no longer meant for this model.
        (make_result(check_key="narrow"), ("narrow",)),
        # It was meant for a model that the run has not.
        (make_result(check_key="narrow", model=ANOTHER), ()),
        # A file that was not asked for.
        (replace(OTHER, suite="b.robust.yaml"), ()),
    ],
)
def test_what_is_asked_no_more(result: Result, gone: tuple[str, ...]) -> None:
    assert dropped_checks(make_run(result, KEPT), GATE) == gone


def test_a_check_of_many_models_is_named_once() -> None:
    assert dropped_checks(make_run(OTHER, replace(OTHER, model=ANOTHER)), GATE) == ("other",)
