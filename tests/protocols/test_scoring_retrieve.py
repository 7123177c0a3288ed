"""Retrieval against a straight ranking of captions and images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from colour_data import fake
from scoring_data import World, cosines, make_world, painted

from robustcheck.datasets import Captions
from robustcheck.stats.statistics import value_of

CAPTIONS = tuple(
    f"a {first} {second} thing" for first in ("red", "green", "blue") for second in ("red", "green", "sky")
)
TEXTS = tuple(f"{caption} number {number}" for number in range(3) for caption in CAPTIONS)[:25]
# Images 0 and 1 have more captions than others, and captions of one image are not side by side.
OWNERS = np.array([*range(12), *range(12), 0])


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    pixels = np.random.default_rng(0).integers(0, 256, size=(12, 1, 1, 3), dtype=np.uint8).repeat(4, 1).repeat(4, 2)
    told = painted(
        "told", 12, (), labels=np.arange(12), pixels=pixels, task="retrieval", captions=Captions(TEXTS, OWNERS)
    )
    return make_world(tmp_path, told)


def similarity(world: World) -> np.ndarray:
    """Return the cosines (captions, images)."""
    return cosines(world.datasets["told"], TEXTS, templates=("{c}",)).T


def image_hits(world: World, k: int) -> list[bool]:
    return [owner in np.argsort(-row, kind="stable")[:k] for row, owner in zip(similarity(world), OWNERS, strict=True)]


def text_hits(world: World, k: int) -> list[bool]:
    columns = similarity(world).T
    return [
        bool((OWNERS[np.argsort(-column, kind="stable")[:k]] == image).any()) for image, column in enumerate(columns)
    ]


@pytest.mark.parametrize("k", [1, 5, 10])
def test_both_directions(world: World, k: int) -> None:
    image, text = image_hits(world, k), text_hits(world, k)
    found = world.score(f"image_retrieval_recall@{k}", "told")
    assert (found.value, found.n) == (np.mean(image), 25)
    assert found.samples is not None
    assert found.samples.scores.tolist() == image
    assert found.samples.clusters is not None
    assert found.samples.clusters.tolist() == OWNERS.tolist()
    turned = world.score(f"text_retrieval_recall@{k}", "told")
    assert (turned.value, turned.n) == (np.mean(text), 12)
    assert 0 < np.mean(image) < 1


def test_the_single_number_is_the_mean_of_the_directions(world: World) -> None:
    found = world.score("retrieval_recall@5", "told")
    assert found.value == pytest.approx((np.mean(image_hits(world, 5)) + np.mean(text_hits(world, 5))) / 2, abs=1e-12)
    assert found.samples is not None
    assert (found.n, value_of(found.samples)) == (37, found.value)
    assert dict(found.provenance)["searched"] == "12 images and 25 captions"


def test_all_directions_and_depths_need_one_pass(world: World) -> None:
    for metric in ("image_retrieval_recall@1", "text_retrieval_recall@10", "retrieval_recall@5"):
        world.score(metric, "told")
    assert world.decodes() == {"told": 12}
    assert sum(len(model.texts) for model in world.models) == len(TEXTS)


def test_what_cannot_be_searched_is_refused(world: World) -> None:
    world.add(painted("plain", 12))
    metric = "image_retrieval_recall@5"
    assert f"{metric} means nothing on a classification data set" in world.refusal(metric, "plain")
    assert "has no embeddings of texts" in world.refusal(metric, "told", fake("classifier"))
    assert "a whole data set" in world.refusal(metric, "told", prompts="1")
    assert "a whole data set" in world.refusal(metric, "told", where=(("class", "x"),))
