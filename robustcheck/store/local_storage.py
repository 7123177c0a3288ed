"""A directory as storage: files that appear whole, and locks that the kernel frees."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from robustcheck.disk import write_atomically
from robustcheck.errors import SetupError
from robustcheck.store.locks import lock_file
from robustcheck.store.storage import Kept, Lock, NoLock


@dataclass(frozen=True, slots=True)
class LocalStorage:
    """Keeps files in a directory, which is made with the first of them."""

    root: Path
    what: str = "the store"

    @property
    def has_locks(self) -> bool:
        """Return True."""
        return True

    @property
    def is_read_only(self) -> bool:
        """Say whether the directory, or the nearest one above it that is there, cannot be written."""
        if os.access(self.root, os.W_OK | os.X_OK):  # asked with each file, and mostly so
            return False
        nearest = next((place for place in (self.root, *self.root.absolute().parents) if place.is_dir()), self.root)
        return not os.access(nearest, os.W_OK | os.X_OK)

    def require_reachable(self) -> None:
        """Do nothing."""

    def place(self, name: str) -> str:
        """Return the path of a file."""
        return str(self.root / name)

    def read(self, name: str, start: int = 0, stop: int | None = None) -> bytes | None:
        """Return the bytes of a file from ``start`` up to ``stop``, or None when it is not there."""
        try:
            # Asked for more often than any other file operation, mostly for what is not there: no path is made of it.
            with open(f"{self.root}/{name}", "rb") as file:
                file.seek(start)
                return file.read(-1 if stop is None else stop - start)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise SetupError(f"{self.what} cannot be read ({error})", where=self.place(name)) from error

    def write(self, name: str, pieces: Iterable[bytes], *, lasting: bool = True) -> None:
        """Write a file beside its place, then put it there."""
        if not lasting and self.is_read_only:
            return
        write_atomically(self.root / name, pieces, lasting=lasting)

    def write_new(self, name: str, content: bytes) -> bool:
        """Write a file unless one is there; two that come at one time both write, and the last one stays."""
        if self.has(name):
            return False
        self.write(name, [content])
        return True

    def has(self, name: str) -> bool:
        """Say whether a file is there."""
        return (self.root / name).is_file()

    def directories(self) -> tuple[str, ...]:
        """Return the names of the directories directly below the root."""
        return tuple(sorted(path.name for path in self.root.glob("*") if path.is_dir()))

    def files(self, under: str = "") -> Iterator[Kept]:
        """Yield every file below a directory, by name; one that vanishes meanwhile is left out."""
        for path in sorted((self.root / under).rglob("*")):
            try:
                status = path.stat()
            except FileNotFoundError:
                continue
            if path.is_file():
                yield Kept(path.relative_to(self.root).as_posix(), status.st_size, status.st_mtime)

    def remove(self, name: str) -> None:
        """Remove a file, and the directories that it leaves empty."""
        path = self.root / name
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise SetupError(f"the file cannot be removed ({error})", where=str(path)) from error
        for parent in path.relative_to(self.root).parents[:-1]:
            try:
                (self.root / parent).rmdir()
            except OSError:  # it holds other files, or is gone
                break

    def take_lock(self, name: str, *, wait: bool) -> Lock | None:
        """Return the lock of a file; where another process holds it, wait for it or return None.

        Where nothing can be written nobody needs one.
        """
        if self.is_read_only:
            return NoLock()
        return lock_file(self.root / name, wait=wait)
