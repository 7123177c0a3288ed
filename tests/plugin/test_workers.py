"""What a worker of xdist is to measuring."""

from __future__ import annotations

from robustcheck.measure import InProcess, Shared
from robustcheck.plugin.workers import worker_engine


def test_a_process_of_its_own_does_every_job() -> None:
    assert worker_engine({}) == InProcess()


def test_a_worker_shares_the_jobs_beginning_at_its_place() -> None:
    assert worker_engine({"PYTEST_XDIST_WORKER": "gw3", "PYTEST_XDIST_WORKER_COUNT": "4"}) == Shared(3, 4)
