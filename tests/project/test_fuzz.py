"""A short, seeded part of scripts/fuzz.py: no traceback, no hang, no memory, no other value from a flipped bit."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"
CASES = {
    "suites": 12,
    "predictions": 30,
    "manifests": 40,
    "captions": 40,
    "populations": 60,
    "models files": 40,
    "run records": 40,
    "baselines": 40,
}


@pytest.fixture(scope="module")
def fuzz() -> dict[str, Any]:
    """The script's functions."""
    sys.path.insert(0, str(SCRIPTS))
    try:
        return runpy.run_path(str(SCRIPTS / "fuzz.py"))
    finally:
        sys.path.remove(str(SCRIPTS))


@pytest.fixture(scope="module")
def kinds(fuzz: dict[str, Any]) -> dict[str, Any]:
    """Every kind of input by name."""
    return {kind.name: kind for kind in fuzz["kinds"]()}


def test_every_kind_is_fuzzed_here(kinds: dict[str, Any]) -> None:
    assert kinds.keys() == CASES.keys()


@pytest.mark.parametrize("name", CASES)
def test_honest_files_are_read(fuzz: dict[str, Any], kinds: dict[str, Any], name: str, tmp_path: Path) -> None:
    for number, files in enumerate(kinds[name].seeds):
        fuzz["write_files"](tmp_path / str(number), files)
        assert kinds[name].read(tmp_path / str(number)) is not None


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", CASES)
def test_damaged_files_end_in_words(fuzz: dict[str, Any], kinds: dict[str, Any], name: str) -> None:
    tally = fuzz["fuzz_kind"](kinds[name], CASES[name], seed=11)
    assert not tally.findings, "\n".join(tally.examples)
    assert tally.outcomes["error"] > CASES[name] / 4


@pytest.mark.filterwarnings("ignore")
def test_no_flipped_bit_gives_another_value(fuzz: dict[str, Any]) -> None:
    for tally in fuzz["fuzz_flips"](240, seed=11, patient=False):
        assert not tally.findings, "\n".join(tally.examples)


def test_a_killed_writer_leaves_whole_values(fuzz: dict[str, Any]) -> None:
    writers, _ = fuzz["fuzz_kills"](4, seed=11)
    assert sum(writers.outcomes.values()) == 4
    assert not writers.findings, "\n".join(writers.examples)


def test_the_page_counts_the_cases() -> None:
    page = (SCRIPTS.parent / "docs" / "trust.md").read_text(encoding="utf-8")
    assert "\npython scripts/fuzz.py\n" in page
