"""The files behind ``predictions:PATH``: a directory of saved outputs, or one file of them.

``about.yaml`` beside them gives the model its name and facets: ``{name: ViT-B-32, family: clip, source: laion}``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from robustcheck.errors import ModelError, did_you_mean
from robustcheck.files.yaml_files import read_mapping
from robustcheck.models.catalogue import known_facets
from robustcheck.printing import one_line, shown

SUFFIXES = (".csv", ".npz")
_ABOUT = "about.yaml"
_NOT_FACETS = ("name", "about")
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class About:
    """What is known of a model whose outputs were saved: its name and its facets."""

    name: str
    facets: Mapping[str, str]


def prediction_files(path: Path) -> dict[str, Path]:
    """Return the files of saved outputs by name: a file itself, or those in a directory and one below it."""
    if path.is_file():
        return {path.name: path} if path.suffix in SUFFIXES else {}
    found = [file for pattern in ("*", "*/*") for file in path.glob(pattern) if file.suffix in SUFFIXES]
    return {file.relative_to(path).as_posix(): file for file in sorted(found) if file.is_file()}


def read_about(path: Path) -> About:
    """Return what ``about.yaml`` in a directory says; without one, the name of the directory or file."""
    file = path / _ABOUT
    if not file.is_file():
        return About(path.stem if path.is_file() else path.name, {})
    content = read_mapping(file, ModelError, expected="name, about and facets, such as family: clip")
    facets = {key: _facet(key, value, file) for key, value in content.items() if key not in _NOT_FACETS}
    return About(_name(content.get("name", path.name), file), facets)


def _name(name: object, file: Path) -> str:
    if not isinstance(name, str) or not name.strip():
        raise ModelError(f"the name is {shown(name)}", where=str(file), expected="a text")
    return one_line(name.strip(), _LONGEST_NAME)


def _facet(key: str, value: object, file: Path) -> str:
    if key not in known_facets():
        raise ModelError(
            f"unknown facet {key!r}",
            where=str(file),
            expected="name, about, or a facet: " + ", ".join(sorted(known_facets())),
            fix=did_you_mean(key, [*known_facets(), *_NOT_FACETS]),
        )
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, str | int | float) or not str(value).strip():
        raise ModelError(f"{key} is {shown(value)}", where=str(file), expected="a text or a number")
    return one_line(str(value).strip(), _LONGEST_NAME)
