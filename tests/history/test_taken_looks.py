"""The looks of a series on disk: begun on purpose, added to, and never taken for a first look when they are gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from robustcheck.errors import RecordError, SetupError
from robustcheck.history.taken_looks import (
    SeriesRecord,
    TakenLook,
    add_looks,
    known_series,
    load_series,
    question,
    start_series,
    write_series,
)


def look(number: int, *questions: str) -> TakenLook:
    return TakenLook(number, "a", "20261122-100000", "2026-11-22T10:00:00+00:00", questions)


def test_a_series_begins_without_a_look(tmp_path: Path) -> None:
    assert start_series(tmp_path, "nightly") == load_series(tmp_path, "nightly")
    assert load_series(tmp_path, "nightly").taken == 0
    assert known_series(tmp_path) == ("nightly",)


def test_looks_come_back_as_they_were(tmp_path: Path) -> None:
    record = add_looks(start_series(tmp_path, "nightly"), (look(2, "q"), look(1)))
    write_series(tmp_path, record)
    assert load_series(tmp_path, "nightly") == record
    assert (record.taken, [each.number for each in record.looks]) == (2, [1, 2])
    assert (record.look_of("q"), record.look_of("other")) == (2, None)


def test_a_look_learns_of_further_questions() -> None:
    record = add_looks(SeriesRecord("nightly", (look(1, "q"),)), (look(1, "r", "q"), look(1, "s")))
    assert [each.questions for each in record.looks] == [("q", "r", "s")]


def test_a_question_is_of_one_check_and_its_scores() -> None:
    asked = {question("a", "k1"), question("a", "k2"), question("b", "k1"), question("a", "k1", "k2")}
    assert len(asked) == 4
    assert question("a", "k1") in asked


def test_a_history_that_is_gone_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(
        RecordError, match=r"history of the series nightly is not here(.|\n)*robustcheck series nightly"
    ):
        load_series(tmp_path, "nightly")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"name": 3}'])
def test_a_damaged_history_is_an_error(tmp_path: Path, content: bytes) -> None:
    start_series(tmp_path, "nightly")
    (tmp_path / "nightly.json").write_bytes(content)
    with pytest.raises(RecordError, match="history of the series nightly cannot be read"):
        load_series(tmp_path, "nightly")


@pytest.mark.parametrize("name", ["", "a b", "../a", "-a"])
def test_a_series_has_a_name_that_a_file_can_have(tmp_path: Path, name: str) -> None:
    with pytest.raises(SetupError, match="cannot name a series"):
        start_series(tmp_path / "series", name)


def test_a_series_begins_once(tmp_path: Path) -> None:
    start_series(tmp_path, "nightly")
    with pytest.raises(SetupError, match="has begun already"):
        start_series(tmp_path, "nightly")
