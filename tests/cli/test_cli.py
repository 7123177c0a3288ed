"""The command: what a user types, what it prints, and its exit code."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from collections.abc import Mapping
from math import nan
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from colour_data import write_colours
from command import Robustcheck, Said, refused, write
from dataset_makers import make_webdataset
from factories import live_score
from run_makers import make_result, make_run

from robustcheck.cli.answers import MeasuredAnswer
from robustcheck.datasets.digits import open_digits
from robustcheck.history.kept_samples import write_samples
from robustcheck.report import load_run, write_report
from robustcheck.run.known_names import known_names
from robustcheck.spec import json_schema

PUBLISHED = Path(__file__).parents[3] / "shared" / "published"
ZOO = Path(__file__).parents[2] / "robustcheck" / "zoo"
FAKE = "fake:zero-shot@a"
SUITE = """\
robustcheck: 1
title: A small suite
models: [openclip:ViT-B-32/openai, openclip:ViT-B-16/openai]
checks:
  - id: v2-good
    for_each: {dataset: [imagenet-v2, imagenet-r]}
    tags: [easy]
    measure: {metric: top1, dataset: "${dataset}"}
    expect: {at_least: 40%}
    why: It always was.
  - id: cnn-only
    measure: {metric: top1, dataset: imagenet-v2}
    applies_to: {architecture: cnn}
    expect: {at_least: 40%}
