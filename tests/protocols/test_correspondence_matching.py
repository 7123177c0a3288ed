"""Matching and transfer of keypoints: against torch's own sampling and brute force, and on geometry that is exact."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from robustcheck.datasets.image_pairs import Interpolation, bin_names, cell_centres, rotation_angle
from robustcheck.datasets.shapes.view_pairs import plane_geometry
from robustcheck.protocols.correspondence.matching import match_points, transfer_keypoints

torch = pytest.importorskip("torch")
functional = torch.nn.functional


def noise(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


def brute_force(
    first: np.ndarray, second: np.ndarray, masks: tuple[np.ndarray, np.ndarray], interpolation: str, keep: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Match as probe3d describes it: features by torch's resampling, all distances, one direction, top k of weights."""
    rows = []
    for feature_map, mask in zip((first, second), masks, strict=True):
        image = torch.from_numpy(feature_map)[None]
        if interpolation == "bilinear":
            places = torch.from_numpy(cell_centres(*mask.shape)[:, :2] / mask.shape[::-1] * 2 - 1)
            sampled = functional.grid_sample(image, places[None, None], align_corners=False)[0, :, 0]
        else:
            sampled = functional.interpolate(image, size=mask.shape, mode="bicubic")[0].flatten(1)
        rows.append(functional.normalize(sampled.T[torch.from_numpy(mask.ravel())], dim=1))
    distances = 1 - rows[0] @ rows[1].T
    nearest, places = distances.topk(2, dim=1, largest=False)
    nearest = nearest.clamp(min=1e-9)
    weights = 1 - nearest[:, 0] / nearest[:, 1]
    kept = weights.topk(min(keep, len(weights)))
    return kept.indices.numpy(), places[kept.indices, 0].numpy(), kept.values.numpy()


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_matches_are_those_of_brute_force(interpolation: Interpolation) -> None:
    first, second = noise(0, 12, 6, 8), noise(1, 12, 6, 8)
    masks = (noise(2, 24, 32) > 0.2, noise(3, 24, 32) > 0.5)
    for mask in masks:
        # Beside the border points share a feature, and which of two equal ones comes first is nobody's rule.
        mask[:2], mask[-2:], mask[:, :2], mask[:, -2:] = False, False, False, False
    found = match_points(first, second, masks, interpolation, 100)
    one, other, weights = brute_force(first, second, masks, interpolation, 100)
    np.testing.assert_allclose(found.weights, weights, atol=1e-9)
    np.testing.assert_array_equal(found.first, one)
    np.testing.assert_array_equal(found.second, other)


def test_more_points_than_a_block_are_matched_alike() -> None:
    first, second = noise(0, 6, 8, 8), noise(1, 6, 8, 8)
    masks = (np.ones((32, 32), bool), np.ones((32, 32), bool))
    found = match_points(first, second, masks, "bicubic", 10_000)
    one, other, weights = brute_force(first, second, masks, "bicubic", 10_000)
    np.testing.assert_allclose(found.weights, weights, atol=1e-9)
    assert len(found.first) == 1024
    np.testing.assert_array_equal(other[np.argsort(one)], found.second[np.argsort(found.first)])


def test_fewer_points_give_fewer_matches_and_none_gives_none() -> None:
    few, none = np.zeros((4, 4), bool), np.zeros((4, 4), bool)
    few[1, 1:3] = True
    first, second = noise(0, 5, 4, 4), noise(1, 5, 4, 4)
    assert len(match_points(first, second, (few, ~none), "bilinear", 1000).first) == 2
    assert len(match_points(first, second, (none, few), "bilinear", 1000).first) == 0
    assert len(match_points(first, second, (few, none), "bilinear", 1000).first) == 0


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_identical_views_match_every_point_to_itself(dtype: type) -> None:
    feature_map = noise(4, 16, 8, 8).astype(dtype)
    everywhere = np.ones((32, 32), bool)
    found = match_points(feature_map, feature_map, (everywhere, everywhere), "bilinear", 256)
    geometry = plane_geometry(np.eye(3), 128, 32)
    errors = np.linalg.norm(geometry.moved["px"][found.first] - geometry.there["px"][found.second], axis=1)
    assert errors.max() == 0


