"""The command store: sizes, and room made."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from command import Robustcheck, refused

from robustcheck.store import Store, open_store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with a head and two outputs, where the command looks for it."""
    store = open_store(tmp_path / ".robustcheck" / "store")
    store.write("heads", "aa" * 32, np.zeros(3), {})
    for key, reading in (("bb" * 32, "pooled"), ("cc" * 32, "pgd")):
        store.chunks("outputs", key, 2).write(0, np.zeros((2, 50_000)), {"reading": reading})
    return store


def test_it_says_what_is_stored(robustcheck: Robustcheck, store: Store) -> None:
    said = robustcheck("store", "--size")
    assert said.code == 0
    rows = [line.split() for line in said.out.splitlines()]
    assert ["outputs", "pgd", "1", "1", "800.2", "KB"] in rows
    assert rows[-1][:2] == ["3", "parts,"]
    assert robustcheck("store").out == said.out


def test_it_makes_room(robustcheck: Robustcheck, store: Store) -> None:
    said = robustcheck("store", "--prune", "1MB", "--dry-run")
    assert said.out == "would be removed: 1 of 3 parts, 800.2 KB\n"
    assert robustcheck("store", "--prune", "0B", "--reading", "pgd").out == "removed: 1 of 3 parts, 800.2 KB\n"
    assert "pgd" not in robustcheck("store").out
    assert store.read("heads", "aa" * 32) is not None
    assert robustcheck("store", "--prune", "30d").out == "removed: 0 of 2 parts, 0 B\n"


def test_attacks_and_feature_maps_make_room(robustcheck: Robustcheck, store: Store) -> None:
    """They fill disks: an attacked image has a row for each size, a feature map one for each patch."""
    maps = tuple(np.zeros((8, 50 + place)) for place in range(2))
    store.chunks("outputs", "dd" * 32, 2).write(0, maps, {"reading": "feature_map"})
    store.chunks("outputs", "ee" * 32, 2).write(0, np.zeros((2, 9)), {"reading": "attacked"})
    rows = [line.split()[:3] for line in robustcheck("store", "--size").out.splitlines()]
    assert [row for row in rows if row[1] in ("attacked", "feature_map")] == [
        ["outputs", "attacked", "1"],
        ["outputs", "feature_map", "1"],
    ]
    for reading in ("attacked", "feature_map"):
        assert robustcheck("store", "--prune", "0B", "--reading", reading).out.startswith("removed: 1 of ")
    assert {line.split()[1] for line in robustcheck("store").out.splitlines() if "outputs" in line} == {"pgd", "pooled"}


def test_an_amount_without_a_unit_is_a_mistake(robustcheck: Robustcheck, store: Store) -> None:
    said = robustcheck("store", "--prune", "30")
    assert said.code == 2
    assert "expected: an age such as 30d, or a size such as 200GB" in said.err


@pytest.mark.parametrize("option", ["--store", "--home"])
def test_a_store_that_is_named_and_not_there_is_a_mistake(robustcheck: Robustcheck, option: str) -> None:
    refused(
        robustcheck("store", option, "tpyo"),
        "tpyo",
        "there is no store",
        "expected: a directory that a run has written",
    )


def test_a_store_that_no_run_has_written_yet_is_empty(robustcheck: Robustcheck) -> None:
    assert robustcheck("store").out.splitlines()[-1] == "0 parts, 0 B"
