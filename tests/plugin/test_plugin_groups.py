"""Checks about groups of models under pytest: one item each, serial and parallel alike."""

from __future__ import annotations

from pathlib import Path

import pytest
from plugin_makers import run, run_apart

from robustcheck.report import load_run
from robustcheck.values import RunRecord

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestExperimentalApiWarning")

PUBLISHED = """\
robustcheck: 1
title: Claims
models: zoo
checks:
  - id: clip-above
    claim: CLIP models are above supervised ones.
    source: A paper, Fig. 1
    expect_finding: holds
    measure: {metric: top1, dataset: imagenet-sketch}
    expect:
      group_above:
        higher: {family: clip}
        lower: {family: more-data}
        by: residual
        against: {metric: top1, dataset: imagenet-val}
        population: [openclip, timm]
        x_range: [60%, 90%]
  - id: one-trend
    for_each: {dataset: [imagenet-r, imagenet-a]}
    claim: All sources share one trend.
    source: A paper, Fig. 2
    expect_finding: holds
    measure: {metric: top1, dataset: "${dataset}"}
    expect:
      same_trend:
        groups: [{source: wit}, {source: laion}]
        against: {metric: top1, dataset: imagenet-val}
        within: 0.1pp
        population: openclip
  - id: no-data
    measure: {metric: top1, dataset: imagenet-x}
    expect: {group_above: {higher: {source: augmented}, lower: {source: plain}}}
  - id: not-these
    measure: {metric: top1, dataset: digits}
    expect: {group_above: {higher: {source: laion}, lower: {source: wit}}}
"""
LIVE = """\
robustcheck: 1
title: Live claims
models: ["zoo:vit-*-100", "zoo:cnn-*-100"]
checks:
  - id: augmented-above
    for_each: {transform: ["gaussian_noise:3"]}
    measure: {metric: top1, dataset: digits, transform: "${transform}"}
    when_unsure: unsure
    expect: {group_above: {higher: {source: augmented}, lower: {source: plain}}}
  - id: clean-tells
    measure: {metric: top1, dataset: digits, transform: "gaussian_noise:3"}
    expect: {correlates: {with: {metric: top1, dataset: digits}, at_least: 0.2}}
  - id: reads
    measure: {metric: top1, dataset: digits}
    expect: {at_least: 20%}
"""


@pytest.fixture
def place(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    for name in ("ROBUSTCHECK_DATA", "GITHUB_STEP_SUMMARY", "GITHUB_ACTIONS", "PYTEST_XDIST_WORKER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    (pytester.path / "a.robust.yaml").write_text(PUBLISHED, encoding="utf-8")
    return pytester


def record(place: pytest.Pytester, folder: str) -> RunRecord:
    return load_run(next((place.path / folder).glob("*/run.json")))


def test_claims_pass_fail_and_skip_as_one_item_each(place: pytest.Pytester) -> None:
    result = run(place, "a.robust.yaml", "-rs", "--robust-report", "out")
    result.assert_outcomes(passed=1, failed=2, skipped=1)
    result.stdout.fnmatch_lines(
        [
            "FAIL: the finding was expected to hold; *: the lines of source * (limit +0.1 pp; *; n = * models of *)",
            "a.robust.yaml:*",
            "*the lines of top1 on imagenet-*",
            "*finding: *; expected: holds",
            "*claim: All sources share one trend. (A paper, Fig. 2)",
            'pytest "a.robust.yaml::one-trend[[]imagenet-*[]]"',
        ]
    )
    result.stdout.fnmatch_lines(["SKIPPED*imagenet-x shows images of imagenet-val, and imagenet-val*", "*to do:*"])
    result.stdout.fnmatch_lines(["*1 not meant for these models*"])
    found = {each.check_key: each for each in record(place, "out").results}
    assert set(found) == {"clip-above", "one-trend[imagenet-r]", "one-trend[imagenet-a]", "no-data"}
    claim = found["clip-above"]
    assert (claim.claim, claim.source, claim.finding) == (
        "CLIP models are above supervised ones.",
        "A paper, Fig. 1",
        "holds",
    )
    assert claim.model.kind == "group"
    assert found["no-data"].finding == ""


def test_a_claim_against_a_line_has_a_plot(place: pytest.Pytester) -> None:
    run(place, "a.robust.yaml", "-k", "clip-above or one-trend", "--robust-report", "out")
    figures = {figure.check_key: figure for figure in record(place, "out").trends}
    assert set(figures) == {"clip-above", "one-trend[imagenet-r]", "one-trend[imagenet-a]"}
    assert {point.group for point in figures["clip-above"].points} == {"family clip", "family more-data"}
    assert figures["clip-above"].population == "openclip, timm"
    page = next((place.path / "out").glob("*/index.html")).read_text(encoding="utf-8")
    assert "family more-data" in page


def test_published_claims_load_neither_torch_nor_models(place: pytest.Pytester) -> None:
    (place.path / "conftest.py").write_text(
        "import sys\n\ndef pytest_sessionfinish():\n    assert 'torch' not in sys.modules\n", encoding="utf-8"
    )
    result = run_apart(place, "a.robust.yaml", "-k", "clip-above")
    result.assert_outcomes(passed=1, deselected=3)


def test_collect_only_shows_sentences(place: pytest.Pytester) -> None:
    result = run(place, "a.robust.yaml", "--collect-only")
    result.stdout.fnmatch_lines(
        ["*<Check clip-above: top1 on imagenet-sketch of family clip lies, in the mean, above *"]
    )


def test_live_groups_are_the_same_serial_parallel_and_from_the_store(place: pytest.Pytester) -> None:
    (place.path / "a.robust.yaml").write_text(LIVE, encoding="utf-8")
    records = []
    for number, options in enumerate((["-n", "2"], [], [])):
        store = f"store{min(number, 1)}"
        run(place, "a.robust.yaml", *options, "--robust-store", store, "--robust-report", f"out{number}", live=True)
        records.append(record(place, f"out{number}"))
    verdicts = [
        {result.nodeid: (result.verdict, result.finding) for result in each.results if result.model.kind == "group"}
        for each in records
    ]
    assert verdicts[0] == verdicts[1] == verdicts[2]
    assert set(verdicts[0]) == {
        "a.robust.yaml::augmented-above[gaussian_noise:3]",
        "a.robust.yaml::clean-tells",
    }
    assert all(verdict.value is not None for verdict, _ in verdicts[0].values())
    noise = verdicts[0]["a.robust.yaml::augmented-above[gaussian_noise:3]"][0]
    assert noise.n == 4
    assert "too few families to decide: 2, 2" in noise.notes[0]


def test_the_rerun_of_a_live_group_names_the_models(place: pytest.Pytester) -> None:
    (place.path / "a.robust.yaml").write_text(LIVE, encoding="utf-8")
    run(
        place,
        "a.robust.yaml",
        "-k",
        "clean-tells",
        "--models",
        "zoo:vit-plain-100,zoo:cnn-plain-100,zoo:cnn-plain-1000",
        live=True,
    )
    rerun = load_run(next((place.path / "reports").glob("*/run.json"))).results[0].rerun
    assert rerun.endswith('--models "zoo:vit-plain-100,zoo:cnn-plain-100,zoo:cnn-plain-1000"')
    assert Path("a.robust.yaml::clean-tells").name in rerun
