"""Overlap: planted duplicates are found by both detectors, and the accuracies are those of the parts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from colour_data import fake
from PIL import Image
from scipy.stats import binomtest, fisher_exact
from scoring_data import SIX, Painted, World, features, logits, make_world, options, painted

from robustcheck.datasets.dataset import ImageDataset
from robustcheck.transforms import Scene, image_rng, parse_transform

N = 24
PLANTED = np.array([0, 3, 4, 10, 17, 23])


def pictures(n: int, seed: int) -> np.ndarray:
    """Return smooth random pictures (n, 64, 64, 3), each with a colour of its own."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, size=(n, 6, 6, 3), dtype=np.uint8)
    large = np.stack([np.asarray(Image.fromarray(one).resize((64, 64), Image.Resampling.BICUBIC)) for one in coarse])
    tint = rng.uniform(0, 1, size=(n, 1, 1, 3))
    return (large * 0.5 + 127 * tint).astype(np.uint8)


def reference(test: ImageDataset, planted: np.ndarray) -> ImageDataset:
    """Return other pictures, and darker copies of some of the test images."""
    assert isinstance(test.pictures, Painted)
    pixels = pictures(40, seed=2)
    pixels[7 : 7 + len(planted)] = test.pictures.pixels[planted] * 0.9 + 12
    return painted("train", 40, pixels=pixels)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    test = painted("test", N, pixels=pictures(N, seed=1))
    return make_world(tmp_path, test, reference(test, PLANTED))


def asked(**more: object) -> tuple[tuple[str, str], ...]:
    return options(reference="train", **more)


def parts(world: World) -> tuple[np.ndarray, np.ndarray]:
    """Return hits and whether each image was planted."""
    dataset = world.datasets["test"]
    return logits(dataset).argmax(axis=1) == dataset.labels, np.isin(np.arange(N), PLANTED)


def test_planted_duplicates_are_found_by_their_hash(world: World) -> None:
    found = world.score("overlap_share", "test", options=asked())
    assert found.samples is not None
    assert np.flatnonzero(found.samples.scores).tolist() == PLANTED.tolist()
    assert found.value == len(PLANTED) / N
    facts = dict(found.provenance)
    assert facts["overlap"] == f"{len(PLANTED)} of {N} images"
    assert facts["duplicate from"].startswith("cosine 0.")
    assert "on made duplicates" in facts["duplicate from"]


def test_the_accuracies_are_those_of_the_parts(world: World) -> None:
    hits, inside = parts(world)
    values = {
        "clean_accuracy": hits[~inside].mean(),
        "overlap_accuracy": hits[inside].mean(),
        "overlap_gap": hits.mean() - hits[~inside].mean(),
    }
    for metric, expected in values.items():
        found = world.score(metric, "test", options=asked())
        assert found.value == pytest.approx(expected, abs=1e-12), metric
    assert found.n == N
    facts = dict(found.provenance)
    k, n, clean = int(hits[inside].sum()), int(inside.sum()), float(hits[~inside].mean())
    p = binomtest(k, n, clean, alternative="greater").pvalue
    assert facts["one-sided binomial p"] == f"{p:.3g}"
    table = [[k, n - k], [int(hits[~inside].sum()), int((~hits[~inside]).sum())]]
    assert facts["one-sided Fisher p"] == f"{fisher_exact(table, alternative='greater').pvalue:.3g}"
    interval = binomtest(k, n).proportion_ci(0.995, "exact")
    assert facts["accuracy on overlap"] == (
        f"{k / n:.1%} (99.5% Clopper-Pearson {interval.low:.1%} to {interval.high:.1%})"
    )


def naive_threshold(positive: np.ndarray, negative: np.ndarray, precision: float) -> float:
    """Return the lowest cosine of a made duplicate at which this share of what it accepts is made."""
    return min(
        value
        for value in positive
        if (positive >= value).sum() / ((positive >= value).sum() + (negative >= value).sum()) >= precision
    )


def test_the_model_itself_may_be_the_detector(world: World) -> None:
    """The fake sees mean colours alone: chance neighbours are near, so few are surely duplicates."""
    test, train = world.datasets["test"], world.datasets["train"]
    change = parse_transform("near_duplicate:2")
    assert change is not None
    made = [
        np.asarray(change.apply(test.image(row), image_rng(0, str(test.ids[row])), Scene("", 0, ())))
        for row in range(N)
    ]
    images, others = features(test), features(train)
    positive = (images * features(painted("made", N, pixels=np.stack(made)))).sum(axis=1)
    among = images @ images.T
    np.fill_diagonal(among, -1)
    threshold = naive_threshold(positive, among.max(axis=1), 0.9)
    expected = (images @ others.T).max(axis=1) >= threshold
    found = world.score("overlap_share", "test", options=asked(detector="model", precision="0.9"))
    assert found.samples is not None
    assert found.samples.scores.tolist() == expected.tolist()
    assert 0 < expected.sum() < N
    assert dict(found.provenance)["duplicate from"].startswith(f"cosine {threshold:.4f} (precision ")
    text = world.refusal("overlap_share", "test", fake("classifier"), options=asked(detector="model"))
    assert "gives no embeddings" in text


def test_hash_and_models_share_the_passes(world: World) -> None:
    for metric in ("overlap_share", "clean_accuracy", "overlap_gap", "top1"):
        world.score(metric, "test", options=asked() if metric != "top1" else ())
    # Once as they are (for the model and the hash together), once as made duplicates.
    assert world.decodes() == {"test": 2 * N, "train": 40}


def test_a_set_without_overlap(world: World) -> None:
    test = world.datasets["test"]
    world.add(reference(test, np.array([], dtype=int)))  # type: ignore[arg-type]
    found = world.score("overlap_share", "test", options=asked())
    assert found.value == 0
    assert "one-sided binomial p" not in dict(found.provenance)
    text = world.refusal("overlap_accuracy", "test", options=asked())
    assert "no image has a near-duplicate" in text
    hits = parts(world)[0]
    assert world.score("clean_accuracy", "test", options=asked()).value == hits.mean()
    gap = world.score("overlap_gap", "test", options=asked())
    assert gap.value == gap.low == 0
    assert 0 < gap.high == world.score("overlap_share", "test", options=asked()).high


def test_a_set_that_is_its_own_reference_has_no_clean_image(world: World) -> None:
    text = world.refusal("clean_accuracy", "test", options=options(reference="test"))
    assert "every image has a near-duplicate" in text
    assert "none of 24 images is clean" in world.refusal("overlap_gap", "test", options=options(reference="test"))
    assert world.score("overlap_share", "test", options=options(reference="test")).value == 1


def test_what_cannot_be_asked_is_refused(world: World) -> None:
    world.add(painted("unseen", task="ood", id_dataset="test"))
    assert "overlap with what?" in world.refusal("overlap_share", "test")
    assert "means nothing on an ood data set" in world.refusal("overlap_share", "unseen", options=asked())
    assert "a whole data set" in world.refusal("overlap_share", "test", where=(("class", SIX[0]),), options=asked())
    assert "a whole data set" in world.refusal("overlap_share", "test", transform="contrast:1", options=asked())
