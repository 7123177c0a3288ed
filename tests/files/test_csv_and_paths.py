"""Rows, texts, numbers and paths as users write them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from robustcheck.errors import DataError, RobustcheckError
from robustcheck.files.csv_files import read_rows, stream_rows
from robustcheck.files.numbers import whole_number
from robustcheck.files.texts import lines_of, name_in, read_text
from robustcheck.files.user_paths import user_path
from robustcheck.models.model_sets import resolve_models
from robustcheck.populations import load_population


@pytest.mark.parametrize("read", [read_rows, stream_rows])
def test_rows_have_the_line_they_start_in(tmp_path: Path, read: object) -> None:
    path = tmp_path / "x.csv"
    path.write_text('\ufeffa,b\r\n"x\ny",\u2028\x85\n\nz,1\n', encoding="utf-8", newline="")
    found = list(read(path, DataError))  # type: ignore[operator]
    assert found == [(1, ["a", "b"]), (2, ["x\ny", "\u2028\x85"]), (5, ["z", "1"])]


@pytest.mark.parametrize("read", [read_rows, stream_rows])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a\n" + b"x" * 200_000, r"x\.csv:2: not CSV: field larger than field limit"),
        (b'a\n"x', r"x\.csv:2: not CSV"),
        (b'a\n"x"y\n', r"x\.csv:2: not CSV"),
        (b"a\nx\0y\n", r"x\.csv:2: a NUL byte"),
        (b"a\n\xff\n", r"x\.csv(:2:1)?: the file is not UTF-8"),
    ],
)
def test_a_broken_row_is_a_complaint_with_its_line(tmp_path: Path, read: object, content: bytes, message: str) -> None:
    (tmp_path / "x.csv").write_bytes(content)
    with pytest.raises(DataError, match=message):
        list(read(tmp_path / "x.csv", DataError))  # type: ignore[operator]


@pytest.mark.parametrize("read", [read_rows, stream_rows, read_text])
def test_a_pipe_and_a_device_are_not_read(tmp_path: Path, read: object) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(DataError, match=r"it is a (named pipe|device), not a regular file"):
            list(read(path, DataError))  # type: ignore[operator]


def test_lines_end_where_editors_end_them() -> None:
    assert lines_of("a\x0b\x1c\x85\u2028b\r\nc\rd\n\ne") == ["a\x0b\x1c\x85\u2028b", "c", "d", "", "e"]
    assert lines_of("") == []


@pytest.mark.parametrize("text", ["", "1.0", "1e3", "1 1", "+1", "²", "9" * 5000, str(2**63), "0x1"])
def test_what_is_not_a_whole_number_of_64_bits(text: str) -> None:
    assert whole_number(text) is None


def test_whole_numbers() -> None:
    assert [whole_number(text) for text in ("0", "-1", "007", str(2**63 - 1))] == [0, -1, 7, 2**63 - 1]


IMPOSSIBLE = {
    "nul": "a\0b",
    "half pair": "a\ud800b",
    "user": "~nobody-of-this-name/a",
    "long name": "x" * 300,
    "long path": "/".join(["abc"] * 2000),
    "long in bytes": "é" * 200,
}


@pytest.mark.parametrize("text", IMPOSSIBLE.values(), ids=IMPOSSIBLE.keys())
def test_an_impossible_path_is_a_complaint(tmp_path: Path, text: str) -> None:
    with pytest.raises(DataError, match=r"the path|no user"):
        user_path(text, tmp_path, DataError)


@pytest.mark.parametrize("form", ["{}.yaml", "{}.pt", "predictions:{}", "local-dir:{}", "openclip:ViT-B-32@{}", "{}"])
@pytest.mark.parametrize("text", IMPOSSIBLE.values(), ids=IMPOSSIBLE.keys())
def test_no_reference_to_a_model_ends_in_an_os_error(tmp_path: Path, form: str, text: str) -> None:
    with pytest.raises(RobustcheckError):
        resolve_models([form.format(text)], base=tmp_path, arch="ViT-B-32" if form == "{}.pt" else None)


@pytest.mark.parametrize("text", IMPOSSIBLE.values(), ids=IMPOSSIBLE.keys())
def test_no_population_ends_in_an_os_error(text: str) -> None:
    with pytest.raises(RobustcheckError):
        load_population(f"{text}.csv")


def test_a_name_of_100_000_characters_is_a_complaint() -> None:
    assert name_in(" " + "x" * 1000, DataError, "a.csv:3") == "x" * 1000
    with pytest.raises(DataError, match=r"a\.csv:3: a text of 100,000 characters where a name or a number should be"):
        name_in("x" * 100_000, DataError, "a.csv:3")
