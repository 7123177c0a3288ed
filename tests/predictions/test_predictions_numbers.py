"""Classes that are called by numbers: a text is a name, an integer a place, and what may be either is an error."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import numpy as np
import pytest

from robustcheck.errors import DataError
from robustcheck.predictions import Predictions, looks_like_softmax, read_predictions, settled, with_names

IDS = ["a.png", "b.png", "c.png"]
BOM = "\ufeff"


def csv_file(directory: Path, *lines: str) -> Predictions:
    (directory / "digits.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return read(directory)


def npz_file(directory: Path, **arrays: object) -> Predictions:
    np.savez(directory / "digits.npz", ids=np.array(IDS), **{key: np.asarray(array) for key, array in arrays.items()})
    return read(directory)


def read(directory: Path) -> Predictions:
    found = read_predictions(directory, "digits")
    assert found is not None
    return found


# --- a CSV, which has no types ---------------------------------------------------------------------------


@pytest.mark.parametrize("names", [("cat", "dog", "owl"), ("0", "1", "2"), ("7", "8", "9")])
def test_numbers_are_places_where_they_cannot_be_other_names(tmp_path: Path, names: tuple[str, ...]) -> None:
    found = csv_file(tmp_path, "id,predicted,label", "a.png,2,2", "b.png,0,1")
    assert settled(found, names).values.tolist() == [2, 0]
    assert with_names(found, names).labels is not None


def test_numbers_that_cannot_be_places_are_names(tmp_path: Path) -> None:
    found = with_names(csv_file(tmp_path, "id,predicted,label", "a.png,7,7", "b.png,,3"), ("3", "7"))
    assert found.values.tolist() == [1, -1]
    assert found.labels is not None
    assert found.labels.tolist() == [1, 0]


@pytest.mark.parametrize(
    "lines",
    [
        ("id,predicted", "a.png,1", "b.png,0"),
        ("id,predicted,label", "a.png,2,0", "b.png,2,1"),
        ("id,logit_0,logit_1,logit_2", "a.png,1,2,3"),
        ("id,label,prob_2,prob_1,prob_0", "a.png,1,0.2,0.3,0.5"),
    ],
)
def test_numbers_that_may_be_names_or_places_are_an_error(tmp_path: Path, lines: tuple[str, ...]) -> None:
    found = csv_file(tmp_path, *lines)
    with pytest.raises(DataError, match=r"the class \d may be the one called '\d' or the one at place \d") as caught:
        with_names(found, ("1", "2", "0"))
    assert "NPZ" in caught.value.fix


def test_columns_called_by_numbers_without_a_zero_are_names(tmp_path: Path) -> None:
    found = csv_file(tmp_path, "id,label,logit_7,logit_3", "a.png,3,1.5,0.5", "b.png,7,2,4")
    assert found.class_names == ("7", "3")
    assert found.labels is not None
    assert found.labels.tolist() == [1, 0]
    assert with_names(found, ("3", "7")).values.tolist() == [[0.5, 1.5], [4, 2]]


def test_columns_with_a_gap_are_an_error_that_says_how_to_name_them(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="2 columns logit_0 to logit_2") as caught:
        csv_file(tmp_path, "id,logit_0,logit_2", "a.png,1,2")
    assert "class_names" in caught.value.fix


def test_a_class_called_7_among_names(tmp_path: Path) -> None:
    found = csv_file(tmp_path, "id,predicted", "a.png,7", "b.png,cat")
    assert found.class_names == ("7", "cat")
    assert with_names(found, ("cat", "7")).values.tolist() == [1, 0]


def test_labels_by_name_need_columns_by_name(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="labels by name, and logits by number"):
        csv_file(tmp_path, "id,label,logit_0,logit_1", "a.png,cat,1,2", "b.png,dog,1,2")


@pytest.mark.parametrize("text", ["1_0", "٣", "1.0", "0x1", "9" * 40])
def test_odd_numbers_are_names(tmp_path: Path, text: str) -> None:
    found = csv_file(tmp_path, "id,predicted", f"a.png,{text}")
    assert found.class_names == (text,)


def test_a_padded_number_is_a_place(tmp_path: Path) -> None:
    found = csv_file(tmp_path, "id,predicted", "a.png,007", "b.png,010")
    assert (found.class_names, found.values.tolist()) == (None, [7, 10])
    assert with_names(found, ("007", "010")).values.tolist() == [0, 1]


@pytest.mark.parametrize("text", ["1_000", "1_0.5"])
def test_a_number_with_underscores_is_a_slip(tmp_path: Path, text: str) -> None:
    with pytest.raises(DataError, match="not a number"):
        csv_file(tmp_path, "id,logit_a,logit_b", f"a.png,{text},1")
    with pytest.raises(DataError, match="is not a whole number"):
        csv_file(tmp_path, "file_name,predicted_class", f"a.png,{text}")


# --- an NPZ file, which has types --------------------------------------------------------------------------


def test_texts_are_names_and_integers_places(tmp_path: Path) -> None:
    names = ("1", "2", "0")
    assert with_names(npz_file(tmp_path, predicted=["1", "0", "2"]), names).values.tolist() == [0, 2, 1]
    assert with_names(npz_file(tmp_path, predicted=[1, 0, 2]), names).values.tolist() == [1, 0, 2]


def test_texts_are_looked_up_in_the_names_of_the_file(tmp_path: Path) -> None:
    found = npz_file(tmp_path, predicted=["7", "3", "7"], labels=["3", "3", "7"], class_names=["7", "3"])
    assert found.values.tolist() == [0, 1, 0]
    assert found.labels is not None
    assert found.labels.tolist() == [1, 1, 0]


def test_a_text_that_is_no_name_is_no_place(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="a predicted class that is not a class name: 1"):
        npz_file(tmp_path, predicted=["1", "cat", "cat"], class_names=["cat", "dog"])
    (tmp_path / "digits.npz").unlink()
    with pytest.raises(DataError, match="are none of the data set's: 0, 1"):
        with_names(npz_file(tmp_path, predicted=["1", "0", "1"]), ("cat", "dog"))


def test_places_and_names_do_not_mix(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="some classes by number and some by name"):
        npz_file(tmp_path, predicted=[0, 1, 0], labels=["cat", "cat", "dog"])


def test_labels_by_name_need_class_names(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="labels by name, and logits by number"):
        npz_file(tmp_path, logits=np.eye(3, 2), labels=["dog", "cat", "dog"])


# --- what stands around them ------------------------------------------------------------------------------


def test_marks_and_spaces_around_headers_and_cells_do_not_count(tmp_path: Path) -> None:
    found = csv_file(
        tmp_path, f"{BOM}{BOM}id ,\tlogit_ cat,logit_dog{BOM},label", f" a.png,1,2, dog{BOM}", "b.png ,3,4,cat"
    )
    assert found.ids.tolist() == ["a.png", "b.png"]
    assert found.class_names == ("cat", "dog")
    assert found.labels is not None
    assert found.labels.tolist() == [1, 0]


def test_marks_and_spaces_in_arrays_do_not_count(tmp_path: Path) -> None:
    found = npz_file(tmp_path, logits=np.eye(3, 2), class_names=[" cat", f"dog{BOM}"], site=["n ", "s", "s"])
    assert found.class_names == ("cat", "dog")
    assert found.groups["site"].tolist() == ["n", "s", "s"]


def test_bytes_that_are_no_text_are_an_error(tmp_path: Path) -> None:
    np.savez(tmp_path / "digits.npz", ids=np.array([b"\xff", b"b"]), predicted=np.array([0, 1]))
    with pytest.raises(DataError, match="texts that cannot be read"):
        read(tmp_path)


def test_half_a_surrogate_pair_is_no_text(tmp_path: Path) -> None:
    np.savez(tmp_path / "digits.npz", ids=np.array(["a", "\ud800"]), predicted=np.array([0, 1]))
    with pytest.raises(DataError, match="texts that cannot be read"):
        read(tmp_path)


def test_line_separators_inside_a_cell_are_kept(tmp_path: Path) -> None:
    (tmp_path / "digits.csv").write_text(
        'id,predicted,note\n"a\u2028b.png",cat,"x\ny"\nc.png,cat,\x85\n', encoding="utf-8"
    )
    found = read(tmp_path)
    assert found.ids.tolist() == ["a\u2028b.png", "c.png"]
    assert found.groups["note"].tolist() == ["x\ny", ""]


# --- files that are none ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["digits.csv", "digits.npz", "cue-conflict/a.csv"])
def test_a_pipe_in_the_place_of_a_file_does_not_hang(tmp_path: Path, name: str) -> None:
    (tmp_path / "cue-conflict").mkdir()
    os.mkfifo(tmp_path / name)
    for dataset in ("imagenet-v2", "digits", "cue-conflict"):
        # What is not a regular file is not there; a directory of trials must hold some.
        with contextlib.suppress(DataError):
            assert read_predictions(tmp_path, dataset) is None


@pytest.mark.parametrize("place", [0, 30, 200, -60, -10])
def test_damage_of_an_archive_is_an_error(tmp_path: Path, place: int) -> None:
    np.savez_compressed(tmp_path / "digits.npz", ids=np.array(IDS), logits=np.eye(3, 400))
    content = bytearray((tmp_path / "digits.npz").read_bytes())
    for offset in range(8):
        content[place + offset] ^= 0xFF
    (tmp_path / "digits.npz").write_bytes(content)
    with pytest.raises(DataError, match=r"cannot read the predictions|no ids|no predictions"):
        read(tmp_path)


# --- what is called something else than it is ------------------------------------------------------------


@pytest.mark.parametrize(
    ("logits", "expected"),
    [
        ([[0.7, 0.2, 0.1], [0.2, 0.3, 0.5], [0, 1, 0]], True),
        ([[0.7, 0.2, 0.1], [0.2, 0.3, 0.5], [0, 1, 2]], False),
        ([[0.7, 0.4, -0.1], [0.2, 0.3, 0.5], [0, 1, 0]], False),
        # A one in each row is nobody's softmax.
        (np.eye(3), False),
    ],
)
def test_logits_that_look_like_probabilities(tmp_path: Path, logits: object, expected: bool) -> None:
    assert looks_like_softmax(npz_file(tmp_path, logits=logits)) is expected


def test_probabilities_are_what_they_are_called(tmp_path: Path) -> None:
    assert not looks_like_softmax(npz_file(tmp_path, probabilities=[[0.7, 0.3], [0.4, 0.6], [0.5, 0.5]]))
