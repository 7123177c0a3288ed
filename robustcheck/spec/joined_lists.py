"""Lists of the YAML in options that take several values: ``eps: [1/255, 2/255]`` is ``eps: 1/255 2/255``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from robustcheck.files.yaml_scalars import is_text_or_number, scalar_text
from robustcheck.spec.names import KnownNames, KnownOption

# The sorts of options that take several values, and what stands between these in a text.
LISTED = {"fractions": " ", "models": ", "}


def join_lists(data: object, names: KnownNames) -> object:
    """Return a part of the file with such lists as texts, in every quantity of it; other lists stay as they are."""
    if isinstance(data, list):
        return [join_lists(item, names) for item in data]
    if not isinstance(data, dict):
        return data
    found = {key: join_lists(value, names) for key, value in data.items()}
    options, metric = found.get("options"), found.get("metric")
    if isinstance(options, dict) and isinstance(metric, str):
        found["options"] = _joined(options, names.options.get(metric, {}))
    return found


def _joined(options: Mapping[str, Any], known: Mapping[str, KnownOption]) -> dict[str, Any]:
    return {
        name: LISTED[known[name].sort].join(map(scalar_text, value))
        if name in known and known[name].sort in LISTED and _is_of_scalars(value)
        else value
        for name, value in options.items()
    }


def _is_of_scalars(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(map(is_text_or_number, value))
