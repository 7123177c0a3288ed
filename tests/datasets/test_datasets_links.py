"""No image is counted twice: links, loops, second names, and what is called an image and is none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from dataset_makers import encoded, make_imagefolder, make_webdataset, sample
from dataset_makers_protocols import changed_catalogue

from robustcheck.datasets import open_dataset
from robustcheck.datasets.dataset import Dataset
from robustcheck.datasets.doctor import examine
from robustcheck.errors import DataError


def opened(directory: Path) -> Dataset:
    return open_dataset(str(directory), ())


def link(place: Path, target: Path | str) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(target)


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    return make_imagefolder(tmp_path / "d", ["cat/a.png", "cat/b.png", "dog/c.png"])


@pytest.mark.parametrize("target", [".", "..", "../..", "../cat", "inner"])
def test_a_loop_of_links_multiplies_nothing(folders: Path, target: str) -> None:
    (folders / "dog" / "other.png").write_bytes(encoded(9))
    link(folders / "cat" / "inner" / "loop", "." if target == "inner" else f"../{target}")
    dataset = opened(folders)
    assert dataset.ids.tolist() == ["cat/a.png", "cat/b.png", "dog/c.png", "dog/other.png"]
    assert len(dataset.defects) == 1
    assert "1 links lead to what is in the set already" in dataset.defects[0]
    assert "cat/inner/loop" in dataset.defects[0]


def test_two_links_to_each_other_lead_nowhere(folders: Path) -> None:
    link(folders / "cat" / "x", "y")
    link(folders / "cat" / "y", "x")
    assert len(opened(folders)) == 3


def test_a_second_name_in_the_same_class_counts_once(folders: Path) -> None:
    link(folders / "cat" / "0.png", "b.png")
    os.link(folders / "dog" / "c.png", folders / "dog" / "d.png")
    make_imagefolder(folders, ["cat/deep/e.png"])
    link(folders / "cat" / "again", "deep")
    dataset = opened(folders)
    # What is a file of its own has the first say, so that a link of an earlier name changes no id.
    assert dataset.ids.tolist() == ["cat/a.png", "cat/b.png", "cat/deep/e.png", "dog/c.png"]
    assert "3 links lead to what is in the set already" in dataset.defects[0]


@pytest.mark.parametrize(("place", "target"), [("dog/x.png", "../cat/a.png"), ("owl", "cat"), ("dog/more", "../cat")])
def test_one_file_in_two_classes_is_an_error(folders: Path, place: str, target: str) -> None:
    link(folders / place, target)
    with pytest.raises(DataError, match="are one and the same, but of two classes"):
        opened(folders)


def test_links_out_of_the_set_are_followed_once(tmp_path: Path, folders: Path) -> None:
    make_imagefolder(tmp_path / "disk", ["owl/a.png", "owl/b.png"])
    link(tmp_path / "disk" / "owl" / "back", tmp_path / "disk" / "owl")
    link(folders / "owl", tmp_path / "disk" / "owl")
    assert opened(folders).ids.tolist()[-2:] == ["owl/a.png", "owl/b.png"]


def test_loops_in_every_walk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change = changed_catalogue(monkeypatch)
    change("sun", count=2)
    change("cue-conflict", count=2)
    change("imagenet-p", classes=1, class_set="")
    for place, files in {
        "SUN": ["a.jpg", "deep/b.jpg"],
        "cue-conflict": ["bird/bird1-clock2.png", "cat/cat1-clock2.png"],
        "imagenet-p/shot_noise": ["one/v/1.jpg", "one/v/2.jpg"],
    }.items():
        make_imagefolder(tmp_path / place, files)
        link(tmp_path / place / Path(files[1]).parent / "loop", tmp_path / place)
    for name in ("sun", "cue-conflict", "imagenet-p/shot_noise"):
        dataset = open_dataset(name, (tmp_path,))
        assert len(dataset) == 2, name
        assert len(dataset.defects) == 1, name


def test_a_cue_conflict_image_under_two_names_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed_catalogue(monkeypatch)("cue-conflict", count=2)
    directory = make_imagefolder(tmp_path / "cue-conflict", ["bird/bird1-clock2.png"])
    link(directory / "cat" / "cat1-clock2.png", directory / "bird" / "bird1-clock2.png")
    with pytest.raises(DataError, match="one and the same"):
        open_dataset("cue-conflict", (tmp_path,))


def test_a_table_that_names_an_image_twice_is_said(folders: Path) -> None:
    rows = ["id,path,label", "x,cat/a.png,cat", "y,./cat/../cat/a.png,cat", "z,cat/l.png,cat", "u,dog/c.png,dog"]
    link(folders / "cat" / "l.png", "a.png")
    (folders / "manifest.csv").write_text("\n".join(rows) + "\n")
    dataset = opened(folders)
    assert len(dataset) == 4
    assert dataset.defects == ("2 of 4 rows show an image that an earlier row shows: cat/a.png in 2 rows",)


def test_one_path_in_two_spellings_is_one_id(folders: Path) -> None:
    (folders / "manifest.csv").write_text("path,label\ncat/a.png,cat\n./cat/a.png,cat\n")
    with pytest.raises(DataError, match="1 ids occur twice"):
        opened(folders)


def test_captions_of_one_image_under_two_names_are_said(folders: Path) -> None:
    link(folders / "cat" / "l.png", "a.png")
    (folders / "captions.csv").write_text("path,caption\ncat/a.png,one\ncat/l.png,two\n")
    assert opened(folders).defects == (
        "1 of 2 rows show an image that an earlier row shows: one file under several names",
    )


def test_a_shard_that_is_a_link_to_another_is_an_error(tmp_path: Path) -> None:
    directory = make_webdataset(tmp_path / "d", [sample(0, 0), sample(1, 1)])
    (directory / "test" / "1.tar").unlink()
    link(directory / "test" / "1.tar", "0.tar")
    with pytest.raises(DataError, match=r"1\.tar: the same file as 0\.tar"):
        opened(directory)


def test_a_shard_that_is_a_copy_of_another_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"1\.tar: the same content as 0\.tar"):
        opened(make_webdataset(tmp_path / "d", [sample(0, 0), sample(0, 0)]))


# --- what is called an image and is none -----------------------------------------------------------------


def test_a_pipe_called_like_an_image_does_not_hang(folders: Path) -> None:
    os.mkfifo(folders / "cat" / "x.png")
    with pytest.raises(DataError, match=r"x\.png: called like an image, but it is a named pipe"):
        opened(folders)


def test_a_pipe_in_a_table_does_not_hang(folders: Path) -> None:
    os.mkfifo(folders / "cat" / "x.png")
    (folders / "manifest.csv").write_text("path,label\ncat/x.png,cat\n")
    with pytest.raises(DataError, match=r"cat/x\.png cannot be an image: it is a named pipe"):
        opened(folders)


def test_a_device_called_like_an_image_is_refused(folders: Path) -> None:
    link(folders / "cat" / "x.png", "/dev/zero")
    with pytest.raises(DataError, match="it is a device, not a regular file"):
        opened(folders)


def test_a_pipe_that_takes_the_place_of_an_image_later_does_not_hang(folders: Path) -> None:
    dataset = opened(folders)
    (folders / "cat" / "a.png").unlink()
    os.mkfifo(folders / "cat" / "a.png")
    with pytest.raises(DataError, match="changed while it was being measured"):
        dataset.image(0)


@pytest.mark.parametrize("name", ["manifest.csv", "classnames.txt", "groups.csv", "captions.jsonl", "test/nshards.txt"])
def test_a_pipe_called_like_a_table_does_not_hang(folders: Path, name: str) -> None:
    (folders / name).parent.mkdir(exist_ok=True)
    os.mkfifo(folders / name)
    with pytest.raises(DataError, match=r"named pipe|no rows|nshards"):
        opened(folders)


def test_a_link_that_leads_nowhere_is_an_error(folders: Path) -> None:
    link(folders / "cat" / "x.png", "gone.png")
    with pytest.raises(DataError, match="a link that leads nowhere"):
        opened(folders)


def test_a_file_name_that_is_no_text_is_an_error(folders: Path) -> None:
    Path(os.fsdecode(bytes(folders / "cat") + b"/\xff.png")).write_bytes(encoded(0))
    with pytest.raises(DataError, match="is not UTF-8"):
        opened(folders)


# --- a set that would be read in part ---------------------------------------------------------------------


def test_images_in_formats_that_are_not_read_are_an_error(folders: Path) -> None:
    (folders / "cat" / "z.AVIF").write_bytes(b"x")
    with pytest.raises(DataError, match=r"1 of 4 images are in formats that are not read, the first cat/z\.AVIF"):
        opened(folders)
    assert [finding.level for finding in examine(str(folders), ())] == ["error"]


def test_files_that_nobody_knows_are_said(folders: Path) -> None:
    for name in ("a.png.part", "b.bin", "000017", "README", "labels.txt", "Thumbs.db"):
        (folders / "cat" / name).write_bytes(b"x")
    dataset = opened(folders)
    assert len(dataset) == 3
    assert len(dataset.defects) == 1
    assert dataset.defects[0].startswith("3 files beside the 3 images are not read: ")
    content = [finding for finding in examine(str(folders), ()) if finding.what == "content"]
    assert [finding.level for finding in content] == ["warning"]


def test_every_suffix_of_a_known_format_is_read(tmp_path: Path) -> None:
    names = [f"cat/x.{suffix}" for suffix in ("jpe", "jfif", "pgm", "pnm", "JPEG", "tif")]
    assert len(opened(make_imagefolder(tmp_path / "d", names))) == 6


def test_more_shards_than_are_counted_are_an_error(tmp_path: Path) -> None:
    directory = make_webdataset(tmp_path / "d", [sample(0, 0), sample(1, 1)])
    (directory / "test" / "nshards.txt").write_text("1\n")
    with pytest.raises(DataError, match=r"1 shards more than nshards\.txt counts, the first 1\.tar"):
        opened(directory)


def test_two_images_in_one_sample_are_an_error(tmp_path: Path) -> None:
    members = [*sample(0, 0), ("s0000000.jpg", encoded(1, "jpeg"))]
    with pytest.raises(DataError, match="'s0000000' has several images: png, jpg"):
        opened(make_webdataset(tmp_path / "d", [members]))


def test_rows_of_groups_on_no_image_are_an_error(folders: Path) -> None:
    (folders / "groups.csv").write_text("id,g\ncat/a.png,1\ncat/b.png,1\ndog/c.png,1\ndog/d.png,1\n")
    with pytest.raises(DataError, match=r"1 of 4 rows are of no image, the first 'dog/d\.png'"):
        opened(folders)
