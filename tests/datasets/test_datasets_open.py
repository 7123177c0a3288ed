from __future__ import annotations

import os
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from dataset_makers import make_imagefolder, make_webdataset, rewrite_with_old_time, sample, three_shards
from dataset_makers_protocols import Change, changed_catalogue

from robustcheck.datasets import catalogue, class_sets, data_roots, known_datasets, open_dataset
from robustcheck.errors import DataError, DataMissing, SetupError
from robustcheck.values import Task


@pytest.fixture
def catalogued(monkeypatch: pytest.MonkeyPatch) -> Change:
    """Change what the catalogue says about a dataset, so that small directories can stand for it."""
    return changed_catalogue(monkeypatch)


def imagenet_r(directory: Path, names: tuple[str, ...] | None = None) -> Path:
    """Write a webdataset with ImageNet-R's classes and two samples."""
    names = class_sets.class_set_names("imagenet-r") if names is None else names
    return make_webdataset(directory, [[*sample(0, 0), *sample(1, 199)]], names=names)


def test_a_missing_dataset_says_where_to_put_it(tmp_path: Path) -> None:
    with pytest.raises(DataMissing) as caught:
        open_dataset("imagenet-v2", (tmp_path,))
    text = str(caught.value)
    assert "wds_imagenetv2" in text
    assert str(tmp_path) in text
    assert "https://imagenetv2.org" in text


def test_without_a_root_the_options_are_named() -> None:
    with pytest.raises(DataMissing, match=r"--robust-data, \$ROBUSTCHECK_DATA or datasets\.local\.yaml"):
        open_dataset("imagenet-v2", ())


def test_an_unknown_name_suggests_a_near_one() -> None:
    with pytest.raises(DataError, match="did you mean 'imagenet-sketch'") as caught:
        open_dataset("imagenet-sketsh", ())
    assert not isinstance(caught.value, DataMissing)


def test_a_missing_directory_is_missing_data(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match="no such directory"):
        open_dataset(str(tmp_path / "nothing"), ())


@pytest.mark.parametrize("place", ["wds_imagenet-r", "wds_imagenet-r_test", "wds/imagenet-r", "imagenet-r"])
def test_usual_directory_names_are_found(tmp_path: Path, catalogued: Change, place: str) -> None:
    imagenet_r(tmp_path / place)
    catalogued("imagenet-r", count=2)
    dataset = open_dataset("imagenet-r", (tmp_path / "x", tmp_path))
    assert (dataset.name, dataset.class_set, dataset.prompts) == ("imagenet-r", "imagenet-r", "")
    assert dataset.columns is not None
    np.testing.assert_array_equal(dataset.columns, class_sets.class_set_indices("imagenet-r"))


def test_a_root_may_be_the_dataset_itself(tmp_path: Path, catalogued: Change) -> None:
    catalogued("imagenet-r", count=2)
    assert len(open_dataset("imagenet-r", (imagenet_r(tmp_path / "wds_imagenet-r"),))) == 2


def test_datacomp_names_follow_from_the_benchmark_name() -> None:
    places = set(known_datasets()["cifar100"].places)
    assert {"wds_vtab-cifar100_test", "wds_vtab-cifar100", "wds/vtab/cifar100"} <= places
    assert "wds_imagenet_sketch_test" in known_datasets()["imagenet-sketch"].places


def test_a_wrong_count_is_an_error(tmp_path: Path) -> None:
    imagenet_r(tmp_path / "wds_imagenet-r")
    with pytest.raises(DataError, match=r"(?s)2 images.*expected: 30000") as caught:
        open_dataset("imagenet-r", (tmp_path,))
    assert not isinstance(caught.value, DataMissing)


def test_a_wrong_number_of_classes_is_an_error(tmp_path: Path) -> None:
    imagenet_r(tmp_path / "imagenet-r", ("cat",) * 1 + ("dog",) * 200)
    with pytest.raises(DataError, match=r"(?s)201 classes.*the 200 of imagenet-r"):
        open_dataset("imagenet-r", (tmp_path,))


