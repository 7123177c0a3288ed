"""The memory that an image takes on its way through a vision transformer of open_clip, from its configuration alone.

For each image, with P = 3 side^2 pixels, T = (side / patch)^2 + 1 tokens of width d, and an inner layer r times as
wide, so many float32 numbers are held at once:

    first convolution   about 5 P: the pixels as given, the normalised pixels, and the copies that the kernel makes
    a block             2 P + (3 + 2 r) T d: the pixels, the tokens before and after attention, the input of the inner
                        layer, and its r d hidden numbers before and after the nonlinearity

The larger counts. Attention weights are never whole in memory. Half precision takes less.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from robustcheck.errors import ModelError
from robustcheck.files.json_files import read_json
from robustcheck.models.openclip_tables import open_clip_directory

_FLOAT = 4


def image_bytes(vision: Mapping[str, Any]) -> int:
    """Return the bytes that one image needs beside the weights; 0 for a CNN and for a tower of another library.

    >>> round(image_bytes({"image_size": 224, "patch_size": 16, "width": 768, "layers": 12}) / 2**20, 1)
    7.5
    """
    numbers = [vision.get(name) for name in ("image_size", "patch_size", "width", "layers")]
    known = [number for number in numbers if isinstance(number, int) and number > 0]
    if "timm_model_name" in vision or len(known) < len(numbers):
        return 0
    side, patch, width, _ = known
    pixels, tokens = 3 * side**2, (side // patch) ** 2 + 1
    block = 2 * pixels + (3 + 2 * float(vision.get("mlp_ratio", 4.0))) * tokens * width
    return int(_FLOAT * max(5 * pixels, block))


def architecture_bytes(name: str) -> int:
    """Return the bytes of one image for an architecture that open_clip ships; 0 where its configuration is not here."""
    package = open_clip_directory()
    plain = name.removesuffix("-quickgelu")
    places = [] if package is None else [package / "model_configs" / f"{each}.json" for each in (name, plain)]
    return next((_vision_bytes(place, ()) for place in places if place.is_file()), 0)


def directory_bytes(place: Path) -> int:
    """Return the bytes of one image for a model whose own file describes it; 0 where there is none."""
    return _vision_bytes(place, ("model_cfg",)) if place.is_file() else 0


def _vision_bytes(place: Path, within: tuple[str, ...]) -> int:
    try:
        found = read_json(place, ModelError)
        for name in (*within, "vision_cfg"):
            found = found[name]
        return image_bytes(found)
    except (ModelError, KeyError, TypeError, ValueError, AttributeError):
        # Loading it says what is wrong with it.
        return 0
