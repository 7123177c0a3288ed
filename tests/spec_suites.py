"""Suites as text for the tests of the language, and the names that they may use."""

from __future__ import annotations

from math import inf
from pathlib import Path

import pytest

from robustcheck.errors import SpecError
from robustcheck.measure.option import (
    ChoiceOption,
    DatasetOption,
    FractionOption,
    FractionsOption,
    MetricOption,
    ModelOption,
    NumberOption,
    SwitchOption,
)
from robustcheck.spec import KnownNames, load_suite
from robustcheck.values import Problem
from robustcheck.values.checks import Check, Suite

HEAD = "robustcheck: 1\nchecks:\n"
MEASURE = "    measure: {metric: top1, dataset: digits}\n"


def _is_model(text: str) -> str | None:
    if text in {"clip", "laion", "zoo"} or ":" in text:
        return None
    return f"unknown model {text!r}\n  expected: a set or a reference"


def named(*options: MetricOption) -> dict[str, MetricOption]:
    return {option.name: option for option in options}


NAMES = KnownNames(
    metrics={
        "top1": "%",
        "top5": "%",
        "mean_per_class_recall": "%",
        "mce": "%",
        "ece": "",
        "nll": "",
        "auroc": "",
        "overlap_gap": "%",
    },
    nouns={"auroc": "AUROC", "ece": "ECE", "mce": "mCE"},
    options={
        "auroc": named(
            ChoiceOption(name="score", values=("mcm", "msp", "energy"), description=""),
            DatasetOption(name="id_dataset", description="", against=True),
            NumberOption(name="t", description="", low=0),
        ),
        "ece": named(
            NumberOption(name="bins", description="", whole=True, low=1),
            DatasetOption(name="fitted_on", description=""),
            FractionOption(name="epsilon", description="", low=0, high=1),
            FractionsOption(name="sizes", description="", low=0, high=1),
            SwitchOption(name="targeted", description=""),
            ModelOption(name="source", description=""),
        ),
        "overlap_gap": named(DatasetOption(name="reference", description="", against=True)),
    },
    families={"imagenet-c": (("corruption", ("fog", "frost")), ("severity", ("1", "2", "3", "4", "5")))},
    lower_is_better=frozenset({"ece", "nll", "mce"}),
    value_ranges={"nll": (0, inf), "mce": (0, inf), "overlap_gap": (-1, 1)},
    datasets=frozenset(
        {"digits", "imagenet-val", "imagenet-v2", "imagenet-r", "imagenet-a", "imagenet-x", "imagenet-c", "ninco"}
    ),
    class_sets=frozenset({"imagenet", "imagenet-a", "imagenet-r"}),
    populations=frozenset({"openclip", "timm"}),
    transforms={
        "gaussian_noise": ("1", "2", "3", "4", "5"),
        "contrast": ("1", "2", "3", "4", "5"),
        "typographic": ("one-word", "eight-copies"),
    },
    prompts=frozenset({"openai-80", "dataset", "1", "cupl", "cupl+openai-80"}),
    facets={
        "source": frozenset({"laion", "wit"}),
        "architecture": frozenset({"vit", "cnn"}),
        "zoo": frozenset({"yes"}),
        "backbone": frozenset({"rn50", "vit-b-32"}),
        "samples": frozenset(),
    },
    model_sets=frozenset({"clip", "laion", "zoo"}),
    is_model=_is_model,
)


def write(directory: Path, text: str) -> Path:
    """Write a suite and return its path."""
    path = directory / "x.robust.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def load(directory: Path, text: str) -> Suite:
    """Load a suite from its text."""
    return load_suite(write(directory, text), NAMES)


def problems(directory: Path, text: str) -> tuple[Problem, ...]:
    """Return the problems of a suite that must have some."""
    with pytest.raises(SpecError) as caught:
        load(directory, text)
    return caught.value.problems


def problem(directory: Path, text: str) -> Problem:
    """Return the only problem of a suite."""
    found = problems(directory, text)
    assert len(found) == 1, "\n\n".join(each.text for each in found)
    return found[0]


def one_check(*lines: str) -> str:
    """Return a suite with one check on digits, and these lines in it."""
    return HEAD + "  - id: a\n" + MEASURE + "".join(f"    {line}\n" for line in lines)


def load_check(directory: Path, *lines: str) -> Check:
    """Load a suite with one check and return it."""
    return load(directory, one_check(*lines)).checks[0]


def pointed_at(found: Problem) -> str:
    """Return the text above a problem's carets."""
    _, source, carets, *_ = found.text.splitlines()
    return "".join(letter for letter, mark in zip(source, carets, strict=False) if mark == "^")
