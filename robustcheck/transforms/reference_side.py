"""The square picture on which corruptions act, as ImageNet-C's were made.

ImageNet-C's parameters belong to crops of 224 pixels. On a photograph of 2,000 pixels the same noise all but vanishes
when the model's preprocessing makes it small. So a picture is made small first: r = min(224, the model's input side).

A picture between r and r / .875 is cut as it is, and a smaller one (a digit of 32 pixels for a model of 224) is
enlarged to r and keeps its border: to enlarge a picture in order to cut it would be a damage of its own. CIFAR-10-C, of
32 pixels, is made without any cut as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

KEPT = 0.875  # 224 of 256 pixels: ImageNet's own evaluation crop


def reference_picture(image: Image.Image, side: int) -> Image.Image:
    """Return the centre crop of ``side`` pixels after the short side was resized (bicubic) to side / .875.

    Pictures below that are not enlarged, but for those below ``side``: they are enlarged to it and keep their border.
    """
    from PIL import Image

    short = min(max(min(image.size), side), round(side / KEPT))
    scale = short / min(image.size)
    width, height = (max(short, round(length * scale)) for length in image.size)
    resized = image if image.size == (width, height) else image.resize((width, height), Image.Resampling.BICUBIC)
    left, top = (width - side) // 2, (height - side) // 2
    return resized.crop((left, top, left + side, top + side))
