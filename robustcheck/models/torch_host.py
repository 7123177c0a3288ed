"""What torch has on this machine: devices, and the threads that it computes with."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

# What models.torch_running chooses on a card, in words.
CARD_KERNELS = {
    "tf32": "off",
    "convolutions": "deterministic, not benchmarked",
    "attention": "flash, memory-efficient or math",
}
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


def kernel_facts(device: str) -> Mapping[str, str]:
    """Return the card and the kernels that are chosen on it, for provenance; nothing on a processor."""
    torch = sys.modules.get("torch")
    if torch is None or not (device.startswith("cuda") or (device == "auto" and torch.cuda.is_available())):
        return {}
    return {"card": str(torch.cuda.get_device_name(None if device == "auto" else device)), **CARD_KERNELS}


def free_bytes(device: str) -> int | None:
    """Return the memory that a card has for more weights, a sixth of it left to what they compute; None elsewhere."""
    torch = sys.modules.get("torch")
    if torch is None or not (device.startswith("cuda") or (device == "auto" and torch.cuda.is_available())):
        return None
    card = torch.device("cuda" if device == "auto" else device)
    free, total = torch.cuda.mem_get_info(card)
    # What torch holds and does not use is free for it.
    unused = torch.cuda.memory_reserved(card) - torch.cuda.memory_allocated(card)
    return int(free + unused - total // 6)


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
