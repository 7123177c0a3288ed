"""Storage: the same answers from a directory, memory and a bucket, and errors in words."""

from __future__ import annotations

import pickle
import time

import pytest
from buckets import Bucket

from robustcheck.errors import SetupError
from robustcheck.store import Storage, open_storage
from robustcheck.store.url_storage import UrlStorage


def test_a_file_is_read_whole_or_in_part(storage: Storage) -> None:
    storage.write("a/b/c", [b"0123", b"", b"456789"])
    assert storage.read("a/b/c") == b"0123456789"
    assert storage.read("a/b/c", 2, 5) == b"234"
    assert storage.read("a/b/c", 7) == b"789"
    assert storage.read("a/b/d") is None
    assert [storage.has(name) for name in ("a/b/c", "a/b/d", "a/b")] == [True, False, False]


def test_a_file_is_replaced_or_kept(storage: Storage) -> None:
    assert storage.write_new("a", b"first")
    assert not storage.write_new("a", b"second")
    assert storage.read("a") == b"first"
    storage.write("a", [b"third"])
    assert storage.read("a") == b"third"


def test_files_are_listed_by_name_with_size_and_time(storage: Storage) -> None:
    for name in ("v1/b", "v1/a/x", "w/c"):
        storage.write(name, [name.encode()])
    listed = list(storage.files())
    assert [(kept.name, kept.size) for kept in listed] == [("v1/a/x", 6), ("v1/b", 4), ("w/c", 3)]
    assert all(abs(time.time() - kept.written) < 3600 for kept in listed)
    assert [kept.name for kept in storage.files("v1")] == ["v1/a/x", "v1/b"]
    assert list(storage.files("none")) == []


def test_a_file_is_removed_once_or_twice(storage: Storage) -> None:
    storage.write("a", [b"x"])
    storage.remove("a")
    storage.remove("a")
    assert not storage.has("a")


def test_a_write_that_breaks_off_leaves_nothing(storage: Storage) -> None:
    def pieces():  # type: ignore[no-untyped-def]
        yield b"x" * 100
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        storage.write("a", pieces())
    assert list(storage.files()) == []


def test_a_large_file_arrives_in_pieces_and_whole(bucket: Bucket) -> None:
    storage, piece = open_storage(bucket.new_url()), b"0123456789abcdef" * 2**16
    storage.write("a", (piece for _ in range(60)))
    assert [kept.size for kept in storage.files()] == [60 * 2**20]
    assert storage.read("a", 59 * 2**20 + 10) == piece[10:]


def test_locks_are_where_the_kernel_has_them(storage: Storage) -> None:
    first = storage.take_lock("locks/a", wait=False)
    assert first is not None
    assert (storage.take_lock("locks/a", wait=False) is None) == storage.has_locks
    first.release()


def test_a_url_travels_to_another_process(bucket: Bucket) -> None:
    storage = open_storage(bucket.new_url())
    storage.write("a", [b"x"])
    assert pickle.loads(pickle.dumps(storage)).read("a") == b"x"


def test_a_file_url_is_a_directory(tmp_path) -> None:  # type: ignore[no-untyped-def]
    assert open_storage(f"file://{tmp_path}/a%20store") == open_storage(tmp_path / "a store")
    assert isinstance(open_storage("memory://x"), UrlStorage)


def test_an_unknown_kind_of_url_is_an_error_in_words() -> None:
    with pytest.raises(SetupError, match="expected: a directory, or a URL such as s3://"):
        open_storage("floppy://a/b")


def test_a_package_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import fsspec.core

    def missing(url: str, **options: object) -> None:
        raise ImportError("Install gcsfs to access Google Storage")

    monkeypatch.setattr(fsspec.core, "url_to_fs", missing)
    with pytest.raises(SetupError, match=r"install robustcheck\[gcs\]"):
        open_storage("gs://bucket/x")


def test_a_bucket_that_is_not_there_is_an_error_in_words(bucket: Bucket) -> None:
    storage = open_storage("s3://no-such-bucket/store")
    assert storage.read("a") is None
    with pytest.raises(SetupError, match="s3://no-such-bucket/store/a: the store cannot be written"):
        storage.write("a", [b"x"])
