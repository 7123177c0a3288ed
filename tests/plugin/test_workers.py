"""What a worker of xdist is to measuring."""

from __future__ import annotations

import pytest

from robustcheck.errors import SetupError
from robustcheck.measure import InProcess, OnRay, Shared
from robustcheck.plugin.workers import engine_named, worker_engine


def test_a_process_of_its_own_does_every_job() -> None:
    assert worker_engine({}) == InProcess()


def test_a_worker_shares_the_jobs_beginning_at_its_place() -> None:
    assert worker_engine({"PYTEST_XDIST_WORKER": "gw3", "PYTEST_XDIST_WORKER_COUNT": "4"}) == Shared(3, 4)


def test_an_engine_is_named() -> None:
    assert engine_named("auto", {}) == InProcess()
    assert engine_named("ray", {}) == OnRay()
    assert engine_named("ray://head:10001", {}) == OnRay("ray://head:10001")


def test_an_engine_that_cannot_be_is_refused() -> None:
    with pytest.raises(SetupError, match="unknown engine 'dask'"):
        engine_named("dask", {})
    with pytest.raises(SetupError, match="run pytest without -n"):
        engine_named("ray", {"PYTEST_XDIST_WORKER": "gw0"})