"""


# --- suites -------------------------------------------------------------------------------------


def test_validate_counts_checks_and_items_of_files_and_directories(robustcheck: Robustcheck) -> None:
    write("a.robust.yaml", SUITE)
    said = robustcheck("validate", "a.robust.yaml")
    assert said == Said(0, "a.robust.yaml: 3 checks, 4 with their models\n", "")
    assert robustcheck("validate", ".") == said


def test_validate_says_which_limits_ask_for_worse_models(robustcheck: Robustcheck) -> None:
    write("a.robust.yaml", SUITE.replace("{at_least: 40%}", "{at_most: 40%}", 1))
    said = robustcheck("validate", "a.robust.yaml")
    doubts = [line for line in said.out.splitlines() if "most likely a mistake" in line]
    assert said.code == 0
    assert len(doubts) == 1
    assert doubts[0].startswith("a.robust.yaml:9:5: most likely a mistake: top1: higher is better")
    assert "most likely a mistake: top1: higher" in robustcheck("explain", "a.robust.yaml::v2-good").out


def test_validate_prints_every_mistake_of_every_suite_and_ends_with_1(robustcheck: Robustcheck) -> None:
    write("a.robust.yaml", SUITE.replace("top1", "top11"))
    write("b.robust.yaml", SUITE.replace("at_least", "at_leest", 1))
    write("c.robust.yaml", SUITE)
    said = robustcheck("validate", ".")
    assert said.code == 1
    assert said.out.startswith("c.robust.yaml: 3 checks")
    for words in ("a.robust.yaml:8:23:", "a.robust.yaml:12:23:", "b.robust.yaml:9:14:", "did you mean 'at_least'"):
        assert words in said.err, words
    assert said.err.endswith("3 mistakes\n")


def test_validate_without_a_suite(robustcheck: Robustcheck) -> None:
    refused(robustcheck("validate", "."), "no suite here", "*.robust.yaml")
    refused(robustcheck("validate", "absent.robust.yaml"), "absent.robust.yaml: there is no such file or directory")


@pytest.mark.parametrize("command", ["validate", "plan"])
def test_a_suite_that_pytest_would_not_collect_is_refused(robustcheck: Robustcheck, command: str) -> None:
    write("mine.yaml", SUITE)
    refused(robustcheck(command, "mine.yaml"), "mine.yaml: the file is not called as", "rename it to mine.robust.yaml")


def test_schema_is_the_schema_of_the_language(robustcheck: Robustcheck) -> None:
    assert robustcheck("schema").json == json_schema(known_names(Path.cwd()))


def test_explain_by_id_by_key_and_by_suite(robustcheck: Robustcheck) -> None:
    write("a.robust.yaml", SUITE)
    said = robustcheck("explain", "v2-good")
    assert said.code == 0
    for words in (
        "v2-good[imagenet-v2]  (a.robust.yaml:5:5",
        "top1 on imagenet-r is at least 40%",
        "why: It always was.",
    ):
        assert words in said.out, words
    assert robustcheck("explain", "a.robust.yaml::v2-good") == said
    one = robustcheck("explain", "v2-good[imagenet-r]")
    assert "imagenet-v2" not in one.out
    assert "tags: easy" in one.out


def test_explain_an_id_beside_a_suite_that_cannot_be_read(robustcheck: Robustcheck) -> None:
    write("a.robust.yaml", SUITE)
    write("b.robust.yaml", "robustcheck: 1\ntitel: B\n")
    said = robustcheck("explain", "v2-good")
    assert said.code == 0
    assert "top1 on imagenet-r is at least 40%" in said.out
    assert said.out.splitlines()[-1].startswith("not read: b.robust.yaml:")
    refused(robustcheck("explain", "of-b"), "b.robust.yaml", "titel")
    assert "not read" not in robustcheck("explain", "a.robust.yaml::v2-good").out


def test_explain_an_unknown_check(robustcheck: Robustcheck) -> None:
    write("a.robust.yaml", SUITE)
    refused(robustcheck("explain", "v2-god"), "no check 'v2-god' here", "did you mean 'v2-good'?", "cnn-only")
    refused(robustcheck("explain", "b.robust.yaml::v2-good"), "b.robust.yaml", "cannot be read")


# --- bless --------------------------------------------------------------------------------------


@pytest.fixture
def a_run(robustcheck: Robustcheck, tmp_path: Path) -> Path:
    """A report of one live measurement, its per-sample scores in the store."""
    score = live_score(np.array([1, 0, 1, 1]))
    assert score.samples is not None
    write_samples(tmp_path / ".robustcheck" / "store" / "samples", score.key, score.samples)
    return write_report(make_run(make_result(score=score)), tmp_path / "reports" / "one").parent


def test_bless_keeps_the_run_and_says_where(robustcheck: Robustcheck, a_run: Path) -> None:
    said = robustcheck("bless", "reports/one", "--as", "main")
    assert (said.code, said.err) == (0, "")
    place = Path(".robustcheck/baselines/main")
    assert said.out.strip().endswith(str(place))
    assert load_run(place) == load_run(a_run)
    assert robustcheck("bless", "reports/one/run.json", "--as", "main").code == 0


def test_bless_refuses_what_it_cannot_keep(robustcheck: Robustcheck, a_run: Path) -> None:
    refused(robustcheck("bless", "reports/two", "--as", "main"), "no run record can be read here")
    refused(robustcheck("bless", "reports/one", "--as", "../main"), "cannot name a baseline")
    refused(robustcheck("bless", "reports/one", "--as", "main", "--store", "other"), "1 measurements are no longer")
    assert not Path(".robustcheck/baselines").exists()


# --- measure ------------------------------------------------------------------------------------


def measured(robustcheck: Robustcheck, *words: str) -> dict[str, Any]:
    said = robustcheck("measure", *words, "--json")
    assert (said.code, said.err) == (0, "")
    facts: dict[str, Any] = said.json
    return facts


def test_measure_a_webdataset_equals_open_clip_alone(
    robustcheck: Robustcheck, tmp_path: Path, tiny_digits: Path
) -> None:
    facts = measured(robustcheck, "zoo:vit-plain-100", "tiny", "top1")
    correct = independent_correct(ZOO / "vit-plain-100")
    assert 0 < correct.sum() < correct.size
    assert (facts["value"], facts["n"]) == (correct.mean(), correct.size)
    assert facts["low"] < facts["value"] < facts["high"]
    assert (facts["model"], facts["quantity"]) == ("zoo:vit-plain-100", "top1 on tiny")
    assert facts["evidence"] == "live"
    assert len(facts["key"]) == len(facts["provenance"]["weights"]) == 64

    sevens = measured(robustcheck, "zoo:vit-plain-100", "tiny", "top1", "--where", "class=seven")
    expected = correct[open_digits().labels[: correct.size] == 7]
    assert (sevens["value"], sevens["n"]) == (expected.mean(), expected.size)
    assert sevens["key"] != facts["key"]


TINY = 60


@pytest.fixture
def tiny_digits(tmp_path: Path) -> Path:
    """The first held-out digits as a CLIP_benchmark directory."""
    digits = open_digits()
    members = []
    for index in range(TINY):
        buffer = io.BytesIO()
        digits.image(index).save(buffer, "png")
        members += [(f"s{index:07d}.cls", str(digits.labels[index]).encode()), (f"s{index:07d}.png", buffer.getvalue())]
    return make_webdataset(tmp_path / "tiny", [members[:80], members[80:]], digits.class_names, digits.templates)


def independent_correct(directory: Path) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Classify the same digits with open_clip and torch alone."""
    import open_clip
    import torch

    name, digits = f"local-dir:{directory}", open_digits()
    model, _, preprocess = open_clip.create_model_and_transforms(name)
    tokenizer = open_clip.get_tokenizer(name)
    with torch.no_grad():
        images = torch.stack([preprocess(digits.image(index)) for index in range(TINY)])
        features = torch.nn.functional.normalize(model.eval().encode_image(images), dim=-1)
        heads = []
        for class_name in digits.class_names:
            texts = tokenizer([template.replace("{c}", class_name) for template in digits.templates])
            mean = torch.nn.functional.normalize(model.encode_text(texts), dim=-1).mean(0)
            heads.append(torch.nn.functional.normalize(mean, dim=-1))
        predicted = (features @ torch.stack(heads).T).argmax(-1).numpy()
    return np.asarray(predicted == digits.labels[:TINY])


