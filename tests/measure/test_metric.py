"""Metrics as values: what is known of all of them, their options in keys, and how they are found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from colour_data import fake
from package_makers import Install
from scoring_data import make_world, painted

from robustcheck.errors import SetupError
from robustcheck.measure import Metric, cells_of_options, known_metrics, metric_named
from robustcheck.measure import metric as module
from robustcheck.measure.metric import models_of_options
from robustcheck.measure.option import FractionOption, ModelOption, SwitchOption
from robustcheck.models.model_sets import resolve_models
from robustcheck.stats.statistics import STATISTICS
from robustcheck.values import Cell, ModelRef, Quantity

METRICS = known_metrics()
# What keys say of the options when none is given: for ever, since a metric was first released.
DETECTION = {"score": "auto", "id_dataset": ""}
CALIBRATION = {"temperature": "none", "fitted_on": "", "half": "auto"}
OVERLAP = {"reference": "", "detector": "phash", "strength": "2", "precision": "0.99"}
KEYED: Mapping[str, Mapping[str, str]] = {
    **dict.fromkeys(("auroc", "class_auroc", "fpr95", "class_fpr95", "fpr95_openood"), DETECTION),
    **dict.fromkeys(("nll", "brier"), CALIBRATION),
    **{name: {**CALIBRATION, "bins": "15"} for name in ("ece", "ece_mass")},
    **dict.fromkeys(("overlap_share", "clean_accuracy", "overlap_accuracy", "overlap_gap"), OVERLAP),
    "aurc": CALIBRATION,
    **{name: {"with": ""} for name in ("agreement", "error_consistency")},
    "worst_group_accuracy": {"group": "class"},
    "worst_factor": {"annotation": "top"},
    "relative_mce": {"clean": "imagenet-val"},
    "mfr": {"baseline": "none"},
    "pm_k": {"k": "all"},
}
LATER = (
    FractionOption(name="epsilon", default="8/255", description="", low=0, high=1),
    SwitchOption(name="targeted", description=""),
    ModelOption(name="source", description=""),
)


@pytest.fixture
def attacked() -> Metric:
    """A metric of 0.1.0 to which options came later."""
    old = METRICS["auroc"]
    return replace(old, name="attacked", options=(*old.options, *LATER))


@pytest.mark.parametrize("metric", METRICS.values(), ids=lambda metric: metric.name)
def test_a_metric_is_whole(metric: Metric) -> None:
    assert METRICS[metric.name] is metric
    assert metric.description.endswith(".")
    assert STATISTICS[metric.statistic.name] is metric.statistic
    assert metric.tasks
    assert metric.words
    assert metric.formula
    assert metric.source
    for option in metric.options:
        assert option.description.endswith(".")
        assert not option.default or option.canonical(option.default) == option.default


@pytest.mark.parametrize("metric", METRICS.values(), ids=lambda metric: metric.name)
def test_options_are_keyed_as_when_the_metric_was_new(metric: Metric) -> None:
    assert dict(metric.keyed_options(())) == KEYED.get(metric.name, {})


def test_an_option_that_came_later_is_keyed_where_it_is_not_the_default(attacked: Metric) -> None:
    assert attacked.keyed_options(()) == DETECTION
    assert attacked.keyed_options((("epsilon", "16/510"), ("targeted", "no"))) == DETECTION
    given = (("epsilon", "4/255"), ("targeted", "true"), ("source", "fake:zero-shot@b"))
    assert attacked.keyed_options(given) == {**DETECTION, **dict(given)}


def test_an_option_is_the_one_given_or_the_default(attacked: Metric) -> None:
    assert [attacked.option("epsilon", given) for given in ((), (("epsilon", "2/510"),))] == ["8/255", "1/255"]


def test_options_that_are_given_are_checked(attacked: Metric) -> None:
    assert attacked.checked_options((("targeted", "on"), ("epsilon", "0.5"))) == (
        ("epsilon", "1/2"),
        ("targeted", "true"),
    )
    with pytest.raises(SetupError, match=r"attacked has no option 'epsilom'[\s\S]*did you mean 'epsilon'"):
        attacked.checked_options((("epsilom", "1"),))
    with pytest.raises(SetupError, match=r"the option epsilon of attacked cannot be '9'[\s\S]*fraction such as 8/255"):
        attacked.checked_options((("epsilon", "9"),))
    with pytest.raises(SetupError, match=r"the option score of attacked cannot be 'mps'[\s\S]*did you mean 'msp'"):
        attacked.checked_options((("score", "mps"),))
    with pytest.raises(SetupError, match="expected: no options"):
        METRICS["top1"].checked_options((("k", "2"),))


@pytest.mark.parametrize("bins", ["0", "1001", "100000"])
def test_a_calibration_error_has_as_many_bins_as_can_be_meant(bins: str) -> None:
    with pytest.raises(SetupError) as caught:
        metric_named("ece").checked_options((("bins", bins),))
    assert caught.value.expected == "a whole number from 1 to 1000"


def test_a_model_in_an_option_is_a_cell_of_its_own(attacked: Metric, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is of the same quantity, without the option that names the model."""
    monkeypatch.setattr(module, "known", lambda group, kind: {**METRICS, "attacked": attacked})
    other = fake(seed="b")

    def resolve(text: str) -> ModelRef:
        assert text == other.text
        return other

    quantity = Quantity("attacked", "digits", options=(("epsilon", "4/255"), ("source", other.text)))
    plain = replace(quantity, options=(("epsilon", "4/255"),))
    assert cells_of_options(Cell(fake(seed="a"), quantity), resolve) == (Cell(other, plain),)
    assert cells_of_options(Cell(fake(seed="a"), plain), resolve) == ()


