"""The YAML language: what a suite says, checked before anything is measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from robustcheck.spec.load import load_suite
from robustcheck.spec.names import KnownNames
from robustcheck.spec.suggestions import tell_kinds

if TYPE_CHECKING:
    from robustcheck.spec.schema import json_schema, reference_markdown

__all__ = ["KnownNames", "json_schema", "load_suite", "reference_markdown", "tell_kinds"]


def __getattr__(name: str) -> Any:
    # Imported on demand: a run of suites needs neither.
    if name in {"json_schema", "reference_markdown"}:
        from robustcheck.spec import schema

        return getattr(schema, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
