"""The store: keys, self-checking files, chunks, and writers that are killed or meet."""

from __future__ import annotations

import subprocess
import sys
import threading

import numpy as np
import pytest

from robustcheck.errors import SetupError
from robustcheck.store import CHUNK, Store, content_key, read_array, write_array


def test_equal_facts_have_equal_keys_whatever_their_order():
    assert content_key({"a": 1, "b": "x"}) == content_key({"b": "x", "a": 1})
    assert content_key({"a": 1}) != content_key({"a": 2})
    assert content_key({"a": ["x", "y"]}) != content_key({"a": ["xy"]})


def test_an_array_comes_back_with_its_facts(tmp_path):
    array = np.arange(12, dtype=np.float32).reshape(3, 4)
    write_array(tmp_path / "x" / "a.array", array, {"scale": 1.5, "name": "é\n"})
    stored = read_array(tmp_path / "x" / "a.array")
    assert stored is not None
    assert stored.array.dtype == np.float32
    np.testing.assert_array_equal(stored.array, array)
    assert stored.facts == {"scale": 1.5, "name": "é\n"}


def test_objects_are_never_pickled(tmp_path):
    with pytest.raises(ValueError, match="allow_pickle"):
        write_array(tmp_path / "a.array", np.array([object()]), {})


@pytest.mark.parametrize("damage", ["flip", "truncate", "empty", "garbage"])
def test_damage_is_noticed(tmp_path, damage):
    path = tmp_path / "a.array"
    write_array(path, np.arange(100.0), {})
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    changed = {"flip": bytes(content), "truncate": bytes(content[:-7]), "empty": b"", "garbage": b"hello\nworld"}
    path.write_bytes(changed[damage])
    assert read_array(path) is None


def test_a_missing_array_is_none(tmp_path):
    assert read_array(tmp_path / "none.array") is None
    assert Store(tmp_path).read("heads", "ab" * 32) is None


def test_chunks_know_what_they_miss(tmp_path):
    rows = 2 * CHUNK + 10
    chunks = Store(tmp_path).chunks("outputs", content_key({}), rows)
    full = np.random.default_rng(0).normal(size=(rows, 3)).astype(np.float32)
    assert chunks.count == 3
    assert chunks.missing() == (0, 1, 2)
    for index in (2, 0):
        chunks.write(index, full[list(chunks.span(index))], {})
    assert chunks.missing() == (1,)
    assert chunks.read(1) is None
    assert [chunks.has(index) for index in range(3)] == [True, False, True]
    chunks.write(1, full[CHUNK : 2 * CHUNK], {})
    np.testing.assert_array_equal(np.concatenate([chunks.read(index) for index in range(3)]), full)


def test_rows_of_several_shapes_come_back_as_they_were(tmp_path):
    rows = tuple(
        np.arange(height * width, dtype=np.float32).reshape(height, width) for height, width in ((2, 3), (1, 4))
    )
    chunks = Store(tmp_path).chunks("outputs", content_key({}), 2, chunk_rows=16)
    chunks.write(0, rows, {"device": "cpu"})
    found = chunks.read(0)
    assert isinstance(found, tuple)
    assert [row.tolist() for row in found] == [row.tolist() for row in rows]


def test_a_chunk_of_the_wrong_length_is_refused_and_not_believed(tmp_path):
    chunks = Store(tmp_path).chunks("outputs", content_key({}), 10)
    with pytest.raises(ValueError, match="expected 10"):
        chunks.write(0, np.zeros((9, 2)), {})
    chunks.write(0, np.zeros((10, 2)), {})
    longer = Store(tmp_path).chunks("outputs", content_key({}), 12)
    assert longer.missing() == (0,)


def test_a_store_that_is_a_file_is_an_error_in_words(tmp_path):
    (tmp_path / "store").write_text("")
    with pytest.raises(SetupError, match="cannot write the file: Not a directory"):
        Store(tmp_path / "store").write("heads", "ab", np.zeros(1), {})


def test_writers_that_meet_leave_one_whole_array(tmp_path):
    store, array = Store(tmp_path), np.arange(50_000.0)

    def write() -> None:
        for _ in range(5):
            store.write("heads", "ab" * 32, array, {})

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stored = store.read("heads", "ab" * 32)
    assert stored is not None
    np.testing.assert_array_equal(stored.array, array)
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


def test_the_store_needs_no_torch():
    code = "import sys, robustcheck.store; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
