"""The import map: which module may import which. A new arrow is a decision, made here."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "robustcheck"

VALUES = {
    "callable_room",
    "child_process",
    "disk",
    "errors",
    "files",
    "listing",
    "lookalikes",
    "numerals",
    "printing",
    "processors",
    "registry",
    "values",
}
ALLOWED: dict[str, set[str]] = {
    "listing": set(),
    "lookalikes": set(),
    "numerals": set(),
    "processors": set(),
    "printing": set(),
    "values": {"listing"},
    "errors": {"lookalikes", "printing", "values"},
    "disk": {"errors"},
    "callable_room": set(),
    "child_process": set(),
    "files": {"errors", "lookalikes", "printing", "values"},
    "registry": {"errors"},
    "spec": VALUES,
    "adapters": VALUES | {"measure", "models", "outputs"},
    "models": VALUES,
    "datasets": VALUES | {"registry", "transforms"},
    "transforms": VALUES | {"registry"},
    "prompts": VALUES | {"registry"},
    "outputs": VALUES,
    "protocols": VALUES | {"datasets", "measure", "models", "outputs", "stats", "store", "transforms"},
    "predictions": VALUES | {"outputs", "store"},
    "store": VALUES,
    "populations": VALUES | {"models", "registry"},
    "stats": VALUES,
    "crops": VALUES | {"datasets", "models", "transforms"},
    "measure": VALUES
    | {
        "crops",
        "models",
        "registry",
        "datasets",
        "transforms",
        "predictions",
        "prompts",
        "outputs",
        "store",
        "stats",
    },
    "judge": VALUES | {"stats"},
    "report": VALUES,
    "history": VALUES | {"report", "stats", "store"},
    "run": VALUES
    | {
        "datasets",
        "history",
        "judge",
        "measure",
        "models",
        "populations",
        "prompts",
        "registry",
        "report",
        "spec",
        "stats",
        "store",
        "transforms",
    },
    "starter": VALUES | {"datasets", "models"},
    "plugin": VALUES | {"datasets", "judge", "measure", "run", "store"},
    "__main__": {"cli"},
    "api": VALUES | {"datasets", "measure", "models", "report", "run", "store"},
    "cli": VALUES
    | {
        "datasets",
        "history",
        "measure",
        "models",
        "populations",
        "predictions",
        "report",
        "run",
        "spec",
        "starter",
        "stats",
        "store",
    },
    "zoo": set(),
}
HEAVY = {
    "torch",
    "open_clip",
    "timm",
    "transformers",
    "torchvision",
    "sklearn",
    "statsmodels",
    "altair",
    "scipy",
    "pandas",
}
# Rooms and subjects whose code differentiates or runs models: theirs are the functions that import torch.
RUNS_MODELS = ("adapters", "models", "protocols/attack")


def modules() -> Iterator[tuple[str, ast.Module, Path]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        relative = path.relative_to(PACKAGE)
        name = relative.parts[0].removesuffix(".py")
        if name != "__init__":
            yield name, ast.parse(path.read_text(encoding="utf-8")), path


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module


def imported_at_load(tree: ast.Module) -> Iterator[str]:
    """Yield imports that run when the module is imported (not in functions, not for types only)."""
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom | ast.Try):
            yield from imported(node)


def test_every_arrow_is_in_the_map() -> None:
    wrong = []
    for name, tree, path in modules():
        assert name in ALLOWED, f"{path}: a module without a line in the map"
        targets = {target.split(".")[1] for target in imported(tree) if target.startswith("robustcheck.")}
        wrong += [f"{path.relative_to(PACKAGE)} -> {target}" for target in targets - ALLOWED[name] - {name}]
    assert not wrong


def test_the_map_has_no_cycle() -> None:
    def reaches(start: str, goal: str, seen: set[str]) -> bool:
        return any(
            step == goal or (step not in seen and reaches(step, goal, seen | {step})) for step in ALLOWED.get(start, ())
        )

    assert not [name for name in ALLOWED if reaches(name, name, {name})]


def test_heavy_packages_are_imported_in_functions_only() -> None:
    wrong = [
        f"{path.relative_to(PACKAGE)} imports {target}"
        for _, tree, path in modules()
        for target in imported_at_load(tree)
        if target.split(".")[0] in HEAVY
    ]
    assert not wrong


def test_torch_is_imported_only_by_code_that_runs_a_model() -> None:
    wrong = [
        str(path.relative_to(PACKAGE))
        for _, tree, path in modules()
        if not path.relative_to(PACKAGE).as_posix().startswith(RUNS_MODELS)
        and "torch" in {target.split(".")[0] for target in imported(tree)}
    ]
    assert not wrong


def test_only_the_plugin_knows_pytest() -> None:
    wrong = [
        str(path.relative_to(PACKAGE))
        for name, tree, path in modules()
        if name != "plugin" and "pytest" in {target.split(".")[0] for target in imported(tree)}
    ]
    assert not wrong


@pytest.mark.parametrize("module", ["robustcheck.plugin", "robustcheck.cli", "robustcheck.judge", "robustcheck.report"])
def test_importing_loads_nothing_heavy(module: str) -> None:
    code = f"import sys, {module}; print(sorted({HEAVY!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_finding_the_metrics_loads_nothing_heavy() -> None:
    look_up = "from robustcheck.measure import known_metrics; known_metrics()"
    code = f"import sys; {look_up}; print(sorted({HEAVY!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_plugin_costs_an_ordinary_pytest_run_nothing() -> None:
    dear = {"numpy", "pydantic", "yaml", "jinja2"}
    code = f"import sys, pytest, robustcheck.plugin; print(sorted({dear!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
