from __future__ import annotations

from pathlib import Path

import pytest
from dataset_makers import encoded, make_imagefolder, make_webdataset, sample, three_shards
from dataset_makers_protocols import changed_catalogue, make_raw_objectnet
from test_datasets_video import make_vid

from robustcheck.datasets import class_sets, known_datasets, open_dataset
from robustcheck.datasets.doctor import Observation, examine
from robustcheck.datasets.presence import presence, subsets_of
from robustcheck.errors import DataError
from robustcheck.prompts import known_prompts, prompt_texts


def by_name(observations: list[Observation]) -> dict[str, Observation]:
    return {observation.what: observation for observation in observations}


def test_a_sound_dataset_has_no_complaint(tmp_path: Path) -> None:
    observations = examine(str(three_shards(tmp_path / "d")), (), decode=None)
    assert {observation.level for observation in observations} == {"ok"}
    assert by_name(observations)["decoding"].detail == "10 of 10 images decoded"
    assert by_name(observations)["class balance"].detail == "3 to 4 images a class"


def test_digits_are_sound() -> None:
    observations = by_name(examine("digits", ()))
    assert observations["count"].detail == "797 images, as the catalogue says"
    assert observations["decoding"].level == "ok"


def test_what_cannot_be_opened_is_one_error(tmp_path: Path) -> None:
    [observation] = examine(str(tmp_path), ())
    assert (observation.level, observation.what) == ("error", "opening")
    [observation] = examine("imagenet-v2", ())
    assert "not on this machine" in observation.detail


def test_a_damaged_image_is_found_when_it_is_decoded(tmp_path: Path) -> None:
    members = [*sample(0, 0), ("x.cls", b"1"), ("x.png", encoded(1)[:99]), *sample(2, 2)]
    directory = str(make_webdataset(tmp_path / "d", [members]))
    assert by_name(examine(directory, (), decode=2))["decoding"].level == "ok"
    damaged = by_name(examine(directory, (), decode=None))["decoding"]
    assert damaged.level == "error"
    assert "1 of 3 images fail" in damaged.detail


def test_empty_classes_are_a_warning_and_missing_templates_are_not(tmp_path: Path) -> None:
    directory = make_webdataset(tmp_path / "d", [sample(0, 0)], templates=())
    observations = by_name(examine(str(directory), ()))
    assert observations["class balance"].level == "warning"
    assert "'dog'" in observations["class balance"].detail
    assert observations["prompts"].level == "ok"
    dataset, names = open_dataset(str(directory), ()), ["a cat", "a dog"]
    usual = next(name for name in known_prompts() if name in observations["prompts"].detail)
    assert prompt_texts(None, dataset, names) == prompt_texts(usual, dataset, names)


def test_repeated_class_names_are_named(tmp_path: Path) -> None:
    names = class_sets.imagenet_class_names()
    observations = by_name(examine(str(make_webdataset(tmp_path / "d", [sample(0, 0)], names=names)), ()))
    assert observations["class list"].detail == "imagenet, as in open_clip"
    assert observations["repeated class names"].detail.startswith("missile, sunglasses")


def test_groups_are_counted(tmp_path: Path) -> None:
    directory = three_shards(tmp_path / "d")
    (directory / "groups.csv").write_text("id,g\n" + "".join(f"s{i:07d},{'ab'[i % 2]}\n" for i in range(10)))
    assert by_name(examine(str(directory), ()))["group g"].detail == "a (5), b (5)"


def test_sets_of_values_are_counted_by_member(tmp_path: Path) -> None:
    directory = three_shards(tmp_path / "d")
    rows = "".join(f"s{i:07d},{('a', 'a;b', '')[i % 3]}\n" for i in range(10))
    (directory / "groups.csv").write_text("id,g\n" + rows)
    assert by_name(examine(str(directory), ()))["group g"].detail == "none (3), a (7), b (3)"


ON_DISK = [name for name, entry in known_datasets().items() if entry.layout not in {"packaged", "drawn"}]


@pytest.mark.parametrize(
    "name", [name for name in ON_DISK if not (known_datasets()[name].subsets or known_datasets()[name].members)]
)
def test_a_missing_dataset_says_where_to_put_it(name: str, tmp_path: Path) -> None:
    [observation] = examine(name, (tmp_path,))
    entry = known_datasets()[name]
    owner = known_datasets()[entry.of] if entry.of else entry
    assert "is not on this machine" in observation.detail
    assert owner.homepage in observation.detail
    for place in owner.places:
        assert place in observation.detail