def test_an_unknown_metric_names_the_nearest() -> None:
    assert metric_named("top1") is METRICS["top1"]
    with pytest.raises(SetupError, match="did you mean 'top1'"):
        metric_named("topp1")


def test_a_share_has_an_interval_from_its_value_and_n() -> None:
    shares = {name for name, metric in METRICS.items() if metric.is_share}
    assert {"top1", "mean_per_class_recall", "shape_bias", "pm_k", "retrieval_recall@5"} <= shares
    assert not {"ece", "nll", "auroc", "fpr95", "mce", "worst_factor", "error_ratio", "flip_rate"} & shares


OF_A_PACKAGE = """
from dataclasses import replace
from robustcheck.protocols.classify.metrics import METRICS
MADE = replace(METRICS[0], name="best_class")
"""


def test_a_metric_of_another_package_is_measured_and_its_key_names_the_package(
    tmp_path: Path, install: Install
) -> None:
    """What made a score is part of its key: another version may mean something else by the same name."""
    install("extra", OF_A_PACKAGE, "metrics", "1.0")
    world = make_world(tmp_path, painted("known", 30))
    first, ours = world.score("best_class", "known"), world.score("top1", "known")
    assert first.value == ours.value
    install("extra", OF_A_PACKAGE, "metrics", "1.1")
    second = make_world(tmp_path / "again", painted("known", 30)).score("best_class", "known")
    assert second.value == first.value
    assert len({first.key, second.key, ours.key}) == 3


def test_a_list_of_models_may_name_sets_globs_and_queries() -> None:
    text = "zoo:cnn-plain-*, zoo=yes&architecture=vit, openclip:RN50/openai"
    cell = Cell(fake(), Quantity("estimated_accuracy", "digits", options=(("with", text),)))
    found = [model.id for model in models_of_options(cell, resolve_models)]
    assert found[:2] == ["cnn-plain-100", "cnn-plain-1000"]
    assert {"vit-plain-100", "vit-augmented-1000"} < set(found[2:-1])
    assert found[-1] == "RN50/openai"


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("top1", 0, 1),
        ("brier", 0, 2),
        ("error_consistency", -1, 1),
        ("accuracy_drop", -1, 1),
        ("position_bias", 0, 0.75),
    ],
)
def test_the_range_of_a_metric_is_what_its_formula_can_give(name: str, least: float, most: float) -> None:
    metric = metric_named(name)
    assert metric.value_range == (least, most)
    assert metric.bounded is (name == "top1")
