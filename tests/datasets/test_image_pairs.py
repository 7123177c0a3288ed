"""Sets of image pairs in the layouts as published: tiny copies of ScanNet-1500, NAVI and SPair-71k."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile
from scipy.spatial.transform import Rotation
from spair_makers import Points, write_spair

from robustcheck.datasets import KeypointPairs, SurfacePairs, open_dataset
from robustcheck.datasets.layouts.navi import quaternion_rotation
from robustcheck.datasets.layouts.spair import as_shares, draw_pairs
from robustcheck.errors import DataError, DataMissing

CAMERA = np.array([[577.0, 0, 320], [0, 577.0, 240], [0, 0, 1]])


def write_picture(path: Path, size: tuple[int, int]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(len(path.name)).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)


def write_depth(path: Path, values: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values.astype(np.uint16)).save(path)


def write_scannet(root: Path, turn: float = 20.0) -> Path:
    """A wall 2 m away, seen by two cameras of which the second is turned about its axis of view."""
    place = root / "scannet_test_1500"
    for frame, angle in ((0, 0.0), (15, turn)):
        write_picture(place / f"scene0707_00/color/{frame}.jpg", (640, 480))
        depth = np.full((480, 640), 2000)
        depth[:, :8] = 0
        write_depth(place / f"scene0707_00/depth/{frame}.png", depth)
        pose = np.eye(4)
        pose[:3, :3] = Rotation.from_euler("z", angle, degrees=True).as_matrix()
        (place / "scene0707_00/pose").mkdir(exist_ok=True)
        np.savetxt(place / f"scene0707_00/pose/{frame}.txt", pose)
    np.savez(place / "test.npz", name=np.array([[707, 0, 0, 15], [707, 0, 0, 0]], dtype=np.uint16))
    np.savez(place / "intrinsics.npz", scene0707_00=CAMERA)
    return place


def surface_pairs(name: str, root: Path) -> SurfacePairs:
    pairs = open_dataset(name, [root]).pairs
    assert isinstance(pairs, SurfacePairs)
    return pairs


def test_scannet_as_loftr_packs_it(tmp_path: Path) -> None:
    write_scannet(tmp_path)
    dataset = open_dataset("scannet-1500", [tmp_path])
    pairs = surface_pairs("scannet-1500", tmp_path)
    assert dataset.task == "correspondence"
    assert dataset.image(0).size == (640, 480)
    assert pairs.ids.tolist() == ["scene0707_00/0-15", "scene0707_00/0-0"]
    np.testing.assert_allclose(pairs.angles, [20, 0], atol=1e-5)
    geometry = pairs.geometry(0)
    # Every fourth pixel: 160 x 120 points, of which the first two columns have no depth.
    assert geometry.first.shape == (120, 160)
    assert not geometry.first[:, :2].any()
    assert geometry.first.sum() == 120 * 158
    np.testing.assert_allclose(geometry.there["px"][0], [2.5, 0.5])
    # Turned by -20 degrees about the middle of the quarter-scaled picture.
    back = Rotation.from_euler("z", -20, degrees=True).as_matrix()[:2, :2]
    centred = geometry.there["px"] - (80, 60)
    np.testing.assert_allclose(geometry.moved["px"], centred @ back.T + (80, 60), atol=1e-9)
    same = pairs.geometry(1)
    np.testing.assert_allclose(same.moved["px"], same.there["px"], atol=1e-9)


def test_a_pair_list_and_a_pose_are_part_of_the_fingerprint(tmp_path: Path) -> None:
    place = write_scannet(tmp_path)
    before = open_dataset("scannet-1500", [tmp_path]).fingerprint
    np.savez(place / "test.npz", name=np.array([[707, 0, 15, 0], [707, 0, 0, 0]]))
    other = open_dataset("scannet-1500", [tmp_path]).fingerprint
    np.savetxt(place / "scene0707_00/pose/15.txt", np.eye(4))
    assert len({before, other, open_dataset("scannet-1500", [tmp_path]).fingerprint}) == 3


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("test.npz", b"x", "cannot be read"),
        ("intrinsics.npz", None, "cannot be read"),
        ("scene0707_00/pose/0.txt", b"1 2 3", "4 lines of 4"),
        ("scene0707_00/depth/15.png", None, "missing"),
    ],
)
def test_a_broken_copy_of_scannet_is_refused(file: str, content: bytes | None, said: str, tmp_path: Path) -> None:
    path = write_scannet(tmp_path) / file
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(DataError, match=said):
        open_dataset("scannet-1500", [tmp_path])


@pytest.mark.parametrize("name", ["scannet-1500", "navi", "spair-71k"])
def test_a_set_that_is_not_here_says_where_to_put_it(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match=name):
        open_dataset(name, [tmp_path])


def write_navi(root: Path, angles: tuple[float, ...] = (0, 40, 80, 160, 10)) -> Path:
    """A square of 0.2 m, 1 m away in the middle of the picture, under cameras turned about their axis of view."""
    place = root / "navi_v1"
    notes = []
    for number, angle in enumerate(angles):
        name = f"{number:03d}"
        write_picture(place / f"mug/wild_set/images/{name}.jpg", (1200, 1024))
        inverse = np.zeros((1024, 1200))
        inverse[312:712, 400:800] = (2**16 - 1) * 10 / 1000
        write_depth(place / f"mug/wild_set/depth/{name}.png", inverse)
        half = math.radians(angle) / 2
        camera = {"q": [2 * math.cos(half), 0, 0, 2 * math.sin(half)], "t": [0.0, 0, 0], "focal_length": 1000.0}
        notes.append({"filename": f"{name}.jpg", "image_size": [1024, 1200], "camera": camera, "split": "val"})
    (place / "mug/wild_set/annotations.json").write_text(json.dumps(notes))
    (place / "mug/multiview_00").mkdir()
    return place


def test_navi_as_published(tmp_path: Path) -> None:
    place = write_navi(tmp_path)
    (place / "pairs.csv").write_text("first,second\nmug/000,mug/001\nmug/002,mug/002\n")
    dataset = open_dataset("navi", [tmp_path])
    pairs = surface_pairs("navi", tmp_path)
    assert pairs.ids.tolist() == ["mug/000-001", "mug/002-002"]
    np.testing.assert_allclose(pairs.angles, [40, 0], atol=1e-5)
    assert dataset.image(0).size == (512, 512)
    geometry = pairs.geometry(1)
    # The object fills the picture that is cut out around it.
    assert geometry.first.shape == (128, 128)
    assert geometry.first.all()
    np.testing.assert_allclose(geometry.moved["m"], geometry.there["m"], atol=1e-12)
    # 400 of 1024 pixels at a focal length of 1000 are 0.4 m at 1 m; one pixel of 512 is as wide as two.
    reach = geometry.there["m"].max(axis=0) - geometry.there["m"].min(axis=0)
    np.testing.assert_allclose(reach, [0.4, 0.4, 0.0], atol=0.012)
    np.testing.assert_allclose(geometry.there["m"][:, 2], 1.0, rtol=1e-3)
    pixels = geometry.there["px"].max(axis=0) - geometry.there["px"].min(axis=0)
    np.testing.assert_allclose(pixels, [512, 512], rtol=0.03)
    turned = pairs.geometry(0)
    turn = Rotation.from_euler("z", 40, degrees=True).as_matrix()
    np.testing.assert_allclose(turned.moved["m"], pairs.geometry(1).there["m"] @ turn.T, atol=1e-9)


def test_partners_on_navi_are_drawn_the_same_each_time(tmp_path: Path) -> None:
    write_navi(tmp_path)
    pairs = surface_pairs("navi", tmp_path)
    # Every fourth of five pictures is a first one, each with a partner at an angle above 0 and up to 120 degrees.
    assert [name.partition("-")[0] for name in pairs.ids.tolist()] == ["mug/000", "mug/004"]
    assert ((pairs.angles > 0) & (pairs.angles <= 120)).all()
    assert surface_pairs("navi", tmp_path).ids.tolist() == pairs.ids.tolist()


@pytest.mark.parametrize("damaged", ["images/000.jpg", "depth/000.png"])
def test_a_truncated_picture_or_depth_map_is_refused(
    tmp_path: Path, damaged: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write_navi(tmp_path, (0, 40)) / "mug/wild_set" / damaged
    dataset = open_dataset("navi", [tmp_path])
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    with pytest.raises(DataError, match=damaged):
        dataset.pictures.image(0)


def test_a_quaternion_is_scipys_rotation() -> None:
    q = [0.3, -0.5, 0.2, 0.9]
    np.testing.assert_allclose(quaternion_rotation(q), Rotation.from_quat([*q[1:], q[0]]).as_matrix(), atol=1e-12)


def write_noise_spair(root: Path) -> Path:
    """Three pictures of noise a category, and keypoints of which the third picture does not show number 1."""

    def draw(category: str, number: int) -> Image.Image:
        pixels = np.random.default_rng(number).integers(0, 256, (60 + number, 100, 3), dtype=np.uint8)
        return Image.fromarray(pixels)

    def points(category: str, number: int) -> Points:
        return {"0": [10, 20 + number], "1": None if number == 2 else [50, 30], "2": [99, 5]}

    return write_spair(root, draw, points, ((0, 1), (1, 2), (2, 0)), box=(10, 10, 60, 30))


def test_spair_as_published(tmp_path: Path) -> None:
    write_noise_spair(tmp_path)
    dataset = open_dataset("spair-71k", [tmp_path])
    pairs = dataset.pairs
    assert isinstance(pairs, KeypointPairs)
    assert dataset.task == "keypoints"
    assert {name: len(chosen) for name, chosen in pairs.draws.items()} == {"all": 54, "0": 36, "1": 18, "2": 0}
    first = next(number for number, name in enumerate(pairs.ids.tolist()) if name.startswith("000000-"))
    np.testing.assert_allclose(pairs.source[first], [[0.1, 0.2], [0.5, 0.3], [0.99, 0.05]])
    np.testing.assert_allclose(pairs.target[first], [[0.1, 0.21], [0.5, 0.3], [0.99, 0.05]])
    assert pairs.scale[first] == 0.5
    # The third picture does not show keypoint 1.
    second = next(number for number, name in enumerate(pairs.ids.tolist()) if name.startswith("000001-"))
    assert pairs.names[second].tolist() == [0, 2]
    picture = dataset.image(0)
    assert picture.size == (800, 800)
    assert picture.getpixel((400, 799)) == (255, 255, 255)


def test_a_camera_without_an_inverse_and_depths_of_two_sizes_are_refused(tmp_path: Path) -> None:
    place = write_scannet(tmp_path)
    write_depth(place / "scene0707_00/depth/15.png", np.full((48, 64), 2000))
    with pytest.raises(DataError, match=r"depth maps of \(480, 640\) and \(48, 64\)"):
        surface_pairs("scannet-1500", tmp_path).geometry(0)
    np.savez(place / "intrinsics.npz", scene0707_00=np.zeros((3, 3)))
    with pytest.raises(DataError, match="the camera of scene0707_00 is none"):
        open_dataset("scannet-1500", [tmp_path])


POSE, LIST, CAMERAS = "scene0707_00/pose/15.txt", "test.npz", "intrinsics.npz"


def save(path: Path, array: np.ndarray) -> None:
    """Write an array in the form that a file of ScanNet has."""
    if path.suffix == ".txt":
        np.savetxt(path, array)
    elif path.suffix == ".png":
        write_depth(path, array)
    elif path.suffix == ".jpg":
        write_picture(path, (array.shape[1], array.shape[0]))
    else:
        np.savez(path, **{"name" if path.name == LIST else "scene0707_00": array})


@pytest.mark.parametrize(
    ("file", "array", "said"),
    [
        (POSE, np.zeros((4, 4)), r"pose/15\.txt: no pose of a camera: its rotation has the determinant 0"),
        (POSE, np.diag([-1.0, 1, 1, 1]), "no pose of a camera: its rotation has the determinant -1"),
        (POSE, np.diag([1000.0, 1000, 1000, 1]), "no pose of a camera"),
        (POSE, np.diag([1.0, 1, 1, 2]), "a last line 0 0 0 1"),
        (POSE, np.full((4, 4), -np.inf), "numbers that are not finite"),
        (POSE, np.eye(4)[:3], "3 lines of 4"),
        (LIST, np.array([[707, 0, 0, 15]] * 2), "1 pairs occur twice, the first 'scene0707_00/0-15'"),
        (LIST, np.zeros((0, 4), np.int64), "no list of pairs"),
        (CAMERAS, np.full((3, 3), "a"), "no camera of scene0707_00"),
        (CAMERAS, CAMERA * [[-1], [1], [1]], "focal lengths above 0"),
        (CAMERAS, CAMERA * 2, "the camera of scene0707_00 is none"),
    ],
)
def test_a_copy_of_scannet_that_says_something_else_is_refused(
    file: str, array: np.ndarray, said: str, tmp_path: Path
) -> None:
    save(write_scannet(tmp_path) / file, array)
    with pytest.raises(DataError, match=said):
        open_dataset("scannet-1500", [tmp_path])


def test_a_list_that_is_one_array_alone_is_refused(tmp_path: Path) -> None:
    with (write_scannet(tmp_path) / LIST).open("wb") as file:
        np.save(file, np.zeros((1, 4), np.int64))
    with pytest.raises(DataError, match=r"test\.npz: cannot be read"):
        open_dataset("scannet-1500", [tmp_path])


def test_pictures_and_depths_of_another_shape_are_refused(tmp_path: Path) -> None:
    place = write_scannet(tmp_path)
    save(place / "scene0707_00/color/15.jpg", np.zeros((64, 48)))
    with pytest.raises(DataError, match="48 x 64 pixels"):
        open_dataset("scannet-1500", [tmp_path]).image(1)
    for frame in (0, 15):
        save(place / f"scene0707_00/depth/{frame}.png", np.full((30, 20), 2000))
    with pytest.raises(DataError, match="20 x 30 pixels"):
        surface_pairs("scannet-1500", tmp_path).geometry(0)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"q": [0, 0, 0, 0]}, r"not as released: ValueError\('q \[0, 0, 0, 0\]"),
        ({"q": [1, 0, 0]}, "not as released"),
        ({"t": [1.0]}, r"t \[1\.0\]"),
        ({"t": 1.0}, "not as released"),
        ({"focal_length": 0}, "focal_length 0"),
        ({"focal_length": -1000}, "focal_length above 0"),
        ({"image_size": [0, 0]}, "image_size 0 x 0"),
        ({"image_size": [1024, -1200]}, "not as released"),
        ({"filename": "001.jpg"}, "no view 'mug/000'"),
    ],
)
def test_a_copy_of_navi_that_says_something_else_is_refused(
    changed: dict[str, object], said: str, tmp_path: Path
) -> None:
    place = write_navi(tmp_path)
    (place / "pairs.csv").write_text("first,second\nmug/000,mug/001\n")
    change_note(place, changed)
    with pytest.raises(DataError, match=said):
        open_dataset("navi", [tmp_path])


def change_note(place: Path, changed: dict[str, object]) -> None:
    """Change what is said of the first picture."""
    path = place / "mug/wild_set/annotations.json"
    notes = json.loads(path.read_text())
    for name, value in changed.items():
        (notes[0]["camera"] if name in notes[0]["camera"] else notes[0])[name] = value
    path.write_text(json.dumps(notes))


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        ("first,second\nmug/000,mug/001\nmug/000,mug/001\n", "1 pairs occur twice, the first 'mug/000-001'"),
        ("first,second\nmug/000,cup/001\n", "mug/000 with cup/001"),
        ("one,other\nmug/000,mug/001\n", "no view ''"),
        ("first,second\n", "no pairs"),
        (None, "no picture has a partner"),
    ],
)
def test_a_list_of_pairs_of_navi_that_is_none_is_refused(pairs: str | None, said: str, tmp_path: Path) -> None:
    place = write_navi(tmp_path, (0, 0))
    shutil.copytree(place / "mug", place / "cup")
    if pairs is not None:
        (place / "pairs.csv").write_text(pairs)
    with pytest.raises(DataError, match=said):
        open_dataset("navi", [tmp_path])


def test_depths_of_navi_without_an_object_or_of_another_shape_are_refused(tmp_path: Path) -> None:
    place = write_navi(tmp_path, (0, 40))
    depth = place / "mug/wild_set/depth/000.png"
    write_depth(depth, np.zeros((1024, 1200)))
    with pytest.raises(DataError, match=r"depth/000\.png: a depth map without an object"):
        surface_pairs("navi", tmp_path).geometry(0)
    write_depth(depth, np.full((1200, 1024), 65))
    with pytest.raises(DataError, match="1200 x 1024 pixels"):
        open_dataset("navi", [tmp_path]).image(0)
    write_depth(depth, np.full((300, 900), 65))
    with pytest.raises(DataError, match="image_size"):
        surface_pairs("navi", tmp_path).geometry(0)
    (place / "mug/wild_set/images/000.jpg").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(DataError, match="cannot decode the image"):
        open_dataset("navi", [tmp_path]).image(0)


def spair_with(root: Path, at: str, **changes: object) -> Path:
    """Write a copy in which the first file at a place says something else."""
    blank, shown = Image.new("RGB", (100, 60)), {"0": [10, 20], "1": None}
    place = write_spair(root, lambda *_: blank, lambda *_: shown, ((0, 1),), box=(10, 10, 60, 30))
    first = sorted(place.glob(at))[0]
    first.write_text(json.dumps({**json.loads(first.read_text()), **changes}))
    return root


@pytest.mark.parametrize(
    ("at", "changes", "said"),
    [
        ("PairAnnotation/test/*", {"trg_bndbox": [60, 10, 10, 30]}, "has no area"),
        ("PairAnnotation/test/*", {"trg_bndbox": [10, 10, 10, 10]}, "has no area"),
        ("PairAnnotation/test/*", {"trg_bndbox": [0, 0, 10**9, 10**9]}, "is larger than trg_imsize"),
        ("PairAnnotation/test/*", {"trg_imsize": [0, 0, 3]}, r"a picture of \[0, 0, 3\]"),
        ("PairAnnotation/test/*", {"src_imsize": [-100, 60, 3]}, "a picture of"),
        ("PairAnnotation/test/*", {"viewpoint_variation": 7}, "viewpoint_variation 7 is none of"),
        ("ImageAnnotation/*/*", {"kps": {"0": "12"}}, "a keypoint '12'"),
        ("ImageAnnotation/*/*", {"kps": {"0": [1, 2, 3]}}, "not as released"),
        ("ImageAnnotation/*/*", {"kps": {"0": ["a", 2]}}, "not as released"),
    ],
)
def test_a_broken_copy_of_spair_is_refused(at: str, changes: dict[str, object], said: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=said):
        open_dataset("spair-71k", [spair_with(tmp_path, at, **changes)])


def test_a_keypoint_outside_of_its_picture_is_told(tmp_path: Path) -> None:
    spair_with(tmp_path, "ImageAnnotation/*/*", kps={"0": [101, 20], "1": [50, -1], "2": [100, 60]})
    assert open_dataset("spair-71k", [tmp_path]).defects == ("2 keypoints lie outside of their pictures",)


def test_a_picture_of_another_size_than_annotated_is_refused(tmp_path: Path) -> None:
    spair_with(tmp_path, "PairAnnotation/test/*", src_imsize=[200, 120, 3])
    dataset = open_dataset("spair-71k", [tmp_path])
    with pytest.raises(DataError, match="100 x 60 pixels, annotated with a longer side of 200"):
        dataset.image(0)
    assert dataset.image(1).size == (800, 800)


def test_coordinates_are_whole_pixels_of_800() -> None:
    """33 of 500 is 52.8 of 800, which probe3d keeps as a whole number: 52."""
    assert as_shares(np.array([[33, 250]]), 500).tolist() == [[52 / 800, 0.5]]


def test_two_hundred_pairs_of_each_category_and_difference_are_drawn() -> None:
    draws = draw_pairs(["cat"] * 700 + ["dog"] * 10, [0] * 300 + [1] * 400 + [2] * 10)
    assert {name: len(chosen) for name, chosen in draws.items()} == {"all": 210, "0": 200, "1": 200, "2": 10}
    assert all(len(set(chosen.tolist())) == len(chosen) for chosen in draws.values())
    assert (draws["0"] < 300).all()
