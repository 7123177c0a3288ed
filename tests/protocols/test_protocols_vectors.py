"""The remaining numbers of the protocols that need no images, each by its section."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
from sample_makers import samples

from robustcheck.outputs.logits import TextHead, cosines, text_weights, zero_shot_logits
from robustcheck.populations import published_figure
from robustcheck.prompts import prompt_texts
from robustcheck.protocols.calibrate.temperature import fit_temperature
from robustcheck.stats.calibration import ece
from robustcheck.stats.compare import mcnemar_p, paired_difference
from robustcheck.stats.proportions import clopper_pearson_interval, wilson_interval, z_value
from robustcheck.stats.trend import expect_at, fit_trend
from robustcheck.values import Quantity, TrendFit, TrendPoint

# --- 1: zero-shot classification ---------------------------------------------------------------------


def test_protocols_1_one_template_of_large_norm_counts_as_much_as_the_others() -> None:
    """D = 8, C = 5, P = 3: normalise, mean, normalise; the mean of raw embeddings is another classifier."""
    raw = np.random.default_rng(0).normal(size=(5, 3, 8)) * np.array([1.0, 50.0, 1.0])[None, :, None]
    place = {f"{c} {p}": raw[c, p] for c in range(5) for p in range(3)}
    texts = [[f"{c} {p}" for p in range(3)] for c in range(5)]
    found = text_weights(lambda asked: np.stack([place[text] for text in asked]).astype(np.float32), texts)
    unit = raw / np.linalg.norm(raw, axis=2, keepdims=True)
    right, wrong = unit.mean(axis=1), raw.mean(axis=1)
    np.testing.assert_allclose(found, right / np.linalg.norm(right, axis=1, keepdims=True), atol=1e-6)
    assert not np.allclose(found, wrong / np.linalg.norm(wrong, axis=1, keepdims=True), atol=1e-2)


def test_protocols_1_the_second_of_two_equal_names_is_never_predicted() -> None:
    """missile is 657 and 744, sunglasses 836 and 837: their ties go to the lower index, whatever the image is."""
    from robustcheck.datasets.class_sets import imagenet_class_names

    names = imagenet_class_names()
    assert (names[657], names[836]) == (names[744], names[837])
    rng = np.random.default_rng(0)
    place: dict[str, np.ndarray] = {}

    def encode(texts: list[str]) -> np.ndarray:
        return np.stack([place.setdefault(text, rng.normal(size=16)) for text in texts]).astype(np.float32)

    head = TextHead(text_weights(encode, prompt_texts("1", None, names)), 100.0, 0.0)  # type: ignore[arg-type]
    images = np.concatenate([head.weights, rng.normal(size=(3000, 16))]).astype(np.float32)
    best = zero_shot_logits(cosines(images, head), head).argmax(axis=1)
    assert (best[744], best[837]) == (657, 836)
    assert not {744, 837} & set(best.tolist())


@pytest.mark.parametrize(
    ("model", "dataset", "value"),
    [
        ("RN50/openai", "imagenet-val", 0.5982),
        ("RN101/openai", "imagenet-val", 0.6228),
        ("ViT-B-32/openai", "imagenet-val", 0.6332),
        ("ViT-B-16/openai", "imagenet-val", 0.6834),
        ("ViT-L-14/openai", "imagenet-val", 0.7554),
        ("ViT-L-14-336/openai", "imagenet-val", 0.7656),
    ],
)
def test_protocols_1_the_published_accuracies_are_shipped(model: str, dataset: str, value: float) -> None:
    found = published_figure(model, Quantity("top1", dataset))
    assert found is not None
    assert (found.value, found.n) == (pytest.approx(value, abs=5e-5), 50_000)


# --- 3: effective robustness --------------------------------------------------------------------------


def line(axis: str, slope: float, intercept: float) -> TrendFit:
    return TrendFit(axis, 85, slope, intercept, 0.0105683, 0.99, (0.00486583**2, 0.0, 0.00659155**2), 0.55, 0.9)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("axis", "slope", "intercept", "x", "y", "rho"),
    [
        ("logit", 0.92323, -0.49769, 0.7613, 0.6321, -0.738),  # resnet50
        ("logit", 0.92323, -0.49769, 0.5981, 0.5253, 5.794),  # CLIP RN50
        ("probit", 0.96816017, -0.32919181, 0.5981, 0.5253, 6.065),
    ],
)
def test_protocols_3_rho_is_in_points_of_accuracy(
    axis: str, slope: float, intercept: float, x: float, y: float, rho: float
) -> None:
    """ImageNetV2 against ImageNet, with the lines fitted on the testbed's 85 standard models."""
    assert 100 * (y - expect_at(line(axis, slope, intercept), x).value) == pytest.approx(rho, abs=6e-3)


