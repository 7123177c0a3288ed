"""A check's quantities as they are kept: paths are absolute, and each option is written in its one form."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from robustcheck.spec.names import KnownNames, KnownOption, is_path
from robustcheck.values.expectations.fields import named_by

Model = TypeVar("Model", bound=BaseModel)

_MAY_BE_PATHS = frozenset({"dataset", "population", "prompt set", "pairs"})


def make_paths_absolute(model: Model, directory: Path, names: KnownNames) -> Model:
    """Return the model with its paths made absolute, which are relative to the YAML file, and its options settled."""
    changed: dict[str, object] = {}
    for key, value in model:
        what = named_by(type(model).model_fields[key])
        if isinstance(value, BaseModel):
            changed[key] = make_paths_absolute(value, directory, names)
        elif isinstance(value, list) and any(isinstance(each, BaseModel) for each in value):
            changed[key] = [make_paths_absolute(each, directory, names) for each in value]
        elif what in _MAY_BE_PATHS and isinstance(value, str | list):
            texts = [value] if isinstance(value, str) else value
            paths = [_absolute(text, directory, names) for text in texts]
            changed[key] = paths[0] if isinstance(value, str) else paths
        elif what == "options" and isinstance(value, dict):
            known = names.options.get(getattr(model, "metric", ""), {})
            changed[key] = {name: _settle(text, known.get(name), directory, names) for name, text in value.items()}
    return model.model_copy(update=changed) if changed else model


def _settle(text: str, option: KnownOption | None, directory: Path, names: KnownNames) -> str:
    """Return the value of an option as it is kept: a path absolute, anything else in its one form."""
    if option is None:
        return text
    if option.sort == "data set":
        return _absolute(text, directory, names)
    if option.sort == "model":
        return _absolute_model(text, directory)
    if option.sort == "models":
        text = ", ".join(_absolute_model(part.strip(), directory) for part in text.split(","))
    try:
        return option.canonical(text)
    except ValueError:
        # `check_references` reports it.
        return text


def _absolute_model(text: str, directory: Path) -> str:
    """Return a reference whose file or directory, after its `@` or its scheme, is absolute where it is one."""
    for mark in ("@", ":"):
        head, found, rest = text.rpartition(mark) if mark == "@" else text.partition(mark)
        if found and rest and (directory / rest).exists():
            return f"{head}{found}{directory / rest}"
    return text


def _absolute(text: str, directory: Path, names: KnownNames) -> str:
    known = names.datasets | names.populations | names.prompts
    is_name = not is_path(text) or text in known or is_subset(text, directory, names)
    return text if is_name else str(directory / text)


def is_subset(text: str, directory: Path, names: KnownNames) -> bool:
    """Tell a subset of a family of data sets, such as imagenet-c/fog/3, from a path."""
    return text.partition("/")[0] in names.families and not (directory / text).is_dir()
