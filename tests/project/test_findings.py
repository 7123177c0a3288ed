"""The papers' findings as specs: green and truthful on what ships, and a page that says so."""

from __future__ import annotations

import os
import re
import runpy
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from forks import run_fork

from robustcheck.measure import MeasureSettings
from robustcheck.populations import load_population, read_pairs
from robustcheck.report import load_run
from robustcheck.run.session import RobustSession
from robustcheck.run.settings import RunSettings
from robustcheck.stats.trend import expect_at, fit_trend
from robustcheck.values import Quantity, Result, RunRecord, TrendPoint
from robustcheck.values.checks import Check
from robustcheck.values.expectations import GroupExpectation

ROOT = Path(__file__).parents[2]
FINDINGS = ROOT / "suites" / "findings"
PAGE = ROOT / "docs" / "findings.md"
SCRIPT = runpy.run_path(str(ROOT / "scripts" / "findings_table.py"), run_name="findings_table")
PUBLISHED, ZOO = SCRIPT["DECIDED"], "zoo"
LIVE = tuple(name for name in SCRIPT["SUITES"] if name not in PUBLISHED)
HIDDEN = ("ROBUSTCHECK_DATA", "GITHUB_STEP_SUMMARY", "GITHUB_ACTIONS", "PYTEST_XDIST_WORKER")
# What temperature scaling takes from the calibration error of the zoo's models, in the mean.
COOLER = -0.1111
INTERVAL = re.compile(r"\| [-+.\d]+( pp)? to [-+.\d]+( pp)? \|")
# The two suites whose models are few.
TORCHLESS = (
    "import sys; sys.path.insert(0, 'scripts'); import findings_table; findings_table.SUITES = ('tables', 'curation');"
    "code = findings_table.main(sys.argv[1:]);"
    "sys.exit(code or 3 * any(name in sys.modules for name in ('torch', 'open_clip', 'timm', 'pandas')))"
)


def session_in(place: Path) -> RobustSession:
    measure = MeasureSettings(store=place / "store", roots=())
    return RobustSession(RunSettings(measure=measure, baselines=place / "b", reports=place / "r"), date(2026, 11, 22))


def checks(name: str, place: Path) -> tuple[Check, ...]:
    return session_in(place).load(FINDINGS / f"{name}.robust.yaml").checks


def environment() -> dict[str, str]:
    return {**{name: value for name, value in os.environ.items() if name not in HIDDEN}, "HF_HUB_OFFLINE": "1"}


@pytest.fixture(scope="module")
def found() -> list[Any]:
    """Every check of the findings with its result, which is None where its data is not here: worked out once."""
    return list(SCRIPT["run_findings"]())


@pytest.fixture(scope="module")
def results(found: list[Any]) -> dict[str, Result]:
    """The results on published figures, by the keys of their checks."""
    return {each.check.key: each.result for each in found if each.result is not None}


def run_in(place: Path) -> RunRecord:
    words = ("pytest", "-q", "-p", "no:cacheprovider", "--rootdir", ".", ".")
    done = run_fork(place, *words, environ=environment())
    assert done.returncode == 0, done.stdout + done.stderr
    return load_run(next((place / "reports").glob("*/run.json")))


def of_suite(record: RunRecord, name: str) -> list[Result]:
    return [each for each in record.results if Path(each.suite).name == f"{name}.robust.yaml"]


@pytest.mark.parametrize("name", [*PUBLISHED, *LIVE])
def test_every_check_names_its_claim_its_place_and_what_the_evidence_says(name: str, tmp_path: Path) -> None:
    for check in checks(name, tmp_path):
        assert check.claim.strip(), check.key
        assert check.source.startswith(("Tu et al. 2024, section", "Benchmarking Zero-Shot Robustness")), check.key
        assert check.expect_finding in ("holds", "fails", "open"), check.key


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_findings_rest_on_figures_alone(name: str, tmp_path: Path) -> None:
    for check in checks(name, tmp_path):
        assert isinstance(check.expect, GroupExpectation), check.key
        assert check.expect.populations, check.key


