"""The lists that outputs of published classifiers follow, against timm and torchvision themselves."""

from __future__ import annotations

import pytest

from robustcheck.datasets.class_sets import imagenet_class_names, imagenet_wnids
from robustcheck.datasets.label_lists import BACKGROUND, label_list_of, possible_wnids


@pytest.mark.parametrize(
    ("outputs", "subset"),
    [
        (1000, "imagenet-1k"),
        (11221, "imagenet-21k-miil"),
        (11821, "imagenet-12k"),
        (21841, "imagenet-22k"),
        (21842, "imagenet-22k-ms"),
        (21843, "imagenet-21k-goog"),
    ],
)
def test_the_lists_are_timms(outputs: int, subset: str) -> None:
    timm_data = pytest.importorskip("timm.data")
    assert timm_data.infer_imagenet_subset({"num_classes": outputs}) == subset
    found = label_list_of(outputs)
    assert found is not None
    assert list(found.labels) == timm_data.ImageNetInfo(subset).label_names()


def test_a_background_class_comes_first() -> None:
    found = label_list_of(1001)
    assert found is not None
    assert found.labels == (BACKGROUND, *imagenet_wnids())


@pytest.mark.parametrize("outputs", [0, 10, 250, 999, 1002])
def test_other_numbers_of_outputs_follow_no_list(outputs: int) -> None:
    assert label_list_of(outputs) is None


def spellings() -> dict[str, list[str]]:
    """Return the 1,000 names as several projects write them, from these projects."""
    info = pytest.importorskip("timm.data").ImageNetInfo()
    torchvision = pytest.importorskip("torchvision.models")
    lemmas = info.label_descriptions()
    return {
        "open_clip": list(imagenet_class_names()),
        "torchvision": list(torchvision.ResNet18_Weights.IMAGENET1K_V1.meta["categories"]),
        "timm": lemmas,
        "keras": [text.split(",")[0].replace(" ", "_") for text in lemmas],
    }


@pytest.mark.parametrize("project", ["open_clip", "torchvision", "timm", "keras"])
def test_all_names_of_a_project_in_their_order_are_known_by_place(project: str) -> None:
    assert possible_wnids(spellings()[project]) == [frozenset((wnid,)) for wnid in imagenet_wnids()]


@pytest.mark.parametrize("project", ["open_clip", "torchvision", "timm", "keras"])
def test_sorted_names_of_a_project_are_known_but_for_those_it_has_twice(project: str) -> None:
    names = spellings()[project]
    order = sorted(range(1000), key=lambda place: (names[place], place))
    found = possible_wnids([names[place] for place in order])
    assert found is not None
    for place, ids in zip(order, found, strict=True):
        # "Cardigan" is a dog and "cardigan" a garment; underscores are spaces.
        twice = [other for other in range(1000) if names[other] == names[place]]
        assert ids == {imagenet_wnids()[other] for other in twice}


def test_a_name_that_two_projects_give_to_two_classes_is_not_certain() -> None:
    # open_clip has "sunglasses" twice; torchvision calls the first of the two "sunglass".
    assert possible_wnids(["sunglasses"]) == [{"n04355933", "n04356056"}]
    assert possible_wnids(["sunglass", "sunglasses"]) == [{"n04355933"}, {"n04356056"}]


def test_names_of_several_projects_and_single_lemmas() -> None:
    assert possible_wnids(["Tinca tinca", "great_white-shark"]) == [{"n01440764"}, {"n01484850"}]
    assert possible_wnids(["crane"]) == [{"n02012849", "n03126707"}]


@pytest.mark.parametrize("names", [["cat", "dog"], ["tench", "my own class"], ["tench", "tench"]])
def test_other_names_are_not_imagenets(names: list[str]) -> None:
    assert possible_wnids(names) is None
