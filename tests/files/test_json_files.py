"""The one reader of JSON: bounds, places, and only what can be written again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from robustcheck.errors import DataError
from robustcheck.files.json_files import dump_json, parse_json, read_json, read_json_lines

HARMFUL = {
    "depth": "[" * 100_000,
    "depth of objects": '{"a":' * 1000 + "1" + "}" * 1000,
    "digits": "9" * 5000,
    "beyond 64 bits": str(2**63),
    "exponent": "1e999",
    "nan": "NaN",
    "infinity": "[-Infinity]",
    "twice": '{"a": 1, "a": 2}',
    "half a pair": '{"a": ["\\ud800"]}',
    "half a pair as a key": '{"\\udfff": 1}',
    "not json": '{"a": ',
}


@pytest.mark.parametrize("text", HARMFUL.values(), ids=HARMFUL.keys())
def test_what_no_honest_file_holds_is_a_complaint_with_a_place(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(DataError, match=r"x\.json"):
        read_json(tmp_path / "x.json", DataError)
    (tmp_path / "x.jsonl").write_text(f"1\n{text}\n")
    with pytest.raises(DataError, match=r"x\.jsonl:2"):
        list(read_json_lines(tmp_path / "x.jsonl", DataError))


def test_honest_values_come_back() -> None:
    value = {"a": [1, -2.5, "é\u2028\x85", None, True], "b": {"c": 2**63 - 1}, "brackets": "[" * 100}
    assert parse_json(json.dumps(value), "x", DataError) == value
    assert parse_json('"\\ud83d\\ude00"', "x", DataError) == "😀"


def test_a_separator_inside_a_value_moves_no_line(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('{"a": "b\u2028c\x85d"}\r\n\n2\n', encoding="utf-8", newline="")
    places = dict(read_json_lines(tmp_path / "x.jsonl", DataError))
    assert places == {f"{tmp_path}/x.jsonl:1": {"a": "b\u2028c\x85d"}, f"{tmp_path}/x.jsonl:3": 2}


def test_what_is_written_is_json_for_every_reader() -> None:
    assert json.loads(dump_json({"a": float("nan"), "b": float("-inf")})) == {"a": "NaN", "b": "-Infinity"}
    assert json.loads(dump_json({"caf\udce9": ["\udce9"]})) == {"caf\\udce9": ["\\udce9"]}
