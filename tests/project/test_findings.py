"""The papers' findings as specs: green and truthful on what ships, and a page that says so."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from robustcheck.measure import MeasureSettings
from robustcheck.populations import load_population, read_pairs
from robustcheck.report import load_run
from robustcheck.run.session import RobustSession
from robustcheck.run.settings import RunSettings
from robustcheck.values import Result, RunRecord
from robustcheck.values.checks import Check
from robustcheck.values.expectations import GroupExpectation

ROOT = Path(__file__).parents[2]
FINDINGS = ROOT / "suites" / "findings"
PAGE = ROOT / "docs" / "findings.md"
PUBLISHED, LIVE, ZOO = ("published", "tables"), "live", "zoo"
HIDDEN = ("ROBUSTCHECK_DATA", "GITHUB_STEP_SUMMARY", "GITHUB_ACTIONS", "PYTEST_XDIST_WORKER")
# What temperature scaling takes from the calibration error of the zoo's models, in the mean.
COOLER = -0.1111
INTERVAL = re.compile(r"\| [-+.\d]+( pp)? to [-+.\d]+( pp)? \|")
TORCHLESS = (
    "import sys; sys.path.insert(0, 'scripts'); import findings_table; code = findings_table.main(sys.argv[1:]);"
    "sys.exit(code or 3 * any(name in sys.modules for name in ('torch', 'open_clip', 'timm', 'pandas')))"
)


def checks(name: str, place: Path) -> tuple[Check, ...]:
    measure = MeasureSettings(store=place / "store", roots=())
    settings = RunSettings(measure=measure, baselines=place / "b", reports=place / "r")
    return RobustSession(settings, date(2026, 11, 22)).load(FINDINGS / f"{name}.robust.yaml").checks


def environment() -> dict[str, str]:
    return {**{name: value for name, value in os.environ.items() if name not in HIDDEN}, "HF_HUB_OFFLINE": "1"}


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> RunRecord:
    """One run of pytest over the findings, where no data set is."""
    place = tmp_path_factory.mktemp("findings")
    shutil.copytree(FINDINGS, place, dirs_exist_ok=True, ignore=shutil.ignore_patterns(f"{ZOO}.*"))
    return run_in(place)


def run_in(place: Path) -> RunRecord:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", ".", "."]
    done = subprocess.run(command, cwd=place, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return load_run(next((place / "reports").glob("*/run.json")))


def of_suite(record: RunRecord, *names: str) -> list[Result]:
    return [each for each in record.results if Path(each.suite).name.removesuffix(".robust.yaml") in names]


@pytest.mark.parametrize("name", [*PUBLISHED, LIVE])
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


def test_every_finding_is_what_its_suite_records(record: RunRecord) -> None:
    results = of_suite(record, *PUBLISHED)
    assert {each.verdict.status for each in results} == {"pass"}
    counts = Counter(each.finding for each in results)
    assert set(counts) == {"holds", "fails", "open"}
    assert counts["fails"] >= 4
    assert all(each.claim and each.source for each in results)


def test_a_claim_that_fails_says_so_with_numbers(record: RunRecord) -> None:
    lost = next(each for each in record.results if each.check_id == "finetuning-helps-renditions")
    assert lost.finding == "fails"
    assert lost.verdict.compared == pytest.approx(-0.0801, abs=5e-4)
    assert "-8.0 pp" in lost.verdict.reason


def test_two_pairs_decide_nothing(record: RunRecord) -> None:
    table_one = [
        each for each in record.results if each.check_id in ("finetuning-costs-shape", "other-tuning-keeps-shape")
    ]
    assert len(table_one) == 4
    assert {(each.finding, each.verdict.n) for each in table_one} == {("open", 2)}


def test_without_images_the_live_findings_are_skipped_with_a_place(record: RunRecord) -> None:
    results = of_suite(record, LIVE)
    assert len(results) > 60
    for each in results:
        assert each.verdict.status == "skip", each.nodeid
        assert "--robust-data" in each.verdict.reason, each.nodeid


def test_the_zoo_shows_each_kind_of_finding_on_its_own_measurements(tmp_path: Path) -> None:
    shutil.copy(FINDINGS / f"{ZOO}.robust.yaml", tmp_path)
    results = {each.check_id: each for each in run_in(tmp_path).results}
    assert {each.verdict.status for each in results.values()} == {"pass"}
    assert {each.finding for each in results.values()} == {"holds", "fails", "open", ""}
    for each in results.values():
        assert ("evidence", "this run's models (live evidence)") in each.verdict.facts
        assert each.verdict.n == 12
    assert results["temperature-improves-calibration"].verdict.compared == pytest.approx(COOLER, abs=2e-3)


def test_the_pairs_before_and_after_finetuning_are_published() -> None:
    before, after = load_population("openclip"), load_population("timm")
    pairs = read_pairs(FINDINGS / "clip_before_and_after_finetuning.csv")
    assert len(pairs) == len({name for pair in pairs for name in pair}) / 2 == 12
    for zero_shot, finetuned in pairs:
        assert before.facets[zero_shot]["task"] == "zero-shot"
        assert after.facets[finetuned]["family"] == "clip-ft"
        assert after.facets[finetuned]["finetuning"] == "in1k"
        assert before.facets[zero_shot]["source"] == after.facets[finetuned]["source"]


def test_the_page_is_what_the_command_makes_without_torch(tmp_path: Path) -> None:
    made = tmp_path / "findings.md"
    command = [sys.executable, "-c", TORCHLESS, "--out", str(made)]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    stale = "docs/findings.md is stale: python scripts/findings_table.py"
    assert without_intervals(made) == without_intervals(PAGE), stale


def without_intervals(page: Path) -> list[str]:
    """Return the lines without the ends of intervals, whose last digit is the bootstrap's and not the evidence's."""
    return [INTERVAL.sub("|", line) for line in page.read_text(encoding="utf-8").splitlines()]


def test_the_page_says_how_it_is_made() -> None:
    assert "\npython scripts/findings_table.py\n" in PAGE.read_text(encoding="utf-8")
