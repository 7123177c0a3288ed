from __future__ import annotations

import io
import math
import tarfile
from pathlib import Path

import numpy as np
import pytest
from dataset_makers import encoded, make_webdataset, pixels, sample, three_shards, write_tar
from PIL import Image

from robustcheck.datasets import open_dataset
from robustcheck.datasets.layouts import tar_index
from robustcheck.errors import DataError


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return three_shards(tmp_path / "wds_things")


def reference(directory: Path) -> list[tuple[str, int, np.ndarray]]:
    """Read every sample with tarfile alone, in shard order."""
    found = []
    for number in range(int((directory / "test" / "nshards.txt").read_text())):
        with tarfile.open(directory / "test" / f"{number}.tar") as archive:
            content = {info.name: archive.extractfile(info).read() for info in archive}  # type: ignore[union-attr]
        for name in (name for name in content if not name.endswith(".cls")):
            key = name.partition(".")[0]
            picture = np.asarray(Image.open(io.BytesIO(content[name])).convert("RGB"))
            found.append((key, int(content[f"{key}.cls"]), picture))
    return found


def test_equals_a_plain_reading_of_the_tars(directory: Path) -> None:
    dataset = open_dataset(str(directory), ())
    expected = reference(directory)
    assert dataset.ids.tolist() == [key for key, _, _ in expected]
    assert dataset.labels.tolist() == [label for _, label, _ in expected]
    for index in reversed(range(len(dataset))):
        np.testing.assert_array_equal(np.asarray(dataset.image(index)), expected[index][2])


def test_reads_names_and_templates(directory: Path) -> None:
    dataset = open_dataset(str(directory), ())
    assert dataset.name == "wds_things"
    assert dataset.class_names == ("cat", "dog", "owl")
    assert dataset.templates == ("a photo of a {c}.", "a drawing of a {c}.")
    assert (dataset.class_set, dataset.columns, dataset.prompts) == ("", None, "")


@pytest.mark.parametrize(("suffix", "kind"), [("jpg", "jpeg"), ("jpeg", "jpeg"), ("webp", "webp"), ("ppm", "ppm")])
def test_reads_every_image_suffix(tmp_path: Path, suffix: str, kind: str) -> None:
    members = [("x.cls", b"1"), (f"x.{suffix}", encoded(3, kind)), ("x.json", b"{}")]
    dataset = open_dataset(str(make_webdataset(tmp_path / "d", [members])), ())
    assert dataset.image(0).mode == "RGB"
    assert dataset.image(0).size == (12, 12)


