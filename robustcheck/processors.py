"""The processors of this machine that a process may run on."""

from __future__ import annotations

import os


def scheduled_cores() -> int:
    """Return how many cores this process may run on; torch's own count leaves affinity out."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
