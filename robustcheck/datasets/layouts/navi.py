"""NAVI: objects in the wild with depth and pose, in the directories as published (v1).

OBJECT/wild_set/annotations.json   filename, image_size [h, w], camera {q, t, focal_length}
OBJECT/wild_set/images/NNN.jpg, OBJECT/wild_set/depth/NNN.png
pairs.csv                          optional: the columns first and second, OBJECT/NNN each

Read as probe3d does: pictures and depth of 512 x 512 cut out around the object, with every fourth point. Where there is
no pairs.csv, each picture gets a partner at an angle in (0, 120] degrees, and every fourth picture is a first one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from robustcheck.datasets.dataset import Contents, ImageFiles
from robustcheck.datasets.decoding import decode_image, read_image_file
from robustcheck.datasets.image_pairs import (
    Floats,
    Ints,
    PairGeometry,
    SurfacePairs,
    cell_centres,
    divided,
    rotation_angle,
)
from robustcheck.datasets.layouts.depth_files import nearest, read_depth, require_shape
from robustcheck.datasets.layouts.manifest import require_files
from robustcheck.datasets.layouts.text_files import read_csv_rows
from robustcheck.errors import DataError
from robustcheck.files.json_files import read_json

if TYPE_CHECKING:
    from PIL import Image

SIDE, SHORT, STEP = 512, 1024, 4
SEED, WIDEST, EVERY = 8, 120.0, 4
WILD, LIST = "wild_set", "pairs.csv"
_LARGEST = (2**16 - 1) * 10.0  # of an inverse depth in 1/mm


@dataclass(frozen=True, slots=True, eq=False)
class Posed:
    """A picture of an object: pose (4, 4) from the object to the camera in metres, focal length in its own pixels."""

    object: str
    name: str
    pose: Floats
    focal: float
    size: tuple[int, int]

    @property
    def id(self) -> str:
        """Return OBJECT/NAME."""
        return f"{self.object}/{self.name}"

    def file(self, kind: str, suffix: str) -> str:
        """Return a file of the picture below the directory."""
        return f"{self.object}/{WILD}/{kind}/{self.name}.{suffix}"


@dataclass(frozen=True, slots=True)
class _Cut:
    """Pictures around their objects."""

    directory: Path
    views: tuple[Posed, ...]
    files: ImageFiles

    def file(self, index: int) -> Path:
        return self.files.file(index)

    def beside(self, index: int) -> tuple[Path, ...]:
        return (self.directory / self.views[index].file("depth", "png"),)

    def image(self, index: int) -> Image.Image:
        from PIL import Image

        path, other = self.file(index), self.beside(index)[0]
        turned, stored = decode_image(read_image_file(path), str(path), upright=True), read_depth(other)
        require_shape(turned.size, stored.shape[::-1], path, "its depth map")
        turned = turned.resize(_shrunk(turned.size), Image.Resampling.BILINEAR)
        square = _central(np.asarray(turned))
        rows, columns = object_window(_metres(stored, other))
        return Image.fromarray(_cut(square, rows, columns))


def read_navi(directory: Path, index_dir: Path | None) -> Contents:
    """Read the views of the wild set that pairs show; depth is read with each pair."""
    notes = sorted(directory.glob(f"*/{WILD}/annotations.json"))
    # An object without any set beside the wild one is left out, as in probe3d.
    notes = [path for path in notes if any(path.parent.parent.glob("multiview_*"))]
    if not notes:
        expected = f"OBJECT/{WILD}/annotations.json beside OBJECT/multiview_*"
        raise DataError("no views", where=str(directory), expected=expected)
    every = [view for path in notes for view in _views(path)]
    listed = directory / LIST
    pairs = _read_pairs(listed, every) if listed.is_file() else draw_partners(every)
    if not pairs:
        expected = f"two pictures of one object, at an angle above 0 and up to {WIDEST:g} degrees"
        raise DataError("no picture has a partner", where=str(directory), expected=expected)
    used = sorted({number for pair in pairs for number in pair})
    views = tuple(every[number] for number in used)
    pictures, depths = (tuple(view.file(*kind) for view in views) for kind in (("images", "jpg"), ("depth", "png")))
    require_files(directory, (*pictures, *depths), notes[0])
    objects = tuple(sorted({view.object for view in views}))
    place = {number: row for row, number in enumerate(used)}
    rows = np.array([[place[first], place[second]] for first, second in pairs], dtype=np.int64)
    return Contents(
        directory=directory,
        layout="navi",
        ids=np.array([view.id for view in views]),
        labels=np.array([objects.index(view.object) for view in views], dtype=np.int64),
        class_count=len(objects),
        class_names=objects,
        templates=(),
        groups={"object": np.array([view.object for view in views])},
        files=(*notes, *([listed] if listed.is_file() else []), *(directory / name for name in (*pictures, *depths))),
        pictures=_Cut(directory, views, ImageFiles(directory, pictures)),
        pairs=_surface_pairs(directory, views, rows),
    )


def draw_partners(views: Sequence[Posed]) -> list[tuple[int, int]]:
    """Return pairs of places: every fourth view with one of its object, at an angle above 0 and up to 120 degrees.

    probe3d draws with torch's generator over an unsorted listing; here views are sorted and drawn with NumPy's.
    """
    rng, partners = np.random.default_rng(SEED), []
    for number, view in enumerate(views):
        mates = [place for place, other in enumerate(views) if other.object == view.object]
        angles = np.array([rotation_angle(view.pose[:3, :3] @ views[place].pose[:3, :3].T) for place in mates])
        near = np.flatnonzero((angles > 0) & (angles <= WIDEST) & (np.array(mates) != number))
        partners.append((number, mates[int(rng.choice(near))]) if near.size else None)
    return [pair for pair in partners[::EVERY] if pair is not None]


def _read_pairs(path: Path, views: Sequence[Posed]) -> list[tuple[int, int]]:
    place = {view.id: number for number, view in enumerate(views)}
    pairs = []
    for row in read_csv_rows(path):
        names = (row.get("first", ""), row.get("second", ""))
        if unknown := [name for name in names if name not in place]:
            raise DataError(f"no view {unknown[0]!r}", where=str(path), expected="first and second, OBJECT/NAME each")
        first, second = (place[name] for name in names)
        if views[first].object != views[second].object:
            raise DataError(f"{names[0]} with {names[1]}", where=str(path), expected="two views of one object")
        pairs.append((first, second))
    if not pairs:
        raise DataError("no pairs", where=str(path), expected="a row a pair")
    return pairs


def _views(path: Path) -> list[Posed]:
    found = read_json(path, DataError)
    try:
        views = [_view(path.parent.parent.name, note) for note in found]
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, ZeroDivisionError) as error:
        raise DataError(
            f"not as released: {error!r}",
            where=str(path),
            expected="a list of objects with filename, image_size and camera: q, t, focal_length above 0",
        ) from error
    return sorted((view for view in views if "_" not in view.name), key=lambda view: view.name)


def _view(name: str, note: Mapping[str, Any]) -> Posed:
    camera, pose = note["camera"], np.eye(4)
    shift, focal = np.asarray(camera["t"], dtype=np.float64), float(camera["focal_length"])
    high, wide = map(int, note["image_size"])
    if not any(camera["q"]) or shift.shape != (3,) or min(focal, high, wide) <= 0:
        raise ValueError(f"q {camera['q']}, t {camera['t']}, focal_length {focal:g}, image_size {high} x {wide}")
    pose[:3, :3] = quaternion_rotation(camera["q"])
    pose[:3, 3] = shift / 1000
    stem = str(note["filename"]).partition(".")[0]
    if "/" in stem or not stem:
        raise ValueError(stem)
    return Posed(name, stem, pose, focal, (high, wide))


def quaternion_rotation(q: Sequence[float]) -> Floats:
    """Return the rotation (3, 3) of a quaternion w, x, y, z of any length: v goes to q v q^-1."""
    w, x, y, z = np.asarray(q, dtype=np.float64) / np.linalg.norm(q)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.asarray(np.eye(3) + 2 * w * cross + 2 * cross @ cross)


def _surface_pairs(directory: Path, views: Sequence[Posed], rows: Ints) -> SurfacePairs:
    def files(number: int) -> tuple[Path, ...]:
        return tuple(directory / views[row].file("depth", "png") for row in rows[number])

    def geometry(number: int) -> PairGeometry:
        depths = [_depth(path, views[row]) for path, row in zip(files(number), rows[number], strict=True)]
        return object_geometry([(views[row], depth) for row, depth in zip(rows[number], depths, strict=True)])

    moves = [views[second].pose @ np.linalg.inv(views[first].pose) for first, second in rows]
    return SurfacePairs(
        ids=np.array([f"{views[first].id}-{views[second].name}" for first, second in rows]),
        first=rows[:, 0],
        second=rows[:, 1],
        angles=np.array([rotation_angle(move[:3, :3]) for move in moves]),
        scenes=np.array([views[first].object for first, _ in rows]),
        geometry=geometry,
        files=files,
        thresholds={"m": 0.02, "px": 25.0},
        edges=(0, 30, 60, 90, 120),
        interpolation="bicubic",
        normalisation="imagenet",
    )


def object_geometry(pair: Sequence[tuple[Posed, Floats]]) -> PairGeometry:
    """Return the geometry of two views with their depths in metres, (512, 512) each, 0 where there is no object.

    Cameras look through the middle of the picture; both are read at every fourth pixel of the cut-out.
    """
    (first, _), (second, other) = pair
    grids = [_points(view, depth) for view, depth in pair]
    masks = [grid[:, :, 2] > 0 for grid in grids]
    move = second.pose @ np.linalg.inv(first.pose)
    moved = grids[0][masks[0]] @ move[:3, :3].T + move[:3, 3]
    there = grids[1][masks[1]]
    rows, _ = object_window(other)
    focal = _focal(second) * SIDE / len(rows)
    return PairGeometry(
        masks[0],
        masks[1],
        {"m": moved, "px": focal * divided(moved)},
        {"m": there, "px": focal * divided(there)},
    )


def _points(view: Posed, depth: Floats) -> Floats:
    """Return the points in metres on the grid of a cut-out (128, 128, 3)."""
    rays = cell_centres(SIDE, SIDE).reshape(SIDE, SIDE, 3) - (SIDE / 2, SIDE / 2, 0.0)
    points = rays / (_focal(view), _focal(view), 1.0) * depth[:, :, None]
    return _cut(points, *object_window(depth))[::STEP, ::STEP]


def _focal(view: Posed) -> float:
    return view.focal * SIDE / min(view.size)


def _depth(path: Path, view: Posed) -> Floats:
    """Return depths in metres (512, 512) of a map that is as wide, or as high, as the view is said to be."""
    stored = read_depth(path)
    size, said = (tuple(sorted(each)) for each in (stored.shape, view.size))
    require_shape((size[0], size[1]), (said[0], said[1]), path, "the image_size in annotations.json")
    return _metres(stored, path)


def _metres(values: npt.NDArray[np.uint16], path: Path) -> Floats:
    """Return depths in metres (512, 512); stored are inverse depths, 0 where there is none."""
    stored = values.astype(np.float64)
    high, wide = stored.shape
    wide, high = _shrunk((wide, high))
    small = stored[np.ix_(_pillow_nearest(high, stored.shape[0]), _pillow_nearest(wide, stored.shape[1]))]
    depth = np.divide(_LARGEST, small, out=np.zeros_like(small), where=small > 0) / 1000
    middle = np.asarray(_central(depth))
    if not middle.any():
        expected = "depths above 0 in the middle square of the picture"
        raise DataError("a depth map without an object", where=str(path), expected=expected)
    return middle


def _shrunk(size: tuple[int, int]) -> tuple[int, int]:
    """Return the size at which the shorter side has 1,024 pixels, as probe3d's script prepares the files."""
    factor = SHORT / min(size)
    return int(size[0] * factor), int(size[1] * factor)