@pytest.fixture
def colours(tmp_path: Path) -> Path:
    return write_colours(tmp_path / "colours", 120, noise=200)


def test_measure_under_a_transform_and_on_a_slice(robustcheck: Robustcheck, colours: Path) -> None:
    clean = measured(robustcheck, FAKE, "colours", "top1")
    blurred = measured(robustcheck, FAKE, "colours", "top1", "--transform", "contrast:5")
    assert blurred["quantity"] == "top1 on colours under contrast:5"
    assert blurred["provenance"]["transform"].startswith("contrast:5, in memory, seed")
    assert blurred["key"] != clean["key"]
    by_class = [
        measured(robustcheck, FAKE, "colours", "top1", "--where", f"class={name}") for name in ("red", "blue", "green")
    ]
    assert [part["n"] for part in by_class] == [40, 40, 40]
    assert np.mean([part["value"] for part in by_class]) == pytest.approx(clean["value"])


def test_measure_as_text_has_the_same_facts(robustcheck: Robustcheck, colours: Path) -> None:
    facts = measured(robustcheck, FAKE, "colours", "top1")
    lines = text_of(robustcheck("measure", FAKE, "colours", "top1"))
    assert lines["model"] == facts["model"]
    assert lines["measured"] == "top1 on colours"
    assert lines["value"] == f"{facts['value']:.2%} (higher is better)"
    assert lines["95% interval"] == f"{facts['low']:.2%} to {facts['high']:.2%}"
    assert lines["n"] == "120"
    assert lines["evidence"].startswith("live: ")
    assert {name: lines[name] for name in facts["provenance"]} == facts["provenance"]
    assert list(lines).index("prompts") < list(lines).index("key") < list(lines).index("weights")


def text_of(said: Said) -> dict[str, str]:
    """Return the facts of an answer as text."""
    assert said.code == 0, said.err
    return dict(re.split(r"  +", line, maxsplit=1) for line in said.out.splitlines())


