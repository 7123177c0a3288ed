"""The suites that ship and the pages that explain them: all of it loads, and runs green without data."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections import Counter
from datetime import date
from pathlib import Path
from statistics import median

import pytest
from forks import run_fork
from typer.testing import CliRunner

from robustcheck.cli import app
from robustcheck.measure import MeasureSettings
from robustcheck.predictions import read_predictions
from robustcheck.report import load_run
from robustcheck.run.session import RobustSession
from robustcheck.run.settings import RunSettings
from robustcheck.values import Amount, RunRecord
from robustcheck.values.expectations.no_worse_than import NoWorseThan

ROOT = Path(__file__).parents[2]
SUITES = sorted((ROOT / "suites").glob("*.robust.yaml"))
# Their models are measured live, which test_zoo, the tests of their protocols and the demo do.
LIVE = ("adversarial.robust.yaml", "answers.robust.yaml", "finetuned.robust.yaml", "quickstart.robust.yaml")
HIDDEN = ("ROBUSTCHECK_DATA", "GITHUB_STEP_SUMMARY", "GITHUB_ACTIONS", "PYTEST_XDIST_WORKER")
PROTOCOLS = sorted((ROOT / "docs" / "protocols").glob("*.md"))
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
FIGURES = "model,dataset,metric,value,n\na,imagenet-x,top1,0.7,46110\n"


def blocks(page: Path, language: str) -> list[str]:
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return [text for name, text in fenced if name == language]


def session(place: Path) -> RobustSession:
    """Return a session that sees no data of this machine."""
    measure = MeasureSettings(store=place / "store", roots=())
    return RobustSession(RunSettings(measure=measure, baselines=place / "b", reports=place / "r"), date(2026, 11, 22))


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> RunRecord:
    """One run of all suites but the live ones, where no data set is."""
    place = tmp_path_factory.mktemp("suites")
    for path in SUITES:
        if path.name not in LIVE:
            shutil.copy(path, place)
    environ = {name: value for name, value in os.environ.items() if name not in HIDDEN}
    words = ("pytest", "-q", "-p", "no:cacheprovider", "--rootdir", ".", ".")
    done = run_fork(place, *words, environ={**environ, "HF_HUB_OFFLINE": "1"})
    assert done.returncode == 0, done.stdout + done.stderr
    return load_run(next((place / "reports").glob("*/run.json")))


@pytest.mark.parametrize("path", SUITES, ids=lambda path: path.name.removesuffix(".robust.yaml"))
def test_each_suite_loads_and_plans(path: Path, tmp_path: Path) -> None:
    suite = session(tmp_path).load(path)
    assert suite.title != path.name
    assert session(tmp_path).plan(suite).items


@pytest.mark.parametrize("path", SUITES, ids=lambda path: path.name.removesuffix(".robust.yaml"))
def test_what_is_held_against_one_model_is_meant_for_few(path: Path, tmp_path: Path) -> None:
    """With --models, any other checkpoint would be red because it is not that model."""
    for check in session(tmp_path).load(path).checks:
        if isinstance(check.expect, NoWorseThan) and check.expect.model:
            narrowed = {term.facet for term in check.applies_to if term.op == "="}
            assert narrowed & {"adapter", "zoo"}, check.key


def test_without_data_nothing_fails_and_nothing_breaks(record: RunRecord) -> None:
    counts = Counter(result.verdict.status for result in record.results)
    assert set(counts) <= {"pass", "warn", "unsure", "skip"}, [
        (result.nodeid, result.verdict.reason)
        for result in record.results
        if result.verdict.status in ("fail", "error")
    ]
    assert counts["pass"] > 190
    assert counts["skip"] > 90


def test_every_skip_names_its_data_set_and_a_place(record: RunRecord, tmp_path: Path) -> None:
    known = session(tmp_path)
    datasets = {(path.name, check.key): check.quantity.dataset for path in SUITES for check in known.load(path).checks}
    for result in record.results:
        if result.verdict.status == "skip":
            dataset = datasets[Path(result.suite).name, result.check_key]
            assert dataset in result.verdict.reason, result.nodeid
            assert "--robust-data" in result.verdict.reason, result.nodeid
            assert "datasets.local.yaml" in result.verdict.reason, result.nodeid


@pytest.mark.parametrize("suite", ["natural_shifts", "supervised_shifts", "retrieval"], ids=lambda name: name)
def test_published_figures_decide_the_trends_on_any_machine(record: RunRecord, suite: str) -> None:
    trends = [
        result for result in record.results if Path(result.suite).name.startswith(suite) and "trend" in result.check_id
    ]
    assert len(trends) >= 4
    assert {result.verdict.status for result in trends} <= {"pass", "warn", "unsure"}


def test_a_warn_limit_inside_the_band_that_a_check_names_says_so(tmp_path: Path) -> None:
    known, inside = session(tmp_path), 0
    for check in (check for path in SUITES for check in known.load(path).checks):
        band, allowed = (
            re.search(r"band is ([\d.]+)(?: to ([\d.]+))? pp", check.why),
            getattr(check.warn, "allowed_below", None),
        )
        if band is None or allowed is None:
            continue
        if round(100 * allowed.value, 9) < float(band[2] or band[1]):
            inside += 1
            assert "A warning lies inside it, a fail beyond." in check.why, check.key
    assert inside >= 10


def test_warn_limits_leave_room_for_a_pass_that_warns(record: RunRecord, tmp_path: Path) -> None:
    """A pass needs its whole interval inside the limit: a warn limit 1.5 half-widths further in can still be crossed.

    Held for the typical model of each check, since an outlier's line is known less exactly.
    """
    known = session(tmp_path)
    gaps: dict[tuple[str, str], list[float]] = {}
    checks = {(path.name, check.key): check for path in SUITES for check in known.load(path).checks}
    for result in record.results:
        check, verdict = checks[Path(result.suite).name, result.check_key], result.verdict
        if check.warn is None or verdict.low is None or verdict.high is None:
            continue
        limits = [(getattr(check.expect, each.key), getattr(check.warn, each.key)) for each in check.expect.limits]
        gap = max(abs(loose.value - tight.value) for loose, tight in limits if isinstance(loose, Amount))
        gaps.setdefault((result.suite, result.check_key), []).append(2 * gap / (verdict.high - verdict.low))
    assert len(gaps) >= 6
    assert not {check: found for check, found in gaps.items() if median(found) < 1.5}


def test_every_shipped_trend_can_decide(record: RunRecord) -> None:
    """A limit that so many images cannot hold a drop of its own size against decides nothing."""
    found: dict[str, list[bool]] = {}
    for result in record.results:
        if result.verdict.could_decide is not None and not result.is_about_groups:
            found.setdefault(result.check_key, []).append(result.verdict.could_decide)
    assert not {check: sum(able) for check, able in found.items() if sum(able) < 0.9 * len(able)}


@pytest.mark.parametrize("page", PROTOCOLS, ids=lambda page: page.stem)
def test_every_spec_of_a_page_loads(page: Path, tmp_path: Path) -> None:
    (tmp_path / "factors.csv").write_text(FIGURES, encoding="utf-8")
    (tmp_path / "RN50file.log").write_text("1848 18212 653 912\n", encoding="utf-8")
    found = blocks(page, "yaml")
    assert found or page.name == "README.md"
    for number, text in enumerate(found):
        path = tmp_path / f"{number}.robust.yaml"
        path.write_text(text, encoding="utf-8")
        assert session(tmp_path).load(path).checks


COMMANDS = sorted(
    {
        line
        for page in PAGES
        if page.parent != ROOT
        for block in blocks(page, "")
        for line in block.splitlines()
        # The others are about a run, a checkpoint or files of the reader's.
        if re.match(r"robustcheck (measure|export|learn) zoo:|robustcheck trend", line)
    },
    key=lambda line: (" export " not in line and " learn " not in line, line),
)


def test_the_commands_of_the_pages_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert len(COMMANDS) >= 6
    exported = "robustcheck measure predictions:exports/vit-plain-1000 digits ece"
    for line in (*COMMANDS, exported):
        done = CliRunner().invoke(app, shlex.split(line)[1:])
        assert done.exit_code == 0, f"{line}\n{done.output}"


def test_the_files_of_the_predictions_page_are_read(tmp_path: Path) -> None:
    page = ROOT / "docs" / "predictions.md"
    kinds = []
    for number, text in enumerate(blocks(page, "csv")):
        (tmp_path / f"set{number}.csv").write_text(text, encoding="utf-8")
        found = read_predictions(tmp_path, f"set{number}")
        assert found is not None
        kinds.append(found.kind)
    assert kinds == ["classes", "logits"]
