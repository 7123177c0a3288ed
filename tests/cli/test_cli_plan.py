"""The command plan: what a run would rest on, and what it cannot decide, before anything is measured."""

from __future__ import annotations

import functools
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from colour_data import write_colours
from command import Robustcheck, write
from llava_makers import make_answering

from robustcheck.cli import memory_forecast
from robustcheck.cli.memory_forecast import say_memory
from robustcheck.datasets import open_dataset
from robustcheck.measure import MeasureSettings, usable_cores
from robustcheck.measure.pace import Spent, add_pace, pace_of_images, pace_of_model
from robustcheck.models.encoders import Precision
from robustcheck.models.foreseen_memory import foresee_memory
from robustcheck.models.outlined import count
from robustcheck.models.reference import parse_reference
from robustcheck.stats.compare import detectable_drop

FAKE = "fake:zero-shot@a"
SUITE = """\
robustcheck: 1
title: A suite
models: [openclip:ViT-B-32/openai, openclip:ViT-B-16/openai, openclip:RN50/openai]
checks:
  - id: v2-good
    measure: {metric: top1, dataset: imagenet-v2}
    expect: {at_least: 40%}
  - id: trend
    for_each: {allowed: [0.5pp, 5pp]}
    measure: {metric: top1, dataset: imagenet-v2}
    expect:
      on_trend: {population: openclip, against: {metric: top1, dataset: imagenet-val}, allowed_below: "${allowed}"}
  - id: not-here
    measure: {metric: top1, dataset: imagenet-x, where: {factor: pose}}
    expect: {at_least: 45%}
"""
NLL = """\
  - id: loss
    measure: {metric: nll, dataset: imagenet-v2}
    expect: {at_most: 2.0}
"""
LIVE = f"""\
robustcheck: 1
title: Live
models: ["{FAKE}"]
checks:
  - id: tight
    for_each: {{drop: [0.5pp, 60pp]}}
    measure: {{metric: top1, dataset: DIRECTORY}}
    expect: {{no_worse_than: {{model: "fake:zero-shot@b", allowed_drop: "${{drop}}"}}}}
  - id: loss
    measure: {{metric: nll, dataset: DIRECTORY}}
    expect: {{at_most: 2.0}}
"""


@pytest.fixture
def planned(robustcheck: Robustcheck) -> list[dict[str, Any]]:
    write("a.robust.yaml", SUITE)
    return json.loads(robustcheck("plan", "a.robust.yaml", "--json").out)


def of(planned: list[dict[str, Any]], check: str) -> list[dict[str, Any]]:
    return [one for one in planned if one["check"] == check]


def test_every_check_on_every_model_is_listed(planned) -> None:
    assert len(planned) == 4 * 3
    assert {one["model"] for one in planned} == {"ViT-B-32/openai", "ViT-B-16/openai", "RN50/openai"}
    assert {one["evidence"] for one in of(planned, "v2-good")} == {"published"}
    assert {one["n"] for one in of(planned, "v2-good")} == {10_000}


def test_what_is_missing_is_named_with_where_to_put_it(planned) -> None:
    missing = of(planned, "not-here")
    assert {one["evidence"] for one in missing} == {"no data"}
    assert all("imagenet-x" in one["advice"] and "put it in" in one["advice"] for one in missing)
    assert all(one["passes"] == [] for one in missing)


def test_a_limit_that_so_many_images_cannot_tell_is_flagged(planned) -> None:
    tight, wide = of(planned, "trend[0.5pp]"), of(planned, "trend[5pp]")
    assert not any(one["decidable"] for one in tight)
    assert all(one["decidable"] for one in wide)
    assert all(one["detectable"] == other["detectable"] for one, other in zip(tight, wide, strict=True))
    one = next(one for one in tight if one["model"] == "ViT-B-32/openai")
    # 55.9% of 10,000 and 63.3% of 50,000; alpha is 0.05 over four checks.
    error = (0.559 * 0.441 / 10_000 + 0.633 * 0.367 / 50_000) ** 0.5
    assert one["detectable"] == pytest.approx(detectable_drop(error, 0.05 / 4), rel=0.01)


