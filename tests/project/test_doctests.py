"""The examples in docstrings are true."""

from __future__ import annotations

import doctest
import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def has_examples(path: Path) -> bool:
    return re.search(r"^\s*>>> ", path.read_text(encoding="utf-8"), re.MULTILINE) is not None


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = sorted(module_name(path) for path in (ROOT / "robustcheck").rglob("*.py") if has_examples(path))


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_are_true(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    failed, tried = doctest.testmod(importlib.import_module(name))
    assert not failed, capsys.readouterr().out
    assert tried
