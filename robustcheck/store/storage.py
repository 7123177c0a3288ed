"""Storage: the narrow seam between the store and what keeps its files: a directory, or a bucket at a URL.

A name is a path with forward slashes below the root, such as ``v1/heads/ab/ab12/whole.array``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that is kept: its name, its size in bytes, and when it was written (seconds since 1970)."""

    name: str
    size: int
    written: float


class Lock(Protocol):
    """A held lock."""

    def release(self) -> None:
        """Let the next one have it."""


@dataclass(frozen=True, slots=True)
class NoLock:
    """Stands for a lock where there are none."""

    def release(self) -> None:
        """Do nothing."""


class Storage(Protocol):
    """Keeps files under names. Readers see a file whole, in its old or its new form, or not at all."""

    @property
    def has_locks(self) -> bool:
        """Say whether processes can agree here on who makes what; without locks two may make the same."""

    @property
    def is_read_only(self) -> bool:
        """Say whether it is known that nothing can be written here: what is not ``lasting`` is not kept then."""

    def require_reachable(self) -> None:
        """Raise SetupError where whatever keeps the files does not answer; a directory is made when it is needed."""

    def place(self, name: str) -> str:
        """Return where a file is, for messages."""

    def read(self, name: str, start: int = 0, stop: int | None = None) -> bytes | None:
        """Return the bytes of a file from ``start`` up to ``stop``, or None when it is not there."""

    def write(self, name: str, pieces: Iterable[bytes], *, lasting: bool = True) -> None:
        """Keep a file, in the place of one of this name; without ``lasting`` it may be damaged where power is lost.

        What is not ``lasting`` can be made again: a place that is read-only leaves it out.
        """

    def write_new(self, name: str, content: bytes) -> bool:
        """Keep a file unless one of this name is there; say whether it was kept."""

    def has(self, name: str) -> bool:
        """Say whether a file is there."""

    def directories(self) -> tuple[str, ...]:
        """Return the names of the directories directly below the root."""

    def files(self, under: str = "") -> Iterator[Kept]:
        """Yield every file whose name begins with the directory ``under``, by name."""

    def remove(self, name: str) -> None:
        """Remove a file; one that is not there is no mistake."""

    def take_lock(self, name: str, *, wait: bool) -> Lock | None:
        """Return a lock; where another process holds it, wait for it or return None."""


@contextmanager
def holding(storage: Storage, name: str) -> Iterator[None]:
    """Hold a lock, waiting for whoever has it."""
    lock = storage.take_lock(name, wait=True)
    assert lock is not None, "a lock that is waited for is held"
    try:
        yield
    finally:
        lock.release()
