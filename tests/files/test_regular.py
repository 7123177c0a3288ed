"""Files that users name are regular files, and what stands around a text does not count."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from robustcheck.files.numbers import whole_number
from robustcheck.files.regular import is_regular, open_regular
from robustcheck.files.texts import lines_of, stripped


def test_a_regular_file_and_a_link_to_one_are_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"content")
    (tmp_path / "b").symlink_to("a")
    for name in ("a", "b"):
        with open_regular(tmp_path / name) as stream:
            assert stream.read() == b"content"
    assert is_regular(tmp_path / "b")


def test_what_is_no_regular_file_is_an_error_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    Path("loop").symlink_to("loop")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        for name, words in {
            "pipe": "named pipe",
            ".": "directory",
            "/dev/null": "device",
            "/dev/zero": "device",
            "socket": "No such device",
            "loop": "Too many levels",
            "missing": "No such file",
            "a" * 300: "too long",
            "nul\0": "NUL",
        }.items():
            assert not is_regular(Path(name)), name
            with pytest.raises(OSError, match=words):
                open_regular(Path(name))


@pytest.mark.parametrize("text", ["cat", " cat", "\ufeffcat\t", "\ufeff \ufeff cat\u200b ", "cat\r\n"])
def test_what_stands_around_a_text_does_not_count(text: str) -> None:
    assert stripped(text) == "cat"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        (" 7\n", 7),
        ("-1", -1),
        ("007", 7),
        ("", None),
        ("1.0", None),
        ("1_0", None),
        ("٣", None),
        ("9" * 19, None),
    ],
)
def test_whole_numbers_are_plain_digits(text: str, number: int | None) -> None:
    assert whole_number(text) == number


def test_lines_end_where_an_editor_ends_them() -> None:
    assert lines_of("a\r\nb\rc\nd\u2028e\x85f\x0bg") == ["a", "b", "c", "d\u2028e\x85f\x0bg"]