def test_another_class_list_is_an_error(tmp_path: Path, catalogued: Change) -> None:
    imagenet_r(tmp_path / "imagenet-r", class_sets.class_set_names("imagenet-a"))
    catalogued("imagenet-r", count=2)
    with pytest.raises(DataError, match="another class list"):
        open_dataset("imagenet-r", (tmp_path,))


def test_a_class_list_with_another_wording_is_accepted(tmp_path: Path, catalogued: Change) -> None:
    names = ("a tench, reworded", *class_sets.class_set_names("imagenet-r")[1:])
    imagenet_r(tmp_path / "imagenet-r", names)
    catalogued("imagenet-r", count=2)
    assert open_dataset("imagenet-r", (tmp_path,)).class_names == names


def test_wordnet_folders_of_another_set_are_an_error(tmp_path: Path, catalogued: Change) -> None:
    make_imagefolder(tmp_path / "imagenet-r", [f"{wnid}/x.png" for wnid in class_sets.class_set_wnids("imagenet-a")])
    catalogued("imagenet-r", count=200)
    with pytest.raises(DataError, match="other WordNet ids"):
        open_dataset("imagenet-r", (tmp_path,))


def test_raw_imagenet_folders_get_the_default_prompts(tmp_path: Path, catalogued: Change) -> None:
    make_imagefolder(tmp_path / "imagenet-r", [f"{wnid}/x.png" for wnid in class_sets.class_set_wnids("imagenet-r")])
    catalogued("imagenet-r", count=200)
    dataset = open_dataset("imagenet-r", (tmp_path,))
    assert (dataset.prompts, dataset.templates) == ("openai-80", ())
    assert dataset.class_names == class_sets.class_set_names("imagenet-r")


def test_numbered_folders_of_a_known_set_get_its_names(tmp_path: Path, catalogued: Change) -> None:
    make_imagefolder(tmp_path / "imagenetv2", [f"{number}/x.png" for number in range(1000)])
    catalogued("imagenet-v2", count=1000)
    dataset = open_dataset("imagenet-v2", (tmp_path,))
    assert dataset.class_names == class_sets.imagenet_class_names()
    assert dataset.ids[10] == "10/x.png"


def test_a_class_set_is_recognised_in_a_directory(tmp_path: Path) -> None:
    dataset = open_dataset(str(imagenet_r(tmp_path / "mine")), ())
    assert (dataset.name, dataset.class_set) == ("mine", "imagenet-r")
    assert dataset.columns is not None


def test_columns_that_make_a_set_what_it_is_must_be_there(tmp_path: Path) -> None:
    make_imagefolder(tmp_path / "scam", ["1.png"])
    (tmp_path / "scam" / "manifest.csv").write_text("path,label,typed\n1.png,mug,taxi\n")
    with pytest.raises(DataError, match="no column 'variant'"):
        open_dataset("scam", (tmp_path,))


def test_an_unknown_layout_lists_the_known_ones(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(DataError) as caught:
        open_dataset(str(tmp_path), ())
    assert "notes.txt" in str(caught.value)
    for layout in ("webdataset", "manifest", "imagefolder"):
        assert layout in str(caught.value)


def test_an_empty_directory_says_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="an empty directory"):
        open_dataset(str(tmp_path), ())


def test_a_directory_that_cannot_be_listed_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(DataError, match="cannot read the directory: Permission denied"):
        open_dataset(str(tmp_path), ())


@pytest.mark.usefixtures("trusted_times")
def test_an_index_that_cannot_be_written_only_costs_time(tmp_path: Path) -> None:
    directory = str(three_shards(tmp_path / "d"))
    (tmp_path / "file").write_text("a file, not a directory")
    kept, unkept = (open_dataset(directory, (), tmp_path / name) for name in ("index", "file"))
    assert kept.fingerprint == unkept.fingerprint
    assert (tmp_path / "file").is_file()


