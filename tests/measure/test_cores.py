"""Cores and memory: what this process may use, and how a pass shares it out."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from robustcheck.measure import default_batch, default_memory, usable_cores
from robustcheck.measure.card import card_sizes, read_sizes
from robustcheck.measure.cores import CoreShare

HERE = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def quota(directory: Path, text: str) -> Path:
    path = directory / "cpu.max"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "cores"), [("max 100000", HERE), ("100000 100000", 1), ("150000 100000", 2), ("", HERE)]
)
def test_the_quota_of_a_container_counts(tmp_path: Path, text: str, cores: int) -> None:
    assert usable_cores({}, quota(tmp_path, text)) == min(cores, HERE)
    assert usable_cores({}, tmp_path / "none") == HERE


def test_affinity_counts_and_there_is_no_cap(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(48)), raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 96)
    assert usable_cores({}, tmp_path / "none") == 48


def test_workers_of_a_run_share_the_cores(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(12)), raising=False)
    worker = {"PYTEST_XDIST_WORKER": "gw1", "PYTEST_XDIST_WORKER_COUNT": "5"}
    assert usable_cores(worker, tmp_path / "none") == 2
    assert usable_cores(worker | {"PYTEST_XDIST_WORKER_COUNT": "50"}, tmp_path / "none") == 1


@pytest.mark.parametrize(
    ("preparing", "running", "threads"),
    [(1.0, 1.0, 4), (3.0, 1.0, 2), (0.0, 1.0, 8), (1.0, 0.0, 1), (0.0, 0.0, 8), (100.0, 1.0, 1)],
)
def test_models_run_on_their_share_of_the_cores(preparing: float, running: float, threads: int) -> None:
    """Of eight cores; images that were prepared ahead do not count as work that was run."""
    assert CoreShare(8, preparing * 4, 400, running, 100).running_threads == threads


def test_a_share_is_known_after_enough_images_of_either_kind() -> None:
    assert not CoreShare(2, 1.0, 500, 1.0, 127).is_known
    assert not CoreShare(2, 1.0, 127, 1.0, 500).is_known
    assert CoreShare(2, 1.0, 128, 1.0, 128).is_known


def test_the_memory_of_cards_is_what_the_driver_says() -> None:
    assert read_sizes(lambda: "81559\n24564\n") == (81559 * 2**20, 24564 * 2**20)
    assert read_sizes(lambda: "No devices were found") == ()

    def fails() -> str:
        raise subprocess.CalledProcessError(9, "nvidia-smi")

    assert read_sizes(fails) == ()


def test_without_a_card_the_processor_has_its_own_defaults(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    card_sizes.cache_clear()
    assert (default_batch("auto"), default_memory("auto")) == (128, 8 * 2**30)
    script = tmp_path / "nvidia-smi"
    script.write_text("#!/bin/sh\necho 24000\n")
    script.chmod(0o755)
    card_sizes.cache_clear()
    assert (default_batch("cuda:1"), default_memory("auto")) == (256, 16_000 * 2**20)
    assert (default_batch("cpu"), default_memory("cpu")) == (128, 8 * 2**30)
    card_sizes.cache_clear()
