"""What is promised of other packages: the lowest versions are written once, and are those that are tested."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions, requires
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LINTERS = {"mypy", "ruff", "types-PyYAML", "types-jsonschema"}
# A package that is imported by name and certainly there, as what brings it is promised.
BROUGHT_BY = {"markupsafe": "jinja2", "pandas": "statsmodels", "pydantic-core": "pydantic"}
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


def test_what_ships_imports_packages_of_users_only() -> None:
    """What developers alone have installed, such as Altair, is imported in scripts/ and tests/."""
    extras = {name: lines for name, lines in PROJECT["optional-dependencies"].items() if name not in ("dev", "site")}
    promised = {package_of(line) for lines in (PROJECT["dependencies"], *extras.values()) for line in lines}
    assert all(
        package_of(other) in map(package_of, requires(owner) or ()) and owner in promised
        for other, owner in BROUGHT_BY.items()
    )
    promised |= BROUGHT_BY.keys()
    owners = packages_distributions()
    wrong = sorted(
        f"{path.relative_to(ROOT)} imports {name}"
        for path in (ROOT / "robustcheck").rglob("*.py")
        for name in imported(path)
        if name != "robustcheck" and not promised & {*map(package_of, owners.get(name, ())), package_of(name)}
    )
    assert wrong == []


def package_of(line: str) -> str:
    """Return the name of a package as registries compare it, without its extras and bounds."""
    return re.match(r"[\w.-]+", line)[0].lower().replace("_", "-").replace(".", "-")


def imported(path: Path) -> Iterator[str]:
    """Yield the packages that a file imports anywhere, but those of Python."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []
        yield from {name.partition(".")[0] for name in names} - sys.stdlib_module_names
