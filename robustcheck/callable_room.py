"""Rooms that are functions too: ``robustcheck.run(...)`` is ``robustcheck.api.run(...)``."""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any


class CallableRoom(ModuleType):
    """A package whose call is the function of its name in ``robustcheck.api``."""

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Call the function; it is imported then, so that the package itself stays light."""
        return getattr(import_module("robustcheck.api"), self.__name__.rpartition(".")[2])(*args, **options)


def make_callable(name: str) -> None:
    """Let a package be called; ``name`` is its full name."""
    sys.modules[name].__class__ = CallableRoom