def test_a_shift_by_one_cell_is_found_exactly() -> None:
    """The second view shows what the first shows one cell to the right, so a pixel (x, y) goes to (x - 16, y)."""
    wide = noise(5, 16, 8, 9)
    first, second = wide[:, :, :-1], wide[:, :, 1:]
    shift = np.array([[1.0, 0, -16], [0, 1, 0], [0, 0, 1]])
    geometry = plane_geometry(shift, 128, 8)
    found = match_points(first, second, (geometry.first, geometry.second), "bilinear", 50)
    errors = np.linalg.norm(geometry.moved["px"][found.first] - geometry.there["px"][found.second], axis=1)
    assert errors.max() == 0
    # The first column has left the picture: none of its points is among the most distinct.
    assert (found.first % 8 > 0).all()


def test_a_plane_under_a_homography_is_matched_by_features_that_know_their_place() -> None:
    """Features are random waves over the plane, seen through the homography: the nearest point is the right one."""
    turn = np.deg2rad(20)
    homography = np.array(
        [[np.cos(turn), -np.sin(turn), 24.0], [np.sin(turn), np.cos(turn), -16.0], [0.0004, -0.0002, 1.0]]
    )
    geometry = plane_geometry(homography, 128, 32)
    waves = noise(6, 64, 2) * 0.04
    places = [geometry.there["px"], cell_centres(32, 32) * (4, 4, 1) @ np.linalg.inv(homography).T]
    seen = [places[0], places[1][:, :2] / places[1][:, 2:]]
    maps = [np.cos(at @ waves.T + np.arange(64)).T.reshape(64, 32, 32) for at in seen]
    found = match_points(maps[0], maps[1], (geometry.first, geometry.second), "bilinear", 200)
    errors = np.linalg.norm(geometry.moved["px"][found.first] - geometry.there["px"][found.second], axis=1)
    # A point of the grid lies at most half a diagonal of 4 pixels away.
    assert errors.max() < 4
    wrong = np.linalg.norm(geometry.there["px"][found.first] - geometry.there["px"][found.second], axis=1)
    assert wrong.mean() > 8


def test_a_keypoint_is_transferred_as_a_direct_implementation_does() -> None:
    first, second = noise(7, 10, 7, 7), noise(8, 10, 7, 7)
    places = np.random.default_rng(9).random((20, 2))
    one, other = (functional.normalize(torch.from_numpy(each), dim=0) for each in (first, second))
    ndc = torch.from_numpy(places)[None, None] * 2 - 1
    features = functional.grid_sample(one[None], ndc, align_corners=True)[0, :, 0].T
    heat = torch.einsum("kf,fhw->khw", features, other).flatten(1).argmax(dim=1)
    expected = torch.stack([heat % 7, heat // 7], dim=1).double() / 7
    np.testing.assert_allclose(transfer_keypoints(first, second, places), expected.numpy())
    # Two pictures may share no keypoint.
    assert transfer_keypoints(first, second, places[:0]).shape == (0, 2)


@pytest.mark.parametrize("degrees", [0, 1e-3, 14.999, 90, 179.5, 180])
def test_the_angle_of_a_rotation_is_scipys(degrees: float) -> None:
    axis = np.array([1.0, -2.0, 0.5])
    rotation = Rotation.from_rotvec(axis / np.linalg.norm(axis) * np.deg2rad(degrees))
    assert rotation_angle(rotation.as_matrix()) == pytest.approx(np.rad2deg(rotation.magnitude()), abs=2e-5)


def test_bins_have_names() -> None:
    assert bin_names((0, 15, 30, 60, 180)) == ("0-15", "15-30", "30-60", "60-180")
