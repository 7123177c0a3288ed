"""Which output is which class: every way to know it, and a refusal wherever it is not known for certain."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from robustcheck.datasets.class_sets import imagenet_class_names, imagenet_wnids
from robustcheck.datasets.label_lists import label_list_of
from robustcheck.errors import ModelError
from robustcheck.measure.pairing import AskedClasses, OutputPairing, pair_outputs
from robustcheck.models.output_names import OutputNames

IDS, NAMES = imagenet_wnids(), imagenet_class_names()
EVERY_FOURTH = np.arange(0, 1000, 4)


def asked(names: Sequence[str], columns: np.ndarray | None = None, seen: Sequence[int] | None = None) -> AskedClasses:
    places = range(len(names)) if seen is None else seen
    return AskedClasses(tuple(names), columns, frozenset(places), "a set")


def imagenets(columns: np.ndarray = EVERY_FOURTH) -> AskedClasses:
    return asked([NAMES[place] for place in columns], columns)


def refusal(count: int, told: OutputNames | None, classes: AskedClasses) -> str:
    with pytest.raises(ModelError) as caught:
        pair_outputs(count, told, classes)
    assert "STEM.classes.txt" in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("count", [1000, 1001, 10450, 11221, 11821, 21841, 21842, 21843])
def test_folders_of_wordnet_ids_among_the_outputs_of_a_published_list(count: int) -> None:
    published = label_list_of(count)
    assert published is not None
    found = pair_outputs(count, None, imagenets())
    for place, output in zip(EVERY_FOURTH, found.outputs, strict=True):
        if output >= 0:
            assert published.labels[output] == IDS[place]
        else:
            assert IDS[place] not in published.labels
    missing = (found.outputs < 0).sum()
    assert missing == sum(IDS[place] not in published.labels for place in EVERY_FOURTH)
    assert (f"{missing} of 250 classes are not an output" in found.remark) == bool(missing)


def test_a_background_class_shifts_every_output_by_one() -> None:
    assert pair_outputs(1001, None, imagenets()).outputs.tolist() == (EVERY_FOURTH + 1).tolist()


def test_a_thousand_sorted_names_are_found_by_name() -> None:
    lemmas = pytest.importorskip("timm.data").ImageNetInfo().label_descriptions()
    names = [text.split(",")[0] for text in lemmas]
    order = sorted(range(1000), key=lambda place: (names[place], place))
    twice = {name for name in names if names.count(name) > 1}
    seen = [row for row, place in enumerate(order) if names[place] not in twice]
    found = pair_outputs(1000, None, asked([names[place] for place in order], seen=seen))
    assert found.outputs[seen].tolist() == [order[row] for row in seen]
    assert sorted(found.outputs.tolist()) == list(range(1000))
    # With an image of one of two classes of one name, nothing says which output it must be.
    assert "may be each of 2 outputs" in refusal(1000, None, asked([names[place] for place in order]))


def test_a_thousand_other_names_are_refused() -> None:
    text = refusal(1000, None, asked([f"species {place}" for place in range(1000)]))
    assert "1,000 outputs, as ImageNet-1k has, and classes that are not ImageNet's" in text


def test_other_classes_are_refused_whatever_their_number() -> None:
    assert "10 outputs, and 12 classes" in refusal(10, None, asked([f"c{place}" for place in range(12)]))
    assert "classes that are not ImageNet's, such as cat, dog" in refusal(21843, None, asked(["cat", "dog"]))


def test_a_head_of_the_sets_own_classes_is_paired_in_their_order_and_the_verdict_says_so() -> None:
    for classes in (asked(["ant", "bee", "cat"]), imagenets(np.array([3, 5, 9]))):
        found = pair_outputs(3, None, classes)
        assert found.outputs.tolist() == [0, 1, 2]
        assert "nothing names the 3 outputs" in found.remark


def test_classes_that_tools_order_in_several_ways_need_names() -> None:
    # torchvision orders folders as text, timm by the numbers in them.
    classes = asked(["class 1", "class 10", "class 2"])
    assert "the same output may be class 10 or class 2" in refusal(3, None, classes)
    told = OutputNames(("class 1", "class 2", "class 10"), "classes.txt")
    assert pair_outputs(3, told, classes).outputs.tolist() == [0, 2, 1]
    assert "ordered in several ways" in refusal(2, None, asked(["B", "a"]))
    assert "ordered in several ways" in refusal(2, None, imagenets(np.array([9, 3])))


@pytest.mark.parametrize(
    ("told", "classes", "outputs"),
    [
        (("ant", "bee", "cat"), asked(["cat", "ant"]), [2, 0]),
        (("Great_White-shark", "tench"), asked(["tench", "great white shark"]), [1, 0]),
        ((IDS[7], IDS[2], IDS[0]), imagenets(np.array([0, 7])), [2, 0]),
        ((IDS[7], IDS[2], IDS[0]), asked(["tench", "cock"]), [2, 0]),
        (("Tinca tinca", "goldfish"), imagenets(np.array([0, 1])), [0, 1]),
        (("goldfish", "", "", "tench"), asked(["tench"]), [3]),
    ],
    ids=["names", "spelling", "ids", "ids and names", "names and ids", "some"],
)
def test_names_that_are_told(told: tuple[str, ...], classes: AskedClasses, outputs: list[int]) -> None:
    found = pair_outputs(len(told), OutputNames(told, "a list"), classes)
    assert (found.outputs.tolist(), found.remark) == (outputs, "")
    assert "a list" in found.how


def test_told_names_come_before_the_number_of_outputs() -> None:
    species = [f"species {place}" for place in range(1000)]
    found = pair_outputs(1000, OutputNames(tuple(species[::-1]), "a list"), asked(species))
    assert found.outputs.tolist() == list(range(999, -1, -1))


@pytest.mark.parametrize(
    ("count", "told", "classes", "words"),
    [
        (3, ("ant", "bee"), ["ant"], "a list names 2 outputs, the classifier has 3"),
        (2, ("ant", "bee"), ["ant", "cow"], "1 of 2 classes are not an output: cow"),
        (2, ("ant", "ant"), ["ant"], "the class 'ant' may be each of 2 outputs"),
        (2, ("ant", "bee"), ["ant", "Ant"], "the classes 'ant' and 'Ant' are one output"),
        (2, (IDS[0], IDS[1]), ["tench", "cock"], "1 of 2 classes are not an output of a list: cock"),
    ],
)
def test_told_names_that_do_not_suffice(count: int, told: tuple[str, ...], classes: list[str], words: str) -> None:
    assert words in refusal(count, OutputNames(told, "a list"), asked(classes))


def test_two_spellings_of_one_class_are_not_two_classes() -> None:
    assert "are one output" in refusal(1000, None, asked(["tench", "Tinca tinca"]))


def test_a_pairing_says_how_it_is_known() -> None:
    found: OutputPairing = pair_outputs(1000, None, imagenets())
    assert found.how == "by WordNet ids, in the order of ImageNet-1k"