def test_a_view_says_what_it_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed_catalogue(monkeypatch)("objectnet", count=113)
    make_raw_objectnet(tmp_path / "objectnet")
    observations = by_name(examine("objectnet-imagenet", (tmp_path,)))
    assert observations["view"].detail == "113 of the 113 images of objectnet"
    assert observations["scored names"].detail == "125 names are scored for 113 classes; the max of a class counts"
    assert {observation.level for observation in observations.values()} == {"ok"}


def test_an_ood_set_needs_no_prompts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed_catalogue(monkeypatch)("sun", count=2)
    make_imagefolder(tmp_path / "SUN", ["images/a.jpg", "images/b.jpg"])
    observations = by_name(examine("sun", (tmp_path,)))
    assert observations["prompts"].detail == "those of imagenet-val"
    assert observations["class balance"].detail == "2 to 2 images a class"
    assert {observation.level for observation in observations.values()} == {"ok"}


def test_captions_are_counted_where_there_are_no_classes(tmp_path: Path) -> None:
    make_imagefolder(tmp_path / "d", ["a.png", "b.png"])
    (tmp_path / "d" / "captions.csv").write_text("path,caption\na.png,one\na.png,two\nb.png,three\n")
    observations = by_name(examine(str(tmp_path / "d"), ()))
    assert observations["captions"].detail == "3, 1 to 2 an image"
    assert "class balance" not in observations


def test_a_video_set_counts_anchors_and_frames(tmp_path: Path) -> None:
    make_vid(tmp_path / "imagenet-vid-robust")
    observations = by_name(examine("imagenet-vid-robust", (tmp_path,)))
    assert observations["anchors"].detail == "2, with 2 similar frames around them"
    assert observations["task"].detail == "video"


def test_a_family_says_which_subsets_are_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed_catalogue(monkeypatch)("imagenet-c", count=2, classes=2, class_set="")
    for severity in ("1", "2"):
        directory = make_imagefolder(tmp_path / "imagenet-c" / "fog" / severity, ["a/1.png", "b/2.png"])
        (directory / "classnames.txt").write_text("cat\ndog\n")
    observations = by_name(examine("imagenet-c", (tmp_path,)))
    assert observations["subsets"].level == "warning"
    assert observations["subsets"].detail == (
        f"2 of 95 are here, in {tmp_path / 'imagenet-c'}; the first that is missing is imagenet-c/gaussian_noise/1"
    )
    assert observations["examined"].detail == "imagenet-c/fog/1"
    assert observations["decoding"].detail == "2 of 2 images decoded"


def test_a_family_of_which_nothing_is_here_says_where_to_put_it(tmp_path: Path) -> None:
    [observation] = examine("imagenet-3dcc", (tmp_path,))
    assert observation.level == "error"
    assert "imagenet-3dcc/near_focus/1" in observation.detail
    assert known_datasets()["imagenet-3dcc"].homepage in observation.detail


@pytest.mark.parametrize("name", ["digitss", "no/such/directory", "imagenet-c/fgo/1", "imagenet-c/fog"])
def test_a_name_that_nothing_has_is_no_finding(name: str) -> None:
    with pytest.raises(DataError):
        examine(name, ())


def test_presence_of_families_views_and_packaged_sets(tmp_path: Path) -> None:
    (tmp_path / "imagenet-p" / "noise" / "shot_noise").mkdir(parents=True)
    found = presence("imagenet-p", (tmp_path,))
    assert found.place == str(tmp_path / "imagenet-p")
    assert set(found.subsets) - set(found.missing) == {"imagenet-p/shot_noise"}
    assert presence("digits", ()).place == "ships with scikit-learn"
    assert presence("imagenet-x", (tmp_path,)).advice.startswith("shows images of imagenet-val: put it in ")
    (tmp_path / "imagenet-val").mkdir()
    assert presence("imagenet-x", (tmp_path,)).place == f"{tmp_path / 'imagenet-val'} (imagenet-val)"
    assert subsets_of(known_datasets()["digits"]) == ()


@pytest.mark.parametrize("name", sorted(known_datasets()))
def test_presence_says_where_every_missing_dataset_goes(name: str, tmp_path: Path) -> None:
    found = presence(name, (tmp_path,))
    assert (found.place is None) == (f"put it in {tmp_path}/" in found.advice)
