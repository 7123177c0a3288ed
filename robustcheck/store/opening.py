"""Open a storage: a directory, or whatever fsspec knows by a URL. Backends are imported when a URL asks for them."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from robustcheck.errors import SetupError
from robustcheck.store.local_storage import LocalStorage
from robustcheck.store.storage import Storage

# A directory, or a URL that fsspec knows.
Place = str | Path


def is_url(place: Place) -> bool:
    """Say whether a place is a URL, not a path.

    >>> is_url("s3://bucket/robustcheck"), is_url("store"), is_url(Path("store"))
    (True, False, False)
    """
    return isinstance(place, str) and "://" in place


def below(place: Place, name: str) -> Place:
    """Return the place of a name below a place.

    >>> below("s3://bucket/robustcheck/", "series")
    's3://bucket/robustcheck/series'
    """
    return f"{str(place).rstrip('/')}/{name}" if is_url(place) else Path(place) / name


def place_named(text: str) -> Place:
    """Return the place that a person names: a URL, or a path.

    >>> place_named("s3://bucket/home"), str(place_named("home"))
    ('s3://bucket/home', 'home')
    """
    return text if is_url(text) else Path(text)


def absolute_place(place: Place) -> Place:
    """Return a place that means the same in every process: a URL, or an absolute path."""
    return place if is_url(place) else Path(place).expanduser().resolve()


def require_shared(place: Place) -> None:
    """Raise SetupError for a place that other processes do not see."""
    if str(place).startswith("memory:"):
        raise SetupError("workers cannot share a store in memory", where=str(place), expected="a directory or a bucket")


def open_storage(place: Place, what: str = "the store") -> Storage:
    """Return the storage of a directory or a URL; raise SetupError for a URL that cannot be used.

    ``what`` is kept there, as errors call it.
    """
    if not is_url(place):
        return LocalStorage(Path(place), what)
    url = urlsplit(str(place))
    if url.scheme == "file":
        return LocalStorage(Path(unquote(url.path)), what)
    # Here, because a run on a directory needs no fsspec.
    from robustcheck.store.url_storage import open_url

    return open_url(str(place), what)
