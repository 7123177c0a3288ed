"""What torch has on this machine: devices, and the threads that it computes with."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_PASSIVE = {"OMP_WAIT_POLICY": "PASSIVE", "KMP_BLOCKTIME": "0"}


def wait_passively() -> None:
    """Have OpenMP's idle threads sleep, not spin; this must come before torch is imported.

    Spinning threads take the cores that decode the next images: a pass on two cores was 1.2 times as long.
    """
    for name, value in _PASSIVE.items():
        os.environ.setdefault(name, value)


def computing_threads() -> int:
    """Return how many threads torch computes with; 1 while it is not imported."""
    torch = sys.modules.get("torch")
    return 1 if torch is None else int(torch.get_num_threads())


def compute_with(threads: int) -> None:
    """Have torch compute with so many threads, if it is imported and nobody set OMP_NUM_THREADS."""
    torch = sys.modules.get("torch")
    if torch is not None and "OMP_NUM_THREADS" not in os.environ and torch.get_num_threads() != threads:
        torch.set_num_threads(threads)


def devices() -> tuple[str, ...]:
    """Return the names of the devices here, the one that ``auto`` means first."""
    import torch

    return (*(f"cuda:{place}" for place in range(torch.cuda.device_count())), "cpu")


def device_kind(device: str) -> str:
    """Return what sort of device a name means: ``cuda`` or ``cpu``; ``auto`` is the first one here."""
    return (devices()[0] if device == "auto" else device).partition(":")[0]


@contextmanager
def host_threads(count: int) -> Iterator[None]:
    """Compute on the processor with so many threads, and with as many as before afterwards."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
