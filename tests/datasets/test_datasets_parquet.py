"""Parquet files as Hugging Face writes them."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dataset_makers import encoded, pixels
from dataset_makers_protocols import changed_catalogue

from robustcheck.datasets import class_sets, open_dataset
from robustcheck.datasets.dataset import Dataset
from robustcheck.datasets.layouts import parquet
from robustcheck.errors import DataError, SetupError

pa = pytest.importorskip("pyarrow", reason="parquet files need pyarrow: pip install 'robustcheck[parquet]'")
import pyarrow.parquet as pq  # noqa: E402

Row = tuple[bytes | None, str | None, Any]


def rows(numbers: range, *, paths: bool = True) -> list[Row]:
    return [(encoded(number), f"{number}.png" if paths else None, number % 3) for number in numbers]


def write(path: Path, content: list[Row], names: tuple[str, ...] = ("cat", "dog", "owl"), **more: str) -> Path:
    """Write a file as ``datasets`` does: a struct of bytes and path, a label, and the features in the metadata."""
    path.parent.mkdir(parents=True, exist_ok=True)
    features = {"image": {"_type": "Image"}, "label": {"names": list(names), "_type": "ClassLabel"}}
    features |= {name: {"_type": kind, "names": list(names)} for name, kind in more.items()}
    columns = {"image": [{"bytes": bytes_, "path": name} for bytes_, name, _ in content]}
    columns["label"] = [label for *_, label in content]
    columns |= dict.fromkeys(more, columns["label"])
    table = pa.table(columns).replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    pq.write_table(table, path, row_group_size=2)
    return path


def opened(directory: Path) -> Dataset:
    return open_dataset(str(directory), ())


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    write(tmp_path / "d" / "data" / "validation-00000-of-00002.parquet", rows(range(5)))
    write(tmp_path / "d" / "data" / "validation-00001-of-00002-0a1b.parquet", rows(range(5, 7)))
    return tmp_path / "d"


def test_images_labels_and_names_come_from_the_files(directory: Path) -> None:
    dataset = opened(directory)
    assert dataset.class_names == ("cat", "dog", "owl")
    assert dataset.ids.tolist() == [f"{number}.png" for number in range(7)]
    assert dataset.labels.tolist() == [0, 1, 2, 0, 1, 2, 0]
    for number in (6, 0, 4, 3):
        np.testing.assert_array_equal(np.asarray(dataset.image(number)), pixels(number))


def test_without_paths_rows_are_called_by_their_place(tmp_path: Path) -> None:
    write(tmp_path / "d" / "test-00000-of-00001.parquet", rows(range(2), paths=False))
    assert opened(tmp_path / "d").ids.tolist() == ["test-00000-of-00001/0", "test-00000-of-00001/1"]


def test_the_fingerprint_is_that_of_the_content(directory: Path) -> None:
    before = opened(directory).fingerprint
    for part, numbers in (("00000-of-00002", range(5)), ("00001-of-00002-0a1b", range(5, 7))):
        write(directory / "data" / f"validation-{part}.parquet", rows(numbers), names=("cat", "dog", "fox"))
    assert opened(directory).fingerprint != before


def test_of_several_splits_the_one_for_testing_is_read(directory: Path) -> None:
    write(directory / "data" / "train-00000-of-00001.parquet", rows(range(9)))
    assert len(opened(directory)) == 7
    write(directory / "data" / "test-00000-of-00001.parquet", [(encoded(1), "x.png", -1)])
    assert len(opened(directory)) == 7
    write(directory / "data" / "test-00000-of-00001.parquet", rows(range(9)))
    with pytest.raises(DataError, match="2 splits that could be meant: test, validation"):
        opened(directory)


def test_a_missing_part_is_an_error(directory: Path) -> None:
    (directory / "data" / "validation-00001-of-00002-0a1b.parquet").unlink()
    with pytest.raises(DataError, match=r"1 of 2 files are missing, the first validation-00001-of-00002\.parquet"):
        opened(directory)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([(encoded(0), "a.png", -1)], "out of range, the first -1"),
        ([(encoded(0), "a.png", 3)], "out of range, the first 3"),
        ([(encoded(0), "a.png", None)], "other things than whole numbers"),
        ([(encoded(0), "a.png", "cat")], "other things than whole numbers"),
        ([(encoded(0), "a.png", 2**62)], "other things than whole numbers"),
        ([], "no samples"),
    ],
)
def test_labels_must_be_places(tmp_path: Path, content: list[Row], message: str) -> None:
    write(tmp_path / "d" / "test-00000-of-00001.parquet", content)
    with pytest.raises(DataError, match=message):
        opened(tmp_path / "d")


def test_images_that_are_not_in_the_file_are_an_error(tmp_path: Path) -> None:
    write(tmp_path / "d" / "test-00000-of-00001.parquet", [(None, "a.png", 0), (encoded(1), "b.png", 0)])
    dataset = opened(tmp_path / "d")
    with pytest.raises(DataError, match="only its path"):
        dataset.image(0)


def test_two_columns_of_labels(tmp_path: Path) -> None:
    path = write(tmp_path / "d" / "test-00000-of-00001.parquet", rows(range(2)), fine_label="ClassLabel")
    assert opened(tmp_path / "d").labels.tolist() == [0, 1]
    table = pq.read_table(path).rename_columns(["image", "coarse_label", "fine_label"])
    pq.write_table(table.replace_schema_metadata({}), path)
    with pytest.raises(DataError, match="0 columns of the kind ClassLabel, among image, coarse_label, fine_label"):
        opened(tmp_path / "d")


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + bytes(50) + b"PAR1"])
def test_damaged_files_are_errors(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "test-00000-of-00001.parquet").write_bytes(content)
    with pytest.raises(DataError, match=r"cannot read the parquet file|no samples"):
        opened(tmp_path)


@pytest.mark.parametrize("name", ["0000.parquet", "test-00000-of-00000.parquet", "test-00002-of-00002.parquet"])
def test_a_file_of_another_name_says_what_is_expected(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, rows(range(2)))
    with pytest.raises(DataError, match=r"does not say which part of which split") as caught:
        opened(tmp_path)
    assert "validation-00000-of-00014.parquet" in caught.value.expected


def test_hugging_faces_imagenet_is_imagenet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = class_sets.imagenet_class_names()
    names = tuple(f"{name}, a synonym" if label % 3 else f"Another {name}" for label, name in enumerate(known))
    write(tmp_path / "imagenet-val" / "data" / "validation-00000-of-00001.parquet", rows(range(4)), names=names)
    changed_catalogue(monkeypatch)("imagenet-val", count=4)
    for dataset in (opened(tmp_path / "imagenet-val"), open_dataset("imagenet-val", (tmp_path,))):
        assert dataset.class_names == known
        assert dataset.class_set == "imagenet"


def test_without_pyarrow_it_says_what_to_install(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow.parquet", None)
    with pytest.raises(SetupError, match="parquet files need pyarrow") as caught:
        parquet.read_parquet(directory)
    assert "robustcheck[parquet]" in caught.value.fix


def test_bytes_without_a_struct_are_read(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    pq.write_table(pa.table({"image": [encoded(3)], "label": [0]}), buffer)
    (tmp_path / "test-00000-of-00001.parquet").write_bytes(buffer.getvalue())
    (tmp_path / "classnames.txt").write_text("cat\n")
    np.testing.assert_array_equal(np.asarray(opened(tmp_path).image(0)), pixels(3))


FEATURES = '{"info": {"features": {"image": {"_type": "Image"}, "label": {"_type": "ClassLabel", "names": NAMES}}}}'


def told(path: Path, metadata: str) -> Path:
    table = pq.read_table(write(path / "test-00000-of-00001.parquet", rows(range(3))))
    pq.write_table(table.replace_schema_metadata({"huggingface": metadata}), path / "test-00000-of-00001.parquet")
    return path


def test_names_by_their_places(tmp_path: Path) -> None:
    names = '{"2": "owl", "0": "cat", "1": " dog "}'
    assert opened(told(tmp_path, FEATURES.replace("NAMES", names))).class_names == ("cat", "dog", "owl")


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        (FEATURES.replace("NAMES", '"abc"'), "call the classes 'abc'"),
        (FEATURES.replace("NAMES", '["cat", "", "owl"]'), "expected: a list of texts"),
        (FEATURES.replace("NAMES", '{"0": "cat", "2": "owl"}'), "expected: a list of texts"),
        (FEATURES.replace("NAMES", "[" * 100_000), "nested more than 64 levels deep"),
        (FEATURES.replace("NAMES", '["\\ud800"]'), "half of a surrogate pair"),
        (FEATURES.replace("NAMES", "[]").replace('"info"', '"info": {}, "info"'), "occurs twice"),
        ('{"info": {"features": {"label": "cat"}}}', "its metadata cannot be read"),
        ("[1]", "its metadata cannot be read"),
        ("{", "not JSON"),
    ],
)
def test_metadata_that_say_no_names(tmp_path: Path, metadata: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        opened(told(tmp_path, metadata))


def test_pickles_in_metadata_and_rows_are_bytes_like_others(tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    payload = b"cos\nmkdir\n(V" + str(ran).encode() + b"\ntR."
    write(tmp_path / "d" / "test-00000-of-00001.parquet", [(payload, "a.png", 0)])
    table = pq.read_table(tmp_path / "d" / "test-00000-of-00001.parquet")
    more = {**table.schema.metadata, b"pandas": payload, b"ARROW:extension:metadata": payload}
    pq.write_table(table.replace_schema_metadata(more), tmp_path / "d" / "test-00000-of-00001.parquet")
    with pytest.raises(DataError, match="its format is not known"):
        opened(tmp_path / "d").image(0)
    assert not ran.exists()


def test_parts_with_other_names_are_an_error(directory: Path) -> None:
    write(directory / "data" / "validation-00001-of-00002-0a1b.parquet", rows(range(5, 7)), names=("dog", "cat", "owl"))
    with pytest.raises(DataError, match="other class names than in validation-00000-of-00002"):
        opened(directory)


def test_the_files_own_names_in_another_order_are_an_error(directory: Path) -> None:
    (directory / "classnames.txt").write_text("dog\ncat\nowl\n")
    with pytest.raises(DataError, match="line 1 is 'dog', but the files call that class 'cat'"):
        opened(directory)


def test_rows_of_an_earlier_part_are_said(directory: Path) -> None:
    write(directory / "data" / "validation-00001-of-00002-0a1b.parquet", [*rows(range(7, 8)), *rows(range(1, 3))])
    (example,) = opened(directory).defects
    assert example.startswith("2 of 8 samples show an image that an earlier one shows: 1.png in validation-00000")


def test_what_lies_beside_the_files_is_said(directory: Path) -> None:
    (directory / "data" / "validation-00001-of-00002.parquet.part").write_bytes(b"")
    (directory / "data" / "README.md").write_text("")
    assert opened(directory).defects == (
        "1 files beside the data are not read: validation-00001-of-00002.parquet.part",
    )


def test_a_few_bytes_that_claim_millions_of_rows_are_refused(tmp_path: Path) -> None:
    rows_ = 200_000
    table = pa.table({"image": pa.nulls(rows_, pa.binary()), "label": pa.array(np.zeros(rows_, np.int64))})
    pq.write_table(table, tmp_path / "test-00000-of-00001.parquet")
    with pytest.raises(DataError, match="bytes that claim 200,000 rows"):
        opened(tmp_path)


def test_images_that_expand_a_thousandfold_are_refused(tmp_path: Path) -> None:
    pq.write_table(
        pa.table({"image": [bytes(80 * 2**20)], "label": [0]}),
        tmp_path / "test-00000-of-00001.parquet",
        compression="zstd",
        use_dictionary=False,
    )
    with pytest.raises(DataError, match="bytes at once"):
        opened(tmp_path)


def test_damage_is_an_error_in_words_or_leaves_a_value(tmp_path: Path) -> None:
    path, rng = tmp_path / "test-00000-of-00001.parquet", np.random.default_rng(5)
    whole = write(path, rows(range(3))).read_bytes()
    refused = 0
    for _ in range(80):
        damaged = bytearray(whole)
        damaged[rng.integers(len(damaged))] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        try:
            opened(tmp_path).image(2)
        except DataError:
            refused += 1
    assert refused > 20
