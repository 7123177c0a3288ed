"""The metric's own settings, subsets of data sets, and axes that fit the values."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
from spec_suites import HEAD, NAMES, load, one_check, pointed_at, problem, problems, write

from robustcheck.errors import SpecError
from robustcheck.measure import known_metrics
from robustcheck.measure.option import Bounded
from robustcheck.run.known_names import known_names
from robustcheck.spec import json_schema, load_suite
from robustcheck.spec.names import KnownNames
from robustcheck.spec.source import read_document
from robustcheck.values import Quantity
from robustcheck.values.expectations import OnTrend

ROOT = Path(__file__).parents[2]


def suite(measure: str, expect: str = "{at_least: 0.4}", head: str = "") -> str:
    return f"{HEAD}  - id: a\n{head}    measure: {measure}\n    expect: {expect}\n"


# --- options -------------------------------------------------------------------------------------


def test_options_are_sorted_texts(tmp_path: Path) -> None:
    measure = "{metric: auroc, dataset: ninco, options: {t: 0.50, score: msp, id_dataset: imagenet-val}}"
    quantity = load(tmp_path, suite(measure)).checks[0].quantity
    assert quantity.options == (("id_dataset", "imagenet-val"), ("score", "msp"), ("t", "0.5"))
    bins = load(tmp_path, suite("{metric: ece, dataset: digits, options: {bins: 10}}")).checks[0].quantity.options
    assert bins == (("bins", "10"),)


def test_an_option_has_one_form(tmp_path: Path) -> None:
    """8/255 written in another way is the same setting, and so the same measurement."""
    options = '{epsilon: 16/510, targeted: true, bins: "015", source: "hf:a/b"}'
    quantity = load(tmp_path, suite(f"{{metric: ece, dataset: digits, options: {options}}}")).checks[0].quantity
    assert quantity.options == (("bins", "15"), ("epsilon", "8/255"), ("source", "hf:a/b"), ("targeted", "true"))


@pytest.mark.parametrize(
    "sizes", ["[4/255, 0.5, 1/255]", "1/255 4/255 1/2", "'4/255, 1/2, 1/255'", "[1/2, '1/255 4/255']"]
)
def test_several_sizes_are_a_list_or_a_text(tmp_path: Path, sizes: str) -> None:
    measure = f"{{metric: ece, dataset: digits, options: {{sizes: {sizes}}}}}"
    assert load(tmp_path, suite(measure)).checks[0].quantity.options == (("sizes", "1/255 4/255 1/2"),)


def test_options_of_against_and_of_variables(tmp_path: Path) -> None:
    against = "{metric: auroc, dataset: digits, options: {score: '${score}'}}"
    trend = f"{{on_trend: {{population: openclip, against: {against}, within: 95%}}}}"
    measure = '{metric: auroc, dataset: ninco, options: {score: "${score}"}}'
    checks = load(tmp_path, suite(measure, trend, "    for_each: {score: [msp, energy]}\n")).checks
    assert [check.quantity.options for check in checks] == [(("score", "msp"),), (("score", "energy"),)]
    assert all(isinstance(check.expect, OnTrend) for check in checks)
    assert [check.expect.against.quantity().options for check in checks] == [  # type: ignore[attr-defined]
        (("score", "msp"),),
        (("score", "energy"),),
    ]


def test_data_sets_in_options_may_be_paths_and_are_made_absolute(tmp_path: Path) -> None:
    measure = "{metric: overlap_gap, dataset: imagenet-val, options: {reference: ../laion/sample}}"
    check = load(tmp_path, suite(measure, "{at_most: 1%}")).checks[0]
    assert check.quantity.options == (("reference", str(tmp_path / "../laion/sample")),)
    assert check.sentence == "overlap gap on imagenet-val against ../laion/sample is at most 1%."


def test_files_of_models_in_options_are_found_beside_the_suite(tmp_path: Path) -> None:
    (tmp_path / "old.pt").write_bytes(b"")
    (tmp_path / "run").mkdir()
    kept = {"hf:a/b": "hf:a/b"}
    for written, found in {
        "openclip:RN50@old.pt": f"openclip:RN50@{tmp_path / 'old.pt'}",
        "hf:run": f"hf:{tmp_path / 'run'}",
        **kept,
    }.items():
        measure = f'{{metric: ece, dataset: digits, options: {{source: "{written}"}}}}'
        assert dict(load(tmp_path, suite(measure)).checks[0].quantity.options)["source"] == found


@pytest.mark.parametrize(
    ("measure", "target", "words"),
    [
        ("{metric: auroc, dataset: ninco, options: {scor: msp}}", "scor", "unknown option 'scor' of 'auroc'"),
        ("{metric: auroc, dataset: ninco, options: {scor: msp}}", "scor", "one of id_dataset, score, t"),
        ("{metric: auroc, dataset: ninco, options: {scor: msp}}", "scor", "did you mean 'score'?"),
        ("{metric: auroc, dataset: ninco, options: {score: mps}}", "mps", "'score' cannot be 'mps'"),
        ("{metric: auroc, dataset: ninco, options: {score: mps}}", "mps", "one of energy, mcm, msp"),
        ("{metric: auroc, dataset: ninco, options: {score: mps}}", "mps", "did you mean 'msp'?"),
        ("{metric: auroc, dataset: ninco, options: {id_dataset: imagenet-vl}}", "imagenet-vl", "'imagenet-val'?"),
        ("{metric: auroc, dataset: ninco, options: {score: true}}", "true", "'score' cannot be 'true'"),
        ("{metric: auroc, dataset: ninco, options: {score: [msp]}}", "[", "'score' cannot be a list of 1"),
        ("{metric: ece, dataset: digits, options: {sizes: []}}", "[", "'sizes' cannot be a list of 0"),
        ("{metric: ece, dataset: digits, options: {sizes: [1/4, 2]}}", "[", "'sizes' cannot be '1/4 2'"),
        ("{metric: ece, dataset: digits, options: {sizes: [[1/4]]}}", "[", "'sizes' cannot be a list of 1"),
        ("{metric: auroc, dataset: ninco, options: {score: }}", "score", "'score' has no value"),
        ("{metric: auroc, dataset: ninco, options: msp}", "msp", "'options' cannot be 'msp'"),
        ("{metric: nll, dataset: digits, options: {bins: 10}}", "options", "the metric 'nll' has no options"),
        ("{metric: ece, dataset: digits, options: {bins: x}}", "x", "'bins' cannot be 'x'"),
        ("{metric: ece, dataset: digits, options: {bins: x}}", "x", "expected: a whole number of 1 or more"),
        ("{metric: ece, dataset: digits, options: {bins: 1.5}}", "1.5", "'bins' cannot be '1.5'"),
        ("{metric: ece, dataset: digits, options: {bins: 0}}", "0", "'bins' cannot be '0'"),
        ("{metric: auroc, dataset: ninco, options: {t: -1}}", "-1", "expected: a number of 0 or more"),
        ("{metric: ece, dataset: digits, options: {epsilon: 8/0}}", "8/0", "'epsilon' cannot be '8/0'"),
        ("{metric: ece, dataset: digits, options: {epsilon: 8/2}}", "8/2", "a fraction such as 8/255 from 0 to 1"),
        ("{metric: ece, dataset: digits, options: {targeted: 1}}", "1", "expected: true or false"),
        ("{metric: ece, dataset: digits, options: {source: clap}}", "clap", "unknown model 'clap'"),
    ],
)
def test_wrong_options(tmp_path: Path, measure: str, target: str, words: str) -> None:
    found = problem(tmp_path, suite(measure))
    assert words in found.text
    assert pointed_at(found) == target


def test_the_options_of_an_unknown_metric_are_not_reported_too(tmp_path: Path) -> None:
    found = problems(tmp_path, suite("{metric: aurok, dataset: ninco, options: {anything: 1}}"))
    assert [each.summary for each in found] == ["unknown metric 'aurok'"]


def test_every_metric_has_known_options_units_and_polarity() -> None:
    """What names.py says of the metrics: the rules that hold for all of them."""
    from robustcheck.run.known_names import known_names

    names, metrics = known_names(Path()), known_metrics()
    assert set(names.options) == set(names.metrics) == set(metrics) == set(names.nouns)
    assert {"nll", "brier", "error_ratio", "top5_distance", "mce", "accuracy_drop"} <= names.value_ranges.keys()
    assert (
        not {"top1", "auroc", "ece", "fpr95", "shape_bias", "flip_rate", "mean_corruption_error"}
        & names.value_ranges.keys()
    )
    assert {"ece", "nll", "mce", "fpr95"} <= names.lower_is_better
    for metric in metrics.values():
        for name, option in names.options[metric.name].items():
            assert name in {each.name for each in metric.options}
            assert "set" not in option.expected.split() or option.sort in ("data set", "column"), (metric.name, name)


# --- texts and subsets ---------------------------------------------------------------------------


def test_numbers_in_where_and_prompts_are_texts(tmp_path: Path) -> None:
    measure = "{metric: top1, dataset: imagenet-c, where: {severity: 5, corruption: fog, x: 0.50}, prompts: 1}"
    quantity = load(tmp_path, suite(measure, "{at_least: 4%}")).checks[0].quantity
    assert quantity.where == (("corruption", "fog"), ("severity", "5"), ("x", "0.5"))
    assert quantity.prompts == "1"


def test_a_subset_of_a_data_set_is_no_path_unless_there_is_such_a_directory(tmp_path: Path) -> None:
    text = suite("{metric: top1, dataset: imagenet-c/fog/3}", "{at_least: 4%}")
    assert load(tmp_path, text).checks[0].quantity.dataset == "imagenet-c/fog/3"
    (tmp_path / "imagenet-c/fog/3").mkdir(parents=True)
    assert load(tmp_path, text).checks[0].quantity.dataset == str(tmp_path / "imagenet-c/fog/3")


@pytest.mark.parametrize(
    ("measure", "target", "words"),
    [
        (
            "dataset: imagenet-c/fgo/3",
            "imagenet-c/fgo/3",
            "unknown corruption of 'imagenet-c': 'fgo'|did you mean 'fog'?",
        ),
        ("dataset: imagenet-c/fog/6", "imagenet-c/fog/6", "unknown severity of 'imagenet-c': '6'|one of 1, 2, 3, 4, 5"),
        (
            "dataset: imagenet-c/fog",
            "imagenet-c/fog",
            "not a subset of 'imagenet-c'|imagenet-c/CORRUPTION/SEVERITY, such as",
        ),
        ("dataset: imagenet-c, where: {corruption: fgo}", "fgo", "unknown corruption 'fgo'|did you mean 'fog'?"),
        ("dataset: imagenet-c, where: {severity: 6}", "6", "unknown severity '6'|one of 1, 2, 3, 4, 5, all"),
    ],
)
def test_wrong_subsets(tmp_path: Path, measure: str, target: str, words: str) -> None:
    found = problem(tmp_path, suite(f"{{metric: top1, {measure}}}", "{at_least: 4%}"))
    assert all(part in found.text for part in words.split("|"))
    assert pointed_at(found) == target


def test_all_subsets_of_an_axis_can_be_asked_for(tmp_path: Path) -> None:
    measure = "{metric: top1, dataset: imagenet-c, where: {severity: all, corruption: fog, group: any}}"
    assert load(tmp_path, suite(measure, "{at_least: 4%}")).checks
    assert load(tmp_path, suite("{metric: top1, dataset: digits/fgo/3}", "{at_least: 4%}")).checks[0].quantity == (
        Quantity("top1", str(tmp_path / "digits/fgo/3"))
    )


@pytest.mark.parametrize("prompts", ["cupl", "cupl+openai-80", "openai-80"])
def test_prompt_sets_by_name(tmp_path: Path, prompts: str) -> None:
    text = suite(f"{{metric: top1, dataset: digits, prompts: {prompts}}}", "{at_least: 4%}")
    assert load(tmp_path, text).checks[0].quantity.prompts == prompts


def test_sentences_of_each_class_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text("{}")
    text = suite("{metric: top1, dataset: digits, prompts: mine.json}", "{at_least: 4%}")
    assert load(tmp_path, text).checks[0].quantity.prompts == str(tmp_path / "mine.json")


def test_saved_predictions_are_models(tmp_path: Path) -> None:
    seen: list[str] = []
    names = KnownNames(NAMES.metrics, datasets=NAMES.datasets, is_model=lambda text: seen.append(text))
    text = "models: [predictions:saved/vit]\n" + one_check("expect: {at_least: 4%}")
    assert load_suite(write(tmp_path, text), names).models == ("predictions:saved/vit",)
    assert seen == ["predictions:saved/vit"]


# --- axes and ranges -----------------------------------------------------------------------------


def trend(metric: str, against: str, axis: str = "", limit: str = "within: 95%") -> str:
    written = f", axis: {axis}" if axis else ""
    against = f"against: {{metric: {against}, dataset: imagenet-val}}"
    expect = f"{{on_trend: {{population: openclip, {against}, {limit}{written}}}}}"
    return suite(f"{{metric: {metric}, dataset: digits}}", expect)


@pytest.mark.parametrize(
    ("metric", "against", "axis", "target", "words"),
    [
        ("nll", "top1", "", "on_trend", "probit axes take values between 0 and 1, which nll leaves"),
        ("top1", "nll", "logit", "logit", "logit axes take values between 0 and 1, which nll leaves"),
        ("overlap_gap", "top1", "probit", "probit", "expected: axis: linear"),
    ],
)
def test_values_that_leave_0_to_1_need_linear_axes(
    tmp_path: Path, metric: str, against: str, axis: str, target: str, words: str
) -> None:
    found = problem(tmp_path, trend(metric, against, axis))
    assert words in found.text
    assert pointed_at(found) == target


@pytest.mark.parametrize(("metric", "axis"), [("nll", "linear"), ("auroc", ""), ("ece", "logit"), ("top1", "probit")])
def test_other_axes_are_accepted(tmp_path: Path, metric: str, axis: str) -> None:
    assert load(tmp_path, trend(metric, "top1", axis)).checks


def test_percentages_beyond_100_where_the_metric_goes_there(tmp_path: Path) -> None:
    assert load(tmp_path, suite("{metric: mce, dataset: imagenet-c}", "{at_most: 120%}")).checks
    assert load(tmp_path, suite("{metric: overlap_gap, dataset: digits}", "{between: [-1%, 1%]}")).checks


# --- options that do not go with each other ----------------------------------------------------------


@pytest.fixture(scope="module")
def shipped() -> KnownNames:
    return known_names(Path())


@pytest.fixture(scope="module")
def schema(shipped: KnownNames) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json_schema(shipped))


def said_of(tmp_path: Path, shipped: KnownNames, metric: str, options: str) -> str:
    """Return what is said of the options of a shipped metric, in one line; empty where they will do."""
    limit = "{at_least: 1%}" if known_metrics()[metric].unit == "%" else "{at_least: 0.001}"
    if not known_metrics()[metric].higher_is_better:
        limit = "{at_most: 5%}"
    path = write(tmp_path, suite(f"{{metric: {metric}, dataset: shapes, options: {options}}}", limit))
    try:
        load_suite(path, shipped)
    except SpecError as error:
        return " | ".join(f"{each.summary}: {each.text.splitlines()[-1].strip()}" for each in error.problems)
    return ""


@pytest.mark.parametrize(
    ("metric", "options", "said"),
    [
        ("robust_accuracy", "{eps: 8}", "eps 8 is more than the whole range of a pixel, 0 to 1: did you mean '8/255'?"),
        ("robust_accuracy", "{eps: [1, 2, 8]}", "eps 8 is more than the whole range of a pixel, 0 to 1: did you mean "
         "'1/255 2/255 8/255'?"),
        ("masking_gap", "{eps: 8, space: roz}", "eps 8 is more than the whole range of a pixel, -1.8 to 2.15: did you "
         "mean '8/255'?"),
        ("median_min_eps", "{eps: 1..9}", "eps 9 is more than the whole range of a pixel, 0 to 1: did you mean "
         "'1..9/255'?"),
        ("robust_accuracy", "{eps: 1.5}", "eps 3/2 is more than the whole range of a pixel, 0 to 1: write grey levels "
         "as a fraction: 8/255"),
        ("robust_accuracy", "{eps: 300}", "eps 300 is more than the whole range of a pixel, 0 to 1: write grey levels "
         "as a fraction: 8/255"),
        ("robust_accuracy", "{eps: 8, norm: l2}", ""),
        ("robust_accuracy", "{eps: 3, space: roz}", ""),
        ("robust_accuracy", "{eps: 0}", ""),
        ("median_min_eps", "{eps: 0}", "a search for the smallest eps among 0 alone: expected: sizes above 0"),
        ("median_min_eps", "{images: 11}", "11 images: expected: 12 or more, or 0 for all"),
        ("median_min_eps", "{images: 12}", ""),
        ("median_min_eps", "{images: 0}", ""),
        ("robust_accuracy", "{images: 1}", ""),
        ("robust_accuracy", "{eps: 1/255 2/255, at: 8/255}", "at 8/255 is none of eps: expected: 1/255 2/255"),
        ("robust_accuracy", "{eps: 1/255 2/255, at: 4/510}", ""),
        ("robust_accuracy", "{attack: fgsm, steps: 5}", "fgsm takes no steps: expected: step, loss, loss_scale"),
        ("robust_accuracy", "{attack: autoattack, steps: 5}", "autoattack takes no steps: expected: none of the "
         "settings of an attack"),
        ("robust_accuracy", "{attack: nes, queries: 21}", "21 queries: expected: pairs: an even number"),
        ("masking_gap", "{attack: fgsm, steps: 5}", ""),
        ("robust_accuracy", "{attack: autoattack, space: roz}", "autoattack moves pixels between 0 and 1 only: "
         "expected: space: pixel"),
        ("robust_accuracy", "{attack: deepfool, substitute: 'zoo:cnn-plain-100'}", "deepfool has no form that attacks "
         "by transfer: expected: fgsm, bim, mim, dim, pgd"),
        ("masking_gap", "{substitute: 'zoo:cnn-plain-100'}", "a sweep for masked gradients is of the model itself: "
         "expected: no substitute"),
        # One of them is impossible by itself: only that is said.
        ("robust_accuracy", "{eps: 8, steps: 0}", "'steps' cannot be '0': expected: a whole number of 1 or more"),
    ],
)  # fmt: skip
def test_options_of_an_attack_are_held_against_each_other(
    tmp_path: Path, shipped: KnownNames, metric: str, options: str, said: str
) -> None:
    assert said_of(tmp_path, shipped, metric, options) == said


def numbers() -> Iterator[tuple[str, str, Bounded]]:
    for metric, known in known_metrics().items():
        yield from ((metric, option.name, option) for option in known.options if isinstance(option, Bounded))


@pytest.mark.parametrize(
    ("metric", "name", "option"), [pytest.param(*each, id=f"{each[0]}-{each[1]}") for each in numbers()]
)
def test_every_number_of_a_metric_has_a_smallest_one(metric: str, name: str, option: Bounded) -> None:
    """0 is possible only where it says something: all of the images, no change, or the first seed."""
    with pytest.raises(ValueError, match="-1"):
        option.canonical("-1")
    if name in ("images", "seed", "eps", "at"):
        assert option.canonical("0") == "0"
    else:
        with pytest.raises(ValueError, match="0"):
            option.canonical("0")


@pytest.mark.parametrize(
    ("metric", "options"),
    [
        ("ece", {"bins": 0}), ("worst_group_accuracy", {"k": 0}), ("pck", {"alpha": 0}), ("pck", {"alpha": 10}),
        ("robust_accuracy", {"steps": 0}), ("robust_accuracy", {"restarts": 0}), ("robust_accuracy", {"step": 8}),
        ("robust_accuracy", {"images": -1}), ("correspondence_recall", {"threshold": 0}),
        ("correspondence_recall", {"matches": 0}), ("robust_accuracy", {"eps": [1, -1]}),
    ],
)  # fmt: skip
def test_an_editor_marks_a_number_out_of_range(
    metric: str, options: dict[str, object], schema: jsonschema.Draft202012Validator
) -> None:
    def marks(given: dict[str, object]) -> bool:
        check = {"id": "a", "measure": {"metric": metric, "dataset": "digits", "options": given}}
        found = schema.iter_errors({"robustcheck": 1, "models": "zoo", "checks": [check | {"expect": {}}]})
        return any("options" in each.absolute_path for each in found)

    assert marks(options)
    assert not marks(dict.fromkeys(options, 1))


def test_a_query_where_an_option_takes_models_is_shown_as_its_text(tmp_path: Path) -> None:
    options = "{source: {source: laion, architecture: [vit, cnn]}}"
    found = problem(tmp_path, suite(f"{{metric: ece, dataset: digits, options: {options}}}"))
    assert found.text.endswith('did you mean "source=laion&architecture=vit|cnn"?')


@pytest.mark.parametrize(
    ("measure", "needed"),
    [
        ("{metric: agreement, dataset: shapes}", "with"),
        ("{metric: error_consistency, dataset: shapes, options: {}}", "with"),
        ("{metric: estimated_accuracy, dataset: shapes, options: {with: [zoo:vit-plain-1000]}}", "known"),
        ("{metric: overlap_share, dataset: shapes, options: {detector: phash-256}}", "reference"),
        ("{metric: agreement, dataset: shapes, options: {with: zoo:vit-plain-1000}}", ""),
    ],
)
def test_an_option_that_a_metric_needs_is_asked_for(tmp_path: Path, measure: str, needed: str) -> None:
    """A run used to find it out, check by check; the editor marks it too."""
    path, names = write(tmp_path, suite(measure, "{at_least: 40%}")), known_names(tmp_path)
    is_sound = jsonschema.Draft202012Validator(json_schema(names)).is_valid(read_document(path).data)
    assert is_sound == (not needed)
    if is_sound:
        load_suite(path, names)
        return
    with pytest.raises(SpecError, match=rf"needs the option '{needed}'"):
        load_suite(path, names)


@pytest.mark.parametrize(
    ("measure", "is_sound"),
    [
        ("{metric: top1, dataset: imagenet-x, where: {factor: colour}}", False),
        ("{metric: top1, dataset: imagenet-x, where: {factor: color}}", True),
        ("{metric: top1, dataset: shapes-c/contrast/3, where: {pose: sideways}}", False),
        ("{metric: top1, dataset: ./own, where: {factor: colour}}", True),
        ("{metric: robust_accuracy, dataset: shapes, options: {eps: 5%}}", False),
        ("{metric: robust_accuracy, dataset: shapes, options: {eps: 1/255 2/255}}", True),
        ("{metric: robust_accuracy, dataset: shapes, options: {eps: 1..9/1000}}", True),
        ("{metric: robust_accuracy, dataset: shapes, options: {eps: [1/255, 0.01]}}", True),
    ],
)
def test_the_schema_knows_values_of_columns_and_sizes(tmp_path: Path, measure: str, is_sound: bool) -> None:
    path = write(tmp_path, suite(measure, "{at_least: 40%}"))
    schema = json.loads((ROOT / "robustcheck" / "schema.json").read_text(encoding="utf-8"))
    assert jsonschema.Draft202012Validator(schema).is_valid(read_document(path).data) == is_sound
