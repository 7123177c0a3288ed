"""SPair-71k: keypoints of pairs of objects, in the directories as published.

PairAnnotation/test/*.json          category, the two file names, boxes, image sizes, viewpoint_variation
ImageAnnotation/CATEGORY/NAME.json  kps: number -> [x, y], or null where the picture does not show it
JPEGImages/CATEGORY/NAME.jpg

Read as probe3d does: pictures are filled up with white to squares of 800 x 800, and 200 pairs of each category and
difference of viewpoint are drawn, from sorted file names.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from robustcheck.datasets.dataset import Contents, ImageFiles
from robustcheck.datasets.image_pairs import ALL, Floats, Ints, KeypointPairs
from robustcheck.datasets.layouts.manifest import inside, require_files
from robustcheck.errors import DataError
from robustcheck.files.json_files import read_json

if TYPE_CHECKING:
    from PIL import Image

SIDE, DRAWN, SEED = 800, 200, 20
VARIATIONS = (0, 1, 2)
_PAIRS = "PairAnnotation/test"


@dataclass(frozen=True, slots=True)
class _Pair:
    """A pair as annotated: paths are those of pictures without JPEGImages/ and suffix."""

    id: str
    category: str
    first: str
    second: str
    variation: int
    scale: float
    sides: tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Squares:
    """Pictures at the upper left of white squares, resized; ``sides`` are their longer ones as annotated."""

    files: ImageFiles
    sides: tuple[int, ...]

    def file(self, index: int) -> Path:
        return self.files.file(index)

    def image(self, index: int) -> Image.Image:
        from PIL import Image

        found = self.files.image(index)
        if max(found.size) != self.sides[index]:
            raise DataError(
                f"{found.width} x {found.height} pixels, annotated with a longer side of {self.sides[index]}",
                where=str(self.file(index)),
                expected="the picture that its keypoints are of",
            )
        square = Image.new("RGB", (max(found.size),) * 2, "white")
        square.paste(found)
        return square.resize((SIDE, SIDE), Image.Resampling.BICUBIC)


def read_spair(directory: Path, index_dir: Path | None) -> Contents:
    """Read the test pairs that are drawn, their keypoints and their pictures."""
    listed = sorted((directory / _PAIRS).glob("*.json"))
    if not listed:
        raise DataError("no pairs", where=str(directory), expected=f"{_PAIRS}/*.json")
    every = [_read_pair(path) for path in listed]
    draws = draw_pairs([pair.category for pair in every], [pair.variation for pair in every])
    used = np.unique(np.concatenate(list(draws.values())))
    pairs = [every[number] for number in used]
    names = sorted({name for pair in pairs for name in (pair.first, pair.second)})
    pictures = tuple(f"JPEGImages/{name}.jpg" for name in names)
    require_files(directory, pictures, directory / _PAIRS)
    notes = [directory / f"ImageAnnotation/{name}.json" for name in names]
    points = {name: _keypoints(path) for name, path in zip(names, notes, strict=True)}
    categories = tuple(sorted({pair.category for pair in pairs}))
    # A picture has the same size in all of its pairs.
    sides = {name: side for pair in pairs for name, side in zip((pair.first, pair.second), pair.sides, strict=True)}
    return Contents(
        directory=directory,
        layout="spair",
        ids=np.array(names),
        labels=np.array([categories.index(name.partition("/")[0]) for name in names], dtype=np.int64),
        class_count=len(categories),
        class_names=categories,
        templates=(),
        groups={"category": np.array([name.partition("/")[0] for name in names])},
        files=(*listed, *notes, *(directory / name for name in pictures)),
        pictures=_Squares(ImageFiles(directory, pictures), tuple(sides[name] for name in names)),
        defects=_outside(points, sides),
        pairs=_keypoint_pairs(pairs, names, categories, points, _renumbered(draws, used)),
    )


def draw_pairs(categories: Sequence[str], variations: Sequence[int]) -> dict[str, Ints]:
    """Return which pairs are scored, by difference of viewpoint and of all of them: at most 200 of each category.

    Each draw begins anew with the seed 20, as in probe3d.
    """
    draws: dict[str, list[int]] = {ALL: [], **{str(variation): [] for variation in VARIATIONS}}
    for category in sorted(set(categories)):
        for name, chosen in draws.items():
            places = [
                place
                for place, (other, variation) in enumerate(zip(categories, variations, strict=True))
                if other == category and name in (ALL, str(variation))
            ]
            random.Random(SEED).shuffle(places)
            chosen += places[:DRAWN]
    return {name: np.array(chosen, dtype=np.int64) for name, chosen in draws.items()}


def _renumbered(draws: Mapping[str, Ints], used: Ints) -> dict[str, Ints]:
    return {name: np.searchsorted(used, chosen).astype(np.int64) for name, chosen in draws.items()}


def _read_pair(path: Path) -> _Pair:
    found = read_json(path, DataError)
    try:
        category = inside(str(found["category"]), path)
        _, first, second = str(found["filename"]).partition(":")[0].split("-")
        left, top, right, bottom = found["trg_bndbox"]
        sides = [_longer_side(found[name]) for name in ("src_imsize", "trg_imsize")]
        if not (left < right and top < bottom):
            raise ValueError(f"trg_bndbox {found['trg_bndbox']} has no area")
        if max(right - left, bottom - top) > sides[1] + 1:
            raise ValueError(f"trg_bndbox {found['trg_bndbox']} is larger than trg_imsize {found['trg_imsize']}")
        if found["viewpoint_variation"] not in VARIATIONS:
            raise ValueError(f"viewpoint_variation {found['viewpoint_variation']!r} is none of {VARIATIONS}")
        return _Pair(
            path.stem,
            category,
            inside(f"{category}/{first}", path),
            inside(f"{category}/{second}", path),
            int(found["viewpoint_variation"]),
            max(right - left, bottom - top) / sides[1],
            (sides[0], sides[1]),
        )
    except (KeyError, TypeError, ValueError, IndexError, ZeroDivisionError) as error:
        raise DataError(
            f"not as released: {error!r}",
            where=str(path),
            expected="category, filename (NUMBER-FIRST-SECOND:CATEGORY), trg_bndbox, src_imsize, trg_imsize, "
            "viewpoint_variation",
        ) from error


def _longer_side(size: Sequence[int]) -> int:
    if not all(isinstance(side, int) and side > 0 for side in size[:2]):
        raise ValueError(f"a picture of {size}")
    return max(size[:2])


def _keypoints(path: Path) -> dict[int, tuple[int, int]]:
    """Return the keypoints that a picture shows, by number, in whole pixels."""
    found = read_json(path, DataError)
    try:
        kps: Mapping[str, Any] = found["kps"]
        points = {int(number): tuple(map(int, point)) for number, point in kps.items() if point}
        if text := next((point for point in kps.values() if isinstance(point, str)), ""):
            raise ValueError(f"a keypoint {text!r}")
        return {number: (across, down) for number, (across, down) in points.items()}
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise DataError(
            f"not as released: {error!r}", where=str(path), expected='{"kps": {"0": [x, y], "1": null, ...}}'
        ) from error


def _outside(points: Mapping[str, Mapping[int, tuple[int, int]]], sides: Mapping[str, int]) -> tuple[str, ...]:
    """Say how many keypoints lie beside the squares of their pictures, where no feature is."""
    count = sum(
        not (0 <= across <= sides[name] and 0 <= down <= sides[name])
        for name, shown in points.items()
        for across, down in shown.values()
    )
    return (f"{count:,} keypoints lie outside of their pictures",) if count else ()


def _keypoint_pairs(
    pairs: Sequence[_Pair],
    names: Sequence[str],
    categories: Sequence[str],
    points: Mapping[str, Mapping[int, tuple[int, int]]],
    draws: Mapping[str, Ints],
) -> KeypointPairs:
    place = {name: number for number, name in enumerate(names)}
    both = [sorted(points[pair.first].keys() & points[pair.second].keys()) for pair in pairs]

    def shares(side: int) -> tuple[Floats, ...]:
        owners = [(pair.first, pair.second)[side] for pair in pairs]
        return tuple(
            as_shares(np.array([points[owner][number] for number in shown]).reshape(-1, 2), pair.sides[side])
            for owner, pair, shown in zip(owners, pairs, both, strict=True)
        )

    return KeypointPairs(
        ids=np.array([pair.id for pair in pairs]),
        first=np.array([place[pair.first] for pair in pairs], dtype=np.int64),
        second=np.array([place[pair.second] for pair in pairs], dtype=np.int64),
        categories=np.array([categories.index(pair.category) for pair in pairs], dtype=np.int64),
        source=shares(0),
        target=shares(1),
        names=tuple(np.array(shown, dtype=np.int64) for shown in both),
        scale=np.array([pair.scale for pair in pairs]),
        draws=draws,
        normalisation="imagenet",
    )


def as_shares(points: Ints, side: int) -> Floats:
    """Return pixels (k, 2) of a square of ``side`` as shares of it, by way of whole pixels of 800, as in probe3d."""
    return np.asarray((points * SIDE // side) / SIDE, dtype=np.float64)