def test_every_finding_is_what_its_suite_records(results: dict[str, Result]) -> None:
    assert {each.verdict.status for each in results.values()} == {"pass"}
    counts = Counter(each.finding for each in results.values())
    assert set(counts) == {"holds", "fails", "open"}
    assert counts["fails"] >= 3
    assert all(each.claim and each.source for each in results.values())


def test_a_claim_that_fails_says_so_with_numbers(results: dict[str, Result]) -> None:
    lost = results["finetuning-helps-renditions"]
    assert lost.finding == "fails"
    assert lost.verdict.compared == pytest.approx(-0.174, abs=6e-4)
    assert "top1 changes by -17.4 pp in the worst pair" in lost.verdict.reason


# PROTOCOLS section 15: the loss of effective robustness on one tower, and zero-shot above fine-tuned within a point.
ON_ONE_TOWER = {
    "r": (0.284, 0.237, 0.330),
    "a": (0.450, 0.397, 0.502),
    "sketch": (0.189, 0.174, 0.204),
    "v2": (0.047, 0.041, 0.053),
}
NEARBY = {"r": 0.365, "a": 0.520, "sketch": 0.260, "v2": 0.048}


@pytest.mark.parametrize("name", ON_ONE_TOWER)
def test_fine_tuning_costs_robustness_on_one_tower(results: dict[str, Result], name: str) -> None:
    of_pairs = results[f"finetuning-costs-robustness[imagenet-{name}]"]
    value, low, high = ON_ONE_TOWER[name]
    assert of_pairs.finding == "holds"
    assert of_pairs.verdict.n == 12
    assert of_pairs.verdict.compared == pytest.approx(value, abs=6e-4)
    # Those ends are Student's t, 2.201 standard errors over 12 towers; skewed towers are allowed 0.522 of them more.
    further = 0.522 / 2.201 * (high - low) / 2
    ends = of_pairs.verdict.low, of_pairs.verdict.high
    assert ends == pytest.approx((low - further, high + further), abs=0.012)
    assert "extrapolated" not in of_pairs.verdict.reason
    local = results[f"zero-shot-above-finetuned-nearby[imagenet-{name}]"]
    assert local.finding == "open"
    assert local.verdict.compared == pytest.approx(NEARBY[name], abs=0.003)


def test_what_families_leave_open_is_open(results: dict[str, Result]) -> None:
    """The claims that an independent look found open when families count."""
    findings = {key: each.finding for key, each in results.items()}
    for key in (
        "laion-above-wit[imagenet-r]",
        "convnext-retrieves-above-images",
        "convnext-retrieves-above-coco-captions",
        "vicuna-best",
        "siglip-llava-best",
    ):
        assert findings[key] == "open", key
    assert sum(finding == "open" for key, finding in findings.items() if key.startswith("curation-helps")) >= 2


def test_wrong_classes_on_the_x_axis_make_a_distance_too_large() -> None:
    """CLIP RN50 by imagenet-testbed: 60.46% on ImageNet-R, on ImageNet-val 59.81%, 85.76% among R's 200 classes."""
    timm, above = load_population("timm"), []
    shifted, val = Quantity("top1", "imagenet-r"), Quantity("top1", "imagenet-val")
    for axis, x, low in ((val, 0.5981, 0.5), (replace(val, where=(("classes", "imagenet-r"),)), 0.8576, 0.7)):
        points = timm.points(axis, shifted, {"family": "supervised", "size": "!=test"})
        line = fit_trend([TrendPoint(*point) for point in points if low <= point[1]])
        above.append(0.6046 - expect_at(line, x).value)
    assert above == pytest.approx([0.412, 0.347], abs=0.004)


