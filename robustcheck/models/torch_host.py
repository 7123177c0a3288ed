"""What torch has on this machine: devices, and the threads that it computes with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


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