class TestFingerprint:
    def test_one_byte_changes_it(self, tmp_path: Path) -> None:
        directory = make_imagefolder(tmp_path / "d", ["a/1.png", "b/2.png"])
        before = open_dataset(str(directory), (), tmp_path / "index").fingerprint
        image = directory / "b" / "2.png"
        content = bytearray(image.read_bytes())
        content[-1] ^= 1
        image.write_bytes(content)
        assert open_dataset(str(directory), (), tmp_path / "index").fingerprint != before

    @pytest.mark.usefixtures("trusted_times")
    def test_one_byte_changes_it_even_when_the_time_is_set_back(self, tmp_path: Path) -> None:
        directory = make_imagefolder(tmp_path / "d", ["a/1.png", "b/2.png"])
        image = directory / "b" / "2.png"
        before = open_dataset(str(directory), (), tmp_path / "index").fingerprint
        assert list(tmp_path.glob("index/hashes-*"))
        content = bytearray(image.read_bytes())
        content[-1] ^= 1
        rewrite_with_old_time(image, content)
        assert open_dataset(str(directory), (), tmp_path / "index").fingerprint != before

    def test_a_name_changes_it(self, tmp_path: Path) -> None:
        first = open_dataset(str(make_imagefolder(tmp_path / "1", ["a/1.png", "b/2.png"])), ())
        second = open_dataset(str(make_imagefolder(tmp_path / "2", ["a/1.png", "b/3.png"])), ())
        assert first.fingerprint != second.fingerprint

    def test_the_place_does_not_change_it(self, tmp_path: Path) -> None:
        first, second = (open_dataset(str(three_shards(tmp_path / name)), ()) for name in "ab")
        assert first.fingerprint == second.fingerprint

    @pytest.mark.parametrize("name", ["classnames.txt", "zeroshot_classification_templates.txt", "groups.csv"])
    def test_the_files_beside_change_it(self, tmp_path: Path, name: str) -> None:
        directory = three_shards(tmp_path / "d")
        rows = "".join(f"s{i:07d},x\n" for i in range(10))
        (directory / "groups.csv").write_text(f"id,g\n{rows}")
        before = open_dataset(str(directory), ()).fingerprint
        text = (directory / name).read_text()
        (directory / name).write_text(text.replace("cat", "cow").replace("photo", "picture").replace(",x", ",y"))
        assert open_dataset(str(directory), ()).fingerprint != before


class TestRoots:
    def test_are_searched_in_order(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        for name in ("a", "b", "c"):
            (tmp_path / name).mkdir()
        (tmp_path / "datasets.local.yaml").write_text("roots: [c]\n")
        environ = {"ROBUSTCHECK_DATA": os.pathsep.join([str(tmp_path / "b"), str(tmp_path / "a")])}
        roots = data_roots("a", environ, tmp_path)
        assert roots == (tmp_path / "a", tmp_path / "b", tmp_path / "datasets.local.yaml")

    def test_none_are_fine(self, tmp_path: Path) -> None:
        assert data_roots(None, {}, tmp_path) == ()

    def test_a_root_that_is_not_there_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(SetupError, match="--robust-data: there is no directory"):
            data_roots("nowhere", {}, tmp_path)

    def test_a_file_is_no_root_unless_it_lists_some(self, tmp_path: Path) -> None:
        for name in ("pytest.ini", "local.yaml"):
            (tmp_path / name).write_text("roots: /data\n")
        with pytest.raises(SetupError, match=r"pytest\.ini is a file"):
            data_roots(str(tmp_path / "pytest.ini"), {}, tmp_path)
        assert data_roots(str(tmp_path / "local.yaml"), {}, tmp_path) == (tmp_path / "local.yaml",)

    def test_one_root_needs_no_brackets(self, tmp_path: Path) -> None:
        (tmp_path / "local.yaml").write_text(f"roots: {tmp_path / 'data'}\n")
        (tmp_path / "data" / "imagenet-v2").mkdir(parents=True)
        with pytest.raises(DataError, match="empty directory"):
            open_dataset("imagenet-v2", [tmp_path / "local.yaml"])

    def test_a_local_file_names_directories(self, tmp_path: Path, catalogued: Change) -> None:
        imagenet_r(tmp_path / "odd name")
        (tmp_path / "datasets.local.yaml").write_text("imagenet-r: odd name\n")
        catalogued("imagenet-r", count=2)
        assert len(open_dataset("imagenet-r", data_roots(None, {}, tmp_path))) == 2

    def test_a_local_file_names_roots(self, tmp_path: Path, catalogued: Change) -> None:
        imagenet_r(tmp_path / "data" / "wds_imagenet-r")
        (tmp_path / "datasets.local.yaml").write_text("roots: [data]\n")
        catalogued("imagenet-r", count=2)
        assert len(open_dataset("imagenet-r", data_roots(None, {}, tmp_path))) == 2

    def test_a_named_directory_that_is_not_there_is_an_error(self, tmp_path: Path) -> None:
        (tmp_path / "datasets.local.yaml").write_text("imagenet-r: gone\n")
        with pytest.raises(DataError, match="does not exist"):
            open_dataset("imagenet-r", data_roots(None, {}, tmp_path))

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("imagenet-rr: x", "did you mean 'imagenet-r'"),
            ("- a", "no mapping"),
            ("roots: 3", "values that are not paths"),
            ("imagenet-r: 3", "values that are not paths"),
            ("a: [", "expected"),
        ],
    )
    def test_a_wrong_local_file_is_an_error(self, tmp_path: Path, text: str, message: str) -> None:
        (tmp_path / "datasets.local.yaml").write_text(text)
        with pytest.raises(SetupError, match=message):
            data_roots(None, {}, tmp_path)


