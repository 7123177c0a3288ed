"""Packages that are installed for the time of a test."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Protocol

import pytest

from robustcheck import registry


class Install(Protocol):
    """Install a package with one module and one entry point of a group of the registry."""

    def __call__(self, name: str, code: str, group: str = ..., version: str = ...) -> Path: ...


def installer(directory: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    def install(name: str, code: str, group: str = "transforms", version: str = "1.2") -> Path:
        """Install ``code`` as a module whose ``MADE`` is registered; return the directory that has it."""
        place, module = directory / name / version, name.replace("-", "_")
        info = place / f"{module}-{version}.dist-info"
        info.mkdir(parents=True)
        (place / f"{module}.py").write_text(code)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        (info / "entry_points.txt").write_text(f"[robustcheck.{group}]\nmine = {module}:MADE\n")
        monkeypatch.syspath_prepend(str(place))
        monkeypatch.delitem(sys.modules, module, raising=False)
        registry.forget()
        return place

    return install
