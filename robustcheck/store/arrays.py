"""Arrays as files that check themselves: the first line holds the sha256 of the rest. Nothing is ever unpickled."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from robustcheck.store.storage import Storage

SCHEMA = 1

_MAGIC = "robustcheck-array"


def content_key(facts: Mapping[str, Any]) -> str:
    """Return the sha256 of the facts as canonical JSON; equal facts, equal key.

    >>> content_key({"a": 1, "b": [2]}) == content_key({"b": [2], "a": 1})
    True
    """
    return hashlib.sha256(canonical_json({"schema": SCHEMA, **facts})).hexdigest()


@dataclass(frozen=True, slots=True)
class Stored:
    """An array of the store with the facts that were written beside it."""

    array: npt.NDArray[Any]
    facts: Mapping[str, Any]


def array_file(array: npt.NDArray[Any], facts: Mapping[str, Any]) -> bytes:
    """Return the content of a file that holds an array and its facts, and checks itself."""
    body = canonical_json(facts) + b"\n" + _saved(array)
    return f"{_MAGIC} {hashlib.sha256(body).hexdigest()}\n".encode() + body


def _saved(array: npt.NDArray[Any]) -> bytes:
    """Return an array as numpy saves it; that of a score, which is a row of facts, holds nothing."""
    if not array.size and array.ndim == 1:
        return _saved_empty(array.dtype)
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


@cache
def _saved_empty(dtype: np.dtype[Any]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.empty(0, dtype), allow_pickle=False)
    return buffer.getvalue()


def read_array(storage: Storage, name: str) -> Stored | None:
    """Return what ``array_file`` wrote, or None when the file is absent or its checksum is wrong."""
    head, _, body = (storage.read(name) or b"").partition(b"\n")
    if head != f"{_MAGIC} {hashlib.sha256(body).hexdigest()}".encode():
        return None
    facts, _, payload = body.partition(b"\n")
    return Stored(np.load(io.BytesIO(payload), allow_pickle=False), json.loads(facts))


def canonical_json(facts: Mapping[str, Any]) -> bytes:
    """Return facts as JSON in one form: sorted, compact, ASCII."""
    return json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode()
