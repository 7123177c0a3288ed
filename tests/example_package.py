"""The example package, installed from its directory without a network, and data for its suite."""

from __future__ import annotations

import os
import shutil
import subprocess
import tomllib
from pathlib import Path

from forks import run_fork

from robustcheck.datasets import open_dataset

EXAMPLE = Path(__file__).parents[1] / "examples" / "robustcheck-extra"


def install_example(target: Path) -> Path:
    """Install the package into a directory as pip --target does, from what its pyproject.toml says."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    name, version = project["name"], project["version"]
    module = name.replace("-", "_")
    shutil.copytree(EXAMPLE / module, target / module, ignore=shutil.ignore_patterns("__pycache__"))
    info = target / f"{module}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    groups = project["entry-points"].items()
    (info / "entry_points.txt").write_text("".join(_group(group, points) for group, points in groups))
    return target


def write_shop_digits(root: Path) -> None:
    """Write robustcheck's digits as the package's data set, in the package's layout."""
    digits, directory = open_dataset("digits", ()), root / "shop-digits"
    directory.mkdir(parents=True)
    (directory / "prefixes.txt").write_text("\n".join(digits.class_names))
    for index, label in enumerate(digits.labels.tolist()):
        digits.image(index).save(directory / f"{digits.class_names[label]}-{index:03}.png")


def run_python(target: Path, directory: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run ``python -m`` where the package is installed, in a fork that has imported the libraries of models."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("PYTEST", "GITHUB", "ROBUST"))}
    environ = {**kept, "PYTHONPATH": str(target), "HF_HUB_OFFLINE": "1"}
    return run_fork(directory, *words, environ=environ, live=True)


def _group(name: str, points: dict[str, str]) -> str:
    return f"[{name}]\n" + "".join(f"{point} = {place}\n" for point, place in points.items()) + "\n"
