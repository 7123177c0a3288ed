"""Wishes that fail late or never are mistakes of the suite, with a place and a suggestion, without any data."""

from __future__ import annotations

from pathlib import Path

import pytest

from robustcheck.errors import SpecError
from robustcheck.run.known_names import known_names
from robustcheck.spec import load_suite

HEAD = "robustcheck: 1\ntitle: Wishes\nmodels: [openclip:ViT-B-32/openai]\nchecks:\n  - id: a\n"


def mistakes(directory: Path, measure: str, expect: str = "{at_least: 4%}", more: str = "", **given: object) -> str:
    path = directory / "a.robust.yaml"
    path.write_text(f"{HEAD}    measure: {{{measure}}}\n    expect: {expect}\n{more}")
    try:
        load_suite(path, known_names(directory, **given))  # type: ignore[arg-type]
    except SpecError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("measure", "place", "said", "hint"),
    [
        ("metric: top1, dataset: imagenet-c, where: {corupt: fog}", "6:58", "no column 'corupt'", "'corruption'"),
        ("metric: top1, dataset: imagenet-c/fog/3, where: {sevrity: 3}", "6:64", "no column 'sevrity'", "'severity'"),
        ("metric: top1, dataset: imagenet-x, where: {factor: colour}", "6:66", "factor of 'imagenet-x'", "'color'"),
        ("metric: top1, dataset: imagenet-x, where: {faktor: pose}", "6:58", "no column 'faktor'", "'factor'"),
        ("metric: top1, dataset: digits, where: {factor: pose}", "6:54", "digits has no column 'factor'", ""),
        ("metric: top1, dataset: shapes, where: {size: huge}", "6:60", "unknown size of 'shapes': 'huge'", ""),
        ("metric: auroc, dataset: imagenet-v2", "6:23", "auroc scores sets for ood", "brier"),
        ("metric: top1, dataset: sun", "6:23", "sun is for ood", "auroc"),
        ("metric: flip_rate, dataset: imagenet-c/fog/3", "6:23", "imagenet-c/fog/3 is for classification", ""),
    ],
)
def test_a_slice_or_a_metric_that_a_data_set_cannot_have(
    tmp_path: Path, measure: str, place: str, said: str, hint: str
) -> None:
    text = mistakes(tmp_path, measure)
    assert f"a.robust.yaml:{place}: " in text
    assert said in text
    assert hint in text


@pytest.mark.parametrize(
    "measure",
    [
        "metric: top1, dataset: imagenet-c, where: {corruption: fog, severity: 3}",
        "metric: top1, dataset: imagenet-x, where: {factor: pose}",
        "metric: top1, dataset: imagenet-x, where: {metaclass: dog}",
        "metric: top1, dataset: imagenet-v2, where: {camera: indoors}",
        "metric: top1, dataset: imagenet-v2, where: {class: tench}",
        "metric: top1, dataset: imagenet-val, where: {classes: imagenet-a}",
        "metric: top1, dataset: ./own, where: {anything: goes}",
    ],
)
def test_a_slice_that_may_be_there(tmp_path: Path, measure: str) -> None:
    assert mistakes(tmp_path, measure) == ""


def test_what_a_population_has_figures_of_is_not_asked_of_the_catalogue(tmp_path: Path) -> None:
    expect = (
        "{group_above: {higher: {source: laion}, lower: {source: wit}, by: residual, "
        "against: {metric: top1, dataset: imagenet-val}, population: openclip}}"
    )
    assert mistakes(tmp_path, "metric: top1, dataset: imagenet-v2", expect) == ""


@pytest.mark.parametrize(
    ("measure", "expect"),
    [
        ("metric: top1, dataset: imagenet-v2", "{at_least: 0%}"),
        ("metric: top1, dataset: imagenet-v2", "{at_most: 100%}"),
        ("metric: top1, dataset: imagenet-v2", "{between: [0%, 100%]}"),
        ("metric: ece, dataset: imagenet-v2", "{at_most: 1}"),
        ("metric: nll, dataset: imagenet-v2", "{at_least: 0}"),
        ("metric: brier, dataset: imagenet-v2", "{at_most: 2}"),
        ("metric: top1, dataset: imagenet-v2", "{no_worse_than: {model: RN50/openai, allowed_drop: 100pp}}"),
    ],
)
def test_a_limit_that_cannot_be_broken(tmp_path: Path, measure: str, expect: str) -> None:
    text = mistakes(tmp_path, measure, expect)
    assert "cannot be broken: the check would pass whatever is measured" in text
    assert "a.robust.yaml:7:" in text


@pytest.mark.parametrize(
    ("measure", "expect"),
    [
        ("metric: top1, dataset: imagenet-v2", "{between: [0%, 60%]}"),
        ("metric: top1, dataset: imagenet-v2", "{at_most: 99%}"),
        ("metric: nll, dataset: imagenet-v2", "{at_most: 2.5}"),
        ("metric: nll, dataset: imagenet-v2", "{at_least: 0.1}"),
        ("metric: brier, dataset: imagenet-v2", "{at_most: 1.9}"),
    ],
)
def test_a_limit_that_can_be_broken(tmp_path: Path, measure: str, expect: str) -> None:
    assert mistakes(tmp_path, measure, expect) == ""


def deviation(model: str) -> str:
    return f'    known_deviations: [{{model: "{model}", reason: why, until: 2030-01-01}}]\n'


def test_a_deviation_of_nobody(tmp_path: Path) -> None:
    text = mistakes(tmp_path, "metric: top1, dataset: imagenet-v2", more=deviation("ViT-B-32/opanai"))
    assert "a.robust.yaml:8:32: 'ViT-B-32/opanai' matches no model" in text
    assert "did you mean 'ViT-B-32/openai'?" in text


@pytest.mark.parametrize("model", ["ViT-B-32/openai", "RN50/*", "openclip:ViT-*", "ViT-B-32@epoch_12"])
def test_a_deviation_of_a_known_model_or_of_a_checkpoint_file(tmp_path: Path, model: str) -> None:
    assert mistakes(tmp_path, "metric: top1, dataset: imagenet-v2", more=deviation(model)) == ""


def test_a_deviation_of_a_model_of_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "imagenet-v2.csv").write_text("id,predicted\n")
    words = ("metric: top1, dataset: imagenet-v2", "{at_least: 4%}", deviation("mine"))
    assert "matches no model" in mistakes(tmp_path, *words)
    assert mistakes(tmp_path, *words, models=("predictions:mine",)) == ""
