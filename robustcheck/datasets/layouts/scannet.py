"""ScanNet-1500: the pairs of SuperGlue's test list as LoFTR packs them.

test.npz        ``name`` (1500, 4): scene, scan, and the numbers of two frames
intrinsics.npz  the camera matrix (3, 3) of each scan, for pictures of 640 x 480
sceneSSSS_RR/   color/N.jpg, depth/N.png (millimetres), pose/N.txt (camera to world)

Read as probe3d does: pictures of 640 x 480, depth and camera at a quarter of that, every fourth pixel of the depth.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from robustcheck.datasets.dataset import Contents, ImageFiles
from robustcheck.datasets.image_pairs import Floats, PairGeometry, SurfacePairs, cell_centres, divided, rotation_angle
from robustcheck.datasets.layouts.depth_files import nearest, read_depth, read_npz, read_pose, require_shape
from robustcheck.datasets.layouts.manifest import require_files
from robustcheck.errors import DataError

if TYPE_CHECKING:
    from PIL import Image

HIGH, WIDE, SCALE = 480, 640, 0.25
LIST, CAMERAS = "test.npz", "intrinsics.npz"
_GRID = (int(HIGH * SCALE), int(WIDE * SCALE))


@dataclass(frozen=True, slots=True)
class _Frame:
    scan: str
    number: int

    @property
    def id(self) -> str:
        return f"{self.scan}/{self.number}"

    def file(self, kind: str, suffix: str) -> str:
        return f"{self.scan}/{kind}/{self.number}.{suffix}"


@dataclass(frozen=True, slots=True)
class _Pictures:
    """Pictures at the size of the protocol."""

    files: ImageFiles

    def file(self, index: int) -> Path:
        return self.files.file(index)

    def image(self, index: int) -> Image.Image:
        from PIL import Image

        found = self.files.image(index)
        require_shape(found.size, (WIDE, HIGH), self.file(index), "ScanNet's pictures")
        return found if found.size == (WIDE, HIGH) else found.resize((WIDE, HIGH), Image.Resampling.BILINEAR)


def read_scannet(directory: Path, index_dir: Path | None) -> Contents:
    """Read the pairs and their frames; depth is read with each pair."""
    pairs = _listed(directory)
    cameras = read_npz(directory / CAMERAS, "a camera matrix (3, 3) for each scan")
    frames = sorted({frame for pair in pairs for frame in pair}, key=lambda frame: (frame.scan, frame.number))
    colours = tuple(frame.file("color", "jpg") for frame in frames)
    others = [frame.file(*kind) for frame in frames for kind in (("depth", "png"), ("pose", "txt"))]
    require_files(directory, (*colours, *others), directory / LIST)
    scans = tuple(sorted({frame.scan for frame in frames}))
    return Contents(
        directory=directory,
        layout="scannet-pairs",
        ids=np.array([frame.id for frame in frames]),
        labels=np.array([scans.index(frame.scan) for frame in frames], dtype=np.int64),
        class_count=len(scans),
        class_names=scans,
        templates=(),
        groups={"scene": np.array([frame.scan for frame in frames])},
        files=(directory / LIST, directory / CAMERAS, *(directory / name for name in (*colours, *others))),
        pictures=_Pictures(ImageFiles(directory, colours)),
        pairs=_pairs(directory, pairs, frames, {scan: _camera(cameras, scan, directory) for scan in scans}),
    )


def _listed(directory: Path) -> list[tuple[_Frame, _Frame]]:
    what = "an array `name` of rows scene, scan, frame, frame"
    rows = read_npz(directory / LIST, what).get("name")
    if (
        rows is None
        or rows.ndim != 2
        or rows.shape[1] != 4
        or not np.issubdtype(rows.dtype, np.integer)
        or not len(rows)
    ):
        raise DataError("no list of pairs", where=str(directory / LIST), expected=what)
    return [
        (_Frame(f"scene{scene:04d}_{scan:02d}", one), _Frame(f"scene{scene:04d}_{scan:02d}", other))
        for scene, scan, one, other in rows.tolist()
    ]


def _camera(cameras: object, scan: str, directory: Path) -> Floats:
    found = cameras.get(scan) if isinstance(cameras, dict) else None
    if found is None or found.shape != (3, 3) or found.dtype.kind not in "fiu":
        raise DataError(f"no camera of {scan}", where=str(directory / CAMERAS), expected="a matrix (3, 3) of that name")
    camera = np.asarray(found, dtype=np.float64)
    if not np.isfinite(camera).all() or camera[0, 0] <= 0 or camera[1, 1] <= 0 or camera[2].tolist() != [0, 0, 1]:
        raise DataError(
            f"the camera of {scan} is none",
            where=str(directory / CAMERAS),
            expected="[[fx, 0, cx], [0, fy, cy], [0, 0, 1]] with focal lengths above 0",
        )
    return camera


def _pairs(
    directory: Path, pairs: list[tuple[_Frame, _Frame]], frames: list[_Frame], cameras: dict[str, Floats]
) -> SurfacePairs:
    place = {frame: number for number, frame in enumerate(frames)}
    poses = {frame: read_pose(directory / frame.file("pose", "txt")) for frame in frames}
    moves = [np.linalg.inv(poses[second]) @ poses[first] for first, second in pairs]

    def geometry(number: int) -> PairGeometry:
        first, second = pairs[number]
        depths = [read_depth(directory / frame.file("depth", "png")) / 1000 for frame in (first, second)]
        if depths[0].shape != depths[1].shape:
            raise DataError(
                f"depth maps of {depths[0].shape} and {depths[1].shape} rows and columns",
                where=str(directory / second.file("depth", "png")),
                expected="one size for both pictures of a pair",
            )
        require_shape(depths[0].shape[::-1], (WIDE, HIGH), directory / first.file("depth", "png"), "ScanNet's pictures")
        return scene_geometry(depths[0], depths[1], cameras[first.scan], moves[number])

    def files(number: int) -> tuple[Path, ...]:
        return tuple(directory / frame.file("depth", "png") for frame in pairs[number])

    return SurfacePairs(
        ids=np.array([f"{first.id}-{second.number}" for first, second in pairs]),
        first=np.array([place[first] for first, _ in pairs], dtype=np.int64),
        second=np.array([place[second] for _, second in pairs], dtype=np.int64),
        angles=np.array([rotation_angle(move[:3, :3]) for move in moves]),
        scenes=np.array([first.scan for first, _ in pairs]),
        geometry=geometry,
        files=files,
        thresholds={"px": 10.0},
        edges=(0, 15, 30, 60, 180),
        interpolation="bilinear",
        normalisation="half",
    )


def scene_geometry(first: Floats, second: Floats, camera: Floats, move: Floats) -> PairGeometry:
    """Return the geometry of two depth maps in metres (h, w), of a camera (3, 3) for them and a motion (4, 4).

    With x = d K^-1 (u, v, 1) a pixel is a point; the second camera sees it at K (R x + t), after division.
    """
    rows, columns = (nearest(size, of) for size, of in zip(_GRID, first.shape, strict=True))
    depths = [depth[np.ix_(rows, columns)] for depth in (first, second)]
    small = camera.copy()
    small[:2] *= SCALE
    rays = cell_centres(*_GRID) @ np.linalg.inv(small).T
    points = [(rays * depth.reshape(-1, 1))[depth.ravel() > 0] for depth in depths]
    moved = points[0] @ move[:3, :3].T + move[:3, 3]
    return PairGeometry(
        depths[0] > 0,
        depths[1] > 0,
        {"px": divided(moved @ small.T)},
        {"px": divided(points[1] @ small.T)},
    )
