"""Processor cores: how many there are for this process, and how a pass shares them out.

A pass decodes on some threads and runs models on others. Both at once on all cores is more than the machine has; what
bounds the pass should have most of them. How long decoding and running take is measured on its first images.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from robustcheck.processors import scheduled_cores

_QUOTA = Path("/sys/fs/cgroup/cpu.max")
# Before so many images both have all cores: the first ones pay for what is loaded on the way.
MEASURED_IMAGES = 128


def usable_cores(environ: Mapping[str, str] | None = None, quota: Path = _QUOTA) -> int:
    """Return how many cores this process may use, at least 1.

    Its affinity and the quota of its container count, and the workers of pytest-xdist share them.
    """
    environ = os.environ if environ is None else environ
    workers = int(environ.get("PYTEST_XDIST_WORKER_COUNT", "1")) if "PYTEST_XDIST_WORKER" in environ else 1
    cores = scheduled_cores()
    return max(1, min(cores, _allowed(quota) or cores) // workers)


def _allowed(quota: Path) -> int | None:
    """Return the cores of a cgroup's quota, rounded up: ``200000 100000`` microseconds are two. None without one."""
    try:
        limit, period = quota.read_text().split()
        return -(-int(limit) // int(period))
    except (OSError, ValueError):
        return None


@dataclass(slots=True)
class CoreShare:
    """What the first images of a pass cost, in seconds of one core; ``images`` counts those that were run."""

    cores: int
    preparing: float = 0.0
    prepared: int = 0
    running: float = 0.0
    images: int = 0

    @property
    def is_known(self) -> bool:
        """Whether enough images were seen."""
        return min(self.images, self.prepared) >= MEASURED_IMAGES

    @property
    def running_threads(self) -> int:
        """Return how many cores run models, at least 1: their share of the work.

        >>> CoreShare(8, preparing=3.0, prepared=128, running=1.0, images=128).running_threads
        2
        """
        prepare, run = self.preparing / max(self.prepared, 1), self.running / max(self.images, 1)
        share = run / (prepare + run) if prepare + run > 0 else 1.0
        return max(1, min(self.cores, round(self.cores * share)))
