"""The store: parts under their keys. Concurrent writers cannot spoil each other, and a killed one leaves no part."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt

from robustcheck.errors import SetupError
from robustcheck.store.arrays import SCHEMA, Stored, array_file, read_array
from robustcheck.store.chunks import CHUNK, Chunks
from robustcheck.store.opening import open_storage
from robustcheck.store.pieces import Pieces
from robustcheck.store.storage import Storage

_SCHEMA_DIRECTORY = re.compile(r"v[1-9][0-9]{0,5}")


@dataclass(frozen=True, slots=True)
class Store:
    """Content-addressed arrays in a storage."""

    storage: Storage

    def read(self, kind: str, key: str) -> Stored | None:
        """Return a whole array, or None when it is not there or damaged."""
        return read_array(self.storage, f"{_place(kind, key)}/whole.array")

    def write(self, kind: str, key: str, array: npt.NDArray[Any], facts: Mapping[str, Any]) -> None:
        """Keep a whole array with its facts; one that is damaged is found by its checksum, and made again."""
        self.storage.write(f"{_place(kind, key)}/whole.array", [array_file(array, facts)], lasting=False)

    def chunks(self, kind: str, key: str, rows: int, chunk_rows: int = CHUNK, order: str = "") -> Chunks:
        """Return the chunked array of a key, which has ``rows`` rows when complete; ``order`` is that of its pieces."""
        return Chunks(self.storage, _place(kind, key), Pieces(rows, chunk_rows, order))


def open_store(place: Path | str) -> Store:
    """Open the store in a directory or at a URL.

    Raises SetupError where the URL cannot be used, or where a later version of robustcheck has written.
    """
    storage = open_storage(place)
    require_own_schema(storage)
    return Store(storage)


def require_own_schema(storage: Storage) -> None:
    """Raise SetupError where parts of a later schema lie: what is shared with them could be spoilt."""
    schemas = (int(name[1:]) for name in storage.directories() if _SCHEMA_DIRECTORY.fullmatch(name))
    if (latest := max(schemas, default=SCHEMA)) > SCHEMA:
        raise SetupError(
            f"a later version of robustcheck has written to this store (schema {latest})",
            where=storage.place(""),
            expected=f"a store of schema {SCHEMA}, as this version writes it",
            fix="install the later version, or name another store: --robust-store DIR",
        )


def _place(kind: str, key: str) -> str:
    return f"v{SCHEMA}/{kind}/{key[:2]}/{key}"