def _pillow_nearest(size: int, of: int) -> Ints:
    return np.minimum(((np.arange(size) + 0.5) * of / size).astype(np.int64), of - 1)


def _central(picture: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the middle of a picture at 512 x 512, resized to the nearest pixels."""
    high, wide = picture.shape[:2]
    short = min(high, wide)
    sizes = (int(SIDE * high / short), int(SIDE * wide / short))
    small = picture[np.ix_(nearest(sizes[0], high), nearest(sizes[1], wide))]
    top, left = (round((size - SIDE) / 2) for size in sizes)
    return small[top : top + SIDE, left : left + SIDE]


def object_window(depth: Floats) -> tuple[Ints, Ints]:
    """Return the rows and columns of the square around an object: about its middle, else further up and left."""
    places = np.argwhere(depth > 0)
    low, high = places.min(axis=0), places.max(axis=0)
    side = max(1, int((high - low).max()))
    start = low - (side - (high - low)) // 2
    if (start < 0).any() or (start + side > depth.shape).any():
        start = np.maximum(low - (side - (high - low)), 0)
    rows, columns = (np.arange(first, first + side) for first in start)
    return rows, columns


def _cut(picture: npt.NDArray[Any], rows: Ints, columns: Ints) -> npt.NDArray[Any]:
    """Return a window of a picture at 512 x 512, resized to the nearest pixels."""
    return picture[np.ix_(rows[nearest(SIDE, len(rows))], columns[nearest(SIDE, len(columns))])]
