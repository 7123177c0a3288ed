from __future__ import annotations

from pathlib import Path

import pytest
from spec_suites import HEAD, NAMES, load, load_check

from robustcheck.spec.sentences import describe_quantity
from robustcheck.values import Quantity

TREND = "population: openclip, against: {metric: top1, dataset: imagenet-val}"


@pytest.mark.parametrize(
    ("expect", "warn", "sentence"),
    [
        ("{at_least: 45%}", "", "top1 on digits is at least 45%."),
        ("{at_least: 45%}", "50.5%", "top1 on digits is at least 45%. It warns at 50.5%."),
        ("{at_most: 45%}", "", "top1 on digits is at most 45%."),
        ("{between: [40%, 60%]}", "", "top1 on digits lies between 40% and 60%."),
        ("{between: [40%, 60%]}", "{low: 45%}", "top1 on digits lies between 40% and 60%. It warns at 45%."),
        ("{between: [40%, 60%]}", "[45%, 55%]", "top1 on digits lies between 40% and 60%. It warns at 45% and 55%."),
        (
            f"{{on_trend: {{{TREND}, allowed_below: 2.0pp}}}}",
            "{allowed_below: 1pp}",
            "top1 on digits lies at most 2pp below the openclip trend against top1 on imagenet-val. It warns at 1pp.",
        ),
        (
            f"{{on_trend: {{{TREND}, within: 97.5%, among: {{source: [laion, wit], architecture: vit}}}}}}",
            "{within: 90%}",
            "top1 on digits lies inside the 97.5% prediction band of the openclip trend "
            "(among source laion or wit, architecture vit) against top1 on imagenet-val. It warns at 90%.",
        ),
        (
            f"{{on_trend: {{{TREND}, within: 95%, axis: linear, x_range: [50%, 90%]}}}}",
            "",
            "top1 on digits lies inside the 95% prediction band of the openclip trend against top1 on imagenet-val, "
            "on linear axes, fitted where that lies between 50% and 90%.",
        ),
        (
            "{no_worse_than: {baseline: main, allowed_drop: 0.5pp}}",
            "",
            "top1 on digits is at most 0.5pp worse than in the baseline main, "
            "and at most 1pp worse than in its origin.",
        ),
        (
            "{no_worse_than: {model: zoo, allowed_drop: 0pp}}",
            "",
            "top1 on digits is no worse than for the model zoo.",
        ),
        (
            "{reproduces: {within: 0.5pp, population: openclip}}",
            "",
            "top1 on digits, measured live, lies within 0.5pp of the figure published in openclip.",
        ),
        (
            "{reproduces: {within: 0.5pp}}",
            "",
            "top1 on digits, measured live, lies within 0.5pp of the figure published.",
        ),
    ],
)
def test_each_check_has_a_sentence(tmp_path: Path, expect: str, warn: str, sentence: str) -> None:
    lines = [f"expect: {expect}"] + ([f"warn: {warn}"] if warn else [])
    assert load_check(tmp_path, *lines).sentence == sentence


@pytest.mark.parametrize(
    ("measure", "expect", "sentence"),
    [
        (
            "{metric: auroc, dataset: ninco, options: {score: msp, id_dataset: imagenet-val}}",
            "{at_least: 0.9}",
            "AUROC (score msp) on ninco against imagenet-val is at least 0.9.",
        ),
        (
            "{metric: ece, dataset: imagenet-r, options: {bins: 10, fitted_on: imagenet-val}}",
            "{no_worse_than: {baseline: main, allowed_drop: 0.01}}",
            "ECE (bins 10, fitted on imagenet-val) on imagenet-r is at most 0.01 worse than in the baseline main, "
            "and at most 0.02 worse than in its origin.",
        ),
        (
            "{metric: mce, dataset: imagenet-c, where: {severity: 5, corruption: fog}}",
            "{at_most: 80%}",
            "mCE on imagenet-c where corruption is fog and severity is 5 is at most 80%.",
        ),
        (
            "{metric: mean_per_class_recall, dataset: imagenet-val, where: {classes: imagenet-a}, prompts: 1, "
            "transform: typographic:one-word}",
            "{at_least: 40%}",
            "mean per class recall on imagenet-val among the classes of imagenet-a under typographic:one-word "
            "with prompts 1 is at least 40%.",
        ),
        (
            "{metric: ece, dataset: imagenet-r}",
            f"{{on_trend: {{{TREND}, allowed_below: 0.02}}}}",
            "ECE on imagenet-r lies at most 0.02 above the openclip trend against top1 on imagenet-val.",
        ),
    ],
)
def test_quantities_are_said_in_words(tmp_path: Path, measure: str, expect: str, sentence: str) -> None:
    text = f"{HEAD}  - id: a\n    measure: {measure}\n    expect: {expect}\n"
    assert load(tmp_path, text).checks[0].sentence == sentence


def test_a_temperature_fitted_elsewhere_reads_apart_from_the_data_set() -> None:
    options = (("fitted_on", "imagenet-val"), ("temperature", "fitted"))
    quantity = Quantity("ece", "imagenet-r", options=options)
    assert describe_quantity(quantity, NAMES) == "ECE (fitted on imagenet-val, temperature fitted) on imagenet-r"
    recall = Quantity("text_retrieval_recall@5", "mscoco")
    assert describe_quantity(recall, NAMES) == "text retrieval recall@5 on mscoco"
