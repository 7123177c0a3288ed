"""Pieces of chunks: which rows they have, and arrays that are made of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from robustcheck.store import Chunks, Pieces, open_store
from robustcheck.values.stages import LAST, SHARES

ROWS = 3 * 64 + 21
VALUES = np.arange(ROWS * 2, dtype=np.float32).reshape(ROWS, 2)


def chunks_in(place: Path) -> Chunks:
    return open_store(place).chunks("outputs", "ab" + "0" * 62, ROWS, 64, "images")


def write(chunks: Chunks, *numbers: int) -> None:
    for number in numbers:
        chunks.write(number, VALUES[list(chunks.span(number))], {"device": "cpu"})


@pytest.mark.parametrize(("rows", "chunk_rows"), [(1, 256), (21, 64), (213, 64), (1000, 256)])
def test_the_pieces_of_a_chunk_are_its_rows_once_each(rows: int, chunk_rows: int) -> None:
    pieces = Pieces(rows, chunk_rows, "seed")
    for chunk in range(pieces.chunks):
        spans = [pieces.span(number) for number in pieces.of_chunk(chunk)]
        assert sorted(row for span in spans for row in span) == list(pieces.span(chunk))
        assert all(list(span) == sorted(span) for span in spans)
        assert all(pieces.split(number)[0] == chunk for number in pieces.of_chunk(chunk))


def test_a_stage_has_its_share_of_every_chunk_and_every_row_is_as_likely() -> None:
    pieces = Pieces(64 * 100 + 21, 64, "seed")
    for stage, share in enumerate(SHARES):
        seen = [row for chunk in range(100) for number in pieces.of_chunk(chunk, stage) for row in pieces.span(number)]
        assert len(seen) == 6400 * share
    # Of a chunk whose sixteenth is no whole number, the mean over many orders is it all the same.
    counts = [len(Pieces(21, 64, f"order {number}").of_chunk(0, 0)) and len(first(number)) for number in range(400)]
    assert np.mean(counts) == pytest.approx(21 / 16, abs=0.08)


def first(number: int) -> tuple[int, ...]:
    pieces = Pieces(21, 64, f"order {number}")
    return tuple(row for each in pieces.of_chunk(0, 0) for row in pieces.span(each))


def test_another_set_of_images_has_another_order() -> None:
    one, other = (Pieces(256, 256, order).span(Pieces(256, 256).number(0, 0)) for order in ("a", "b"))
    assert one != other
    assert Pieces(256, 256, "a").span(Pieces(256, 256).number(0, 0)) == one


def test_an_order_is_the_same_for_ever() -> None:
    # Stored pieces are read by these places: another version of this package must find the same.
    assert Pieces(40, 40, "seed").span(Pieces(40, 40).number(0, 0)) == (12, 29)


def test_a_chunk_of_all_its_pieces_reads_as_if_made_at_once(tmp_path: Path) -> None:
    whole, pieced = chunks_in(tmp_path / "one"), chunks_in(tmp_path / "other")
    write(whole, *range(whole.count))
    write(pieced, 0, *(number for chunk in range(1, 4) for number in pieced.pieces.of_chunk(chunk)))
    assert pieced.listed() == (0, 1, 2, 3)
    assert pieced.missing() == ()
    for chunk in range(4):
        one, other = whole.read(chunk), pieced.read(chunk)
        assert isinstance(one, np.ndarray)
        assert isinstance(other, np.ndarray)
        assert one.tobytes() == other.tobytes()
    before = sorted(path.name for path in tmp_path.glob("other/**/*.array"))
    pieced.pack()
    assert before
    assert not list(tmp_path.glob("other/**/*.array"))
    again = chunks_in(tmp_path / "other")
    assert all(np.array_equal(again.read(chunk), VALUES[list(again.span(chunk))]) for chunk in range(4))
    assert all(np.array_equal(again.read(each), VALUES[list(again.span(each))]) for each in again.pieces.of_chunk(3))


def test_what_is_begun_lacks_its_other_pieces_alone(tmp_path: Path) -> None:
    chunks = chunks_in(tmp_path)
    pieces = chunks.pieces.of_chunk(1)
    write(chunks, *pieces[:2])
    assert not chunks.has(1)
    assert chunks.read(1) is None
    assert chunks.lacking(1) == pieces[2:]
    assert chunks.lacking(0) == (0,)
    [damaged] = tmp_path.glob(f"**/000001-{1}.array")
    damaged.write_bytes(damaged.read_bytes()[:-1])
    assert chunks.lacking(1) == pieces[1:]


def test_a_stage_reads_its_rows_and_no_others(tmp_path: Path) -> None:
    chunks = chunks_in(tmp_path)
    write(chunks, *chunks.pieces.of_chunk(2, 1))
    seen = chunks.read_seen(2, 1)
    assert seen is not None
    rows = [row for number in chunks.pieces.of_chunk(2, 1) for row in chunks.span(number)]
    assert np.array_equal(seen[[row - 128 for row in rows]], VALUES[rows])
    assert chunks.read_seen(2, 2) is None
    write(chunks, 2)
    assert chunks.read_seen(2, LAST) is not None


def test_rows_of_several_shapes_are_not_made_in_pieces(tmp_path: Path) -> None:
    chunks = chunks_in(tmp_path)
    number = chunks.pieces.of_chunk(0)[0]
    with pytest.raises(ValueError, match="only whole chunks may"):
        chunks.write(number, tuple(np.zeros(place + 1) for place in range(len(chunks.span(number)))), {})
