from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest
from dataset_makers import make_imagefolder

from robustcheck.datasets import class_sets, known_datasets, open_dataset
from robustcheck.datasets import open as opening
from robustcheck.datasets.families import expand, subset_values
from robustcheck.errors import DataError, DataMissing

FILES = ("n01440764/a.JPEG", "n01443537/b.JPEG")
STANDARD = [
    "gaussian_noise",
    "shot_noise",
    "impulse_noise",
    "defocus_blur",
    "glass_blur",
    "motion_blur",
    "zoom_blur",
    "snow",
    "frost",
    "fog",
    "brightness",
    "contrast",
    "elastic_transform",
    "pixelate",
    "jpeg_compression",
]
Change = Callable[[str], None]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Change:
    """Let two images of two classes stand for the 50,000 of 1000."""

    def change(name: str) -> None:
        entries = dict(known_datasets())
        entries[name] = dataclasses.replace(entries[name], count=2, classes=2, class_set="")
        monkeypatch.setattr(opening, "known_datasets", lambda: entries)

    return change


def test_protocols_9_imagenet_c_is_the_fifteen_by_default() -> None:
    subsets, rest = expand("imagenet-c", ())
    assert subsets == tuple(f"imagenet-c/{name}/{severity}" for name in STANDARD for severity in range(1, 6))
    assert rest == ()


def test_protocols_9_imagenet_c_has_four_more_when_asked() -> None:
    subsets, _ = expand("imagenet-c", (("corruption", "all"), ("severity", "5")))
    assert [subset.split("/")[1] for subset in subsets[15:]] == [
        "speckle_noise",
        "gaussian_blur",
        "spatter",
        "saturate",
    ]
    assert {subset.split("/")[2] for subset in subsets} == {"5"}
    assert expand("imagenet-c", (("corruption", "spatter"), ("severity", "2")))[0] == ("imagenet-c/spatter/2",)


def test_protocols_9_3dcc_is_the_papers_six_by_default() -> None:
    subsets, _ = expand("imagenet-3dcc", (("severity", "5"),))
    names = [subset.split("/")[1] for subset in subsets]
    assert names == ["fog_3d", "near_focus", "far_focus", "z_motion_blur", "xy_motion_blur", "flash"]
    assert len(expand("imagenet-3dcc", (("corruption", "all"),))[0]) == 60


def test_protocols_9_imagenet_p_has_ten_perturbations() -> None:
    subsets, _ = expand("imagenet-p", ())
    assert len(subsets) == 10
    assert subsets[-1] == "imagenet-p/scale"


def test_other_conditions_are_left_over() -> None:
    where = (("class", "tench"), ("corruption", "fog"), ("classes", "imagenet-a"))
    assert expand("imagenet-c", where)[1] == (("class", "tench"), ("classes", "imagenet-a"))
    assert expand("digits", (("corruption", "fog"),)) == (("digits",), (("corruption", "fog"),))
    assert expand("some/where", ()) == (("some/where",), ())


def test_an_unknown_value_suggests_a_near_one() -> None:
    with pytest.raises(DataError, match=r"(?s)unknown corruption 'fogg'.*did you mean 'fog'"):
        expand("imagenet-c", (("corruption", "fogg"),))
    with pytest.raises(DataError, match=r"unknown severity '6'"):
        open_dataset("imagenet-c/fog/6", ())


def test_a_bare_family_is_no_dataset() -> None:
    with pytest.raises(DataError, match=r"(?s)a subset for each corruption and severity.*imagenet-c/gaussian_noise/1"):
        open_dataset("imagenet-c", ())


def test_the_values_of_a_subset() -> None:
    assert subset_values("imagenet-c/fog/3") == (("corruption", "fog"), ("severity", "3"))
    assert subset_values("imagenet-p/tilt") == (("perturbation", "tilt"),)
    assert subset_values("digits") == ()


@pytest.mark.parametrize("inner", ["weather/fog/3", "fog/3"])
@pytest.mark.parametrize("name", ["imagenet-c", "ImageNet-C"])
def test_a_subset_is_a_dataset_of_its_own(tmp_path: Path, small: Change, name: str, inner: str) -> None:
    small("imagenet-c")
    make_imagefolder(tmp_path / name / inner, FILES)
    dataset = open_dataset("imagenet-c/fog/3", (tmp_path,))
    assert (dataset.name, dataset.task, dataset.prompts) == ("imagenet-c/fog/3", "classification", "openai-80")
    assert dataset.ids.tolist() == list(FILES)
    assert dataset.class_names == class_sets.imagenet_class_names()[:2]
    assert dataset.image(1).size == (12, 12)


def test_parts_share_ids_and_differ_in_fingerprint(tmp_path: Path, small: Change) -> None:
    small("imagenet-c")
    make_imagefolder(tmp_path / "imagenet-c" / "fog" / "1", FILES)
    make_imagefolder(tmp_path / "imagenet-c" / "fog" / "2", reversed(FILES))
    first, second = (open_dataset(f"imagenet-c/fog/{severity}", (tmp_path,)) for severity in (1, 2))
    assert first.ids.tolist() == second.ids.tolist()
    assert first.fingerprint != second.fingerprint


def test_a_missing_subset_names_its_directory(tmp_path: Path, small: Change) -> None:
    small("imagenet-c")
    make_imagefolder(tmp_path / "imagenet-c" / "weather" / "fog" / "1", FILES)
    with pytest.raises(DataMissing) as caught:
        open_dataset("imagenet-c/fog/2", (tmp_path,))
    assert str(tmp_path / "imagenet-c" / "weather" / "fog" / "2") in str(caught.value)


def test_a_missing_family_names_the_directory_of_the_subset(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match=r"(?s)imagenet-c/weather/fog/2.*zenodo.*\(imagenet-c: /path") as caught:
        open_dataset("imagenet-c/fog/2", (tmp_path,))
    assert str(tmp_path) in str(caught.value)


def test_a_subset_may_lie_under_another_root(tmp_path: Path, small: Change) -> None:
    small("imagenet-c")
    make_imagefolder(tmp_path / "one" / "imagenet-c" / "fog" / "1", FILES)
    make_imagefolder(tmp_path / "two" / "imagenet-c" / "fog" / "2", FILES)
    roots = (tmp_path / "one", tmp_path / "two")
    assert len(open_dataset("imagenet-c/fog/2", roots)) == 2


def test_a_family_may_be_named_in_the_local_file(tmp_path: Path, small: Change) -> None:
    small("imagenet-3dcc")
    make_imagefolder(tmp_path / "elsewhere" / "flash" / "5", FILES)
    local = tmp_path / "datasets.local.yaml"
    local.write_text("imagenet-3dcc: elsewhere\n")
    assert open_dataset("imagenet-3dcc/flash/5", (local,)).ids.tolist() == list(FILES)


def test_an_incomplete_subset_is_an_error(tmp_path: Path) -> None:
    make_imagefolder(tmp_path / "imagenet-c" / "fog" / "1", FILES)
    with pytest.raises(DataError, match="2 classes") as caught:
        open_dataset("imagenet-c/fog/1", (tmp_path,))
    assert not isinstance(caught.value, DataMissing)