def test_the_table_counts_and_names(robustcheck: Robustcheck) -> None:
    write("a.robust.yaml", SUITE)
    said = robustcheck("plan", ".")
    assert said.code == 0
    assert "12 verdicts; to measure: 0 passes of a model, over 0 image sets" in said.out
    assert "without data: 1 check; cannot be decided: 1 check" in said.out
    assert "cannot be decided with the data at hand: trend[0.5pp]" in said.out
    assert "ViT-B-32/openai" in said.out
    assert "and 1 more" in said.out


def test_models_replace_those_of_the_suite(robustcheck: Robustcheck) -> None:
    write("a.robust.yaml", SUITE)
    found = json.loads(robustcheck("plan", "a.robust.yaml", "--models", "openclip:RN101/openai", "--json").out)
    assert {one["model"] for one in found} == {"RN101/openai"}


def test_published_evidence_alone_has_no_passes(robustcheck: Robustcheck) -> None:
    write("a.robust.yaml", SUITE)
    found = json.loads(robustcheck("plan", "a.robust.yaml", "--evidence", "published", "--json").out)
    assert {one["advice"] for one in of(found, "not-here")} == {"no published figure"}


def test_live_data_are_counted_and_passes_shared(robustcheck: Robustcheck) -> None:
    directory = Path("colours").absolute()
    write_colours(directory)
    write("live.robust.yaml", LIVE.replace("DIRECTORY", str(directory)))
    found = json.loads(robustcheck("plan", "live.robust.yaml", "--json").out)
    assert {one["evidence"] for one in found} == {"to measure"}
    assert {one["n"] for one in found} == {len(open_dataset(str(directory), ()))}
    assert [one["decidable"] for one in of(found, "tight[0.5pp]")] == [False]
    assert of(found, "loss")[0]["detectable"] is None
    said = robustcheck("plan", "live.robust.yaml")
    assert "to measure: 2 passes of a model, over 1 image set;" in said.out


def test_what_may_be_decided_early_is_told_and_why_the_rest_may_not(robustcheck: Robustcheck) -> None:
    write("a.robust.yaml", SUITE.replace("checks:", "effort: decide\nchecks:") + NLL)
    said = robustcheck("plan", ".")
    assert "effort: decide: may be decided on part of their images: v2-good, trend[0.5pp]" in said.out
    assert "all images: loss: nll is not a mean over single images" in said.out


def test_what_was_measured_is_stored(robustcheck: Robustcheck) -> None:
    directory = Path("colours").absolute()
    write_colours(directory)
    write("live.robust.yaml", LIVE.replace("DIRECTORY", str(directory)))
    for model in (FAKE, "fake:zero-shot@b"):
        assert robustcheck("measure", model, str(directory), "top1", "--device", "cpu").code == 0
    found = json.loads(robustcheck("plan", "live.robust.yaml", "--json").out)
    assert {one["evidence"] for one in of(found, "tight[60pp]")} == {"stored"}


def test_no_suite_is_a_message(robustcheck: Robustcheck) -> None:
    said = robustcheck("plan", ".")
    assert said.code != 0
    assert "no suite here" in said.err