def test_protocols_3_a_model_at_zero_is_dropped_and_named() -> None:
    """resnet50 has 0 on ImageNet-A by construction: it has no place on a logit or probit axis."""
    points = [TrendPoint(f"m{n}", 0.5 + n / 20, 0.1 + n / 15, "standard") for n in range(7)]
    fit = fit_trend([*points, TrendPoint("resnet50", 0.7613, 0.0, "standard")], "logit")
    assert (fit.n, len(fit.dropped)) == (7, 1)
    assert "resnet50" in fit.dropped[0]


# --- 6: calibration --------------------------------------------------------------------------------------


def test_protocols_6_a_temperature_is_positive_where_the_common_recipe_ends_at_minus_16_5() -> None:
    z = [[4, 1, 0], [3, 2.5, 0], [0, 5, 1], [2, 0, 1.5], [1, 1.2, 4], [0, 3, 2.8], [5, 0, 0], [0.5, 0, 2]]
    found = fit_temperature(z, [0, 1, 1, 0, 2, 2, 0, 2])
    assert (found.value, found.at_bound) == (pytest.approx(0.5955376712, abs=1e-6), False)
    assert (found.nll_before, found.nll_after) == pytest.approx((0.3624959455, 0.3248947490), abs=1e-9)


@pytest.mark.parametrize(("n", "floor"), [(25_000, 0.009), (2_000, 0.03)])
def test_protocols_15_the_ece_of_a_calibrated_model_is_not_zero(n: int, floor: float) -> None:
    """Its floor is about sum_b (n_b / n) sqrt(2 a_b (1 - a_b) / (pi n_b)), at an accuracy of .7."""
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0.4, 1.0, size=(40, n))
    correct = rng.random((40, n)) < confidence
    values = [ece(own, hits) for own, hits in zip(confidence, correct, strict=True)]
    edges = np.ceil(confidence[0] * 15).astype(int)
    formula = 0.0
    for index in np.unique(edges):
        inside = confidence[0][edges == index]
        formula += inside.size / n * sqrt(2 * inside.mean() * (1 - inside.mean()) / (np.pi * inside.size))
    assert np.mean(values) == pytest.approx(formula, rel=0.1)
    assert np.mean(values) == pytest.approx(floor, rel=0.35)


# --- 7: retrieval ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "dataset", "image", "text"),
    [
        ("ViT-B-32/openai", "flickr30k", (0.5878, 0.8356, 0.9002), (0.7890, 0.9490, 0.9820)),
        ("ViT-B-32/openai", "mscoco", (0.3044, 0.5594, 0.6687), (0.5012, 0.7500, 0.8352)),
        ("ViT-B-16/openai", "flickr30k", (0.6216, 0.8572, 0.9192), (0.8220, 0.9660, 0.9900)),
    ],
)
def test_protocols_7_the_published_recalls_are_shipped(
    model: str, dataset: str, image: tuple[float, ...], text: tuple[float, ...]
) -> None:
    for side, values in (("image", image), ("text", text)):
        figures = [published_figure(model, Quantity(f"{side}_retrieval_recall@{k}", dataset)) for k in (1, 5, 10)]
        assert [figure.value for figure in figures if figure] == pytest.approx(values, abs=5e-5)


# --- 15: uncertainty ---------------------------------------------------------------------------------------


def test_protocols_15_wilson_and_clopper_pearson_of_50_of_100() -> None:
    assert wilson_interval(50, 100) == pytest.approx((0.40383, 0.59617), abs=5e-6)
    assert clopper_pearson_interval(50, 100) == pytest.approx((0.39832, 0.60168), abs=5e-6)


def test_protocols_15_exact_mcnemar_of_10_against_25() -> None:
    assert mcnemar_p(10, 25) == pytest.approx(0.0166738, abs=5e-8)


def test_protocols_15_1354_images_tell_a_point_at_5_percent_discordance() -> None:
    """The half-width of a one-sided 95% bound is z sqrt(p / n), p the discordant share."""
    n, half = 1354, 34
    first = np.ones(n)
    second = first.copy()
    first[:half], second[half : 2 * half] = 0, 0
    found = paired_difference(samples(first), samples(second), seed=0)
    assert (found.value, found.discordant) == (0, 68)
    assert z_value(0.90) * sqrt(found.discordant) / n == pytest.approx(0.01, rel=5e-3)
    # What is not seen in fewer than 100 pairs widens it a little.
    assert z_value(0.90) * found.error == pytest.approx(0.01, rel=0.15)
