"""pytest for model robustness. In Python: ``robustcheck.run(suites, models=...)`` and ``robustcheck.measure(...)``.

Both are described in ``robustcheck.api``. Nothing is imported before it is asked for: pytest loads the plugin in
every run.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from robustcheck.api import frame as frame

_ROOMS = frozenset({"run", "measure"})


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return import_module(f"robustcheck.{name}")
    if name == "frame":
        return import_module("robustcheck.api").frame
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
