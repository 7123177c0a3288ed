"""Shape bias against straight decisions: names merged into categories, and the categories' own names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from colour_data import fake
from scipy.special import softmax
from scoring_data import SIX, THREE, World, logits, make_world, painted

from robustcheck.datasets import Vocabulary, class_sets
from robustcheck.models.reference import parse_reference

N = 45
MEMBERS = (np.array([2]), np.array([1, 3, 4]), np.array([0, 5]))  # blue, green, red


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return make_world(tmp_path, cues())


def textures() -> np.ndarray:
    return np.array(THREE)[(np.arange(N) // 3) % 3]


def cues(**changes: object):
    facts = {"task": "cue-conflict", "groups": {"texture": textures(), "shape": np.array(THREE)[np.arange(N) % 3]}}
    vocabulary = Vocabulary(SIX, MEMBERS, "mean_probability")
    return painted("cues", N, THREE, **{**facts, "vocabulary": vocabulary, **changes})  # type: ignore[arg-type]


def merged(world: World) -> np.ndarray:
    p = softmax(logits(world.datasets["cues"], SIX), axis=1)
    means = np.stack([p[:, places].mean(axis=1) for places in MEMBERS], axis=1)
    return np.array(THREE)[means.argmax(axis=1)]


def counts(decided: np.ndarray) -> tuple[int, int, int]:
    shape, texture = np.array(THREE)[np.arange(N) % 3], textures()
    conflict = shape != texture
    return int((decided == shape)[conflict].sum()), int((decided == texture)[conflict].sum()), int(conflict.sum())


def test_decisions_over_merged_names(world: World) -> None:
    shape, texture, conflict = counts(merged(world))
    assert 0 < texture < shape
    assert conflict < N
    found = world.score("shape_bias", "cues")
    assert found.value == pytest.approx(shape / (shape + texture), abs=1e-12)
    assert found.n == conflict
    assert dict(found.provenance)["decisions"] == f"{shape} by shape, {texture} by texture of {conflict}"
    # The reference divides the shares by all images, those without a conflict too (PROTOCOLS section 4).
    assert world.score("cue_shape_accuracy", "cues").value == pytest.approx(shape / N, abs=1e-12)
    assert world.score("cue_texture_accuracy", "cues").value == pytest.approx(texture / N, abs=1e-12)


def test_what_an_adapter_learnt_decides_by_shape_or_texture(world: World) -> None:
    """It scores the names that it learnt, which are merged into the categories as a classifier's are."""
    names = tuple(class_sets.class_set_names("imagenet"))
    rng = np.random.default_rng(0)
    pixels = np.tile(rng.integers(0, 255, size=(1000, 1, 1, 3)).astype(np.uint8), (1, 4, 4, 1))
    world.add(painted("learn", 1000, names, pixels=pixels, class_set="imagenet"))
    columns = np.array([3, 500, 999, 7, 8, 9])
    vocabulary = Vocabulary(tuple(names[place] for place in columns), MEMBERS, "mean_probability")
    shown = pixels[columns[[2, 1, 0]]]  # the first names of blue, green, red
    told = cues(vocabulary=vocabulary, columns=columns, pixels=np.tile(shown, (15, 1, 1, 1)))
    world.add(replace(told, name="learnt-cues"))
    ref = parse_reference("fake:zero-shot@a+knn:k=1:train=learn")
    # Every picture is one that it learnt, of a name of its shape's category.
    found = world.score("shape_bias", "learnt-cues", ref)
    assert (found.value, found.n) == (1.0, counts(np.array(THREE)[np.arange(N) % 3])[2])
    assert "scores the classes that it learnt" in world.refusal("shape_bias_16way", "learnt-cues", ref)


def test_decisions_over_the_categories_own_names(world: World) -> None:
    decided = np.array(THREE)[logits(world.datasets["cues"]).argmax(axis=1)]
    assert (decided != merged(world)).any()
    shape, texture, _ = counts(decided)
    found = world.score("shape_bias_16way", "cues")
    assert found.value == pytest.approx(shape / (shape + texture), abs=1e-12)
    assert found.key != world.score("shape_bias", "cues").key


def test_both_ways_share_the_images(world: World) -> None:
    for metric in ("shape_bias", "shape_bias_16way", "cue_shape_accuracy", "top1"):
        world.score(metric, "cues")
    assert world.decodes() == {"cues": N}


def test_prompts_are_those_of_the_check(world: World) -> None:
    p = softmax(logits(world.datasets["cues"], SIX, templates=("a photo of a {c}",)), axis=1)
    means = np.stack([p[:, places].mean(axis=1) for places in MEMBERS], axis=1)
    shape, texture, _ = counts(np.array(THREE)[means.argmax(axis=1)])
    found = world.score("shape_bias", "cues", prompts="1")
    assert found.value == pytest.approx(shape / (shape + texture), abs=1e-12)


def test_a_slice(world: World) -> None:
    found = world.score("shape_bias", "cues", where=(("texture", "red"),))
    kept = textures() == "red"
    assert found.n == (kept & (np.array(THREE)[np.arange(N) % 3] != "red")).sum()


def test_a_classifier_has_no_names_of_its_own_to_be_asked(world: World) -> None:
    assert "reads no texts" in world.refusal("shape_bias_16way", "cues", fake("classifier"))
    columns = Vocabulary(THREE, tuple(np.array([place]) for place in range(3)), "mean_probability")
    world.add(cues(vocabulary=columns, columns=np.arange(3)))
    assert 0 < world.score("shape_bias", "cues", fake("classifier")).value < 1


def test_no_decision_at_all_is_no_number(world: World) -> None:
    world.add(cues(groups={"texture": np.array(THREE)[np.arange(N) % 3]}))
    assert "no image was decided by its shape or its texture" in world.refusal("shape_bias", "cues")


def test_other_kinds_of_sets_are_refused(world: World) -> None:
    world.add(painted("plain"))
    assert "shape_bias means nothing on a classification data set" in world.refusal("shape_bias", "plain")
