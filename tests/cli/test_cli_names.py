"""A name of another kind in the place of an argument: it is told for what it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from command import Robustcheck, refused, write

from robustcheck.api import measure
from robustcheck.errors import SetupError

MODEL = "zoo:vit-plain-100"


@pytest.mark.parametrize(
    "words",
    [("digits", MODEL, "top1"), (MODEL, "top1", "digits"), ("top1", MODEL, "digits"), ("digits", "top1", MODEL)],
)
def test_measure_with_its_names_in_another_order_shows_the_right_one(
    robustcheck: Robustcheck, words: tuple[str, ...]
) -> None:
    said = robustcheck("measure", *words)
    refused(said, "the names look swapped", "MODEL DATASET METRIC", f"robustcheck measure {MODEL} digits top1")


def test_a_directory_and_a_checkpoint_file_in_another_order(robustcheck: Robustcheck) -> None:
    Path("images").mkdir()
    write("epoch_3.pt", "")
    said = robustcheck("measure", "images", "epoch_3.pt", "ece", "--arch", "ViT-B-32")
    assert "swapped" not in said.err  # a directory may be anything, and is told for nothing
    said = robustcheck("measure", "ece", "images", "epoch_3.pt", "--arch", "ViT-B-32")
    refused(said, "'ece' is a metric; a model is expected here", "robustcheck measure epoch_3.pt images ece")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("measure digits digits top1", "'digits' is a data set; a model is expected here"),
        (f"measure {MODEL} digits gaussian_blur:3", "'gaussian_blur:3' is a transform; a metric is expected here"),
        ("measure digits imagenet-c/fog/3 top1", "'digits' is a data set; a model is expected here"),
        ("doctor top1", "'top1' is a metric; a data set is expected here"),
        ("doctor openclip:ViT-B-32/openai", "is a model; a data set is expected here"),
        ("models digits", "'digits' is a data set; a model is expected here"),
        ("metrics digits", "'digits' is a data set; a metric is expected here"),
        ("trend digits --x imagenet-val/top1 --y imagenet-v2/top1", "a population is expected here"),
        ("compare digits top1", "'digits' is a data set; a run is expected here"),
        ("comment top1", "'top1' is a metric; a run is expected here"),
        ("bless digits --as main", "'digits' is a data set; a run is expected here"),
        ("population digits --out a.csv", "'digits' is a data set; a run is expected here"),
        ("validate digits", "'digits' is a data set; a suite is expected here"),
        (f"plan {MODEL}", "is a model; a suite is expected here"),
        ("estimate digits --like digits --models digits,ece", "'digits' is a data set; a model is expected here"),
        (f"learn digits --dataset {MODEL} --out a.log", "'digits' is a data set; a model is expected here"),
        ("export top1 --dataset digits --out o", "'top1' is a metric; a model is expected here"),
        ("export-results results.csv reports/a", "robustcheck export-results reports/a results.csv"),
        ("explain my.robust.yaml", "'my.robust.yaml' is a suite; a check is expected here"),
    ],
)
def test_a_name_of_another_kind_is_told(robustcheck: Robustcheck, words: str, told: str) -> None:
    check = "  - {id: a, measure: {metric: top1, dataset: digits}, expect: {at_least: 1%}}\n"
    write("my.robust.yaml", f"robustcheck: 1\nmodels: {MODEL}\nchecks:\n{check}")
    refused(robustcheck(*words.split()), told)


def test_a_mistake_elsewhere_is_told_as_it_is(robustcheck: Robustcheck) -> None:
    # The metric's name is another kind's too, but not what is wrong.
    refused(robustcheck("measure", "nothing", "digits", "top1"), "unknown model 'nothing'")


def test_python_tells_it_too() -> None:
    with pytest.raises(SetupError, match="'digits' is a data set; a model is expected here"):
        measure("digits", MODEL)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("run suites/ --models zoo", "checks are tests: pytest suites/ --models zoo"),
        ("test", "checks are tests: pytest suites/"),
        ("check my.robust.yaml", "checks are tests: pytest my.robust.yaml"),
        ("measur digits", "did you mean 'measure'?"),
        ("lint suites", "robustcheck validate"),
        ("frobnicate", "one of init, "),
    ],
)
def test_a_command_that_there_is_not_names_the_one_to_use(robustcheck: Robustcheck, words: str, told: str) -> None:
    refused(robustcheck(*words.split()), f"no command {words.split()[0]!r}", told)