def test_measure_with_options_says_how_the_value_came_about(robustcheck: Robustcheck, colours: Path) -> None:
    plain = measured(robustcheck, FAKE, "colours", "ece")
    options = ("--option", "temperature=fitted", "--option", "bins=10")
    fitted = measured(robustcheck, FAKE, "colours", "ece", *options)
    assert plain["provenance"]["temperature"] == "1, not scaled"
    assert fitted["provenance"]["temperature"].endswith("fitted on 60 images of colours")
    assert (plain["n"], fitted["n"]) == (120, 60)
    assert (fitted["unit"], fitted["higher_is_better"]) == ("", False)
    assert fitted["quantity"] == "ece (bins 10, temperature fitted) on colours"
    lines = text_of(robustcheck("measure", FAKE, "colours", "ece", *options))
    assert lines["value"] == f"{fitted['value']:.4g} (lower is better)"
    assert lines["temperature"] == fitted["provenance"]["temperature"]


def test_a_published_value_without_an_interval_says_so() -> None:
    answer = MeasuredAnswer("m", "mce on imagenet-c", 1.2, nan, nan, 9, "%", False, "published", "k", "a table", ())
    assert answer.as_text()["value"] == "120.00% (lower is better)"
    assert answer.as_text()["95% interval"] == "unknown: the table has no samples"


def test_measure_published_evidence_measures_nothing(robustcheck: Robustcheck) -> None:
    facts = measured(robustcheck, "ViT-B-32/openai", "imagenet-v2", "top1", "--evidence", "published")
    assert (facts["evidence"], facts["value"], facts["n"]) == ("published", 0.5592, 10_000)
    refused(
        robustcheck("measure", "ViT-B-32/openai", "digits", "top1", "--evidence", "published"), "no published figure"
    )


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["zoo:vit-plain-10", "digits", "top1"], ["did you mean 'vit-plain-100'?"]),
        (["zoo:vit-plain-100", "digitz", "top1"], ["unknown dataset 'digitz'", "did you mean 'digits'?"]),
        ([FAKE, "digits", "top11"], ["unknown metric 'top11'", "did you mean 'top1'?"]),
        (["zoo", "digits", "top1"], ["'zoo' names 12 models", "one model"]),
        ([FAKE, "digits", "top1", "--where", "red"], ["'red' is not a condition", "name=value"]),
        ([FAKE, "digits", "top1", "--where", "factor=pose"], ["unknown column 'factor'"]),
        ([FAKE, "digits", "ece", "--option", "fitted"], ["'fitted' is not an option", "score=msp"]),
        ([FAKE, "digits", "ece", "--option", "temprature=fitted"], ["did you mean 'temperature'?"]),
        ([FAKE, "digits", "ece", "--option", "temperature=fited"], ["cannot be 'fited'", "did you mean 'fitted'?"]),
        ([FAKE, "digits", "ece", "--option", "fitted_on=digitz"], ["did you mean 'digits'?"]),
        ([FAKE, "digits", "top1", "--option", "bins=15"], ["top1 has no option 'bins'", "no options"]),
        ([FAKE, "digits", "auroc"], ["auroc means nothing on a classification data set", "robustcheck datasets"]),
        ([FAKE, "digits", "top1", "--where", "class=sevven"], ["did you mean 'seven'?"]),
        ([FAKE, "digits", "top1", "--transform", "gausian_noise:3"], ["did you mean 'gaussian_noise'?"]),
        ([FAKE, "digits", "top1", "--prompts", "openai-8"], ["did you mean 'openai-80'?"]),
        ([FAKE, "digits", "top1", "--arch", "ViT-B-32"], ["no checkpoint file to belong to"]),
        ([FAKE, "digits", "top1", "--evidence", "guess"], ["--evidence", "'guess' is not one of 'auto'"]),
        ([FAKE, "digits", "top1", "--precision", "int4"], ["--precision", "'int4'", "'fp32'"]),
        (["zoo:vit-plain-100", "digits", "top1", "--device", "abacus"], ["--robust-device abacus: no such device"]),
        ([FAKE, "imagenet-v2", "top1"], ["imagenet-v2", "--robust-data"]),
        ([FAKE, "elsewhere/set", "top1"], ["elsewhere/set"]),
    ],
    ids=lambda words: " ".join(words[-3:]) if len(words) > 2 else "",
)
def test_measure_with_a_mistake(robustcheck: Robustcheck, words: list[str], expected: list[str]) -> None:
    refused(robustcheck("measure", *words), *expected)


