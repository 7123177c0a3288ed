"""A green run has looked at its candidates: the models of --models."""

from __future__ import annotations

import pytest
from plugin_makers import GREEN, run, write

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestExperimentalApiWarning")

OTHERS = """
  - id: others
    claim: Fine-tuned CLIP models are above those of more data.
    source: A paper
    expect_finding: holds
    measure: {metric: top1, dataset: imagenet-sketch}
    expect:
      group_above:
        higher: {family: clip-ft}
        lower: {family: more-data}
        by: residual
        against: {metric: top1, dataset: imagenet-val}
        population: timm
"""
MEANT_FOR = GREEN.replace("    tags: [easy]\n", "    applies_to: {family: supervised}\n")


@pytest.fixture
def place(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    for name in ("ROBUSTCHECK_DATA", "GITHUB_STEP_SUMMARY", "GITHUB_ACTIONS", "PYTEST_XDIST_WORKER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return pytester


def test_a_model_that_a_check_judged_is_enough(place: pytest.Pytester) -> None:
    write(place, "a.robust.yaml", GREEN + OTHERS)
    result = run(place, "--models", "ViT-B-32/openai")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["*1 of 2 verdicts about the models of this run*"])


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["serial", "xdist"])
def test_verdicts_about_others_alone_are_not_green(place: pytest.Pytester, workers: list[str]) -> None:
    write(place, "a.robust.yaml", MEANT_FOR + OTHERS)
    result = run(place, "--models", "ViT-B-32/openai", *workers)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["no check gave a verdict on ViT-B-32/openai: *"])
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_a_model_that_the_user_left_out_is_not_missed(place: pytest.Pytester) -> None:
    write(place, "a.robust.yaml", GREEN)
    result = run(place, "--models", "ViT-B-32/openai,RN50/openai", "-k", "ViT-B-32")
    assert result.ret == pytest.ExitCode.OK


def test_without_models_the_suites_own_may_be_skipped(place: pytest.Pytester) -> None:
    write(place, "a.robust.yaml", GREEN)
    write(place, "b.robust.yaml", GREEN.replace("dataset: imagenet-v2", "dataset: imagenet-x"))
    assert run(place).ret == pytest.ExitCode.OK