class TestCatalogue:
    def test_entries_are_whole(self) -> None:
        for name, entry in known_datasets().items():
            assert entry.name == name
            assert entry.title
            assert entry.licence
            assert entry.homepage.startswith("https://") or entry.layout == "drawn" or entry.members
            assert entry.task in get_args(Task)
            assert name in entry.places

    def test_entries_refer_to_what_there_is(self) -> None:
        known = known_datasets()
        for entry in known.values():
            assert {entry.of, entry.id_dataset} - {""} <= set(known)
            assert entry.prompts in {"", "1", "openai-80"}

    def test_class_sets_have_the_size_that_is_said(self) -> None:
        for entry in known_datasets().values():
            if entry.class_set:
                assert len(class_sets.class_set_indices(entry.class_set)) == entry.classes

    def test_known_counts(self) -> None:
        counts = {name: entry.count for name, entry in known_datasets().items()}
        assert counts["imagenet-val"] == 50000
        assert counts["imagenet-sketch"] == 50889
        assert counts["objectnet"] == 18574

    def test_is_read_once(self) -> None:
        assert catalogue.known_datasets() is catalogue.known_datasets()


class TestClassSets:
    def test_names_are_open_clips(self) -> None:
        import hashlib

        joined = "\n".join(class_sets.imagenet_class_names())
        expected = "571ae1c583b4be7da87519494c52bf405a46af05d5815627c7a0dee997068b60"
        assert hashlib.sha256(joined.encode()).hexdigest() == expected

    def test_three_different_lists_of_200(self) -> None:
        lists = [tuple(class_sets.class_set_indices(f"imagenet-{letter}").tolist()) for letter in "aro"]
        assert [len(set(one)) for one in lists] == [200, 200, 200]
        assert len(set(lists)) == 3
        assert all(list(one) == sorted(one) for one in lists)

    def test_wordnet_ids_are_sorted_like_the_classes(self) -> None:
        assert list(class_sets.imagenet_wnids()) == sorted(class_sets.imagenet_wnids())

    def test_an_unknown_set_is_an_error(self) -> None:
        with pytest.raises(DataError, match="did you mean 'imagenet-a'"):
            class_sets.class_set_indices("imagenet-aa")

    def test_a_package_that_is_not_there_is_named(self) -> None:
        with pytest.raises(SetupError, match="pip install nothing-at-all"):
            class_sets.package_directory("robustcheck_nothing", "nothing-at-all")
