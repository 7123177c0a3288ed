"""What a report draws beside a verdict: curves and bars in numbers, and small copies of images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PictureKind = Literal["reliability", "roc", "histogram", "bars"]


@dataclass(frozen=True, slots=True)
class Trace:
    """One line or one set of bars: places ``x`` and ``y``, and how many samples ``n`` stand behind each.

    In a histogram ``x`` holds the edges of the bars, one more than there are heights. Bars have ``names`` and no ``x``.
    """

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    n: tuple[int, ...] = ()
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture by its kind; ``mark`` is the operating point of a ROC, the cut of a histogram, the mean of bars."""

    kind: PictureKind
    title: str
    x_label: str
    y_label: str
    series: tuple[Trace, ...]
    mark: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A small copy of an image that a model got wrong: a JPEG in base64, and what was said of it.

    ``before`` says what the other model of a comparison made of it, ``is_new`` that it was right.
    """

    id: str
    label: str
    predicted: str
    confidence: float | None
    jpeg: str
    before: str = ""
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class Drawn:
    """What is drawn beside a verdict; ``said`` is a sentence about the images, shown or not."""

    pictures: tuple[Picture, ...] = ()
    images: tuple[Thumbnail, ...] = ()
    said: str = ""


NOTHING_DRAWN = Drawn()
