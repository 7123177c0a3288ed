"""A bucket, or what else fsspec knows by a URL, as storage.

There are no locks: two processes may make one part twice. Parts are content-addressed, so that is harmless, and where
the service has conditional writes the first one stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Any

from robustcheck.errors import SetupError
from robustcheck.store.outages import NoAnswer, Outage
from robustcheck.store.storage import Kept, NoLock

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_AT_ONCE_BYTES = 32 * 2**20
_S3 = ("s3", "s3a")
_NEVER_THERE = "may-this-be-written"
_EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gcs", "gcs": "gcs"}


@dataclass(frozen=True, slots=True)
class UrlStorage:
    """Keeps files below a path of a file system of fsspec."""

    url: str
    file_system: AbstractFileSystem
    root: str
    what: str = "the store"
    outage: Outage = field(default_factory=Outage, repr=False, compare=False)
    _refuses: list[bool] = field(default_factory=list, repr=False, compare=False)

    @property
    def _scheme(self) -> str:
        return self.url.partition("://")[0]

    @property
    def has_locks(self) -> bool:
        """Return False."""
        return False

    @property
    def is_read_only(self) -> bool:
        """Say whether S3 refuses to write here, which is asked once; of other services it is not known beforehand."""
        if not self._refuses:
            self._refuses.append(self._scheme in _S3 and _refuses_writing(self.file_system, self.root))
        return self._refuses[0]

    def require_reachable(self) -> None:
        """Raise SetupError where the service does not answer, refuses these credentials, or has no such bucket."""
        if self._scheme not in _EXTRAS:
            return
        bucket = self.root.partition("/")[0]
        with self._explained("reached", ""):
            try:
                # Asked whether a bucket exists, clients answer False to every error on the way.
                self.file_system.ls(self.root)
            except FileNotFoundError as error:
                if not self._is_only_empty(bucket, error):
                    raise FileNotFoundError(f"there is no bucket {bucket}") from error

    def _is_only_empty(self, bucket: str, error: FileNotFoundError) -> bool:
        """Say whether a listing failed because it found nothing, which the client of S3 says in its own name."""
        return error.__cause__ is None if self._scheme in _S3 else bool(self.file_system.exists(bucket))

    def place(self, name: str) -> str:
        """Return the URL of a file."""
        return f"{self.url}/{name}" if name else self.url

    def read(self, name: str, start: int = 0, stop: int | None = None) -> bytes | None:
        """Return the bytes of a file from ``start`` up to ``stop``, or None when it is not there."""
        with self._explained("read", name):
            try:
                return bytes(self.file_system.cat_file(self._path(name), start=start, end=stop))
            except FileNotFoundError:
                return None

    def write(self, name: str, pieces: Iterable[bytes], *, lasting: bool = True) -> None:
        """Send a file; it is there when all of it has arrived."""
        if not lasting and self.is_read_only:
            return
        with self._explained("written", name):
            begun, rest = _begun(iter(pieces))
            if rest == ():
                self.file_system.pipe_file(self._path(name), begun)
            else:
                self._send_in_parts(name, chain([begun], rest))

    def _send_in_parts(self, name: str, pieces: Iterable[bytes]) -> None:
        file = self.file_system.open(self._path(name), "wb", autocommit=False)
        try:
            file.writelines(pieces)
            file.close()
        except BaseException:
            file.discard()
            raise
        file.commit()

    def write_new(self, name: str, content: bytes) -> bool:
        """Send a file unless one is there, by a conditional write."""
        with self._explained("written", name):
            try:
                self.file_system.pipe_file(self._path(name), content, mode="create")
            except FileExistsError:
                return False
            return True

    def has(self, name: str) -> bool:
        """Say whether a file is there, by its first byte: no file of a store is empty."""
        return self.read(name, 0, 1) is not None

    def directories(self) -> tuple[str, ...]:
        """Return the names of the directories directly below the URL, by one listing of those alone."""
        with self._explained("listed", ""):
            try:
                found = self.file_system.ls(self.root, detail=True)
            except FileNotFoundError:
                return ()
        names = (each["name"].rstrip("/") for each in found if each["type"] == "directory")
        return tuple(sorted(name.rpartition("/")[2] for name in names))

    def files(self, under: str = "") -> Iterator[Kept]:
        """Yield every file below a directory, by name."""
        with self._explained("listed", under):
            found = self.file_system.find(self._path(under), detail=True)
        for path, facts in sorted(found.items()):
            yield Kept(path.removeprefix(self.root + "/"), int(facts["size"]), _written(facts))

    def remove(self, name: str) -> None:
        """Remove a file."""
        with self._explained("written", name):
            try:
                self.file_system.rm_file(self._path(name))
            except FileNotFoundError:
                return

    def take_lock(self, name: str, *, wait: bool) -> NoLock:
        """Return what stands for a lock."""
        return NoLock()

    def _path(self, name: str) -> str:
        return f"{self.root}/{name}" if name else self.root

    @contextmanager
    def _explained(self, done: str, name: str) -> Iterator[None]:
        """Say which file of which store it was, whatever a backend raises."""
        try:
            with self.outage.asking():
                yield
        # Each backend has errors of its own, and many of them are not OSErrors.
        except Exception as error:
            reason = str(error) if isinstance(error, NoAnswer) else f"{type(error).__name__}: {error}"
            raise SetupError(
                f"{self.what} cannot be {done} ({reason})",
                where=self.place(name),
                fix="see that the bucket exists, that its service is reachable, and that your credentials may list, "
                "read and write there",
            ) from error


def open_url(url: str, what: str = "the store") -> UrlStorage:
    """Return the storage at a URL; raise SetupError where its kind is unknown or its package is not installed."""
    from fsspec.core import url_to_fs

    scheme = url.partition("://")[0]
    try:
        # A listing that is remembered would hide what other workers write.
        file_system, root = url_to_fs(url, use_listings_cache=False)
    except ImportError as error:
        package = f"robustcheck[{_EXTRAS[scheme]}]" if scheme in _EXTRAS else "the package that it names"
        raise SetupError(f"{scheme}:// needs a package ({error})", where=url, fix=f"install {package}") from error
    except ValueError as error:
        raise SetupError(
            f"{what} cannot be opened ({error})",
            where=url,
            expected="a directory, or a URL such as s3://bucket/path",
        ) from error
    return UrlStorage(url.rstrip("/"), file_system, root.rstrip("/"), what, _outage(file_system))


@lru_cache
def _outage(file_system: AbstractFileSystem) -> Outage:
    """Return what is remembered of the failures of a service."""
    return Outage()


def _refuses_writing(file_system: Any, root: str) -> bool:
    """Say whether S3 refuses to write below a path: a file in parts is begun and dropped, so it is never there.

    Where the service does not answer, whoever needs a file says so.
    """
    bucket, _, path = root.partition("/")
    place = {"Bucket": bucket, "Key": f"{path}/{_NEVER_THERE}".lstrip("/")}
    try:
        begun = file_system.call_s3("create_multipart_upload", **place)
    except PermissionError:
        return True
    except Exception:
        return False
    # One that may not be dropped has no part and takes no room.
    with suppress(Exception):
        file_system.call_s3("abort_multipart_upload", UploadId=begun["UploadId"], **place)
    return False


def _begun(pieces: Iterator[bytes]) -> tuple[bytes, Iterable[bytes]]:
    """Return what can be sent at once, and what comes after it: nothing for most files."""
    begun = bytearray()
    for piece in pieces:
        begun += piece
        if len(begun) > _AT_ONCE_BYTES:
            return bytes(begun), pieces
    return bytes(begun), ()


def _written(facts: dict[str, object]) -> float:
    """Return when a file was written, in seconds since 1970, from what a backend calls it; 0 where it does not say."""
    times = (facts.get(name) for name in ("LastModified", "mtime", "created", "updated"))
    found = next((time for time in times if time is not None), 0.0)
    if isinstance(found, str):
        found = datetime.fromisoformat(found)
    return found.timestamp() if isinstance(found, datetime) else float(str(found))