def test_planning_published_evidence_needs_no_torch(tmp_path: Path) -> None:
    (tmp_path / "a.robust.yaml").write_text(SUITE, encoding="utf-8")
    code = (
        "import sys; from robustcheck.cli import main; sys.argv = ['robustcheck', 'plan', 'a.robust.yaml']\n"
        "try: main()\nexcept SystemExit: pass\nprint('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.splitlines()[-1] == "False"


@pytest.fixture
def counted_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Count the memory of models in this process; a process of its own, as test_foreseen_memory has, imports anew."""
    here = functools.partial(foresee_memory, count=lambda rehearsals: [count(each) for each in rehearsals])
    monkeypatch.setattr(memory_forecast, "foresee_memory", here)


ATTACKED = """
robustcheck: 1
models: zoo:vit-plain-100
checks:
  - id: attacked
    measure: {metric: robust_accuracy, dataset: shapes, options: {attack: pgd, steps: 5, restarts: 2, images: 40}}
    expect: {at_least: 10%}
"""


@pytest.mark.usefixtures("counted_here")
def test_what_an_attack_costs_is_told_and_seconds_become_images(robustcheck: Robustcheck) -> None:
    write("a.robust.yaml", ATTACKED)
    said = robustcheck("plan", "a.robust.yaml")
    assert "attacked of vit-plain-100: 40 images x 12 passes = 480 at most" in said.out
    assert "images:" not in said.out
    (found,) = json.loads(robustcheck("plan", "a.robust.yaml", "--json").out)
    assert found["n"] == 40
    enough = int(re.search(r"600 s are enough for images: (\d+) here", robustcheck(*TIMED, "600").out)[1])  # type: ignore[index]
    assert enough > 1
    assert "one image takes" in robustcheck(*TIMED, "0.000001").out


TIMED = ("plan", "a.robust.yaml", "--seconds")


def test_settings_that_an_attack_refuses_are_told_beforehand(robustcheck: Robustcheck) -> None:
    write("a.robust.yaml", ATTACKED.replace("attack: pgd", "attack: pgd, eps: 8"))
    assert "eps 8 is more than the whole range of a pixel" in robustcheck("plan", "a.robust.yaml").err
    substitute = 'attack: pgd, substitute: "zoo:llava-vit-plain-1000"'
    write("a.robust.yaml", ATTACKED.replace("attack: pgd", substitute))
    said = robustcheck("plan", "a.robust.yaml")
    assert "the substitute llava-vit-plain-1000 has no gradients" in " ".join(said.out.split())
    assert "end in errors: 1 check" in " ".join(said.out.split())
    (one,) = json.loads(robustcheck("plan", "a.robust.yaml", "--json").out)
    assert (one["evidence"], one["passes"]) == ("error", [])


def test_the_time_of_a_run_is_foreseen_from_what_this_machine_measured(robustcheck: Robustcheck) -> None:
    directory = str(write_colours(Path.cwd() / "colours", 90))
    write("live.robust.yaml", LIVE.replace("DIRECTORY", directory))
    assert "time, not known here yet: /" in robustcheck("plan", "live.robust.yaml").out
    models = ("fake-zero-shot@a", "fake-zero-shot@b")
    spent = {pace_of_images(directory): Spent(60.0 * usable_cores(), 90)}
    spent |= {pace_of_model(model, "auto", "fp32"): Spent(180.0, 90) for model in models}
    add_pace(Path(".robustcheck/store"), spent)
    said = robustcheck("plan", "live.robust.yaml").out
    assert "time, as fast as this machine was before: about 7 min (images 1 min, models 6 min)" in said
    assert "not known here yet" not in said


@pytest.mark.usefixtures("counted_here")
def test_the_memory_of_a_batch_is_told_beside_the_weights_and_where_it_is_not_known(robustcheck: Robustcheck) -> None:
    directory = str(write_colours(Path.cwd() / "colours", 90))
    zoo = LIVE.replace(f'"{FAKE}"', f'zoo:vit-plain-100, zoo:cnn-plain-100, "{FAKE}"')
    write("live.robust.yaml", zoo.replace("DIRECTORY", directory))
    said = robustcheck("plan", "live.robust.yaml").out
    # Of the CNN 128 images take 13 MiB; the C library keeps as much again, and as much as the weights.
    assert "cnn-plain-100 0 MiB" in said
    assert "beside them, a batch of 128 images in fp32: about 26 MiB (cnn-plain-100), one model at a time" in said
    assert "beside them, not known what a batch takes: fake-zero-shot@a" in said


def test_the_memory_of_a_model_that_answers_is_told_by_precision(tmp_path: Path) -> None:
    ref = parse_reference(f"llava:{make_answering('llava', tmp_path / 'tiny')}")

    def told(precision: Precision) -> str:
        return " ".join(say_memory([ref], {}, MeasureSettings(tmp_path / "store", precision=precision)))

    assert re.search(r"memory of llava@tiny in fp32, with one question: [\d.]+ MiB", told("fp32"))
    assert re.search(r"memory of llava@tiny in bf16, with one question: [\d.]+ MiB", told("bf16"))
