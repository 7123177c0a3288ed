"""pytest-xdist workers: they share the chunks of images, and each has its part of the cores and a device."""

from __future__ import annotations

from collections.abc import Mapping

from robustcheck.measure import Engine, InProcess, Shared


def worker_engine(environ: Mapping[str, str]) -> Engine:
    """Return the engine of this process: a worker of xdist shares the jobs of its run.

    >>> worker_engine({"PYTEST_XDIST_WORKER": "gw1", "PYTEST_XDIST_WORKER_COUNT": "4"})
    Shared(place=1, workers=4)
    """
    name = environ.get("PYTEST_XDIST_WORKER", "")
    if not name.startswith("gw"):
        return InProcess()
    return Shared(int(name[2:]), int(environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))
