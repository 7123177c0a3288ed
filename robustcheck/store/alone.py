"""To change a file by what it holds, alone: two processes that add to one history must not undo each other.

A directory has locks that the kernel frees. In a bucket whoever makes the file of the lock has it, which needs the
service's conditional writes. Nobody takes such a lock from another: that could not be done without two having it.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from robustcheck.errors import SetupError
from robustcheck.store.storage import Storage, holding

_PATIENCE_SECONDS = 60.0
_LOOKS_EVERY_SECONDS = 0.1


@contextmanager
def alone(storage: Storage, name: str, patience: float = _PATIENCE_SECONDS) -> Iterator[None]:
    """Hold a name while no other process does; raise SetupError where another one in a bucket does not let go."""
    lock = f"{name}.lock"
    if storage.has_locks:
        with holding(storage, lock):
            yield
        return
    _claim(storage, lock, patience)
    try:
        yield
    finally:
        storage.remove(lock)


def _claim(storage: Storage, lock: str, patience: float) -> None:
    said = f"{platform.node()}, process {os.getpid()}, {datetime.now(UTC).isoformat(timespec='seconds')}"
    until = time.monotonic() + patience
    while not storage.write_new(lock, said.encode()):
        if time.monotonic() > until:
            holder = (storage.read(lock) or b"nobody any more").decode(errors="replace")
            raise SetupError(
                f"another run does not let go of the lock ({holder})",
                where=storage.place(lock),
                fix="run again; if that process is gone, remove the file of the lock",
            )
        time.sleep(_LOOKS_EVERY_SECONDS)
