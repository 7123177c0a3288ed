"""The card that models run on: how much memory it has, told by its driver and without torch.

A run is planned before torch is imported, and models are grouped by the memory that they fit into together.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from functools import cache

GIB = 2**30
ON_PROCESSOR, ON_CARD = 128, 256

_QUERY = ("--query-gpu=memory.total", "--format=csv,noheader,nounits")
_WITHIN_SECONDS = 10


def default_batch(device: str) -> int:
    """Return the most images that a model takes at once, where nobody says it; a card takes a whole chunk."""
    return ON_CARD if is_card(device) else ON_PROCESSOR


def is_card(device: str) -> bool:
    """Say whether models run on a card: one is meant by the device, and is here."""
    return _card_bytes(device) > 0


def default_memory(device: str) -> int:
    """Return the bytes for weights that are loaded together: two thirds of the card, or 8 GiB on the processor."""
    card = _card_bytes(device)
    return card * 2 // 3 if card else 8 * GIB


def _card_bytes(device: str) -> int:
    """Return the memory of the smallest card here, whichever of them torch will call the first; 0 on a processor."""
    return min(card_sizes(), default=0) if device == "auto" or device.startswith("cuda") else 0


@cache
def card_sizes() -> tuple[int, ...]:
    """Return the memory of each card here in bytes, as nvidia-smi has it; none without a driver."""
    program = shutil.which("nvidia-smi")
    return () if program is None else read_sizes(lambda: _asked(program))


def read_sizes(ask: Callable[[], str]) -> tuple[int, ...]:
    """Return the sizes in bytes that the driver's answer lists in MiB, one a line; none where it fails.

    >>> read_sizes(lambda: "81559\\n24564\\n") == (81559 * 2**20, 24564 * 2**20)
    True
    """
    try:
        return tuple(int(line) * 2**20 for line in ask().split())
    except (OSError, ValueError, subprocess.SubprocessError):
        return ()


def _asked(program: str) -> str:
    return subprocess.run(
        [program, *_QUERY], capture_output=True, text=True, timeout=_WITHIN_SECONDS, check=True
    ).stdout
