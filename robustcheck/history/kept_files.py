"""Files of the home: the directory or bucket that baselines, series and what else lasts are kept in."""

from __future__ import annotations

from pathlib import Path

from robustcheck.errors import RecordError
from robustcheck.files.texts import read_bytes
from robustcheck.store import Place, Storage, is_url, open_storage

_HOME = "the home"


def open_home(place: Place) -> Storage:
    """Return the storage of the home, or of a place in it."""
    return open_storage(place, _HOME)


def read_kept(place: Place, name: str, what: str = "") -> bytes | None:
    """Return a file of the home, or None when it is not there.

    What cannot be read on this machine is a RecordError, what a bucket refuses a SetupError.
    """
    if is_url(place):
        return open_home(place).read(name)
    path = Path(place) / name
    return read_bytes(path, RecordError, what=what) if path.exists() else None