def test_converts_grey_images_to_rgb(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.new("L", (5, 7), 9).save(buffer, "png")
    directory = make_webdataset(tmp_path / "d", [[("x.cls", b"0\n"), ("x.png", buffer.getvalue())]])
    dataset = open_dataset(str(directory), ())
    assert (dataset.image(0).mode, dataset.image(0).size) == ("RGB", (5, 7))


def test_members_without_a_suffix_or_a_stem_are_no_samples(tmp_path: Path) -> None:
    members = [("README", b"hello"), ("._s0000000.png", b"x"), *sample(0, 2)]
    directory = make_webdataset(tmp_path / "d", [members])
    assert open_dataset(str(directory), ()).ids.tolist() == ["s0000000"]


def test_a_key_ends_at_the_first_dot_of_the_base_name(tmp_path: Path) -> None:
    members = [("deep.d/y.cls", b"1"), ("deep.d/y.left.png", b""), ("deep.d/y.png", encoded(1))]
    directory = make_webdataset(tmp_path / "d", [members])
    assert open_dataset(str(directory), ()).ids.tolist() == ["deep.d/y"]


def test_shards_are_in_numeric_order(tmp_path: Path) -> None:
    dataset = open_dataset(str(make_webdataset(tmp_path / "d", [sample(i, 0) for i in range(12)])), ())
    assert dataset.ids.tolist() == [f"s{i:07d}" for i in range(12)]
    np.testing.assert_array_equal(np.asarray(dataset.image(11)), pixels(11))


def test_equal_keys_in_two_shards_get_the_shard_in_their_id(tmp_path: Path) -> None:
    dataset = open_dataset(str(make_webdataset(tmp_path / "d", [sample(0, 0), sample(0, 1)])), ())
    assert dataset.ids.tolist() == ["0/s0000000", "1/s0000000"]


def test_groups_come_from_a_table_beside(directory: Path) -> None:
    rows = [f"s{i:07d},{'pose' if i % 2 else 'shape'}" for i in reversed(range(10))]
    (directory / "test" / "groups.csv").write_text("id,factor\n" + "\n".join(rows) + "\n")
    dataset = open_dataset(str(directory), ())
    assert dataset.groups["factor"].tolist() == ["shape", "pose"] * 5


def test_groups_must_cover_every_sample(directory: Path) -> None:
    (directory / "groups.csv").write_text("id,factor\ns0000000,pose\n")
    with pytest.raises(DataError, match=r"9 samples have no row, the first 's0000001'"):
        open_dataset(str(directory), ())


@pytest.mark.usefixtures("trusted_times")
def test_index_is_used_again_and_gives_the_same(
    directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = open_dataset(str(directory), (), tmp_path / "index")
    monkeypatch.setattr(tarfile, "open", None)
    monkeypatch.setattr("hashlib.file_digest", None)
    second = open_dataset(str(directory), (), tmp_path / "index")
    assert second.fingerprint == first.fingerprint
    assert second.ids.tolist() == first.ids.tolist()
    np.testing.assert_array_equal(np.asarray(second.image(9)), pixels(9))


@pytest.mark.usefixtures("trusted_times")
def test_a_changed_shard_is_indexed_anew(directory: Path, tmp_path: Path) -> None:
    open_dataset(str(directory), (), tmp_path / "index")
    write_tar(directory / "test" / "2.tar", [member for i in (8, 9, 10) for member in sample(i, 0)])
    assert len(open_dataset(str(directory), (), tmp_path / "index")) == 11


def test_fresh_files_are_not_trusted_to_be_unchanged(
    directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("robustcheck.disk.SETTLED_SECONDS", math.inf)
    open_dataset(str(directory), (), tmp_path / "index")
    assert not (tmp_path / "index").exists()


@pytest.mark.usefixtures("trusted_times")
@pytest.mark.parametrize("damage", [b"", b"PK", b"\x00" * 50])
def test_a_damaged_index_is_built_again(directory: Path, tmp_path: Path, damage: bytes) -> None:
    open_dataset(str(directory), (), tmp_path / "index")
    for kept in (tmp_path / "index").iterdir():
        kept.write_bytes(damage)
    assert len(open_dataset(str(directory), (), tmp_path / "index")) == 10


def test_every_cut_of_a_shard_is_noticed(tmp_path: Path) -> None:
    directory = make_webdataset(tmp_path / "d", [[m for i in range(3) for m in sample(i, 0)]])
    shard = directory / "test" / "0.tar"
    whole = shard.read_bytes()
    with tarfile.open(shard) as archive:
        last = archive.getmembers()[-1]
    end = last.offset_data + -(-last.size // 512) * 512
    for cut in [*range(0, end, 256), end - 1, end, end + 100]:
        shard.write_bytes(whole[:cut])
        with pytest.raises(DataError, match=r"0\.tar"):
            open_dataset(str(directory), ())
    for cut in (end + 512, end + 1024, len(whole)):
        shard.write_bytes(whole[:cut])
        assert len(open_dataset(str(directory), ())) == 3


def test_a_broken_header_is_no_end_of_archive(tmp_path: Path) -> None:
    directory = make_webdataset(tmp_path / "d", [[m for i in range(3) for m in sample(i, 0)]])
    shard = directory / "test" / "0.tar"
    content = bytearray(shard.read_bytes())
    with tarfile.open(shard) as archive:
        third = archive.getmembers()[2]
    content[third.offset + 5] ^= 0xFF
    shard.write_bytes(content)
    with pytest.raises(DataError, match="damaged or cut off"):
        open_dataset(str(directory), ())


def test_zeros_inside_an_image_are_no_end_mark(tmp_path: Path) -> None:
    directory = make_webdataset(tmp_path / "d", [[("x.cls", b"0"), ("x.ppm", bytes(512)), *sample(1, 0)]])
    shard = directory / "test" / "0.tar"
    shard.write_bytes(shard.read_bytes()[: 4 * 512])
    with pytest.raises(DataError, match="no end mark at byte 2048"):
        open_dataset(str(directory), ())


def test_a_compressed_shard_is_refused(tmp_path: Path) -> None:
    directory = make_webdataset(tmp_path / "d", [sample(0, 0)])
    with tarfile.open(directory / "test" / "0.tar", "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("x.cls"))
    with pytest.raises(DataError, match="uncompressed tar"):
        open_dataset(str(directory), ())


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ([("x.png", encoded(0))], r"'x' has no \.cls"),
        ([("x.cls", b"0")], "'x' has no image, only cls"),
        ([("x.cls", b"zero"), ("x.png", b"")], r"x\.cls holds b'zero'"),
        ([("x.cls", b"0"), ("x.cls", b"1"), ("x.png", b"")], r"x\.cls occurs twice"),
        ([("x.cls", b"3"), ("x.png", b"")], "out of range, the first 3 .*expected: labels 0 to 2, for 3 classes"),
        ([("x.cls", b"-1"), ("x.png", b"")], "out of range, the first -1"),
        ([], "no samples"),
    ],
)
def test_wrong_samples_are_errors(tmp_path: Path, members: list[tuple[str, bytes]], message: str) -> None:
    with pytest.raises(DataError, match=f"(?s){message}"):
        open_dataset(str(make_webdataset(tmp_path / "d", [members])), ())


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("test/nshards.txt", "4", "1 of 4 shards are missing, the first 3.tar"),
        ("test/nshards.txt", "many", "nshards.txt holds 'many'"),
        ("test/nshards.txt", "0", "nshards.txt holds '0'"),
        ("dataset_type.txt", "multilabel", "a multilabel set"),
        ("zeroshot_classification_templates.txt", "a photo of {}", r"has no \{c\}"),
        ("classnames.txt", "cat\n\ndog\n", "line 2 is blank"),
        ("classnames.txt", "", "the classes have no names"),
    ],
)
def test_wrong_files_beside_are_errors(directory: Path, name: str, text: str, message: str) -> None:
    (directory / name).write_text(text)
    with pytest.raises(DataError, match=message):
        open_dataset(str(directory), ())


@pytest.mark.parametrize(("kind", "target"), [(tarfile.SYMTYPE, "y.png"), (tarfile.LNKTYPE, "y.png")])
def test_a_link_inside_an_archive_is_an_error(tmp_path: Path, kind: bytes, target: str) -> None:
    directory = make_webdataset(tmp_path / "d", [[("y.cls", b"0"), ("y.png", encoded(0)), ("x.cls", b"1")]])
    with tarfile.open(directory / "test" / "0.tar", "a") as archive:
        link = tarfile.TarInfo("x.png")
        link.type, link.linkname = kind, target
        archive.addfile(link)
    with pytest.raises(DataError, match=r"x\.png is a link or a device inside the archive"):
        open_dataset(str(directory), ())


def test_a_member_name_that_is_no_text_is_an_error(tmp_path: Path) -> None:
    directory = make_webdataset(tmp_path / "d", [[("x\udcff.cls", b"0"), ("x\udcff.png", encoded(0))]])
    with pytest.raises(DataError, match="is not UTF-8"):
        open_dataset(str(directory), ())


def test_a_missing_shard_count_is_an_error(directory: Path) -> None:
    (directory / "test" / "nshards.txt").unlink()
    with pytest.raises(DataError, match=r"there is no nshards\.txt"):
        open_dataset(str(directory), ())


def test_an_unreadable_image_names_shard_and_sample(tmp_path: Path) -> None:
    dataset = open_dataset(str(make_webdataset(tmp_path / "d", [[("x.cls", b"0"), ("x.png", b"nonsense")]])), ())
    with pytest.raises(DataError, match=r"0\.tar:x: cannot decode the image"):
        dataset.image(0)


def test_a_truncated_image_is_an_error(tmp_path: Path) -> None:
    directory = make_webdataset(tmp_path / "d", [[("x.cls", b"0"), ("x.png", encoded(0)[:200])]])
    with pytest.raises(DataError, match="cannot decode"):
        open_dataset(str(directory), ()).image(0)


def test_the_index_keeps_no_file_open(directory: Path) -> None:
    dataset = open_dataset(str(directory), ())
    (directory / "test").rename(directory / "moved")
    with pytest.raises(DataError, match="cannot read the"):
        dataset.image(0)


def test_the_index_has_one_row_a_sample(directory: Path) -> None:
    index = tar_index.load_tar_index([directory / "test" / f"{i}.tar" for i in range(3)], None)
    assert index.shards.tolist() == [0] * 4 + [1] * 4 + [2] * 2


def test_a_sample_in_two_shards_is_said(tmp_path: Path) -> None:
    first = [member for number in range(4) for member in sample(number, 0)]
    again = [member for number in (9, 2, 3) for member in sample(number, 0)]
    dataset = open_dataset(str(make_webdataset(tmp_path / "d", [first, again])), ())
    assert len(dataset) == 7
    assert dataset.defects == ("2 of 7 samples show an image that an earlier one shows: s0000002 in 0.tar and 1.tar",)


def test_keys_that_begin_anew_in_each_shard_are_no_repetition(tmp_path: Path) -> None:
    shards = [[("a.cls", b"0"), ("a.png", encoded(number))] for number in range(3)]
    assert open_dataset(str(make_webdataset(tmp_path / "d", shards)), ()).defects == ()


@pytest.mark.parametrize("name", ["1.tar.gz", "1.TAR", "1.tar.part"])
def test_a_shard_that_is_packed_or_half_copied_belongs_to_the_set(tmp_path: Path, name: str) -> None:
    directory = make_webdataset(tmp_path / "d", [sample(0, 0)])
    (directory / "test" / name).write_bytes(b"")
    with pytest.raises(DataError, match=f"1 shards more than nshards.txt counts, the first {name}"):
        open_dataset(str(directory), ())


def test_an_image_beside_the_shards_is_said(tmp_path: Path) -> None:
    directory = make_webdataset(tmp_path / "d", [sample(0, 0)])
    (directory / "test" / "a.png").write_bytes(encoded(1))
    assert open_dataset(str(directory), ()).defects == ("1 files beside the data are not read: a.png",)


def test_a_sparse_member_is_an_error(tmp_path: Path) -> None:
    directory = make_webdataset(tmp_path / "d", [sample(0, 0)])
    with tarfile.open(directory / "test" / "0.tar", "w") as archive:
        for name, content in sample(0, 0):
            info = tarfile.TarInfo(name)
            info.size, info.pax_headers = len(content), {"GNU.sparse.size": str(len(content))}
            archive.addfile(info, io.BytesIO(content))
    with pytest.raises(DataError, match="or a sparse file"):
        open_dataset(str(directory), ())
