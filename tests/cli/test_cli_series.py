"""The commands series and aa, the drop that a plan is asked about, and a new origin of a line of baselines."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from colour_data import write_colours
from command import Robustcheck, refused, write
from factories import live_score
from run_makers import make_result, make_run

from robustcheck.history.baselines import load_baseline
from robustcheck.history.kept_noise import NoiseFloor, keep_noise
from robustcheck.history.kept_samples import write_samples
from robustcheck.report import write_report

LIVE = """\
robustcheck: 1
title: A suite
models: ["fake:zero-shot@a"]
checks:
  - id: not-worse
    measure: {metric: top1, dataset: ./colours}
    expect: {no_worse_than: {model: "fake:zero-shot@b", allowed_drop: 2pp}}
"""
PUBLISHED = """\
robustcheck: 1
title: A suite
models: [openclip:ViT-B-32/openai]
checks:
  - id: level
    measure: {metric: top1, dataset: imagenet-v2}
    expect: {at_least: 50%}
  - id: trend
    measure: {metric: top1, dataset: imagenet-v2}
    expect:
      on_trend: {population: openclip, against: {metric: top1, dataset: imagenet-val}, allowed_below: 2pp}
"""


# --- series ---------------------------------------------------------------------------------------


def test_a_series_is_begun_and_listed(robustcheck: Robustcheck) -> None:
    assert "no series has begun here" in robustcheck("series").out
    begun = robustcheck("series", "nightly", "--start")
    assert begun.out == "nightly: 0 looks taken; open-ended, the next may spend 0.03 in each suite\n"
    assert robustcheck("series").out == robustcheck("series", "nightly").out == begun.out


def test_a_series_lies_in_the_home_that_is_named(robustcheck: Robustcheck) -> None:
    assert robustcheck("series", "nightly", "--start", "--home", "away").code == 0
    assert Path("away/series/nightly.json").is_file()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nigthly"], "did you mean 'nightly'"),
        (["nightly", "--start"], "has begun already"),
        (["a b", "--start"], "a b"),
    ],
)
def test_what_a_series_cannot_be_is_said(robustcheck: Robustcheck, words: list[str], said: str) -> None:
    robustcheck("series", "nightly", "--start")
    found = robustcheck("series", *words)
    assert found.code != 0
    assert said in found.err


# --- aa -------------------------------------------------------------------------------------------


def test_aa_says_how_often_each_check_was_red(robustcheck: Robustcheck) -> None:
    write_colours(Path("colours"), 90, noise=150)
    write("a.robust.yaml", LIVE)
    plain = robustcheck("aa", "a.robust.yaml", "--times", "12", "--flips", "0%")
    assert plain.code == 0, plain.err
    assert "12 times each; 0.00% of the decisions flip in one copy" in plain.out
    assert "| 0.0% | 0.0% | 0.0% | 100.0% |" in plain.out
    found = json.loads(robustcheck("aa", "a.robust.yaml", "--times", "12", "--flips", "30%", "--json").out)
    assert (found["flips"], found["checks"][0]["times"]) == (0.3, 12)
    assert found["checks"][0]["pass"] < 12


def test_aa_flips_what_noise_measured(robustcheck: Robustcheck) -> None:
    write("a.robust.yaml", PUBLISHED)
    keep_noise(Path(".robustcheck"), [NoiseFloor("m", "digits", "fp32", "fp32, batch 1", 1_000, 4)])
    found = json.loads(robustcheck("aa", "a.robust.yaml", "--times", "5", "--json").out)
    assert found["flips"] == 0.004
    # What moves in bf16 says nothing about float32.
    keep_noise(Path("other"), [NoiseFloor("m", "digits", "bf16", "bf16, batch 64", 1_000, 4)])
    said = robustcheck("aa", "a.robust.yaml", "--times", "5", "--json", "--home", "other")
    assert said.json["flips"] == 0
    assert "in fp32 was not measured here, so none flip: robustcheck noise" in said.err
    assert [check["times"] for check in found["checks"]] == [5, 5]


def test_suites_for_none_of_the_models_have_nothing_to_repeat(robustcheck: Robustcheck) -> None:
    write("a.robust.yaml", LIVE.replace("zero-shot@b", "zero-shot@a"))
    refused(robustcheck("aa", "a.robust.yaml"), "meant for none of these models", "--models")


@pytest.mark.parametrize("share", ["2pp", "60%", "some", "-1%"])
def test_a_share_that_cannot_be_is_said(robustcheck: Robustcheck, share: str) -> None:
    write("a.robust.yaml", PUBLISHED)
    assert "is not a share" in robustcheck("aa", "a.robust.yaml", f"--flips={share}").err


# --- plan -----------------------------------------------------------------------------------------


def test_a_plan_says_which_drop_each_check_finds(robustcheck: Robustcheck) -> None:
    """55.9% lie 5.9 points above the limit; two points below the trend are allowed."""
    write("a.robust.yaml", PUBLISHED)
    rows = json.loads(robustcheck("plan", "a.robust.yaml", "--for-drop", "5pp", "--json").out)
    level, trend = rows
    assert level["red_from"] == pytest.approx(0.059 + level["detectable"], abs=0.001)
    assert trend["red_from"] == pytest.approx(0.02 + trend["detectable"])
    assert (level["finds_drop"], trend["finds_drop"]) == (False, True)
    said = robustcheck("plan", "a.robust.yaml", "--for-drop", "5pp").out
    assert "does not find 5pp: no number of images would" in " ".join(said.split())
    assert "a loss of 5pp: 1 of 2 verdicts that can be told would be red" in said


def test_without_a_drop_a_plan_judges_none(robustcheck: Robustcheck) -> None:
    write("a.robust.yaml", PUBLISHED)
    assert {row["finds_drop"] for row in json.loads(robustcheck("plan", "a.robust.yaml", "--json").out)} == {None}


@pytest.mark.parametrize("drop", ["5%", "0pp", "-1pp", "much"])
def test_a_drop_that_cannot_be_is_said(robustcheck: Robustcheck, drop: str) -> None:
    write("a.robust.yaml", PUBLISHED)
    assert "is not a loss" in robustcheck("plan", "a.robust.yaml", f"--for-drop={drop}").err


# --- bless ----------------------------------------------------------------------------------------


@pytest.fixture
def kept() -> Callable[[str, int], str]:
    """Keep a run of one measurement, so many of 200 images right; return its path."""

    def keep(name: str, right: int) -> str:
        score = live_score(np.arange(200) < right)
        score = score.__class__(
            score.cell, score.value, score.low, score.high, 200, "live", "store", f"key-{right}", samples=score.samples
        )
        assert score.samples is not None
        write_samples(Path(".robustcheck/store/samples"), score.key, score.samples)
        write_report(make_run(make_result(score=score), id=name), Path("reports") / name)
        return f"reports/{name}"

    return keep


def test_bless_says_how_far_the_line_has_moved(robustcheck: Robustcheck, kept: Callable[[str, int], str]) -> None:
    assert robustcheck("bless", kept("one", 150), "--as", "main").code == 0
    said = robustcheck("bless", kept("two", 144), "--as", "main").out
    assert "it replaces run one; 1 blessed since the origin of its line" in said
    assert "since the origin, top1 on imagenet-v2 of ViT-B-32/openai: -3.0 pp (" in said


def test_bless_says_which_checks_the_new_baseline_lacks(
    robustcheck: Robustcheck, kept: Callable[[str, int], str]
) -> None:
    robustcheck("bless", kept("one", 150), "--as", "main")
    write_report(make_run(make_result(check_key="other"), id="two"), Path("reports") / "two")
    said = robustcheck("bless", "reports/two", "--as", "main")
    assert "  the gate is smaller: it has no a-check\n" in said.out
    again = robustcheck("bless", "reports/two", "--as", "main")
    assert "smaller" not in again.out


def test_a_new_origin_needs_its_reason(robustcheck: Robustcheck, kept: Callable[[str, int], str]) -> None:
    robustcheck("bless", kept("one", 150), "--as", "main")
    two = kept("two", 144)
    refused = robustcheck("bless", two, "--as", "main", "--new-origin")
    assert refused.code != 0
    assert "--new-origin and --why" in refused.err
    said = robustcheck("bless", two, "--as", "main", "--new-origin", "--why", "another tokenizer")
    assert "begins a new line: another tokenizer" in said.out
    lineage = load_baseline("main", Path(".robustcheck/baselines")).run.lineage
    assert (lineage.origins, lineage.since_origin) == ((), 0)