def test_measuring_again_imports_no_torch(robustcheck: Robustcheck, tmp_path: Path) -> None:
    digits = ["measure", "zoo:vit-plain-100", "digits", "top1", "--json"]
    first = robustcheck(*digits)
    script = (
        "import sys\n"
        "from robustcheck.cli import app\n"
        f"app({digits!r}, standalone_mode=False)\n"
        "print(sorted({'torch', 'open_clip', 'transformers', 'timm', 'torchvision'} & set(sys.modules)))\n"
    )
    again = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert json.loads(again[0]) == first.json
    assert again[1] == "[]"


# --- trend --------------------------------------------------------------------------------------

Points = Mapping[str, tuple[float, float]]


def published_rows(name: str) -> list[dict[str, str]]:
    if not PUBLISHED.is_dir():
        pytest.skip("the published result files are not on this machine")
    with (PUBLISHED / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def reference_line(points: Points, model: str | None) -> dict[str, float]:
    """Fit Huber's line to the others' probits with statsmodels; place the model's x and y on it."""
    import statsmodels.api as sm
    from scipy.stats import norm, t

    others = np.array([point for name, point in points.items() if name != model])
    x, y = norm.ppf(others[(others > 0).all(axis=1)]).T
    fit = sm.RLM(y, sm.add_constant(x), M=sm.robust.norms.HuberT(t=1.345)).fit()
    residuals = y - fit.fittedvalues
    r2 = 1 - (residuals**2).sum() / ((y - y.mean()) ** 2).sum()
    facts = {"n": x.size, "slope": fit.params[1], "intercept": fit.params[0], "scale": fit.scale, "r2": r2}
    if model is None:
        return facts
    at = np.array([1.0, norm.ppf(points[model][0])])
    mean, error = at @ fit.params, np.sqrt(fit.scale**2 + at @ fit.cov_params() @ at)
    reach = t.ppf(0.975, x.size - 2) * error
    facts |= {"x": points[model][0], "y": points[model][1], "expected": norm.cdf(mean)}
    facts |= {"residual": points[model][1] - norm.cdf(mean), "z": (norm.ppf(points[model][1]) - mean) / error}
    return facts | {"low": norm.cdf(mean - reach), "high": norm.cdf(mean + reach)}


def assert_agrees(said: Said, expected: Mapping[str, float]) -> None:
    assert said.code == 0, said.err
    facts = said.json
    assert {name: facts[name] for name in expected} == pytest.approx(expected, abs=1e-6)


def openclip_points(wanted: str) -> Points:
    """Return the published points by tag; CommonPool that was filtered with LAION's model is CommonPool."""
    return {
        f"{row['name']}/{row['pretrained']}": (float(row["ImageNet 1k"]), float(row["ImageNet v2"]))
        for row in published_rows("openclip_classification_results.csv")
        if wanted in row["pretrained"] and not (wanted and "commonpool" in row["pretrained"])
    }


V2_ON_VAL = ("--y", "imagenet-v2/top1", "--x", "imagenet-val/top1")


def test_trend_of_a_member_equals_statsmodels(robustcheck: Robustcheck) -> None:
    said = robustcheck("trend", "openclip", *V2_ON_VAL, "--model", "ViT-B-32/openai", "--json")
    assert_agrees(said, reference_line(openclip_points(""), "ViT-B-32/openai"))
    assert (said.json["n"], said.json["axis"], said.json["extrapolated"]) == (120, "probit", False)


def test_trend_of_a_group_with_and_without_the_member(robustcheck: Robustcheck) -> None:
    laion, every = openclip_points("laion"), openclip_points("")
    group = ("trend", "openclip", *V2_ON_VAL, "--group", "source=laion", "--json")
    assert_agrees(robustcheck(*group), reference_line(laion, None))
    inside = "ViT-B-32/laion2b_s34b_b79k"
    assert_agrees(robustcheck(*group, "--model", inside), reference_line(laion, inside))
    outside = {**laion, "ViT-B-32/openai": every["ViT-B-32/openai"]}
    assert_agrees(robustcheck(*group, "--model", "ViT-B-32/openai"), reference_line(outside, "ViT-B-32/openai"))


def test_trend_on_an_axis_restricted_to_the_classes_of_another_set(robustcheck: Robustcheck) -> None:
    known, clean, hard = (
        {
            (row["model"], row["img_size"]): float(row["top1"]) / 100
            for row in published_rows(f"timm_results-{name}.csv")
        }
        for name in ("imagenet", "imagenet-a-clean", "imagenet-a")
    )
    points = {"/".join(key): (clean[key], hard[key]) for key in hard if key in known and key in clean}
    axes = ("--y", "imagenet-a/top1", "--x", "imagenet-val[imagenet-a]/top1")
    said = robustcheck("trend", "timm", *axes, "--json")
    assert_agrees(said, reference_line(points, None))
    said = robustcheck("trend", "timm", *axes, "--model", "resnet50.a1_in1k", "--json")
    assert_agrees(said, reference_line(points, "resnet50.a1_in1k/224"))


@pytest.fixture
def own_points(robustcheck: Robustcheck) -> Points:
    """A population of one's own in ``mine.csv``."""
    rng = np.random.default_rng(5)
    points = {f"m{index}": (x, x * 0.8 + rng.normal(0, 0.01)) for index, x in enumerate(np.linspace(0.3, 0.9, 12))}
    rows = [f"{name},{dataset},top1,{value},1000,{'big' if x > 0.5 else 'small'}" for name, (x, y) in points.items()
            for dataset, value in (("home", x), ("away", y))]  # fmt: skip
    write("mine.csv", "\n".join(["model,dataset,metric,value,n,size", *rows]) + "\n")
    return points


OWN = ("trend", "mine.csv", "--y", "away/top1", "--x", "home/top1")


def test_trend_of_a_csv(robustcheck: Robustcheck, own_points: Points) -> None:
    assert_agrees(robustcheck(*OWN, "--model", "m3", "--json"), reference_line(own_points, "m3"))
    big = {name: point for name, point in own_points.items() if point[0] > 0.5}
    assert_agrees(robustcheck(*OWN, "--group", "size=big", "--json"), reference_line(big, None))
    both = robustcheck(*OWN, "--group", "size=big|small", "--json")
    assert both.json == robustcheck(*OWN, "--json").json | {"population": both.json["population"]}


def test_trend_on_a_slice(robustcheck: Robustcheck) -> None:
    rng = np.random.default_rng(6)
    points = {f"m{index}": (x, x * 0.7 + rng.normal(0, 0.01)) for index, x in enumerate(np.linspace(0.3, 0.9, 12))}
    rows = [f"{name},home,top1,{value},1000,{where}" for name, (x, y) in points.items()
            for value, where in ((x, ""), (y, "factor=pose;site=b"))]  # fmt: skip
    write("mine.csv", "\n".join(["model,dataset,metric,value,n,where", *rows]) + "\n")
    for slice_ in ("factor=pose,site=b", "site=b,factor=pose"):
        said = robustcheck("trend", "mine.csv", "--y", f"home[{slice_}]/top1", "--x", "home/top1", "--json")
        assert_agrees(said, reference_line(points, None))
    refused(robustcheck("trend", "mine.csv", "--y", "home[site=c]/top1", "--x", "home/top1"), "top1 on home [site c]")


def test_trend_on_figures_of_a_metric_with_options(robustcheck: Robustcheck) -> None:
    """Options are written as of `measure --option`, a list of sizes with commas; a default says nothing."""
    rng = np.random.default_rng(7)
    points = {f"m{index}": (x, x * 0.7 + rng.normal(0, 0.01)) for index, x in enumerate(np.linspace(0.3, 0.9, 12))}
    told = ("attack=pgd;eps=2/255,4/255", "attack=pgd;eps=8/255")
    rows = [f"{name},home,robust_accuracy,{value},1000,\"{options}\"" for name, point in points.items()
            for value, options in zip(point, told, strict=True)]  # fmt: skip
    write("mine.csv", "\n".join(["model,dataset,metric,value,n,options", *rows]) + "\n")
    axes = ("--x", "home/robust_accuracy[attack=pgd,eps=2/255,4/255]", "--y", "home/robust_accuracy[{}]", "--json")
    for options in ("attack=pgd,eps=8/255", "eps=16/510,attack=pgd", "attack=pgd,eps=8/255,norm=linf"):
        said = robustcheck("trend", "mine.csv", *(word.format(options) for word in axes))
        assert_agrees(said, reference_line(points, None))
    for options, wrong in (("atack=pgd", "did you mean 'attack'"), ("pgd", "'pgd' is not an option"), ("eps=1", "eps")):
        refused(robustcheck("trend", "mine.csv", *(word.format(options) for word in axes)), wrong)


def test_trend_on_another_axis_and_as_text(robustcheck: Robustcheck, own_points: Points) -> None:
    linear = robustcheck(*OWN, "--axis", "linear", "--json").json
    assert linear["slope"] == pytest.approx(0.8, abs=0.05)
    placed = (*OWN, "--axis", "linear", "--model", "m0")
    exact = robustcheck(*placed, "--json").json
    facts = dict(line.split(maxsplit=1) for line in robustcheck(*placed).out.splitlines())
    assert [facts[name] for name in ("slope", "expected")] == [f"{exact[name]:.4f}" for name in ("slope", "expected")]
    assert facts["dropped"] == "none"
    assert facts["extrapolated"] == ("yes" if exact["extrapolated"] else "no")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["trend", "opencilp", *V2_ON_VAL], ["unknown population 'opencilp'", "did you mean 'openclip'?"]),
        (["trend", "nowhere.csv", *V2_ON_VAL], ["there is no file nowhere.csv"]),
        (["trend", "openclip", *V2_ON_VAL, "--model", "ViT-B-32/opnai"], ["did you mean 'ViT-B-32/openai'?"]),
        (["trend", "openclip", *V2_ON_VAL, "--group", "source=laoin"], ["did you mean 'laion'?"]),
        (["trend", "openclip", *V2_ON_VAL, "--group", "laion"], ["'laion' is not a condition"]),
        (["trend", "openclip", *V2_ON_VAL, "--axis", "log"], ["unknown axis 'log'", "probit, logit, linear"]),
        (["trend", "openclip", "--y", "imagenet-v2", "--x", "imagenet-val/top1"], ["'imagenet-v2' is not an axis"]),
        (["trend", "openclip", "--y", "a[b/top1", "--x", "imagenet-val/top1"], ["'a[b/top1' is not an axis"]),
        (["trend", "openclip", "--y", "imagenet-v3/top1", "--x", "imagenet-val/top1"], ["'top1 on imagenet-v2'"]),
        (["trend", "openclip"], ["--y"]),
        (["trends"], ["trends"]),
    ],
    ids=lambda words: " ".join(words[-2:]),
)
def test_trend_with_a_mistake(robustcheck: Robustcheck, words: list[str], expected: list[str]) -> None:
    refused(robustcheck(*words), *expected)


def test_trend_with_too_few_models(robustcheck: Robustcheck, own_points: Points) -> None:
    write("mine.csv", "".join(Path("mine.csv").read_text().splitlines(keepends=True)[:9]))
    refused(robustcheck(*OWN), "5 models")


def test_the_command_says_what_it_can(robustcheck: Robustcheck) -> None:
    said = robustcheck("--help")
    assert said.code == 0
    for name in ("validate", "schema", "explain", "models", "datasets", "metrics", "doctor", "bless", "measure"):
        assert name in said.out


def test_help_keeps_what_stands_in_brackets(robustcheck: Robustcheck) -> None:
    assert "DATASET[k=v]/METRIC[k=v]" in robustcheck("trend", "--help").out


def test_explain_says_on_which_evidence_a_check_can_run(
    robustcheck: Robustcheck, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ROBUSTCHECK_DATA", raising=False)
    suite = Path(__file__).parents[2] / "suites" / "natural_shifts.robust.yaml"
    said = robustcheck("explain", f"{suite}::v2-on-trend")
    assert "top1 on imagenet-v2: data not on this machine; figures in makers, openclip, scaling-laws, timm" in said.out
