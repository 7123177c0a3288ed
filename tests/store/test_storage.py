"""Storage: the same answers from a directory, memory and a bucket, and errors in words."""

from __future__ import annotations

import pickle
import time

import pytest
from buckets import Bucket

from robustcheck.errors import SetupError
from robustcheck.store import Storage, open_storage
from robustcheck.store.outages import NoAnswer, Outage
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


def test_a_bucket_that_can_only_be_read_is_known_and_what_need_not_last_is_not_kept(bucket: Bucket) -> None:
    url = bucket.new_url()
    open_storage(url).write("a", [b"x"])
    bucket.lock(url)
    storage = open_storage(url)
    assert storage.is_read_only
    assert storage.read("a") == b"x"
    storage.write("b", [b"x"], lasting=False)
    assert not storage.has("b")
    with pytest.raises(
        SetupError, match=r"cannot be written \(PermissionError: Access Denied\)(?s:.)*list, read and write"
    ):
        storage.write("b", [b"x"])


def test_to_learn_whether_a_bucket_can_be_written_leaves_nothing_in_it(bucket: Bucket) -> None:
    storage = open_storage(bucket.new_url())
    assert not storage.is_read_only
    assert list(storage.files()) == []


def test_a_bucket_that_asks_to_come_again_is_asked_again(bucket: Bucket) -> None:
    url = bucket.new_url()
    storage = open_storage(url)
    storage.write("a", [b"x"])
    bucket.throttle(f"{url}/a", 1)
    assert storage.read("a") == b"x"
    assert bucket.throttled[f"/{url.removeprefix('s3://')}/a"] == 0


class Broken:
    """A file system whose service does not answer, as its clients tell it."""

    def __init__(self, error: Exception) -> None:
        self.error, self.asked = error, 0

    def ls(self, path: str, **_: object) -> list[str]:
        self.asked += 1
        raise self.error

    def exists(self, path: str) -> bool:
        return False


def broken(error: Exception) -> UrlStorage:
    return UrlStorage("s3://b/x", Broken(error), "b/x", outage=Outage(lambda: 0.0))


@pytest.mark.parametrize("error", [OSError(16, "Reduce your request rate."), PermissionError("Access Denied")])
def test_a_bucket_that_does_not_answer_is_not_said_to_be_missing(error: Exception) -> None:
    with pytest.raises(SetupError, match=f"cannot be reached .{type(error).__name__}: ") as caught:
        broken(error).require_reachable()
    assert "there is no bucket" not in str(caught.value)


def test_a_bucket_that_is_empty_can_be_reached_and_one_that_is_not_there_cannot(bucket: Bucket) -> None:
    open_storage(bucket.new_url()).require_reachable()
    with pytest.raises(SetupError, match="there is no bucket nobodys"):
        open_storage("s3://nobodys/x").require_reachable()


def test_a_service_that_does_not_answer_is_not_asked_for_every_file() -> None:
    storage = broken(ConnectionError("reset by peer"))
    for _ in range(20):
        with pytest.raises(SetupError, match="reset by peer") as caught:
            storage.directories()
    assert storage.file_system.asked == 3
    assert "no answer 3 times in a row, not asked again for now; last: ConnectionError: reset by peer" in str(
        caught.value
    )


def test_an_answer_ends_an_outage_and_after_a_minute_it_is_asked_once_more() -> None:
    now = [0.0]
    outage = Outage(lambda: now[0])

    def ask(error: Exception | None = None) -> bool:
        """Ask, and say whether the question was put."""
        try:
            with outage.asking():
                if error is not None:
                    raise error
        except NoAnswer:
            return False
        except Exception:
            return True
        return True

    lost, refused = ConnectionError("lost"), PermissionError("no")
    assert [ask(lost), ask(lost), ask(refused), ask(lost), ask(lost), ask(lost), ask()] == [True] * 6 + [False]
    now[0] = 59.0
    assert not ask()
    now[0] = 60.0
    assert [ask(lost), ask()] == [True, False]
    now[0] = 120.0
    assert [ask(), ask(lost), ask()] == [True] * 3
