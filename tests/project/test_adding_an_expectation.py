"""A kind of expectation is added in four files: its class, its line in the list, its comparison, and its test."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from robustcheck.values.expectations import KINDS

PACKAGE = Path(__file__).parents[2] / "robustcheck"
CLASS = '''
from pydantic import Field

from robustcheck.values.expectations.base import Expectation, Limit
from robustcheck.values.expectations.fields import AmountField
from robustcheck.values.expectations.phrases import Subject


class Exactly(Expectation):
    """The value is the wanted one."""

    kind = "exactly"
    limits = (Limit("wanted", "level", 1),)
    shorthand = ("wanted",)
    example = "expect: {exactly: 45%}"

    wanted: AmountField = Field(description="The value that is wanted.")

    def assertion(self, subject: Subject) -> str:
        return f"{subject.label} is exactly {self.wanted}"
'''
COMPARISON = """
from robustcheck.judge.case import Bounds, Case, Comparison
from robustcheck.judge.estimates import estimate_value
from robustcheck.judge.wording import say_against_limit


def compare_exactly(expect, warn, case: Case) -> Comparison:
    wanted = expect.wanted.value
    claim = say_against_limit(case.score, wanted, case.unit)
    return Comparison(estimate_value(case), Bounds(wanted, wanted), None, claim)
"""
SUITE = """
robustcheck: 1
models: openclip:ViT-B-32/openai
checks:
  - id: exact
    measure: {metric: top1, dataset: imagenet-val}
    expect: {exactly: 45%}
"""
JUDGED = """
import json, sys
from datetime import date
from pathlib import Path
from robustcheck.measure import MeasureSettings
from robustcheck.run.session import RobustSession
from robustcheck.run.settings import RunSettings
from robustcheck.spec import KnownNames, json_schema, reference_markdown

here = Path()
session = RobustSession(RunSettings(MeasureSettings(here), here, here, evidence="published"), date(2026, 1, 1))
item = session.plan(session.load(here / "a.robust.yaml")).items[0]
result = session.judge(session.gather(item), item.name, 0.0)
print(json.dumps({
    "sentence": result.sentence,
    "status": result.verdict.status,
    "reason": result.verdict.reason,
    "in schema": "exactly" in json_schema(KnownNames({}))["$defs"]["ExpectModel"]["properties"],
    "on the page": "### `exactly`" in reference_markdown(),
}))
"""


def link_package(place: Path, changed: dict[str, str]) -> None:
    """Lay out the package by links, with some files changed or added."""
    opened = {str(parent) for name in changed for parent in Path(name).parents}
    for folder in sorted(opened):
        (place / folder).mkdir(parents=True)
        for entry in (PACKAGE / folder).iterdir():
            name = entry.relative_to(PACKAGE).as_posix()
            if name not in opened and name not in changed:
                (place / name).symlink_to(entry)
    for name, text in changed.items():
        (place / name).write_text(text, encoding="utf-8")


@pytest.fixture
def changed() -> dict[str, str]:
    """Return the files of the package that a new kind touches; its test is the fourth."""
    listed = (PACKAGE / "values/expectations/__init__.py").read_text(encoding="utf-8")
    imported = "from robustcheck.values.expectations.exactly import Exactly\n"
    return {
        "values/expectations/exactly.py": CLASS,
        "values/expectations/__init__.py": listed.replace(
            "    AtMost,\n    Between", "    AtMost,\n    Exactly,\n    Between"
        ).replace(
            "from robustcheck.values.expectations.fields", f"{imported}from robustcheck.values.expectations.fields"
        ),
        "judge/comparisons/compare_exactly.py": COMPARISON,
    }


def test_a_new_kind_is_read_said_and_judged(changed: dict[str, str], tmp_path: Path) -> None:
    link_package(tmp_path / "robustcheck", changed)
    (tmp_path / "a.robust.yaml").write_text(SUITE, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", JUDGED], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found.pop("reason").startswith("top1 63.3% is 18.3 pp above the limit of 45.0%")
    assert found == {
        "sentence": "top1 on imagenet-val is exactly 45%.",
        "status": "fail",
        "in schema": True,
        "on the page": True,
    }


@pytest.mark.parametrize("kind", KINDS)
def test_no_other_module_knows_a_kind(kind: str) -> None:
    own = {f"values/expectations/{kind}.py", "values/expectations/__init__.py", f"judge/comparisons/compare_{kind}.py"}
    word = re.compile(rf"\b{KINDS[kind].__name__}\b")
    knowing = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if word.search(path.read_text(encoding="utf-8"))
    }
    assert knowing == own
