"""The store: keys, self-checking files, chunks, packs, and writers that are killed or meet, wherever it is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from robustcheck.errors import SetupError
from robustcheck.store import (
    CHUNK,
    Chunks,
    LocalStorage,
    Storage,
    Store,
    array_file,
    content_key,
    open_storage,
    open_store,
    read_array,
)

KEY = "ab" * 32
PLACE = f"v1/outputs/ab/{KEY}"
ROWS = 2 * CHUNK + 10
FULL = np.random.default_rng(0).normal(size=(ROWS, 3)).astype(np.float32)


def write_all(chunks: Chunks, full: np.ndarray = FULL) -> None:
    for index in range(chunks.count):
        chunks.write(index, full[list(chunks.span(index))], {"device": "cpu"})


def names(storage: Storage) -> list[str]:
    return [kept.name for kept in storage.files()]


def damaged(content: bytes, damage: str) -> bytes:
    middle = len(content) // 2
    flipped = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
    return {"flip": flipped, "truncate": content[:-7], "garbage": b"hello\nworld"}[damage]


def test_equal_facts_have_equal_keys_whatever_their_order() -> None:
    assert content_key({"a": 1, "b": "x"}) == content_key({"b": "x", "a": 1})
    assert content_key({"a": 1}) != content_key({"a": 2})
    assert content_key({"a": ["x", "y"]}) != content_key({"a": ["xy"]})


def test_an_array_comes_back_with_its_facts(storage: Storage) -> None:
    array = np.arange(12, dtype=np.float32).reshape(3, 4)
    Store(storage).write("heads", KEY, array, {"scale": 1.5, "name": "é\n"})
    stored = Store(storage).read("heads", KEY)
    assert stored is not None
    assert stored.array.dtype == np.float32
    np.testing.assert_array_equal(stored.array, array)
    assert stored.facts == {"scale": 1.5, "name": "é\n"}


def test_objects_are_never_pickled() -> None:
    with pytest.raises(ValueError, match="allow_pickle"):
        array_file(np.array([object()]), {})


@pytest.mark.parametrize("damage", ["flip", "truncate", "garbage"])
def test_damage_is_noticed(storage: Storage, damage: str) -> None:
    storage.write("a", [damaged(array_file(np.arange(100.0), {}), damage)])
    assert read_array(storage, "a") is None


def test_an_empty_file_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    assert read_array(LocalStorage(tmp_path), "a") is None


def test_a_missing_array_is_none(storage: Storage) -> None:
    assert read_array(storage, "none.array") is None
    assert Store(storage).read("heads", KEY) is None


def test_chunks_know_what_they_miss(storage: Storage) -> None:
    chunks = Store(storage).chunks("outputs", KEY, ROWS)
    assert chunks.count == 3
    assert chunks.missing() == (0, 1, 2)
    for index in (2, 0):
        chunks.write(index, FULL[list(chunks.span(index))], {})
    assert chunks.missing() == (1,)
    assert chunks.read(1) is None
    assert [chunks.has(index) for index in range(3)] == [True, False, True]
    chunks.write(1, FULL[CHUNK : 2 * CHUNK], {})
    np.testing.assert_array_equal(np.concatenate([chunks.read(index) for index in range(3)]), FULL)


def ragged() -> tuple[np.ndarray, ...]:
    shapes = ((2, 3), (1, 4), (3, 1))
    return tuple(np.arange(height * width, dtype=np.float32).reshape(height, width) for height, width in shapes)


@pytest.mark.parametrize("is_packed", [False, True])
def test_rows_of_several_shapes_come_back_as_they_were(storage: Storage, is_packed: bool) -> None:
    chunks = Store(storage).chunks("outputs", KEY, 6, chunk_rows=3)
    for index in range(2):
        chunks.write(index, ragged(), {"device": "cpu"})
    if is_packed:
        chunks.pack()
    found = chunks.read(1)
    assert isinstance(found, tuple)
    assert [row.tolist() for row in found] == [row.tolist() for row in ragged()]


def test_a_chunk_of_the_wrong_length_is_refused_and_not_believed(storage: Storage) -> None:
    chunks = Store(storage).chunks("outputs", KEY, 10)
    with pytest.raises(ValueError, match="expected 10"):
        chunks.write(0, np.zeros((9, 2)), {})
    chunks.write(0, np.zeros((10, 2)), {})
    assert Store(storage).chunks("outputs", KEY, 12).missing() == (0,)


def test_the_first_of_two_writers_stays_and_a_damaged_chunk_does_not(storage: Storage) -> None:
    chunks = Store(storage).chunks("outputs", KEY, 4)
    chunks.write(0, np.zeros((4, 1)), {})
    chunks.write(0, np.ones((4, 1)), {})
    np.testing.assert_array_equal(chunks.read(0), np.zeros((4, 1)))
    storage.write(f"{PLACE}/000000.array", [b"damaged"])
    chunks.write(0, np.ones((4, 1)), {})
    np.testing.assert_array_equal(chunks.read(0), np.ones((4, 1)))


def test_a_complete_array_is_packed_into_one_file_that_others_read(place: str) -> None:
    chunks = open_store(place).chunks("outputs", KEY, ROWS)
    write_all(chunks)
    chunks.pack()
    storage = open_storage(place)
    assert names(storage) == [f"{PLACE}/000000.safetensors"]
    assert chunks.missing() == open_store(place).chunks("outputs", KEY, ROWS).missing() == ()
    found = safetensors.numpy.load(storage.read(f"{PLACE}/000000.safetensors") or b"")
    np.testing.assert_array_equal(np.concatenate([found[name] for name in sorted(found)]), FULL)


def test_an_array_that_lacks_a_chunk_is_not_packed(storage: Storage) -> None:
    chunks = Store(storage).chunks("outputs", KEY, ROWS)
    chunks.write(0, FULL[:CHUNK], {})
    chunks.write(2, FULL[2 * CHUNK :], {})
    before = names(storage)
    chunks.pack()
    assert names(storage) == before
    assert chunks.missing() == (1,)


def test_the_last_chunk_that_is_written_packs_the_others(storage: Storage) -> None:
    chunks = Store(storage).chunks("outputs", KEY, ROWS)
    for index in (1, 0, 2):
        before = names(storage)
        chunks.write(index, FULL[list(chunks.span(index))], {})
        chunks.pack([index])
        assert (len(names(storage)) == 1) == (index in (1, 2)), before
    assert names(storage) == [f"{PLACE}/000000.safetensors"]
    assert chunks.missing() == ()


def test_packing_again_changes_nothing(storage: Storage) -> None:
    chunks = Store(storage).chunks("outputs", KEY, ROWS)
    write_all(chunks)
    chunks.pack()
    first = storage.read(f"{PLACE}/000000.safetensors")
    chunks.pack()
    assert storage.read(f"{PLACE}/000000.safetensors") == first


def test_a_damaged_chunk_of_a_pack_is_made_again_and_packed_again(storage: Storage) -> None:
    chunks = Store(storage).chunks("outputs", KEY, ROWS)
    write_all(chunks)
    chunks.pack()
    name = f"{PLACE}/000000.safetensors"
    storage.write(name, [damaged(storage.read(name) or b"", "flip")])
    (lost,) = chunks.missing()
    chunks.write(lost, FULL[list(chunks.span(lost))], {})
    assert chunks.missing() == ()
    chunks.pack()
    assert names(storage) == [name]
    assert Store(storage).chunks("outputs", KEY, ROWS).missing() == ()


def with_other(metadata: str) -> Callable[[bytes], bytes]:
    """Return what changes a text in the header of a pack and leaves its length."""

    def change(content: bytes) -> bytes:
        found = metadata.encode()
        assert content.count(found)
        return content.replace(found, found[:-1] + bytes([found[-1] ^ 1]), 1)

    return change


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda content: content[:3], id="a length that is cut"),
        pytest.param(lambda content: b"\xff" * 8 + content[8:], id="a length beyond all files"),
        pytest.param(lambda content: content[:8] + b"x" + content[9:], id="a header that is not JSON"),
        pytest.param(with_other("F32"), id="another type"),
        pytest.param(with_other("256"), id="another shape"),
        pytest.param(with_other("cpu"), id="another fact"),
    ],
)
def test_a_damaged_header_is_noticed(storage: Storage, change: Callable[[bytes], bytes]) -> None:
    chunks = Store(storage).chunks("outputs", KEY, ROWS)
    write_all(chunks)
    chunks.pack()
    name = f"{PLACE}/000000.safetensors"
    storage.write(name, [change(storage.read(name) or b"")])
    assert Store(storage).chunks("outputs", KEY, ROWS).missing() == (0, 1, 2)


def test_large_chunks_stay_as_they_are(tmp_path: Path) -> None:
    chunks = Store(LocalStorage(tmp_path)).chunks("outputs", KEY, 4, chunk_rows=2)
    write_all(chunks, np.zeros((4, 2**18)))
    chunks.pack()
    assert len(names(LocalStorage(tmp_path))) == 2


def test_a_reader_that_began_before_the_packing_goes_on(storage: Storage) -> None:
    reader, packer = (Store(storage).chunks("outputs", KEY, ROWS) for _ in range(2))
    write_all(packer)
    first = reader.read(0)
    packer.pack()
    np.testing.assert_array_equal(np.concatenate([first, reader.read(1), reader.read(2)]), FULL)


def test_a_store_of_an_earlier_version_is_still_read() -> None:
    """A chunk as 0.2.0 wrote it, byte for byte."""
    written = Path(__file__).with_name("chunk-0.2.0.array").read_bytes()
    storage = open_storage("memory://earlier/store")
    storage.write(f"{PLACE}/000000.array", [written])
    rows = Store(storage).chunks("outputs", KEY, 2).read(0)
    np.testing.assert_array_equal(rows, np.array([[0.5, 1.5], [2.5, 3.5]], np.float32))


def test_a_store_that_is_a_file_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("")
    with pytest.raises(SetupError, match="cannot write the file: Not a directory"):
        open_store(tmp_path / "store").write("heads", "ab", np.zeros(1), {})


def test_writers_that_meet_leave_one_whole_array(tmp_path: Path) -> None:
    store, array = open_store(tmp_path), np.arange(50_000.0)

    def write() -> None:
        for _ in range(5):
            store.write("heads", KEY, array, {})

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stored = store.read("heads", KEY)
    assert stored is not None
    np.testing.assert_array_equal(stored.array, array)
    assert len(names(store.storage)) == 1


def test_a_store_in_a_directory_loads_neither_torch_nor_fsspec() -> None:
    code = (
        "import sys, json, robustcheck.store as s; s.open_store('x').read('heads', 'ab');"
        "print(json.dumps(sorted({'torch', 'fsspec', 's3fs', 'ray', 'submitit'} & set(sys.modules))))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert json.loads(done.stdout) == []


def test_outputs_wait_for_the_disk_and_what_is_worked_out_from_them_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    store = open_store(tmp_path)
    store.write("scores", "ab", np.zeros(3), {})
    assert synced == []
    chunks = store.chunks("outputs", "cd", CHUNK + 1)
    chunks.write(0, np.zeros((CHUNK, 4)), {})
    chunks.write(1, np.zeros((1, 4)), {})
    assert len(synced) == 2
    chunks.pack()
    assert len(synced) == 3


def test_a_disk_without_room_for_a_pack_leaves_the_chunks_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chunks = open_store(tmp_path).chunks("outputs", KEY, ROWS)
    write_all(chunks)
    before = names(chunks.storage)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    chunks.pack()
    assert names(chunks.storage) == before
    assert chunks.missing() == ()


def test_a_store_that_a_later_version_wrote_is_refused_and_left_alone(place: str) -> None:
    store = open_store(place)
    store.write("heads", KEY, np.zeros(3), {})
    assert open_store(place).read("heads", KEY) is not None
    store.storage.write("v2/heads/ab/ab12/whole.array", [b"of another form"])
    with pytest.raises(SetupError, match=r"a later version of robustcheck has written to this store \(schema 2\)"):
        open_store(place)
    assert len(names(store.storage)) == 2
