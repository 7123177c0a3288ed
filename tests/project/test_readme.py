"""The README is run: its commands and its suite, and the claim that stands on the page about them."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from forks import run_fork
from plugin_makers import run
from typer.testing import CliRunner

from robustcheck.cli import app
from robustcheck.report import load_run

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CLAIMS = (ROOT / "docs" / "group-claims.md").read_text(encoding="utf-8")
TABLE = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
RUNS = sorted(set(re.findall(r"reports/\d{8}-\d{6}", TABLE)))


def specs(page: str) -> list[str]:
    """Return the page's blocks of YAML that are whole suites."""
    fenced = re.findall(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    return [text for text in fenced if text.startswith("robustcheck: 1")]


(SPEC,) = specs(README)
CLAIM = specs(CLAIMS)[0]
COMMANDS = re.findall(r"^\| `robustcheck (.*?)` \|", TABLE, re.MULTILINE)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the suites and the README's own, and its run under the names that the README gives to runs."""
    place = tmp_path_factory.mktemp("readme")
    shutil.copytree(ROOT / "suites", place / "suites")
    (place / "my.robust.yaml").write_text(SPEC, encoding="utf-8")
    done = run_fork(place, "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", ".", "my.robust.yaml")
    assert done.returncode == 0, done.stdout + done.stderr
    (report,) = (place / "reports").iterdir()
    for name in RUNS:
        shutil.copytree(report, place / name)
    return place


def test_the_table_has_commands_that_exist_each_once() -> None:
    known = [command.name or command.callback.__name__ for command in app.registered_commands if command.callback]
    listed = [line.split()[0] for line in COMMANDS]
    assert len(set(listed)) == len(listed) > 15
    # Those for many machines and many looks have pages of their own, and need more than a directory.
    assert set(listed) <= set(known)


@pytest.mark.parametrize("line", COMMANDS, ids=lambda line: line.split()[0])
def test_each_command_runs(line: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    done = CliRunner().invoke(app, shlex.split(line))
    assert done.exit_code == 0, done.output + str(done.exception or "")
    assert done.output.strip()


def test_the_command_is_installed_under_its_name() -> None:
    done = subprocess.run([sys.executable, "-m", "robustcheck", "schema"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("{")


def test_the_spec_runs_as_written(place: Path) -> None:
    counts = Counter(result.verdict.status for result in load_run(place / RUNS[0]).results)
    assert counts["pass"] > 60
    assert set(counts) <= {"pass", "warn", "unsure"}


def test_the_claim_is_found_with_the_numbers_shown(pytester: pytest.Pytester) -> None:
    (pytester.path / "claim.robust.yaml").write_text(CLAIM, encoding="utf-8")
    result = run(pytester, "claim.robust.yaml")
    assert result.parseoutcomes() == {"passed": 1}
    (record,) = pytester.path.glob("reports/*/run.json")
    (result,) = load_run(record.parent).results
    told = re.search(r"lie ([\d.]+) points above .*? \(95% interval ([\d.]+) to ([\d.]+)\)", CLAIMS, re.DOTALL)
    assert told is not None
    verdict = result.verdict
    found = [f"{100 * number:.1f}" for number in (verdict.compared, verdict.low, verdict.high) if number is not None]
    assert list(told.groups()) == found


def test_every_option_is_documented() -> None:
    pages = README + "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").glob("*.md")))
    options = re.findall(r'"(--(?:robust-[a-z]+|models|arch))"', (ROOT / "robustcheck/plugin/options.py").read_text())
    assert len(options) >= 9
    assert not [option for option in options if option not in pages]
