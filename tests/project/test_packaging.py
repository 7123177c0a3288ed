"""What is promised of other packages: the lowest versions are written once, and are those that are tested."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LINTERS = {"mypy", "ruff", "types-PyYAML", "types-jsonschema"}
# Packages that come with others and have to fit them.
INDIRECT = {"aiobotocore", "boto3", "click", "torchvision"}


def lowest_promised() -> dict[str, str]:
    extras = [line for lines in PROJECT["optional-dependencies"].values() for line in lines]
    found = {}
    for line in (*PROJECT["dependencies"], *extras):
        name, bound = re.fullmatch(r"([\w-]+)(?:\[[\w,]+\])?(?:>=([\d.]+).*)?", line).groups()
        if name not in LINTERS:
            found[name] = bound
    return found


def lowest_tested() -> dict[str, str]:
    lines = (ROOT / "constraints" / "lowest.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if not line.startswith("#"))
    return {name: version for name, version in pins.items() if name not in INDIRECT}


def test_the_lowest_versions_promised_are_those_tested() -> None:
    promised, tested = lowest_promised(), lowest_tested()
    assert promised.keys() == tested.keys()
    assert not {name: (low, tested[name]) for name, low in promised.items() if not is_same(low, tested[name])}


def is_same(bound: str, version: str) -> bool:
    """Compare versions whose last zeros may be left out: 2.7 and 2.7.0."""
    return re.sub(r"(\.0)+$", "", bound) == re.sub(r"(\.0)+$", "", version)


def test_the_workflow_tries_every_python_that_is_promised() -> None:
    promised = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    (tried,) = re.findall(r"python: \[(.*)\]", workflow)
    assert re.findall(r"3\.\d+", tried) == promised
    assert PROJECT["requires-python"] == f">={promised[0]}"
