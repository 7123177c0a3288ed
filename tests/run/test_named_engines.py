"""What a worker of xdist is to measuring."""

from __future__ import annotations

import pytest
from colour_data import write_colours
from plugin_makers import run, write

from robustcheck.errors import SetupError
from robustcheck.measure import InProcess, OnRay, Shared
from robustcheck.run.named_engines import engine_named, worker_engine


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


SUITE = """\
robustcheck: 1
title: One check of one model
models: ["fake:zero-shot"]
checks:
  - id: level
    measure: {metric: top1, dataset: ./colours}
    expect: {at_least: 10%}
"""

# The worker that has the item waits until the other one ends, and writes down what that one has made by then.
WAITING = """
import os, time
from pathlib import Path

HERE, WORKER = Path(__file__).parent, os.environ.get("PYTEST_XDIST_WORKER", "")


def pytest_runtest_setup(item):
    until = time.monotonic() + 60
    while not list(HERE.glob("ended-*")) and time.monotonic() < until:
        time.sleep(0.02)
    (HERE / "made").write_text(str(len(list((HERE / "store").rglob("*.safetensors")))))


def pytest_sessionfinish(session):
    if WORKER:
        (HERE / f"ended-{WORKER}").touch()
"""


@pytest.mark.parametrize(("words", "made"), [((), "1"), (("-x",), "0")], ids=["plain", "ends at a failure"])
def test_a_worker_without_items_lends_a_hand(pytester: pytest.Pytester, words: tuple[str, ...], made: str) -> None:
    write_colours(pytester.path / "colours", 512)
    write(pytester, "a.robust.yaml", SUITE)
    write(pytester, "conftest.py", WAITING)
    result = run(pytester, "-n", "2", *words, "--robust-store", "store")
    result.assert_outcomes(passed=1)
    assert (pytester.path / "made").read_text() == made, "files of outputs that the other worker left"
