from __future__ import annotations

import numpy as np
import pytest

from robustcheck.errors import DataError
from robustcheck.outputs.ranks import top_k_hits
from robustcheck.protocols.retrieve import retrieval_ranks as retrieval
from robustcheck.protocols.retrieve.recall import best_ranks, image_ranks
from robustcheck.protocols.retrieve.retrieval_ranks import recall_samples, retrieval_ranks

TOY = [[0.9, 0.1, 0.2], [0.8, 0.3, 0.1], [0.2, 0.7, 0.6], [0.1, 0.2, 0.3], [0.5, 0.4, 0.45], [0.3, 0.2, 0.9]]
TOY_OWNERS = np.array([0, 0, 1, 1, 2, 2])


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def random_set() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return 60 images and 200 captions in no order, every image with three or more."""
    rng = np.random.default_rng(7)
    images = unit(rng.normal(size=(60, 16)))
    owners = np.concatenate([np.repeat(np.arange(60), 3), rng.integers(0, 60, 20)])
    return images, unit(images[owners] + 0.5 * rng.normal(size=(200, 16))), owners


def text_ranks(similarity: object, owners: np.ndarray) -> np.ndarray:
    scores = np.asarray(similarity)
    return best_ranks(scores, owners[:, None] == np.arange(scores.shape[1])[None, :])


def naive(similarity: np.ndarray, owners: np.ndarray, k: int) -> tuple[list[float], list[float]]:
    """Compute both directions with stable sorts and loops."""
    image = [float(owners[t] in np.argsort(-row, kind="stable")[:k]) for t, row in enumerate(similarity)]
    text = [
        float(any(owners[t] == i for t in np.argsort(-column, kind="stable")[:k]))
        for i, column in enumerate(similarity.T)
    ]
    return image, text


def test_protocols_7_toy() -> None:
    assert top_k_hits(image_ranks(TOY, TOY_OWNERS), 1).mean() == pytest.approx(0.6667, abs=5e-5)
    assert top_k_hits(image_ranks(TOY, TOY_OWNERS), 2).mean() == 1.0
    assert top_k_hits(text_ranks(TOY, TOY_OWNERS), 1).mean() == 1.0


@pytest.mark.parametrize(
    ("k", "image", "text"),
    [(1, 0.355, 0.48333333333333334), (5, 0.715, 0.8666666666666667), (10, 0.865, 0.9666666666666667)],
)
def test_protocols_7_equals_clip_benchmark(k: int, image: float, text: float) -> None:
    """The constants are from clip-benchmark 1.6.2: batchify(recall_at_k) > 0, averaged, on random_set()."""
    ranks = retrieval_ranks(*random_set())
    assert top_k_hits(ranks.image, k).mean() == pytest.approx(image, abs=1e-9)
    assert top_k_hits(ranks.text, k).mean() == pytest.approx(text, abs=1e-9)


@pytest.mark.parametrize("cells", [4_000_000, 7 * 200, 1])
def test_blocks_change_nothing(cells: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrieval, "BLOCK_CELLS", cells)
    images, texts, owners = random_set()
    ranks = retrieval_ranks(images, texts, owners)
    for k in (1, 3, 5, 10):
        image, text = naive(texts @ images.T, owners, k)
        assert top_k_hits(ranks.image, k).tolist() == image
        assert top_k_hits(ranks.text, k).tolist() == text


@pytest.mark.parametrize("cells", [4_000_000, 50])
def test_ties_go_to_the_lowest_index(cells: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Repeated images and captions tie exactly, whatever a product of matrices makes of equal columns."""
    monkeypatch.setattr(retrieval, "BLOCK_CELLS", cells)
    rng = np.random.default_rng(1)
    images = unit(rng.normal(size=(5, 33)))[rng.integers(0, 5, 23)]
    owners = np.concatenate([np.arange(23), rng.integers(0, 23, 40)])
    texts = unit(rng.normal(size=(6, 33)))[rng.integers(0, 6, 63)]
    pictures, picture_of = np.unique(images, axis=0, return_inverse=True)
    captions, caption_of = np.unique(texts, axis=0, return_inverse=True)
    similarity = (captions @ pictures.T)[caption_of][:, picture_of]
    ranks = retrieval_ranks(images, texts, owners)
    for k in (1, 5, 10):
        image, text = naive(similarity, owners, k)
        assert top_k_hits(ranks.image, k).tolist() == image
        assert top_k_hits(ranks.text, k).tolist() == text


def test_similarity_ties_equal_a_stable_sort() -> None:
    rng = np.random.default_rng(2)
    similarity = rng.integers(0, 4, (40, 9)).astype(np.float64)
    owners = np.concatenate([np.arange(9), rng.integers(0, 9, 31)])
    for k in (1, 2, 5):
        image, text = naive(similarity, owners, k)
        assert top_k_hits(image_ranks(similarity, owners), k).tolist() == image
        assert top_k_hits(text_ranks(similarity, owners), k).tolist() == text


def test_both_is_the_mean_of_the_two_directions() -> None:
    ranks = retrieval_ranks(*random_set())
    ids = np.array([f"i{number}" for number in range(60)])
    both = recall_samples(ranks, 5, "both", ids)
    assert both.groups.tolist() == [0] * 200 + [1] * 60
    means = [both.scores[both.groups == group].mean() for group in (0, 1)]
    assert np.mean(means) == pytest.approx((0.715 + 0.8666666666666667) / 2, abs=1e-9)
    assert both.clusters.tolist() == [*ranks.owners.tolist(), *range(60)]
    assert len(set(both.ids.tolist())) == 260


def test_captions_are_named_after_their_image() -> None:
    ranks = retrieval_ranks(np.eye(2), np.eye(2)[[0, 1, 0]], np.array([0, 1, 0]))
    columns = recall_samples(ranks, 1, "image", np.array(["a", "b"]))
    assert columns.ids.tolist() == ["a#0", "b#0", "a#1"]
    assert columns.clusters.tolist() == [0, 1, 0]
    assert recall_samples(ranks, 1, "text", np.array(["a", "b"])).ids.tolist() == ["a", "b"]


def test_mistakes_are_errors() -> None:
    with pytest.raises(DataError, match="1 images have no caption"):
        retrieval_ranks(np.eye(3), np.eye(3)[:2], np.array([0, 1]))
    with pytest.raises(DataError, match="owners that are not images"):
        image_ranks([[1.0, 2.0]], [2])
    with pytest.raises(DataError, match="NaN"):
        image_ranks([[1.0, np.nan]], [0])
    with pytest.raises(DataError, match="embeddings"):
        retrieval_ranks(np.full((1, 2), np.nan), np.eye(2), np.array([0, 0]))
