"""The shipped suite of answers, live with a tiny random model: what CI sees of a model that answers."""

from __future__ import annotations

from pathlib import Path

import pytest
from llava_makers import make_answering

import robustcheck
from robustcheck.values import Result, RunRecord

SUITE = Path(__file__).parents[2] / "suites" / "answers.robust.yaml"


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> RunRecord:
    place = tmp_path_factory.mktemp("run")
    model = make_answering("llava_next", place / "tiny")
    return robustcheck.run(  # type: ignore[operator, no-any-return]
        SUITE, models=f"llava:{model}", store=place / "store", reports=place / "reports", data=place
    )


def of(record: RunRecord, check: str) -> list[Result]:
    return [result for result in record.results if result.check_id == check]


def test_a_random_model_guesses_and_is_told_to_prefer_a_letter(record: RunRecord) -> None:
    seeded, circular = of(record, "shapes-answers")
    assert seeded.verdict.value == pytest.approx(0.25, abs=0.13)
    assert (circular.verdict.status, circular.verdict.value) == ("fail", pytest.approx(0, abs=0.05))
    (bias,) = of(record, "shapes-bias")
    assert bias.verdict.status == "fail"


def test_options_chosen_by_position_are_drawn(record: RunRecord) -> None:
    (bias,) = of(record, "shapes-bias")
    chosen, right = bias.drawn.pictures
    assert (chosen.title, right.title) == ("Options chosen by position", "Options right by position")
    assert chosen.kind == "bars"
    assert chosen.series[0].names == tuple("ABCD")
    assert max(chosen.series[0].y) - 0.25 == pytest.approx(bias.verdict.value, abs=0.001)
    assert right.series[0].y == (0.25, 0.25, 0.25, 0.25)
    assert chosen.mark == (0.25, 0.0)


def test_without_imagenet_d_its_checks_are_skipped_with_the_place(record: RunRecord) -> None:
    skipped = [result for result in record.results if "imagenet-d" in result.verdict.reason]
    assert len(skipped) == 14
    assert {result.verdict.status for result in skipped} == {"skip"}
    assert all("ImageNet-D/" in result.verdict.reason for result in skipped)
