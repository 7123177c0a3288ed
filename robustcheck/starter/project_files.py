"""The files of a new project, by their paths."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Literal

from robustcheck.starter.suite_text import FirstSubject, suite_text

Service = Literal["github", "gitlab", "none"]

SUITE = "suites/first.robust.yaml"
LOCAL = "datasets.local.yaml"
IGNORED = (".robustcheck/store/", "reports/", LOCAL)
_WORKFLOWS = {
    "github": {
        "github.yml": ".github/workflows/robustness.yml",
        "github-nightly.yml": ".github/workflows/robustness-nightly.yml",
    },
    "gitlab": {"gitlab.yml": ".gitlab-ci.yml"},
    "none": {},
}
_LOCAL_TEXT = """\
# Where data sets lie on this machine; `robustcheck datasets` lists their names, `robustcheck doctor NAME` looks closer.
# Directories that hold several data sets, as CLIP_benchmark and DataComp write them (wds_imagenetv2, ...):
roots: [{roots}]
# One data set in a place of its own:
# imagenet-v2: /scratch/imagenetv2-matched-frequency-format-val
"""
_PYTEST_TEXT = """\
[pytest]
testpaths = suites
# Without this, a pytest of another environment would find no checks and say nothing.
required_plugins = robustcheck
# Options of every run; `pytest --help` explains them under "model robustness".
# robust_precision = bf16
# robust_strict = true
"""


def starter_files(subject: FirstSubject, roots: tuple[str, ...], service: Service) -> dict[str, str]:
    """Return the text of each file of a new project, but for the schema, which is made of the names known here."""
    return {
        SUITE: suite_text(subject),
        LOCAL: _LOCAL_TEXT.format(roots=", ".join(roots)),
        "pytest.ini": _PYTEST_TEXT,
        **{target: workflow(name) for name, target in _WORKFLOWS[service].items()},
    }


def workflow(name: str) -> str:
    """Return a workflow that ships, such as ``github.yml``."""
    return (files("robustcheck.starter") / "ci" / name).read_text(encoding="utf-8")


def ignore_text(path: Path) -> str:
    """Return what ``.gitignore`` has to say: what it says already, and what must never be committed."""
    present = path.read_text(encoding="utf-8") if path.is_file() else ""
    lacking = [line for line in IGNORED if line not in present.splitlines()]
    if not lacking:
        return present
    gap = "" if not present or present.endswith("\n") else "\n"
    return present + gap + "\n".join(lacking) + "\n"
