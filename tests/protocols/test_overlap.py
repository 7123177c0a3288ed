"""Near duplicates between a reference and a test set (PROTOCOLS section 12)."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter
from scipy.stats import binom

from robustcheck.errors import DataError
from robustcheck.models.perceptual_hash import PerceptualHash
from robustcheck.protocols.overlap.duplicates import (
    calibrate_threshold,
    gap_weights,
    nearest_other,
    nearest_reference,
    overlap_statistics,
)
from robustcheck.transforms import Scene, image_rng, parse_transform


def unit(n: int, d: int, seed: int) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(n, d))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def marks(count: int, total: int) -> np.ndarray:
    return np.arange(total) < count


# --- the nearest reference ---------------------------------------------------------------------


@pytest.mark.parametrize("block", [1, 7, 64, 4096])
def test_nearest_is_exact_for_every_block(block: int) -> None:
    test, reference = unit(50, 16, 0), unit(203, 16, 1)
    nearest = nearest_reference(test, reference, block)
    products = [[float(np.dot(a.astype(float), b.astype(float))) for b in reference] for a in test]
    np.testing.assert_array_equal(nearest.indices, np.argmax(products, axis=1))
    np.testing.assert_allclose(nearest.cosines, np.max(products, axis=1), atol=1e-12)


def test_of_equal_references_the_first_counts() -> None:
    reference = np.tile(np.eye(2), (3, 1))
    assert nearest_reference(np.eye(2), reference, block=3).indices.tolist() == [0, 1]


def test_nearest_needs_images_of_one_width() -> None:
    for test, reference in [(unit(3, 4, 0), unit(3, 5, 0)), (unit(3, 4, 0)[:0], unit(3, 4, 0))]:
        with pytest.raises(DataError, match="none empty"):
            nearest_reference(test, reference)


# --- the threshold -----------------------------------------------------------------------------


def test_threshold_is_the_best_of_all() -> None:
    rng = np.random.default_rng(3)
    for precision in (0.6, 0.9, 0.99):
        positive, negative = rng.normal(0.8, 0.1, 300), rng.normal(0.5, 0.1, 400)
        found = calibrate_threshold(positive, negative, precision)
        tried = [
            ((positive >= v).mean(), (positive >= v).sum() / ((positive >= v).sum() + (negative >= v).sum()))
            for v in np.concatenate([positive, negative])
            if (positive >= v).any()
        ]
        assert found.recall == max(recall for recall, reached in tried if reached >= precision)
        assert found.precision >= precision
        kept = (positive >= found.value).sum()
        assert found.precision == pytest.approx(kept / (kept + (negative >= found.value).sum()))


def test_separate_pairs_have_a_perfect_threshold() -> None:
    found = calibrate_threshold(np.array([0.9, 0.8]), np.array([0.1, 0.79]))
    assert (found.value, found.precision, found.recall) == (0.8, 1.0, 1.0)


def test_no_threshold_is_an_error() -> None:
    with pytest.raises(DataError, match=r"precision of 0.99: the best is 0\.500"):
        calibrate_threshold(np.array([0.5]), np.array([0.5]))
    with pytest.raises(DataError, match="0 made duplicates"):
        calibrate_threshold(np.array([]), np.array([0.5]))


def scene(seed: int) -> Image.Image:
    rng = np.random.default_rng(seed)
    soft = sum(gaussian_filter(rng.normal(size=(64, 64, 3)), (s, s, 0)) * s for s in (2, 6, 14))
    return Image.fromarray(np.clip(128 + 90 * np.asarray(soft), 0, 255).astype(np.uint8))


def test_made_duplicates_are_found_among_others() -> None:
    """64 drawn scenes, precision 1: measured recalls of pHash are 1.00 .97 .66 .28 .11 for strength 1 to 5."""
    model, count = PerceptualHash(), 64
    reference = [scene(seed) for seed in range(count)]
    others = [scene(seed) for seed in range(1000, 1000 + count)]
    hashes = model.encode_images([model.geometry.crop(image) for image in reference])
    negative = nearest_reference(model.encode_images([model.geometry.crop(image) for image in others]), hashes)
    recalls = []
    for strength in (1, 2, 3):
        transform = parse_transform(f"near_duplicate:{strength}")
        assert transform is not None
        made = [
            transform.apply(image, image_rng(0, str(i)), Scene(str(i), -1, ())) for i, image in enumerate(reference)
        ]
        nearest = nearest_reference(model.encode_images([model.geometry.crop(image) for image in made]), hashes)
        found = calibrate_threshold(nearest.cosines, negative.cosines)
        kept = nearest.cosines >= found.value
        assert (nearest.indices[kept] == np.flatnonzero(kept)).mean() > 0.95
        recalls.append(found.recall)
    assert recalls[0] > 0.95
    assert recalls == sorted(recalls, reverse=True)


# --- the statistics ----------------------------------------------------------------------------


def test_protocols_12_binomial_and_clopper_pearson() -> None:
    # 100 overlapping images, 80 right; 100 clean ones, 72 right.
    correct = np.concatenate([marks(80, 100), marks(72, 100)])
    result = overlap_statistics(correct, marks(100, 200), np.zeros(200, dtype=np.int64))
    assert result.p_binomial == pytest.approx(0.0440428, abs=5e-8)
    assert result.overlap_interval == pytest.approx((0.667508, 0.897989), abs=1e-6)
    assert (result.overlap_accuracy, result.clean_accuracy, result.all_accuracy) == (0.8, 0.72, 0.76)
    assert result.all_minus_clean == pytest.approx(0.04)
    assert result.overlap_minus_clean == pytest.approx(0.08)


def test_fisher_and_newcombe_by_their_definitions() -> None:
    correct = np.concatenate([marks(8, 10), marks(12, 30)])
    result = overlap_statistics(correct, marks(10, 40), np.zeros(40, dtype=np.int64))
    # Fisher: 8 or more of 20 successes among 10 of 40, hypergeometric.
    expected = sum(comb(20, k) * comb(20, 10 - k) for k in (8, 9, 10)) / comb(40, 10)
    assert result.p_fisher == pytest.approx(expected, rel=1e-9)
    assert result.p_binomial == pytest.approx(binom.sf(7, 10, 0.4), rel=1e-9)

    def wilson(k: int, n: int) -> tuple[float, float]:
        z, p = 1.959963984540054, k / n
        middle, half = p + z**2 / 2 / n, z * np.sqrt(p * (1 - p) / n + z**2 / 4 / n**2)
        return (middle - half) / (1 + z**2 / n), (middle + half) / (1 + z**2 / n)

    (low1, high1), (low2, high2) = wilson(8, 10), wilson(12, 30)
    low = 0.4 - np.hypot(0.8 - low1, high2 - 0.4)
    high = 0.4 + np.hypot(high1 - 0.8, 0.4 - low2)
    assert result.difference_interval == pytest.approx((low, high), abs=1e-9)


def test_the_matched_difference_removes_the_mix_of_classes() -> None:
    # Class 0 is easy (all right), class 1 hard (none right); overlap has more of class 0, and class 2 alone.
    labels = np.array([0] * 8 + [1] * 2 + [2] * 3 + [0] * 2 + [1] * 8)
    correct = labels != 1
    inside = marks(13, 23)
    result = overlap_statistics(correct, inside, labels)
    assert result.overlap_minus_clean == pytest.approx(11 / 13 - 0.2)
    assert result.matched_difference == 0
    alone = overlap_statistics(correct, inside, np.where(inside, 5, 6))
    assert alone.matched_difference is None


def test_without_overlap_nothing_is_claimed_of_it() -> None:
    result = overlap_statistics(marks(3, 4), marks(0, 4), np.zeros(4, dtype=np.int64))
    assert (result.n_overlap, result.all_accuracy, result.clean_accuracy, result.all_minus_clean) == (0, 0.75, 0.75, 0)
    assert result.overlap_accuracy is result.p_binomial is result.overlap_interval is result.matched_difference is None


@pytest.mark.parametrize("sizes", [(3, 4, 4), (4, 4, 3), (0, 0, 0)])
def test_statistics_need_one_of_each(sizes: tuple[int, int, int]) -> None:
    correct, inside, labels = (np.zeros(size, dtype=np.int64) for size in sizes)
    with pytest.raises(DataError, match="at least one clean image"):
        overlap_statistics(correct > 0, inside > 0, labels)
    with pytest.raises(DataError, match="at least one clean image"):
        overlap_statistics(marks(1, 2), marks(2, 2), np.zeros(2, dtype=np.int64))


def test_gap_weights_sum_to_the_gap() -> None:
    rng = np.random.default_rng(0)
    correct, inside = rng.random(50) < 0.6, rng.random(50) < 0.3
    gap = float(gap_weights(inside) @ correct)
    assert gap == pytest.approx(overlap_statistics(correct, inside, np.zeros(50, dtype=np.int64)).all_minus_clean)
    with pytest.raises(DataError, match="none of 2 images is clean"):
        gap_weights(marks(2, 2))


def test_the_nearest_other_image_is_never_the_image_itself() -> None:
    images = np.eye(4)[[0, 1, 0, 3]] + 0.01 * np.random.default_rng(0).normal(size=(4, 4))
    products = images @ images.T
    np.fill_diagonal(products, -np.inf)
    for block in (1, 3, 100):
        found = nearest_other(images, block)
        assert found.indices.tolist() == products.argmax(axis=1).tolist()
        np.testing.assert_allclose(found.cosines, products.max(axis=1))
    with pytest.raises(DataError, match="two or more"):
        nearest_other(images[:1])
