"""Keys of stored results: everything that can change a value, and nothing else."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from robustcheck.datasets import Vocabulary
from robustcheck.measure.keys import encoder_facts, head_facts, outputs_facts, transform_facts
from robustcheck.measure.reading import POOLED, reading_facts
from robustcheck.measure.recipe import ClassList
from robustcheck.store import content_key
from robustcheck.transforms import parse_transform
from robustcheck.values import ModelRef

ENCODER = encoder_facts(ModelRef("m", "m", "openclip", "ViT-B-32", "laion400m_e32"), "d" * 64, "fp32")
TRANSFORM = parse_transform("gaussian_noise:3")


@dataclasses.dataclass(frozen=True)
class Marked:
    fingerprint: str = "f"
    class_names: tuple[str, ...] = ("a", "b")


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "openclip-file"},
        {"architecture": "ViT-B-16"},
        {"tag": "laion400m_e31"},
        {"weights": "e" * 64},
        {"libraries": (("open_clip_torch", "0"),)},
        {"precision": "fp16"},
        {"train": "f" * 64},
    ],
)
def test_each_fact_of_an_encoder_changes_both_keys(change):
    assert set(change) <= {field.name for field in dataclasses.fields(ENCODER)}
    other = dataclasses.replace(ENCODER, **change)
    assert key_of_outputs(other) != key_of_outputs(ENCODER)
    assert key_of_head(other) != key_of_head(ENCODER)


def test_the_facts_of_an_encoder_are_all_tested():
    assert len(dataclasses.fields(ENCODER)) == 7
    assert len(ENCODER.plain) == 6
    assert len(dataclasses.replace(ENCODER, train="f").plain) == 7


def key_of_outputs(encoder=ENCODER, dataset=None, transform=TRANSFORM, seed=0) -> str:
    return content_key(outputs_facts(encoder, dataset or Marked(), transform, seed))


def key_of_head(encoder=ENCODER, texts=(("a.",), ("b.",))) -> str:
    return content_key(head_facts(encoder, class_list(texts=texts).text_digest))


def class_list(**changes) -> ClassList:
    whole = {"names": ("a", "b"), "texts": (("a.",), ("b.",)), "columns": np.array([0, 1]), "vocabulary": None}
    return ClassList(**{**whole, **changes})


def test_each_fact_of_the_images_changes_the_key():
    keys = [
        key_of_outputs(),
        key_of_outputs(dataset=Marked(fingerprint="g")),
        key_of_outputs(transform=None),
        key_of_outputs(transform=parse_transform("gaussian_noise:4")),
        key_of_outputs(transform=parse_transform("gaussian_blur:3")),
        key_of_outputs(seed=1),
    ]
    assert len(set(keys)) == len(keys)


def test_what_a_transform_writes_is_in_the_key():
    written = parse_transform("typographic:one-word")
    one, other = Marked(), Marked(class_names=("a", "c"))
    assert key_of_outputs(dataset=one, transform=written) != key_of_outputs(dataset=other, transform=written)
    assert key_of_outputs(dataset=one) == key_of_outputs(dataset=other)


def test_the_version_of_another_packages_transform_is_in_the_key(install):
    code = "from robustcheck.transforms import TransformKind\nMADE = TransformKind('mine', ('1',), None)"
    other, keys = dataclasses.replace(TRANSFORM, name="mine"), []
    for version in ("1.0", "1.1"):
        install("extra", code, version=version)
        keys.append(transform_facts(other, 0))
    assert keys == [{**transform_facts(TRANSFORM, 0), "name": "mine", "made by": f"extra {v}"} for v in ("1.0", "1.1")]


def test_the_version_of_another_packages_reading_is_in_the_key(install):
    made = dataclasses.replace(POOLED, name="mine")
    code = "from dataclasses import replace\nfrom robustcheck.measure.reading import POOLED\n"
    install("extra", code + "MADE = replace(POOLED, name='mine')", "readings")
    assert reading_facts(made) == {"made by": "extra 1.2"}
    assert reading_facts(POOLED) == {}


def test_each_transform_has_a_schema_of_its_own_in_the_key():
    texts = ("fog:1", "gaussian_noise:1", "near_duplicate:1", "typographic:one-word", "typographic_blank:paint")
    assert [transform_facts(parse_transform(text), 0)["schema"] for text in texts] == [3, 3, 2, 2, 2]


def test_the_schema_of_the_store_is_in_the_key(monkeypatch):
    from robustcheck.store import arrays

    before = content_key({"a": 1})
    monkeypatch.setattr(arrays, "SCHEMA", arrays.SCHEMA + 1)
    assert content_key({"a": 1}) != before


def test_the_seed_matters_only_under_a_transform():
    assert key_of_outputs(transform=None, seed=1) == key_of_outputs(transform=None, seed=0)


def test_each_fact_of_a_head_changes_the_key():
    texts = [(("a.",), ("c.",)), (("b.",), ("a.",)), (("a",), ("b",)), (("a.", "an a."), ("b.", "a b."))]
    keys = [key_of_head(), *(key_of_head(texts=changed) for changed in texts)]
    assert len(set(keys)) == len(keys)


def test_each_fact_of_a_class_list_changes_its_digest():
    merge = Vocabulary(("a", "b"), (np.array([0, 1]),), "max")
    other = Vocabulary(("a", "b"), (np.array([0, 1]),), "mean_probability")
    changes = [
        {},
        {"names": ("a", "c")},
        {"texts": ()},
        {"columns": np.array([1, 0])},
        {"columns": None},
        {"vocabulary": merge},
        {"vocabulary": other},
        {"vocabulary": Vocabulary(("a", "b"), (np.array([1, 0]),), "max")},
    ]
    assert len({class_list(**change).digest for change in changes}) == len(changes)
