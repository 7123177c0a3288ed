from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from dataset_makers import encoded, make_imagefolder, make_webdataset, pixels

from robustcheck.datasets import known_datasets, open_dataset
from robustcheck.datasets import open as opening
from robustcheck.datasets.layouts.tar_index import load_tar_index
from robustcheck.errors import DataError, DataMissing

CAPTIONS = {0: "a cat\nthe cat\n", 1: "a dog", 2: "an owl\r\na bird\n\nit flies"}


def shard(numbers: range) -> list[tuple[str, bytes]]:
    members = []
    for number in numbers:
        members += [(f"s{number:07d}.png", encoded(number)), (f"s{number:07d}.txt", CAPTIONS[number].encode())]
    return members


def make_retrieval(directory: Path, typed: bool = True) -> Path:
    make_webdataset(directory, [shard(range(2)), shard(range(2, 3))], names=(), templates=())
    if typed:
        (directory / "dataset_type.txt").write_text("retrieval\n")
    return directory


def test_reads_images_and_captions(tmp_path: Path) -> None:
    dataset = open_dataset(str(make_retrieval(tmp_path / "wds_mine")), ())
    assert (dataset.name, dataset.task, dataset.class_names) == ("wds_mine", "retrieval", ())
    assert dataset.ids.tolist() == ["s0000000", "s0000001", "s0000002"]
    assert dataset.labels.tolist() == [0, 1, 2]
    assert dataset.captions is not None
    assert dataset.captions.texts == ("a cat", "the cat", "a dog", "an owl", "a bird", "", "it flies")
    assert dataset.captions.owners.tolist() == [0, 0, 1, 2, 2, 2, 2]
    np.testing.assert_array_equal(np.asarray(dataset.image(2)), pixels(2))


def test_captions_are_split_as_clip_benchmark_splits_them(tmp_path: Path) -> None:
    """build_wds_dataset maps the .txt with str.splitlines and leaves the export's escaped \\n as it is."""
    text = "one\\ntwo\x0bthree\u2028four\n"
    members = [("a.jpg", encoded(0, "jpeg")), ("a.txt", text.encode())]
    directory = make_webdataset(tmp_path / "d", [members], names=(), templates=())
    (directory / "dataset_type.txt").write_text("Retrieval")
    dataset = open_dataset(str(directory), ())
    assert dataset.captions is not None
    assert list(dataset.captions.texts) == text.splitlines() == ["one\\ntwo", "three", "four"]


def test_a_catalogue_name_is_found_where_clip_benchmark_puts_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = dict(known_datasets())
    entries["mscoco"] = opening.replace(entries["mscoco"], count=3)
    monkeypatch.setattr(opening, "known_datasets", lambda: entries)
    make_retrieval(tmp_path / "wds_mscoco_captions", typed=False)
    dataset = open_dataset("mscoco", (tmp_path,))
    assert (dataset.name, dataset.task, len(dataset)) == ("mscoco", "retrieval", 3)


def test_a_wrong_count_is_an_error(tmp_path: Path) -> None:
    make_retrieval(tmp_path / "flickr30k")
    with pytest.raises(DataError, match=r"(?s)3 images.*1000, the whole of flickr30k") as caught:
        open_dataset("flickr30k", (tmp_path,))
    assert not isinstance(caught.value, DataMissing)


def test_a_missing_set_says_where_to_put_it(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match="wds_flickr30k"):
        open_dataset("flickr30k", (tmp_path,))


def test_a_changed_caption_changes_the_fingerprint(tmp_path: Path) -> None:
    first = open_dataset(str(make_retrieval(tmp_path / "a")), ())
    again = open_dataset(str(make_retrieval(tmp_path / "b")), ())
    members = [(name, content.replace(b"cat", b"rat")) for name, content in shard(range(2))]
    other = make_retrieval(tmp_path / "c")
    make_webdataset(other, [members, shard(range(2, 3))], names=(), templates=())
    assert first.fingerprint == again.fingerprint
    assert open_dataset(str(other), ()).fingerprint != first.fingerprint


def test_one_index_is_not_taken_for_the_other(tmp_path: Path) -> None:
    members = [("a.png", encoded(0)), ("a.txt", b"text"), ("a.cls", b"7")]
    directory = make_webdataset(tmp_path / "d", [members])
    shards = (directory / "test" / "0.tar",)
    captions = load_tar_index(shards, tmp_path / "index", "txt")
    labels = load_tar_index(shards, tmp_path / "index")
    assert (captions.labels.tolist(), captions.texts.tolist()) == ([0], ["text"])
    assert (labels.labels.tolist(), labels.texts.tolist()) == ([7], [""])


def test_an_image_without_captions_is_an_error(tmp_path: Path) -> None:
    directory = make_webdataset(tmp_path / "d", [[("a.png", encoded(0)), ("a.txt", b"")]], names=(), templates=())
    (directory / "dataset_type.txt").write_text("retrieval")
    with pytest.raises(DataError, match="1 of 1 images have no caption"):
        open_dataset(str(directory), ())
    make_webdataset(directory, [[("a.png", encoded(0))]], names=(), templates=())
    with pytest.raises(DataError, match=r"'a' has no \.txt"):
        open_dataset(str(directory), ())


def test_a_table_of_json_lines(tmp_path: Path) -> None:
    directory = make_imagefolder(tmp_path / "d", ["x/a.png", "x/b.png"])
    rows = [
        {"path": "x/b.png", "captions": ["second", "two"]},
        {"path": "x/a.png", "caption": "first"},
        {"path": "x/b.png", "caption": "third"},
    ]
    (directory / "captions.jsonl").write_text("\n".join(json.dumps(row) for row in rows) + "\n\n")
    dataset = open_dataset(str(directory), ())
    assert dataset.captions is not None
    assert dataset.ids.tolist() == ["x/b.png", "x/a.png"]
    assert dataset.captions.texts == ("second", "two", "third", "first")
    assert dataset.captions.owners.tolist() == [0, 0, 0, 1]
    np.testing.assert_array_equal(np.asarray(dataset.image(0)), pixels(1))


def test_a_table_of_columns(tmp_path: Path) -> None:
    directory = make_imagefolder(tmp_path / "d", ["a.png"])
    (directory / "captions.csv").write_text('path,caption\na.png,"one, two"\na.png,three\n')
    dataset = open_dataset(str(directory), ())
    assert dataset.captions is not None
    assert dataset.captions.texts == ("one, two", "three")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("captions.csv", "path,text\na.png,x\n", "the columns path, text"),
        ("captions.jsonl", "{}", "found {}"),
        ("captions.jsonl", '{"path": "a.png", "captions": []}', "found"),
        ("captions.jsonl", "no", "not JSON"),
        ("captions.jsonl", '{"path": "../a.png", "caption": "x"}', "leaves the directory"),
        ("captions.jsonl", '{"path": "b.png", "caption": "x"}', "1 of 1 images are missing"),
        ("captions.jsonl", "\n", "0 of 0 images have no caption"),
    ],
)
def test_a_table_with_a_mistake_is_an_error(tmp_path: Path, name: str, text: str, message: str) -> None:
    directory = make_imagefolder(tmp_path / "d", ["a.png"])
    (directory / name).write_text(text)
    with pytest.raises(DataError, match=message):
        open_dataset(str(directory), ())
