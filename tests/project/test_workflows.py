"""The workflows that ship: what their services accept, options that exist, and steps that run."""

from __future__ import annotations

import os
import re
import stat
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from robustcheck.plugin.options import OPTIONS
from robustcheck.starter import workflow

ROOT = Path(__file__).parents[2]
SHIPPED = sorted(path.name for path in (ROOT / "robustcheck" / "starter" / "ci").glob("*.yml"))
GITHUB = [name for name in SHIPPED if name.startswith("github")]
SCHEMAS = {"github": "github-workflows", "gitlab": "gitlab-ci"}


def jobs(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(workflow(name))
    return found.get("jobs") or {"gate": found["robustness"]}


def scripts(name: str) -> str:
    """Return every line that a workflow runs."""
    (job,) = jobs(name).values()
    steps = [step.get("run", "") for step in job.get("steps", ())]
    return "\n".join([*steps, *job.get("script", ()), *job.get("after_script", ())])


@pytest.mark.parametrize("name", SHIPPED)
def test_its_service_accepts_it(name: str) -> None:
    check_jsonschema = pytest.importorskip("check_jsonschema", reason="check-jsonschema is not installed")
    schema = SCHEMAS[name.removesuffix(".yml").split("-")[0]]
    place = Path(check_jsonschema.__file__).parent / "builtin_schemas" / "vendor" / f"{schema}.json"
    # YAML 1.1 reads GitHub's ``on`` as true.
    keyword = {"on" if key is True else key: value for key, value in yaml.safe_load(workflow(name)).items()}
    found = jsonschema.validators.validator_for(import_json(place))(import_json(place)).iter_errors(keyword)
    assert [error.message for error in found if error.validator != "$ref"] == []


def import_json(place: Path) -> Any:
    import json

    return json.loads(place.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", SHIPPED)
def test_every_option_in_it_exists(name: str) -> None:
    known = {flag for option in OPTIONS for flag in (option.flag, option.short)} | {"--junitxml"}
    used = set(re.findall(r"(--(?:robust-[a-z-]+|models|arch|junitxml))", scripts(name)))
    assert used
    assert used <= known


@pytest.mark.parametrize("name", GITHUB)
def test_actions_are_pinned_and_nothing_is_written_into_a_shell(name: str) -> None:
    text = workflow(name)
    used = re.findall(r"uses: (\S+)", text)
    assert used
    assert all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", each) for each in used)
    # What a person types reaches the shell as a variable, never as text of the script.
    assert "${{" not in scripts(name)
    assert yaml.safe_load(text)["permissions"]["contents"] == "read"


def test_pull_requests_of_forks_are_kept_off_the_machine() -> None:
    (job,) = jobs("github.yml").values()
    assert "head.repo.full_name == github.repository" in job["if"]
    rules = yaml.safe_load(workflow("gitlab.yml"))["robustness"]["rules"]
    assert rules[0]["when"] == "never"
    assert "CI_MERGE_REQUEST_SOURCE_PROJECT_ID != $CI_PROJECT_ID" in rules[0]["if"]


def stand_in(place: Path, name: str, *lines: str) -> None:
    program = place / name
    program.write_text("\n".join(["#!/bin/sh", *lines]) + "\n", encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


@pytest.mark.parametrize(
    ("checkpoint", "wanted"),
    [
        ("", "suites/ --robust-store=HOME/robustcheck-store --robust-data=/d --robust-device=cuda"),
        ("/runs/a b.pt", "--models=/runs/a b.pt --arch=ViT-B-32"),
    ],
)
def test_the_step_that_measures_runs_what_it_says(tmp_path: Path, checkpoint: str, wanted: str) -> None:
    (job,) = jobs("github.yml").values()
    (step,) = (each for each in job["steps"] if each.get("name") == "Measure and judge")
    stand_in(tmp_path, "pytest", 'printf "%s\\n" "$*"')
    variables = {"CHECKPOINT": checkpoint, "ARCH": "ViT-B-32", "DATA": "/d", "HOME": "HOME"}
    environ = {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"} | variables
    done = subprocess.run(["bash", "-e", "-c", step["run"]], env=environ, capture_output=True, text=True, check=True)
    assert wanted in done.stdout
    assert done.stdout.rstrip().endswith("--junitxml=robust.xml")
    assert ("--models" in done.stdout) == bool(checkpoint)


@pytest.mark.parametrize(
    ("training", "wanted"), [("", "--robust-series=nightly:open"), ("/runs/42", "--robust-series=42:20")]
)
def test_looks_are_declared(tmp_path: Path, training: str, wanted: str) -> None:
    (job,) = jobs("github-nightly.yml").values()
    (step,) = (each for each in job["steps"] if each.get("name") == "Measure and judge")
    stand_in(tmp_path, "pytest", 'printf "%s\\n" "$*"')
    home = tmp_path / "home"
    (home / "robustcheck-venv" / "bin").mkdir(parents=True)
    (tmp_path / "pytest").rename(home / "robustcheck-venv" / "bin" / "pytest")
    variables = {"TRAINING": training, "ARCH": "ViT-B-32", "LOOKS": "20", "DATA": "/d", "HOME": str(home)}
    environ = {"PATH": os.environ["PATH"]} | variables
    done = subprocess.run(["bash", "-e", "-c", step["run"]], env=environ, capture_output=True, text=True, check=True)
    assert wanted in done.stdout


def test_the_page_tells_every_exit_code_and_every_file() -> None:
    page = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    assert all(name in page for name in SHIPPED)
    assert all(re.search(rf"^\| {code} \|", page, re.MULTILINE) for code in (0, 1, 2, 3, 4, 5))
