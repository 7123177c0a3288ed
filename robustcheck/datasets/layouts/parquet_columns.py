"""Which columns of a parquet file hold the images and the labels, and what the file calls the classes.

Hugging Face's ``datasets`` writes the sorts of the columns and the class names as JSON into the file's metadata.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from robustcheck.errors import DataError
from robustcheck.files.json_files import parse_json
from robustcheck.files.texts import decoded, stripped
from robustcheck.printing import shown

_METADATA = b"huggingface"
_MOST_BYTES = 2**26
Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ImageColumns:
    """The names of the image and the label column, and the class names that the file tells."""

    image: str
    label: str
    class_names: tuple[str, ...]


def columns_of(names: Sequence[str], metadata: Mapping[bytes, bytes] | None, path: Path) -> ImageColumns:
    """Return the columns of a file, given the names of all and the file's metadata."""
    features = _features((metadata or {}).get(_METADATA), str(path))
    image = _one(names, features, "Image", ("image", "img"), path)
    label = _one(names, features, "ClassLabel", ("label", "labels"), path)
    return ImageColumns(image, label, _class_names(features.get(label, {}).get("names"), str(path)))


def _features(content: bytes | None, where: str) -> dict[str, Facts]:
    """Return what the metadata say of each column; nothing where there are none."""
    if content is None:
        return {}
    if len(content) > _MOST_BYTES:
        raise DataError(f"{len(content):,} bytes of metadata", where=where, expected=f"at most {_MOST_BYTES:,}")
    told = parse_json(decoded(content, where, DataError), f"{where}: metadata", DataError)
    info = told.get("info") if isinstance(told, dict) else None
    features = info.get("features") if isinstance(info, dict) else None
    if not isinstance(features, dict) or not all(isinstance(facts, dict | list) for facts in features.values()):
        raise DataError(
            f"its metadata cannot be read: {shown(told)}",
            where=where,
            expected='as datasets writes them: {"info": {"features": {"label": {"names": [...], ...}, ...}}}',
        )
    return {name: facts for name, facts in features.items() if isinstance(facts, dict)}


def _one(columns: Sequence[str], features: Mapping[str, Facts], kind: str, usual: Sequence[str], path: Path) -> str:
    """Return the one column of a kind, or the one with the usual name."""
    of_kind = [name for name, facts in features.items() if facts.get("_type") == kind]
    named = [name for name in usual if name in columns]
    choices = of_kind if len(of_kind) == 1 else [name for name in named if not of_kind or name in of_kind]
    if len(choices) != 1 or choices[0] not in columns:
        raise DataError(
            f"{len(choices)} columns of the kind {kind}, among {', '.join(columns)}",
            where=str(path),
            expected=f"one, or one called {usual[0]}",
            fix="keep one (datasets' remove_columns), or write the set in another layout",
        )
    return choices[0]


def _class_names(names: Any, where: str) -> tuple[str, ...]:
    """Return class names in the order of their labels: a list, or a mapping of "0", "1", ... to them."""
    if names is None:
        return ()
    if isinstance(names, dict) and set(names) == {str(place) for place in range(len(names))}:
        names = [names[str(place)] for place in range(len(names))]
    if not isinstance(names, list) or not all(isinstance(name, str) and stripped(name) for name in names):
        raise DataError(
            f"its metadata call the classes {shown(names)}", where=where, expected="a list of texts, one for each label"
        )
    return tuple(map(stripped, names))
