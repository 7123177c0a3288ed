from __future__ import annotations

import numpy as np
import pytest

from robustcheck.errors import DataError
from robustcheck.protocols.corrupt.corruption_errors import (
    CorruptedSubset,
    alexnet_clean,
    alexnet_error,
    alexnet_table,
    mce,
    mean_corruption_error,
    relative_mce,
)
from robustcheck.stats.statistics import value_of

# PROTOCOLS section 9, in its order: means over the severities (google-research/augmix, imagenet.py).
MEANS = {
    "gaussian_noise": 0.886428,
    "shot_noise": 0.894468,
    "impulse_noise": 0.922640,
    "defocus_blur": 0.819880,
    "glass_blur": 0.826268,
    "motion_blur": 0.785948,
    "zoom_blur": 0.798360,
    "snow": 0.866816,
    "frost": 0.826572,
    "fog": 0.819324,
    "brightness": 0.564592,
    "contrast": 0.853204,
    "elastic_transform": 0.646056,
    "pixelate": 0.717840,
    "jpeg_compression": 0.606500,
}
# Top-1 in percent of ResNet-50 on the released files by severity, modestyachts/imagenet-testbed (MIT),
# robustness_top1s.csv, the columns imagenet-c.*_on-disk.
RESNET50 = {
    "gaussian_noise": (59.428, 47.322, 29.834, 14.536, 4.466),
    "shot_noise": (57.130, 42.796, 27.148, 10.832, 5.072),
    "impulse_noise": (47.046, 37.756, 29.762, 13.758, 4.626),
    "defocus_blur": (56.518, 48.870, 34.046, 23.084, 15.064),
    "glass_blur": (52.830, 38.664, 15.988, 11.580, 8.336),
    "motion_blur": (62.376, 51.468, 34.672, 19.876, 13.370),
    "zoom_blur": (52.190, 42.674, 35.022, 28.818, 22.872),
    "snow": (51.944, 30.286, 32.596, 21.912, 15.938),
    "frost": (58.172, 40.530, 29.244, 27.266, 20.644),
    "fog": (59.312, 53.058, 44.130, 37.844, 22.696),
    "brightness": (71.392, 69.678, 66.876, 62.308, 55.702),
    "contrast": (62.076, 54.982, 41.742, 16.734, 4.216),
    "elastic_transform": (65.894, 44.366, 52.570, 39.088, 14.768),
    "pixelate": (63.330, 60.832, 48.712, 32.292, 22.604),
    "jpeg_compression": (63.834, 60.498, 57.408, 47.280, 33.182),
}
IDS = np.array([f"n01440764/{number}.JPEG" for number in range(9)])


def subset(corruption: str, severity: int, errors: list[float]) -> CorruptedSubset:
    return CorruptedSubset(corruption, severity, IDS[: len(errors)], np.array(errors, dtype=np.float64))


def subset_with(corruption: str, severity: int, rate: float) -> CorruptedSubset:
    """Return a subset of two images with a mean error of ``rate``."""
    return subset(corruption, severity, [rate, rate])


def every_subset(rate_of: dict[str, float] | None = None) -> list[CorruptedSubset]:
    return [
        subset_with(name, severity, alexnet_error(name, severity) if rate_of is None else rate_of[name])
        for name in MEANS
        for severity in range(1, 6)
    ]


def test_protocols_9_alexnet_means_and_order() -> None:
    assert tuple(alexnet_table()) == tuple(MEANS)
    for name, mean in MEANS.items():
        assert np.mean([alexnet_error(name, severity) for severity in range(1, 6)]) == pytest.approx(mean, abs=1e-12)
        assert alexnet_clean(name) == 0.4348


def test_protocols_9_alexnet_rows_by_severity() -> None:
    rows = {
        "gaussian_noise": [0.69528, 0.82542, 0.93554, 0.98138, 0.99452],
        "fog": [0.67474, 0.7605, 0.84378, 0.8726, 0.945],
        "brightness": [0.4514, 0.48502, 0.54048, 0.62166, 0.7244],
        "elastic_transform": [0.52596, 0.70116, 0.55686, 0.64076, 0.80554],
    }
    for name, row in rows.items():
        assert [alexnet_error(name, severity) for severity in range(1, 6)] == row


