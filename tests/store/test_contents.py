"""What a store holds, and what is removed to make room."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from robustcheck.store import Kept, Storage, Store, StoredPart, parts_to_prune, remove_parts, stored_parts


def fill(storage: Storage) -> None:
    """Keep a head, outputs that are packed, outputs that are not, and what lies beside the parts."""
    store = Store(storage)
    store.write("heads", "aa" * 32, np.zeros(3), {})
    for key, reading in (("bb" * 32, "pooled"), ("cc" * 32, "attack")):
        chunks = store.chunks("outputs", key, 4, chunk_rows=2)
        for index in range(2):
            chunks.write(index, np.zeros((2, 5)), {"reading": reading})
        if reading == "pooled":
            chunks.pack()
    store.chunks("outputs", "dd" * 32, 2).write(0, np.zeros((2, 5)), {"device": "cpu"})
    storage.write("samples/x.npz", [b"x"])
    storage.write("locks/y", [b"y"])


def test_parts_are_told_apart_by_kind_and_reading(storage: Storage) -> None:
    fill(storage)
    found = {(part.kind, part.reading): len(part.files) for part in stored_parts(storage)}
    assert found == {
        ("heads", ""): 1,
        ("outputs", "pooled"): 1,
        ("outputs", "attack"): 2,
        ("outputs", "not said"): 1,
        ("samples", ""): 1,
    }
    assert sum(part.size for part in stored_parts(storage)) == sum(kept.size for kept in storage.files()) - 1


def test_what_is_removed_is_gone_and_the_rest_stays(storage: Storage) -> None:
    fill(storage)
    parts = stored_parts(storage)
    remove_parts(storage, parts_to_prune(parts, reading="attack", at_most=0))
    assert [(part.kind, part.reading) for part in stored_parts(storage)] == [
        (part.kind, part.reading) for part in parts if part.reading != "attack"
    ]


def part(key: str, size: int, written: float, kind: str = "outputs", reading: str = "pooled") -> StoredPart:
    return StoredPart(kind, (Kept(f"v1/{kind}/{key[:2]}/{key}/whole.array", size, written),), reading)


PARTS = (part("old", 100, 1.0), part("new", 200, 3.0), part("mid", 300, 2.0), part("head", 50, 0.0, "heads", ""))


def test_the_oldest_go_until_all_fits() -> None:
    assert parts_to_prune(PARTS, at_most=650) == ()
    assert parts_to_prune(PARTS, at_most=649) == (PARTS[0],)
    assert parts_to_prune(PARTS, at_most=550) == (PARTS[0],)
    assert parts_to_prune(PARTS, at_most=549) == (PARTS[0], PARTS[2])
    assert parts_to_prune(PARTS, at_most=0) == (PARTS[0], PARTS[2], PARTS[1])
    assert parts_to_prune(PARTS, "heads", at_most=0) == (PARTS[3],)


def test_what_was_written_before_a_time_goes() -> None:
    assert parts_to_prune(PARTS, before=2.5) == (PARTS[0], PARTS[2])
    grown = replace(PARTS[0], files=(*PARTS[0].files, Kept("v1/outputs/ol/old/1.array", 1, 9.0)))
    assert parts_to_prune((grown,), before=2.5) == ()
