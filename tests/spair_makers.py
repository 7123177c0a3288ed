"""SPair-71k in the directories as published, small: pictures, keypoints and pairs that a test decides on."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

CATEGORIES = tuple(f"category{number:02d}" for number in range(18))
Points = Mapping[str, Sequence[int] | None]


def write_spair(
    root: Path,
    draw: Callable[[str, int], Image.Image],
    points: Callable[[str, int], Points],
    pairs: Sequence[tuple[int, int]],
    box: Sequence[int],
    categories: Sequence[str] = CATEGORIES,
) -> Path:
    """Write of each category the pictures that pairs name by number, and the pairs with viewpoints 0 and 1 in turn."""
    place = root / "SPair-71k"
    numbers = sorted({number for pair in pairs for number in pair})
    for category in categories:
        sizes = {}
        for number in numbers:
            picture, name = draw(category, number), _name(number)
            sizes[number] = [*picture.size, 3]
            image = place / f"JPEGImages/{category}/{name}.jpg"
            image.parent.mkdir(parents=True, exist_ok=True)
            picture.save(image, quality=95)
            _write(place / f"ImageAnnotation/{category}/{name}.json", {"kps": points(category, number)})
        for number, (first, second) in enumerate(pairs):
            stem = f"{number:06d}-{_name(first)}-{_name(second)}:{category}"
            written = {
                "filename": stem, "category": category, "viewpoint_variation": number % 2,
                "src_imsize": sizes[first], "trg_imsize": sizes[second], "trg_bndbox": list(box),
            }  # fmt: skip
            _write(place / f"PairAnnotation/test/{stem.replace(':', '_')}.json", written)
    return place


def _name(number: int) -> str:
    return f"2008_00000{number}"


def _write(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