def test_protocols_9_alexnet_scores_one_against_itself() -> None:
    subsets = every_subset()
    clean = subset_with("clean", 0, 0.4348)
    assert value_of(mce(subsets)) == pytest.approx(1.0, abs=1e-12)
    assert value_of(relative_mce(subsets, clean.ids, clean.errors)) == pytest.approx(1.0, abs=1e-12)
    assert value_of(mean_corruption_error(subsets)) == pytest.approx(np.mean(list(MEANS.values())), abs=1e-12)


def test_protocols_9_mce_of_resnet50() -> None:
    subsets = [
        subset_with(name, severity, 1 - accuracy / 100)
        for name, row in RESNET50.items()
        for severity, accuracy in enumerate(row, start=1)
    ]
    assert 100 * value_of(mce(subsets)) == pytest.approx(78.202, abs=5e-4)


def test_protocols_9_mce_from_the_constants() -> None:
    """A model with one error rate a corruption: mCE = mean_c rate_c / mean_c' as recomputed from the constants."""
    rates = {name: round(0.2 + 0.03 * place, 2) for place, name in enumerate(MEANS)}
    expected = np.mean([rates[name] / MEANS[name] for name in MEANS])
    assert value_of(mce(every_subset(rates))) == pytest.approx(expected, abs=1e-12)


def test_protocols_9_mce_by_hand() -> None:
    subsets = [
        subset("fog", 1, [1, 0, 0, 1]),
        subset("fog", 2, [1, 1, 0, 1]),
        subset("snow", 1, [0, 0]),
        subset("snow", 2, [1, 0]),
    ]
    clean = subset("clean", 0, [0, 0, 0, 1])
    fog, snow = 0.67474 + 0.7605, 0.71726 + 0.88392
    assert value_of(mce(subsets)) == pytest.approx((1.25 / fog + 0.5 / snow) / 2, abs=1e-12)
    relative = ((1.25 - 0.5) / (fog - 2 * 0.4348) + (0.5 - 0.5) / (snow - 2 * 0.4348)) / 2
    assert value_of(relative_mce(subsets, clean.ids, clean.errors)) == pytest.approx(relative, abs=1e-12)
    assert value_of(mean_corruption_error(subsets)) == pytest.approx((0.625 + 0.25) / 2, abs=1e-12)


def test_a_model_that_does_not_suffer_has_relative_mce_zero() -> None:
    errors = [1.0, 0.0, 0.0, 1.0]
    columns = relative_mce([subset("fog", 1, errors), subset("snow", 3, errors)], IDS[:4], np.array(errors))
    assert value_of(columns) == pytest.approx(0.0, abs=1e-12)
    assert columns.groups.tolist() == [0] * 4 + [1] * 4 + [2] * 4


def test_copies_of_an_image_are_one_cluster_whatever_their_order() -> None:
    first = CorruptedSubset("fog", 1, np.array(["a", "b", "c"]), np.zeros(3))
    second = CorruptedSubset("fog", 2, np.array(["c", "a"]), np.ones(2))
    columns = mce([first, second])
    assert columns.clusters.tolist() == [0, 1, 2, 2, 0]
    assert columns.ids.tolist() == ["fog/1/a", "fog/1/b", "fog/1/c", "fog/2/c", "fog/2/a"]
    assert columns.weights.sum() == pytest.approx(2 / (0.67474 + 0.7605))


def test_weights_do_not_depend_on_the_errors() -> None:
    right, wrong = mce([subset("fog", 1, [0, 0])]), mce([subset("fog", 1, [1, 1])])
    assert right.weights.tolist() == wrong.weights.tolist()
    assert (value_of(right), value_of(wrong)) == (0.0, pytest.approx(1 / 0.67474))


def test_an_extra_corruption_has_no_alexnet_figure() -> None:
    with pytest.raises(DataError, match=r"no error on 'spatter'"):
        mce([subset("spatter", 1, [0.0])])
    assert value_of(mean_corruption_error([subset("spatter", 1, [0.0, 1.0])])) == 0.5


def test_no_data_is_never_a_score() -> None:
    with pytest.raises(DataError, match="no corruptions"):
        mce([])
    with pytest.raises(DataError, match="0 errors of 0 images"):
        mce([subset("fog", 1, [])])
    with pytest.raises(DataError, match="there twice"):
        mce([subset("fog", 1, [0.0]), subset("fog", 1, [1.0])])
