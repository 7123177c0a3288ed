"""The store: arrays under keys that hold everything their values depend on, in a directory or a bucket."""

from __future__ import annotations

from robustcheck.store.alone import alone
from robustcheck.store.arrays import SCHEMA, Stored, array_file, content_key, read_array
from robustcheck.store.chunks import CHUNK, Chunks, Rows
from robustcheck.store.contents import StoredPart, parts_to_prune, remove_parts, stored_parts
from robustcheck.store.keyed import Store, open_store
from robustcheck.store.local_storage import LocalStorage
from robustcheck.store.opening import Place, absolute_place, below, is_url, open_storage, place_named, require_shared
from robustcheck.store.pieces import Pieces
from robustcheck.store.storage import Kept, Lock, Storage, holding

__all__ = [
    "CHUNK",
    "SCHEMA",
    "Chunks",
    "Kept",
    "LocalStorage",
    "Lock",
    "Pieces",
    "Place",
    "Rows",
    "Storage",
    "Store",
    "Stored",
    "StoredPart",
    "absolute_place",
    "alone",
    "array_file",
    "below",
    "content_key",
    "holding",
    "is_url",
    "open_storage",
    "open_store",
    "parts_to_prune",
    "place_named",
    "read_array",
    "remove_parts",
    "require_shared",
    "stored_parts",
]
