"""Engines by their names, and that of a worker of pytest-xdist: workers share the chunks of images."""

from __future__ import annotations

from collections.abc import Mapping

from robustcheck.errors import SetupError
from robustcheck.measure import Engine, InProcess, OnRay, Shared


def engine_named(name: str, environ: Mapping[str, str]) -> Engine:
    """Return the engine that an option names; raise SetupError for an unknown one.

    >>> engine_named("ray://head:10001", {})
    OnRay(address='ray://head:10001', task_images=4096)
    """
    if name == "auto":
        return worker_engine(environ)
    if name != "ray" and not name.startswith("ray://"):
        raise SetupError(
            f"unknown engine {name!r}", where="--robust-engine", expected="auto, ray, or ray://HOST:PORT of a cluster"
        )
    if environ.get("PYTEST_XDIST_WORKER", "").startswith("gw"):
        raise SetupError("Ray has workers of its own", where="--robust-engine", fix="run pytest without -n")
    return OnRay(None if name == "ray" else name)


def worker_engine(environ: Mapping[str, str]) -> Engine:
    """Return the engine of this process: a worker of xdist shares the jobs of its run.

    >>> worker_engine({"PYTEST_XDIST_WORKER": "gw1", "PYTEST_XDIST_WORKER_COUNT": "4"})
    Shared(place=1, workers=4)
    """
    name = environ.get("PYTEST_XDIST_WORKER", "")
    if not name.startswith("gw"):
        return InProcess()
    return Shared(int(name[2:]), int(environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))
