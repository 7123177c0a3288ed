"""Names in a check - metrics, datasets, populations, models - held against what is known."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from robustcheck.errors import did_you_mean
from robustcheck.spec.findings import Findings, Scope
from robustcheck.spec.names import KnownNames
from robustcheck.spec.problems import one_of
from robustcheck.spec.query import read_query
from robustcheck.spec.source import Loc

Model = TypeVar("Model", bound=BaseModel)

_TRANSFORM = re.compile(r"([^:]*)(?::(.*))?", re.DOTALL)
_SEVERITIES = {"1", "2", "3", "4", "5"}
_PATH_KEYS = frozenset({"dataset", "population", "prompts"})


def check_references(scope: Scope, names: KnownNames, findings: Findings) -> None:
    """Report every unknown name in ``measure`` and ``expect``."""
    for loc, key, value in _named_values(scope.data, ("measure", "expect")):
        if key == "among" and isinstance(value, dict):
            if not _is_own_table(scope.data, loc[:-1]):
                read_query(scope, loc, value, names, findings)
        elif key == "where" and isinstance(value, dict):
            _check_class_set(scope, (*loc, "classes"), value.get("classes"), names, findings)
        elif isinstance(value, str):
            _check_name(scope, loc, key, value, names, findings)


def check_model(scope: Scope, loc: Loc, text: str, names: KnownNames, findings: Findings) -> None:
    """Report a model text that stands for no model."""
    message = names.is_model(text)
    if message is None:
        return
    summary, *details = message.splitlines() or [f"unknown model {text!r}"]
    hint = "" if "did you mean" in message else did_you_mean(text, names.model_sets)
    lines = [detail.strip().removeprefix("to do: ") for detail in details] + ([hint] if hint else [])
    findings.at_value(scope, loc, summary, hint="\n  ".join(lines))


def is_path(text: str) -> bool:
    """Tell a path from a name."""
    return "/" in text or text.endswith((".csv", ".txt", ".jsonl"))


def with_absolute_paths(model: Model, directory: Path, names: KnownNames) -> Model:
    """Return the model with its paths made absolute: they are relative to the YAML file."""
    known = names.datasets | names.populations | names.prompts
    changed: dict[str, object] = {}
    for key, value in model:
        if isinstance(value, BaseModel):
            changed[key] = with_absolute_paths(value, directory, names)
        elif key in _PATH_KEYS and isinstance(value, str) and is_path(value) and value not in known:
            changed[key] = str(directory / value)
    return model.model_copy(update=changed) if changed else model


def _named_values(data: object, sections: Iterable[str]) -> Iterator[tuple[Loc, str, object]]:
    if isinstance(data, dict):
        for section in sections:
            yield from _walk(data.get(section), (section,))


def _walk(value: object, loc: Loc) -> Iterator[tuple[Loc, str, object]]:
    if not isinstance(value, dict):
        return
    for key, item in value.items():
        yield (*loc, key), key, item
        if key not in {"where", "among"}:
            yield from _walk(item, (*loc, key))


def _is_own_table(data: object, loc: Loc) -> bool:
    # The facets of a user's own CSV are its columns, which only the populations know.
    for step in loc:
        data = data[step] if isinstance(data, dict) else None
    population = data.get("population") if isinstance(data, dict) else None
    return isinstance(population, str) and is_path(population)


def _check_name(scope: Scope, loc: Loc, key: str, value: str, names: KnownNames, findings: Findings) -> None:
    if key == "metric":
        _check_known(scope, loc, "metric", value, names.metrics, findings)
    elif key == "dataset":
        if not is_path(value):
            _check_known(scope, loc, "dataset", value, names.datasets, findings, "or a path with a '/'")
    elif key == "population":
        _check_file_or_name(scope, loc, "population", value, names.populations, findings)
    elif key == "prompts":
        _check_file_or_name(scope, loc, "prompt set", value, names.prompts, findings)
    elif key == "transform":
        _check_transform(scope, loc, value, names, findings)
    elif key == "model":
        check_model(scope, loc, value, names, findings)


def _check_known(
    scope: Scope, loc: Loc, what: str, name: str, known: Iterable[str], findings: Findings, also: str = ""
) -> None:
    known = frozenset(known)
    if name in known:
        return
    expected = f"{one_of(known)}; {also}" if also else one_of(known)
    findings.at_value(scope, loc, f"unknown {what} {name!r}", expected=expected, hint=did_you_mean(name, known))


def _check_file_or_name(
    scope: Scope, loc: Loc, what: str, name: str, known: frozenset[str], findings: Findings
) -> None:
    if name in known or not is_path(name):
        _check_known(scope, loc, what, name, known, findings, "or a file beside the suite")
    elif not (directory := scope.document.directory).joinpath(name).is_file():
        beside = sorted(path.name for path in directory.glob(f"*{Path(name).suffix}"))
        findings.at_value(
            scope,
            loc,
            f"the {what} file {name!r} does not exist",
            expected="a path relative to the suite's own directory",
            hint=did_you_mean(name, beside),
        )


def _check_transform(scope: Scope, loc: Loc, text: str, names: KnownNames, findings: Findings) -> None:
    match = _TRANSFORM.fullmatch(text)
    name, severity = (match[1], match[2]) if match else (text, None)
    if name not in names.transforms:
        _check_known(scope, loc, "transform", name, names.transforms, findings, "and a severity, such as :3")
    elif severity is None:
        findings.at_value(scope, loc, f"the transform {name!r} has no severity", expected=f"{name}:1 to {name}:5")
    elif severity not in _SEVERITIES:
        findings.at_value(scope, loc, f"unknown severity {severity!r} of {name!r}", expected=f"{name}:1 to {name}:5")


def _check_class_set(scope: Scope, loc: Loc, value: object, names: KnownNames, findings: Findings) -> None:
    if isinstance(value, str):
        _check_known(scope, loc, "class set", value, names.datasets, findings)