def test_two_pairs_decide_nothing(results: dict[str, Result]) -> None:
    table_one = [
        each for each in results.values() if each.check_id in ("finetuning-costs-shape", "other-tuning-keeps-shape")
    ]
    assert len(table_one) == 4
    assert {(each.finding, each.verdict.n) for each in table_one} == {("open", 2)}


def test_without_images_the_live_findings_are_skipped_with_a_place(tmp_path: Path, found: list[Any]) -> None:
    assert {each.suite for each in found if each.result is None} == set(LIVE)
    assert sum(each.result is None for each in found) > 150
    for name in ("tables.robust.yaml", "curation.robust.yaml", "curated_and_before.csv"):
        shutil.copy(FINDINGS / name, tmp_path)
    record = run_in(tmp_path)
    for each in of_suite(record, "tables"):
        assert each.verdict.status == "pass"
    skipped = of_suite(record, "curation")
    assert len(skipped) == 10
    for each in skipped:
        assert each.verdict.status == "skip", each.nodeid
        assert "--robust-data" in each.verdict.reason, each.nodeid


def test_every_figure_and_table_names_checks_that_are_there(found: list[Any]) -> None:
    named = [(row[1], set(row[3].split())) for row in SCRIPT["SHOWN"] if row[0] == SCRIPT["HOLISTIC"]]
    places = [f"Fig. {number}" for number in range(1, 11)] + [f"Table {number}" for number in ("I", "II", "III", "IV")]
    assert sorted(place for place, _ in named) == sorted(places)
    known = {each.check.id for each in found}
    for *_, checks, missing in SCRIPT["SHOWN"]:
        assert checks or missing
        assert set(checks.split()) <= known


def test_six_families_of_the_zoo_leave_claims_open_on_its_own_measurements(tmp_path: Path) -> None:
    session = session_in(tmp_path)
    items = session.plan(session.load(FINDINGS / f"{ZOO}.robust.yaml")).items
    session.select(items)
    results = [session.judge(session.gather(item), item.check.key, 0.0) for item in items]
    assert {each.verdict.status for each in results} == {"pass", "unsure"}
    assert {each.finding for each in results if each.claim} == {"open"}
    for each in results:
        assert ("evidence", "this run's models (live evidence)") in each.verdict.facts
        assert each.verdict.n == 12
    cooler = next(each for each in results if each.check_id == "temperature-improves-calibration")
    assert cooler.verdict.compared == pytest.approx(COOLER, abs=2e-3)


def test_the_pairs_before_and_after_finetuning_are_published() -> None:
    before, after = load_population("openclip"), load_population("timm")
    pairs = read_pairs(FINDINGS / "clip_before_and_after_finetuning.csv")
    assert len(pairs) == len({name for pair in pairs for name in pair}) / 2 == 12
    for zero_shot, finetuned in pairs:
        assert before.facets[zero_shot]["task"] == "zero-shot"
        assert after.facets[finetuned]["family"] == "clip-ft"
        assert after.facets[finetuned]["finetuning"] == "in1k"
        assert before.facets[zero_shot]["source"] == after.facets[finetuned]["source"]


def test_the_page_is_what_the_command_makes(tmp_path: Path, found: list[Any]) -> None:
    made = tmp_path / "findings.md"
    made.write_text("\n".join(SCRIPT["page"](found)) + "\n", encoding="utf-8")
    stale = "docs/findings.md is stale: python scripts/findings_table.py"
    assert without_intervals(made) == without_intervals(PAGE), stale


def test_the_command_needs_no_torch(tmp_path: Path) -> None:
    command = [sys.executable, "-c", TORCHLESS, "--out", str(tmp_path / "findings.md")]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def without_intervals(page: Path) -> list[str]:
    """Return the lines without the ends of intervals, whose last digit is the bootstrap's and not the evidence's."""
    return [INTERVAL.sub("|", line) for line in page.read_text(encoding="utf-8").splitlines()]


def test_the_page_says_how_it_is_made() -> None:
    assert "\npython scripts/findings_table.py\n" in PAGE.read_text(encoding="utf-8")
